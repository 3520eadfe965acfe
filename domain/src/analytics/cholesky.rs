//! The root of a covariance: what makes independent numbers vary together.

use super::Symmetric;
use super::matrix::dot;

/// A root L of a positive semidefinite matrix, A = L·Lᵀ, with as many columns as the matrix has rank.
#[derive(Clone, Debug, PartialEq)]
pub struct Cholesky {
    rank: usize,
    rows: Vec<Vec<f64>>,
}

/// Some combination of what the rows stand for would have a variance below zero.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the matrix is not positive semidefinite: {remainder:e} remains on the diagonal of row {row}")]
pub struct NotSemidefinite {
    /// The row, from zero, at which it shows.
    pub row: usize,
    /// What the rows before it leave of its diagonal.
    pub remainder: f64,
}

impl Symmetric {
    /// A = L·Lᵀ with complete pivoting (Higham 2002, 10.3), scaled to correlations, so that a small variance beside a large one counts.
    /// Rows that others determine, and those that do not vary, take no column of their own. L is a triangle up to the order of rows.
    ///
    /// # Errors
    /// [`NotSemidefinite`], also where a value is not finite.
    pub fn cholesky(&self) -> Result<Cholesky, NotSemidefinite> {
        let diagonal = self.diagonal();
        let possible = |row: &usize| {
            let own = diagonal[*row];
            own.is_finite() && (own > 0.0 || own == 0.0 && self.row(*row).iter().all(|value| *value == 0.0))
        };
        if let Some(row) = (0..self.size()).find(|row| !possible(row)) {
            return Err(NotSemidefinite { row, remainder: diagonal[row] });
        }
        let deviations: Vec<f64> = diagonal.iter().map(|value| value.sqrt()).collect();
        let mut elimination = Elimination {
            matrix: self,
            inverse: deviations.iter().map(|value| if *value > 0.0 { 1.0 / value } else { 0.0 }).collect(),
            rows: vec![Vec::new(); self.size()],
            open: (0..self.size()).collect(),
            remainders: deviations.iter().map(|value| if *value > 0.0 { 1.0 } else { 0.0 }).collect(),
            rounding: 16.0 * f64::EPSILON * self.size() as f64,
        };
        while elimination.step() {}
        elimination.check(&deviations)?;
        let rank = self.size() - elimination.open.len();
        let mut rows = elimination.rows;
        for (row, deviation) in rows.iter_mut().zip(deviations) {
            row.iter_mut().for_each(|value| *value *= deviation);
            row.resize(rank, 0.0);
        }
        Ok(Cholesky { rank, rows })
    }
}

/// A factorisation of the matrix scaled to correlations, on its way.
struct Elimination<'a> {
    matrix: &'a Symmetric,
    /// One over each deviation; zero for what does not vary.
    inverse: Vec<f64>,
    rows: Vec<Vec<f64>>,
    /// The rows that have not been the pivot.
    open: Vec<usize>,
    /// What the columns so far leave of each diagonal.
    remainders: Vec<f64>,
    rounding: f64,
}

impl Elimination<'_> {
    /// What the columns so far leave of one value.
    fn rest(&self, row: usize, column: usize) -> f64 {
        let scaled = self.matrix.row(row)[column] * self.inverse[row] * self.inverse[column];
        scaled - dot(&self.rows[row], &self.rows[column])
    }

    /// Takes the row with the largest remainder as the next pivot; false where none is left that is above rounding.
    fn step(&mut self) -> bool {
        let largest =
            |x: &(usize, &usize), y: &(usize, &usize)| self.remainders[*x.1].total_cmp(&self.remainders[*y.1]);
        let Some((place, &pivot)) = self.open.iter().enumerate().max_by(largest) else { return false };
        if self.remainders[pivot].is_nan() || self.remainders[pivot] <= self.rounding {
            return false;
        }
        self.open.swap_remove(place);
        let root = self.remainders[pivot].sqrt();
        for at in 0..self.open.len() {
            let row = self.open[at];
            let value = self.rest(row, pivot) / root;
            self.rows[row].push(value);
            self.remainders[row] -= value * value;
        }
        self.rows[pivot].push(root);
        true
    }

    /// Whether nothing but rounding is left of the rows that have not been a pivot.
    fn check(&self, deviations: &[f64]) -> Result<(), NotSemidefinite> {
        let tolerance = 64.0 * self.rounding;
        for (at, &row) in self.open.iter().enumerate() {
            let own = self.remainders[row];
            if own.is_nan() || own < -tolerance {
                return Err(NotSemidefinite { row, remainder: own * deviations[row] * deviations[row] });
            }
            for &column in self.open.iter().take(at) {
                let rest = self.rest(row, column).abs();
                if rest.is_nan() || rest > tolerance {
                    return Err(NotSemidefinite { row, remainder: -rest * deviations[row] * deviations[column] });
                }
            }
        }
        Ok(())
    }
}

impl Cholesky {
    /// How many rows it has.
    pub fn size(&self) -> usize {
        self.rows.len()
    }

    /// How many columns it has: of how many independent sources the rows are made.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// One row, a value for each column; empty where there is none.
    pub fn row(&self, row: usize) -> &[f64] {
        self.rows.get(row).map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[f64]]) -> Symmetric {
        Symmetric::from_lower(rows.len(), |row, column| rows[row][column])
    }

    #[test]
    fn the_factor_of_a_matrix_worked_by_hand() {
        // Correlation 0.5 with deviations 2 and 4: the second row is 4·0.5 and 4·√0.75.
        let factor = of(&[&[4.0], &[4.0, 16.0]]).cholesky().unwrap();
        let (last, first) = (factor.row(0), factor.row(1));
        assert_eq!((factor.rank(), first), (2, &[4.0, 0.0][..]));
        assert!((last[0] - 1.0).abs() < 1e-15 && (last[1] - 3.0_f64.sqrt()).abs() < 1e-15, "{last:?}");
        assert_eq!(factor.row(2), &[] as &[f64]);
    }

    #[test]
    fn what_others_determine_adds_nothing() {
        // The second row is twice the first, the third does not vary.
        let factor = of(&[&[1.0], &[2.0, 4.0], &[0.0, 0.0, 0.0]]).cholesky().unwrap();
        assert_eq!([factor.row(0), factor.row(1), factor.row(2)], [&[1.0], &[2.0], &[0.0]]);
        // A row that does not vary cannot vary with another.
        assert!(of(&[&[0.0], &[0.1, 1.0]]).cholesky().is_err());
        assert!(of(&[&[f64::NAN]]).cholesky().is_err());
        assert!(of(&[&[1.0], &[f64::NAN, 1.0]]).cholesky().is_err());
        assert_eq!(of(&[&[-1.0]]).cholesky(), Err(NotSemidefinite { row: 0, remainder: -1.0 }));
    }
}
