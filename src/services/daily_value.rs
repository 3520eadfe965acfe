//! Values by day, stored behind the ledger: what is out of date, and computing it anew a stretch at a time.
//!
//! A change marks its portfolio dirty from a day on, and asks for the job, in its own transaction. A stretch is read and
//! computed at one moment and stored only if the mark is still the one that was read then: a change in between leaves the
//! portfolio dirty. So a worker may end anywhere, or run twice, and nothing is lost.

mod history;

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::money::Currency;
use domain::valuation::{CALCULATION_VERSION, Daily};
use uuid::Uuid;

use super::valuation::{View, opening_of};
use super::{Caller, ServiceError, Services, access, settle};
use crate::queue::{self, DAILY_FACTS, Request};
use crate::storage;
use crate::storage::daily_value::{Dirty, Standing, Status};
use crate::storage::market_version::Difference;
use crate::storage::portfolio::Portfolio;
use crate::storage::transaction::LedgerRow;
use crate::tenancy::{Session, Tenant};

/// Days that one transaction stores: about a year, some ten milliseconds of work.
const STRETCH: u64 = 366;

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

/// A stretch to store.
struct Stretch {
    dirty: Dirty,
    currency: Currency,
    daily: Daily,
    status: Status,
    from: NaiveDate,
    /// Whether nothing is left to compute after it.
    is_last: bool,
}

/// What a look at the portfolio came to.
enum Plan {
    Store(Box<Stretch>),
    /// Its ledger holds nothing that counts.
    Forget(Dirty),
}

impl Services {
    /// Notes, in the transaction that adds these rows, that values from the earliest of them on no longer hold.
    pub(super) async fn mark_dirty(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        rows: &[LedgerRow],
    ) -> Result<(), ServiceError> {
        let Some(earliest) = rows.iter().map(|row| row.trade_date).min() else {
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

    /// Marks what has become out of date by itself: holders of instruments with new prices by hand, and everything that
    /// was computed from older market data or by older arithmetic.
    pub async fn daily_values_find_outdated(&self, caller: &Caller) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let result = async {
            let (mark, now) = (self.environment.ids.next(), self.environment.clock.now());
            let version = self.market.view(&session).await?.version();
            storage::daily_value::spread_prices(&session, mark, now).await?;
            storage::daily_value::mark_outdated(&session, mark, now, version, CALCULATION_VERSION).await?;
            Ok(())
        }
        .await;
        settle(session, result).await
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

    /// Everything is read in one session of one moment, the mark too.
    async fn plan(&self, session: &Session<Tenant>, dirty: Dirty) -> Result<Plan, ServiceError> {
        let portfolio = self.portfolio_of(session, dirty.portfolio_id).await?;
        let first = storage::transaction::first_dates(session, &[portfolio.id]).await?.pop();
        let Some((_, first)) = first else {
            return Ok(Plan::Forget(dirty));
        };
        let opening = opening_of(first);
        let market = self.market.view(session).await?;
        let today = self.environment.clock.today();
        let end = market.last_complete_day().map_or(today, |last| last.min(today));
        let kept = storage::daily_value::standings(session, &[portfolio.id]).await?.pop().and_then(|one| one.status);
        let kept =
            kept.filter(|status| status.computed_from == opening && status.calculation_version == CALCULATION_VERSION);
        let from = match kept {
            Some(status) => {
                let holds_until = holds_until(session, &status, market.version()).await?;
                dirty.from_date.min(after(holds_until.unwrap_or(opening_of(opening)))).max(opening)
            }
            None => opening,
        };
        let to = from.checked_add_days(Days::new(STRETCH - 1)).map_or(end, |to| to.min(end));
        let view = View::new(&portfolio, None);
        let daily = self.calendar_days(session, &market, &view, from, to).await?;
        let status = Status {
            portfolio_id: portfolio.id,
            computed_from: opening,
            computed_until: to,
            unknown_until: None,
            computed_at: self.environment.clock.now(),
            market_version: market.version(),
            calculation_version: CALCULATION_VERSION,
            portfolio_version: portfolio.version,
        };
        let is_last = to >= end;
        Ok(Plan::Store(Box::new(Stretch { dirty, currency: view.base, daily, status, from, is_last })))
    }

    async fn portfolio_of(&self, session: &Session<Tenant>, id: Uuid) -> Result<Portfolio, ServiceError> {
        let visible = access::readable(session.actor());
        let found = storage::portfolio::by_ids(session, visible, &[id]).await?.pop();
        found.ok_or_else(|| ServiceError::Internal(format!("portfolio {id} is marked and is not there")))
    }

    async fn store(&self, caller: &Caller, plan: Plan) -> Result<Step, ServiceError> {
        let session = self.write(caller).await?;
        let stored = async {
            // The mark first: from here on a change of the ledger waits for this transaction, which is short.
            match &plan {
                Plan::Forget(dirty) => {
                    let is_current = storage::daily_value::advance(&session, *dirty, None).await?;
                    if is_current {
                        storage::daily_value::forget(&session, dirty.portfolio_id).await?;
                    }
                    Ok(is_current)
                }
                Plan::Store(stretch) => self.store_stretch(&session, stretch).await,
            }
        }
        .await;
        Ok(match settle(session, stored).await? {
            true => Step::Stored,
            false => Step::Overtaken,
        })
    }

    async fn store_stretch(&self, session: &Session<Tenant>, stretch: &Stretch) -> Result<bool, ServiceError> {
        let Stretch { dirty, currency, daily, status, from, is_last } = stretch;
        let on = (!is_last).then(|| (after(status.computed_until), self.environment.ids.next()));
        if !storage::daily_value::advance(session, *dirty, on).await? {
            return Ok(false);
        }
        // After the last stretch nothing may stand: the last complete day may have gone back.
        let to = if *is_last { crate::clock::LAST_DAY } else { status.computed_until };
        storage::daily_value::replace(session, status, *currency, daily, *from, to).await?;
        storage::daily_value::put_status(session, status).await?;
        Ok(true)
    }

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

/// The last stored day before which the market data in force changes nothing; nothing where that is not known.
async fn holds_until(
    session: &Session<Tenant>,
    status: &Status,
    market_version: i64,
) -> Result<Option<NaiveDate>, ServiceError> {
    Ok(match storage::market_version::difference(session, status.market_version, market_version).await? {
        Difference::None => Some(status.computed_until),
        Difference::From(day) => Some(status.computed_until.min(opening_of(day))),
        Difference::Unknown => None,
    })
}

/// The day after; the last there is has none.
fn after(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
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
