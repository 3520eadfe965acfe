//! Exchange rates of any pairs, and conversion through the shortest chain of them that is known on a day.
//!
//! A chain takes pairs as they are stated or the other way round: pounds to dollars by EUR/GBP and EUR/USD, say. The shortest chain
//! is taken, of several the one whose oldest rate is the freshest, then the one through the currency that rates are mostly against.
//! A published rate is never replaced by a computed one, and a conversion rounds once.

mod chain;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::conventions::{FixedRate, fixed_rates, redenominations};
use super::{Certainty, Doubt, MaxAge, MissingReason, Series, Status, doubts};
use crate::money::{ArithmeticError, Currency, div, mul_div};

pub use chain::{Chain, ChainLeg, FxCursor};

/// Calendar days that an exchange rate stands in for later days.
pub const FX_MAX_AGE_DAYS: u32 = 7;

static FIXED: LazyLock<Vec<FixedRate>> = LazyLock::new(|| fixed_rates().collect());

/// Exchange rates, with what is fixed between currencies ([`fixed_rates`]). The default is what the ECB states: most rates are
/// against the euro, and a rate is at most [`FX_MAX_AGE_DAYS`] old.
#[derive(Clone, Debug)]
pub struct FxRates {
    pivot: Currency,
    max_age: MaxAge<'static>,
    /// By both currencies, the one that comes first in the alphabet first.
    pairs: BTreeMap<(Currency, Currency), Pair>,
    /// The currencies that a currency has a pair with, those that most rates are against first.
    neighbours: BTreeMap<Currency, Vec<Currency>>,
}

/// What is known between two currencies.
#[derive(Clone, Debug, Default)]
struct Pair {
    /// One unit of the first is so many of the second.
    forward: Option<Series>,
    /// One unit of the second is so many of the first.
    backward: Option<Series>,
    fixed: Vec<FixedRate>,
    /// From this day on one of the two is no longer quoted.
    ended: Option<NaiveDate>,
    /// From this day on one of both counts other units under its code.
    broken: Option<NaiveDate>,
}

/// A series that cannot be a pair's rates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRate {
    /// A rate is zero or negative.
    #[error("1 {pivot} = {rate} {currency} on {date} is no rate")]
    NotPositive {
        /// What the rates are against.
        pivot: Currency,
        /// The currency of the series.
        currency: Currency,
        /// The day of the rate.
        date: NaiveDate,
        /// The rate as given.
        rate: Decimal,
    },
    /// A currency against itself.
    #[error("{currency} has no rate against itself")]
    Pivot {
        /// The currency.
        currency: Currency,
    },
}

/// A conversion that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FxError {
    /// No chain of rates is known for the day.
    #[error("no {currency} rate for {date}: {reason}")]
    MissingRate {
        /// The currency that no chain leads to.
        currency: Currency,
        /// The day asked for.
        date: NaiveDate,
        /// Why there is none.
        reason: MissingReason,
    },
    /// The converted amount is too large.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

/// The rate from one currency to another on a day, kept as the quotient of published rates so that a conversion rounds once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The product of the rates that lead on, and of those that are taken the other way round; `None` from a currency to itself.
    quotient: Option<(Decimal, Decimal)>,
    date: NaiveDate,
    asked: NaiveDate,
    certainty: Certainty,
}

impl Rate {
    /// The day of the observation: of the oldest published rate, or the day asked for where none is needed.
    pub fn date(self) -> NaiveDate {
        self.date
    }

    /// Whether it is of the day asked for. At a weekend nothing newer than Friday's reference rate could exist.
    pub fn status(self) -> Status {
        Status::by_reference_days(self.date, self.asked)
    }

    /// Of the least certain published rate in it.
    pub fn certainty(self) -> Certainty {
        self.certainty
    }

    /// What keeps it from being a final one of the day asked for.
    pub fn doubts(self) -> impl Iterator<Item = Doubt> {
        doubts(self.status(), self.certainty)
    }

    /// Units of the target currency for one unit of the source currency, to 28 significant digits.
    ///
    /// # Errors
    /// [`ArithmeticError`] for a quotient that is too large.
    pub fn value(self) -> Result<Decimal, ArithmeticError> {
        self.quotient.map_or(Ok(Decimal::ONE), |(above, below)| div(above, below))
    }

    /// `amount × above ÷ below`, rounded once; an amount in its own currency comes back as it is.
    ///
    /// # Errors
    /// [`ArithmeticError`] for a result that is too large.
    pub fn convert(self, amount: Decimal) -> Result<Decimal, ArithmeticError> {
        match self.quotient {
            Some((above, below)) if !amount.is_zero() => mul_div(amount, above, below),
            _ => Ok(amount),
        }
    }
}

impl Default for FxRates {
    fn default() -> Self {
        Self::around(Currency::EUR, MaxAge::Days(FX_MAX_AGE_DAYS))
    }
}

impl FxRates {
    /// No rates yet but what is fixed, each good for later days up to `max_age`. `pivot` is what [`FxRates::insert`] states them
    /// against, and the currency that chains lead through where several are as good.
    pub fn around(pivot: Currency, max_age: MaxAge<'static>) -> Self {
        let mut rates = Self { pivot, max_age, pairs: BTreeMap::new(), neighbours: BTreeMap::new() };
        for fixed in FIXED.iter() {
            rates.pair(fixed.base, fixed.quote).fixed.push(*fixed);
        }
        rates
    }

    /// Adds (or replaces) the rates of a currency: 1 unit of the pivot = value units.
    ///
    /// # Errors
    /// [`InvalidRate`] for a rate that is not positive, or rates of the pivot itself.
    pub fn insert(&mut self, currency: Currency, per_pivot: Series) -> Result<(), InvalidRate> {
        self.insert_pair(self.pivot, currency, per_pivot)
    }

    /// Adds (or replaces) the rates of a pair: 1 unit of `base` = value units of `quote`. Rates that are stated the other way round
    /// stay beside them: the fresher one counts.
    ///
    /// # Errors
    /// [`InvalidRate`] for a rate that is not positive, or a currency against itself.
    pub fn insert_pair(&mut self, base: Currency, quote: Currency, rates: Series) -> Result<(), InvalidRate> {
        if base == quote {
            return Err(InvalidRate::Pivot { currency: base });
        }
        for (&date, &rate) in rates.dates().iter().zip(rates.values()) {
            if rate <= Decimal::ZERO {
                return Err(InvalidRate::NotPositive { pivot: base, currency: quote, date, rate });
            }
        }
        let pair = self.pair(base, quote);
        match base < quote {
            true => pair.forward = Some(rates),
            false => pair.backward = Some(rates),
        }
        Ok(())
    }

    /// Whether a currency has any rate, be it a fixed one.
    pub fn knows(&self, currency: Currency) -> bool {
        self.neighbours.contains_key(&currency)
    }

    /// The rate on `date`, each leg at most as old as the rates may be.
    ///
    /// # Errors
    /// [`FxError::MissingRate`] that names the currency; never a rate of one in its place.
    pub fn rate(&self, from: Currency, to: Currency, date: NaiveDate) -> Result<Rate, FxError> {
        self.cursor(from, to).at(date)
    }

    /// `amount` of `from` in `to` at the rate of `date`, rounded once.
    ///
    /// # Errors
    /// [`FxError`] for a missing rate or a result that is too large.
    pub fn convert(&self, amount: Decimal, from: Currency, to: Currency, date: NaiveDate) -> Result<Decimal, FxError> {
        Ok(self.rate(from, to, date)?.convert(amount)?)
    }

    /// A reader for many days of one pair.
    pub fn cursor(&self, from: Currency, to: Currency) -> FxCursor<'_> {
        FxCursor::new(self, from, to)
    }

    /// The pair of two currencies, which is there from now on.
    fn pair(&mut self, one: Currency, other: Currency) -> &mut Pair {
        let key = (one.min(other), one.max(other));
        let pivot = self.pivot;
        self.pairs.entry(key).or_insert_with(|| {
            for (at, other) in [key, (key.1, key.0)] {
                let others = self.neighbours.entry(at).or_default();
                let place = others.partition_point(|known| rank(pivot, *known) < rank(pivot, other));
                others.insert(place, other);
            }
            let is_of_pair = |code: Currency| code == key.0 || code == key.1;
            let ended = FIXED.iter().filter_map(FixedRate::ended).filter(|(code, _)| is_of_pair(*code));
            let broken = redenominations().filter(|(code, _, _)| is_of_pair(*code)).map(|(_, _, day)| day);
            Pair { ended: ended.map(|(_, day)| day).min(), broken: broken.max(), ..Pair::default() }
        })
    }
}

/// The order in which currencies are tried on the way to another one.
fn rank(pivot: Currency, currency: Currency) -> (u8, Currency) {
    let hub = match currency {
        _ if currency == pivot => 0,
        Currency::EUR => 1,
        Currency::USD => 2,
        _ => 3,
    };
    (hub, currency)
}
