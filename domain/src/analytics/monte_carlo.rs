//! Simulated outcomes of a portfolio. A seed names them: each block of paths draws from a stream of its own that seed and block alone
//! determine, so blocks can be shared out among any number of threads, in any order, and come to the same answer.

use super::matrix::dot;
use super::normal_stream::NormalStream;
use super::{Cholesky, NoTailRisk, NotSemidefinite, Symmetric, TailRisk, of_outcomes};

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Simulation {
    /// How many outcomes.
    pub paths: usize,
    /// Names the outcomes: one seed, one answer.
    pub seed: u64,
    /// Periods ahead, 1 or more: means grow with it and deviations with its root.
    pub horizon: f64,
    /// How a drawn number becomes a return.
    pub revaluation: Revaluation,
}

/// How a number that is drawn from the normal distribution becomes the return of a holding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revaluation {
    /// It is the return.
    Linear,
    /// It is the logarithm of the growth: the return is eˣ − 1, and nothing is lost twice.
    Lognormal,
}

/// Why nothing was simulated.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoSimulation {
    /// Not a mean and a row of the covariance for each weight.
    #[error("{weights} weights stand beside {means} means and a covariance of {rows} rows")]
    Mismatch {
        /// How many weights there are.
        weights: usize,
        /// How many means.
        means: usize,
        /// How many rows.
        rows: usize,
    },
    /// A weight or a mean that is infinite or not a number.
    #[error("holding {at} has a weight or a mean that is not finite")]
    NotFinite {
        /// Which, from zero.
        at: usize,
    },
    /// More paths than are worth their time.
    #[error("{paths} paths are asked: {limit} at most are simulated")]
    TooManyPaths {
        /// How many are asked.
        paths: usize,
        /// How many are simulated at most.
        limit: usize,
    },
    /// The covariance is none.
    #[error(transparent)]
    Covariance(#[from] NotSemidefinite),
    /// An outcome is larger than a number can be: the horizon, or a variance, is that large.
    #[error("over a horizon of {horizon} periods an outcome grows beyond all numbers")]
    Overflow {
        /// The horizon.
        horizon: f64,
    },
    /// There is no value at risk of this horizon, confidence or number of paths.
    #[error(transparent)]
    TailRisk(#[from] NoTailRisk),
}

/// The most paths of one simulation: their outcomes take 80 MB.
const MOST_PATHS: usize = 10_000_000;

/// How many paths share a stream. Part of what a seed names: with another number it names other outcomes.
const BLOCK: usize = 512;

/// Value at risk and expected shortfall of simulated outcomes.
///
/// # Errors
/// [`NoSimulation`].
pub fn simulated_tail_risk(
    weights: &[f64],
    means: &[f64],
    covariance: &Symmetric,
    confidence: f64,
    simulation: Simulation,
) -> Result<TailRisk, NoSimulation> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(NoTailRisk::Confidence { confidence }.into());
    }
    Ok(of_outcomes(MonteCarlo::of(weights, means, covariance, simulation)?.outcomes()?, confidence)?)
}

/// A portfolio ready to be drawn: the return in a path is Σ wᵢ·rᵢ with r = μh + L·z·√h for standard normal z and the root L of the
/// covariance (Glasserman 2003, 2.3).
#[derive(Clone, Debug)]
pub struct MonteCarlo<'a> {
    weights: &'a [f64],
    /// Over the horizon.
    means: Vec<f64>,
    root: Cholesky,
    grows: f64,
    simulation: Simulation,
}

impl<'a> MonteCarlo<'a> {
    /// Checks what is simulated; `means` and `covariance` are of one period.
    ///
    /// # Errors
    /// [`NoSimulation`].
    pub fn of(
        weights: &'a [f64],
        means: &[f64],
        covariance: &Symmetric,
        simulation: Simulation,
    ) -> Result<Self, NoSimulation> {
        let Simulation { paths, horizon, .. } = simulation;
        if paths > MOST_PATHS {
            return Err(NoSimulation::TooManyPaths { paths, limit: MOST_PATHS });
        }
        if !(horizon >= 1.0 && horizon.is_finite()) {
            return Err(NoTailRisk::Horizon { horizon }.into());
        }
        if means.len() != weights.len() || covariance.size() != weights.len() {
            let rows = covariance.size();
            return Err(NoSimulation::Mismatch { weights: weights.len(), means: means.len(), rows });
        }
        if let Some(at) = weights.iter().zip(means).position(|(weight, mean)| !(weight * mean).is_finite()) {
            return Err(NoSimulation::NotFinite { at });
        }
        let means = means.iter().map(|mean| mean * horizon).collect();
        Ok(Self { weights, means, root: covariance.cholesky()?, grows: horizon.sqrt(), simulation })
    }

    /// How many blocks the paths are in.
    pub fn blocks(&self) -> usize {
        self.simulation.paths.div_ceil(BLOCK)
    }

    /// The returns of the paths of one block, from zero; none beyond the last.
    ///
    /// # Errors
    /// [`NoSimulation::Overflow`].
    pub fn block(&self, block: usize) -> Result<Vec<f64>, NoSimulation> {
        let Simulation { paths, seed, horizon, revaluation } = self.simulation;
        let mut outcomes = vec![0.0; paths.saturating_sub(block.saturating_mul(BLOCK)).min(BLOCK)];
        let mut stream = NormalStream::of(seed, block as u64);
        match revaluation {
            Revaluation::Linear => self.fill_linear(&mut stream, &mut outcomes),
            Revaluation::Lognormal => self.fill_lognormal(&mut stream, &mut outcomes),
        }
        let are_finite = outcomes.iter().all(|outcome| outcome.is_finite());
        if are_finite { Ok(outcomes) } else { Err(NoSimulation::Overflow { horizon }) }
    }

    /// The returns of all paths, block by block.
    ///
    /// # Errors
    /// [`NoSimulation::Overflow`].
    pub fn outcomes(&self) -> Result<Vec<f64>, NoSimulation> {
        let mut all = Vec::with_capacity(self.simulation.paths);
        for block in 0..self.blocks() {
            all.extend(self.block(block)?);
        }
        Ok(all)
    }

    /// wᵀμ + (Lᵀw)ᵀz: the sum over holdings is taken once, not in every path.
    fn fill_linear(&self, stream: &mut NormalStream, outcomes: &mut [f64]) {
        let mut loads = vec![0.0; self.root.rank()];
        for (at, weight) in self.weights.iter().enumerate() {
            loads.iter_mut().zip(self.root.row(at)).for_each(|(load, root)| *load += weight * root * self.grows);
        }
        let drift = dot(self.weights, &self.means);
        let mut normals = vec![0.0; self.root.rank()];
        for outcome in outcomes {
            stream.fill(&mut normals);
            *outcome = drift + dot(&loads, &normals);
        }
    }

    fn fill_lognormal(&self, stream: &mut NormalStream, outcomes: &mut [f64]) {
        let mut normals = vec![0.0; self.root.rank()];
        for outcome in outcomes {
            stream.fill(&mut normals);
            let holdings = self.weights.iter().zip(&self.means).enumerate();
            let returns = holdings
                .map(|(at, (weight, mean))| weight * (mean + dot(self.root.row(at), &normals) * self.grows).exp_m1());
            *outcome = returns.sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analytics::{Moments, portfolio_volatility};

    const PLAIN: Simulation = Simulation { paths: 20_000, seed: 7, horizon: 1.0, revaluation: Revaluation::Linear };

    fn market() -> Symmetric {
        let rows: [&[f64]; 3] = [&[4e-4], &[1e-4, 1e-4], &[-2e-4, 0.0, 9e-4]];
        Symmetric::from_lower(3, |row, column| rows[row][column])
    }

    fn all(
        weights: &[f64],
        means: &[f64],
        covariance: &Symmetric,
        simulation: Simulation,
    ) -> Result<Vec<f64>, NoSimulation> {
        MonteCarlo::of(weights, means, covariance, simulation)?.outcomes()
    }

    #[test]
    fn outcomes_have_the_moments_of_the_market() {
        let (weights, means) = ([0.5, 0.3, 0.2], [0.001, 0.0, -0.001]);
        let outcomes = all(&weights, &means, &market(), Simulation { horizon: 4.0, ..PLAIN }).unwrap();
        let moments = Moments::of(&outcomes).unwrap();
        // Four periods: 4 · (0.0005 − 0.0002) = 0.0012, and twice the deviation.
        let deviation = 2.0 * portfolio_volatility(&weights, &market()).unwrap();
        assert!((moments.mean() - 0.0012).abs() < 4.0 * deviation / 20_000_f64.sqrt(), "{moments:?}");
        assert!((moments.deviation(1).unwrap() / deviation - 1.0).abs() < 0.02);
        // 1.645 and 2.063 deviations beyond the mean.
        let tail =
            simulated_tail_risk(&weights, &means, &market(), 0.95, Simulation { horizon: 4.0, ..PLAIN }).unwrap();
        assert!((tail.value_at_risk / (1.644_854 * deviation - 0.0012) - 1.0).abs() < 0.03, "{tail:?}");
        assert!((tail.expected_shortfall / (2.062_713 * deviation - 0.0012) - 1.0).abs() < 0.03, "{tail:?}");
    }

    #[test]
    fn a_logarithm_never_loses_more_than_all() {
        let long = Simulation { horizon: 10_000.0, revaluation: Revaluation::Lognormal, ..PLAIN };
        let outcomes = all(&[0.5, 0.25, 0.25], &[0.0; 3], &market(), long).unwrap();
        assert!(outcomes.iter().all(|outcome| *outcome > -1.0));
        // E[eˣ − 1] = e^(σ²/2) − 1 of each holding; over one period 2e-4, 5e-5 and 4.5e-4.
        let short = Simulation { horizon: 1.0, ..long };
        let mean = Moments::of(&all(&[1.0, 1.0, 1.0], &[0.0; 3], &market(), short).unwrap()).unwrap().mean();
        assert!((mean - 7e-4).abs() < 4.0 * 0.035 / 20_000_f64.sqrt(), "{mean}");
    }

    #[test]
    fn what_cannot_be_simulated_says_why() {
        let run = |weights: &[f64], means: &[f64], simulation| {
            simulated_tail_risk(weights, means, &market(), 0.95, simulation).unwrap_err()
        };
        assert_eq!(run(&[1.0], &[0.0], PLAIN), NoSimulation::Mismatch { weights: 1, means: 1, rows: 3 });
        assert_eq!(run(&[1.0, f64::NAN, 0.0], &[0.0; 3], PLAIN), NoSimulation::NotFinite { at: 1 });
        let now = Simulation { horizon: 0.0, ..PLAIN };
        assert_eq!(run(&[1.0; 3], &[0.0; 3], now), NoSimulation::TailRisk(NoTailRisk::Horizon { horizon: 0.0 }));
        let none = Simulation { paths: 0, ..PLAIN };
        let too_few = NoTailRisk::TooFew { count: 0, needed: 1 };
        assert_eq!(run(&[1.0; 3], &[0.0; 3], none), NoSimulation::TailRisk(too_few));
        let many = Simulation { paths: usize::MAX, ..PLAIN };
        let limit = MOST_PATHS;
        assert_eq!(run(&[1.0; 3], &[0.0; 3], many), NoSimulation::TooManyPaths { paths: usize::MAX, limit });
        let far = Simulation { horizon: 1e12, revaluation: Revaluation::Lognormal, ..PLAIN };
        assert_eq!(run(&[1.0; 3], &[0.0; 3], far), NoSimulation::Overflow { horizon: 1e12 });
        let impossible = Symmetric::from_lower(2, |row, column| if row == column { 1.0 } else { 2.0 });
        let refused = all(&[1.0, 1.0], &[0.0; 2], &impossible, PLAIN);
        assert!(matches!(refused, Err(NoSimulation::Covariance(_))));
        assert!(simulated_tail_risk(&[1.0; 3], &[0.0; 3], &market(), 1.0, PLAIN).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn neither_order_nor_further_paths_change_a_block(seed: u64, paths in 0_usize..3_000) {
            let of = |paths| {
                let simulation = Simulation { paths, seed, ..PLAIN };
                MonteCarlo::of(&[0.5, 0.3, 0.2], &[0.0; 3], &market(), simulation).unwrap()
            };
            let long = of(3_000).outcomes().unwrap();
            let short = of(paths);
            prop_assert_eq!(&short.outcomes().unwrap(), &long[..paths]);
            let mut backwards: Vec<Vec<f64>> = (0..short.blocks()).rev().map(|block| short.block(block).unwrap()).collect();
            backwards.reverse();
            prop_assert_eq!(&backwards.concat(), &long[..paths]);
            prop_assert_eq!(short.block(usize::MAX), Ok(Vec::new()));
            prop_assert_ne!(&long[..512], &long[512..1024]);
        }
    }
}
