//! What is computed from the ledger: lots, matches, positions, cash, flows. Replaced as a whole, or changed where an edit of
//! the ledger changes them, in the transaction that changed the ledger.

mod edit;
mod rows;

use chrono::NaiveDate;
use domain::ledger::{CashPeriod, Flow, InKind, PositionPeriod};
use entity::tenant::{fact_daily_cash, fact_daily_flows, fact_daily_positions};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    Statement,
};
use uuid::Uuid;

pub use self::edit::{ChangeError, append_part, change, replace};

use crate::tenancy::{DatabaseError, Session, Tenant};

/// The holdings of portfolios, one step down the primary key for each, however many rows they have.
macro_rules! of_holdings {
    ($select:literal) => {
        concat!(
            "WITH RECURSIVE holding AS ( \
            SELECT a.portfolio_id, first.* FROM account a CROSS JOIN LATERAL ( \
            SELECT p.account_id, p.instrument_id FROM fact_daily_positions p WHERE p.account_id = a.id \
            ORDER BY p.instrument_id LIMIT 1) first WHERE a.portfolio_id = ANY (string_to_array($1, ',')::uuid[]) \
            UNION ALL SELECT h.portfolio_id, next.* FROM holding h CROSS JOIN LATERAL ( \
            SELECT p.account_id, p.instrument_id FROM fact_daily_positions p WHERE p.account_id = h.account_id \
            AND p.instrument_id > h.instrument_id ORDER BY p.instrument_id LIMIT 1) next) ",
            $select
        )
    };
}

/// Of each holding the row that holds on the first day, and those that begin later. OFFSET keeps each of them a search of its
/// own: joined with all rows of the table it would depend on the statistics what is read.
const POSITIONS: &str = of_holdings!(
    "SELECT p.* FROM holding h CROSS JOIN LATERAL ( \
    (SELECT * FROM fact_daily_positions r WHERE r.account_id = h.account_id AND r.instrument_id = h.instrument_id \
    AND r.valid_from <= $2 ORDER BY r.valid_from DESC LIMIT 1) \
    UNION ALL (SELECT * FROM fact_daily_positions r WHERE r.account_id = h.account_id \
    AND r.instrument_id = h.instrument_id AND r.valid_from > $2 AND r.valid_from <= $3 AND $2 < $3 OFFSET 0) \
    ) p WHERE p.valid_until IS NULL OR p.valid_until > $2 ORDER BY p.account_id, p.instrument_id, p.valid_from"
);

/// What was held in these portfolios at any close from one day to another, both included.
pub async fn positions(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(Uuid, PositionPeriod)>, DatabaseError> {
    let statement = of_range(POSITIONS, portfolios, from, to);
    let rows = fact_daily_positions::Model::find_by_statement(statement).all(session).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let period = PositionPeriod {
                account: row.account_id.into(),
                instrument: row.instrument_id.into(),
                valid_from: row.valid_from,
                valid_until: row.valid_until,
                quantity: row.quantity,
                cost_local: row.cost_local,
                cost_base: row.cost_base,
                realized_local: row.realized_local,
                realized_base: row.realized_base,
                income_local: row.income_local,
                income_base: row.income_base,
                withholding_base: row.withholding_base,
                fees_base: row.fees_base,
                taxes_base: row.taxes_base,
                expensed_base: row.expensed_base,
            };
            (row.portfolio_id, period)
        })
        .collect())
}

const HELD: &str = of_holdings!(
    "SELECT DISTINCT h.portfolio_id, h.instrument_id FROM holding h WHERE EXISTS ( \
    SELECT FROM fact_daily_positions p WHERE p.account_id = h.account_id AND p.instrument_id = h.instrument_id \
    AND p.valid_from <= $2)"
);

/// Which instruments each portfolio has had a position of by a day, open or closed.
pub async fn held(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    by: NaiveDate,
) -> Result<Vec<(Uuid, Uuid)>, DatabaseError> {
    let values = [list(portfolios).into(), by.into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, HELD, values);
    let rows = session.query_all_raw(statement).await?;
    let pairs = rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
    Ok(pairs.collect::<Result<_, sea_orm::DbErr>>()?)
}

const TRACK: &str = of_holdings!(
    "SELECT market.track_instruments(array_agg(DISTINCT h.instrument_id), $2) FROM holding h CROSS JOIN LATERAL ( \
    SELECT r.quantity FROM fact_daily_positions r WHERE r.account_id = h.account_id AND r.instrument_id = h.instrument_id \
    ORDER BY r.valid_from DESC LIMIT 1) last WHERE last.quantity <> 0"
);

/// Says that what a portfolio holds was held on a day: its prices are asked for.
pub async fn track(session: &Session<Tenant>, portfolio: Uuid, day: NaiveDate) -> Result<(), DatabaseError> {
    let values = [list(&[portfolio]).into(), day.into()];
    session.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, TRACK, values)).await?;
    Ok(())
}

/// As of positions.
const CASH: &str = "\
    WITH RECURSIVE balance AS ( \
    SELECT first.* FROM account a CROSS JOIN LATERAL ( \
    SELECT c.account_id, c.currency FROM fact_daily_cash c WHERE c.account_id = a.id \
    ORDER BY c.currency LIMIT 1) first WHERE a.portfolio_id = ANY (string_to_array($1, ',')::uuid[]) \
    UNION ALL SELECT next.* FROM balance b CROSS JOIN LATERAL ( \
    SELECT c.account_id, c.currency FROM fact_daily_cash c WHERE c.account_id = b.account_id \
    AND c.currency > b.currency ORDER BY c.currency LIMIT 1) next) \
    SELECT c.* FROM balance b CROSS JOIN LATERAL ( \
    (SELECT * FROM fact_daily_cash r WHERE r.account_id = b.account_id AND r.currency = b.currency \
    AND r.valid_from <= $2 ORDER BY r.valid_from DESC LIMIT 1) \
    UNION ALL (SELECT * FROM fact_daily_cash r WHERE r.account_id = b.account_id AND r.currency = b.currency \
    AND r.valid_from > $2 AND r.valid_from <= $3 AND $2 < $3 OFFSET 0) \
    ) c WHERE c.valid_until IS NULL OR c.valid_until > $2 ORDER BY c.account_id, c.currency, c.valid_from";

/// The cash of these portfolios at any close from one day to another, both included.
pub async fn cash(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(Uuid, CashPeriod)>, DatabaseError> {
    let rows = fact_daily_cash::Model::find_by_statement(of_range(CASH, portfolios, from, to)).all(session).await?;
    rows.into_iter().map(|row| Ok((row.portfolio_id, cash_period(row)?))).collect()
}

fn of_range(sql: &'static str, portfolios: &[Uuid], from: NaiveDate, to: NaiveDate) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, [list(portfolios).into(), from.into(), to.into()])
}

fn list(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
}

fn cash_period(row: fact_daily_cash::Model) -> Result<CashPeriod, DatabaseError> {
    Ok(CashPeriod {
        account: row.account_id.into(),
        currency: super::currency(&row.currency)?,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        amount: row.amount,
        unsettled: row.unsettled,
        interest_base: row.interest_base,
        fees_base: row.fees_base,
        taxes_base: row.taxes_base,
    })
}

/// Which flows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Border {
    /// Those that crossed the border of the portfolio.
    Portfolio,
    /// Those that crossed the border of an account, also to another one of the portfolio.
    Account,
}

/// What came into or left these portfolios, or their accounts, from one day to another, both included; by day.
pub async fn flows(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
    border: Border,
) -> Result<Vec<(Uuid, Flow)>, DatabaseError> {
    use fact_daily_flows::Column;
    let external = (border == Border::Portfolio).then(|| Column::CounterAccountId.is_null());
    let rows = fact_daily_flows::Entity::find()
        .filter(Condition::all().add_option(external))
        .filter(Column::PortfolioId.is_in(portfolios.iter().copied()))
        .filter(Column::Date.between(from, to))
        .order_by_asc(Column::Date)
        .order_by_asc(Column::TransactionId)
        .order_by_asc(Column::AccountId)
        .all(session)
        .await?;
    rows.into_iter()
        .map(|row| {
            let in_kind = match (row.instrument_id, row.quantity, row.cost_base) {
                (Some(instrument), Some(quantity), Some(cost_base)) => {
                    Some(InKind { instrument: instrument.into(), quantity, cost_base })
                }
                _ => None,
            };
            let flow = Flow {
                transaction: row.transaction_id.into(),
                account: row.account_id.into(),
                counter_account: row.counter_account_id.map(Into::into),
                date: row.date,
                currency: super::currency(&row.currency)?,
                amount: row.amount,
                amount_base: row.amount_base,
                in_kind,
            };
            Ok((row.portfolio_id, flow))
        })
        .collect()
}
