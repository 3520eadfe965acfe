//! The one door to the database: nothing else gets a connection.
//!
//! A [`Session`] is a transaction that has already taken the rights it may use: a tenant's role, the platform's or the data
//! pipeline's. Whoever holds one can read and write that schema and no other, and gives it back by [`Session::commit`] or
//! [`Session::close`]; one that is dropped on the way, a cancelled request's for example, closes its connection, so that no
//! later borrower can inherit a transaction or a role.

mod administration;
mod connection;
mod directory;
mod error;
mod gateway;
mod names;
mod scram;
mod session;

pub use administration::{Administration, MigrationSummary, NewTenant};
pub use connection::Column;
pub use directory::{AuditReads, SchemaState, TenantRecord, TenantStatus};
pub use error::DatabaseError;
pub use gateway::{DatabaseSettings, Gateway, GatewayError};
pub use names::{InstallationTag, InvalidName, SchemaName};
pub use session::{Access, Market, MarketDoor, Platform, Read, Realm, Scope, Session, Tenant};
