//! What the transport needs of the GraphQL interface, and nothing else of the server.

use std::net::IpAddr;

use async_graphql::{Error, Request, Response};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;

use super::audit_file::{self, AuditFile, AuditRequest};
use super::gains_file::{self, GainsFile, GainsRequest};
use super::import_file::{self, ImportRequest};
use super::limits::Cost;
use crate::auth::Actor;

/// Everything about a request that is not in its document.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Who asks; nothing without an access token.
    pub actor: Option<Actor>,
    /// Identifies the request in logs and errors.
    pub request_id: String,
    /// Where it comes from.
    pub whence: Whence,
    /// When the operation began.
    pub started_at: DateTime<Utc>,
    /// What the guard computed for the operation.
    pub cost: Cost,
}

/// Where a request comes from.
#[derive(Debug, Clone, Default)]
pub struct Whence {
    /// The client's address: of a proxy only where that is not trusted to tell.
    pub address: Option<IpAddr>,
    /// The client's program, in its own words.
    pub user_agent: Option<String>,
}

/// A caller whose token was verified.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// Who it is.
    pub actor: Actor,
    /// When the token ceases to be valid; a WebSocket is closed then.
    pub expires_at: DateTime<Utc>,
}

/// Why a token was not accepted. The reason is for the log; the client is told no more than the kind.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The token is wrong, expired or revoked.
    #[error("the access token was refused: {0}")]
    Refused(String),
    /// It cannot be told at the moment.
    #[error("the access token could not be checked: {0}")]
    Unavailable(String),
}

/// The GraphQL interface as the transport sees it.
#[async_trait]
pub trait GraphqlService: Send + Sync + 'static {
    /// Finds out who holds a bearer token. Without one the caller is nobody, which is no error.
    async fn authenticate(
        &self,
        bearer: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<Authenticated>, AuthenticationError>;

    /// Runs a query or a mutation whose document is parsed and within the limits.
    async fn execute(&self, request: Request, context: RequestContext) -> Response;

    /// Runs a subscription whose document is parsed and within the limits.
    fn subscribe(&self, request: Request, context: RequestContext) -> BoxStream<'static, Response>;

    /// Opens the file of a portfolio's realised gains.
    async fn realized_gains_file(&self, asked: GainsRequest, context: RequestContext) -> Result<GainsFile, Error> {
        let _ = (asked, context);
        Err(gains_file::none())
    }

    /// Opens the audit log as a file.
    async fn audit_file(&self, asked: AuditRequest, context: RequestContext) -> Result<AuditFile, Error> {
        let _ = (asked, context);
        Err(audit_file::none())
    }

    /// Imports a file of transactions, and answers as the mutation `transactionsImport` does.
    async fn import_file(
        &self,
        asked: ImportRequest,
        file: &[u8],
        context: RequestContext,
    ) -> Result<serde_json::Value, Error> {
        let _ = (asked, file, context);
        Err(import_file::none())
    }

    /// The keys that access tokens are signed with, as a JSON Web Key Set.
    async fn key_set(&self) -> serde_json::Value {
        serde_json::json!({ "keys": [] })
    }

    /// Whether requests can be served; if not, one constant word that says why, such as `database`.
    async fn ready(&self) -> Result<(), &'static str>;
}
