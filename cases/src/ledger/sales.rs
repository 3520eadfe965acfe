//! `matches`, `realized_by_sale` and what was sold without being there.

use std::collections::BTreeSet;

use domain::ledger::LotMatch;
use domain::money::sub;
use rust_decimal::Decimal;
use serde_json::Value;

use super::books::sum;
use super::rows::{fields, per_unit};
use super::{Ledger, text};
use crate::check::{Check, Weight};
use crate::problem::Problem;

impl Ledger<'_> {
    fn closed(&self) -> impl Iterator<Item = &LotMatch> {
        self.books.booking.matches.iter().filter(|part| part.closed_on <= self.as_of)
    }

    fn ids<'p>(&'p self, part: &LotMatch) -> (&'p str, &'p str) {
        (self.world.id(part.sale), part.lot.map_or("", |lot| self.world.id(lot)))
    }

    /// Every row is what a sale took of a lot, and all that sales took has its row. A lot in parts is summed.
    pub(super) fn matches(&self, rows: &[Value], check: &mut Check) {
        let taken: Vec<&LotMatch> =
            self.closed().filter(|part| part.lot.is_some() && !part.quantity.is_zero()).collect();
        let mut seen = BTreeSet::new();
        for row in rows {
            let key = (text(row, "sell").unwrap_or_default(), text(row, "lot").unwrap_or_default());
            let path = format!("matches[{}, {}]", key.0, key.1);
            seen.insert(key);
            let here = || taken.iter().filter(|part| self.ids(part) == key);
            if here().next().is_none() {
                check.fail(&path, row, "no such match");
                continue;
            }
            // Several rows of one pair are its parts.
            let twins =
                rows.iter().filter(|twin| text(twin, "sell") == Some(key.0) && text(twin, "lot") == Some(key.1));
            let total = |figure: fn(&LotMatch) -> Decimal| here().map(|part| figure(part)).sum::<Decimal>();
            // Of a short lot units and cost are below zero; which side closed is known by the sale.
            let quantity = total(|part| part.quantity).abs();
            if twins.clone().count() > 1 {
                let units = twins.filter_map(|twin| twin.get("quantity").and_then(crate::number::decimal));
                let expected = units.sum::<Decimal>();
                if !check.is_near(expected, quantity) {
                    check.fail(&path, expected, quantity);
                }
                continue;
            }
            let gain = || sub(total(|part| part.proceeds_base), total(|part| part.cost_base));
            fields(row, &["sell", "lot"], &path, check, |field| {
                Some(match field {
                    "quantity" => Ok(quantity),
                    "unit_cost" => per_unit(total(|part| part.cost_local).abs(), quantity),
                    "unit_cost_base" => per_unit(total(|part| part.cost_base).abs(), quantity),
                    "cost_basis" => Ok(total(|part| part.cost_local).abs()),
                    "cost_basis_base" => Ok(total(|part| part.cost_base).abs()),
                    "proceeds" => Ok(total(|part| part.proceeds_local).abs()),
                    "realized_gain" => gain().map_err(Problem::from),
                    _ => return None,
                })
            });
        }
        for part in taken {
            let (sell, lot) = self.ids(part);
            if !seen.contains(&(sell, lot)) {
                check.fail("matches", "nothing more", format!("{sell} took {} of {lot}", part.quantity.normalize()));
            }
        }
    }

    pub(super) fn realized_by_sale(&self, rows: &[Value], check: &mut Check) {
        for row in rows {
            let sell = text(row, "sell").or_else(|| text(row, "id")).unwrap_or_default();
            let path = format!("realized_by_sale[{sell}]");
            if !self.world.ids.values().any(|id| id == sell) {
                check.fail(&path, "a sale", "no transaction of that id");
                continue;
            }
            let total = |figure: fn(&LotMatch) -> Decimal| {
                sum(self.closed().filter(|part| self.ids(part).0 == sell).map(|part| Ok(figure(part))))
            };
            fields(row, &["sell", "id"], &path, check, |field| {
                Some(match field {
                    "realized_gain" | "realized_gain_base" => total(|part| part.proceeds_base - part.cost_base),
                    "realized_gain_local" => total(|part| part.proceeds_local - part.cost_local),
                    "quantity" => total(|part| part.quantity.abs()),
                    "cost_basis" => total(|part| part.cost_local),
                    "cost_basis_base" => total(|part| part.cost_base),
                    "proceeds" => total(|part| part.proceeds_local),
                    "proceeds_base" => total(|part| part.proceeds_base),
                    _ => return None,
                })
            });
        }
    }

    fn missing(&self) -> impl Iterator<Item = &LotMatch> {
        self.closed().filter(|part| part.lot.is_none())
    }

    pub(super) fn missing_quantity(&self, expected: &Value, check: &mut Check) {
        let got = sum(self.missing().map(|part| Ok(part.quantity)));
        check.number(Weight::Asked, "missing_quantity", expected, got);
    }

    /// A list with a row for each sale that lacked units, or how many those are.
    pub(super) fn missing_acquisitions(&self, expected: &Value, check: &mut Check) {
        let Value::Array(rows) = expected else {
            let got = Ok(Decimal::from(self.missing().count()));
            return check.number(Weight::Asked, "missing_acquisitions", expected, got);
        };
        if rows.len() != self.missing().count() {
            check.fail("missing_acquisitions", rows.len(), self.missing().count());
        }
        for (at, row) in rows.iter().enumerate() {
            let sell = row.as_str().or_else(|| text(row, "sell")).or_else(|| text(row, "id"));
            let path = format!("missing_acquisitions[{}]", sell.map_or_else(|| at.to_string(), str::to_owned));
            let is_it = |part: &&LotMatch| {
                sell.is_none_or(|id| self.world.id(part.sale) == id)
                    && text(row, "symbol").is_none_or(|name| self.world.symbols.name(part.instrument.uuid()) == name)
                    && text(row, "date").is_none_or(|date| part.closed_on.to_string() == date)
            };
            let Some(part) =
                self.missing().filter(is_it).nth(if sell.is_some() { 0 } else { at.min(self.earlier(rows, at)) })
            else {
                check.fail(&path, row, "no such sale");
                continue;
            };
            if row.is_string() {
                continue;
            }
            let sold = || sum(self.closed().filter(|other| other.sale == part.sale).map(|other| Ok(other.quantity)));
            fields(row, &["sell", "id", "symbol", "date"], &path, check, |field| {
                Some(match field {
                    "quantity" | "missing" | "missing_quantity" | "missing_amount" => Ok(part.quantity),
                    "found" | "found_quantity" | "found_amount" => {
                        sold().and_then(|sold| Ok(sub(sold, part.quantity)?))
                    }
                    "sold" | "requested" => sold(),
                    _ => return None,
                })
            });
        }
    }

    /// How many rows before this one say the same symbol and day.
    fn earlier(&self, rows: &[Value], at: usize) -> usize {
        let same = |field: &str, other: &Value| rows.get(at).and_then(|row| row.get(field)) == other.get(field);
        rows.iter().take(at).filter(|other| same("symbol", other) && same("date", other)).count()
    }
}
