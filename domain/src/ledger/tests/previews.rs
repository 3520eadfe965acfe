//! What a sale would bring, and what a lot says of its age and rate.

use super::*;

fn held() -> Ledger {
    Ledger::default()
        .on("2024-01-02", buy(ACME, "1", "100", "0"))
        .on("2024-01-03", buy(ACME, "1", "300", "0"))
        .on("2024-01-04", buy(ACME, "1", "200", "0"))
}

fn previewed(ledger: &Ledger, trade: Trade) -> Result<Vec<Preview>, LedgerError> {
    let sale = Transaction {
        id: transaction(99),
        account: account(1),
        trade_date: day("2024-02-01"),
        settlement_date: None,
        sequence: 99,
        kind: TransactionKind::Sell(trade),
    };
    preview(&Policy::new(currency("EUR")), &ledger.0, &[], &instruments(), &fx(), &sale)
}

#[test]
fn each_method_is_tried_on_the_books_as_they_stand() {
    // A later sale is not looked at.
    let ledger = held().on("2024-03-01", sell(ACME, "3", "1", "0"));
    let previews = previewed(&ledger, trade(ACME, "1", "250", "0")).unwrap();
    let costs: Vec<(LotMethod, Decimal)> =
        previews.iter().map(|preview| (preview.method, preview.matches[0].cost_local)).collect();
    assert_eq!(
        costs,
        [
            (LotMethod::Fifo, dec!(100)),
            (LotMethod::Lifo, dec!(200)),
            (LotMethod::Hifo, dec!(300)),
            (LotMethod::Lofo, dec!(100)),
            // 600 ÷ 3
            (LotMethod::Average, dec!(200)),
        ]
    );
}

#[test]
fn chosen_lots_are_one_more_line_and_leave_the_methods_free() {
    let pick = LotPick { lot: Some(transaction(3)), ..LotPick::default() };
    let previews = previewed(&held(), Trade { lots: vec![pick], ..trade(ACME, "1", "250", "0") }).unwrap();
    let [fifo, .., chosen] = previews.as_slice() else { panic!("{previews:?}") };
    assert_eq!((fifo.method, fifo.matches[0].lot), (LotMethod::Fifo, Some(transaction(1))));
    assert_eq!((chosen.method, chosen.matches[0].lot), (LotMethod::Specific, Some(transaction(3))));
}

#[test]
fn a_sale_that_is_not_possible_is_no_preview() {
    let refused = previewed(&held(), trade(ACME, "4", "250", "0"));
    assert!(matches!(refused, Err(LedgerError::InsufficientQuantity { .. })), "{refused:?}");
}

#[test]
fn a_lot_ages_until_it_is_closed() {
    let booking = held().on("2025-01-02", sell(ACME, "1", "110", "0")).book().unwrap();
    let [closed, open, _] = booking.lots.as_slice() else { panic!("{:?}", booking.lots) };
    let later = day("2025-01-04");
    // 2024 has 366 days. The anniversary itself is not long.
    assert_eq!((closed.days_held(later), closed.is_long_term(later)), (366, false));
    assert_eq!((open.days_held(later), open.is_long_term(later)), (367, true));
    assert!(!open.is_long_term(day("2025-01-03")));
    assert_eq!((closed.opening_rate(), open.opening_rate()), (None, Some(dec!(1))));
}

#[test]
fn a_match_knows_both_rates_and_a_year_both_terms() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(APPLE, "10", "100", "0"))
        .on("2024-03-01", sell(APPLE, "10", "108", "0"))
        .book()
        .unwrap();
    // 1.25 and 1.20 dollars a euro.
    let part = &booking.matches[0];
    assert_eq!((part.opening_rate(), part.closing_rate()), (Some(dec!(0.8)), Some(dec!(0.833333333333))));
    let years = tax_years(&booking.matches).unwrap();
    assert_eq!(years[&2024].total().unwrap(), GainTotals::of(&booking.matches).unwrap());
    assert_eq!(years[&2024].total().unwrap().gain, dec!(100));
}
