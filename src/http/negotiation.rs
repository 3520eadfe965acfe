//! Media types: which one an answer has, and which ones a question may have.

use axum::http::{HeaderMap, HeaderValue, header};

/// How a GraphQL response is encoded, and which status codes it may therefore have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status code tells what happened.
    GraphqlResponse,
    /// `application/json`: every well-formed request answers 200, since a client cannot trust other codes.
    Json,
}

impl MediaType {
    const ALL: [Self; 2] = [Self::Json, Self::GraphqlResponse];

    const fn subtype(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "graphql-response+json",
            Self::Json => "json",
        }
    }

    pub const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    /// The media type that the `Accept` header likes best; nothing if it likes none.
    ///
    /// A client that names no media type may be one from before `application/graphql-response+json`: it gets
    /// `application/json`. One that names both, and likes them equally, gets the one whose status codes tell more.
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let mut ranges = Vec::new();
        for value in headers.get_all(header::ACCEPT) {
            ranges.extend(value.to_str().ok()?.split(',').filter(|range| !range.trim().is_empty()).map(Range::parse));
        }
        if ranges.is_empty() {
            return Some(Self::Json);
        }
        let liked = Self::ALL.into_iter().filter_map(|media| Some((media, media.liking(&ranges)?)));
        liked.max_by_key(|(_, liking)| *liking).map(|(media, _)| media)
    }

    /// How much the most specific matching range likes it: the weight in thousandths, how specific that range is, and which of
    /// two equals to take. Nothing where it is not accepted.
    fn liking(self, ranges: &[Option<Range<'_>>]) -> Option<(u16, u8, bool)> {
        let matching = ranges.iter().flatten().filter_map(|range| Some((range.specificity(self)?, range.weight)));
        let (specificity, weight) = matching.max()?;
        let is_better = match self {
            Self::GraphqlResponse => specificity == Range::NAMED,
            Self::Json => specificity < Range::NAMED,
        };
        (weight > 0).then_some((weight, specificity, is_better))
    }
}

/// One element of an `Accept` header.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    weight: u16,
}

impl<'a> Range<'a> {
    /// The specificity of a range that names a media type in full.
    const NAMED: u8 = 2;

    /// Reads one element; nothing for one that is malformed or asks for another encoding than UTF-8.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut weight = 1000;
        for parameter in parts {
            let (name, value) = parameter.split_once('=')?;
            if name.eq_ignore_ascii_case("q") {
                let quality: f32 = value.parse().ok().filter(|quality| (0.0..=1.0).contains(quality))?;
                weight = (quality * 1000.0) as u16;
            } else if name.eq_ignore_ascii_case("charset") && !is_utf8(value) {
                return None;
            }
        }
        Some(Self { kind, subtype, weight })
    }

    fn specificity(&self, media: MediaType) -> Option<u8> {
        if self.kind == "*" && self.subtype == "*" {
            return Some(0);
        }
        if !self.kind.eq_ignore_ascii_case("application") {
            return None;
        }
        if self.subtype == "*" {
            return Some(1);
        }
        self.subtype.eq_ignore_ascii_case(media.subtype()).then_some(Self::NAMED)
    }
}

/// Whether a body is JSON in UTF-8 without compression. Everything that a page of another origin can send without asking
/// (forms, plain text, uploads) is not.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let plain = headers.get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
    let Some(Ok(content_type)) = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str) else {
        return false;
    };
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) => !name.eq_ignore_ascii_case("charset") || is_utf8(value),
        None => parameter.is_empty(),
    };
    plain && is_json && parts.all(utf8)
}

fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim_matches('"');
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(accept: &'static str) -> Option<MediaType> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        MediaType::accepted(&headers)
    }

    #[test]
    fn the_accept_header_is_weighed() {
        use MediaType::{GraphqlResponse, Json};
        for (accept, expected) in [
            ("application/json", Some(Json)),
            ("application/graphql-response+json", Some(GraphqlResponse)),
            (
                "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
                Some(GraphqlResponse),
            ),
            ("application/json, application/graphql-response+json", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json;q=0.9", Some(Json)),
            ("application/graphql-response+json;q=0.5, application/json;q=0.51", Some(Json)),
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("application/graphql-response+json, */*", Some(GraphqlResponse)),
            ("text/html, */*;q=0.8", Some(Json)),
            ("*/*;q=0.8, application/json", Some(Json)),
            ("application/graphql-response+json;q=0, */*", Some(Json)),
            ("text/html, application/json;q=0.1", Some(Json)),
            ("APPLICATION/JSON;Q=1", Some(Json)),
            ("", Some(Json)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json; charset=iso-8859-1", None),
            ("application/json;q=2", None),
            ("json", None),
        ] {
            assert_eq!(accepted(accept), expected, "{accept}");
        }
        assert_eq!(MediaType::accepted(&HeaderMap::new()), Some(Json));
    }

    #[test]
    fn only_json_in_utf8_is_a_question() {
        let is = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            is_json(&headers)
        };
        for right in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/json;",
        ] {
            assert!(is(right), "{right}");
        }
        for wrong in [
            "text/plain",
            "application/json; charset=utf-16",
            "multipart/form-data; boundary=x",
            "application/graphql",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "text/plain; application/json",
            "",
        ] {
            assert!(!is(wrong), "{wrong}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn compressed_bodies_are_not_read() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(!is_json(&headers));
    }
}
