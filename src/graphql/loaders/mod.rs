//! What would be read once a row is read once a page: one loader a noun, made for one operation and never shared.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Error, Request, Result};
use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::MarketState;
use domain::pricing::Lookup;
use domain::valuation::DoubtfulSpan;
use uuid::Uuid;

use super::context::Operation;
use super::error::ErrorCode;
use crate::services::daily_value::Freshness;
use crate::services::valuation::{History, Snapshot, View};
use crate::storage::account::Account;
use crate::storage::instrument::identifier::Identifier;
use crate::storage::instrument::sector::Sector;
use crate::storage::instrument::succession::Succession;
use crate::storage::instrument::{Dividend, Instrument, Split};
use crate::storage::period_lock::PeriodLock;
use crate::storage::portfolio::Portfolio;
use crate::storage::portfolio_share::Share;
use crate::storage::price::HeldPrice;
use crate::storage::price_override::ByDay;
use crate::storage::transaction::LedgerRow;
use crate::storage::user::User;

/// A failure that every key of a batch shares.
#[derive(Clone)]
pub struct Failure(Error);

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

/// Loads in the name of one operation.
#[derive(Clone)]
pub struct Reads(Arc<Operation>);

/// A portfolio at the close of a day.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SnapshotKey {
    /// The portfolio and its currency.
    pub view: View,
    /// The day.
    pub as_of: NaiveDate,
}

/// A portfolio over a range of days.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HistoryKey {
    /// The portfolio and its currency.
    pub view: View,
    /// The day whose close the range opens from.
    pub opening: NaiveDate,
    /// The last day.
    pub end: NaiveDate,
}

/// What of a portfolio's values over a range is made of prices and rates that are older or not final.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DoubtfulKey(pub HistoryKey);

/// The person with this id, of a portfolio that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PersonKey(pub Uuid);

/// With whom this portfolio is shared, if the caller may share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SharesKey(pub Uuid);

/// The accounts of this portfolio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountsKey(pub Uuid);

/// The instrument with this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InstrumentKey(pub Uuid);

/// The last price of this instrument on this day or before; on the last complete market day where none is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuoteKey(pub Uuid, pub Option<NaiveDate>);

/// The last price of this instrument on a day or before that waits for a decision, as by [`QuoteKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeldPriceKey(pub Uuid, pub Option<NaiveDate>);

/// By what this instrument is and was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IdentifiersKey(pub Uuid);

/// What this instrument followed, and what followed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SuccessionsKey(pub Uuid);

/// What the sector with this code is a part of, and itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SectorPathKey(pub String);

/// The tenant's own prices in force of this instrument, by day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OverridesKey(pub Uuid);

/// The splits of this instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SplitsKey(pub Uuid);

/// The cash dividends of this instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DividendsKey(pub Uuid);

/// What the market with this code does at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MarketStateKey(pub String, pub DateTime<Utc>);

/// The cash dividend with this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DividendKey(pub Uuid);

/// The transaction with this id, if the caller may read its portfolio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransactionKey(pub Uuid);

/// The portfolio with this id, if the caller may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortfolioKey(pub Uuid);

/// The reversal of this transaction, of what had been recorded at a time, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReversalKey(pub Uuid, pub Option<DateTime<Utc>>);

/// The row that stands in the place of this transaction, of what had been recorded at a time, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CorrectionKey(pub Uuid, pub Option<DateTime<Utc>>);

/// The day of this portfolio's first transaction, of what had been recorded at a time, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirstDateKey(pub Uuid, pub Option<DateTime<Utc>>);

/// How fresh the stored daily values of this portfolio are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FreshnessKey(pub Uuid);

/// The lock in force of this portfolio's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeriodLockKey(pub Uuid);

macro_rules! loader {
    ($key:ty => $value:ty, |$operation:ident, $session:ident, $keys:ident| $load:expr) => {
        impl Loader<$key> for Reads {
            type Value = $value;
            type Error = Failure;

            async fn load(&self, $keys: &[$key]) -> Result<HashMap<$key, $value>, Failure> {
                let $operation = &self.0;
                let loaded = async {
                    let $session = $operation.session().await?;
                    $load
                };
                loaded.await.map_err(|error| Failure($operation.fail(error)))
            }
        }
    };
}

mod analytics;
mod lots;
mod market;
mod rates;

pub use analytics::{BookKey, MetricsKey};

pub use rates::{LastDayKey, RiskFreeRateKey, SimulationsKey};

pub use market::{IndicatorValueKey, NewsCountKey, NewsInstrumentsKey, NewsPageKey, NewsRevisionsKey};

pub use lots::{
    LotInstrumentKey, LotMatchesKey, LotPageKey, LotsOpenedKey, MatchPageKey, MatchesKey, SaleMatchesKey, StandingKey,
};

loader!(SnapshotKey => Result<Arc<Snapshot>, Failure>, |operation, session, keys| {
    let mut loaded = HashMap::new();
    let days: HashSet<NaiveDate> = keys.iter().map(|key| key.as_of).collect();
    for as_of in days {
        let views: Vec<View> = keys.iter().filter(|key| key.as_of == as_of).map(|key| key.view.clone()).collect();
        let snapshots = operation.services.snapshots(&session, &views, as_of).await?;
        let answer = |outcome: Result<_, _>| outcome.map_err(|error| Failure(operation.fail(error)));
        loaded.extend(snapshots.into_iter().map(|(view, outcome)| (SnapshotKey { view, as_of }, answer(outcome))));
    }
    Ok(loaded)
});

loader!(HistoryKey => Result<Arc<History>, Failure>, |operation, session, keys| {
    let mut loaded = HashMap::new();
    let ranges: HashSet<(NaiveDate, NaiveDate)> = keys.iter().map(|key| (key.opening, key.end)).collect();
    for (opening, end) in ranges {
        let of_range = keys.iter().filter(|key| (key.opening, key.end) == (opening, end));
        let views: Vec<View> = of_range.map(|key| key.view.clone()).collect();
        let histories = operation.services.histories(&session, &views, opening, end).await?;
        let answer = |outcome: Result<_, _>| outcome.map_err(|error| Failure(operation.fail(error)));
        loaded.extend(histories.into_iter().map(|(view, outcome)| (HistoryKey { view, opening, end }, answer(outcome))));
    }
    Ok(loaded)
});

loader!(DoubtfulKey => Result<Arc<[(String, DoubtfulSpan)]>, Failure>, |operation, session, keys| {
    let mut loaded = HashMap::new();
    let ranges: HashSet<(NaiveDate, NaiveDate)> = keys.iter().map(|key| (key.0.opening, key.0.end)).collect();
    for (opening, end) in ranges {
        let of_range = keys.iter().filter(|key| (key.0.opening, key.0.end) == (opening, end));
        let views: Vec<View> = of_range.map(|key| key.0.view.clone()).collect();
        let stale = operation.services.doubtful_inputs(&session, &views, opening, end).await?;
        let answer = |outcome: Result<_, _>| outcome.map_err(|error| Failure(operation.fail(error)));
        let key = |view| DoubtfulKey(HistoryKey { view, opening, end });
        loaded.extend(stale.into_iter().map(|(view, outcome)| (key(view), answer(outcome))));
    }
    Ok(loaded)
});

loader!(PersonKey => Arc<User>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let people = operation.services.people_of_portfolios(&session, &ids).await?;
    Ok(people.into_iter().map(|person| (PersonKey(person.id), Arc::new(person))).collect())
});

loader!(SharesKey => Vec<Share>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let shares = operation.services.portfolio_shares(&session, &ids).await?;
    Ok(shares.into_iter().map(|(id, shares)| (SharesKey(id), shares)).collect())
});

loader!(AccountsKey => Vec<Account>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let mut loaded: HashMap<AccountsKey, Vec<Account>> = HashMap::new();
    for account in operation.services.accounts(&session, &ids).await? {
        loaded.entry(AccountsKey(account.portfolio_id)).or_default().push(account);
    }
    Ok(loaded)
});

loader!(InstrumentKey => Arc<Instrument>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let instruments = operation.services.instruments(&session, &ids).await?;
    Ok(instruments.into_iter().map(|(id, instrument)| (InstrumentKey(id), instrument)).collect())
});

loader!(QuoteKey => Lookup, |operation, session, keys| {
    // Told once for all of them.
    let last = operation.services.default_as_of(&session).await?;
    let asked: Vec<(Uuid, NaiveDate)> = keys.iter().map(|key| (key.0, key.1.unwrap_or(last))).collect();
    let found = operation.services.quotes(&session, &asked).await?;
    let quote = |key: &QuoteKey| Some((*key, *found.get(&(key.0, key.1.unwrap_or(last)))?));
    Ok(keys.iter().filter_map(quote).collect())
});

loader!(HeldPriceKey => HeldPrice, |operation, session, keys| {
    let last = operation.services.default_as_of(&session).await?;
    let asked: Vec<(Uuid, NaiveDate)> = keys.iter().map(|key| (key.0, key.1.unwrap_or(last))).collect();
    let found = operation.services.held_prices(&session, &asked).await?;
    let held = |key: &HeldPriceKey| Some((*key, found.get(&(key.0, key.1.unwrap_or(last)))?.clone()));
    Ok(keys.iter().filter_map(held).collect())
});

loader!(IdentifiersKey => Vec<Identifier>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let mut loaded: HashMap<IdentifiersKey, Vec<Identifier>> = HashMap::new();
    for identifier in operation.services.identifiers(&session, &ids).await? {
        loaded.entry(IdentifiersKey(identifier.instrument_id)).or_default().push(identifier);
    }
    Ok(loaded)
});

loader!(SuccessionsKey => Vec<Succession>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let found = operation.services.successions(&session, &ids).await?;
    let of = |id: Uuid| found.iter().filter(|one| one.predecessor == id || one.successor == id).cloned().collect();
    Ok(ids.into_iter().map(|id| (SuccessionsKey(id), of(id))).collect())
});

loader!(OverridesKey => Arc<ByDay>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let found = operation.services.overrides(&session, &ids).await?;
    Ok(found.into_iter().map(|(id, days)| (OverridesKey(id), Arc::new(days))).collect())
});

loader!(SectorPathKey => Vec<Sector>, |operation, session, keys| {
    let codes = keys.iter().map(|key| key.0.clone()).collect();
    let mut loaded: HashMap<SectorPathKey, Vec<Sector>> = HashMap::new();
    for (leaf, sector) in operation.services.sector_paths(&session, codes).await? {
        loaded.entry(SectorPathKey(leaf)).or_default().push(sector);
    }
    Ok(loaded)
});

loader!(SplitsKey => Vec<Split>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let mut loaded: HashMap<SplitsKey, Vec<Split>> = HashMap::new();
    for split in operation.services.splits(&session, &ids).await? {
        loaded.entry(SplitsKey(split.instrument_id)).or_default().push(split);
    }
    Ok(loaded)
});

loader!(DividendsKey => Vec<Dividend>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let mut loaded: HashMap<DividendsKey, Vec<Dividend>> = HashMap::new();
    for dividend in operation.services.dividends(&session, &ids).await? {
        loaded.entry(DividendsKey(dividend.instrument_id)).or_default().push(dividend);
    }
    Ok(loaded)
});

loader!(DividendKey => Dividend, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let dividends = operation.services.dividends_by_ids(&session, &ids).await?;
    Ok(dividends.into_iter().map(|dividend| (DividendKey(dividend.id), dividend)).collect())
});

loader!(MarketStateKey => MarketState, |operation, session, keys| {
    let mut loaded = HashMap::new();
    let moments: HashSet<DateTime<Utc>> = keys.iter().map(|key| key.1).collect();
    for at in moments {
        let mics = keys.iter().filter(|key| key.1 == at).map(|key| key.0.clone()).collect();
        let states = operation.services.market_states(&session, mics, at).await?;
        loaded.extend(states.into_iter().map(|(mic, state)| (MarketStateKey(mic, at), state)));
    }
    Ok(loaded)
});

loader!(PortfolioKey => Arc<Portfolio>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let portfolios = operation.services.portfolios(&session, &ids).await?;
    Ok(portfolios.into_iter().map(|portfolio| (PortfolioKey(portfolio.id), Arc::new(portfolio))).collect())
});

loader!(TransactionKey => Arc<LedgerRow>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let rows = operation.services.transactions(&session, &ids).await?;
    Ok(rows.into_iter().map(|row| (TransactionKey(row.id), Arc::new(row))).collect())
});

loader!(ReversalKey => Uuid, |operation, session, keys| {
    let moments: HashSet<Option<DateTime<Utc>>> = keys.iter().map(|key| key.1).collect();
    let mut found = HashMap::new();
    for moment in moments {
        let ids: Vec<Uuid> = keys.iter().filter(|key| key.1 == moment).map(|key| key.0).collect();
        let reversals = operation.services.reversals(&session, &ids, moment).await?;
        found.extend(reversals.into_iter().map(|(reversed, by)| (ReversalKey(reversed, moment), by)));
    }
    Ok(found)
});

loader!(CorrectionKey => Uuid, |operation, session, keys| {
    let moments: HashSet<Option<DateTime<Utc>>> = keys.iter().map(|key| key.1).collect();
    let mut found = HashMap::new();
    for moment in moments {
        let ids: Vec<Uuid> = keys.iter().filter(|key| key.1 == moment).map(|key| key.0).collect();
        let corrections = operation.services.corrections(&session, &ids, moment).await?;
        found.extend(corrections.into_iter().map(|(corrected, by)| (CorrectionKey(corrected, moment), by)));
    }
    Ok(found)
});

loader!(FirstDateKey => NaiveDate, |operation, session, keys| {
    let moments: HashSet<Option<DateTime<Utc>>> = keys.iter().map(|key| key.1).collect();
    let mut found = HashMap::new();
    for moment in moments {
        let ids: Vec<Uuid> = keys.iter().filter(|key| key.1 == moment).map(|key| key.0).collect();
        let days = operation.services.first_dates(&session, &ids, moment).await?;
        found.extend(days.into_iter().map(|(portfolio, day)| (FirstDateKey(portfolio, moment), day)));
    }
    Ok(found)
});

loader!(FreshnessKey => Freshness, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let found = operation.services.freshness(&session, &ids).await?;
    Ok(found.into_iter().map(|(portfolio, freshness)| (FreshnessKey(portfolio), freshness)).collect())
});

loader!(PeriodLockKey => PeriodLock, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let locks = operation.services.period_locks(&session, &ids).await?;
    Ok(locks.into_iter().map(|lock| (PeriodLockKey(lock.portfolio_id), lock)).collect())
});

/// The loaders of an operation.
pub struct Loaders(DataLoader<Reads>);

impl Loaders {
    /// Loaders for one operation.
    pub fn attach(request: Request, operation: &Arc<Operation>) -> Request {
        request.data(Self(DataLoader::new(Reads(Arc::clone(operation)), tokio::spawn)))
    }

    fn of<'a>(ctx: &async_graphql::Context<'a>) -> &'a DataLoader<Reads> {
        &ctx.data_unchecked::<Self>().0
    }
}

/// What stands under the key, if anything does.
pub async fn find<K>(ctx: &async_graphql::Context<'_>, key: K) -> Result<Option<<Reads as Loader<K>>::Value>>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Reads: Loader<K, Error = Failure>,
{
    Ok(Loaders::of(ctx).load_one(key).await?)
}

/// What stands under each of these keys, if anything does.
pub async fn find_many<K>(
    ctx: &async_graphql::Context<'_>,
    keys: impl IntoIterator<Item = K>,
) -> Result<HashMap<K, <Reads as Loader<K>>::Value>>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Reads: Loader<K, Error = Failure>,
{
    Ok(Loaders::of(ctx).load_many(keys).await?)
}

/// What stands under a key that must be there.
pub async fn get<K>(ctx: &async_graphql::Context<'_>, key: K) -> Result<<Reads as Loader<K>>::Value>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Reads: Loader<K, Error = Failure>,
{
    find(ctx, key).await?.ok_or_else(|| ErrorCode::Internal.error("internal error"))
}
