//! `quality adjustment`: adjusted closes made from the closes, dividends and splits of a file, beside those that the file gives.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail, ensure};
use chrono::NaiveDate;
use domain::pricing::Series;
use domain::pricing::adjustment::{CashDividend, Reinvestment, SplitRatio, adjusted};
use domain::quality::DeliveredSeries;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{cannot_use, file};
use crate::cli::print;

/// How far a computed value may be from the given one, as a part of it. Vendors compute adjusted closes in binary floating point
/// and write twelve decimals or more, which differs by less than 10⁻¹² over a thousand rows; dividing by another close than the
/// vendor moves a value by 10⁻⁵ and more.
const TOLERANCE: f64 = 1e-10;

/// The options of `quality adjustment`.
#[derive(Debug, clap::Args)]
pub struct AdjustmentOptions {
    /// A CSV file of prices as traded, with dividends, splits and adjusted closes: the columns `date`, `close`, `adj_close`,
    /// `ex_dividend`, `split_ratio` and, for several instruments, `symbol`
    file: PathBuf,
    /// The close at which the vendor puts dividends back
    #[arg(long, value_enum, default_value = "ex-date-close")]
    reinvestment: Close,
    /// Fail where a value is further off than this part of the given one
    #[arg(long, value_name = "PART", default_value_t = TOLERANCE)]
    tolerance: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Close {
    /// The one of the ex-date: P / (P + D)
    ExDateClose,
    /// The one before the ex-date: 1 − D / P
    CloseBefore,
}

/// The largest deviation of a series.
#[derive(Debug, PartialEq)]
struct Deviation {
    part: f64,
    date: NaiveDate,
    given: f64,
    computed: f64,
}

pub(super) fn run(options: &AdjustmentOptions) -> anyhow::Result<ExitCode> {
    let reinvestment = match options.reinvestment {
        Close::ExDateClose => Reinvestment::ExDateClose,
        Close::CloseBefore => Reinvestment::CloseBefore,
    };
    let all = file::series(&options.file).with_context(|| cannot_use(&options.file))?;
    let mut off = 0_usize;
    for (symbol, series) in &all {
        let worst = compare(series, reinvestment).with_context(|| format!("{symbol} cannot be adjusted"))?;
        let is_off = worst.part > options.tolerance;
        off += usize::from(is_off);
        print(&format!(
            "{symbol}: {} rows, largest deviation {:.1e} on {}: {} computed, {} given{}",
            series.rows().len(),
            worst.part,
            worst.date,
            worst.computed,
            worst.given,
            if is_off { ": too far off" } else { "" },
        ))?;
    }
    print(&format!("{} of {} series within {:e}", all.len() - off, all.len(), options.tolerance))?;
    Ok(if off == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Adjusts to the last row. The vendor may know dividends that came after it: their part is taken from the last row itself.
fn compare(series: &DeliveredSeries, reinvestment: Reinvestment) -> anyhow::Result<Deviation> {
    let mut rows: Vec<_> = series.rows().iter().collect();
    rows.sort_by_key(|row| row.at.date);
    let (mut dates, mut closes, mut given) = (Vec::new(), Vec::new(), Vec::new());
    let (mut splits, mut dividends) = (Vec::new(), Vec::new());
    for row in rows {
        let (Some(close), Some(adjusted_close)) = (row.close, row.adjusted_close) else {
            bail!("line {} has no close or no adjusted close", row.line);
        };
        let ex_date = row.at.date;
        dates.push(ex_date);
        closes.push(close);
        given.push(adjusted_close);
        let split = row.split.filter(|split| !split.is_zero()).unwrap_or(Decimal::ONE);
        splits.push(SplitRatio { ex_date, numerator: split, denominator: Decimal::ONE });
        // Of the day itself, so in units after a split of the day.
        let amount = row.dividend.unwrap_or_default().checked_mul(split).context("a dividend is too large")?;
        dividends.push(CashDividend { ex_date, amount });
    }
    let (Some(&last), Some(&last_close), Some(&last_given)) = (dates.last(), closes.last(), given.last()) else {
        bail!("there is no row");
    };
    let later = last_given / last_close.to_f64().context("a close is no number")?;
    let computed = adjusted(&Series::new(dates, closes)?, &splits, &dividends, Some(reinvestment), last)?;
    let mut worst = Deviation { part: 0.0, date: last, given: last_given, computed: last_given };
    for ((&date, &computed), &given) in computed.dates().iter().zip(computed.values()).zip(&given) {
        let computed = computed.to_f64().unwrap_or(f64::NAN) * later;
        let part = (computed / given - 1.0).abs();
        ensure!(part.is_finite(), "the adjusted close of {date} is {given}");
        if part > worst.part {
            worst = Deviation { part, date, given, computed };
        }
    }
    Ok(worst)
}

#[cfg(test)]
mod tests {
    use domain::quality::{Moment, Row};

    use super::*;

    fn row(day: u32, close: i64, adjusted_close: f64, dividend: i64, split: i64) -> Row {
        Row {
            line: u64::from(day),
            at: Moment { date: NaiveDate::from_ymd_opt(2024, 1, day).expect("a day"), utc: None },
            open: None,
            high: None,
            low: None,
            close: Some(close.into()),
            adjusted_close: Some(adjusted_close),
            volume: None,
            currency: None,
            dividend: Some(dividend.into()),
            split: Some(split.into()),
            capital_gain: None,
        }
    }

    #[test]
    fn what_the_vendor_knows_of_later_days_is_no_deviation() {
        // 2:1 on the 2nd, 5 paid on the 3rd that closes at 45: 100 ÷ 2 × 45/50 = 45 and 50 × 45/50 = 45. Everything is halved by
        // what comes later.
        let rows = vec![row(1, 100, 22.5, 0, 1), row(2, 50, 22.5, 0, 2), row(3, 45, 22.5, 5, 1)];
        let series = DeliveredSeries::new(rows);
        let exact = compare(&series, Reinvestment::ExDateClose).expect("comparable");
        assert!(exact.part < 1e-12, "{exact:?}");
        // 1 − 5/50 is 0.9 as 45/50 is; with a close of 40 it is 40/45.
        let rows = vec![row(2, 50, 40.0 / 45.0 * 50.0, 0, 1), row(3, 40, 40.0, 5, 1)];
        let series = DeliveredSeries::new(rows);
        assert!(compare(&series, Reinvestment::ExDateClose).expect("comparable").part < 1e-12);
        let other = compare(&series, Reinvestment::CloseBefore).expect("comparable");
        // 45 against 44.44…: 1.25 % off.
        assert!((other.part - 0.0125).abs() < 1e-9, "{other:?}");
        assert_eq!((other.date.to_string(), other.computed), ("2024-01-02".to_owned(), 45.0));
    }

    #[test]
    fn rows_that_cannot_be_compared_are_errors() {
        let mut row_without = row(1, 100, 100.0, 0, 1);
        row_without.adjusted_close = None;
        let error = compare(&DeliveredSeries::new(vec![row_without]), Reinvestment::CloseBefore).expect_err("no value");
        assert_eq!(error.to_string(), "line 1 has no close or no adjusted close");
        let zero = DeliveredSeries::new(vec![row(1, 100, 0.0, 0, 1), row(2, 100, 100.0, 0, 1)]);
        let error = compare(&zero, Reinvestment::CloseBefore).expect_err("no value");
        assert_eq!(error.to_string(), "the adjusted close of 2024-01-01 is 0");
    }
}
