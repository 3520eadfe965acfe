//! Robust statistics: the median and the median absolute deviation, which a few wrong rows cannot move.

/// What the MAD of a normal distribution is multiplied by to give its standard deviation.
const MAD_TO_SIGMA: f64 = 1.4826;

/// The median, or `None` of nothing. What is not finite is left out.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], upper) } else { upper })
}

/// The value that the given part of the values does not exceed, or `None` of nothing. What is not finite is left out.
pub(super) fn quantile(values: impl IntoIterator<Item = f64>, part: f64) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a number of rows")]
    let position = (part.clamp(0.0, 1.0) * last as f64) as usize;
    values.get(position).copied()
}

/// The standard deviation as the median absolute deviation tells it; 0 of nothing.
pub(super) fn robust_sigma(values: &[f64]) -> f64 {
    let Some(center) = median(values.iter().copied()) else { return 0.0 };
    MAD_TO_SIGMA * median(values.iter().map(|value| (value - center).abs())).unwrap_or_default()
}

/// Whether the ratio is the factor or its inverse, with the factor's logarithm given: within `tolerance` of that logarithm.
pub(super) fn is_factor(log_ratio: f64, log_factor: f64, tolerance: f64) -> bool {
    (log_ratio.abs() - log_factor.abs()).abs() <= tolerance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median([4.0, 1.0, 3.0, f64::NAN, 2.0]), Some(2.5));
        assert_eq!(median([]), None);
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        assert_eq!(quantile([3.0, 1.0, 2.0, f64::INFINITY], 0.9), Some(2.0));
        assert_eq!(quantile([], 0.5), None);
    }

    #[test]
    fn one_wild_value_does_not_move_the_deviation() {
        let calm = robust_sigma(&[-0.01, 0.01, -0.02, 0.02, 0.0]);
        let wild = robust_sigma(&[-0.01, 0.01, -0.02, 0.02, 4.6]);
        assert!((calm - 0.014_826).abs() < 1e-9);
        assert!(wild < 2.1 * calm);
    }
}
