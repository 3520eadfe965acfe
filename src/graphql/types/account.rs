//! Accounts.

use std::sync::Arc;

use async_graphql::{ID, Object};

use super::bookkeeping::LotMethod;
use crate::graphql::id::Kind;
use crate::graphql::scalars::Instant;
use crate::storage::account::Account as Row;

/// An account of a portfolio, where securities and cash lie.
#[derive(Clone)]
pub struct Account(pub Arc<Row>);

impl From<Row> for Account {
    fn from(row: Row) -> Self {
        Self(Arc::new(row))
    }
}

/// An account of a portfolio, where securities and cash lie.
#[Object]
impl Account {
    /// The account's id.
    pub async fn id(&self) -> ID {
        Kind::Account.id(self.0.id)
    }

    /// Its name, unique in the portfolio.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its own lot method; null where the portfolio's counts. Not read while the portfolio's lots are pooled.
    async fn lot_method(&self) -> Option<LotMethod> {
        self.0.lot_method.map(Into::into)
    }

    /// Since when it exists.
    async fn created_at(&self) -> Instant {
        Instant(self.0.created_at)
    }
}
