//! What is known on which day, and conversions through the euro.

mod adjustment;
mod fx;

use rust_decimal::Decimal;

use super::*;
use crate::testing::{currency, day, rates, series};

/// Thursday, Friday, Tuesday: Monday 2024-01-08 was no session.
const SESSIONS: [&str; 3] = ["2024-01-04", "2024-01-05", "2024-01-09"];

fn known(lookup: Lookup) -> (Decimal, Status) {
    match lookup {
        Lookup::Known { value, status, .. } => (value, status),
        Lookup::Missing { reason } => panic!("{reason}"),
    }
}

#[test]
fn columns_must_ascend_and_match() {
    let (a, b) = (day("2024-01-01"), day("2024-01-02"));
    let error = Series::new(vec![b, a], vec![dec!(1), dec!(2)]).unwrap_err();
    assert_eq!(error, SeriesError::NotAscending { previous: b, date: a });
    assert!(Series::new(vec![a, a], vec![dec!(1), dec!(2)]).is_err());
    let error = Series::new(vec![a], vec![]).unwrap_err();
    assert_eq!(error, SeriesError::Lengths { dates: 1, values: 0 });
}

#[test]
fn values_are_filled_backward_only() {
    let prices = series(&[("2024-01-02", "10"), ("2024-01-05", "11")]);
    let age = MaxAge::Days(3);
    assert_eq!(
        prices.as_of(day("2024-01-01"), age),
        Lookup::Missing { reason: MissingReason::NotYet { first_date: day("2024-01-02") } }
    );
    assert_eq!(known(prices.as_of(day("2024-01-02"), age)), (dec!(10), Status::Complete));
    assert_eq!(known(prices.as_of(day("2024-01-04"), age)), (dec!(10), Status::Stale { days: 2 }));
    assert_eq!(known(prices.as_of(day("2024-01-08"), age)), (dec!(11), Status::Stale { days: 3 }));
    assert_eq!(
        prices.as_of(day("2024-01-09"), age),
        Lookup::Missing { reason: MissingReason::TooOld { last_date: day("2024-01-05") } }
    );
    assert_eq!(Series::default().as_of(day("2024-01-01"), age), Lookup::Missing { reason: MissingReason::NoData });
}

#[test]
fn a_day_without_a_session_has_the_last_close_as_its_own() {
    let calendar = SESSIONS.map(day);
    let age = MaxAge::Sessions { n: 1, calendar: &calendar };
    let prices = series(&[("2024-01-05", "10")]);
    let on = |date| prices.as_of(day(date), age);
    // Saturday, and the Monday that was a holiday.
    assert_eq!(known(on("2024-01-06")), (dec!(10), Status::Complete));
    assert_eq!(known(on("2024-01-08")), (dec!(10), Status::Complete));
    // The session of Tuesday is one later, within the maximum age.
    assert_eq!(known(on("2024-01-09")), (dec!(10), Status::Stale { days: 4 }));
    // Past the calendar's end weekdays count: Wednesday is a second session, too many.
    assert!(matches!(on("2024-01-10"), Lookup::Missing { reason: MissingReason::TooOld { .. } }));
    // Before its start they count too: from Tuesday 2 January to Thursday 4 January there are two.
    let early = series(&[("2024-01-02", "9")]);
    assert_eq!(early.as_of(day("2024-01-04"), age).value(), None);
    let age = MaxAge::Sessions { n: 2, calendar: &calendar };
    assert_eq!(early.as_of(day("2024-01-04"), age).value(), Some(dec!(9)));
}

#[test]
fn what_is_no_longer_traded_has_no_price_but_what_was_observed_since() {
    let calendar = SESSIONS.map(day);
    let on = day("2024-01-09");
    let age = MaxAge::Ended { on, n: 2, calendar: Some(&calendar) };
    let prices = series(&[("2024-01-04", "10"), ("2024-01-05", "11")]);
    // Until the day before the first without trading it is as old as any other; the Monday was a holiday.
    assert_eq!(known(prices.as_of(day("2024-01-08"), age)), (dec!(11), Status::Complete));
    let ended = Lookup::Missing { reason: MissingReason::Ended { last_date: day("2024-01-05"), on } };
    assert_eq!([prices.as_of(on, age), prices.as_of(day("2024-02-01"), age)], [ended; 2]);
    // One that somebody sets afterwards counts, for as long as any other.
    let set = series(&[("2024-01-05", "11"), ("2024-01-10", "0.5")]);
    assert_eq!(known(set.as_of(day("2024-01-11"), age)), (dec!(0.5), Status::Stale { days: 1 }));
    assert_eq!(set.as_of(on, age), ended);
    // On a market that never closes each day counts.
    let age = MaxAge::Ended { on, n: 2, calendar: None };
    assert_eq!(known(prices.as_of(day("2024-01-07"), age)), (dec!(11), Status::Stale { days: 2 }));
    assert_eq!(prices.as_of(on, age), ended);
}

#[test]
fn a_manual_price_holds_until_replaced() {
    let prices = series(&[("2020-01-01", "250000"), ("2024-01-01", "300000")]);
    let (value, status) = known(prices.as_of(day("2023-12-31"), MaxAge::UntilReplaced));
    assert_eq!((value, status), (dec!(250000), Status::Complete));
}

#[test]
fn a_cursor_reads_as_single_look_ups_do_in_any_order() {
    let rows: Vec<_> = day("2024-01-01").iter_days().step_by(2).take(60).collect();
    let values = (0..60).map(Decimal::from).collect();
    let prices = Series::new(rows, values).unwrap();
    let mut cursor = prices.cursor(MaxAge::Days(3));
    let days = ["2023-12-30", "2024-01-01", "2024-01-02", "2024-03-20", "2024-01-09", "2024-06-01", "2024-04-28"];
    for date in days.map(day) {
        assert_eq!(cursor.as_of(date), prices.as_of(date, MaxAge::Days(3)), "{date}");
    }
}

#[test]
fn amounts_are_triangulated_through_the_euro() {
    let fx = rates(&[("USD", &[("2024-01-02", "1.25"), ("2024-01-03", "1.20")]), ("JPY", &[("2024-01-02", "150")])]);
    let (usd, jpy, eur) = (currency("USD"), currency("JPY"), currency("EUR"));
    let date = day("2024-01-03");
    assert_eq!(fx.convert(dec!(120), usd, eur, date), Ok(dec!(100)));
    assert_eq!(fx.convert(dec!(100), eur, usd, date), Ok(dec!(120)));
    // 100 ÷ 1.20 × 150 = 12,500: one rounding, so no 12,499.99…
    assert_eq!(fx.convert(dec!(100), usd, jpy, date), Ok(dec!(12500)));
    let rate = fx.rate(usd, jpy, date).unwrap();
    // 150 ÷ 1.20 = 125, as old as its older leg.
    assert_eq!((rate.value(), rate.date()), (Ok(dec!(125)), day("2024-01-02")));
}

#[test]
fn a_missing_rate_is_an_error_that_names_the_currency() {
    let fx = rates(&[("USD", &[("2024-01-02", "1.25")])]);
    let (usd, chf, eur) = (currency("USD"), currency("CHF"), currency("EUR"));
    assert!(fx.convert(dec!(1), usd, eur, day("2024-01-09")).is_ok());
    let error = fx.convert(dec!(1), usd, eur, day("2024-01-10")).unwrap_err();
    assert_eq!(error.to_string(), "no USD rate for 2024-01-10: the last observation is of 2024-01-02, too old");
    assert!(fx.convert(dec!(1), usd, eur, day("2024-01-01")).is_err());
    let error = fx.convert(dec!(1), usd, chf, day("2024-01-02")).unwrap_err();
    assert_eq!(error.to_string(), "no CHF rate for 2024-01-02: there is no observation");
    // A currency in itself needs no rate.
    assert_eq!(fx.convert(dec!(5), chf, chf, day("2024-01-02")), Ok(dec!(5)));
}

#[test]
fn rates_are_above_zero_and_not_of_the_euro() {
    let mut fx = FxRates::default();
    let zero = series(&[("2024-01-02", "0")]);
    let error = fx.insert(currency("USD"), zero).unwrap_err();
    assert_eq!(error.to_string(), "1 EUR = 0 USD on 2024-01-02 is no rate");
    let euro = currency("EUR");
    assert_eq!(fx.insert(euro, Series::default()), Err(InvalidRate::Pivot { currency: euro }));
}

#[test]
fn rates_may_be_stated_against_any_currency_and_hold_until_replaced() {
    let (cad, usd, euro) = (currency("CAD"), currency("USD"), currency("EUR"));
    let mut fx = FxRates::around(cad, MaxAge::UntilReplaced);
    fx.insert(usd, series(&[("2024-01-02", "0.8")])).unwrap();
    fx.insert(euro, series(&[("2024-01-02", "0.64")])).unwrap();
    // A year later the rate still stands: 100 ÷ 0.8; 0.8 ÷ 0.64 dollars for a euro.
    let later = day("2025-01-02");
    assert_eq!(fx.convert(dec!(100), usd, cad, later), Ok(dec!(125)));
    assert_eq!(fx.convert(dec!(1), euro, usd, later), Ok(dec!(1.25)));
    // Never before its day, and never for a currency without rates, the euro too.
    assert!(fx.rate(usd, cad, day("2024-01-01")).is_err());
    assert!(FxRates::around(cad, MaxAge::UntilReplaced).rate(euro, cad, later).is_err());
    assert_eq!(fx.insert(cad, Series::default()), Err(InvalidRate::Pivot { currency: cad }));
}
