//! Runs of the data pipeline, what its checks found, and rows that wait for a decision.

use async_graphql::{Enum, ID, Json, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::graphql::connection::connection;
use crate::graphql::id::Kind;
use crate::graphql::scalars::{Date, Decimal, Instant};
use crate::storage::pipeline::findings::Found;
use crate::storage::pipeline::held::HeldRow;
use crate::storage::pipeline::run::Logged;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum RefreshState {
    /// It is at work.
    Running,
    /// It came to its end. Rows may be held.
    Done,
    /// It failed, and nothing of it is kept.
    Failed,
    /// Its process was ended before it was, and nothing of it is kept.
    Interrupted,
}

/// A run of the data pipeline: one delivery of one provider.
#[derive(Clone, Debug, SimpleObject)]
pub struct RefreshRun {
    /// The run's id.
    id: ID,
    /// What was loaded: `prices`, `exchange rates`, `splits`, `dividends` and so on.
    dataset: String,
    /// Where it came from.
    provider: String,
    /// What was asked for.
    asked: String,
    /// Where it stands.
    state: RefreshState,
    /// When it began.
    started_at: Instant,
    /// When it ended; null where it has not.
    finished_at: Option<Instant>,
    /// Rows that were delivered; null where it did not come to that, as are the counts below.
    delivered: Option<i32>,
    /// Rows that are new to the clean data or changed it.
    promoted: Option<i32>,
    /// Rows that a check held back, those that wait since an earlier run among them.
    held: Option<i32>,
    /// Of those promoted, rows that took the place of another value.
    revised: Option<i32>,
    /// Why it failed.
    error: Option<String>,
}

impl RefreshRun {
    /// A run as it stands now.
    pub fn new(row: Logged, now: DateTime<Utc>) -> Self {
        let state = match (&row.error, row.finished_at) {
            (Some(_), _) => RefreshState::Failed,
            (None, Some(_)) => RefreshState::Done,
            (None, None) if row.was_interrupted(now) => RefreshState::Interrupted,
            (None, None) => RefreshState::Running,
        };
        let count = |rows: Option<i64>| rows.map(|rows| i32::try_from(rows).unwrap_or(i32::MAX));
        Self {
            id: Kind::RefreshRun.id(row.id),
            dataset: row.dataset,
            provider: row.provider,
            asked: row.asked,
            state,
            started_at: Instant(row.started_at),
            finished_at: row.finished_at.map(Instant),
            delivered: count(row.rows_delivered),
            promoted: count(row.rows_promoted),
            held: count(row.rows_held),
            revised: count(row.rows_revised),
            error: row.error,
        }
    }
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FindingSeverity {
    /// Worth knowing.
    Info,
    /// A person should look. Nothing is held for it.
    Warning,
    /// The row cannot be right as it is, and is held.
    Error,
}

/// Something that a check of the data pipeline found.
#[derive(Clone, Debug, SimpleObject)]
pub struct DataQualityFinding {
    /// The finding's id.
    id: ID,
    /// The run that found it.
    run_id: ID,
    /// The row's place in the delivery, from 1; null for what is of a whole series.
    line: Option<i32>,
    /// What was delivered.
    dataset: String,
    /// The kind of fault, such as `UNIT_ERROR`.
    kind: String,
    /// How much it matters.
    severity: FindingSeverity,
    /// What is wrong, with the figures.
    message: String,
    /// The instrument, where that could be told.
    instrument_id: Option<ID>,
    /// The instrument's symbol.
    symbol: Option<String>,
    /// The first day in question.
    date: Option<Date>,
}

impl From<Found> for DataQualityFinding {
    fn from(row: Found) -> Self {
        Self {
            id: Kind::QualityFinding.id(row.id),
            run_id: Kind::RefreshRun.id(row.run_id),
            line: row.line,
            dataset: row.dataset,
            kind: row.finding,
            severity: match row.severity.as_str() {
                "INFO" => FindingSeverity::Info,
                "WARNING" => FindingSeverity::Warning,
                _ => FindingSeverity::Error,
            },
            message: row.detail,
            instrument_id: row.instrument_id.map(|id| Kind::Instrument.id(id)),
            symbol: row.symbol,
            date: row.date.map(Date),
        }
    }
}

/// What became of a held row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum HeldMarketRowState {
    /// It waits for a decision.
    Open,
    /// It is stored as it was delivered.
    Accepted,
    /// It is not stored. The same row again does not bring it back.
    Rejected,
    /// Another value is stored in its place.
    Repaired,
    /// Its provider delivered another value for that day, which is stored.
    Superseded,
}

/// Which data a held row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MarketDataset {
    /// Prices of days.
    Prices,
    /// Exchange rates.
    ExchangeRates,
    /// Splits.
    Splits,
    /// Cash dividends.
    Dividends,
    /// Values of market indicators.
    Indicators,
    /// Headlines.
    News,
}

/// A delivered row that a check held back. Nothing uses it before somebody decides.
#[derive(Clone, Debug, SimpleObject)]
pub struct HeldMarketRow {
    /// The id, for `heldMarketRowDecide`. The same row delivered again has the same one.
    id: ID,
    /// Which data it is of.
    dataset: MarketDataset,
    /// Who delivered it.
    provider: String,
    /// The run that brought it first.
    run_id: ID,
    /// Its place in that delivery, from 1.
    line: i32,
    /// Since when it is held.
    held_at: Instant,
    /// How often it was delivered.
    deliveries: i32,
    /// Its cells as delivered, by name.
    cells: Json<Value>,
    /// The kinds of fault that were found.
    findings: Vec<String>,
    /// What is wrong with it, with the figures.
    reason: String,
    /// The instrument, where that could be told.
    instrument_id: Option<ID>,
    /// The instrument's symbol.
    symbol: Option<String>,
    /// The instrument's market.
    mic: Option<String>,
    /// The code of the series, of a market indicator that is known.
    indicator: Option<String>,
    /// The currency that is priced, of a rate.
    base: Option<String>,
    /// The currency that it is priced in, of a rate.
    quote: Option<String>,
    /// The day, where that could be read.
    date: Option<Date>,
    /// What accepting it stores where that is one number: the price as traded, in the instrument's currency, the rate, or the indicator's
    /// value in its unit. Null where nothing can be stored, and of other data.
    value: Option<Decimal>,
    /// What is stored for that day, where that is one number.
    stored: Option<Decimal>,
    /// What is stored for that ex-date, by name, of a split or a dividend; numbers are text.
    stored_terms: Option<Json<Value>>,
    /// What became of it.
    state: HeldMarketRowState,
    /// When that was decided.
    decided_at: Option<Instant>,
    /// Who decided.
    decided_by: Option<String>,
    /// What was stored by the decision, where that is one number.
    decided_value: Option<Decimal>,
    /// All that was stored by the decision, by name; numbers are text. Null where nothing was, and for decisions that are older than it.
    decided: Option<Json<Value>>,
    /// What was said of the decision.
    note: Option<String>,
}

impl From<HeldRow> for HeldMarketRow {
    fn from(row: HeldRow) -> Self {
        let number = |value: Option<rust_decimal::Decimal>| value.map(|value| Decimal(value.normalize()));
        Self {
            id: Kind::HeldMarketRow.id(row.id),
            dataset: match row.dataset.as_str() {
                "exchange rates" => MarketDataset::ExchangeRates,
                "splits" => MarketDataset::Splits,
                "dividends" => MarketDataset::Dividends,
                "indicators" => MarketDataset::Indicators,
                "news" => MarketDataset::News,
                _ => MarketDataset::Prices,
            },
            provider: row.provider,
            run_id: Kind::RefreshRun.id(row.run_id),
            line: row.line,
            held_at: Instant(row.held_at),
            deliveries: row.deliveries,
            cells: Json(row.cells),
            findings: row.findings.split(',').map(str::to_owned).collect(),
            reason: row.reason,
            instrument_id: row.instrument_id.map(|id| Kind::Instrument.id(id)),
            symbol: row.symbol,
            mic: row.mic,
            indicator: row.code,
            base: row.base,
            quote: row.quote,
            date: row.date.map(Date),
            value: number(row.value),
            stored: number(row.stored),
            stored_terms: row.stored_terms.map(Json),
            state: match row.state.as_str() {
                "ACCEPTED" => HeldMarketRowState::Accepted,
                "REJECTED" => HeldMarketRowState::Rejected,
                "REPAIRED" => HeldMarketRowState::Repaired,
                "SUPERSEDED" => HeldMarketRowState::Superseded,
                _ => HeldMarketRowState::Open,
            },
            decided_at: row.decided_at.map(Instant),
            decided_by: row.decided_by_name,
            decided_value: number(row.decided_value),
            decided: row.decided.map(Json),
            note: row.note,
        }
    }
}

connection!(RefreshRunConnection, RefreshRunEdge, RefreshRun, "runs of the data pipeline, the latest first");
connection!(
    DataQualityFindingConnection,
    DataQualityFindingEdge,
    DataQualityFinding,
    "findings of the data pipeline, those of the latest run first"
);
connection!(HeldMarketRowConnection, HeldMarketRowEdge, HeldMarketRow, "held rows of market data, the latest first");
