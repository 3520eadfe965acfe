//! `GET /.well-known/jwks.json`: the public keys of access tokens, for services that check them themselves.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::settings::Shared;

/// Less than how long a new key is published before it signs.
const CACHE: &str = "public, max-age=30";

pub(super) async fn handle(State(shared): State<Arc<Shared>>) -> Response {
    let keys = shared.service.key_set().await;
    ([(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, CACHE)], Json(keys)).into_response()
}
