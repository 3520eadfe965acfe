//! Lists by pages: arguments, cursors, and the types that a connection is made of.

use async_graphql::{Result, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::error::ErrorCode;
use crate::clock::parse_day;
use crate::storage::Page;
use crate::storage::lot::Place;

/// Rows that a page has where its size is not given.
const DEFAULT_FIRST: i32 = 20;
/// The most rows that a page may have.
const MAX_FIRST: i32 = 100;

/// Where in a list a page stands.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether more rows follow this page.
    has_next_page: bool,
    /// The cursor of the page's last row: pass it as `after` for the next page. Null for an empty page.
    end_cursor: Option<String>,
}

/// What a cursor stands for.
pub trait Key: Sized {
    /// As text, to be wrapped.
    fn encode(&self) -> String;
    /// From the text, if it is such a key.
    fn decode(text: &str) -> Option<Self>;
}

impl Key for Uuid {
    fn encode(&self) -> String {
        self.simple().to_string()
    }

    fn decode(text: &str) -> Option<Self> {
        Self::try_parse(text).ok()
    }
}

impl Key for i64 {
    fn encode(&self) -> String {
        self.to_string()
    }

    fn decode(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Key for (NaiveDate, i64) {
    fn encode(&self) -> String {
        format!("{} {}", self.0, self.1)
    }

    fn decode(text: &str) -> Option<Self> {
        let (date, sequence) = text.split_once(' ')?;
        Some((parse_day(date)?, sequence.parse().ok()?))
    }
}

impl Key for Place {
    fn encode(&self) -> String {
        let Self { date, transaction, account, instrument, ordinal } = self;
        format!("{date} {} {} {} {ordinal}", transaction.simple(), account.simple(), instrument.simple())
    }

    fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let place = Self {
            date: parse_day(parts.next()?)?,
            transaction: Uuid::try_parse(parts.next()?).ok()?,
            account: Uuid::try_parse(parts.next()?).ok()?,
            instrument: Uuid::try_parse(parts.next()?).ok()?,
            ordinal: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(place)
    }
}

impl Key for (String, Uuid) {
    fn encode(&self) -> String {
        format!("{} {}", self.1.simple(), self.0)
    }

    fn decode(text: &str) -> Option<Self> {
        let (id, symbol) = text.split_once(' ')?;
        Some((symbol.to_owned(), Uuid::try_parse(id).ok()?))
    }
}

impl Key for String {
    fn encode(&self) -> String {
        self.clone()
    }

    fn decode(text: &str) -> Option<Self> {
        Some(text.to_owned()).filter(|text| text.len() <= 64)
    }
}

impl Key for (DateTime<Utc>, Uuid) {
    fn encode(&self) -> String {
        // As fine as the database tells instants apart.
        format!("{} {}", self.0.timestamp_micros(), self.1.simple())
    }

    fn decode(text: &str) -> Option<Self> {
        let (instant, id) = text.split_once(' ')?;
        Some((DateTime::from_timestamp_micros(instant.parse().ok()?)?, Uuid::try_parse(id).ok()?))
    }
}

impl Key for (i32, String, Uuid) {
    fn encode(&self) -> String {
        format!("{} {} {}", self.0, self.2.simple(), self.1)
    }

    fn decode(text: &str) -> Option<Self> {
        let (rank, text) = text.split_once(' ')?;
        let (id, symbol) = text.split_once(' ')?;
        Some((rank.parse().ok()?, symbol.to_owned(), Uuid::try_parse(id).ok()?))
    }
}

impl Key for (Uuid, Uuid) {
    fn encode(&self) -> String {
        format!("{} {}", self.0.simple(), self.1.simple())
    }

    fn decode(text: &str) -> Option<Self> {
        let (one, other) = text.split_once(' ')?;
        Some((Uuid::try_parse(one).ok()?, Uuid::try_parse(other).ok()?))
    }
}

/// The cursor of a key.
pub fn cursor(key: &impl Key) -> String {
    URL_SAFE_NO_PAD.encode(key.encode())
}

/// The page that the arguments ask for, with one row more than is shown: it tells whether there is a next page.
pub fn page<K: Key>(first: Option<i32>, after: Option<&str>) -> Result<Page<K>> {
    let first = first.unwrap_or(DEFAULT_FIRST);
    if !(1..=MAX_FIRST).contains(&first) {
        return Err(ErrorCode::BadUserInput.error(format!("first: {first} is not between 1 and {MAX_FIRST}")));
    }
    let after = after
        .map(|cursor| {
            let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            text.and_then(|text| K::decode(&text))
                .ok_or_else(|| ErrorCode::BadUserInput.error("after: this is no cursor of this list"))
        })
        .transpose()?;
    Ok(Page { after, limit: u64::from(first.unsigned_abs()) + 1 })
}

/// Cuts the row that was read only to see whether there is a next page.
pub fn cut<T, K: Key>(mut rows: Vec<T>, limit: u64, key: impl Fn(&T) -> K) -> (Vec<(String, T)>, PageInfo) {
    let shown = usize::try_from(limit.saturating_sub(1)).unwrap_or(usize::MAX);
    let has_next_page = rows.len() > shown;
    rows.truncate(shown);
    let rows: Vec<(String, T)> = rows.into_iter().map(|row| (cursor(&key(&row)), row)).collect();
    let end_cursor = rows.last().map(|(cursor, _)| cursor.clone());
    (rows, PageInfo { has_next_page, end_cursor })
}

/// Whether a connection's total was asked for: counting costs a statement.
pub fn wants_total(ctx: &async_graphql::Context<'_>) -> bool {
    ctx.look_ahead().field("totalCount").exists()
}

/// Defines the types of one connection.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ty, $what:literal) => {
        #[doc = concat!("A page of ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $connection {
            /// The rows with their cursors.
            edges: Vec<$edge>,
            /// The rows alone.
            nodes: Vec<$node>,
            /// Where this page stands.
            page_info: $crate::graphql::connection::PageInfo,
            /// How many rows the whole list has. Counted only when asked for.
            total_count: i32,
        }

        #[doc = concat!("A row among ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $edge {
            /// Marks the row: pass it as `after` to go on behind it.
            cursor: String,
            /// The row.
            node: $node,
        }

        impl $connection {
            /// A page of rows with their cursors; `total` is 0 where it was not asked for.
            pub fn new(
                rows: Vec<(String, $node)>,
                page_info: $crate::graphql::connection::PageInfo,
                total: u64,
            ) -> Self {
                let nodes = rows.iter().map(|(_, node)| node.clone()).collect();
                let edges = rows.into_iter().map(|(cursor, node)| $edge { cursor, node }).collect();
                Self { edges, nodes, page_info, total_count: i32::try_from(total).unwrap_or(i32::MAX) }
            }
        }
    };
}
pub(super) use connection;
