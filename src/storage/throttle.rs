//! Attempts to sign in that failed, and from where accounts were signed in to: by keyed hashes.

use chrono::{DateTime, Utc};
use entity::platform::sign_in_throttle;
use sea_orm::FromQueryResult;

use super::statement::{ask, run, statement};
use crate::tenancy::{DatabaseError, Platform, Session};

/// How often something failed.
#[derive(Clone, Debug)]
pub struct Count {
    /// The hash of what was tried.
    pub key: Vec<u8>,
    /// How often it failed.
    pub failures: i32,
    /// When it was last tried.
    pub last_at: DateTime<Utc>,
    /// Until when it is not tried again.
    pub blocked_until: Option<DateTime<Utc>>,
}

/// Makes the rows that are missing and locks all three in their order, in which every attempt locks its rows.
const LOCK: &str = "
INSERT INTO sign_in_throttle (key, failures, last_at) VALUES ($1, 0, $4), ($2, 0, $4), ($3, 0, $4)
ON CONFLICT (key) DO UPDATE SET last_at = sign_in_throttle.last_at
RETURNING key, failures, last_at, blocked_until";
const SET: &str = "UPDATE sign_in_throttle SET failures = $2, last_at = $3, blocked_until = $4 WHERE key = $1";
const TAKE_BACK: &str = "
UPDATE sign_in_throttle SET failures = greatest(failures - 1, 0), blocked_until = NULL WHERE key = $1";
const CLEAR: &str = "DELETE FROM sign_in_throttle WHERE key = $1";
const KNOWN: &str = "SELECT 1 FROM sign_in_known WHERE key = $1 AND last_at > $2";
const REMEMBER: &str = "
INSERT INTO sign_in_known (key, last_at) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET last_at = excluded.last_at";
const PURGE: &str = "DELETE FROM sign_in_throttle WHERE last_at < $1";
const PURGE_KNOWN: &str = "DELETE FROM sign_in_known WHERE last_at < $1";

/// The counts of three keys, locked until the transaction ends. They differ from each other.
pub async fn lock(
    session: &Session<Platform>,
    keys: [&[u8]; 3],
    now: DateTime<Utc>,
) -> Result<Vec<Count>, DatabaseError> {
    let [pair, account, address] = keys.map(|key| key.to_vec().into());
    let rows = sign_in_throttle::Model::find_by_statement(statement(LOCK, [pair, account, address, now.into()]));
    let count = |row: sign_in_throttle::Model| Count {
        key: row.key,
        failures: row.failures,
        last_at: row.last_at,
        blocked_until: row.blocked_until,
    };
    Ok(rows.all(session).await?.into_iter().map(count).collect())
}

/// Stores a count.
pub async fn set(session: &Session<Platform>, count: &Count) -> Result<(), DatabaseError> {
    let values = [count.key.clone().into(), count.failures.into(), count.last_at.into(), count.blocked_until.into()];
    run(session, SET, values).await?;
    Ok(())
}

/// Takes one failure back, which was none.
pub async fn take_back(session: &Session<Platform>, key: &[u8]) -> Result<(), DatabaseError> {
    run(session, TAKE_BACK, [key.to_vec().into()]).await?;
    Ok(())
}

/// Forgets the failures of a key.
pub async fn clear(session: &Session<Platform>, key: &[u8]) -> Result<(), DatabaseError> {
    run(session, CLEAR, [key.to_vec().into()]).await?;
    Ok(())
}

/// Whether the key was signed in with after an instant.
pub async fn is_known(session: &Session<Platform>, key: &[u8], after: DateTime<Utc>) -> Result<bool, DatabaseError> {
    Ok(!ask(session, KNOWN, [key.to_vec().into(), after.into()]).await?.is_empty())
}

/// Notes that the key was signed in with.
pub async fn remember(session: &Session<Platform>, key: &[u8], now: DateTime<Utc>) -> Result<(), DatabaseError> {
    run(session, REMEMBER, [key.to_vec().into(), now.into()]).await?;
    Ok(())
}

/// Forgets counts and known keys that were last touched before these instants; returns how many.
pub async fn purge(
    session: &Session<Platform>,
    counts_before: DateTime<Utc>,
    known_before: DateTime<Utc>,
) -> Result<u64, DatabaseError> {
    let counts = run(session, PURGE, [counts_before.into()]).await?;
    Ok(counts + run(session, PURGE_KNOWN, [known_before.into()]).await?)
}
