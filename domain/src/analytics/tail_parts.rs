//! Whose loss it is: a portfolio's value at risk and expected shortfall taken apart by holding.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::matrix::dot;
use super::risk_parts::all_finite;
use super::{NoRiskParts, NoTailRisk, Symmetric, TailRisk, of_outcomes, risk_parts};

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
    use crate::analytics::risk_parts::tests::market;

    #[test]
    fn what_cannot_be_taken_apart_says_why() {
        let covariance = Symmetric::from_lower(2, |_, _| 0.04);
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

    proptest! {
        #[test]
        fn parts_sum_to_the_whole((weights, columns) in market(), confidence in 0.5..0.99) {
            let covariance = covariance(&columns).unwrap();
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
    }
}
