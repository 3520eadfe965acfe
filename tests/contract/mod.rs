//! The public contract.

mod schema;
