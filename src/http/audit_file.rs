//! `GET /audit-log.jsonl`: the tenant's audit log as lines of JSON to keep elsewhere, for whoever may read it.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;

use super::{
    admission::Party, envelope::RequestId, file, graphql::identify, negotiation::MediaType, reply::Problem,
    settings::Shared,
};
use crate::graphql::AuditRequest;

/// Answers GET alone: a HEAD would be an export on record that nobody got.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    answer(&shared, &request_id, request)
        .await
        .unwrap_or_else(|problem| problem.into_response(MediaType::Json, &request_id))
}

async fn answer(shared: &Shared, request_id: &str, request: Request) -> Result<Response, Problem> {
    // A body cannot be shared between threads, so it is let go before others are awaited.
    let (parts, _) = request.into_parts();
    let mut asked = AuditRequest::default();
    let slots = [("from", &mut asked.from), ("until", &mut asked.until)];
    file::parameters(&parts.uri, slots, "from and until")?;
    let client = file::client(&parts);
    let of_address = shared.admission.address(client)?;
    let actor = identify(shared, &parts.headers, request_id).await?;
    let party = Party::of(actor.as_ref(), client);
    let of_party = shared.admission.party(party)?;
    let turn = shared.admission.turn(party).await?;
    let context = file::context(shared, &parts, request_id, actor);
    let opening = shared.service.audit_file(asked, context);
    let late = "the request took longer than the server allows";
    let opened = file::within(shared.settings.request_timeout, late, request_id, opening).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit-log.jsonl\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("authorization")),
    ];
    // What is left is written at the reader's pace: others need not wait for that, while the reader's own count does.
    drop(turn);
    let held = (of_address, of_party);
    let text = opened.text.inspect(move |_| {
        let _ = &held;
    });
    Ok((headers, Body::from_stream(text)).into_response())
}

/// Answers HEAD.
pub(super) async fn no_head() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}
