//! Daily prices of tiingo.com: `/tiingo/daily/TICKER/prices`, as traded and adjusted, with dividends and splits by day.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use url::Url;

use super::client::{Client, Question, Reply};
use super::json::{Raw, document, number};
use super::{Capability, History, Provider, ProviderError, Wanted, registry, suffixed};
use crate::market_data::delivery::{Basis, Delivery, DividendRow, PriceRow, SplitRow};

const FORM: &str = "an array of days";

/// The first day that is asked for where all there are are wanted.
const FIRST: &str = "1962-01-02";

/// Markets whose instruments it knows, all by the bare ticker.
const SUFFIXES: &[(&str, &str)] = &[("XNYS", ""), ("XNAS", ""), ("XASE", ""), ("ARCX", ""), ("BATS", "")];

/// tiingo.com.
#[derive(Debug)]
pub(super) struct Tiingo {
    client: Client,
    base: Url,
    suffixes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Day<'a> {
    date: String,
    #[serde(borrow)]
    open: Raw<'a>,
    #[serde(borrow)]
    high: Raw<'a>,
    #[serde(borrow)]
    low: Raw<'a>,
    #[serde(borrow)]
    close: Raw<'a>,
    #[serde(borrow)]
    volume: Raw<'a>,
    #[serde(borrow)]
    adj_close: Raw<'a>,
    #[serde(borrow)]
    div_cash: Raw<'a>,
    #[serde(borrow)]
    split_factor: Raw<'a>,
}

impl Tiingo {
    pub(super) fn new(client: Client, base: Url, suffixes: BTreeMap<String, String>) -> Self {
        Self { client, base, suffixes }
    }

    fn address(&self, wanted: &Wanted) -> Url {
        let mut url = registry::below(&self.base, "tiingo/daily");
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(&wanted.symbol).push("prices");
        }
        let first = wanted.span.first_day().map_or_else(|| FIRST.to_owned(), |day: NaiveDate| day.to_string());
        url.query_pairs_mut().append_pair("startDate", &first);
        if let Some(until) = wanted.span.until {
            url.query_pairs_mut().append_pair("endDate", &until.to_string());
        }
        url
    }
}

#[async_trait]
impl Provider for Tiingo {
    fn name(&self) -> &str {
        "tiingo"
    }

    fn offers(&self) -> &[Capability] {
        &[Capability::Prices, Capability::CorporateActions]
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
        let read = |reply: &Reply| history(reply, wanted, self.name(), &asked);
        self.client.read(&Question::get(url), read).await
    }
}

fn history(reply: &Reply, wanted: &Wanted, provider: &str, asked: &str) -> Result<History, ProviderError> {
    if reply.status == 404 {
        return Err(ProviderError::UnknownSymbol { symbol: wanted.symbol.clone() });
    }
    let days: Vec<Day<'_>> = document(reply, FORM)?;
    let (provider, asked) = (provider.to_owned(), asked.to_owned());
    let mut history = History::of(Delivery { provider, asked, fetched_at: reply.fetched_at, rows: Vec::new() });
    for day in days {
        // `2024-03-05T00:00:00.000Z` is the day, not an instant.
        let date = day.date.split('T').next().unwrap_or_default().to_owned();
        history.dividends.extend(dividend(wanted, &date, day.div_cash)?);
        history.splits.extend(split(wanted, &date, day.split_factor)?);
        history.prices.rows.push(PriceRow {
            date,
            open: number(day.open, "open")?,
            high: number(day.high, "high")?,
            low: number(day.low, "low")?,
            close: number(day.close, "close")?,
            adjusted_close: number(day.adj_close, "adjClose")?,
            volume: number(day.volume, "volume")?,
            ..wanted.row(Basis::Raw)
        });
    }
    Ok(history)
}

fn dividend(wanted: &Wanted, date: &str, amount: Raw<'_>) -> Result<Option<DividendRow>, ProviderError> {
    let amount = number(amount, "divCash")?;
    if amount.is_empty() || amount.parse() == Ok(Decimal::ZERO) {
        return Ok(None);
    }
    Ok(Some(DividendRow {
        instrument: Some(wanted.instrument),
        symbol: wanted.symbol.clone(),
        mic: wanted.mic.clone(),
        kind: "CASH_DIVIDEND".to_owned(),
        ex_date: date.to_owned(),
        amount,
        ..DividendRow::default()
    }))
}

fn split(wanted: &Wanted, date: &str, factor: Raw<'_>) -> Result<Option<SplitRow>, ProviderError> {
    let numerator = number(factor, "splitFactor")?;
    if numerator.is_empty() || numerator.parse() == Ok(Decimal::ONE) {
        return Ok(None);
    }
    Ok(Some(SplitRow {
        instrument: Some(wanted.instrument),
        symbol: wanted.symbol.clone(),
        mic: wanted.mic.clone(),
        ex_date: date.to_owned(),
        numerator,
        denominator: "1".to_owned(),
    }))
}
