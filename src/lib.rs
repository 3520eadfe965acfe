//! A self-hosted, multi-tenant portfolio analytics server.
pub mod clock;
pub mod auth;
pub mod tenancy;
pub mod audit;
pub mod storage;
pub mod market_data;
pub mod services;
