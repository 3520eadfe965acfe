//! Random ledgers of every kind of entry, in which every rule holds.

use chrono::Days;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::*;
use crate::id::InstrumentId;
use crate::money::Currency;
use crate::pricing::FxRates;
use crate::testing::{account, currency, day, instrument, rates, transaction};

/// Days that a history spans.
pub(crate) const DAYS: u64 = 150;
const KINDS: u8 = 28;

/// Shares in euros, shares in dollars, a bond in dollars, a call and a put on the dollar shares, a child, a right.
pub(crate) fn instruments() -> Instruments {
    let plain =
        [("EUR", "1"), ("USD", "1"), ("USD", "0.01"), ("USD", "100"), ("USD", "100"), ("EUR", "1"), ("EUR", "1")];
    let terms = |(n, (code, multiplier)): (usize, (&str, &str))| {
        let terms = InstrumentTerms::new(format!("I{n}"), currency(code), multiplier.parse().unwrap()).unwrap();
        let option = |right| OptionTerms {
            underlying: instrument(1),
            right,
            strike: dec!(40),
            units_per_contract: dec!(100),
            expiry: day("2024-12-20"),
        };
        let terms = match n {
            3 => terms.with_option(option(OptionRight::Call)).unwrap(),
            4 => terms.with_option(option(OptionRight::Put)).unwrap(),
            _ => terms,
        };
        (instrument(n as u128), terms)
    };
    plain.into_iter().enumerate().map(terms).collect()
}

/// The pairs that entries of these histories may link.
pub(crate) fn links() -> Vec<(InstrumentId, InstrumentId)> {
    let pairs = [(0, 5), (0, 6), (6, 0), (1, 5), (3, 1), (4, 1)];
    pairs.map(|(a, b)| (instrument(a), instrument(b))).to_vec()
}

pub(crate) fn fx() -> FxRates {
    let rows = |seed: u64| -> Vec<(String, String)> {
        let rate = move |n: u64| 1000 + (n * 7919 + seed) % 211;
        let days = day("2024-01-01").iter_days().take(DAYS as usize + 40).zip(0..);
        days.map(|(date, n)| (date.to_string(), format!("{}", Decimal::new(rate(n) as i64, 3)))).collect()
    };
    let (usd, gbp) = (rows(1), rows(77));
    let text = |rows: &'_ [(String, String)]| -> Vec<(String, String)> { rows.to_vec() };
    let (usd, gbp) = (text(&usd), text(&gbp));
    let borrowed = |rows: &'static [(String, String)]| -> Vec<(&'static str, &'static str)> {
        rows.iter().map(|(date, rate)| (date.as_str(), rate.as_str())).collect()
    };
    let (usd, gbp) = (borrowed(usd.leak()), borrowed(gbp.leak()));
    rates(&[("USD", &usd), ("GBP", &gbp)])
}

/// What happens, on which day, in which account, to what, how many thousandths, at how many cents.
pub(crate) type Step = (u8, u64, u8, u8, i64, i64);

pub(crate) fn steps(max: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (0..KINDS, 0..DAYS, 0..2_u8, 0..7_u8, 1..40_000_i64, 1..9_000_i64);
    prop::collection::vec(step, 1..max)
}

pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    let methods = vec![
        LotMethod::Fifo,
        LotMethod::Lifo,
        LotMethod::Hifo,
        LotMethod::Lofo,
        LotMethod::Average,
        LotMethod::Specific,
    ];
    let pooled = prop::sample::select(vec![LotScope::Account, LotScope::Portfolio]);
    let charges = prop::sample::select(vec![TradeCharges::InCost, TradeCharges::Expensed]);
    let oversell = prop::sample::select(vec![Oversell::Refuse, Oversell::GoShort, Oversell::TakeHeld]);
    (prop::sample::select(methods), pooled, charges, oversell).prop_map(|(method, scope, charges, oversell)| Policy {
        method,
        scope,
        charges,
        oversell,
        ..Policy::new(currency("EUR"))
    })
}

fn code(what: u8) -> Currency {
    currency(if (1..=4).contains(&what) { "USD" } else { "EUR" })
}

fn kind((what, _, place, held, thousandths, cents): Step) -> TransactionKind {
    let quantity = Decimal::new(thousandths, 3);
    let amount = Decimal::new(cents, 2);
    let id = instrument(held.into());
    let to = account(u128::from(1 - place));
    let own = code(held);
    let trade = Trade {
        fee: Decimal::new(cents % 300, 2),
        tax: Decimal::new(cents % 70, 2),
        accrued_interest: if held == 2 && what != 18 { Decimal::new(cents % 500, 2) } else { Decimal::ZERO },
        conversion: (cents % 5 == 0).then(|| Conversion { currency: currency("GBP"), rate: dec!(0.91) }),
        ..Trade::at_price(id, quantity, amount, own)
    };
    let contracts = Decimal::from(thousandths % 3 + 1);
    match what {
        0..=5 => TransactionKind::Buy(trade),
        6..=8 => TransactionKind::Sell(trade),
        9 => TransactionKind::ShortSell(trade),
        10 => TransactionKind::Cover(trade),
        11 => TransactionKind::Dividend {
            instrument: id,
            amount,
            withheld: amount / dec!(10),
            fee: dec!(0),
            currency: own,
        },
        12 => TransactionKind::InKindIncome {
            source: InKindSource::Staking,
            instrument: id,
            quantity,
            value: amount,
            currency: own,
        },
        13 => TransactionKind::Interest { instrument: None, amount: -amount, tax: dec!(0.02), currency: own },
        14 => TransactionKind::Fee { amount, currency: own, instrument: (cents % 2 == 0).then_some(id) },
        15 => TransactionKind::Deposit(CashMovement { fee: dec!(0.5), ..CashMovement::new(amount, own) }),
        16 => TransactionKind::CashTransfer { amount, currency: own, to },
        17 => TransactionKind::FxConversion(FxConversion {
            sold_amount: amount,
            sold_currency: currency("USD"),
            bought_amount: amount,
            bought_currency: currency("EUR"),
            fee: dec!(0.1),
        }),
        18 => TransactionKind::TransferIn { trade, opened_on: (cents % 2 == 0).then(|| day("2023-03-01")) },
        19 => TransactionKind::TransferOut { instrument: id, quantity, fee: dec!(1), currency: own, lots: Vec::new() },
        20 => TransactionKind::Transfer { instrument: id, quantity, to, lots: Vec::new() },
        21 => TransactionKind::Split { instrument: id, numerator: contracts, denominator: dec!(2) },
        22 => TransactionKind::BonusIssue { instrument: id, quantity },
        23 => TransactionKind::SpinOff(Detachment {
            instrument: instrument(0),
            child: instrument(5),
            quantity,
            cost_fraction: Decimal::new(cents % 100, 2),
        }),
        24 => TransactionKind::Merger(Merger {
            instrument: instrument(1),
            into: Some(Exchange { instrument: instrument(5), numerator: dec!(2), denominator: dec!(3) }),
            cash: Some(Boot {
                amount,
                currency: currency("USD"),
                treatment: if cents % 2 == 0 {
                    BootTreatment::PartialSale { cost_fraction: dec!(0.3) }
                } else {
                    BootTreatment::GainUpToCash { price: dec!(12) }
                },
            }),
        }),
        25 => TransactionKind::ReturnOfCapital { instrument: id, amount, currency: own },
        26 => TransactionKind::OptionExercise(OptionEvent {
            instrument: instrument(3 + u128::from(held % 2)),
            quantity: contracts,
            fee: dec!(1),
            tax: dec!(0),
        }),
        _ => TransactionKind::OptionAssignment(OptionEvent {
            instrument: instrument(3 + u128::from(held % 2)),
            quantity: contracts,
            fee: dec!(1),
            tax: dec!(0),
        }),
    }
}

pub(crate) fn entry(n: usize, step: Step) -> Transaction {
    let trade_date = day("2024-01-01") + Days::new(step.1);
    Transaction {
        id: transaction(n as u128 + 1),
        account: account(step.2.into()),
        trade_date,
        settlement_date: (step.5 % 3 == 0).then(|| trade_date + Days::new(2)),
        sequence: n as i64,
        kind: kind(step),
    }
}

pub(crate) fn booked(policy: &Policy, entries: &[Transaction]) -> Result<Booking, LedgerError> {
    thread_local! {
        static MARKET: (Instruments, FxRates) = (instruments(), fx());
    }
    MARKET.with(|(instruments, fx)| book(policy, entries, &[], instruments, fx))
}

/// The entries that leave a ledger possible when they are added one by one, in the order in which they are given.
pub(crate) fn possible(policy: &Policy, steps: Vec<Step>) -> Vec<Transaction> {
    let mut entries = Vec::new();
    for (n, step) in steps.into_iter().enumerate() {
        entries.push(entry(n, step));
        if booked(policy, &entries).is_err() {
            entries.pop();
        }
    }
    entries
}
