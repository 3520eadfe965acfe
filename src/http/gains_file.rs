//! `GET /portfolios/{id}/realized-gains.csv`: realised gains as a file to download, for whoever may read the portfolio.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;

use super::{
    admission::Party, envelope::RequestId, file, graphql::identify, negotiation::MediaType, reply::Problem,
    settings::Shared,
};
use crate::graphql::{GainsFile, GainsRequest};

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
    let mut asked = GainsRequest { portfolio, ..GainsRequest::default() };
    let slots = [("year", &mut asked.year), ("currency", &mut asked.currency)];
    file::parameters(&parts.uri, slots, "year and currency")?;
    let client = file::client(&parts);
    let of_address = shared.admission.address(client)?;
    let actor = identify(shared, &parts.headers, request_id).await?;
    let party = Party::of(actor.as_ref(), client);
    let of_party = shared.admission.party(party)?;
    let turn = shared.admission.turn(party).await?;
    let context = file::context(shared, &parts, request_id, actor);
    let opening = shared.service.realized_gains_file(asked, context);
    let late = "the request took longer than the server allows";
    let file = file::within(shared.settings.request_timeout, late, request_id, opening).await?;
    // What is left is to write it, at the reader's pace: others need not wait for that, while the reader's own count does.
    drop(turn);
    Ok(download(file, (of_address, of_party)))
}

fn download(file: GainsFile, held: impl Send + 'static) -> Response {
    // The name is made of harmless characters only; without it the browser asks.
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", file.name))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("authorization")),
    ];
    let text = file.text.map(move |part| {
        let _ = &held;
        Ok::<_, Infallible>(part)
    });
    (headers, Body::from_stream(text)).into_response()
}
