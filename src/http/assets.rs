//! The playground: files that the build of `web/` left in a directory, or a page that says how to build it.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use tower::ServiceExt;
use tower_http::services::ServeDir;

use super::settings::Shared;

/// Where the build puts files whose names change with their content.
const HASHED: &str = "/assets/";
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

const NOT_BUILT: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Portfolio analytics</title>
<style>body { font-family: system-ui; max-width: 40rem; margin: 4rem auto; line-height: 1.5 }</style>
<h1>The server runs; the playground is not built</h1>
<p>The API is at <code>/graphql</code>. To build the playground, run in the directory <code>web/</code>:</p>
<pre>npm ci &amp;&amp; npm run build</pre>
<p>Then reload this page.</p>
</html>
";

/// The settings of the playground.
pub(super) async fn playground(State(shared): State<Arc<Shared>>) -> Response {
    ([(header::CACHE_CONTROL, REVALIDATE)], Json(&shared.settings.playground)).into_response()
}

/// Serves a file of the playground.
pub(super) async fn file(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let path = request.uri().path().to_owned();
    let Ok(found) = ServeDir::new(&shared.settings.assets).oneshot(request).await;
    let mut response = found.map(Body::new);
    if response.status() == StatusCode::NOT_FOUND {
        return if path == "/" {
            ([(header::CACHE_CONTROL, REVALIDATE)], Html(NOT_BUILT)).into_response()
        } else {
            (StatusCode::NOT_FOUND, "not found").into_response()
        };
    }
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        let caching = if path.starts_with(HASHED) { IMMUTABLE } else { REVALIDATE };
        response.headers_mut().insert(header::CACHE_CONTROL, caching);
    }
    response
}
