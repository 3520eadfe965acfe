//! A bond that is held as the kernels of bonds know it.

use chrono::NaiveDate;
use domain::analytics::{Accrual, Bond, BondFigures, LastPeriod};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::storage::instrument::Instrument;

/// Duration and convexity at the quoted price, or why there are none.
pub(super) fn figures(instrument: &Instrument, quote: Decimal, settlement: NaiveDate) -> Result<BondFigures, String> {
    let symbol = &instrument.symbol;
    let Some(terms) = &instrument.bond else {
        return Err(format!("{symbol}: coupon and maturity are not known"));
    };
    let accrual = match terms.day_count.as_str() {
        "ACT_ACT_ICMA" => Accrual::ActActIcma,
        "THIRTY_360" => Accrual::Thirty360,
        "THIRTY_E_360" => Accrual::ThirtyE360,
        "ACT_360" => Accrual::Act360,
        other => return Err(format!("{symbol}: coupons by {other} are not modelled")),
    };
    let coupon = terms.coupon_rate.to_f64().unwrap_or_default();
    let frequency = match u32::from(terms.coupon_frequency.unsigned_abs()) {
        0 if coupon > 0.0 => return Err(format!("{symbol}: a coupon of {coupon} a year is paid on no day")),
        // What pays nothing until it matures has a yield that compounds once a year.
        0 => 1,
        frequency => frequency,
    };
    let bond = Bond {
        maturity: terms.maturity,
        coupon,
        frequency,
        accrual,
        is_end_of_month: true,
        last_period: LastPeriod::Compound,
    };
    let hundred = |quote: Decimal| {
        let money = quote.checked_mul(instrument.price_multiplier)?;
        money.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(terms.face)?.to_f64()
    };
    let clean = hundred(quote).ok_or_else(|| format!("{symbol}: {quote} is no price of {} of face", terms.face))?;
    bond.at_clean_price(settlement, clean).map_err(|error| format!("{symbol}: {error}"))
}
