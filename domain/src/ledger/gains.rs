//! Realised gains by tax year, short and long term.

use std::collections::BTreeMap;

use chrono::Datelike;
use rust_decimal::Decimal;

use super::LotMatch;
use crate::money::{ArithmeticError, add};

/// Sums of matches in the base currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GainTotals {
    /// How many matches.
    pub matches: usize,
    /// What was received.
    pub proceeds: Decimal,
    /// What it had cost.
    pub cost: Decimal,
    /// Proceeds − cost.
    pub gain: Decimal,
}

/// What a calendar year realised, in the base currency. Not adjusted for wash sales or other rules of single countries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaxYear {
    /// Closed on the anniversary of their opening or before; short sales.
    pub short_term: GainTotals,
    /// Closed after the anniversary of their opening.
    pub long_term: GainTotals,
}

impl TaxYear {
    /// Both terms together.
    ///
    /// # Errors
    /// [`ArithmeticError`] where a sum is too large.
    pub fn total(&self) -> Result<GainTotals, ArithmeticError> {
        let (short, long) = (&self.short_term, &self.long_term);
        Ok(GainTotals {
            matches: short.matches + long.matches,
            proceeds: add(short.proceeds, long.proceeds)?,
            cost: add(short.cost, long.cost)?,
            gain: add(short.gain, long.gain)?,
        })
    }
}

impl GainTotals {
    /// Sums matches, whenever they were closed.
    ///
    /// # Errors
    /// [`ArithmeticError`] where a sum is too large.
    pub fn of<'a>(matches: impl IntoIterator<Item = &'a LotMatch>) -> Result<Self, ArithmeticError> {
        let mut totals = Self::default();
        matches.into_iter().try_for_each(|part| totals.count(part))?;
        Ok(totals)
    }

    fn count(&mut self, part: &LotMatch) -> Result<(), ArithmeticError> {
        self.matches += 1;
        self.proceeds = add(self.proceeds, part.proceeds_base)?;
        self.cost = add(self.cost, part.cost_base)?;
        self.gain = add(self.gain, part.gain_base()?)?;
        Ok(())
    }
}

/// Sums matches by the calendar year of their closing.
///
/// # Errors
/// [`ArithmeticError`] where a sum is too large.
pub fn tax_years<'a>(
    matches: impl IntoIterator<Item = &'a LotMatch>,
) -> Result<BTreeMap<i32, TaxYear>, ArithmeticError> {
    let mut years: BTreeMap<i32, TaxYear> = BTreeMap::new();
    for part in matches {
        let year = years.entry(part.closed_on.year()).or_default();
        let totals = if part.is_long_term() { &mut year.long_term } else { &mut year.short_term };
        totals.count(part)?;
    }
    Ok(years)
}
