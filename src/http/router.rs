//! Every route, on one page.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{any, get, post},
};

use tower::util::option_layer;

use super::{
    assets, audit_file, cors, envelope, gains_file, graphql, health, import_file, key_set, settings::Shared, socket,
};

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/graphql", get(graphql::handle).post(graphql::handle).fallback(graphql::method_not_allowed))
        .route("/graphql/ws", any(socket::handle))
        .route("/audit-log.jsonl", get(audit_file::handle).head(audit_file::no_head))
        .route("/portfolios/{id}/realized-gains.csv", get(gains_file::handle))
        .route(
            "/portfolios/{id}/transactions.csv",
            // It counts the bytes itself, while they come.
            post(import_file::handle).layer(DefaultBodyLimit::disable()),
        )
        .route("/.well-known/jwks.json", get(key_set::handle))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/playground.json", get(assets::playground))
        .fallback(assets::file)
        .layer(DefaultBodyLimit::max(shared.settings.body_limit_bytes))
        .layer(option_layer(cors::layer(&shared.settings.allowed_origins)))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), envelope::wrap))
        .with_state(shared)
}
