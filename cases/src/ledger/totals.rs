//! `totals`, the bare keys beside it, and `ratios`.

use chrono::NaiveDate;
use domain::ledger::LotMethod;
use domain::money::{div, sub};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::asked::{Asked, View};
use super::books::{Books, sum};
use super::gains::performance;
use super::{Ledger, below};
use crate::check::Check;
use crate::problem::Problem;

/// A measure that the product has, or has not.
type Measure = Option<Result<Decimal, Problem>>;

impl Ledger<'_> {
    pub(super) fn totals(&self, prefix: &str, expected: &Map<String, Value>, check: &mut Check) {
        for (key, value) in expected {
            self.total(&below(prefix, key), key, value, check);
        }
    }

    /// Compares one total.
    pub(super) fn total(&self, path: &str, key: &str, expected: &Value, check: &mut Check) {
        let asked = Asked::read(key);
        match self.measure(asked) {
            Some(got) => check.number(asked.weight(), path, expected, got),
            None => check.unknown(asked.weight(), path, expected),
        }
    }

    fn measure(&self, asked: Asked<'_>) -> Measure {
        if let Some(method) = asked.method {
            return self.by_method(asked, method);
        }
        let (books, date) = (&self.books, self.as_of);
        if asked.currency_part {
            return match asked.name {
                _ if asked.percent || asked.view != View::Own => None,
                "realized_gain" => Some(books.realized_by_rates(date)),
                "unrealized_gain" => Some(books.unrealized_by_rates(date)),
                _ => None,
            };
        }
        if asked.percent {
            let performance = self.measure(Asked { percent: false, ..asked })?;
            let investment = books.time_weighted_investment(asked.view, date);
            let is_performance = matches!(asked.name, "gross_performance" | "net_performance");
            return is_performance.then(|| Ok(div(performance?, investment?)?));
        }
        match asked.name {
            "realized_gain" => Some(books.realized(asked.view, date)),
            "unrealized_gain" => Some(books.unrealized(asked.view, date)),
            "realized_plus_unrealized" => {
                Some(sum([books.realized(asked.view, date), books.unrealized(asked.view, date)]))
            }
            "gross_performance" => Some(performance(self.world, false, asked.view, date)),
            "net_performance" => Some(performance(self.world, true, asked.view, date)),
            "time_weighted_investment" => Some(books.time_weighted_investment(asked.view, date)),
            "cost_basis" => Some(self.cost(asked.view)),
            name => match asked.view {
                // The final rate is that of values alone: nothing keeps what charges were in their own currency.
                View::Final | View::History if name != "market_value" => None,
                _ => books.plain(name, date),
            },
        }
    }

    fn by_method(&self, asked: Asked<'_>, method: LotMethod) -> Measure {
        let world = self.world.under(|policy| policy.method = method);
        let other = match world.book(None) {
            Ok(books) => Ledger { world: &world, books, as_of: self.as_of, inputs: self.inputs },
            Err(problem) => return Some(Err(problem)),
        };
        other.measure(Asked { method: None, ..asked })
    }

    /// What the open lots cost: at the day's rates, or at those of the trade dates. Where a period is given, what was held
    /// before it counts at what it was worth then.
    fn cost(&self, view: View) -> Result<Decimal, Problem> {
        let since_opening = match self.inputs.period {
            Some(period) => Some(self.since_opening(period.start)?),
            None => None,
        };
        let own = since_opening.as_ref().map(|world| world.book(None)).transpose()?;
        own.as_ref().unwrap_or(&self.books).cost(view, self.as_of)
    }

    /// `ratios`: dividends of the period (of all time where there is none) for what is held at its cost.
    pub(super) fn ratios(&self, expected: &Map<String, Value>, check: &mut Check) {
        for (key, value) in expected {
            let path = below("ratios", key);
            if key != "dividend_yield_on_cost" {
                check.unknown(Asked::read(key).weight(), &path, value);
                continue;
            }
            let dividends = || {
                let total = self.books.dividends(self.as_of)?;
                let before = self.inputs.period.map(|period| self.books.dividends(period.start)).transpose()?;
                Ok::<_, Problem>(sub(total, before.unwrap_or_default())?)
            };
            let got = dividends().and_then(|dividends| Ok(div(dividends, self.cost(View::Own)?)?));
            check.number(Asked::read(key).weight(), &path, value, got);
        }
    }
}

impl Books<'_> {
    pub(super) fn cost(&self, view: View, date: NaiveDate) -> Result<Decimal, Problem> {
        sum(self.rows(date).map(|row| match view {
            View::Own | View::Final => self.to_base(row.cost_local, self.currency(row.instrument), date),
            View::TradeDates | View::History => Ok(row.cost_base),
        }))
    }

    pub(super) fn dividends(&self, date: NaiveDate) -> Result<Decimal, Problem> {
        sum(self.rows(date).map(|row| Ok(row.income_base)))
    }

    pub(super) fn interest(&self, date: NaiveDate) -> Result<Decimal, Problem> {
        sum(self.cash(date).map(|row| Ok(row.interest_base)))
    }

    pub(super) fn fees(&self, date: NaiveDate) -> Result<Decimal, Problem> {
        sum(self.rows(date).map(|row| Ok(row.fees_base)).chain(self.cash(date).map(|row| Ok(row.fees_base))))
    }

    pub(super) fn taxes(&self, date: NaiveDate) -> Result<Decimal, Problem> {
        sum(self.rows(date).map(|row| Ok(row.taxes_base)).chain(self.cash(date).map(|row| Ok(row.taxes_base))))
    }

    /// External inflows minus outflows at each flow's rate; units at what they cost.
    pub(super) fn contributed(&self, date: NaiveDate) -> Result<Decimal, Problem> {
        sum(self.flows(date).map(|flow| Ok(flow.in_kind.map_or(flow.amount_base, |units| units.cost_base))))
    }

    /// Totals that no rate but the schema's makes another figure of.
    fn plain(&self, name: &str, date: NaiveDate) -> Measure {
        let cash = || sum(self.cash(date).map(|row| self.to_base(row.amount, row.currency, date)));
        Some(match name {
            "market_value" => {
                self.valued(date).and_then(|valued| sum(self.rows(date).map(|row| Ok(valued.worth(self, row)?.1))))
            }
            "cash_total" => cash(),
            "total_value" => self.valued(date).and_then(|valued| valued.total(self)),
            "fees" => self.fees(date),
            "taxes" => self.taxes(date),
            "dividends" => self.dividends(date),
            "interest" => self.interest(date),
            "net_contribution" | "contributed_base_hist" => self.contributed(date),
            "currency_gain" => self.currency_gain(date),
            _ => return None,
        })
    }
}
