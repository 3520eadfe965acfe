//! Chains of rates: which one is taken, and what is fixed between currencies.

use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::money::{Currency, div, mul_div};
use crate::pricing::*;
use crate::testing::{currency, day, rates, series};

const WEDNESDAY: &str = "2024-01-03";

/// A pair and its rates by day.
type Given<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

fn with_pairs(pairs: &[Given<'_>]) -> FxRates {
    let mut fx = FxRates::default();
    for (base, quote, rows) in pairs {
        fx.insert_pair(currency(base), currency(quote), series(rows)).unwrap();
    }
    fx
}

/// The way of a chain, as `GBP>EUR>USD`, and its rate.
fn way(fx: &FxRates, from: &str, to: &str, date: &str) -> (String, Decimal) {
    let chain = fx.chain(currency(from), currency(to), day(date)).unwrap();
    let stops = chain.legs.iter().map(|leg| format!(">{}", leg.to)).collect::<String>();
    (format!("{from}{stops}"), chain.rate.value().unwrap().normalize())
}

#[test]
fn a_published_pair_comes_before_a_computed_one() {
    let fx = with_pairs(&[
        ("EUR", "USD", &[(WEDNESDAY, "1.10")]),
        ("EUR", "GBP", &[(WEDNESDAY, "0.88")]),
        ("GBP", "USD", &[("2024-01-02", "1.27")]),
    ]);
    // Though 1.10 ÷ 0.88 = 1.25 is of the day: the shortest way first.
    assert_eq!(way(&fx, "GBP", "USD", WEDNESDAY), ("GBP>USD".to_owned(), dec!(1.27)));
    // 100 ÷ 1.27, taken the other way round.
    let dollars = fx.convert(dec!(127), currency("USD"), currency("GBP"), day(WEDNESDAY));
    assert_eq!(dollars, Ok(dec!(100)));
    // Before there is one, the longer way.
    let fx = with_pairs(&[
        ("EUR", "USD", &[("2024-01-01", "1.10")]),
        ("EUR", "GBP", &[("2024-01-01", "0.88")]),
        ("GBP", "USD", &[("2024-01-02", "1.27")]),
    ]);
    assert_eq!(way(&fx, "GBP", "USD", "2024-01-01"), ("GBP>EUR>USD".to_owned(), dec!(1.25)));
}

#[test]
fn of_chains_of_one_length_the_freshest_is_taken_and_then_the_first_hub() {
    let old = [
        ("EUR", "INR", &[("2024-01-02", "91")][..]),
        ("EUR", "THB", &[(WEDNESDAY, "38")]),
        ("USD", "INR", &[(WEDNESDAY, "83")]),
        ("USD", "THB", &[(WEDNESDAY, "34.5")]),
    ];
    // A chain is as old as its oldest rate: that through the dollar is of the day.
    let (taken, value) = way(&with_pairs(&old), "INR", "THB", WEDNESDAY);
    assert_eq!((taken.as_str(), value), ("INR>USD>THB", div(dec!(34.5), dec!(83)).unwrap().normalize()));
    let mut even = old;
    even[0].2 = &[(WEDNESDAY, "91")];
    assert_eq!(way(&with_pairs(&even), "INR", "THB", WEDNESDAY).0, "INR>EUR>THB");
    // Whatever the order in which they were given.
    even.reverse();
    assert_eq!(way(&with_pairs(&even), "INR", "THB", WEDNESDAY).0, "INR>EUR>THB");
}

#[test]
fn a_pair_that_is_stated_both_ways_is_read_from_the_fresher_side() {
    let fx = with_pairs(&[("USD", "CAD", &[("2024-01-02", "1.30")]), ("CAD", "USD", &[(WEDNESDAY, "0.8")])]);
    assert_eq!(way(&fx, "USD", "CAD", "2024-01-02").1, dec!(1.3));
    assert_eq!(way(&fx, "USD", "CAD", WEDNESDAY).1, dec!(1.25));
    let leg = fx.chain(currency("USD"), currency("CAD"), day(WEDNESDAY)).unwrap().legs[0];
    // As published: a Canadian dollar costs 0.8 of the other.
    assert_eq!((leg.base, leg.rate, leg.status), (currency("CAD"), dec!(0.8), Status::Complete));
}

#[test]
fn three_legs_lead_between_currencies_of_two_hubs() {
    let fx = with_pairs(&[
        ("EUR", "CZK", &[(WEDNESDAY, "25")]),
        ("EUR", "USD", &[(WEDNESDAY, "1.25")]),
        ("USD", "KZT", &[("2024-01-01", "450")]),
    ]);
    // 1 ÷ 25 × 1.25 × 450 = 22.5, as old as the oldest of the three.
    assert_eq!(way(&fx, "CZK", "KZT", WEDNESDAY), ("CZK>EUR>USD>KZT".to_owned(), dec!(22.5)));
    let rate = fx.rate(currency("CZK"), currency("KZT"), day(WEDNESDAY)).unwrap();
    assert_eq!((rate.date(), rate.status()), (day("2024-01-01"), Status::Stale { days: 2 }));
}

#[test]
fn pence_are_a_hundredth_of_pounds_on_any_day_and_rounded_once() {
    let fx = rates(&[("GBP", &[(WEDNESDAY, "0.8")]), ("ZAR", &[(WEDNESDAY, "20")])]);
    assert_eq!(way(&fx, "GBX", "GBP", "1980-01-01"), ("GBX>GBP".to_owned(), dec!(0.01)));
    assert_eq!(way(&fx, "GBX", "EUR", WEDNESDAY), ("GBX>GBP>EUR".to_owned(), dec!(0.0125)));
    // 100 pence ÷ 100 ÷ 0.8 × 20 × 100 = 2,500 cents, over five legs.
    let cents = fx.convert(dec!(100), currency("GBX"), currency("ZAC"), day(WEDNESDAY));
    assert_eq!(cents, Ok(dec!(2500)));
    assert_eq!(way(&fx, "GBX", "ZAC", WEDNESDAY).0, "GBX>GBP>EUR>ZAR>ZAC");
    // What pence lack is the pound's rate.
    let error = fx.convert(dec!(1), currency("GBX"), Currency::EUR, day("2024-01-11")).unwrap_err();
    assert_eq!(error.to_string(), "no GBX rate for 2024-01-11: the last observation is of 2024-01-03, too old");
}

#[test]
fn a_currency_that_became_the_euro_has_its_irrevocable_rate_from_its_day_on() {
    let fx = rates(&[("USD", &[(WEDNESDAY, "1.10")]), ("SIT", &[("2006-12-29", "239.65")])]);
    let (mark, tolar) = (currency("DEM"), currency("SIT"));
    assert_eq!(fx.convert(dec!(1955.83), mark, Currency::EUR, day("1999-01-01")), Ok(dec!(1000)));
    // 1,955.83 ÷ 1.95583 × 1.10 dollars, a quarter of a century later.
    assert_eq!(fx.convert(dec!(1955.83), mark, Currency::USD, day(WEDNESDAY)), Ok(dec!(1100)));
    // Between two of them, by way of the euro: 100 marks are 335.3854… francs.
    let francs = fx.convert(dec!(100), mark, currency("FRF"), day(WEDNESDAY)).unwrap();
    assert_eq!(francs.round_dp(3), dec!(335.385));
    let before = fx.rate(mark, Currency::EUR, day("1998-12-31")).unwrap_err();
    assert_eq!(before.to_string(), "no DEM rate for 1998-12-31: there is no observation");
    // The market's last rate holds until the last day, and then no longer.
    assert_eq!(way(&fx, "EUR", "SIT", "2006-12-31").1, dec!(239.65));
    assert_eq!(way(&fx, "EUR", "SIT", "2007-01-01").1, dec!(239.64));
    let rate = fx.rate(Currency::EUR, tolar, day("2024-01-06")).unwrap();
    assert_eq!(rate.status(), Status::Complete, "it cannot grow old");
}

#[test]
fn a_replaced_currency_is_so_many_of_the_new_one() {
    let fx = rates(&[("TRL", &[("2004-12-31", "1836200")]), ("TRY", &[("2005-01-03", "1.8369"), (WEDNESDAY, "32.5")])]);
    assert_eq!(way(&fx, "EUR", "TRL", "2004-12-31").1, dec!(1836200));
    // The last rate of the old lira is three days old and would still do: what is fixed says more.
    assert_eq!(way(&fx, "TRL", "EUR", "2005-01-03").0, "TRL>TRY>EUR");
    // 3,250,000 ÷ 1,000,000 ÷ 32.5
    assert_eq!(fx.convert(dec!(3250000), currency("TRL"), Currency::EUR, day(WEDNESDAY)), Ok(dec!(0.1)));
    assert_eq!(way(&fx, "BYB", "BYN", WEDNESDAY), ("BYB>BYR>BYN".to_owned(), dec!(0.0000001)));
}

#[test]
fn a_currency_that_kept_its_code_is_not_read_over_the_day_it_lost_its_zeros() {
    let fx = rates(&[("VES", &[("2021-09-30", "4800000"), ("2021-10-04", "4.8")])]);
    assert_eq!(way(&fx, "EUR", "VES", "2021-09-30").1, dec!(4800000));
    // The rate of the day before is of other units, though it is a day old.
    let error = fx.rate(Currency::EUR, currency("VES"), day("2021-10-01")).unwrap_err();
    assert_eq!(error.to_string(), "no VES rate for 2021-10-01: the last observation is of 2021-09-30, too old");
    assert_eq!(way(&fx, "EUR", "VES", "2021-10-04").1, dec!(4.8));
    // The strong bolívar of 2008 by both: 480,000,000,000 ÷ 100,000 ÷ 4,800,000 euros, and ÷ 100,000,000,000 ÷ 4.8.
    let strong = currency("VEF");
    assert_eq!(fx.convert(dec!(480000000000), strong, Currency::EUR, day("2021-09-30")), Ok(dec!(1)));
    assert_eq!(fx.convert(dec!(480000000000), strong, Currency::EUR, day("2021-10-04")), Ok(dec!(1)));
    assert_eq!(way(&fx, "VEB", "VES", "2021-10-04"), ("VEB>VEF>VES".to_owned(), dec!(0.00000000000001)));
    // The digital bolívar is the one of since then.
    assert_eq!(way(&fx, "EUR", "VED", "2021-10-04"), ("EUR>VES>VED".to_owned(), dec!(4.8)));
    assert!(fx.rate(currency("VED"), currency("VES"), day("2021-09-30")).is_err());
}

#[test]
fn redenominations_hold_from_their_days_on() {
    let fx = rates(&[("USD", &[(WEDNESDAY, "1.10")])]);
    // Old units for a new one, on the day and on the day before.
    for (old, new, per, from) in [
        ("BYR", "BYN", "10000", "2016-07-01"),
        ("MRO", "MRU", "10", "2018-01-01"),
        ("STD", "STN", "1000", "2018-01-01"),
        ("SLL", "SLE", "1000", "2022-07-01"),
        ("HRK", "EUR", "7.53450", "2023-01-01"),
        ("ZWL", "ZWG", "2498.7242", "2024-04-05"),
        ("ANG", "XCG", "1", "2025-03-31"),
        ("BGN", "EUR", "1.95583", "2026-01-01"),
    ] {
        let one = per.parse().unwrap();
        assert_eq!(fx.convert(one, currency(old), currency(new), day(from)), Ok(dec!(1)), "{old}");
        assert!(fx.rate(currency(old), currency(new), day(from).pred_opt().unwrap()).is_err(), "{old}");
    }
    // Over two of them: 1,000 × 7.5345 dinars of Croatia are a euro.
    assert_eq!(fx.convert(dec!(7534.5), currency("HRD"), Currency::EUR, day("2023-01-01")), Ok(dec!(1)));
}

#[test]
fn on_closing_days_of_the_euro_no_newer_rate_could_exist() {
    let status = |observed: &str, date: &str| Status::by_reference_days(day(observed), day(date));
    // Good Friday is 29 March 2024, Easter Monday 1 April.
    assert_eq!(status("2024-03-28", "2024-04-01"), Status::Complete);
    assert_eq!(status("2024-03-28", "2024-04-02"), Status::Stale { days: 5 });
    assert_eq!(status("2024-03-27", "2024-03-28"), Status::Stale { days: 1 });
    // Easter was on 23 April 2000 and on 24 March 2008: the latest and the earliest of these years.
    assert_eq!([status("2000-04-20", "2000-04-24"), status("2008-03-20", "2008-03-24")], [Status::Complete; 2]);
    assert_eq!(status("2023-12-22", "2023-12-26"), Status::Complete);
    assert_eq!(status("2024-04-30", "2024-05-01"), Status::Complete);
}

#[test]
fn at_a_weekend_no_newer_rate_could_exist() {
    let fx = rates(&[("USD", &[("2024-01-05", "1.10")])]);
    let status = |date| fx.rate(Currency::EUR, Currency::USD, day(date)).unwrap().status();
    assert_eq!([status("2024-01-05"), status("2024-01-07")], [Status::Complete; 2]);
    assert_eq!(status("2024-01-08"), Status::Stale { days: 3 });
    assert_eq!(fx.chain(Currency::USD, Currency::USD, day("2024-01-08")).unwrap().legs, []);
}

#[test]
fn pairs_are_checked() {
    let mut fx = FxRates::default();
    let error = fx.insert_pair(currency("GBP"), currency("USD"), series(&[("2024-01-02", "-1")])).unwrap_err();
    assert_eq!(error.to_string(), "1 GBP = -1 USD on 2024-01-02 is no rate");
    assert!(fx.insert_pair(currency("GBP"), currency("GBP"), Series::default()).is_err());
}

#[test]
fn without_a_chain_the_currency_that_is_cut_off_is_named() {
    let fx = with_pairs(&[("EUR", "USD", &[(WEDNESDAY, "1.1")]), ("THB", "LAK", &[(WEDNESDAY, "600")])]);
    let error = |from, to| fx.rate(currency(from), currency(to), day(WEDNESDAY)).unwrap_err().to_string();
    assert!(error("THB", "USD").starts_with("no THB rate"), "{}", error("THB", "USD"));
    assert!(error("USD", "LAK").starts_with("no LAK rate"), "{}", error("USD", "LAK"));
    assert_eq!(way(&fx, "LAK", "THB", WEDNESDAY).0, "LAK>THB");
}

proptest! {
    /// Rates of the euro alone convert as the quotient of the two, to the digit, whatever else is fixed between currencies.
    #[test]
    fn rates_of_one_pivot_convert_by_their_quotient(
        of_from in 1_u32..10_000_000, of_to in 1_u32..10_000_000, amount in -1_000_000_000_i64..1_000_000_000,
    ) {
        let (of_from, of_to, amount) = (Decimal::new(of_from.into(), 4), Decimal::new(of_to.into(), 4), Decimal::new(amount, 2));
        let one = |rate: Decimal| Series::new(vec![day(WEDNESDAY)], vec![rate]).unwrap();
        let (mut fx, date) = (FxRates::default(), day(WEDNESDAY));
        let (gbp, try_) = (currency("GBP"), currency("TRY"));
        fx.insert(gbp, one(of_from)).unwrap();
        fx.insert(try_, one(of_to)).unwrap();
        let exact = |one: Decimal| (one.mantissa(), one.scale());
        let got = fx.convert(amount, gbp, try_, date).unwrap();
        let expected = if amount.is_zero() { amount } else { mul_div(amount, of_to, of_from).unwrap() };
        prop_assert_eq!(exact(got), exact(expected));
        let got = fx.convert(amount, Currency::EUR, try_, date).unwrap();
        let expected = if amount.is_zero() { amount } else { mul_div(amount, of_to, Decimal::ONE).unwrap() };
        prop_assert_eq!(exact(got), exact(expected));
        prop_assert_eq!(fx.rate(gbp, try_, date).unwrap().value(), div(of_to, of_from));
    }
}
