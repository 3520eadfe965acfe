//! Booking by example: each figure is worked out in the comment above it.

mod changes;
mod errors;
pub(crate) mod histories;
mod identity;
mod income;
mod previews;
mod properties;
mod trades;

use rust_decimal::Decimal;

use super::*;
use crate::pricing::FxRates;
use crate::testing::{account, currency, day, instrument, rates, transaction};

const ACME: u128 = 1;
const BOND: u128 = 2;
const APPLE: u128 = 3;

fn instruments() -> Instruments {
    let terms = |name: &str, code, multiplier: &str| {
        InstrumentTerms::new(name.to_owned(), currency(code), multiplier.parse().unwrap()).unwrap()
    };
    Instruments::from([
        (instrument(ACME), terms("ACME", "EUR", "1")),
        (instrument(BOND), terms("Bond 2030", "EUR", "0.01")),
        (instrument(APPLE), terms("Apple", "USD", "1")),
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
