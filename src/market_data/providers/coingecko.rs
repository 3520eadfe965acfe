//! Crypto assets at coingecko.com: `/coins/ID/market_chart/range`, instants with a price. A day is one of UTC, and its
//! price the last one until its midnight; whether instants are five minutes, an hour or a day apart depends on the span.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use serde::Deserialize;
use url::Url;

use super::client::{Client, Question, Reply};
use super::json::{Raw, document, number, unreadable, whole};
use super::{Capability, History, Provider, ProviderError, Wanted, registry};
use crate::market_data::delivery::{Basis, Delivery, PriceRow};

const FORM: &str = "a document with `prices`";

/// How far back it answers those without a paid plan.
const FREE_DAYS: u64 = 365;

/// The first day of its history.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2013, 4, 28).expect("a day of the calendar");

/// coingecko.com. A symbol is its own id of an asset, such as `bitcoin`.
#[derive(Debug)]
pub(super) struct CoinGecko {
    client: Client,
    base: Url,
    paid: bool,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    prices: Vec<(Raw<'a>, Raw<'a>)>,
}

impl CoinGecko {
    pub(super) fn new(client: Client, base: Url) -> Self {
        let paid = base.host_str().is_some_and(|host| host.starts_with("pro-api.")) && client.has_key();
        Self { client, base, paid }
    }

    fn address(&self, wanted: &Wanted, currency: &str) -> Url {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().timestamp().to_string();
        let today = self.client.clock().today();
        let oldest = match self.paid {
            true => FIRST,
            false => today.checked_sub_days(Days::new(FREE_DAYS)).unwrap_or(FIRST),
        };
        let first = wanted.span.first_day().unwrap_or(oldest).max(oldest);
        let after = wanted.span.until.unwrap_or(today).checked_add_days(Days::new(1)).unwrap_or(today);
        let mut url = registry::below(&self.base, "api/v3/coins");
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(&wanted.symbol).push("market_chart").push("range");
        }
        url.query_pairs_mut()
            .append_pair("vs_currency", currency)
            .append_pair("from", &midnight(first))
            .append_pair("to", &midnight(after));
        url
    }
}

#[async_trait]
impl Provider for CoinGecko {
    fn name(&self) -> &str {
        "coingecko"
    }

    fn offers(&self) -> &[Capability] {
        &[Capability::Prices]
    }

    fn concurrency(&self) -> usize {
        self.client.concurrency()
    }

    /// Tickers are not unique among crypto assets, so an asset has to be named by its id.
    fn symbol(&self, _ticker: &str, _mic: &str) -> Option<String> {
        None
    }

    async fn prices(&self, wanted: &[Wanted]) -> Result<History, ProviderError> {
        let wanted = registry::single(wanted)?;
        let currency = if wanted.currency.is_empty() { "USD" } else { wanted.currency.as_str() };
        let url = self.address(wanted, &currency.to_lowercase());
        let asked = url.to_string();
        let read = |reply: &Reply| Ok((rows(reply, wanted, currency)?, reply.fetched_at));
        let (mut rows, fetched_at) = self.client.read(&Question::get(url), read).await?;
        rows.retain(|row| wanted.span.holds(&row.date));
        Ok(History::of(Delivery { provider: self.name().to_owned(), asked, fetched_at, rows }))
    }
}

fn rows(reply: &Reply, wanted: &Wanted, currency: &str) -> Result<Vec<PriceRow>, ProviderError> {
    if reply.status == 404 {
        return Err(ProviderError::UnknownSymbol { symbol: wanted.symbol.clone() });
    }
    let document: Document<'_> = document(reply, FORM)?;
    let mut days = BTreeMap::new();
    for (instant, price) in document.prices {
        let millis = whole(instant, "prices[0]")?;
        // The price at midnight ends the day before.
        let day = millis.checked_sub(1).and_then(DateTime::from_timestamp_millis).map(|instant| instant.date_naive());
        let day = day.ok_or_else(|| unreadable("milliseconds of an instant", instant.get()))?;
        let (last, close) = days.entry(day).or_insert((millis, price));
        if millis >= *last {
            (*last, *close) = (millis, price);
        }
    }
    let row = |(day, (_, price)): (NaiveDate, (i64, Raw<'_>))| {
        Ok(PriceRow {
            date: day.to_string(),
            close: number(price, "prices[1]")?,
            currency: currency.to_owned(),
            ..wanted.row(Basis::Raw)
        })
    };
    days.into_iter().map(row).collect()
}
