//! Adjusted and total-return series of small hand-made histories.

use chrono::NaiveDate;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::pricing::Series;
use crate::pricing::adjustment::*;
use crate::testing::{day, series};

fn split(ex_date: &str, numerator: Decimal, denominator: Decimal) -> SplitRatio {
    SplitRatio { ex_date: day(ex_date), numerator, denominator }
}

fn dividend(ex_date: &str, amount: Decimal) -> CashDividend {
    CashDividend { ex_date: day(ex_date), amount }
}

fn raw() -> Series {
    series(&[("2024-01-02", "700"), ("2024-01-03", "710"), ("2024-01-04", "100"), ("2024-01-05", "104")])
}

fn values(series: &Series) -> Vec<Decimal> {
    series.values().iter().map(Decimal::normalize).collect()
}

const LATE: &str = "2024-12-31";

#[test]
fn a_split_divides_the_closes_before_its_ex_date() {
    // 7 for 1 on the 4th: 700 ÷ 7 and 710 ÷ 7; the rest is as it was traded.
    let splits = [split("2024-01-04", dec!(7), dec!(1))];
    let adjusted = adjusted(&raw(), &splits, &[], None, day(LATE)).unwrap();
    assert_eq!(values(&adjusted), [dec!(100), dec!(101.428571428571), dec!(100), dec!(104)]);
}

#[test]
fn thirds_do_not_wear_off() {
    // 3:2 and then 1:3 is 1:2: exact, where a factor of 0.6667 would not be.
    let splits = [split("2024-01-03", dec!(3), dec!(2)), split("2024-01-05", dec!(1), dec!(3))];
    let adjusted = adjusted(&raw(), &splits, &[], None, day(LATE)).unwrap();
    assert_eq!(values(&adjusted), [dec!(1400), dec!(2130), dec!(300), dec!(104)]);
}

#[test]
fn the_published_example_of_an_adjusted_close_comes_out() {
    // Yahoo, SLN28256: $0.08 paid on an ex-date after a close of 24.96, so 1 − 0.08 / 24.96 = 0.996794…; before it a 2:1 split,
    // after a close of 46.99: 46.99 × 0.5 × 0.9968 = 23.42 with its factor of four decimals.
    let closes = series(&[("2003-02-14", "46.99"), ("2003-02-18", "24.96"), ("2003-02-19", "24.53")]);
    let (splits, dividends) = ([split("2003-02-18", dec!(2), dec!(1))], [dividend("2003-02-19", dec!(0.08))]);
    let adjusted = adjusted(&closes, &splits, &dividends, Some(Reinvestment::CloseBefore), day(LATE)).unwrap();
    let cents: Vec<Decimal> = adjusted.values().iter().map(|value| value.round_dp(2)).collect();
    assert_eq!(cents, [dec!(23.42), dec!(24.88), dec!(24.53)]);
}

#[test]
fn the_total_return_buys_units_at_the_close_of_the_ex_date() {
    // 100 pays 5 and closes at 100: 1 unit becomes 1.05. Then 110 × 1.05.
    let closes = series(&[("2024-01-02", "100"), ("2024-01-03", "100"), ("2024-01-04", "110")]);
    let dividends = [dividend("2024-01-03", dec!(5))];
    let total = total_return(&closes, &[], &dividends, day(LATE)).unwrap();
    assert_eq!(values(&total), [dec!(100), dec!(105), dec!(115.5)]);
    // Adjusted backward by the same convention: 100 × 100/105; by vendors' convention 100 × 95/100.
    let back = |reinvestment| values(&adjusted(&closes, &[], &dividends, Some(reinvestment), day(LATE)).unwrap());
    assert_eq!(back(Reinvestment::ExDateClose), [dec!(95.238095238095), dec!(100), dec!(110)]);
    assert_eq!(back(Reinvestment::CloseBefore), [dec!(95), dec!(100), dec!(110)]);
}

#[test]
fn a_dividend_is_per_unit_before_a_split_of_its_day_and_after_a_split_before_it() {
    // 70 a unit before 7:1 is 10 a unit after: 700 → 90 + 10. (100 ÷ 700) × 630 is 90.
    let closes = series(&[("2024-01-02", "700"), ("2024-01-04", "90")]);
    let splits = [split("2024-01-04", dec!(7), dec!(1))];
    let same_day = [dividend("2024-01-04", dec!(70))];
    let total = |dividends: &[CashDividend]| values(&total_return(&closes, &splits, dividends, day(LATE)).unwrap());
    // 7 units of 90 and 70 of cash that buys 70/90 of a unit: 700.
    assert_eq!(total(&same_day), [dec!(700), dec!(700)]);
    let back = adjusted(&closes, &splits, &same_day, Some(Reinvestment::CloseBefore), day(LATE)).unwrap();
    assert_eq!(values(&back), [dec!(90), dec!(90)]);
    // Before the row of the 4th, a split of the 3rd and then 10 a unit, of seven: the same.
    let splits = [split("2024-01-03", dec!(7), dec!(1))];
    let later = [dividend("2024-01-04", dec!(10))];
    let total = total_return(&closes, &splits, &later, day(LATE)).unwrap();
    assert_eq!(values(&total), [dec!(700), dec!(700)]);
}

#[test]
fn two_dividends_of_a_day_are_one() {
    let closes = series(&[("2024-01-02", "100"), ("2024-01-03", "90")]);
    let parts = [dividend("2024-01-03", dec!(4)), dividend("2024-01-03", dec!(6))];
    let whole = [dividend("2024-01-03", dec!(10))];
    let back = |dividends: &[CashDividend]| {
        values(&adjusted(&closes, &[], dividends, Some(Reinvestment::CloseBefore), day(LATE)).unwrap())
    };
    assert_eq!((back(&parts), back(&whole)), (vec![dec!(90), dec!(90)], vec![dec!(90), dec!(90)]));
}

#[test]
fn what_has_not_happened_by_the_day_moves_nothing() {
    let splits = [split("2024-01-04", dec!(7), dec!(1))];
    let before = adjusted(&raw(), &splits, &[], None, day("2024-01-03")).unwrap();
    assert_eq!(values(&before), [dec!(700), dec!(710)]);
    // The ex-date has come and the close has not: closes are in new units already.
    let gap = series(&[("2024-01-02", "700"), ("2024-01-03", "710")]);
    let on = adjusted(&gap, &splits, &[], None, day("2024-01-04")).unwrap();
    assert_eq!(values(&on), [dec!(100), dec!(101.428571428571)]);
    // There is no close yet to put the dividend back at.
    let dividends = [dividend("2024-01-04", dec!(5))];
    let total = total_return(&gap, &[], &dividends, day("2024-01-04")).unwrap();
    assert_eq!(values(&total), [dec!(700), dec!(710)]);
    assert_eq!(total_return(&Series::default(), &splits, &dividends, day(LATE)), Ok(Series::default()));
}

#[test]
fn actions_that_make_no_sense_are_errors_with_their_numbers() {
    let error = |splits: &[SplitRatio], dividends: &[CashDividend]| {
        total_return(&raw(), splits, dividends, day(LATE)).unwrap_err().to_string()
    };
    assert_eq!(
        error(&[split("2024-01-04", dec!(0), dec!(1))], &[]),
        "the split of 2024-01-04 is 0 for 1: both must be above zero"
    );
    assert_eq!(
        error(&[], &[dividend("2024-01-05", dec!(100))]),
        "the dividends of 2024-01-05 are 100 after a close of 100: they must be below it"
    );
    assert_eq!(error(&[], &[dividend("2024-01-05", dec!(-1))]), "the dividend of 2024-01-05 is -1");
}

#[test]
fn volumes_grow_as_prices_shrink() {
    let splits = [split("2024-01-04", dec!(7), dec!(2))];
    let dividends = [dividend("2024-01-05", dec!(1))];
    let all = factors(&raw(), &splits, &dividends, Some(Reinvestment::CloseBefore), day(LATE)).unwrap();
    assert_eq!(all[0].volume(dec!(200)), Ok(dec!(700)));
    assert_eq!(all[3].volume(dec!(200)), Ok(dec!(200)));
}

proptest! {
    /// Each step of the total return is the holding-period return: what the units are worth and what they paid, over the close
    /// before.
    #[test]
    fn each_step_is_the_holding_period_return(
        closes in prop::collection::vec(1_000_i64..100_000, 2..20),
        paid in prop::collection::vec(0_i64..900, 20),
        ratios in prop::collection::vec((1_i64..8, 1_i64..4), 20),
    ) {
        let dates: Vec<NaiveDate> = day("2024-01-01").iter_days().take(closes.len()).collect();
        let cents = |value: i64| Decimal::new(value, 2);
        let closes: Vec<Decimal> = closes.into_iter().map(cents).collect();
        let splits: Vec<SplitRatio> = dates.iter().zip(&ratios)
            .map(|(&ex_date, &(n, d))| SplitRatio { ex_date, numerator: n.into(), denominator: d.into() }).collect();
        let dividends: Vec<CashDividend> = dates.iter().zip(&paid)
            .map(|(&ex_date, &amount)| CashDividend { ex_date, amount: cents(amount) }).collect();
        let series = Series::new(dates.clone(), closes.clone()).unwrap();
        let total = total_return(&series, &splits, &dividends, *dates.last().unwrap()).unwrap();
        for i in 1..closes.len() {
            let (n, d) = ratios[i];
            let worth = closes[i] * Decimal::from(n) / Decimal::from(d) + dividends[i].amount;
            let expected = worth / closes[i - 1];
            let step = total.values()[i] / total.values()[i - 1];
            // Twelve decimals of a value that is never below a hundredth.
            prop_assert!((step / expected - Decimal::ONE).abs() < dec!(0.0000000001), "{step} {expected}");
        }
    }
}
