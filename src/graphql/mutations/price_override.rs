//! A firm's own prices of what the market prices.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::idempotency;
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::{Date, Decimal};
use crate::graphql::types::price_override::PriceOverride;
use crate::graphql::types::user_error::UserError;
use crate::services::ServiceError;
use crate::services::price_override::NewOverride;
use crate::storage::price_override::PriceOverride as Row;

/// A price to count in place of the market's.
#[derive(Debug, InputObject)]
pub struct PriceOverrideSetInput {
    /// An instrument that the market prices.
    instrument_id: ID,
    /// The first day.
    from: Date,
    /// The last day, today at the latest; the first where none is given. At most 3,660 days.
    to: Option<Date>,
    /// Above zero, as the instrument is quoted.
    price: Decimal,
    /// Why; 1 to 500 characters.
    reason: String,
}

/// Days to give back to the market.
#[derive(Debug, InputObject)]
pub struct PriceOverrideRemoveInput {
    /// The instrument.
    instrument_id: ID,
    /// The first day.
    from: Date,
    /// The last day, today at the latest; the first where none is given. At most 3,660 days.
    to: Option<Date>,
    /// Why; 1 to 500 characters.
    reason: String,
}

/// What a firm's own price gives.
#[derive(SimpleObject)]
pub struct PriceOverridePayload {
    /// What is in force of the instrument since, by day; null where it was refused.
    overrides: Option<Vec<PriceOverride>>,
    /// Why it was refused; nothing was done then.
    user_errors: Vec<UserError>,
}

fn payload(operation: &Operation, outcome: Result<Vec<Row>, ServiceError>) -> Result<Option<PriceOverridePayload>> {
    let (overrides, user_errors) = operation.payload(outcome)?;
    let overrides = overrides.map(|rows| rows.into_iter().map(PriceOverride::from).collect());
    Ok(Some(PriceOverridePayload { overrides, user_errors }))
}

#[derive(Default)]
pub struct PriceOverrideMutation;

#[Object(guard = "Ruled")]
impl PriceOverrideMutation {
    /// Has a price of the firm's own count in place of the market's, on every day of a range. It is seen by the caller's tenant
    /// alone, and said wherever it is used. Of a day the latest entry counts; the earlier ones are kept.
    async fn price_override_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The price.")] input: PriceOverrideSetInput,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<PriceOverridePayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "priceOverrideSet", format!("{input:?}"));
        let new = NewOverride {
            instrument: Kind::Instrument.parse(&input.instrument_id, "input.instrumentId")?,
            from: input.from.0,
            to: input.to.unwrap_or(input.from).0,
            price: Some(input.price.0),
            reason: input.reason,
        };
        let outcome = async { operation.services.price_override(operation.changing().await?, new, key).await };
        payload(operation, outcome.await)
    }

    /// Has the market's prices count again on every day of a range.
    async fn price_override_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The days.")] input: PriceOverrideRemoveInput,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<PriceOverridePayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "priceOverrideRemove", format!("{input:?}"));
        let new = NewOverride {
            instrument: Kind::Instrument.parse(&input.instrument_id, "input.instrumentId")?,
            from: input.from.0,
            to: input.to.unwrap_or(input.from).0,
            price: None,
            reason: input.reason,
        };
        let outcome = async { operation.services.price_override(operation.changing().await?, new, key).await };
        payload(operation, outcome.await)
    }
}
