//! The HTTP interface: the only place that names axum.
//!
//! It knows how GraphQL travels (methods, media types, status codes, WebSockets) and nothing of what is asked: that is
//! behind [`GraphqlService`].

mod access_log;
mod assets;
mod audit_file;
mod envelope;
mod file;
mod gains_file;
mod graphql;
mod health;
mod import_file;
mod negotiation;
mod operation;
mod origin;
mod parameters;
mod reply;
mod router;
mod serve;
mod settings;
mod socket;
#[cfg(test)]
mod tests;

pub use serve::App;
pub use settings::{HttpSettings, Runtime, SocketSettings};
