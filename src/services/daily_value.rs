//! Values by day, stored behind the ledger: what is out of date, and computing it anew a stretch at a time.
//!
//! A change marks its portfolio dirty from a day on, and asks for the job, in its own transaction. A stretch is read and
//! computed at one moment and stored only if the mark is still the one that was read then: a change in between leaves the
//! portfolio dirty. So a worker may end anywhere, or run twice, and nothing is lost.

mod freshness;
mod history;
mod stretch;

use chrono::NaiveDate;
use domain::valuation::CALCULATION_VERSION;
use uuid::Uuid;

pub use self::freshness::Freshness;

use super::valuation::opening_of;
use super::{Caller, ServiceError, Services, settle};
use crate::market_data::MarketView;
use crate::queue::{self, DAILY_FACTS, Request};
use crate::storage;
use crate::storage::daily_value::Dirty;
use crate::tenancy::{Session, Tenant};

/// What one step came to.
#[derive(Debug)]
pub enum Step {
    /// Nothing is out of date.
    Nothing,
    /// A stretch of a portfolio was stored.
    Stored,
    /// The portfolio was changed while it was computed: it is computed again.
    Overtaken,
    /// The portfolio cannot be valued. It stays out of date, and is answered as it was before there were stored values.
    Failed {
        /// Which one.
        portfolio: Uuid,
        /// Why.
        error: ServiceError,
    },
}

impl Services {
    /// Notes, in the transaction that changes the ledger, that values from the earliest changed day on no longer hold.
    pub(super) async fn mark_dirty(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        earliest: Option<NaiveDate>,
    ) -> Result<(), ServiceError> {
        let Some(earliest) = earliest else {
            return Ok(());
        };
        let mark = self.environment.ids.next();
        // The close before is the one that a history opens from.
        let dirty = Dirty { portfolio_id: portfolio, from_date: opening_of(earliest), mark };
        storage::daily_value::mark_portfolio(session, dirty, self.environment.clock.now()).await?;
        self.ask_for_daily_facts(session, mark).await
    }

    /// Notes, in the transaction that enters these prices, that values of their holders no longer hold.
    pub(super) async fn mark_prices_dirty(
        &self,
        session: &Session<Tenant>,
        prices: impl Iterator<Item = (Uuid, NaiveDate)>,
    ) -> Result<(), ServiceError> {
        storage::daily_value::mark_prices(session, prices, self.environment.clock.now()).await?;
        self.ask_for_daily_facts(session, self.environment.ids.next()).await
    }

    async fn ask_for_daily_facts(&self, session: &Session<Tenant>, id: Uuid) -> Result<(), ServiceError> {
        let now = self.environment.clock.now();
        Ok(queue::enqueue(session, Request { id, kind: DAILY_FACTS, key: "", at: now, due: now }).await?)
    }

    /// Marks what has become out of date by itself: holders of instruments with new prices by hand, everything that was
    /// computed from older market data or by older arithmetic, and what lacks a day that has come since.
    pub async fn daily_values_find_outdated(&self, caller: &Caller) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let result = async {
            let (mark, now) = (self.environment.ids.next(), self.environment.clock.now());
            let market = self.market.view(&session).await?;
            storage::daily_value::spread_prices(&session, mark, now).await?;
            storage::daily_value::mark_outdated(&session, mark, now, market.version(), CALCULATION_VERSION).await?;
            storage::daily_value::mark_short(&session, mark, now, self.last_day(&market)).await?;
            Ok(())
        }
        .await;
        settle(session, result).await
    }

    /// The last day that values are stored of: the market's last complete one, today at the latest.
    pub(super) fn last_day(&self, market: &MarketView) -> NaiveDate {
        let today = self.environment.clock.today();
        market.last_complete_day().map_or(today, |last| last.min(today))
    }

    /// How many portfolios are out of date.
    pub async fn daily_values_left(&self, caller: &Caller) -> Result<u64, ServiceError> {
        let session = self.read(caller).await?;
        let left = storage::daily_value::count_dirty(&session).await.map_err(ServiceError::from);
        settle(session, left).await
    }

    /// Computes and stores one stretch of one portfolio that is out of date, but for those to leave out.
    pub async fn daily_values_step(&self, caller: &Caller, but: &[Uuid]) -> Result<Step, ServiceError> {
        let session = self.read(caller).await?;
        let found = async {
            let Some(dirty) = storage::daily_value::next_dirty(&session, but).await? else {
                return Ok(None);
            };
            match self.plan(&session, dirty).await {
                Err(ServiceError::Database(error)) => Err(ServiceError::Database(error)),
                planned => Ok(Some((dirty.portfolio_id, planned))),
            }
        }
        .await;
        session.close().await?;
        match found? {
            None => Ok(Step::Nothing),
            Some((portfolio, Err(error))) => Ok(Step::Failed { portfolio, error }),
            Some((_, Ok(plan))) => self.store(caller, plan).await,
        }
    }
}
