//! Stored daily values of portfolios: read as far as they hold, replaced a stretch at a time.

mod dirty;
mod read;

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::Currency;
use domain::valuation::Daily;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

pub use self::dirty::{
    Dirty, advance, count_dirty, mark_outdated, mark_portfolio, mark_prices, mark_short, next_dirty, spread_prices,
};
pub use self::read::values;

use super::columns::Columns;
use crate::storage::row_sink::RowSink;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// What holds of a portfolio's stored values before its dirty range.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Status {
    /// The portfolio.
    pub portfolio_id: Uuid,
    /// The first stored day.
    pub computed_from: NaiveDate,
    /// The last stored day.
    pub computed_until: NaiveDate,
    /// The last day whose value is unknown.
    pub unknown_until: Option<NaiveDate>,
    /// When they were computed.
    pub computed_at: DateTime<Utc>,
    /// From which state of the market data.
    pub market_version: i64,
    /// By which state of the arithmetic.
    pub calculation_version: i32,
    /// The portfolio's version then.
    pub portfolio_version: i64,
}

/// Stored values of a portfolio, and from which day on they no longer hold.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The portfolio.
    pub portfolio: Uuid,
    /// What is stored; nothing before the first computation.
    pub status: Option<Status>,
    /// From which day on values are computed anew.
    pub dirty_from: Option<NaiveDate>,
    /// When the latest change that made them so was noted.
    pub dirty_since: Option<DateTime<Utc>>,
    /// Whether prices entered by hand have still to be spread to the portfolios that hold their instruments.
    pub prices_dirty: bool,
}

#[derive(FromQueryResult)]
struct StandingRow {
    portfolio_id: Uuid,
    computed_from: Option<NaiveDate>,
    computed_until: Option<NaiveDate>,
    unknown_until: Option<NaiveDate>,
    computed_at: Option<DateTime<Utc>>,
    market_version: Option<i64>,
    calculation_version: Option<i32>,
    portfolio_version: Option<i64>,
    dirty_from: Option<NaiveDate>,
    dirty_since: Option<DateTime<Utc>>,
    prices_dirty: bool,
}

const STANDINGS: &str = "\
    SELECT p.id AS portfolio_id, s.computed_from, s.computed_until, s.unknown_until, s.computed_at, s.market_version, \
    s.calculation_version, s.portfolio_version, d.from_date AS dirty_from, d.marked_at AS dirty_since, \
    EXISTS (SELECT FROM price_dirty) AS prices_dirty \
    FROM unnest(string_to_array($1, ',')::uuid[]) AS p (id) \
    LEFT JOIN fact_daily_values_status s ON s.portfolio_id = p.id \
    LEFT JOIN portfolio_dirty d ON d.portfolio_id = p.id";

/// How far the stored values of these portfolios hold.
pub async fn standings(session: &Session<Tenant>, portfolios: &[Uuid]) -> Result<Vec<Standing>, DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, STANDINGS, [list(portfolios).into()]);
    let rows = StandingRow::find_by_statement(statement).all(session).await?;
    let standing = |row: StandingRow| Standing {
        portfolio: row.portfolio_id,
        status: status(&row),
        dirty_from: row.dirty_from,
        dirty_since: row.dirty_since,
        prices_dirty: row.prices_dirty,
    };
    Ok(rows.into_iter().map(standing).collect())
}

fn status(row: &StandingRow) -> Option<Status> {
    Some(Status {
        portfolio_id: row.portfolio_id,
        computed_from: row.computed_from?,
        computed_until: row.computed_until?,
        unknown_until: row.unknown_until,
        computed_at: row.computed_at?,
        market_version: row.market_version?,
        calculation_version: row.calculation_version?,
        portfolio_version: row.portfolio_version?,
    })
}

/// Several ids as one parameter.
fn list(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
}

const INSERT: &str = "\
    INSERT INTO fact_daily_values (portfolio_id, date, currency, value, known_value, flow, computed_at, \
    market_version, calculation_version) SELECT c1::uuid, c2::date, c3, c4::numeric, c5::numeric, c6::numeric, \
    c7::timestamptz, c8::bigint, c9::integer FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], \
    $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]) AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9)";

const CLEAR: &str = "DELETE FROM fact_daily_values WHERE portfolio_id = $1 AND date BETWEEN $2 AND $3";

/// Puts values in place of those stored from a day to another, both included.
pub async fn replace(
    session: &Session<Tenant>,
    status: &Status,
    currency: Currency,
    daily: &Daily,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<(), DatabaseError> {
    run(session, CLEAR, [status.portfolio_id.into(), from.into(), to.into()]).await?;
    let mut rows = Columns::new(9);
    let values = daily.values.iter().zip(&daily.known_values).zip(&daily.flows);
    for (date, ((value, known), flow)) in daily.dates.iter().zip(values) {
        rows.cell(status.portfolio_id).cell(date).cell(currency).optional(*value).cell(known).cell(flow);
        rows.cell(status.computed_at.to_rfc3339()).cell(status.market_version).cell(status.calculation_version);
    }
    if !rows.is_empty() {
        session.insert_columns(INSERT, rows.into_columns()).await?;
    }
    Ok(())
}

const PUT_STATUS: &str = "\
    INSERT INTO fact_daily_values_status (portfolio_id, computed_from, computed_until, unknown_until, computed_at, \
    market_version, calculation_version, portfolio_version, rewritten) \
    SELECT $1, $2, $3, (SELECT max(date) FROM fact_daily_values WHERE portfolio_id = $1 AND date BETWEEN $2 AND $3 \
    AND value IS NULL), $4, $5, $6, $7, $8 \
    ON CONFLICT (portfolio_id) DO UPDATE SET rewritten = CASE WHEN $9 <= fact_daily_values_status.computed_until \
    OR excluded.computed_until < fact_daily_values_status.computed_until THEN excluded.rewritten \
    ELSE fact_daily_values_status.rewritten END, computed_from = excluded.computed_from, \
    computed_until = excluded.computed_until, unknown_until = excluded.unknown_until, \
    computed_at = excluded.computed_at, market_version = excluded.market_version, \
    calculation_version = excluded.calculation_version, portfolio_version = excluded.portfolio_version";

/// Notes what holds of the stored values since, of which `mark` had those from a day on computed. The last unknown day is read from
/// them.
pub async fn put_status(
    session: &Session<Tenant>,
    status: &Status,
    from: NaiveDate,
    mark: Uuid,
) -> Result<(), DatabaseError> {
    let values = [
        status.portfolio_id.into(),
        status.computed_from.into(),
        status.computed_until.into(),
        status.computed_at.into(),
        status.market_version.into(),
        status.calculation_version.into(),
        status.portfolio_version.into(),
        mark.into(),
        from.into(),
    ];
    run(session, PUT_STATUS, values).await?;
    Ok(())
}

const FORGET: &str = "\
    WITH gone AS (DELETE FROM fact_daily_values WHERE portfolio_id = $1) \
    DELETE FROM fact_daily_values_status WHERE portfolio_id = $1";

/// Removes what is stored of a portfolio whose ledger holds nothing that counts.
pub async fn forget(session: &Session<Tenant>, portfolio: Uuid) -> Result<(), DatabaseError> {
    run(session, FORGET, [portfolio.into()]).await?;
    Ok(())
}

async fn run(
    session: &Session<Tenant>,
    sql: &'static str,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Result<u64, DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    Ok(session.execute_raw(statement).await?.rows_affected())
}
