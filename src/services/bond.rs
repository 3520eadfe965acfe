//! Bonds as the kernels of bonds know them, and their figures at a price or a yield.

use chrono::NaiveDate;
use domain::analytics::{Accrual, Bond, BondFigures, LastPeriod, NoBondFigure};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::performance::Figure;
use crate::storage::instrument::Instrument;

/// Why there is no figure: a stable code and words.
pub type Reason = (&'static str, String);

/// What a bond's figures are computed from.
#[derive(Clone, Debug, PartialEq)]
pub enum Quoted {
    /// A clean price, as the instrument is quoted.
    Price(Decimal),
    /// A yield a year, compounded as often as coupons, as a fraction.
    Yield(f64),
    /// Neither is known.
    Missing(Vec<Reason>),
}

/// A bond's figures on a day. Prices and accrued interest are per 100 of face, rates are fractions a year.
#[derive(Clone, Debug, PartialEq)]
pub struct BondAnalysis {
    /// The part of the running coupon that the seller earned.
    pub accrued_interest: Figure,
    /// What is quoted.
    pub clean_price: Figure,
    /// What is paid.
    pub dirty_price: Figure,
    /// The yield to maturity.
    pub yield_to_maturity: Figure,
    /// The coupon of a year over the clean price.
    pub current_yield: Figure,
    /// Years.
    pub macaulay_duration: Figure,
    /// Years.
    pub modified_duration: Figure,
    /// Years squared.
    pub convexity: Figure,
}

/// The bond by its terms, or why its coupons are not modelled.
///
/// # Errors
/// A code and words.
pub fn modelled(instrument: &Instrument) -> Result<Bond, Reason> {
    let symbol = &instrument.symbol;
    let Some(terms) = &instrument.bond else {
        return Err(("NO_TERMS", format!("{symbol}: coupon and maturity are not known")));
    };
    let accrual = match terms.day_count.as_str() {
        "ACT_ACT_ICMA" => Accrual::ActActIcma,
        "THIRTY_360" => Accrual::Thirty360,
        "THIRTY_E_360" => Accrual::ThirtyE360,
        "ACT_360" => Accrual::Act360,
        other => return Err(("NOT_MODELLED", format!("{symbol}: coupons by {other} are not modelled"))),
    };
    let coupon = terms.coupon_rate.to_f64().unwrap_or_default();
    let frequency = match u32::from(terms.coupon_frequency.unsigned_abs()) {
        0 if coupon > 0.0 => {
            return Err(("NOT_MODELLED", format!("{symbol}: a coupon of {coupon} a year is paid on no day")));
        }
        // What pays nothing until it matures has a yield that compounds once a year.
        0 => 1,
        frequency => frequency,
    };
    Ok(Bond {
        maturity: terms.maturity,
        coupon,
        frequency,
        accrual,
        is_end_of_month: true,
        last_period: LastPeriod::Compound,
    })
}

/// A quote as money per 100 of face.
///
/// # Errors
/// A code and words.
pub fn per_hundred(instrument: &Instrument, quote: Decimal) -> Result<f64, Reason> {
    let symbol = &instrument.symbol;
    let Some(terms) = &instrument.bond else {
        return Err(("NO_TERMS", format!("{symbol}: coupon and maturity are not known")));
    };
    let money = quote.checked_mul(instrument.price_multiplier);
    let hundred = money.and_then(|money| money.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(terms.face)?.to_f64());
    hundred.ok_or_else(|| ("NO_PRICE", format!("{symbol}: {quote} is no price of {} of face", terms.face)))
}

/// The figures of a bond that is settled on a day.
pub fn analyse(instrument: &Instrument, settlement: NaiveDate, quoted: &Quoted) -> BondAnalysis {
    let bond = modelled(instrument);
    let named = |error: NoBondFigure| (code(&error), format!("{}: {error}", instrument.symbol));
    let accrued = bond.clone().and_then(|bond| bond.accrued(settlement).map_err(named)).map_err(|reason| vec![reason]);
    let figures: Result<BondFigures, Vec<Reason>> = match (bond, quoted) {
        (Err(reason), _) => Err(vec![reason]),
        (Ok(bond), Quoted::Yield(rate)) => bond.at_yield(settlement, *rate).map_err(|error| vec![named(error)]),
        (Ok(bond), Quoted::Price(quote)) => per_hundred(instrument, *quote)
            .and_then(|clean| bond.at_clean_price(settlement, clean).map_err(named))
            .map_err(|reason| vec![reason]),
        // What has matured has no figure at any price.
        (Ok(_), Quoted::Missing(reasons)) => Err(accrued.as_ref().err().unwrap_or(reasons).clone()),
    };
    let of = |value: fn(&BondFigures) -> f64| told(figures.as_ref().map(value).map_err(Clone::clone));
    let coupon = instrument.bond.as_ref().and_then(|terms| terms.coupon_rate.to_f64()).unwrap_or_default();
    let current = figures.as_ref().map_err(Clone::clone).and_then(|figures| {
        let clean = figures.clean;
        let unpriced = || vec![("NO_PRICE", format!("{}: a clean price of {clean} has no yield", instrument.symbol))];
        (clean > 0.0).then(|| 100.0 * coupon / clean).ok_or_else(unpriced)
    });
    BondAnalysis {
        accrued_interest: told(accrued),
        clean_price: of(|figures| figures.clean),
        dirty_price: of(|figures| figures.dirty),
        yield_to_maturity: of(|figures| figures.rate),
        current_yield: told(current),
        macaulay_duration: of(|figures| figures.macaulay_duration),
        modified_duration: of(|figures| figures.modified_duration),
        convexity: of(|figures| figures.convexity),
    }
}

/// A figure, or why there is none.
pub(super) fn told(outcome: Result<f64, Vec<Reason>>) -> Figure {
    match outcome {
        Ok(value) => Figure { value: Some(value), reasons: Vec::new() },
        Err(reasons) => Figure { value: None, reasons },
    }
}

fn code(error: &NoBondFigure) -> &'static str {
    match error {
        NoBondFigure::Matured { .. } | NoBondFigure::NoTime { .. } => "MATURED",
        NoBondFigure::Frequency { .. } | NoBondFigure::TooLong { .. } | NoBondFigure::Coupon { .. } => "NOT_MODELLED",
        NoBondFigure::Yield { .. } | NoBondFigure::Price { .. } => "NO_SOLUTION",
    }
}
