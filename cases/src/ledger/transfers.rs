//! Transfers of a case: two with one group are one move between accounts, one alone crosses the border of the portfolio.

use domain::ledger::TransactionKind;
use rust_decimal::Decimal;

use super::names::number;
use super::reader::{Mapped, Reader};
use super::transaction::{Entry, Type};
use crate::problem::Problem;

impl Reader<'_> {
    /// The entries of a transfer. Of a pair the leg that goes out stands for both.
    pub(super) fn transfer(&mut self, at: usize, mapped: &mut Mapped) -> Result<(), Problem> {
        let inputs = self.inputs;
        let entry = &inputs.transactions[at];
        let Some(other) = self.other_leg(at) else { return self.external(at, mapped) };
        let (account, currency) = (self.account(entry), self.currency(entry)?);
        let other = &inputs.transactions[other];
        if entry.symbol.is_none() && other.symbol.is_none() {
            return self.cash_leg(at, other, mapped);
        }
        // The pair's charges belong to no move of units.
        self.side(at, account, entry.fee(), false, currency, mapped)?;
        self.side(at, account, entry.tax(), true, currency, mapped)?;
        let to = self.account(other);
        if entry.kind == Type::TransferIn || to == account {
            return Ok(());
        }
        let symbol = entry.symbol.as_deref().or(other.symbol.as_deref());
        let instrument = symbol.and_then(|symbol| self.instrument(symbol));
        let instrument = instrument.ok_or_else(|| Problem::Input("a transfer of nothing".to_owned()))?;
        let quantity = if entry.quantity().is_zero() { other.quantity() } else { entry.quantity() };
        if quantity.is_zero() {
            return Ok(());
        }
        let lots = self.picks(entry);
        self.push(at, account, TransactionKind::Transfer { instrument, quantity, to, lots }, mapped)
    }

    /// One leg of cash that moves between accounts. What arrives may be another amount in another currency, so each leg
    /// moves cash on its own, and neither is a contribution.
    fn cash_leg(&mut self, at: usize, other: &Entry, mapped: &mut Mapped) -> Result<(), Problem> {
        let entry = &self.inputs.transactions[at];
        let (account, currency) = (self.account(entry), self.currency(entry)?);
        let given = |leg: &Entry| leg.signed_amount().map(|amount| amount.abs());
        let amount = given(entry).or_else(|| given(other)).unwrap_or(Decimal::ZERO);
        self.side(at, account, entry.tax(), true, currency, mapped)?;
        if let Some(kind) = self.cash(entry, amount, currency)? {
            mapped.internal.insert(number(at).into());
            self.push(at, account, kind, mapped)?;
        }
        Ok(())
    }

    fn external(&mut self, at: usize, mapped: &mut Mapped) -> Result<(), Problem> {
        let entry = &self.inputs.transactions[at];
        let (account, currency) = (self.account(entry), self.currency(entry)?);
        let Some(symbol) = &entry.symbol else {
            self.side(at, account, entry.tax(), true, currency, mapped)?;
            let amount = entry.signed_amount().unwrap_or(Decimal::ZERO).abs();
            return match self.cash(entry, amount, currency)? {
                Some(kind) => self.push(at, account, kind, mapped),
                None => Ok(()),
            };
        };
        if entry.quantity().is_zero() {
            return Ok(());
        }
        let kind = if entry.kind == Type::TransferIn {
            TransactionKind::TransferIn { trade: self.trade(entry, currency)?, opened_on: None }
        } else {
            self.side(at, account, entry.tax(), true, currency, mapped)?;
            let instrument = self.instrument(symbol);
            let instrument = instrument.ok_or_else(|| Problem::Input(format!("{symbol} is unknown")))?;
            let (quantity, fee, lots) = (entry.quantity(), entry.fee(), self.picks(entry));
            let multiplier = self.instruments.get(&instrument).map_or(Decimal::ONE, |terms| terms.multiplier());
            let stated = entry.signed_amount().or_else(|| entry.price().map(|price| price * quantity * multiplier));
            if let Some(worth) = stated {
                mapped.worth.insert(number(at).into(), (worth.abs(), currency));
            }
            TransactionKind::TransferOut { instrument, quantity, fee, currency, lots }
        };
        self.push(at, account, kind, mapped)
    }

    /// The transfer of the same group in the other direction. Of several the legs pair up in their order.
    fn other_leg(&self, at: usize) -> Option<usize> {
        let entry = &self.inputs.transactions[at];
        let group = entry.group.as_deref()?;
        let legs = |kind: Type| {
            let legs = self.inputs.transactions.iter().enumerate();
            legs.filter(move |(_, leg)| leg.kind == kind && leg.group.as_deref() == Some(group)).map(|(at, _)| at)
        };
        let opposite = if entry.kind == Type::TransferIn { Type::TransferOut } else { Type::TransferIn };
        let place = legs(entry.kind).position(|leg| leg == at)?;
        legs(opposite).nth(place)
    }
}
