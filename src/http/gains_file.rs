//! `GET /portfolios/{id}/realized-gains.csv`: realised gains as a file to download, for whoever may read the portfolio.

use std::{convert::Infallible, net::SocketAddr, panic::AssertUnwindSafe, sync::Arc};

use async_graphql::Error;
use axum::{
    Extension,
    body::Body,
    extract::{ConnectInfo, Path, Query, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt, StreamExt};

use super::{envelope::RequestId, graphql::identify, negotiation::MediaType, reply::Problem, settings::Shared};
use crate::graphql::{
    GainsFile, GainsRequest, RequestContext,
    error::{ErrorCode, code_of},
    limits::Cost,
};

/// Answers GET and HEAD.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Path(portfolio): Path<String>,
    request: Request,
) -> Response {
    answer(&shared, &request_id, portfolio, request)
        .await
        .unwrap_or_else(|problem| problem.into_response(MediaType::Json, &request_id))
}

async fn answer(shared: &Shared, request_id: &str, portfolio: String, request: Request) -> Result<Response, Problem> {
    // A body cannot be shared between threads, so it is let go before others are awaited.
    let (parts, _) = request.into_parts();
    let pairs: Query<Vec<(String, String)>> = Query::try_from_uri(&parts.uri).map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, "the query string cannot be read")
    })?;
    let asked = asked(portfolio, pairs.0)?;
    let actor = identify(shared, &parts.headers, request_id).await?;
    let context = RequestContext {
        actor,
        request_id: request_id.to_owned(),
        peer: parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0),
        started_at: shared.now(),
        cost: Cost::default(),
    };
    let opening = AssertUnwindSafe(shared.service.realized_gains_file(asked, context)).catch_unwind();
    match tokio::time::timeout(shared.settings.request_timeout, opening).await {
        Ok(Ok(Ok(file))) => Ok(download(file)),
        Ok(Ok(Err(error))) => Err(problem(error)),
        Ok(Err(_)) => {
            tracing::error!(request_id, "a download panicked");
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "internal error"))
        }
        Err(_) => {
            let message = "the request took longer than the server allows";
            Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, ErrorCode::RequestTimeout, message))
        }
    }
}

fn asked(portfolio: String, pairs: Vec<(String, String)>) -> Result<GainsRequest, Problem> {
    let mut asked = GainsRequest { portfolio, ..GainsRequest::default() };
    for (name, value) in pairs {
        let slot = match name.as_str() {
            "year" => &mut asked.year,
            "currency" => &mut asked.currency,
            _ => {
                let message = "the parameters are year and currency";
                return Err(Problem::new(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message));
            }
        };
        if slot.replace(value).is_some() {
            let message = format!("{name} is given twice");
            return Err(Problem::new(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message));
        }
    }
    Ok(asked)
}

fn download(file: GainsFile) -> Response {
    // The name is made of harmless characters only; without it the browser asks.
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", file.name))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("authorization")),
    ];
    (headers, Body::from_stream(file.text.map(Ok::<_, Infallible>))).into_response()
}

/// A service's error in HTTP's terms.
pub(super) fn problem(error: Error) -> Problem {
    let error = error.into_server_error(Default::default());
    let known = ErrorCode::ALL.iter().find(|known| Some(known.as_str()) == code_of(&error));
    let (status, code) = match known.copied() {
        Some(code @ ErrorCode::Unauthenticated) => (StatusCode::UNAUTHORIZED, code),
        Some(code @ ErrorCode::Forbidden) => (StatusCode::FORBIDDEN, code),
        Some(code @ ErrorCode::NotFound) => (StatusCode::NOT_FOUND, code),
        Some(code @ ErrorCode::AmountTooLarge) => (StatusCode::UNPROCESSABLE_ENTITY, code),
        Some(code @ ErrorCode::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, code),
        Some(code @ (ErrorCode::BadUserInput | ErrorCode::QueryTooComplex)) => (StatusCode::BAD_REQUEST, code),
        Some(_) | None => {
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal, "internal error");
        }
    };
    let problem = Problem::new(status, code, error.message);
    match code {
        ErrorCode::Unauthenticated => problem.with_header(header::WWW_AUTHENTICATE, "Bearer"),
        _ => problem,
    }
}
