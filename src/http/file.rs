//! What requests for files share: their parameters, who asks, and an answer within its time or a problem.

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    time::Duration,
};

use async_graphql::Error;
use axum::{
    extract::{ConnectInfo, Query},
    http::{StatusCode, Uri, header, request::Parts},
};
use futures_util::FutureExt;

use super::{reply::Problem, settings::Shared, whence};
use crate::auth::Actor;
use crate::graphql::{
    RequestContext,
    error::{ErrorCode, code_of},
    limits::Cost,
};

/// Puts each parameter of the query string into the slot of its name; each at most once, and no other. `names` says which there
/// are.
pub(super) fn parameters<const N: usize>(
    uri: &Uri,
    slots: [(&str, &mut Option<String>); N],
    names: &str,
) -> Result<(), Problem> {
    let pairs: Query<Vec<(String, String)>> =
        Query::try_from_uri(uri).map_err(|_| bad_request("the query string cannot be read"))?;
    let mut slots = slots;
    for (name, value) in pairs.0 {
        let Some((_, slot)) = slots.iter_mut().find(|(known, _)| *known == name) else {
            return Err(bad_request(format!("the parameters are {names}")));
        };
        if slot.replace(value).is_some() {
            return Err(bad_request(format!("{name} is given twice")));
        }
    }
    Ok(())
}

/// Who is at the other end; nobody in process.
pub(super) fn client(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

pub(super) fn context(shared: &Shared, parts: &Parts, request_id: &str, actor: Option<Actor>) -> RequestContext {
    RequestContext {
        actor,
        request_id: request_id.to_owned(),
        whence: whence::of(&parts.extensions, &parts.headers),
        started_at: shared.now(),
        cost: Cost::default(),
    }
}

/// The answer of a service, if it comes within `limit`; `late` says what it means that it does not.
pub(super) async fn within<T>(
    limit: Duration,
    late: &str,
    request_id: &str,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Problem> {
    match tokio::time::timeout(limit, AssertUnwindSafe(answer).catch_unwind()).await {
        Ok(Ok(answer)) => answer.map_err(problem),
        Ok(Err(_)) => {
            tracing::error!(request_id, "a request for a file panicked");
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "internal error"))
        }
        Err(_) => Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, ErrorCode::RequestTimeout, late)),
    }
}

pub(super) fn bad_request(message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message)
}

/// A service's error in HTTP's terms.
pub(super) fn problem(error: Error) -> Problem {
    let error = error.into_server_error(Default::default());
    let known = ErrorCode::ALL.iter().find(|known| Some(known.as_str()) == code_of(&error));
    let (status, code) = match known.copied() {
        Some(code @ ErrorCode::Unauthenticated) => (StatusCode::UNAUTHORIZED, code),
        Some(code @ ErrorCode::Forbidden) => (StatusCode::FORBIDDEN, code),
        Some(code @ ErrorCode::NotFound) => (StatusCode::NOT_FOUND, code),
        Some(code @ ErrorCode::AmountTooLarge) => (StatusCode::UNPROCESSABLE_ENTITY, code),
        Some(code @ ErrorCode::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, code),
        Some(code @ (ErrorCode::BadUserInput | ErrorCode::QueryTooComplex)) => (StatusCode::BAD_REQUEST, code),
        Some(_) | None => {
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "internal error");
        }
    };
    let problem = Problem::new(status, code, error.message);
    match code {
        ErrorCode::Unauthenticated => problem.with_header(header::WWW_AUTHENTICATE, "Bearer"),
        _ => problem,
    }
}
