//! Importing a CSV file.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};

use super::portfolio::shown;
use super::{idempotency, said};
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::portfolio::Portfolio;
use crate::graphql::types::user_error::{UserError, UserErrorCode};
use crate::services::import::{self, RowError};
use crate::services::period_lock::LockTerms;

/// What to do with a file that holds wrong rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ImportMode {
    /// Store nothing unless every row is right.
    AllOrNothing,
    /// Store the rows that are right.
    ValidRows,
}

impl From<ImportMode> for import::ImportMode {
    fn from(mode: ImportMode) -> Self {
        match mode {
            ImportMode::AllOrNothing => Self::AllOrNothing,
            ImportMode::ValidRows => Self::ValidRows,
        }
    }
}

/// A file to import.
#[derive(Debug, InputObject)]
pub struct TransactionsImportInput {
    /// The portfolio it goes to.
    portfolio_id: ID,
    /// The file's text. Its first line begins with
    /// `date,type,symbol,quantity,price,amount,fee,tax,currency,counter_amount,counter_currency,ratio,account,external_id,note`
    /// and may go on, in any order, with
    /// `settlement_date,ex_date,pay_date,opened_on,total,accrued_interest,settlement_rate,counter_account,counter_symbol,counter_quantity,counter_price,cost_fraction,lots,event_id,decision`.
    /// Dates are ISO (2022-12-28), numbers have a decimal point and no thousands separators, a ratio is `4:1`. `account` may be
    /// empty where the portfolio has one account. Rows of one `event_id` are taken together or not at all. What each type needs
    /// stands in `docs/transactions.md`. A file that is longer than a request may be is sent to
    /// `POST /portfolios/{id}/transactions.csv`.
    csv: String,
    /// What to do with wrong rows.
    #[graphql(default_with = "ImportMode::AllOrNothing")]
    mode: ImportMode,
}

/// Why a row was not taken.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportRowError {
    /// The line in the file; the header is line 1.
    line: i32,
    /// The column, where one is to blame.
    column: Option<String>,
    /// What kind of error it is.
    code: UserErrorCode,
    /// What is wrong, with the value.
    message: String,
}

impl From<RowError> for ImportRowError {
    fn from(error: RowError) -> Self {
        Self {
            line: i32::try_from(error.line).unwrap_or(i32::MAX),
            column: error.column.map(Into::into),
            code: error.code.into(),
            message: error.message,
        }
    }
}

/// What an import gives.
#[derive(SimpleObject)]
pub struct TransactionsImportPayload {
    /// Rows in the file.
    rows_read: i32,
    /// Rows that the ledger holds since; 0 where nothing was stored. Two rows that are one transfer count as two.
    rows_recorded: i32,
    /// Rows that were imported before, and were not added again.
    rows_duplicate: i32,
    /// Rows that are wrong.
    rows_rejected: i32,
    /// Rows that wait for a decision, with the others of their events: `portfolio { heldTransactions }` has them.
    rows_held: i32,
    /// The id of the import, which held transactions name; null where nothing was stored.
    import_batch_id: Option<ID>,
    /// The wrong rows, the first hundred of them, by line.
    row_errors: Vec<ImportRowError>,
    /// The portfolio since.
    portfolio: Option<Portfolio>,
    /// Why the file as a whole was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct TransactionsImportMutation;

#[Object(guard = "Ruled")]
impl TransactionsImportMutation {
    /// Imports transactions from a CSV file. A row that was imported before is recognised, by its `external_id` or its content,
    /// and not added again; so is one that was recorded with that `externalId`. What was reversed may be imported again.
    /// A split or dividend that differs from what the market knows, or that the account has already, is held
    /// for a decision with the other rows of its event, unless its `decision` says KEEP_MINE.
    async fn transactions_import(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The file and where it goes.")] input: TransactionsImportInput,
        #[graphql(
            desc = "Whether it is done although it bears on a locked period; this needs the permission LEDGER_LOCK.",
            default = false
        )]
        override_lock: bool,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<TransactionsImportPayload>> {
        let operation = Operation::of(ctx);
        let terms = LockTerms { override_lock };
        let key = idempotency(idempotency_key, "transactionsImport", format!("{input:?}{}", said(terms)));
        let portfolio = Kind::Portfolio.parse(&input.portfolio_id, "input.portfolioId")?;
        let mode = input.mode.into();
        let outcome = async {
            let caller = operation.changing().await?;
            operation.services.transactions_import(caller, portfolio, &input.csv, mode, terms, key).await
        };
        let (imported, user_errors) = operation.payload(outcome.await)?;
        let count = |rows: usize| i32::try_from(rows).unwrap_or(i32::MAX);
        let Some(imported) = imported else {
            return Ok(Some(TransactionsImportPayload {
                rows_read: 0,
                rows_recorded: 0,
                rows_duplicate: 0,
                rows_rejected: 0,
                rows_held: 0,
                import_batch_id: None,
                row_errors: Vec::new(),
                portfolio: None,
                user_errors,
            }));
        };
        Ok(Some(TransactionsImportPayload {
            rows_read: count(imported.counts.rows_read),
            rows_recorded: count(imported.counts.rows_recorded),
            rows_duplicate: count(imported.counts.rows_duplicate),
            rows_rejected: count(imported.counts.rows_rejected),
            rows_held: count(imported.counts.rows_held),
            import_batch_id: imported.counts.batch.map(|id| Kind::ImportBatch.id(id)),
            row_errors: imported.counts.row_errors.into_iter().map(ImportRowError::from).collect(),
            portfolio: Some(shown(operation, imported.portfolio).await?),
            user_errors,
        }))
    }
}
