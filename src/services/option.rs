//! Figures of options: what explains their price, and how it moves.

use chrono::NaiveDate;
use domain::analytics::{
    AnnualVolatility, Exercise, NoOptionFigure, OptionFigures as Sensitivities, OptionTerms as Model, Right,
};
use domain::ledger::{OptionRight, OptionTerms};
use domain::money;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::bond::{Reason, told};
use super::performance::Figure;

/// Days of a year.
const YEAR: f64 = 365.0;

/// Steps of the lattice of an option that may be exercised at any time.
pub const LATTICE_STEPS: usize = 200;

/// What an option's figures are computed from, all prices for one unit of what it is on.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionMarket {
    /// The option's own price, or why there is none.
    pub price: Result<Decimal, Vec<Reason>>,
    /// The price of what it is on, or why there is none.
    pub underlying: Result<Decimal, Vec<Reason>>,
    /// What is earned without risk, a year, as a fraction; or why that is not known.
    pub risk_free: Result<f64, Vec<Reason>>,
    /// What the underlying pays out, a year, as a fraction of its price.
    pub dividend_yield: f64,
    /// The volatility that is thought of, a year; that which explains the price where none is given.
    pub volatility: Option<f64>,
    /// Whether it can be exercised at expiry alone.
    pub is_european: bool,
}

/// An option's figures on a day, for one unit of what it is on, above zero for who holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionAnalysis {
    /// What the volatility makes it worth.
    pub theoretical_value: Figure,
    /// The volatility a year that explains its price.
    pub implied_volatility: Figure,
    /// Per unit of the underlying's price.
    pub delta: Figure,
    /// The delta's change per unit of that price.
    pub gamma: Figure,
    /// Per point of volatility, 0.01.
    pub vega: Figure,
    /// A calendar day.
    pub theta: Figure,
    /// Per point of the rate, 0.01.
    pub rho: Figure,
    /// What exercising at once would bring.
    pub intrinsic_value: Result<Decimal, Vec<Reason>>,
    /// The price less that.
    pub time_value: Result<Decimal, Vec<Reason>>,
}

/// The figures of an option on a day.
pub fn analyse(symbol: &str, terms: &OptionTerms, day: NaiveDate, market: &OptionMarket) -> OptionAnalysis {
    let intrinsic = market.underlying.clone().and_then(|spot| {
        let gain = match terms.right {
            OptionRight::Call => money::sub(spot, terms.strike),
            OptionRight::Put => money::sub(terms.strike, spot),
        };
        gain.map(|gain| gain.max(Decimal::ZERO)).map_err(|error| vec![("NO_PRICE", format!("{symbol}: {error}"))])
    });
    let time = intrinsic.clone().and_then(|intrinsic| {
        let price = market.price.clone()?;
        money::sub(price, intrinsic).map_err(|error| vec![("NO_PRICE", format!("{symbol}: {error}"))])
    });
    let expired = (day > terms.expiry).then(|| vec![("EXPIRED", format!("{symbol}: it expired on {}", terms.expiry))]);
    let model = modelled(symbol, terms, day, market);
    let named = |error: NoOptionFigure| vec![(code(&error), format!("{symbol}: {error}"))];
    let number = |value: Decimal| value.to_f64().unwrap_or_default();
    let implied = model.clone().and_then(|model| {
        let price = market.price.clone()?;
        model.implied_volatility(number(price)).map(|volatility| volatility.0).map_err(named)
    });
    let volatility = market.volatility.map_or_else(|| implied.clone(), Ok);
    let figures: Result<Sensitivities, Vec<Reason>> =
        model.and_then(|model| model.at(AnnualVolatility(volatility?)).map_err(named));
    let of = |value: fn(&Sensitivities) -> f64| told(figures.as_ref().map(value).map_err(Clone::clone));
    let unless_expired = |amount: Result<Decimal, Vec<Reason>>| match &expired {
        Some(reasons) => Err(reasons.clone()),
        None => amount,
    };
    OptionAnalysis {
        theoretical_value: of(|figures| figures.value),
        implied_volatility: told(implied),
        delta: of(|figures| figures.delta),
        gamma: of(|figures| figures.gamma),
        vega: of(|figures| figures.vega / 100.0),
        theta: of(|figures| figures.theta / YEAR),
        rho: of(|figures| figures.rho / 100.0),
        intrinsic_value: unless_expired(intrinsic),
        time_value: unless_expired(time),
    }
}

impl OptionAnalysis {
    /// The same with something to know beside every figure.
    #[must_use]
    pub fn beside(mut self, reason: &Reason) -> Self {
        let Self { theoretical_value, implied_volatility, delta, gamma, vega, theta, rho, .. } = &mut self;
        for figure in [theoretical_value, implied_volatility, delta, gamma, vega, theta, rho] {
            figure.reasons.push(reason.clone());
        }
        self
    }
}

fn modelled(symbol: &str, terms: &OptionTerms, day: NaiveDate, market: &OptionMarket) -> Result<Model, Vec<Reason>> {
    let days = (terms.expiry - day).num_days();
    if days <= 0 {
        return Err(vec![("EXPIRED", format!("{symbol}: it expires on {}, no time is left on {day}", terms.expiry))]);
    }
    let number = |value: Decimal| value.to_f64().unwrap_or_default();
    let exercise = if market.is_european { Exercise::European } else { Exercise::American { steps: LATTICE_STEPS } };
    Ok(Model {
        right: match terms.right {
            OptionRight::Call => Right::Call,
            OptionRight::Put => Right::Put,
        },
        exercise,
        spot: number(market.underlying.clone()?),
        strike: number(terms.strike),
        years: days as f64 / YEAR,
        rate: market.risk_free.clone()?.ln_1p(),
        dividend_yield: market.dividend_yield.ln_1p(),
    })
}

fn code(error: &NoOptionFigure) -> &'static str {
    match error {
        NoOptionFigure::Price { .. } => "NO_VOLATILITY",
        NoOptionFigure::NotPositive { .. } => "NO_PRICE",
        NoOptionFigure::Rate { .. }
        | NoOptionFigure::Steps { .. }
        | NoOptionFigure::TooCoarse { .. }
        | NoOptionFigure::Overflow { .. } => "NO_SOLUTION",
    }
}
