//! Closes as traded, and what they are once splits and dividends are applied: adjusted series and the total return, all from
//! the same raw rows. Nothing of it is stored, so that a corrected action corrects every price before it.
//!
//! With the ex-dates after a day *t*, up to a day that the series is adjusted to, the adjusted price is
//! *P(t) · Π denominator/numerator · Π f*, where a dividend *D* makes the factor *f*, by [`Reinvestment`]:
//!
//! - *1 − D / P(before)*, with the last close before the ex-date: the multiplier of Yahoo's adjusted close
//!   (*What is the adjusted close?*, help.yahoo.com, SLN28256), after the standards of CRSP;
//! - *P(ex) / (P(ex) + D)*, with the first close from the ex-date on: the dividend buys units at that close, so that a step of the
//!   series is CRSP's holding-period return, *(P(t) + D(t)) / P(t−1) − 1* (*CRSP Data Descriptions Guide*, "Return").
//!
//! Splits are kept as their exact ratios. A factor of dividends is rounded once a dividend, to 28 significant digits.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Series, SeriesError};
use crate::money::{ArithmeticError, add, div, mul, mul_div, sub};

/// Decimals that an adjusted price is rounded to, half-even: four more than any market quotes.
const PRICE_SCALE: u32 = 12;

/// A split: `denominator` units become `numerator` units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitRatio {
    /// The first day it trades divided.
    pub ex_date: NaiveDate,
    /// Units after.
    pub numerator: Decimal,
    /// Units before.
    pub denominator: Decimal,
}

/// A cash dividend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashDividend {
    /// The first day it trades without it.
    pub ex_date: NaiveDate,
    /// What is paid per unit held before the ex-date, so before a split of the same day; in the prices' currency.
    pub amount: Decimal,
}

/// At which price a dividend is put back into the instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reinvestment {
    /// At the last close before the ex-date less the dividend, as vendors' adjusted closes have it.
    CloseBefore,
    /// At the first close from the ex-date on, as the total return has it. Before there is one, nothing is put back.
    ExDateClose,
}

/// What a price of a day is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The product of the dividends' factors: above zero, 1 at the most.
    pub dividends: Decimal,
    /// Units after the splits.
    pub numerator: Decimal,
    /// For so many units before them.
    pub denominator: Decimal,
}

/// A series that cannot be adjusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdjustmentError {
    /// A ratio that is none.
    #[error("the split of {ex_date} is {numerator} for {denominator}: both must be above zero")]
    NoRatio {
        /// The ex-date.
        ex_date: NaiveDate,
        /// Units after.
        numerator: Decimal,
        /// Units before.
        denominator: Decimal,
    },
    /// A dividend of as much as the price, or more: what is left has no price.
    #[error("the dividends of {ex_date} are {amount} after a close of {close}: they must be below it")]
    NotBelowPrice {
        /// The ex-date.
        ex_date: NaiveDate,
        /// All that is paid per unit.
        amount: Decimal,
        /// The close before, in units of the ex-date.
        close: Decimal,
    },
    /// A dividend that is below zero.
    #[error("the dividend of {ex_date} is {amount}")]
    Negative {
        /// The ex-date.
        ex_date: NaiveDate,
        /// What is paid.
        amount: Decimal,
    },
    /// A factor or price that no decimal holds.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
    /// The closes are no series.
    #[error(transparent)]
    Series(#[from] SeriesError),
}

impl Factor {
    const ONE: Self = Self { dividends: Decimal::ONE, numerator: Decimal::ONE, denominator: Decimal::ONE };

    /// The adjusted price, rounded half-even to 12 decimals.
    ///
    /// # Errors
    /// [`ArithmeticError`] for a price that is too large.
    pub fn price(&self, price: Decimal) -> Result<Decimal, ArithmeticError> {
        Ok(mul_div(mul(price, self.dividends)?, self.denominator, self.numerator)?.round_dp(PRICE_SCALE))
    }

    /// The volume in units after the splits; dividends leave it alone.
    ///
    /// # Errors
    /// [`ArithmeticError`] for a volume that is too large.
    pub fn volume(&self, volume: Decimal) -> Result<Decimal, ArithmeticError> {
        mul_div(volume, self.numerator, self.denominator)
    }

    /// This factor without the part of another: what happened from this factor's day to that of the other.
    fn over(&self, other: &Self) -> Result<Self, ArithmeticError> {
        Ok(Self {
            dividends: div(self.dividends, other.dividends)?,
            numerator: mul(self.numerator, other.denominator)?,
            denominator: mul(self.denominator, other.numerator)?,
        })
    }
}

/// The factor of each close up to `as_of`, by the actions after it whose ex-date has come by then. Without a way to put dividends
/// back, by splits alone. Actions come in any order.
///
/// # Errors
/// [`AdjustmentError`] with the action that makes no sense.
pub fn factors(
    closes: &Series,
    splits: &[SplitRatio],
    dividends: &[CashDividend],
    reinvestment: Option<Reinvestment>,
    as_of: NaiveDate,
) -> Result<Vec<Factor>, AdjustmentError> {
    let mut splits: Vec<&SplitRatio> = splits.iter().filter(|split| split.ex_date <= as_of).collect();
    splits.sort_by_key(|split| split.ex_date);
    let dividends = by_day(if reinvestment.is_some() { dividends } else { &[] }, as_of)?;
    let count = closes.dates().partition_point(|date| *date <= as_of);
    let rows = closes.dates().iter().copied().zip(closes.values().iter().copied()).take(count).rev();
    let mut factor = Factor::ONE;
    let mut factors = Vec::with_capacity(count);
    let mut after: Option<(NaiveDate, Decimal)> = None;
    let (mut splits, mut dividends) = (splits.as_slice(), dividends.as_slice());
    for row in rows {
        let first_split = splits.partition_point(|split| split.ex_date <= row.0);
        let first_dividend = dividends.partition_point(|dividend| dividend.ex_date <= row.0);
        let (earlier_splits, gap_splits) = splits.split_at(first_split);
        let (earlier_dividends, gap_dividends) = dividends.split_at(first_dividend);
        let gap = Gap { before: row.1, after, splits: gap_splits };
        if let Some(reinvestment) = reinvestment {
            for dividend in gap_dividends {
                factor.dividends = mul(factor.dividends, gap.factor(dividend, reinvestment)?)?;
            }
        }
        let (numerator, denominator) = ratio(gap_splits.iter().copied())?;
        factor.numerator = mul(factor.numerator, numerator)?;
        factor.denominator = mul(factor.denominator, denominator)?;
        factors.push(factor);
        (splits, dividends, after) = (earlier_splits, earlier_dividends, Some(row));
    }
    factors.reverse();
    Ok(factors)
}

/// The closes up to `as_of`, adjusted to it: its own close is as it was traded.
///
/// # Errors
/// [`AdjustmentError`], as of [`factors`].
pub fn adjusted(
    closes: &Series,
    splits: &[SplitRatio],
    dividends: &[CashDividend],
    reinvestment: Option<Reinvestment>,
    as_of: NaiveDate,
) -> Result<Series, AdjustmentError> {
    let factors = factors(closes, splits, dividends, reinvestment, as_of)?;
    scaled(closes, factors.iter().map(|factor| Ok(*factor)))
}

/// What a unit that is bought at the first close has grown to at each close up to `as_of`, its dividends put back at the close of
/// their ex-dates: the first value is the first close.
///
/// # Errors
/// [`AdjustmentError`], as of [`factors`].
pub fn total_return(
    closes: &Series,
    splits: &[SplitRatio],
    dividends: &[CashDividend],
    as_of: NaiveDate,
) -> Result<Series, AdjustmentError> {
    let factors = factors(closes, splits, dividends, Some(Reinvestment::ExDateClose), as_of)?;
    let Some(first) = factors.first() else { return Ok(Series::default()) };
    scaled(closes, factors.iter().map(|factor| factor.over(first)))
}

fn scaled(
    closes: &Series,
    factors: impl Iterator<Item = Result<Factor, ArithmeticError>>,
) -> Result<Series, AdjustmentError> {
    let values: Vec<Decimal> =
        factors.zip(closes.values()).map(|(factor, close)| factor?.price(*close)).collect::<Result<_, _>>()?;
    let dates = closes.dates().iter().copied().take(values.len()).collect();
    Ok(Series::new(dates, values)?)
}

/// What lies between two closes that follow each other.
struct Gap<'a> {
    before: Decimal,
    after: Option<(NaiveDate, Decimal)>,
    splits: &'a [&'a SplitRatio],
}

impl Gap<'_> {
    fn factor(&self, dividend: &CashDividend, reinvestment: Reinvestment) -> Result<Decimal, AdjustmentError> {
        let CashDividend { ex_date, amount } = *dividend;
        // The close before, in units of the day before the ex-date; the amount, in units of the close after.
        let earlier = self.splits.iter().copied().filter(|split| split.ex_date < ex_date);
        let (numerator, denominator) = ratio(earlier)?;
        let close = mul_div(self.before, denominator, numerator)?;
        if amount >= close {
            return Err(AdjustmentError::NotBelowPrice { ex_date, amount, close });
        }
        match (reinvestment, self.after) {
            (Reinvestment::CloseBefore, _) => Ok(div(sub(close, amount)?, close)?),
            (Reinvestment::ExDateClose, None) => Ok(Decimal::ONE),
            (Reinvestment::ExDateClose, Some((_, after))) => {
                let later = self.splits.iter().copied().filter(|split| split.ex_date >= ex_date);
                let (numerator, denominator) = ratio(later)?;
                Ok(div(after, add(after, mul_div(amount, denominator, numerator)?)?)?)
            }
        }
    }
}

/// The dividends of each ex-date in one amount, by day: two of one day are put back together.
fn by_day(dividends: &[CashDividend], as_of: NaiveDate) -> Result<Vec<CashDividend>, AdjustmentError> {
    let mut sorted: Vec<CashDividend> = dividends.iter().copied().filter(|one| one.ex_date <= as_of).collect();
    sorted.sort_by_key(|dividend| dividend.ex_date);
    let mut days: Vec<CashDividend> = Vec::with_capacity(sorted.len());
    for dividend in sorted {
        if dividend.amount < Decimal::ZERO {
            return Err(AdjustmentError::Negative { ex_date: dividend.ex_date, amount: dividend.amount });
        }
        match days.last_mut().filter(|last| last.ex_date == dividend.ex_date) {
            Some(last) => last.amount = add(last.amount, dividend.amount)?,
            None => days.push(dividend),
        }
    }
    Ok(days)
}

fn ratio<'a>(splits: impl Iterator<Item = &'a SplitRatio>) -> Result<(Decimal, Decimal), AdjustmentError> {
    let mut product = (Decimal::ONE, Decimal::ONE);
    for &SplitRatio { ex_date, numerator, denominator } in splits {
        if numerator <= Decimal::ZERO || denominator <= Decimal::ZERO {
            return Err(AdjustmentError::NoRatio { ex_date, numerator, denominator });
        }
        product = (mul(product.0, numerator)?, mul(product.1, denominator)?);
    }
    Ok(product)
}
