//! How few holdings a portfolio stands on.

/// Measures over |wᵢ| / Σ|w|, so that what is short counts like what is held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concentration {
    /// Σ (|wᵢ| / Σ|w|)²: one for a single holding, 1/n for n equal ones (Herfindahl 1950, Hirschman 1964).
    pub hhi: f64,
    /// 1 / HHI: how many equal holdings would be as concentrated.
    pub effective_number: f64,
    /// The share of the largest N; one where there are no more than N.
    pub top: f64,
}

/// Of weights or values of any scale, with the share of the largest `largest`; `None` where none differs from zero, or one is not finite.
pub fn concentration(weights: &[f64], largest: usize) -> Option<Concentration> {
    let total: f64 = weights.iter().map(|weight| weight.abs()).sum();
    if !(total > 0.0 && total.is_finite()) {
        return None;
    }
    let mut shares: Vec<f64> = weights.iter().map(|weight| weight.abs() / total).collect();
    shares.sort_by(|x, y| y.total_cmp(x));
    let hhi: f64 = shares.iter().map(|share| share * share).sum();
    let top = if largest >= shares.len() { 1.0 } else { shares.iter().take(largest).sum() };
    Some(Concentration { hhi, effective_number: 1.0 / hhi, top })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_and_quarters() {
        // 0.5² + 0.25² + 0.25² = 0.375; 1/0.375 = 2.667. What is short counts with its size.
        let measures = concentration(&[0.25, -0.5, 0.25], 2).unwrap();
        assert_eq!(measures, Concentration { hhi: 0.375, effective_number: 1.0 / 0.375, top: 0.75 });
        assert_eq!(concentration(&[3.0, 1.0], 5).unwrap().top, 1.0);
        assert_eq!([concentration(&[], 3), concentration(&[0.0], 3), concentration(&[f64::NAN], 3)], [None; 3]);
    }

    proptest! {
        #[test]
        fn the_effective_number_is_at_most_the_number(weights in prop::collection::vec(0.01..100.0, 1..30)) {
            let measures = concentration(&weights, 3).unwrap();
            let count = weights.len() as f64;
            prop_assert!(measures.effective_number >= 1.0 - 1e-12 && measures.effective_number <= count + 1e-9);
            prop_assert!(measures.top >= (3.0 / count).min(1.0) - 1e-12 && measures.top <= 1.0 + 1e-12);
        }
    }
}
