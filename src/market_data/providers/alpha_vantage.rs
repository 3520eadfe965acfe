//! Daily prices of alphavantage.co: `TIME_SERIES_DAILY`, or `TIME_SERIES_DAILY_ADJUSTED` with adjusted closes, dividends
//! and splits for plans that have it. What is wrong is told with the status of success, and repeats the key.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::Days;
use serde::Deserialize;
use url::Url;

use super::client::{Client, Question, Reply};
use super::json::{document, unreadable};
use super::{Capability, History, Provider, ProviderError, Wanted, registry, suffixed};
use crate::market_data::delivery::{Basis, Delivery, DividendRow, PriceRow, SplitRow};

const FORM: &str = "a document with `Meta Data` and `Time Series (Daily)`";

/// A compact answer holds the last hundred days of trading, which are more days of the calendar.
const COMPACT_DAYS: u64 = 120;

const SUFFIXES: &[(&str, &str)] = &[
    ("XNYS", ""),
    ("XNAS", ""),
    ("XASE", ""),
    ("ARCX", ""),
    ("BATS", ""),
    ("XLON", ".LON"),
    ("XETR", ".DEX"),
    ("XFRA", ".FRK"),
    ("XTSE", ".TRT"),
    ("XTSX", ".TRV"),
    ("XBOM", ".BSE"),
    ("XSHG", ".SHH"),
    ("XSHE", ".SHZ"),
];

/// alphavantage.co.
#[derive(Debug)]
pub(super) struct AlphaVantage {
    client: Client,
    base: Url,
    suffixes: BTreeMap<String, String>,
    adjusted: bool,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "Error Message")]
    error: Option<String>,
    #[serde(rename = "Information", alias = "Note")]
    information: Option<String>,
    #[serde(rename = "Meta Data")]
    meta: Option<Meta>,
    #[serde(rename = "Time Series (Daily)")]
    days: Option<BTreeMap<String, Day>>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "2. Symbol")]
    symbol: String,
}

/// The numbers of the names differ between the two functions.
#[derive(Deserialize)]
struct Day {
    #[serde(rename = "1. open")]
    open: String,
    #[serde(rename = "2. high")]
    high: String,
    #[serde(rename = "3. low")]
    low: String,
    #[serde(rename = "4. close")]
    close: String,
    #[serde(rename = "5. adjusted close", default)]
    adjusted_close: String,
    #[serde(rename = "6. volume", alias = "5. volume")]
    volume: String,
    #[serde(rename = "7. dividend amount", default)]
    dividend: String,
    #[serde(rename = "8. split coefficient", default)]
    split: String,
}

impl AlphaVantage {
    pub(super) fn new(client: Client, base: Url, suffixes: BTreeMap<String, String>, adjusted: bool) -> Self {
        Self { client, base, suffixes, adjusted }
    }

    fn address(&self, wanted: &Wanted) -> Url {
        let function = if self.adjusted { "TIME_SERIES_DAILY_ADJUSTED" } else { "TIME_SERIES_DAILY" };
        let oldest = self.client.clock().today().checked_sub_days(Days::new(COMPACT_DAYS));
        let recent = wanted.span.first_day().is_some_and(|first| oldest.is_some_and(|oldest| first >= oldest));
        let mut url = registry::below(&self.base, "query");
        url.query_pairs_mut()
            .append_pair("function", function)
            .append_pair("symbol", &wanted.symbol)
            .append_pair("outputsize", if recent { "compact" } else { "full" })
            .append_pair("datatype", "json");
        url
    }
}

/// Both documents of refusal name the limit; one for a plan that is not ours stays a refusal.
fn says_too_often(body: &[u8]) -> bool {
    let refusal = |document: Document| document.days.is_none().then_some(document.information).flatten();
    serde_json::from_slice(body).ok().and_then(refusal).is_some_and(|text| !asks_for_a_plan(&text))
}

fn asks_for_a_plan(text: &str) -> bool {
    text.contains("premium endpoint") || text.contains("premium feature")
}

#[async_trait]
impl Provider for AlphaVantage {
    fn name(&self) -> &str {
        "alpha_vantage"
    }

    fn offers(&self) -> &[Capability] {
        if self.adjusted { &[Capability::Prices, Capability::CorporateActions] } else { &[Capability::Prices] }
    }

    fn concurrency(&self) -> usize {
        self.client.concurrency()
    }

    fn symbol(&self, ticker: &str, mic: &str) -> Option<String> {
        suffixed(&ticker.replace(['.', '/'], "-"), mic, &self.suffixes, SUFFIXES)
    }

    async fn prices(&self, wanted: &[Wanted]) -> Result<History, ProviderError> {
        let wanted = registry::single(wanted)?;
        let url = self.address(wanted);
        let asked = url.to_string();
        let question = Question { says_too_often, ..Question::get(url) };
        let read = |reply: &Reply| Ok((days(reply, wanted)?, reply.fetched_at));
        let (days, fetched_at) = self.client.read(&question, read).await?;
        let mut history =
            History::of(Delivery { provider: self.name().to_owned(), asked, fetched_at, rows: Vec::new() });
        for (date, day) in days.into_iter().filter(|(date, _)| wanted.span.holds(date)) {
            history.dividends.extend(dividend(wanted, &date, &day));
            history.splits.extend(split(wanted, &date, &day));
            history.prices.rows.push(PriceRow {
                date,
                open: day.open,
                high: day.high,
                low: day.low,
                close: day.close,
                adjusted_close: day.adjusted_close,
                volume: day.volume,
                ..wanted.row(Basis::Raw)
            });
        }
        Ok(history)
    }
}

fn days(reply: &Reply, wanted: &Wanted) -> Result<BTreeMap<String, Day>, ProviderError> {
    let document: Document = document(reply, FORM)?;
    if document.error.is_some() {
        return Err(ProviderError::UnknownSymbol { symbol: wanted.symbol.clone() });
    }
    match (document.meta, document.days, document.information) {
        (Some(meta), Some(_), _) if !meta.symbol.eq_ignore_ascii_case(&wanted.symbol) => {
            Err(ProviderError::OtherSymbol { asked: wanted.symbol.clone(), came: meta.symbol })
        }
        (Some(_), Some(days), _) => Ok(days),
        (_, _, Some(text)) => {
            Err(ProviderError::Denied { status: reply.status, says: text.chars().take(160).collect() })
        }
        _ => Err(unreadable(FORM, "another document")),
    }
}

fn dividend(wanted: &Wanted, date: &str, day: &Day) -> Option<DividendRow> {
    (!is_number(&day.dividend, 0)).then(|| DividendRow {
        instrument: Some(wanted.instrument),
        symbol: wanted.symbol.clone(),
        mic: wanted.mic.clone(),
        kind: "CASH_DIVIDEND".to_owned(),
        ex_date: date.to_owned(),
        amount: day.dividend.clone(),
        ..DividendRow::default()
    })
}

fn split(wanted: &Wanted, date: &str, day: &Day) -> Option<SplitRow> {
    (!is_number(&day.split, 1)).then(|| SplitRow {
        instrument: Some(wanted.instrument),
        symbol: wanted.symbol.clone(),
        mic: wanted.mic.clone(),
        ex_date: date.to_owned(),
        numerator: day.split.clone(),
        denominator: "1".to_owned(),
    })
}

/// Whether a cell is empty or this number, however many zeros it has.
fn is_number(text: &str, number: i64) -> bool {
    text.is_empty() || text.parse() == Ok(rust_decimal::Decimal::from(number))
}
