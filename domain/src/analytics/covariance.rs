//! How columns of returns vary together. The columns stand beside each other: who aligns them decides what an observation is.

use super::Symmetric;
use super::moments::mean;

/// Why there is no matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCovariance {
    /// Too few observations.
    #[error("{count} observations are too few: {needed} are needed")]
    TooFew {
        /// How many there are.
        count: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A column of another length than the first.
    #[error("column {column} has {count} observations, the first has {expected}")]
    Ragged {
        /// Which, from zero.
        column: usize,
        /// How many it has.
        count: usize,
        /// How many the first has.
        expected: usize,
    },
    /// A column with a value that is infinite or not a number.
    #[error("column {column} holds a value that is not finite")]
    NotFinite {
        /// Which, from zero.
        column: usize,
    },
    /// There are no columns.
    #[error("there are no columns")]
    NoColumns,
}

/// Columns of equal length as distances from their means.
pub(super) struct Centred {
    pub(super) columns: Vec<Vec<f64>>,
    /// How many observations a column has.
    pub(super) count: usize,
}

impl Centred {
    /// Checks columns of at least two observations, and takes their means off.
    pub(super) fn of(columns: &[impl AsRef<[f64]>]) -> Result<Self, NoCovariance> {
        let count = columns.first().ok_or(NoCovariance::NoColumns)?.as_ref().len();
        if count < 2 {
            return Err(NoCovariance::TooFew { count, needed: 2 });
        }
        let centre = |(at, column): (usize, &[f64])| {
            if column.len() != count {
                return Err(NoCovariance::Ragged { column: at, count: column.len(), expected: count });
            }
            let mean = mean(column).ok_or(NoCovariance::NotFinite { column: at })?;
            Ok(column.iter().map(|value| value - mean).collect())
        };
        let columns = columns.iter().map(AsRef::as_ref).enumerate().map(centre).collect::<Result<_, _>>()?;
        Ok(Self { columns, count })
    }

    /// Σ xᵢ·xⱼ / (n − 1).
    pub(super) fn covariance(&self) -> Symmetric {
        let (size, free) = (self.columns.len(), (self.count - 1) as f64);
        let products = products(&self.columns, &self.columns, true);
        Symmetric::from_lower(size, |row, column| products[row * size + column] / free)
    }
}

/// The sample covariance Σ (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ) / (n − 1) of columns of returns, a period squared, each pair once. Times A it is that of a
/// year of A periods.
///
/// # Errors
/// [`NoCovariance`] below two observations, for columns of different length, and where a value is not finite.
pub fn covariance(columns: &[impl AsRef<[f64]>]) -> Result<Symmetric, NoCovariance> {
    Centred::of(columns).map(|centred| centred.covariance())
}

/// Pearson's correlation of two columns over the observations that both have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairCorrelation {
    /// From −1 to 1; `None` where fewer than two observations are shared, and where one of the two does not vary over them.
    pub value: Option<f64>,
    /// How many observations are shared.
    pub count: usize,
}

/// The correlation of every two columns, for display: rows of the lower triangle, the diagonal included. Each pair stands on
/// observations of its own, so the whole need not be positive semidefinite and is nothing to compute a risk from.
///
/// # Errors
/// [`NoCovariance::Ragged`] for columns of different length; what is not finite counts as missing.
pub fn pairwise_correlation(columns: &[impl AsRef<[Option<f64>]>]) -> Result<Vec<Vec<PairCorrelation>>, NoCovariance> {
    let expected = columns.first().ok_or(NoCovariance::NoColumns)?.as_ref().len();
    if let Some((column, count)) =
        columns.iter().map(|column| column.as_ref().len()).enumerate().find(|(_, count)| *count != expected)
    {
        return Err(NoCovariance::Ragged { column, count, expected });
    }
    let triangle = columns
        .iter()
        .enumerate()
        .map(|(at, left)| columns.iter().take(at + 1).map(|right| pair(left.as_ref(), right.as_ref())).collect());
    Ok(triangle.collect())
}

fn pair(left: &[Option<f64>], right: &[Option<f64>]) -> PairCorrelation {
    let known = |value: &Option<f64>| value.filter(|value| value.is_finite());
    let both = left.iter().zip(right).filter_map(|(x, y)| known(x).zip(known(y)));
    let (own, other): (Vec<f64>, Vec<f64>) = both.unzip();
    let value = super::regression(&own, &other, 0.0).and_then(|line| line.correlation);
    PairCorrelation { value, count: own.len() }
}

/// How many columns are multiplied with as many at a time: the sums stay in registers.
const TILE: usize = 4;
/// How many observations are multiplied before the next: two tiles of them stay in the first cache.
const STRETCH: usize = 256;

/// Σₜ leftᵢ(t)·rightⱼ(t) for all i and j, row by row; for i ≥ j alone (and some above) where that is all that is asked.
pub(super) fn products(left: &[Vec<f64>], right: &[Vec<f64>], lower_only: bool) -> Vec<f64> {
    let count = left.first().map_or(0, Vec::len);
    let (rows, columns) = (left.len(), right.len());
    let mut sums = vec![0.0; rows * columns];
    for start in (0..count).step_by(STRETCH) {
        let end = (start + STRETCH).min(count);
        let (left, right) = (pack(left, start, end), pack(right, start, end));
        for (i, own) in left.iter().enumerate() {
            for (j, other) in right.iter().enumerate().take(if lower_only { i + 1 } else { usize::MAX }) {
                let tile = multiply(own, other);
                for (row, line) in tile.iter().enumerate().take(rows - i * TILE) {
                    let at = (i * TILE + row) * columns + j * TILE;
                    let wide = TILE.min(columns - j * TILE);
                    sums[at..at + wide].iter_mut().zip(line).for_each(|(sum, value)| *sum += value);
                }
            }
        }
    }
    sums
}

/// Tiles of columns, the observations of a tile one after the other; what is missing to a whole tile is zero.
fn pack(columns: &[Vec<f64>], start: usize, end: usize) -> Vec<Vec<[f64; TILE]>> {
    let tile = |columns: &[Vec<f64>]| {
        let mut packed = vec![[0.0; TILE]; end - start];
        for (lane, column) in columns.iter().enumerate() {
            packed.iter_mut().zip(&column[start..end]).for_each(|(slot, value)| slot[lane] = *value);
        }
        packed
    };
    columns.chunks(TILE).map(tile).collect()
}

fn multiply(left: &[[f64; TILE]], right: &[[f64; TILE]]) -> [[f64; TILE]; TILE] {
    let mut sums = [[0.0; TILE]; TILE];
    for (x, y) in left.iter().zip(right) {
        for (line, x) in sums.iter_mut().zip(x) {
            line.iter_mut().zip(y).for_each(|(sum, y)| *sum += x * y);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_matrix_worked_by_hand() {
        // Distances −1, 0, 1 and −2, 1, 1: squares 2 and 6, products 2 + 0 + 1 = 3, over two.
        let matrix = covariance(&[[0.0, 1.0, 2.0], [1.0, 4.0, 4.0]]).unwrap();
        assert_eq!((matrix.row(0), matrix.row(1)), (&[1.0, 1.5][..], &[1.5, 3.0][..]));
    }

    #[test]
    fn what_is_no_matrix_says_why() {
        assert_eq!(covariance(&[] as &[Vec<f64>]), Err(NoCovariance::NoColumns));
        assert_eq!(covariance(&[[1.0]]), Err(NoCovariance::TooFew { count: 1, needed: 2 }));
        let ragged = [vec![1.0, 2.0], vec![1.0, 2.0, 3.0]];
        assert_eq!(covariance(&ragged), Err(NoCovariance::Ragged { column: 1, count: 3, expected: 2 }));
        assert_eq!(covariance(&[[1.0, 2.0], [f64::INFINITY, 2.0]]), Err(NoCovariance::NotFinite { column: 1 }));
    }

    #[test]
    fn pairs_stand_on_what_both_have() {
        let first = vec![Some(0.01), Some(0.02), None, Some(0.04), Some(f64::NAN)];
        let second = vec![Some(0.02), Some(0.04), Some(0.5), Some(0.08), Some(0.1)];
        let still = vec![Some(0.1); 5];
        let pairs = pairwise_correlation(&[first, second, still]).unwrap();
        assert_eq!(pairs[1][0].count, 3);
        assert!((pairs[1][0].value.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(pairs[1][1].count, 5);
        assert_eq!(pairs[2], [3, 5, 5].map(|count| PairCorrelation { value: None, count }));
    }

    fn naive(columns: &[Vec<f64>], i: usize, j: usize) -> f64 {
        let mean = |column: &[f64]| column.iter().sum::<f64>() / column.len() as f64;
        let (left, right) = (mean(&columns[i]), mean(&columns[j]));
        let sum: f64 = columns[i].iter().zip(&columns[j]).map(|(x, y)| (x - left) * (y - right)).sum();
        sum / (columns[i].len() - 1) as f64
    }

    fn columns() -> impl Strategy<Value = Vec<Vec<f64>>> {
        (1_usize..11, prop_oneof![2_usize..20, 250_usize..270])
            .prop_flat_map(|(size, count)| prop::collection::vec(prop::collection::vec(-0.1..0.1, count), size))
    }

    proptest! {
        #[test]
        fn tiles_and_stretches_leave_nothing_out(columns in columns()) {
            let matrix = covariance(&columns).unwrap();
            // A sample's covariance is positive semidefinite.
            let factor = matrix.cholesky().unwrap();
            prop_assert!(factor.rank() <= columns.len().min(columns[0].len() - 1));
            for i in 0..columns.len() {
                for j in 0..columns.len() {
                    prop_assert!((matrix.row(i)[j] - naive(&columns, i, j)).abs() < 1e-15);
                    let product: f64 = factor.row(i).iter().zip(factor.row(j)).map(|(x, y)| x * y).sum();
                    prop_assert!((matrix.row(i)[j] - product).abs() < 1e-13);
                }
            }
        }
    }
}
