//! The key that a provider knows us by, and where it goes.

use reqwest::RequestBuilder;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use url::Url;

use crate::config::Secret;

/// Where in a request a key stands.
#[derive(Clone, Debug)]
pub(in crate::market_data::providers) enum KeyPlace {
    /// A header, with what comes before the key.
    Header(String, &'static str),
    /// A parameter of the address.
    Parameter(&'static str),
}

/// A key with its place.
#[derive(Clone, Debug)]
pub(in crate::market_data::providers) struct Key {
    pub(in crate::market_data::providers) place: KeyPlace,
    pub(in crate::market_data::providers) secret: Secret,
}

impl Key {
    pub(super) fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    /// `url` with the key, if that is where it goes.
    pub(super) fn in_address(&self, url: &Url) -> Url {
        let mut url = url.clone();
        if let KeyPlace::Parameter(name) = &self.place {
            url.query_pairs_mut().append_pair(name, self.expose());
        }
        url
    }

    /// `request` with the key, if it goes into a header.
    pub(super) fn in_header(&self, request: RequestBuilder) -> RequestBuilder {
        let KeyPlace::Header(name, before) = &self.place else { return request };
        match HeaderValue::from_str(&format!("{before}{}", self.expose())) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(name, value)
            }
            // Registry::from_config has refused a key that is no header.
            Err(_) => request,
        }
    }
}
