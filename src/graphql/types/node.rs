//! Whatever has an id.

use async_graphql::{ID, Interface};

use super::instrument::Instrument;
use super::portfolio::Portfolio;
use super::replay::Replay;
use super::tenant::Tenant;
use super::transaction::Transaction;
use super::user::User;

/// Whatever can be fetched by its id alone, through `node` or `nodes`.
#[derive(Clone, Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "The id: opaque, unique across the installation, prefixed with what it is of."
))]
pub enum Node {
    Instrument(Instrument),
    Portfolio(Portfolio),
    Replay(Replay),
    Tenant(Tenant),
    Transaction(Transaction),
    User(User),
}
