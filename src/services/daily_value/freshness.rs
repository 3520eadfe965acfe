//! How fresh stored values are, and whether they still hold.

use chrono::{DateTime, NaiveDate, Utc};
use domain::valuation::CALCULATION_VERSION;
use uuid::Uuid;

use crate::services::valuation::opening_of;
use crate::services::{ServiceError, Services};
use crate::storage;
use crate::storage::daily_value::{Standing, Status};
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
    /// From which day on they are computed anew.
    pub dirty_from: Option<NaiveDate>,
}

impl Services {
    /// How fresh the stored values are of portfolios that the caller has been shown.
    pub async fn freshness(
        &self,
        session: &Session<Tenant>,
        portfolios: &[Uuid],
    ) -> Result<Vec<(Uuid, Freshness)>, ServiceError> {
        let version = self.market.view(session).await?.version();
        let standings = storage::daily_value::standings(session, portfolios).await?;
        Ok(standings.into_iter().map(|standing| (standing.portfolio, freshness(&standing, version))).collect())
    }
}

/// Whether a status was computed from the market data in force, by the arithmetic in force.
fn is_current(status: &Status, market_version: i64) -> bool {
    status.market_version == market_version && status.calculation_version == CALCULATION_VERSION
}

fn freshness(standing: &Standing, market_version: i64) -> Freshness {
    let status = standing.status.as_ref();
    let outdated = status.is_some_and(|status| !is_current(status, market_version));
    // Everything of an older state is computed again, from its first day on.
    let dirty_from = match status {
        Some(status) if outdated => Some(standing.dirty_from.unwrap_or(status.computed_from).min(status.computed_from)),
        _ => standing.dirty_from,
    };
    let holds = |status: &Status| match dirty_from {
        Some(dirty) => opening_of(dirty).min(status.computed_until),
        None => status.computed_until,
    };
    Freshness {
        recomputing: dirty_from.is_some() || (standing.prices_dirty && status.is_some()),
        computed_until: status.and_then(|status| Some(holds(status)).filter(|until| *until >= status.computed_from)),
        computed_at: status.map(|status| status.computed_at),
        dirty_from,
    }
}
