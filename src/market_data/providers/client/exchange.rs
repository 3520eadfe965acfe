//! One exchange over the wire: the request, the redirects that may be followed, and the body up to its limit.

use std::error::Error as _;

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::{Client as Http, Response};
use url::{Host, Url};

use super::{Client, Question, Reply, retry_after};
use crate::market_data::providers::ProviderError;
use crate::market_data::providers::address::{NoPublicAddress, may_connect};

impl Client {
    pub(super) async fn exchange(&self, question: &Question) -> Result<Reply, ProviderError> {
        let first = &question.url;
        let mut url = first.clone();
        let mut followed = 0;
        loop {
            let response = self.send(question, &url).await?;
            let Some(target) = redirect(&response, &url)? else { return self.receive(response, &url).await };
            if question.post.is_some() {
                return Err(refused("what was posted is not posted elsewhere"));
            }
            if followed == self.settings.fetch.max_redirects {
                return Err(refused(format!("there are more than {followed}")));
            }
            followed += 1;
            url = target;
        }
    }

    /// The key goes to the origin that was chosen and nowhere else; only that one may be at an allowed address.
    async fn send(&self, question: &Question, url: &Url) -> Result<Response, ProviderError> {
        let chosen = url.origin() == question.url.origin();
        let allowed = if chosen { self.settings.allowed_addresses.as_slice() } else { &[] };
        // A name is checked where it is looked up, an address is not looked up.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) | None => None,
        };
        if literal.is_some_and(|address| !may_connect(address, allowed)) {
            return Err(ProviderError::NotPublic { host: host(url) });
        }
        let http: &Http = if chosen { &self.chosen } else { &self.elsewhere };
        let key = self.settings.key.as_ref().filter(|_| chosen);
        let address = key.filter(|_| *url == question.url).map_or_else(|| url.clone(), |key| key.in_address(url));
        let mut request = match &question.post {
            Some(document) => http.post(address).header(CONTENT_TYPE, "application/json").body(document.clone()),
            None => http.get(address),
        };
        request = request.header(ACCEPT, "*/*");
        if let Some(key) = key {
            request = key.in_header(request);
        }
        request.send().await.map_err(|error| self.failure(&error, url))
    }

    /// Takes the body piece by piece, so that one without an end is refused at the limit and never held.
    async fn receive(&self, response: Response, url: &Url) -> Result<Reply, ProviderError> {
        let limit = self.settings.fetch.body_limit_bytes;
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(ProviderError::TooLarge { limit });
        }
        let status = response.status().as_u16();
        let now = self.times.clock.now();
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = after.and_then(|value| retry_after::parse(value, now));
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| self.failure(&error, url))?;
            if body.len() as u64 + piece.len() as u64 > limit {
                return Err(ProviderError::TooLarge { limit });
            }
            body.extend_from_slice(&piece);
        }
        Ok(Reply { status, body, fetched_at: self.times.clock.now(), retry_after })
    }

    /// The library's error in our words: its own would repeat the address with the key.
    fn failure(&self, error: &reqwest::Error, url: &Url) -> ProviderError {
        if is_caused_by::<NoPublicAddress>(error) {
            return ProviderError::NotPublic { host: host(url) };
        }
        if error.is_timeout() {
            return ProviderError::TooSlow {
                waited: std::time::Duration::from_millis(self.settings.fetch.read_timeout_ms),
            };
        }
        if error.is_connect() {
            return ProviderError::Unreachable { host: host(url), reason: innermost(error) };
        }
        ProviderError::BrokenOff
    }
}

/// Where a response sends us, if it does.
fn redirect(response: &Response, url: &Url) -> Result<Option<Url>, ProviderError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| url.join(location).ok());
    let target = target.ok_or_else(|| refused("it says not where to"))?;
    match (url.scheme(), target.scheme()) {
        ("http" | "https", "https") | ("http", "http") => {}
        ("https", "http") => return Err(refused("it leads away from TLS")),
        _ => return Err(refused("it leads to no web address")),
    }
    if !target.username().is_empty() || target.password().is_some() {
        return Err(refused("its address holds a name or a password"));
    }
    Ok(Some(target))
}

fn refused(reason: impl Into<String>) -> ProviderError {
    ProviderError::Redirected { reason: reason.into() }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn is_caused_by<E: std::error::Error + 'static>(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// What lies at the bottom, e.g. `Connection refused`; the layers above add the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}
