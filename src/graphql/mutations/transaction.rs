//! Recording and reversing transactions.

mod input;

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use self::input::{TransactionRecordInput, TransactionsRecordInput};
use super::portfolio::shown;
use super::{idempotency, said};
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::portfolio::Portfolio;
use crate::graphql::types::transaction::Transaction;
use crate::graphql::types::user_error::UserError;
use crate::services::ServiceError;
use crate::services::idempotency::IdempotencyKey;
use crate::services::period_lock::LockTerms;
use crate::services::transaction::{Leg, Recorded};

/// What recording or reversing a transaction gives.
#[derive(SimpleObject)]
pub struct TransactionPayload {
    /// The row that was added, of several the first; null where it was refused.
    transaction: Option<Transaction>,
    /// Every row that was added: the transactions of the event, or their reversals. Empty where it was refused.
    transactions: Vec<Transaction>,
    /// The portfolio since.
    portfolio: Option<Portfolio>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

pub(super) async fn payload(
    operation: &Operation,
    outcome: Result<Recorded, ServiceError>,
) -> Result<Option<TransactionPayload>> {
    let (recorded, user_errors) = operation.payload(outcome)?;
    let Some(recorded) = recorded else {
        let (transaction, transactions) = (None, Vec::new());
        return Ok(Some(TransactionPayload { transaction, transactions, portfolio: None, user_errors }));
    };
    let portfolio = shown(operation, recorded.portfolio).await?;
    let transactions: Vec<Transaction> = recorded.rows.into_iter().map(Transaction::from).collect();
    let transaction = transactions.first().cloned();
    Ok(Some(TransactionPayload { transaction, transactions, portfolio: Some(portfolio), user_errors }))
}

async fn record(
    operation: &Operation,
    action: &'static str,
    legs: Result<Vec<Leg>, ServiceError>,
    terms: LockTerms,
    key: Option<IdempotencyKey>,
) -> Result<Option<TransactionPayload>> {
    let outcome = async {
        let caller = operation.changing().await?;
        operation.services.transactions_record(caller, action, legs?, terms, key).await
    };
    payload(operation, outcome.await).await
}

#[derive(Default)]
pub struct TransactionMutation;

#[Object(guard = "Ruled")]
impl TransactionMutation {
    /// Records a transaction. The whole ledger must stay possible: a sale of more than is held is refused, also on a day
    /// before later sales. What each activity does to lots, cash and income stands in `docs/transactions.md`.
    async fn transaction_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The transaction.")] input: TransactionRecordInput,
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
        let key = idempotency(idempotency_key, "transactionRecord", format!("{input:?}{}", said(terms)));
        record(operation, "transactionRecord", input.event()?, terms, key).await
    }

    /// Records transactions that are one event, all of them or none: a dividend and what it buys, a spin-off and the sale of a
    /// fraction, a delivery from one account to another.
    async fn transactions_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The event.")] input: TransactionsRecordInput,
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
        let key = idempotency(idempotency_key, "transactionsRecord", format!("{input:?}{}", said(terms)));
        record(operation, "transactionsRecord", input.event()?, terms, key).await
    }

    /// Records a transaction in the place of one that was recorded wrongly: within its day it keeps that one's place. Both stay to
    /// be seen, and only the new one counts. Of an event of several legs no single one can be corrected.
    async fn transaction_correct(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the transaction that is wrong.")] id: ID,
        #[graphql(desc = "What it should have been, whole.")] input: TransactionRecordInput,
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
        let key = idempotency(idempotency_key, "transactionCorrect", format!("{id:?} {input:?}{}", said(terms)));
        let id = Kind::Transaction.parse(&id, "id")?;
        let legs = input.event()?;
        let outcome = async {
            let caller = operation.changing().await?;
            operation.services.transaction_correct(caller, id, legs?, terms, key).await
        };
        payload(operation, outcome.await).await
    }

    /// Makes a transaction no longer count, with the others of its event. They stay to be seen, with the reversals beside them.
    async fn transaction_reverse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The transaction's id.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] note: Option<String>,
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
        let key = idempotency(idempotency_key, "transactionReverse", format!("{id:?} {note:?}{}", said(terms)));
        let id = Kind::Transaction.parse(&id, "id")?;
        let outcome =
            async { operation.services.transaction_reverse(operation.changing().await?, id, note, terms, key).await };
        payload(operation, outcome.await).await
    }
}
