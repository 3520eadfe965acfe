//! A covariance from few observations of many columns, drawn to a simple one that errs less.

use super::covariance::{Centred, products};
use super::{NoCovariance, Symmetric};

/// What the sample covariance is drawn to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShrinkageTarget {
    /// The mean variance on the diagonal and zero elsewhere (Ledoit and Wolf 2004, "A well-conditioned estimator for large-dimensional
    /// covariance matrices").
    Identity,
    /// The variances as they are, and for every pair the mean correlation (Ledoit and Wolf 2004, "Honey, I shrunk the sample covariance
    /// matrix"). A column that does not vary correlates with none.
    ConstantCorrelation,
}

/// A shrunk covariance.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// δ·F + (1 − δ)·S of the target F and the sample covariance S (n − 1).
    pub covariance: Symmetric,
    /// δ, from 0 to 1: how far it is drawn to the target.
    pub intensity: f64,
}

/// Draws the sample covariance of columns of returns to a target by the intensity that the papers estimate as the best, from moments
/// over n. The intensity does not depend on the scale, so the matrix that is drawn is that of [`covariance`](super::covariance).
///
/// # Errors
/// [`NoCovariance`], as for the sample covariance.
pub fn shrunk(columns: &[impl AsRef<[f64]>], target: ShrinkageTarget) -> Result<Shrunk, NoCovariance> {
    let centred = Centred::of(columns)?;
    let sample = centred.covariance();
    let towards = target_of(&sample, target);
    let size = sample.size();
    let n = centred.count as f64;
    // The papers divide by n, the sample covariance by n − 1.
    let per_n = (n - 1.0) / n;
    let distance: f64 =
        sample.rows().zip(towards.rows()).map(|(s, f)| squares_between(s, f)).sum::<f64>() * per_n * per_n;
    let errors = Errors::of(&centred, &sample, per_n);
    let shared = match target {
        ShrinkageTarget::Identity => 0.0,
        ShrinkageTarget::ConstantCorrelation => {
            errors.shared_with_constant_correlation(&centred, &sample, &towards, per_n)
        }
    };
    let best = (errors.total - shared) / n / distance;
    let intensity = if distance > 0.0 { best.clamp(0.0, 1.0) } else { 0.0 };
    let value =
        |row: usize, column: usize| intensity * towards.row(row)[column] + (1.0 - intensity) * sample.row(row)[column];
    Ok(Shrunk { covariance: Symmetric::from_lower(size, value), intensity })
}

fn squares_between(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(x, y)| (x - y) * (x - y)).sum()
}

fn target_of(sample: &Symmetric, target: ShrinkageTarget) -> Symmetric {
    let size = sample.size();
    let variances = sample.diagonal();
    match target {
        ShrinkageTarget::Identity => {
            let mean = variances.iter().sum::<f64>() / size as f64;
            Symmetric::from_lower(size, |row, column| if row == column { mean } else { 0.0 })
        }
        ShrinkageTarget::ConstantCorrelation => {
            let deviations: Vec<f64> = variances.iter().map(|variance| variance.sqrt()).collect();
            let mean = mean_correlation(sample, &deviations);
            let value = |row: usize, column: usize| {
                if row == column { variances[row] } else { mean * deviations[row] * deviations[column] }
            };
            Symmetric::from_lower(size, value)
        }
    }
}

/// Over the pairs that both vary; zero where there is none.
fn mean_correlation(sample: &Symmetric, deviations: &[f64]) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (row, own) in deviations.iter().enumerate() {
        for (column, other) in deviations.iter().enumerate().take(row) {
            if *own > 0.0 && *other > 0.0 {
                sum += sample.row(row)[column] / (own * other);
                pairs += 1.0;
            }
        }
    }
    if pairs > 0.0 { sum / pairs } else { 0.0 }
}

/// How much the values of a sample covariance err: π̂ of the papers.
struct Errors {
    /// Of all values.
    total: f64,
    /// Of the variances.
    diagonal: f64,
}

impl Errors {
    /// Σᵢⱼ (mean(xᵢ²xⱼ²) − sᵢⱼ²).
    fn of(centred: &Centred, sample: &Symmetric, per_n: f64) -> Self {
        let size = sample.size();
        let squares = powers(centred, 2);
        let fourth = products(&squares, &squares, true);
        let (mut total, mut diagonal) = (0.0, 0.0);
        for row in 0..size {
            for column in 0..=row {
                let s = sample.row(row)[column] * per_n;
                let error = fourth[row * size + column] / centred.count as f64 - s * s;
                total += if row == column { error } else { 2.0 * error };
                diagonal += if row == column { error } else { 0.0 };
            }
        }
        Self { total, diagonal }
    }

    /// ρ̂: how much the errors of the sample and those of the target have in common: those of the variances, and of each pair
    /// r̄/2 · (√(sⱼⱼ/sᵢᵢ)·ϑᵢᵢ,ᵢⱼ + √(sᵢᵢ/sⱼⱼ)·ϑⱼⱼ,ᵢⱼ) with ϑᵢᵢ,ᵢⱼ = mean(xᵢ³xⱼ) − sᵢᵢ·sᵢⱼ.
    fn shared_with_constant_correlation(
        &self,
        centred: &Centred,
        sample: &Symmetric,
        target: &Symmetric,
        per_n: f64,
    ) -> f64 {
        let size = sample.size();
        let third = products(&powers(centred, 3), &centred.columns, false);
        let variances = sample.diagonal();
        let mut sum = self.diagonal;
        for row in 0..size {
            // Both halves of a pair come by when rows and columns change places, so each counts whole.
            for column in (0..size).filter(|column| *column != row && variances[row] > 0.0) {
                let s = sample.row(row)[column] * per_n;
                let theta = third[row * size + column] / centred.count as f64 - variances[row] * per_n * s;
                sum += target.row(row)[column] / variances[row] * theta;
            }
        }
        sum
    }
}

fn powers(centred: &Centred, power: i32) -> Vec<Vec<f64>> {
    centred.columns.iter().map(|column| column.iter().map(|value| value.powi(power)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analytics::covariance;

    /// Twelve observations of three columns, in hundredths.
    const COLUMNS: [[f64; 12]; 3] = [
        [-5.0, 3.0, 2.0, 3.0, -5.0, 0.0, -4.0, 5.0, 5.0, -4.0, 0.0, -5.0],
        [-2.0, -4.0, -2.0, 4.0, 3.0, -5.0, 2.0, 2.0, -5.0, 3.0, 4.0, -2.0],
        [-4.0, -5.0, 0.0, 0.0, -5.0, -4.0, 3.0, 5.0, 2.0, 5.0, 3.0, -4.0],
    ];

    fn close(got: &Shrunk, intensity: f64, lower: &[&[f64]]) {
        assert!((got.intensity - intensity).abs() < 1e-12, "{}", got.intensity);
        for (row, expected) in lower.iter().enumerate() {
            for (value, expected) in got.covariance.row(row).iter().zip(*expected) {
                assert!((value / 1e4 - expected).abs() < 1e-15, "{value} {expected}");
            }
        }
    }

    #[test]
    fn the_identity_is_that_of_another_implementation() {
        // scikit-learn 1.9, LedoitWolf().fit(…), its covariance times 12/11.
        let expected: [&[f64]; 3] = [
            &[0.001_501_826_920_805_876_6],
            &[-9.181_979_577_536_843e-5, 0.001_393_092_952_124_519_3],
            &[0.000_135_313_383_247_911_38, 0.000_193_304_833_211_302, 0.001_480_080_127_069_605],
        ];
        close(&shrunk(&COLUMNS, ShrinkageTarget::Identity).unwrap(), 0.710_042_750_183_047_1, &expected);
    }

    #[test]
    fn the_constant_correlation_is_that_of_the_formulas_written_out() {
        // The paper's appendix B in numpy, its matrix times 12/11: the variances stay.
        let expected: [&[f64]; 3] = [
            &[0.001_608_333_333_333_333_4],
            &[0.000_169_111_058_353_213_16, 0.001_233_333_333_333_333_5],
            &[0.000_319_610_000_061_996_1, 0.000_321_127_170_533_946_55, 0.001_533_333_333_333_333_2],
        ];
        close(&shrunk(&COLUMNS, ShrinkageTarget::ConstantCorrelation).unwrap(), 0.840_134_952_862_562_1, &expected);
    }

    #[test]
    fn what_needs_no_drawing_stays() {
        let still = shrunk(&[[0.1; 5], [0.2; 5]], ShrinkageTarget::ConstantCorrelation).unwrap();
        assert_eq!((still.intensity, still.covariance.row(0)), (0.0, &[0.0, 0.0][..]));
        let alone = shrunk(&[[0.1, 0.2, 0.4]], ShrinkageTarget::Identity).unwrap();
        assert_eq!((alone.intensity, Ok(alone.covariance)), (0.0, covariance(&[[0.1, 0.2, 0.4]])));
        assert!(shrunk(&[[0.1]], ShrinkageTarget::Identity).is_err());
    }

    proptest! {
        #[test]
        fn a_shrunk_covariance_is_positive_semidefinite(
            columns in prop::collection::vec(prop::collection::vec(-0.1..0.1, 6), 1..12),
            target in prop_oneof![Just(ShrinkageTarget::Identity), Just(ShrinkageTarget::ConstantCorrelation)],
        ) {
            let drawn = shrunk(&columns, target).unwrap();
            prop_assert!((0.0..=1.0).contains(&drawn.intensity));
            prop_assert!(drawn.covariance.cholesky().is_ok());
            let (own, sample) = (drawn.covariance.diagonal(), covariance(&columns).unwrap().diagonal());
            prop_assert!((own.iter().sum::<f64>() - sample.iter().sum::<f64>()).abs() < 1e-12, "the variance stays whole");
        }
    }
}
