//! Figures of the market at large: from providers and from files.

use std::path::Path;

use rust_decimal::Decimal;

use super::delivery::{Delivery, IndicatorRow};
use super::load::{LoadError, table};
use crate::clock::{Environment, parse_day};
use crate::storage::market_indicator::{self, Definition, Reading};
use crate::storage::pipeline::{Dataset, Outcome, Run, run};
use crate::tenancy::{DatabaseError, Market, Session};

/// The file that says what series are.
pub(super) const DEFINITIONS: (&str, &[&str]) = (
    "indicators.csv",
    &[
        "code",
        "name",
        "kind",
        "currency",
        "tenor",
        "unit",
        "day_count",
        "compounding",
        "is_risk_free",
        "max_age_days",
        "source",
    ],
);
/// Their values.
pub(super) const VALUES: (&str, &[&str]) = ("indicator_values.csv.gz", &["code", "date", "value"]);
/// Yields of the Treasury of the United States, in percent, each of a series and a tenor.
pub(super) const TREASURY: (&str, &[&str]) = ("treasury_yields.csv.gz", &["series", "tenor", "date", "rate_pct"]);

/// Takes in what a provider delivered: staged as it came, checked, promoted. The caller's transaction is all of it or nothing.
///
/// # Errors
/// [`DatabaseError`]; rows that are wrong are none, they are held.
pub async fn load(
    session: &Session<Market>,
    environment: &Environment,
    delivery: &Delivery<IndicatorRow>,
) -> Result<Outcome, DatabaseError> {
    let run = Run {
        id: environment.ids.next(),
        dataset: Dataset::Indicators,
        provider: delivery.provider.clone(),
        asked: delivery.asked.clone(),
        started_at: environment.clock.now(),
    };
    run::begin(session, &run).await?;
    let rows: Vec<Reading<'_>> = delivery.rows.iter().map(reading).collect();
    let outcome = market_indicator::load(session, &run, delivery.fetched_at, &rows).await?;
    run::finish(session, &run, outcome, None, environment.clock.now()).await?;
    Ok(outcome)
}

/// Loads what a directory has of definitions and values.
pub(super) async fn load_files(
    session: &Session<Market>,
    directory: &Path,
    environment: &Environment,
) -> Result<Outcome, LoadError> {
    let currencies = market_indicator::currencies(session).await?;
    let is_known = |row: &Definition| match row[3].as_str() {
        code if code.is_empty() || currencies.iter().any(|known| known == code) => Ok(()),
        code => Err(format!("currency `{code}` is not known")),
    };
    if let Some(rows) = table(directory, DEFINITIONS)? {
        let definitions = rows.into_iter().enumerate().map(|(index, row)| {
            let reason = |reason: String| LoadError::Format {
                path: directory.join(DEFINITIONS.0),
                reason: format!("line {}: {reason}", index + 2),
            };
            let row: Definition = row.try_into().map_err(|_| reason("there are not eleven cells".to_owned()))?;
            check(&row).and_then(|()| is_known(&row)).map_err(reason)?;
            Ok(row)
        });
        market_indicator::define(session, &definitions.collect::<Result<Vec<_>, LoadError>>()?).await?;
    }
    let mut rows: Vec<IndicatorRow> = Vec::new();
    for [code, date, value] in cells(table(directory, VALUES)?) {
        rows.push(IndicatorRow { code, date, value });
    }
    let yields: Vec<[String; 4]> = cells(table(directory, TREASURY)?);
    let mut series: Vec<Definition> = yields.iter().map(|[series, tenor, ..]| of_treasury(series, tenor)).collect();
    series.sort();
    series.dedup();
    series.retain(|row| check(row).is_ok() && is_known(row).is_ok());
    market_indicator::define(session, &series).await?;
    for [series, tenor, date, value] in yields {
        rows.push(IndicatorRow { code: format!("{series}_{tenor}"), date, value });
    }
    if rows.is_empty() {
        return Ok(Outcome::default());
    }
    let delivery = Delivery {
        provider: "directory".to_owned(),
        asked: "files of indicators".to_owned(),
        fetched_at: environment.clock.now(),
        rows,
    };
    Ok(load(session, environment, &delivery).await?)
}

fn cells<const N: usize>(rows: Option<Vec<Vec<String>>>) -> Vec<[String; N]> {
    // The reader gives as many cells as the header has.
    rows.into_iter().flatten().filter_map(|row| row.try_into().ok()).collect()
}

fn reading(row: &IndicatorRow) -> Reading<'_> {
    let IndicatorRow { code, date, value } = row;
    Reading { code, date, value, read_date: parse_day(date), read_value: number(value) }
}

/// A plain number as it is published; no words, no infinities, no thousands separators.
fn number(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.len() <= 24 && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    Decimal::from_str_exact(text).ok().filter(|_| plain && digits.starts_with(|c: char| c.is_ascii_digit()))
}

/// What the database would refuse, in words.
fn check(row: &Definition) -> Result<(), String> {
    let [code, name, kind, currency, tenor, unit, day_count, compounding, is_risk_free, max_age_days, source] = row;
    let one_of = |what: &str, cell: &str, known: &[&str]| {
        if known.contains(&cell) { Ok(()) } else { Err(format!("{what} `{cell}` is none of {}", known.join(", "))) }
    };
    let may_be_empty = |what: &str, cell: &str, known: &[&str]| {
        if cell.is_empty() { Ok(()) } else { one_of(what, cell, known) }
    };
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"_.^-".contains(&byte);
    if code.is_empty() || code.len() > 64 || !code.bytes().all(plain) || code.starts_with(['_', '.', '-']) {
        return Err(format!("code `{code}` is not 1 to 64 capital letters, digits and `_.^-`"));
    }
    if name.is_empty() || source.is_empty() {
        return Err("name and source must be there".to_owned());
    }
    one_of("kind", kind, &["RATE", "CURVE", "INDEX", "VOLATILITY"])?;
    let units: &[&str] =
        if ["RATE", "CURVE"].contains(&kind.as_str()) { &["PERCENT", "FRACTION"] } else { &["POINTS"] };
    one_of("unit", unit, units)?;
    may_be_empty("day_count", day_count, &["ACT/360", "ACT/365F", "ACT/ACT", "30/360"])?;
    may_be_empty("compounding", compounding, &["ANNUAL", "SEMI_ANNUAL", "SIMPLE", "DISCOUNT", "CONTINUOUS"])?;
    one_of("is_risk_free", is_risk_free, &["true", "false"])?;
    if !tenor.is_empty() {
        tenor.parse::<domain::analytics::Tenor>().map_err(|error| error.to_string())?;
    }
    if is_risk_free == "true" && [currency, tenor, day_count, compounding].iter().any(|cell| cell.is_empty()) {
        return Err("a risk-free series has a currency, a tenor, a day count and a compounding".to_owned());
    }
    match max_age_days.parse::<u32>() {
        Ok(0..=400) => Ok(()),
        _ => Err(format!("max_age_days `{max_age_days}` is not between 0 and 400")),
    }
}

/// What is known of the two series in which yields of the Treasury are passed on. Par yields are bond-equivalent; Yahoo's index of
/// the 13-week bill is its bank discount.
fn of_treasury(series: &str, tenor: &str) -> Definition {
    let is_bill = series == "UST_YAHOO_INDEX" && tenor == "13W";
    let (name, is_par) = match series {
        "UST_PAR_YIELD" => ("Par yield of the U.S. Treasury", true),
        _ if is_bill => ("Bank discount of the U.S. Treasury bill", false),
        _ => ("Yield of the U.S. Treasury", false),
    };
    [
        format!("{series}_{tenor}"),
        format!("{name}, {tenor}"),
        "CURVE".to_owned(),
        "USD".to_owned(),
        tenor.to_owned(),
        "PERCENT".to_owned(),
        if is_bill { "ACT/360" } else { "ACT/ACT" }.to_owned(),
        if is_bill { "DISCOUNT" } else { "SEMI_ANNUAL" }.to_owned(),
        is_par.to_string(),
        "7".to_owned(),
        if is_par { "U.S. Department of the Treasury, daily par yield curve" } else { "Cboe yield indices" }.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined(change: impl Fn(&mut Definition)) -> Result<(), String> {
        let mut row = of_treasury("UST_PAR_YIELD", "3M");
        change(&mut row);
        check(&row)
    }

    #[test]
    fn numbers_are_plain() {
        assert_eq!(number("-0.25"), Some(Decimal::new(-25, 2)));
        for text in ["", "-", "ND", "1e3", "1,5", ".5", "+1", "NaN", "1234567890123456789012345", "<b>1</b>"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_definition_that_makes_no_sense_is_refused_with_its_cell() {
        assert_eq!(defined(|_| ()), Ok(()));
        assert!(defined(|row| row[0] = "3m".to_owned()).expect_err("a code").contains("`3m`"));
        assert!(defined(|row| row[2] = "STOCK".to_owned()).expect_err("a kind").contains("STOCK"));
        assert!(defined(|row| row[4] = "3 months".to_owned()).expect_err("a tenor").contains("3 months"));
        assert!(defined(|row| row[5] = "POINTS".to_owned()).expect_err("a unit").contains("PERCENT, FRACTION"));
        assert!(defined(|row| row[3].clear()).expect_err("no currency").contains("risk-free"));
        assert!(defined(|row| row[9] = "900".to_owned()).expect_err("an age").contains("900"));
    }
}
