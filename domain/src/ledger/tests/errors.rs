//! The rules, broken one by one.

use super::*;

#[test]
fn selling_more_than_is_held_carries_the_numbers() {
    let error = Ledger::default()
        .on("2024-02-01", buy(ACME, "4", "100", "0"))
        .on("2024-03-01", sell(ACME, "10", "100", "0"))
        .book()
        .unwrap_err();
    assert_eq!(error.to_string(), "sells 10, holds 4 on 2024-03-01 (ACME)");
    assert_eq!(error.transaction(), Some(transaction(2)));
}

#[test]
fn each_broken_rule_has_its_own_error() {
    let error = |kind| Ledger::default().on("2024-01-02", kind).book().unwrap_err().to_string();
    assert_eq!(error(buy(ACME, "0", "1", "0")), "a quantity of 0 on 2024-01-02: it must be above zero");
    assert_eq!(error(buy(ACME, "1", "-1", "0")), "a price of -1 on 2024-01-02: it must not be below zero");
    assert_eq!(error(buy(ACME, "1", "1", "-2")), "fee of -2 on 2024-01-02: it must be zero or more");
    assert_eq!(
        error(TransactionKind::Deposit(CashMovement::new(dec!(-5), currency("EUR")))),
        "amount of -5 on 2024-01-02: it must be above zero"
    );
    assert_eq!(error(split(dec!(0), dec!(1))), "a split of 0 for 1 on 2024-01-02: both must be above zero");
    assert!(error(buy(9, "1", "1", "0")).ends_with("is unknown"));
    let chf = currency("CHF");
    let mut wrong = trade(APPLE, "1", "1", "0");
    wrong.currency = chf;
    assert_eq!(error(TransactionKind::Buy(wrong)), "no CHF rate for 2024-01-02: there is no observation");
    assert_eq!(
        error(TransactionKind::Deposit(CashMovement::new(dec!(5), chf))),
        "no CHF rate for 2024-01-02: there is no observation"
    );
    let same = FxConversion {
        sold_amount: dec!(1),
        sold_currency: chf,
        bought_amount: dec!(1),
        bought_currency: chf,
        fee: dec!(0),
    };
    assert_eq!(error(TransactionKind::FxConversion(same)), "converts CHF to itself on 2024-01-02");
    let huge = "70000000000000000000000000000";
    assert!(error(buy(ACME, huge, huge, "0")).ends_with("is too large for an exact decimal"));
}

#[test]
fn a_multiplier_is_above_zero() {
    let error = InstrumentTerms::new("ACME".to_owned(), currency("EUR"), dec!(0)).unwrap_err();
    assert_eq!(error.to_string(), "the price multiplier of ACME is 0: it must be above zero");
}

#[test]
fn pooled_accounts_of_both_sides_are_refused_though_they_sum_to_nothing() {
    let mut ledger = Ledger::default()
        .on("2024-01-02", buy(ACME, "5", "100", "0"))
        .on("2024-01-03", buy(ACME, "5", "100", "0"))
        .on("2024-02-01", sell(ACME, "5", "120", "0"))
        .on("2024-02-02", sell(ACME, "5", "120", "0"));
    // The second account buys 5, and sells 5 twice: what it owes then is what the first holds.
    for entry in ledger.0.iter_mut().skip(1) {
        entry.account = account(2);
    }
    let scope = LotScope::Portfolio;
    let policy = Policy { scope, oversell: Oversell::GoShort, ..Policy::new(currency("EUR")) };
    let error = ledger.book_under(&policy).unwrap_err();
    assert!(matches!(error, LedgerError::MixedSides { .. }), "{error}");
}

#[test]
fn a_lot_that_is_open_at_another_cost_is_not_used_up() {
    let pick = |unit_cost| LotPick { lot: Some(transaction(1)), unit_cost: Some(unit_cost), ..LotPick::default() };
    let picked = |unit_cost| Trade { lots: vec![pick(unit_cost)], ..trade(ACME, "5", "120", "0") };
    let ledger = |first: &str, unit_cost| {
        Ledger::default()
            .on("2024-01-02", buy(ACME, "5", "100", "0"))
            .on("2024-01-03", buy(ACME, "5", "110", "0"))
            .on("2024-02-01", sell(ACME, first, "120", "0"))
            .on("2024-03-01", TransactionKind::Sell(picked(unit_cost)))
    };
    // One unit of the first lot is sold, at 100 a unit: it does not cost 110, and four of five are left.
    assert!(matches!(ledger("1", dec!(110)).book().unwrap_err(), LedgerError::NoMatchingLot { .. }));
    assert!(matches!(ledger("1", dec!(100)).book().unwrap_err(), LedgerError::LotUsed { .. }));
    // All five of it are sold.
    assert!(matches!(ledger("5", dec!(100)).book().unwrap_err(), LedgerError::LotUsed { .. }));
}
