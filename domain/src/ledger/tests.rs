//! Booking by example: each figure is worked out in the comment above it.

use rust_decimal::Decimal;

use super::*;
use crate::id::{InstrumentId, TransactionId};
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
    rates(&[(
        "USD",
        &[
            ("2024-01-02", "1.25"),
            ("2024-02-01", "1.00"),
            ("2024-03-01", "1.20"),
        ],
    )])
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
            sequence: n as i64,
            kind,
        });
        self
    }

    fn book(&self) -> Result<Booking, LedgerError> {
        self.book_by(LotMethod::Fifo)
    }

    fn book_by(&self, method: LotMethod) -> Result<Booking, LedgerError> {
        book(currency("EUR"), method, &self.0, &instruments(), &fx())
    }
}

fn trade(what: u128, quantity: &str, price: &str, charges: &str) -> Trade {
    let id: InstrumentId = instrument(what);
    Trade {
        instrument: id,
        quantity: quantity.parse().unwrap(),
        price: price.parse().unwrap(),
        fee: charges.parse().unwrap(),
        tax: Decimal::ZERO,
        currency: if what == APPLE {
            currency("USD")
        } else {
            currency("EUR")
        },
        settlement: None,
    }
}

fn buy(what: u128, quantity: &str, price: &str, fee: &str) -> TransactionKind {
    TransactionKind::Buy(trade(what, quantity, price, fee))
}

fn sell(what: u128, quantity: &str, price: &str, fee: &str) -> TransactionKind {
    TransactionKind::Sell(trade(what, quantity, price, fee))
}

fn split(numerator: Decimal, denominator: Decimal) -> TransactionKind {
    TransactionKind::Split {
        instrument: instrument(ACME),
        numerator,
        denominator,
    }
}

fn cash(booking: &Booking, code: &str) -> Decimal {
    let rows = booking
        .cash
        .iter()
        .filter(|row| row.currency == currency(code));
    rows.last().unwrap().amount
}

#[test]
fn a_sale_uses_the_oldest_lot_first_and_splits_its_cost_exactly() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "3", "100", "1"))
        .on("2024-01-03", buy(ACME, "10", "110", "0"))
        .on("2024-03-01", sell(ACME, "1", "120", "0"))
        .on("2024-03-04", sell(ACME, "4", "130", "2"))
        .book()
        .unwrap();
    let [first, second, third] = booking.matches.as_slice() else {
        panic!("{:?}", booking.matches)
    };
    // 301 ÷ 3 = 100.333333333333 to the money scale; the rest of the lot keeps 200.666666666667.
    assert_eq!(
        (first.lot, first.cost_local),
        (transaction(1), dec!(100.333333333333))
    );
    assert_eq!(
        (second.lot, second.quantity, second.cost_local),
        (transaction(1), dec!(2), dec!(200.666666666667))
    );
    // Two of the 110s. Proceeds 4 × 130 − 2 = 518, half for each part.
    assert_eq!(
        (third.lot, third.quantity, third.cost_local),
        (transaction(2), dec!(2), dec!(220))
    );
    assert_eq!(
        (second.proceeds_local, third.proceeds_local),
        (dec!(259), dec!(259))
    );
    let last = booking.positions.last().unwrap();
    // Realised 120 + 518 − 301 − 220 = 117; left 8 × 110 = 880.
    assert_eq!(
        (last.quantity, last.cost_local, last.realized_local),
        (dec!(8), dec!(880), dec!(117))
    );
    // Only the one fee on the purchase and the one on the sale: 1 + 2, both inside cost and proceeds.
    assert_eq!((last.fees_base, last.expensed_base), (dec!(3), dec!(0)));
    assert_eq!(
        booking.lots.first().unwrap().closed_on,
        Some(day("2024-03-04"))
    );
    // −301 − 1100 + 120 + 518
    assert_eq!(cash(&booking, "EUR"), dec!(-763));
}

#[test]
fn the_method_chooses_the_lot() {
    let ledger = Ledger::default()
        .on("2024-01-02", buy(ACME, "1", "100", "0"))
        .on("2024-01-03", buy(ACME, "1", "300", "0"))
        .on("2024-01-04", buy(ACME, "1", "200", "0"))
        .on("2024-01-05", buy(ACME, "1", "300", "0"))
        .on("2024-03-01", sell(ACME, "2", "250", "0"));
    let used = |method| -> Vec<TransactionId> {
        ledger
            .book_by(method)
            .unwrap()
            .matches
            .iter()
            .map(|part| part.lot)
            .collect()
    };
    assert_eq!(used(LotMethod::Fifo), [transaction(1), transaction(2)]);
    assert_eq!(used(LotMethod::Lifo), [transaction(4), transaction(3)]);
    assert_eq!(used(LotMethod::Hifo), [transaction(2), transaction(4)]);
}

#[test]
fn lots_keep_the_rate_of_their_trade_date() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(APPLE, "10", "100", "0"))
        .on("2024-03-01", sell(APPLE, "10", "108", "0"))
        .book()
        .unwrap();
    let last = booking.positions.last().unwrap();
    // Cost 1000 ÷ 1.25 = 800, proceeds 1080 ÷ 1.20 = 900: 80 dollars are 100 euros.
    assert_eq!(
        (last.realized_local, last.realized_base),
        (dec!(80), dec!(100))
    );
    // The row of the closed holding stays.
    assert_eq!(
        (last.quantity, last.cost_base, last.valid_until),
        (dec!(0), dec!(0), None)
    );
}

#[test]
fn a_trade_may_settle_in_another_currency() {
    let mut order = trade(APPLE, "3", "33.335", "0");
    order.settlement = Some(Settlement {
        currency: currency("EUR"),
        rate: dec!(0.9),
    });
    let booking = Ledger::default()
        .on("2024-01-02", TransactionKind::Buy(order))
        .book()
        .unwrap();
    // 100.005 × 0.9 = 90.0045, posted as 90.00; cost keeps the reference rate: 100.005 ÷ 1.25 = 80.004.
    assert_eq!(cash(&booking, "EUR"), dec!(-90));
    let lot = booking.lots.first().unwrap();
    assert_eq!(
        (lot.cost_local, lot.cost_base),
        (dec!(100.005), dec!(80.004))
    );
}

#[test]
fn a_bond_is_quoted_per_hundred_of_face() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(BOND, "5000", "98.5", "0"))
        .book()
        .unwrap();
    // 5000 × 98.5 × 0.01
    assert_eq!(booking.lots.first().unwrap().cost_local, dec!(4925));
}

#[test]
fn a_split_acts_first_and_keeps_cost() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-02-01", sell(ACME, "20", "60", "0"))
        .on("2024-02-01", split(dec!(3), dec!(1)))
        .book()
        .unwrap();
    let lot = booking.lots.first().unwrap();
    // 10 × 3 = 30, of which 20 are sold; a third of 1000 stays.
    assert_eq!(
        (lot.quantity_opened, lot.quantity_remaining),
        (dec!(30), dec!(10))
    );
    assert_eq!(lot.cost_local, dec!(333.333333333333));
    assert_eq!(booking.positions.last().unwrap().quantity, dec!(10));
}

#[test]
fn income_and_charges_are_counted_where_they_belong() {
    let usd = currency("USD");
    let eur = currency("EUR");
    let acme = instrument(ACME);
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on(
            "2024-02-01",
            TransactionKind::Dividend {
                instrument: acme,
                amount: dec!(50),
                withheld: dec!(7.5),
                fee: dec!(0.5),
                currency: usd,
            },
        )
        .on(
            "2024-03-01",
            TransactionKind::Fee {
                amount: dec!(12),
                currency: usd,
                instrument: Some(acme),
            },
        )
        .on(
            "2024-03-01",
            TransactionKind::Fee {
                amount: dec!(3),
                currency: eur,
                instrument: None,
            },
        )
        .on(
            "2024-03-01",
            TransactionKind::Tax {
                amount: dec!(-2),
                currency: eur,
                instrument: None,
            },
        )
        .on(
            "2024-03-01",
            TransactionKind::Interest {
                amount: dec!(-4),
                tax: dec!(0),
                currency: eur,
            },
        )
        .book()
        .unwrap();
    let last = booking.positions.last().unwrap();
    // At 1.00 on 2024-02-01, and 12 ÷ 1.20 = 10 on 2024-03-01.
    assert_eq!(
        (last.income_local, last.income_base, last.withholding_base),
        (dec!(50), dec!(50), dec!(7.5))
    );
    assert_eq!(
        (last.fees_base, last.taxes_base, last.expensed_base),
        (dec!(10.5), dec!(7.5), dec!(18))
    );
    // 50 − 7.5 − 0.5 − 12 = 30 dollars; −1000 − 3 + 2 − 4 euros.
    assert_eq!(
        (cash(&booking, "USD"), cash(&booking, "EUR")),
        (dec!(30), dec!(-1005))
    );
    let euros = booking
        .cash
        .iter()
        .rfind(|row| row.currency == eur)
        .unwrap();
    assert_eq!(
        (euros.fees_base, euros.taxes_base, euros.interest_base),
        (dec!(3), dec!(-2), dec!(-4))
    );
    assert!(booking.flows.is_empty());
}

#[test]
fn deposits_and_conversions_move_cash_and_only_deposits_are_flows() {
    let (usd, eur) = (currency("USD"), currency("EUR"));
    let booking = Ledger::default()
        .on(
            "2024-01-02",
            TransactionKind::Deposit {
                amount: dec!(1000.005),
                currency: usd,
            },
        )
        .on(
            "2024-01-03",
            TransactionKind::FxConversion(FxConversion {
                sold_amount: dec!(500),
                sold_currency: usd,
                bought_amount: dec!(399.5),
                bought_currency: eur,
                fee: dec!(1.25),
            }),
        )
        .on(
            "2024-02-01",
            TransactionKind::Withdrawal {
                amount: dec!(100),
                currency: eur,
            },
        )
        .book()
        .unwrap();
    // 1000.005 is half way and goes to the even cent; 1000 ÷ 1.25 = 800.
    let flows: Vec<_> = booking
        .flows
        .iter()
        .map(|flow| (flow.amount, flow.amount_base))
        .collect();
    assert_eq!(flows, [(dec!(1000), dec!(800)), (dec!(-100), dec!(-100))]);
    // 1000 − 500 − 1.25, and 399.5 − 100.
    assert_eq!(
        (cash(&booking, "USD"), cash(&booking, "EUR")),
        (dec!(498.75), dec!(299.5))
    );
}

#[test]
fn periods_are_end_of_day_and_meet() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-01-02", sell(ACME, "4", "100", "0"))
        .on("2024-02-01", buy(ACME, "1", "100", "0"))
        .book()
        .unwrap();
    let rows: Vec<_> = booking
        .positions
        .iter()
        .map(|row| (row.valid_from, row.valid_until, row.quantity))
        .collect();
    let (first, second) = (day("2024-01-02"), day("2024-02-01"));
    assert_eq!(
        rows,
        [(first, Some(second), dec!(6)), (second, None, dec!(7))]
    );
}

#[test]
fn selling_more_than_is_held_carries_the_numbers() {
    let error = Ledger::default()
        .on("2024-02-01", buy(ACME, "4", "100", "0"))
        .on("2024-03-01", sell(ACME, "10", "100", "0"))
        .book()
        .unwrap_err();
    assert_eq!(error.to_string(), "sells 10, holds 4 on 2024-03-01 (ACME)");
    assert_eq!(error.transaction(), transaction(2));
}

#[test]
fn each_broken_rule_has_its_own_error() {
    let error = |kind| {
        Ledger::default()
            .on("2024-01-02", kind)
            .book()
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(buy(ACME, "0", "1", "0")),
        "a quantity of 0 on 2024-01-02: it must be above zero"
    );
    assert_eq!(
        error(buy(ACME, "1", "-1", "0")),
        "a price of -1 on 2024-01-02: it must not be below zero"
    );
    assert_eq!(
        error(buy(ACME, "1", "1", "-2")),
        "fee of -2 on 2024-01-02: it must be zero or more"
    );
    assert_eq!(
        error(TransactionKind::Deposit {
            amount: dec!(-5),
            currency: currency("EUR")
        }),
        "amount of -5 on 2024-01-02: it must be above zero"
    );
    assert_eq!(
        error(split(dec!(0), dec!(1))),
        "a split of 0 for 1 on 2024-01-02: both must be above zero"
    );
    assert!(error(buy(9, "1", "1", "0")).ends_with("is unknown"));
    let mut wrong = trade(APPLE, "1", "1", "0");
    wrong.currency = currency("EUR");
    assert_eq!(
        error(TransactionKind::Buy(wrong)),
        "trades Apple in EUR on 2024-01-02: it is quoted in USD"
    );
    let chf = currency("CHF");
    assert_eq!(
        error(TransactionKind::Deposit {
            amount: dec!(5),
            currency: chf
        }),
        "no CHF rate for 2024-01-02: there is no observation"
    );
    let same = FxConversion {
        sold_amount: dec!(1),
        sold_currency: chf,
        bought_amount: dec!(1),
        bought_currency: chf,
        fee: dec!(0),
    };
    assert_eq!(
        error(TransactionKind::FxConversion(same)),
        "converts CHF to itself on 2024-01-02"
    );
    let huge = "70000000000000000000000000000";
    assert!(error(buy(ACME, huge, huge, "0")).ends_with("is too large for an exact decimal"));
}

#[test]
fn a_multiplier_is_above_zero() {
    let error = InstrumentTerms::new("ACME".to_owned(), currency("EUR"), dec!(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the price multiplier of ACME is 0: it must be above zero"
    );
}
