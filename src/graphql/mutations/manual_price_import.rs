//! Prices by a file.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::idempotency;
use super::transactions_import::{ImportMode, ImportRowError};
use crate::graphql::context::Operation;
use crate::graphql::rules::Ruled;
use crate::graphql::types::user_error::UserError;

/// A file of prices.
#[derive(Debug, InputObject)]
pub struct ManualPricesImportInput {
    /// The file's text, at most 10,000 rows. Its first line is `symbol,date,price,currency`; each other one has the symbol of an
    /// instrument whose prices are entered by hand, an ISO date that has come, the price as quoted with a decimal point, above zero, and the
    /// instrument's currency.
    csv: String,
    /// What to do where rows are wrong.
    #[graphql(default_with = "ImportMode::AllOrNothing")]
    mode: ImportMode,
}

/// What importing prices gives.
#[derive(SimpleObject)]
pub struct ManualPricesImportPayload {
    /// Rows in the file.
    rows_read: i32,
    /// Prices that were entered.
    rows_recorded: i32,
    /// Rows that are wrong.
    rows_rejected: i32,
    /// What is wrong with them, by line; the first hundred.
    row_errors: Vec<ImportRowError>,
    /// Why the file as a whole was refused; no price was entered then.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct ManualPriceImportMutation;

#[Object(guard = "Ruled")]
impl ManualPriceImportMutation {
    /// Enters the prices of a CSV file, as `manualPricesRecord` does: of instruments that no market prices, such as the firm's own. They are
    /// seen by the caller's tenant alone.
    async fn manual_prices_import(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The file.")] input: ManualPricesImportInput,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<ManualPricesImportPayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "manualPricesImport", format!("{input:?}"));
        let outcome = async {
            let caller = operation.changing().await?;
            operation.services.manual_prices_import(caller, &input.csv, input.mode.into(), key).await
        };
        let (imported, user_errors) = operation.payload(outcome.await)?;
        let imported = imported.unwrap_or_default();
        let count = |rows: usize| i32::try_from(rows).unwrap_or(i32::MAX);
        Ok(Some(ManualPricesImportPayload {
            rows_read: count(imported.rows_read),
            rows_recorded: count(imported.rows_recorded),
            rows_rejected: count(imported.rows_rejected),
            row_errors: imported.row_errors.into_iter().map(ImportRowError::from).collect(),
            user_errors,
        }))
    }
}
