use proptest::prelude::*;

use super::*;
use crate::analytics::{Accrual, Bond, Exercise, LastPeriod};
use crate::testing::{currency, day, instrument};

fn shock(on: ShockOn, size: f64) -> Shock {
    Shock { on, size }
}

fn kind(size: f64) -> Shock {
    shock(ShockOn::AssetType("STOCK".to_owned()), size)
}

fn sector(code: &str, size: f64) -> Shock {
    shock(ShockOn::Sector(code.to_owned()), size)
}

#[test]
fn the_most_specific_shock_rules() {
    let country = shock(ShockOn::Country("US".to_owned()), -0.2);
    let own = shock(ShockOn::Instrument(instrument(1)), -0.5);
    let shocks = [own, sector("SOFTWARE", -0.4), sector("TECH", -0.3), country, kind(-0.1)];
    let sectors = ["TECH".to_owned(), "SOFTWARE".to_owned()];
    let traits = Traits { instrument: instrument(1), asset_type: "STOCK", sectors: &sectors, country: Some("US") };
    let ruling = |from: usize| Scenario::new(shocks[from..].to_vec()).unwrap().named(&traits);
    assert_eq!(ruling(0), Some((Cause::Instrument, -0.5)));
    assert_eq!(ruling(1), Some((Cause::Sector, -0.4)), "the narrower part before the wider");
    assert_eq!(ruling(2), Some((Cause::Sector, -0.3)));
    assert_eq!(ruling(3), Some((Cause::Country, -0.2)));
    assert_eq!(ruling(4), Some((Cause::AssetType, -0.1)));
    assert_eq!(ruling(5), None);
    let other = Traits { instrument: instrument(2), asset_type: "BOND", sectors: &[], country: None };
    assert_eq!(Scenario::new(shocks.to_vec()).unwrap().named(&other), None);
}

#[test]
fn what_makes_no_scenario_is_named_with_its_number() {
    let refused = |shocks: Vec<Shock>| Scenario::new(shocks).unwrap_err().to_string();
    assert_eq!(
        refused(vec![kind(-1.01)]),
        "a change of -1.01 is not between -1 and 10 (a fraction: -0.3 is a fall of 30 %)"
    );
    assert!(refused(vec![kind(30.0)]).contains("a change of 30 "));
    assert!(refused(vec![kind(f64::NAN)]).contains("NaN"));
    assert!(refused(vec![shock(ShockOn::Rates, 2_001.0)]).contains("a shift of 2001 "));
    assert_eq!(refused(vec![kind(-0.1), kind(-0.2)]), "it is shocked twice, by -0.1 and by -0.2");
    let market = |n, size| shock(ShockOn::Market(instrument(n)), size);
    assert!(refused(vec![market(1, -0.1), market(2, -0.3)]).contains("by -0.1 and by -0.3"));
    assert!(Scenario::new(vec![kind(-1.0), shock(ShockOn::Rates, -50.0), market(1, 0.2)]).is_ok());
}

#[test]
fn moves_combine_as_they_are_written_down() {
    // 0.7 × 0.9 − 1 = −0.37.
    assert!((Move { local: -0.3, currency: -0.1 }.total() + 0.37).abs() < 1e-15);
    assert!((market_move(1.5, -0.2) + 0.3).abs() < 1e-15);
    assert_eq!(market_move(2.5, -0.5), -1.0, "no more than everything");
    let scenario = Scenario::new(vec![shock(ShockOn::Rates, 100.0)]).unwrap();
    assert_eq!(scenario.shift(3_650.0), Some(0.01));
    assert_eq!(Scenario::default().shift(365.0), None);
}

#[test]
fn a_curve_shifts_in_lines_between_its_points() {
    let at = |tenor: &str, size: f64| Shock { on: ShockOn::RatesAt(tenor.parse().unwrap()), size };
    let curve = Scenario::new(vec![at("10Y", 200.0), at("2Y", 40.0)]).unwrap();
    for (years, points) in [(0.5, 40.0), (2.0, 40.0), (4.0, 80.0), (10.0, 200.0), (30.0, 200.0)] {
        let shift = curve.shift(years * 365.0).unwrap();
        assert!((shift - points * 1e-4).abs() < 1e-12, "{years} years: {shift}");
    }
    let both = |one, other| Scenario::new(vec![one, other]).map(|_| ());
    let whole = || Shock { on: ShockOn::Rates, size: 1.0 };
    assert!(matches!(both(at("12M", 1.0), at("1Y", 2.0)), Err(InvalidShock::Twice { .. })));
    assert!(matches!(both(at("1Y", 1.0), whole()), Err(InvalidShock::Twice { .. })));
    assert!(matches!(both(whole(), at("1Y", 1.0)), Err(InvalidShock::Twice { .. })));
    assert!(matches!(both(at("1Y", 1.0), at("2Y", 2_001.0)), Err(InvalidShock::Shift { .. })));
}

#[test]
fn a_bond_moves_by_duration_and_convexity() {
    // Ten years without a coupon at a yield of zero: duration 10, convexity 110; −0.1 + ½ · 110 · 0.0001 = −0.0945.
    let bond = Bond {
        maturity: day("2034-03-14"),
        coupon: 0.0,
        frequency: 1,
        accrual: Accrual::ActActIcma,
        is_end_of_month: true,
        last_period: LastPeriod::Compound,
    };
    let figures = bond.at_yield(day("2024-03-14"), 0.0).unwrap();
    assert!((rate_move(&figures, 0.01).unwrap() + 0.0945).abs() < 1e-12, "{figures:?}");
    // Of the dirty price: with 2 of accrued interest on 98 clean a fall of 1 % of 100 is 1/98 of what is quoted.
    let accrued = BondFigures { dirty: 100.0, clean: 98.0, modified_duration: 1.0, convexity: 0.0, ..figures };
    assert!((rate_move(&accrued, 0.01).unwrap() + 1.0 / 98.0).abs() < 1e-12);
    assert_eq!(rate_move(&BondFigures { clean: 0.0, ..figures }, 0.01), None);
    // What a second-order expansion leaves of the price itself is of the third order.
    let coupon = Bond { coupon: 0.04, frequency: 2, ..bond };
    let before = coupon.at_yield(day("2024-03-14"), 0.03).unwrap();
    let after = coupon.at_yield(day("2024-03-14"), 0.035).unwrap();
    let expanded = rate_move(&before, 0.005).unwrap();
    assert!((after.clean / before.clean - 1.0 - expanded).abs() < 3e-5, "{expanded}");
}

#[test]
fn an_option_is_priced_anew() {
    // At a volatility of 20 % a call of a year at the money is worth 100 × (2 Φ(0.1) − 1) = 7.9656 without rates, and after a fall of a
    // tenth 90 Φ(−0.4268) − 100 Φ(−0.6268) = 3.589.
    let terms = OptionTerms {
        right: Right::Call,
        exercise: Exercise::European,
        spot: 100.0,
        strike: 100.0,
        years: 1.0,
        rate: 0.0,
        dividend_yield: 0.0,
    };
    let (moved, volatility) = option_move(&terms, 7.965_567_455_405_804, -0.1).unwrap();
    assert!((volatility.0 - 0.2).abs() < 1e-9, "{volatility:?}");
    assert!((moved - (3.589 / 7.9656 - 1.0)).abs() < 1e-4, "{moved}");
    assert!(option_move(&terms, 7.965_567_455_405_804, 0.0).unwrap().0.abs() < 1e-9);
    assert_eq!(option_move(&terms, 8.0, -1.0).unwrap().0, -1.0);
    let put = OptionTerms { right: Right::Put, ..terms };
    assert_eq!(option_move(&put, 8.0, -1.0).unwrap().0, 100.0 / 8.0 - 1.0);
    // Less than what exercising would bring is explained by no volatility.
    assert!(option_move(&OptionTerms { spot: 120.0, ..terms }, 15.0, -0.1).is_err());
}

#[test]
fn what_is_not_known_leaves_the_rest_known() {
    let fall = Move { local: -0.3, currency: 0.0 };
    let lines = [(Some(Decimal::new(10_000, 2)), Some(fall)), (None, Some(fall)), (Some(Decimal::new(500, 2)), None)];
    let effects = effects(&lines, currency("EUR")).unwrap();
    assert_eq!(effects.lines, [Some(Decimal::new(-3_000, 2)), None, None]);
    assert_eq!((effects.total, effects.known), (None, Decimal::new(-3_000, 2)));
}

#[test]
fn what_rounding_leaves_goes_to_the_largest() {
    // Thirds of a cent: −0.3333 each rounds to −0.33, together they are −1.00.
    let third = Move { local: -1.0, currency: 0.0 };
    let lines = [(Some(Decimal::new(33_334, 5)), Some(third)); 3];
    let effects = effects(&lines, currency("EUR")).unwrap();
    assert_eq!(effects.total, Some(Decimal::new(-100, 2)));
    let mut parts: Vec<Decimal> = effects.lines.into_iter().flatten().collect();
    parts.sort();
    assert_eq!(parts, [Decimal::new(-34, 2), Decimal::new(-33, 2), Decimal::new(-33, 2)]);
}

#[test]
fn windows_ascend_and_last() {
    for window in Window::ALL {
        let [from, to] = window.days();
        assert!(from < to, "{window:?}");
    }
    assert!(Window::ALL.is_sorted_by_key(|window| window.days()));
    assert_eq!(Window::Pandemic2020.days(), [day("2020-02-19"), day("2020-03-23")]);
}

type Drawn = (i64, f64, f64);

fn line((value, local, currency): Drawn) -> (Option<Decimal>, Option<Move>) {
    (Some(Decimal::new(value, 5)), Some(Move { local, currency }))
}

proptest! {
    #[test]
    fn effects_sum_to_the_whole(drawn in prop::collection::vec((-1_000_000_000_i64..1_000_000_000, -1.0..2.0, -1.0..2.0), 0..20)) {
        let lines: Vec<_> = drawn.iter().copied().map(line).collect();
        let effects = effects(&lines, currency("EUR")).unwrap();
        let sum: Decimal = effects.lines.iter().flatten().sum();
        prop_assert_eq!(Some(sum), effects.total);
        prop_assert_eq!(effects.known, round_to_minor(effects.known, currency("EUR")));
        // Each is what its line's move says, but for the cents that rounding leaves.
        for ((value, moved), effect) in lines.iter().zip(&effects.lines) {
            let exact = value.unwrap() * Decimal::from_f64(moved.unwrap().total()).unwrap();
            let cents = Decimal::new(lines.len() as i64 + 1, 2);
            prop_assert!((exact - effect.unwrap()).abs() <= cents, "{} of {}", effect.unwrap(), exact);
        }
    }

    #[test]
    fn an_empty_scenario_changes_nothing(values in prop::collection::vec(-1_000_000_000_i64..1_000_000_000, 0..20)) {
        let nothing = Scenario::new(Vec::new()).unwrap();
        let traits = Traits { instrument: instrument(1), asset_type: "STOCK", sectors: &[], country: Some("US") };
        prop_assert_eq!((nothing.named(&traits), nothing.shift(1.0), nothing.market()), (None, None, None));
        let moved = Move { local: 0.0, currency: nothing.currency(currency("USD")) };
        let lines: Vec<_> = values.iter().map(|value| (Some(Decimal::new(*value, 5)), Some(moved))).collect();
        let effects = effects(&lines, currency("EUR")).unwrap();
        prop_assert_eq!(effects.total, Some(Decimal::ZERO));
        prop_assert!(effects.lines.iter().flatten().all(Decimal::is_zero));
    }

    #[test]
    fn what_is_long_loses_no_more_than_it_is_worth(value in 0_i64..1_000_000_000, beta in -5.0..5.0_f64, change in -1.0..10.0_f64, fx in -1.0..10.0_f64) {
        let moved = Move { local: market_move(beta, change), currency: fx };
        let value = Decimal::new(value, 2);
        let effects = effects(&[(Some(value), Some(moved))], currency("EUR")).unwrap();
        prop_assert!(effects.known >= -value, "{} of {}", effects.known, value);
    }
}
