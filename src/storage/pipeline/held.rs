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
    /// The series, of an indicator that is known.
    pub code: Option<String>,
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
    /// The same by name, of a split or a dividend.
    pub stored_terms: Option<serde_json::Value>,
    /// `OPEN`, `ACCEPTED`, `REJECTED`, `REPAIRED` or `SUPERSEDED`.
    pub state: String,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// By whom.
    pub decided_by_name: Option<String>,
    /// What was stored by the decision.
    pub decided_value: Option<Decimal>,
    /// The same by name.
    pub decided: Option<serde_json::Value>,
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
    h.reason, h.instrument_id, i.symbol, i.mic, h.code, h.base, h.quote, h.date, h.value, coalesce(f.close, r.rate, m.value) AS stored,
    CASE WHEN a.id IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object('numerator', trim_scale(a.numerator)::text,
        'denominator', trim_scale(a.denominator)::text, 'payDate', a.pay_date, 'amount', trim_scale(a.amount)::text,
        'currency', a.currency)) END AS stored_terms,
    h.state, h.decided_at, h.decided_by_name, h.decided_value, h.decided, h.note
FROM stg_held_row h
LEFT JOIN dim_stock i ON i.id = h.instrument_id
LEFT JOIN fact_stock_price f ON h.dataset = 'prices' AND f.instrument_id = h.instrument_id AND f.date = h.date
LEFT JOIN fact_fx_rate r ON h.dataset = 'exchange rates' AND (r.base, r.quote, r.date) = (h.base, h.quote, h.date)
LEFT JOIN fact_market_indicator m ON h.dataset = 'indicators' AND m.code = h.code AND m.date = h.date
LEFT JOIN fact_corporate_action a ON a.instrument_id = h.instrument_id AND a.ex_date = h.date
    AND a.type = CASE h.dataset WHEN 'splits' THEN 'SPLIT' WHEN 'dividends' THEN h.cells ->> 'type' END
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

/// A split or a dividend that is held, as far as its cells can be read now.
#[derive(Clone, Debug, FromQueryResult)]
pub struct DeliveredAction {
    /// The instrument that it was delivered for, or that has its symbol since.
    pub instrument_id: Option<Uuid>,
    /// The ex-date.
    pub ex_date: Option<NaiveDate>,
    /// New units of a split.
    pub numerator: Option<Decimal>,
    /// Old units of a split.
    pub denominator: Option<Decimal>,
    /// The kind of a dividend.
    pub kind: Option<String>,
    /// Whether a pay date was delivered.
    pub has_pay_date: bool,
    /// The pay date.
    pub pay_date: Option<NaiveDate>,
    /// The amount a unit; one in hundredths is converted.
    pub amount: Option<Decimal>,
    /// Its currency, where that is known.
    pub currency: Option<String>,
}

const ACTION: &str = "
SELECT coalesce(h.instrument_id, (find_instrument(NULL, h.cells ->> 'symbol', h.cells ->> 'mic')).id) AS instrument_id,
    read_day(h.cells ->> 'exDate') AS ex_date, read_number(h.cells ->> 'numerator') AS numerator,
    read_number(h.cells ->> 'denominator') AS denominator, h.cells ->> 'type' AS kind,
    coalesce(h.cells ->> 'payDate', '') <> '' AS has_pay_date, read_day(h.cells ->> 'payDate') AS pay_date,
    read_number(h.cells ->> 'amount') * CASE WHEN u.currency IS NULL THEN 1 ELSE 0.01 END AS amount, c.code AS currency
FROM stg_held_row h
LEFT JOIN (VALUES ('GBp', 'GBP'), ('GBX', 'GBP'), ('ILA', 'ILS'), ('ZAc', 'ZAR'), ('ZAC', 'ZAR')) u (unit, currency)
    ON u.unit = h.cells ->> 'currency'
LEFT JOIN dim_currency c ON c.code = coalesce(u.currency, h.cells ->> 'currency')
WHERE h.id = $1";

/// Reads the cells of a held split or dividend.
pub async fn action(session: &Session<Market>, id: Uuid) -> Result<DeliveredAction, DatabaseError> {
    let row = DeliveredAction::find_by_statement(statement(ACTION, [id.into()])).one(session).await?;
    row.ok_or_else(|| DatabaseError::Corrupt(format!("the held row {id} is gone")))
}

/// Whether there is such an instrument.
pub async fn is_instrument(session: &Session<Market>, id: Uuid) -> Result<bool, DatabaseError> {
    Ok(super::counted(session, "SELECT count(*) FROM dim_stock WHERE id = $1", [id.into()]).await? > 0)
}

/// A decision, by whom and when.
#[derive(Clone, Debug)]
pub struct Decided {
    /// `ACCEPTED`, `REJECTED` or `REPAIRED`.
    pub state: &'static str,
    /// What is stored by it, where that is one number.
    pub value: Option<Decimal>,
    /// What is stored by it, by name.
    pub content: Option<serde_json::Value>,
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
    let values: [Value; 8] = [
        id.into(),
        decided.state.into(),
        decided.at.into(),
        decided.by.into(),
        decided.by_name.as_str().into(),
        decided.value.into(),
        decided.note.as_deref().into(),
        decided.content.clone().into(),
    ];
    Ok(execute(session, DECIDE, values).await? > 0)
}

const DECIDE: &str = "
UPDATE stg_held_row
SET state = $2, decided_at = $3, decided_by = $4, decided_by_name = $5, decided_value = $6, note = $7, decided = $8
WHERE id = $1 AND state = 'OPEN'";

/// Stores the close or the rate that was decided into the version `next`, marked as estimated. What it takes the place of becomes a revision.
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
