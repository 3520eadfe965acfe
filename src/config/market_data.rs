//! Providers of market data: whom to ask, where, how often, how long to wait, and in which order.

use std::{collections::BTreeMap, time::Duration};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Problem, Secret, out_of_range};

mod reader;

pub use reader::{AnswerFormat, BasisName, ReaderColumns, ReaderConfig, ReaderKind};

/// The names of the providers that are built in.
pub const BUILT_IN: [&str; 8] = ["ecb", "yahoo", "stooq", "alpha_vantage", "tiingo", "coingecko", "openfigi", "fred"];

/// `[market_data]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MarketDataConfig {
    /// For how many days rows are kept as they were delivered. Those that wait for a decision are kept until it is made.
    pub keep_staged_days: u32,
    /// How all providers are asked.
    pub fetch: FetchConfig,
    /// Reference rates of the European Central Bank.
    pub ecb: ProviderConfig,
    /// Which of its two forms the ECB is asked for.
    pub ecb_form: EcbForm,
    /// Charts in the form of Yahoo's.
    pub yahoo: ProviderConfig,
    /// Daily prices of stooq.com.
    pub stooq: ProviderConfig,
    /// Daily prices of alphavantage.co.
    pub alpha_vantage: ProviderConfig,
    /// Whether the plan at Alpha Vantage has adjusted closes, dividends and splits.
    pub alpha_vantage_adjusted: bool,
    /// Daily prices of tiingo.com.
    pub tiingo: ProviderConfig,
    /// Crypto assets at coingecko.com.
    pub coingecko: ProviderConfig,
    /// Identifiers at openfigi.com.
    pub openfigi: ProviderConfig,
    /// Series of the Federal Reserve Bank of St. Louis.
    pub fred: ProviderConfig,
    /// Further providers, described by the operator.
    pub readers: Vec<ReaderConfig>,
    /// Feeds of headlines, RSS or Atom.
    pub feeds: Vec<FeedConfig>,
    /// Series of the market at large that are kept up to date.
    pub series: Vec<SeriesConfig>,
    /// Keys of readers by their names.
    pub keys: BTreeMap<String, Secret>,
    /// Whom to ask for what, the first one first. The most specific route counts.
    pub routes: Vec<RouteConfig>,
}

impl Default for MarketDataConfig {
    fn default() -> Self {
        Self {
            keep_staged_days: 30,
            fetch: FetchConfig::default(),
            // Its rates are published for everyone; the others have terms that an operator has to agree to first.
            ecb: ProviderConfig {
                enabled: true,
                ..ProviderConfig::at("https://www.ecb.europa.eu/stats/eurofxref/", 30)
            },
            ecb_form: EcbForm::default(),
            yahoo: ProviderConfig::at("https://query1.finance.yahoo.com/", 60),
            stooq: ProviderConfig::at("https://stooq.com/", 20),
            alpha_vantage: ProviderConfig::at("https://www.alphavantage.co/", 5),
            alpha_vantage_adjusted: false,
            tiingo: ProviderConfig::at("https://api.tiingo.com/", 60),
            coingecko: ProviderConfig::at("https://api.coingecko.com/", 10),
            openfigi: ProviderConfig::at("https://api.openfigi.com/", 20),
            fred: ProviderConfig::at("https://fred.stlouisfed.org/", 30),
            readers: Vec::new(),
            feeds: Vec::new(),
            series: Vec::new(),
            keys: BTreeMap::new(),
            routes: Vec::new(),
        }
    }
}

/// The two forms in which the ECB publishes.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EcbForm {
    /// XML: the day, ninety days, or all.
    #[default]
    Xml,
    /// Zipped CSV: the day, or all.
    Csv,
}

/// `[market_data.fetch]`: what holds for every provider.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FetchConfig {
    /// How the server names itself to providers.
    pub user_agent: String,
    /// One try, from connecting to the last byte.
    pub attempt_timeout_ms: u64,
    /// The longest silence within an answer.
    pub read_timeout_ms: u64,
    /// A larger answer is refused while it comes, counted after decompression.
    pub body_limit_bytes: u64,
    /// How often a question is asked before it is given up.
    pub max_attempts: u32,
    /// The first wait between two tries; each further one is twice as long, and chance is added.
    pub backoff_ms: u64,
    /// A provider that asks to wait longer than this is not waited for.
    pub max_retry_after_seconds: u64,
    /// Redirects that are followed, one after the other.
    pub max_redirects: u32,
    /// Questions that fail one after the other before a provider is left alone.
    pub circuit_failures: u32,
    /// How long it is left alone before one question tries again.
    pub circuit_open_seconds: u64,
    /// Questions to one provider at once.
    pub concurrency: u32,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            user_agent: concat!("portfolio-analyzer/", env!("CARGO_PKG_VERSION")).to_owned(),
            attempt_timeout_ms: 30_000,
            read_timeout_ms: 10_000,
            body_limit_bytes: 64 << 20,
            max_attempts: 4,
            backoff_ms: 500,
            max_retry_after_seconds: 60,
            max_redirects: 5,
            circuit_failures: 5,
            circuit_open_seconds: 300,
            concurrency: 4,
        }
    }
}

/// `[market_data.NAME]`: one provider.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// Whether it may be asked.
    pub enabled: bool,
    /// Where it is, or a mirror of it.
    pub base_url: String,
    /// What it knows us by.
    pub key: Option<Secret>,
    /// Whether it may be asked every minute while an exchange is open.
    pub intraday: bool,
    /// Requests a minute.
    pub requests_per_minute: u32,
    /// One question with all its tries and waits.
    pub deadline_seconds: u64,
    /// Networks that are not public and may be connected to nevertheless: a mirror of one's own.
    pub allowed_addresses: Vec<IpNet>,
    /// What it appends to the ticker of a market, by ISO 10383 code, where that differs from what is built in.
    pub suffixes: BTreeMap<String, String>,
}

impl Default for ProviderConfig {
    fn default() -> Self {
        Self::at("", 30)
    }
}

impl ProviderConfig {
    fn at(base_url: &str, requests_per_minute: u32) -> Self {
        Self {
            enabled: false,
            base_url: base_url.to_owned(),
            key: None,
            intraday: false,
            requests_per_minute,
            deadline_seconds: 120,
            allowed_addresses: Vec::new(),
            suffixes: BTreeMap::new(),
        }
    }

    /// `deadline_seconds` as a duration.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_seconds)
    }
}

/// `[[market_data.feeds]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FeedConfig {
    /// What the feed is called here.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Networks that are not public and may be connected to nevertheless.
    #[serde(default)]
    pub allowed_addresses: Vec<IpNet>,
}

/// `[[market_data.series]]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesConfig {
    /// What the series is called here.
    pub code: String,
    /// Who has it: `fred`, or a reader of indicators.
    pub provider: String,
    /// What it is called there.
    pub series: String,
}

/// `[[market_data.routes]]`: the order for those instruments that everything given here fits.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouteConfig {
    /// Instruments of this ticker.
    pub symbol: Option<String>,
    /// Instruments of this market, by its ISO 10383 code.
    pub mic: Option<String>,
    /// Instruments of this kind, e.g. `CRYPTO`.
    pub asset_class: Option<String>,
    /// The providers by name, the first one first.
    pub providers: Vec<String>,
}

impl MarketDataConfig {
    /// `keep_staged_days` as a duration.
    #[must_use]
    pub fn keep_staged(&self) -> Duration {
        Duration::from_secs(u64::from(self.keep_staged_days) * 86_400)
    }

    /// The built-in providers with their names, in the order in which they are asked unless a route says otherwise.
    #[must_use]
    pub fn built_in(&self) -> [(&'static str, &ProviderConfig); 8] {
        let [ecb, yahoo, stooq, alpha_vantage, tiingo, coingecko, openfigi, fred] = BUILT_IN;
        [
            (ecb, &self.ecb),
            (yahoo, &self.yahoo),
            (stooq, &self.stooq),
            (alpha_vantage, &self.alpha_vantage),
            (tiingo, &self.tiingo),
            (coingecko, &self.coingecko),
            (openfigi, &self.openfigi),
            (fred, &self.fred),
        ]
    }

    /// The names of those that may be asked every minute while an exchange is open.
    pub fn intraday(&self) -> impl Iterator<Item = &str> {
        let built_in = self.built_in().into_iter().filter(|(_, provider)| provider.intraday).map(|(name, _)| name);
        built_in.chain(self.readers.iter().filter(|reader| reader.intraday).map(|reader| reader.name.as_str()))
    }

    pub(super) fn validate(&self) -> Vec<Problem> {
        let mut problems = out_of_range(&[("market_data.keep_staged_days", self.keep_staged_days.into(), 1, 3_650)]);
        problems.extend(self.fetch.validate());
        for (name, provider) in self.built_in() {
            problems.extend(provider.validate(name));
        }
        problems.extend(self.readers.iter().flat_map(|reader| {
            reader.problems().into_iter().map(|problem| of("readers", format!("`{}`: {problem}", reader.name)))
        }));
        for feed in &self.feeds {
            if let Err(problem) = web_address(&feed.url) {
                problems.push(of("feeds", format!("`{}`: url {problem}", feed.name)));
            }
        }
        problems.extend(self.names());
        problems.extend(self.orders());
        problems
    }

    /// A name is a key of `market_data.keys` and stands in the log: plain, and there once.
    fn names(&self) -> Vec<Problem> {
        let mut seen: Vec<&str> = BUILT_IN.to_vec();
        let readers = self.readers.iter().map(|reader| ("readers", reader.name.as_str()));
        let mut problems = Vec::new();
        for (section, name) in readers.chain(self.feeds.iter().map(|feed| ("feeds", feed.name.as_str()))) {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
            if name.is_empty() || name.len() > 40 || !name.bytes().all(plain) {
                problems.push(of(section, format!("`{name}`: a name has 1 to 40 of the characters a-z, 0-9, _ and -")));
            }
            if seen.contains(&name) {
                problems.push(of(section, format!("`{name}`: there is another provider of this name")));
            }
            seen.push(name);
        }
        for name in self.keys.keys().filter(|name| !self.readers.iter().any(|reader| reader.name == **name)) {
            problems.push(of("keys", format!("has a key for `{name}`, which is no reader")));
        }
        problems
    }

    fn orders(&self) -> Vec<Problem> {
        let known =
            |name: &String| BUILT_IN.contains(&name.as_str()) || self.readers.iter().any(|reader| reader.name == *name);
        let mut problems = Vec::new();
        for route in &self.routes {
            if route.providers.is_empty() {
                problems.push(of("routes", "a route names no provider".to_owned()));
            }
            for name in route.providers.iter().filter(|name| !known(name)) {
                problems.push(of("routes", format!("`{name}` is neither built in nor one of the readers")));
            }
        }
        for series in self.series.iter().filter(|series| series.provider != "fred") {
            let name = &series.provider;
            let mut readers = self.readers.iter().filter(|reader| reader.kind == ReaderKind::Indicators);
            if !readers.any(|reader| reader.name == *name) {
                problems.push(of("series", format!("`{name}` is neither fred nor one of the readers of indicators")));
            }
        }
        problems
    }
}

/// Whether a provider answers nobody without a key.
fn needs_key(name: &str) -> bool {
    matches!(name, "alpha_vantage" | "tiingo")
}

impl ProviderConfig {
    fn validate(&self, name: &str) -> Vec<Problem> {
        let of = |key: &str, message: String| Problem { key: format!("market_data.{name}.{key}"), message };
        let mut problems = Vec::new();
        if let Err(problem) = web_address(&self.base_url) {
            problems.push(of("base_url", problem));
        }
        if self.enabled && self.key.is_none() && needs_key(name) {
            problems.push(of("enabled", format!("is true, and {name} answers nobody without market_data.{name}.key")));
        }
        for (key, value, most) in [
            ("requests_per_minute", u64::from(self.requests_per_minute), 100_000),
            ("deadline_seconds", self.deadline_seconds, 3_600),
        ] {
            if value < 1 || value > most {
                problems.push(of(key, format!("is {value}; it must lie between 1 and {most}")));
            }
        }
        problems
    }
}

impl FetchConfig {
    fn validate(&self) -> Vec<Problem> {
        let mut problems = out_of_range(&[
            ("market_data.fetch.attempt_timeout_ms", self.attempt_timeout_ms, 10, 600_000),
            ("market_data.fetch.read_timeout_ms", self.read_timeout_ms, 10, 600_000),
            ("market_data.fetch.body_limit_bytes", self.body_limit_bytes, 1 << 10, 1 << 30),
            ("market_data.fetch.max_attempts", self.max_attempts.into(), 1, 20),
            ("market_data.fetch.backoff_ms", self.backoff_ms, 1, 60_000),
            ("market_data.fetch.max_retry_after_seconds", self.max_retry_after_seconds, 0, 3_600),
            ("market_data.fetch.max_redirects", self.max_redirects.into(), 0, 10),
            ("market_data.fetch.circuit_failures", self.circuit_failures.into(), 1, 1_000),
            ("market_data.fetch.circuit_open_seconds", self.circuit_open_seconds, 1, 86_400),
            ("market_data.fetch.concurrency", self.concurrency.into(), 1, 64),
        ]);
        if self.user_agent.is_empty() || !self.user_agent.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            problems.push(of("fetch.user_agent", "must be plain text of one line".to_owned()));
        }
        problems
    }
}

fn of(key: &str, message: String) -> Problem {
    Problem { key: format!("market_data.{key}"), message }
}

/// An address that can be asked: `http` or `https`, a host, no name and password in it.
fn web_address(text: &str) -> Result<Url, String> {
    // The text may hold a password, so it is not repeated.
    let url = Url::parse(text).map_err(|error| format!("is no address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must begin with https:// or http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must hold no name and no password; a key is set by itself".to_owned());
    }
    Ok(url)
}
