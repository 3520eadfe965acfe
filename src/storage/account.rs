//! Accounts inside portfolios.

use chrono::{DateTime, Utc};
use entity::tenant::account;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Session, Tenant};

/// An account as stored.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// The portfolio it belongs to.
    pub portfolio_id: Uuid,
    /// Its name, unique in the portfolio.
    pub name: String,
    /// Since when it exists.
    pub created_at: DateTime<Utc>,
}

impl From<account::Model> for Account {
    fn from(row: account::Model) -> Self {
        Self { id: row.id, portfolio_id: row.portfolio_id, name: row.name, created_at: row.created_at }
    }
}

/// Adds an account.
pub async fn insert(session: &Session<Tenant>, account: &Account) -> Result<(), DatabaseError> {
    let row = account::ActiveModel {
        id: Set(account.id),
        portfolio_id: Set(account.portfolio_id),
        name: Set(account.name.clone()),
        created_at: Set(account.created_at),
    };
    account::Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

/// The accounts of these portfolios, in the order of their making.
pub async fn of_portfolios(session: &Session<Tenant>, portfolios: &[Uuid]) -> Result<Vec<Account>, DatabaseError> {
    let rows = account::Entity::find()
        .filter(account::Column::PortfolioId.is_in(portfolios.iter().copied()))
        .order_by_asc(account::Column::Id)
        .all(session)
        .await?;
    Ok(rows.into_iter().map(Account::from).collect())
}

/// One account.
pub async fn by_id(session: &Session<Tenant>, id: Uuid) -> Result<Option<Account>, DatabaseError> {
    Ok(account::Entity::find_by_id(id).one(session).await?.map(Account::from))
}
