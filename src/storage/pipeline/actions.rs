//! Splits and cash dividends: staged as delivered, checked, held or promoted. Both may lie ahead: what is announced is known before.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::run::{Outcome, Run};
use super::{Asked, execute, stage_cells};
use crate::storage::statement::statement;
use crate::tenancy::{DatabaseError, Market, Session};

const STAGE_SPLITS: &str = "COPY stg_corporate_action (run_id, line, provider, fetched_at, instrument_id, symbol, mic, ex_date, \
    numerator, denominator) FROM STDIN";

/// As for prices, nobody has counted what is staged.
const OPEN: &str = "
SET LOCAL enable_nestloop = off;
CREATE TEMP TABLE IF NOT EXISTS checked_action (
    line integer NOT NULL, instrument_id uuid, type text, ex_date date, numerator numeric, denominator numeric, pay_date date,
    amount numeric, currency text, nth bigint, status text NOT NULL DEFAULT 'F'
) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS row_finding (
    line integer NOT NULL, finding text NOT NULL, detail text NOT NULL
) ON COMMIT DROP;
TRUNCATE checked_action, row_finding";

const READ_SPLITS: &str = "
INSERT INTO checked_action (line, instrument_id, type, ex_date, numerator, denominator, nth)
SELECT s.line, i.id, 'SPLIT', read_day(s.ex_date), read_number(s.numerator), read_number(s.denominator),
    row_number() OVER (PARTITION BY i.id, s.ex_date, i.id IS NULL, CASE WHEN i.id IS NULL THEN s.line END ORDER BY s.line)
FROM stg_corporate_action s CROSS JOIN LATERAL find_instrument(s.instrument_id, s.symbol, s.mic) i
WHERE s.run_id = $1";

/// A row is held for the first of these that is so.
const FIND_SPLITS: &str = "
INSERT INTO row_finding
SELECT line, finding, format('symbol %s, ex-date %s, %s for %s', left(symbol, 40), left(s_date, 40), left(new, 40), left(old, 40))
FROM (
    SELECT c.line, s.symbol, s.ex_date AS s_date, s.numerator AS new, s.denominator AS old, CASE
        WHEN c.ex_date IS NULL THEN 'INVALID_DATE'
        WHEN c.numerator IS NULL OR c.denominator IS NULL THEN 'INVALID_RATIO'
        WHEN c.instrument_id IS NULL AND (find_instrument(s.instrument_id, s.symbol, s.mic)).candidates > 1 THEN 'AMBIGUOUS_SYMBOL'
        WHEN c.instrument_id IS NULL THEN 'UNKNOWN_SYMBOL'
        WHEN c.numerator <= 0 OR c.denominator <= 0 THEN 'NOT_POSITIVE'
        WHEN c.nth > 1 THEN 'DUPLICATE'
        WHEN f.status = 'E' AND (f.numerator, f.denominator) <> (c.numerator, c.denominator) THEN 'DECIDED_BEFORE'
    END AS finding
    FROM checked_action c JOIN stg_corporate_action s ON s.run_id = $1 AND s.line = c.line
    LEFT JOIN fact_corporate_action f ON f.instrument_id = c.instrument_id AND f.type = c.type AND f.ex_date = c.ex_date
) found WHERE finding IS NOT NULL";

const HOLD_SPLITS: &str = "
INSERT INTO stg_held_row (id, dataset, provider, run_id, line, held_at, last_run_id, cells, findings, reason, instrument_id, date, state)
SELECT DISTINCT ON (keyed.id) keyed.id, 'splits', s.provider, $1, q.line, $2, $1,
    jsonb_build_object('symbol', s.symbol, 'mic', s.mic, 'exDate', s.ex_date, 'numerator', s.numerator, 'denominator', s.denominator),
    ARRAY[q.finding], q.detail, c.instrument_id, c.ex_date, 'OPEN'
FROM row_finding q
JOIN stg_corporate_action s ON s.run_id = $1 AND s.line = q.line
JOIN checked_action c ON c.line = q.line
CROSS JOIN LATERAL (SELECT md5(concat_ws(chr(31), 'splits', s.provider, coalesce(s.instrument_id::text, ''), s.symbol, s.mic,
    s.ex_date, s.numerator, s.denominator, q.finding))::uuid AS id) keyed
ORDER BY keyed.id, q.line
ON CONFLICT (id) DO UPDATE SET last_run_id = excluded.last_run_id, deliveries = stg_held_row.deliveries + 1,
    state = CASE stg_held_row.state WHEN 'SUPERSEDED' THEN 'OPEN' ELSE stg_held_row.state END";

const STAGE_DIVIDENDS: &str = "COPY stg_dividend (run_id, line, provider, fetched_at, instrument_id, symbol, mic, type, ex_date, \
    pay_date, amount, currency) FROM STDIN";

/// An amount in a quote unit is converted exactly.
const READ_DIVIDENDS: &str = "
INSERT INTO checked_action (line, instrument_id, type, ex_date, pay_date, amount, currency, nth)
SELECT s.line, i.id, CASE WHEN s.type IN ('CASH_DIVIDEND', 'SPECIAL_DIVIDEND') THEN s.type END, read_day(s.ex_date),
    read_day(nullif(s.pay_date, '')), read_number(s.amount) * CASE WHEN u.currency IS NULL THEN 1 ELSE 0.01 END, c.code,
    row_number() OVER (PARTITION BY i.id, s.type, s.ex_date, CASE WHEN i.id IS NULL THEN s.line END ORDER BY s.line)
FROM stg_dividend s
CROSS JOIN LATERAL find_instrument(s.instrument_id, s.symbol, s.mic) i
LEFT JOIN (VALUES ('GBp', 'GBP'), ('GBX', 'GBP'), ('ILA', 'ILS'), ('ZAc', 'ZAR'), ('ZAC', 'ZAR')) u (unit, currency)
    ON u.unit = s.currency
LEFT JOIN dim_currency c ON c.code = coalesce(u.currency, s.currency)
WHERE s.run_id = $1";

const FIND_DIVIDENDS: &str = "
INSERT INTO row_finding
SELECT line, finding, format('%s of symbol %s, ex-date %s, pay date %s, %s %s', left(kind, 40), left(symbol, 40), left(s_date, 40),
    left(paid, 40), left(given, 40), left(given_in, 10))
FROM (
    SELECT c.line, s.type AS kind, s.symbol, s.ex_date AS s_date, s.pay_date AS paid, s.amount AS given, s.currency AS given_in, CASE
        WHEN c.type IS NULL THEN 'UNKNOWN_TYPE'
        WHEN c.ex_date IS NULL OR c.pay_date IS NULL AND s.pay_date <> '' THEN 'INVALID_DATE'
        WHEN c.amount IS NULL THEN 'INVALID_AMOUNT'
        WHEN c.instrument_id IS NULL AND (find_instrument(s.instrument_id, s.symbol, s.mic)).candidates > 1 THEN 'AMBIGUOUS_SYMBOL'
        WHEN c.instrument_id IS NULL THEN 'UNKNOWN_SYMBOL'
        WHEN c.currency IS NULL THEN 'UNKNOWN_CURRENCY'
        WHEN c.amount <= 0 THEN 'NOT_POSITIVE'
        WHEN c.pay_date < c.ex_date THEN 'PAID_EARLY'
        WHEN c.nth > 1 THEN 'DUPLICATE'
        WHEN f.status = 'E' AND (f.pay_date, f.amount, f.currency) IS DISTINCT FROM (c.pay_date, c.amount, c.currency)
            THEN 'DECIDED_BEFORE'
    END AS finding
    FROM checked_action c JOIN stg_dividend s ON s.run_id = $1 AND s.line = c.line
    LEFT JOIN fact_corporate_action f ON f.instrument_id = c.instrument_id AND f.type = c.type AND f.ex_date = c.ex_date
) found WHERE finding IS NOT NULL";

const HOLD_DIVIDENDS: &str = "
INSERT INTO stg_held_row (id, dataset, provider, run_id, line, held_at, last_run_id, cells, findings, reason, instrument_id, date, state)
SELECT DISTINCT ON (keyed.id) keyed.id, 'dividends', s.provider, $1, q.line, $2, $1,
    jsonb_build_object('symbol', s.symbol, 'mic', s.mic, 'type', s.type, 'exDate', s.ex_date, 'payDate', s.pay_date,
        'amount', s.amount, 'currency', s.currency),
    ARRAY[q.finding], q.detail, c.instrument_id, c.ex_date, 'OPEN'
FROM row_finding q
JOIN stg_dividend s ON s.run_id = $1 AND s.line = q.line
JOIN checked_action c ON c.line = q.line
CROSS JOIN LATERAL (SELECT md5(concat_ws(chr(31), 'dividends', s.provider, coalesce(s.instrument_id::text, ''), s.symbol, s.mic, s.type,
    s.ex_date, s.pay_date, s.amount, s.currency, q.finding))::uuid AS id) keyed
ORDER BY keyed.id, q.line
ON CONFLICT (id) DO UPDATE SET last_run_id = excluded.last_run_id, deliveries = stg_held_row.deliveries + 1,
    state = CASE stg_held_row.state WHEN 'SUPERSEDED' THEN 'OPEN' ELSE stg_held_row.state END";

/// What replaces another becomes a revision of it, and keeps its id. Of splits it is noted of which instruments the version `$1` knows
/// others: their books are made anew. Dividends book nothing.
const PROMOTE: &str = "
WITH chosen AS MATERIALIZED (
    SELECT c.*, f.instrument_id AS known, f.numerator AS old_numerator, f.denominator AS old_denominator, f.pay_date AS old_pay_date,
        f.amount AS old_amount, f.currency AS old_currency, f.version AS old_version, f.status AS old_status
    FROM checked_action c
    LEFT JOIN fact_corporate_action f ON f.instrument_id = c.instrument_id AND f.type = c.type AND f.ex_date = c.ex_date
    WHERE NOT EXISTS (SELECT FROM row_finding q WHERE q.line = c.line)
        AND (f.instrument_id IS NULL OR c.status = 'E' AND f.status <> 'E'
            OR (f.numerator, f.denominator, f.pay_date, f.amount, f.currency)
                IS DISTINCT FROM (c.numerator, c.denominator, c.pay_date, c.amount, c.currency))
), promoted AS (
    INSERT INTO fact_corporate_action
        (instrument_id, type, ex_date, numerator, denominator, pay_date, amount, currency, status, version)
    SELECT instrument_id, type, ex_date, numerator, denominator, pay_date, amount, currency, status, $1 FROM chosen
    ON CONFLICT (instrument_id, type, ex_date) DO UPDATE SET numerator = excluded.numerator, denominator = excluded.denominator,
        pay_date = excluded.pay_date, amount = excluded.amount, currency = excluded.currency, status = excluded.status,
        version = excluded.version
), replaced AS (
    INSERT INTO fact_corporate_action_revision (instrument_id, type, ex_date, superseded_version, version, numerator, denominator,
        pay_date, amount, currency, status)
    SELECT known, type, ex_date, $1, old_version, old_numerator, old_denominator, old_pay_date, old_amount, old_currency, old_status
    FROM chosen WHERE known IS NOT NULL
), noted AS (
    INSERT INTO meta_action_change (version, instrument_id, changed_from)
    SELECT $1, instrument_id, min(ex_date) FROM chosen WHERE type = 'SPLIT' GROUP BY instrument_id
    ON CONFLICT (version, instrument_id) DO UPDATE
        SET changed_from = least(meta_action_change.changed_from, excluded.changed_from)
)
SELECT count(*), count(known) FROM chosen";

/// A good row of a provider takes the place of those of its instrument, day and kind that wait since an earlier run.
const SUPERSEDE: &str = "
UPDATE stg_held_row h SET state = 'SUPERSEDED' FROM checked_action c
WHERE h.state = 'OPEN' AND h.dataset = $2 AND h.provider = $3 AND h.instrument_id = c.instrument_id AND h.date = c.ex_date
    AND coalesce(h.cells->>'type', 'SPLIT') = c.type AND h.last_run_id <> $1
    AND NOT EXISTS (SELECT FROM row_finding q WHERE q.line = c.line)";

/// Stages, checks and promotes splits: symbol, market, ex-date, numerator, denominator.
pub async fn load_splits<'a>(
    session: &Session<Market>,
    run: &Run,
    fetched_at: DateTime<Utc>,
    rows: impl ExactSizeIterator<Item = Asked<'a, 5>> + Send,
    next: i64,
) -> Result<Outcome, DatabaseError> {
    let delivered = stage_cells(session, STAGE_SPLITS, run, fetched_at, rows).await?;
    settle(session, run, delivered, next, [READ_SPLITS, FIND_SPLITS, HOLD_SPLITS]).await
}

/// Stages, checks and promotes cash dividends: symbol, market, kind, ex-date, pay date (may be empty), amount per unit, currency.
pub async fn load_dividends<'a>(
    session: &Session<Market>,
    run: &Run,
    fetched_at: DateTime<Utc>,
    rows: impl ExactSizeIterator<Item = Asked<'a, 7>> + Send,
    next: i64,
) -> Result<Outcome, DatabaseError> {
    let delivered = stage_cells(session, STAGE_DIVIDENDS, run, fetched_at, rows).await?;
    settle(session, run, delivered, next, [READ_DIVIDENDS, FIND_DIVIDENDS, HOLD_DIVIDENDS]).await
}

/// A split or a dividend as somebody decided that it is.
#[derive(Clone, Debug)]
pub struct Action {
    /// Of which instrument.
    pub instrument: Uuid,
    /// The first day without it.
    pub ex_date: NaiveDate,
    /// What is done.
    pub terms: Terms,
}

/// What an issuer does.
#[derive(Clone, Debug)]
pub enum Terms {
    /// So many new units stand in for so many old ones.
    Split {
        /// New units.
        numerator: Decimal,
        /// Old units.
        denominator: Decimal,
    },
    /// Money is paid.
    Dividend {
        /// `CASH_DIVIDEND` or `SPECIAL_DIVIDEND`.
        kind: &'static str,
        /// When, where that is known.
        pay_date: Option<NaiveDate>,
        /// How much a unit.
        amount: Decimal,
        /// In which currency.
        currency: String,
    },
}

const DECIDE: &str = "
INSERT INTO checked_action (line, instrument_id, type, ex_date, numerator, denominator, pay_date, amount, currency, nth, status)
VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, 1, 'E')";

/// Promotes what was decided into the version `next`, as a delivered row is promoted, marked as estimated. Returns how many rows it
/// changed.
pub async fn promote_decided(session: &Session<Market>, action: &Action, next: i64) -> Result<u64, DatabaseError> {
    super::each(session, OPEN).await?;
    let (none, no_day) = (None::<Decimal>, None::<NaiveDate>);
    let terms: [Value; 6] = match &action.terms {
        Terms::Split { numerator, denominator } => [
            "SPLIT".into(),
            (*numerator).into(),
            (*denominator).into(),
            no_day.into(),
            none.into(),
            None::<String>.into(),
        ],
        Terms::Dividend { kind, pay_date, amount, currency } => {
            [(*kind).into(), none.into(), none.into(), (*pay_date).into(), (*amount).into(), currency.as_str().into()]
        }
    };
    let [kind, numerator, denominator, pay_date, amount, currency] = terms;
    let (instrument, ex_date) = (action.instrument.into(), action.ex_date.into());
    let values = [instrument, kind, ex_date, numerator, denominator, pay_date, amount, currency];
    execute(session, DECIDE, values).await?;
    let row = session.query_one_raw(statement(PROMOTE, [next.into()])).await?;
    Ok(super::pair(row.as_ref())?.0)
}

async fn settle(
    session: &Session<Market>,
    run: &Run,
    delivered: u64,
    next: i64,
    [read, find, hold]: [&'static str; 3],
) -> Result<Outcome, DatabaseError> {
    super::each(session, OPEN).await?;
    execute(session, read, [run.id.into()]).await?;
    execute(session, find, [run.id.into()]).await?;
    execute(session, hold, [run.id.into(), run.started_at.into()]).await?;
    super::record_findings(session, run).await?;
    execute(session, SUPERSEDE, [run.id.into(), run.dataset.name().into(), run.provider.as_str().into()]).await?;
    let held = super::counted(session, super::HELD_LINES, []).await?;
    let row = session.query_one_raw(statement(PROMOTE, [next.into()])).await?;
    let (promoted, revised) = super::pair(row.as_ref())?;
    Ok(Outcome { delivered, promoted, held, revised })
}
