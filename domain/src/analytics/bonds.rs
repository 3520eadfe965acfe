//! Bonds of regular coupons: accrued interest, prices, yield, duration and convexity. Prices and accrued interest are per 100 of face;
//! a clean price is quoted, a dirty one is paid. Periods before a short or long first coupon, and ex-coupon days, are not modelled.

use chrono::{Datelike, Months, NaiveDate};

use super::roots::Discounted;

/// How a part of a coupon is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accrual {
    /// Days over those of the coupon's own period (ICMA rule 251).
    ActActIcma,
    /// Months of 30 days, the 31st being the 30th at the end only where the start is one too (ISDA 2006, 4.16 f); of a bond that pays at
    /// the ends of months, the end of February is the 30th too: US bonds.
    Thirty360,
    /// Months of 30 days, the 31st being the 30th (ISDA 2006, 4.16 g): Eurobonds.
    ThirtyE360,
    /// Days over 360; a coupon is as large as its period is long (ISDA 2006, 4.16 e).
    Act360,
}

/// How the last coupon's period is discounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastPeriod {
    /// As all others.
    Compound,
    /// With simple interest, as US markets and spreadsheets do.
    Simple,
}

/// A bond of regular coupons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bond {
    /// The day the face is paid back.
    pub maturity: NaiveDate,
    /// The coupon a year as a fraction of face; zero where there is none.
    pub coupon: f64,
    /// Coupons a year, and how often the yield compounds: 1, 2, 3, 4, 6 or 12.
    pub frequency: u32,
    /// How a part of a coupon is counted.
    pub accrual: Accrual,
    /// Whether coupons fall on the last day of a month where the maturity does.
    pub is_end_of_month: bool,
    /// How the last period is discounted.
    pub last_period: LastPeriod,
}

/// Why there is no figure of a bond.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoBondFigure {
    /// Coupons do not divide the year into whole months.
    #[error("{frequency} coupons a year: 1, 2, 3, 4, 6 or 12 are expected")]
    Frequency {
        /// How many.
        frequency: u32,
    },
    /// Nothing is paid after the settlement.
    #[error("settled on {settlement}, the bond has matured on {maturity}")]
    Matured {
        /// The day of settlement.
        settlement: NaiveDate,
        /// The day of maturity.
        maturity: NaiveDate,
    },
    /// More coupons than the calendar or patience has.
    #[error("more than {limit} coupons are left")]
    TooLong {
        /// How many may be left.
        limit: u32,
    },
    /// A coupon below zero or not finite.
    #[error("a coupon of {coupon} a year: zero or more is expected")]
    Coupon {
        /// The coupon.
        coupon: f64,
    },
    /// A yield that discounts by nothing or less.
    #[error("a yield of {rate} a year cannot discount")]
    Yield {
        /// The yield.
        rate: f64,
    },
    /// By months of 30 days no time is left: up to three days before a maturity on the 31st.
    #[error("from {settlement} to the maturity no time is left that a yield could be earned in")]
    NoTime {
        /// The day of settlement.
        settlement: NaiveDate,
    },
    /// A price, with its accrued interest, that is not above zero, or that no yield explains.
    #[error("no yield explains a dirty price of {dirty} for 100 of face")]
    Price {
        /// The dirty price.
        dirty: f64,
    },
}

/// A bond's figures at a yield.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BondFigures {
    /// What is paid, per 100 of face.
    pub dirty: f64,
    /// What is quoted, per 100 of face.
    pub clean: f64,
    /// The part of the running coupon that the seller earned, per 100 of face.
    pub accrued: f64,
    /// The yield a year, compounded as often as coupons are paid.
    pub rate: f64,
    /// The mean time to payment in years, weighed by present value (Macaulay 1938).
    pub macaulay_duration: f64,
    /// −dP/dy / P in years, with the dirty price.
    pub modified_duration: f64,
    /// d²P/dy² / P in years squared, with the dirty price.
    pub convexity: f64,
}

/// How many coupons may be left: a hundred years of months.
const LONGEST: u32 = 1_200;

/// What is left of a bond: flows per 100 of face at times in coupon periods.
struct Remaining {
    flows: Vec<(f64, f64)>,
    accrued: f64,
}

impl Bond {
    /// Accrued interest per 100 of face for a settlement: zero on a coupon's day.
    ///
    /// # Errors
    /// [`NoBondFigure`].
    pub fn accrued(&self, settlement: NaiveDate) -> Result<f64, NoBondFigure> {
        self.remaining(settlement).map(|remaining| remaining.accrued)
    }

    /// All figures at a yield a year.
    ///
    /// # Errors
    /// [`NoBondFigure`].
    pub fn at_yield(&self, settlement: NaiveDate, rate: f64) -> Result<BondFigures, NoBondFigure> {
        self.figures(&self.remaining(settlement)?, rate)
    }

    /// All figures at a clean price per 100 of face, its yield among them.
    ///
    /// # Errors
    /// [`NoBondFigure`].
    pub fn at_clean_price(&self, settlement: NaiveDate, clean: f64) -> Result<BondFigures, NoBondFigure> {
        let remaining = self.remaining(settlement)?;
        let dirty = clean + remaining.accrued;
        let unexplained = NoBondFigure::Price { dirty };
        if !(dirty > 0.0 && dirty.is_finite()) {
            return Err(unexplained);
        }
        if remaining.flows.last().is_none_or(|(time, _)| *time <= 0.0) {
            return Err(NoBondFigure::NoTime { settlement });
        }
        let per_period = match (self.last_period, remaining.flows.as_slice()) {
            (LastPeriod::Simple, [(time, amount)]) => (amount / dirty - 1.0) / time,
            (_, flows) => {
                let all = std::iter::once((0.0, -dirty)).chain(flows.iter().copied()).collect();
                let discounted = Discounted::new(all);
                let root = discounted.newton(0.0).or_else(|| discounted.expanding());
                root.ok_or(unexplained)?.exp_m1()
            }
        };
        self.figures(&remaining, per_period * f64::from(self.frequency)).map_err(|_| unexplained)
    }

    fn figures(&self, remaining: &Remaining, rate: f64) -> Result<BondFigures, NoBondFigure> {
        let frequency = f64::from(self.frequency);
        let per_period = rate / frequency;
        let growth = 1.0 + per_period;
        if !(growth > 0.0 && growth.is_finite()) {
            return Err(NoBondFigure::Yield { rate });
        }
        // Value, and its first and second derivative by the yield of a period.
        let (value, slope, curve, timed) = match (self.last_period, remaining.flows.as_slice()) {
            (LastPeriod::Simple, [(time, amount)]) => {
                let growth = 1.0 + time * per_period;
                if growth <= 0.0 {
                    return Err(NoBondFigure::Yield { rate });
                }
                let value = amount / growth;
                (value, -value * time / growth, 2.0 * value * time * time / (growth * growth), value * time)
            }
            (_, flows) => flows.iter().fold((0.0, 0.0, 0.0, 0.0), |(value, slope, curve, timed), (time, amount)| {
                let present = amount * (-time * growth.ln()).exp();
                let first = present * time / growth;
                (value + present, slope - first, curve + first * (time + 1.0) / growth, timed + present * time)
            }),
        };
        let figures = BondFigures {
            dirty: value,
            clean: value - remaining.accrued,
            accrued: remaining.accrued,
            rate,
            macaulay_duration: timed / value / frequency,
            modified_duration: -slope / value / frequency,
            convexity: curve / value / (frequency * frequency),
        };
        let is_known = value > 0.0 && value.is_finite() && figures.convexity.is_finite();
        if is_known { Ok(figures) } else { Err(NoBondFigure::Yield { rate }) }
    }

    fn remaining(&self, settlement: NaiveDate) -> Result<Remaining, NoBondFigure> {
        if ![1, 2, 3, 4, 6, 12].contains(&self.frequency) {
            return Err(NoBondFigure::Frequency { frequency: self.frequency });
        }
        if !(self.coupon >= 0.0 && self.coupon.is_finite()) {
            return Err(NoBondFigure::Coupon { coupon: self.coupon });
        }
        if settlement >= self.maturity {
            return Err(NoBondFigure::Matured { settlement, maturity: self.maturity });
        }
        // From the maturity backwards to the coupon on or before the settlement.
        let mut dates = vec![self.maturity];
        let too_long = NoBondFigure::TooLong { limit: LONGEST };
        for back in 1..=LONGEST {
            let date = self.coupon_day(back).ok_or(too_long)?;
            dates.push(date);
            if date <= settlement {
                break;
            }
        }
        dates.reverse();
        let (Some(&last), Some(&next)) = (dates.first(), dates.get(1)) else { return Err(too_long) };
        if last > settlement {
            return Err(too_long);
        }
        let elapsed = self.elapsed(settlement, last, next);
        let amount = |from: NaiveDate, to: NaiveDate| 100.0 * self.coupon * self.part_of_year(from, to);
        let flow = |(at, period): (usize, &[NaiveDate])| {
            let redemption = if period[1] == self.maturity { 100.0 } else { 0.0 };
            (at as f64 + 1.0 - elapsed, amount(period[0], period[1]) + redemption)
        };
        Ok(Remaining { flows: dates.windows(2).enumerate().map(flow).collect(), accrued: elapsed * amount(last, next) })
    }

    /// The coupon so many periods before the last.
    fn coupon_day(&self, back: u32) -> Option<NaiveDate> {
        let day = self.maturity.checked_sub_months(Months::new(back * (12 / self.frequency)))?;
        if self.is_end_of_month && is_month_end(self.maturity) {
            return month_end(day);
        }
        Some(day)
    }

    /// The share of a year's coupon that a whole period pays.
    fn part_of_year(&self, from: NaiveDate, to: NaiveDate) -> f64 {
        match self.accrual {
            Accrual::Act360 => (to - from).num_days() as f64 / 360.0,
            Accrual::ActActIcma | Accrual::Thirty360 | Accrual::ThirtyE360 => f64::from(self.frequency).recip(),
        }
    }

    /// The share of a period's coupon that is earned on a day: none to the whole, which months of 30 days can go beyond.
    fn elapsed(&self, day: NaiveDate, from: NaiveDate, to: NaiveDate) -> f64 {
        let thirties = |days: f64| (days / 360.0 * f64::from(self.frequency)).clamp(0.0, 1.0);
        match self.accrual {
            Accrual::ActActIcma | Accrual::Act360 => (day - from).num_days() as f64 / (to - from).num_days() as f64,
            Accrual::Thirty360 => {
                let is_end = from.day() >= 30 || self.is_end_of_month && is_month_end(from);
                let start = if is_end { 30 } else { from.day() };
                thirties(days_of_thirty(from, start, day, if is_end { day.day().min(30) } else { day.day() }))
            }
            Accrual::ThirtyE360 => thirties(days_of_thirty(from, from.day().min(30), day, day.day().min(30))),
        }
    }
}

/// Days between two months of 30 days, each with a day of the month of its own.
fn days_of_thirty(from: NaiveDate, start: u32, to: NaiveDate, end: u32) -> f64 {
    let months = (to.year() - from.year()) * 12 + to.month() as i32 - from.month() as i32;
    f64::from(months) * 30.0 + f64::from(end) - f64::from(start)
}

fn is_month_end(day: NaiveDate) -> bool {
    month_end(day) == Some(day)
}

fn month_end(day: NaiveDate) -> Option<NaiveDate> {
    day.with_day(1)?.checked_add_months(Months::new(1))?.pred_opt()
}

#[cfg(test)]
mod tests;
