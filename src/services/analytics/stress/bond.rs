//! A bond that is held as the kernels of bonds know it.

use chrono::NaiveDate;
use domain::analytics::BondFigures;
use rust_decimal::Decimal;

use super::super::super::bond::{modelled, per_hundred};
use crate::storage::instrument::Instrument;

/// Duration and convexity at the quoted price, or why there are none.
pub(super) fn figures(instrument: &Instrument, quote: Decimal, settlement: NaiveDate) -> Result<BondFigures, String> {
    let bond = modelled(instrument).map_err(|reason| reason.1)?;
    let clean = per_hundred(instrument, quote).map_err(|reason| reason.1)?;
    bond.at_clean_price(settlement, clean).map_err(|error| format!("{}: {error}", instrument.symbol))
}
