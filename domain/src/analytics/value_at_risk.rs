//! How much may be lost: value at risk and expected shortfall, as fractions of the value, a loss above zero. So either may be below
//! zero where even the bad outcomes are gains.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::Moments;

/// How the distribution of returns is estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Estimator {
    /// The ⌈n(1 − α)⌉-th worst return as it was.
    Historical,
    /// The same with linear interpolation between neighbours at (n − 1)(1 − α), as spreadsheets have it.
    HistoricalLinear,
    /// A normal distribution with the mean and the deviation (ddof = 1) of the returns.
    ParametricNormal,
    /// The normal quantile corrected for skewness and kurtosis (Cornish and Fisher 1938).
    CornishFisher,
    /// A normal distribution with zero mean and exponentially weighted variance, `lambda` a period (RiskMetrics 1996: 0.94 a day).
    Ewma {
        /// The weight of what was before, above 0 and below 1.
        lambda: f64,
    },
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// α, above 0 and below 1: 0.95 is the loss that is not exceeded in 95 of 100 cases.
    pub confidence: f64,
    /// Periods ahead, 1 or more: the mean grows with it and the deviation with its root. A historical figure grows with its root.
    pub horizon: f64,
}

/// Value at risk and expected shortfall, by the same estimator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TailRisk {
    /// The loss that is not exceeded with the confidence.
    pub value_at_risk: f64,
    /// The mean loss where it is exceeded; never below the value at risk.
    pub expected_shortfall: f64,
}

/// Why there is no figure.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoTailRisk {
    /// A confidence that is none.
    #[error("a confidence of {confidence}: it is above 0 and below 1")]
    Confidence {
        /// The confidence.
        confidence: f64,
    },
    /// A horizon that is none.
    #[error("a horizon of {horizon} periods: it is at least 1 and finite")]
    Horizon {
        /// The horizon.
        horizon: f64,
    },
    /// A decay that is none.
    #[error("a decay of {lambda}: it is above 0 and below 1")]
    Lambda {
        /// The decay.
        lambda: f64,
    },
    /// Too few returns for the estimator.
    #[error("{count} returns are too few: {needed} are needed")]
    TooFew {
        /// How many there are.
        count: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Skewness and kurtosis so far from normal that the expansion's quantiles no longer ascend.
    #[error("skewness {skewness:.3} and excess kurtosis {kurtosis:.3} are outside the domain of the expansion")]
    OutsideDomain {
        /// The sample's skewness.
        skewness: f64,
        /// The sample's excess kurtosis.
        kurtosis: f64,
    },
}

/// Estimates from returns of equal periods, the latest last.
///
/// # Errors
/// [`NoTailRisk`].
pub fn tail_risk(returns: &[f64], estimator: Estimator, terms: Terms) -> Result<TailRisk, NoTailRisk> {
    let Terms { confidence, horizon } = terms;
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(NoTailRisk::Confidence { confidence });
    }
    if !(horizon >= 1.0 && horizon.is_finite()) {
        return Err(NoTailRisk::Horizon { horizon });
    }
    match estimator {
        Estimator::Historical => historical(returns, terms, false),
        Estimator::HistoricalLinear => historical(returns, terms, true),
        Estimator::ParametricNormal => {
            let (mean, deviation) = sample(returns, 2)?;
            Ok(normal(mean * horizon, deviation * horizon.sqrt(), confidence))
        }
        Estimator::CornishFisher => cornish_fisher(returns, terms),
        Estimator::Ewma { lambda } => {
            let deviation = ewma_deviation(returns, lambda)?;
            Ok(normal(0.0, deviation * horizon.sqrt(), confidence))
        }
    }
}

fn sample(returns: &[f64], needed: usize) -> Result<(f64, f64), NoTailRisk> {
    let too_few = NoTailRisk::TooFew { count: returns.len(), needed };
    let moments = Moments::of(returns).filter(|_| returns.len() >= needed).ok_or(too_few)?;
    Ok((moments.mean(), moments.deviation(1).ok_or(too_few)?))
}

/// Of outcomes as they were, the worst first; also of simulated ones.
///
/// # Errors
/// [`NoTailRisk::TooFew`] without returns.
pub fn of_outcomes(mut outcomes: Vec<f64>, confidence: f64) -> Result<TailRisk, NoTailRisk> {
    outcomes.sort_by(f64::total_cmp);
    let count = outcomes.len();
    let tail = count as f64 * (1.0 - confidence);
    // What rounding puts a hair above a whole rank is that rank.
    let rank = ((tail - 1e-9).ceil().max(1.0) as usize).min(count);
    let quantile = rank.checked_sub(1).and_then(|at| outcomes.get(at).copied());
    let quantile = quantile.ok_or(NoTailRisk::TooFew { count, needed: 1 })?;
    // Rockafellar and Uryasev (2002): VaR + Σ max(loss − VaR, 0) / (n(1 − α)), so that a part of an outcome counts as a part.
    let beyond: f64 = outcomes.iter().take(rank).map(|outcome| quantile - outcome).sum();
    Ok(TailRisk { value_at_risk: -quantile, expected_shortfall: beyond / tail.max(f64::MIN_POSITIVE) - quantile })
}

fn historical(returns: &[f64], terms: Terms, is_linear: bool) -> Result<TailRisk, NoTailRisk> {
    let grows = terms.horizon.sqrt();
    let outcomes: Vec<f64> = returns.iter().map(|value| value * grows).collect();
    if !is_linear {
        return of_outcomes(outcomes, terms.confidence);
    }
    let quantile = linear_quantile(&outcomes, 1.0 - terms.confidence)
        .ok_or(NoTailRisk::TooFew { count: returns.len(), needed: 1 })?;
    let worse: Vec<f64> = outcomes.iter().copied().filter(|outcome| *outcome <= quantile).collect();
    let mean = if worse.is_empty() { quantile } else { worse.iter().sum::<f64>() / worse.len() as f64 };
    Ok(TailRisk { value_at_risk: -quantile, expected_shortfall: -mean })
}

/// The value at (n − 1)·p of the sorted values, with linear interpolation (Hyndman and Fan 1996, type 7); `None` without values, and for
/// a share outside 0 to 1.
pub fn linear_quantile(values: &[f64], share: f64) -> Option<f64> {
    if values.is_empty() || !(0.0..=1.0).contains(&share) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() - 1) as f64 * share;
    let below = place.floor() as usize;
    let low = *sorted.get(below)?;
    let high = *sorted.get(below + 1).unwrap_or(&low);
    Some(low + (high - low) * (place - below as f64))
}

/// z_α σ − μ, and σ φ(z_α) / (1 − α) − μ.
fn normal(mean: f64, deviation: f64, confidence: f64) -> TailRisk {
    let standard = Normal::standard();
    let z = standard.inverse_cdf(confidence);
    let value_at_risk = z * deviation - mean;
    let expected_shortfall = standard.pdf(z) / (1.0 - confidence) * deviation - mean;
    TailRisk { value_at_risk, expected_shortfall }
}

/// z + (z² − 1)S/6 + (z³ − 3z)K/24 − (2z³ − 5z)S²/36 at the lower tail, and the mean of it beyond (Boudt, Peterson and Croux 2008), of
/// the sum of the horizon's returns: skewness shrinks with the root of the horizon and kurtosis with the horizon.
fn cornish_fisher(returns: &[f64], Terms { confidence, horizon }: Terms) -> Result<TailRisk, NoTailRisk> {
    let too_few = NoTailRisk::TooFew { count: returns.len(), needed: 4 };
    let (mean, deviation) = sample(returns, 4)?;
    let (mean, deviation) = (mean * horizon, deviation * horizon.sqrt());
    let moments = Moments::of(returns).ok_or(too_few)?;
    if !moments.varies() {
        return Ok(TailRisk { value_at_risk: -mean, expected_shortfall: -mean });
    }
    let (skewness, kurtosis) = moments.skewness().zip(moments.excess_kurtosis()).ok_or(too_few)?;
    let (skewness, kurtosis) = (skewness / horizon.sqrt(), kurtosis / horizon);
    if !ascends(skewness, kurtosis) {
        return Err(NoTailRisk::OutsideDomain { skewness, kurtosis });
    }
    let expanded = |z: f64| {
        z + (z * z - 1.0) * skewness / 6.0 + (z.powi(3) - 3.0 * z) * kurtosis / 24.0
            - (2.0 * z.powi(3) - 5.0 * z) * skewness * skewness / 36.0
    };
    // The mean of the expansion over the tail: each power of z has a closed integral against the normal density.
    let standard = Normal::standard();
    let z = standard.inverse_cdf(1.0 - confidence);
    let density = standard.pdf(z) / (1.0 - confidence);
    let (first, second, third) = (-density, 1.0 - z * density, -(z * z + 2.0) * density);
    let tail = first + (second - 1.0) * skewness / 6.0 + (third - 3.0 * first) * kurtosis / 24.0
        - (2.0 * third - 5.0 * first) * skewness * skewness / 36.0;
    Ok(TailRisk { value_at_risk: -(mean + deviation * expanded(z)), expected_shortfall: -(mean + deviation * tail) })
}

/// Whether the expansion's derivative in z, a parabola, is nowhere below zero.
fn ascends(skewness: f64, kurtosis: f64) -> bool {
    let square = kurtosis / 8.0 - skewness * skewness / 6.0;
    let linear = skewness / 3.0;
    let constant = 1.0 - kurtosis / 8.0 + 5.0 * skewness * skewness / 36.0;
    if square.abs() < 1e-12 { linear.abs() < 1e-12 } else { square > 0.0 && linear * linear <= 4.0 * square * constant }
}

/// √(Σ (1 − λ) λⁱ r²₍t−i₎ / Σ (1 − λ) λⁱ), zero mean.
fn ewma_deviation(returns: &[f64], lambda: f64) -> Result<f64, NoTailRisk> {
    if !(lambda > 0.0 && lambda < 1.0) {
        return Err(NoTailRisk::Lambda { lambda });
    }
    let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
    for value in returns.iter().rev() {
        sum += weight * value * value;
        weights += weight;
        weight *= lambda;
    }
    if returns.is_empty() {
        return Err(NoTailRisk::TooFew { count: 0, needed: 1 });
    }
    Ok((sum / weights).sqrt())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TERMS: Terms = Terms { confidence: 0.95, horizon: 1.0 };

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    #[test]
    fn the_historical_figure_is_a_return_that_was() {
        let returns: Vec<f64> = (1..=100).map(|n| f64::from(n - 51) / 100.0).collect();
        let risk = tail_risk(&returns, Estimator::Historical, TERMS).unwrap();
        // The fifth worst of a hundred, −0.46; the mean of −0.50 to −0.46.
        close(risk.value_at_risk, 0.46);
        close(risk.expected_shortfall, 0.48);
        let linear = tail_risk(&returns, Estimator::HistoricalLinear, TERMS).unwrap();
        // At 99 × 0.05 = 4.95 from −0.50 on.
        close(linear.value_at_risk, 0.4505);
    }

    #[test]
    fn the_normal_figure_is_that_of_a_table() {
        let risk = normal(0.0, 1.0, 0.95);
        close(risk.value_at_risk, 1.644_853_626_951_472_7);
        close(risk.expected_shortfall, 2.062_712_807_507_45);
    }

    #[test]
    fn without_skew_and_kurtosis_the_expansion_is_normal() {
        // Ten times ±1: kurtosis is not zero, so it is what the formula says of it.
        let even: Vec<f64> = (0..40).map(|n| if n % 2 == 0 { 0.01 } else { -0.01 }).collect();
        assert!(matches!(tail_risk(&even, Estimator::CornishFisher, TERMS), Err(NoTailRisk::OutsideDomain { .. })));
        let standard = Normal::standard();
        let normal_like: Vec<f64> = (1..400).map(|n| standard.inverse_cdf(f64::from(n) / 400.0) / 100.0).collect();
        let plain = tail_risk(&normal_like, Estimator::ParametricNormal, TERMS).unwrap();
        let expanded = tail_risk(&normal_like, Estimator::CornishFisher, Terms { horizon: 1.0, ..TERMS });
        match expanded {
            Ok(expanded) => {
                assert!((expanded.value_at_risk - plain.value_at_risk).abs() < 5e-4, "{expanded:?} {plain:?}")
            }
            Err(error) => assert!(matches!(error, NoTailRisk::OutsideDomain { .. }), "{error}"),
        }
    }

    #[test]
    fn what_cannot_be_estimated_is_said() {
        for (terms, error) in [
            (Terms { confidence: 0.0, ..TERMS }, NoTailRisk::Confidence { confidence: 0.0 }),
            (Terms { confidence: 1.0, ..TERMS }, NoTailRisk::Confidence { confidence: 1.0 }),
            (Terms { horizon: 0.0, ..TERMS }, NoTailRisk::Horizon { horizon: 0.0 }),
        ] {
            assert_eq!(tail_risk(&[0.01; 30], Estimator::Historical, terms), Err(error));
        }
        assert!(tail_risk(&[], Estimator::Historical, TERMS).is_err());
        assert!(tail_risk(&[0.01], Estimator::ParametricNormal, TERMS).is_err());
        assert!(tail_risk(&[0.01; 3], Estimator::CornishFisher, TERMS).is_err());
        assert!(tail_risk(&[0.01], Estimator::Ewma { lambda: 1.0 }, TERMS).is_err());
        close(tail_risk(&[0.01; 30], Estimator::CornishFisher, TERMS).unwrap().value_at_risk, -0.01);
    }

    proptest! {
        #[test]
        fn a_shortfall_is_never_less_than_the_value_at_risk(
            returns in prop::collection::vec(-0.2..0.2_f64, 5..200),
            confidence in 0.5..0.999_f64,
            horizon in 1.0..10_000.0_f64,
        ) {
            let all = [Estimator::Historical, Estimator::HistoricalLinear, Estimator::ParametricNormal, Estimator::CornishFisher,
                Estimator::Ewma { lambda: 0.94 }];
            for estimator in all {
                if let Ok(risk) = tail_risk(&returns, estimator, Terms { confidence, horizon }) {
                    prop_assert!(risk.expected_shortfall.is_finite());
                    prop_assert!(risk.expected_shortfall >= risk.value_at_risk - 1e-9, "{estimator:?}: {risk:?}");
                }
            }
        }
    }
}
