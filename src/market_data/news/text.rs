//! What feeds write, as plain text, instants and addresses.

use chrono::{DateTime, Utc};

/// Characters of a headline at most; one that is longer is no headline.
pub const MAX_HEADLINE: usize = 500;
/// Characters that are kept of a summary.
pub const MAX_SUMMARY: usize = 2_000;
/// Bytes of an address at most.
const MAX_URL: usize = 2_000;

/// Elements whose content is no text.
const SILENT: [&str; 2] = ["script", "style"];

/// Text without markup: elements taken out with what is not to be read, references resolved, white space as single blanks. Nothing of
/// it is to be shown as markup again.
pub fn plain(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        bare.push_str(&rest[..at]);
        let inside = &rest[at + 1..];
        let is_element = inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let Some(end) = inside.find('>').filter(|_| is_element) else {
            // A sign of comparison, not an element.
            bare.push('<');
            rest = inside;
            continue;
        };
        bare.push(' ');
        let name = inside[..end].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        rest = &inside[end + 1..];
        if let Some(silent) = SILENT.iter().find(|silent| silent.eq_ignore_ascii_case(name)) {
            let close = format!("</{silent}");
            let lower = rest.to_ascii_lowercase();
            rest = lower.find(&close).map_or("", |at| &rest[at..]);
        }
    }
    bare.push_str(rest);
    let resolved = resolve(&bare);
    let words: Vec<&str> =
        resolved.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ")
}

/// Resolves the references that feeds use; what is none stays as it is.
fn resolve(text: &str) -> String {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        resolved.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        match end.and_then(|end| Some((end, character(&rest[1..end])?))) {
            Some((end, character)) => {
                resolved.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                resolved.push('&');
                rest = &rest[1..];
            }
        }
    }
    resolved.push_str(rest);
    resolved
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|character| !character.is_control());
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" | "rsquo" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "euro" => '€',
        "pound" => '£',
        _ => return None,
    })
}

/// The first characters of a text.
pub fn shortened(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// An instant as Atom (RFC 3339) or RSS (RFC 2822) write it; a question mark behind it, where the source is not sure, is passed over.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim().trim_end_matches('?');
    let read = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)).ok()?;
    let read = read.to_utc();
    // Older than the web, or beyond what anybody publishes: no instant of a headline.
    (631_152_000..7_258_118_400).contains(&read.timestamp()).then_some(read)
}

/// An address that may be shown as a link: http or https, a host, and no name of a user before it.
pub fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://")?;
    if !["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) || text.len() > MAX_URL {
        return None;
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let unsafe_character = |c: char| c.is_whitespace() || c.is_control() || "\"<>\\^`{|}".contains(c);
    let named = host.split(':').next().is_some_and(|name| name.contains('.') || name == "localhost");
    (named && !host.contains('@') && !text.contains(unsafe_character)).then(|| text.to_owned())
}

/// What an address has in common with others of the same page: without scheme, `www.`, fragment, parameters that only track the reader,
/// and the slash at its end.
pub fn address_key(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or_default();
    let (page, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = page.split_once('/').unwrap_or((page, ""));
    let host = host.to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let tracks =
        |pair: &&str| pair.starts_with("utm_") || ["fbclid=", "gclid=", "cmpid="].iter().any(|p| pair.starts_with(p));
    let mut query: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !tracks(pair)).collect();
    query.sort_unstable();
    format!("{host}/{}?{}", path.trim_end_matches('/'), query.join("&"))
}

/// What a headline has in common with the same one elsewhere: its letters and digits, in one case.
pub fn headline_key(headline: &str) -> String {
    headline.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_taken_out_and_nothing_of_it_is_read() {
        assert_eq!(
            plain("<p>Profit &amp; loss<br/>at  &#8220;Acme&#x201d;</p>"),
            "Profit & loss at \u{201c}Acme\u{201d}"
        );
        assert_eq!(plain("A<script>alert('x')</SCRIPT >B<style>p{}"), "A B");
        assert_eq!(plain("5 < 7 & 8 &unknown; &#0; R&D"), "5 < 7 & 8 &unknown; &#0; R&D");
        // What was written as text is text: it is escaped where it is shown.
        assert_eq!(plain("&lt;b&gt;bold&lt;/b&gt;"), "<b>bold</b>");
        assert_eq!(plain(" \n\t\u{7}"), "");
        assert_eq!(plain("<"), "<");
    }

    #[test]
    fn instants_are_read_as_feeds_write_them() {
        let utc = |text: &str| instant(text).map(|instant| instant.to_rfc3339());
        let noon = Some("2024-03-14T12:00:00+00:00".to_owned());
        assert_eq!(utc("2024-03-14T12:00:00Z"), noon);
        assert_eq!(utc("Thu, 14 Mar 2024 08:00:00 -0400"), noon);
        assert_eq!(utc("Thu, 14 Mar 2024 12:00:00 GMT"), noon);
        assert_eq!(utc("2024-03-14T12:00:00Z?"), noon);
        for text in ["", "yesterday", "2024-03-14", "1969-01-01T00:00:00Z", "2024-02-30T00:00:00Z"] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn only_web_addresses_are_addresses() {
        assert!(address("https://news.example/a?b=c").is_some());
        assert!(address("HTTP://news.example").is_some());
        for text in [
            "",
            "javascript:alert(1)",
            "ftp://news.example/a",
            "//news.example",
            "https://",
            "https:///a",
            "https://user@evil.example/",
            "https://news.example/a b",
            "https://news.example/\"><script>",
            "data:text/html,x",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn one_page_has_one_key() {
        let key = address_key("https://www.News.example/A/?utm_source=rss&id=7#top");
        assert_eq!(key, "news.example/A?id=7");
        assert_eq!(address_key("http://news.example/A?id=7"), key);
        assert_ne!(address_key("http://news.example/a?id=7"), key, "paths have a case");
        assert_eq!(headline_key("Dow slump, tech rallies!"), headline_key("DOW SLUMP – tech rallies"));
    }
}
