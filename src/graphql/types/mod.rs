//! What clients see: the business, not the tables.

pub mod account;
pub mod audit_entry;
pub mod daily_value;
pub mod figure;
pub mod holding;
pub mod instrument;
pub mod metrics;
pub mod money;
pub mod node;
pub mod portfolio;
pub mod role;
pub mod tenant;
pub mod transaction;
pub mod user;
pub mod user_error;
pub mod valuation;
