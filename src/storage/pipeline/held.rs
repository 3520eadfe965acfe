//! Rows that a check held back: what is shown of them, and what a decision about one does.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::execute;
use crate::storage::Page;
use crate::storage::statement::statement;
use crate::tenancy::{DatabaseError, Market, Session};

/// A held row as it stands.
#[derive(Clone, Debug, FromQueryResult)]
pub struct HeldRow {
    /// Its id, made of what was delivered.
    pub id: Uuid,
    /// What it was delivered as, e.g. `prices`.
    pub dataset: String,
    /// By whom.
    pub provider: String,
    /// The run that brought it first.
    pub run_id: Uuid,
    /// Its line there.
    pub line: i32,
    /// Since when it is held.
    pub held_at: DateTime<Utc>,
    /// How often it came.
    pub deliveries: i32,
    /// Its cells as delivered.
    pub cells: serde_json::Value,
    /// Codes of what is wrong with it, with commas between.
    pub findings: String,
    /// What is wrong with it, with the figures.
    pub reason: String,
    /// Of which instrument, where that could be told.
    pub instrument_id: Option<Uuid>,
    /// The instrument's symbol.
    pub symbol: Option<String>,
    /// The instrument's market.
    pub mic: Option<String>,
    /// The currency that is priced, of a rate.
    pub base: Option<String>,
    /// The currency that it is priced in, of a rate.
    pub quote: Option<String>,
    /// Its day, where that could be read.
    pub date: Option<NaiveDate>,
    /// What would be stored, where that could be read: raw and in the instrument's currency.
    pub value: Option<Decimal>,
    /// What is stored of that day.
    pub stored: Option<Decimal>,
    /// `OPEN`, `ACCEPTED`, `REJECTED`, `REPAIRED` or `SUPERSEDED`.
    pub state: String,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// By whom.
    pub decided_by_name: Option<String>,
    /// What was stored by the decision.
    pub decided_value: Option<Decimal>,
    /// What was said of it.
    pub note: Option<String>,
}

/// Which held rows to show; what is not given does not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<&'static str>,
    /// Only of this dataset.
    pub dataset: Option<&'static str>,
    /// Only of this instrument.
    pub instrument: Option<Uuid>,
}

impl Filter {
    fn values(&self) -> [Value; 3] {
        [self.state.into(), self.dataset.into(), self.instrument.into()]
    }
}

const SELECT: &str = "
SELECT h.id, h.dataset, h.provider, h.run_id, h.line, h.held_at, h.deliveries, h.cells, array_to_string(h.findings, ',') AS findings,
    h.reason, h.instrument_id, i.symbol, i.mic, h.base, h.quote, h.date, h.value, coalesce(f.close, r.rate) AS stored, h.state,
    h.decided_at, h.decided_by_name, h.decided_value, h.note
FROM stg_held_row h
LEFT JOIN dim_stock i ON i.id = h.instrument_id
LEFT JOIN fact_stock_price f ON h.dataset = 'prices' AND f.instrument_id = h.instrument_id AND f.date = h.date
LEFT JOIN fact_fx_rate r ON h.dataset = 'exchange rates' AND (r.base, r.quote, r.date) = (h.base, h.quote, h.date)
WHERE ($1::text IS NULL OR h.state = $1) AND ($2::text IS NULL OR h.dataset = $2)
    AND ($3::uuid IS NULL OR h.instrument_id = $3)
    AND ($4::timestamptz IS NULL OR (h.held_at, h.id) < ($4, $5::uuid)) AND ($6::uuid IS NULL OR h.id = $6)
ORDER BY h.held_at DESC, h.id DESC LIMIT $7";

/// Held rows, the latest first.
pub async fn page(
    session: &Session<Market>,
    filter: &Filter,
    page: Page<(DateTime<Utc>, Uuid)>,
) -> Result<Vec<HeldRow>, DatabaseError> {
    let (at, id) = page.after.unzip();
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let values = filter.values().into_iter().chain([at.into(), id.into(), None::<Uuid>.into(), limit.into()]);
    Ok(HeldRow::find_by_statement(statement(SELECT, values)).all(session).await?)
}

/// How many held rows a filter leaves.
pub async fn count(session: &Session<Market>, filter: &Filter) -> Result<u64, DatabaseError> {
    super::counted(session, COUNT, filter.values()).await
}

const COUNT: &str = "
SELECT count(*) FROM stg_held_row h
WHERE ($1::text IS NULL OR h.state = $1) AND ($2::text IS NULL OR h.dataset = $2) AND ($3::uuid IS NULL OR h.instrument_id = $3)";

/// One held row.
pub async fn find(session: &Session<Market>, id: Uuid) -> Result<Option<HeldRow>, DatabaseError> {
    let none = [None::<Uuid>.into(), Some(id).into(), 1_i64.into()];
    let values = Filter::default().values().into_iter().chain([None::<DateTime<Utc>>.into()]).chain(none);
    Ok(HeldRow::find_by_statement(statement(SELECT, values)).one(session).await?)
}

/// What becomes of a held row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is stored as it was delivered.
    Accept,
    /// It is not stored.
    Reject,
    /// This is stored in its place.
    Repair(Decimal),
}

/// A decision, by whom and when.
#[derive(Clone, Debug)]
pub struct Decided {
    /// What was decided.
    pub decision: Decision,
    /// What is stored by it.
    pub value: Option<Decimal>,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Uuid,
    /// What they are called.
    pub by_name: String,
    /// What they said of it.
    pub note: Option<String>,
}

/// Notes the decision, if nobody has decided before. Whether that was so.
pub async fn decide(session: &Session<Market>, id: Uuid, decided: &Decided) -> Result<bool, DatabaseError> {
    let state = match decided.decision {
        Decision::Accept => "ACCEPTED",
        Decision::Reject => "REJECTED",
        Decision::Repair(_) => "REPAIRED",
    };
    let values: [Value; 7] = [
        id.into(),
        state.into(),
        decided.at.into(),
        decided.by.into(),
        decided.by_name.as_str().into(),
        decided.value.into(),
        decided.note.as_deref().into(),
    ];
    Ok(execute(session, DECIDE, values).await? > 0)
}

const DECIDE: &str = "
UPDATE stg_held_row SET state = $2, decided_at = $3, decided_by = $4, decided_by_name = $5, decided_value = $6, note = $7
WHERE id = $1 AND state = 'OPEN'";

/// Stores what was decided into the version `next`, marked as estimated. What it takes the place of becomes a revision.
pub async fn promote(session: &Session<Market>, held: &HeldRow, next: i64) -> Result<u64, DatabaseError> {
    let sql = if held.dataset == "prices" { PROMOTE_PRICE } else { PROMOTE_RATE };
    let row = session.query_one_raw(statement(sql, [held.id.into(), next.into()])).await?;
    Ok(super::pair(row.as_ref())?.0)
}

const PROMOTE_PRICE: &str = "
WITH chosen AS MATERIALIZED (
    SELECT h.instrument_id, h.date, h.decided_value AS close, h.provider, f.close AS stored, f.status AS stored_status,
        f.version AS stored_version
    FROM stg_held_row h
    LEFT JOIN fact_stock_price f ON f.instrument_id = h.instrument_id AND f.date = h.date
    WHERE h.id = $1 AND (f.close, f.status) IS DISTINCT FROM (h.decided_value, 'E')
), promoted AS (
    INSERT INTO fact_stock_price (instrument_id, date, close, status, version)
    SELECT instrument_id, date, close, 'E', $2 FROM chosen
    ON CONFLICT (instrument_id, date) DO UPDATE
        SET close = excluded.close, status = excluded.status, version = excluded.version
), replaced AS (
    INSERT INTO fact_price_revision (instrument_id, date, superseded_version, version, close, status)
    SELECT instrument_id, date, $2, stored_version, stored, stored_status FROM chosen WHERE stored_status <> 'P'
), noted AS (
    UPDATE meta_market_version SET pending_from = least(pending_from, (SELECT min(date) FROM chosen))
), series AS (
    INSERT INTO meta_price_series AS s (instrument_id, changed_version, first_date, last_date, last_final_date, days, last_close,
        last_status, provider)
    SELECT instrument_id, $2, date, date, date, CASE WHEN stored IS NULL THEN 1 ELSE 0 END, close, 'E', provider FROM chosen
    ON CONFLICT (instrument_id) DO UPDATE SET
        changed_version = excluded.changed_version,
        first_date = least(s.first_date, excluded.first_date),
        last_date = greatest(s.last_date, excluded.last_date),
        last_final_date = greatest(s.last_final_date, excluded.last_final_date),
        days = s.days + excluded.days,
        unchanged_days = 0,
        last_close = CASE WHEN excluded.last_date >= s.last_date THEN excluded.last_close ELSE s.last_close END,
        last_status = CASE WHEN excluded.last_date >= s.last_date THEN excluded.last_status ELSE s.last_status END
)
SELECT count(*), count(stored) FROM chosen";

const PROMOTE_RATE: &str = "
WITH chosen AS MATERIALIZED (
    SELECT h.base, h.quote, h.date, h.decided_value AS rate, f.rate AS stored, f.status AS stored_status, f.version AS stored_version
    FROM stg_held_row h
    LEFT JOIN fact_fx_rate f ON (f.base, f.quote, f.date) = (h.base, h.quote, h.date)
    WHERE h.id = $1 AND (f.rate, f.status) IS DISTINCT FROM (h.decided_value, 'E')
), promoted AS (
    INSERT INTO fact_fx_rate (base, quote, date, rate, status, version) SELECT base, quote, date, rate, 'E', $2 FROM chosen
    ON CONFLICT (base, quote, date) DO UPDATE SET rate = excluded.rate, status = excluded.status, version = excluded.version
), replaced AS (
    INSERT INTO fact_fx_rate_revision (base, quote, date, superseded_version, version, rate, status)
    SELECT base, quote, date, $2, stored_version, stored, stored_status FROM chosen WHERE stored IS NOT NULL
), noted AS (
    UPDATE meta_market_version SET pending_from = least(pending_from, (SELECT min(date) FROM chosen))
)
SELECT count(*), count(stored) FROM chosen";
