//! The identity of the metric contract, at every month-end, in every currency, for random ledgers of every kind:
//! realised + unrealised gain = value − net external flows − income − currency gain on cash + what was expensed.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::*;
use super::histories::{DAYS, fx, instruments, policy, possible, steps};
use crate::money::Currency;
use crate::pricing::{FxRates, MaxAge, Series};
use crate::testing::{currency, day};
use crate::valuation::{Inputs, PriceSource, holdings};

fn prices() -> BTreeMap<crate::id::InstrumentId, Series> {
    let days: Vec<NaiveDate> = day("2024-01-01").iter_days().take(DAYS as usize + 40).collect();
    let price = |n: usize, at: usize| Decimal::new(((at * 37 + n * 101) % 9_000 + 50) as i64, 2);
    instruments()
        .keys()
        .enumerate()
        .map(|(n, id)| {
            let values = (0..days.len()).map(|at| price(n, at)).collect();
            (*id, Series::new(days.clone(), values).unwrap())
        })
        .collect()
}

fn sum(amounts: impl Iterator<Item = Decimal>) -> Decimal {
    amounts.sum()
}

/// What the cash gained: by rates since it was posted, and by rates that were booked instead of the day's.
fn currency_gain(books: &Booking, entries: &[Transaction], fx: &FxRates, base: Currency, date: NaiveDate) -> Decimal {
    let at = |amount, currency, day| fx.convert(amount, currency, base, day).unwrap();
    let mut gain = Decimal::ZERO;
    let mut last: Option<&CashPeriod> = None;
    for row in books.cash.iter().filter(|row| row.valid_from <= date) {
        let same = last.filter(|last| (last.account, last.currency) == (row.account, row.currency));
        let moved = row.amount - same.map_or(Decimal::ZERO, |last| last.amount);
        gain += at(moved, row.currency, date) - at(moved, row.currency, row.valid_from);
        last = Some(row);
    }
    gain + sum(entries.iter().filter(|entry| entry.trade_date <= date).map(|entry| booked_otherwise(entry, fx, base)))
}

/// The worth of an entry's cash at the day's rates, beyond what the books counted for it.
fn booked_otherwise(entry: &Transaction, fx: &FxRates, base: Currency) -> Decimal {
    let at = |amount, currency| fx.convert(amount, currency, base, entry.trade_date).unwrap();
    let terms = instruments();
    let (trade, sign) = match &entry.kind {
        TransactionKind::FxConversion(conversion) => {
            return at(conversion.bought_amount, conversion.bought_currency)
                - at(conversion.sold_amount, conversion.sold_currency);
        }
        TransactionKind::TransferIn { trade, .. } => {
            let charges = trade.fee + trade.tax;
            return match trade.conversion {
                Some(conversion) if conversion.currency == base => {
                    charges * conversion.rate - at(charges, trade.currency)
                }
                _ => Decimal::ZERO,
            };
        }
        TransactionKind::Buy(trade) | TransactionKind::Cover(trade) => (trade, Decimal::NEGATIVE_ONE),
        TransactionKind::Sell(trade) | TransactionKind::ShortSell(trade) => (trade, Decimal::ONE),
        _ => return Decimal::ZERO,
    };
    let Some(conversion) = trade.conversion.filter(|conversion| conversion.currency != base) else {
        return Decimal::ZERO;
    };
    let gross = trade.quantity * trade.price().unwrap() * terms[&trade.instrument].multiplier();
    let paid = sign * (gross + trade.accrued_interest) - trade.fee - trade.tax;
    at(paid * conversion.rate, conversion.currency) - at(paid, trade.currency)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn gain_is_what_value_flows_and_income_leave(
        policy in policy(),
        base in prop::sample::select(vec!["EUR", "USD", "GBP"]),
        history in steps(50),
    ) {
        let base = currency(base);
        let policy = Policy { base, ..policy };
        let entries = possible(&policy, history);
        let (terms, fx, series) = (instruments(), fx(), prices());
        let books = book(&policy, &entries, &[], &terms, &fx).unwrap();
        let source = |series| PriceSource { series, max_age: MaxAge::Days(0) };
        let inputs = Inputs {
            positions: &books.positions,
            cash: &books.cash,
            flows: &books.flows,
            instruments: &terms,
            prices: &series.iter().map(|(id, series)| (*id, source(series))).collect(),
            fx: &fx,
            base,
            currency: base,
        };
        let days = day("2024-01-01").iter_days().take(DAYS as usize + 30);
        for date in days.filter(|date| (*date + Days::new(1)).day() == 1) {
            let valued = holdings(&inputs, date).unwrap();
            let on = |from, until: Option<NaiveDate>| from <= date && until.is_none_or(|until| date < until);
            let positions = || books.positions.iter().filter(|row| on(row.valid_from, row.valid_until));
            let cash = || books.cash.iter().filter(|row| on(row.valid_from, row.valid_until));
            let external = books.flows.iter().filter(|flow| flow.counter_account.is_none() && flow.date <= date);
            let gain = sum(positions().map(|row| row.realized_base))
                + sum(valued.positions.iter().map(|line| line.unrealized_gain.unwrap()));
            let income = sum(positions().map(|row| row.income_base)) + sum(cash().map(|row| row.interest_base));
            let expensed = sum(positions().map(|row| row.expensed_base))
                + sum(cash().map(|row| row.fees_base + row.taxes_base));
            let explained = valued.value.unwrap() - sum(external.map(|flow| flow.amount_base)) - income
                - currency_gain(&books, &entries, &fx, base, date) + expensed;
            // Each posting is rounded to its minor unit: half of one, at rates below 1.3.
            let tolerance = Decimal::from(entries.len() as u64 * 2 + 1) * dec!(0.0066);
            prop_assert!((gain - explained).abs() <= tolerance, "{} is not {} on {}", gain, explained, date);
        }
    }
}
