//! Counts tokens and nesting in a document's text, before the parser sees it.
//!
//! The parser recurses and allocates per token, so both have to be known to be small first. One pass, no allocation.

/// What a document's text amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Scan {
    /// Lexical tokens.
    pub tokens: u64,
    /// The deepest nesting of braces, brackets and parentheses together.
    pub nesting: u64,
}

/// A string does not end. The parser would look for other readings of it, so it is refused here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnterminatedString;

pub(super) fn scan(text: &str) -> Result<Scan, UnterminatedString> {
    let bytes = text.as_bytes();
    let mut found = Scan::default();
    let mut depth = 0_u64;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let length = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += rest.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
                continue;
            }
            b'"' => string_length(rest).ok_or(UnterminatedString)?,
            b'.' if rest.starts_with(b"...") => 3,
            b'{' | b'[' | b'(' => {
                depth += 1;
                found.nesting = found.nesting.max(depth);
                1
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                1
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => run(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            b'0'..=b'9' | b'-' => run(rest, |byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)),
            _ => 1,
        };
        found.tokens += 1;
        at += length;
    }
    Ok(found)
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    // The first byte is known to belong; a sign stands only there.
    1 + bytes.iter().skip(1).take_while(|byte| belongs(**byte)).count()
}

/// The length of the string that begins here, with its quotes.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let block = bytes.starts_with(b"\"\"\"");
    let mut at = if block { 3 } else { 1 };
    loop {
        let rest = bytes.get(at..)?;
        match rest.first()? {
            b'"' if !block => return Some(at + 1),
            b'"' if rest.starts_with(b"\"\"\"") => return Some(at + 3),
            b'\r' | b'\n' if !block => return None,
            b'\\' if !block => at += 2,
            b'\\' if rest.starts_with(b"\\\"\"\"") => at += 4,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(text: &str) -> (u64, u64) {
        let found = scan(text).unwrap();
        (found.tokens, found.nesting)
    }

    #[test]
    fn tokens_are_those_of_the_specification() {
        assert_eq!(counted(""), (0, 0));
        assert_eq!(counted("{ a }"), (3, 1));
        assert_eq!(counted("query Q($a: [Int!] = [1, -2.5e+3]) { ...F @include(if: $b) }"), (28, 2));
        assert_eq!(counted("{ a # } } } {{{{\n b }"), (4, 1));
        assert_eq!(counted("\u{feff}{a}").1, 1);
    }

    #[test]
    fn strings_hide_their_content() {
        assert_eq!(counted(r#"{ a(b: "{{{\"{{{") }"#), (8, 2));
        assert_eq!(counted("{ a(b: \"\"\"{{ \" {{ \\\"\"\" {{\n\"\"\") }"), (8, 2));
        assert_eq!(counted(r#"{ a(b: "", c: """""") }"#), (11, 2));
    }

    #[test]
    fn a_string_that_does_not_end_is_refused() {
        for text in ["\"", "\"a\n\"", "\"\"\"", "[ \"\"\" x \" {{{{", "\"\\", "\"\"\" \\\"\"\""] {
            assert_eq!(scan(text), Err(UnterminatedString), "{text}");
        }
    }

    #[test]
    fn any_bytes_are_scanned_without_a_panic() {
        for text in ["é\"é\"", "}}}{", "...", "..", "-", "\u{0}", "@@@"] {
            assert!(scan(text).is_ok(), "{text}");
        }
    }
}
