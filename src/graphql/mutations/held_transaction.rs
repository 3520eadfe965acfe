//! Deciding about imported rows that are held.

use async_graphql::{Context, ID, InputObject, Object, Result};

use super::transaction::{TransactionPayload, payload};
use super::{idempotency, said};
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::held_transaction::HeldDecision;
use crate::services::period_lock::LockTerms;

/// What becomes of held rows.
#[derive(Debug, InputObject)]
pub struct HeldTransactionDecideInput {
    /// The decision. It is made once.
    decision: HeldDecision,
}

#[derive(Default)]
pub struct HeldTransactionMutation;

#[Object(guard = "Ruled")]
impl HeldTransactionMutation {
    /// Records what an import holds for a decision, as `transactionRecord` would, or discards it. The payload has the transactions
    /// that were recorded; none where it was discarded. A second decision is refused as `ALREADY_DECIDED`.
    async fn held_transaction_decide(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the held transaction.")] id: ID,
        #[graphql(desc = "The decision.")] input: HeldTransactionDecideInput,
        #[graphql(
            desc = "Whether it is done although it bears on a locked period; this needs the permission LEDGER_LOCK.",
            default = false
        )]
        override_lock: bool,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<TransactionPayload>> {
        let operation = Operation::of(ctx);
        let terms = LockTerms { override_lock };
        let request = format!("{id:?} {input:?}{}", said(terms));
        let key = idempotency(idempotency_key, "heldTransactionDecide", request);
        let id = Kind::HeldTransaction.parse(&id, "id")?;
        let outcome = async {
            let caller = operation.changing().await?;
            operation.services.held_transaction_decide(caller, id, input.decision.into(), terms, key).await
        };
        payload(operation, outcome.await).await
    }
}
