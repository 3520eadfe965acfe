//! The GraphQL interface: the only place that names async_graphql beside the transport.
//!
//! A resolver is short: it reads its arguments, calls one service function, and wraps what comes back. Who may call a root
//! field stands in [`rules`], how much an operation may ask for in [`limits`], what an error says in [`error`].

mod audit_file;
mod connection;
mod context;
pub mod error;
mod gains_file;
mod id;
mod import_file;
mod introspection;
pub mod limits;
mod loaders;
mod mutations;
mod queries;
pub mod rules;
mod scalars;
mod schema;
mod service;
mod subscriptions;
mod types;

pub use audit_file::{AuditFile, AuditRequest};
pub use gains_file::{GainsFile, GainsRequest};
pub use import_file::{ImportRequest, may_import};
pub use introspection::Introspection;
pub use schema::{Api, ApiSchema, sdl};
pub use service::{Authenticated, AuthenticationError, GraphqlService, RequestContext, Whence};
