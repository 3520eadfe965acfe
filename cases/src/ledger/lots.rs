//! `remaining_lots`: what is left of each purchase.

use chrono::NaiveDate;
use domain::id::{AccountId, InstrumentId};
use domain::money::add;
use rust_decimal::Decimal;
use serde_json::Value;

use super::rows::{fields, per_unit};
use super::{Ledger, text};
use crate::check::Check;
use crate::number::plain;
use crate::problem::Problem;

/// What is left of a purchase in an account.
pub(super) struct Open {
    /// What the case calls the purchase.
    id: String,
    pub(super) account: AccountId,
    pub(super) instrument: InstrumentId,
    date: NaiveDate,
    quantity: Decimal,
    cost: Decimal,
    cost_base: Decimal,
}

/// The fields that tell lots apart.
const FOUND_BY: [&str; 4] = ["lot", "account", "symbol", "date"];

impl Ledger<'_> {
    /// The lots that are open at the end of the day, one for each purchase and account.
    pub(super) fn open_lots(&self) -> Result<Vec<Open>, Problem> {
        let world = self.world;
        let books = world.book(Some(self.as_of))?;
        let mut open: Vec<Open> = Vec::new();
        for lot in books.booking.lots.iter().filter(|lot| !lot.quantity_remaining.is_zero()) {
            let account = world.merged.get(&lot.opened_by).copied().unwrap_or(lot.account);
            let id = world.id(lot.opened_by);
            let same = |other: &&mut Open| {
                !id.is_empty() && other.id == id && other.account == account && other.instrument == lot.instrument
            };
            if let Some(other) = open.iter_mut().find(same) {
                other.quantity = add(other.quantity, lot.quantity_remaining)?;
                other.cost = add(other.cost, lot.cost_local)?;
                other.cost_base = add(other.cost_base, lot.cost_base)?;
                continue;
            }
            open.push(Open {
                id: id.to_owned(),
                account,
                instrument: lot.instrument,
                date: lot.opened_on,
                quantity: lot.quantity_remaining,
                cost: lot.cost_local,
                cost_base: lot.cost_base,
            });
        }
        Ok(open)
    }

    /// Every row is a lot, and every lot has its row. A row may sum a purchase over accounts by naming none.
    pub(super) fn remaining_lots(&self, rows: &[Value], check: &mut Check) {
        let mut open = match self.open_lots() {
            Ok(open) => open,
            Err(problem) => return check.fail("remaining_lots", "lots", problem),
        };
        for row in rows {
            let path = format!("remaining_lots[{}]", row.get("lot").map_or("?".to_owned(), plain));
            let is_empty =
                |field| row.get(field).is_some_and(|value| crate::number::decimal(value) == Some(Decimal::ZERO));
            let (mut found, rest): (Vec<Open>, Vec<Open>) = open.into_iter().partition(|lot| self.is_row(lot, row));
            open = rest;
            if row.get("lot").is_none() && found.len() > 1 {
                // Without a name rows are lots in their order.
                open.splice(0..0, found.drain(1..));
            }
            if found.is_empty() && !is_empty("quantity") {
                check.fail(&path, row, "no such lot");
                continue;
            }
            let total = |figure: fn(&Open) -> Decimal| found.iter().map(figure).sum::<Decimal>();
            let quantity = total(|lot| lot.quantity);
            fields(row, &FOUND_BY, &path, check, |field| {
                Some(match field {
                    "quantity" => Ok(quantity),
                    "unit_cost" => per_unit(total(|lot| lot.cost), quantity),
                    "unit_cost_base" => per_unit(total(|lot| lot.cost_base), quantity),
                    "cost_basis" => Ok(total(|lot| lot.cost)),
                    "cost_basis_base" => Ok(total(|lot| lot.cost_base)),
                    _ => return None,
                })
            });
        }
        for lot in open {
            let got = format!("{} of {} ({})", lot.quantity.normalize(), lot.id, lot.date);
            check.fail("remaining_lots", "nothing more", got);
        }
    }

    fn is_row(&self, lot: &Open, row: &Value) -> bool {
        let world = self.world;
        text(row, "lot").is_none_or(|id| id == lot.id)
            && text(row, "account").is_none_or(|name| name == world.accounts.name(lot.account.uuid()))
            && text(row, "symbol").is_none_or(|name| name == world.symbols.name(lot.instrument.uuid()))
            && text(row, "date").is_none_or(|date| date == lot.date.to_string())
    }
}
