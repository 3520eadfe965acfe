//! Values that GraphQL has no type for.

use async_graphql::{InputValueError, InputValueResult, Result, Scalar, ScalarType, Value};
use chrono::{DateTime, NaiveDate, Utc};
use domain::money;

use super::error::ErrorCode;
use crate::clock::{FIRST_DAY, LAST_DAY, parse_day};

/// A calendar day, ISO 8601: `2022-12-28`. A day has no time zone; it is the day of the business it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(pub NaiveDate);

/// A calendar day, ISO 8601: `2022-12-28`. A day has no time zone; it is the day of the business it belongs to.
#[Scalar(name = "Date", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        parse_day(text).map(Self).ok_or_else(|| {
            InputValueError::custom(format!("\"{text}\" is no day like 2022-12-28, from {FIRST_DAY} to {LAST_DAY}"))
        })
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format("%Y-%m-%d").to_string())
    }
}

/// Refuses a range that ends before it begins or that has more days between its ends than `most`.
pub fn check_range(Date(from): Date, Date(to): Date, most: i64) -> Result<()> {
    let days = (to - from).num_days();
    if (0..=most).contains(&days) {
        return Ok(());
    }
    let message = format!("from, to: {from} to {to} is a range of {days} days; 0 to {most} are allowed");
    Err(ErrorCode::BadUserInput.error(message))
}

/// An instant, RFC 3339: `2022-12-28T16:00:00Z`. Any offset is understood; answers are in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub DateTime<Utc>);

/// An instant, RFC 3339: `2022-12-28T16:00:00Z`. Any offset is understood; answers are in UTC.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for Instant {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        let instant = DateTime::parse_from_rfc3339(text);
        instant
            .map(|instant| Self(instant.to_utc()))
            .map_err(|_| InputValueError::custom(format!("\"{text}\" is no instant like 2022-12-28T16:00:00Z")))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339())
    }
}

/// An exact decimal number as a string, without exponent: `"-1234.50"`. Up to 28 significant digits. Never a float: what a
/// JSON number cannot hold exactly would already be lost when it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal(pub rust_decimal::Decimal);

/// An exact decimal number as a string, without exponent: `"-1234.50"`. Up to 28 significant digits. Never a float: what a
/// JSON number cannot hold exactly would already be lost when it arrives.
#[Scalar(name = "Decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::custom("a decimal is written as a string, like \"1234.50\""));
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let exact = if plain { rust_decimal::Decimal::from_str_exact(text).ok() } else { None };
        exact.map(Self).ok_or_else(|| {
            InputValueError::custom(format!("\"{text}\" is no decimal like \"-1234.50\" of at most 28 digits"))
        })
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A currency by its ISO 4217 code: `USD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency(pub money::Currency);

/// A currency by its ISO 4217 code: `USD`.
#[Scalar(name = "Currency", specified_by_url = "https://www.iso.org/iso-4217-currency-codes.html")]
impl ScalarType for Currency {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        money::Currency::new(text).map(Self).map_err(|error| InputValueError::custom(error.to_string()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.as_str().to_owned())
    }
}
