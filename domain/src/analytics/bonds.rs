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

    /// The share of a period's coupon that is earned on a day: never more than the whole, which months of 30 days can come to.
    fn elapsed(&self, day: NaiveDate, from: NaiveDate, to: NaiveDate) -> f64 {
        let thirties = |days: f64| (days / 360.0 * f64::from(self.frequency)).min(1.0);
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::day;

    fn bond(maturity: &str, coupon: f64, accrual: Accrual) -> Bond {
        Bond {
            maturity: day(maturity),
            coupon,
            frequency: 2,
            accrual,
            is_end_of_month: true,
            last_period: LastPeriod::Simple,
        }
    }

    fn close(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() < tolerance, "{got} is not {expected}");
    }

    #[test]
    fn prices_and_yields_are_those_of_spreadsheets() {
        // PRICE(2008-02-15, 2017-11-15, 5.75 %, 6.5 %, 100, 2, 0) and YIELD(2008-02-15, 2016-11-15, 5.75 %, 95.04287, 100, 2, 0).
        let price = bond("2017-11-15", 0.0575, Accrual::Thirty360).at_yield(day("2008-02-15"), 0.065).unwrap();
        close(price.clean, 94.634_361_62, 1e-7);
        let rate = bond("2016-11-15", 0.0575, Accrual::Thirty360).at_clean_price(day("2008-02-15"), 95.04287).unwrap();
        close(rate.rate, 0.065, 1e-7);
        // DURATION(2018-07-01, 2048-01-01, 8 %, 9 %, 2, 1) and MDURATION(2008-01-01, 2016-01-01, 8 %, 9 %, 2, 1).
        let long = bond("2048-01-01", 0.08, Accrual::ActActIcma).at_yield(day("2018-07-01"), 0.09).unwrap();
        close(long.macaulay_duration, 10.919_145_3, 1e-6);
        let short = bond("2016-01-01", 0.08, Accrual::ActActIcma).at_yield(day("2008-01-01"), 0.09).unwrap();
        close(short.modified_duration, 5.735_67, 1e-5);
    }

    #[test]
    fn interest_accrues_by_each_convention() {
        // From 2024-05-15: 92 of 184 days; 90 of 180; 92 of 360.
        let at = |accrual| bond("2030-05-15", 0.06, accrual).accrued(day("2024-08-15")).unwrap();
        close(at(Accrual::ActActIcma), 1.5, 1e-12);
        close(at(Accrual::Thirty360), 1.5, 1e-12);
        close(at(Accrual::Act360), 6.0 * 92.0 / 360.0, 1e-12);
        // On the 31st after the 15th: 106 days in the US, 105 in Europe.
        let end = |accrual| bond("2030-05-15", 0.06, accrual).accrued(day("2024-08-31")).unwrap();
        close(end(Accrual::Thirty360), 6.0 * 106.0 / 360.0, 1e-12);
        close(end(Accrual::ThirtyE360), 6.0 * 105.0 / 360.0, 1e-12);
        assert_eq!(bond("2030-05-15", 0.06, Accrual::ActActIcma).accrued(day("2024-11-15")), Ok(0.0));
    }

    #[test]
    fn coupons_keep_to_the_ends_of_months() {
        // Maturity on 28 February: the coupon before is of 31 August, and 29 days of 181 have gone by on 29 September.
        let ends = bond("2027-02-28", 0.05, Accrual::ActActIcma);
        close(ends.accrued(day("2026-09-29")).unwrap(), 2.5 * 29.0 / 181.0, 1e-12);
        let days = Bond { is_end_of_month: false, ..ends };
        close(days.accrued(day("2026-09-29")).unwrap(), 2.5 * 32.0 / 184.0, 1e-12);
        // The last day of a half-year from 28 February cannot earn more than the half-year.
        let europe = bond("2027-08-31", 0.05, Accrual::ThirtyE360);
        assert_eq!(europe.accrued(day("2027-08-30")), Ok(2.5));
        let us = Bond { accrual: Accrual::Thirty360, ..europe };
        assert_eq!(us.accrued(day("2027-08-30")), Ok(2.5));
    }

    #[test]
    fn a_bond_without_coupons_has_one_flow() {
        let zero = bond("2034-01-01", 0.0, Accrual::ActActIcma).at_yield(day("2024-01-01"), 0.06).unwrap();
        close(zero.dirty, 100.0 / 1.03_f64.powi(20), 1e-10);
        close(zero.macaulay_duration, 10.0, 1e-12);
        // t(t + 1)/(1 + y/2)² of half-years: 20 · 21 / 4 / 1.0609.
        close(zero.convexity, 420.0 / 4.0 / 1.0609, 1e-10);
    }

    #[test]
    fn what_is_no_bond_says_why() {
        let plain = bond("2030-05-15", 0.06, Accrual::ActActIcma);
        let settlement = day("2024-08-15");
        assert_eq!(Bond { frequency: 5, ..plain }.accrued(settlement), Err(NoBondFigure::Frequency { frequency: 5 }));
        let matured = NoBondFigure::Matured { settlement: plain.maturity, maturity: plain.maturity };
        assert_eq!(plain.accrued(plain.maturity), Err(matured));
        assert_eq!(Bond { coupon: -0.01, ..plain }.accrued(settlement), Err(NoBondFigure::Coupon { coupon: -0.01 }));
        assert_eq!(plain.at_yield(settlement, -2.0), Err(NoBondFigure::Yield { rate: -2.0 }));
        assert!(matches!(plain.at_yield(settlement, f64::NAN), Err(NoBondFigure::Yield { .. })));
        assert!(matches!(plain.at_clean_price(settlement, -1.5), Err(NoBondFigure::Price { .. })));
        let late = Bond { maturity: NaiveDate::MAX, ..plain };
        assert_eq!(late.accrued(settlement), Err(NoBondFigure::TooLong { limit: 1_200 }));
        assert!(matches!(plain.at_clean_price(NaiveDate::MIN, 100.0), Err(NoBondFigure::TooLong { .. })));
    }

    proptest! {
        #[test]
        fn a_price_and_its_yield_are_one(
            rate in -0.05..0.5, coupon in 0.0..0.2, days in 1_u64..9_000, frequency in prop_oneof![Just(1_u32), Just(2), Just(4)],
            accrual in prop_oneof![Just(Accrual::ActActIcma), Just(Accrual::Thirty360), Just(Accrual::ThirtyE360), Just(Accrual::Act360)],
            last_period in prop_oneof![Just(LastPeriod::Simple), Just(LastPeriod::Compound)],
        ) {
            let maturity = day("2050-08-31");
            let bond = Bond { maturity, coupon, frequency, accrual, is_end_of_month: true, last_period };
            let settlement = maturity - chrono::Days::new(days);
            let at = bond.at_yield(settlement, rate).unwrap();
            prop_assert!((bond.at_clean_price(settlement, at.clean).unwrap().rate - rate).abs() < 1e-8);
            prop_assert!(at.accrued >= 0.0 && at.modified_duration >= 0.0);
            // Duration and convexity are the first and second slope of the price.
            let step = 1e-5;
            let (up, down) = (bond.at_yield(settlement, rate + step).unwrap(), bond.at_yield(settlement, rate - step).unwrap());
            let slope = (down.dirty - up.dirty) / (2.0 * step) / at.dirty;
            prop_assert!((slope - at.modified_duration).abs() < 1e-4 * (1.0 + slope));
            let curve = (down.dirty + up.dirty - 2.0 * at.dirty) / (step * step) / at.dirty;
            prop_assert!((curve - at.convexity).abs() < 0.01 * (1.0 + curve), "{} {}", curve, at.convexity);
        }
    }
}
