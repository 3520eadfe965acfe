//! Rows of a list of expectations, field by field.

use domain::money::div;
use rust_decimal::Decimal;
use serde_json::Value;

use super::asked::Asked;
use super::below;
use crate::check::Check;
use crate::problem::Problem;

/// Compares the fields of a row, but for those that it was found by.
pub(super) fn fields(
    row: &Value,
    found_by: &[&str],
    path: &str,
    check: &mut Check,
    figure: impl Fn(&str) -> Option<Result<Decimal, Problem>>,
) {
    let Value::Object(row) = row else { return check.fail(path, "a row", row) };
    for (field, expected) in row.iter().filter(|(field, _)| !found_by.contains(&field.as_str())) {
        let path = below(path, field);
        let weight = Asked::read(field).weight();
        match figure(field) {
            Some(got) => check.number(weight, &path, expected, got),
            None => check.unknown(weight, &path, expected),
        }
    }
}

/// A cost for each unit; nothing where there is none.
pub(super) fn per_unit(cost: Decimal, quantity: Decimal) -> Result<Decimal, Problem> {
    if quantity.is_zero() {
        return Ok(Decimal::ZERO);
    }
    Ok(div(cost, quantity)?)
}
