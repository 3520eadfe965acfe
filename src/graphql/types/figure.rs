//! Figures that know what they lack.

use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};
use chrono::NaiveDate;
use domain::pricing::{Certainty, Doubt, Lookup, Rate, Status, doubts};
use domain::valuation::{Known, MissingInput, MissingLine, Subject};

use super::money::Money;
use crate::graphql::loaders::{self, HeldPriceKey, OverridesKey};
use crate::graphql::scalars::{Currency, Date, Decimal, Instant};
use crate::services::price::missing_code;
use crate::storage::instrument::Instrument;

/// How good the data behind a figure is: the worst of what it is made of, of which `MISSING` is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Enum)]
pub enum DataStatus {
    /// Every input is final, and of the day, or nothing newer could exist.
    Complete,
    /// Some price is of a session that had not closed.
    Provisional,
    /// Some input is older than the day, though within its allowed age.
    Stale,
    /// Some input was accepted or put in by a person in place of what a provider delivered.
    Estimated,
    /// Some input is missing: the figure is null, its known part is given beside it.
    Missing,
}

impl From<Certainty> for DataStatus {
    fn from(certainty: Certainty) -> Self {
        match certainty {
            Certainty::Final => Self::Complete,
            Certainty::Provisional => Self::Provisional,
            Certainty::Estimated => Self::Estimated,
        }
    }
}

impl From<Doubt> for DataStatus {
    fn from(doubt: Doubt) -> Self {
        match doubt {
            Doubt::Provisional => Self::Provisional,
            Doubt::Stale { .. } => Self::Stale,
            Doubt::Estimated => Self::Estimated,
        }
    }
}

/// An input that is no final one of its day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubtfulInput {
    /// How good a figure is at best that is made of it.
    pub status: DataStatus,
    /// What there is to know.
    pub reason: FigureReason,
}

impl DataStatus {
    /// How good a figure is that is made of these among others.
    pub fn with(inputs: &[DoubtfulInput]) -> Self {
        inputs.iter().map(|input| input.status).max().unwrap_or(Self::Complete)
    }
}

/// Why a figure is null, or what to know about it.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct FigureReason {
    /// A stable code, such as `NO_PRICE`, `DELISTED`, `NO_RATE`, `STALE_PRICE`, `ESTIMATED_RATE`, `UNDER_ONE_YEAR`, `TOO_FEW_OBSERVATIONS`, `MULTIPLE_ROOTS`.
    code: String,
    /// The reason in words, with the values that led to it.
    message: String,
}

impl FigureReason {
    /// A reason.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    /// The same reason, with the days on which it held.
    pub fn over(self, first: NaiveDate, last: NaiveDate) -> Self {
        let days = if first == last { format!("on {first}") } else { format!("from {first} to {last}") };
        Self { message: format!("{} ({days})", self.message), ..self }
    }
}

/// The part of a figure that is known, whatever is missing.
#[derive(Clone, Debug, SimpleObject)]
pub struct KnownPart {
    /// The figure over everything that has a value.
    value: Money,
    /// The share of holdings and cash balances, by count, that have a value: a fraction from 0 to 1.
    coverage: f64,
    /// What has no value, by symbol or currency.
    missing: Vec<String>,
}

impl KnownPart {
    /// The known part, with the names of what is missing.
    pub fn new(known: &Known, currency: domain::money::Currency, name: impl Fn(&MissingLine) -> String) -> Self {
        Self {
            value: Money::new(known.value, currency),
            coverage: known.coverage,
            missing: known.missing.iter().map(name).collect(),
        }
    }

    /// The known part of a figure that is no value: of an effect, say.
    pub fn of(value: Money, coverage: f64, missing: Vec<String>) -> Self {
        Self { value, coverage, missing }
    }
}

/// An amount of money that may be unknown.
#[derive(Clone, Debug, SimpleObject)]
pub struct MoneyFigure {
    /// The amount; null where an input is missing. Never a partial sum.
    pub value: Option<Money>,
    /// How good the data behind it is.
    pub status: DataStatus,
    /// Why it is null, or which prices and rates are older than the day or not final; empty where nothing is.
    pub reasons: Vec<FigureReason>,
}

impl MoneyFigure {
    /// An amount, and what it is made of that is in doubt; each reason once.
    pub fn known(amount: Money, doubtful: Vec<DoubtfulInput>) -> Self {
        let status = DataStatus::with(&doubtful);
        let mut reasons: Vec<FigureReason> = Vec::new();
        for input in doubtful {
            if !reasons.contains(&input.reason) {
                reasons.push(input.reason);
            }
        }
        Self { value: Some(amount), status, reasons }
    }
}

/// Where a price comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PriceSource {
    /// The market's clean prices, which all tenants share.
    Market,
    /// Entered by hand, by the tenant's people, for what the market does not price.
    Manual,
    /// Entered by the tenant's people in place of the market's.
    Override,
}

impl PriceSource {
    /// Where the prices of an instrument come from as long as the tenant has none in place of the market's.
    fn of(instrument: &Instrument) -> Self {
        if instrument.manually_priced { Self::Manual } else { Self::Market }
    }

    /// Where the prices of an instrument on these days come from: the tenant's own in place of the market's on one of them suffice.
    pub async fn on(
        ctx: &Context<'_>,
        instrument: &Instrument,
        mut days: impl Iterator<Item = NaiveDate>,
    ) -> Result<Self> {
        if instrument.manually_priced {
            return Ok(Self::Manual);
        }
        let own = loaders::find(ctx, OverridesKey(instrument.id)).await?;
        let is_own = own.is_some_and(|own| days.any(|day| own.contains_key(&day)));
        Ok(if is_own { Self::Override } else { Self::Market })
    }
}

/// A price that was delivered and is held back, since a check found it suspicious: it counts when an operator has accepted it.
#[derive(Clone, Debug, SimpleObject)]
pub struct HeldPrice {
    /// The day it is of.
    date: Date,
    /// What is suspicious, as codes such as `OUTLIER`, `UNIT_ERROR`.
    findings: Vec<String>,
    /// When it was first held.
    held_at: Instant,
}

/// A price as it was quoted, or why there is none.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Quote {
    /// The instrument, and the day asked for: the last complete market day where none was.
    #[graphql(skip)]
    asked: HeldPriceKey,
    /// The price as quoted: per unit, for bonds per 100 of face. Null where there is none.
    pub amount: Option<Decimal>,
    /// The currency it is quoted in.
    pub currency: Currency,
    /// The day it was observed: on the day asked for or before, never after.
    pub date: Option<Date>,
    /// How good it is.
    pub status: DataStatus,
    /// How many calendar days it is older than the day asked for, where a newer one could exist.
    pub stale_days: Option<i32>,
    /// Where it comes from, or would.
    pub source: PriceSource,
    /// Why there is none; empty where there is one.
    pub reasons: Vec<FigureReason>,
}

/// How good a value is, and how many days old where a newer one could exist.
pub fn status_of(status: Status, certainty: Certainty) -> (DataStatus, Option<i32>) {
    let worst = doubts(status, certainty).map(DataStatus::from).max();
    let days = match status {
        Status::Complete => None,
        Status::Stale { days } => i32::try_from(days).ok(),
    };
    (worst.unwrap_or(DataStatus::Complete), days)
}

/// What may come to count in its place.
#[ComplexObject]
impl Quote {
    /// The last price of a later day, on the day asked for or before, that was delivered and is held back. Null where there is none.
    async fn held(&self, ctx: &Context<'_>) -> Result<Option<HeldPrice>> {
        let found = loaders::find(ctx, self.asked).await?;
        let newer = found.filter(|held| self.date.is_none_or(|Date(date)| held.date > date));
        Ok(newer.map(|held| HeldPrice {
            date: Date(held.date),
            findings: held.findings,
            held_at: Instant(held.held_at),
        }))
    }
}

impl Quote {
    /// What a look-up found on a day, the last complete market day where none was asked for.
    pub fn new(lookup: Lookup, instrument: &Instrument, day: Option<NaiveDate>) -> Self {
        let base = Self {
            asked: HeldPriceKey(instrument.id, day),
            amount: None,
            currency: Currency(instrument.currency),
            date: None,
            status: DataStatus::Missing,
            stale_days: None,
            source: PriceSource::of(instrument),
            reasons: Vec::new(),
        };
        match lookup {
            Lookup::Known { value, date, status, certainty } => {
                let (status, stale_days) = status_of(status, certainty);
                Self { amount: Some(Decimal(value.normalize())), date: Some(Date(date)), status, stale_days, ..base }
            }
            Lookup::Missing { reason } => {
                Self { reasons: vec![FigureReason::new(missing_code(reason), reason.to_string())], ..base }
            }
        }
    }
}

/// A quote with its source, which is looked up where it is asked for.
pub async fn sourced(ctx: &Context<'_>, quote: Quote, instrument: &Instrument) -> Result<Quote> {
    match quote.date {
        Some(Date(day)) if ctx.look_ahead().field("source").exists() => {
            Ok(Quote { source: PriceSource::on(ctx, instrument, std::iter::once(day)).await?, ..quote })
        }
        _ => Ok(quote),
    }
}

/// What of a line's inputs is in doubt: its price, the rate of its currency, or both.
pub fn doubtful_inputs(
    price: Option<(&str, Lookup)>,
    currency: domain::money::Currency,
    rate: Option<Rate>,
    as_of: NaiveDate,
) -> Vec<DoubtfulInput> {
    let mut inputs = Vec::new();
    if let Some((symbol, Lookup::Known { date, status, certainty, .. })) = price {
        let what = format!("the price of {symbol}");
        inputs.extend(doubts(status, certainty).map(|doubt| DoubtfulInput::of("PRICE", &what, doubt, date, as_of)));
    }
    if let Some(rate) = rate {
        let what = format!("the {currency} rate");
        inputs.extend(rate.doubts().map(|doubt| DoubtfulInput::of("RATE", &what, doubt, rate.date(), as_of)));
    }
    inputs
}

impl DoubtfulInput {
    fn of(kind: &str, what: &str, doubt: Doubt, date: NaiveDate, as_of: NaiveDate) -> Self {
        let (code, message) = match doubt {
            Doubt::Provisional => {
                ("PROVISIONAL", format!("{what} of {date} is provisional: its session had not closed"))
            }
            Doubt::Stale { days } => ("STALE", format!("{what} is of {date}, {days} days before {as_of}")),
            Doubt::Estimated => {
                ("ESTIMATED", format!("{what} of {date} is an estimate: a person accepted or put it in"))
            }
        };
        Self { status: doubt.into(), reason: FigureReason::new(&format!("{code}_{kind}"), message) }
    }
}

/// The reason that a missing input comes to; `name` is what people call its subject.
pub fn missing_reason(input: &MissingInput, name: &str) -> FigureReason {
    match input.subject {
        Subject::Instrument(_) => {
            FigureReason::new(missing_code(input.reason), format!("no price of {name}: {}", input.reason))
        }
        Subject::Currency(currency) => FigureReason::new("NO_RATE", format!("no {currency} rate: {}", input.reason)),
    }
}
