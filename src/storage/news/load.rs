//! Headlines as delivered into staging, and those that are new into the warehouse.

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::storage::copy::CopyRows;
use crate::storage::pipeline::{Run, without_nul};
use crate::storage::row_sink::RowSink;
use crate::storage::statement::{ask, run as execute};
use crate::tenancy::{DatabaseError, Market, Session};

/// How a piece of news was linked with an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// The feed names it.
    Feed,
    /// `$HOG` stands in the text.
    Cashtag,
    /// `(NYSE: F)` stands in the text.
    Listing,
    /// `(HOG)` stands in the text, and its name.
    Ticker,
    /// Its ISIN stands in the text.
    Isin,
}

impl Match {
    fn code(self) -> &'static str {
        match self {
            Self::Feed => "FEED",
            Self::Cashtag => "CASHTAG",
            Self::Listing => "LISTING",
            Self::Ticker => "TICKER",
            Self::Isin => "ISIN",
        }
    }
}

/// An instrument that text may mean.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Candidate {
    /// Its id.
    pub id: Uuid,
    /// Its symbol.
    pub symbol: String,
    /// Its name.
    pub name: String,
    /// Its market.
    pub mic: String,
    /// Its ISIN, where known.
    pub isin: Option<String>,
}

/// A piece of news that is to be stored; none of its texts holds control characters.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its id.
    pub id: Uuid,
    /// The provider's own id of it.
    pub guid: String,
    /// The headline, plain text.
    pub headline: String,
    /// Its first lines, plain text.
    pub summary: String,
    /// Where it stands.
    pub url: Option<String>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// What its address has in common with others of the same page.
    pub url_key: Option<String>,
    /// What its headline has in common with the same one elsewhere.
    pub headline_key: String,
}

/// News that is stored, by what tells it apart.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Known {
    /// Its id.
    pub id: Uuid,
    /// Who delivered it.
    pub provider: String,
    /// The provider's own id of it.
    pub guid: String,
    /// The key of its address.
    pub url_key: Option<String>,
    /// The key of its headline.
    pub headline_key: String,
    /// The headline.
    pub headline: String,
    /// Its first lines.
    pub summary: String,
    /// When it was published.
    pub published_at: DateTime<Utc>,
}

/// A link of a piece of news with an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The instrument.
    pub instrument: Uuid,
    /// The news.
    pub news: Uuid,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// How it was found.
    pub found: Match,
}

/// Why a row is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The row, from 1.
    pub line: usize,
    /// What is wrong, as a code.
    pub finding: &'static str,
    /// What was delivered.
    pub detail: String,
}

const STAGE: &str = "
COPY stg_financial_news (run_id, line, provider, fetched_at, guid, headline, summary, url, published, symbols) FROM STDIN";

/// Stages rows as they were delivered: guid, headline, summary, url, published, symbols.
pub async fn stage(
    session: &Session<Market>,
    run: &Run,
    fetched_at: DateTime<Utc>,
    rows: &[[&str; 6]],
) -> Result<u64, DatabaseError> {
    let mut copy = CopyRows::default();
    for (line, cells) in (1_usize..).zip(rows) {
        copy.id(run.id).cell(line).cell(&run.provider).cell(fetched_at.to_rfc3339());
        for cell in cells {
            copy.cell(without_nul(cell));
        }
        copy.end_row();
    }
    session.copy_in(STAGE, [copy.into_chunk()].into_iter()).await
}

const HOLD: &str = "
INSERT INTO meta_data_quality (run_id, line, dataset, finding, detail)
SELECT $1, line, 'news', finding, detail FROM unnest($2::int[], $3::text[], $4::text[]) AS f (line, finding, detail)";

/// The rows themselves, once for the same cells of the same provider. Of the same row again it is noted that it came; what was superseded
/// and comes back is open anew.
const KEEP: &str = "
INSERT INTO stg_held_row (id, dataset, provider, run_id, line, held_at, last_run_id, cells, findings, reason, state)
SELECT DISTINCT ON (keyed.id) keyed.id, 'news', s.provider, $1, s.line, $2, $1,
    jsonb_build_object('guid', s.guid, 'headline', s.headline, 'summary', s.summary, 'url', s.url, 'published', s.published,
        'symbols', s.symbols),
    ARRAY[q.finding], q.detail, 'OPEN'
FROM meta_data_quality q
JOIN stg_financial_news s ON s.run_id = q.run_id AND s.line = q.line
CROSS JOIN LATERAL (SELECT md5(concat_ws(chr(31), 'news', s.provider, s.guid, s.headline, s.summary, s.url, s.published, s.symbols))::uuid
    AS id) keyed
WHERE q.run_id = $1
ORDER BY keyed.id, s.line
ON CONFLICT (id) DO UPDATE SET last_run_id = excluded.last_run_id, deliveries = stg_held_row.deliveries + 1,
    state = CASE stg_held_row.state WHEN 'SUPERSEDED' THEN 'OPEN' ELSE stg_held_row.state END";

/// A good row with the provider's id of a piece of news takes the place of those with it that wait since an earlier run.
const SUPERSEDE: &str = "
UPDATE stg_held_row h SET state = 'SUPERSEDED'
FROM stg_financial_news s
WHERE s.run_id = $1 AND NOT EXISTS (SELECT FROM meta_data_quality q WHERE q.run_id = s.run_id AND q.line = s.line)
    AND btrim(s.guid) <> '' AND h.state = 'OPEN' AND h.dataset = 'news' AND h.provider = s.provider
    AND h.instrument_id IS NULL AND h.cells->>'guid' = s.guid AND h.last_run_id <> $1";

/// Notes why rows are held, and keeps them for a decision; what waited for one and came well this time waits no longer.
pub async fn hold(session: &Session<Market>, run: &Run, findings: &[Finding]) -> Result<u64, DatabaseError> {
    let lines: Vec<i32> = findings.iter().map(|one| i32::try_from(one.line).unwrap_or(i32::MAX)).collect();
    let codes: Vec<String> = findings.iter().map(|one| one.finding.to_owned()).collect();
    let details: Vec<String> = findings.iter().map(|one| without_nul(&one.detail).into_owned()).collect();
    let held = execute(session, HOLD, [run.id.into(), lines.into(), codes.into(), details.into()]).await?;
    execute(session, KEEP, [run.id.into(), run.started_at.into()]).await?;
    execute(session, SUPERSEDE, [run.id.into()]).await?;
    Ok(held)
}

/// One delivery after another: two of the same news at once would be two.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('market.fact_news'))";

const KNOWN: &str = "
SELECT id, provider, guid, url_key, headline_key, headline, summary, published_at
FROM fact_news
WHERE (provider = $1 AND guid = ANY ($2)) OR url_key = ANY ($3) OR headline_key = ANY ($4)";

/// The stored news that some of these may be. Others that load wait until the transaction has ended.
pub async fn known(session: &Session<Market>, provider: &str, items: &[Item]) -> Result<Vec<Known>, DatabaseError> {
    ask(session, LOCK, []).await?;
    let column = |cell: fn(&Item) -> Option<&String>| -> Value {
        items.iter().filter_map(|item| cell(item).cloned()).collect::<Vec<String>>().into()
    };
    let values = [
        provider.into(),
        column(|item| Some(&item.guid)),
        column(|item| item.url_key.as_ref()),
        column(|item| Some(&item.headline_key)),
    ];
    let rows = ask(session, KNOWN, values).await?;
    Ok(rows.iter().map(|row| Known::from_query_result(row, "")).collect::<Result<_, _>>()?)
}

const CANDIDATES: &str = "SELECT id, symbol, name, mic, isin FROM dim_stock WHERE symbol = ANY ($1) OR isin = ANY ($1) ORDER BY symbol, mic, id";

/// The instruments that are called so, by symbol or ISIN.
pub async fn candidates(session: &Session<Market>, names: Vec<String>) -> Result<Vec<Candidate>, DatabaseError> {
    let rows = ask(session, CANDIDATES, [names.into()]).await?;
    Ok(rows.iter().map(|row| Candidate::from_query_result(row, "")).collect::<Result<_, _>>()?)
}

/// What stood there is kept; what stood there for no instant is not. Its text linked what the new one may not name.
const CORRECT: &str = "
WITH given AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS g (id, headline, summary, headline_key)
), kept AS (
    INSERT INTO meta_news_revision (news_id, superseded_at, headline, summary)
    SELECT n.id, $5, n.headline, n.summary FROM fact_news n JOIN given g ON g.id = n.id
    ON CONFLICT DO NOTHING
), unlinked AS (
    DELETE FROM fact_news_instrument l USING given g WHERE l.news_id = g.id AND l.match <> 'FEED'
)
UPDATE fact_news n SET headline = g.headline, summary = g.summary, headline_key = g.headline_key, corrected_at = $5
FROM given g WHERE n.id = g.id";

/// Puts texts in place of those of stored news; each piece once.
pub async fn correct(
    session: &Session<Market>,
    corrected: &[(Uuid, &Item)],
    at: DateTime<Utc>,
) -> Result<u64, DatabaseError> {
    if corrected.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Uuid> = corrected.iter().map(|(id, _)| *id).collect();
    let column = |cell: fn(&Item) -> &String| -> Value {
        corrected.iter().map(|(_, item)| cell(item).clone()).collect::<Vec<String>>().into()
    };
    let texts = [column(|item| &item.headline), column(|item| &item.summary), column(|item| &item.headline_key)];
    let [headline, summary, key] = texts;
    execute(session, CORRECT, [ids.into(), headline, summary, key, at.into()]).await
}

const INSERT: &str = "
COPY fact_news (id, provider, guid, headline, summary, url, published_at, fetched_at, url_key, headline_key) FROM STDIN";

const LINK: &str = "
INSERT INTO fact_news_instrument (instrument_id, news_id, match, published_at)
SELECT instrument_id, news_id, match, published_at
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) AS l (instrument_id, news_id, match, published_at)
ON CONFLICT DO NOTHING";

/// Stores news and links, and returns how many pieces of news were new.
pub async fn insert(
    session: &Session<Market>,
    provider: &str,
    fetched_at: DateTime<Utc>,
    items: &[&Item],
    links: &[Link],
) -> Result<u64, DatabaseError> {
    let mut copy = CopyRows::default();
    for item in items {
        copy.id(item.id).cell(provider).cell(&item.guid);
        copy.cell(&item.headline).cell(&item.summary).optional(item.url.as_ref());
        copy.cell(item.published_at.to_rfc3339()).cell(fetched_at.to_rfc3339());
        copy.optional(item.url_key.as_ref()).cell(&item.headline_key).end_row();
    }
    let stored = session.copy_in(INSERT, [copy.into_chunk()].into_iter()).await?;
    let instruments: Vec<Uuid> = links.iter().map(|link| link.instrument).collect();
    let news: Vec<Uuid> = links.iter().map(|link| link.news).collect();
    let found: Vec<String> = links.iter().map(|link| link.found.code().to_owned()).collect();
    let published: Vec<DateTime<Utc>> = links.iter().map(|link| link.published_at).collect();
    execute(session, LINK, [instruments.into(), news.into(), found.into(), published.into()]).await?;
    Ok(stored)
}
