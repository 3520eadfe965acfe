//! What providers deliver. Every cell is text as it came, since what cannot be read is evidence too; an empty cell was not given.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// What a provider answered to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery<R> {
    /// Who answered, e.g. `ecb`.
    pub provider: String,
    /// What was asked, for the log: no key, no address with a key.
    pub asked: String,
    /// When the answer was there.
    pub fetched_at: DateTime<Utc>,
    /// What came, in the order in which it came.
    pub rows: Vec<R>,
}

/// On what basis prices are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// As they were traded.
    Raw,
    /// Divided by the splits until a day, that day included.
    SplitAdjusted {
        /// The last day whose splits are in.
        as_of: NaiveDate,
    },
}

/// A price of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRow {
    /// The instrument that was asked for. None where a file names it by symbol and market.
    pub instrument: Option<Uuid>,
    /// The symbol as delivered.
    pub symbol: String,
    /// The market by its ISO 10383 code, as delivered.
    pub mic: String,
    /// The day in the market's own time, `YYYY-MM-DD` where the provider has a choice.
    pub date: String,
    /// First price.
    pub open: String,
    /// Highest price.
    pub high: String,
    /// Lowest price.
    pub low: String,
    /// Last price, on the basis of `basis`.
    pub close: String,
    /// The last price adjusted for splits and dividends.
    pub adjusted_close: String,
    /// Units traded.
    pub volume: String,
    /// The currency or quote unit, e.g. `GBp`.
    pub currency: String,
    /// What open, high, low and close are on.
    pub basis: Basis,
}

/// An exchange rate of a day: one unit of base costs `rate` units of quote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateRow {
    /// What is priced.
    pub base: String,
    /// In what.
    pub quote: String,
    /// The day.
    pub date: String,
    /// The rate.
    pub rate: String,
}

/// A figure of the market at large on a day: a rate of interest, a point of a curve, an index, a volatility.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndicatorRow {
    /// Which series, e.g. `US_TREASURY_3M`.
    pub code: String,
    /// The day.
    pub date: String,
    /// The value, in the series' unit.
    pub value: String,
}

/// A split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SplitRow {
    /// The instrument that was asked for.
    pub instrument: Option<Uuid>,
    /// The symbol as delivered.
    pub symbol: String,
    /// The market as delivered.
    pub mic: String,
    /// The first day it trades divided.
    pub ex_date: String,
    /// Units after.
    pub numerator: String,
    /// Units before.
    pub denominator: String,
}

/// A cash dividend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DividendRow {
    /// The instrument that was asked for.
    pub instrument: Option<Uuid>,
    /// The symbol as delivered.
    pub symbol: String,
    /// The market as delivered.
    pub mic: String,
    /// `CASH_DIVIDEND` or `SPECIAL_DIVIDEND`.
    pub kind: String,
    /// The first day it trades without it.
    pub ex_date: String,
    /// When it is paid.
    pub pay_date: String,
    /// Per unit.
    pub amount: String,
    /// The currency or quote unit of the amount.
    pub currency: String,
}

/// A headline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewsRow {
    /// The feed's own id of the entry.
    pub guid: String,
    /// The headline.
    pub headline: String,
    /// The first lines, without markup.
    pub summary: String,
    /// Where it stands.
    pub url: String,
    /// When it was published, as delivered.
    pub published: String,
    /// The symbols that the feed names with it, separated by spaces.
    pub symbols: String,
}

/// What a service knows an instrument by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentifierRow {
    /// The instrument that was asked for.
    pub instrument: Option<Uuid>,
    /// What it was asked by: `ISIN`, `CUSIP`, `TICKER`.
    pub asked_scheme: String,
    /// The value asked for.
    pub asked_value: String,
    /// `FIGI`, `COMPOSITE_FIGI`, `SHARE_CLASS_FIGI`, `TICKER`.
    pub scheme: String,
    /// The identifier.
    pub value: String,
    /// The service's own code of the exchange.
    pub exchange_code: String,
    /// The name that the service has.
    pub name: String,
}
