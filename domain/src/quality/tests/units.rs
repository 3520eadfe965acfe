use super::*;

#[test]
fn a_single_row_a_stretch_and_a_change_for_good_are_unit_errors() {
    for (range, factor) in [(30..31, 100.0), (30..31, 0.01), (20..32, 0.01), (45..60, 100.0), (0..5, 0.01)] {
        let mut rows = sound(60);
        scale(&mut rows[range.clone()], factor);
        let found = findings(rows);
        assert_eq!(found.iter().map(|it| it.kind).collect::<Vec<_>>(), [Kind::UnitError], "{range:?}");
        assert_eq!(found[0].rows, range.collect::<Vec<_>>());
    }
}

#[test]
fn some_columns_at_a_hundredth_are_a_unit_error() {
    let mut rows = sound(60);
    rows[30].low = decimal(float(rows[30].low) / 100.0);
    assert_eq!(flags(rows), [Kind::UnitError]);
}

#[test]
fn a_jump_that_comes_back_is_an_outlier_and_a_small_one_flags_nothing() {
    let mut rows = sound(60);
    scale(&mut rows[30..31], 1.6);
    assert_eq!(flags(rows), [Kind::Outlier]);

    let mut rows = sound(60);
    scale(&mut rows[30..31], 0.85);
    let found = findings(rows);
    assert_eq!(found.iter().map(|it| (it.kind, it.severity)).collect::<Vec<_>>(), [(Kind::Outlier, Severity::Info)]);
}
