//! The text of what may hold markup.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::BytesRef;

use super::entry::unreadable;
use crate::market_data::providers::ProviderError;

/// What `&name;` stands for. Only the five of XML and numbers do; others are names of HTML, and stay as they are.
pub(super) fn reference(name: &BytesRef<'_>) -> Result<String, ProviderError> {
    if let Some(character) = name.resolve_char_ref().map_err(|error| unreadable(error.to_string()))? {
        return Ok(character.to_string());
    }
    let name = name.decode().map_err(|error| unreadable(error.to_string()))?;
    Ok(resolve_predefined_entity(&name).map_or_else(|| format!("&{name};"), str::to_owned))
}

/// The words without tags, with one space between them.
pub(super) fn of_markup(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        words.push_str(before);
        // `5 < 6` is no tag.
        let is_tag = after.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '!'));
        match after.split_once('>') {
            Some((_, beyond)) if is_tag => {
                words.push(' ');
                rest = beyond;
            }
            _ => {
                words.push('<');
                rest = after;
            }
        }
    }
    words.push_str(rest);
    let words = match words.contains('&') {
        // A text that was escaped twice holds references still.
        true => quick_xml::escape::unescape(&words).map_or_else(|_| words.clone(), std::borrow::Cow::into_owned),
        false => words,
    };
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_left_out_and_words_kept() {
        assert_eq!(of_markup("<p>Rates <b>rise</b>,\n5 &lt; 6 &amp; 7 < 8</p>"), "Rates rise , 5 < 6 & 7 < 8");
        assert_eq!(of_markup("plain &nbsp; text"), "plain &nbsp; text");
    }
}
