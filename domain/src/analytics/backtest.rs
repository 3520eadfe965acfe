//! Whether a value at risk was exceeded as often as it said, and not in clusters. What is tested are forecasts made before the outcomes
//! that they are compared with.

use statrs::function::erf::erfc;

/// Why forecasts cannot be tested.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoBacktest {
    /// A confidence that is none.
    #[error("a confidence of {confidence}: it is above 0 and below 1")]
    Confidence {
        /// The confidence.
        confidence: f64,
    },
    /// Not an outcome for each forecast.
    #[error("{forecasts} forecasts stand beside {outcomes} outcomes")]
    Mismatch {
        /// How many forecasts there are.
        forecasts: usize,
        /// How many outcomes.
        outcomes: usize,
    },
    /// A forecast or an outcome that is infinite or not a number.
    #[error("the forecast or the outcome of day {at} is not finite")]
    NotFinite {
        /// Which, from zero.
        at: usize,
    },
    /// Too few days.
    #[error("{count} days are too few: {needed} are needed")]
    TooFew {
        /// How many there are.
        count: usize,
        /// How many are needed.
        needed: usize,
    },
}

/// A ratio of likelihoods, −2 ln(L₀/L₁), and how probable one as large is where the hypothesis holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LikelihoodRatio {
    /// The statistic: zero where the days are exactly as they were said to be.
    pub statistic: f64,
    /// Of χ²: below 0.05, say, the hypothesis is refused.
    pub p_value: f64,
}

/// The tests of a value at risk on days of which `exceptions` lost more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backtest {
    /// Days with a forecast and an outcome.
    pub days: usize,
    /// Days that lost more than the forecast.
    pub exceptions: usize,
    /// n(1 − α): how many there should be.
    pub expected: f64,
    /// That exceptions are as frequent as they should be: χ² of one degree (Kupiec 1995).
    pub coverage: LikelihoodRatio,
    /// That an exception makes one on the next day no likelier: χ² of one degree (Christoffersen 1998). `None` below two days.
    pub independence: Option<LikelihoodRatio>,
    /// Both at once, the sum of the two statistics: χ² of two degrees (Christoffersen 1998).
    pub conditional_coverage: Option<LikelihoodRatio>,
}

/// Tests forecasts, losses above zero, against the returns of the days that they were made for, in order. A day is an exception where
/// its loss is larger than the forecast.
///
/// # Errors
/// [`NoBacktest`].
pub fn backtest(forecasts: &[f64], returns: &[f64], confidence: f64) -> Result<Backtest, NoBacktest> {
    if forecasts.len() != returns.len() {
        return Err(NoBacktest::Mismatch { forecasts: forecasts.len(), outcomes: returns.len() });
    }
    let days = forecasts.iter().zip(returns);
    if let Some(at) = days.clone().position(|(forecast, outcome)| !(forecast + outcome).is_finite()) {
        return Err(NoBacktest::NotFinite { at });
    }
    let exceptions: Vec<bool> = days.map(|(forecast, outcome)| -outcome > *forecast).collect();
    backtest_of_exceptions(&exceptions, confidence)
}

/// The same, of days of which it is known whether they were exceptions.
///
/// # Errors
/// [`NoBacktest::Confidence`], and [`NoBacktest::TooFew`] without days.
pub fn backtest_of_exceptions(exceptions: &[bool], confidence: f64) -> Result<Backtest, NoBacktest> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(NoBacktest::Confidence { confidence });
    }
    let days = exceptions.len();
    if days == 0 {
        return Err(NoBacktest::TooFew { count: 0, needed: 1 });
    }
    let hits = exceptions.iter().filter(|hit| **hit).count();
    let (quiet, hit) = ((days - hits) as f64, hits as f64);
    let said = log_likelihood(quiet, hit, 1.0 - confidence);
    let coverage = ratio(said, likeliest(quiet, hit), 1);
    let independence = (days >= 2).then(|| independence(exceptions));
    let both = |independence: LikelihoodRatio| {
        let statistic = coverage.statistic + independence.statistic;
        LikelihoodRatio { statistic, p_value: chi_squared_beyond(statistic, 2) }
    };
    Ok(Backtest {
        days,
        exceptions: hits,
        expected: days as f64 * (1.0 - confidence),
        coverage,
        independence,
        conditional_coverage: independence.map(both),
    })
}

/// Exceptions after a quiet day and after an exception, against those of all days that have a day before.
fn independence(exceptions: &[bool]) -> LikelihoodRatio {
    let mut pairs = [[0.0_f64; 2]; 2];
    for step in exceptions.windows(2) {
        pairs[usize::from(step[0])][usize::from(step[1])] += 1.0;
    }
    let [[quiet_quiet, quiet_hit], [hit_quiet, hit_hit]] = pairs;
    let together = likeliest(quiet_quiet + hit_quiet, quiet_hit + hit_hit);
    ratio(together, likeliest(quiet_quiet, quiet_hit) + likeliest(hit_quiet, hit_hit), 1)
}

/// ln((1 − p)^quiet · p^hits), a power of zero being one.
fn log_likelihood(quiet: f64, hits: f64, p: f64) -> f64 {
    let part = |count: f64, chance: f64| if count > 0.0 { count * chance.ln() } else { 0.0 };
    part(quiet, 1.0 - p) + part(hits, p)
}

/// The same at the p that makes it largest.
fn likeliest(quiet: f64, hits: f64) -> f64 {
    if quiet + hits > 0.0 { log_likelihood(quiet, hits, hits / (quiet + hits)) } else { 0.0 }
}

fn ratio(hypothesis: f64, alternative: f64, degrees: u32) -> LikelihoodRatio {
    // Rounding can put it a hair below zero.
    let statistic = (2.0 * (alternative - hypothesis)).max(0.0);
    LikelihoodRatio { statistic, p_value: chi_squared_beyond(statistic, degrees) }
}

/// P(χ² > x) in closed form: erfc(√(x/2)) of one degree, e^(−x/2) of two.
fn chi_squared_beyond(x: f64, degrees: u32) -> f64 {
    if degrees == 1 { erfc((x / 2.0).sqrt()) } else { (-x / 2.0).exp() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
    }

    /// `hits` exceptions, each `apart` days after the one before.
    fn spread(days: usize, hits: usize, apart: usize) -> Vec<bool> {
        (0..days).map(|day| day % apart == 0 && day / apart < hits).collect()
    }

    #[test]
    fn the_published_region_of_non_rejection() {
        // Kupiec 1995: of 255 days at 99 % fewer than seven are not refused at 95 % confidence (3.841), and one or more.
        let at = |hits| backtest_of_exceptions(&spread(255, hits, 10), 0.99).unwrap().coverage;
        assert!(at(0).p_value < 0.05 && at(1).p_value > 0.05 && at(6).p_value > 0.05 && at(7).p_value < 0.05);
        // Without exceptions −2·255·ln 0.99.
        close(at(0).statistic, -510.0 * 0.99_f64.ln());
        close(chi_squared_beyond(3.841_458_821, 1), 0.05);
        close(chi_squared_beyond(5.991_464_547, 2), 0.05);
    }

    #[test]
    fn days_worked_by_hand() {
        // Ten days, exceptions on the second and third: 10·0.8·ln 0.8 + … against 0.9⁸·0.1².
        let days = [false, true, true, false, false, false, false, false, false, false];
        let test = backtest_of_exceptions(&days, 0.9).unwrap();
        assert_eq!((test.days, test.exceptions), (10, 2));
        close(test.expected, 1.0);
        close(test.coverage.statistic, 2.0 * (8.0 * (0.8_f64 / 0.9).ln() + 2.0 * 2.0_f64.ln()));
        // Pairs: quiet-quiet 6, quiet-hit 1, hit-quiet 1, hit-hit 1; of the nine days 2/9 are hits.
        let apart = 6.0 * (6.0_f64 / 7.0).ln() + (1.0_f64 / 7.0).ln() + 2.0 * 0.5_f64.ln();
        let together = 7.0 * (7.0_f64 / 9.0).ln() + 2.0 * (2.0_f64 / 9.0).ln();
        close(test.independence.unwrap().statistic, 2.0 * (apart - together));
        let both = test.conditional_coverage.unwrap();
        close(both.statistic, test.coverage.statistic + test.independence.unwrap().statistic);
        close(both.p_value, (-both.statistic / 2.0).exp());
    }

    #[test]
    fn a_cluster_is_refused_that_is_frequent_as_it_should_be() {
        let cluster: Vec<bool> = (0..500).map(|day| (100..125).contains(&day)).collect();
        let test = backtest_of_exceptions(&cluster, 0.95).unwrap();
        assert!(test.coverage.p_value > 0.99);
        assert!(test.independence.unwrap().p_value < 1e-6 && test.conditional_coverage.unwrap().p_value < 1e-6);
    }

    #[test]
    fn forecasts_are_compared_with_losses() {
        let test = backtest(&[0.02, 0.02, 0.02], &[-0.03, -0.02, 0.05], 0.95).unwrap();
        assert_eq!(test.exceptions, 1, "a loss as large as said is none");
        assert_eq!(backtest(&[0.1], &[], 0.95), Err(NoBacktest::Mismatch { forecasts: 1, outcomes: 0 }));
        assert_eq!(backtest(&[0.1], &[f64::NAN], 0.95), Err(NoBacktest::NotFinite { at: 0 }));
        assert_eq!(backtest(&[], &[], 0.95), Err(NoBacktest::TooFew { count: 0, needed: 1 }));
        assert_eq!(backtest(&[], &[], 1.0), Err(NoBacktest::Confidence { confidence: 1.0 }));
        assert_eq!(backtest(&[0.1], &[0.1], 0.95).unwrap().independence, None);
    }

    proptest! {
        #[test]
        fn statistics_are_finite_and_chances(days in prop::collection::vec(any::<bool>(), 1..300), confidence in 0.001..0.999) {
            let test = backtest_of_exceptions(&days, confidence).unwrap();
            for ratio in [Some(test.coverage), test.independence, test.conditional_coverage].into_iter().flatten() {
                prop_assert!(ratio.statistic >= 0.0 && ratio.statistic.is_finite());
                prop_assert!((0.0..=1.0).contains(&ratio.p_value));
            }
        }
    }
}
