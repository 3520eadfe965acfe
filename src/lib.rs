//! Self-hosted, multi-tenant portfolio analytics.
pub mod auth;
pub mod audit;
pub mod clock;
pub mod graphql;
pub mod market_data;
pub mod services;
pub mod storage;
pub mod tenancy;
