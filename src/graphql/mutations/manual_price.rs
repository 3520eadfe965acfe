//! Prices by hand.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::idempotency;
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::{Date, Decimal};
use crate::graphql::types::user_error::UserError;
use crate::services::manual_price::NewPrice;

/// A price to enter.
#[derive(Debug, InputObject)]
pub struct ManualPriceInput {
    /// An instrument whose prices are entered by hand.
    instrument_id: ID,
    /// The day it holds from, until a later price; today at the latest.
    date: Date,
    /// Above zero, in the instrument's currency, as quoted: for bonds per 100 of face.
    price: Decimal,
}

/// What entering prices gives.
#[derive(SimpleObject)]
pub struct ManualPricesPayload {
    /// How many prices were entered; 0 where they were refused.
    count: i32,
    /// Why they were refused; none was entered then.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct ManualPriceMutation;

#[Object(guard = "Ruled")]
impl ManualPriceMutation {
    /// Enters prices by hand, all or none. They are seen by the caller's tenant alone. A later entry for the same day counts in
    /// place of the earlier one, which is kept.
    async fn manual_prices_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The prices, 1 to 1,000.")] input: Vec<ManualPriceInput>,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<ManualPricesPayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "manualPricesRecord", format!("{input:?}"));
        let prices = input
            .iter()
            .map(|price| {
                let instrument = Kind::Instrument.parse(&price.instrument_id, "input.instrumentId")?;
                Ok(NewPrice { instrument, date: price.date.0, price: price.price.0 })
            })
            .collect::<Result<Vec<_>>>()?;
        let outcome = async { operation.services.manual_prices_record(operation.caller()?, prices, key).await };
        let (count, user_errors) = operation.payload(outcome.await).await?;
        let count = i32::try_from(count.unwrap_or_default()).unwrap_or(i32::MAX);
        Ok(Some(ManualPricesPayload { count, user_errors }))
    }
}
