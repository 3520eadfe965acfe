//! The tables as SeaORM sees them, one file each, in the schema that holds them. Nothing but `storage`, `tenancy` and `audit`
//! names these types; they never leave those layers.

pub mod market;
pub mod platform;
pub mod realm;
pub mod tenant;
