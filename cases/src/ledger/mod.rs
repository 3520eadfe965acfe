//! The families ledger, lots and multicurrency: transactions, prices and rates in, books and values out.

mod asked;
mod books;
mod entries;
mod gains;
mod inputs;
mod lots;
mod names;
mod period;
mod positions;
mod prices;
mod rates;
mod reader;
mod rows;
mod sales;
mod totals;
mod trades;
mod transaction;
mod transfers;
mod world;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Map, Value};

use self::books::Books;
use self::inputs::Inputs;
use self::world::World;
use crate::case::Case;
use crate::check::{Check, Weight};
use crate::number::plain;
use crate::problem::Problem;

/// A case that could be booked.
struct Ledger<'a> {
    world: &'a World,
    books: Books<'a>,
    as_of: NaiveDate,
    inputs: &'a Inputs,
}

pub(crate) fn evaluate(case: &Case, check: &mut Check) {
    let inputs = match Inputs::deserialize(&case.inputs) {
        Ok(inputs) => inputs,
        Err(error) => return check.fail("inputs", "inputs of the schema", error),
    };
    let world = World::new(&inputs);
    let ledger = match &world {
        Ok(world) => Ledger::new(world, &inputs),
        Err(problem) => Err(problem.clone()),
    };
    if let Some(expected) = case.expected.get("error") {
        expect_error(expected, ledger.and_then(|ledger| ledger.value_all()), check);
        for (key, value) in case.expected.iter().filter(|(key, _)| *key != "error") {
            check.fail(key, plain(value), "nothing: an error leaves no figures");
        }
        return;
    }
    match ledger {
        Ok(ledger) => ledger.compare(&case.expected, check),
        Err(problem) => check.fail("booking", "books", problem),
    }
}

fn expect_error(expected: &Value, got: Result<(), Problem>, check: &mut Check) {
    match got {
        Err(problem) if problem.names().iter().any(|name| *name == plain(expected)) => {}
        Err(problem) => check.fail("error", plain(expected), format!("{:?}: {problem}", problem.names())),
        Ok(()) => check.fail("error", plain(expected), "books without an error"),
    }
}

impl<'a> Ledger<'a> {
    fn new(world: &'a World, inputs: &'a Inputs) -> Result<Self, Problem> {
        let books = world.book(None)?;
        let as_of = inputs.as_of.or(inputs.period.map(|period| period.end)).or(world.last_day).unwrap_or_default();
        Ok(Self { world, books, as_of, inputs })
    }

    /// Everything that needs a rate has one.
    fn value_all(&self) -> Result<(), Problem> {
        match self.books.valued(self.as_of)?.total(&self.books) {
            Err(Problem::NoPrice { .. }) | Ok(_) => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    fn compare(&self, expected: &Map<String, Value>, check: &mut Check) {
        for (key, value) in expected {
            match (key.as_str(), value) {
                ("positions", Value::Array(rows)) => self.positions(rows, check),
                ("cash", Value::Array(rows)) => self.cash(rows, check),
                ("totals", Value::Object(totals)) => self.totals("totals", totals, check),
                ("ratios", Value::Object(ratios)) => self.ratios(ratios, check),
                ("period", Value::Object(period)) => self.period(period, check),
                ("net_performance_windows", Value::Array(rows)) => self.net_performance_windows(rows, check),
                ("currency_gain_windows", Value::Array(rows)) => self.currency_gain_windows(rows, check),
                ("invested_cost_by_trade_date", Value::Array(rows)) => self.invested_cost(rows, check),
                ("matches", Value::Array(rows)) => self.matches(rows, check),
                ("remaining_lots", Value::Array(rows)) => self.remaining_lots(rows, check),
                ("realized_by_sale", Value::Array(rows)) => self.realized_by_sale(rows, check),
                ("missing_acquisitions", value) => self.missing_acquisitions(value, check),
                ("missing_quantity", value) => self.missing_quantity(value, check),
                (_, Value::Array(_) | Value::Object(_)) => check.unknown(Weight::Asked, key, value),
                // A bare figure is a total.
                _ => self.total(key, key, value, check),
            }
        }
    }
}

/// The path of a key.
fn below(prefix: &str, key: &str) -> String {
    format!("{prefix}.{key}")
}

/// A field that a row is found by.
fn text<'v>(row: &'v Value, field: &str) -> Option<&'v str> {
    row.get(field).and_then(Value::as_str)
}
