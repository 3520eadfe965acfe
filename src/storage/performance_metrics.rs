//! Stored figures of portfolios by range, and whether they hold.
//!
//! A row says what was in force when it was computed. Every statement here that reads rows takes those alone of which all of that is
//! still in force, in the snapshot of its session: what has changed in one that commits later is not seen by what is computed now either.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sea_orm::{FromQueryResult, JsonValue};
use uuid::Uuid;

use super::columns::Columns;
use super::market_version::MarketVersion;
use super::row_sink::RowSink;
use super::statement::{ask, run, statement};
use crate::tenancy::{DatabaseError, Session, Tenant};

/// The figures of a portfolio over a range.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct Row {
    /// The portfolio.
    pub portfolio_id: Uuid,
    /// How far the range reaches back, as a code.
    pub range: String,
    /// By which state of the arithmetic.
    pub calculation_version: i32,
    /// The close that the figures open from.
    pub opening_date: NaiveDate,
    /// The last day.
    pub end_date: NaiveDate,
    /// The currency of amounts.
    pub currency: String,
    /// The value at the opening; nothing where it is unknown.
    pub opening_value: Option<Decimal>,
    /// The value at the end; nothing where it is unknown.
    pub end_value: Option<Decimal>,
    /// What came in from outside between the two, less what went out.
    pub flow: Decimal,
    /// How many returns were linked.
    pub observations: i32,
    /// The figures in the order of [`FIGURES`].
    #[sea_orm(nested)]
    pub figures: Figures,
    /// Whether the money-weighted return is a rate a year.
    pub xirr_is_annual: bool,
    /// The peak of the deepest fall.
    pub drawdown_peak: Option<NaiveDate>,
    /// Its trough.
    pub drawdown_trough: Option<NaiveDate>,
    /// The first day at the peak's level again.
    pub drawdown_recovery: Option<NaiveDate>,
    /// By figure, pairs of a code and words.
    pub reasons: JsonValue,
    /// How good the worst input is, as a code.
    pub status: String,
    /// The share of the days whose value is known.
    pub coverage: f64,
    /// When it was computed.
    pub computed_at: DateTime<Utc>,
    /// The portfolio's version then.
    pub portfolio_version: i64,
    /// From which state of the market data.
    pub market_version: i64,
    /// The mark that had last had stored daily values computed anew.
    pub rewritten: Uuid,
}

/// Declares the columns of figures once: as fields, and as cells.
macro_rules! figures {
    ($($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {
        /// Fractions and ratios; nothing where there is none.
        #[derive(Clone, Debug, Default, PartialEq, FromQueryResult)]
        pub struct Figures {
            $($(#[doc = $doc])+ pub $name: Option<f64>,)+
        }

        impl Figures {
            fn cells(&self, row: &mut Columns) {
                $(row.optional(self.$name);)+
            }
        }
    };
}

figures! {
    /// Time-weighted return over the range.
    twr,
    /// Time-weighted return a year.
    annualized_return,
    /// Money-weighted return.
    xirr,
    /// Modified Dietz.
    modified_dietz,
    /// The gain over the opening value and everything paid in.
    simple_return,
    /// Standard deviation of daily returns, a year.
    volatility,
    /// Downside deviation, a year.
    downside_deviation,
    /// Sharpe ratio.
    sharpe,
    /// Sortino ratio.
    sortino,
    /// Calmar ratio.
    calmar,
    /// Omega ratio.
    omega,
    /// Ulcer index.
    ulcer_index,
    /// Skewness.
    skewness,
    /// Excess kurtosis.
    excess_kurtosis,
    /// The depth of the deepest fall.
    max_drawdown,
}

/// What rows must be of to be read.
#[derive(Clone, Copy, Debug)]
pub struct Current {
    /// The market data in force.
    pub market: MarketVersion,
    /// The arithmetic in force.
    pub calculation_version: i32,
    /// The last day of the range.
    pub end: NaiveDate,
}

impl Current {
    fn values(self) -> [sea_orm::Value; 4] {
        let Self { market, calculation_version, end } = self;
        [market.version.into(), market.reference.into(), calculation_version.into(), end.into()]
    }
}

/// Whether a row holds. A version of the market data without a note may differ anywhere; a change of instruments or calendars counts
/// wherever it is.
macro_rules! holds {
    () => {
        "m.calculation_version = $3 AND m.end_date = $4 AND m.portfolio_version = p.version AND m.rewritten = s.rewritten \
        AND CASE WHEN m.market_version = $1 THEN true ELSE m.market_version >= $2 AND ( \
            SELECT count(*) = $1 - m.market_version AND coalesce(min(c.changed_from) > $4, true) \
            FROM market.meta_market_change c WHERE c.version > m.market_version AND c.version <= $1 \
        ) END"
    };
}

/// Whether nothing of a portfolio's values until the day is marked: what is marked was changed by prices by hand, by the market's
/// actions or in the ledger.
macro_rules! is_clean {
    () => {
        "s.computed_until >= $4 AND (d.from_date IS NULL OR d.from_date > $4) \
        AND NOT EXISTS (SELECT FROM price_dirty q WHERE q.from_date <= $4)"
    };
}

macro_rules! of_portfolios {
    () => {
        "FROM portfolio p JOIN fact_daily_values_status s ON s.portfolio_id = p.id \
        LEFT JOIN portfolio_dirty d ON d.portfolio_id = p.id "
    };
}

const FRESH: &str = concat!(
    "SELECT m.* ",
    of_portfolios!(),
    "JOIN fact_performance_metrics m ON m.portfolio_id = p.id \
    WHERE p.id = ANY (string_to_array($5, ',')::uuid[]) AND m.range = ANY (string_to_array($6, ',')) AND ",
    is_clean!(),
    " AND ",
    holds!()
);

/// The rows of these portfolios and ranges that hold.
pub async fn fresh(
    session: &Session<Tenant>,
    current: Current,
    portfolios: &[Uuid],
    ranges: &[&str],
) -> Result<Vec<Row>, DatabaseError> {
    let asked = [list(portfolios).into(), ranges.join(",").into()];
    let statement = statement(FRESH, current.values().into_iter().chain(asked));
    Ok(Row::find_by_statement(statement).all(session).await?)
}

/// A portfolio to compute, and what is in force of it.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct Outdated {
    /// The portfolio.
    pub portfolio_id: Uuid,
    /// The mark that last had stored daily values computed anew.
    pub rewritten: Uuid,
}

/// One of $5, or all, after $6.
macro_rules! outdated {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            of_portfolios!(),
            "WHERE ($5::uuid IS NULL OR p.id = $5) AND ($6::uuid IS NULL OR p.id > $6) AND ",
            is_clean!(),
            " AND (SELECT count(*) FROM fact_performance_metrics m WHERE m.portfolio_id = p.id AND ",
            holds!(),
            ") < $7 ",
            $rest
        )
    };
}

const OUTDATED: &str = outdated!("SELECT p.id AS portfolio_id, s.rewritten ", "ORDER BY p.id LIMIT $8");
const COUNT_OUTDATED: &str = outdated!("SELECT count(*) ", "");

/// Which portfolios are asked about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Of {
    /// This one alone; all where none is given.
    pub only: Option<Uuid>,
    /// Those after this one; from the first where none is given.
    pub after: Option<Uuid>,
}

/// Portfolios of which not so many ranges hold, though their daily values are up to date: the next of them by id.
pub async fn outdated(
    session: &Session<Tenant>,
    current: Current,
    of: Of,
    ranges: usize,
    limit: u64,
) -> Result<Vec<Outdated>, DatabaseError> {
    let asked = [of.only.into(), of.after.into(), (ranges as i64).into(), limit.into()];
    let statement = statement(OUTDATED, current.values().into_iter().chain(asked));
    Ok(Outdated::find_by_statement(statement).all(session).await?)
}

/// How many such portfolios there are.
pub async fn count_outdated(
    session: &Session<Tenant>,
    current: Current,
    of: Of,
    ranges: usize,
) -> Result<u64, DatabaseError> {
    let asked = [of.only.into(), of.after.into(), (ranges as i64).into()];
    let rows = ask(session, COUNT_OUTDATED, current.values().into_iter().chain(asked)).await?;
    let count: i64 = rows.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}

/// As wide as the row.
const WIDTH: usize = 36;

const PUT: &str = "\
    INSERT INTO fact_performance_metrics (portfolio_id, range, calculation_version, opening_date, end_date, currency, opening_value, \
    end_value, flow, observations, twr, annualized_return, xirr, modified_dietz, simple_return, volatility, downside_deviation, sharpe, \
    sortino, calmar, omega, ulcer_index, skewness, excess_kurtosis, max_drawdown, xirr_is_annual, drawdown_peak, drawdown_trough, \
    drawdown_recovery, reasons, status, coverage, computed_at, portfolio_version, market_version, rewritten) \
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]::integer[], $4::date[], $5::date[], $6::text[], $7::numeric[], \
    $8::numeric[], $9::numeric[], $10::text[]::integer[], $11::text[]::double precision[], $12::text[]::double precision[], \
    $13::text[]::double precision[], $14::text[]::double precision[], $15::text[]::double precision[], \
    $16::text[]::double precision[], $17::text[]::double precision[], $18::text[]::double precision[], \
    $19::text[]::double precision[], $20::text[]::double precision[], $21::text[]::double precision[], \
    $22::text[]::double precision[], $23::text[]::double precision[], $24::text[]::double precision[], \
    $25::text[]::double precision[], $26::text[]::boolean[], $27::date[], $28::date[], $29::date[], $30::text[]::jsonb[], \
    $31::text[], $32::text[]::double precision[], $33::text[]::timestamptz[], $34::text[]::bigint[], $35::text[]::bigint[], \
    $36::uuid[]) \
    ON CONFLICT (portfolio_id, range, calculation_version) DO UPDATE SET opening_date = excluded.opening_date, \
    end_date = excluded.end_date, currency = excluded.currency, opening_value = excluded.opening_value, \
    end_value = excluded.end_value, flow = excluded.flow, observations = excluded.observations, twr = excluded.twr, \
    annualized_return = excluded.annualized_return, xirr = excluded.xirr, modified_dietz = excluded.modified_dietz, \
    simple_return = excluded.simple_return, volatility = excluded.volatility, downside_deviation = excluded.downside_deviation, \
    sharpe = excluded.sharpe, sortino = excluded.sortino, calmar = excluded.calmar, omega = excluded.omega, \
    ulcer_index = excluded.ulcer_index, skewness = excluded.skewness, excess_kurtosis = excluded.excess_kurtosis, \
    max_drawdown = excluded.max_drawdown, xirr_is_annual = excluded.xirr_is_annual, drawdown_peak = excluded.drawdown_peak, \
    drawdown_trough = excluded.drawdown_trough, drawdown_recovery = excluded.drawdown_recovery, reasons = excluded.reasons, \
    status = excluded.status, coverage = excluded.coverage, computed_at = excluded.computed_at, \
    portfolio_version = excluded.portfolio_version, market_version = excluded.market_version, rewritten = excluded.rewritten";

/// Stores rows in the place of those of the same portfolio and range.
pub async fn put(session: &Session<Tenant>, rows: &[Row]) -> Result<(), DatabaseError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut columns = Columns::new(WIDTH);
    for row in rows {
        columns.id(row.portfolio_id).cell(&row.range).cell(row.calculation_version);
        columns.day(row.opening_date).day(row.end_date).cell(&row.currency);
        columns.optional_decimal(row.opening_value).optional_decimal(row.end_value).decimal(row.flow);
        columns.cell(row.observations);
        row.figures.cells(&mut columns);
        columns.cell(row.xirr_is_annual);
        columns.optional_day(row.drawdown_peak).optional_day(row.drawdown_trough).optional_day(row.drawdown_recovery);
        columns.cell(&row.reasons).cell(&row.status).cell(row.coverage).cell(row.computed_at.to_rfc3339());
        columns.cell(row.portfolio_version).cell(row.market_version).id(row.rewritten);
    }
    session.insert_columns(PUT, columns.into_columns()).await?;
    Ok(())
}

const CLEAR: &str = "\
    DELETE FROM fact_performance_metrics m WHERE m.calculation_version < $1 \
    OR NOT EXISTS (SELECT FROM fact_daily_values_status s WHERE s.portfolio_id = m.portfolio_id)";

/// Removes what older arithmetic computed, and what is of portfolios whose ledger holds nothing that counts.
pub async fn clear(session: &Session<Tenant>, calculation_version: i32) -> Result<u64, DatabaseError> {
    run(session, CLEAR, [calculation_version.into()]).await
}

fn list(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
}
