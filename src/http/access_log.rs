//! One line a request: a sentence with fields. Never a token, a query string, a document or its variables.

use std::{net::SocketAddr, time::Duration};

use axum::http::{Method, StatusCode};
use uuid::Uuid;

use crate::{
    auth::{Actor, TenantId},
    graphql::limits::{Admitted, OperationKind},
};

/// What the log says about the operations of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Summary {
    operation: Option<String>,
    kind: Option<OperationKind>,
    complexity: u64,
    errors: usize,
    user: Option<Uuid>,
    tenant: Option<TenantId>,
}

impl Summary {
    /// Notes an operation that was run; of a batch the first one lends its name.
    pub fn ran(&mut self, admitted: &Admitted) {
        self.complexity = self.complexity.saturating_add(admitted.cost.complexity);
        self.kind = self.kind.or(Some(admitted.kind));
        if self.operation.is_none() {
            // The parser admits letters, digits and underscores only.
            self.operation = admitted.name.as_ref().map(|name| name.chars().take(64).collect());
        }
    }

    /// Notes who was answered, and how many errors the answer has.
    pub fn answered(&mut self, actor: Option<&Actor>, errors: usize) {
        self.errors += errors;
        self.user = actor.map(|actor| actor.user_id);
        self.tenant = actor.and_then(|actor| actor.tenant);
    }
}

/// Writes the line.
pub(super) fn log(
    request: (&Method, &str, Option<SocketAddr>),
    request_id: &str,
    status: StatusCode,
    elapsed: Duration,
    summary: Option<&Summary>,
) {
    let (method, path, peer) = request;
    let status = status.as_u16();
    let duration_ms = elapsed.as_millis() as u64;
    let peer = peer.map(tracing::field::display);
    match summary {
        Some(summary) => tracing::info!(
            request_id,
            %method,
            path,
            status,
            duration_ms,
            peer,
            operation = summary.operation,
            kind = summary.kind.map(tracing::field::debug),
            complexity = summary.complexity,
            errors = summary.errors,
            user = summary.user.map(tracing::field::display),
            tenant = summary.tenant.map(tracing::field::display),
            "answered a GraphQL request"
        ),
        // Probes come every few seconds and say nothing.
        None if path.starts_with("/health/") => {
            tracing::debug!(request_id, %method, path, status, duration_ms, peer, "answered a request");
        }
        None => {
            tracing::info!(request_id, %method, path, status, duration_ms, peer, "answered a request")
        }
    }
}
