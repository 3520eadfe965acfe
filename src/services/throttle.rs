//! Holding back who guesses: growing waits, by account and by network address, that keep nobody from their account who comes
//! from where they came from before. The counts are in the database, so that they hold for all servers and outlive each.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Origin, Refusal, RefusalCode, ServiceError, Services, settle};
use crate::storage;
use crate::storage::throttle::Count;
use crate::tenancy::{Access, Platform, Session};

/// Failures of one account from one network address that cost nothing.
const FREE_PAIR: i32 = 5;
/// Failures of one account from everywhere that cost nothing.
const FREE_ACCOUNT: i32 = 30;
/// Failures of one network address at all accounts that cost nothing.
const FREE_ADDRESS: i32 = 100;
/// The longest wait.
const LONGEST: TimeDelta = TimeDelta::minutes(15);
/// The longest wait of who comes from where they came from before: another at that address may be guessing.
const LONGEST_KNOWN: TimeDelta = TimeDelta::minutes(1);
/// How long after the last one failures count.
pub(super) const COUNTED: TimeDelta = TimeDelta::days(1);
/// How long an address is known after the last log-in from it.
pub(super) const KNOWN: TimeDelta = TimeDelta::days(90);

/// What is tried. The counts of one kind do not bear on another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tried {
    /// A password.
    Password,
    /// To have a mail sent to somebody.
    Mail,
}

/// An attempt that was let through, and is counted as a failure until [`Services::attempt_succeeded`].
#[derive(Debug)]
pub(super) struct Attempt {
    pair: Vec<u8>,
    others: Vec<Vec<u8>>,
}

impl Services {
    /// Lets an attempt at an account through, or says how long to wait. It depends only on what was typed and from where: an
    /// account that does not exist is counted like one that does. `realm` is the firm's short name, empty for the platform.
    pub(super) async fn attempt(
        &self,
        tried: Tried,
        realm: &str,
        email: &str,
        origin: &Origin,
    ) -> Result<Attempt, ServiceError> {
        let (email, network) = (email.trim().to_lowercase(), network(origin.address.as_deref()));
        let kind = match tried {
            Tried::Password => "password",
            Tried::Mail => "mail",
        };
        let pair = self.pseudonyms.of(&[kind, "pair", realm, &email, &network]);
        let account = self.pseudonyms.of(&[kind, "account", realm, &email]);
        let address = self.pseudonyms.of(&[kind, "address", &network]);
        let session = self.gateway.platform(Access::Write).await?;
        let attempt = self.count(&session, tried, [pair, account, address]).await;
        settle(session, attempt).await
    }

    async fn count(
        &self,
        session: &Session<Platform>,
        tried: Tried,
        [pair, account, address]: [Vec<u8>; 3],
    ) -> Result<Attempt, ServiceError> {
        let now = self.environment.clock.now();
        let is_known =
            matches!(tried, Tried::Password) && storage::throttle::is_known(session, &pair, now - KNOWN).await?;
        let counts = storage::throttle::lock(session, [&pair, &account, &address], now).await?;
        let mut held: Option<DateTime<Utc>> = None;
        let mut counted = Vec::new();
        for count in counts {
            let free = match &count.key {
                key if *key == pair => FREE_PAIR,
                _ if is_known => continue,
                key if *key == account => FREE_ACCOUNT,
                _ => FREE_ADDRESS,
            };
            held = held.max(count.blocked_until.filter(|until| *until > now));
            counted.push(one_more(count, free, if is_known { LONGEST_KNOWN } else { LONGEST }, now));
        }
        if let Some(until) = held {
            return Err(too_many(until - now));
        }
        for count in &counted {
            storage::throttle::set(session, count).await?;
        }
        let others = counted.into_iter().map(|count| count.key).filter(|key| *key != pair).collect();
        Ok(Attempt { pair, others })
    }

    /// Takes back what the attempt was counted as, and knows the network address from now on.
    pub(super) async fn attempt_succeeded(&self, attempt: Attempt) -> Result<(), ServiceError> {
        let session = self.gateway.platform(Access::Write).await?;
        let result = async {
            storage::throttle::clear(&session, &attempt.pair).await?;
            for key in &attempt.others {
                storage::throttle::take_back(&session, key).await?;
            }
            storage::throttle::remember(&session, &attempt.pair, self.environment.clock.now()).await?;
            Ok(())
        }
        .await;
        settle(session, result).await
    }
}

impl Services {
    /// Knows the network address as one that the account's person comes from, who has proved who they are by other means.
    pub(super) async fn know_place(&self, realm: &str, email: &str, origin: &Origin) -> Result<(), ServiceError> {
        let network = network(origin.address.as_deref());
        let pair = self.pseudonyms.of(&["password", "pair", realm, &email.trim().to_lowercase(), &network]);
        self.attempt_succeeded(Attempt { pair, others: Vec::new() }).await
    }
}

fn one_more(count: Count, free: i32, longest: TimeDelta, now: DateTime<Utc>) -> Count {
    let earlier = if count.last_at + COUNTED < now { 0 } else { count.failures };
    let failures = earlier.saturating_add(1);
    let blocked_until = wait(failures - free, longest).map(|wait| now + wait);
    Count { failures, last_at: now, blocked_until, ..count }
}

/// How long to wait after so many failures too many: a second, then twice as long each time.
fn wait(excess: i32, longest: TimeDelta) -> Option<TimeDelta> {
    let doublings = u32::try_from(excess - 1).ok()?;
    Some(TimeDelta::seconds(1 << doublings.min(20)).min(longest))
}

fn too_many(wait: TimeDelta) -> ServiceError {
    // Rounded up: who comes back then is let through.
    let seconds = (wait + TimeDelta::milliseconds(999)).num_seconds().max(1);
    let message = format!("too many attempts: try again in {seconds} seconds");
    let refusal = Refusal::new(RefusalCode::TooManyAttempts, &["input"], message);
    ServiceError::Refused(vec![Refusal { retry_after: u32::try_from(seconds).ok(), ..refusal }])
}

/// What counts as one place: an IPv4 address, the /64 that an IPv6 address is one of.
fn network(address: Option<&str>) -> String {
    let Some(Ok(address)) = address.map(str::parse::<IpAddr>) else {
        return String::new();
    };
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let seconds = |excess| wait(excess, LONGEST).map(|wait| wait.num_seconds());
        assert_eq!(
            [-3, 0, 1, 2, 3, 10, 11, 1_000].map(seconds),
            [None, None, Some(1), Some(2), Some(4), Some(512), Some(900), Some(900)]
        );
    }

    #[test]
    fn one_place_is_an_address_or_a_64() {
        assert_eq!(network(Some("203.0.113.7")), network(Some("::ffff:203.0.113.7")));
        assert_ne!(network(Some("203.0.113.7")), network(Some("203.0.113.8")));
        assert_eq!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:2:ffff::9")));
        assert_ne!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:3::1")));
        assert_eq!(network(None), "");
    }
}
