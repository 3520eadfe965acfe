//! What every resolver of one operation shares: the services, the caller, and one session that reads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use async_graphql::{Context, Error, ErrorExtensions, InputType, Result, Value, value};
use tokio::sync::Mutex;

use super::error::{self, ErrorCode};
use super::rules;
use super::types::user_error::{UserError, UserErrorCode};
use crate::auth::Actor;
use crate::services::audit_reads::Reads;
use crate::services::{Caller, Origin, Refusal, RefusalCode, ServiceError, Services};
use crate::tenancy::{DatabaseError, Session, Tenant};

/// One operation.
pub struct Operation {
    /// What users can do.
    pub services: Services,
    caller: Option<Caller>,
    origin: Origin,
    request_id: String,
    /// Opened by the first resolver that reads; everything the operation reads is of that moment.
    session: Mutex<Option<Arc<Session<Tenant>>>>,
    has_tried_password: AtomicBool,
    reads: std::sync::Mutex<Reads>,
}

impl Operation {
    /// An operation of this caller.
    pub fn new(services: Services, caller: Option<Caller>, origin: Origin, request_id: String) -> Self {
        Self {
            services,
            caller,
            origin,
            request_id,
            session: Mutex::new(None),
            has_tried_password: AtomicBool::new(false),
            reads: std::sync::Mutex::default(),
        }
    }

    /// The operation that a resolver belongs to.
    pub fn of<'a>(ctx: &Context<'a>) -> &'a Arc<Self> {
        ctx.data_unchecked::<Arc<Self>>()
    }

    /// Who asks, if anybody is logged in.
    pub fn actor(&self) -> Option<&Actor> {
        self.caller.as_ref().map(|caller| &caller.actor)
    }

    /// Who asks.
    pub fn caller(&self) -> Result<&Caller, ServiceError> {
        self.caller.as_ref().ok_or(ServiceError::Unauthenticated)
    }

    /// Who changes something. The session that reads is given back first: the change needs no second connection beside it,
    /// and what is read afterwards is of the moment after the change.
    pub async fn changing(&self) -> Result<&Caller, ServiceError> {
        self.finish().await;
        self.caller()
    }

    /// Lets one password be tried an operation: aliases are not for guessing.
    pub fn one_password(&self) -> Result<()> {
        match self.has_tried_password.swap(true, Ordering::Relaxed) {
            false => Ok(()),
            true => Err(ErrorCode::QueryTooComplex.error("the operation has several log-ins; one is allowed")),
        }
    }

    /// Where the request came from.
    pub fn origin(&self) -> Origin {
        self.origin.clone()
    }

    /// The session that reads: the only one of the operation, so that none waits for a connection while it holds one.
    /// [`Operation::finish`] gives it back.
    pub async fn session(&self) -> Result<Arc<Session<Tenant>>, ServiceError> {
        let mut slot = self.session.lock().await;
        if let Some(session) = &*slot {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(self.services.read(self.caller()?).await?);
        *slot = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Notes a root field that is answered.
    pub fn note_field(&self, field: &str) {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        if rules::reads_portfolios(field) {
            reads.portfolio_fields.insert(field.to_owned());
        } else if rules::reads_people(field) {
            reads.personal_fields.insert(field.to_owned());
        }
    }

    /// Gives the session back and records what was read, where the tenant wants that. If it cannot be, what was read must not be
    /// given away.
    pub async fn conclude(&self) -> Result<()> {
        self.finish().await;
        let Ok(caller) = self.caller() else { return Ok(()) };
        let reads = std::mem::take(&mut *self.reads.lock().unwrap_or_else(PoisonError::into_inner));
        self.services.audit_reads(caller, reads).await.map_err(|error| self.fail(error))
    }

    /// Gives the session back, if one was opened. One that somebody still holds is closed when they let go.
    pub async fn finish(&self) {
        let session = self.session.lock().await.take();
        if let Some(session) = &session {
            self.reads.lock().unwrap_or_else(PoisonError::into_inner).add(session.take_read());
        }
        if let Some(session) = session
            && let Ok(session) = Arc::try_unwrap(session)
            && let Err(error) = session.close().await
        {
            tracing::warn!(request_id = self.request_id, error = %error, "a reading session could not be ended");
        }
    }

    /// The top-level error that a service's failure comes to.
    pub fn fail(&self, failure: ServiceError) -> Error {
        match failure {
            ServiceError::Unauthenticated => {
                ErrorCode::Unauthenticated.error("log in first: this needs an access token")
            }
            ServiceError::Forbidden(what) => ErrorCode::Forbidden.error(format!("not permitted: {what}")),
            ServiceError::BadInput(message) => ErrorCode::BadUserInput.error(message),
            ServiceError::Refused(refusals) => refused(refusals),
            ServiceError::Database(DatabaseError::Timeout(_)) => {
                ErrorCode::Unavailable.error("the database did not answer in time: try again")
            }
            ServiceError::Database(DatabaseError::VersionMismatch { .. }) => {
                ErrorCode::Unavailable.error("the tenant is being brought up to date: try again later")
            }
            ServiceError::Database(_) | ServiceError::Internal(_) | ServiceError::Portfolios(_) => {
                error::internal(&failure, &self.request_id)
            }
        }
    }

    /// What a mutation answers: what it made, or what its caller must mend; anything else is a top-level error.
    pub fn payload<T>(&self, outcome: Result<T, ServiceError>) -> Result<(Option<T>, Vec<UserError>)> {
        match outcome {
            Ok(value) => Ok((Some(value), Vec::new())),
            Err(ServiceError::Refused(refusals)) => Ok((None, refusals.into_iter().map(UserError::from).collect())),
            Err(other) => Err(self.fail(other)),
        }
    }
}

/// The top-level error of a query that is refused, with what a mutation has in its `userErrors`.
fn refused(refusals: Vec<Refusal>) -> Error {
    let message = refusals.iter().map(|refusal| refusal.message.as_str()).collect::<Vec<_>>().join("; ");
    // What no argument is to blame for is too large by itself.
    if refusals.iter().all(|refusal| refusal.code == RefusalCode::AmountTooLarge && refusal.field.is_empty()) {
        return ErrorCode::AmountTooLarge.error(message);
    }
    let errors = refusals.into_iter().map(|refusal| {
        let (code, field) = (UserErrorCode::from(refusal.code).to_value(), Value::from(refusal.field));
        value!({ "code": code, "message": refusal.message, "field": field })
    });
    let errors = Value::List(errors.collect());
    ErrorCode::BadUserInput.error(message).extend_with(|_, extensions| extensions.set("userErrors", errors.clone()))
}
