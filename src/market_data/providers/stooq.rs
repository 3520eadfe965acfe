//! Daily prices of stooq.com as CSV: `Date,Open,High,Low,Close,Volume`. Asked for prices as they were traded: `o` names
//! with a one each adjustment that is left out (splits, dividends, rights and so on).

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::NaiveDate;
use url::Url;

use super::client::{Client, Question, Reply};
use super::table::{Table, cell};
use super::{Capability, History, Provider, ProviderError, Wanted, registry, suffixed};
use crate::market_data::delivery::{Basis, Delivery, PriceRow};

const SUFFIXES: &[(&str, &str)] = &[
    ("XNYS", ".us"),
    ("XNAS", ".us"),
    ("XASE", ".us"),
    ("ARCX", ".us"),
    ("BATS", ".us"),
    ("XLON", ".uk"),
    ("XETR", ".de"),
    ("XTKS", ".jp"),
    ("XHKG", ".hk"),
    ("XBUD", ".hu"),
    ("XWAR", ""),
];

/// stooq.com.
#[derive(Debug)]
pub(super) struct Stooq {
    client: Client,
    base: Url,
    suffixes: BTreeMap<String, String>,
}

impl Stooq {
    pub(super) fn new(client: Client, base: Url, suffixes: BTreeMap<String, String>) -> Self {
        Self { client, base, suffixes }
    }

    fn address(&self, wanted: &Wanted) -> Url {
        let day = |day: NaiveDate| day.format("%Y%m%d").to_string();
        let mut url = registry::below(&self.base, "q/d/l/");
        url.query_pairs_mut().append_pair("s", &wanted.symbol).append_pair("i", "d").append_pair("o", "1111111");
        if let Some(first) = wanted.span.first_day() {
            let last = wanted.span.until.unwrap_or_else(|| self.client.clock().today());
            url.query_pairs_mut().append_pair("d1", &day(first)).append_pair("d2", &day(last));
        }
        url
    }
}

#[async_trait]
impl Provider for Stooq {
    fn name(&self) -> &str {
        "stooq"
    }

    fn offers(&self) -> &[Capability] {
        &[Capability::Prices]
    }

    fn concurrency(&self) -> usize {
        self.client.concurrency()
    }

    fn symbol(&self, ticker: &str, mic: &str) -> Option<String> {
        suffixed(&ticker.replace(['.', '/'], "-").to_lowercase(), mic, &self.suffixes, SUFFIXES)
    }

    async fn prices(&self, wanted: &[Wanted]) -> Result<History, ProviderError> {
        let wanted = registry::single(wanted)?;
        let url = self.address(wanted);
        let asked = url.to_string();
        let question = Question {
            says_too_often: |body| body.starts_with(b"Exceeded the daily hits limit"),
            ..Question::get(url)
        };
        let read = |reply: &Reply| Ok((rows(reply.text()?, wanted)?, reply.fetched_at));
        let (rows, fetched_at) = self.client.read(&question, read).await?;
        Ok(History::of(Delivery { provider: self.name().to_owned(), asked, fetched_at, rows }))
    }
}

fn rows(text: &str, wanted: &Wanted) -> Result<Vec<PriceRow>, ProviderError> {
    // A symbol that is not known and a span without trading are told in the same words.
    if text.trim().eq_ignore_ascii_case("No data") {
        return match wanted.span.since {
            Some(_) => Ok(Vec::new()),
            None => Err(ProviderError::UnknownSymbol { symbol: wanted.symbol.clone() }),
        };
    }
    let table = Table::read(text, b',', "a table of daily prices")?;
    let [date, open, high, low, close] = ["Date", "Open", "High", "Low", "Close"].map(|name| table.column(name));
    let (date, open, high, low, close) = (date?, open?, high?, low?, close?);
    // Indices and currencies have no volume.
    let volume = table.column("Volume").ok();
    let row = |record| PriceRow {
        date: cell(record, date),
        open: cell(record, open),
        high: cell(record, high),
        low: cell(record, low),
        close: cell(record, close),
        volume: volume.map(|column| cell(record, column)).unwrap_or_default(),
        ..wanted.row(Basis::Raw)
    };
    let mut rows: Vec<PriceRow> = table.records().iter().map(row).collect();
    rows.retain(|row| wanted.span.holds(&row.date));
    Ok(rows)
}
