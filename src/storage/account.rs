//! Accounts inside portfolios.

use chrono::{DateTime, Utc};
use domain::ledger::LotMethod;
use entity::tenant::account;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::bookkeeping::{self, code_of};
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
    /// Its own lot method; nothing where the portfolio's counts.
    pub lot_method: Option<LotMethod>,
    /// Since when it exists.
    pub created_at: DateTime<Utc>,
}

impl TryFrom<account::Model> for Account {
    type Error = DatabaseError;

    fn try_from(row: account::Model) -> Result<Self, DatabaseError> {
        Ok(Self {
            id: row.id,
            portfolio_id: row.portfolio_id,
            name: row.name,
            lot_method: row.lot_method.as_deref().map(bookkeeping::method).transpose()?,
            created_at: row.created_at,
        })
    }
}

/// Adds an account.
pub async fn insert(session: &Session<Tenant>, account: &Account) -> Result<(), DatabaseError> {
    let row = account::ActiveModel {
        id: Set(account.id),
        portfolio_id: Set(account.portfolio_id),
        name: Set(account.name.clone()),
        lot_method: Set(account.lot_method.map(|method| code_of(method).to_owned())),
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
    rows.into_iter().map(Account::try_from).collect()
}

/// One account.
pub async fn by_id(session: &Session<Tenant>, id: Uuid) -> Result<Option<Account>, DatabaseError> {
    account::Entity::find_by_id(id).one(session).await?.map(Account::try_from).transpose()
}

/// Gives an account a lot method of its own, or takes it away.
pub async fn set_lot_method(
    session: &Session<Tenant>,
    id: Uuid,
    method: Option<LotMethod>,
) -> Result<(), DatabaseError> {
    let row = account::ActiveModel {
        id: Set(id),
        lot_method: Set(method.map(|method| code_of(method).to_owned())),
        ..Default::default()
    };
    row.update(session).await?;
    Ok(())
}
