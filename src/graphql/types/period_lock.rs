//! Locked periods.

use async_graphql::{ComplexObject, Context, Result, SimpleObject};
use uuid::Uuid;

use super::user::User;
use crate::graphql::loaders::{self, PersonKey};
use crate::graphql::scalars::{Date, Instant};
use crate::storage::period_lock::PeriodLock as Row;

/// Until when a portfolio's books are closed.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct PeriodLock {
    /// The last day of the locked period.
    locked_through: Date,
    /// When it was locked.
    locked_at: Instant,
    /// Why, in its people's words.
    note: Option<String>,
    #[graphql(skip)]
    recorded_by: Uuid,
}

#[ComplexObject]
impl PeriodLock {
    /// Who locked it; null where the system did.
    async fn locked_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(loaders::find(ctx, PersonKey(self.recorded_by)).await?.map(User))
    }
}

impl PeriodLock {
    /// The lock in force; nothing where all is open.
    pub fn in_force(row: Row) -> Option<Self> {
        Some(Self {
            locked_through: Date(row.locked_through?),
            locked_at: Instant(row.recorded_at),
            note: row.note,
            recorded_by: row.recorded_by,
        })
    }
}
