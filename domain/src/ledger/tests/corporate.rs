//! What issuers do to lots.

use super::*;

fn lot(date: &str, quantity: Decimal, cost: Decimal) -> (String, Decimal, Decimal) {
    (date.to_owned(), quantity, cost)
}

fn merger(into: u128, numerator: Decimal, denominator: Decimal, cash: Option<Boot>) -> TransactionKind {
    let exchange = Exchange { instrument: instrument(into), numerator, denominator };
    TransactionKind::Merger(Merger { instrument: instrument(ACME), into: Some(exchange), cash })
}

fn boot(amount: Decimal, treatment: BootTreatment) -> Option<Boot> {
    Some(Boot { amount, currency: currency("EUR"), treatment })
}

fn detachment(quantity: Decimal, cost_fraction: Decimal) -> Detachment {
    Detachment { instrument: instrument(ACME), child: instrument(CHILD), quantity, cost_fraction }
}

fn return_of_capital(amount: Decimal) -> TransactionKind {
    TransactionKind::ReturnOfCapital { instrument: instrument(ACME), amount, currency: currency("EUR") }
}

/// Three lots of one unit each, at 30, 60 and 90.
fn three_units() -> Ledger {
    Ledger::default()
        .on("2024-01-02", buy(ACME, "1", "30", "0"))
        .on("2024-01-03", buy(ACME, "1", "60", "0"))
        .on("2024-01-04", buy(ACME, "1", "90", "0"))
}

#[test]
fn a_split_of_fractions_keeps_cost_and_dates() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "1.5", "100", "0"))
        .on("2024-01-03", buy(ACME, "0.25", "120", "0"))
        .on("2024-02-01", split(dec!(3), dec!(2)))
        .book()
        .unwrap();
    // 1.5 × 3 ÷ 2 and 0.25 × 3 ÷ 2.
    let expected = [lot("2024-01-02", dec!(2.25), dec!(150)), lot("2024-01-03", dec!(0.375), dec!(30))];
    assert_eq!(open_lots(&booking, ACME), expected);
    assert_eq!(holding(&booking, ACME).quantity, dec!(2.625));
}

#[test]
fn a_reverse_split_of_several_lots_leaves_the_units_of_their_sum() {
    let ledger = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "3", "0"))
        .on("2024-01-03", buy(ACME, "10", "3", "0"))
        .on("2024-01-04", buy(ACME, "10", "3", "0"))
        .on("2024-02-01", split(dec!(1), dec!(3)));
    // 30 ÷ 3 = 10: after one lot 3.333333333333, after two 6.666666666667, after three 10.
    let expected = [
        lot("2024-01-02", dec!(3.333333333333), dec!(30)),
        lot("2024-01-03", dec!(3.333333333334), dec!(30)),
        lot("2024-01-04", dec!(3.333333333333), dec!(30)),
    ];
    assert_eq!(open_lots(&ledger.book().unwrap(), ACME), expected);
    // The statement says 10, so 10 can be sold: 10 × 12 − 90.
    let booking = ledger.on("2024-03-01", sell(ACME, "10", "12", "0")).book().unwrap();
    let last = holding(&booking, ACME);
    assert_eq!((last.quantity, last.cost_local, last.realized_local), (dec!(0), dec!(0), dec!(30)));
    // Nothing of the lots was sold before, so what they began with is what was used of them.
    assert!(booking.lots.iter().zip(&booking.matches).all(|(lot, part)| lot.quantity_opened == part.quantity));
}

#[test]
fn a_market_split_leaves_the_units_of_their_sum() {
    let ledger = three_units().on("2024-03-01", sell(ACME, "2", "100", "0"));
    let market = MarketSplit {
        instrument: instrument(ACME),
        account: None,
        ex_date: day("2024-02-01"),
        numerator: dec!(2),
        denominator: dec!(3),
    };
    let booking = book(&Policy::new(currency("EUR")), &ledger.0, &[market], &instruments(), &fx()).unwrap();
    // 3 × 2 ÷ 3 = 2, not 3 × 0.666666666667; 200 − 180.
    assert_eq!((holding(&booking, ACME).quantity, holding(&booking, ACME).realized_local), (dec!(0), dec!(20)));
}

#[test]
fn a_bonus_issue_spreads_over_the_lots() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-01-03", buy(ACME, "5", "130", "0"))
        .on("2024-02-01", TransactionKind::BonusIssue { instrument: instrument(ACME), quantity: dec!(3) })
        .book()
        .unwrap();
    // 3 × 10 ÷ 15 = 2 and 1.
    let expected = [lot("2024-01-02", dec!(12), dec!(1000)), lot("2024-01-03", dec!(6), dec!(650))];
    assert_eq!(open_lots(&booking, ACME), expected);
    assert_eq!(holding(&booking, ACME).quantity, dec!(18));
}

#[test]
fn a_spin_off_takes_its_fraction_of_each_lot() {
    let booking =
        three_units().on("2024-02-01", TransactionKind::SpinOff(detachment(dec!(1), dec!(0.123)))).book().unwrap();
    // 30 × 0.123 = 3.69, 60 × 0.123 = 7.38, 90 × 0.123 = 11.07. One unit over three lots: a third is 0.333333333333, half
    // of the rest 0.3333333333335 and goes to the even digit.
    let parent = [
        lot("2024-01-02", dec!(1), dec!(26.31)),
        lot("2024-01-03", dec!(1), dec!(52.62)),
        lot("2024-01-04", dec!(1), dec!(78.93)),
    ];
    let child = [
        lot("2024-01-02", dec!(0.333333333333), dec!(3.69)),
        lot("2024-01-03", dec!(0.333333333334), dec!(7.38)),
        lot("2024-01-04", dec!(0.333333333333), dec!(11.07)),
    ];
    assert_eq!((open_lots(&booking, ACME), open_lots(&booking, CHILD)), (parent.to_vec(), child.to_vec()));
    // 180 × 0.123, and nothing is realised.
    let (parent, child) = (holding(&booking, ACME), holding(&booking, CHILD));
    assert_eq!((parent.cost_local, child.cost_local, child.quantity), (dec!(157.86), dec!(22.14), dec!(1)));
    assert!(booking.matches.is_empty());
}

#[test]
fn cash_in_lieu_is_a_sale_of_the_fraction() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-02-01", TransactionKind::SpinOff(detachment(dec!(2.5), dec!(0.2))))
        .on("2024-02-01", sell(CHILD, "0.5", "90", "0"))
        .book()
        .unwrap();
    // 200 of cost for 2.5 units: 40 for half a one, which brings 45.
    assert_eq!(closed(&booking), [(dec!(0.5), dec!(40), dec!(45))]);
    assert_eq!(open_lots(&booking, CHILD), [lot("2024-01-02", dec!(2), dec!(160))]);
}

#[test]
fn a_merger_of_several_lots_gives_the_units_of_their_sum() {
    let ledger = three_units().on("2024-02-01", merger(CHILD, dec!(2), dec!(3), None));
    // 3 × 2 ÷ 3 = 2: after one lot 0.666666666667, after two 1.333333333333, after three 2.
    let expected = [
        lot("2024-01-02", dec!(0.666666666667), dec!(30)),
        lot("2024-01-03", dec!(0.666666666666), dec!(60)),
        lot("2024-01-04", dec!(0.666666666667), dec!(90)),
    ];
    let booking = ledger.book().unwrap();
    assert_eq!(open_lots(&booking, CHILD), expected);
    assert_eq!((holding(&booking, CHILD).quantity, holding(&booking, ACME).quantity), (dec!(2), dec!(0)));
    assert!(booking.matches.is_empty());
    let booking = ledger.on("2024-03-01", sell(CHILD, "2", "100", "0")).book().unwrap();
    assert_eq!((holding(&booking, CHILD).quantity, holding(&booking, CHILD).realized_local), (dec!(0), dec!(20)));
}

#[test]
fn cash_in_a_merger_may_pay_for_part_of_each_lot() {
    let treatment = BootTreatment::PartialSale { cost_fraction: dec!(0.25) };
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-01-03", buy(ACME, "10", "60", "0"))
        .on("2024-02-01", merger(CHILD, dec!(1), dec!(2), boot(dec!(400), treatment)))
        .book()
        .unwrap();
    // 200 for each lot, against a quarter of its cost: 250 and 150.
    assert_eq!(closed(&booking), [(dec!(0), dec!(250), dec!(200)), (dec!(0), dec!(150), dec!(200))]);
    let expected = [lot("2024-01-02", dec!(5), dec!(750)), lot("2024-01-03", dec!(5), dec!(450))];
    assert_eq!(open_lots(&booking, CHILD), expected);
    // −1000 − 600 + 400.
    assert_eq!((holding(&booking, ACME).realized_local, cash(&booking, "EUR")), (dec!(0), dec!(-1200)));
}

#[test]
fn gain_is_recognised_up_to_the_cash_and_loss_is_not() {
    let treatment = BootTreatment::GainUpToCash { price: dec!(140) };
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-01-03", buy(ACME, "10", "60", "0"))
        .on("2024-01-04", buy(ACME, "10", "80", "0"))
        .on("2024-02-01", merger(CHILD, dec!(1), dec!(2), boot(dec!(600), treatment)))
        .book()
        .unwrap();
    // Each lot brings 5 × 140 + 200 = 900. Cost 1000: a loss of 100, not recognised. Cost 600: a gain of 300, 200 of it
    // recognised. Cost 800: a gain of 100, all of it.
    let gains: Vec<_> = booking.matches.iter().map(|part| part.gain_local().unwrap()).collect();
    assert_eq!(gains, [dec!(0), dec!(200), dec!(100)]);
    // Old cost − cash + gain: 1000 − 200, 600 − 200 + 200, 800 − 200 + 100.
    let expected = [
        lot("2024-01-02", dec!(5), dec!(800)),
        lot("2024-01-03", dec!(5), dec!(600)),
        lot("2024-01-04", dec!(5), dec!(700)),
    ];
    assert_eq!(open_lots(&booking, CHILD), expected);
}

#[test]
fn cash_that_a_short_holder_pays_is_a_loss_only_up_to_what_was_lost() {
    let merged = |price| {
        let treatment = BootTreatment::GainUpToCash { price };
        let ledger = Ledger::default()
            .on("2024-01-02", TransactionKind::ShortSell(trade(ACME, "10", "100", "0")))
            .on("2024-02-01", merger(CHILD, dec!(1), dec!(1), boot(dec!(200), treatment)));
        let booking = ledger.book().unwrap();
        (holding(&booking, ACME).realized_local, holding(&booking, CHILD).cost_local, cash(&booking, "EUR"))
    };
    // 1000 were received, 200 are paid. What is owed is worth 900: 1000 − 200 − 900, a loss, which is not recognised.
    assert_eq!(merged(dec!(90)), (dec!(0), dec!(-800), dec!(800)));
    // Worth 700: a gain of 100 is recognised, so that 1000 − 200 − 100 are left.
    assert_eq!(merged(dec!(70)), (dec!(100), dec!(-700), dec!(800)));
    // Worth 500: a gain of 300, of which 200 are recognised.
    assert_eq!(merged(dec!(50)), (dec!(200), dec!(-600), dec!(800)));
}

#[test]
fn a_merger_for_cash_is_a_sale() {
    let cash_only = Merger {
        instrument: instrument(ACME),
        into: None,
        cash: boot(dec!(2000), BootTreatment::PartialSale { cost_fraction: dec!(0) }),
    };
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-01-03", buy(ACME, "30", "40", "0"))
        .on("2024-02-01", TransactionKind::Merger(cash_only))
        .book()
        .unwrap();
    // 2000 × 10 ÷ 40 = 500 against 1000, 1500 against 1200.
    assert_eq!(closed(&booking), [(dec!(10), dec!(1000), dec!(500)), (dec!(30), dec!(1200), dec!(1500))]);
    assert_eq!((holding(&booking, ACME).quantity, holding(&booking, ACME).realized_local), (dec!(0), dec!(-200)));
}

#[test]
fn an_instrument_change_moves_the_lots() {
    let change = TransactionKind::InstrumentChange { instrument: instrument(ACME), into: instrument(CHILD) };
    let booking = three_units().on("2024-02-01", change).on("2024-03-01", sell(CHILD, "1", "50", "0")).book().unwrap();
    let left = [lot("2024-01-03", dec!(1), dec!(60)), lot("2024-01-04", dec!(1), dec!(90))];
    assert_eq!(open_lots(&booking, CHILD), left);
    // The first lot, as it was bought: 50 − 30.
    let part = booking.matches.first().unwrap();
    assert_eq!(
        (part.lot, part.opened_on, part.gain_local().unwrap()),
        (Some(transaction(1)), day("2024-01-02"), dec!(20))
    );
}

#[test]
fn cost_is_restated_in_the_currency_of_what_is_received() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-03-01", merger(APPLE, dec!(1), dec!(1), None))
        .on("2024-03-01", sell(APPLE, "5", "150", "0"))
        .book()
        .unwrap();
    // 1000 euros at 1.20 are 1200 dollars; what they cost in euros stays.
    let apple = holding(&booking, APPLE);
    assert_eq!((apple.cost_local, apple.cost_base), (dec!(600), dec!(500)));
    // 750 − 600 dollars, 625 − 500 euros.
    assert_eq!((apple.realized_local, apple.realized_base), (dec!(150), dec!(125)));
}

#[test]
fn capital_that_comes_back_lowers_cost_and_is_gain_beyond_it() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-01-03", buy(ACME, "10", "20", "0"))
        .on("2024-02-01", return_of_capital(dec!(300)))
        .on("2024-03-01", return_of_capital(dec!(200)))
        .book()
        .unwrap();
    // 150 each: 850 and 50. Then 100 each: 750, and 50 more than the second lot has cost.
    assert_eq!(
        open_lots(&booking, ACME),
        [lot("2024-01-02", dec!(10), dec!(750)), lot("2024-01-03", dec!(10), dec!(0))]
    );
    assert_eq!(closed(&booking), [(dec!(0), dec!(0), dec!(50))]);
    let last = holding(&booking, ACME);
    assert_eq!((last.cost_local, last.realized_local, last.income_local), (dec!(750), dec!(50), dec!(0)));
    // −1000 − 200 + 300 + 200.
    assert_eq!(cash(&booking, "EUR"), dec!(-700));
}

#[test]
fn rights_take_cost_and_bring_it_to_what_they_buy() {
    let exercise = RightsExercise {
        instrument: instrument(CHILD),
        quantity: dec!(20),
        into: instrument(ACME),
        received: dec!(4),
        amount: dec!(28),
        fee: dec!(1),
        currency: currency("EUR"),
    };
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "10", "0"))
        .on("2024-01-03", buy(ACME, "20", "10", "0"))
        .on("2024-02-01", TransactionKind::RightsIssue(detachment(dec!(30), dec!(0.1))))
        .on("2024-02-05", TransactionKind::RightsExercise(exercise))
        .on("2024-02-06", sell(CHILD, "10", "1.5", "0"))
        .book()
        .unwrap();
    // Ten rights at 10 and twenty at 20. The exercise uses the ten and half of the twenty: 20 + 28 + 1 for four units.
    let expected = [
        lot("2024-01-02", dec!(10), dec!(90)),
        lot("2024-01-03", dec!(20), dec!(180)),
        lot("2024-02-05", dec!(4), dec!(49)),
    ];
    assert_eq!(open_lots(&booking, ACME), expected);
    // The other ten rights had cost 10.
    assert_eq!(closed(&booking), [(dec!(10), dec!(10), dec!(15))]);
    // −100 − 200 − 29 + 15.
    assert_eq!((holding(&booking, CHILD).quantity, cash(&booking, "EUR")), (dec!(0), dec!(-314)));
}

#[test]
fn who_trades_on_the_ex_date_trades_without_the_spin_off() {
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-02-01", buy(ACME, "10", "80", "0"))
        .on("2024-02-01", sell(ACME, "10", "82", "0"))
        .on("2024-02-01", TransactionKind::SpinOff(detachment(dec!(5), dec!(0.2))))
        .book()
        .unwrap();
    // Only the old lot gives: 1000 × 0.2 = 200. The sale of it brings 820 for the 800 that are left.
    let child = booking.lots.iter().find(|lot| lot.instrument == instrument(CHILD)).unwrap();
    assert_eq!((child.quantity_remaining, child.cost_local), (dec!(5), dec!(200)));
    let [sale] = booking.matches.as_slice() else { panic!("{:?}", booking.matches) };
    assert_eq!((sale.cost_local, sale.proceeds_local), (dec!(800), dec!(820)));
}

#[test]
fn a_total_holds_its_fee_and_tax() {
    let order = Trade { value: TradeValue::Total(dec!(1)), ..trade(ACME, "1", "1", "5") };
    let error = Ledger::default().on("2024-01-02", TransactionKind::Buy(order)).book().unwrap_err();
    assert_eq!(error.to_string(), "total of 1 on 2024-01-02: it must be at least the fee and the tax");
}
