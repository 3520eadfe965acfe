//! Symmetric matrices, as covariances are: products, correlations, and what makes an indefinite one semidefinite.

use std::cmp::Ordering;

use super::NotSemidefinite;

/// A symmetric matrix of n rows, all n² values in one piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Symmetric {
    size: usize,
    values: Vec<f64>,
}

impl Symmetric {
    /// Of a function of row and column, which is asked for the lower triangle alone (column ≤ row).
    pub fn from_lower(size: usize, lower: impl Fn(usize, usize) -> f64) -> Self {
        let mut values = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..=row {
                let value = lower(row, column);
                values[row * size + column] = value;
                values[column * size + row] = value;
            }
        }
        Self { size, values }
    }

    /// How many rows it has.
    pub fn size(&self) -> usize {
        self.size
    }

    /// One row; empty where there is none.
    pub fn row(&self, row: usize) -> &[f64] {
        if row < self.size { &self.values[row * self.size..(row + 1) * self.size] } else { &[] }
    }

    /// Its rows from the first to the last.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.size).map(|row| self.row(row))
    }

    /// The values from the upper left to the lower right: variances, of a covariance.
    pub fn diagonal(&self) -> Vec<f64> {
        self.rows().enumerate().map(|(at, row)| row[at]).collect()
    }

    /// A·x; `None` for a vector of another length.
    pub fn times(&self, vector: &[f64]) -> Option<Vec<f64>> {
        (vector.len() == self.size).then(|| self.rows().map(|row| dot(row, vector)).collect())
    }

    /// The correlations ρᵢⱼ = aᵢⱼ / √(aᵢᵢ·aⱼⱼ) of a covariance, one on the diagonal; `None` where a variance is not above zero.
    pub fn correlation(&self) -> Option<Self> {
        let deviations: Vec<f64> = self.diagonal().into_iter().map(f64::sqrt).collect();
        if !deviations.iter().all(|deviation| *deviation > 0.0) {
            return None;
        }
        let value = |row: usize, column: usize| match row.cmp(&column) {
            Ordering::Equal => 1.0,
            _ => (self.row(row)[column] / deviations[row] / deviations[column]).clamp(-1.0, 1.0),
        };
        Some(Self::from_lower(self.size, value))
    }

    /// The nearest semidefinite matrix on the line to its own diagonal, (1 − s)·A + s·diag(A), and s: zero where it is semidefinite
    /// already (Higham, Strabić and Šego 2016). The variances stay as they are.
    ///
    /// # Errors
    /// [`NotSemidefinite`] where a variance itself is below zero or not finite.
    pub fn semidefinite(&self) -> Result<(Self, f64), NotSemidefinite> {
        if self.cholesky().is_ok() {
            return Ok((self.clone(), 0.0));
        }
        let (mut low, mut high) = (0.0, 1.0);
        while high - low > 1e-6 {
            let middle = f64::midpoint(low, high);
            if self.towards_diagonal(middle).cholesky().is_ok() {
                high = middle;
            } else {
                low = middle;
            }
        }
        let shrunk = self.towards_diagonal(high);
        shrunk.cholesky().map(|_| (shrunk, high))
    }

    fn towards_diagonal(&self, share: f64) -> Self {
        let value = |row: usize, column: usize| {
            let own = self.row(row)[column];
            if row == column { own } else { (1.0 - share) * own }
        };
        Self::from_lower(self.size, value)
    }
}

/// Σ xᵢ·yᵢ in eight sums side by side, which is fast and rounds less than one.
pub(super) fn dot(left: &[f64], right: &[f64]) -> f64 {
    let (left, left_rest) = left.as_chunks::<8>();
    let (right, right_rest) = right.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (x, y) in left.iter().zip(right) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[f64]]) -> Symmetric {
        Symmetric::from_lower(rows.len(), |row, column| rows[row][column])
    }

    #[test]
    fn an_indefinite_matrix_is_drawn_to_its_diagonal_as_little_as_needed() {
        // Correlations 0.9, 0.9 and 0 cannot be: the smallest eigenvalue of 1 and s·0.9 is 1 − s·0.9·√2, zero at s = 0.785674.
        let impossible = of(&[&[1.0], &[0.9, 1.0], &[0.9, 0.0, 1.0]]);
        assert!(impossible.cholesky().is_err());
        let (possible, share) = impossible.semidefinite().unwrap();
        assert!((share - (1.0 - 1.0 / (0.9 * 2.0_f64.sqrt()))).abs() < 2e-6, "{share}");
        assert_eq!(possible.diagonal(), [1.0; 3]);
        assert!(possible.cholesky().is_ok());
        assert_eq!(of(&[&[4.0], &[2.0, 5.0]]).semidefinite().unwrap().1, 0.0);
        assert!(of(&[&[-1.0]]).semidefinite().is_err());
    }

    #[test]
    fn correlations_are_covariances_over_deviations() {
        let correlation = of(&[&[4.0], &[3.0, 9.0]]).correlation().unwrap();
        assert_eq!(correlation.row(2), &[] as &[f64]);
        assert_eq!((correlation.row(0), correlation.row(1)), (&[1.0, 0.5][..], &[0.5, 1.0][..]));
        assert_eq!(of(&[&[0.0]]).correlation(), None);
        assert_eq!(of(&[&[4.0], &[3.0, 9.0]]).times(&[1.0, 2.0]), Some(vec![10.0, 21.0]));
        assert_eq!(of(&[&[4.0]]).times(&[1.0, 2.0]), None);
    }
}
