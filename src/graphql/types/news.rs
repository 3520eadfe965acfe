//! Headlines.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use uuid::Uuid;

use super::instrument::Instrument;
use crate::graphql::connection::{self, connection};
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, InstrumentKey, NewsCountKey, NewsInstrumentsKey, NewsPageKey, NewsRevisionsKey};
use crate::graphql::scalars::Instant;
use crate::storage::news::{News as Row, NewsPage, NewsRevision as RevisionRow};

/// What a headline said before its provider corrected it.
#[derive(Clone, Debug, SimpleObject)]
pub struct NewsRevision {
    /// The headline.
    headline: String,
    /// Its first lines.
    summary: String,
    /// Until when it stood there.
    superseded_at: Instant,
}

/// A headline, as the first feed that had it delivered it. Its texts are plain: show them as text, never as markup.
#[derive(Clone)]
pub struct NewsItem(Row);

/// A headline, as the first feed that had it delivered it. Its texts are plain: show them as text, never as markup.
#[Object]
impl NewsItem {
    /// Its id.
    async fn id(&self) -> ID {
        Kind::News.id(self.0.id)
    }

    /// The headline: up to 500 characters without markup.
    async fn headline(&self) -> &str {
        &self.0.headline
    }

    /// Its first lines: up to 2,000 characters without markup; empty where the feed has none.
    async fn summary(&self) -> &str {
        &self.0.summary
    }

    /// Where it stands, an address of http or https. Null where the feed gives none.
    async fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// When it was published, by the feed.
    async fn published_at(&self) -> Instant {
        Instant(self.0.published_at)
    }

    /// When it was first delivered.
    async fn fetched_at(&self) -> Instant {
        Instant(self.0.fetched_at)
    }

    /// Who delivered it first.
    async fn provider(&self) -> &str {
        &self.0.provider
    }

    /// When its provider last corrected headline or summary. Null where it did not.
    async fn corrected_at(&self) -> Option<Instant> {
        self.0.corrected_at.map(Instant)
    }

    /// What stood there before corrections, the latest first, up to 20.
    async fn revisions(&self, ctx: &Context<'_>) -> Result<Vec<NewsRevision>> {
        if self.0.corrected_at.is_none() {
            return Ok(Vec::new());
        }
        let found = loaders::find(ctx, NewsRevisionsKey(self.0.id)).await?.unwrap_or_default();
        let revision = |row: RevisionRow| NewsRevision {
            headline: row.headline,
            summary: row.summary,
            superseded_at: Instant(row.superseded_at),
        };
        Ok(found.into_iter().map(revision).collect())
    }

    /// The instruments that the feed names, or that its text names beyond doubt.
    async fn instruments(&self, ctx: &Context<'_>) -> Result<Vec<Instrument>> {
        let ids = loaders::find(ctx, NewsInstrumentsKey(self.0.id)).await?.unwrap_or_default();
        let found = loaders::find_many(ctx, ids.iter().copied().map(InstrumentKey)).await?;
        let instrument = |id: &Uuid| found.get(&InstrumentKey(*id)).map(Arc::clone).map(Instrument);
        Ok(ids.iter().filter_map(instrument).collect())
    }
}

/// A page of the news of instruments, the latest first; of a day and before, where one is given.
pub async fn page(
    ctx: &Context<'_>,
    instruments: Arc<[Uuid]>,
    until: Option<NaiveDate>,
    first: i32,
    after: Option<&str>,
) -> Result<NewsItemConnection> {
    let page = connection::page::<(DateTime<Utc>, Uuid)>(Some(first), after)?;
    let limit = page.limit;
    let before = until.and_then(|day| day.succ_opt()).map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let key =
        NewsPageKey { instruments: Arc::clone(&instruments), page: NewsPage { before, after: page.after, limit } };
    let rows = loaders::find(ctx, key).await?.unwrap_or_default();
    let total = match connection::wants_total(ctx) {
        true => loaders::find(ctx, NewsCountKey(instruments, before)).await?.unwrap_or_default(),
        false => 0,
    };
    let (rows, info) = connection::cut(rows, limit, |row: &Row| (row.published_at, row.id));
    let rows = rows.into_iter().map(|(cursor, row)| (cursor, NewsItem(row))).collect();
    Ok(NewsItemConnection::new(rows, info, total))
}

connection!(NewsItemConnection, NewsItemEdge, NewsItem, "news, the latest first");
