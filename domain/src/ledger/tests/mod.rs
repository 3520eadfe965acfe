//! Booking by example: each figure is worked out in the comment above it.

mod changes;
mod corporate;
mod errors;
pub(crate) mod histories;
mod identity;
mod income;
mod options;
mod pooled;
mod previews;
mod properties;
mod shorts;
mod trades;

use rust_decimal::Decimal;

use super::*;
use crate::pricing::FxRates;
use crate::testing::{account, currency, day, instrument, rates, transaction};

const ACME: u128 = 1;
const BOND: u128 = 2;
const APPLE: u128 = 3;
const CHILD: u128 = 4;
const CALL: u128 = 5;
const PUT: u128 = 6;

fn instruments() -> Instruments {
    let terms = |name: &str, code, multiplier: &str| {
        InstrumentTerms::new(name.to_owned(), currency(code), multiplier.parse().unwrap()).unwrap()
    };
    let option = |name: &str, right| {
        let option = OptionTerms {
            underlying: instrument(ACME),
            right,
            strike: dec!(50),
            units_per_contract: dec!(100),
            expiry: day("2024-03-15"),
        };
        terms(name, "EUR", "100").with_option(option).unwrap()
    };
    Instruments::from([
        (instrument(ACME), terms("ACME", "EUR", "1")),
        (instrument(BOND), terms("Bond 2030", "EUR", "0.01")),
        (instrument(APPLE), terms("Apple", "USD", "1")),
        (instrument(CHILD), terms("Child", "EUR", "1")),
        (instrument(CALL), option("ACME call", OptionRight::Call)),
        (instrument(PUT), option("ACME put", OptionRight::Put)),
    ])
}

fn fx() -> FxRates {
    rates(&[("USD", &[("2024-01-02", "1.25"), ("2024-02-01", "1.00"), ("2024-03-01", "1.20")])])
}

/// Transactions of one account, numbered from 1 in the order they are written.
#[derive(Default)]
struct Ledger(Vec<Transaction>);

impl Ledger {
    fn on(mut self, date: &str, kind: TransactionKind) -> Self {
        let n = self.0.len() + 1;
        self.0.push(Transaction {
            id: transaction(n as u128),
            account: account(1),
            trade_date: day(date),
            settlement_date: None,
            sequence: n as i64,
            kind,
        });
        self
    }

    fn book(&self) -> Result<Booking, LedgerError> {
        self.book_by(LotMethod::Fifo)
    }

    fn book_by(&self, method: LotMethod) -> Result<Booking, LedgerError> {
        self.book_under(&Policy { method, ..Policy::new(currency("EUR")) })
    }

    fn book_under(&self, policy: &Policy) -> Result<Booking, LedgerError> {
        book(policy, &self.0, &[], &instruments(), &fx())
    }
}

fn trade(what: u128, quantity: &str, price: &str, charges: &str) -> Trade {
    let code = if what == APPLE { "USD" } else { "EUR" };
    let trade = Trade::at_price(instrument(what), quantity.parse().unwrap(), price.parse().unwrap(), currency(code));
    Trade { fee: charges.parse().unwrap(), ..trade }
}

fn buy(what: u128, quantity: &str, price: &str, fee: &str) -> TransactionKind {
    TransactionKind::Buy(trade(what, quantity, price, fee))
}

fn sell(what: u128, quantity: &str, price: &str, fee: &str) -> TransactionKind {
    TransactionKind::Sell(trade(what, quantity, price, fee))
}

fn split(numerator: Decimal, denominator: Decimal) -> TransactionKind {
    TransactionKind::Split { instrument: instrument(ACME), numerator, denominator }
}

fn cash(booking: &Booking, code: &str) -> Decimal {
    let row = booking.cash.iter().rfind(|row| row.currency == currency(code));
    row.unwrap().amount
}

/// Opening day, units and cost of each open lot of a holding.
fn open_lots(booking: &Booking, what: u128) -> Vec<(String, Decimal, Decimal)> {
    let open = |lot: &&Lot| lot.instrument == instrument(what) && lot.closed_on.is_none();
    let row = |lot: &Lot| (lot.opened_on.to_string(), lot.quantity_remaining, lot.cost_local);
    booking.lots.iter().filter(open).map(row).collect()
}

/// Units, cost and proceeds of each match.
fn closed(booking: &Booking) -> Vec<(Decimal, Decimal, Decimal)> {
    booking.matches.iter().map(|part| (part.quantity, part.cost_local, part.proceeds_local)).collect()
}

/// The last row of a holding.
fn holding(booking: &Booking, what: u128) -> &PositionPeriod {
    booking.positions.iter().rfind(|row| row.instrument == instrument(what)).unwrap()
}
