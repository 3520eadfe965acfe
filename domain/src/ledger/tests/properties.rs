//! What holds for every ledger, whatever is in it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::*;
use crate::money::round_to_minor;
use crate::pricing::FxRates;
use crate::testing::{account, currency, day, instrument, rates, transaction};

/// Shares in euros, in dollars, and a bond quoted per 100.
fn instruments() -> Instruments {
    let rows = [("EUR", "1"), ("USD", "1"), ("USD", "0.01")];
    let terms = |(n, (code, multiplier)): (usize, (&str, &str))| {
        let terms = InstrumentTerms::new(format!("I{n}"), currency(code), multiplier.parse().unwrap());
        (instrument(n as u128), terms.unwrap())
    };
    rows.into_iter().enumerate().map(terms).collect()
}

fn fx() -> FxRates {
    let rows: Vec<(String, String)> = day("2024-01-01")
        .iter_days()
        .take(60)
        .enumerate()
        .map(|(n, date)| (date.to_string(), format!("1.{:02}", 5 + n % 17)))
        .collect();
    let rows: Vec<(&str, &str)> = rows.iter().map(|(date, rate)| (date.as_str(), rate.as_str())).collect();
    rates(&[("USD", &rows)])
}

/// A trade in one of two accounts: day, account, instrument, quantity (below zero sold), price, fee.
type Step = (u8, u8, u8, i32, u32, u16);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..50_u8, 0..2_u8, 0..3_u8, -5_000..5_000_i32, 0..1_000_000_u32, 0..500_u16), 1..60)
}

/// Turns steps into transactions, leaving out what would sell more than is held.
fn transactions(mut steps: Vec<Step>) -> Vec<Transaction> {
    steps.sort_by_key(|step| step.0);
    let mut held: BTreeMap<(u8, u8), i32> = BTreeMap::new();
    let mut entries = Vec::new();
    for (n, (at, place, what, quantity, price, fee)) in steps.into_iter().enumerate() {
        let held = held.entry((place, what)).or_default();
        if quantity == 0 || *held + quantity < 0 {
            continue;
        }
        *held += quantity;
        let code = if what == 0 { "EUR" } else { "USD" };
        let (units, price) = (Decimal::new(quantity.abs().into(), 3), Decimal::new(price.into(), 4));
        let trade = Trade {
            fee: Decimal::new(fee.into(), 2),
            ..Trade::at_price(instrument(what.into()), units, price, currency(code))
        };
        entries.push(Transaction {
            id: transaction(n as u128),
            account: account(place.into()),
            trade_date: day("2024-01-01") + chrono::Days::new(at.into()),
            settlement_date: None,
            sequence: n as i64,
            kind: if quantity > 0 { TransactionKind::Buy(trade) } else { TransactionKind::Sell(trade) },
        });
    }
    entries
}

fn booked(entries: &[Transaction], method: LotMethod) -> Booking {
    book(&Policy { method, ..Policy::new(currency("EUR")) }, entries, &[], &instruments(), &fx()).unwrap()
}

fn method() -> impl Strategy<Value = LotMethod> {
    prop::sample::select(vec![LotMethod::Fifo, LotMethod::Lifo, LotMethod::Hifo, LotMethod::Lofo, LotMethod::Average])
}

fn split(id: u128, date: &str, numerator: i64, denominator: i64) -> impl Fn(usize) -> Transaction {
    let date = day(date);
    move |what| Transaction {
        id: transaction(id + what as u128),
        account: account(what as u128 % 2),
        trade_date: date,
        settlement_date: None,
        sequence: 0,
        kind: TransactionKind::Split {
            instrument: instrument(what as u128 / 2),
            numerator: numerator.into(),
            denominator: denominator.into(),
        },
    }
}

proptest! {
    #[test]
    fn open_lots_sum_to_the_position_and_parts_to_the_whole(steps in steps(), method in method()) {
        let entries = transactions(steps);
        let booking = booked(&entries, method);
        for row in booking.positions.iter().filter(|row| row.valid_until.is_none()) {
            let lots = || booking.lots.iter().filter(|lot| (lot.account, lot.instrument) == (row.account, row.instrument));
            let parts = || booking.matches.iter().filter(|part| (part.account, part.instrument) == (row.account, row.instrument));
            prop_assert_eq!(lots().map(|lot| lot.quantity_remaining).sum::<Decimal>(), row.quantity);
            prop_assert_eq!(lots().map(|lot| lot.cost_local).sum::<Decimal>(), row.cost_local);
            prop_assert_eq!(lots().map(|lot| lot.cost_base).sum::<Decimal>(), row.cost_base);
            let gain = parts().map(|part| part.proceeds_base - part.cost_base).sum::<Decimal>();
            prop_assert_eq!(gain, row.realized_base);
            let opened = lots().map(|lot| lot.quantity_opened).sum::<Decimal>();
            prop_assert_eq!(opened - parts().map(|part| part.quantity).sum::<Decimal>(), row.quantity);
        }
    }

    #[test]
    fn cash_is_the_sum_of_the_rounded_legs(steps in steps()) {
        let entries = transactions(steps);
        let instruments = instruments();
        let mut expected: BTreeMap<_, Decimal> = BTreeMap::new();
        for entry in &entries {
            let (trade, sign) = match &entry.kind {
                TransactionKind::Buy(trade) => (trade, -Decimal::ONE),
                TransactionKind::Sell(trade) => (trade, Decimal::ONE),
                _ => continue,
            };
            let gross = trade.quantity * trade.price().unwrap() * instruments[&trade.instrument].multiplier();
            let leg = round_to_minor(sign * gross - trade.fee, trade.currency);
            *expected.entry((entry.account, trade.currency)).or_default() += leg;
        }
        let booking = booked(&entries, LotMethod::Fifo);
        let balances: BTreeMap<_, Decimal> = booking.cash.iter()
            .filter(|row| row.valid_until.is_none())
            .map(|row| ((row.account, row.currency), row.amount))
            .collect();
        prop_assert_eq!(balances, expected);
    }

    #[test]
    fn realised_gain_and_open_cost_account_for_every_leg(steps in steps(), method in method()) {
        // Σ proceeds − Σ cost of everything bought = realised − cost still open, in local money.
        let entries = transactions(steps);
        let booking = booked(&entries, method);
        let other = booked(&entries, LotMethod::Fifo);
        let net = |booking: &Booking| -> Decimal {
            let open = booking.positions.iter().filter(|row| row.valid_until.is_none());
            open.map(|row| row.realized_local - row.cost_local).sum()
        };
        prop_assert_eq!(net(&booking), net(&other));
    }

    #[test]
    fn a_split_and_its_inverse_change_nothing(steps in steps(), ratio in 2..20_i64) {
        let entries = transactions(steps);
        let mut with_splits = entries.clone();
        with_splits.extend((0..6).map(split(1000, "2024-01-20", ratio, 1)));
        with_splits.extend((0..6).map(split(2000, "2024-01-20", 1, ratio)));
        let (plain, split) = (booked(&entries, LotMethod::Fifo), booked(&with_splits, LotMethod::Fifo));
        prop_assert_eq!(plain.lots, split.lots);
        prop_assert_eq!(plain.matches, split.matches);
        prop_assert_eq!(plain.cash, split.cash);
    }

    #[test]
    fn the_order_of_independent_entries_of_a_day_changes_nothing(steps in steps(), offsets in prop::array::uniform3(0..3_i64)) {
        let entries = transactions(steps);
        // Entries of one instrument keep their order; whole instruments move before or after others, and the list turns.
        let mut moved: Vec<Transaction> = entries.iter().rev().cloned().collect();
        for entry in &mut moved {
            if let TransactionKind::Buy(trade) | TransactionKind::Sell(trade) = &entry.kind {
                let what = trade.instrument.uuid().as_u128() as usize;
                entry.sequence += 10_000 * offsets[what];
            }
        }
        prop_assert_eq!(booked(&entries, LotMethod::Fifo), booked(&moved, LotMethod::Fifo));
    }
}
