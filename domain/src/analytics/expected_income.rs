//! What holdings may be expected to pay, from what they have paid and what they must.

use chrono::{Months, NaiveDate};
use rust_decimal::Decimal;

/// A dividend of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The first day without it.
    pub ex_date: NaiveDate,
    /// Per unit of today.
    pub amount: Decimal,
    /// Whether it is paid beside the ordinary ones, and so not expected again.
    pub is_special: bool,
}

/// The dividends of a unit in the twelve months after a day: those that are announced, and from then on each ordinary one of the twelve
/// months until the day once more, a year later. In order of their days.
pub fn expected_dividends(payments: &[Payment], as_of: NaiveDate) -> Vec<(NaiveDate, Decimal)> {
    let year = Months::new(12);
    let (Some(until), Some(since)) = (as_of.checked_add_months(year), as_of.checked_sub_months(year)) else {
        return Vec::new();
    };
    let announced = payments.iter().filter(|payment| payment.ex_date > as_of && payment.ex_date <= until);
    let mut expected: Vec<(NaiveDate, Decimal)> = announced.map(|payment| (payment.ex_date, payment.amount)).collect();
    // A month after an announced dividend none is expected that it may be the same as.
    let told = expected.iter().map(|(day, _)| *day).max().and_then(|last| last.checked_add_months(Months::new(1)));
    let again =
        payments.iter().filter(|payment| !payment.is_special && payment.ex_date > since && payment.ex_date <= as_of);
    expected.extend(again.filter_map(|payment| {
        let day = payment.ex_date.checked_add_months(year)?;
        told.is_none_or(|told| day > told).then_some((day, payment.amount))
    }));
    expected.sort_unstable();
    expected
}

/// The days of a bond's coupons after one day until another, counted back from its maturity. None for a frequency that does not divide
/// the year into whole months.
pub fn coupon_days(maturity: NaiveDate, frequency: u32, after: NaiveDate, until: NaiveDate) -> Vec<NaiveDate> {
    if frequency == 0 || 12 % frequency != 0 {
        return Vec::new();
    }
    let step = 12 / frequency;
    let back = (0..).map_while(|count: u32| maturity.checked_sub_months(Months::new(count.checked_mul(step)?)));
    let mut days: Vec<NaiveDate> = back.take_while(|day| *day > after).filter(|day| *day <= until).collect();
    days.reverse();
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::day;

    #[test]
    fn what_was_paid_is_expected_again_after_what_is_announced() {
        let payment = |ex_date, amount, is_special| Payment { ex_date: day(ex_date), amount, is_special };
        let paid = [
            payment("2023-03-10", dec!(9), false),
            payment("2023-06-09", dec!(1.0), false),
            payment("2023-09-08", dec!(1.1), false),
            payment("2023-11-01", dec!(5), true),
            payment("2023-12-08", dec!(1.2), false),
            payment("2024-03-08", dec!(1.3), false),
            payment("2024-06-14", dec!(1.4), false),
            payment("2025-06-14", dec!(2), false),
        ];
        let expected = expected_dividends(&paid, day("2024-03-14"));
        // June is announced, five days after a year ago; the special one and what is over a year old are not expected.
        let days = [
            ("2024-06-14", dec!(1.4)),
            ("2024-09-08", dec!(1.1)),
            ("2024-12-08", dec!(1.2)),
            ("2025-03-08", dec!(1.3)),
        ];
        assert_eq!(expected, days.map(|(text, amount)| (day(text), amount)));
        assert_eq!(expected_dividends(&[], day("2024-03-14")), []);
    }

    #[test]
    fn coupons_are_counted_back_from_the_maturity() {
        let days = |maturity, frequency| coupon_days(day(maturity), frequency, day("2024-03-14"), day("2025-03-14"));
        assert_eq!(days("2030-08-31", 2), ["2024-08-31", "2025-02-28"].map(day));
        assert_eq!(days("2024-09-14", 4), ["2024-06-14", "2024-09-14"].map(day));
        assert_eq!(days("2024-03-14", 1), []);
        assert_eq!((days("2030-08-31", 0), days("2030-08-31", 5)), (Vec::new(), Vec::new()));
    }
}
