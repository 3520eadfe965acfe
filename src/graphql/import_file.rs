//! A file to import that is sent as such: what `transactionsImport` does, of any size that the transport lets through.

use async_graphql::{Error, ID, InputType, Result};
use serde_json::{Value, json};

use super::context::Operation;
use super::error::ErrorCode;
use super::id::Kind;
use super::rules::rule_of;
use super::types::user_error::UserErrorCode;
use crate::auth::Actor;
use crate::services::import::{Counts, ImportMode};
use crate::services::period_lock::LockTerms;
use crate::services::{RefusalCode, ServiceError};

/// What is asked beside the file.
#[derive(Clone, Debug, Default)]
pub struct ImportRequest {
    /// The portfolio's id.
    pub portfolio: String,
    /// `ALL_OR_NOTHING`, which is the default, or `VALID_ROWS`.
    pub mode: Option<String>,
    /// `true` or `false`, which is the default.
    pub override_lock: Option<String>,
}

/// Whether the caller may import at all: asked before a file is read.
pub fn may_import(actor: Option<&Actor>) -> Result<()> {
    let rule = rule_of("transactionsImport").ok_or_else(|| ErrorCode::Forbidden.error("the import has no rule"))?;
    rule.check(actor)
}

/// Imports the file, and answers as `transactionsImport` does.
pub async fn import(operation: &Operation, asked: &ImportRequest, file: &[u8]) -> Result<Value> {
    may_import(operation.actor())?;
    let portfolio = Kind::Portfolio.parse(&ID::from(asked.portfolio.as_str()), "id")?;
    let mode = match asked.mode.as_deref() {
        None | Some("ALL_OR_NOTHING") => ImportMode::AllOrNothing,
        Some("VALID_ROWS") => ImportMode::ValidRows,
        Some(_) => return Err(ErrorCode::BadUserInput.error("mode: ALL_OR_NOTHING or VALID_ROWS")),
    };
    let override_lock = match asked.override_lock.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(ErrorCode::BadUserInput.error("overrideLock: true or false")),
    };
    let imported = async {
        let caller = operation.changing().await?;
        let terms = LockTerms { override_lock };
        operation.services.transactions_import_file(caller, portfolio, file, mode, terms).await
    };
    match imported.await {
        Ok(imported) => Ok(answer(&imported.counts, Vec::new())),
        Err(ServiceError::Refused(refusals)) => {
            let refused = |refusal: crate::services::Refusal| json!({ "code": code(refusal.code), "message": refusal.message, "field": refusal.field });
            Ok(answer(&Counts::default(), refusals.into_iter().map(refused).collect()))
        }
        Err(other) => Err(operation.fail(other)),
    }
}

fn answer(counts: &Counts, user_errors: Vec<Value>) -> Value {
    let wrong = counts.row_errors.iter().map(|error| {
        json!({ "line": error.line, "column": error.column, "code": code(error.code), "message": error.message })
    });
    json!({
        "rowsRead": counts.rows_read,
        "rowsRecorded": counts.rows_recorded,
        "rowsDuplicate": counts.rows_duplicate,
        "rowsRejected": counts.rows_rejected,
        "rowErrors": wrong.collect::<Vec<_>>(),
        "userErrors": user_errors,
    })
}

/// A code as the schema names it.
fn code(code: RefusalCode) -> Value {
    UserErrorCode::from(code).to_value().into_json().unwrap_or_default()
}

/// The error of a service that imports nothing.
pub fn none() -> Error {
    ErrorCode::NotFound.error("nothing is imported here")
}
