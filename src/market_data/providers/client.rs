//! The one way out to a provider: an address that may be connected to, within a rate, a deadline and a size, again when
//! it is worth it, and not at all while the circuit is open. The key is added here and taken out of every error.

mod exchange;
mod key;
mod retry_after;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, Utc};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use ipnet::IpNet;
use reqwest::Client as Http;
use url::Url;

use super::address::CheckedResolver;
use super::breaker::Breaker;
use super::timer::{LimiterClock, Timer};
use super::{ProviderError, SystemTimer};
use crate::clock::Clock;
use crate::config::FetchConfig;

pub(super) use key::{Key, KeyPlace};

type Limiter = RateLimiter<NotKeyed, InMemoryState, LimiterClock, NoOpMiddleware<Nanos>>;

/// The largest part of an answer that an error repeats.
const QUOTED: usize = 160;

/// What is asked of a provider: an address without a key.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) url: Url,
    /// A JSON document to post; none gets.
    pub(super) post: Option<String>,
    /// Whether an answer with the status of success says that we asked too often.
    pub(super) says_too_often: fn(&[u8]) -> bool,
}

impl Question {
    pub(super) fn get(url: Url) -> Self {
        Self { url, post: None, says_too_often: |_| false }
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) fetched_at: DateTime<Utc>,
    /// How long we are asked to wait before the next question.
    retry_after: Option<Duration>,
}

impl Reply {
    /// The text of an answer that went well.
    pub(super) fn text(&self) -> Result<&str, ProviderError> {
        self.success()?;
        let text = std::str::from_utf8(&self.body).map_err(|error| {
            ProviderError::unreadable("text in UTF-8", format!("a byte at {}", error.valid_up_to()))
        })?;
        Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// An error unless the status is one of success.
    pub(super) fn success(&self) -> Result<(), ProviderError> {
        match self.status {
            200..=299 => Ok(()),
            429 => Err(ProviderError::RateLimited { retry_after: self.retry_after }),
            status @ (401..=403) => Err(ProviderError::Denied { status, says: self.beginning() }),
            status => Err(ProviderError::Status { status, says: self.beginning() }),
        }
    }

    /// The beginning of what a machine was told; a page for people says nothing in a log.
    pub(super) fn beginning(&self) -> String {
        let text = String::from_utf8_lossy(self.body.get(..QUOTED).unwrap_or(&self.body)).trim().to_owned();
        if text.starts_with('<') { String::new() } else { text.replace(char::is_control, " ") }
    }
}

/// The settings of one provider's client.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) fetch: FetchConfig,
    pub(super) requests_per_minute: u32,
    pub(super) deadline: Duration,
    pub(super) allowed_addresses: Vec<IpNet>,
    pub(super) key: Option<Key>,
}

/// Time as a client needs it.
#[derive(Clone, Debug)]
pub struct Times {
    /// What day it is, for `Retry-After` and the time of an answer.
    pub clock: Arc<dyn Clock>,
    /// What waits are measured and waited by.
    pub timer: Arc<dyn Timer>,
}

impl Times {
    /// Waits by the system's time.
    #[must_use]
    pub fn system(clock: Arc<dyn Clock>) -> Self {
        Self { clock, timer: Arc::new(SystemTimer::default()) }
    }
}

/// Asks one provider.
#[derive(Debug)]
pub(super) struct Client {
    settings: Settings,
    times: Times,
    /// Connects to what is public or allowed.
    chosen: Http,
    /// Connects to what is public only: where a redirect leads.
    elsewhere: Http,
    limiter: Limiter,
    breaker: Breaker,
}

impl Client {
    /// # Errors
    /// What keeps TLS from being set up on this machine.
    pub(super) fn new(settings: Settings, times: Times) -> Result<Self, reqwest::Error> {
        let http = |allowed: &[IpNet]| {
            Http::builder()
                .user_agent(settings.fetch.user_agent.as_str())
                .redirect(reqwest::redirect::Policy::none())
                // A proxy would look names up by itself, past the check.
                .no_proxy()
                .dns_resolver(CheckedResolver(allowed.into()))
                .read_timeout(Duration::from_millis(settings.fetch.read_timeout_ms))
                .connect_timeout(Duration::from_millis(settings.fetch.attempt_timeout_ms))
                .build()
        };
        let per_minute = NonZeroU32::new(settings.requests_per_minute).unwrap_or(NonZeroU32::MIN);
        // A tenth of a minute's requests may come at once, so that a minute never holds much more than its number.
        let burst = NonZeroU32::new(per_minute.get() / 10).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        let breaker =
            Breaker::new(settings.fetch.circuit_failures, Duration::from_secs(settings.fetch.circuit_open_seconds));
        Ok(Self {
            chosen: http(&settings.allowed_addresses)?,
            elsewhere: http(&[])?,
            limiter: RateLimiter::direct_with_clock(quota, LimiterClock(Arc::clone(&times.timer))),
            breaker,
            settings,
            times,
        })
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.times.clock.as_ref()
    }

    pub(super) fn has_key(&self) -> bool {
        self.settings.key.is_some()
    }

    /// The largest answer.
    pub(super) fn body_limit(&self) -> u64 {
        self.settings.fetch.body_limit_bytes
    }

    /// Questions that may be under way at once.
    pub(super) fn concurrency(&self) -> usize {
        self.settings.fetch.concurrency as usize
    }

    /// Asks, and reads the answer by `read`, unless the provider is left alone. No error tells the key.
    pub(super) async fn read<T>(
        &self,
        question: &Question,
        read: impl FnOnce(&Reply) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let now = self.times.timer.elapsed();
        self.breaker.admit(now).map_err(|retry_after| ProviderError::CircuitOpen { retry_after })?;
        let answer = self.attempts(question).await.and_then(|reply| read(&reply));
        self.note(answer.as_ref().err());
        answer.map_err(|error| match &self.settings.key {
            Some(key) => error.without(key.expose()),
            None => error,
        })
    }

    /// What an answer says about the provider.
    fn note(&self, error: Option<&ProviderError>) {
        let now = self.times.timer.elapsed();
        match error {
            // One that names a time further off than we wait is not asked before it.
            Some(ProviderError::RateLimited { retry_after: Some(wait) }) if *wait > self.longest_wait() => {
                self.breaker.open(now, *wait);
            }
            // It was not asked, so this tells nothing about it.
            Some(ProviderError::NoTurn { .. }) => {}
            error => self.breaker.record(now, error.is_some_and(ProviderError::is_of_the_provider)),
        }
    }

    async fn attempts(&self, question: &Question) -> Result<Reply, ProviderError> {
        let timer = self.times.timer.as_ref();
        let until = timer.elapsed().saturating_add(self.settings.deadline);
        let mut waits = self.waits();
        loop {
            self.turn(until).await?;
            let error = match self.attempt(question, until).await {
                Ok(reply) => return Ok(reply),
                Err(error) if error.is_passing() => error,
                Err(error) => return Err(error),
            };
            let Some(wait) = waits.next() else { return Err(error) };
            let asked = match &error {
                ProviderError::RateLimited { retry_after } => *retry_after,
                _ => None,
            };
            let wait = wait.max(asked.unwrap_or_default());
            if asked.is_some_and(|asked| asked > self.longest_wait()) || timer.elapsed().saturating_add(wait) >= until {
                return Err(error);
            }
            timer.sleep(wait).await;
        }
    }

    fn longest_wait(&self) -> Duration {
        Duration::from_secs(self.settings.fetch.max_retry_after_seconds)
    }

    /// The waits between tries: each twice the one before, with up to as much again by chance.
    fn waits(&self) -> impl Iterator<Item = Duration> {
        let fetch = &self.settings.fetch;
        let builder = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(fetch.backoff_ms))
            .with_max_delay(Duration::from_secs(fetch.max_retry_after_seconds.max(1)))
            .with_max_times(fetch.max_attempts.saturating_sub(1) as usize)
            .with_jitter();
        match self.times.timer.seed() {
            Some(seed) => builder.with_jitter_seed(seed).build(),
            None => builder.build(),
        }
    }

    /// Waits until the rate allows another request, unless that is past `until`.
    async fn turn(&self, until: Duration) -> Result<(), ProviderError> {
        let timer = self.times.timer.as_ref();
        while let Err(not_yet) = self.limiter.check() {
            let now = timer.elapsed();
            let wait = not_yet.wait_time_from(Nanos::from(now));
            if now.saturating_add(wait) >= until {
                return Err(ProviderError::NoTurn { retry_after: wait });
            }
            timer.sleep(wait).await;
        }
        Ok(())
    }

    /// One try, which becomes an error where another may go better.
    async fn attempt(&self, question: &Question, until: Duration) -> Result<Reply, ProviderError> {
        let rest = until.saturating_sub(self.times.timer.elapsed());
        let limit = rest.min(Duration::from_millis(self.settings.fetch.attempt_timeout_ms));
        let reply = match tokio::time::timeout(limit, self.exchange(question)).await {
            Ok(reply) => reply?,
            Err(_) => return Err(ProviderError::TooSlow { waited: limit }),
        };
        match reply.status {
            429 => Err(ProviderError::RateLimited { retry_after: reply.retry_after }),
            503 if reply.retry_after.is_some() => Err(ProviderError::RateLimited { retry_after: reply.retry_after }),
            500.. => Err(ProviderError::Status { status: reply.status, says: reply.beginning() }),
            _ if (question.says_too_often)(&reply.body) => Err(ProviderError::RateLimited { retry_after: None }),
            _ => Ok(reply),
        }
    }
}
