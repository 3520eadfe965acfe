//! Gains of holdings: realised and not, with what rates did in them or without it.

use chrono::NaiveDate;
use domain::ledger::{LotMatch, TradeCharges};
use domain::money::{div, mul_div, sub};
use rust_decimal::Decimal;

use super::asked::View;
use super::books::{Books, sum};
use super::world::World;
use crate::problem::Problem;

impl Books<'_> {
    /// Proceeds minus cost of what was sold by the end of a day.
    pub(super) fn realized(&self, view: View, date: NaiveDate) -> Result<Decimal, Problem> {
        sum(self.rows(date).map(|row| match view {
            View::Final => self.to_base(row.realized_local, self.currency(row.instrument), date),
            _ => Ok(row.realized_base),
        }))
    }

    /// Value minus cost of what is held at the end of a day.
    pub(super) fn unrealized(&self, view: View, date: NaiveDate) -> Result<Decimal, Problem> {
        let valued = self.valued(date)?;
        sum(self.rows(date).map(|row| {
            let (local, base) = valued.worth(self, row)?;
            match view {
                View::Final => self.to_base(sub(local, row.cost_local)?, self.currency(row.instrument), date),
                _ => Ok(sub(base, row.cost_base)?),
            }
        }))
    }

    /// The part of the realised gain that rates made between purchase and sale: the cost at the sale's rate minus the cost.
    pub(super) fn realized_by_rates(&self, date: NaiveDate) -> Result<Decimal, Problem> {
        let closed = self.booking.matches.iter().filter(|part| part.closed_on <= date);
        sum(closed.map(|part| Ok(sub(self.cost_at_sale(part)?, part.cost_base)?)))
    }

    fn cost_at_sale(&self, part: &LotMatch) -> Result<Decimal, Problem> {
        if part.proceeds_local.is_zero() {
            return self.to_base(part.cost_local, self.currency(part.instrument), part.closed_on);
        }
        // The rate that the sale was booked at, which need not be the market's.
        Ok(mul_div(part.cost_local, part.proceeds_base, part.proceeds_local)?)
    }

    /// The same of what is held: the cost at the day's rate minus the cost.
    pub(super) fn unrealized_by_rates(&self, date: NaiveDate) -> Result<Decimal, Problem> {
        sum(self
            .rows(date)
            .map(|row| Ok(sub(self.to_base(row.cost_local, self.currency(row.instrument), date)?, row.cost_base)?)))
    }

    /// What cash in other currencies gained from rates, and what flows did that were booked at another rate than the day's.
    fn cash_by_rates(&self, date: NaiveDate) -> Result<Decimal, Problem> {
        let mut gained = Decimal::ZERO;
        let mut last = None;
        for row in self.booking.cash.iter().filter(|row| row.valid_from <= date) {
            let key = Some((row.account, row.currency));
            let before = last.filter(|(known, _)| *known == key).map_or(Decimal::ZERO, |(_, amount)| amount);
            gained -= self.to_base(sub(row.amount, before)?, row.currency, row.valid_from)?;
            last = Some((key, row.amount));
        }
        for row in self.cash(date) {
            gained += self.to_base(row.amount, row.currency, date)?;
        }
        for flow in self.booking.flows.iter().filter(|flow| flow.date <= date && flow.in_kind.is_none()) {
            gained += sub(self.to_base(flow.amount, flow.currency, flow.date)?, flow.amount_base)?;
        }
        Ok(gained)
    }

    /// What cash and holdings gained from rates alone by the end of a day.
    pub(super) fn currency_gain(&self, date: NaiveDate) -> Result<Decimal, Problem> {
        sum([self.cash_by_rates(date), self.realized_by_rates(date), self.unrealized_by_rates(date)])
    }

    /// Σ(cost × days) ÷ Σ days over the days on which each holding had units; a holding of no day at what it costs.
    pub(super) fn time_weighted_investment(&self, view: View, date: NaiveDate) -> Result<Decimal, Problem> {
        let mut instruments: Vec<_> = self.booking.positions.iter().map(|row| row.instrument).collect();
        instruments.sort();
        instruments.dedup();
        sum(instruments.into_iter().map(|instrument| {
            let (mut weighted, mut days, mut cost) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
            let held = |row: &&domain::ledger::PositionPeriod| {
                row.instrument == instrument && row.valid_from <= date && !row.quantity.is_zero()
            };
            for row in self.booking.positions.iter().filter(held) {
                let until = row.valid_until.map_or(date, |until| until.min(date));
                let gap = Decimal::from((until - row.valid_from).num_days());
                cost = match view {
                    View::Final => self.to_base(row.cost_local, self.currency(instrument), date)?,
                    _ => row.cost_base,
                };
                (weighted, days) = (weighted + cost * gap, days + gap);
            }
            if days.is_zero() { Ok(cost) } else { Ok(div(weighted, days)?) }
        }))
    }
}

/// Realised and unrealised gain by the end of a day, before the fees of trades or after them.
pub(super) fn performance(world: &World, net: bool, view: View, date: NaiveDate) -> Result<Decimal, Problem> {
    let charges = if net { TradeCharges::InCost } else { TradeCharges::Expensed };
    let world = world.under(|policy| policy.charges = charges);
    let books = world.book(None)?;
    sum([books.realized(view, date), books.unrealized(view, date)])
}
