//! Worked figures and properties.

use proptest::prelude::*;

use super::*;

fn terms(right: Right, exercise: Exercise, spot: f64, years: f64) -> OptionTerms {
    OptionTerms { right, exercise, spot, strike: 40.0, years, rate: 0.06, dividend_yield: 0.0 }
}

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() < tolerance, "{got} is not {expected}");
}

#[test]
fn the_formula_gives_the_figures_of_textbooks() {
    // Hull: spot 42, strike 40, 10 %, 20 %, half a year: 4.76 and 0.81.
    let call = OptionTerms { rate: 0.1, ..terms(Right::Call, Exercise::European, 42.0, 0.5) };
    close(call.at(AnnualVolatility(0.2)).unwrap().value, 4.759_422, 1e-6);
    let put = OptionTerms { right: Right::Put, ..call };
    close(put.at(AnnualVolatility(0.2)).unwrap().value, 0.808_600, 1e-6);
    // Hull: spot 49, strike 50, 5 %, 20 %, 0.3846 years: delta 0.522, gamma 0.066, theta −4.31, vega 12.1, rho 8.91.
    let other = OptionTerms { spot: 49.0, strike: 50.0, rate: 0.05, years: 0.3846, ..call };
    let figures = other.at(AnnualVolatility(0.2)).unwrap();
    close(figures.delta, 0.522, 5e-4);
    close(figures.gamma, 0.066, 5e-4);
    close(figures.theta, -4.31, 5e-3);
    close(figures.vega, 12.1, 5e-2);
    close(figures.rho, 8.91, 5e-3);
}

#[test]
fn american_puts_are_those_that_were_published() {
    // Huang, Subrahmanyam and Yu 1996, table 1, binomial of 10,000 steps; spot 40, 4.88 % a year continuously compounded.
    for (strike, volatility, years, value) in [
        (40.0, 0.2, 0.0833, 0.8522),
        (40.0, 0.2, 0.3333, 1.5798),
        (40.0, 0.2, 0.5833, 1.9904),
        (45.0, 0.2, 0.3333, 5.0883),
        (45.0, 0.3, 0.5833, 6.2436),
        (40.0, 0.4, 0.5833, 4.3526),
        (45.0, 0.4, 0.3333, 6.5099),
    ] {
        let put = terms(Right::Put, Exercise::American { steps: 500 }, 40.0, years);
        let put = OptionTerms { strike, rate: 0.0488, ..put };
        close(put.at(AnnualVolatility(volatility)).unwrap().value, value, 5e-4);
    }
}

#[test]
fn a_call_without_dividends_is_never_exercised_early() {
    let american = terms(Right::Call, Exercise::American { steps: 400 }, 42.0, 1.0);
    let lattice = american.at(AnnualVolatility(0.3)).unwrap();
    let formula = OptionTerms { exercise: Exercise::European, ..american }.at(AnnualVolatility(0.3)).unwrap();
    close(lattice.value, formula.value, 5e-4);
    close(lattice.delta, formula.delta, 1e-3);
    close(lattice.gamma, formula.gamma, 1e-3);
    close(lattice.vega, formula.vega, 2e-2);
    close(lattice.theta, formula.theta, 2e-2);
    close(lattice.rho, formula.rho, 2e-2);
}

#[test]
fn what_is_no_option_says_why() {
    let plain = terms(Right::Put, Exercise::European, 36.0, 1.0);
    let refused = |terms: OptionTerms| terms.at(AnnualVolatility(0.2)).unwrap_err();
    assert_eq!(refused(OptionTerms { spot: 0.0, ..plain }), NoOptionFigure::NotPositive { input: "spot", value: 0.0 });
    let endless = OptionTerms { years: f64::INFINITY, ..plain };
    assert!(matches!(refused(endless), NoOptionFigure::NotPositive { input: "years", .. }));
    assert_eq!(refused(OptionTerms { rate: 11.0, ..plain }), NoOptionFigure::Rate { input: "rate", value: 11.0 });
    let odd = OptionTerms { exercise: Exercise::American { steps: 5 }, ..plain };
    assert_eq!(refused(odd), NoOptionFigure::Steps { steps: 5 });
    let coarse = OptionTerms { exercise: Exercise::American { steps: 4 }, rate: 1.0, ..plain };
    assert!(matches!(refused(coarse), NoOptionFigure::TooCoarse { .. }));
    assert!(matches!(refused(OptionTerms { years: 200.0, rate: -10.0, ..plain }), NoOptionFigure::Overflow { .. }));
    let wild = OptionTerms { right: Right::Call, exercise: Exercise::American { steps: 100 }, years: 1e4, ..plain };
    assert!(matches!(wild.at(AnnualVolatility(9.0)), Err(NoOptionFigure::Overflow { .. })));
    assert!(plain.at(AnnualVolatility(f64::NAN)).is_err() && plain.at(AnnualVolatility(0.0)).is_err());
    // A put is worth at most its discounted strike, and an American one at least what it brings at once.
    assert!(matches!(plain.implied_volatility(38.0), Err(NoOptionFigure::Price { .. })));
    let american = OptionTerms { exercise: Exercise::American { steps: 200 }, ..plain };
    assert!(matches!(american.implied_volatility(3.9), Err(NoOptionFigure::Price { .. })));
    assert!(american.implied_volatility(f64::NAN).is_err());
}

proptest! {
    #[test]
    fn calls_less_puts_are_forwards_and_prices_give_their_volatility(
        spot in 20.0..80.0, years in 0.05..3.0, rate in -0.02..0.1, dividend_yield in 0.0..0.06, volatility in 0.1..0.9,
    ) {
        let call = OptionTerms { rate, dividend_yield, ..terms(Right::Call, Exercise::European, spot, years) };
        let put = OptionTerms { right: Right::Put, ..call };
        let volatility = AnnualVolatility(volatility);
        let (up, down) = (call.at(volatility).unwrap(), put.at(volatility).unwrap());
        let forward = spot * (-dividend_yield * years).exp() - 40.0 * (-rate * years).exp();
        prop_assert!((up.value - down.value - forward).abs() < 1e-10);
        for (terms, figures) in [(call, up), (put, down)] {
            // The error function of statrs errs by up to 5e-11 and jumps by it, so slopes are taken over wide steps.
            // Where the value hardly depends on the volatility, its last digits hold little of it.
            if figures.vega > 0.1 {
                prop_assert!((terms.implied_volatility(figures.value).unwrap().0 - volatility.0).abs() < 1e-7);
            }
            let at = |spot, years| OptionTerms { spot, years, ..terms }.at(volatility).unwrap().value;
            let delta = (at(spot + 1e-3, years) - at(spot - 1e-3, years)) / 2e-3;
            let theta = (at(spot, years - 1e-4) - at(spot, years + 1e-4)) / 2e-4;
            prop_assert!((delta - figures.delta).abs() < 1e-5 && (theta - figures.theta).abs() < 5e-4 * (1.0 + theta.abs()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn exercising_early_is_never_worth_less(
        spot in 20.0..80.0, years in 0.05..3.0, rate in -0.02..0.1, dividend_yield in 0.0..0.06, volatility in 0.1..0.9,
        right in prop_oneof![Just(Right::Call), Just(Right::Put)],
    ) {
        let exercise = Exercise::American { steps: 100 };
        let american = OptionTerms { rate, dividend_yield, ..terms(right, exercise, spot, years) };
        let value = american.at(AnnualVolatility(volatility)).unwrap().value;
        let european = OptionTerms { exercise: Exercise::European, ..american }.at(AnnualVolatility(volatility)).unwrap();
        prop_assert!(value >= european.value - 0.005 && value >= american.exercised(spot), "{} {}", value, european.value);
        if value > american.exercised(spot) + 0.1 && european.vega > 0.5 {
            prop_assert!((american.implied_volatility(value).unwrap().0 - volatility).abs() < 1e-6);
        }
    }
}
