//! Where a request comes from, as far as those who read of it later are told.

use std::net::SocketAddr;

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, header},
};

use crate::graphql::Whence;

/// What is read of a client's description of itself.
const MAX_USER_AGENT: usize = 300;

/// Where the request comes from: the envelope has put the client's address in place of a trusted proxy's.
pub(super) fn of(extensions: &Extensions, headers: &HeaderMap) -> Whence {
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Whence {
        address: extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip()),
        user_agent: user_agent.map(|agent| agent.chars().take(MAX_USER_AGENT).collect()),
    }
}
