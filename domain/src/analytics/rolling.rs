//! Figures over a window that moves along a column of returns, as columns of the same length. A figure stands beside the last return of
//! its window; where the window is not full yet, or the figure does not exist, there is none.
//!
//! Those that join are of a column that is cut into blocks as long as the window, so that every window is the end of one and the start of the next; both are summed
//! once and joined. So each costs the same whatever its length, and nothing is ever taken off a sum, which would let rounding pile up.

use super::{AnnualReturn, Moments, compound_annual, downside_deviation, omega, per_period, risk::ulcer};

/// Why there are no windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWindow {
    /// A window too short for the figure.
    #[error("a window of {window} returns: at least {needed} are needed")]
    TooShort {
        /// How long it is.
        window: usize,
        /// How long it has to be.
        needed: usize,
    },
    /// Columns of different length.
    #[error("{returns} returns stand beside {others} of the benchmark")]
    Mismatch {
        /// How many returns there are.
        returns: usize,
        /// How many of the benchmark.
        others: usize,
    },
}

/// Figures of windows.
pub type Rolling = Result<Vec<Option<f64>>, NoWindow>;

/// sd(r, ddof = 1) × √A of each window.
///
/// # Errors
/// [`NoWindow`] below two returns.
pub fn rolling_volatility(returns: &[f64], window: usize, periods_per_year: f64) -> Rolling {
    let annual = periods_per_year.sqrt();
    over(returns, window, 2, Joint::alone, Joint::with, |joint| joint.deviation() * annual)
}

/// mean(r − rf_p) / sd(r, ddof = 1) × √A of each window, with rf_p = (1 + rf)^(1/A) − 1.
///
/// # Errors
/// [`NoWindow`] below two returns.
pub fn rolling_sharpe(returns: &[f64], risk_free: AnnualReturn, window: usize, periods_per_year: f64) -> Rolling {
    let (rate, annual) = (per_period(risk_free, periods_per_year), periods_per_year.sqrt());
    let ratio = |joint: Joint| if joint.varies() { (joint.mean - rate) / joint.deviation() * annual } else { f64::NAN };
    over(returns, window, 2, Joint::alone, Joint::with, ratio)
}

/// mean(r − t) / √(Σ min(r − t, 0)² / n) × √A of each window; none where no return is below t.
///
/// # Errors
/// [`NoWindow`] without returns.
pub fn rolling_sortino(returns: &[f64], target: f64, window: usize, periods_per_year: f64) -> Rolling {
    let count = window as f64;
    let start = |value: f64| (value - target, (value - target).min(0.0).powi(2));
    let join = |left: (f64, f64), right: (f64, f64)| (left.0 + right.0, left.1 + right.1);
    let ratio = |(sum, squares): (f64, f64)| sum / count / (squares / count).sqrt() * periods_per_year.sqrt();
    over(returns, window, 1, start, join, ratio)
}

/// ∏(1 + r) − 1 of each window.
///
/// # Errors
/// [`NoWindow`] without returns.
pub fn rolling_return(returns: &[f64], window: usize) -> Rolling {
    over(returns, window, 1, |value| 1.0 + value, |left, right| left * right, |growth| growth - 1.0)
}

/// min(W/peak − 1) of each window, zero or less, its start being a peak too.
///
/// # Errors
/// [`NoWindow`] without returns.
pub fn rolling_max_drawdown(returns: &[f64], window: usize) -> Rolling {
    let depth = |fall: Fall| if fall.growth.is_finite() { fall.depth } else { f64::NAN };
    over(returns, window, 1, Fall::alone, Fall::with, depth)
}

/// √(Σ min(r − t, 0)² / n) × √A of each window.
///
/// # Errors
/// [`NoWindow`] without returns.
pub fn rolling_downside_deviation(returns: &[f64], target: f64, window: usize, periods_per_year: f64) -> Rolling {
    let annual = periods_per_year.sqrt();
    each(returns, window, 1, |window| downside_deviation(window, target).map(|figure| figure * annual))
}

/// Σ max(r − t, 0) / Σ max(t − r, 0) of each window; none where no return is below t.
///
/// # Errors
/// [`NoWindow`] without returns.
pub fn rolling_omega(returns: &[f64], target: f64, window: usize) -> Rolling {
    each(returns, window, 1, |window| omega(window, target))
}

/// The compound return a year over the depth of the deepest fall of each window; none where nothing fell.
///
/// # Errors
/// [`NoWindow`] without returns.
pub fn rolling_calmar(returns: &[f64], window: usize, periods_per_year: f64) -> Rolling {
    let compound = each(returns, window, 1, |window| compound_annual(window, periods_per_year).map(|rate| rate.0))?;
    let depths = rolling_max_drawdown(returns, window)?;
    let ratio = |(rate, depth): (Option<f64>, Option<f64>)| Some(rate? / -depth.filter(|depth| *depth < 0.0)?);
    Ok(compound.into_iter().zip(depths).map(ratio).collect())
}

/// √(mean d²) of how far below its peak wealth stands in each window, whose start is a peak too.
///
/// # Errors
/// [`NoWindow`] without returns.
pub fn rolling_ulcer_index(returns: &[f64], window: usize) -> Rolling {
    each(returns, window, 1, |window| ulcer(window.iter().copied()))
}

/// The sample skewness G₁ of each window; none where the returns do not vary.
///
/// # Errors
/// [`NoWindow`] below three returns.
pub fn rolling_skewness(returns: &[f64], window: usize) -> Rolling {
    each(returns, window, 3, |window| Moments::of(window)?.skewness())
}

/// The sample excess kurtosis G₂ of each window; none where the returns do not vary.
///
/// # Errors
/// [`NoWindow`] below four returns.
pub fn rolling_excess_kurtosis(returns: &[f64], window: usize) -> Rolling {
    each(returns, window, 4, |window| Moments::of(window)?.excess_kurtosis())
}

/// Cov(r, b) / Var(b) of each window.
///
/// # Errors
/// [`NoWindow`] below two returns, and for columns of different length.
pub fn rolling_beta(returns: &[f64], benchmark: &[f64], window: usize) -> Rolling {
    let beta = |joint: Joint| if joint.other().varies() { joint.products / joint.other_squares } else { f64::NAN };
    pairs(returns, benchmark, window, beta)
}

/// Pearson's correlation of each window.
///
/// # Errors
/// [`NoWindow`] below two returns, and for columns of different length.
pub fn rolling_correlation(returns: &[f64], benchmark: &[f64], window: usize) -> Rolling {
    let correlation = |joint: Joint| {
        let varies = joint.varies() && joint.other().varies();
        let value = joint.products / (joint.squares.sqrt() * joint.other_squares.sqrt());
        if varies { value.clamp(-1.0, 1.0) } else { f64::NAN }
    };
    pairs(returns, benchmark, window, correlation)
}

fn pairs(returns: &[f64], benchmark: &[f64], window: usize, figure: impl Fn(Joint) -> f64) -> Rolling {
    if returns.len() != benchmark.len() {
        return Err(NoWindow::Mismatch { returns: returns.len(), others: benchmark.len() });
    }
    let both: Vec<(f64, f64)> = returns.iter().copied().zip(benchmark.iter().copied()).collect();
    over(&both, window, 2, |(own, other)| Joint::of(own, other), Joint::with, figure)
}

/// The figure of every window, computed from all of it; none where it is not finite.
fn each(returns: &[f64], window: usize, needed: usize, figure: impl Fn(&[f64]) -> Option<f64>) -> Rolling {
    if window < needed {
        return Err(NoWindow::TooShort { window, needed });
    }
    let mut figures = vec![None; returns.len().min(window - 1)];
    // What is not a number is no loss and no gain to most of them: it has to be looked for.
    let known = |window: &[f64]| window.iter().all(|value| value.is_finite());
    let figure = |window: &[f64]| figure(window).filter(|value| value.is_finite() && known(window));
    figures.extend(returns.windows(window).map(figure));
    Ok(figures)
}

/// The figure of every window, from what one item starts and two neighbours join to; none where it is not finite.
fn over<Item: Copy, Sum: Copy>(
    items: &[Item],
    window: usize,
    needed: usize,
    start: impl Fn(Item) -> Sum,
    join: impl Fn(Sum, Sum) -> Sum,
    figure: impl Fn(Sum) -> f64,
) -> Rolling {
    if window < needed {
        return Err(NoWindow::TooShort { window, needed });
    }
    let mut figures = Vec::with_capacity(items.len());
    // From each item of the block before to its end.
    let mut ends: Vec<Sum> = Vec::new();
    for block in items.chunks(window) {
        let mut so_far: Option<Sum> = None;
        for (at, item) in block.iter().enumerate() {
            let own = start(*item);
            let sum = so_far.map_or(own, |before| join(before, own));
            so_far = Some(sum);
            let whole = if at + 1 == window { Some(sum) } else { ends.get(at + 1).map(|end| join(*end, sum)) };
            figures.push(whole.map(&figure).filter(|value| value.is_finite()));
        }
        ends.clear();
        for item in block.iter().rev() {
            let own = start(*item);
            ends.push(ends.last().map_or(own, |after| join(own, *after)));
        }
        ends.reverse();
    }
    Ok(figures)
}

/// Means and sums of squared distances from them, of one or two columns; joined as Chan, Golub and LeVeque (1983) do.
#[derive(Clone, Copy)]
struct Joint {
    count: f64,
    mean: f64,
    other_mean: f64,
    squares: f64,
    other_squares: f64,
    products: f64,
}

impl Joint {
    fn of(own: f64, other: f64) -> Self {
        Self { count: 1.0, mean: own, other_mean: other, squares: 0.0, other_squares: 0.0, products: 0.0 }
    }

    fn alone(own: f64) -> Self {
        Self::of(own, 0.0)
    }

    fn with(self, next: Self) -> Self {
        let count = self.count + next.count;
        let (own, other) = (next.mean - self.mean, next.other_mean - self.other_mean);
        let weight = self.count * next.count / count;
        Self {
            count,
            mean: self.mean + own * next.count / count,
            other_mean: self.other_mean + other * next.count / count,
            squares: self.squares + next.squares + own * own * weight,
            other_squares: self.other_squares + next.other_squares + other * other * weight,
            products: self.products + next.products + own * other * weight,
        }
    }

    /// The same with the second column as the first.
    fn other(self) -> Self {
        Self { mean: self.other_mean, squares: self.other_squares, ..self }
    }

    fn deviation(self) -> f64 {
        (self.squares / (self.count - 1.0)).sqrt()
    }

    /// Whether the values differ by more than rounding alone makes equal ones differ.
    fn varies(self) -> bool {
        let deviation = (self.squares / self.count).sqrt();
        deviation > f64::EPSILON * self.count * self.mean.abs() && deviation > 0.0
    }
}

/// A stretch of compounded wealth that starts at one.
#[derive(Clone, Copy)]
struct Fall {
    growth: f64,
    highest: f64,
    lowest: f64,
    depth: f64,
}

impl Fall {
    fn alone(value: f64) -> Self {
        let growth = 1.0 + value;
        Self { growth, highest: growth.max(1.0), lowest: growth, depth: value.min(0.0) }
    }

    fn with(self, next: Self) -> Self {
        let across = self.growth * next.lowest / self.highest - 1.0;
        Self {
            growth: self.growth * next.growth,
            highest: self.highest.max(self.growth * next.highest),
            lowest: self.lowest.min(self.growth * next.lowest),
            depth: self.depth.min(next.depth).min(across),
        }
    }
}

#[cfg(test)]
mod tests;
