//! `period` and everything else that is asked between two days: the opening value is the close of the first.

use chrono::NaiveDate;
use domain::ledger::{Conversion, Trade, TradeCharges, TradeValue, Transaction, TransactionKind};
use domain::money::{mul, sub};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::asked::{Asked, View};
use super::books::sum;
use super::gains::performance;
use super::rows::fields;
use super::world::World;
use super::{Ledger, below, text};
use crate::check::{Check, Weight};
use crate::problem::Problem;

impl Ledger<'_> {
    pub(super) fn period(&self, expected: &Map<String, Value>, check: &mut Check) {
        let Some(period) = self.inputs.period else {
            return check.fail("period", "figures of a period", "no period in the inputs");
        };
        let (books, start, end) = (&self.books, period.start, period.end);
        let between = |figure: &dyn Fn(NaiveDate) -> Result<Decimal, Problem>| Ok(sub(figure(end)?, figure(start)?)?);
        let value = |date| books.valued(date)?.total(books);
        for (key, expected) in expected {
            let path = below("period", key);
            let (weight, got) = match key.as_str() {
                "initial_value" => (Weight::Asked, value(start)),
                "final_value" => (Weight::Asked, value(end)),
                "earnings" => (
                    Weight::Asked,
                    sum([between(&|date| books.dividends(date)), between(&|date| books.interest(date))]),
                ),
                "fees" => (Weight::Asked, between(&|date| books.fees(date))),
                "taxes" => (Weight::Asked, between(&|date| books.taxes(date))),
                "transfers" => (Weight::Asked, self.transfers(start, end)),
                "unrealized_capital_gain" => (Weight::Marked, self.capital_gain(false, start, end)),
                "realized_capital_gain" => (Weight::Marked, self.capital_gain(true, start, end)),
                _ => {
                    check.unknown(Asked::read(key).weight(), &path, expected);
                    continue;
                }
            };
            check.number(weight, &path, expected, got);
        }
    }

    /// Net external flows after `start`, up to `end`. Units that come count at the cost that their gain is counted from,
    /// units that leave at what they are worth.
    fn transfers(&self, start: NaiveDate, end: NaiveDate) -> Result<Decimal, Problem> {
        sum(self.books.flows(end).filter(|flow| flow.date > start).map(|flow| match flow.in_kind {
            Some(units) if units.quantity.is_sign_negative() => Ok(-self.books.worth_of_leaving(flow)?),
            _ => Ok(flow.amount_base),
        }))
    }

    /// Capital gain counted from what was held at `start` was worth then. Fees and taxes stand beside it; units that leave
    /// the portfolio realise what they are worth, so that gains and transfers bridge the two values.
    fn capital_gain(&self, realized: bool, start: NaiveDate, end: NaiveDate) -> Result<Decimal, Problem> {
        let mut world = self.since_opening(start)?;
        world.policy.charges = TradeCharges::Expensed;
        for flow in self.books.flows(end).filter(|flow| flow.date > start) {
            let Some(units) = flow.in_kind.filter(|units| units.quantity.is_sign_negative()) else { continue };
            let worth = self.books.worth_of_leaving(flow)?;
            let base = self.world.policy.base;
            if let Some(entry) = world.entries.iter_mut().find(|entry| entry.id == flow.transaction) {
                let mut trade = Trade::at_price(units.instrument, units.quantity.abs(), Decimal::ZERO, base);
                trade.value = TradeValue::Total(worth);
                entry.kind = TransactionKind::Sell(trade);
            }
        }
        let books = world.book(None)?;
        if realized { books.realized(View::Own, end) } else { books.unrealized(View::Own, end) }
    }

    /// The same world, but what was held at the close of `start` came then, at what it was worth.
    pub(super) fn since_opening(&self, start: NaiveDate) -> Result<World, Problem> {
        let before = self.world.book(Some(start))?;
        let mut world = self.world.clone();
        world.splits.retain(|split| split.ex_date > start);
        world.entries.retain(|entry| entry.trade_date > start);
        for (at, lot) in before.booking.lots.iter().filter(|lot| !lot.quantity_remaining.is_zero()).enumerate() {
            let currency = before.currency(lot.instrument);
            let multiplier =
                self.world.instruments.get(&lot.instrument).map_or(Decimal::ONE, |terms| terms.multiplier());
            let quantity = lot.quantity_remaining.abs();
            let value = mul(mul(quantity, before.price(lot.instrument, start)?)?, multiplier)?;
            let mut trade = Trade::at_price(lot.instrument, quantity, Decimal::ZERO, currency);
            trade.value = TradeValue::Total(value);
            if currency != self.world.policy.base {
                // At the rate of the start: that of the day on which the lot was opened is what it cost.
                let rate = self.world.fx.convert(Decimal::ONE, currency, self.world.policy.base, start)?;
                trade.conversion = Some(Conversion { currency: self.world.policy.base, rate });
            }
            let kind = match lot.quantity_remaining.is_sign_negative() {
                true => TransactionKind::ShortSell(trade),
                false => TransactionKind::TransferIn { trade, opened_on: Some(lot.opened_on) },
            };
            world.entries.push(Transaction {
                id: lot.opened_by,
                account: lot.account,
                trade_date: start,
                settlement_date: None,
                sequence: at as i64,
                kind,
            });
        }
        Ok(world)
    }

    pub(super) fn net_performance_windows(&self, rows: &[Value], check: &mut Check) {
        self.windows("net_performance_windows", rows, check, |date| performance(self.world, true, View::Own, date));
    }

    pub(super) fn currency_gain_windows(&self, rows: &[Value], check: &mut Check) {
        self.windows("currency_gain_windows", rows, check, |date| self.books.currency_gain(date));
    }

    fn windows(
        &self,
        key: &str,
        rows: &[Value],
        check: &mut Check,
        figure: impl Fn(NaiveDate) -> Result<Decimal, Problem>,
    ) {
        for (at, row) in rows.iter().enumerate() {
            let name = text(row, "label").map_or_else(|| at.to_string(), str::to_owned);
            let path = format!("{key}[{name}]");
            let day = |field| text(row, field).and_then(|day| day.parse::<NaiveDate>().ok());
            let (Some(start), Some(end)) = (day("start"), day("end")) else {
                check.fail(&path, "start and end", "no days");
                continue;
            };
            let got = || Ok(sub(figure(end)?, figure(start)?)?);
            fields(row, &["label", "start", "end"], &path, check, |field| match field {
                "value" => Some(got()),
                _ => None,
            });
        }
    }

    /// What was held at the end of each day, at its cost.
    pub(super) fn invested_cost(&self, rows: &[Value], check: &mut Check) {
        for row in rows {
            let day = text(row, "date").and_then(|day| day.parse::<NaiveDate>().ok());
            let path = format!("invested_cost_by_trade_date[{}]", text(row, "date").unwrap_or("?"));
            let Some(date) = day else {
                check.fail(&path, "a day", row);
                continue;
            };
            fields(row, &["date"], &path, check, |field| match field {
                "cost_basis" | "cost_basis_base" => Some(sum(self.books.rows(date).map(|row| Ok(row.cost_base)))),
                _ => None,
            });
        }
    }
}
