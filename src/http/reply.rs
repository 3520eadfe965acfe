//! Answers: GraphQL responses with the status code their media type asks for, and errors that prevented one.

use async_graphql::{Response as GraphqlResponse, ServerError, Value};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::negotiation::MediaType;
use crate::graphql::error::{ErrorCode, code_of, finish, is_request_error};

/// Seconds after which what is too much now may not be any more.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why there is no GraphQL response, in HTTP's terms.
#[derive(Debug, PartialEq)]
pub(super) struct Problem {
    pub status: StatusCode,
    pub code: ErrorCode,
    pub message: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How many bytes a body may have that has more.
    pub maximum_bytes: Option<usize>,
}

impl Problem {
    pub fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new(), maximum_bytes: None }
    }

    pub fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// A body that is too long.
    pub fn too_large(maximum: usize, message: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::PayloadTooLarge, message);
        Self { maximum_bytes: Some(maximum), ..problem }
    }

    pub fn into_response(self, media: MediaType, request_id: &str) -> Response {
        let mut error = self.code.server_error(self.message);
        if let Some(maximum) = self.maximum_bytes {
            let extensions = error.extensions.get_or_insert_default();
            extensions.set("limit", "bytes of the body");
            extensions.set("maximum", maximum as u64);
        }
        let mut body = GraphqlResponse::from_errors(vec![error]);
        finish(&mut body, request_id);
        let mut response = encode(self.status, media, &Wire::from(&body));
        response.headers_mut().extend(self.headers);
        response
    }
}

/// A GraphQL response as it is written: a request error has no `data` entry, which async-graphql's own form does.
#[derive(Serialize)]
struct Wire<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<&'a std::collections::BTreeMap<String, Value>>,
}

impl<'a> From<&'a GraphqlResponse> for Wire<'a> {
    fn from(response: &'a GraphqlResponse) -> Self {
        Self {
            errors: &response.errors,
            data: (!is_request_error(response)).then_some(&response.data),
            extensions: (!response.extensions.is_empty()).then_some(&response.extensions),
        }
    }
}

/// Answers one request.
pub(super) fn single(media: MediaType, response: &GraphqlResponse) -> Response {
    let status = match media {
        MediaType::GraphqlResponse if is_request_error(response) => refused(response),
        _ => StatusCode::OK,
    };
    let mut answer = encode(status, media, &Wire::from(response));
    answer.headers_mut().extend(response.http_headers.clone());
    answer
}

/// Answers a batch. The specification knows no batches: each response tells its own story under one 200.
pub(super) fn batch(media: MediaType, responses: &[GraphqlResponse]) -> Response {
    encode(StatusCode::OK, media, &responses.iter().map(Wire::from).collect::<Vec<_>>())
}

fn refused(response: &GraphqlResponse) -> StatusCode {
    let code = response.errors.iter().find_map(code_of);
    let known = ErrorCode::ALL.iter().find(|known| Some(known.as_str()) == code);
    match known {
        Some(ErrorCode::Unauthenticated) => StatusCode::UNAUTHORIZED,
        Some(ErrorCode::Forbidden) => StatusCode::FORBIDDEN,
        Some(ErrorCode::AmountTooLarge) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(ErrorCode::PayloadTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Some(ErrorCode::RateLimited) => StatusCode::TOO_MANY_REQUESTS,
        Some(ErrorCode::RequestTimeout) => StatusCode::GATEWAY_TIMEOUT,
        Some(ErrorCode::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
        Some(ErrorCode::Internal) => StatusCode::INTERNAL_SERVER_ERROR,
        Some(ErrorCode::NotFound | ErrorCode::BadUserInput | ErrorCode::QueryTooComplex) | None => {
            StatusCode::BAD_REQUEST
        }
    }
}

fn encode(status: StatusCode, media: MediaType, body: &impl Serialize) -> Response {
    let Ok(bytes) = serde_json::to_vec(body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, media.content_type()),
        // Answers depend on who asks and when.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("accept, authorization")),
    ];
    let mut response = (status, headers, Body::from(bytes)).into_response();
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    response
}
