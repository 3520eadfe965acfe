//! Dispersion of returns, and return per unit of it. Inputs are returns of equal periods; a rate that they are compared with is a
//! rate a period: [`per_period`] makes one of a rate a year.

use super::moments::{mean, sum};
use super::{AnnualReturn, AnnualVolatility, DatedReturn, Drawdown, SharpeRatio, Spread};

/// (1 + r)^(1/A) − 1: what a rate a year comes to in one of A periods.
pub fn per_period(rate: AnnualReturn, periods_per_year: f64) -> f64 {
    (rate.0.ln_1p() / periods_per_year).exp_m1()
}

/// sd(r, ddof = 1) × √A for `periods_per_year` A; `None` below two returns.
pub fn volatility(returns: &[f64], periods_per_year: f64) -> Option<AnnualVolatility> {
    let deviation = Spread::of(returns)?.deviation(1)?;
    Some(AnnualVolatility(deviation * periods_per_year.sqrt()))
}

/// mean(r − rf_p) / sd(r, ddof = 1) × √A with rf_p = (1 + rf)^(1/A) − 1 (Sharpe 1994).
///
/// `None` below two returns, and where the returns do not vary.
pub fn sharpe(returns: &[f64], risk_free: AnnualReturn, periods_per_year: f64) -> Option<SharpeRatio> {
    let spread = Spread::of(returns)?;
    let deviation = spread.deviation(1).filter(|_| spread.varies())?;
    let ratio = (spread.mean() - per_period(risk_free, periods_per_year)) / deviation * periods_per_year.sqrt();
    ratio.is_finite().then_some(SharpeRatio(ratio))
}

/// √(Σ min(r − t, 0)² / n) over all n returns (Bacon 2008); `None` without returns.
pub fn downside_deviation(returns: &[f64], target: f64) -> Option<f64> {
    lower_partial(returns, target, 2).map(f64::sqrt)
}

/// Σ max(t − r, 0)ᵏ / n over all n returns: the lower partial moment of an order; `None` without returns.
pub fn lower_partial(returns: &[f64], target: f64, order: i32) -> Option<f64> {
    partial(returns, |value| (target - value).max(0.0), order)
}

/// Σ max(r − t, 0)ᵏ / n over all n returns; `None` without returns.
pub fn upper_partial(returns: &[f64], target: f64, order: i32) -> Option<f64> {
    partial(returns, |value| (value - target).max(0.0), order)
}

fn partial(returns: &[f64], beyond: impl Fn(f64) -> f64, order: i32) -> Option<f64> {
    // The usual orders are multiplications, the others calls.
    let sum = match order {
        1 => sum(returns, &beyond),
        2 => sum(returns, |value| beyond(value) * beyond(value)),
        _ => sum(returns, |value| beyond(value).powi(order)),
    };
    (!returns.is_empty()).then(|| sum / returns.len() as f64)
}

/// mean(r − t) / downside deviation about t × √A (Sortino and van der Meer 1991); `None` without returns, and where none is below t.
pub fn sortino(returns: &[f64], target: f64, periods_per_year: f64) -> Option<f64> {
    let downside = downside_deviation(returns, target).filter(|downside| *downside > 0.0)?;
    let ratio = (mean(returns)? - target) / downside * periods_per_year.sqrt();
    ratio.is_finite().then_some(ratio)
}

/// Σ max(r − t, 0) / Σ max(t − r, 0) (Keating and Shadwick 2002); `None` without returns, and where none is below t.
pub fn omega(returns: &[f64], target: f64) -> Option<f64> {
    let losses = lower_partial(returns, target, 1).filter(|losses| *losses > 0.0)?;
    Some(upper_partial(returns, target, 1)? / losses)
}

/// Factors that are multiplied before their logarithm is taken.
const FACTORS: usize = 64;

/// ∏(1 + r)^(A/n) − 1, the compound return a year, from n returns; `None` without returns, and where everything was lost.
pub fn compound_annual(returns: &[f64], periods_per_year: f64) -> Option<AnnualReturn> {
    let growth = returns.chunks(FACTORS).try_fold(0.0, |sum, factors| {
        if !factors.iter().all(|value| *value > -1.0) {
            return None;
        }
        let product: f64 = factors.iter().map(|value| 1.0 + value).product();
        // What is lost or gained beyond all numbers is summed one by one.
        let logarithm =
            if product.is_normal() { product.ln() } else { factors.iter().map(|value| value.ln_1p()).sum() };
        Some(sum + logarithm)
    })?;
    let rate = (growth * periods_per_year / returns.len() as f64).exp_m1();
    (!returns.is_empty() && rate.is_finite()).then_some(AnnualReturn(rate))
}

/// The compound return a year over the depth of the deepest fall (Young 1991); `None` where nothing fell.
pub fn calmar(annual: AnnualReturn, deepest: &Drawdown) -> Option<f64> {
    (deepest.depth < 0.0).then(|| annual.0 / -deepest.depth)
}

/// √(mean d²) of how far below its peak wealth stands after each return, the peak being the start at least (Martin 1989); `None`
/// without returns.
pub fn ulcer_index(returns: &[DatedReturn]) -> Option<f64> {
    ulcer(returns.iter().map(|step| step.value))
}

pub(super) fn ulcer(returns: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = returns.len();
    let (mut wealth, mut peak, mut squares) = (1.0_f64, 1.0_f64, 0.0);
    for value in returns {
        wealth *= 1.0 + value;
        peak = peak.max(wealth);
        squares += (wealth / peak - 1.0).powi(2);
    }
    (count > 0).then(|| (squares / count as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::day;

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

    #[test]
    fn the_downside_counts_every_return_and_only_what_is_below() {
        // One of four is below 0, by 0.01: √(0.0001 / 4) = 0.005; mean 0.01 / 0.005 × √4 = 4; gains 0.05 over losses 0.01.
        assert!((downside_deviation(&RETURNS, 0.0).unwrap() - 0.005).abs() < 1e-15);
        assert!((sortino(&RETURNS, 0.0, 4.0).unwrap() - 4.0).abs() < 1e-12);
        assert!((omega(&RETURNS, 0.0).unwrap() - 5.0).abs() < 1e-12);
        assert_eq!((sortino(&[0.01, 0.02], 0.0, 252.0), omega(&[0.01], 0.0), omega(&[], 0.0)), (None, None, None));
    }

    #[test]
    fn the_ulcer_index_is_the_root_of_the_mean_square_fall() {
        let dated = |from: &str, to: &str, value| DatedReturn { from: day(from), date: day(to), value };
        // Falls of 0, 10 % and 0: √(0.01 / 3).
        let steps = [
            dated("2024-01-01", "2024-01-02", 0.1),
            dated("2024-01-02", "2024-01-03", -0.1),
            dated("2024-01-03", "2024-01-04", 0.2),
        ];
        assert!((ulcer_index(&steps).unwrap() - (0.01_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(ulcer_index(&[]), None);
        assert_eq!(compound_annual(&[-1.0], 252.0), None);
        // (10⁻¹⁵)¹⁰⁰ is below all numbers; a period of them it is not.
        let nearly_all = compound_annual(&[1e-15 - 1.0; 100], 1.0).unwrap();
        assert!((nearly_all.0 - (1e-15 - 1.0)).abs() < 1e-12, "{nearly_all:?}");
    }
}
