//! What a gain is made of, to the last digit.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Daily, Holdings, Inputs, Line, ValuationError};
use crate::ledger::{CashPeriod, PositionPeriod};
use crate::money::{Currency, add, round_to_minor, sub};

/// A gain and its parts, in one currency: `price + fx + income − fees − taxes = total`, exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GainSplit {
    /// What prices did, at the rate of the day before each move.
    pub price: Decimal,
    /// What rates did, cash in foreign currencies and differences between booked rates and the day's inside.
    pub fx: Decimal,
    /// Dividends, coupons and interest before tax.
    pub income: Decimal,
    /// Fees, those inside cost and proceeds too; above zero where they were charged.
    pub fees: Decimal,
    /// Taxes, withheld ones and those inside cost and proceeds too; above zero where they were charged.
    pub taxes: Decimal,
    /// The gain: change of value less what was paid in.
    pub total: Decimal,
}

impl GainSplit {
    /// Both together.
    pub(super) fn plus(&self, other: &Self) -> Result<Self, ValuationError> {
        Ok(Self {
            price: add(self.price, other.price)?,
            fx: add(self.fx, other.fx)?,
            income: add(self.income, other.income)?,
            fees: add(self.fees, other.fees)?,
            taxes: add(self.taxes, other.taxes)?,
            total: add(self.total, other.total)?,
        })
    }

    /// Every part in whole minor units, so that they still sum to the total: what rounding leaves goes to the largest part.
    ///
    /// # Errors
    /// [`ValuationError::Arithmetic`] for a sum that is too large.
    pub fn rounded(&self, currency: Currency) -> Result<Self, ValuationError> {
        let parts = [self.price, self.fx, self.income, -self.fees, -self.taxes];
        let ([price, fx, income, fees, taxes], total) = rounded(parts, self.total, currency)?;
        Ok(Self { price, fx, income, fees: -fees, taxes: -taxes, total })
    }
}

/// The same gain by what lots say, exactly: `realized + unrealized + income − expensed + other = total`. It differs from a split by day in
/// what each part holds: what rates did between opening and closing of a lot is in its gain, and so are the charges of its trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GainByLots {
    /// Proceeds minus cost of what was disposed of, each at the rates of its day.
    pub realized: Decimal,
    /// Change of value minus cost of what is held.
    pub unrealized: Decimal,
    /// Dividends, coupons and interest before tax.
    pub income: Decimal,
    /// Fees and taxes that are neither in cost nor in proceeds, withheld ones too; above zero where they were charged.
    pub expensed: Decimal,
    /// What rates did to cash, what booked rates differ from the day's, and what units that crossed the border were worth above their cost.
    pub other: Decimal,
    /// The gain: change of value less what was paid in.
    pub total: Decimal,
}

impl GainByLots {
    /// Every part in whole minor units, as [`GainSplit::rounded`].
    ///
    /// # Errors
    /// [`ValuationError::Arithmetic`] for a sum that is too large.
    pub fn rounded(&self, currency: Currency) -> Result<Self, ValuationError> {
        let parts = [self.realized, self.unrealized, self.income, -self.expensed, self.other];
        let ([realized, unrealized, income, expensed, other], total) = rounded(parts, self.total, currency)?;
        Ok(Self { realized, unrealized, income, expensed: -expensed, other, total })
    }
}

/// Parts and their total in whole minor units: what rounding leaves goes to the largest part.
fn rounded(parts: [Decimal; 5], total: Decimal, currency: Currency) -> Result<([Decimal; 5], Decimal), ValuationError> {
    let mut parts = parts.map(|part| round_to_minor(part, currency));
    let total = round_to_minor(total, currency);
    let left = parts.iter().try_fold(total, |left, part| sub(left, *part))?;
    if let Some(largest) = parts.iter_mut().max_by_key(|part| part.abs()) {
        *largest = add(*largest, left)?;
    }
    Ok((parts, total))
}

/// What a gain between two closes is made of by lots; `None` where a holding has no value at one of them.
///
/// # Errors
/// [`ValuationError::Arithmetic`] for a sum that is too large.
pub fn gain_by_lots(
    inputs: &Inputs<'_>,
    ends: [&Holdings; 2],
    total: Decimal,
) -> Result<Option<GainByLots>, ValuationError> {
    let days = ends.map(|end| end.as_of);
    let unrealized = |end: &Holdings| {
        let gains: Option<Vec<Decimal>> = end.positions.iter().map(|line| line.unrealized_gain).collect();
        gains.map(|gains| gains.into_iter().try_fold(Decimal::ZERO, add)).transpose()
    };
    let (Some(before), Some(after)) = (unrealized(ends[0])?, unrealized(ends[1])?) else { return Ok(None) };
    let holding = |of: fn(&PositionPeriod) -> Decimal| -> Result<Decimal, ValuationError> {
        let at = |day: NaiveDate| {
            let holds =
                |row: &&PositionPeriod| row.valid_from <= day && row.valid_until.is_none_or(|until| day < until);
            inputs.positions.iter().filter(holds).map(of).try_fold(Decimal::ZERO, add)
        };
        Ok(sub(at(days[1])?, at(days[0])?)?)
    };
    let cash = |of: fn(&CashPeriod) -> Decimal| -> Result<Decimal, ValuationError> {
        Ok(sub(at(inputs.cash, days[1], of)?, at(inputs.cash, days[0], of)?)?)
    };
    let charged = add(cash(|row| row.fees_base)?, cash(|row| row.taxes_base)?)?;
    let split = GainByLots {
        realized: holding(|row| row.realized_base)?,
        unrealized: sub(after, before)?,
        income: add(holding(|row| row.income_base)?, cash(|row| row.interest_base)?)?,
        expensed: add(holding(|row| row.expensed_base)?, charged)?,
        other: Decimal::ZERO,
        total,
    };
    let explained = sub(add(add(split.realized, split.unrealized)?, split.income)?, split.expensed)?;
    Ok(Some(GainByLots { other: sub(total, explained)?, ..split }))
}

/// What the gain of everything in the scope is made of, cash too; `None` where the first or the last value, or that of a line, is
/// unknown. The gain is the change of value less the net external flows; what prices, income and charges leave of it is what rates did.
///
/// # Errors
/// [`ValuationError::Arithmetic`] for a sum that is too large.
pub fn gain(inputs: &Inputs<'_>, daily: &Daily, lines: &[Line]) -> Result<Option<GainSplit>, ValuationError> {
    let (Some(Some(first)), Some(Some(last))) = (daily.values.first(), daily.values.last()) else { return Ok(None) };
    let (Some(&opening), Some(&end)) = (daily.dates.first(), daily.dates.last()) else { return Ok(None) };
    let flows = daily.flows.iter().skip(1).try_fold(Decimal::ZERO, |sum, flow| add(sum, *flow))?;
    let total = sub(sub(*last, *first)?, flows)?;
    let mut split = GainSplit::default();
    for line in lines {
        let Some(of_line) = &line.split else { return Ok(None) };
        split = split.plus(of_line)?;
    }
    let change = |of: fn(&CashPeriod) -> Decimal| -> Result<Decimal, ValuationError> {
        Ok(sub(at(inputs.cash, end, of)?, at(inputs.cash, opening, of)?)?)
    };
    split.income = add(split.income, change(|row| row.interest_base)?)?;
    split.fees = add(split.fees, change(|row| row.fees_base)?)?;
    split.taxes = add(split.taxes, change(|row| row.taxes_base)?)?;
    let explained = sub(sub(add(split.price, split.income)?, split.fees)?, split.taxes)?;
    Ok(Some(GainSplit { fx: sub(total, explained)?, total, ..split }))
}

/// A cumulative figure of all cash at a close.
fn at(cash: &[CashPeriod], day: NaiveDate, of: fn(&CashPeriod) -> Decimal) -> Result<Decimal, ValuationError> {
    let holds = |row: &&CashPeriod| row.valid_from <= day && row.valid_until.is_none_or(|until| day < until);
    Ok(cash.iter().filter(holds).map(of).try_fold(Decimal::ZERO, add)?)
}
