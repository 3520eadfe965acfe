//! Top-level GraphQL errors: one list of codes, one way to make them, one place where internals are hidden.

use async_graphql::indexmap::IndexMap;
use async_graphql::{Error, ErrorExtensionValues, Name, PathSegment, Response, ServerError, Value};

/// A response never lists more errors than this; a document with a thousand mistakes is told about the first.
const MAX_ERRORS: usize = 50;
/// How async-graphql begins the message when an argument's value is not of its type, in resolvers and before them.
const INPUT_MESSAGES: [&str; 3] = ["Failed to parse \"", "Invalid value for argument \"", "Expected input type \""];

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// What went wrong, for programs: `errors[].extensions.code`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[doc = $doc])+ $name,)+ }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as it is shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

codes! {
    /// No valid access token came with the request.
    Unauthenticated = "UNAUTHENTICATED",
    /// The actor may not do this.
    Forbidden = "FORBIDDEN",
    /// There is no such thing, or the actor may not know of it.
    NotFound = "NOT_FOUND",
    /// The request is not valid; the message names what to change.
    BadUserInput = "BAD_USER_INPUT",
    /// The request exceeds a limit; the extensions name the limit and the number.
    QueryTooComplex = "QUERY_TOO_COMPLEX",
    /// No exact decimal holds a figure that was asked for.
    AmountTooLarge = "AMOUNT_TOO_LARGE",
    /// The body of the request is too long; the extensions name the limit.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE",
    /// The request took longer than the server allows.
    RequestTimeout = "REQUEST_TIMEOUT",
    /// Too many requests; try later.
    RateLimited = "RATE_LIMITED",
    /// The server cannot answer at the moment; the same request may succeed later.
    Unavailable = "UNAVAILABLE",
    /// A defect of the server. The request id finds it in the log.
    Internal = "INTERNAL",
}

impl ErrorCode {
    /// An error with this code, for resolvers: `Err(ErrorCode::NotFound.error("…"))`.
    pub fn error(self, message: impl Into<String>) -> Error {
        Error { message: message.into(), source: None, extensions: Some(self.extensions()) }
    }

    /// An error with this code that prevents any execution.
    pub fn server_error(self, message: impl Into<String>) -> ServerError {
        ServerError { extensions: Some(self.extensions()), ..ServerError::new(message, None) }
    }

    fn extensions(self) -> ErrorExtensionValues {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.as_str());
        extensions
    }
}

/// Hides an internal error from the client: it is logged with the request id, and shown as "internal error".
pub fn internal(error: &(dyn std::error::Error + 'static), request_id: &str) -> Error {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    tracing::error!(request_id, error = chain, "a request met an internal error");
    ErrorCode::Internal.error(INTERNAL_MESSAGE)
}

const INTERNAL_MESSAGE: &str = "internal error";

/// The code of an error that has one.
pub fn code_of(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        Value::Enum(code) => Some(code),
        _ => None,
    }
}

/// Gives every error of a response its `code` and `requestId`, and hides what no code was chosen for.
///
/// An error without a code comes from async-graphql itself (the document or an argument is wrong: `BAD_USER_INPUT`) or
/// from a resolver that let an internal error through (`INTERNAL`, logged, message withheld).
pub fn finish(response: &mut Response, request_id: &str) {
    for error in &response.errors {
        restore_failed_field(&mut response.data, &error.path);
    }
    response.errors.truncate(MAX_ERRORS);
    for error in &mut response.errors {
        if code_of(error).is_none() {
            let code = classify(error);
            if code == ErrorCode::Internal {
                tracing::error!(request_id, error = error.message, path = ?error.path, "a resolver failed");
                INTERNAL_MESSAGE.clone_into(&mut error.message);
                error.extensions = None;
            }
            error.extensions.get_or_insert_default().set("code", code.as_str());
        }
        error.source = None;
        error.extensions.get_or_insert_default().set("requestId", request_id);
    }
}

/// Puts `null` where a field failed: async-graphql leaves such a field out, although the specification wants it.
///
/// It cannot tell a field that may not be null; such a field is not to fail alone in this API.
fn restore_failed_field(data: &mut Value, path: &[PathSegment]) {
    let Some((PathSegment::Field(name), parents)) = path.split_last() else {
        return;
    };
    let parent = parents.iter().try_fold(data, |value, segment| match segment {
        PathSegment::Field(name) => Some(members_of(value)?.entry(Name::new(name)).or_insert(Value::Null)),
        PathSegment::Index(index) => match value {
            Value::List(items) => items.get_mut(*index),
            _ => None,
        },
    });
    if let Some(members) = parent.and_then(members_of) {
        members.entry(Name::new(name)).or_insert(Value::Null);
    }
}

/// The members of an object that a path leads through. Where all of its fields failed, async-graphql has left null.
fn members_of(value: &mut Value) -> Option<&mut IndexMap<Name, Value>> {
    if *value == Value::Null {
        *value = Value::Object(IndexMap::new());
    }
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

fn classify(error: &ServerError) -> ErrorCode {
    let from_library = error.source.is_none();
    let before_execution = error.path.is_empty();
    let about_input = INPUT_MESSAGES.iter().any(|start| error.message.starts_with(start));
    if from_library && (before_execution || about_input) { ErrorCode::BadUserInput } else { ErrorCode::Internal }
}

/// Whether the response is a *request error*: nothing was executed, and it has no `data` entry.
pub fn is_request_error(response: &Response) -> bool {
    response.data == Value::Null && response.errors.iter().any(|error| error.path.is_empty())
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema, value};

    use super::*;

    struct Query;

    #[Object]
    impl Query {
        async fn leak(&self) -> async_graphql::Result<i32> {
            Err(std::io::Error::other("password=hunter2 at db.internal"))?
        }

        async fn careless(&self) -> async_graphql::Result<i32> {
            Err(Error::new("SELECT * FROM secrets"))
        }

        async fn missing(&self) -> async_graphql::Result<i32> {
            Err(ErrorCode::NotFound.error("no such portfolio"))
        }

        async fn hidden(&self) -> async_graphql::Result<i32> {
            Err(internal(&std::io::Error::other("disk on fire"), "r1"))
        }

        async fn children(&self) -> Vec<Child> {
            vec![Child, Child]
        }

        async fn echo(&self, number: i32) -> i32 {
            number
        }
    }

    struct Child;

    #[Object]
    impl Child {
        async fn fine(&self) -> i32 {
            1
        }

        async fn fails(&self) -> async_graphql::Result<Option<i32>> {
            Err(ErrorCode::NotFound.error("no price"))
        }
    }

    #[tokio::test]
    async fn a_field_that_failed_is_null() {
        let query = "{ children { fine other: fails } }";
        let mut response = Schema::new(Query, EmptyMutation, EmptySubscription).execute(query).await;
        finish(&mut response, "r1");
        let child = value!({ "fine": 1, "other": null });
        assert_eq!(response.data, value!({ "children": [child.clone(), child] }));
    }

    async fn error_of(query: &str) -> (String, String) {
        let mut response = Schema::new(Query, EmptyMutation, EmptySubscription).execute(query).await;
        finish(&mut response, "r1");
        let error = response.errors.first().unwrap();
        assert_eq!(error.extensions.as_ref().unwrap().get("requestId"), Some(&Value::from("r1")));
        (code_of(error).unwrap().to_owned(), error.message.clone())
    }

    #[tokio::test]
    async fn internal_errors_are_hidden_however_they_got_there() {
        for query in ["{ leak }", "{ careless }", "{ hidden }"] {
            let expected = ("INTERNAL".to_owned(), "internal error".to_owned());
            assert_eq!(error_of(query).await, expected, "{query}");
        }
    }

    #[tokio::test]
    async fn chosen_codes_and_messages_are_kept() {
        let expected = ("NOT_FOUND".to_owned(), "no such portfolio".to_owned());
        assert_eq!(error_of("{ missing }").await, expected);
    }

    #[tokio::test]
    async fn mistakes_in_the_document_are_the_callers() {
        for query in [
            "{ nothing }",
            "{",
            "{ echo }",
            "{ echo(number: \"a\") }",
            "query($n: Int! = 9999999999) { echo(number: $n) }",
        ] {
            let (code, message) = error_of(query).await;
            assert_eq!(code, "BAD_USER_INPUT", "{query}: {message}");
        }
    }

    #[tokio::test]
    async fn a_thousand_mistakes_are_not_all_listed() {
        let fields: String = (0..1000).map(|number| format!("unknown{number} ")).collect();
        let mut response = Schema::new(Query, EmptyMutation, EmptySubscription).execute(format!("{{{fields}}}")).await;
        finish(&mut response, "r1");
        assert_eq!(response.errors.len(), MAX_ERRORS);
        assert!(is_request_error(&response));
    }

    #[tokio::test]
    async fn a_failed_field_is_no_request_error() {
        let response = Schema::new(Query, EmptyMutation, EmptySubscription).execute("{ missing }").await;
        assert!(!is_request_error(&response));
    }
}
