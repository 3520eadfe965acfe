//! What scenarios and windows of history would do to what is held.

use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};
use domain::analytics::stress::{Cause, Stress};

use crate::graphql::loaders::{self, InstrumentKey};
use crate::graphql::scalars::{Currency, Date};
use crate::graphql::types::figure::{FigureReason, KnownPart};
use crate::graphql::types::instrument::Instrument;
use crate::graphql::types::money::Money;
use crate::services::analytics::Book;
use crate::services::analytics::stress::{StressTest as Test, StressedLine, fraction};

/// Which shock a holding moved by in its own currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Cause")]
pub enum StressCause {
    /// That on the instrument.
    Instrument,
    /// That on its sector or a part of it.
    Sector,
    /// That on its country.
    Country,
    /// That on its kind.
    AssetType,
    /// The shift of rates.
    Rates,
    /// The market's, by its beta.
    Market,
}

/// What is held at the end of the range, stressed: every effect in whole minor units, those of the holdings sum to that of all.
#[derive(Clone, Debug, SimpleObject)]
pub struct StressTest {
    /// The value of everything before. Null where a value is unknown.
    before: Option<Money>,
    /// The same afterwards. Null where the effect on a holding is unknown.
    after: Option<Money>,
    /// What everything gains, below zero for a loss. Null where the effect on a holding is unknown: never a partial sum.
    effect: Option<Money>,
    /// The effect as a fraction of the value before. Null where one of both is unknown, and unless the value is above zero.
    effect_fraction: Option<f64>,
    /// The effect on everything on which it is known.
    known: KnownPart,
    /// How it was computed.
    method: &'static str,
    /// The conventions that it follows.
    conventions: Vec<String>,
    /// Of a window, the day whose close it opens from. Null for shocks.
    window_opening: Option<Date>,
    /// Of a window, the day whose close it ends at. Null for shocks.
    window_end: Option<Date>,
    /// Each instrument, and each currency of cash, over all accounts; the largest loss first, what is unknown last.
    holdings: Vec<StressedHolding>,
    /// Why it is null.
    reasons: Vec<FigureReason>,
}

/// A holding, stressed.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct StressedHolding {
    #[graphql(skip)]
    instrument: Option<uuid::Uuid>,
    /// The currency of the instrument, or of the cash.
    currency: Currency,
    /// The value before. Null where a price or a rate is missing.
    before: Option<Money>,
    /// The value afterwards.
    after: Option<Money>,
    /// What it gains, below zero for a loss.
    effect: Option<Money>,
    /// The effect as a fraction of the value before; null unless that is above zero.
    effect_fraction: Option<f64>,
    /// What it does in its own currency, as a fraction.
    local_change: Option<f64>,
    /// What its currency does against that of the figures, as a fraction.
    currency_change: Option<f64>,
    /// Which shock it moved by in its own currency. Null where none did, and of a window.
    cause: Option<StressCause>,
    /// Its beta to the market over the days of the range, each in its own currency; of an option, that of what it is on. Null where the
    /// market did not move it.
    beta: Option<f64>,
    /// By how much its yield shifts, in basis points. Null where rates did not move it.
    rate_shift: Option<f64>,
    /// Its modified duration in years. Null where rates did not move it.
    modified_duration: Option<f64>,
    /// Its convexity in years squared. Null where rates did not move it.
    convexity: Option<f64>,
    /// The volatility a year that explains an option's price before. Null where its underlying did not move it.
    implied_volatility: Option<f64>,
    /// Why a figure is null.
    reasons: Vec<FigureReason>,
}

impl StressTest {
    /// In GraphQL's terms.
    pub fn new(test: &Test, stress: &Stress, book: &Book) -> Result<Self, domain::money::ArithmeticError> {
        let currency = book.currency;
        let money = |amount| Money::new(amount, currency);
        let after = |before: Option<_>, effect: Option<_>| {
            before.zip(effect).map(|(before, effect)| domain::money::add(before, effect)).transpose()
        };
        let holding = |line: &StressedLine| {
            let moved = &line.moved;
            let reasons = moved.reasons.iter().map(|(code, message)| FigureReason::new(code, message.clone()));
            Ok(StressedHolding {
                instrument: line.instrument,
                currency: Currency(line.currency),
                before: line.before.map(money),
                after: after(line.before, line.effect)?.map(money),
                effect: line.effect.map(money),
                effect_fraction: fraction(line.effect, line.before),
                local_change: moved.local,
                currency_change: moved.currency,
                cause: moved.cause.map(StressCause::from),
                beta: moved.beta,
                rate_shift: moved.bond.map(|(_, shift)| shift * 1e4),
                modified_duration: moved.bond.map(|(bond, _)| bond.modified_duration),
                convexity: moved.bond.map(|(bond, _)| bond.convexity),
                implied_volatility: moved.volatility,
                reasons: reasons.collect(),
            })
        };
        let holdings = test.lines.iter().map(holding).collect::<Result<Vec<_>, _>>()?;
        let unknown = test.lines.iter().filter(|line| line.effect.is_none());
        let missing = unknown.map(|line| line.name.clone()).collect();
        let (method, conventions, days) = match stress {
            Stress::Scenario(_) => (
                "value × ((1 + local) × (1 + currency) − 1)",
                vec![
                    "local: the most specific of the shocks on the instrument, its sector, its country, its kind; else of bonds −D·Δy + ½·C·Δy² of the dirty price, Δy the shift of the curve at its maturity; else beta × the market's; −1 at the least".to_owned(),
                    "options: priced anew at the volatility that explains their price, without rates and dividends, where what they are on moves".to_owned(),
                    "beta: returns of the range, each in its own currency".to_owned(),
                    "what rounding leaves is in the largest effect".to_owned(),
                ],
                None,
            ),
            Stress::Window(window) => (
                "value × ((1 + local) × (1 + currency) − 1)",
                vec![
                    "local: the instrument's own return over the window, with what it paid put back".to_owned(),
                    "currency: what its exchange rate did over the window".to_owned(),
                    "what rounding leaves is in the largest effect".to_owned(),
                ],
                Some(window.days()),
            ),
        };
        Ok(Self {
            before: test.before.map(money),
            after: after(test.before, test.effect)?.map(money),
            effect: test.effect.map(money),
            effect_fraction: test.fraction(),
            known: KnownPart::of(money(test.known), test.coverage(), missing),
            method,
            conventions,
            window_opening: days.map(|days| Date(days[0])),
            window_end: days.map(|days| Date(days[1])),
            reasons: once(holdings.iter().flat_map(|holding| &holding.reasons)),
            holdings,
        })
    }
}

/// Each reason once: many holdings may lack one rate.
fn once<'a>(all: impl Iterator<Item = &'a FigureReason>) -> Vec<FigureReason> {
    let mut reasons: Vec<FigureReason> = Vec::new();
    for reason in all {
        if !reasons.contains(reason) {
            reasons.push(reason.clone());
        }
    }
    reasons
}

/// What is held.
#[ComplexObject]
impl StressedHolding {
    /// The instrument. Null for cash.
    async fn instrument(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        match self.instrument {
            Some(id) => Ok(loaders::find(ctx, InstrumentKey(id)).await?.map(Instrument)),
            None => Ok(None),
        }
    }
}
