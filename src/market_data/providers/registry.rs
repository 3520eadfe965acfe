//! The providers of an installation, made from its configuration.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use super::alpha_vantage::AlphaVantage;
use super::client::{Client, Key, KeyPlace, Settings, Times};
use super::coingecko::CoinGecko;
use super::ecb::Ecb;
use super::feed::Feed;
use super::fred::Fred;
use super::generic::Generic;
use super::openfigi::OpenFigi;
use super::stooq::Stooq;
use super::tiingo::Tiingo;
use super::yahoo::Yahoo;
use super::{Capability, Provider, ProviderError, Wanted};
use crate::config::{
    FeedConfig, FetchConfig, MarketDataConfig, ProviderConfig, ReaderConfig, RouteConfig, Secret, SeriesConfig,
};

/// Why providers cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// An address that the configuration let pass is none.
    #[error("market_data: the address of {name} cannot be used: {source}")]
    Address {
        /// The provider.
        name: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// A key that cannot be sent.
    #[error("market_data: the key of {name} holds characters that cannot be sent")]
    Key {
        /// The provider.
        name: String,
    },
    /// TLS cannot be set up.
    #[error("market_data: TLS cannot be set up on this machine: {0}")]
    Tls(#[from] reqwest::Error),
}

/// The providers that may be asked, and in which order.
#[derive(Clone, Debug)]
pub struct Registry {
    providers: Vec<Arc<dyn Provider>>,
    pub(super) routes: Vec<RouteConfig>,
    /// The series of the market at large that are asked for.
    pub(in crate::market_data) series: Vec<SeriesConfig>,
    /// Who may be asked every minute, by name.
    intraday: Vec<String>,
    pub(super) times: Times,
}

impl Registry {
    /// The providers that the configuration enables.
    ///
    /// # Errors
    /// What keeps one of them from being set up.
    pub fn from_config(config: &MarketDataConfig, times: &Times) -> Result<Self, RegistryError> {
        let mut providers = Vec::new();
        let enabled = config.built_in().into_iter().filter(|(_, provider)| provider.enabled);
        for (name, provider) in enabled {
            providers.push(built_in(name, provider, config, times)?);
        }
        for reader in &config.readers {
            providers.push(generic(reader, config, times)?);
        }
        for feed in &config.feeds {
            providers.push(headlines(feed, config, times)?);
        }
        let intraday = config.intraday().map(str::to_owned).collect();
        let mut series = config.series.clone();
        series.retain(|one| providers.iter().any(|provider| provider.name() == one.provider));
        Ok(Self { providers, routes: config.routes.clone(), series, intraday, times: times.clone() })
    }

    /// Nobody to ask.
    #[must_use]
    pub fn none(times: &Times) -> Self {
        Self {
            providers: Vec::new(),
            routes: Vec::new(),
            series: Vec::new(),
            intraday: Vec::new(),
            times: times.clone(),
        }
    }

    /// Those of them that may be asked every minute.
    #[must_use]
    pub fn of_intraday(&self) -> Self {
        let mut few = self.clone();
        few.providers.retain(|provider| self.intraday.iter().any(|name| name == provider.name()));
        few
    }

    /// The provider of this name, if it is enabled.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|provider| provider.name() == name)
    }

    /// The names of those that are enabled.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().map(|provider| provider.name())
    }

    /// Those that give something, in the order in which they are configured.
    pub fn that_give(&self, what: Capability) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.providers.iter().filter(move |provider| provider.offers().contains(&what))
    }
}

fn built_in(
    name: &str,
    provider: &ProviderConfig,
    config: &MarketDataConfig,
    times: &Times,
) -> Result<Arc<dyn Provider>, RegistryError> {
    let base = address(name, &provider.base_url)?;
    let client = client(name, provider, &config.fetch, times)?;
    let suffixes = provider.suffixes.clone();
    Ok(match name {
        "yahoo" => Arc::new(Yahoo::new(client, base, suffixes)),
        "stooq" => Arc::new(Stooq::new(client, base, suffixes)),
        "alpha_vantage" => Arc::new(AlphaVantage::new(client, base, suffixes, config.alpha_vantage_adjusted)),
        "tiingo" => Arc::new(Tiingo::new(client, base, suffixes)),
        "coingecko" => Arc::new(CoinGecko::new(client, base)),
        "openfigi" => Arc::new(OpenFigi::new(client, base)),
        "fred" => Arc::new(Fred::new(client, base)),
        _ => Arc::new(Ecb::new(client, base, config.ecb_form)),
    })
}

fn generic(
    reader: &ReaderConfig,
    config: &MarketDataConfig,
    times: &Times,
) -> Result<Arc<dyn Provider>, RegistryError> {
    let place = match &reader.key_header {
        Some(name) => KeyPlace::Header(name.clone(), ""),
        None => KeyPlace::Header("authorization".to_owned(), "Bearer "),
    };
    let settings = Settings {
        fetch: config.fetch.clone(),
        requests_per_minute: reader.requests_per_minute,
        deadline: Duration::from_secs(reader.deadline_seconds),
        allowed_addresses: reader.allowed_addresses.clone(),
        key: key(&reader.name, config.keys.get(&reader.name), place)?,
    };
    Ok(Arc::new(Generic::new(Client::new(settings, times.clone())?, reader.clone())))
}

fn headlines(feed: &FeedConfig, config: &MarketDataConfig, times: &Times) -> Result<Arc<dyn Provider>, RegistryError> {
    let like = ProviderConfig::default();
    let settings = Settings {
        fetch: config.fetch.clone(),
        requests_per_minute: like.requests_per_minute,
        deadline: like.deadline(),
        allowed_addresses: feed.allowed_addresses.clone(),
        key: None,
    };
    let url = address(&feed.name, &feed.url)?;
    Ok(Arc::new(Feed::new(Client::new(settings, times.clone())?, feed.name.clone(), url)))
}

fn client(name: &str, provider: &ProviderConfig, fetch: &FetchConfig, times: &Times) -> Result<Client, RegistryError> {
    let place = match name {
        "alpha_vantage" => KeyPlace::Parameter("apikey"),
        "tiingo" => KeyPlace::Header("authorization".to_owned(), "Token "),
        "coingecko" if provider.base_url.contains("//pro-api.") => KeyPlace::Header("x-cg-pro-api-key".to_owned(), ""),
        "coingecko" => KeyPlace::Header("x-cg-demo-api-key".to_owned(), ""),
        "openfigi" => KeyPlace::Header("x-openfigi-apikey".to_owned(), ""),
        _ => KeyPlace::Header("authorization".to_owned(), "Bearer "),
    };
    let settings = Settings {
        fetch: fetch.clone(),
        requests_per_minute: provider.requests_per_minute,
        deadline: provider.deadline(),
        allowed_addresses: provider.allowed_addresses.clone(),
        key: key(name, provider.key.as_ref(), place)?,
    };
    Ok(Client::new(settings, times.clone())?)
}

/// A key of plain characters, which any place takes as it is.
fn key(name: &str, secret: Option<&Secret>, place: KeyPlace) -> Result<Option<Key>, RegistryError> {
    let Some(secret) = secret else { return Ok(None) };
    if !secret.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(RegistryError::Key { name: name.to_owned() });
    }
    Ok(Some(Key { place, secret: secret.clone() }))
}

fn address(name: &str, text: &str) -> Result<Url, RegistryError> {
    Url::parse(text).map_err(|source| RegistryError::Address { name: name.to_owned(), source })
}

/// The address of `path` below `base`, whether that ends in a slash or not.
pub(super) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/'));
    }
    url
}

/// The one instrument of a question to a provider that takes one at a time.
pub(super) fn single(wanted: &[Wanted]) -> Result<&Wanted, ProviderError> {
    match wanted {
        [single] => Ok(single),
        _ => Err(ProviderError::NotOffered { what: "prices of several instruments in one answer" }),
    }
}

/// `text` as it may stand anywhere in an address.
pub(super) fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
