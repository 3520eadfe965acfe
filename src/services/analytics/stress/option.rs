//! An option that is held as the kernels of options know it.

use chrono::NaiveDate;
use domain::analytics::{AnnualVolatility, Exercise, OptionTerms, Right, stress};
use domain::ledger::{OptionRight, OptionTerms as Contract};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Days of a year.
const YEAR: f64 = 365.0;

/// What an option's price does when its underlying does `change`, with the volatility that explains the price before. Rates and dividends
/// are zero, for which exercise at any time is worth no more than at expiry.
pub(super) fn moved(
    contract: &Contract,
    price: Decimal,
    spot: Decimal,
    day: NaiveDate,
    change: f64,
) -> Result<(f64, AnnualVolatility), String> {
    let number = |value: Decimal| value.to_f64().unwrap_or_default();
    let terms = OptionTerms {
        right: match contract.right {
            OptionRight::Call => Right::Call,
            OptionRight::Put => Right::Put,
        },
        exercise: Exercise::European,
        spot: number(spot),
        strike: number(contract.strike),
        years: (contract.expiry - day).num_days() as f64 / YEAR,
        rate: 0.0,
        dividend_yield: 0.0,
    };
    stress::option_move(&terms, number(price), change).map_err(|error| error.to_string())
}
