//! Returns against those of a benchmark in the same periods. The two columns stand beside each other: who aligns them decides what an
//! observation is.

use super::moments::products;
use super::{AnnualReturn, Spread};

/// The least-squares line of excess returns over a benchmark's, and how well it fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regression {
    /// Cov(r, b) / Var(b): how much the returns move with a move of the benchmark.
    pub beta: f64,
    /// mean(r) − β · mean(b): what is earned a period beside that (Jensen 1968).
    pub alpha: f64,
    /// Pearson's correlation; `None` where the returns do not vary.
    pub correlation: Option<f64>,
}

impl Regression {
    /// The share of the variance that the benchmark explains: the square of the correlation.
    pub fn r_squared(&self) -> Option<f64> {
        self.correlation.map(|correlation| correlation * correlation)
    }
}

/// Fits returns in excess of `risk_free`, a rate a period, over the benchmark's; `None` for columns of different length, below two
/// periods, and where the benchmark does not vary.
pub fn regression(returns: &[f64], benchmark: &[f64], risk_free: f64) -> Option<Regression> {
    if returns.len() != benchmark.len() || returns.len() < 2 {
        return None;
    }
    let (own, other) = (Spread::of(returns)?, Spread::of(benchmark)?);
    if !other.varies() {
        return None;
    }
    let products = products(returns, benchmark, [own.mean(), other.mean()]);
    let (squares, own_squares) = (other.squares(), own.squares());
    let beta = products / squares;
    let alpha = (own.mean() - risk_free) - beta * (other.mean() - risk_free);
    let correlation = own.varies().then(|| (products / (squares * own_squares).sqrt()).clamp(-1.0, 1.0));
    Some(Regression { beta, alpha, correlation })
}

/// sd(r − b, ddof = 1) × √A; `None` for columns of different length and below two periods.
pub fn tracking_error(returns: &[f64], benchmark: &[f64], periods_per_year: f64) -> Option<f64> {
    Some(active(returns, benchmark)?.deviation(1)? * periods_per_year.sqrt())
}

/// mean(r − b) / sd(r − b, ddof = 1) × √A (Goodwin 1998), A = 1 for the ratio a period; `None` where the two differ always by the same.
pub fn information_ratio(returns: &[f64], benchmark: &[f64], periods_per_year: f64) -> Option<f64> {
    let active = active(returns, benchmark)?;
    let deviation = active.deviation(1).filter(|_| active.varies())?;
    Some(active.mean() / deviation * periods_per_year.sqrt())
}

fn active(returns: &[f64], benchmark: &[f64]) -> Option<Spread> {
    if returns.len() != benchmark.len() {
        return None;
    }
    let differences: Vec<f64> = returns.iter().zip(benchmark).map(|(r, b)| r - b).collect();
    Spread::of(&differences)
}

/// The excess return a year over beta (Treynor 1965); `None` for a beta of zero.
pub fn treynor(annual: AnnualReturn, risk_free: AnnualReturn, beta: f64) -> Option<f64> {
    let ratio = (annual.0 - risk_free.0) / beta;
    ratio.is_finite().then_some(ratio)
}

/// Which periods of the benchmark count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Those in which it rose.
    Up,
    /// Those in which it fell.
    Down,
}

/// The compound return a year over that of the benchmark, both over the periods of one side; `None` where there is none, and where the
/// benchmark's comes to zero.
pub fn capture(returns: &[f64], benchmark: &[f64], side: Side, periods_per_year: f64) -> Option<f64> {
    if returns.len() != benchmark.len() {
        return None;
    }
    let counts = |b: f64| if side == Side::Up { b > 0.0 } else { b < 0.0 };
    let pairs = returns.iter().zip(benchmark).filter(|(_, b)| counts(**b));
    let (own, other): (Vec<f64>, Vec<f64>) = pairs.map(|(r, b)| (*r, *b)).unzip();
    let rate = |column: &[f64]| super::compound_annual(column, periods_per_year);
    let ratio = rate(&own)?.0 / rate(&other)?.0;
    ratio.is_finite().then_some(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [f64; 4] = [0.02, -0.01, 0.03, 0.00];
    const OTHER: [f64; 4] = [0.01, -0.02, 0.02, -0.01];

    #[test]
    fn a_line_through_four_points() {
        // Means 0.01 and 0; Σrb = 2e-4 + 4e-4·… worked out: deviations 0.01,-0.02,0.02,-0.01 and 0.01,-0.02,0.02,-0.01.
        let line = regression(&OWN, &OTHER, 0.0).unwrap();
        assert!((line.beta - 1.0).abs() < 1e-12 && (line.alpha - 0.01).abs() < 1e-12, "{line:?}");
        assert!((line.correlation.unwrap() - 1.0).abs() < 1e-12 && (line.r_squared().unwrap() - 1.0).abs() < 1e-12);
        // It is always one hundredth ahead: nothing varies.
        assert!(tracking_error(&OWN, &OTHER, 252.0).unwrap() < 1e-12);
        assert_eq!(information_ratio(&OWN, &OTHER, 252.0), None);
    }

    #[test]
    fn a_benchmark_that_stands_still_has_no_line() {
        assert_eq!(regression(&OWN, &[0.01; 4], 0.0), None);
        assert_eq!(regression(&OWN, &OTHER[..3], 0.0), None);
        assert_eq!(regression(&OWN[..1], &OTHER[..1], 0.0), None);
        assert_eq!(treynor(AnnualReturn(0.1), AnnualReturn(0.0), 0.0), None);
    }

    #[test]
    fn capture_looks_at_one_side_alone() {
        // Up: 1.02 × 1.03 over two of two periods against 1.01 × 1.02, with two periods a year.
        let up = capture(&OWN, &OTHER, Side::Up, 2.0).unwrap();
        assert!((up - (1.02 * 1.03 - 1.0) / (1.01 * 1.02 - 1.0)).abs() < 1e-12);
        let down = capture(&OWN, &OTHER, Side::Down, 2.0).unwrap();
        assert!((down - (0.99 - 1.0) / (0.98 * 0.99 - 1.0)).abs() < 1e-12);
        assert_eq!(capture(&OWN, &[0.01; 4], Side::Down, 2.0), None);
    }
}
