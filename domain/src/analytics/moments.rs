//! The moments of a sample.

/// Mean and variance of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    count: f64,
    mean: f64,
    /// Σ (x − mean)².
    squares: f64,
}

impl Spread {
    /// Of a sample; `None` of an empty one, or where a value is not finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mean = mean(values)?;
        let squares = sum(values, |value| (value - mean) * (value - mean));
        squares.is_finite().then_some(Self { count: values.len() as f64, mean, squares })
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

    /// Σ (x − mean)².
    pub(super) fn squares(&self) -> f64 {
        self.squares
    }

    /// Whether the values differ by more than rounding alone makes equal ones differ.
    pub fn varies(&self) -> bool {
        let deviation = (self.squares / self.count).sqrt();
        deviation > f64::EPSILON * self.count * self.mean.abs() && deviation > 0.0
    }
}

/// Mean and central moments of a sample, in one pass over it after its mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    spread: Spread,
    /// Σ (x − mean)ᵏ for k = 3, 4.
    cubes: f64,
    fourths: f64,
}

impl Moments {
    /// Of a sample; `None` of an empty one, or where a value is not finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mean = mean(values)?;
        let [squares, cubes, fourths] = sums(values, |value| {
            let distance = value - mean;
            let square = distance * distance;
            [square, square * distance, square * square]
        });
        let spread = Spread { count: values.len() as f64, mean, squares };
        fourths.is_finite().then_some(Self { spread, cubes, fourths })
    }

    /// As [`Spread::mean`].
    pub fn mean(&self) -> f64 {
        self.spread.mean()
    }

    /// As [`Spread::deviation`].
    pub fn deviation(&self, ddof: u32) -> Option<f64> {
        self.spread.deviation(ddof)
    }

    /// As [`Spread::varies`].
    pub fn varies(&self) -> bool {
        self.spread.varies()
    }

    /// The sample skewness G₁ = √(n(n−1)) / (n−2) · m₃ / m₂^1.5 (Joanes and Gill 1998). `None` below three values, and where they do
    /// not vary.
    pub fn skewness(&self) -> Option<f64> {
        let n = self.spread.count;
        if n < 3.0 || !self.varies() {
            return None;
        }
        let plain = (self.cubes / n) / (self.spread.squares / n).powf(1.5);
        Some((n * (n - 1.0)).sqrt() / (n - 2.0) * plain)
    }

    /// The sample excess kurtosis G₂ = (n−1) / ((n−2)(n−3)) · ((n+1) g₂ + 6) (Joanes and Gill 1998), zero for a normal distribution.
    /// `None` below four values, and where they do not vary.
    pub fn excess_kurtosis(&self) -> Option<f64> {
        let n = self.spread.count;
        if n < 4.0 || !self.varies() {
            return None;
        }
        let variance = self.spread.squares / n;
        let plain = (self.fourths / n) / (variance * variance) - 3.0;
        Some((n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * plain + 6.0))
    }
}

/// Sums run side by side: one waits for each addition before, eight of them keep a core busy.
const LANES: usize = 8;

/// The arithmetic mean; `None` of an empty sample, or where a value is not finite.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    let mean = sum(values, |value| value) / values.len() as f64;
    (!values.is_empty() && mean.is_finite()).then_some(mean)
}

/// Σ term(x), the sum of eight sums of every eighth value.
pub(super) fn sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let [sum] = sums(values, |value| [term(value)]);
    sum
}

/// The same of several terms.
pub(super) fn sums<const N: usize>(values: &[f64], terms: impl Fn(f64) -> [f64; N]) -> [f64; N] {
    let mut lanes = [[0.0; LANES]; N];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (at, value) in chunk.iter().enumerate() {
            for (lane, term) in lanes.iter_mut().zip(terms(*value)) {
                lane[at] += term;
            }
        }
    }
    let mut sums = lanes.map(|lane| lane.iter().sum());
    for value in rest {
        for (sum, term) in sums.iter_mut().zip(terms(*value)) {
            *sum += term;
        }
    }
    sums
}

/// Σ (x − x̄)(y − ȳ) of two columns of one length.
pub(super) fn products(own: &[f64], other: &[f64], means: [f64; 2]) -> f64 {
    let [mean, other_mean] = means;
    let mut lanes = [0.0; LANES];
    let ((chunks, rest), (other_chunks, other_rest)) = (own.as_chunks::<LANES>(), other.as_chunks::<LANES>());
    for (chunk, other) in chunks.iter().zip(other_chunks) {
        for ((lane, x), y) in lanes.iter_mut().zip(chunk).zip(other) {
            *lane += (x - mean) * (y - other_mean);
        }
    }
    let rest = rest.iter().zip(other_rest).map(|(x, y)| (x - mean) * (y - other_mean));
    lanes.iter().sum::<f64>() + rest.sum::<f64>()
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
    fn every_value_is_summed_once_whatever_their_number() {
        for count in 0..40_u32 {
            let values: Vec<f64> = (1..=count).map(f64::from).collect();
            let n = f64::from(count);
            let whole = [n * (n + 1.0) / 2.0, n * (n + 1.0) * (2.0 * n + 1.0) / 6.0];
            assert_eq!(sums(&values, |value| [value, value * value]), whole, "{count}");
        }
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
