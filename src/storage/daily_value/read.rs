//! Stored values.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sea_orm::{DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use super::list;
use crate::tenancy::{DatabaseError, Session, Tenant};

#[derive(FromQueryResult)]
struct ValuesRow {
    portfolio_id: Uuid,
    days: i64,
    amounts: String,
}

/// A row a portfolio, since a row a day costs more than computing the day's value. The innermost query sorts: nothing but the
/// aggregate stands above it, and its own ORDER BY would sort once more what the index gives in order.
const VALUES: &str = "\
    SELECT p.id AS portfolio_id, v.days, v.amounts FROM unnest(string_to_array($1, ',')::uuid[]) AS p (id) \
    CROSS JOIN LATERAL ( \
        SELECT count(value) AS days, string_agg(value::text, ' ') AS amounts FROM ( \
            SELECT value FROM fact_daily_values WHERE portfolio_id = p.id AND date BETWEEN $2 AND $3 ORDER BY date \
        ) AS by_day \
    ) AS v WHERE v.amounts IS NOT NULL";

/// Values by portfolio for every calendar day of a range; a portfolio that lacks one of them is left out.
pub async fn values(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(Uuid, Vec<Decimal>)>, DatabaseError> {
    let parameters = [list(portfolios).into(), from.into(), to.into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, VALUES, parameters);
    let rows = ValuesRow::find_by_statement(statement).all(session).await?;
    let days = (to - from).num_days() + 1;
    rows.into_iter()
        .filter(|row| row.days == days)
        .map(|row| {
            let amounts = row.amounts.split(' ').map(str::parse).collect::<Result<_, _>>();
            let amounts = amounts.map_err(|error: rust_decimal::Error| DatabaseError::Corrupt(error.to_string()))?;
            Ok((row.portfolio_id, amounts))
        })
        .collect()
}
