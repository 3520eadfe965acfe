//! How fresh stored values are, and whether they still hold.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, NaiveDate, Utc};
use domain::valuation::CALCULATION_VERSION;
use uuid::Uuid;

use crate::services::valuation::opening_of;
use crate::services::{ServiceError, Services};
use crate::storage;
use crate::storage::daily_value::{Standing, Status};
use crate::storage::market_version::Difference;
use crate::tenancy::{Session, Tenant};

/// How fresh the stored values of a portfolio are.
#[derive(Clone, Copy, Debug)]
pub struct Freshness {
    /// Whether a part of them is being computed anew.
    pub recomputing: bool,
    /// The last day that is stored and holds.
    pub computed_until: Option<NaiveDate>,
    /// When values were last computed.
    pub computed_at: Option<DateTime<Utc>>,
    /// From which day on they are computed anew; nothing where there is none, or where it is not known yet.
    pub dirty_from: Option<NaiveDate>,
    /// When the latest change that made them so was noted; nothing where there is none, or before a worker has seen it.
    pub dirty_since: Option<DateTime<Utc>>,
}

impl Freshness {
    /// Whether a range that ends on this day is touched by what is computed anew, and from which day on where that is known.
    pub fn touches(&self, end: NaiveDate) -> bool {
        self.recomputing && self.dirty_from.is_none_or(|dirty| dirty <= end)
    }
}

impl Services {
    /// How fresh the stored values are of portfolios that the caller has been shown.
    pub async fn freshness(
        &self,
        session: &Session<Tenant>,
        portfolios: &[Uuid],
    ) -> Result<Vec<(Uuid, Freshness)>, ServiceError> {
        let market = self.market.view(session).await?;
        let (version, last_day) = (market.version(), self.last_day(&market));
        let standings = storage::daily_value::standings(session, portfolios).await?;
        // Few versions: those that were in force since the oldest values were computed.
        let mut changes: HashMap<i64, Difference> = HashMap::new();
        for status in standings.iter().filter_map(|standing| standing.status.as_ref()) {
            if let Entry::Vacant(unknown) = changes.entry(status.market_version) {
                let difference = storage::market_version::difference(session, status.market_version, version).await?;
                unknown.insert(difference);
            }
        }
        let found = standings.into_iter().map(|standing| {
            let since = standing.status.as_ref().and_then(|status| changes.get(&status.market_version));
            let outdated_from = standing.status.as_ref().and_then(|status| {
                outdated_from(status, version, last_day, since.copied().unwrap_or(Difference::Unknown))
            });
            (standing.portfolio, freshness(&standing, outdated_from))
        });
        Ok(found.collect())
    }
}

/// Whether a status was computed from the market data in force, by the arithmetic in force.
fn is_current(status: &Status, market_version: i64) -> bool {
    status.market_version == market_version && status.calculation_version == CALCULATION_VERSION
}

/// From which day on values no longer hold, of those that were computed from older market data or by older arithmetic. Prices of
/// days after the last one that values are stored of concern none of them.
fn outdated_from(status: &Status, market_version: i64, last_day: NaiveDate, change: Difference) -> Option<NaiveDate> {
    if is_current(status, market_version) {
        return None;
    }
    if status.calculation_version != CALCULATION_VERSION {
        return Some(status.computed_from);
    }
    if matches!(change, Difference::From(day) if day > status.computed_until && last_day <= status.computed_until) {
        return None;
    }
    let after_last = status.computed_until.succ_opt().unwrap_or(status.computed_until);
    Some(match change {
        Difference::Unknown => status.computed_from,
        Difference::None => after_last,
        Difference::From(day) => day.min(after_last),
    })
}

fn freshness(standing: &Standing, outdated_from: Option<NaiveDate>) -> Freshness {
    let status = standing.status.as_ref();
    let dirty_from = standing.dirty_from.into_iter().chain(outdated_from).min();
    let holds = |status: &Status| match dirty_from {
        Some(dirty) => opening_of(dirty).min(status.computed_until),
        None => status.computed_until,
    };
    Freshness {
        recomputing: dirty_from.is_some() || (standing.prices_dirty && status.is_some()),
        computed_until: status.and_then(|status| Some(holds(status)).filter(|until| *until >= status.computed_from)),
        computed_at: status.map(|status| status.computed_at),
        dirty_from,
        dirty_since: standing.dirty_since,
    }
}
