//! Balances that an edit changes: rows around its steps are written anew, those behind the last step only shifted, since from
//! there on every row changes by the same.

use domain::ledger::{CashChange, CashPeriod};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use uuid::Uuid;

use super::super::{balance, rows::write};
use super::ChangeError;
use crate::storage::columns::Columns;
use crate::storage::row_sink::RowSink;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// From the row before the first step to the one after the last.
const AROUND: &str = "\
    SELECT c.portfolio_id, c.account_id, c.currency, c.valid_from, c.valid_until, c.amount, c.unsettled, c.interest_base, \
    c.fees_base, c.taxes_base FROM unnest(string_to_array($1, ',')::uuid[], string_to_array($2, ','), \
    string_to_array($3, ',')::date[], string_to_array($4, ',')::date[]) AS k (account_id, currency, first, last) CROSS JOIN LATERAL ( \
    SELECT * FROM fact_daily_cash r WHERE r.account_id = k.account_id AND r.currency = k.currency \
    AND r.valid_from >= coalesce((SELECT max(b.valid_from) FROM fact_daily_cash b WHERE b.account_id = k.account_id \
    AND b.currency = k.currency AND b.valid_from < k.first), k.first) \
    AND r.valid_from <= coalesce((SELECT min(n.valid_from) FROM fact_daily_cash n WHERE n.account_id = k.account_id \
    AND n.currency = k.currency AND n.valid_from > k.last), k.last) OFFSET 0) c \
    ORDER BY c.account_id, c.currency, c.valid_from";
const DELETE: &str = "\
    DELETE FROM fact_daily_cash USING unnest($1::uuid[], $2::text[], $3::date[], $4::date[]) AS k (c1, c2, c3, c4) \
    WHERE account_id = c1 AND currency = c2 AND valid_from BETWEEN c3 AND c4";
/// A row that no exact decimal can hold comes back as it was. Figures are stored without zeros at their end, as a rebuild stores
/// them.
const SHIFT: &str = "\
    WITH k AS MATERIALIZED (SELECT * FROM unnest(string_to_array($1, ',')::uuid[], string_to_array($2, ','), \
    string_to_array($3, ',')::date[], string_to_array($4, ',')::numeric[], string_to_array($5, ',')::numeric[], \
    string_to_array($6, ',')::numeric[], string_to_array($7, ',')::numeric[], string_to_array($8, ',')::numeric[]) \
    AS k (account_id, currency, last, amount, unsettled, interest_base, fees_base, taxes_base)), \
    shifted AS (UPDATE fact_daily_cash c SET amount = trim_scale(c.amount + k.amount), \
    unsettled = trim_scale(c.unsettled + k.unsettled), \
    interest_base = trim_scale(c.interest_base + k.interest_base), fees_base = trim_scale(c.fees_base + k.fees_base), \
    taxes_base = trim_scale(c.taxes_base + k.taxes_base) FROM k \
    WHERE c.account_id = k.account_id AND c.currency = k.currency AND c.valid_from > k.last RETURNING c.*) \
    SELECT s.portfolio_id, s.account_id, s.currency, s.valid_from, s.valid_until, s.amount - k.amount AS amount, \
    s.unsettled - k.unsettled AS unsettled, s.interest_base - k.interest_base AS interest_base, \
    s.fees_base - k.fees_base AS fees_base, s.taxes_base - k.taxes_base AS taxes_base \
    FROM shifted s JOIN k ON k.account_id = s.account_id AND k.currency = s.currency \
    WHERE greatest(abs(s.amount), abs(s.unsettled), abs(s.interest_base), abs(s.fees_base), abs(s.taxes_base)) \
    > 79228162514264337593543950335 LIMIT 1";

/// Changes balances by what an edit adds to them.
pub(super) async fn change(
    session: &Session<Tenant>,
    portfolio: Uuid,
    changes: &[CashChange],
) -> Result<(), ChangeError> {
    let changes: Vec<(&CashChange, &CashPeriod, &CashPeriod)> =
        changes.iter().filter_map(|change| Some((change, change.steps.first()?, change.steps.last()?))).collect();
    if changes.is_empty() {
        return Ok(());
    }
    let balances = || changes.iter().map(|(change, ..)| *change);
    let around = [
        list(balances().map(|change| change.account)),
        list(balances().map(|change| change.currency)),
        list(changes.iter().map(|(_, first, _)| first.valid_from)),
        list(changes.iter().map(|(.., last)| last.valid_from)),
    ];
    let stored = rows(session, AROUND, around).await?;
    let mut gone = Columns::new(4);
    let mut new: Vec<CashPeriod> = Vec::new();
    let mut shifted: Vec<(&CashChange, &CashPeriod)> = Vec::new();
    for (change, _, last) in changes {
        let is_own = |row: &&CashPeriod| (row.account, row.currency) == (change.account, change.currency);
        let mut own: Vec<CashPeriod> = stored.iter().filter(is_own).cloned().collect();
        let next = own.pop_if(|row| row.valid_from > last.valid_from);
        if let Some(first) = own.first() {
            gone.id(change.account.uuid()).cell(change.currency).day(first.valid_from).day(last.valid_from);
        }
        let mut rows = change.applied(&own)?;
        if let Some(next) = next {
            if let Some(row) = rows.last_mut() {
                row.valid_until = Some(next.valid_from);
            }
            if !last.is_nothing() {
                shifted.push((change, last));
            }
        }
        new.extend(rows);
    }
    if !gone.is_empty() {
        session.insert_columns(DELETE, gone.into_columns()).await?;
    }
    write(session, portfolio, &new).await?;
    shift(session, &shifted).await
}

/// Adds to all rows behind the last step of their balance what that step adds.
async fn shift(session: &Session<Tenant>, changes: &[(&CashChange, &CashPeriod)]) -> Result<(), ChangeError> {
    if changes.is_empty() {
        return Ok(());
    }
    let steps = || changes.iter().map(|(_, step)| *step);
    let values = [
        list(steps().map(|step| step.account)),
        list(steps().map(|step| step.currency)),
        list(steps().map(|step| step.valid_from)),
        list(steps().map(|step| step.amount)),
        list(steps().map(|step| step.unsettled)),
        list(steps().map(|step| step.interest_base)),
        list(steps().map(|step| step.fees_base)),
        list(steps().map(|step| step.taxes_base)),
    ];
    for row in rows(session, SHIFT, values).await? {
        for (change, _) in changes {
            if (row.account, row.currency) == (change.account, change.currency) {
                change.applied(std::slice::from_ref(&row))?;
            }
        }
    }
    Ok(())
}

async fn rows(
    session: &Session<Tenant>,
    statement: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<CashPeriod>, DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, statement, values);
    let rows = session.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(balance(row)?.1)).collect()
}

/// Several values as one parameter.
fn list<T: ToString>(values: impl Iterator<Item = T>) -> Value {
    values.map(|value| value.to_string()).collect::<Vec<_>>().join(",").into()
}
