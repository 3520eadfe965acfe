//! `POST /portfolios/{id}/transactions.csv`: a file of transactions to import, longer than a GraphQL request may be.
//!
//! The file is read to its end before the import begins: a slow sender is not to hold a session of the database.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use futures_util::StreamExt;

use super::{
    access_log::Summary, admission::Party, envelope::RequestId, file, graphql::identify, negotiation::MediaType,
    reply::Problem, settings::Shared,
};
use crate::graphql::{ImportRequest, error::ErrorCode, may_import};

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
    let mut asked = ImportRequest { portfolio, ..ImportRequest::default() };
    let slots = [("mode", &mut asked.mode), ("overrideLock", &mut asked.override_lock)];
    file::parameters(&parts.uri, slots, "mode and overrideLock")?;
    let client = file::client(&parts);
    let _of_address = shared.admission.address(client)?;
    let actor = identify(shared, &parts.headers, request_id).await?;
    // Nobody sends a file for nothing.
    may_import(actor.as_ref()).map_err(file::problem)?;
    let party = Party::of(actor.as_ref(), client);
    let _of_party = shared.admission.party(party)?;
    let _import = shared.admission.import(party)?;
    let mut summary = Summary::default();
    summary.answered(actor.as_ref(), 0);
    let context = file::context(shared, &parts, request_id, actor);
    let file = read(shared, Request::from_parts(parts, body)).await?;
    let _turn = shared.admission.turn(party).await?;
    let importing = shared.service.import_file(asked, &file, context);
    let late = "the import took longer than the server allows; nothing was recorded";
    let answer = file::within(timeout(shared), late, request_id, importing).await?;
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

/// A file has the time of as many other requests as it may be longer than one of them.
fn timeout(shared: &Shared) -> Duration {
    let times = shared.settings.import_limit_bytes.div_ceil(shared.settings.body_limit_bytes.max(1)).max(1);
    shared.settings.request_timeout.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX))
}

/// The whole file. It may take long, but its sender may not pause for long.
async fn read(shared: &Shared, request: Request) -> Result<Vec<u8>, Problem> {
    let limit = shared.settings.import_limit_bytes;
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes: usize| bytes > limit) {
        return Err(too_long(limit));
    }
    let reading = async {
        let mut file = Vec::new();
        let mut parts = request.into_body().into_data_stream();
        loop {
            let part = tokio::time::timeout(shared.settings.connection.pause_timeout, parts.next()).await;
            let Some(part) = part.map_err(|_| late())? else { return Ok(file) };
            let part = part.map_err(|_| file::bad_request("the body could not be read"))?;
            if file.len() + part.len() > limit {
                return Err(too_long(limit));
            }
            file.extend_from_slice(&part);
        }
    };
    tokio::time::timeout(timeout(shared), reading).await.unwrap_or_else(|_| Err(late()))
}

fn too_long(limit: usize) -> Problem {
    let message =
        format!("a file may have at most {limit} bytes; the command `import` takes longer ones on the machine");
    Problem::too_large(limit, message)
}

fn late() -> Problem {
    let message = "the body took too long to arrive";
    Problem::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::RequestTimeout, message)
}
