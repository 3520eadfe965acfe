//! Headlines: from feeds and from files, each stored once and linked with the instruments that it names.

mod mentions;
mod text;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use self::mentions::{Mention, meant, mentions};
use self::text::{MAX_HEADLINE, MAX_SUMMARY, address, address_key, headline_key, instant, plain, shortened};
use super::delivery::{Delivery, NewsRow};
use super::load::{LoadError, table};
use crate::clock::Environment;
use crate::storage::news::{self, Finding, Item, Known, Link, Match};
use crate::storage::pipeline::{Dataset, Outcome, Run, run};
use crate::tenancy::{DatabaseError, Market, Session};

/// Headlines of a directory of files.
pub(super) const FILE: (&str, &[&str]) =
    ("news.csv", &["source_id", "published_at", "entity", "headline", "source", "url", "licence", "provenance"]);

/// Within so many days the same headline is the same news, whoever passes it on. Some return with every quarter.
const SAME_HEADLINE: TimeDelta = TimeDelta::days(3);

/// A clock may be ahead by so much.
const MAX_AHEAD: TimeDelta = TimeDelta::hours(24);

/// Takes in what a feed delivered: staged as it came, checked, stored where it is new. The caller's transaction is all of it or nothing.
///
/// # Errors
/// [`DatabaseError`]; rows that are wrong are none, they are held.
pub async fn load(
    session: &Session<Market>,
    environment: &Environment,
    delivery: &Delivery<NewsRow>,
) -> Result<Outcome, DatabaseError> {
    let run = Run {
        id: environment.ids.next(),
        dataset: Dataset::News,
        provider: delivery.provider.clone(),
        asked: delivery.asked.clone(),
        started_at: environment.clock.now(),
    };
    run::begin(session, &run).await?;
    let cells = |row: &NewsRow| -> [String; 6] {
        let NewsRow { guid, headline, summary, url, published, symbols } = row.clone();
        [guid, headline, summary, url, published, symbols]
    };
    let rows: Vec<[String; 6]> = delivery.rows.iter().map(cells).collect();
    let staged: Vec<[&str; 6]> = rows.iter().map(|row| row.each_ref().map(String::as_str)).collect();
    let delivered = news::stage(session, &run, delivery.fetched_at, &staged).await?;
    let (mut items, mut named, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for (line, row) in (1..).zip(&delivery.rows) {
        match read(row, environment.ids.next(), delivery.fetched_at) {
            Ok(item) => {
                named.push(mentions(&row.symbols, &item.headline, &item.summary).into_iter().collect::<Vec<_>>());
                items.push(item);
            }
            Err((finding, detail)) => held.push(Finding { line, finding, detail: shortened(&detail, 300) }),
        }
    }
    let (promoted, revised) =
        promote(session, &delivery.provider, [delivery.fetched_at, run.started_at], &items, &named).await?;
    let held = news::hold(session, &run, &held).await?;
    let outcome = Outcome { delivered, promoted: promoted + revised, held, revised };
    run::finish(session, &run, outcome, None, environment.clock.now()).await?;
    Ok(outcome)
}

/// Stores what is new of these and puts corrections in the place of what they correct, with the links of all of them; returns how many are
/// new, and how many are corrections. They were fetched and are put in place at these instants.
async fn promote(
    session: &Session<Market>,
    provider: &str,
    [fetched_at, now]: [DateTime<Utc>; 2],
    items: &[Item],
    named: &[Vec<Mention>],
) -> Result<(u64, u64), DatabaseError> {
    let known = news::known(session, provider, items).await?;
    // What the old text named is unlinked before what the new one names is linked.
    let revised = news::correct(session, &corrected(provider, items, &known), now).await?;
    let same = same_as(provider, items, &known);
    let links = links(session, items, named, &same).await?;
    let new: Vec<&Item> =
        items.iter().filter(|item| same.get(&item.id).is_some_and(|(id, _)| *id == item.id)).collect();
    Ok((news::insert(session, provider, fetched_at, &new, &links).await?, revised))
}

/// What its own provider says otherwise of stored news: of each piece the first that was delivered.
fn corrected<'a>(provider: &str, items: &'a [Item], known: &[Known]) -> Vec<(Uuid, &'a Item)> {
    let own = known.iter().filter(|one| one.provider == provider);
    let mut stored: HashMap<&str, &Known> = own.map(|one| (one.guid.as_str(), one)).collect();
    let other = |item: &'a Item| {
        let known = stored.remove(item.guid.as_str())?;
        let is_same = known.headline == item.headline && known.summary == item.summary;
        (!is_same).then_some((known.id, item))
    };
    items.iter().filter_map(other).collect()
}

/// Stores a row that was held and could be read, as a delivered one is stored: once, in place of what it corrects, and linked with what it
/// names. `at` is when it came, and now.
///
/// # Errors
/// [`DatabaseError`].
pub async fn promote_decided(
    session: &Session<Market>,
    provider: &str,
    at: [DateTime<Utc>; 2],
    item: Item,
    symbols: &str,
) -> Result<u64, DatabaseError> {
    let named = mentions(symbols, &item.headline, &item.summary).into_iter().collect();
    let (promoted, revised) = promote(session, provider, at, &[item], &[named]).await?;
    Ok(promoted + revised)
}

/// Loads what a directory has of headlines.
pub(super) async fn load_file(
    session: &Session<Market>,
    directory: &Path,
    environment: &Environment,
) -> Result<Outcome, LoadError> {
    let Some(rows) = table(directory, FILE)? else { return Ok(Outcome::default()) };
    let row = |cells: Vec<String>| {
        // The reader gives as many cells as the header has.
        let [guid, published, symbols, headline, _, url, ..] = <[String; 8]>::try_from(cells).ok()?;
        Some(NewsRow { guid, headline, summary: String::new(), url, published, symbols })
    };
    let delivery = Delivery {
        provider: "directory".to_owned(),
        asked: FILE.0.to_owned(),
        fetched_at: environment.clock.now(),
        rows: rows.into_iter().filter_map(row).collect(),
    };
    Ok(load(session, environment, &delivery).await?)
}

/// A row as it is stored, or the code and the value that it is held for.
///
/// # Errors
/// The first fault that is found.
pub fn read(row: &NewsRow, id: Uuid, fetched_at: DateTime<Utc>) -> Result<Item, (&'static str, String)> {
    let headline = plain(&row.headline);
    let key = headline_key(&headline);
    if key.is_empty() {
        return Err(("NO_HEADLINE", format!("headline `{}`", row.headline)));
    }
    if headline.chars().count() > MAX_HEADLINE {
        return Err(("HEADLINE_TOO_LONG", format!("{} characters: {headline}", headline.chars().count())));
    }
    let published_at =
        instant(&row.published).ok_or_else(|| ("INVALID_TIME", format!("published `{}`", row.published)))?;
    if published_at > fetched_at + MAX_AHEAD {
        return Err(("FUTURE_TIME", format!("published {published_at}, delivered {fetched_at}")));
    }
    let url = match row.url.trim() {
        "" => None,
        text => Some(address(text).ok_or_else(|| ("INVALID_URL", format!("url `{text}`")))?),
    };
    let url_key = url.as_deref().map(address_key);
    let guid =
        [row.guid.trim(), url_key.as_deref().unwrap_or_default(), &key].into_iter().find(|text| !text.is_empty());
    Ok(Item {
        id,
        guid: guid.unwrap_or_default().chars().filter(|c| !c.is_control()).take(500).collect(),
        summary: shortened(&plain(&row.summary), MAX_SUMMARY),
        headline,
        url,
        published_at,
        url_key,
        headline_key: key,
    })
}

/// Which news each item is, and when that was published: itself where it is new, else what is stored or stands before it.
fn same_as(provider: &str, items: &[Item], stored: &[Known]) -> HashMap<Uuid, (Uuid, DateTime<Utc>)> {
    type News = (Uuid, DateTime<Utc>);
    let mut by_guid: HashMap<&str, News> = HashMap::new();
    let mut by_url: HashMap<&str, News> = HashMap::new();
    let mut by_headline: HashMap<&str, Vec<News>> = HashMap::new();
    for one in stored {
        let news = (one.id, one.published_at);
        if one.provider == provider {
            by_guid.insert(&one.guid, news);
        }
        if let Some(key) = &one.url_key {
            by_url.insert(key, news);
        }
        by_headline.entry(&one.headline_key).or_default().push(news);
    }
    let mut same = HashMap::new();
    for item in items {
        let near = |news: &&News| (news.1 - item.published_at).abs() <= SAME_HEADLINE;
        let found = by_guid
            .get(item.guid.as_str())
            .or_else(|| by_url.get(item.url_key.as_deref()?))
            .or_else(|| by_headline.get(item.headline_key.as_str())?.iter().find(near))
            .copied();
        let news = found.unwrap_or((item.id, item.published_at));
        if found.is_none() {
            by_headline.entry(&item.headline_key).or_default().push(news);
        }
        by_guid.entry(&item.guid).or_insert(news);
        if let Some(key) = &item.url_key {
            by_url.entry(key).or_insert(news);
        }
        same.insert(item.id, news);
    }
    same
}

/// The links of each item, with the news that it is.
async fn links(
    session: &Session<Market>,
    items: &[Item],
    named: &[Vec<Mention>],
    same: &HashMap<Uuid, (Uuid, DateTime<Utc>)>,
) -> Result<Vec<Link>, DatabaseError> {
    let names: HashSet<&String> = named.iter().flatten().map(|mention| &mention.name).collect();
    let candidates = news::candidates(session, names.into_iter().cloned().collect()).await?;
    let mut links: BTreeMap<(Uuid, Uuid), (Match, DateTime<Utc>)> = BTreeMap::new();
    for (item, named) in items.iter().zip(named) {
        let text = format!("{} {}", item.headline, item.summary);
        let Some(&(news, published_at)) = same.get(&item.id) else { continue };
        for mention in named {
            if let Some(instrument) = meant(mention, &candidates, &text) {
                let first = links.entry((instrument.id, news)).or_insert((mention.found, published_at));
                first.0 = first.0.min(mention.found);
            }
        }
    }
    let link = |((instrument, news), (found, published_at))| Link { instrument, news, published_at, found };
    Ok(links.into_iter().map(link).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FETCHED: &str = "2024-03-15T12:00:00Z";

    fn row(headline: &str) -> NewsRow {
        NewsRow {
            guid: "1".to_owned(),
            headline: headline.to_owned(),
            summary: "<p>More</p>".to_owned(),
            url: "https://news.example/1".to_owned(),
            published: "Thu, 14 Mar 2024 08:00:00 -0400".to_owned(),
            symbols: String::new(),
        }
    }

    fn item(n: u128, change: impl Fn(&mut NewsRow)) -> Result<Item, &'static str> {
        let mut row = row("Acme grows");
        change(&mut row);
        read(&row, Uuid::from_u128(n), FETCHED.parse().expect("an instant")).map_err(|(code, _)| code)
    }

    #[test]
    fn a_row_that_is_no_news_is_held_with_its_reason() {
        let good = item(1, |row| row.headline = "<b>Acme</b> grows".to_owned()).expect("news");
        assert_eq!((good.headline.as_str(), good.summary.as_str()), ("Acme grows", "More"));
        let held = |change: fn(&mut NewsRow)| item(1, change).expect_err("held");
        assert_eq!(held(|row| row.headline = "<img src=x> —".to_owned()), "NO_HEADLINE");
        assert_eq!(held(|row| row.headline = "long ".repeat(200)), "HEADLINE_TOO_LONG");
        assert_eq!(held(|row| row.published = "soon".to_owned()), "INVALID_TIME");
        assert_eq!(held(|row| row.published = "2024-03-17T00:00:00Z".to_owned()), "FUTURE_TIME");
        assert_eq!(held(|row| row.url = "javascript:alert(1)".to_owned()), "INVALID_URL");
        let bare = item(1, |row| (row.guid, row.url) = (String::new(), String::new())).expect("news");
        assert_eq!((bare.guid.as_str(), bare.url), ("acmegrows", None));
    }

    #[test]
    fn the_same_news_is_told_by_id_address_or_headline() {
        let first = item(1, |_| ()).expect("news");
        let by_url = item(2, |row| (row.guid, row.headline) = ("2".to_owned(), "Acme grew".to_owned())).expect("news");
        let by_headline =
            item(3, |row| (row.guid, row.url) = ("3".to_owned(), "https://other.example/x".to_owned())).expect("news");
        let later = item(4, |row| {
            (row.guid, row.url) = ("4".to_owned(), "https://other.example/y".to_owned());
            row.published = "2024-03-01T12:00:00Z".to_owned();
        })
        .expect("news");
        let items = [first, by_url, by_headline, later];
        let same = same_as("feed", &items, &[]);
        let is = |n: u128| same[&Uuid::from_u128(n)].0.as_u128();
        assert_eq!([is(1), is(2), is(3), is(4)], [1, 1, 1, 4], "thirteen days earlier it is another piece of news");
        let stored = Known {
            id: Uuid::from_u128(9),
            provider: "feed".to_owned(),
            guid: "1".to_owned(),
            url_key: None,
            headline_key: "another".to_owned(),
            headline: "Another".to_owned(),
            summary: String::new(),
            published_at: FETCHED.parse().expect("an instant"),
        };
        assert_eq!(same_as("feed", &items, std::slice::from_ref(&stored))[&Uuid::from_u128(1)].0.as_u128(), 9);
        assert_eq!(same_as("other", &items, &[stored])[&Uuid::from_u128(1)].0.as_u128(), 1, "ids are a provider's own");
    }
}
