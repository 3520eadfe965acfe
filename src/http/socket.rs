//! `/graphql/ws`: the graphql-transport-ws protocol, for subscriptions and for queries and mutations alike.
//!
//! async-graphql-axum speaks the protocol. Around it stand the things it leaves open: who may connect, for how long, with how
//! many operations, and with which codes a socket is closed.

mod gate;
mod session;

use std::sync::Arc;

use async_graphql_axum::GraphQLProtocol;
use axum::{
    Extension,
    extract::{FromRequestParts, Request, State, WebSocketUpgrade},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use self::session::Session;
use super::{
    admission::Network, envelope::RequestId, negotiation::MediaType, operation::Caller, origin, reply::Problem,
    settings::Shared, whence,
};
use crate::graphql::error::ErrorCode;

/// What is read of a socket at once.
const READ_BUFFER_BYTES: usize = 16 * 1024;
/// An answer that is longer ends its socket: over HTTP it could be had.
const MAX_UNSENT_BYTES: usize = 8 << 20;

const PROTOCOL: &str = "graphql-transport-ws";

/// Answers the request for a WebSocket.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request,
) -> Response {
    let refuse =
        |status, code, message: &str| Problem::new(status, code, message).into_response(MediaType::Json, &request_id);
    if !origin::is_allowed(request.headers(), &shared.settings.allowed_origins) {
        return refuse(StatusCode::FORBIDDEN, ErrorCode::Forbidden, "pages of this origin may not connect");
    }
    let (mut parts, _) = request.into_parts();
    let offered = parts.headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let offers =
        |value: &HeaderValue| value.to_str().is_ok_and(|value| value.split(',').any(|name| name.trim() == PROTOCOL));
    if !offered.into_iter().any(offers) {
        return refuse(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, "the protocol must be graphql-transport-ws");
    }
    // Whatever else the client offers (the legacy protocol is called graphql-ws), this one is spoken.
    parts.headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    let Ok(protocol) = GraphQLProtocol::from_request_parts(&mut parts, &()).await else {
        return refuse(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, "the protocol must be graphql-transport-ws");
    };
    let whence = whence::of(&parts.extensions, &parts.headers);
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let most = shared.settings.socket.max_per_address;
    let of_address = match whence.address.map(|address| shared.sockets_of_address.take(Network::of(address))) {
        None => None,
        Some(Some(slot)) => Some(slot),
        Some(None) => {
            let message = format!("{most} WebSockets of this address are open: close one of them");
            return refuse(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, &message);
        }
    };
    let Ok(permit) = Arc::clone(&shared.sockets).try_acquire_owned() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::RateLimited, "too many WebSockets are open");
    };
    let limit = shared.settings.socket.max_message_bytes;
    let caller = Caller { shared, actor: None, request_id, whence };
    // Memory of one socket is bounded by these: what it reads, and what it has not sent yet.
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(limit)
        .max_frame_size(limit)
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_UNSENT_BYTES);
    upgrade.on_upgrade(move |socket| async move {
        Session::new(caller).run(socket, protocol).await;
        drop((permit, of_address));
    })
}
