//! Which pages of other origins may ask: those that are configured, and no other.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long a browser need not ask again.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Answers browsers that ask first; nothing where no origin is allowed.
///
/// Credentials are not allowed: tokens travel in a header that the page sets, never by themselves.
pub(super) fn layer(allowed: &[String]) -> Option<CorsLayer> {
    let origins: Vec<_> = allowed.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return None;
    }
    Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::CONTENT_TYPE, header::AUTHORIZATION, REQUEST_ID])
            .expose_headers([REQUEST_ID, header::RETRY_AFTER, header::WWW_AUTHENTICATE])
            .max_age(MAX_AGE),
    )
}
