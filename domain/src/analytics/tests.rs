//! Returns of whole series against figures worked out by hand.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::policy::{self, MoneyWeighted, Withheld};
use super::*;
use crate::testing::day;

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
}

fn linked(rows: &[(&str, Option<f64>, f64)]) -> Twr {
    let dates: Vec<NaiveDate> = rows.iter().map(|row| day(row.0)).collect();
    let values: Vec<Option<f64>> = rows.iter().map(|row| row.1).collect();
    let flows: Vec<f64> = rows.iter().map(|row| row.2).collect();
    twr(&dates, &values, &flows, FlowTimings::default())
}

/// 10,000 grows by 20 % to 12,000 by 2024-07-01; 90,000 join at its close; 102,000 fall by 5 % to 96,900.
#[test]
fn the_worked_example_shows_both_returns_and_the_gain() {
    // The 90,000 come after the close of 2024-07-01, so they are flows of the next valuation day, at its start.
    let twr = linked(&[
        ("2023-12-31", Some(10_000.0), 0.0),
        ("2024-07-01", Some(12_000.0), 0.0),
        ("2024-12-31", Some(96_900.0), 90_000.0),
    ]);
    // 1.2 × 0.95 = 1.14
    close(twr.total.unwrap().0, 0.14, 1e-12);
    let xirr = xirr(&[(day("2023-12-31"), -10_000.0), (day("2024-07-01"), -90_000.0), (day("2024-12-31"), 96_900.0)]);
    close(xirr.rate().unwrap().0, -0.05556, 5e-6);
    assert_eq!(96_900.0 - 10_000.0 - 90_000.0, -3_100.0);
    // 366 days: 1.14^(365/366) − 1 = 13.959 %
    close(policy::annual_return(&twr, 366).unwrap().0, 0.139_592, 1e-6);
    assert!(matches!(policy::money_weighted(&xirr, 366), Ok(MoneyWeighted::Annual(_))));
}

#[test]
fn days_without_capital_have_a_factor_of_one_and_are_listed() {
    // 10 % on 100, all out, nothing for a day, 50 in, 10 % again: 1.1² − 1 = 21 %.
    let twr = linked(&[
        ("2024-01-01", Some(100.0), 0.0),
        ("2024-01-02", Some(0.0), -110.0),
        ("2024-01-03", Some(0.0), 0.0),
        ("2024-01-04", Some(55.0), 50.0),
    ]);
    close(twr.total.unwrap().0, 0.21, 1e-12);
    assert_eq!(twr.zero_capital, [day("2024-01-03")]);
    assert_eq!(policy::annual_return(&twr, 400), Err(Withheld::ZeroCapital { days: 1 }));
}

#[test]
fn capital_below_zero_ends_the_chain() {
    let twr = linked(&[
        ("2024-01-01", Some(100.0), 0.0),
        ("2024-01-02", Some(110.0), 0.0),
        ("2024-01-03", Some(-5.0), 0.0),
        ("2024-01-04", Some(20.0), 0.0),
    ]);
    assert_eq!(twr.total, None);
    assert_eq!(twr.end, Some(TwrEnd::NegativeCapital { date: day("2024-01-03") }));
    assert_eq!(twr.returns.len(), 1);
    assert_eq!(policy::period_return(&twr).unwrap_err().code(), "NEGATIVE_CAPITAL");
    // A loss of everything leaves nothing to link either.
    let lost = linked(&[("2024-01-01", Some(100.0), 0.0), ("2024-01-02", Some(0.0), 0.0)]);
    assert_eq!(lost.end, Some(TwrEnd::NegativeCapital { date: day("2024-01-02") }));
}

#[test]
fn unknown_values_are_bridged_unless_money_moved() {
    let bridged =
        linked(&[("2024-01-01", Some(100.0), 0.0), ("2024-01-02", None, 0.0), ("2024-01-03", Some(121.0), 0.0)]);
    close(bridged.total.unwrap().0, 0.21, 1e-12);
    assert_eq!(bridged.bridged, [day("2024-01-02")]);
    assert_eq!(bridged.returns.first().unwrap().from, day("2024-01-01"));
    let moved =
        linked(&[("2024-01-01", Some(100.0), 0.0), ("2024-01-02", None, 50.0), ("2024-01-03", Some(171.0), 0.0)]);
    assert_eq!(moved.end, Some(TwrEnd::FlowOnUnknownValue { date: day("2024-01-02") }));
    let open = linked(&[("2024-01-01", Some(100.0), 0.0), ("2024-01-02", None, 0.0)]);
    assert_eq!(open.end, Some(TwrEnd::UnknownValue { date: day("2024-01-02") }));
    assert_eq!(linked(&[("2024-01-01", Some(100.0), 0.0)]).end, Some(TwrEnd::NoPeriod));
}

#[test]
fn policy_annualises_from_a_year_and_shows_ratios_from_twenty_returns() {
    let twr = linked(&[("2024-01-01", Some(100.0), 0.0), ("2024-01-02", Some(101.0), 0.0)]);
    assert_eq!(policy::annual_return(&twr, 364), Err(Withheld::UnderOneYear { days: 364 }));
    assert!(policy::annual_return(&twr, 365).is_ok());
    let few = Err(Withheld::TooFewObservations { count: 1 });
    assert_eq!(policy::annual_volatility(&twr, 252.0), few);
    assert_eq!(policy::sharpe_ratio(&twr, AnnualReturn(0.0), 252.0).unwrap_err().code(), "TOO_FEW_OBSERVATIONS");
}

#[test]
fn a_rate_under_a_year_is_shown_for_the_period() {
    // 5 % in 73 days: a rate of 1.05⁵ − 1 = 27.628 % a year, shown as the 5 % that it was.
    let xirr = xirr(&[(day("2023-01-01"), -100.0), (day("2023-03-15"), 105.0)]);
    close(xirr.rate().unwrap().0, 0.276_281_562_5, 1e-10);
    match policy::money_weighted(&xirr, 73) {
        Ok(MoneyWeighted::Period(shown)) => close(shown.0, 0.05, 1e-12),
        other => panic!("{other:?}"),
    }
}

#[test]
fn several_rates_are_all_listed() {
    // −1000 + 2300/(1+r) − 1320/(1+r)² is zero at 10 % and at 20 %: (1.1 + 1.2) × 1000 and 1.1 × 1.2 × 1000.
    let Xirr::MultipleRoots { nearest, all } = irr(&[(0.0, -1000.0), (1.0, 2300.0), (2.0, -1320.0)]) else {
        panic!("one root");
    };
    close(nearest.0, 0.1, 1e-9);
    close(all.last().unwrap().0, 0.2, 1e-9);
}

#[test]
fn rates_far_from_zero_are_found() {
    // 100 becomes 1 in a year, and 1 becomes 1000: −99 % and 99,900 %.
    close(irr(&[(0.0, -100.0), (1.0, 1.0)]).rate().unwrap().0, -0.99, 1e-12);
    close(irr(&[(0.0, -1.0), (1.0, 1000.0)]).rate().unwrap().0, 999.0, 1e-8);
    close(irr(&[(0.0, -100.0), (1.0, 50.0), (2.0, 50.0)]).rate().unwrap().0, 0.0, 1e-12);
}

#[test]
fn what_has_no_rate_says_why() {
    let start = day("2024-01-01");
    let lost = xirr(&[(start, -100.0), (day("2024-06-01"), -50.0), (day("2024-12-31"), 0.0)]);
    assert_eq!((lost.rate(), &lost), (Some(AnnualReturn(-1.0)), &Xirr::TotalLoss));
    assert_eq!(lost.code(), Some("TOTAL_LOSS"));
    let one_sided = Xirr::NoSolution(NoSolution::OneSided);
    assert_eq!(xirr(&[]), one_sided);
    assert_eq!(xirr(&[(start, 100.0), (day("2024-12-31"), 5.0)]), one_sided);
    assert_eq!(irr(&[(0.0, -100.0), (0.0, 90.0)]), Xirr::NoSolution(NoSolution::NoTime));
    assert_eq!(irr(&[(0.0, -100.0), (1.0, f64::NAN)]), Xirr::NoSolution(NoSolution::NotFinite));
    // 100 − 100/(1+r) + 100/(1+r)²: the discriminant is 1 − 4 < 0.
    assert_eq!(irr(&[(0.0, 100.0), (1.0, -100.0), (2.0, 100.0)]), Xirr::NoSolution(NoSolution::NoRoot));
}

prop_compose! {
    fn series()(rows in prop::collection::vec((50.0..150.0_f64, -20.0..20.0_f64), 3..40))
        -> (Vec<NaiveDate>, Vec<Option<f64>>, Vec<f64>) {
        let dates = day("2024-01-01").iter_days().take(rows.len()).collect();
        (dates, rows.iter().map(|row| Some(row.0)).collect(), rows.iter().map(|row| row.1).collect())
    }
}

proptest! {
    #[test]
    fn a_range_links_from_its_parts((dates, values, flows) in series(), at in 0.0..1.0_f64) {
        let cut = 1 + ((dates.len() - 2) as f64 * at) as usize;
        let total = |from: usize, to: usize| {
            let part = twr(&dates[from..=to], &values[from..=to], &flows[from..=to], FlowTimings::default());
            part.total.unwrap().0
        };
        let last = dates.len() - 1;
        let product = (1.0 + total(0, cut)) * (1.0 + total(cut, last)) - 1.0;
        if cut < last {
            prop_assert!((product - total(0, last)).abs() < 1e-9 * (1.0 + product.abs()));
        }
    }

    #[test]
    fn scaled_flows_have_the_same_rate(
        amounts in prop::collection::vec(1.0..1000.0_f64, 1..30),
        gain in 0.2..5.0_f64,
        scale in 0.001..1e6_f64,
    ) {
        let start = day("2020-01-01");
        let mut flows: Vec<(NaiveDate, f64)> =
            start.iter_days().step_by(17).zip(&amounts).map(|(date, amount)| (date, -amount)).collect();
        flows.push((day("2022-06-30"), amounts.iter().sum::<f64>() * gain));
        let scaled: Vec<_> = flows.iter().map(|(date, amount)| (*date, amount * scale)).collect();
        let (plain, scaled) = (xirr(&flows).rate().unwrap().0, xirr(&scaled).rate().unwrap().0);
        prop_assert!((plain - scaled).abs() < 1e-9 * (1.0 + plain.abs()));
    }
}
