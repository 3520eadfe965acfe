//! Headlines of instruments.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{ServiceError, Services, access};
use crate::auth::Permission;
use crate::storage;
use crate::storage::news::{News, NewsPage};
use crate::tenancy::{Session, Tenant};

impl Services {
    /// A page of the news of each group of instruments, in the order of the groups.
    pub async fn news_pages(
        &self,
        session: &Session<Tenant>,
        groups: &[&[Uuid]],
        page: &NewsPage,
    ) -> Result<Vec<Vec<News>>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::news::pages(session, groups, page).await?)
    }

    /// How many pieces of news each group has.
    pub async fn news_counts(
        &self,
        session: &Session<Tenant>,
        groups: &[&[Uuid]],
        before: Option<DateTime<Utc>>,
    ) -> Result<Vec<u64>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::news::counts(session, groups, before).await?)
    }

    /// The instruments that each piece of news is linked with.
    pub async fn news_instruments(
        &self,
        session: &Session<Tenant>,
        news: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<Uuid>>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::news::instruments(session, news).await?)
    }
}
