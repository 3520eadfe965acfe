//! Worked figures and properties.

use proptest::prelude::*;

use super::*;
use crate::testing::day;

fn bond(maturity: &str, coupon: f64, accrual: Accrual) -> Bond {
    Bond {
        maturity: day(maturity),
        coupon,
        frequency: 2,
        accrual,
        is_end_of_month: true,
        last_period: LastPeriod::Simple,
    }
}

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() < tolerance, "{got} is not {expected}");
}

#[test]
fn prices_and_yields_are_those_of_spreadsheets() {
    // PRICE(2008-02-15, 2017-11-15, 5.75 %, 6.5 %, 100, 2, 0) and YIELD(2008-02-15, 2016-11-15, 5.75 %, 95.04287, 100, 2, 0).
    let price = bond("2017-11-15", 0.0575, Accrual::Thirty360).at_yield(day("2008-02-15"), 0.065).unwrap();
    close(price.clean, 94.634_361_62, 1e-7);
    let rate = bond("2016-11-15", 0.0575, Accrual::Thirty360).at_clean_price(day("2008-02-15"), 95.04287).unwrap();
    close(rate.rate, 0.065, 1e-7);
    // DURATION(2018-07-01, 2048-01-01, 8 %, 9 %, 2, 1) and MDURATION(2008-01-01, 2016-01-01, 8 %, 9 %, 2, 1).
    let long = bond("2048-01-01", 0.08, Accrual::ActActIcma).at_yield(day("2018-07-01"), 0.09).unwrap();
    close(long.macaulay_duration, 10.919_145_3, 1e-6);
    let short = bond("2016-01-01", 0.08, Accrual::ActActIcma).at_yield(day("2008-01-01"), 0.09).unwrap();
    close(short.modified_duration, 5.735_67, 1e-5);
}

#[test]
fn interest_accrues_by_each_convention() {
    // From 2024-05-15: 92 of 184 days; 90 of 180; 92 of 360.
    let at = |accrual| bond("2030-05-15", 0.06, accrual).accrued(day("2024-08-15")).unwrap();
    close(at(Accrual::ActActIcma), 1.5, 1e-12);
    close(at(Accrual::Thirty360), 1.5, 1e-12);
    close(at(Accrual::Act360), 6.0 * 92.0 / 360.0, 1e-12);
    // On the 31st after the 15th: 106 days in the US, 105 in Europe.
    let end = |accrual| bond("2030-05-15", 0.06, accrual).accrued(day("2024-08-31")).unwrap();
    close(end(Accrual::Thirty360), 6.0 * 106.0 / 360.0, 1e-12);
    close(end(Accrual::ThirtyE360), 6.0 * 105.0 / 360.0, 1e-12);
    assert_eq!(bond("2030-05-15", 0.06, Accrual::ActActIcma).accrued(day("2024-11-15")), Ok(0.0));
}

#[test]
fn coupons_keep_to_the_ends_of_months() {
    // Maturity on 28 February: the coupon before is of 31 August, and 29 days of 181 have gone by on 29 September.
    let ends = bond("2027-02-28", 0.05, Accrual::ActActIcma);
    close(ends.accrued(day("2026-09-29")).unwrap(), 2.5 * 29.0 / 181.0, 1e-12);
    let days = Bond { is_end_of_month: false, ..ends };
    close(days.accrued(day("2026-09-29")).unwrap(), 2.5 * 32.0 / 184.0, 1e-12);
    // The last day of a half-year from 28 February cannot earn more than the half-year.
    let europe = bond("2027-08-31", 0.05, Accrual::ThirtyE360);
    assert_eq!(europe.accrued(day("2027-08-30")), Ok(2.5));
    assert_eq!(Bond { accrual: Accrual::Thirty360, ..europe }.accrued(day("2027-02-28")), Ok(0.0));
    let us = Bond { accrual: Accrual::Thirty360, ..europe };
    assert_eq!(us.accrued(day("2027-08-30")), Ok(2.5));
}

#[test]
fn a_bond_without_coupons_has_one_flow() {
    let zero = bond("2034-01-01", 0.0, Accrual::ActActIcma).at_yield(day("2024-01-01"), 0.06).unwrap();
    close(zero.dirty, 100.0 / 1.03_f64.powi(20), 1e-10);
    close(zero.macaulay_duration, 10.0, 1e-12);
    // t(t + 1)/(1 + y/2)² of half-years: 20 · 21 / 4 / 1.0609.
    close(zero.convexity, 420.0 / 4.0 / 1.0609, 1e-10);
}

#[test]
fn what_is_no_bond_says_why() {
    let plain = bond("2030-05-15", 0.06, Accrual::ActActIcma);
    let settlement = day("2024-08-15");
    assert_eq!(Bond { frequency: 5, ..plain }.accrued(settlement), Err(NoBondFigure::Frequency { frequency: 5 }));
    let matured = NoBondFigure::Matured { settlement: plain.maturity, maturity: plain.maturity };
    assert_eq!(plain.accrued(plain.maturity), Err(matured));
    assert_eq!(Bond { coupon: -0.01, ..plain }.accrued(settlement), Err(NoBondFigure::Coupon { coupon: -0.01 }));
    assert_eq!(plain.at_yield(settlement, -2.0), Err(NoBondFigure::Yield { rate: -2.0 }));
    assert!(matches!(plain.at_yield(settlement, f64::NAN), Err(NoBondFigure::Yield { .. })));
    assert!(matches!(plain.at_clean_price(settlement, -1.5), Err(NoBondFigure::Price { .. })));
    let thirtieth = bond("2027-08-31", 0.05, Accrual::ThirtyE360);
    let settlement_before = day("2027-08-30");
    let no_time = NoBondFigure::NoTime { settlement: settlement_before };
    assert_eq!(thirtieth.at_clean_price(settlement_before, 100.0), Err(no_time));
    let late = Bond { maturity: NaiveDate::MAX, ..plain };
    assert_eq!(late.accrued(settlement), Err(NoBondFigure::TooLong { limit: 1_200 }));
    assert!(matches!(plain.at_clean_price(NaiveDate::MIN, 100.0), Err(NoBondFigure::TooLong { .. })));
}

proptest! {
    #[test]
    fn a_price_and_its_yield_are_one(
        rate in -0.05..0.5, coupon in 0.0..0.2, days in 1_u64..9_000, frequency in prop_oneof![Just(1_u32), Just(2), Just(4)],
        accrual in prop_oneof![Just(Accrual::ActActIcma), Just(Accrual::Thirty360), Just(Accrual::ThirtyE360), Just(Accrual::Act360)],
        last_period in prop_oneof![Just(LastPeriod::Simple), Just(LastPeriod::Compound)],
    ) {
        let maturity = day("2050-08-31");
        let bond = Bond { maturity, coupon, frequency, accrual, is_end_of_month: true, last_period };
        let settlement = maturity - chrono::Days::new(days);
        let at = bond.at_yield(settlement, rate).unwrap();
        match bond.at_clean_price(settlement, at.clean) {
            Ok(priced) => prop_assert!((priced.rate - rate).abs() < 1e-8),
            Err(error) => {
                // From 28 February to 28 August are 180 days of months of 30 already.
                prop_assert_eq!((error, days <= 3, at.modified_duration), (NoBondFigure::NoTime { settlement }, true, 0.0));
            }
        }
        prop_assert!(at.accrued >= 0.0 && at.modified_duration >= 0.0);
        // Duration and convexity are the first and second slope of the price.
        let step = 1e-5;
        let (up, down) = (bond.at_yield(settlement, rate + step).unwrap(), bond.at_yield(settlement, rate - step).unwrap());
        let slope = (down.dirty - up.dirty) / (2.0 * step) / at.dirty;
        prop_assert!((slope - at.modified_duration).abs() < 1e-4 * (1.0 + slope));
        let curve = (down.dirty + up.dirty - 2.0 * at.dirty) / (step * step) / at.dirty;
        prop_assert!((curve - at.convexity).abs() < 0.01 * (1.0 + curve), "{} {}", curve, at.convexity);
    }
}
