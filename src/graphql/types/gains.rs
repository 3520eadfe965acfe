//! Realised gains, by term and by year.

use async_graphql::{Result, SimpleObject};
use domain::ledger::{GainTotals as Sums, LotMatch, TaxYear};
use domain::money::{ArithmeticError, Currency};

use super::money::Money;
use crate::graphql::error::ErrorCode;
use crate::services::lot;

/// Sums over disposals, in the portfolio's `currency`: cost at the exchange rates of the openings, proceeds at those of the
/// disposals.
#[derive(Clone, Debug, SimpleObject)]
pub struct GainTotals {
    /// What was received, less what was paid to cover short sales.
    proceeds: Money,
    /// What it had cost, less what short sales had brought.
    cost: Money,
    /// Proceeds minus cost; below zero for a loss.
    gain: Money,
    /// How many disposals, counted by lot.
    count: i32,
}

impl GainTotals {
    /// Sums in a currency.
    pub fn new(sums: &Sums, currency: Currency) -> Self {
        Self {
            proceeds: Money::new(sums.proceeds, currency),
            cost: Money::new(sums.cost, currency),
            gain: Money::new(sums.gain, currency),
            count: i32::try_from(sums.matches).unwrap_or(i32::MAX),
        }
    }
}

/// What a calendar year realised, by holding period. Not wash-sale adjusted, nor for other rules of single countries.
#[derive(Clone, Debug, SimpleObject)]
pub struct RealizedGains {
    /// The calendar year of the disposals.
    year: i32,
    /// What was closed on the anniversary of its opening or before, and what was sold short.
    short_term: GainTotals,
    /// What was closed after the anniversary of its opening, which is 1 March for 29 February.
    long_term: GainTotals,
    /// Both together.
    total: GainTotals,
}

impl RealizedGains {
    /// Disposals by year, the earliest first.
    pub fn by_year(matches: &[LotMatch], currency: Currency) -> Result<Vec<Self>> {
        let too_large = |error: ArithmeticError| ErrorCode::AmountTooLarge.error(error.to_string());
        let years = lot::by_year(matches).map_err(|error| ErrorCode::AmountTooLarge.error(error.to_string()))?;
        let shown = |(year, sums): (i32, TaxYear)| {
            Ok(Self {
                year,
                short_term: GainTotals::new(&sums.short_term, currency),
                long_term: GainTotals::new(&sums.long_term, currency),
                total: GainTotals::new(&sums.total().map_err(too_large)?, currency),
            })
        };
        years.into_iter().map(shown).collect()
    }
}
