//! Reference rates while booking: days ascend, so the rate of the last day is mostly the one that is needed again.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::money::Currency;
use crate::pricing::{FxCursor, FxError, FxRates, Rate};

/// Converts amounts on ascending days.
pub(super) struct Rates<'a> {
    fx: &'a FxRates,
    /// A ledger names few pairs, so that looking through them is quicker than any map.
    pairs: Vec<Pair<'a>>,
}

struct Pair<'a> {
    from: Currency,
    to: Currency,
    cursor: FxCursor<'a>,
    last: Option<(NaiveDate, Rate)>,
}

impl<'a> Rates<'a> {
    pub(super) fn new(fx: &'a FxRates) -> Self {
        Self { fx, pairs: Vec::new() }
    }

    /// `amount` at the rate of `date`, not rounded.
    pub(super) fn convert(
        &mut self,
        amount: Decimal,
        from: Currency,
        to: Currency,
        date: NaiveDate,
    ) -> Result<Decimal, FxError> {
        if from == to || amount.is_zero() {
            return Ok(amount);
        }
        Ok(self.rate(from, to, date)?.convert(amount)?)
    }

    fn rate(&mut self, from: Currency, to: Currency, date: NaiveDate) -> Result<Rate, FxError> {
        let at = match self.pairs.iter().position(|pair| pair.from == from && pair.to == to) {
            Some(at) => at,
            None => {
                self.pairs.push(Pair { from, to, cursor: self.fx.cursor(from, to), last: None });
                self.pairs.len() - 1
            }
        };
        let pair = &mut self.pairs[at];
        match pair.last {
            Some((day, rate)) if day == date => Ok(rate),
            _ => {
                let rate = pair.cursor.at(date)?;
                pair.last = Some((date, rate));
                Ok(rate)
            }
        }
    }
}
