//! What counted of a ledger at an instant, read part by part by a cursor: never all of it at once.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ledger::Transaction;
use entity::tenant::fact_portfolio_transactions::Model;
use sea_orm::{FromQueryResult, QueryResult, Value};
use uuid::Uuid;

use super::super::statement::{ask, run};
use super::row;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// A ledger until a day, as it had been recorded at an instant.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The portfolio.
    pub portfolio: Uuid,
    /// The last trade date.
    pub until: NaiveDate,
    /// The instant.
    pub known_at: DateTime<Utc>,
}

impl Known {
    fn values(self) -> [Value; 3] {
        [self.portfolio.into(), self.until.into(), self.known_at.into()]
    }
}

/// An entry that counts, and the part of the ledger that it belongs to; nothing where it is about no instrument.
#[derive(Clone, Debug)]
pub struct KnownEntry {
    /// The part.
    pub part: Option<usize>,
    /// What is booked.
    pub entry: Transaction,
}

/// Makes the session ready, before it reads anything: all that it reads is of one moment, it takes longer than any request may,
/// and sorts more.
pub async fn begin(session: &Session<Tenant>) -> Result<(), DatabaseError> {
    for setting in [
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL work_mem = '64MB'",
    ] {
        run(session, setting, []).await?;
    }
    Ok(())
}

// What counts, in these three statements, is what `super::counts` says.
const COUNT: &str = "\
    SELECT count(*) FROM fact_portfolio_transactions t WHERE t.portfolio_id = $1 AND t.trade_date <= $2 \
    AND t.recorded_at <= $3 AND t.type <> 'REVERSAL' \
    AND NOT EXISTS (SELECT FROM fact_portfolio_transactions l WHERE l.reverses_id = t.id AND l.reverses_id IS NOT NULL \
    AND l.recorded_at <= $3) \
    AND NOT EXISTS (SELECT FROM fact_portfolio_transactions l WHERE l.supersedes_id = t.id AND l.supersedes_id IS NOT NULL \
    AND l.recorded_at <= $3)";

/// How many entries count.
pub async fn count(session: &Session<Tenant>, known: Known) -> Result<i64, DatabaseError> {
    let rows = ask(session, COUNT, known.values()).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
}

const INSTRUMENTS: &str = "\
    SELECT DISTINCT t.instrument_id FROM fact_portfolio_transactions t WHERE t.portfolio_id = $1 AND t.trade_date <= $2 \
    AND t.recorded_at <= $3 AND t.instrument_id IS NOT NULL";

/// What the ledger is about, entries that no longer counted among it.
pub async fn instruments(session: &Session<Tenant>, known: Known) -> Result<Vec<Uuid>, DatabaseError> {
    let rows = ask(session, INSTRUMENTS, known.values()).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

const OPEN: &str = "\
    DECLARE known NO SCROLL CURSOR FOR SELECT t.*, p.part FROM fact_portfolio_transactions t \
    LEFT JOIN unnest(string_to_array($4, ',')::uuid[], string_to_array($5, ',')::bigint[]) AS p (instrument_id, part) \
    ON p.instrument_id = t.instrument_id WHERE t.portfolio_id = $1 AND t.trade_date <= $2 \
    AND t.recorded_at <= $3 AND t.type <> 'REVERSAL' \
    AND NOT EXISTS (SELECT FROM fact_portfolio_transactions l WHERE l.reverses_id = t.id AND l.reverses_id IS NOT NULL \
    AND l.recorded_at <= $3) \
    AND NOT EXISTS (SELECT FROM fact_portfolio_transactions l WHERE l.supersedes_id = t.id AND l.supersedes_id IS NOT NULL \
    AND l.recorded_at <= $3) \
    ORDER BY p.part NULLS FIRST, t.trade_date, t.sequence";
const FETCH: &str = "FETCH 10000 FROM known";
const CLOSE: &str = "CLOSE known";

/// Begins to read the entries that count part by part: the instruments of each.
pub async fn open(session: &Session<Tenant>, known: Known, parts: &[Vec<Uuid>]) -> Result<(), DatabaseError> {
    let of_instruments = || parts.iter().enumerate().flat_map(|(part, ids)| ids.iter().map(move |id| (id, part)));
    let ids: Vec<String> = of_instruments().map(|(id, _)| id.to_string()).collect();
    let numbers: Vec<String> = of_instruments().map(|(_, part)| part.to_string()).collect();
    let values = known.values().into_iter().chain([ids.join(",").into(), numbers.join(",").into()]);
    run(session, OPEN, values).await?;
    Ok(())
}

/// The next of them. None are left when none come.
pub async fn fetch(session: &Session<Tenant>) -> Result<Vec<KnownEntry>, DatabaseError> {
    let rows = ask(session, FETCH, []).await?;
    let read = |found: &QueryResult| {
        let part: Option<i64> = found.try_get("", "part")?;
        let row = row::read(Model::from_query_result(found, "")?)?;
        let corrupt = || DatabaseError::Corrupt(format!("the transaction {} is a reversal of no type", row.id));
        let entry = row.transaction().ok_or_else(corrupt)?;
        Ok(KnownEntry { part: part.and_then(|part| usize::try_from(part).ok()), entry })
    };
    rows.iter().map(read).collect()
}

/// Ends the reading.
pub async fn close(session: &Session<Tenant>) -> Result<(), DatabaseError> {
    run(session, CLOSE, []).await?;
    Ok(())
}
