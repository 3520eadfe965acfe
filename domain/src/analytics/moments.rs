//! The moments of a sample.

/// Mean and central moments of a sample, in one pass over it after its mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    count: f64,
    mean: f64,
    /// Σ (x − mean)ᵏ for k = 2, 3, 4.
    squares: f64,
    cubes: f64,
    fourths: f64,
}

impl Moments {
    /// Of a sample; `None` of an empty one, or where a value is not finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let (mut squares, mut cubes, mut fourths) = (0.0, 0.0, 0.0);
        for value in values {
            let distance = value - mean;
            let square = distance * distance;
            squares += square;
            cubes += square * distance;
            fourths += square * square;
        }
        (mean.is_finite() && fourths.is_finite()).then_some(Self { count, mean, squares, cubes, fourths })
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The standard deviation with `ddof` degrees of freedom taken off: 1 for a sample, 0 for a population. `None` where none are left.
    pub fn deviation(&self, ddof: u32) -> Option<f64> {
        let free = self.count - f64::from(ddof);
        (free > 0.0).then(|| (self.squares / free).sqrt())
    }

    /// Whether the values differ by more than rounding alone makes equal ones differ.
    pub fn varies(&self) -> bool {
        let deviation = (self.squares / self.count).sqrt();
        deviation > f64::EPSILON * self.count * self.mean.abs() && deviation > 0.0
    }

    /// The sample skewness G₁ = √(n(n−1)) / (n−2) · m₃ / m₂^1.5 (Joanes and Gill 1998). `None` below three values, and where they do
    /// not vary.
    pub fn skewness(&self) -> Option<f64> {
        let n = self.count;
        if n < 3.0 || !self.varies() {
            return None;
        }
        let plain = (self.cubes / n) / (self.squares / n).powf(1.5);
        Some((n * (n - 1.0)).sqrt() / (n - 2.0) * plain)
    }

    /// The sample excess kurtosis G₂ = (n−1) / ((n−2)(n−3)) · ((n+1) g₂ + 6) (Joanes and Gill 1998), zero for a normal distribution.
    /// `None` below four values, and where they do not vary.
    pub fn excess_kurtosis(&self) -> Option<f64> {
        let n = self.count;
        if n < 4.0 || !self.varies() {
            return None;
        }
        let variance = self.squares / n;
        let plain = (self.fourths / n) / (variance * variance) - 3.0;
        Some((n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * plain + 6.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_are_those_of_a_table() {
        // scipy.stats: skew and kurtosis of 2, 4, 4, 4, 5, 5, 7, 9 with bias=False.
        let moments = Moments::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((moments.mean(), moments.deviation(0)), (5.0, Some(2.0)));
        assert!((moments.skewness().unwrap() - 0.818_487_553_356_9).abs() < 1e-9, "{:?}", moments.skewness());
        assert!((moments.excess_kurtosis().unwrap() - 0.940_625).abs() < 1e-9, "{:?}", moments.excess_kurtosis());
    }

    #[test]
    fn what_does_not_vary_has_no_shape() {
        let same = Moments::of(&[0.1; 30]).unwrap();
        assert_eq!((same.varies(), same.skewness(), same.excess_kurtosis()), (false, None, None));
        assert_eq!(Moments::of(&[]), None);
        assert_eq!(Moments::of(&[1.0]).unwrap().deviation(1), None);
        assert_eq!(Moments::of(&[f64::NAN]), None);
    }
}
