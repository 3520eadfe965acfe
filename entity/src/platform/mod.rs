//! Tables of the schema `platform`, which only the platform role reads.

pub mod installation;
pub mod migration_failure;
pub mod schema_version;
pub mod sign_in_throttle;
pub mod signing_key;
pub mod tenant;
