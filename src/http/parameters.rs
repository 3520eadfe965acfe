//! From bytes and query strings to GraphQL requests. Errors name the member that is wrong.

use async_graphql::{Request, Variables};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::{documents::Documents, reply::Problem, settings::HttpSettings};
use crate::graphql::error::ErrorCode;

/// The requests of one HTTP request.
#[derive(Debug)]
pub(super) enum Asked {
    One(Box<Request>),
    Batch(Vec<Request>),
}

/// Reads the body of a POST: an object, or an array of them.
pub(super) fn from_body(body: &[u8], settings: &HttpSettings) -> Result<Asked, Problem> {
    let (max_batch, documents) = (settings.limits.max_batch, &settings.documents);
    let json: Value =
        serde_json::from_slice(body).map_err(|error| malformed(format!("the body is not JSON: {error}")))?;
    match json {
        Value::Object(members) => Ok(Asked::One(Box::new(request(members, "", documents)?))),
        Value::Array(items) if items.is_empty() => Err(malformed("the batch is empty")),
        Value::Array(items) if items.len() as u64 > max_batch => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::QueryTooComplex,
            format!("the batch has {} requests; at most {max_batch} are allowed", items.len()),
        )),
        Value::Array(items) => {
            let read = |(index, item)| match item {
                Value::Object(members) => request(members, &format!("request {index}: "), documents),
                _ => Err(malformed(format!("request {index} is not an object"))),
            };
            items.into_iter().enumerate().map(read).collect::<Result<_, _>>().map(Asked::Batch)
        }
        _ => Err(malformed("the body is neither an object nor an array of objects")),
    }
}

/// Reads the query string of a GET.
pub(super) fn from_query(pairs: Vec<(String, String)>, documents: &Documents) -> Result<Asked, Problem> {
    let mut members = Map::new();
    for (name, text) in pairs {
        let value = match name.as_str() {
            "query" | "documentId" => Value::String(text),
            // An empty name means none, and every other text is a name: `null` too.
            "operationName" if text.is_empty() => continue,
            "operationName" => Value::String(text),
            "variables" | "extensions" if text.is_empty() => continue,
            "variables" | "extensions" => {
                serde_json::from_str(&text).map_err(|error| malformed(format!("\"{name}\" is not JSON: {error}")))?
            }
            _ => continue,
        };
        if members.insert(name.clone(), value).is_some() {
            return Err(malformed(format!("\"{name}\" is given twice")));
        }
    }
    Ok(Asked::One(Box::new(request(members, "", documents)?)))
}

fn request(mut members: Map<String, Value>, place: &str, documents: &Documents) -> Result<Request, Problem> {
    documents.resolve(&mut members).map_err(|message| malformed(format!("{place}{message}")))?;
    let mut take = |name: &str| members.remove(name).filter(|value| !value.is_null());
    let query = match take("query") {
        Some(Value::String(query)) => query,
        Some(_) => return Err(malformed(format!("{place}\"query\" must be a string"))),
        None => {
            return Err(malformed(format!("{place}\"query\" is missing: a string with the GraphQL document")));
        }
    };
    let mut request = Request::new(query);
    request.operation_name = match take("operationName") {
        Some(Value::String(name)) => Some(name),
        Some(_) => {
            return Err(malformed(format!("{place}\"operationName\" must be a string")));
        }
        None => None,
    };
    request.variables = match take("variables") {
        Some(variables @ Value::Object(_)) => Variables::from_json(variables),
        Some(_) => return Err(malformed(format!("{place}\"variables\" must be an object"))),
        None => Variables::default(),
    };
    // Extensions are reserved for the protocol; of this server's own there is none beside the hash of a document.
    match take("extensions") {
        Some(Value::Object(_)) | None => Ok(request),
        Some(_) => Err(malformed(format!("{place}\"extensions\" must be an object"))),
    }
}

fn malformed(message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message)
}
