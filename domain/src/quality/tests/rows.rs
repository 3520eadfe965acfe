use super::*;

#[test]
fn two_rows_for_a_day_are_found_and_differing_ones_are_errors() {
    let mut rows = sound(10);
    rows.push(Row { line: 12, ..rows[4].clone() });
    let found = findings(rows.clone());
    assert_eq!(
        found.iter().map(|it| (it.kind, it.severity)).collect::<Vec<_>>(),
        [(Kind::DuplicateDate, Severity::Warning)]
    );
    rows[10].close = decimal(101.0);
    assert_eq!(findings(rows)[0].severity, Severity::Error);
}

#[test]
fn prices_that_are_no_prices_are_found() {
    let mut rows = sound(10);
    rows[3].low = Some(Decimal::ZERO);
    rows[5].adjusted_close = Some(f64::NEG_INFINITY);
    rows[6].adjusted_close = Some(-1e38);
    let found: Vec<_> =
        findings(rows).into_iter().filter(|it| it.kind == Kind::NotPositive).map(|it| it.rows).collect();
    assert_eq!(found, [vec![3], vec![5, 6]]);
}

#[test]
fn a_row_without_prices_is_left_out() {
    let mut rows = sound(10);
    rows[4] = Row { dividend: Some(Decimal::ZERO), ..Row::empty(rows[4].at) };
    assert_eq!(flags(rows), []);
}

#[test]
fn a_change_of_currency_is_found() {
    let mut rows = sound(10);
    rows[9].currency = Some("USD".to_owned());
    assert_eq!(flags(rows), [Kind::CurrencyMismatch]);
}

#[test]
fn open_and_close_may_lie_a_little_outside_of_the_range() {
    let row = |open: f64, close: f64| {
        let mut rows = sound(30);
        (rows[20].open, rows[20].close, rows[20].adjusted_close) = (decimal(open), decimal(close), None);
        (rows[20].low, rows[20].high) = (decimal(99.0), decimal(101.0));
        findings(rows).into_iter().find(|it| it.kind == Kind::OhlcInconsistent).map(|it| it.severity)
    };
    assert_eq!(row(101.05, 100.0), None, "rounding");
    assert_eq!(row(103.0, 100.0), Some(Severity::Info), "an auction");
    assert_eq!(row(100.0, 92.0), Some(Severity::Warning));
}

#[test]
fn a_high_below_the_low_is_found() {
    let mut rows = sound(30);
    (rows[20].low, rows[20].high) = (rows[20].high, rows[20].low);
    assert_eq!(flags(rows), [Kind::OhlcInconsistent]);
}

#[test]
fn a_month_without_a_trade_is_stale_and_thin_volume_is_not() {
    let resting = |days: usize| {
        let mut rows = sound(60);
        let close = rows[10].close;
        for row in &mut rows[11..11 + days] {
            (row.open, row.high, row.low, row.close, row.volume) = (close, close, close, close, Some(Decimal::ZERO));
            row.adjusted_close = close.and_then(|close| close.to_f64());
        }
        flags(rows)
    };
    assert_eq!(resting(7), []);
    assert_eq!(resting(30), [Kind::Stale]);
}

#[test]
fn another_instruments_closes_are_found() {
    let one = DeliveredSeries::new(sound(60));
    let mut rows = sound(60);
    scale(&mut rows[..30], 1.01);
    let other = DeliveredSeries::new(rows);
    let found = duplicate_series(&[("A", &one), ("B", &other), ("C", &one)]);
    assert_eq!(found.iter().map(|(at, finding)| (*at, finding.kind)).collect::<Vec<_>>(), [(2, Kind::DuplicateSeries)]);
    assert!(found[0].1.explanation.starts_with("C has the closes of A"));
}
