//! Until when the books of portfolios are closed, appended, never changed.

use chrono::{DateTime, NaiveDate, Utc};
use entity::tenant::period_lock;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Session, Tenant};

/// A portfolio's lock, or its end.
#[derive(Clone, Debug)]
pub struct PeriodLock {
    /// Its id.
    pub id: Uuid,
    /// Whose books.
    pub portfolio_id: Uuid,
    /// The last day of the closed period; nothing where all is open again.
    pub locked_through: Option<NaiveDate>,
    /// Why, in its people's words.
    pub note: Option<String>,
    /// Since when: later than the one before it, so that the latest is never in doubt.
    pub recorded_at: DateTime<Utc>,
    /// By whom.
    pub recorded_by: Uuid,
}

/// Adds a lock, or the end of one.
pub async fn append(session: &Session<Tenant>, lock: &PeriodLock) -> Result<(), DatabaseError> {
    let row = period_lock::ActiveModel {
        id: Set(lock.id),
        portfolio_id: Set(lock.portfolio_id),
        locked_through: Set(lock.locked_through),
        note: Set(lock.note.clone()),
        recorded_at: Set(lock.recorded_at),
        recorded_by: Set(lock.recorded_by),
    };
    period_lock::Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

/// The latest entry of each of these portfolios that has one.
pub async fn latest(session: &Session<Tenant>, portfolios: &[Uuid]) -> Result<Vec<PeriodLock>, DatabaseError> {
    let rows = period_lock::Entity::find()
        .distinct_on([period_lock::Column::PortfolioId])
        .filter(period_lock::Column::PortfolioId.is_in(portfolios.iter().copied()))
        .order_by_asc(period_lock::Column::PortfolioId)
        .order_by_desc(period_lock::Column::RecordedAt)
        .all(session)
        .await?;
    let lock = |row: period_lock::Model| PeriodLock {
        id: row.id,
        portfolio_id: row.portfolio_id,
        locked_through: row.locked_through,
        note: row.note,
        recorded_at: row.recorded_at,
        recorded_by: row.recorded_by,
    };
    Ok(rows.into_iter().map(lock).collect())
}
