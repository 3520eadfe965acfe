//! The identity that ties value, flows, gain, income and charges together, on every day of any history.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::ledger::{
    Booking, CashMovement, InstrumentTerms, Instruments, Policy, Trade, Transaction, TransactionKind, book,
};
use crate::money::round_to_minor;
use crate::pricing::{FxRates, MaxAge, Series};
use crate::testing::{account, currency, day, instrument, transaction};

const DAYS: u64 = 30;

/// One entry in cents: what happens, on which day, how many units, at what price or amount.
type Step = (u8, u64, i64, i64);

fn cents(amount: i64) -> Decimal {
    Decimal::new(amount, 2)
}

fn kind(what: u8, units: i64, amount: i64, held: &mut i64) -> TransactionKind {
    let currency = currency("EUR");
    let instrument = instrument(1);
    let amount = cents(amount);
    let trade = |units: i64| Trade {
        fee: cents(95),
        tax: cents(5),
        ..Trade::at_price(instrument, units.into(), amount, currency)
    };
    match what {
        0 | 1 => {
            *held += units;
            TransactionKind::Buy(trade(units))
        }
        2 if *held > 0 => {
            let units = units.min(*held);
            *held -= units;
            TransactionKind::Sell(trade(units))
        }
        3 => TransactionKind::Dividend { instrument, amount, withheld: cents(15), fee: cents(3), currency },
        4 => TransactionKind::Interest { instrument: None, amount: -amount, tax: cents(2), currency },
        5 => TransactionKind::Fee { amount, currency, instrument: Some(instrument) },
        6 => TransactionKind::Tax { amount, currency, instrument: None },
        7 => TransactionKind::Withdrawal(CashMovement::new(amount, currency)),
        _ => TransactionKind::Deposit(CashMovement::new(amount, currency)),
    }
}

fn entries(mut steps: Vec<Step>) -> Vec<Transaction> {
    steps.sort_by_key(|step| step.1);
    let mut held = 0;
    let entry = |(n, (what, at, units, amount)): (usize, Step)| Transaction {
        id: transaction(n as u128),
        account: account(1),
        trade_date: day("2024-01-01") + Days::new(at),
        settlement_date: None,
        sequence: n as i64,
        kind: kind(what, units, amount, &mut held),
    };
    steps.into_iter().enumerate().map(entry).collect()
}

/// What the books explain of the value on a day, the unrealised gain left out.
fn explained(booking: &Booking, date: NaiveDate) -> Decimal {
    let holds = |from: NaiveDate, until: Option<NaiveDate>| from <= date && until.is_none_or(|until| date < until);
    let positions = booking.positions.iter().filter(|row| holds(row.valid_from, row.valid_until));
    let cash = booking.cash.iter().filter(|row| holds(row.valid_from, row.valid_until));
    let flows = booking.flows.iter().filter(|flow| flow.date <= date);
    flows.map(|flow| flow.amount_base).sum::<Decimal>()
        + positions.map(|row| row.realized_base + row.income_base - row.expensed_base).sum::<Decimal>()
        + cash.map(|row| row.interest_base - row.fees_base - row.taxes_base).sum::<Decimal>()
}

proptest! {
    #[test]
    fn value_is_flows_gain_income_less_what_was_expensed(
        steps in prop::collection::vec((0..9_u8, 0..DAYS, 1..500_i64, 1..100_000_i64), 1..40),
        prices in prop::collection::vec(1..100_000_i64, DAYS as usize),
    ) {
        let terms = InstrumentTerms::new("ACME".to_owned(), currency("EUR"), Decimal::ONE).unwrap();
        let instruments = Instruments::from([(instrument(1), terms)]);
        let fx = FxRates::default();
        let booking = book(&Policy::new(currency("EUR")), &entries(steps), &[], &instruments, &fx).unwrap();
        let days: Vec<NaiveDate> = day("2024-01-01").iter_days().take(DAYS as usize).collect();
        let series = Series::new(days.clone(), prices.into_iter().map(cents).collect()).unwrap();
        let source = PriceSource { series: &series, max_age: MaxAge::Days(0) };
        let inputs = Inputs {
            positions: &booking.positions,
            cash: &booking.cash,
            flows: &booking.flows,
            instruments: &instruments,
            prices: &BTreeMap::from([(instrument(1), source)]),
            fx: &fx,
            base: booking.base,
            currency: currency("EUR"),
        };
        let columns = daily(&inputs, &days).unwrap();
        for (&date, value) in days.iter().zip(&columns.values) {
            let lines = holdings(&inputs, date).unwrap();
            prop_assert_eq!(lines.value, *value);
            let unrealized: Decimal = lines.positions.iter().filter_map(|line| line.unrealized_gain).sum();
            prop_assert_eq!(value.unwrap(), explained(&booking, date) + unrealized);
        }
        prop_assert_eq!(
            columns.flows.iter().sum::<Decimal>(),
            booking.flows.iter().map(|flow| flow.amount).sum::<Decimal>()
        );
        let lines = lines(&inputs, &days).unwrap();
        for line in &lines {
            let ends = line.values.first().zip(line.values.last()).unwrap();
            let split = line.split.unwrap();
            prop_assert_eq!(ends.1.unwrap() - ends.0.unwrap() - line.flows.iter().sum::<Decimal>(), split.total);
            prop_assert_eq!(line.gains.iter().flatten().sum::<Decimal>(), split.total);
            prop_assert_eq!(split.price + split.income - split.fees - split.taxes, split.total);
        }
        let whole = gain(&inputs, &columns, &lines).unwrap().unwrap();
        prop_assert_eq!(whole.fx, Decimal::ZERO, "there is one currency");
        prop_assert_eq!(whole.price + whole.income - whole.fees - whole.taxes, whole.total);
        let ends = [days[0], days[days.len() - 1]].map(|day| holdings(&inputs, day).unwrap());
        let lots = gain_by_lots(&inputs, [&ends[0], &ends[1]], whole.total).unwrap().unwrap();
        prop_assert_eq!(lots.other, Decimal::ZERO, "there is one currency, and no unit crosses the border");
        let disposed = booking.matches.iter().filter(|part| part.closed_on > days[0] && part.closed_on <= days[days.len() - 1]);
        prop_assert_eq!(lots.realized, disposed.map(|part| part.gain_base().unwrap()).sum::<Decimal>());
        prop_assert_eq!(lots.realized + lots.unrealized + lots.income - lots.expensed, lots.total);
    }

    #[test]
    fn rounded_parts_sum_to_the_rounded_gain(parts in prop::array::uniform5(-1_000_000_i64..1_000_000)) {
        let [price, fx, income, fees, taxes] = parts.map(|part| Decimal::new(part, 4));
        let split = GainSplit { price, fx, income, fees, taxes, total: price + fx + income - fees - taxes };
        let rounded = split.rounded(currency("EUR")).unwrap();
        prop_assert_eq!(rounded.price + rounded.fx + rounded.income - rounded.fees - rounded.taxes, rounded.total);
        prop_assert_eq!(rounded.total, round_to_minor(split.total, currency("EUR")));
        prop_assert!((rounded.price - split.price).abs() <= Decimal::new(3, 2));
    }
}
