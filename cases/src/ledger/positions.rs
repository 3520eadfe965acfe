//! `positions` and `cash`: what was held at the end of a day.

use domain::id::{AccountId, InstrumentId};
use domain::ledger::PositionPeriod;
use rust_decimal::Decimal;
use serde_json::Value;

use super::books::sum;
use super::names::currency;
use super::rows::{fields, per_unit};
use super::{Ledger, text};
use crate::check::Check;
use crate::problem::Problem;

impl Ledger<'_> {
    pub(super) fn positions(&self, rows: &[Value], check: &mut Check) {
        for row in rows {
            let Some(symbol) = text(row, "symbol") else {
                check.fail("positions", "a symbol", row);
                continue;
            };
            let account = text(row, "account");
            let path = match account {
                Some(account) => format!("positions[{symbol}, {account}]"),
                None => format!("positions[{symbol}]"),
            };
            let account = match self.account(account, &path, check) {
                Ok(account) => account,
                Err(()) => continue,
            };
            let instrument = self.world.symbols.known(symbol).map(InstrumentId::from);
            if let (Some(expected), Some(instrument)) = (row.get("currency"), instrument) {
                check.text(&format!("{path}.currency"), expected, self.books.currency(instrument).as_str());
            }
            let held: Vec<_> = self
                .books
                .rows(self.as_of)
                .filter(|row| Some(row.instrument) == instrument && account.is_none_or(|id| id == row.account))
                .collect();
            fields(row, &["symbol", "account", "currency"], &path, check, |field| {
                self.position(field, &held, instrument, account)
            });
        }
    }

    /// The account that a row names. Where lots of all accounts stand in one, nothing is known of one of them.
    fn account(&self, name: Option<&str>, path: &str, check: &mut Check) -> Result<Option<AccountId>, ()> {
        let Some(name) = name else { return Ok(None) };
        if !self.world.merged.is_empty() && self.world.accounts.len() > 1 {
            check.fail(path, "figures of an account", "none: sales take units of any account");
            return Err(());
        }
        // An account without a transaction holds nothing.
        Ok(Some(self.world.accounts.known(name).unwrap_or(uuid::Uuid::max()).into()))
    }

    fn position(
        &self,
        field: &str,
        held: &[&PositionPeriod],
        instrument: Option<InstrumentId>,
        account: Option<AccountId>,
    ) -> Option<Result<Decimal, Problem>> {
        let books = &self.books;
        let total = |figure: fn(&PositionPeriod) -> Decimal| sum(held.iter().map(|row| Ok(figure(row))));
        let quantity = || total(|row| row.quantity);
        let worth = |base: bool| {
            let valued = books.valued(self.as_of)?;
            sum(held.iter().map(|row| {
                let (local, in_base) = valued.worth(books, row)?;
                Ok(if base { in_base } else { local })
            }))
        };
        let gain = |base: bool| {
            let cost = if base { total(|row| row.cost_base) } else { total(|row| row.cost_local) };
            Ok(domain::money::sub(worth(base)?, cost?)?)
        };
        Some(match field {
            "quantity" => quantity(),
            "cost_basis" => total(|row| row.cost_local),
            "cost_basis_base" => total(|row| row.cost_base),
            "average_cost" => total(|row| row.cost_local).and_then(|cost| per_unit(cost, quantity()?)),
            "average_cost_base" => total(|row| row.cost_base).and_then(|cost| per_unit(cost, quantity()?)),
            "market_price" => match instrument {
                Some(instrument) => books.price(instrument, self.as_of),
                None => Ok(Decimal::ZERO),
            },
            "market_value" => worth(false),
            "market_value_base" => worth(true),
            "unrealized_gain" => gain(false),
            "unrealized_gain_base" => gain(true),
            "realized_gain" => total(|row| row.realized_local),
            "realized_gain_base" => total(|row| row.realized_base),
            "lot_count" => self.open_lots().map(|lots| {
                let here = |lot: &&super::lots::Open| {
                    Some(lot.instrument) == instrument && account.is_none_or(|id| id == lot.account)
                };
                lots.iter().filter(here).count().into()
            }),
            _ => return None,
        })
    }

    pub(super) fn cash(&self, rows: &[Value], check: &mut Check) {
        for row in rows {
            let code = text(row, "currency").unwrap_or_default();
            let account = text(row, "account");
            let path = match account {
                Some(account) => format!("cash[{code}, {account}]"),
                None => format!("cash[{code}]"),
            };
            let Ok(account) = self.account(account, &path, check) else { continue };
            let currency = match currency(code) {
                Ok(currency) => currency,
                Err(problem) => {
                    check.fail(&path, code, problem);
                    continue;
                }
            };
            let held = |row: &&domain::ledger::CashPeriod| {
                row.currency == currency && account.is_none_or(|id| id == row.account)
            };
            let balances = || self.books.cash(self.as_of).filter(held);
            fields(row, &["currency", "account"], &path, check, |field| match field {
                "amount" => Some(sum(balances().map(|row| Ok(row.amount)))),
                "amount_base" => {
                    Some(sum(balances().map(|row| self.books.to_base(row.amount, row.currency, self.as_of))))
                }
                _ => None,
            });
        }
    }
}
