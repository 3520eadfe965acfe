//! Whose risk it is: a portfolio's volatility taken apart by holding.
//!
//! Weights are shares of the net asset value, below zero for what is short. Volatilities have the period of the covariance.

use super::matrix::dot;
use super::{NoTailRisk, Symmetric};

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

pub(super) fn all_finite(values: &[f64]) -> Result<(), NoRiskParts> {
    let odd = values.iter().position(|value| !value.is_finite());
    odd.map_or(Ok(()), |at| Err(NoRiskParts::NotFinite { at }))
}

#[cfg(test)]
pub(super) mod tests {
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
    }

    /// Weights, and a column of returns for each.
    pub(in crate::analytics) fn market() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<f64>>)> {
        (1_usize..8).prop_flat_map(|size| {
            let weights = prop::collection::vec(-1.0..1.0, size);
            (weights, prop::collection::vec(prop::collection::vec(-0.1..0.1, 30), size))
        })
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole((weights, columns) in market()) {
            let covariance = covariance(&columns).unwrap();
            let split = risk_parts(&weights, &covariance).unwrap();
            let shares: f64 = split.parts.iter().map(|part| part.share).sum();
            let components: f64 = split.parts.iter().map(|part| part.component).sum();
            prop_assert!((shares - 1.0).abs() < 1e-9);
            prop_assert!((components - split.volatility).abs() < 1e-12);
            prop_assert!(split.diversification_ratio >= 1.0 - 1e-9);
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
