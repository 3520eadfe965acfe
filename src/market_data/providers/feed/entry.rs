//! The entries of a document.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::text;
use crate::market_data::delivery::NewsRow;
use crate::market_data::providers::ProviderError;

/// The longest summary that is kept, in characters.
const SUMMARY: usize = 500;

/// The most entries that a document may have.
const MOST: usize = 10_000;

/// Reads `item`s of RSS and `entry`s of Atom. One without a headline is nothing to show and is left out.
pub(super) fn entries(document: &str) -> Result<Vec<NewsRow>, ProviderError> {
    let mut reader = Reader::from_str(document);
    let mut open: Vec<String> = Vec::new();
    let mut written = String::new();
    let mut entry: Option<NewsRow> = None;
    let mut rows = Vec::new();
    let mut feed = false;
    loop {
        match reader.read_event().map_err(|error| unreadable(error.to_string()))? {
            Event::Start(tag) => {
                let name = local_name(&tag);
                feed |= open.is_empty() && matches!(name.as_str(), "rss" | "feed" | "RDF");
                if matches!(name.as_str(), "item" | "entry") && entry.is_none() {
                    entry = Some(NewsRow::default());
                }
                if let Some(entry) = &mut entry {
                    attributes(&tag, &name, entry)?;
                }
                // What is written in an element within a text belongs to that text.
                if !within_text(&open) {
                    written.clear();
                }
                open.push(name);
            }
            Event::Empty(tag) => {
                if let Some(entry) = &mut entry {
                    attributes(&tag, &local_name(&tag), entry)?;
                }
            }
            Event::Text(piece) => written.push_str(&piece.decode().map_err(|error| unreadable(error.to_string()))?),
            Event::CData(piece) => written.push_str(&piece.decode().map_err(|error| unreadable(error.to_string()))?),
            Event::GeneralRef(name) => written.push_str(&text::reference(&name)?),
            Event::End(_) => {
                let name = open.pop().unwrap_or_default();
                if within_text(&open) {
                    continue;
                }
                match (&mut entry, name.as_str()) {
                    (Some(_), "item" | "entry") => rows.extend(entry.take().and_then(finished)),
                    (Some(entry), name)
                        if open.last().is_some_and(|parent| matches!(parent.as_str(), "item" | "entry")) =>
                    {
                        take(entry, name, &written);
                    }
                    _ => {}
                }
                if rows.len() > MOST {
                    return Err(unreadable(format!("more than {MOST} entries")));
                }
            }
            Event::DocType(_) => return Err(unreadable("a document type")),
            Event::Eof if feed && open.is_empty() => return Ok(rows),
            Event::Eof => return Err(unreadable("another document, or a part of it")),
            _ => {}
        }
    }
}

fn within_text(open: &[String]) -> bool {
    open.iter().any(|name| matches!(name.as_str(), "title" | "description" | "summary" | "content"))
}

fn local_name(tag: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(tag.local_name().as_ref()).into_owned()
}

/// Atom has the address in an attribute, and tickers stand in those of a category.
fn attributes(tag: &BytesStart<'_>, name: &str, entry: &mut NewsRow) -> Result<(), ProviderError> {
    let attribute = |name: &str| -> Result<Option<String>, ProviderError> {
        let found = tag.try_get_attribute(name).map_err(|error| unreadable(error.to_string()))?;
        let value = found.map(|attribute| attribute.unescape_value().map(std::borrow::Cow::into_owned));
        value.transpose().map_err(|error| unreadable(error.to_string()))
    };
    match name {
        "link" => {
            let is_entry = attribute("rel")?.is_none_or(|rel| rel == "alternate");
            if let Some(address) = attribute("href")?.filter(|_| is_entry && entry.url.is_empty()) {
                entry.url = address;
            }
        }
        "category" => {
            let scheme = attribute("scheme")?.or(attribute("domain")?).unwrap_or_default().to_ascii_lowercase();
            if let Some(term) = attribute("term")?.filter(|_| is_of_symbols(&scheme)) {
                add_symbol(entry, &term);
            }
        }
        _ => {}
    }
    Ok(())
}

fn is_of_symbols(scheme: &str) -> bool {
    ["symbol", "ticker", "stock"].iter().any(|word| scheme.contains(word))
}

fn add_symbol(entry: &mut NewsRow, symbol: &str) {
    for symbol in symbol.split([',', ' ', ';']).filter(|symbol| !symbol.is_empty()) {
        if !entry.symbols.split(' ').any(|known| known == symbol) {
            if !entry.symbols.is_empty() {
                entry.symbols.push(' ');
            }
            entry.symbols.push_str(symbol);
        }
    }
}

/// The text of an element that belongs to an entry. The first of two that mean the same counts.
fn take(entry: &mut NewsRow, name: &str, written: &str) {
    let line = || text::of_markup(written);
    let place = match name {
        "title" => &mut entry.headline,
        "description" | "summary" | "content" => &mut entry.summary,
        "guid" | "id" => &mut entry.guid,
        "link" => &mut entry.url,
        "pubDate" | "published" | "date" | "updated" => &mut entry.published,
        "symbol" | "ticker" | "tickers" | "symbols" => return add_symbol(entry, written.trim()),
        _ => return,
    };
    if place.is_empty() {
        *place = match name {
            "title" => line(),
            "description" | "summary" | "content" => line().chars().take(SUMMARY).collect(),
            _ => written.trim().to_owned(),
        };
    }
}

/// An entry without an id is known by its address, one without either by its headline and time.
fn finished(mut entry: NewsRow) -> Option<NewsRow> {
    if entry.guid.is_empty() {
        entry.guid = match entry.url.as_str() {
            "" => format!("{} {}", entry.published, entry.headline),
            url => url.to_owned(),
        };
    }
    (!entry.headline.is_empty()).then_some(entry)
}

pub(super) fn unreadable(found: impl Into<String>) -> ProviderError {
    ProviderError::unreadable("a feed, RSS or Atom", found)
}
