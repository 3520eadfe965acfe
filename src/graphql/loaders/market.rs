//! News and figures of the market at large.

use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_graphql::Result;
use async_graphql::dataloader::Loader;
use chrono::{DateTime, NaiveDate, Utc};
use domain::pricing::Lookup;
use uuid::Uuid;

use super::{Failure, Reads};
use crate::storage::market_indicator::Indicator;
use crate::storage::news::{News, NewsPage, NewsRevision};

/// A page of the news of these instruments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NewsPageKey {
    /// The instruments.
    pub instruments: Arc<[Uuid]>,
    /// Which page.
    pub page: NewsPage,
}

/// How many pieces of news these instruments have that were published before an instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NewsCountKey(pub Arc<[Uuid]>, pub Option<DateTime<Utc>>);

/// The instruments that this piece of news is linked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NewsInstrumentsKey(pub Uuid);

/// What this piece of news said before it was corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NewsRevisionsKey(pub Uuid);

/// The last value of a series on a day or before; on the last complete market day where none is given. A series is known by its code.
#[derive(Clone, Debug)]
pub struct IndicatorValueKey(pub Arc<Indicator>, pub Option<NaiveDate>);

impl PartialEq for IndicatorValueKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.0.code, self.1) == (&other.0.code, other.1)
    }
}

impl Eq for IndicatorValueKey {}

impl Hash for IndicatorValueKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.0.code, self.1).hash(state);
    }
}

loader!(NewsPageKey => Vec<News>, |operation, session, keys| {
    let mut loaded = HashMap::new();
    let asked: HashSet<&NewsPage> = keys.iter().map(|key| &key.page).collect();
    for page in asked {
        let of_page: Vec<&NewsPageKey> = keys.iter().filter(|key| key.page == *page).collect();
        let groups: Vec<&[Uuid]> = of_page.iter().map(|key| &*key.instruments).collect();
        let pages = operation.services.news_pages(&session, &groups, page).await?;
        loaded.extend(of_page.into_iter().cloned().zip(pages));
    }
    Ok(loaded)
});

loader!(NewsCountKey => u64, |operation, session, keys| {
    let mut loaded = HashMap::new();
    let instants: HashSet<Option<DateTime<Utc>>> = keys.iter().map(|key| key.1).collect();
    for before in instants {
        let of_instant: Vec<&NewsCountKey> = keys.iter().filter(|key| key.1 == before).collect();
        let groups: Vec<&[Uuid]> = of_instant.iter().map(|key| &*key.0).collect();
        let counts = operation.services.news_counts(&session, &groups, before).await?;
        loaded.extend(of_instant.into_iter().cloned().zip(counts));
    }
    Ok(loaded)
});

loader!(NewsInstrumentsKey => Vec<Uuid>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let found = operation.services.news_instruments(&session, &ids).await?;
    Ok(found.into_iter().map(|(news, instruments)| (NewsInstrumentsKey(news), instruments)).collect())
});

loader!(NewsRevisionsKey => Vec<NewsRevision>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let found = operation.services.news_revisions(&session, &ids).await?;
    Ok(found.into_iter().map(|(news, revisions)| (NewsRevisionsKey(news), revisions)).collect())
});

loader!(IndicatorValueKey => Lookup, |operation, session, keys| {
    let last = operation.services.default_as_of(&session).await?;
    let asked: Vec<(Arc<Indicator>, NaiveDate)> =
        keys.iter().map(|key| (Arc::clone(&key.0), key.1.unwrap_or(last))).collect();
    let found = operation.services.indicator_values_as_of(&session, &asked).await?;
    let value = |key: &IndicatorValueKey| Some((key.clone(), *found.get(&(key.0.code.clone(), key.1.unwrap_or(last)))?));
    Ok(keys.iter().filter_map(value).collect())
});
