//! What was staged and is no longer needed. What rows said that are held stands with them: deliveries are told again by it, however
//! long ago the first one was.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{Dataset, execute};
use crate::storage::statement::statement;
use crate::tenancy::{DatabaseError, Market, Session};

/// A run of which something may be staged still.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Staged {
    /// Its id.
    pub id: Uuid,
    /// What it loaded.
    pub dataset: String,
}

const NEXT: &str = "
SELECT id, dataset FROM meta_refresh_log
WHERE cleared_at IS NULL AND started_at < $1 AND ($2::uuid IS NULL OR id > $2)
ORDER BY id LIMIT 1";

/// The next run after another that began before an instant and has something staged.
pub async fn next(
    session: &Session<Market>,
    before: DateTime<Utc>,
    after: Option<Uuid>,
) -> Result<Option<Staged>, DatabaseError> {
    Ok(Staged::find_by_statement(statement(NEXT, [before.into(), after.into()])).one(session).await?)
}

/// Rows of a run by its key, but those that wait for a decision.
macro_rules! clear {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE run_id = $1 AND line = ANY (ARRAY(SELECT s.line FROM ",
            $table,
            " s WHERE s.run_id = $1 AND NOT EXISTS (SELECT FROM stg_held_row h \
             WHERE h.run_id = $1 AND h.line = s.line AND h.state = 'OPEN') ORDER BY s.line LIMIT $2))"
        )
    };
}

/// Deletes at most `most` staged rows of a run that nobody waits for; returns how many there were.
pub async fn clear(session: &Session<Market>, run: &Staged, most: u32) -> Result<u64, DatabaseError> {
    const TABLES: [(Dataset, &str); 7] = [
        (Dataset::Prices, clear!("stg_stock_price")),
        (Dataset::Rates, clear!("stg_market_data")),
        (Dataset::Indicators, clear!("stg_market_data")),
        (Dataset::Splits, clear!("stg_corporate_action")),
        (Dataset::Dividends, clear!("stg_dividend")),
        (Dataset::News, clear!("stg_financial_news")),
        (Dataset::Instruments, clear!("stg_instrument")),
    ];
    match TABLES.iter().find(|(dataset, _)| dataset.name() == run.dataset) {
        Some(&(_, sql)) => execute(session, sql, [run.id.into(), i64::from(most).into()]).await,
        None => Ok(0),
    }
}

const CLEARED: &str = "
UPDATE meta_refresh_log SET cleared_at = $2
WHERE id = $1 AND NOT EXISTS (SELECT FROM stg_held_row h WHERE h.run_id = $1 AND h.state = 'OPEN')";

/// Notes that nothing of a run is left, unless rows of it wait for a decision.
pub async fn cleared(session: &Session<Market>, run: &Staged, at: DateTime<Utc>) -> Result<(), DatabaseError> {
    execute(session, CLEARED, [run.id.into(), at.into()]).await?;
    Ok(())
}
