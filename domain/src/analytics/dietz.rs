//! Returns from the values at the ends of a period alone, with what was paid in between.

use super::PeriodReturn;

/// (V₁ − V₀ − ΣF) / (V₀ + Σ wᵢFᵢ) (Dietz 1968): `flows` are amounts, above zero inwards, with the share of the period that each was at
/// work, 0 to 1. At the end of a day w = (D − d)/D, at its start (D − d + 1)/D, for day d of D; with ½ for all it is the simple form.
///
/// `None` where the capital is zero or below, and where a number is not finite.
pub fn modified_dietz(opening: f64, closing: f64, flows: &[(f64, f64)]) -> Option<PeriodReturn> {
    let paid: f64 = flows.iter().map(|(amount, _)| amount).sum();
    let capital: f64 = opening + flows.iter().map(|(amount, weight)| amount * weight).sum::<f64>();
    let earned = (closing - opening - paid) / capital;
    (capital > 0.0 && earned.is_finite()).then_some(PeriodReturn(earned))
}

/// Σ CFᵢ / (1 + r)^tᵢ of `(years, amount)`: what flows are worth together at year zero. `None` for a rate of −1 or below, and where the
/// sum is not finite.
pub fn present_value(rate: f64, flows: &[(f64, f64)]) -> Option<f64> {
    let sum: f64 = flows.iter().map(|(years, amount)| amount * (-years * rate.ln_1p()).exp()).sum();
    (rate > -1.0 && sum.is_finite()).then_some(sum)
}

/// (FV of inflows at the reinvestment rate / −PV of outflows at the finance rate)^(1/n) − 1 of flows one period apart, as
/// spreadsheets' MIRR. `None` unless there are flows of both signs.
pub fn modified_irr(flows: &[f64], finance_rate: f64, reinvestment_rate: f64) -> Option<PeriodReturn> {
    let periods = flows.len().checked_sub(1).filter(|periods| *periods > 0)? as f64;
    let placed = |sign: f64| flows.iter().enumerate().filter(move |(_, amount)| **amount * sign > 0.0);
    let inflows: Vec<(f64, f64)> = placed(1.0).map(|(at, amount)| (at as f64 - periods, *amount)).collect();
    let outflows: Vec<(f64, f64)> = placed(-1.0).map(|(at, amount)| (at as f64, -amount)).collect();
    if inflows.is_empty() || outflows.is_empty() {
        return None;
    }
    let growth = present_value(reinvestment_rate, &inflows)? / present_value(finance_rate, &outflows)?;
    let earned = growth.powf(1.0 / periods) - 1.0;
    earned.is_finite().then_some(PeriodReturn(earned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_in_the_middle_counts_half() {
        // 100 became 130 with 20 more for half the time: 10 / 110.
        let earned = modified_dietz(100.0, 130.0, &[(20.0, 0.5)]).unwrap();
        assert!((earned.0 - 10.0 / 110.0).abs() < 1e-12);
        assert_eq!(modified_dietz(-50.0, 50.0, &[(100.0, 0.5)]), None);
        assert_eq!(modified_dietz(0.0, 0.0, &[]), None);
    }

    #[test]
    fn present_values_are_those_of_a_table() {
        // 110 in a year at 10 % is 100 now.
        assert!((present_value(0.1, &[(1.0, 110.0)]).unwrap() - 100.0).abs() < 1e-9);
        assert_eq!(present_value(-1.0, &[(1.0, 110.0)]), None);
        // 100 out, 121 back after two years, whatever the rates: 10 % a period.
        assert!((modified_irr(&[-100.0, 0.0, 121.0], 0.3, 0.2).unwrap().0 - 0.1).abs() < 1e-12);
        assert_eq!(modified_irr(&[100.0, 50.0], 0.1, 0.1), None);
    }
}
