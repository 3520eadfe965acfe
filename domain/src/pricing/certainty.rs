//! How far an observation can be relied on.

use super::Status;

/// How certain an observation is, the most certain first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// As published: it changes only if its source corrects it.
    #[default]
    Final,
    /// Of a session that had not closed.
    Provisional,
    /// Accepted or put in by a person in place of what was delivered.
    Estimated,
}

/// What keeps a known value from being a final one of its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// See [`Certainty::Provisional`].
    Provisional,
    /// See [`Status::Stale`].
    Stale {
        /// Calendar days between the observation and the day asked for.
        days: u32,
    },
    /// See [`Certainty::Estimated`].
    Estimated,
}

/// What there is to doubt: an old observation may be an estimated one as well.
pub fn doubts(status: Status, certainty: Certainty) -> impl Iterator<Item = Doubt> {
    let age = match status {
        Status::Complete => None,
        Status::Stale { days } => Some(Doubt::Stale { days }),
    };
    let origin = match certainty {
        Certainty::Final => None,
        Certainty::Provisional => Some(Doubt::Provisional),
        Certainty::Estimated => Some(Doubt::Estimated),
    };
    age.into_iter().chain(origin)
}
