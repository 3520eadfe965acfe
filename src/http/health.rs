//! Whether the process lives, and whether it can serve. Neither tells anything about its inside.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::settings::Shared;

/// The process answers: an orchestrator need not restart it.
pub(super) async fn live() -> Response {
    word(StatusCode::OK, "live")
}

/// The server can serve, or one word why it cannot.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    if shared.is_draining() {
        return word(StatusCode::SERVICE_UNAVAILABLE, "draining");
    }
    match tokio::time::timeout(shared.settings.request_timeout, shared.service.ready()).await {
        Ok(Ok(())) => word(StatusCode::OK, "ready"),
        Ok(Err(reason)) => word(StatusCode::SERVICE_UNAVAILABLE, reason),
        Err(_) => word(StatusCode::SERVICE_UNAVAILABLE, "timeout"),
    }
}

fn word(status: StatusCode, word: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], word).into_response()
}
