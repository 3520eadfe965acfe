//! Clean closes, as columns.

use chrono::{DateTime, NaiveDate, Utc};
use domain::pricing::Certainty;
use rust_decimal::Decimal;
use sea_orm::{FromQueryResult, QueryResult, Value};
use uuid::Uuid;

use super::statement::{ask, statement};
use crate::tenancy::{DatabaseError, Session, Tenant};

/// Every close of these instruments, by instrument and day.
pub async fn of_instruments(
    session: &Session<Tenant>,
    instruments: &[Uuid],
) -> Result<Vec<Observation<Uuid>>, DatabaseError> {
    ask(session, OF_INSTRUMENTS, [list(instruments).into()]).await?.iter().map(observation).collect()
}

fn list(instruments: &[Uuid]) -> String {
    instruments.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
}

fn observation(row: &QueryResult) -> Result<Observation<Uuid>, DatabaseError> {
    let certainty = certainty(row.try_get_by_index::<Option<String>>(3)?.as_deref())?;
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?, certainty))
}

// Nearly all are final, which costs no string.
const OF_INSTRUMENTS: &str = "\
    SELECT instrument_id, date, close, nullif(status, 'F') FROM market.fact_stock_price \
    WHERE instrument_id = ANY (string_to_array($1, ',')::uuid[]) ORDER BY instrument_id, date";

/// The closes on either side of the end of a day: of each instrument and day the last until then, and the first after it.
pub async fn around(
    session: &Session<Tenant>,
    keys: &[(Uuid, NaiveDate)],
) -> Result<Vec<((Uuid, NaiveDate), Observation<Uuid>)>, DatabaseError> {
    let ids: Vec<String> = keys.iter().map(|key| key.0.to_string()).collect();
    let days: Vec<String> = keys.iter().map(|key| key.1.to_string()).collect();
    let rows = ask(session, AROUND, [ids.join(",").into(), days.join(",").into()]).await?;
    let row = |row: &QueryResult| {
        let found = observation(row)?;
        Ok(((found.0, row.try_get_by_index(4)?), found))
    };
    rows.iter().map(row).collect()
}

// Two searches of the primary key each, however long the series are.
const AROUND: &str = "\
    SELECT w.instrument_id, l.date, l.close, nullif(l.status, 'F'), w.day \
    FROM unnest(string_to_array($1, ',')::uuid[], string_to_array($2, ',')::date[]) AS w (instrument_id, day) \
    CROSS JOIN LATERAL ( \
        (SELECT f.date, f.close, f.status FROM market.fact_stock_price f \
        WHERE f.instrument_id = w.instrument_id AND f.date <= w.day ORDER BY f.date DESC LIMIT 1) \
        UNION ALL \
        (SELECT f.date, f.close, f.status FROM market.fact_stock_price f \
        WHERE f.instrument_id = w.instrument_id AND f.date > w.day ORDER BY f.date LIMIT 1) \
    ) l ORDER BY w.instrument_id, w.day, l.date";

/// What was observed of something on a day, and how certain that is.
pub type Observation<K> = (K, NaiveDate, Decimal, Certainty);

/// What a status that is not `F` stands for.
pub(super) fn certainty(status: Option<&str>) -> Result<Certainty, DatabaseError> {
    match status {
        None | Some("F") => Ok(Certainty::Final),
        Some("P") => Ok(Certainty::Provisional),
        Some("E") => Ok(Certainty::Estimated),
        Some(other) => Err(DatabaseError::Corrupt(format!("{other} is no status of a price or a rate"))),
    }
}

/// With which version each of these series last changed; one without prices is left out.
pub async fn changed_versions(
    session: &Session<Tenant>,
    instruments: &[Uuid],
) -> Result<Vec<(Uuid, i64)>, DatabaseError> {
    let rows = ask(session, CHANGED_VERSIONS, [list(instruments).into()]).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

const CHANGED_VERSIONS: &str = "\
    SELECT instrument_id, changed_version FROM market.meta_price_series \
    WHERE instrument_id = ANY (string_to_array($1, ',')::uuid[])";

/// A close that was in force until another took its place.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Revision {
    /// The day it is the close of.
    pub date: NaiveDate,
    /// The close, as quoted then.
    pub close: Decimal,
    /// `F` for final, `E` for one that was accepted or repaired by hand.
    pub status: String,
    /// Since when it was in force; nothing where that was before versions had an instant.
    pub known_from: Option<DateTime<Utc>>,
    /// When another took its place.
    pub known_until: Option<DateTime<Utc>>,
    /// Who delivered it, where that is known.
    pub provider: Option<String>,
}

/// What was in force before, by day, then by when it was superseded.
pub async fn revisions(
    session: &Session<Tenant>,
    instrument: Uuid,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    limit: u64,
) -> Result<Vec<Revision>, DatabaseError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values: [Value; 4] = [instrument.into(), from.into(), to.into(), limit.into()];
    Ok(Revision::find_by_statement(statement(REVISIONS, values)).all(session).await?)
}

const REVISIONS: &str = "\
    SELECT r.date, r.close, r.status, since.at AS known_from, until.at AS known_until, run.provider \
    FROM market.fact_price_revision r \
    LEFT JOIN market.meta_market_change since ON since.version = r.version \
    LEFT JOIN market.meta_market_change until ON until.version = r.superseded_version \
    LEFT JOIN LATERAL ( \
        SELECT l.provider FROM market.meta_refresh_log l \
        WHERE l.version = r.version AND l.dataset = 'prices' AND l.rows_promoted > 0 LIMIT 1 \
    ) run ON r.status = 'F' \
    WHERE r.instrument_id = $1 AND ($2::date IS NULL OR r.date >= $2) AND ($3::date IS NULL OR r.date <= $3) \
    ORDER BY r.date, r.superseded_version LIMIT $4";

/// The closes of instruments as they were in force at an instant, by instrument and day. What was provisional then is not kept: the
/// day has none.
pub async fn known_at(
    session: &Session<Tenant>,
    instruments: &[Uuid],
    at: DateTime<Utc>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<Vec<Observation<Uuid>>, DatabaseError> {
    let values: [Value; 4] = [list(instruments).into(), at.into(), from.into(), to.into()];
    ask(session, KNOWN_AT, values).await?.iter().map(observation).collect()
}

// What has a version of before they had instants was known at any time.
const KNOWN_AT: &str = "\
    WITH in_force AS ( \
        SELECT coalesce(max(version) FILTER (WHERE at <= $2), min(version) FILTER (WHERE at IS NOT NULL) - 1, 0) AS version \
        FROM market.meta_market_change \
    ), known AS ( \
        SELECT f.instrument_id, f.date, f.close, f.status FROM market.fact_stock_price f CROSS JOIN in_force \
        WHERE f.instrument_id = ANY (string_to_array($1, ',')::uuid[]) AND f.version <= in_force.version \
        UNION ALL \
        SELECT r.instrument_id, r.date, r.close, r.status FROM market.fact_price_revision r CROSS JOIN in_force \
        WHERE r.instrument_id = ANY (string_to_array($1, ',')::uuid[]) \
            AND r.version <= in_force.version AND r.superseded_version > in_force.version \
    ) \
    SELECT instrument_id, date, close, nullif(status, 'F') FROM known \
    WHERE ($3::date IS NULL OR date >= $3) AND ($4::date IS NULL OR date <= $4) ORDER BY instrument_id, date";

/// A delivered close that a check held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPrice {
    /// Its day.
    pub date: NaiveDate,
    /// What is suspicious, as codes.
    pub findings: Vec<String>,
    /// When it was first held.
    pub held_at: DateTime<Utc>,
}

/// Of each instrument and day the last close on the day or before that waits for a decision.
pub async fn held(
    session: &Session<Tenant>,
    keys: &[(Uuid, NaiveDate)],
) -> Result<Vec<((Uuid, NaiveDate), HeldPrice)>, DatabaseError> {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let days: Vec<NaiveDate> = keys.iter().map(|key| key.1).collect();
    let held = |row: &QueryResult| {
        let findings = row.try_get_by_index(3)?;
        let price = HeldPrice { date: row.try_get_by_index(2)?, findings, held_at: row.try_get_by_index(4)? };
        Ok(((row.try_get_by_index(0)?, row.try_get_by_index(1)?), price))
    };
    ask(session, HELD, [ids.into(), days.into()]).await?.iter().map(held).collect()
}

const HELD: &str = "\
    SELECT k.instrument_id, k.day, h.date, h.findings, h.held_at \
    FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::date[]) AS k (instrument_id, day)) k \
    CROSS JOIN LATERAL ( \
        SELECT h.date, h.findings, h.held_at FROM market.stg_held_row h \
        WHERE h.state = 'OPEN' AND h.instrument_id = k.instrument_id AND h.date <= k.day AND h.dataset = 'prices' \
        ORDER BY h.date DESC, h.held_at DESC LIMIT 1 \
    ) h";
