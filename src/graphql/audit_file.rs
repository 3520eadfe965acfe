//! The audit log as a file of JSON lines, as `audit verify` reads it.

use async_graphql::{Error, Result};
use chrono::{DateTime, Utc};
use futures_util::stream::{self, BoxStream, StreamExt};

use super::context::Operation;
use super::error::ErrorCode;
use super::rules::rule_of;
use crate::services::audit_export::Export;
use crate::services::{Caller, ServiceError, Services};

/// What is asked of the file.
#[derive(Clone, Debug, Default)]
pub struct AuditRequest {
    /// The first instant; from the first entry on where none is given.
    pub from: Option<String>,
    /// The last instant; up to the last entry where none is given.
    pub until: Option<String>,
}

/// A file that is written while it is sent. One that cannot be read to its end breaks off by an error.
pub struct AuditFile {
    /// Its text, part by part.
    pub text: BoxStream<'static, Result<String, AuditBroken>>,
}

/// The log could not be read on.
#[derive(Debug, thiserror::Error)]
#[error("the audit log could not be read on")]
pub struct AuditBroken;

/// The log of the caller's tenant, if they may read it. That it was given away is in the log first.
pub async fn open(operation: &Operation, asked: &AuditRequest) -> Result<AuditFile> {
    let rule = rule_of("auditLog").ok_or_else(|| ErrorCode::Forbidden.error("auditLog has no rule"))?;
    rule.check(operation.actor())?;
    let from = instant("from", asked.from.as_deref())?;
    let until = instant("until", asked.until.as_deref())?;
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        return Err(ErrorCode::BadUserInput.error("from: it is later than until"));
    }
    let begun = async {
        let caller = operation.changing().await?;
        let export = operation.services.audit_export(caller, from, until).await?;
        Ok::<_, ServiceError>((caller.clone(), export))
    };
    let (caller, export) = begun.await.map_err(|error| operation.fail(error))?;
    Ok(AuditFile { text: text(operation.services.clone(), caller, export) })
}

fn instant(argument: &str, text: Option<&str>) -> Result<Option<DateTime<Utc>>> {
    let Some(text) = text else { return Ok(None) };
    let read = DateTime::parse_from_rfc3339(text).map(|instant| Some(instant.to_utc()));
    read.map_err(|_| ErrorCode::BadUserInput.error(format!("{argument}: this is no instant like 2022-12-28T16:00:00Z")))
}

/// Some entries at a time, each in a session of its own: whoever reads slowly holds no connection.
fn text(services: Services, caller: Caller, mut export: Export) -> BoxStream<'static, Result<String, AuditBroken>> {
    let opening = std::mem::take(&mut export.opening);
    let entries = stream::unfold(Some((services, caller, export)), |state| async {
        let (services, caller, mut export) = state?;
        match services.audit_export_next(&caller, &mut export).await {
            Ok(text) => Some((Ok(text?), Some((services, caller, export)))),
            Err(error) => {
                tracing::error!(error = %error, "an audit log that is sent broke off");
                Some((Err(AuditBroken), None))
            }
        }
    });
    stream::once(async { Ok(opening) }).chain(entries).boxed()
}

/// The error of a service that has no such file.
pub fn none() -> Error {
    ErrorCode::NotFound.error("there is no such file")
}
