//! `Cube time="…"` around `Cube currency="…" rate="…"`, one day or many.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::rate;
use crate::market_data::delivery::RateRow;
use crate::market_data::providers::ProviderError;

pub(super) fn rates(text: &str) -> Result<Vec<RateRow>, ProviderError> {
    let mut reader = Reader::from_str(text);
    let mut rows = Vec::new();
    let mut day = None;
    let mut whole = false;
    loop {
        match reader.read_event().map_err(|error| unreadable(error.to_string()))? {
            Event::Start(tag) | Event::Empty(tag) if tag.local_name().as_ref() == b"Cube" => {
                if let Some(time) = attribute(&tag, "time")? {
                    day = Some(time);
                }
                if let Some(currency) = attribute(&tag, "currency")? {
                    let day = day.as_deref().ok_or_else(|| unreadable("a rate before the first day"))?;
                    let value = attribute(&tag, "rate")?;
                    let value = value.ok_or_else(|| unreadable(format!("no rate of {currency} on {day}")))?;
                    rows.push(rate(day, &currency, &value));
                }
            }
            Event::DocType(_) => return Err(unreadable("a document type")),
            Event::End(tag) if tag.local_name().as_ref() == b"Envelope" => whole = true,
            Event::Eof if whole && day.is_some() => return Ok(rows),
            Event::Eof => return Err(unreadable("another document, or a part of it")),
            _ => {}
        }
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, ProviderError> {
    let found = tag.try_get_attribute(name).map_err(|error| unreadable(error.to_string()))?;
    found
        .map(|attribute| attribute.unescape_value().map(std::borrow::Cow::into_owned))
        .transpose()
        .map_err(|error| unreadable(error.to_string()))
}

fn unreadable(found: impl Into<String>) -> ProviderError {
    ProviderError::unreadable("an envelope of cubes with time, currency and rate", found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_DAYS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
 <gesmes:subject>Reference rates</gesmes:subject>
 <Cube>
  <Cube time="2024-03-05"><Cube currency="USD" rate="1.0849"/><Cube currency="JPY" rate="162.76"/></Cube>
  <Cube time='2024-03-04'><Cube currency='USD' rate='1.0846'></Cube></Cube>
 </Cube>
</gesmes:Envelope>"#;

    #[test]
    fn days_and_currencies_are_read_as_written() {
        let rows = rates(TWO_DAYS).expect("rates");
        let expected =
            [("2024-03-05", "USD", "1.0849"), ("2024-03-05", "JPY", "162.76"), ("2024-03-04", "USD", "1.0846")];
        assert_eq!(rows, expected.map(|(day, currency, value)| rate(day, currency, value)));
    }

    #[test]
    fn what_is_no_whole_envelope_is_refused() {
        let half = &TWO_DAYS[..TWO_DAYS.len() / 2];
        let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Envelope><Cube time="&b;"/></Envelope>"#;
        for text in [half, bomb, "<html><body>Sorry</body></html>", "", "{}", "<Envelope></Envelope>"] {
            let error = rates(text).expect_err("refused");
            assert_eq!(error.code(), "UNREADABLE", "{text}");
        }
        let no_rate = TWO_DAYS.replace(r#" rate="162.76""#, "");
        assert!(rates(&no_rate).expect_err("refused").to_string().contains("no rate of JPY on 2024-03-05"));
    }
}
