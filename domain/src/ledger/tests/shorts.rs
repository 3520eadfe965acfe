//! Units that are owed.

use super::*;

fn short(quantity: &str, price: &str, fee: &str) -> TransactionKind {
    TransactionKind::ShortSell(trade(ACME, quantity, price, fee))
}

fn cover(quantity: &str, price: &str, fee: &str) -> TransactionKind {
    TransactionKind::Cover(trade(ACME, quantity, price, fee))
}

fn under(oversell: Oversell) -> Policy {
    Policy { oversell, ..Policy::new(currency("EUR")) }
}

#[test]
fn a_cover_uses_the_oldest_short_lot_first() {
    let booking = Ledger::default()
        .on("2024-01-02", short("10", "100", "2"))
        .on("2024-01-03", short("5", "120", "0"))
        .on("2024-03-01", cover("12", "90", "6"))
        .book()
        .unwrap();
    // 12 × 90 + 6 = 1086: 905 for ten, 181 for two. 998 − 905 = 93, 240 − 181 = 59.
    assert_eq!(closed(&booking), [(dec!(-10), dec!(-998), dec!(-905)), (dec!(-2), dec!(-240), dec!(-181))]);
    assert_eq!(open_lots(&booking, ACME), [("2024-01-03".to_owned(), dec!(-3), dec!(-360))]);
    let last = holding(&booking, ACME);
    assert_eq!((last.quantity, last.cost_local, last.realized_local), (dec!(-3), dec!(-360), dec!(152)));
    // 998 + 600 − 1086.
    assert_eq!(cash(&booking, "EUR"), dec!(512));
}

#[test]
fn what_is_owed_is_split_too() {
    let booking = Ledger::default()
        .on("2024-01-02", short("10", "3", "0"))
        .on("2024-01-03", short("10", "3", "0"))
        .on("2024-01-04", short("10", "3", "0"))
        .on("2024-02-01", split(dec!(1), dec!(3)))
        .on("2024-03-01", cover("10", "6", "0"))
        .book()
        .unwrap();
    // 30 ÷ 3 = 10 are owed: 90 − 60.
    let last = holding(&booking, ACME);
    assert_eq!((last.quantity, last.cost_local, last.realized_local), (dec!(0), dec!(0), dec!(30)));
}

#[test]
fn a_dividend_that_the_lender_is_owed_is_a_charge_on_the_holding() {
    let charge =
        TransactionKind::Fee { amount: dec!(8), currency: currency("EUR"), instrument: Some(instrument(ACME)) };
    let booking = Ledger::default().on("2024-01-02", short("10", "100", "0")).on("2024-02-01", charge).book().unwrap();
    let last = holding(&booking, ACME);
    assert_eq!((last.quantity, last.cost_local, last.expensed_base), (dec!(-10), dec!(-1000), dec!(8)));
    assert_eq!(cash(&booking, "EUR"), dec!(992));
}

#[test]
fn income_on_what_is_owed_is_refused() {
    let dividend = TransactionKind::Dividend {
        instrument: instrument(ACME),
        amount: dec!(8),
        withheld: dec!(0),
        fee: dec!(0),
        currency: currency("EUR"),
    };
    let units = TransactionKind::InKindIncome {
        source: InKindSource::StockDividend,
        instrument: instrument(ACME),
        quantity: dec!(1),
        value: dec!(100),
        currency: currency("EUR"),
    };
    for income in [dividend, units] {
        let refused = Ledger::default().on("2024-01-02", short("10", "100", "0")).on("2024-02-01", income).book();
        assert_eq!(
            refused.unwrap_err().to_string(),
            "receives income on ACME, owes 10 of it on 2024-02-01: what is paid to its lender is a fee on the instrument"
        );
    }
}

#[test]
fn a_purchase_covers_first_and_the_rest_is_held() {
    let booking = Ledger::default()
        .on("2024-01-02", short("4", "100", "0"))
        .on("2024-03-01", buy(ACME, "10", "90", "5"))
        .book()
        .unwrap();
    // 905 × 4 ÷ 10 = 362 against 400; 543 for the other six.
    assert_eq!(closed(&booking), [(dec!(-4), dec!(-400), dec!(-362))]);
    assert_eq!(open_lots(&booking, ACME), [("2024-03-01".to_owned(), dec!(6), dec!(543))]);
    assert_eq!((holding(&booking, ACME).quantity, holding(&booking, ACME).realized_local), (dec!(6), dec!(38)));
}

#[test]
fn a_sale_closes_first_and_the_rest_is_owed() {
    let ledger =
        Ledger::default().on("2024-01-02", buy(ACME, "4", "100", "0")).on("2024-03-01", sell(ACME, "10", "110", "10"));
    let booking = ledger.book_under(&under(Oversell::GoShort)).unwrap();
    // 1090 × 4 ÷ 10 = 436 against 400; 654 for the six that are owed.
    assert_eq!(closed(&booking), [(dec!(4), dec!(400), dec!(436))]);
    assert_eq!(open_lots(&booking, ACME), [("2024-03-01".to_owned(), dec!(-6), dec!(-654))]);
    assert_eq!((holding(&booking, ACME).quantity, holding(&booking, ACME).cost_local), (dec!(-6), dec!(-654)));
}

#[test]
fn units_that_were_not_there_cost_nothing() {
    let ledger =
        Ledger::default().on("2024-01-02", buy(ACME, "4", "100", "0")).on("2024-03-01", sell(ACME, "10", "110", "0"));
    let booking = ledger.book_under(&under(Oversell::TakeHeld)).unwrap();
    // 440 − 400 for the four, 660 for the six.
    assert_eq!(closed(&booking), [(dec!(4), dec!(400), dec!(440)), (dec!(6), dec!(0), dec!(660))]);
    assert_eq!(booking.matches.last().unwrap().lot, None);
    assert_eq!((holding(&booking, ACME).quantity, holding(&booking, ACME).realized_local), (dec!(0), dec!(700)));
}

#[test]
fn a_further_short_sale_chooses_no_lot() {
    let ledger = Ledger::default()
        .on("2024-01-02", sell(ACME, "1", "100", "0"))
        .on("2024-01-03", sell(ACME, "1", "110", "0"))
        .on("2024-01-04", sell(ACME, "1", "120", "0"));
    let policy = Policy { method: LotMethod::Specific, ..under(Oversell::GoShort) };
    // Nothing is held that could be closed, so that there is nothing to choose.
    let booking = ledger.book_under(&policy).unwrap();
    assert_eq!((holding(&booking, ACME).quantity, holding(&booking, ACME).cost_local), (dec!(-3), dec!(-330)));
}

#[test]
fn what_is_owed_is_never_held_for_long() {
    let treatment = BootTreatment::PartialSale { cost_fraction: dec!(0.1) };
    let merger = Merger {
        instrument: instrument(ACME),
        into: Some(Exchange { instrument: instrument(CHILD), numerator: dec!(1), denominator: dec!(1) }),
        cash: Some(Boot { amount: dec!(80), currency: currency("EUR"), treatment }),
    };
    let covered = Ledger::default()
        .on("2022-01-03", short("10", "100", "0"))
        .on("2024-03-01", cover("5", "90", "0"))
        .on("2024-03-04", TransactionKind::Merger(merger));
    let booking = covered.book().unwrap();
    // 500 − 450, and a tenth of the other 500 against 80 that are paid.
    let gains: Vec<_> = booking.matches.iter().map(|part| (part.gain_local().unwrap(), part.is_long_term())).collect();
    assert_eq!(gains, [(dec!(50), false), (dec!(-30), false)]);
}
