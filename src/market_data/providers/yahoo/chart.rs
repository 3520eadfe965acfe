//! The document of a chart.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::super::client::Reply;
use super::super::json::{Raw, document_of_any_status, number, unreadable, whole};
use super::super::{History, ProviderError, Wanted};
use crate::market_data::delivery::{Basis, Delivery, DividendRow, PriceRow, SplitRow};

const FORM: &str = "a chart with meta, timestamp and indicators";

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    chart: Chart<'a>,
}

#[derive(Deserialize)]
struct Chart<'a> {
    #[serde(borrow)]
    result: Option<Vec<Series<'a>>>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    #[serde(default)]
    description: Option<String>,
}

#[derive(Deserialize)]
struct Series<'a> {
    #[serde(borrow)]
    meta: Meta<'a>,
    #[serde(borrow, default)]
    timestamp: Vec<Raw<'a>>,
    #[serde(borrow, default)]
    events: Events<'a>,
    #[serde(borrow)]
    indicators: Indicators<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    symbol: String,
    currency: Option<String>,
    #[serde(borrow)]
    gmtoffset: Raw<'a>,
    exchange_timezone_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Events<'a> {
    #[serde(borrow)]
    dividends: BTreeMap<String, Dividend<'a>>,
    #[serde(borrow)]
    splits: BTreeMap<String, Split<'a>>,
}

#[derive(Deserialize)]
struct Dividend<'a> {
    #[serde(borrow)]
    amount: Raw<'a>,
    #[serde(borrow)]
    date: Raw<'a>,
}

#[derive(Deserialize)]
struct Split<'a> {
    #[serde(borrow)]
    date: Raw<'a>,
    #[serde(borrow)]
    numerator: Raw<'a>,
    #[serde(borrow)]
    denominator: Raw<'a>,
}

#[derive(Deserialize)]
struct Indicators<'a> {
    #[serde(borrow)]
    quote: Vec<Quote<'a>>,
    #[serde(borrow, default)]
    adjclose: Vec<Adjusted<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Quote<'a> {
    #[serde(borrow)]
    open: Vec<Raw<'a>>,
    #[serde(borrow)]
    high: Vec<Raw<'a>>,
    #[serde(borrow)]
    low: Vec<Raw<'a>>,
    #[serde(borrow)]
    close: Vec<Raw<'a>>,
    #[serde(borrow)]
    volume: Vec<Raw<'a>>,
}

#[derive(Deserialize)]
struct Adjusted<'a> {
    #[serde(borrow, default)]
    adjclose: Vec<Raw<'a>>,
}

/// What came for the instrument, without days past the last wanted one.
pub(super) fn history(reply: &Reply, wanted: &Wanted, provider: &str, asked: &str) -> Result<History, ProviderError> {
    let series = match document_of_any_status::<Document<'_>>(reply, FORM) {
        Ok(document) => series(document.chart, reply, wanted)?,
        // A page for people with a status that says more than it.
        Err(error) => return Err(reply.success().err().unwrap_or(error)),
    };
    let zone = Zone::of(&series.meta)?;
    let today = zone.day(reply.fetched_at.timestamp())?;
    let splits = splits(&series, wanted, &zone)?;
    let mut history = History {
        dividends: dividends(&series, wanted, &zone, &splits)?,
        prices: Delivery {
            provider: provider.to_owned(),
            asked: asked.to_owned(),
            fetched_at: reply.fetched_at,
            rows: prices(&series, wanted, &zone, Basis::SplitAdjusted { as_of: today })?,
        },
        splits,
    };
    history.prices.rows.retain(|row| wanted.span.holds(&row.date));
    history.dividends.retain(|row| wanted.span.holds(&row.ex_date));
    Ok(history)
}

fn series<'a>(chart: Chart<'a>, reply: &Reply, wanted: &Wanted) -> Result<Series<'a>, ProviderError> {
    if let Some(refusal) = chart.error {
        return Err(match refusal.code.as_str() {
            "Not Found" => ProviderError::UnknownSymbol { symbol: wanted.symbol.clone() },
            code => {
                let says = refusal.description.map_or_else(|| code.to_owned(), |text| format!("{code}: {text}"));
                ProviderError::Status { status: reply.status, says: says.chars().take(160).collect() }
            }
        });
    }
    reply.success()?;
    let series = chart.result.into_iter().flatten().next();
    let series = series.ok_or_else(|| unreadable(FORM, "neither a result nor an error"))?;
    if !series.meta.symbol.eq_ignore_ascii_case(&wanted.symbol) {
        return Err(ProviderError::OtherSymbol { asked: wanted.symbol.clone(), came: series.meta.symbol });
    }
    Ok(series)
}

/// The exchange's own days. Its zone is asked first: the offset is that of today, and wrong on the other side of summer time.
enum Zone {
    Named(Tz),
    Offset(FixedOffset),
}

impl Zone {
    fn of(meta: &Meta<'_>) -> Result<Self, ProviderError> {
        if let Some(zone) = meta.exchange_timezone_name.as_ref().and_then(|name| name.parse().ok()) {
            return Ok(Self::Named(zone));
        }
        let seconds = i32::try_from(whole(meta.gmtoffset, "meta.gmtoffset")?).ok();
        let offset = seconds.and_then(FixedOffset::east_opt);
        offset.map(Self::Offset).ok_or_else(|| unreadable("an offset as meta.gmtoffset", meta.gmtoffset.get()))
    }

    fn day(&self, timestamp: i64) -> Result<NaiveDate, ProviderError> {
        let instant = DateTime::from_timestamp(timestamp, 0)
            .ok_or_else(|| unreadable("seconds of an instant", timestamp.to_string()))?;
        Ok(match self {
            Self::Named(zone) => instant.with_timezone(zone).date_naive(),
            Self::Offset(offset) => instant.with_timezone(offset).date_naive(),
        })
    }

    fn day_of(&self, value: Raw<'_>, place: &str) -> Result<NaiveDate, ProviderError> {
        self.day(whole(value, place)?)
    }
}

fn prices(series: &Series<'_>, wanted: &Wanted, zone: &Zone, basis: Basis) -> Result<Vec<PriceRow>, ProviderError> {
    let quote = match (series.indicators.quote.first(), series.timestamp.is_empty()) {
        (_, true) => return Ok(Vec::new()),
        (Some(quote), false) => quote,
        (None, false) => return Err(unreadable(FORM, "no indicators.quote")),
    };
    let adjusted = series.indicators.adjclose.first().map_or(&[][..], |adjusted| &adjusted.adjclose);
    let days = series.timestamp.len();
    let cell = |column: &[Raw<'_>], at: usize, name: &str| match column.len() {
        // A column that is not given at all, as the volumes of an index.
        0 => Ok(String::new()),
        length if length == days => column.get(at).map_or_else(|| Ok(String::new()), |value| number(value, name)),
        length => Err(unreadable(&format!("{days} values in {name}"), length.to_string())),
    };
    let mut rows = Vec::with_capacity(days);
    for (at, timestamp) in series.timestamp.iter().enumerate() {
        let row = PriceRow {
            instrument: Some(wanted.instrument),
            symbol: wanted.symbol.clone(),
            mic: wanted.mic.clone(),
            date: zone.day_of(timestamp, "timestamp")?.to_string(),
            open: cell(&quote.open, at, "open")?,
            high: cell(&quote.high, at, "high")?,
            low: cell(&quote.low, at, "low")?,
            close: cell(&quote.close, at, "close")?,
            adjusted_close: cell(adjusted, at, "adjclose")?,
            volume: cell(&quote.volume, at, "volume")?,
            currency: series.meta.currency.clone().unwrap_or_default(),
            basis,
        };
        // A day on which nothing was traded has an instant and nothing else: nothing was given.
        if [&row.open, &row.high, &row.low, &row.close].iter().any(|price| !price.is_empty()) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// All splits until today: the prices are on their basis.
fn splits(series: &Series<'_>, wanted: &Wanted, zone: &Zone) -> Result<Vec<SplitRow>, ProviderError> {
    let row = |split: &Split<'_>| {
        Ok(SplitRow {
            instrument: Some(wanted.instrument),
            symbol: wanted.symbol.clone(),
            mic: wanted.mic.clone(),
            ex_date: zone.day_of(split.date, "splits.date")?.to_string(),
            numerator: number(split.numerator, "splits.numerator")?,
            denominator: number(split.denominator, "splits.denominator")?,
        })
    };
    series.events.splits.values().map(row).collect()
}

fn dividends(
    series: &Series<'_>,
    wanted: &Wanted,
    zone: &Zone,
    splits: &[SplitRow],
) -> Result<Vec<DividendRow>, ProviderError> {
    let row = |dividend: &Dividend<'_>| {
        let ex_date = zone.day_of(dividend.date, "dividends.date")?.to_string();
        let amount = number(dividend.amount, "dividends.amount")?;
        Ok(DividendRow {
            instrument: Some(wanted.instrument),
            symbol: wanted.symbol.clone(),
            mic: wanted.mic.clone(),
            kind: "CASH_DIVIDEND".to_owned(),
            amount: as_paid(&amount, &ex_date, splits)?,
            ex_date,
            pay_date: String::new(),
            currency: series.meta.currency.clone().unwrap_or_default(),
        })
    };
    series.events.dividends.values().map(row).collect()
}

/// The amount per unit as it was then: what is delivered is divided by the splits that came after it.
fn as_paid(amount: &str, ex_date: &str, splits: &[SplitRow]) -> Result<String, ProviderError> {
    let later = splits.iter().filter(|split| split.ex_date.as_str() > ex_date);
    let mut paid = None;
    for split in later {
        let ratio = |text: &str| text.parse::<Decimal>().ok().filter(|number| *number > Decimal::ZERO);
        let so_far = match paid {
            Some(paid) => Some(paid),
            None => amount.parse::<Decimal>().ok(),
        };
        let product = so_far
            .zip(ratio(&split.numerator))
            .and_then(|(amount, numerator)| amount.checked_mul(numerator))
            .zip(ratio(&split.denominator))
            .and_then(|(amount, denominator)| amount.checked_div(denominator));
        let found = || format!("{amount} and {}:{}", split.numerator, split.denominator);
        paid = Some(product.ok_or_else(|| unreadable("an amount and the ratio of a split", found()))?);
    }
    Ok(paid.map_or_else(|| amount.to_owned(), |paid| paid.normalize().to_string()))
}
