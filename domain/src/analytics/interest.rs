//! Rates of interest as they are quoted, and as one rate a year that analytics compare.

use std::fmt;
use std::str::FromStr;

/// How a quoted rate turns into money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compounding {
    /// Once a year: the rate itself.
    Annual,
    /// Every half-year, as yields of bonds are quoted: (1 + y/2)² − 1.
    SemiAnnual,
    /// Once at the end of the tenor, as money markets quote: 1 + y · days / basis.
    Simple,
    /// Taken off the face at the start, as bills are quoted: a price of 1 − d · days / basis (31 CFR Part 356, Appendix B).
    Discount,
    /// At every moment: eʸ − 1.
    Continuous,
}

/// Of how many days a year is in a quoted rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayCount {
    /// Days over 360.
    Act360,
    /// Days over 365, or over the year's own.
    Act365,
    /// Months of 30 days over 360.
    Thirty360,
}

/// For how long money is lent: a night, or so many days, weeks, months or years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tenor {
    count: u16,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// The text is no tenor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no tenor: ON, or a number of 1 to 999 with D, W, M or Y is expected, such as 3M")]
pub struct InvalidTenor {
    text: String,
}

impl FromStr for Tenor {
    type Err = InvalidTenor;

    fn from_str(text: &str) -> Result<Self, InvalidTenor> {
        let invalid = || InvalidTenor { text: text.to_owned() };
        if text == "ON" {
            return Ok(Self { count: 1, unit: Unit::Day });
        }
        let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(invalid)?;
        let unit = match unit {
            "D" => Unit::Day,
            "W" => Unit::Week,
            "M" => Unit::Month,
            "Y" => Unit::Year,
            _ => return Err(invalid()),
        };
        let plain = (1..=3).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        let count: u16 = digits.parse().map_err(|_| invalid())?;
        if plain && !digits.starts_with('0') { Ok(Self { count, unit }) } else { Err(invalid()) }
    }
}

/// As it is written, a night as `1D`.
impl fmt::Display for Tenor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Day => 'D',
            Unit::Week => 'W',
            Unit::Month => 'M',
            Unit::Year => 'Y',
        };
        write!(formatter, "{}{unit}", self.count)
    }
}

impl Tenor {
    /// Its length in days: 365 a year, a twelfth of that a month.
    pub fn days(self) -> f64 {
        let days = match self.unit {
            Unit::Day => 1.0,
            Unit::Week => 7.0,
            Unit::Month => 365.0 / 12.0,
            Unit::Year => 365.0,
        };
        f64::from(self.count) * days
    }
}

/// What a quoted rate (0.05 is 5 %) earns in a year of 365 days where it is earned again and again; nothing where it is no such rate: a
/// discount of the whole face, say.
pub fn effective_annual(quoted: f64, compounding: Compounding, day_count: DayCount, tenor: Tenor) -> Option<f64> {
    let days = tenor.days();
    let part = match day_count {
        DayCount::Act360 => days / 360.0,
        DayCount::Act365 | DayCount::Thirty360 => days / 365.0,
    };
    let growth = match compounding {
        Compounding::Annual => 1.0 + quoted,
        Compounding::SemiAnnual => (1.0 + quoted / 2.0).powi(2),
        Compounding::Continuous => quoted.exp(),
        Compounding::Simple => (1.0 + quoted * part).max(0.0).powf(365.0 / days),
        Compounding::Discount => (1.0 - quoted * part).max(0.0).powf(-365.0 / days),
    };
    Some(growth - 1.0).filter(|rate| rate.is_finite() && *rate > -1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annual(quoted: f64, compounding: Compounding, day_count: DayCount, tenor: &str) -> f64 {
        effective_annual(quoted, compounding, day_count, tenor.parse().unwrap()).unwrap()
    }

    #[test]
    fn quoted_rates_come_to_one_rate_a_year() {
        let close = |left: f64, right: f64| assert!((left - right).abs() < 1e-9, "{left} {right}");
        close(annual(0.05, Compounding::Annual, DayCount::Act365, "1Y"), 0.05);
        // 1.03² = 1.0609.
        close(annual(0.06, Compounding::SemiAnnual, DayCount::Act365, "10Y"), 0.0609);
        close(annual(2.0_f64.ln(), Compounding::Continuous, DayCount::Act365, "1Y"), 1.0);
        // A half-year at 8 %: 1.04² = 1.0816.
        close(annual(0.08, Compounding::Simple, DayCount::Act365, "6M"), 0.0816);
        // 360 days of 365 at 5 % over 360: 1.05^(365/360).
        close(annual(0.05, Compounding::Simple, DayCount::Act360, "360D"), 1.05_f64.powf(365.0 / 360.0) - 1.0);
        // 90 days at a discount of 4 % of 360 days: 0.99 is paid for 1.
        close(annual(0.04, Compounding::Discount, DayCount::Act360, "90D"), (1.0 / 0.99_f64).powf(365.0 / 90.0) - 1.0);
    }

    #[test]
    fn a_discount_of_the_whole_face_earns_no_rate() {
        let bill =
            |discount| effective_annual(discount, Compounding::Discount, DayCount::Act360, "360D".parse().unwrap());
        assert_eq!((bill(1.0), bill(3.0)), (None, None));
        assert!(bill(-0.01).unwrap() < 0.0, "rates below zero are rates");
    }

    #[test]
    fn tenors_are_read_as_they_are_written() {
        let days = |text: &str| text.parse::<Tenor>().map(Tenor::days);
        assert_eq!([days("ON"), days("13W"), days("6M"), days("30Y")], [Ok(1.0), Ok(91.0), Ok(182.5), Ok(10950.0)]);
        for text in ["13W", "6M", "30Y", "1D"] {
            assert_eq!(text.parse::<Tenor>().unwrap().to_string(), text);
        }
        assert_eq!("ON".parse::<Tenor>().unwrap().to_string(), "1D");
        for text in ["", "M", "3", "0M", "03M", "3m", "1000D", "+3M", "3 M", "€"] {
            assert!(days(text).is_err(), "{text}");
        }
    }
}
