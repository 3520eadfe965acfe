//! What the data pipeline writes: staging as delivered, then in sets what passes the checks.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::market::meta_refresh_log;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait, QueryResult, Statement};
use uuid::Uuid;

use super::copy::CopyRows;
use super::row_sink::RowSink;
use crate::tenancy::{DatabaseError, Market, Session};

/// Rows sent to the server at a time.
pub(super) const CHUNK: usize = 20_000;

/// A run of the pipeline, from its start.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id.
    pub id: Uuid,
    /// What is loaded, e.g. `prices`.
    pub dataset: &'static str,
    /// Where it comes from.
    pub provider: &'static str,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows that were delivered.
    pub delivered: u64,
    /// Rows that were new to the clean facts.
    pub promoted: u64,
    /// Rows that a check held back.
    pub held: u64,
}

/// Notes that a run began.
pub async fn begin_run(session: &Session<Market>, run: &Run) -> Result<(), DatabaseError> {
    let row = meta_refresh_log::ActiveModel {
        id: Set(run.id),
        dataset: Set(run.dataset.to_owned()),
        provider: Set(run.provider.to_owned()),
        started_at: Set(run.started_at),
        ..Default::default()
    };
    meta_refresh_log::Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

/// Notes what a run came to.
pub async fn finish_run(
    session: &Session<Market>,
    run: &Run,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let count = |rows: u64| Set(Some(i64::try_from(rows).unwrap_or(i64::MAX)));
    let row = meta_refresh_log::ActiveModel {
        id: Set(run.id),
        finished_at: Set(Some(now)),
        rows_delivered: count(outcome.delivered),
        rows_promoted: count(outcome.promoted),
        rows_held: count(outcome.held),
        ..Default::default()
    };
    row.update(session).await?;
    Ok(())
}

/// Stages rows of text cells, numbered from 1, by the constant `statement`.
async fn stage(
    session: &Session<Market>,
    statement: &'static str,
    run: &Run,
    rows: &[Vec<String>],
) -> Result<u64, DatabaseError> {
    let chunks = rows.chunks(CHUNK).enumerate().map(|(index, chunk)| {
        let mut copy = CopyRows::default();
        for (line, row) in (index * CHUNK + 1..).zip(chunk) {
            copy.cell(run.id).cell(line).cell(run.provider);
            for cell in row {
                copy.cell(cell);
            }
            copy.end_row();
        }
        copy.into_chunk()
    });
    session.copy_in(statement, chunks).await
}

async fn of_run(session: &Session<Market>, sql: &'static str, run: &Run) -> Result<u64, DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [run.id.into()]);
    Ok(session.execute_raw(statement).await?.rows_affected())
}

const STAGE_PRICES: &str = "COPY stg_stock_price (run_id, line, provider, symbol, date, close) FROM STDIN";

/// A row is held for the first of these that is so.
const CHECK_PRICES: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, detail)
SELECT run_id, line, 'prices', finding, format('symbol %s, date %s, close %s', symbol, date, close)
FROM (
    SELECT s.*, CASE
        WHEN NOT readable.date_ok THEN 'INVALID_DATE'
        WHEN NOT readable.close_ok THEN 'INVALID_PRICE'
        WHEN i.id IS NULL THEN 'UNKNOWN_SYMBOL'
        WHEN s.date::date > current_date THEN 'FUTURE_DATE'
        WHEN s.close::numeric <= 0 THEN 'NOT_POSITIVE'
        WHEN i.mic <> '24X7' AND NOT EXISTS (
            SELECT FROM dim_exchange_session d WHERE d.mic = i.mic AND d.date = s.date::date
        ) THEN 'NO_SESSION'
        WHEN row_number() OVER (PARTITION BY s.symbol, s.date ORDER BY s.line) > 1 THEN 'DUPLICATE'
    END AS finding
    FROM stg_stock_price s
    CROSS JOIN LATERAL (
        SELECT s.date ~ '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' AS date_ok,
            s.close ~ '^\\d{1,15}(\\.\\d{1,10})?$' AS close_ok
    ) readable
    LEFT JOIN dim_stock i ON i.symbol = s.symbol
    WHERE s.run_id = $1
) checked
WHERE finding IS NOT NULL";

/// Which days have changed is noted beside it, for the version that will be in force.
const PROMOTE_PRICES: &str = "
WITH promoted AS (
INSERT INTO fact_stock_price (instrument_id, date, close)
SELECT i.id, s.date::date, s.close::numeric
FROM stg_stock_price s
JOIN dim_stock i ON i.symbol = s.symbol
WHERE s.run_id = $1
    AND NOT EXISTS (SELECT FROM meta_data_quality q WHERE q.run_id = s.run_id AND q.line = s.line)
ON CONFLICT (instrument_id, date) DO UPDATE SET close = excluded.close
    WHERE fact_stock_price.close IS DISTINCT FROM excluded.close
RETURNING date
), noted AS (
UPDATE meta_market_version SET pending_from = least(pending_from, (SELECT min(date) FROM promoted))
)
SELECT FROM promoted";

/// Stages, checks and promotes closes: symbol, date, close.
pub async fn load_prices(session: &Session<Market>, run: &Run, rows: &[Vec<String>]) -> Result<Outcome, DatabaseError> {
    let delivered = stage(session, STAGE_PRICES, run, rows).await?;
    let held = of_run(session, CHECK_PRICES, run).await?;
    let promoted = of_run(session, PROMOTE_PRICES, run).await?;
    Ok(Outcome { delivered, promoted, held })
}

const STAGE_RATES: &str = "COPY stg_market_data (run_id, line, provider, base, quote, date, value) FROM STDIN";

const CHECK_RATES: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, detail)
SELECT run_id, line, 'exchange rates', finding, format('%s/%s, date %s, rate %s', base, quote, date, value)
FROM (
    SELECT s.*, CASE
        WHEN s.date !~ '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' THEN 'INVALID_DATE'
        WHEN s.value !~ '^\\d{1,15}(\\.\\d{1,10})?$' THEN 'INVALID_RATE'
        WHEN b.code IS NULL OR c.code IS NULL THEN 'UNKNOWN_CURRENCY'
        WHEN s.base = s.quote THEN 'SAME_CURRENCY'
        WHEN s.date::date > current_date THEN 'FUTURE_DATE'
        WHEN s.value::numeric <= 0 THEN 'NOT_POSITIVE'
        WHEN row_number() OVER (PARTITION BY s.base, s.quote, s.date ORDER BY s.line) > 1 THEN 'DUPLICATE'
    END AS finding
    FROM stg_market_data s
    LEFT JOIN dim_currency b ON b.code = s.base
    LEFT JOIN dim_currency c ON c.code = s.quote
    WHERE s.run_id = $1
) checked
WHERE finding IS NOT NULL";

const PROMOTE_RATES: &str = "
WITH promoted AS (
INSERT INTO fact_fx_rate (base, quote, date, rate)
SELECT s.base, s.quote, s.date::date, s.value::numeric
FROM stg_market_data s
WHERE s.run_id = $1
    AND NOT EXISTS (SELECT FROM meta_data_quality q WHERE q.run_id = s.run_id AND q.line = s.line)
ON CONFLICT (base, quote, date) DO UPDATE SET rate = excluded.rate
    WHERE fact_fx_rate.rate IS DISTINCT FROM excluded.rate
RETURNING date
), noted AS (
UPDATE meta_market_version SET pending_from = least(pending_from, (SELECT min(date) FROM promoted))
)
SELECT FROM promoted";

/// Stages, checks and promotes exchange rates of any pair: base, quote, date, rate.
pub async fn load_rates(session: &Session<Market>, run: &Run, rows: &[Vec<String>]) -> Result<Outcome, DatabaseError> {
    let delivered = stage(session, STAGE_RATES, run, rows).await?;
    let held = of_run(session, CHECK_RATES, run).await?;
    let promoted = of_run(session, PROMOTE_RATES, run).await?;
    Ok(Outcome { delivered, promoted, held })
}

const STAGE_SPLITS: &str =
    "COPY stg_corporate_action (run_id, line, provider, symbol, ex_date, numerator, denominator) FROM STDIN";

/// A split may lie ahead: what is announced is known before it happens.
const CHECK_SPLITS: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, detail)
SELECT run_id, line, 'splits', finding, format('symbol %s, ex-date %s, %s for %s', symbol, ex_date, numerator, denominator)
FROM (
    SELECT s.*, CASE
        WHEN s.ex_date !~ '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' THEN 'INVALID_DATE'
        WHEN s.numerator !~ '^\\d{1,15}(\\.\\d{1,10})?$' OR s.denominator !~ '^\\d{1,15}(\\.\\d{1,10})?$' THEN 'INVALID_RATIO'
        WHEN i.id IS NULL THEN 'UNKNOWN_SYMBOL'
        WHEN s.numerator::numeric <= 0 OR s.denominator::numeric <= 0 THEN 'NOT_POSITIVE'
        WHEN row_number() OVER (PARTITION BY s.symbol, s.ex_date ORDER BY s.line) > 1 THEN 'DUPLICATE'
    END AS finding
    FROM stg_corporate_action s
    LEFT JOIN dim_stock i ON i.symbol = s.symbol
    WHERE s.run_id = $1
) checked
WHERE finding IS NOT NULL";

/// Of which instruments is noted for the version that will be in force. Its row is taken first, so that it is the next one in truth
/// while another load comes to its end.
const PROMOTE_SPLITS: &str = "
WITH in_force AS (
UPDATE meta_market_version SET version = version RETURNING version
), promoted AS (
INSERT INTO fact_corporate_action (instrument_id, type, ex_date, numerator, denominator)
SELECT i.id, 'SPLIT', s.ex_date::date, s.numerator::numeric, s.denominator::numeric
FROM stg_corporate_action s
JOIN dim_stock i ON i.symbol = s.symbol
WHERE s.run_id = $1
    AND NOT EXISTS (SELECT FROM meta_data_quality q WHERE q.run_id = s.run_id AND q.line = s.line)
ON CONFLICT (instrument_id, type, ex_date) DO UPDATE
    SET numerator = excluded.numerator, denominator = excluded.denominator
    WHERE (fact_corporate_action.numerator, fact_corporate_action.denominator)
        IS DISTINCT FROM (excluded.numerator, excluded.denominator)
RETURNING instrument_id, ex_date
), noted AS (
INSERT INTO meta_action_change (version, instrument_id, changed_from)
SELECT v.version + 1, p.instrument_id, min(p.ex_date) FROM promoted p CROSS JOIN in_force v
GROUP BY v.version, p.instrument_id
ON CONFLICT (version, instrument_id) DO UPDATE
    SET changed_from = least(meta_action_change.changed_from, excluded.changed_from)
)
SELECT FROM promoted";

/// Stages, checks and promotes splits: symbol, ex-date, numerator, denominator. The session is the one that puts the next version in
/// force: whoever sees a split sees its version.
pub async fn load_splits(session: &Session<Market>, run: &Run, rows: &[Vec<String>]) -> Result<Outcome, DatabaseError> {
    let delivered = stage(session, STAGE_SPLITS, run, rows).await?;
    let held = of_run(session, CHECK_SPLITS, run).await?;
    let promoted = of_run(session, PROMOTE_SPLITS, run).await?;
    Ok(Outcome { delivered, promoted, held })
}

const STAGE_DIVIDENDS: &str =
    "COPY stg_dividend (run_id, line, provider, symbol, type, ex_date, pay_date, amount, currency) FROM STDIN";

/// A dividend may lie ahead, as a split may.
const CHECK_DIVIDENDS: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, detail)
SELECT run_id, line, 'dividends', finding,
    format('%s of symbol %s, ex-date %s, pay date %s, %s %s', type, symbol, ex_date, pay_date, amount, currency)
FROM (
    SELECT s.*, CASE
        WHEN s.type NOT IN ('CASH_DIVIDEND', 'SPECIAL_DIVIDEND') THEN 'UNKNOWN_TYPE'
        WHEN s.ex_date !~ readable.day OR s.pay_date !~ (readable.day || '|^$') THEN 'INVALID_DATE'
        WHEN s.amount !~ '^\\d{1,15}(\\.\\d{1,10})?$' THEN 'INVALID_AMOUNT'
        WHEN i.id IS NULL THEN 'UNKNOWN_SYMBOL'
        WHEN c.code IS NULL THEN 'UNKNOWN_CURRENCY'
        WHEN s.amount::numeric <= 0 THEN 'NOT_POSITIVE'
        WHEN nullif(s.pay_date, '')::date < s.ex_date::date THEN 'PAID_EARLY'
        WHEN row_number() OVER (PARTITION BY s.symbol, s.type, s.ex_date ORDER BY s.line) > 1 THEN 'DUPLICATE'
    END AS finding
    FROM stg_dividend s
    CROSS JOIN (SELECT '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' AS day) readable
    LEFT JOIN dim_stock i ON i.symbol = s.symbol
    LEFT JOIN dim_currency c ON c.code = s.currency
    WHERE s.run_id = $1
) checked
WHERE finding IS NOT NULL";

/// No books are made anew for them, since they book nothing.
const PROMOTE_DIVIDENDS: &str = "
INSERT INTO fact_corporate_action (instrument_id, type, ex_date, pay_date, amount, currency)
SELECT i.id, s.type, s.ex_date::date, nullif(s.pay_date, '')::date, s.amount::numeric, s.currency
FROM stg_dividend s
JOIN dim_stock i ON i.symbol = s.symbol
WHERE s.run_id = $1
    AND NOT EXISTS (SELECT FROM meta_data_quality q WHERE q.run_id = s.run_id AND q.line = s.line)
ON CONFLICT (instrument_id, type, ex_date) DO UPDATE
    SET pay_date = excluded.pay_date, amount = excluded.amount, currency = excluded.currency
    WHERE (fact_corporate_action.pay_date, fact_corporate_action.amount, fact_corporate_action.currency)
        IS DISTINCT FROM (excluded.pay_date, excluded.amount, excluded.currency)";

/// Stages, checks and promotes cash dividends: symbol, type, ex-date, pay date (may be empty), amount per unit, currency. One that
/// is delivered again keeps its id.
pub async fn load_dividends(
    session: &Session<Market>,
    run: &Run,
    rows: &[Vec<String>],
) -> Result<Outcome, DatabaseError> {
    let delivered = stage(session, STAGE_DIVIDENDS, run, rows).await?;
    let held = of_run(session, CHECK_DIVIDENDS, run).await?;
    let promoted = of_run(session, PROMOTE_DIVIDENDS, run).await?;
    Ok(Outcome { delivered, promoted, held })
}

/// The dimension tables that a directory of files fills, with their constant statements. Rows already there are kept.
#[derive(Clone, Copy, Debug)]
pub enum Dimension {
    /// code, name, minor unit, withdrawn
    Currencies,
    /// mic, name, country, currency, time zone
    Exchanges,
    /// mic, date, opens at, closes at, early close, break starts at, break ends at, late open
    Sessions,
    /// code, name
    Sectors,
}

impl Dimension {
    /// Where in a row its key stands.
    fn key(self, row: &[Option<String>]) -> [String; 2] {
        let cell = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        match self {
            Self::Currencies | Self::Exchanges | Self::Sectors => [cell(0), String::new()],
            Self::Sessions => [cell(0), cell(1)],
        }
    }

    /// Both parts of each row's key.
    fn keys(self) -> &'static str {
        match self {
            Self::Currencies => "SELECT code, '' FROM dim_currency",
            Self::Exchanges => "SELECT mic, '' FROM dim_exchange",
            Self::Sessions => "SELECT mic, date::text FROM dim_exchange_session",
            Self::Sectors => "SELECT code, '' FROM dim_sector",
        }
    }

    fn statement(self) -> &'static str {
        match self {
            Self::Currencies => "COPY dim_currency (code, name, minor_unit, withdrawn) FROM STDIN",
            Self::Exchanges => "COPY dim_exchange (mic, name, country, currency, time_zone) FROM STDIN",
            Self::Sessions => {
                "COPY dim_exchange_session (mic, date, opens_at, closes_at, early_close, break_starts_at, break_ends_at, \
                 late_open) FROM STDIN"
            }
            Self::Sectors => "COPY dim_sector (code, name) FROM STDIN",
        }
    }
}

/// Adds the rows of a dimension that are not there yet, and returns how many those are; `None` cells are NULL.
pub async fn fill(
    session: &Session<Market>,
    dimension: Dimension,
    rows: &[Vec<Option<String>>],
) -> Result<u64, DatabaseError> {
    let known = known(session, dimension).await?;
    let new: Vec<_> = rows.iter().filter(|row| !known.contains(&dimension.key(row))).collect();
    let chunks = new.chunks(CHUNK).map(|chunk| {
        let mut copy = CopyRows::default();
        for row in chunk {
            for cell in *row {
                copy.optional(cell.as_ref());
            }
            copy.end_row();
        }
        copy.into_chunk()
    });
    session.copy_in(dimension.statement(), chunks).await
}

async fn known(session: &Session<Market>, dimension: Dimension) -> Result<HashSet<[String; 2]>, DatabaseError> {
    let statement = Statement::from_string(DbBackend::Postgres, dimension.keys());
    let rows = session.query_all_raw(statement).await?;
    let key = |row: &QueryResult| Ok([row.try_get_by_index(0)?, row.try_get_by_index(1)?]);
    rows.iter().map(key).collect()
}

/// The last day on which every stock that is priced by an exchange and still traded has a close.
const BUMP: &str = "
WITH change AS (
    INSERT INTO meta_market_change (version, changed_from) SELECT version + 1, pending_from FROM meta_market_version
)
UPDATE meta_market_version SET version = version + 1, pending_from = NULL, last_complete_day = (
    SELECT min(latest) FROM (
        SELECT max(p.date) AS latest
        FROM dim_stock i LEFT JOIN fact_stock_price p ON p.instrument_id = i.id
        WHERE i.price_source = 'EXCHANGE' AND i.asset_type = 'STOCK' AND NOT i.delisted
        GROUP BY i.id
    ) of_instrument
)";

/// Puts what was loaded in force: readers with an older version cached read again.
pub async fn bump_version(session: &Session<Market>) -> Result<(), DatabaseError> {
    session.execute_raw(Statement::from_string(DbBackend::Postgres, BUMP)).await?;
    Ok(())
}
