//! Documents of JSON, with every number as the text that it was written as: no figure passes through floating point.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::ProviderError;
use super::client::Reply;

/// A value that has not been looked at yet. `null` is a value too.
pub(super) type Raw<'a> = &'a RawValue;

/// The document of an answer.
pub(super) fn document<'a, T: Deserialize<'a>>(reply: &'a Reply, form: &str) -> Result<T, ProviderError> {
    parse(reply.text()?, form)
}

/// The document, whatever the status of the answer is: some say what is wrong in it.
pub(super) fn document_of_any_status<'a, T: Deserialize<'a>>(reply: &'a Reply, form: &str) -> Result<T, ProviderError> {
    let text = std::str::from_utf8(&reply.body).map_err(|_| unreadable(form, "bytes that are no UTF-8"))?;
    parse(text, form)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str, form: &str) -> Result<T, ProviderError> {
    serde_json::from_str(text).map_err(|error| match text.trim_start().starts_with('<') {
        true => unreadable(form, "a page of HTML"),
        false => unreadable(form, error.to_string()),
    })
}

/// The text of a number; empty for `null`. Anything else is an error that says where it stands.
pub(super) fn number(value: Raw<'_>, place: &str) -> Result<String, ProviderError> {
    match value.get() {
        "null" => Ok(String::new()),
        text if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => Ok(plain(text)),
        other => Err(unreadable(&format!("a number as {place}"), other)),
    }
}

/// The text of a number, or of a string as it stands there; empty for `null`.
pub(super) fn cell(value: Raw<'_>, place: &str) -> Result<String, ProviderError> {
    match value.get() {
        text if text.starts_with('"') => {
            serde_json::from_str(text).map_err(|error| unreadable(place, error.to_string()))
        }
        _ => number(value, place),
    }
}

/// A whole number, such as the seconds of an instant.
pub(super) fn whole(value: Raw<'_>, place: &str) -> Result<i64, ProviderError> {
    value.get().parse().map_err(|_| unreadable(&format!("a whole number as {place}"), value.get()))
}

/// The value at a JSON pointer (RFC 6901) below `value`; none where there is nothing.
pub(super) fn at<'a>(value: Raw<'a>, pointer: &str) -> Option<Raw<'a>> {
    let mut value = value;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let text = value.get();
        value = match text.as_bytes().first() {
            Some(b'{') => *serde_json::from_str::<HashMap<String, Raw<'a>>>(text).ok()?.get(&step)?,
            Some(b'[') => *serde_json::from_str::<Vec<Raw<'a>>>(text).ok()?.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// A number without an exponent, the same value to the last digit; as it is where that cannot be.
fn plain(text: &str) -> String {
    if !text.contains(['e', 'E']) {
        return text.to_owned();
    }
    Decimal::from_scientific(text).map_or_else(|_| text.to_owned(), |number| number.to_string())
}

pub(super) fn unreadable(expected: &str, found: impl AsRef<str>) -> ProviderError {
    ProviderError::unreadable(expected, found.as_ref().chars().take(80).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).expect("a value")
    }

    #[test]
    fn numbers_keep_every_digit() {
        for (given, expected) in [
            ("187.4500000000000001", "187.4500000000000001"),
            ("1.0", "1.0"),
            ("-3", "-3"),
            ("1.25e-05", "0.0000125"),
            ("2.5E+3", "2500"),
            ("null", ""),
        ] {
            assert_eq!(number(&raw(given), "close").as_deref(), Ok(expected));
        }
        for given in ["\"187.45\"", "true", "[1]", "{}"] {
            let error = number(&raw(given), "close").expect_err("no number");
            assert!(error.to_string().contains("a number as close"), "{error}");
        }
        assert_eq!(cell(&raw("\"1,5\""), "close").as_deref(), Ok("1,5"));
    }

    #[test]
    fn a_pointer_walks_objects_and_arrays() {
        let document = raw(r#"{"a/b": [{"c~d": 1.50}, 2]}"#);
        assert_eq!(at(&document, "/a~1b/0/c~0d").map(RawValue::get), Some("1.50"));
        assert_eq!(at(&document, "/a~1b/1").map(RawValue::get), Some("2"));
        assert_eq!(at(&document, "").map(RawValue::get), Some(document.get()));
        for missing in ["/x", "/a~1b/2", "/a~1b/x", "/a~1b/1/0"] {
            assert!(at(&document, missing).is_none(), "{missing}");
        }
    }
}
