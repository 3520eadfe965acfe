//! Those who know prices, rates and news, behind one trait. A provider answers with rows of text as it gave them
//! ([`delivery`](super::delivery)); whether they are true is decided elsewhere, and nothing here writes anywhere.

mod address;
mod alpha_vantage;
mod breaker;
mod client;
mod coingecko;
mod ecb;
mod error;
mod fallback;
mod feed;
mod fred;
mod generic;
mod json;
mod openfigi;
mod registry;
mod stooq;
mod table;
mod tiingo;
mod timer;
mod yahoo;

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use uuid::Uuid;

pub use client::Times;
pub use error::ProviderError;
pub use fallback::{Attempt, Collected, Subject, Unanswered};
pub use registry::{Registry, RegistryError};
pub use timer::{SystemTimer, Timer};

use super::delivery::{
    Basis, Delivery, DividendRow, IdentifierRow, IndicatorRow, NewsRow, PriceRow, RateRow, SplitRow,
};

/// Days before the last known one that are asked for again, so that a revision of them is seen.
pub const OVERLAP_DAYS: u64 = 5;

/// What a provider may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Daily prices of instruments.
    Prices,
    /// Splits and dividends, in the same answer as prices.
    CorporateActions,
    /// Exchange rates.
    Rates,
    /// Series of the market at large.
    Indicators,
    /// Headlines.
    News,
    /// What instruments are known by.
    Identifiers,
}

impl Capability {
    /// As a word in a sentence.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Prices => "prices",
            Self::CorporateActions => "corporate actions",
            Self::Rates => "exchange rates",
            Self::Indicators => "indicators",
            Self::News => "news",
            Self::Identifiers => "identifiers",
        }
    }
}

/// From when to when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The last day that is known; none asks for all there is.
    pub since: Option<NaiveDate>,
    /// The last day that is wanted; none asks until now.
    pub until: Option<NaiveDate>,
}

impl Span {
    /// The first day to ask for.
    #[must_use]
    pub fn first_day(&self) -> Option<NaiveDate> {
        self.since.map(|day| day.checked_sub_days(Days::new(OVERLAP_DAYS)).unwrap_or(day))
    }

    /// Whether `day`, as `YYYY-MM-DD`, is within. What is no day is, since it is evidence that nobody else looks at.
    fn holds(&self, day: &str) -> bool {
        let Ok(day) = day.parse::<NaiveDate>() else { return true };
        self.first_day().is_none_or(|first| day >= first) && self.until.is_none_or(|last| day <= last)
    }
}

/// An instrument whose prices are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which one.
    pub instrument: Uuid,
    /// What this provider knows it by.
    pub symbol: String,
    /// The currency it is kept in here.
    pub currency: String,
    /// Its market, by ISO 10383 code.
    pub mic: String,
    /// From when to when.
    pub span: Span,
}

impl Wanted {
    /// A row of this instrument, with nothing in it yet.
    fn row(&self, basis: Basis) -> PriceRow {
        PriceRow {
            instrument: Some(self.instrument),
            symbol: self.symbol.clone(),
            mic: self.mic.clone(),
            date: String::new(),
            open: String::new(),
            high: String::new(),
            low: String::new(),
            close: String::new(),
            adjusted_close: String::new(),
            volume: String::new(),
            currency: String::new(),
            basis,
        }
    }
}

/// What came for the instruments of one question.
#[derive(Clone, Debug)]
pub struct History {
    /// Prices.
    pub prices: Delivery<PriceRow>,
    /// Splits that came with them.
    pub splits: Vec<SplitRow>,
    /// Dividends that came with them, per unit as it was traded then.
    pub dividends: Vec<DividendRow>,
}

impl History {
    /// Prices that no splits and dividends came with.
    fn of(prices: Delivery<PriceRow>) -> Self {
        Self { prices, splits: Vec::new(), dividends: Vec::new() }
    }
}

/// What a service is asked about an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentifierWanted {
    /// Which one.
    pub instrument: Option<Uuid>,
    /// `ISIN`, `CUSIP` or `TICKER`.
    pub scheme: String,
    /// The identifier.
    pub value: String,
    /// Only on this market.
    pub mic: Option<String>,
}

/// Someone who can be asked. What is not overridden is not given.
#[async_trait]
pub trait Provider: Debug + Send + Sync {
    /// What it is called in the configuration and in the log.
    fn name(&self) -> &str;

    /// What it gives.
    fn offers(&self) -> &[Capability];

    /// How many instruments one question may be about.
    fn batch(&self) -> usize {
        1
    }

    /// How many questions may be under way at once.
    fn concurrency(&self) -> usize {
        1
    }

    /// What it knows a ticker of a market by, where a rule says so.
    fn symbol(&self, ticker: &str, _mic: &str) -> Option<String> {
        Some(ticker.to_owned())
    }

    /// Prices of at most [`batch`](Self::batch) instruments. Those that nothing came for are not in the rows.
    async fn prices(&self, _wanted: &[Wanted]) -> Result<History, ProviderError> {
        Err(ProviderError::NotOffered { what: Capability::Prices.noun() })
    }

    /// Exchange rates.
    async fn rates(&self, _span: Span) -> Result<Delivery<RateRow>, ProviderError> {
        Err(ProviderError::NotOffered { what: Capability::Rates.noun() })
    }

    /// A series: `code` is what it is called here, `series` what the provider calls it.
    async fn indicator(
        &self,
        _code: &str,
        _series: &str,
        _span: Span,
    ) -> Result<Delivery<IndicatorRow>, ProviderError> {
        Err(ProviderError::NotOffered { what: Capability::Indicators.noun() })
    }

    /// The headlines there are.
    async fn news(&self) -> Result<Delivery<NewsRow>, ProviderError> {
        Err(ProviderError::NotOffered { what: Capability::News.noun() })
    }

    /// What instruments are known by, however many.
    async fn identifiers(&self, _wanted: &[IdentifierWanted]) -> Result<Delivery<IdentifierRow>, ProviderError> {
        Err(ProviderError::NotOffered { what: Capability::Identifiers.noun() })
    }
}

/// The ticker with what a provider appends to those of a market; none where it is not known what that is.
fn suffixed(ticker: &str, mic: &str, own: &BTreeMap<String, String>, built_in: &[(&str, &str)]) -> Option<String> {
    let built_in = || built_in.iter().find(|(known, _)| *known == mic).map(|(_, suffix)| *suffix);
    let suffix = own.get(mic).map(String::as_str).or_else(built_in)?;
    Some(format!("{ticker}{suffix}"))
}
