//! Work to do later, kept in PostgreSQL: put in by the transaction that causes it, taken out by workers.
//!
//! A job is a kind and a key; everything else its handler finds in the tables of its owner, a tenant or the installation, so
//! that several requests of one key come to one run. A tenant's session can enqueue for that tenant, see and act on what is that
//! tenant's, and nothing else. What recurs is put in by schedules, which workers look at.

mod claim;
mod letters;
pub mod own;
pub mod recurrence;
pub mod schedule;
mod settle;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use uuid::Uuid;

pub use claim::{Claim, Job, claim};
pub use letters::{Listed, Scheduled, list, owner_of, schedules};
pub use recurrence::{Recurrence, RecurrenceError};
pub use schedule::{Owner, Standing};
pub use settle::{Failure, Hold, Progress, cancelled, fail, finish, progress, prolong, release};

use crate::tenancy::{DatabaseError, Market, Session, Tenant};

/// Brings a tenant's daily facts up to date. Its key is empty: one job drains all that is dirty.
pub const DAILY_FACTS: &str = "daily_facts";

/// Brings a tenant's daily facts up to date, and then the figures that are stored by range. Its key is empty, or a portfolio's id: of
/// that one the figures are computed alone.
pub const PERFORMANCE_METRICS: &str = "performance_metrics";

/// Books a ledger as it had been recorded at an instant. Its key is the replay's id.
pub const REPLAY: &str = "replay";

/// Draws the outcomes of a simulation. Its key is the simulation's id.
pub const SIMULATION: &str = "simulation";

/// Sends a tenant's mail. Its key is empty: one job sends all that waits.
pub const MAIL: &str = "mail";

/// Removes what has ended of a tenant: log-ins that have expired, and answers kept under keys of clients.
pub const HOUSEKEEPING: &str = "housekeeping";

/// The same of the installation's own realm, and runs of jobs that are long past.
pub const PLATFORM_HOUSEKEEPING: &str = "platform_housekeeping";

/// Asks for prices of what is held.
pub const MARKET_PRICES: &str = "market_prices";

/// The same of what is traded at the moment, from those who may be asked every minute.
pub const MARKET_INTRADAY: &str = "market_intraday";

/// Asks for exchange rates.
pub const MARKET_RATES: &str = "market_rates";

/// Asks for headlines.
pub const MARKET_NEWS: &str = "market_news";

/// Asks for figures of the market at large.
pub const MARKET_INDICATORS: &str = "market_indicators";

/// Asks what instruments are known by.
pub const MARKET_IDENTIFIERS: &str = "market_identifiers";

/// What a tenant may have done by schedules of its own. None has a key.
pub const SCHEDULED_BY_TENANTS: &[&str] = &[DAILY_FACTS, PERFORMANCE_METRICS, HOUSEKEEPING];

/// Something to do.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The request's id.
    pub id: Uuid,
    /// Which handler does it.
    pub kind: &'static str,
    /// Of what: requests of one kind and key come to one run.
    pub key: &'a str,
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// Not before.
    pub due: DateTime<Utc>,
}

/// Asks for work of the session's tenant. It is there when the session commits, and was never there if it does not.
pub async fn enqueue(session: &Session<Tenant>, request: Request<'_>) -> Result<(), DatabaseError> {
    let Request { id, kind, key, at, due } = request;
    let values = [id.into(), kind.into(), key.into(), at.into(), due.into()];
    run(session, "SELECT platform.job_enqueue($1, $2, $3, $4, $5)", values).await?;
    Ok(())
}

/// Asks for work of every tenant, when the session commits.
pub async fn enqueue_for_all(
    session: &Session<Market>,
    load: Uuid,
    kind: &'static str,
    at: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    run(session, "SELECT platform.job_enqueue_for_all($1, $2, '', $3)", [load.into(), kind.into(), at.into()]).await?;
    Ok(())
}

/// Runs a constant statement; returns how many rows it touched.
async fn run(
    db: &impl ConnectionTrait,
    sql: &'static str,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Result<u64, DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    Ok(db.execute_raw(statement).await?.rows_affected())
}
