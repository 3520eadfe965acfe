//! Locking periods of a portfolio's books.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};

use super::idempotency;
use super::portfolio::{PortfolioPayload, payload};
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::Date;
use crate::services::{RefusalCode, ServiceError};

/// Until when a portfolio's books are closed.
#[derive(Debug, InputObject)]
pub struct PortfolioPeriodLockInput {
    /// The last day of the locked period, today at the latest; null opens all of it again. It must be given.
    locked_through: MaybeUndefined<Date>,
    /// Why, at most 500 characters.
    note: Option<String>,
}

#[derive(Default)]
pub struct PeriodLockMutation;

#[Object(guard = "Ruled")]
impl PeriodLockMutation {
    /// Locks a portfolio's books through a day, in place of the lock before it, or opens them again. Since then what bears on the
    /// period is refused with `PERIOD_LOCKED`: transactions, reversals and imports that are back-dated into it, and other decisions
    /// about the books, since they change its gains. What the market did, a split that becomes known late, is booked all the same.
    async fn portfolio_period_lock(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The portfolio's id.")] id: ID,
        #[graphql(desc = "The lock.")] input: PortfolioPeriodLockInput,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<PortfolioPayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "portfolioPeriodLock", format!("{id:?} {input:?}"));
        let id = Kind::Portfolio.parse(&id, "id")?;
        let outcome = async {
            let through = match input.locked_through {
                MaybeUndefined::Value(day) => Some(day.0),
                MaybeUndefined::Null => None,
                // Leaving it out must not open the books.
                MaybeUndefined::Undefined => {
                    let message = "no day is given; null opens the books again";
                    let field = &["input", "lockedThrough"];
                    return Err(ServiceError::refused(RefusalCode::InvalidInput, field, message));
                }
            };
            let caller = operation.changing().await?;
            operation.services.portfolio_period_lock(caller, id, through, input.note, key).await
        };
        payload(operation, outcome.await).await
    }
}
