//! The HTTP interface: the only place that names axum.
//!
//! It knows how GraphQL travels (methods, media types, status codes, WebSockets) and nothing of what is asked: that is
//! behind [`GraphqlService`].

mod access_log;
mod admission;
mod assets;
mod audit_file;
mod connection;
mod cors;
mod documents;
mod envelope;
mod file;
mod gains_file;
mod graphql;
mod health;
mod import_file;
mod key_set;
mod negotiation;
mod operation;
mod origin;
mod parameters;
mod reply;
mod router;
mod serve;
mod settings;
mod socket;
mod stall;
#[cfg(test)]
mod tests;
mod tls;
mod whence;

pub use documents::{DocumentError, Documents};
pub use serve::App;
pub use settings::{AdmissionSettings, ConnectionSettings, HttpSettings, Runtime, SocketSettings};
pub use tls::{CertificateError, Certificates, Tls, Versions};
