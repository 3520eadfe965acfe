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
    /// The day that was recorded last, and what holds at its end: a row when a later day comes.
    recorded: Option<(NaiveDate, Figures)>,
    /// What the last row says.
    shown: Figures,
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
            recorded: None,
            shown: Figures::default(),
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
        if self.recorded.is_some_and(|(day, _)| day != date) {
            self.show(instrument, decimals);
        }
        self.recorded = Some((date, self.state));
    }

    fn show(&mut self, instrument: InstrumentId, decimals: u32) {
        let Some((day, figures)) = self.recorded.filter(|(_, figures)| *figures != self.shown) else { return };
        let own = self.before.map_or(0, |(rows, _)| rows);
        let row = match self.rows.get_mut(own..).and_then(<[_]>::last_mut) {
            Some(last) => {
                last.valid_until = Some(day);
                figures.row(last, &self.shown, day, decimals)
            }
            None => {
                let nothing = PositionPeriod::empty(self.account, instrument);
                figures.row(&nothing, &self.shown, day, decimals)
            }
        };
        self.rows.push(row);
        self.shown = figures;
    }

    /// Puts away the rows of all days, and the matches.
    pub(super) fn end(mut self, instrument: InstrumentId, decimals: u32, booked: &mut Booking) {
        self.show(instrument, decimals);
        if self.before.is_some() {
            (booked.positions, booked.matches) = (self.rows, self.matches);
        } else {
            booked.positions.append(&mut self.rows);
            booked.matches.append(&mut self.matches);
        }
    }

    /// Counts in a fraction that is so many decimals finer.
    pub(super) fn widen(&mut self, from: u32, to: u32) -> Result<(), ArithmeticError> {
        let recorded = self.recorded.as_mut().map(|(_, figures)| figures);
        for figures in [&mut self.state, &mut self.shown].into_iter().chain(recorded) {
            figures.quantity = figures.quantity.widened(from, to)?;
        }
        Ok(())
    }
}

impl Figures {
    /// The row of a day after `last`, which says `shown`: most figures are as they were.
    fn row(&self, last: &PositionPeriod, shown: &Self, day: NaiveDate, decimals: u32) -> PositionPeriod {
        let money = |now: Money, before: Money, last: Decimal| if now == before { last } else { now.decimal() };
        PositionPeriod {
            account: last.account,
            instrument: last.instrument,
            valid_from: day,
            valid_until: None,
            quantity: self.quantity.decimal(decimals),
            cost_local: money(self.cost.local, shown.cost.local, last.cost_local),
            cost_base: money(self.cost.base, shown.cost.base, last.cost_base),
            realized_local: money(self.realized.local, shown.realized.local, last.realized_local),
            realized_base: money(self.realized.base, shown.realized.base, last.realized_base),
            income_local: money(self.income.local, shown.income.local, last.income_local),
            income_base: money(self.income.base, shown.income.base, last.income_base),
            withholding_base: money(self.withholding_base, shown.withholding_base, last.withholding_base),
            fees_base: money(self.fees_base, shown.fees_base, last.fees_base),
            taxes_base: money(self.taxes_base, shown.taxes_base, last.taxes_base),
            expensed_base: money(self.expensed_base, shown.expensed_base, last.expensed_base),
        }
    }
}
