//! Headlines: of instruments, page by page.

mod load;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use super::statement::ask;
use crate::tenancy::{DatabaseError, Session, Tenant};

pub use load::{Candidate, Finding, Item, Known, Link, Match, candidates, correct, hold, insert, known, stage};

/// A piece of news as stored.
#[derive(Clone, Debug, FromQueryResult)]
pub struct News {
    /// Its id.
    pub id: Uuid,
    /// Who delivered it first.
    pub provider: String,
    /// The headline, plain text.
    pub headline: String,
    /// Its first lines, plain text; may be empty.
    pub summary: String,
    /// Where it stands, http or https.
    pub url: Option<String>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// When it was first delivered.
    pub fetched_at: DateTime<Utc>,
    /// When its provider last corrected it; nothing where it did not.
    pub corrected_at: Option<DateTime<Utc>>,
}

/// What stood in the place of a correction.
#[derive(Clone, Debug, FromQueryResult)]
pub struct NewsRevision {
    /// The headline.
    pub headline: String,
    /// Its first lines.
    pub summary: String,
    /// Until when it stood there.
    pub superseded_at: DateTime<Utc>,
}

/// A page of the news of some instruments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NewsPage {
    /// Published before this instant.
    pub before: Option<DateTime<Utc>>,
    /// After this one in the list.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// How many at the most.
    pub limit: u64,
}

/// The latest first. Each group of instruments has its page, all in one statement.
const PAGES: &str = "
SELECT g.at AS place, n.id, n.provider, n.headline, n.summary, n.url, n.published_at, n.fetched_at, n.corrected_at
FROM generate_series(0, $1::int - 1) AS g (at)
CROSS JOIN LATERAL (
    SELECT DISTINCT l.published_at, l.news_id
    FROM unnest($2::int[], $3::uuid[]) AS w (at, instrument_id)
    CROSS JOIN LATERAL (
        SELECT o.published_at, o.news_id FROM market.fact_news_instrument o
        WHERE o.instrument_id = w.instrument_id
            AND ($4::timestamptz IS NULL OR o.published_at < $4)
            AND ($5::timestamptz IS NULL OR (o.published_at, o.news_id) < ($5, $6::uuid))
        ORDER BY o.published_at DESC, o.news_id DESC LIMIT $7
    ) l
    WHERE w.at = g.at
    ORDER BY l.published_at DESC, l.news_id DESC LIMIT $7
) page
JOIN market.fact_news n ON n.id = page.news_id
ORDER BY g.at, page.published_at DESC, page.news_id DESC";

/// A page of each group's news, in the order of the groups.
pub async fn pages(
    session: &Session<Tenant>,
    groups: &[&[Uuid]],
    page: &NewsPage,
) -> Result<Vec<Vec<News>>, DatabaseError> {
    let (places, instruments) = flat(groups);
    let (after, after_id) = page.after.unzip();
    let values: [Value; 7] = [
        count(groups.len()).into(),
        places.into(),
        instruments.into(),
        page.before.into(),
        after.into(),
        after_id.into(),
        i64::try_from(page.limit).unwrap_or(i64::MAX).into(),
    ];
    let mut pages = vec![Vec::new(); groups.len()];
    for row in ask(session, PAGES, values).await? {
        let place: i32 = row.try_get_by("place")?;
        if let Some(page) = usize::try_from(place).ok().and_then(|place| pages.get_mut(place)) {
            page.push(News::from_query_result(&row, "")?);
        }
    }
    Ok(pages)
}

const COUNTS: &str = "
SELECT w.at, count(DISTINCT l.news_id)
FROM unnest($1::int[], $2::uuid[]) AS w (at, instrument_id)
JOIN market.fact_news_instrument l ON l.instrument_id = w.instrument_id
WHERE $3::timestamptz IS NULL OR l.published_at < $3
GROUP BY w.at";

/// How many pieces of news each group has.
pub async fn counts(
    session: &Session<Tenant>,
    groups: &[&[Uuid]],
    before: Option<DateTime<Utc>>,
) -> Result<Vec<u64>, DatabaseError> {
    let (places, instruments) = flat(groups);
    let mut counts = vec![0; groups.len()];
    for row in ask(session, COUNTS, [places.into(), instruments.into(), before.into()]).await? {
        let (place, count): (i32, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        if let Some(of_group) = usize::try_from(place).ok().and_then(|place| counts.get_mut(place)) {
            *of_group = count.unsigned_abs();
        }
    }
    Ok(counts)
}

const INSTRUMENTS: &str = "
SELECT DISTINCT news_id, instrument_id FROM market.fact_news_instrument WHERE news_id = ANY ($1) ORDER BY news_id, instrument_id";

/// The instruments that each piece of news is linked with.
pub async fn instruments(session: &Session<Tenant>, news: &[Uuid]) -> Result<HashMap<Uuid, Vec<Uuid>>, DatabaseError> {
    let mut found: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for row in ask(session, INSTRUMENTS, [news.to_vec().into()]).await? {
        found.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
    }
    Ok(found)
}

const REVISIONS: &str = "
SELECT r.news_id, r.headline, r.summary, r.superseded_at FROM unnest($1::uuid[]) AS k (news_id)
CROSS JOIN LATERAL (
    SELECT * FROM market.meta_news_revision r WHERE r.news_id = k.news_id ORDER BY r.superseded_at DESC LIMIT $2
) r ORDER BY r.news_id, r.superseded_at DESC";

/// What each piece of news said before it was corrected, the latest first.
pub async fn revisions(
    session: &Session<Tenant>,
    news: &[Uuid],
    limit: u64,
) -> Result<HashMap<Uuid, Vec<NewsRevision>>, DatabaseError> {
    let mut found: HashMap<Uuid, Vec<NewsRevision>> = HashMap::new();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    for row in ask(session, REVISIONS, [news.to_vec().into(), limit.into()]).await? {
        found.entry(row.try_get_by("news_id")?).or_default().push(NewsRevision::from_query_result(&row, "")?);
    }
    Ok(found)
}

fn count(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}

fn flat(groups: &[&[Uuid]]) -> (Vec<i32>, Vec<Uuid>) {
    groups.iter().enumerate().flat_map(|(at, ids)| ids.iter().map(move |id| (count(at), *id))).unzip()
}
