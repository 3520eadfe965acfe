//! With whom a portfolio is shared.

use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};
use uuid::Uuid;

use super::user::User;
use crate::graphql::loaders::{self, PersonKey};
use crate::graphql::scalars::Instant;
use crate::storage::portfolio_share::{Level, Share};

/// What a person may do with a portfolio that is shared with them, as far as their role lets them do it with any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ShareLevel {
    /// Read it.
    View,
    /// Read and change it.
    Edit,
}

impl From<ShareLevel> for Level {
    fn from(level: ShareLevel) -> Self {
        match level {
            ShareLevel::View => Self::View,
            ShareLevel::Edit => Self::Edit,
        }
    }
}

/// A person whom a portfolio is shared with.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct PortfolioShare {
    /// What the person may do with it.
    level: ShareLevel,
    /// Since when.
    created_at: Instant,
    #[graphql(skip)]
    person: Uuid,
    #[graphql(skip)]
    by: Uuid,
}

#[ComplexObject]
impl PortfolioShare {
    /// Whom it is shared with.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(loaders::find(ctx, PersonKey(self.person)).await?.map(User))
    }

    /// Who shares it.
    async fn shared_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(loaders::find(ctx, PersonKey(self.by)).await?.map(User))
    }
}

impl From<Share> for PortfolioShare {
    fn from(share: Share) -> Self {
        let level = match share.level {
            Level::View => ShareLevel::View,
            Level::Edit => ShareLevel::Edit,
        };
        Self { level, created_at: Instant(share.created_at), person: share.user, by: share.created_by }
    }
}
