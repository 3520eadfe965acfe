//! `GET /audit-log.jsonl`: the tenant's audit log as lines of JSON to keep elsewhere, for whoever may read it.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{envelope::RequestId, file, graphql::identify, negotiation::MediaType, reply::Problem, settings::Shared};
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
    let actor = identify(shared, &parts.headers, request_id).await?;
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
    Ok((headers, Body::from_stream(opened.text)).into_response())
}

/// Answers HEAD.
pub(super) async fn no_head() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}
