//! Figures with their unit in the type, as fractions: 0.05 is 5 %.

use chrono::NaiveDate;

/// Days that a year has when a return is annualised.
const DAYS_PER_YEAR: f64 = 365.0;

/// A return over a period of any length.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct PeriodReturn(pub f64);

/// A return a year.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct AnnualReturn(pub f64);

/// A standard deviation of returns, scaled to a year.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct AnnualVolatility(pub f64);

/// Excess return per unit of volatility, both a year.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct SharpeRatio(pub f64);

/// The return of one step of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DatedReturn {
    /// The close that it starts from.
    pub from: NaiveDate,
    /// The close that it ends at.
    pub date: NaiveDate,
    /// The return between the two, not annualised.
    pub value: f64,
}

impl AnnualReturn {
    /// What a year's return comes to over `days`: (1 + r)^(days/365) − 1.
    pub fn over(self, days: i64) -> PeriodReturn {
        PeriodReturn((days as f64 / DAYS_PER_YEAR * self.0.ln_1p()).exp_m1())
    }
}

/// (1 + R)^(365/days) − 1; `None` for a period of no days, or a return below −1.
pub fn annualise(total: PeriodReturn, days: i64) -> Option<AnnualReturn> {
    if days <= 0 || total.0 < -1.0 {
        return None;
    }
    let rate = (DAYS_PER_YEAR / days as f64 * total.0.ln_1p()).exp_m1();
    rate.is_finite().then_some(AnnualReturn(rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_years_of_ten_percent_are_twenty_one() {
        // 1.1² = 1.21
        let annual = annualise(PeriodReturn(0.21), 730).unwrap();
        assert!((annual.0 - 0.1).abs() < 1e-12);
        assert!((annual.over(730).0 - 0.21).abs() < 1e-12);
    }

    #[test]
    fn a_total_loss_stays_one_and_no_days_are_no_rate() {
        assert_eq!(annualise(PeriodReturn(-1.0), 90), Some(AnnualReturn(-1.0)));
        assert_eq!(annualise(PeriodReturn(0.1), 0), None);
        assert_eq!(annualise(PeriodReturn(-1.1), 365), None);
    }
}
