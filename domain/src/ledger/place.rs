//! What one account has of a pool, while it is being booked.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::fixed::{Money, Units};
use super::lot::Amounts;
use super::{Booking, LotMatch, PositionPeriod};
use crate::id::{AccountId, InstrumentId};
use crate::money::ArithmeticError;

/// What one account has of a pool.
pub(super) struct Place {
    pub(super) account: AccountId,
    pub(super) state: Figures,
    /// What the last row says.
    shown: Figures,
    /// Whether the day of the last row was recorded more than once: its end may be as its beginning then.
    again: bool,
    rows: Vec<PositionPeriod>,
    /// In closing order.
    pub(super) matches: Vec<LotMatch>,
    /// How many rows and matches of places before it stand in front of its own, where it goes on with those of the whole ledger.
    before: Option<(usize, usize)>,
}

/// The figures of [`PositionPeriod`]; the quantity in the fraction that the pool counts in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) quantity: Units,
    pub(super) cost: Amounts,
    pub(super) realized: Amounts,
    pub(super) income: Amounts,
    pub(super) withholding_base: Money,
    pub(super) fees_base: Money,
    pub(super) taxes_base: Money,
    pub(super) expensed_base: Money,
}

impl Place {
    pub(super) fn new(account: AccountId) -> Self {
        Self {
            account,
            state: Figures::default(),
            shown: Figures::default(),
            again: false,
            rows: Vec::new(),
            matches: Vec::new(),
            before: None,
        }
    }

    /// Writes its rows behind those of the places before it: most parts have one place, whose rows need not be moved then.
    pub(super) fn go_on(&mut self, booked: &mut Booking) {
        self.before = Some((booked.positions.len(), booked.matches.len()));
        self.rows = std::mem::take(&mut booked.positions);
        self.matches = std::mem::take(&mut booked.matches);
    }

    /// Gives back what stands in front of its own rows.
    pub(super) fn give_back(&mut self, booked: &mut Booking) {
        if let Some((rows, matches)) = self.before.take() {
            let (own, matches) = (self.rows.split_off(rows), self.matches.split_off(matches));
            booked.positions = std::mem::replace(&mut self.rows, own);
            booked.matches = std::mem::replace(&mut self.matches, matches);
        }
    }

    /// Makes `state` what holds at the end of `date` and after. Dates come in ascending order; of one day the last state
    /// stays.
    ///
    /// There is a row for each day at whose end something else holds than at the end of the day before, and no other.
    pub(super) fn record(&mut self, date: NaiveDate, instrument: InstrumentId, decimals: u32) {
        let own = self.own_rows();
        if self.rows.len() > own && self.rows.last().is_some_and(|last| last.valid_from == date) {
            self.again = true;
        } else if self.state == self.shown {
            return;
        } else {
            self.end_day(instrument);
            let last = self.rows.len();
            if last > own {
                self.rows[last - 1].valid_until = Some(date);
                // Most figures stay as they were.
                self.rows.extend_from_within(last - 1..);
            } else {
                self.rows.push(PositionPeriod::empty(self.account, instrument));
            }
            let row = &mut self.rows[last];
            (row.valid_from, row.valid_until) = (date, None);
        }
        if let Some(row) = self.rows.last_mut() {
            self.state.show(row, &mut self.shown, decimals);
        }
    }

    /// Where its own rows begin.
    fn own_rows(&self) -> usize {
        self.before.map_or(0, |(rows, _)| rows)
    }

    /// Takes the last row away where its day ended as it began.
    fn end_day(&mut self, instrument: InstrumentId) {
        if !std::mem::take(&mut self.again) {
            return;
        }
        let nothing = [PositionPeriod::empty(self.account, instrument)];
        let own = self.own_rows();
        let (before, last) = match &self.rows[own..] {
            [.., before, last] => (before, last),
            [last] => (&nothing[0], last),
            [] => return,
        };
        if before.shows_as(last) {
            self.rows.pop();
            if let Some(before) = self.rows.get_mut(own..).and_then(<[_]>::last_mut) {
                before.valid_until = None;
            }
        }
    }

    /// Puts away the rows of all days, and the matches.
    pub(super) fn end(mut self, instrument: InstrumentId, booked: &mut Booking) {
        self.end_day(instrument);
        if self.before.is_some() {
            (booked.positions, booked.matches) = (self.rows, self.matches);
        } else {
            booked.positions.append(&mut self.rows);
            booked.matches.append(&mut self.matches);
        }
    }

    /// Counts in a fraction that is so many decimals finer.
    pub(super) fn widen(&mut self, from: u32, to: u32) -> Result<(), ArithmeticError> {
        for figures in [&mut self.state, &mut self.shown] {
            figures.quantity = figures.quantity.widened(from, to)?;
        }
        Ok(())
    }
}

impl Figures {
    /// Makes a row that says `shown` say these: what is as it was stays.
    fn show(&self, row: &mut PositionPeriod, shown: &mut Self, decimals: u32) {
        let money = |row: &mut Decimal, shown: &mut Money, now: Money| {
            if *shown != now {
                (*row, *shown) = (now.decimal(), now);
            }
        };
        (row.quantity, shown.quantity) = (self.quantity.decimal(decimals), self.quantity);
        money(&mut row.cost_local, &mut shown.cost.local, self.cost.local);
        money(&mut row.cost_base, &mut shown.cost.base, self.cost.base);
        money(&mut row.realized_local, &mut shown.realized.local, self.realized.local);
        money(&mut row.realized_base, &mut shown.realized.base, self.realized.base);
        money(&mut row.income_local, &mut shown.income.local, self.income.local);
        money(&mut row.income_base, &mut shown.income.base, self.income.base);
        money(&mut row.withholding_base, &mut shown.withholding_base, self.withholding_base);
        money(&mut row.fees_base, &mut shown.fees_base, self.fees_base);
        money(&mut row.taxes_base, &mut shown.taxes_base, self.taxes_base);
        money(&mut row.expensed_base, &mut shown.expensed_base, self.expensed_base);
    }
}
