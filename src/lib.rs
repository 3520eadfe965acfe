//! Self-hosted, multi-tenant portfolio analytics.

pub mod auth;
pub mod graphql {
    //! The GraphQL interface: the only place that names async_graphql beside the transport.

    pub mod error;
    pub mod limits;
}
pub mod http;
