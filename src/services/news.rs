//! Headlines of instruments.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{ServiceError, Services, access};
use crate::auth::Permission;
use crate::storage;
use crate::storage::news::{News, NewsPage, NewsRevision};
use crate::tenancy::{Session, Tenant};

/// What is shown of a piece of news that is corrected again and again.
const MAX_REVISIONS: u64 = 20;

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

    /// What each piece of news said before it was corrected, the latest first.
    pub async fn news_revisions(
        &self,
        session: &Session<Tenant>,
        news: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<NewsRevision>>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::news::revisions(session, news, MAX_REVISIONS).await?)
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
