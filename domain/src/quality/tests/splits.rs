use super::*;

fn split(rows: &mut [Row], at: usize, ratio: f64) {
    rows[at].split = decimal(ratio);
}

/// Prices as traded: those before the split at its ratio, the adjusted closes continuous or not there.
fn as_traded(at: usize, ratio: f64) -> Vec<Row> {
    let mut rows = sound(80);
    scale_prices(&mut rows[..at], ratio);
    split(&mut rows, at, ratio);
    rows
}

#[test]
fn an_actual_split_raises_nothing_whether_prices_are_adjusted_or_as_traded() {
    for ratio in [2.0, 1.5, 7.0, 0.1] {
        let mut adjusted = sound(80);
        split(&mut adjusted, 40, ratio);
        assert_eq!(flags(adjusted), []);

        let mut traded = as_traded(40, ratio);
        assert_eq!(flags(traded.clone()), []);
        traded.iter_mut().for_each(|row| row.adjusted_close = None);
        assert_eq!(flags(traded), []);
    }
}

#[test]
fn two_splits_of_a_ratio_are_both_taken_for_what_they_are() {
    let mut rows = as_traded(60, 4.0);
    scale_prices(&mut rows[..10], 4.0);
    split(&mut rows, 10, 4.0);
    rows.iter_mut().for_each(|row| row.adjusted_close = None);
    assert_eq!(flags(rows), []);
}

#[test]
fn a_dividend_beside_a_split_is_carried_by_prices_as_traded() {
    let mut rows = sound(80);
    pay(&mut rows, 40, 3.0);
    scale_prices(&mut rows[..40], 2.0);
    split(&mut rows, 40, 2.0);
    assert_eq!(flags(rows), []);
}

#[test]
fn rows_that_lack_the_adjustment_are_found() {
    for (range, ratio) in [(0..38, 5.0), (36..37, 0.1), (30..34, 0.76), (0..40, 2.0)] {
        let mut rows = sound(80);
        split(&mut rows, 40, ratio);
        scale(&mut rows[range.clone()], ratio);
        let found = findings(rows);
        assert_eq!(found.iter().map(|it| it.kind).collect::<Vec<_>>(), [Kind::SplitUnadjusted], "{range:?} {found:?}");
        assert_eq!(found[0].rows.last(), range.last().as_ref());
    }
}

#[test]
fn rows_that_lack_two_splits_are_found() {
    let mut rows = sound(80);
    split(&mut rows, 40, 2.0);
    split(&mut rows, 60, 3.0);
    scale(&mut rows[30..33], 6.0);
    assert_eq!(flags(rows), [Kind::SplitUnadjusted]);
}

#[test]
fn a_split_that_is_applied_twice_on_another_day_or_to_some_columns_is_wrong() {
    let mut twice = sound(80);
    split(&mut twice, 40, 2.0);
    scale(&mut twice[..40], 0.5);
    assert_eq!(flags(twice), [Kind::SplitWrong]);

    let mut late = as_traded(44, 3.0);
    late[44].split = None;
    split(&mut late, 40, 3.0);
    assert!(flags(late).contains(&Kind::SplitWrong));

    let mut mixed = sound(80);
    split(&mut mixed, 40, 4.0);
    mixed[39].high = decimal(4.0 * float(mixed[39].high));
    assert_eq!(flags(mixed), [Kind::SplitWrong]);
}

#[test]
fn a_split_that_is_not_recorded_is_found_and_a_crash_is_none() {
    for ratio in [2.0, 10.0, 0.2] {
        let mut rows = sound(80);
        scale(&mut rows[..40], ratio);
        rows[..40].iter_mut().for_each(|row| row.volume = decimal(float(row.volume) / ratio));
        assert_eq!(flags(rows), [Kind::SplitWrong], "{ratio}");
    }
    let mut carried = sound(80);
    scale_prices(&mut carried[..40], 3.0);
    assert_eq!(flags(carried), [Kind::SplitWrong], "only the adjusted close knows of it");

    // Half the value is lost on one day: a multiple of the usual volume, and trading all the way down.
    let mut crash = sound(80);
    scale(&mut crash[40..], 0.5);
    crash[40].volume = decimal(12_000.0);
    assert_eq!(flags(crash), []);
}
