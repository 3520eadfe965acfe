//! What a transaction says about its units: what they are worth, at which rate, and which lots they are of.

use domain::id::TransactionId;
use domain::ledger::{Conversion, LotPick, Trade, TradeValue};
use domain::money::Currency;
use rust_decimal::Decimal;

use super::names::{currency, number};
use super::reader::Reader;
use super::transaction::Entry;
use crate::problem::Problem;

/// Decimals to which a lot's cost is compared with the one that a case names.
const PICKED_DECIMALS: u32 = 8;

impl Reader<'_> {
    /// What is traded or delivered, at its total where the case states one, at its price where not, else for nothing.
    pub(super) fn trade(&self, entry: &Entry, currency: Currency) -> Result<Trade, Problem> {
        let symbol = entry.symbol.as_deref().and_then(|symbol| self.instrument(symbol));
        let instrument = symbol.ok_or_else(|| Problem::Input("a trade without a symbol".to_owned()))?;
        let value = match entry.signed_amount() {
            Some(amount) => TradeValue::Total(amount.abs()),
            None => TradeValue::Price(entry.price().unwrap_or(Decimal::ZERO)),
        };
        let mut trade = Trade::at_price(instrument, entry.quantity(), Decimal::ZERO, currency);
        (trade.value, trade.fee, trade.tax) = (value, entry.fee(), entry.tax());
        trade.conversion = self.conversion(entry, currency)?;
        trade.lots = self.picks(entry);
        Ok(trade)
    }

    pub(super) fn conversion(&self, entry: &Entry, from: Currency) -> Result<Option<Conversion>, Problem> {
        let Some(rate) = entry.fx_rate() else { return Ok(None) };
        let to = match &entry.fx_to {
            Some(code) => currency(code)?,
            None => self.account_currency(entry)?,
        };
        Ok((to != from).then_some(Conversion { currency: to, rate }))
    }

    /// The lot that the case names. A filter that says nothing leaves it to the method.
    pub(super) fn picks(&self, entry: &Entry) -> Vec<LotPick> {
        let Some(filter) = &entry.lot_filter else { return Vec::new() };
        let pick = LotPick {
            // A lot that no transaction opened is none that is held.
            lot: filter.lot_id.as_deref().map(|id| self.by_id(id).unwrap_or(uuid::Uuid::max().into())),
            opened_on: filter.date,
            unit_cost: filter.unit_cost.map(|cost| exactly(cost.0)),
            quantity: None,
        };
        if pick == LotPick::default() { Vec::new() } else { vec![pick] }
    }

    fn by_id(&self, id: &str) -> Option<TransactionId> {
        let at = self.inputs.transactions.iter().position(|entry| entry.id.as_deref() == Some(id));
        at.map(|at| number(at).into())
    }
}

/// A cost that is meant to the last digit, which a pick of few decimals would not be.
fn exactly(cost: Decimal) -> Decimal {
    let mut cost = cost;
    cost.rescale(cost.scale().max(PICKED_DECIMALS));
    cost
}
