//! Self-hosted, multi-tenant portfolio analytics: a GraphQL API over PostgreSQL.
//!
//! Reading order is from the operator inwards. A module may use those below it, never those above
//! (`docs/architecture.md` holds the table, a test compares the code with it).

#![recursion_limit = "256"]

pub mod cli;
pub mod config;
pub mod local_postgres;

pub mod http;

pub mod graphql;

pub mod jobs;

pub mod services;

pub mod market_data;

pub mod storage;

pub mod audit;

pub mod queue;

pub mod tenancy;

pub mod auth;

pub mod clock;

pub mod mail;
