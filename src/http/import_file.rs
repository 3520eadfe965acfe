//! `POST /portfolios/{id}/transactions.csv`: a file of transactions to import, longer than a GraphQL request may be.
//!
//! The file is read to its end before the import begins: a slow sender is not to hold a session of the database.

use std::{net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{ConnectInfo, FromRequest, Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;

use super::{
    access_log::Summary, envelope::RequestId, gains_file::problem, graphql::identify, negotiation::MediaType,
    reply::Problem, settings::Shared,
};
use crate::graphql::{ImportRequest, RequestContext, error::ErrorCode, limits::Cost, may_import};

/// Answers POST.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Path(portfolio): Path<String>,
    request: Request,
) -> Response {
    answer(&shared, &request_id, portfolio, request)
        .await
        .unwrap_or_else(|problem| problem.into_response(MediaType::Json, &request_id))
}

async fn answer(shared: &Shared, request_id: &str, portfolio: String, request: Request) -> Result<Response, Problem> {
    // A body cannot be shared between threads, so it is kept apart while others are awaited.
    let (parts, body) = request.into_parts();
    if !is_csv(&parts.headers) {
        let message = "the body must be text/csv in UTF-8, without compression";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::BadUserInput, message));
    }
    let pairs: Query<Vec<(String, String)>> =
        Query::try_from_uri(&parts.uri).map_err(|_| bad_request("the query string cannot be read"))?;
    let asked = asked(portfolio, pairs.0)?;
    let actor = identify(shared, &parts.headers, request_id).await?;
    // Nobody sends a file for nothing.
    may_import(actor.as_ref()).map_err(problem)?;
    let mut summary = Summary::default();
    summary.answered(actor.as_ref(), 0);
    let context = RequestContext {
        actor,
        request_id: request_id.to_owned(),
        peer: parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0),
        started_at: shared.now(),
        cost: Cost::default(),
    };
    let file = read(shared, Request::from_parts(parts, body)).await?;
    let importing = AssertUnwindSafe(shared.service.import_file(asked, &file, context)).catch_unwind();
    let answer = match tokio::time::timeout(timeout(shared), importing).await {
        Ok(Ok(answer)) => answer.map_err(problem)?,
        Ok(Err(_)) => {
            tracing::error!(request_id, "an import panicked");
            return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "internal error"));
        }
        Err(_) => {
            let message = "the import took longer than the server allows; nothing was recorded";
            return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, ErrorCode::RequestTimeout, message));
        }
    };
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let mut response = (headers, Json(answer)).into_response();
    response.extensions_mut().insert(summary);
    Ok(response)
}

fn is_csv(headers: &HeaderMap) -> bool {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("text/csv") && !headers.contains_key(header::CONTENT_ENCODING)
}

fn asked(portfolio: String, pairs: Vec<(String, String)>) -> Result<ImportRequest, Problem> {
    let mut asked = ImportRequest { portfolio, ..ImportRequest::default() };
    for (name, value) in pairs {
        let slot = match name.as_str() {
            "mode" => &mut asked.mode,
            "overrideLock" => &mut asked.override_lock,
            _ => return Err(bad_request("the parameters are mode and overrideLock")),
        };
        if slot.replace(value).is_some() {
            return Err(bad_request(&format!("{name} is given twice")));
        }
    }
    Ok(asked)
}

/// A file has the time of as many other requests as it may be longer than one of them.
fn timeout(shared: &Shared) -> Duration {
    let times = shared.settings.import_limit_bytes.div_ceil(shared.settings.body_limit_bytes.max(1)).max(1);
    shared.settings.request_timeout.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX))
}

async fn read(shared: &Shared, request: Request) -> Result<Bytes, Problem> {
    match tokio::time::timeout(timeout(shared), Bytes::from_request(request, &())).await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let limit = shared.settings.import_limit_bytes;
            let message =
                format!("a file may have at most {limit} bytes; the command `import` takes longer ones on the machine");
            Err(Problem::too_large(limit, message))
        }
        Ok(Err(_)) => Err(bad_request("the body could not be read")),
        Err(_) => {
            let message = "the body took too long to arrive";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::RequestTimeout, message))
        }
    }
}

fn bad_request(message: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message)
}
