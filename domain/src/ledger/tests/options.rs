//! Contracts that end.

use super::*;

fn write(what: u128, contracts: &str, price: &str, fee: &str) -> TransactionKind {
    TransactionKind::ShortSell(trade(what, contracts, price, fee))
}

fn event(what: u128, quantity: Decimal) -> OptionEvent {
    OptionEvent { instrument: instrument(what), quantity, fee: dec!(5), tax: dec!(0) }
}

fn exercise(what: u128, quantity: Decimal) -> TransactionKind {
    TransactionKind::OptionExercise(event(what, quantity))
}

fn assignment(what: u128, quantity: Decimal) -> TransactionKind {
    TransactionKind::OptionAssignment(event(what, quantity))
}

fn expiry(what: u128, quantity: Decimal) -> TransactionKind {
    TransactionKind::OptionExpiry { instrument: instrument(what), quantity }
}

#[test]
fn the_premium_of_an_exercised_call_is_cost() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(CALL, "1", "2", "1"))
        .on("2024-01-03", buy(CALL, "2", "3", "2"))
        .on("2024-02-01", exercise(CALL, dec!(2)))
        .book()
        .unwrap();
    // 1 × 2 × 100 + 1 = 201, and half of 2 × 3 × 100 + 2 = 602: a premium of 502. 200 × 50 + 5 + 502.
    assert_eq!(open_lots(&booking, ACME), [("2024-02-01".to_owned(), dec!(200), dec!(10507))]);
    assert_eq!(open_lots(&booking, CALL), [("2024-01-03".to_owned(), dec!(1), dec!(301))]);
    assert!(booking.matches.is_empty());
    // −201 − 602 − 10005; the fees stand where they were charged.
    assert_eq!(cash(&booking, "EUR"), dec!(-10808));
    assert_eq!((holding(&booking, CALL).fees_base, holding(&booking, ACME).fees_base), (dec!(3), dec!(5)));
}

#[test]
fn the_premium_of_an_exercised_put_is_off_the_proceeds() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "100", "60", "0"))
        .on("2024-01-02", buy(PUT, "1", "4", "0"))
        .on("2024-02-01", exercise(PUT, dec!(1)))
        .book()
        .unwrap();
    // 5000 − 5 − 400.
    assert_eq!(closed(&booking), [(dec!(100), dec!(6000), dec!(4595))]);
    assert_eq!((holding(&booking, PUT).quantity, holding(&booking, PUT).realized_local), (dec!(0), dec!(0)));
    // −6000 − 400 + 4995.
    assert_eq!(cash(&booking, "EUR"), dec!(-1405));
}

#[test]
fn the_premium_of_an_assigned_call_is_proceeds() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "100", "45", "0"))
        .on("2024-01-02", write(CALL, "1", "2", "1"))
        .on("2024-02-01", assignment(CALL, dec!(1)))
        .book()
        .unwrap();
    // 5000 − 5 + 199.
    assert_eq!(closed(&booking), [(dec!(100), dec!(4500), dec!(5194))]);
    assert_eq!(holding(&booking, CALL).quantity, dec!(0));
    // −4500 + 199 + 4995.
    assert_eq!(cash(&booking, "EUR"), dec!(694));
}

#[test]
fn the_premium_of_an_assigned_put_is_off_the_cost() {
    let booking = Ledger::default()
        .on("2024-01-02", write(PUT, "2", "3", "0"))
        .on("2024-02-01", assignment(PUT, dec!(1)))
        .book()
        .unwrap();
    // Half of 600: 5000 + 5 − 300.
    assert_eq!(open_lots(&booking, ACME), [("2024-02-01".to_owned(), dec!(100), dec!(4705))]);
    assert_eq!(open_lots(&booking, PUT), [("2024-01-02".to_owned(), dec!(-1), dec!(-300))]);
    assert!(booking.matches.is_empty());
}

#[test]
fn what_expires_is_a_loss_for_the_holder_and_a_gain_for_the_writer() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(CALL, "2", "2", "1"))
        .on("2024-01-02", write(PUT, "2", "3", "1"))
        .on("2024-03-15", expiry(CALL, dec!(2)))
        .on("2024-03-15", expiry(PUT, dec!(1)))
        .book()
        .unwrap();
    // 401 were paid; half of 599 was received.
    assert_eq!(closed(&booking), [(dec!(2), dec!(401), dec!(0)), (dec!(-1), dec!(-299.5), dec!(0))]);
    let (call, put) = (holding(&booking, CALL), holding(&booking, PUT));
    assert_eq!((call.quantity, call.realized_local), (dec!(0), dec!(-401)));
    assert_eq!((put.quantity, put.realized_local, put.cost_local), (dec!(-1), dec!(299.5), dec!(-299.5)));
    assert_eq!(cash(&booking, "EUR"), dec!(198));
}

#[test]
fn a_put_exercised_without_the_units_goes_short_where_the_policy_says_so() {
    let ledger = Ledger::default().on("2024-01-02", buy(PUT, "1", "4", "0")).on("2024-02-01", exercise(PUT, dec!(1)));
    assert_eq!(ledger.book().unwrap_err().to_string(), "delivers 100, holds 0 on 2024-02-01 (ACME)");
    let policy = Policy { oversell: Oversell::GoShort, ..Policy::new(currency("EUR")) };
    // 5000 − 5 − 400.
    let booking = ledger.book_under(&policy).unwrap();
    assert_eq!(open_lots(&booking, ACME), [("2024-02-01".to_owned(), dec!(-100), dec!(-4595))]);
}

#[test]
fn contracts_are_exercised_up_to_their_last_day() {
    let on = |date| {
        let ledger = Ledger::default().on("2024-01-02", buy(CALL, "1", "2", "0"));
        ledger.on(date, exercise(CALL, dec!(1))).book()
    };
    assert!(on("2024-03-15").is_ok());
    assert!(matches!(on("2024-03-16").unwrap_err(), LedgerError::OptionExpired { .. }));
}

#[test]
fn contracts_that_end_use_the_oldest_lots_where_the_holder_chooses() {
    let ledger = Ledger::default()
        .on("2024-01-02", buy(ACME, "100", "40", "0"))
        .on("2024-01-03", buy(ACME, "100", "48", "0"))
        .on("2024-01-04", write(CALL, "1", "2", "0"))
        .on("2024-01-05", write(CALL, "1", "3", "0"))
        .on("2024-02-01", assignment(CALL, dec!(1)))
        .on("2024-03-15", expiry(CALL, dec!(1)));
    // An assignment has no place for a choice, of contracts or of units: 5000 − 5 + 200 for the hundred at 40.
    let booking = ledger.book_by(LotMethod::Specific).unwrap();
    assert_eq!(closed(&booking), [(dec!(100), dec!(4000), dec!(5195)), (dec!(-1), dec!(-300), dec!(0))]);
    // A sale has one.
    let sold = ledger.on("2024-01-31", sell(ACME, "50", "60", "0"));
    assert!(matches!(sold.book_by(LotMethod::Specific).unwrap_err(), LedgerError::AmbiguousLots { .. }));
}

#[test]
fn an_option_is_not_traded_after_its_last_day() {
    for (date, holds) in [("2024-03-15", true), ("2024-03-16", false)] {
        let booked = Ledger::default().on(date, buy(CALL, "1", "2", "0")).book();
        assert_eq!(booked.is_ok(), holds, "{date}");
        if let Err(error) = booked {
            assert_eq!(error.to_string(), "ACME call expired on 2024-03-15, before 2024-03-16");
        }
    }
}
