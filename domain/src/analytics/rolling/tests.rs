//! Worked figures and properties.

use proptest::prelude::*;

use super::*;
use crate::analytics::{DatedReturn, calmar, max_drawdown, regression, sharpe, sortino, volatility};
use crate::testing::day;

#[test]
fn windows_worked_by_hand() {
    // Of 1, 2 and 4 hundredths in twos: deviations 0.01/√2 and 0.02/√2; the first return fills no window.
    let figures = rolling_volatility(&[0.01, 0.02, 0.04], 2, 1.0).unwrap();
    assert_eq!((figures.len(), figures[0]), (3, None));
    assert!((figures[1].unwrap() - 0.01 / 2.0_f64.sqrt()).abs() < 1e-15);
    assert!((figures[2].unwrap() - 0.02 / 2.0_f64.sqrt()).abs() < 1e-15);
    let compound = rolling_return(&[0.1, 0.1, -0.5], 2).unwrap();
    assert!((compound[1].unwrap() - 0.21).abs() < 1e-15 && (compound[2].unwrap() + 0.45).abs() < 1e-15);
    assert_eq!(rolling_return(&[0.5], 1), Ok(vec![Some(0.5)]));
}

#[test]
fn what_has_no_windows_or_figures() {
    assert_eq!(rolling_volatility(&[0.1], 1, 252.0), Err(NoWindow::TooShort { window: 1, needed: 2 }));
    assert_eq!(rolling_return(&[0.1], 0), Err(NoWindow::TooShort { window: 0, needed: 1 }));
    assert_eq!(rolling_beta(&[0.1], &[], 2), Err(NoWindow::Mismatch { returns: 1, others: 0 }));
    assert_eq!(rolling_volatility(&[0.1, 0.2], 3, 252.0), Ok(vec![None, None]));
    assert_eq!(rolling_volatility(&[0.1; 3], 2, 252.0), Ok(vec![None, Some(0.0), Some(0.0)]));
    assert_eq!(rolling_sharpe(&[0.1; 3], AnnualReturn(0.0), 2, 252.0), Ok(vec![None; 3]));
    assert_eq!(rolling_sortino(&[0.1; 3], 0.0, 2, 252.0), Ok(vec![None; 3]));
    assert_eq!(rolling_beta(&[0.1, 0.2], &[0.1; 2], 2), Ok(vec![None; 2]));
    // A hole leaves the windows that it is in without a figure, and no other.
    let holed = rolling_volatility(&[0.1, f64::NAN, 0.2, 0.3, 0.1], 2, 252.0).unwrap();
    let falls = rolling_max_drawdown(&[0.1, f64::NAN, -0.2], 2).unwrap();
    assert_eq!(falls, [None; 3]);
    assert_eq!(holed.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, false, true, true]);
}

#[test]
fn figures_of_a_window_are_the_kernels_of_it() {
    let returns = [0.01, -0.02, 0.03, -0.01, 0.02];
    let last = |column: Rolling| column.unwrap();
    // Of the last four: √(0.0005 / 4) × √4; 0.05 over 0.03; falls of 0.02, 0, 0.01 and 0 behind peaks.
    let downside = last(rolling_downside_deviation(&returns, 0.0, 4, 4.0));
    assert_eq!(downside[..3], [None; 3]);
    assert!((downside[4].unwrap() - (0.0005_f64 / 4.0).sqrt() * 2.0).abs() < 1e-15);
    assert!((last(rolling_omega(&returns, 0.0, 4))[4].unwrap() - 0.05 / 0.03).abs() < 1e-12);
    let ulcer = ((0.0004 + 0.0001) / 4.0_f64).sqrt();
    assert!((last(rolling_ulcer_index(&returns, 4))[4].unwrap() - ulcer).abs() < 1e-12);
    let moments = Moments::of(&returns[1..]).unwrap();
    assert_eq!(last(rolling_skewness(&returns, 4))[4], moments.skewness());
    assert_eq!(last(rolling_excess_kurtosis(&returns, 4))[4], moments.excess_kurtosis());
    assert_eq!(last(rolling_calmar(&[0.1; 4], 2, 252.0)), [None; 4]);
    assert_eq!(last(rolling_skewness(&[0.1; 5], 3)), [None; 5]);
    assert_eq!(rolling_excess_kurtosis(&returns, 3), Err(NoWindow::TooShort { window: 3, needed: 4 }));
    assert_eq!(last(rolling_omega(&[0.1, f64::NAN, -0.1, -0.2], 0.0, 2)), [None, None, None, Some(0.0)]);
    assert_eq!(last(rolling_omega(&[], 0.0, 2)), []);
}

#[test]
fn a_large_move_leaves_nothing_behind() {
    // Sums that take off what leaves a window would carry the rounding of 10¹² on.
    let mut returns = vec![1e12];
    returns.extend((0..200).map(|step| f64::from(step % 7) * 1e-3));
    let figures = rolling_volatility(&returns, 21, 252.0).unwrap();
    for (at, figure) in figures.iter().enumerate().skip(22) {
        let direct = volatility(&returns[at - 20..=at], 252.0).unwrap().0;
        assert!((figure.unwrap() / direct - 1.0).abs() < 1e-12);
    }
}

proptest! {
    #[test]
    fn each_window_is_what_it_is_alone(
        both in prop::collection::vec((-0.1..0.1, -0.1..0.1), 0..120), window in 2_usize..40,
    ) {
        let (returns, benchmark): (Vec<f64>, Vec<f64>) = both.into_iter().unzip();
        let annual = AnnualReturn(0.02);
        let rolled = [
            rolling_volatility(&returns, window, 252.0).unwrap(),
            rolling_sharpe(&returns, annual, window, 252.0).unwrap(),
            rolling_sortino(&returns, 0.001, window, 252.0).unwrap(),
            rolling_beta(&returns, &benchmark, window).unwrap(),
            rolling_correlation(&returns, &benchmark, window).unwrap(),
            rolling_return(&returns, window).unwrap(),
            rolling_max_drawdown(&returns, window).unwrap(),
            rolling_calmar(&returns, window, 252.0).unwrap(),
        ];
        for at in 0..returns.len() {
            if at + 1 < window {
                prop_assert!(rolled.iter().all(|column| column[at].is_none()));
                continue;
            }
            let (own, other) = (&returns[at + 1 - window..=at], &benchmark[at + 1 - window..=at]);
            let dated: Vec<DatedReturn> = own.iter().enumerate().map(|(step, value)| {
                let from = day("2024-01-01") + chrono::Days::new(step as u64);
                DatedReturn { from, date: from + chrono::Days::new(1), value: *value }
            }).collect();
            let line = regression(own, other, 0.0);
            let alone = [
                volatility(own, 252.0).map(|figure| figure.0),
                sharpe(own, annual, 252.0).map(|figure| figure.0),
                sortino(own, 0.001, 252.0),
                line.map(|line| line.beta),
                line.and_then(|line| line.correlation),
                Some(own.iter().map(|value| 1.0 + value).product::<f64>() - 1.0),
                max_drawdown(&dated).map(|fall| fall.depth),
                compound_annual(own, 252.0).zip(max_drawdown(&dated)).and_then(|(rate, fall)| calmar(rate, &fall)),
            ];
            for (column, expected) in rolled.iter().zip(alone) {
                let (got, expected) = (column[at].unwrap_or(9e9), expected.unwrap_or(9e9));
                prop_assert!((got - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{} {}", got, expected);
            }
        }
    }
}
