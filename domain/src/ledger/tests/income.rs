//! Income, charges and cash.

use super::*;

#[test]
fn income_and_charges_are_counted_where_they_belong() {
    let usd = currency("USD");
    let eur = currency("EUR");
    let acme = instrument(ACME);
    let booking = Ledger::default()
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on(
            "2024-02-01",
            TransactionKind::Dividend {
                instrument: acme,
                amount: dec!(50),
                withheld: dec!(7.5),
                fee: dec!(0.5),
                currency: usd,
            },
        )
        .on("2024-03-01", TransactionKind::Fee { amount: dec!(12), currency: usd, instrument: Some(acme) })
        .on("2024-03-01", TransactionKind::Fee { amount: dec!(3), currency: eur, instrument: None })
        .on("2024-03-01", TransactionKind::Tax { amount: dec!(-2), currency: eur, instrument: None })
        .on("2024-03-01", TransactionKind::Interest { instrument: None, amount: dec!(-4), tax: dec!(0), currency: eur })
        .book()
        .unwrap();
    let last = booking.positions.last().unwrap();
    // At 1.00 on 2024-02-01, and 12 ÷ 1.20 = 10 on 2024-03-01.
    assert_eq!((last.income_local, last.income_base, last.withholding_base), (dec!(50), dec!(50), dec!(7.5)));
    assert_eq!((last.fees_base, last.taxes_base, last.expensed_base), (dec!(10.5), dec!(7.5), dec!(18)));
    // 50 − 7.5 − 0.5 − 12 = 30 dollars; −1000 − 3 + 2 − 4 euros.
    assert_eq!((cash(&booking, "USD"), cash(&booking, "EUR")), (dec!(30), dec!(-1005)));
    let euros = booking.cash.iter().rfind(|row| row.currency == eur).unwrap();
    assert_eq!((euros.fees_base, euros.taxes_base, euros.interest_base), (dec!(3), dec!(-2), dec!(-4)));
    assert!(booking.flows.is_empty());
}

#[test]
fn deposits_and_conversions_move_cash_and_only_deposits_are_flows() {
    let (usd, eur) = (currency("USD"), currency("EUR"));
    let booking = Ledger::default()
        .on("2024-01-02", TransactionKind::Deposit(CashMovement::new(dec!(1000.005), usd)))
        .on(
            "2024-01-03",
            TransactionKind::FxConversion(FxConversion {
                sold_amount: dec!(500),
                sold_currency: usd,
                bought_amount: dec!(399.5),
                bought_currency: eur,
                fee: dec!(1.25),
            }),
        )
        .on("2024-02-01", TransactionKind::Withdrawal(CashMovement::new(dec!(100), eur)))
        .book()
        .unwrap();
    // 1000.005 is half way and goes to the even cent; 1000 ÷ 1.25 = 800.
    let flows: Vec<_> = booking.flows.iter().map(|flow| (flow.amount, flow.amount_base)).collect();
    assert_eq!(flows, [(dec!(1000), dec!(800)), (dec!(-100), dec!(-100))]);
    // 1000 − 500 − 1.25, and 399.5 − 100.
    assert_eq!((cash(&booking, "USD"), cash(&booking, "EUR")), (dec!(498.75), dec!(299.5)));
}

#[test]
fn accrued_interest_is_no_cost_and_offsets_the_first_coupon() {
    let bond = |price: &str, accrued: &str| Trade {
        accrued_interest: accrued.parse().unwrap(),
        ..trade(BOND, "5000", price, "0")
    };
    let coupon = TransactionKind::Interest {
        instrument: Some(instrument(BOND)),
        amount: dec!(100),
        tax: dec!(0),
        currency: currency("EUR"),
    };
    let bought = || {
        let ledger = Ledger::default().on("2024-01-02", TransactionKind::Buy(bond("98", "45.25")));
        ledger.on("2024-02-01", coupon.clone())
    };
    // 5000 × 98 × 0.01 = 4900; 100 − 45.25 is what the coupon earned.
    let booking = bought().book().unwrap();
    assert_eq!((holding(&booking, BOND).cost_local, holding(&booking, BOND).income_base), (dec!(4900), dec!(54.75)));
    // −4900 − 45.25 + 100.
    assert_eq!(cash(&booking, "EUR"), dec!(-4845.25));
    // At par, 5000 − 4900.
    let booking = bought().on("2024-03-01", TransactionKind::Maturity(bond("100", "0"))).book().unwrap();
    assert_eq!((holding(&booking, BOND).quantity, holding(&booking, BOND).realized_base), (dec!(0), dec!(100)));
    // Called at 102 with 20 accrued: 5100 − 4900, and 54.75 + 20.
    let booking = bought().on("2024-03-01", TransactionKind::Call(bond("102", "20"))).book().unwrap();
    assert_eq!((holding(&booking, BOND).realized_base, holding(&booking, BOND).income_base), (dec!(200), dec!(74.75)));
    // −4845.25 + 5100 + 20.
    assert_eq!(cash(&booking, "EUR"), dec!(274.75));
}

#[test]
fn a_dividend_is_a_receivable_from_its_ex_date_until_it_is_paid() {
    let dividend = TransactionKind::Dividend {
        instrument: instrument(ACME),
        amount: dec!(50),
        withheld: dec!(7.5),
        fee: dec!(0.5),
        currency: currency("EUR"),
    };
    let mut ledger = Ledger::default()
        .on("2024-01-02", TransactionKind::Deposit(CashMovement::new(dec!(1000), currency("EUR"))))
        .on("2024-01-02", buy(ACME, "10", "100", "0"))
        .on("2024-03-01", dividend);
    ledger.0[2].settlement_date = Some(day("2024-03-15"));
    let booking = ledger.book().unwrap();
    let rows: Vec<_> = booking.cash.iter().map(|row| (row.valid_from, row.amount, row.unsettled)).collect();
    // 50 − 7.5 − 0.5. What was deposited was spent the same day.
    assert_eq!(rows, [(day("2024-03-01"), dec!(42), dec!(42)), (day("2024-03-15"), dec!(42), dec!(0))]);
    assert_eq!(
        (holding(&booking, ACME).valid_from, holding(&booking, ACME).income_base),
        (day("2024-03-01"), dec!(50))
    );
}
