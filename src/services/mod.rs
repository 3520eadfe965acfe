//! What a user can do.
pub mod error;
