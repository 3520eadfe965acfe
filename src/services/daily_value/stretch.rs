//! One stretch of one portfolio: read and computed at one moment, stored in a short transaction of its own.

use chrono::{Days, NaiveDate};
use domain::money::Currency;
use domain::valuation::{CALCULATION_VERSION, Daily};
use uuid::Uuid;

use crate::clock::LAST_DAY;
use crate::services::valuation::{View, opening_of};
use crate::services::{Caller, ServiceError, Services, access, settle};
use crate::storage;
use crate::storage::daily_value::{Dirty, Status};
use crate::storage::market_version::Difference;
use crate::storage::portfolio::Portfolio;
use crate::tenancy::{Session, Tenant};

use super::Step;

/// Days that one transaction stores: about a year, some ten milliseconds of work.
const STRETCH: u64 = 366;

/// A stretch to store.
pub(super) struct Stretch {
    dirty: Dirty,
    currency: Currency,
    daily: Daily,
    status: Status,
    from: NaiveDate,
    /// Whether nothing is left to compute after it.
    is_last: bool,
}

/// What a look at the portfolio came to.
pub(super) enum Plan {
    Store(Box<Stretch>),
    /// Its ledger holds nothing that counts.
    Forget(Dirty),
}

impl Services {
    /// Everything is read in one session of one moment, the mark too.
    pub(super) async fn plan(&self, session: &Session<Tenant>, dirty: Dirty) -> Result<Plan, ServiceError> {
        let portfolio = self.portfolio_of(session, dirty.portfolio_id).await?;
        let first = storage::transaction::first_dates(session, &[portfolio.id], None).await?.pop();
        let Some((_, first)) = first else {
            return Ok(Plan::Forget(dirty));
        };
        let opening = opening_of(first);
        let market = self.market.view(session).await?;
        let end = self.last_day(&market);
        let kept = storage::daily_value::standings(session, &[portfolio.id]).await?.pop().and_then(|one| one.status);
        let kept =
            kept.filter(|status| status.computed_from == opening && status.calculation_version == CALCULATION_VERSION);
        let from = match kept {
            Some(status) => {
                let until = unchanged_until(session, &status, market.version()).await?;
                let until = until.map_or(opening_of(opening), |until| until.min(status.computed_until));
                dirty.from_date.min(after(until)).max(opening)
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

    pub(super) async fn store(&self, caller: &Caller, plan: Plan) -> Result<Step, ServiceError> {
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
        let to = if *is_last { LAST_DAY } else { status.computed_until };
        storage::daily_value::replace(session, status, *currency, daily, *from, to).await?;
        storage::daily_value::put_status(session, status, *from, dirty.mark).await?;
        if *is_last {
            storage::projection::track(session, status.portfolio_id, self.environment.clock.today()).await?;
        }
        Ok(true)
    }
}

/// The last day through which the market data in force is what a status was computed from; nothing where that is not known.
pub(super) async fn unchanged_until(
    session: &Session<Tenant>,
    status: &Status,
    market_version: i64,
) -> Result<Option<NaiveDate>, ServiceError> {
    Ok(match storage::market_version::difference(session, status.market_version, market_version).await? {
        Difference::None => Some(LAST_DAY),
        Difference::From(day) => Some(opening_of(day)),
        Difference::Unknown => None,
    })
}

/// The day after; the last there is has none.
fn after(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
}
