//! What is compared, and what came of it.

use std::fmt::Display;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;

use crate::number::{Number, decimal, plain};
use crate::problem::Problem;
use crate::report::Mismatch;

/// What a key is to the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It must be as expected.
    Asked,
    /// Another product's own measure (†): where ours differs that is said, and the case may still pass.
    Marked,
}

/// The comparisons of one case.
pub(crate) struct Check {
    tolerance: Decimal,
    pub(crate) failures: Vec<Mismatch>,
    pub(crate) differing: Vec<Mismatch>,
    pub(crate) left_out: Vec<String>,
}

impl Check {
    pub(crate) fn new(tolerance: Number) -> Self {
        Self { tolerance: tolerance.0.abs(), failures: Vec::new(), differing: Vec::new(), left_out: Vec::new() }
    }

    pub(crate) fn fail(&mut self, key: &str, expected: impl Display, got: impl Display) {
        self.miss(Weight::Asked, key, expected, got);
    }

    fn miss(&mut self, weight: Weight, key: &str, expected: impl Display, got: impl Display) {
        let found = Mismatch { key: key.to_owned(), expected: expected.to_string(), got: got.to_string() };
        match weight {
            Weight::Asked => self.failures.push(found),
            Weight::Marked => self.differing.push(found),
        }
    }

    /// A key that nothing here computes: fine for a marked one as long as it is counted, a failure for any other.
    pub(crate) fn unknown(&mut self, weight: Weight, key: &str, expected: &Value) {
        match weight {
            Weight::Marked => self.left_out.push(key.to_owned()),
            Weight::Asked => self.fail(key, plain(expected), "nothing: the key is unknown"),
        }
    }

    /// A number within the tolerance; `null` where there is none for want of a price or rate.
    pub(crate) fn number(&mut self, weight: Weight, key: &str, expected: &Value, got: Result<Decimal, Problem>) {
        match (expected, got) {
            (Value::Null, Err(problem)) if problem.is_missing_input() => {}
            (_, Err(problem)) => self.miss(weight, key, plain(expected), format!("no figure: {problem}")),
            (_, Ok(got)) => match decimal(expected) {
                Some(number) if self.is_near(number, got) => {}
                _ => self.miss(weight, key, plain(expected), got.normalize()),
            },
        }
    }

    pub(crate) fn is_near(&self, expected: Decimal, got: Decimal) -> bool {
        expected.checked_sub(got).is_some_and(|difference| difference.abs() <= self.tolerance)
    }

    /// The tolerance as statistics use it.
    pub(crate) fn tolerance(&self) -> f64 {
        self.tolerance.to_f64().unwrap_or(0.0)
    }

    /// A text that must be the same.
    pub(crate) fn text(&mut self, key: &str, expected: &Value, got: &str) {
        if plain(expected) != got {
            self.fail(key, plain(expected), got);
        }
    }
}
