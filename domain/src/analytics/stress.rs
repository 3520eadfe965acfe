//! What a scenario would do to what is held: shocks that somebody names, and windows of history.
//!
//! A line is worth value × (1 + local) × (1 + currency) afterwards. `local` is what it does in its own currency: of the shocks that
//! are named the most specific rules, they are not added. `currency` is what its currency does against that of the figures.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::{AnnualVolatility, BondFigures, NoOptionFigure, OptionTerms, Right, Tenor};
use crate::id::InstrumentId;
use crate::money::{ArithmeticError, Currency, add, mul, round_to_minor, sub};

/// The largest rise that is taken for meant: ten times the value. Who means 30 % and writes 30 is told.
const MAX_CHANGE: f64 = 10.0;
/// The largest shift of a curve, in basis points.
const MAX_SHIFT: f64 = 2_000.0;
/// A basis point as a fraction.
const BASIS_POINT: f64 = 1e-4;

/// What a shock is on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShockOn {
    /// Everything of a kind of instrument.
    AssetType(String),
    /// Everything in a country.
    Country(String),
    /// Everything in a sector or a part of one.
    Sector(String),
    /// One instrument.
    Instrument(InstrumentId),
    /// A currency, against that of the figures.
    Currency(Currency),
    /// The market as this instrument stands for it: holdings move by their betas to it.
    Market(InstrumentId),
    /// The whole curve of rates, in basis points: bonds move by their duration and convexity.
    Rates,
    /// The curve at one tenor, in basis points; between those that are named it shifts by what lies between, beyond them as they do.
    RatesAt(Tenor),
}

/// A shock: a fraction of the value, of rates in basis points.
#[derive(Clone, Debug, PartialEq)]
pub struct Shock {
    /// What it is on.
    pub on: ShockOn,
    /// How large it is: −0.3 is a fall of 30 %, of rates 100 is a rise of one percentage point.
    pub size: f64,
}

/// Why shocks make no scenario.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidShock {
    /// A fall of more than everything, or a rise that nobody means.
    #[error("a change of {size} is not between -1 and {MAX_CHANGE} (a fraction: -0.3 is a fall of 30 %)")]
    Change {
        /// What it is on.
        on: ShockOn,
        /// The change.
        size: f64,
    },
    /// A shift that no curve makes.
    #[error("a shift of {size} is not between -{MAX_SHIFT} and {MAX_SHIFT} basis points")]
    Shift {
        /// The shift.
        size: f64,
    },
    /// Two shocks on one thing, two markets, or the whole curve and a part of it.
    #[error("it is shocked twice, by {first} and by {second}")]
    Twice {
        /// What both are on.
        on: ShockOn,
        /// The one.
        first: f64,
        /// The other.
        second: f64,
    },
}

/// Shocks that come together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario(Vec<Shock>);

/// Which shock a line moved by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// That on the instrument.
    Instrument,
    /// That on its sector or a part of it.
    Sector,
    /// That on its country.
    Country,
    /// That on its kind.
    AssetType,
    /// The shift of the curve.
    Rates,
    /// The market's, by its beta.
    Market,
}

/// What of an instrument a shock can be on.
#[derive(Clone, Copy, Debug)]
pub struct Traits<'a> {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Its kind.
    pub asset_type: &'a str,
    /// Its sector with the parts that it is in, the widest first.
    pub sectors: &'a [String],
    /// Its country.
    pub country: Option<&'a str>,
}

impl Scenario {
    /// Shocks that can come together.
    ///
    /// # Errors
    /// [`InvalidShock`].
    pub fn new(shocks: Vec<Shock>) -> Result<Self, InvalidShock> {
        for (at, shock) in shocks.iter().enumerate() {
            let size = shock.size;
            match &shock.on {
                ShockOn::Rates | ShockOn::RatesAt(_) if !(-MAX_SHIFT..=MAX_SHIFT).contains(&size) => {
                    return Err(InvalidShock::Shift { size });
                }
                ShockOn::Rates | ShockOn::RatesAt(_) => {}
                on if !(-1.0..=MAX_CHANGE).contains(&size) => {
                    return Err(InvalidShock::Change { on: on.clone(), size });
                }
                _ => {}
            }
            let is_same = |other: &&Shock| match (&other.on, &shock.on) {
                (ShockOn::Market(_), ShockOn::Market(_))
                | (ShockOn::Rates, ShockOn::RatesAt(_))
                | (ShockOn::RatesAt(_), ShockOn::Rates) => true,
                // 12M and 1Y are one place on the curve.
                (ShockOn::RatesAt(one), ShockOn::RatesAt(other)) => one.days() == other.days(),
                (one, other) => one == other,
            };
            if let Some(first) = shocks.iter().take(at).find(is_same) {
                return Err(InvalidShock::Twice { on: shock.on.clone(), first: first.size, second: size });
            }
        }
        Ok(Self(shocks))
    }

    /// The shocks.
    pub fn shocks(&self) -> &[Shock] {
        &self.0
    }

    fn size(&self, is_on: impl Fn(&ShockOn) -> bool) -> Option<f64> {
        self.0.iter().find(|shock| is_on(&shock.on)).map(|shock| shock.size)
    }

    /// The most specific shock that names the instrument or what it shares: that on itself, on the narrowest part of its sector, on its
    /// country, on its kind.
    pub fn named(&self, traits: &Traits<'_>) -> Option<(Cause, f64)> {
        let of = |cause, size: Option<f64>| size.map(|size| (cause, size));
        let narrowest = || {
            let mut sectors = traits.sectors.iter().rev();
            sectors.find_map(|code| self.size(|on| matches!(on, ShockOn::Sector(sector) if sector == code)))
        };
        let is_country = |on: &ShockOn| matches!(on, ShockOn::Country(code) if Some(code.as_str()) == traits.country);
        let is_kind = |on: &ShockOn| matches!(on, ShockOn::AssetType(kind) if kind == traits.asset_type);
        of(Cause::Instrument, self.size(|on| *on == ShockOn::Instrument(traits.instrument)))
            .or_else(|| of(Cause::Sector, narrowest()))
            .or_else(|| of(Cause::Country, self.size(is_country)))
            .or_else(|| of(Cause::AssetType, self.size(is_kind)))
    }

    /// By how much the curve shifts so many days ahead, as a fraction a year: in a line between the tenors that are named.
    pub fn shift(&self, days: f64) -> Option<f64> {
        let whole = self.size(|on| *on == ShockOn::Rates);
        let point = |shock: &Shock| match shock.on {
            ShockOn::RatesAt(tenor) => Some((tenor.days(), shock.size)),
            _ => None,
        };
        let mut points: Vec<(f64, f64)> = self.0.iter().filter_map(point).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        let after = points.partition_point(|point| point.0 < days);
        let between = match (after.checked_sub(1).and_then(|at| points.get(at)), points.get(after)) {
            (Some((from, low)), Some((to, high))) => Some(low + (high - low) * (days - from) / (to - from)),
            (Some((_, end)), None) | (None, Some((_, end))) => Some(*end),
            (None, None) => None,
        };
        whole.or(between).map(|points| points * BASIS_POINT)
    }

    /// What stands for the market, and what it does.
    pub fn market(&self) -> Option<(InstrumentId, f64)> {
        self.0.iter().find_map(|shock| match shock.on {
            ShockOn::Market(benchmark) => Some((benchmark, shock.size)),
            _ => None,
        })
    }

    /// What a currency does; zero where none is said.
    pub fn currency(&self, currency: Currency) -> f64 {
        self.size(|on| *on == ShockOn::Currency(currency)).unwrap_or(0.0)
    }
}

/// What a holding does when the market does `change`: no more than everything is lost.
pub fn market_move(beta: f64, change: f64) -> f64 {
    (beta * change).max(-1.0)
}

/// What a bond's quoted price does when its yield shifts by a fraction: −D·Δy + ½·C·Δy² of the dirty price (Fabozzi 2007), of which the
/// accrued interest stays as it is. `None` where the clean price is not above zero.
pub fn rate_move(figures: &BondFigures, shift: f64) -> Option<f64> {
    let of_dirty = -figures.modified_duration * shift + 0.5 * figures.convexity * shift * shift;
    (figures.clean > 0.0).then(|| (of_dirty * figures.dirty / figures.clean).max(-1.0))
}

/// What an option's price does when its underlying does `change`, at the volatility that explains the price before; with that. A call on
/// what has become worthless is so too, a put is worth its strike.
///
/// # Errors
/// [`NoOptionFigure`] where no volatility explains the price.
pub fn option_move(terms: &OptionTerms, price: f64, change: f64) -> Result<(f64, AnnualVolatility), NoOptionFigure> {
    let volatility = terms.implied_volatility(price)?;
    let spot = terms.spot * (1.0 + change);
    let after = match terms.right {
        _ if spot > 0.0 => OptionTerms { spot, ..*terms }.at(volatility)?.value,
        Right::Call => 0.0,
        Right::Put => terms.strike * (-terms.rate * terms.years).exp(),
    };
    Ok((after / price - 1.0, volatility))
}

/// What a line does, as fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Move {
    /// In its own currency.
    pub local: f64,
    /// What that does against the currency of the figures.
    pub currency: f64,
}

impl Move {
    /// Both together.
    pub fn total(self) -> f64 {
        (1.0 + self.local) * (1.0 + self.currency) - 1.0
    }
}

/// What lines gain or lose.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    /// Of each line in whole minor units, above zero for a gain; nothing where its value or its move is unknown.
    pub lines: Vec<Option<Decimal>>,
    /// Of all lines, to which theirs sum exactly; nothing where one is unknown.
    pub total: Option<Decimal>,
    /// Of the lines of which it is known.
    pub known: Decimal,
}

/// The effects of moves on values in `currency`, a line each. They are rounded so that they sum: what rounding leaves goes to the largest.
///
/// # Errors
/// [`ArithmeticError`] for an effect that is too large.
pub fn effects(lines: &[(Option<Decimal>, Option<Move>)], currency: Currency) -> Result<Effects, ArithmeticError> {
    let exact = |(value, moved): &(Option<Decimal>, Option<Move>)| {
        let Some((value, change)) = value.zip(moved.and_then(|moved| Decimal::from_f64(moved.total()))) else {
            return Ok(None);
        };
        mul(value, change).map(Some)
    };
    let exact = lines.iter().map(exact).collect::<Result<Vec<Option<Decimal>>, _>>()?;
    let known = round_to_minor(exact.iter().flatten().copied().try_fold(Decimal::ZERO, add)?, currency);
    let mut rounded: Vec<Option<Decimal>> =
        exact.iter().map(|effect| effect.map(|effect| round_to_minor(effect, currency))).collect();
    let left = rounded.iter().flatten().try_fold(known, |left, effect| sub(left, *effect))?;
    if let Some(largest) = rounded.iter_mut().flatten().max_by_key(|effect| effect.abs()) {
        *largest = add(*largest, left)?;
    }
    let total = rounded.iter().all(Option::is_some).then_some(known);
    Ok(Effects { lines: rounded, total, known })
}

/// What is thought of.
#[derive(Clone, Debug, PartialEq)]
pub enum Stress {
    /// Shocks that come together.
    Scenario(Scenario),
    /// What happened once.
    Window(Window),
}

/// A stretch of history that is known for what it did. Equity windows run from the close of the peak of the S&P 500 to that of its trough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Russia's default and the fall of Long-Term Capital Management.
    Russia1998,
    /// The end of the technology boom.
    Technology2000,
    /// The financial crisis.
    Financial2008,
    /// The euro area's debt and the downgrade of the United States.
    Debt2011,
    /// The end of bond purchases is announced: the yield of ten-year Treasuries rises from 1.66 % to 2.98 %.
    Taper2013,
    /// The last quarter of 2018.
    Quarter2018,
    /// The first weeks of the pandemic.
    Pandemic2020,
    /// Inflation and rising rates.
    Inflation2022,
}

impl Window {
    /// Every window, the earliest first.
    pub const ALL: [Self; 8] = [
        Self::Russia1998,
        Self::Technology2000,
        Self::Financial2008,
        Self::Debt2011,
        Self::Taper2013,
        Self::Quarter2018,
        Self::Pandemic2020,
        Self::Inflation2022,
    ];

    /// The window as a stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Russia1998 => "RUSSIA_1998",
            Self::Technology2000 => "TECHNOLOGY_2000",
            Self::Financial2008 => "FINANCIAL_2008",
            Self::Debt2011 => "DEBT_2011",
            Self::Taper2013 => "TAPER_2013",
            Self::Quarter2018 => "QUARTER_2018",
            Self::Pandemic2020 => "PANDEMIC_2020",
            Self::Inflation2022 => "INFLATION_2022",
        }
    }

    /// The window with a code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.code() == code)
    }

    /// The days whose closes it runs between.
    pub fn days(self) -> [NaiveDate; 2] {
        let [from, to] = match self {
            Self::Russia1998 => [(1998, 7, 17), (1998, 8, 31)],
            Self::Technology2000 => [(2000, 3, 24), (2002, 10, 9)],
            Self::Financial2008 => [(2007, 10, 9), (2009, 3, 9)],
            Self::Debt2011 => [(2011, 4, 29), (2011, 10, 3)],
            Self::Taper2013 => [(2013, 5, 2), (2013, 9, 5)],
            Self::Quarter2018 => [(2018, 9, 20), (2018, 12, 24)],
            Self::Pandemic2020 => [(2020, 2, 19), (2020, 3, 23)],
            Self::Inflation2022 => [(2022, 1, 3), (2022, 10, 12)],
        };
        [from, to].map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
