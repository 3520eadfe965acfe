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
