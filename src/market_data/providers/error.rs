//! Why a provider did not answer, in words that may stand in a log: no key, and no address that could hold one.

use std::time::Duration;

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No connection.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// Whom we wanted to reach.
        host: String,
        /// What kept us from it.
        reason: String,
    },
    /// The name leads to an address of a private network, of this machine or of no one.
    #[error("{host} is at an address that is not public; `allowed_addresses` of the provider has to hold it")]
    NotPublic {
        /// Whom we were sent to.
        host: String,
    },
    /// We were sent elsewhere, and do not go.
    #[error("a redirect is not followed: {reason}")]
    Redirected {
        /// Why not.
        reason: String,
    },
    /// Too slow: the whole answer, or the next piece of it.
    #[error("no whole answer within {} ms", waited.as_millis())]
    TooSlow {
        /// How long we waited.
        waited: Duration,
    },
    /// The answer ended before its end.
    #[error("the answer broke off")]
    BrokenOff,
    /// The answer is larger than we take.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// `market_data.fetch.body_limit_bytes`.
        limit: u64,
    },
    /// We asked too often.
    #[error("too many requests{}", after(*retry_after))]
    RateLimited {
        /// When to ask again, if the provider said so or we know.
        retry_after: Option<Duration>,
    },
    /// Our own rate leaves no request within the deadline.
    #[error("no request is left within the deadline; the next one may go out in {} s", retry_after.as_secs())]
    NoTurn {
        /// When the next one may go out.
        retry_after: Duration,
    },
    /// The provider failed so often that it is left alone.
    #[error("left alone for another {} s after it failed repeatedly", retry_after.as_secs())]
    CircuitOpen {
        /// When it is asked again.
        retry_after: Duration,
    },
    /// The provider does not know who we are, or that we may ask this.
    #[error("the key or the plan does not allow it (status {status}){}", quoted(says))]
    Denied {
        /// The status, 200 where the refusal is in the document.
        status: u16,
        /// The beginning of what it said.
        says: String,
    },
    /// Another status than success.
    #[error("status {status}{}", quoted(says))]
    Status {
        /// The status.
        status: u16,
        /// The beginning of what it said.
        says: String,
    },
    /// The provider has no such symbol.
    #[error("it has no symbol `{symbol}`")]
    UnknownSymbol {
        /// As asked.
        symbol: String,
    },
    /// The provider answered for another symbol than the one asked for.
    #[error("asked for `{asked}`, it answered for `{came}`")]
    OtherSymbol {
        /// As asked.
        asked: String,
        /// As answered.
        came: String,
    },
    /// There are no rows, and none were expected to be there already.
    #[error("it has no rows for `{symbol}`")]
    NoRows {
        /// As asked.
        symbol: String,
    },
    /// The answer is not in the documented form.
    #[error("the answer is not in the documented form: {expected}, found {found}")]
    Unreadable {
        /// What should be where.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The provider does not give this at all.
    #[error("it does not give {what}")]
    NotOffered {
        /// Prices, rates, and so on.
        what: &'static str,
    },
}

fn after(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!("; ask again in {} s", wait.as_secs()))
}

fn quoted(says: &str) -> String {
    if says.is_empty() { String::new() } else { format!(": {says}") }
}

impl ProviderError {
    /// A word for it that never changes, for logs and counts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "UNREACHABLE",
            Self::NotPublic { .. } => "NOT_PUBLIC",
            Self::Redirected { .. } => "REDIRECTED",
            Self::TooSlow { .. } => "TOO_SLOW",
            Self::BrokenOff => "BROKEN_OFF",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::NoTurn { .. } => "NO_TURN",
            Self::CircuitOpen { .. } => "CIRCUIT_OPEN",
            Self::Denied { .. } => "DENIED",
            Self::Status { .. } => "STATUS",
            Self::UnknownSymbol { .. } => "UNKNOWN_SYMBOL",
            Self::OtherSymbol { .. } => "OTHER_SYMBOL",
            Self::NoRows { .. } => "NO_ROWS",
            Self::Unreadable { .. } => "UNREADABLE",
            Self::NotOffered { .. } => "NOT_OFFERED",
        }
    }

    /// Whether the same question may well be answered in a moment.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TooSlow { .. } | Self::BrokenOff | Self::RateLimited { .. } => true,
            Self::Status { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// Whether another question would fare no better: it is the provider that fails, not what it was asked for.
    #[must_use]
    pub fn is_of_the_provider(&self) -> bool {
        match self {
            Self::Status { status, .. } => *status >= 500,
            Self::UnknownSymbol { .. } | Self::OtherSymbol { .. } | Self::NoRows { .. } | Self::NotOffered { .. } => {
                false
            }
            _ => true,
        }
    }

    pub(super) fn unreadable(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Unreadable { expected: expected.into(), found: found.into() }
    }

    /// The error without `secret`, which a provider may have repeated in what it said.
    pub(super) fn without(self, secret: &str) -> Self {
        let clean = |text: String| if secret.is_empty() { text } else { text.replace(secret, "****") };
        match self {
            Self::Denied { status, says } => Self::Denied { status, says: clean(says) },
            Self::Status { status, says } => Self::Status { status, says: clean(says) },
            Self::OtherSymbol { asked, came } => Self::OtherSymbol { asked, came: clean(came) },
            Self::Unreadable { expected, found } => Self::Unreadable { expected: clean(expected), found: clean(found) },
            Self::Redirected { reason } => Self::Redirected { reason: clean(reason) },
            other => other,
        }
    }
}
