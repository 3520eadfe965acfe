//! Lots that accounts share.

use super::*;

fn pooled(entries: &[(u128, &str, TransactionKind)]) -> Result<Booking, LedgerError> {
    let mut ledger = Ledger::default();
    for (by, date, kind) in entries {
        ledger = ledger.on(date, kind.clone());
        if let Some(entry) = ledger.0.last_mut() {
            entry.account = account(*by);
        }
    }
    ledger.book_under(&Policy { scope: LotScope::Portfolio, ..Policy::new(currency("EUR")) })
}

fn units(booking: &Booking, by: u128, what: u128) -> (Decimal, Decimal) {
    let of = |row: &&PositionPeriod| (row.account, row.instrument) == (account(by), instrument(what));
    let last = booking.positions.iter().rfind(of).unwrap();
    (last.quantity, last.cost_local)
}

fn spin_off(quantity: &str) -> TransactionKind {
    let (instrument, child) = (instrument(ACME), instrument(CHILD));
    TransactionKind::SpinOff(Detachment {
        instrument,
        child,
        quantity: quantity.parse().unwrap(),
        cost_fraction: dec!(0.2),
    })
}

#[test]
fn a_split_that_two_accounts_tell_of_on_different_days_acts_once() {
    let told = [
        (1, "2024-01-02", buy(ACME, "10", "100", "0")),
        (2, "2024-01-02", buy(ACME, "10", "100", "0")),
        (1, "2024-02-01", split(dec!(2), dec!(1))),
        (2, "2024-02-05", split(dec!(4), dec!(2))),
    ];
    let booking = pooled(&told).unwrap();
    assert_eq!([units(&booking, 1, ACME), units(&booking, 2, ACME)], [(dec!(20), dec!(1000)); 2]);
    // A week later, or by the account that told of the last one, it is another split.
    for (by, date) in [(2, "2024-02-09"), (1, "2024-02-05")] {
        let mut told = told.clone();
        (told[3].0, told[3].1) = (by, date);
        let booking = pooled(&told).unwrap();
        assert_eq!(units(&booking, 1, ACME).0, dec!(40), "{by} on {date}");
    }
}

#[test]
fn accounts_that_tell_of_a_split_with_other_ratios_are_refused() {
    let refused = pooled(&[
        (1, "2024-01-02", buy(ACME, "10", "100", "0")),
        (1, "2024-02-01", split(dec!(2), dec!(1))),
        (2, "2024-02-01", split(dec!(3), dec!(1))),
    ]);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "splits ACME 3 for 1 on 2024-02-01, which another account whose lots are pooled split 2 for 1 on 2024-02-01"
    );
}

#[test]
fn an_accounts_own_split_stands_in_for_the_markets_in_all_of_them() {
    let ledger =
        Ledger::default().on("2024-01-02", buy(ACME, "10", "100", "0")).on("2024-02-02", split(dec!(2), dec!(1)));
    let ex_date = day("2024-02-01");
    let of = |account| MarketSplit {
        instrument: instrument(ACME),
        account,
        ex_date,
        numerator: dec!(2),
        denominator: dec!(1),
    };
    let policy = Policy { scope: LotScope::Portfolio, ..Policy::new(currency("EUR")) };
    // Given for the others where an account has an own row, for all where it has none; the row says the same either way.
    for split in [of(Some(account(2))), of(None)] {
        let booking = book(&policy, &ledger.0, &[split], &instruments(), &fx()).unwrap();
        assert_eq!(holding(&booking, ACME).quantity, dec!(20));
    }
}

#[test]
fn what_accounts_receive_of_one_spin_off_costs_the_fraction_of_the_whole() {
    let booking = pooled(&[
        (1, "2024-01-02", buy(ACME, "10", "100", "0")),
        (2, "2024-01-02", buy(ACME, "30", "200", "0")),
        (1, "2024-02-01", spin_off("5")),
        (2, "2024-02-01", spin_off("15")),
    ])
    .unwrap();
    // 20 % of 7000, by units: a quarter and three quarters.
    let cost = |what| units(&booking, 1, what).1 + units(&booking, 2, what).1;
    assert_eq!((cost(CHILD), cost(ACME)), (dec!(1400), dec!(5600)));
}
