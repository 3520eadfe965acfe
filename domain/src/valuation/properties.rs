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
    fn a_price_effect_is_each_move_at_the_rate_before_it(
        prices in prop::collection::vec(prop::option::weighted(0.8, 1..100_000_i64), DAYS as usize),
        rates in prop::collection::vec(50..200_i64, DAYS as usize),
    ) {
        let [eur, usd] = ["EUR", "USD"].map(currency);
        let terms = InstrumentTerms::new("ACME".to_owned(), usd, Decimal::ONE).unwrap();
        let instruments = Instruments::from([(instrument(1), terms)]);
        let days: Vec<NaiveDate> = day("2024-01-01").iter_days().take(DAYS as usize).collect();
        let rates: Vec<Decimal> = rates.into_iter().map(cents).collect();
        let mut fx = FxRates::default();
        let opening = day("2023-12-31");
        let dates = [&[opening], days.as_slice()].concat();
        let all = [&[cents(90)], rates.as_slice()].concat();
        fx.insert_pair(usd, eur, Series::new(dates, all).unwrap()).unwrap();
        let bought = Transaction {
            id: transaction(1),
            account: account(1),
            trade_date: opening,
            settlement_date: None,
            sequence: 1,
            kind: TransactionKind::Buy(Trade::at_price(instrument(1), 7.into(), cents(900), usd)),
        };
        let booking = book(&Policy::new(eur), &[bought], &[], &instruments, &fx).unwrap();
        let observed: Vec<(NaiveDate, i64)> =
            days.iter().zip(&prices).filter_map(|(day, price)| Some((*day, (*price)?))).collect();
        let (dates, closes) = observed.into_iter().map(|(day, price)| (day, cents(price))).unzip();
        let series = Series::new(dates, closes).unwrap();
        let source = PriceSource { series: &series, max_age: MaxAge::Days(0) };
        let inputs = Inputs {
            positions: &booking.positions,
            cash: &booking.cash,
            flows: &booking.flows,
            instruments: &instruments,
            prices: &BTreeMap::from([(instrument(1), source)]),
            fx: &fx,
            base: booking.base,
            currency: eur,
        };
        let lines = lines(&inputs, &days).unwrap();
        let known: Vec<(Decimal, Decimal)> = prices
            .iter()
            .zip(&rates)
            .filter_map(|(price, rate)| Some((Decimal::from(7) * cents((*price)?), *rate)))
            .collect();
        let (mut price, mut total) = (Decimal::ZERO, Decimal::ZERO);
        for pair in known.windows(2) {
            let [(before, rate), (after, now)] = pair else { continue };
            price += (after - before) * rate;
            total += after * now - before * rate;
        }
        let line = &lines[0];
        prop_assert_eq!(line.gains.iter().flatten().sum::<Decimal>(), total);
        prop_assert_eq!(line.split.is_some(), prices.first().unwrap().is_some() && prices.last().unwrap().is_some());
        if let Some(split) = line.split {
            prop_assert_eq!((split.price, split.fx, split.total), (price, total - price, total));
        }
    }

    #[test]
    fn a_period_spans_the_same_days_wherever_the_one_before_ended(
        gaps in prop::collection::vec(1..5_u64, 1..12),
        last in 0..14_usize,
        from in 0..40_u64,
        length in prop::option::of(1..20_u64),
    ) {
        let mut days = vec![day("2024-01-01")];
        for gap in gaps {
            days.push(*days.last().unwrap() + Days::new(gap));
        }
        let from = day("2023-12-28") + Days::new(from);
        let until = length.map(|days| from + Days::new(days));
        prop_assert_eq!(daily::span_after(&days, last.min(days.len()), from, until), daily::span(&days, from, until));
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
