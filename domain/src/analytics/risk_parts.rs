//! Whose risk it is: a portfolio's volatility and value at risk taken apart by holding, and how concentrated it is.
//!
//! Weights are shares of the net asset value, below zero for what is short. Volatilities have the period of the covariance.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::matrix::dot;
use super::{NoTailRisk, Symmetric, TailRisk, of_outcomes};

/// Why a risk cannot be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoRiskParts {
    /// Not a value for each weight.
    #[error("{weights} weights stand beside {others} columns")]
    Mismatch {
        /// How many weights there are.
        weights: usize,
        /// How many columns, or rows of the covariance.
        others: usize,
    },
    /// A weight, a mean or a return that is infinite or not a number.
    #[error("holding {at} has a weight, a mean or a return that is not finite")]
    NotFinite {
        /// Which, from zero.
        at: usize,
    },
    /// Columns of different length.
    #[error("column {column} has {count} observations, the first has {expected}")]
    Ragged {
        /// Which, from zero.
        column: usize,
        /// How many it has.
        count: usize,
        /// How many the first has.
        expected: usize,
    },
    /// The portfolio's variance is not above zero: there is nothing to take apart.
    #[error("the variance of the whole is {variance}")]
    NoVariance {
        /// wᵀΣw.
        variance: f64,
    },
    /// There is no value at risk.
    #[error(transparent)]
    NoTailRisk(#[from] NoTailRisk),
}

/// One holding's part of the volatility σ_p = √(wᵀΣw).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiskPart {
    /// (Σw)ᵢ / σ_p: how much the volatility grows with one more of the weight.
    pub marginal: f64,
    /// wᵢ · marginal: the parts sum to the volatility (Litterman 1996).
    pub component: f64,
    /// wᵢ(Σw)ᵢ / σ_p²: the shares sum to one. Below zero for what offsets the others.
    pub share: f64,
}

/// A volatility and its parts, in the order of the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskParts {
    /// √(wᵀΣw).
    pub volatility: f64,
    /// Σ |wᵢ|σᵢ / σ_p (Choueifaty and Coignard 2008): one where everything moves together, more where it does not.
    pub diversification_ratio: f64,
    /// By holding.
    pub parts: Vec<RiskPart>,
}

/// √(wᵀΣw), zero for a whole that does not vary.
///
/// # Errors
/// [`NoRiskParts`] but for the variance of zero.
pub fn portfolio_volatility(weights: &[f64], covariance: &Symmetric) -> Result<f64, NoRiskParts> {
    let variance = dot(weights, &moved(weights, covariance)?);
    if variance >= 0.0 { Ok(variance.sqrt()) } else { Err(NoRiskParts::NoVariance { variance }) }
}

/// Takes the volatility apart.
///
/// # Errors
/// [`NoRiskParts`].
pub fn risk_parts(weights: &[f64], covariance: &Symmetric) -> Result<RiskParts, NoRiskParts> {
    let moved = moved(weights, covariance)?;
    let variance = dot(weights, &moved);
    if !(variance > 0.0 && variance.is_finite()) {
        return Err(NoRiskParts::NoVariance { variance });
    }
    let volatility = variance.sqrt();
    let own: f64 = weights.iter().zip(covariance.diagonal()).map(|(weight, own)| weight.abs() * own.sqrt()).sum();
    let part = |(weight, moved): (&f64, &f64)| RiskPart {
        marginal: moved / volatility,
        component: weight * moved / volatility,
        share: weight * moved / variance,
    };
    let parts = weights.iter().zip(&moved).map(part).collect();
    Ok(RiskParts { volatility, diversification_ratio: own / volatility, parts })
}

/// Σw, of weights that fit.
fn moved(weights: &[f64], covariance: &Symmetric) -> Result<Vec<f64>, NoRiskParts> {
    all_finite(weights)?;
    let mismatch = NoRiskParts::Mismatch { weights: weights.len(), others: covariance.size() };
    covariance.times(weights).ok_or(mismatch)
}

fn all_finite(values: &[f64]) -> Result<(), NoRiskParts> {
    let odd = values.iter().position(|value| !value.is_finite());
    odd.map_or(Ok(()), |at| Err(NoRiskParts::NotFinite { at }))
}

/// A value at risk and an expected shortfall with a part of each for every holding: losses above zero, the parts sum to the whole.
#[derive(Clone, Debug, PartialEq)]
pub struct TailParts {
    /// Of the whole.
    pub whole: TailRisk,
    /// By holding, in the order of the weights: what it loses where the whole loses its value at risk, and its mean loss beyond.
    pub parts: Vec<TailRisk>,
}

/// Of returns that are normal together: each holding's part is zσ_p·shareᵢ − wᵢμᵢ, φ(z)/(1 − α) in the place of z for the shortfall
/// (Garman 1996, Jorion 2007).
///
/// `means` and `covariance` are of the period that is asked; means of zero are a convention too.
///
/// # Errors
/// [`NoRiskParts`].
pub fn parametric_tail_parts(
    weights: &[f64],
    means: &[f64],
    covariance: &Symmetric,
    confidence: f64,
) -> Result<TailParts, NoRiskParts> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(NoTailRisk::Confidence { confidence }.into());
    }
    if means.len() != weights.len() {
        return Err(NoRiskParts::Mismatch { weights: weights.len(), others: means.len() });
    }
    all_finite(means)?;
    let split = risk_parts(weights, covariance)?;
    let standard = Normal::standard();
    let z = standard.inverse_cdf(confidence);
    let beyond = standard.pdf(z) / (1.0 - confidence);
    let part = |(risk, drift): (f64, f64)| TailRisk {
        value_at_risk: z * risk - drift,
        expected_shortfall: beyond * risk - drift,
    };
    let parts =
        split.parts.iter().zip(weights.iter().zip(means)).map(|(own, (w, mean))| part((own.component, w * mean)));
    Ok(TailParts { whole: part((split.volatility, dot(weights, means))), parts: parts.collect() })
}

/// Of returns as they were: the loss of each holding, wᵢ times its return, in the scenario of the historical value at risk (the mean
/// over scenarios of that very outcome; Hallerbach 2003), and its mean over the tail as Rockafellar and Uryasev weigh it.
///
/// # Errors
/// [`NoRiskParts`].
pub fn historical_tail_parts(
    weights: &[f64],
    columns: &[impl AsRef<[f64]>],
    confidence: f64,
) -> Result<TailParts, NoRiskParts> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(NoTailRisk::Confidence { confidence }.into());
    }
    let outcomes = outcomes(weights, columns)?;
    let whole = of_outcomes(outcomes.clone(), confidence)?;
    let scenario = -whole.value_at_risk;
    let count = outcomes.len() as f64;
    let worse = outcomes.iter().filter(|outcome| **outcome < scenario).count() as f64;
    let equal = outcomes.iter().filter(|outcome| **outcome == scenario).count() as f64;
    // Of the n(1 − α) outcomes of the tail, those that are worse count whole, and the scenario itself with the rest.
    let tail = count * (1.0 - confidence);
    let part = |(weight, column): (&f64, &[f64])| {
        let mean_where = |counts: &dyn Fn(f64) -> bool| -> f64 {
            let counted = outcomes.iter().zip(column).filter(|(outcome, _)| counts(**outcome));
            counted.map(|(_, value)| -weight * value).sum()
        };
        let value_at_risk = mean_where(&|outcome| outcome == scenario) / equal;
        let beyond = mean_where(&|outcome| outcome < scenario);
        TailRisk { value_at_risk, expected_shortfall: (beyond + (tail - worse) * value_at_risk) / tail }
    };
    let parts = weights.iter().zip(columns.iter().map(AsRef::as_ref)).map(part).collect();
    Ok(TailParts { whole, parts })
}

/// Σ wᵢ·rᵢ(t): what today's weights would have earned in each period of the columns.
///
/// # Errors
/// [`NoRiskParts`] for weights and columns that do not fit.
pub fn outcomes(weights: &[f64], columns: &[impl AsRef<[f64]>]) -> Result<Vec<f64>, NoRiskParts> {
    all_finite(weights)?;
    if columns.len() != weights.len() {
        return Err(NoRiskParts::Mismatch { weights: weights.len(), others: columns.len() });
    }
    let expected = columns.first().map_or(0, |column| column.as_ref().len());
    let mut sums = vec![0.0; expected];
    for (column, (weight, values)) in weights.iter().zip(columns.iter().map(AsRef::as_ref)).enumerate() {
        if values.len() != expected {
            return Err(NoRiskParts::Ragged { column, count: values.len(), expected });
        }
        all_finite(values).map_err(|_| NoRiskParts::NotFinite { at: column })?;
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
    }
    Ok(sums)
}

/// How much of the historical value at risk and shortfall a holding brings: the whole's less that of the whole without it, its money
/// held as cash that does not move.
///
/// # Errors
/// [`NoRiskParts`].
pub fn incremental_tail_risk(
    weights: &[f64],
    columns: &[impl AsRef<[f64]>],
    confidence: f64,
    holding: usize,
) -> Result<TailRisk, NoRiskParts> {
    let with = historical_tail_parts(weights, columns, confidence)?.whole;
    let mut others = weights.to_vec();
    *others.get_mut(holding).ok_or(NoRiskParts::Mismatch { weights: weights.len(), others: holding + 1 })? = 0.0;
    let without = of_outcomes(outcomes(&others, columns)?, confidence)?;
    Ok(TailRisk {
        value_at_risk: with.value_at_risk - without.value_at_risk,
        expected_shortfall: with.expected_shortfall - without.expected_shortfall,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analytics::covariance;

    fn matrix(rows: &[&[f64]]) -> Symmetric {
        Symmetric::from_lower(rows.len(), |row, column| rows[row][column])
    }

    #[test]
    fn two_halves_worked_by_hand() {
        // Deviations 20 % and 10 %, uncorrelated: variance 0.25·0.04 + 0.25·0.01 = 0.0125; Σw = (0.02, 0.005); shares 0.8 and 0.2.
        let covariance = matrix(&[&[0.04], &[0.0, 0.01]]);
        let split = risk_parts(&[0.5, 0.5], &covariance).unwrap();
        let volatility = 0.0125_f64.sqrt();
        assert!((split.volatility - volatility).abs() < 1e-15);
        assert!((split.parts[0].share - 0.8).abs() < 1e-12 && (split.parts[1].share - 0.2).abs() < 1e-12);
        assert!((split.parts[0].marginal - 0.02 / volatility).abs() < 1e-12);
        // (0.5·0.2 + 0.5·0.1) / 0.1118 = 1.3416.
        assert!((split.diversification_ratio - 0.15 / volatility).abs() < 1e-12);
        assert_eq!(portfolio_volatility(&[0.5, 0.5], &covariance), Ok(split.volatility));
    }

    #[test]
    fn what_does_not_vary_or_fit_says_so() {
        let covariance = matrix(&[&[0.04], &[0.04, 0.04]]);
        assert_eq!(risk_parts(&[1.0, -1.0], &covariance), Err(NoRiskParts::NoVariance { variance: 0.0 }));
        assert_eq!(portfolio_volatility(&[1.0, -1.0], &covariance), Ok(0.0));
        assert_eq!(risk_parts(&[1.0], &covariance), Err(NoRiskParts::Mismatch { weights: 1, others: 2 }));
        assert_eq!(risk_parts(&[1.0, f64::NAN], &covariance), Err(NoRiskParts::NotFinite { at: 1 }));
        let ragged = [vec![0.1, 0.2], vec![0.1]];
        assert_eq!(outcomes(&[1.0, 1.0], &ragged), Err(NoRiskParts::Ragged { column: 1, count: 1, expected: 2 }));
        let holes = [[0.1, 0.2], [0.1, f64::NAN]];
        assert_eq!(outcomes(&[1.0, 1.0], &holes), Err(NoRiskParts::NotFinite { at: 1 }));
        let none = NoRiskParts::NoTailRisk(NoTailRisk::TooFew { count: 0, needed: 1 });
        assert_eq!(historical_tail_parts(&[], &[] as &[Vec<f64>], 0.95), Err(none));
        for confidence in [0.0, 1.0, f64::NAN] {
            assert!(historical_tail_parts(&[1.0], &[[0.1]], confidence).is_err());
            assert!(parametric_tail_parts(&[1.0, 0.0], &[0.0; 2], &covariance, confidence).is_err());
        }
    }

    #[test]
    fn the_scenario_of_the_loss_is_taken_apart() {
        // Halves of two columns: outcomes −2 %, −1 %, 0, +1 %. At 75 % one of four is the tail: −4 % and 0.
        let columns = [[-0.04, 0.01, 0.0, 0.01], [0.0, -0.03, 0.0, 0.01]];
        let split = historical_tail_parts(&[0.5, 0.5], &columns, 0.75).unwrap();
        assert_eq!(split.whole.value_at_risk, 0.02);
        assert_eq!((split.parts[0].value_at_risk, split.parts[1].value_at_risk), (0.02, 0.0));
        // At 50 % the scenario is the second worst, and the shortfall the mean of both: 1 % from the first half, 0.75 % from the second.
        let half = historical_tail_parts(&[0.5, 0.5], &columns, 0.5).unwrap();
        let close = |got: f64, expected: f64| assert!((got - expected).abs() < 1e-15, "{got} {expected}");
        close(half.whole.value_at_risk, 0.01);
        close(half.parts[1].value_at_risk, 0.015);
        close(half.parts[0].expected_shortfall, 0.0075);
        close(half.parts[1].expected_shortfall, 0.0075);
        // Without the second half the worst is −2 % too: it adds nothing at 75 %; at 50 % the second worst of 0 to 1 % is 0.
        assert_eq!(incremental_tail_risk(&[0.5, 0.5], &columns, 0.75, 1).unwrap().value_at_risk, 0.0);
        close(incremental_tail_risk(&[0.5, 0.5], &columns, 0.5, 1).unwrap().value_at_risk, 0.01);
        assert!(incremental_tail_risk(&[0.5, 0.5], &columns, 0.5, 2).is_err());
    }

    fn market() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<f64>>)> {
        (1_usize..8).prop_flat_map(|size| {
            let weights = prop::collection::vec(-1.0..1.0, size);
            (weights, prop::collection::vec(prop::collection::vec(-0.1..0.1, 30), size))
        })
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole((weights, columns) in market(), confidence in 0.5..0.99) {
            let covariance = covariance(&columns).unwrap();
            let split = risk_parts(&weights, &covariance).unwrap();
            let shares: f64 = split.parts.iter().map(|part| part.share).sum();
            let components: f64 = split.parts.iter().map(|part| part.component).sum();
            prop_assert!((shares - 1.0).abs() < 1e-9);
            prop_assert!((components - split.volatility).abs() < 1e-12);
            prop_assert!(split.diversification_ratio >= 1.0 - 1e-9);
            let means = vec![0.001; weights.len()];
            for parts in [
                parametric_tail_parts(&weights, &means, &covariance, confidence).unwrap(),
                historical_tail_parts(&weights, &columns, confidence).unwrap(),
            ] {
                let value_at_risk: f64 = parts.parts.iter().map(|part| part.value_at_risk).sum();
                let shortfall: f64 = parts.parts.iter().map(|part| part.expected_shortfall).sum();
                prop_assert!((value_at_risk - parts.whole.value_at_risk).abs() < 1e-12);
                prop_assert!((shortfall - parts.whole.expected_shortfall).abs() < 1e-12);
                prop_assert!(shortfall >= value_at_risk - 1e-12);
            }
        }

        #[test]
        fn a_marginal_risk_is_the_slope_of_the_volatility((weights, columns) in market()) {
            let covariance = covariance(&columns).unwrap();
            let split = risk_parts(&weights, &covariance).unwrap();
            prop_assume!(split.volatility > 1e-3);
            let moved = |by: f64| {
                let mut changed = weights.clone();
                changed[0] += by;
                portfolio_volatility(&changed, &covariance).unwrap()
            };
            let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            prop_assert!((slope - split.parts[0].marginal).abs() < 1e-6);
        }
    }
}
