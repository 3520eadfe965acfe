//! Portfolios that are shared with people.

use chrono::{DateTime, Utc};
use entity::tenant::portfolio_share;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Session, Tenant};

/// What a person may do with a portfolio that is shared with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Read it.
    View,
    /// Read and change it.
    Edit,
}

impl Level {
    /// The code under which it is stored.
    pub const fn code(self) -> &'static str {
        match self {
            Self::View => "VIEW",
            Self::Edit => "EDIT",
        }
    }
}

/// A portfolio that is shared with a person.
#[derive(Clone, Debug)]
pub struct Share {
    /// Which portfolio.
    pub portfolio: Uuid,
    /// With whom.
    pub user: Uuid,
    /// What they may do.
    pub level: Level,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Uuid,
}

impl TryFrom<portfolio_share::Model> for Share {
    type Error = DatabaseError;

    fn try_from(row: portfolio_share::Model) -> Result<Self, DatabaseError> {
        let level = [Level::View, Level::Edit].into_iter().find(|level| level.code() == row.level);
        Ok(Self {
            portfolio: row.portfolio_id,
            user: row.user_id,
            level: level.ok_or_else(|| DatabaseError::Corrupt(format!("a share of {}", row.level)))?,
            created_at: row.created_at,
            created_by: row.created_by,
        })
    }
}

/// With whom these portfolios are shared, in the order of time.
pub async fn of(session: &Session<Tenant>, portfolios: &[Uuid]) -> Result<Vec<Share>, DatabaseError> {
    let rows = portfolio_share::Entity::find()
        .filter(portfolio_share::Column::PortfolioId.is_in(portfolios.iter().copied()))
        .order_by_asc(portfolio_share::Column::CreatedAt)
        .order_by_asc(portfolio_share::Column::UserId)
        .all(session)
        .await?;
    rows.into_iter().map(Share::try_from).collect()
}

/// Shares a portfolio, in place of how it was shared with the person.
pub async fn put(session: &Session<Tenant>, share: &Share) -> Result<(), DatabaseError> {
    let row = portfolio_share::ActiveModel {
        portfolio_id: Set(share.portfolio),
        user_id: Set(share.user),
        level: Set(share.level.code().to_owned()),
        created_at: Set(share.created_at),
        created_by: Set(share.created_by),
    };
    use portfolio_share::Column::{CreatedAt, CreatedBy, Level, PortfolioId, UserId};
    let replace = OnConflict::columns([PortfolioId, UserId]).update_columns([Level, CreatedAt, CreatedBy]).to_owned();
    portfolio_share::Entity::insert(row).on_conflict(replace).exec_without_returning(session).await?;
    Ok(())
}

/// Shares a portfolio with a person no more.
pub async fn remove(session: &Session<Tenant>, portfolio: Uuid, user: Uuid) -> Result<(), DatabaseError> {
    portfolio_share::Entity::delete_by_id((portfolio, user)).exec(session).await?;
    Ok(())
}
