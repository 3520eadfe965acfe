//! Dispersion of returns, and return per unit of it. Inputs are returns of equal periods.

use super::{AnnualReturn, AnnualVolatility, SharpeRatio};

/// sd(r, ddof = 1) × √A for `periods_per_year` A; `None` below two returns.
pub fn volatility(returns: &[f64], periods_per_year: f64) -> Option<AnnualVolatility> {
    let (_, deviation) = moments(returns)?;
    Some(AnnualVolatility(deviation * periods_per_year.sqrt()))
}

/// mean(r − rf_p) / sd(r, ddof = 1) × √A with rf_p = (1 + rf)^(1/A) − 1 (Sharpe 1994).
///
/// `None` below two returns, and where the returns do not vary.
pub fn sharpe(returns: &[f64], risk_free: AnnualReturn, periods_per_year: f64) -> Option<SharpeRatio> {
    let (mean, deviation) = moments(returns)?;
    let risk_free = (risk_free.0.ln_1p() / periods_per_year).exp_m1();
    let ratio = (mean - risk_free) / deviation * periods_per_year.sqrt();
    // Rounding alone gives equal returns a deviation of a few ulps of their mean; that is no variation.
    let varies = deviation > f64::EPSILON * returns.len() as f64 * mean.abs();
    (varies && ratio.is_finite()).then_some(SharpeRatio(ratio))
}

/// The mean, and the standard deviation with ddof = 1.
fn moments(returns: &[f64]) -> Option<(f64, f64)> {
    if returns.len() < 2 {
        return None;
    }
    let mean = returns.iter().sum::<f64>() / returns.len() as f64;
    let squares: f64 = returns.iter().map(|value| (value - mean).powi(2)).sum();
    Some((mean, (squares / (returns.len() - 1) as f64).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETURNS: [f64; 4] = [0.01, -0.01, 0.02, 0.02];

    #[test]
    fn volatility_divides_by_one_less_than_the_count() {
        // Mean 0.01; squares 0 + 0.0004 + 0.0001 + 0.0001 = 0.0006; /3 = 0.0002; √ = 0.0141421356; × √252 = 0.2244994432.
        let annual = volatility(&RETURNS, 252.0).unwrap();
        assert!((annual.0 - 0.224_499_443_2).abs() < 1e-10);
        assert_eq!(volatility(&[0.01], 252.0), None);
    }

    #[test]
    fn sharpe_takes_the_risk_free_rate_to_a_period() {
        // Without one: 0.01 / 0.0141421356 × √252 = 11.2249721603.
        let plain = sharpe(&RETURNS, AnnualReturn(0.0), 252.0).unwrap();
        assert!((plain.0 - 11.224_972_160_3).abs() < 1e-9);
        // 1.01²⁵² − 1 a year is exactly 1 % a period, the mean: nothing is left.
        let rate = AnnualReturn(1.01_f64.powi(252) - 1.0);
        assert!(sharpe(&RETURNS, rate, 252.0).unwrap().0.abs() < 1e-9);
        assert_eq!(sharpe(&[0.01; 30], AnnualReturn(0.0), 252.0), None);
    }
}
