//! One GraphQL operation, from guard to finished response: the same for HTTP and for WebSockets.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_graphql::{Request, Response};
use axum::http::{HeaderMap, header};
use futures_util::FutureExt;
use tokio::time::Instant;

use super::settings::Shared;
use crate::{
    auth::Actor,
    graphql::{
        Authenticated, AuthenticationError, RequestContext, Whence,
        error::{ErrorCode, finish},
        limits::Admitted,
    },
};

/// Who asks, and under which id.
#[derive(Clone)]
pub(super) struct Caller {
    pub shared: Arc<Shared>,
    pub actor: Option<Actor>,
    pub request_id: String,
    pub whence: Whence,
}

impl Caller {
    pub fn context(&self, admitted: &Admitted) -> RequestContext {
        RequestContext {
            actor: self.actor.clone(),
            request_id: self.request_id.clone(),
            whence: self.whence.clone(),
            started_at: self.shared.now(),
            cost: admitted.cost,
        }
    }

    /// When what begins now has to be answered.
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.shared.settings.request_timeout
    }

    /// Runs an admitted query or mutation, until the deadline.
    pub async fn execute(&self, request: Request, admitted: &Admitted, deadline: Instant) -> Response {
        let work = AssertUnwindSafe(self.shared.service.execute(request, self.context(admitted))).catch_unwind();
        let mut response = match tokio::time::timeout_at(deadline, work).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => self.failed(),
            Err(_) => refusal(ErrorCode::RequestTimeout, "the request took longer than the server allows"),
        };
        finish(&mut response, &self.request_id);
        response.extensions.insert("cost".to_owned(), admitted.cost.into());
        response
    }

    /// The response to an operation that panicked. The panic itself is in the log already.
    pub fn failed(&self) -> Response {
        tracing::error!(request_id = self.request_id, "an operation panicked");
        refusal(ErrorCode::Internal, "internal error")
    }
}

/// A response that says only why nothing was executed.
pub(super) fn refusal(code: ErrorCode, message: &str) -> Response {
    Response::from_errors(vec![code.server_error(message)])
}

/// A header that is not a bearer token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotBearer;

/// The bearer token of a request, if it has an `Authorization` header.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, NotBearer> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => token(value.to_str().map_err(|_| NotBearer)?).map(Some),
        (Some(_), Some(_)) => Err(NotBearer),
    }
}

/// The token in `Bearer …`.
pub(super) fn token(authorization: &str) -> Result<&str, NotBearer> {
    let (scheme, token) = authorization.split_once(' ').ok_or(NotBearer)?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() { Ok(token) } else { Err(NotBearer) }
}

/// Asks the service who the caller is, and logs why a token was refused.
pub(super) async fn authenticate(
    shared: &Shared,
    bearer: Option<&str>,
    request_id: &str,
) -> Result<Option<Authenticated>, AuthenticationError> {
    let asking = shared.service.authenticate(bearer, shared.now());
    let answer = tokio::time::timeout(shared.settings.request_timeout, asking)
        .await
        .unwrap_or_else(|_| Err(AuthenticationError::Unavailable("it took too long".to_owned())));
    if let Err(error) = &answer {
        tracing::info!(request_id, error = %error, "a caller was not authenticated");
    }
    answer
}
