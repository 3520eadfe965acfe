//! How fresh the stored daily values of a portfolio are.

use async_graphql::{Enum, SimpleObject};
use chrono::NaiveDate;

use crate::graphql::scalars::{Date, Instant};
use crate::services::daily_value::Freshness;

/// Whether stored daily values are up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DailyFactsState {
    /// Everything that is stored holds.
    Fresh,
    /// A part is being computed anew in the background, after a change of the ledger, of prices or of rates. Answers are
    /// right all the same: what is not stored is computed when it is asked for.
    Recomputing,
}

/// A portfolio's daily values in its base currency, computed in the background and stored: how fresh they are.
#[derive(Clone, Debug, SimpleObject)]
pub struct DailyFacts {
    /// Whether they are up to date.
    state: DailyFactsState,
    /// The last day whose stored value holds. Null where none does.
    computed_until: Option<Date>,
    /// When values were last computed. Null before the first time.
    computed_at: Option<Instant>,
    /// The first day whose value is computed anew. Null where there is none, or where it is not known yet.
    dirty_from: Option<Date>,
    /// When the latest change that has them computed anew was noted. Null where there is none, or before a worker has seen what
    /// the market corrected.
    recomputing_since: Option<Instant>,
}

/// What was corrected of a range, and is being computed anew in the background. The answer is right all the same: it was computed
/// when it was asked for, from what is known since the correction.
#[derive(Clone, Debug, SimpleObject)]
pub struct Recomputing {
    /// The first day whose stored value no longer holds. Null where it is not known yet.
    from: Option<Date>,
    /// When the correction was noted. Null before a worker has seen it.
    since: Option<Instant>,
}

impl Recomputing {
    /// Of a range that ends on this day; nothing where it is not touched.
    pub fn of(freshness: &Freshness, end: NaiveDate) -> Option<Self> {
        let touched = Self { from: freshness.dirty_from.map(Date), since: freshness.dirty_since.map(Instant) };
        freshness.touches(end).then_some(touched)
    }
}

impl From<Freshness> for DailyFacts {
    fn from(freshness: Freshness) -> Self {
        Self {
            state: if freshness.recomputing { DailyFactsState::Recomputing } else { DailyFactsState::Fresh },
            computed_until: freshness.computed_until.map(Date),
            computed_at: freshness.computed_at.map(Instant),
            dirty_from: freshness.dirty_from.map(Date),
            recomputing_since: freshness.dirty_since.map(Instant),
        }
    }
}
