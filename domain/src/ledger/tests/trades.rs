//! Purchases, sales and splits.

use super::*;
use crate::id::TransactionId;

#[test]
fn a_sale_uses_the_oldest_lot_first_and_splits_its_cost_exactly() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "3", "100", "1"))
        .on("2024-01-03", buy(ACME, "10", "110", "0"))
        .on("2024-03-01", sell(ACME, "1", "120", "0"))
        .on("2024-03-04", sell(ACME, "4", "130", "2"))
        .book()
        .unwrap();
    let [first, second, third] = booking.matches.as_slice() else { panic!("{:?}", booking.matches) };
    // 301 ÷ 3 = 100.333333333333 to the money scale; the rest of the lot keeps 200.666666666667.
    assert_eq!((first.lot, first.cost_local), (Some(transaction(1)), dec!(100.333333333333)));
    assert_eq!(
        (second.lot, second.quantity, second.cost_local),
        (Some(transaction(1)), dec!(2), dec!(200.666666666667))
    );
    // Two of the 110s. Proceeds 4 × 130 − 2 = 518, half for each part.
    assert_eq!((third.lot, third.quantity, third.cost_local), (Some(transaction(2)), dec!(2), dec!(220)));
    assert_eq!((second.proceeds_local, third.proceeds_local), (dec!(259), dec!(259)));
    let last = booking.positions.last().unwrap();
    // Realised 120 + 518 − 301 − 220 = 117; left 8 × 110 = 880.
    assert_eq!((last.quantity, last.cost_local, last.realized_local), (dec!(8), dec!(880), dec!(117)));
    // Only the one fee on the purchase and the one on the sale: 1 + 2, both inside cost and proceeds.
    assert_eq!((last.fees_base, last.expensed_base), (dec!(3), dec!(0)));
    assert_eq!(booking.lots.first().unwrap().closed_on, Some(day("2024-03-04")));
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
        ledger.book_by(method).unwrap().matches.iter().filter_map(|part| part.lot).collect()
    };
    assert_eq!(used(LotMethod::Fifo), [transaction(1), transaction(2)]);
    assert_eq!(used(LotMethod::Lifo), [transaction(4), transaction(3)]);
    assert_eq!(used(LotMethod::Hifo), [transaction(2), transaction(4)]);
    assert_eq!(used(LotMethod::Lofo), [transaction(1), transaction(3)]);
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
    assert_eq!((last.realized_local, last.realized_base), (dec!(80), dec!(100)));
    // The row of the closed holding stays.
    assert_eq!((last.quantity, last.cost_base, last.valid_until), (dec!(0), dec!(0), None));
}

#[test]
fn a_trade_may_settle_in_another_currency() {
    let mut order = trade(APPLE, "3", "33.335", "0");
    order.conversion = Some(Conversion { currency: currency("EUR"), rate: dec!(0.9) });
    let booking = Ledger::default().on("2024-01-02", TransactionKind::Buy(order)).book().unwrap();
    // 100.005 × 0.9 = 90.0045, posted as 90.00; cost is what was paid, not 100.005 ÷ 1.25 of the reference rate.
    assert_eq!(cash(&booking, "EUR"), dec!(-90));
    let lot = booking.lots.first().unwrap();
    assert_eq!((lot.cost_local, lot.cost_base), (dec!(100.005), dec!(90.0045)));
}

#[test]
fn postings_keep_fractions_of_a_cent_where_the_policy_says_so() {
    let mut order = trade(APPLE, "3", "33.335", "0");
    order.conversion = Some(Conversion { currency: currency("EUR"), rate: dec!(0.9) });
    let ledger = Ledger::default().on("2024-01-02", TransactionKind::Buy(order));
    let exact = Policy { postings: Postings::Exact, ..Policy::new(currency("EUR")) };
    // 100.005 × 0.9, to the last decimal.
    assert_eq!(cash(&ledger.book_under(&exact).unwrap(), "EUR"), dec!(-90.0045));
}

#[test]
fn a_bond_is_quoted_per_hundred_of_face() {
    let booking = Ledger::default().on("2024-01-02", buy(BOND, "5000", "98.5", "0")).book().unwrap();
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
    assert_eq!((lot.quantity_opened, lot.quantity_remaining), (dec!(30), dec!(10)));
    assert_eq!(lot.cost_local, dec!(333.333333333333));
    assert_eq!(booking.positions.last().unwrap().quantity, dec!(10));
}

#[test]
fn periods_are_end_of_day_and_meet() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-01-02", sell(ACME, "4", "100", "0"))
        .on("2024-02-01", buy(ACME, "1", "100", "0"))
        .book()
        .unwrap();
    let rows: Vec<_> = booking.positions.iter().map(|row| (row.valid_from, row.valid_until, row.quantity)).collect();
    let (first, second) = (day("2024-01-02"), day("2024-02-01"));
    assert_eq!(rows, [(first, Some(second), dec!(6)), (second, None, dec!(7))]);
}

#[test]
fn no_account_owes_what_another_holds_where_lots_are_pooled() {
    let mut ledger =
        Ledger::default().on("2024-01-02", buy(ACME, "10", "100", "0")).on("2024-02-01", sell(ACME, "4", "120", "0"));
    ledger.0[1].account = account(2);
    let scope = LotScope::Portfolio;
    let policy = Policy { scope, oversell: Oversell::GoShort, ..Policy::new(currency("EUR")) };
    let error = ledger.book_under(&policy).unwrap_err();
    assert_eq!(
        error.to_string(),
        "leaves ACME held in one account and owed in another on 2024-02-01, though their lots are pooled"
    );
}

#[test]
fn the_average_is_of_what_is_held_at_the_sale() {
    let move_four =
        TransactionKind::Transfer { instrument: instrument(ACME), quantity: dec!(4), to: account(2), lots: Vec::new() };
    let mut ledger = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-01-03", sell(ACME, "4", "120", "0"))
        .on("2024-01-04", buy(ACME, "6", "150", "0"))
        .on("2024-01-05", sell(ACME, "3", "130", "0"))
        .on("2024-02-01", move_four)
        .on("2024-03-01", sell(ACME, "4", "135", "0"))
        .on("2024-03-01", sell(ACME, "5", "120", "0"));
    ledger.0[5].account = account(2);
    let booking = ledger.book_by(LotMethod::Average).unwrap();
    // 4 × 20. Then (600 + 900) ÷ 12 = 125: 3 × 5, 5 × −5 in the first account, 4 × 10 in the second.
    let realized = |of| booking.positions.iter().rfind(|row| row.account == account(of)).unwrap().realized_local;
    assert_eq!((realized(1), realized(2)), (dec!(70), dec!(40)));
    assert!(booking.lots.iter().all(|lot| lot.closed_on.is_some() && lot.cost_local.is_zero()));
}

#[test]
fn accounts_that_pool_their_lots_share_one_average() {
    let mut ledger = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-01-03", buy(ACME, "10", "140", "0"))
        .on("2024-03-01", sell(ACME, "5", "150", "0"));
    for entry in ledger.0.iter_mut().skip(1) {
        entry.account = account(2);
    }
    let policy = Policy { method: LotMethod::Average, scope: LotScope::Portfolio, ..Policy::new(currency("EUR")) };
    let booking = ledger.book_under(&policy).unwrap();
    // 2400 ÷ 20 = 120: 5 × 30. What is left costs 120 a unit in both accounts.
    let rows: Vec<_> = [1, 2]
        .map(|of| booking.positions.iter().rfind(|row| row.account == account(of)).unwrap())
        .map(|row| (row.quantity, row.cost_local, row.realized_local))
        .to_vec();
    assert_eq!(rows, [(dec!(10), dec!(1200), dec!(0)), (dec!(5), dec!(600), dec!(150))]);
    let part = booking.matches.first().unwrap();
    assert_eq!((part.account, part.lot_account, part.lot), (account(2), account(1), Some(transaction(1))));
}

#[test]
fn a_gain_is_long_term_from_the_day_after_the_anniversary() {
    let is_long_term = |bought, sold| {
        let ledger = Ledger::default().on(bought, buy(ACME, "1", "100", "0")).on(sold, sell(ACME, "1", "110", "0"));
        ledger.book().unwrap().matches.first().unwrap().is_long_term()
    };
    assert!(!is_long_term("2023-03-01", "2024-03-01"));
    assert!(is_long_term("2023-03-01", "2024-03-02"));
    // The anniversary of 29 February is 1 March.
    assert!(!is_long_term("2024-02-29", "2025-03-01"));
    assert!(is_long_term("2024-02-29", "2025-03-02"));
}

#[test]
fn each_leg_counts_at_the_rate_it_was_booked_at() {
    let mut order = trade(APPLE, "10", "100", "2");
    order.conversion = Some(Conversion { currency: currency("EUR"), rate: dec!(0.9) });
    let booking = Ledger::default()
        .on("2024-01-02", TransactionKind::Buy(order))
        .on("2024-03-01", sell(APPLE, "10", "120", "3"))
        .book()
        .unwrap();
    // 1002 × 0.9 = 901.80 were paid; 1197 dollars at 1.20 are 997.50.
    let last = holding(&booking, APPLE);
    assert_eq!((last.realized_local, last.realized_base), (dec!(195), dec!(95.7)));
    // 2 × 0.9 + 3 ÷ 1.20.
    assert_eq!((last.fees_base, last.expensed_base), (dec!(4.3), dec!(0)));
    assert_eq!((cash(&booking, "EUR"), cash(&booking, "USD")), (dec!(-901.8), dec!(1197)));
}

#[test]
fn cash_is_owed_until_the_day_it_moves_on() {
    let mut ledger = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-03-01", sell(ACME, "10", "100", "0"))
        .on("2024-03-04", buy(ACME, "6", "100", "0"));
    // Sold on a Friday, settled on the Tuesday after the next trade.
    ledger.0[1].settlement_date = Some(day("2024-03-05"));
    ledger.0[2].settlement_date = Some(day("2024-03-06"));
    let rows: Vec<_> =
        ledger.book().unwrap().cash.iter().map(|row| (row.valid_from, row.amount, row.unsettled)).collect();
    assert_eq!(
        rows,
        [
            (day("2024-01-02"), dec!(-1000), dec!(0)),
            (day("2024-03-01"), dec!(0), dec!(1000)),
            (day("2024-03-04"), dec!(-600), dec!(400)),
            (day("2024-03-05"), dec!(-600), dec!(-600)),
            (day("2024-03-06"), dec!(-600), dec!(0)),
        ]
    );
}

#[test]
fn what_came_from_outside_cost_what_the_rate_of_its_purchase_says() {
    let moved = |opened_on: Option<&str>| TransactionKind::TransferIn {
        trade: trade(APPLE, "10", "100", "5"),
        opened_on: opened_on.map(day),
    };
    // 1000 USD at 1.25 and at 1.00; the fee of 5 USD is of the day of the transfer, at 1.00.
    for (opened_on, cost) in [(Some("2024-01-03"), dec!(805)), (None, dec!(1005))] {
        let booking = Ledger::default().on("2024-02-01", moved(opened_on)).book().unwrap();
        let last = holding(&booking, APPLE);
        assert_eq!((last.cost_local, last.cost_base), (dec!(1005), cost));
        assert_eq!((booking.flows[0].amount, booking.flows[0].amount_base), (dec!(1000), cost - dec!(5)));
    }
}

#[test]
fn lots_are_chosen_by_the_average_cost_that_they_are_shown_at() {
    let picked = |unit_cost| {
        let pick = LotPick { opened_on: Some(day("2024-01-03")), unit_cost: Some(unit_cost), ..LotPick::default() };
        let sale = Trade { lots: vec![pick], ..trade(ACME, "5", "150", "0") };
        let ledger = Ledger::default()
            .on("2024-01-02", buy(ACME, "10", "100", "0"))
            .on("2024-01-03", buy(ACME, "10", "120", "0"));
        ledger.on("2024-02-01", TransactionKind::Sell(sale)).book_by(LotMethod::Average)
    };
    let booking = picked(dec!(110)).unwrap();
    assert_eq!(closed(&booking), [(dec!(5), dec!(550), dec!(750))]);
    assert_eq!(open_lots(&booking, ACME).iter().map(|lot| lot.1).collect::<Vec<_>>(), [dec!(10), dec!(5)]);
    assert!(matches!(picked(dec!(120)), Err(LedgerError::NoMatchingLot { .. })));
}

#[test]
fn a_purchase_that_covers_nothing_chooses_no_lots() {
    let bought = Trade { lots: vec![LotPick::default()], ..trade(ACME, "10", "100", "0") };
    let refused = Ledger::default().on("2024-01-02", TransactionKind::Buy(bought)).book();
    assert!(matches!(refused, Err(LedgerError::NoMatchingLot { .. })), "{refused:?}");
}

#[test]
fn a_day_that_ends_as_it_began_has_no_row() {
    let ledger = Ledger::default()
        .on("2024-01-02", buy(ACME, "1", "100", "0"))
        .on("2024-01-02", sell(ACME, "1", "100", "0"))
        .on("2024-01-03", buy(ACME, "2", "100", "0"))
        .on("2024-01-04", buy(ACME, "1", "100", "0"))
        .on("2024-01-04", sell(ACME, "1", "100", "0"));
    let rows = |ledger: &Ledger| -> Vec<_> {
        let booking = ledger.book_by(LotMethod::Lifo).unwrap();
        booking.positions.iter().map(|row| (row.valid_from, row.valid_until, row.quantity)).collect()
    };
    assert_eq!(rows(&ledger), [(day("2024-01-03"), None, dec!(2))]);
    let later = ledger.on("2024-01-05", sell(ACME, "2", "100", "0"));
    let sold = [(day("2024-01-03"), Some(day("2024-01-05")), dec!(2)), (day("2024-01-05"), None, dec!(0))];
    assert_eq!(rows(&later), sold);
}
