use super::*;

const EX_DATES: [usize; 4] = [50, 140, 230, 320];

/// A year and a half with four dividends of about a hundredth of the price.
fn paying() -> Vec<Row> {
    let mut rows = sound(400);
    for at in EX_DATES {
        pay(&mut rows, at, 1.2);
    }
    rows
}

fn record(rows: &mut [Row], at: usize, amount: f64) {
    rows[at].dividend = decimal(amount);
}

#[test]
fn dividends_that_price_and_adjusted_close_show_raise_nothing() {
    assert_eq!(findings(paying()), []);
}

#[test]
fn a_special_dividend_of_a_fifth_raises_nothing() {
    let mut rows = paying();
    pay(&mut rows, 200, 20.0);
    assert_eq!(flags(rows), []);
}

#[test]
fn a_dividend_in_the_wrong_unit_is_found_whether_or_not_the_adjusted_close_follows() {
    for factor in [100.0, 0.01] {
        let mut rows = paying();
        record(&mut rows, 140, 1.2 * factor);
        assert_eq!(flags(rows.clone()), [Kind::DividendWrong], "{factor} alone");
        adjust(&mut rows);
        assert!(flags(rows).contains(&Kind::DividendWrong), "{factor} followed");
    }
}

#[test]
fn all_dividends_in_the_wrong_unit_are_found_by_how_the_price_falls() {
    for factor in [100.0, 0.01] {
        let mut rows = paying();
        for at in EX_DATES {
            // Openings are those of the ex-dates, so that the fall is seen in them.
            rows[at].open = rows[at].close;
            record(&mut rows, at, 1.2 * factor);
        }
        adjust(&mut rows);
        assert!(flags(rows).contains(&Kind::DividendWrong), "{factor}");
    }
}

#[test]
fn small_dividends_between_the_ordinary_ones_raise_nothing() {
    let mut rows = paying();
    pay(&mut rows, 95, 0.012);
    assert_eq!(flags(rows), []);
}

#[test]
fn an_adjusted_close_that_carries_a_hundredth_or_nothing_is_found() {
    let mut rows = paying();
    for at in EX_DATES {
        record(&mut rows, at, 0.012);
    }
    adjust(&mut rows);
    for at in EX_DATES {
        record(&mut rows, at, 1.2);
    }
    assert_eq!(flags(rows), [Kind::DividendWrong]);

    let mut rows = paying();
    record(&mut rows, 230, 0.0);
    adjust(&mut rows);
    record(&mut rows, 230, 1.2);
    let found = findings(rows);
    assert_eq!(
        found.iter().map(|it| (it.kind, it.rows.clone())).collect::<Vec<_>>(),
        [(Kind::DividendUnadjusted, vec![230])]
    );
}

#[test]
fn a_short_series_that_does_not_carry_its_dividend_is_found() {
    let mut rows = sound(5);
    record(&mut rows, 2, 3.0);
    assert_eq!(flags(rows), [Kind::DividendUnadjusted]);
}

#[test]
fn a_dividend_that_only_the_adjusted_close_knows_is_missing() {
    let mut rows = paying();
    record(&mut rows, 140, 0.0);
    assert_eq!(flags(rows), [Kind::DividendWrong]);

    // Where no dividends are delivered at all, none is missing.
    let mut rows = paying();
    rows.iter_mut().for_each(|row| row.dividend = None);
    assert_eq!(flags(rows), []);
}

#[test]
fn a_dividend_on_the_next_day_is_dated_wrong() {
    let mut rows = paying();
    record(&mut rows, 140, 0.0);
    record(&mut rows, 139, 1.2);
    let found = findings(rows);
    assert_eq!(found.iter().map(|it| it.kind).collect::<Vec<_>>(), [Kind::DividendWrong]);
    assert!(found[0].explanation.contains("carries it on"));
}

#[test]
fn a_dividend_that_is_given_again_days_later_is_found_and_a_weekly_one_is_not() {
    let mut rows = paying();
    record(&mut rows, 144, 1.2);
    adjust(&mut rows);
    assert_eq!(flags(rows), [Kind::DividendWrong]);

    let mut weekly = sound(120);
    for at in (7..120).step_by(7) {
        pay(&mut weekly, at, 0.2);
    }
    assert_eq!(flags(weekly), []);
}

#[test]
fn thin_volume_is_no_evidence_against_a_dividend() {
    // Nothing is traded around the ex-date, so the price cannot have fallen.
    let mut rows = sound(100);
    let still = Row {
        volume: Some(Decimal::ZERO),
        open: rows[39].close,
        high: rows[39].close,
        low: rows[39].close,
        ..rows[39].clone()
    };
    for row in &mut rows[40..50] {
        *row = Row { at: row.at, ..still.clone() };
    }
    record(&mut rows, 45, 12.0);
    adjust(&mut rows);
    assert_eq!(flags(rows), []);
}

#[test]
fn adjusted_closes_of_two_decimals_raise_nothing() {
    // Adjusted closes with two decimals move the factor by a ten-thousandth every day.
    // So do those of its first years, when the price was a tenth.
    let mut rows = paying();
    for (i, row) in rows.iter_mut().enumerate() {
        if i < 30 {
            scale(std::slice::from_mut(row), 0.1);
        }
        row.adjusted_close = row.adjusted_close.map(|value| (value * 100.0).round() / 100.0);
    }
    assert!(!flags(rows).contains(&Kind::DividendWrong));
}

/// A fund that distributes income and gains, and how much of it the adjusted close carries.
fn fund(dividend: f64, gain: f64, fall: f64, carried: f64) -> Vec<Row> {
    let mut rows = sound(100);
    let before = float(rows[49].close);
    scale_prices(&mut rows[50..], 1.0 - fall / before);
    record(&mut rows, 50, carried);
    adjust(&mut rows);
    record(&mut rows, 50, dividend);
    rows[50].capital_gain = decimal(gain);
    rows
}

#[test]
fn gains_that_the_dividend_holds_already_are_counted_twice() {
    assert_eq!(flags(fund(10.0, 9.0, 10.0, 19.0)), [Kind::CapitalGainDoubleCounted]);
    assert_eq!(flags(fund(10.0, 9.0, 19.0, 19.0)), [], "beside each other");
    assert_eq!(flags(fund(10.0, 9.0, 10.0, 10.0)), [], "one within the other, and carried once");
    assert_eq!(flags(fund(1.0, 9.0, 10.0, 10.0)), [], "gains that a smaller dividend cannot hold");
}

/// The example with which Yahoo explains its adjusted close: a split of 2:1 on the 18th, 0.08 paid on the 19th.
#[test]
fn the_published_example_of_an_adjusted_close_raises_nothing() {
    let row = |date: &str, close: f64, adjusted: f64, dividend: f64, split: f64| Row {
        close: decimal(close),
        adjusted_close: Some(adjusted),
        dividend: decimal(dividend),
        split: decimal(split),
        ..Row::empty(Moment { date: day(date), utc: None })
    };
    let published = |paid: f64| {
        vec![
            row("2003-02-13", 46.99, 23.42, 0.0, 0.0),
            row("2003-02-14", 48.30, 24.07, 0.0, 0.0),
            row("2003-02-18", 24.96, 24.88, 0.0, 2.0),
            row("2003-02-19", 24.53, 24.53, paid, 0.0),
        ]
    };
    assert_eq!(flags(published(0.08)), []);
    assert_eq!(flags(published(8.0)), [Kind::DividendWrong]);
}
