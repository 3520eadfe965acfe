//! What is computed from the ledger: lots, matches, positions, cash, flows. Replaced as a whole, or changed where an edit of
//! the ledger changes them, in the transaction that changed the ledger.

mod edit;
mod rows;

use chrono::NaiveDate;
use domain::ledger::{CashPeriod, Flow, InKind, PositionPeriod};
use entity::tenant::fact_daily_flows;
use rust_decimal::Decimal;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QueryResult,
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
    "SELECT p.portfolio_id, p.account_id, p.instrument_id, p.valid_from, p.valid_until, p.quantity, p.cost_local, p.cost_base, \
    p.realized_local, p.realized_base, p.income_local, p.income_base, p.withholding_base, p.fees_base, p.taxes_base, \
    p.expensed_base FROM holding h CROSS JOIN LATERAL ( \
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
    let rows = session.query_all_raw(of_range(POSITIONS, portfolios, from, to)).await?;
    Ok(rows.iter().map(position).collect::<Result<_, DbErr>>()?)
}

/// A row of [`POSITIONS`], its columns by place: there are many rows, and to look each value up by its name takes as long as to read it.
fn position(row: &QueryResult) -> Result<(Uuid, PositionPeriod), DbErr> {
    let number = |place| row.try_get_by_index::<Decimal>(place);
    let period = PositionPeriod {
        account: row.try_get_by_index::<Uuid>(1)?.into(),
        instrument: row.try_get_by_index::<Uuid>(2)?.into(),
        valid_from: row.try_get_by_index(3)?,
        valid_until: row.try_get_by_index(4)?,
        quantity: number(5)?,
        cost_local: number(6)?,
        cost_base: number(7)?,
        realized_local: number(8)?,
        realized_base: number(9)?,
        income_local: number(10)?,
        income_base: number(11)?,
        withholding_base: number(12)?,
        fees_base: number(13)?,
        taxes_base: number(14)?,
        expensed_base: number(15)?,
    };
    Ok((row.try_get_by_index(0)?, period))
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
    Ok(pairs.collect::<Result<_, DbErr>>()?)
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
    SELECT c.portfolio_id, c.account_id, c.currency, c.valid_from, c.valid_until, c.amount, c.unsettled, c.interest_base, \
    c.fees_base, c.taxes_base FROM balance b CROSS JOIN LATERAL ( \
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
    let rows = session.query_all_raw(of_range(CASH, portfolios, from, to)).await?;
    rows.iter().map(balance).collect()
}

fn of_range(sql: &'static str, portfolios: &[Uuid], from: NaiveDate, to: NaiveDate) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, [list(portfolios).into(), from.into(), to.into()])
}

fn list(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
}

/// A row of [`CASH`] or of other statements with its columns, as [`position`].
fn balance(row: &QueryResult) -> Result<(Uuid, CashPeriod), DatabaseError> {
    let number = |place| row.try_get_by_index::<Decimal>(place);
    let period = CashPeriod {
        account: row.try_get_by_index::<Uuid>(1)?.into(),
        currency: super::currency(&row.try_get_by_index::<String>(2)?)?,
        valid_from: row.try_get_by_index(3)?,
        valid_until: row.try_get_by_index(4)?,
        amount: number(5)?,
        unsettled: number(6)?,
        interest_base: number(7)?,
        fees_base: number(8)?,
        taxes_base: number(9)?,
    };
    Ok((row.try_get_by_index(0)?, period))
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
