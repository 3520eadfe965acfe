//! `POST /graphql` and `GET /graphql`, as the GraphQL-over-HTTP specification has them.

use std::sync::Arc;

use async_graphql::{Request as Operation, Response as GraphqlResponse};
use axum::{
    Extension,
    body::Bytes,
    extract::{FromRequest, Query, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use tokio::time::Instant;

use super::{
    access_log::Summary,
    admission::Party,
    envelope::RequestId,
    negotiation::{MediaType, is_json},
    operation::{Caller, authenticate, bearer, refusal},
    parameters::{Asked, from_body, from_query},
    reply::{self, Problem},
    settings::Shared,
    whence,
};
use crate::{
    auth::{Actor, TokenError},
    graphql::{
        AuthenticationError,
        error::{ErrorCode, code_of, finish, is_request_error},
        limits::{OperationKind, Refusal},
    },
};

const ALLOWED_METHODS: &str = "GET, HEAD, POST";

/// Answers methods that the path does not know.
pub(super) async fn method_not_allowed(Extension(request_id): Extension<RequestId>) -> Response {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadUserInput, "use POST, or GET for queries")
        .with_header(header::ALLOW, ALLOWED_METHODS)
        .into_response(MediaType::Json, &request_id.0)
}

/// Answers GET, HEAD and POST.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let Some(media) = MediaType::accepted(request.headers()) else {
        let message = "answers are application/graphql-response+json or application/json, in UTF-8";
        return Problem::new(StatusCode::NOT_ACCEPTABLE, ErrorCode::BadUserInput, message)
            .into_response(MediaType::Json, &request_id);
    };
    answer(shared, request, media, &request_id)
        .await
        .unwrap_or_else(|problem| problem.into_response(media, &request_id))
}

async fn answer(
    shared: Arc<Shared>,
    request: Request,
    media: MediaType,
    request_id: &str,
) -> Result<Response, Problem> {
    // A body cannot be shared between threads, so it is kept apart while others are awaited.
    let (parts, body) = request.into_parts();
    let is_post = parts.method == Method::POST;
    if is_post && !is_json(&parts.headers) {
        let message = "the body must be application/json in UTF-8, without compression";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::BadUserInput, message));
    }
    let whence = whence::of(&parts.extensions, &parts.headers);
    let client = whence.address;
    let _of_address = shared.admission.address(client)?;
    let actor = identify(&shared, &parts.headers, request_id).await?;
    let party = Party::of(actor.as_ref(), client);
    let _of_party = shared.admission.party(party)?;
    let asked = if is_post {
        from_body(&read(&shared, Request::from_parts(parts, body)).await?, &shared.settings)?
    } else {
        let pairs = Query::try_from_uri(&parts.uri).map_err(|_| bad_request("the query string cannot be read"))?;
        from_query(pairs.0, &shared.settings.documents)?
    };
    // Only now: what is still being sent would keep others waiting.
    let _turn = shared.admission.turn(party).await?;
    let caller = Caller { shared: Arc::clone(&shared), actor, request_id: request_id.to_owned(), whence };
    let deadline = caller.deadline();
    let mut run = Run { caller, is_post, spent: 0, deadline, summary: Summary::default() };
    let mut response = match asked {
        Asked::One(operation) => reply::single(media, &run.one(*operation).await?),
        Asked::Batch(operations) => {
            let mut responses = Vec::with_capacity(operations.len());
            // One after the other: a batch is not a way to use more of the server than others may.
            for operation in operations {
                responses.push(run.one(operation).await?);
            }
            reply::batch(media, &responses)
        }
    };
    response.extensions_mut().insert(run.summary);
    Ok(response)
}

/// Who asks, by the bearer token; nobody without one.
pub(super) async fn identify(shared: &Shared, headers: &HeaderMap, request_id: &str) -> Result<Option<Actor>, Problem> {
    let unauthenticated = |challenge| {
        Problem::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated, TokenError::PUBLIC_MESSAGE)
            .with_header(header::WWW_AUTHENTICATE, challenge)
    };
    let token = bearer(headers).map_err(|_| unauthenticated("Bearer error=\"invalid_request\""))?;
    match authenticate(shared, token, request_id).await {
        Ok(authenticated) => Ok(authenticated.map(|authenticated| authenticated.actor)),
        Err(AuthenticationError::Refused(_)) => Err(unauthenticated("Bearer error=\"invalid_token\"")),
        Err(AuthenticationError::Unavailable(_)) => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Unavailable,
            "the access token cannot be checked at the moment",
        )),
    }
}

async fn read(shared: &Shared, request: Request) -> Result<Bytes, Problem> {
    let reading = Bytes::from_request(request, &());
    match tokio::time::timeout(shared.settings.request_timeout, reading).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let limit = shared.settings.body_limit_bytes;
            let message = format!(
                "the body may have at most {limit} bytes; a longer file to import goes to \
                 POST /portfolios/{{id}}/transactions.csv"
            );
            Err(Problem::too_large(limit, message))
        }
        Ok(Err(_)) => Err(bad_request("the body could not be read")),
        Err(_) => {
            let message = "the body took too long to arrive";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::RequestTimeout, message))
        }
    }
}

fn bad_request(message: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message)
}

/// The operations of one HTTP request, which share the limits on complexity and time.
struct Run {
    caller: Caller,
    is_post: bool,
    spent: u64,
    deadline: Instant,
    summary: Summary,
}

impl Run {
    async fn one(&mut self, mut operation: Operation) -> Result<GraphqlResponse, Problem> {
        let limits = self.caller.shared.settings.limits;
        let admitted = limits.admit(&mut operation).and_then(|admitted| {
            self.spent = self.spent.saturating_add(admitted.cost.complexity);
            let (what, maximum) = ("fields to resolve in one batch", limits.max_complexity);
            if self.spent > maximum {
                return Err(Refusal::Exceeded { what, actual: self.spent, maximum });
            }
            Ok(admitted)
        });
        let permitted = admitted.map_err(Refusal::into_server_error).and_then(|admitted| {
            self.caller.shared.settings.introspection.check(&admitted, self.caller.actor.as_ref())?;
            Ok(admitted)
        });
        let mut response = match permitted {
            Err(error) => GraphqlResponse::from_errors(vec![error]),
            Ok(admitted) if admitted.kind == OperationKind::Mutation && !self.is_post => {
                let message = "a mutation needs POST";
                return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadUserInput, message)
                    .with_header(header::ALLOW, "POST"));
            }
            Ok(admitted) if admitted.kind == OperationKind::Subscription => {
                refusal(ErrorCode::BadUserInput, "subscriptions run over the WebSocket at /graphql/ws")
            }
            Ok(admitted) => {
                let response = self.caller.execute(operation, &admitted, self.deadline).await;
                if timed_out(&response) {
                    // The answer of the media type application/json would be 200, and a proxy would count it as a success.
                    let message = "the request took longer than the server allows";
                    return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, ErrorCode::RequestTimeout, message));
                }
                self.summary.ran(&admitted);
                response
            }
        };
        self.summary.answered(self.caller.actor.as_ref(), response.errors.len());
        finish(&mut response, &self.caller.request_id);
        Ok(response)
    }
}

fn timed_out(response: &GraphqlResponse) -> bool {
    let timeout = |error| code_of(error) == Some(ErrorCode::RequestTimeout.as_str());
    is_request_error(response) && response.errors.iter().any(timeout)
}
