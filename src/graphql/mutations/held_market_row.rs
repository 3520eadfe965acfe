//! Deciding about market data that is held.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, Result, SimpleObject};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::Decimal;
use crate::graphql::types::market_data::HeldMarketRow;
use crate::graphql::types::user_error::UserError;
use crate::storage::pipeline::held::Decision;

/// What becomes of a held row: one of these.
#[derive(Debug, OneofObject)]
pub enum HeldMarketRowDecideInput {
    /// It is stored as it was delivered, marked as estimated.
    Accept(HeldMarketRowNote),
    /// It is not stored. The same row again does not bring it back.
    Reject(HeldMarketRowNote),
    /// Another value is stored in its place, marked as estimated.
    Repair(HeldMarketRowRepair),
}

/// What is said of a decision.
#[derive(Debug, InputObject)]
pub struct HeldMarketRowNote {
    /// Why, at most 500 characters.
    note: Option<String>,
}

/// What is right in place of what was delivered.
#[derive(Debug, InputObject)]
pub struct HeldMarketRowRepair {
    /// The close as traded, in the instrument's currency, or the rate; above zero, at most 12 digits behind the point.
    value: Decimal,
    /// Why, at most 500 characters.
    note: Option<String>,
}

/// What a decision gives.
#[derive(SimpleObject)]
pub struct HeldMarketRowPayload {
    /// The row as it stands since; null where the decision was refused.
    held_market_row: Option<HeldMarketRow>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct HeldMarketRowMutation;

#[Object(guard = "Ruled")]
impl HeldMarketRowMutation {
    /// Decides about a row of market data that a check held back; for operators of the platform. It is decided once, a second decision is
    /// refused as `ALREADY_DECIDED`. What it stores is in force at once, and every tenant's figures that use it are computed again.
    async fn held_market_row_decide(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the held row.")] id: ID,
        #[graphql(desc = "The decision.")] input: HeldMarketRowDecideInput,
    ) -> Result<Option<HeldMarketRowPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::HeldMarketRow.parse(&id, "id")?;
        let (decision, note) = match input {
            HeldMarketRowDecideInput::Accept(said) => (Decision::Accept, said.note),
            HeldMarketRowDecideInput::Reject(said) => (Decision::Reject, said.note),
            HeldMarketRowDecideInput::Repair(repair) => (Decision::Repair(repair.value.0), repair.note),
        };
        let outcome = async {
            let caller = operation.changing().await?;
            operation.services.held_market_row_decide(caller, id, decision, note).await
        };
        let (decided, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(HeldMarketRowPayload { held_market_row: decided.map(HeldMarketRow::from), user_errors }))
    }
}
