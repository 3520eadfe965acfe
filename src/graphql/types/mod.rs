//! What clients see: the business, not the tables.

pub mod account;
pub mod audit_entry;
pub mod bookkeeping;
pub mod daily_value;
pub mod exchange;
pub mod figure;
pub mod gains;
pub mod held_transaction;
pub mod holding;
pub mod instrument;
pub mod lot;
pub mod lot_match;
pub mod lot_pick;
pub mod metrics;
pub mod money;
pub mod node;
pub mod period_lock;
pub mod portfolio;
pub mod replay;
pub mod role;
pub mod sale_preview;
pub mod tenant;
pub mod transaction;
pub mod user;
pub mod user_error;
pub mod valuation;
