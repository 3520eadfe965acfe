//! Which pages may open a WebSocket: browsers do not apply the same-origin policy to them.

use axum::http::{HeaderMap, HeaderValue, header};

/// Whether the request comes from no page at all, from a page of this host, or from a page of an allowed origin.
pub(super) fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = match (origins.next().map(HeaderValue::to_str), origins.next()) {
        (None, _) => return true,
        (Some(Ok(origin)), None) => origin,
        _ => return false,
    };
    if allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    // The scheme may differ, since a proxy in front may end TLS.
    let same =
        |scheme| origin.strip_prefix(scheme).zip(host).is_some_and(|(page, host)| page.eq_ignore_ascii_case(host));
    same("https://") || same("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(origin: Option<&'static str>, allowed: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("api.example.com:8443"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        let allowed: Vec<String> = allowed.iter().map(|&origin| origin.to_owned()).collect();
        is_allowed(&headers, &allowed)
    }

    #[test]
    fn pages_of_the_same_host_or_an_allowed_origin_and_programs_may_connect() {
        assert!(allows(None, &[]));
        assert!(allows(Some("https://api.example.com:8443"), &[]));
        assert!(allows(Some("https://app.example.com"), &["https://app.example.com"]));
    }

    #[test]
    fn other_pages_may_not() {
        for origin in [
            "https://evil.example",
            "https://api.example.com",
            "https://api.example.com:8443.evil.example",
            "null",
            "api.example.com:8443",
            "https://app.example.com.evil.example",
        ] {
            assert!(!allows(Some(origin), &["https://app.example.com"]), "{origin}");
        }
    }
}
