//! A GraphQL client without a socket.

use axum::Router;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Sends operations as one person.
#[derive(Clone)]
pub struct Client {
    router: Router,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Client {
    pub fn new(router: Router, token: Option<String>) -> Self {
        Self { router, token }
    }

    /// The access token, if there is one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Runs an operation without variables.
    pub async fn run(&self, query: &str) -> Answer {
        self.run_with(query, json!({})).await
    }

    /// Runs an operation.
    pub async fn run_with(&self, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables });
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/graphql-response+json");
        self.send(self.signed(request).body(Body::from(body.to_string())).expect("a request")).await
    }

    /// Fetches a path.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.signed(Request::get(path)).body(Body::empty()).expect("a request")).await
    }

    /// A request in this person's name.
    pub fn signed(&self, request: Builder) -> Builder {
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    /// Sends any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status, parts.headers);
        let bytes = axum::body::to_bytes(body, 64 << 20).await.expect("a body");
        let body =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into()));
        Answer { status, headers, body }
    }
}

impl Answer {
    /// What stands at a path in the data, which must be whole and without errors.
    #[track_caller]
    pub fn at(&self, path: &str) -> &Value {
        assert!(self.body.get("errors").is_none(), "errors: {}", self.body);
        self.body["data"].pointer(path).unwrap_or_else(|| panic!("nothing at {path} in {}", self.body))
    }

    /// The text at a path.
    #[track_caller]
    pub fn text(&self, path: &str) -> String {
        self.at(path).as_str().unwrap_or_else(|| panic!("no text at {path} in {}", self.body)).to_owned()
    }

    /// The code of the first top-level error.
    #[track_caller]
    pub fn error_code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no error in {}", self.body))
    }

    /// The codes of the user errors of a mutation.
    #[track_caller]
    pub fn user_errors(&self, mutation: &str) -> Vec<String> {
        let errors = self.at(&format!("/{mutation}/userErrors"));
        errors
            .as_array()
            .expect("a list")
            .iter()
            .map(|error| error["code"].as_str().expect("a code").to_owned())
            .collect()
    }
}
