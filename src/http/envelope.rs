//! What every request gets: an id, protection against a panic, security headers, a line in the log.

use std::{net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use futures_util::FutureExt;

use super::{
    access_log::{self, Summary},
    admission::client_address,
    negotiation::MediaType,
    reply::Problem,
    settings::Shared,
};
use crate::graphql::error::ErrorCode;

/// The id of the request, in its extensions.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub String);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const SECURITY_HEADERS: [(HeaderName, HeaderValue); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; \
             img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
             form-action 'self'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    // Pages of allowed origins ask with CORS, which this does not bear on.
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// Browsers that were here once come back over TLS only.
const TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Wraps every request.
pub(super) async fn wrap(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    // The monotonic clock: durations only, never a time of day.
    let started = Instant::now();
    let request_id = given_id(request.headers()).unwrap_or_else(|| (shared.runtime.new_request_id)());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    request.extensions_mut().insert(RequestId(request_id.clone()));
    // From here on the other end is who asks, not the proxy that passes it on.
    let peer = peer.map(|peer| {
        let client = client_address(peer.ip(), request.headers(), &shared.settings.trusted_proxies);
        if client == peer.ip().to_canonical() { peer } else { SocketAddr::new(client, 0) }
    });
    if let Some(client) = peer {
        request.extensions_mut().insert(ConnectInfo(client));
    }

    let mut response = AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(request_id, %method, path, "a request panicked");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "internal error")
            .into_response(MediaType::Json, &request_id)
    });

    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, value);
    }
    if shared.settings.tls.is_some() {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, TRANSPORT_SECURITY);
    }
    let summary = response.extensions().get::<Summary>();
    access_log::log((&method, &path, peer), &request_id, response.status(), started.elapsed(), summary);
    response
}

/// The id that a proxy or client gave, if it is harmless in logs and headers.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((1..=64).contains(&id.len()) && id.bytes().all(harmless)).then(|| id.to_owned())
}
