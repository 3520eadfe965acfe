//! The columns that valuations read, kept in memory for as long as what they hold stands.
//!
//! A version of the market data says with which version instruments, rates and corporate actions last changed; a series of prices says it
//! of itself. So a load of prices costs the series that it changed, and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::Currency;
use domain::pricing::{Certainty, FxRates, Series};
use uuid::Uuid;

use crate::storage;
use crate::storage::instrument::{Dividend, Instrument, Split};
use crate::storage::market_version::MarketVersion;
use crate::storage::price::Observation;
use crate::storage::price_override::ByDay;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// Bytes of price columns that are kept: 20 a day and instrument, so about 1,600 instruments of ten years.
const PRICE_CACHE_BYTES: u64 = 80 << 20;

type RatesOfVersion = (i64, Arc<FxRates>);

/// A series of prices.
#[derive(Clone)]
struct Kept {
    /// The version that it last changed with.
    changed: i64,
    /// The latest version that it was found unchanged in.
    seen_in: i64,
    series: Arc<Series>,
}

/// Shared by all tenants: nothing in it is anybody's own.
#[derive(Clone)]
pub struct MarketCache {
    prices: moka::sync::Cache<Uuid, Kept>,
    instruments: moka::sync::Cache<(i64, Uuid), Arc<Instrument>>,
    splits: moka::sync::Cache<(i64, Uuid), Arc<Vec<Split>>>,
    dividends: moka::sync::Cache<(i64, Uuid), Arc<Vec<Dividend>>>,
    sessions: moka::sync::Cache<(i64, String), Arc<Vec<NaiveDate>>>,
    fx: Arc<Mutex<Option<RatesOfVersion>>>,
}

impl Default for MarketCache {
    fn default() -> Self {
        let weigh = |_: &Uuid, kept: &Kept| u32::try_from(kept.series.dates().len() * 20).unwrap_or(u32::MAX);
        Self {
            prices: moka::sync::Cache::builder().max_capacity(PRICE_CACHE_BYTES).weigher(weigh).build(),
            instruments: moka::sync::Cache::new(20_000),
            splits: moka::sync::Cache::new(20_000),
            dividends: moka::sync::Cache::new(20_000),
            sessions: moka::sync::Cache::new(500),
            fx: Arc::default(),
        }
    }
}

/// The market data of one version, as one operation sees it.
#[derive(Clone)]
pub struct MarketView {
    cache: MarketCache,
    version: MarketVersion,
    /// Prices and rates are those that were in force then; nothing of them is kept.
    known_at: Option<DateTime<Utc>>,
}

impl MarketCache {
    /// The version in force when the session began.
    pub async fn view(&self, session: &Session<Tenant>) -> Result<MarketView, DatabaseError> {
        Ok(MarketView {
            cache: self.clone(),
            version: storage::market_version::current(session).await?,
            known_at: None,
        })
    }
}

impl MarketView {
    /// The same with the prices and rates that were in force at an instant, where one is given. Instruments, calendars and corporate
    /// actions stay those of today.
    #[must_use]
    pub fn at(&self, known_at: Option<DateTime<Utc>>) -> Self {
        Self { known_at, ..self.clone() }
    }

    /// Which version this is.
    pub fn version(&self) -> i64 {
        self.version.version
    }

    /// Which version this is, and with which its parts last changed.
    pub fn in_force(&self) -> MarketVersion {
        self.version
    }

    /// The last day on which every exchange-priced stock has a close.
    pub fn last_complete_day(&self) -> Option<NaiveDate> {
        self.version.last_complete_day
    }

    /// Instruments by id, the market's and the tenant's own; one that does not exist is left out.
    pub async fn instruments(
        &self,
        session: &Session<Tenant>,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, Arc<Instrument>>, DatabaseError> {
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        for id in ids {
            match self.cache.instruments.get(&(self.version.reference, id)) {
                Some(instrument) => _ = found.insert(id, instrument),
                None => missing.push(id),
            }
        }
        if !missing.is_empty() {
            for instrument in storage::instrument::by_ids(session, &missing).await? {
                let (id, instrument) = (instrument.id, Arc::new(instrument));
                self.cache.instruments.insert((self.version.reference, id), Arc::clone(&instrument));
                found.insert(id, instrument);
            }
            // A tenant's own instruments are never kept where another tenant's request could meet them.
            missing.retain(|id| !found.contains_key(id));
            if !missing.is_empty() {
                let own = storage::instrument::private::by_ids(session, &missing).await?;
                found.extend(own.into_iter().map(|instrument| (instrument.id, Arc::new(instrument))));
            }
        }
        Ok(found)
    }

    /// The splits of instruments, by instrument and day; one without any has an empty list.
    pub async fn splits(
        &self,
        session: &Session<Tenant>,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<BTreeMap<Uuid, Arc<Vec<Split>>>, DatabaseError> {
        let mut found = BTreeMap::new();
        let mut missing: BTreeMap<Uuid, Vec<Split>> = BTreeMap::new();
        for id in ids {
            match self.cache.splits.get(&(self.version.actions, id)) {
                Some(splits) => _ = found.insert(id, splits),
                None => _ = missing.insert(id, Vec::new()),
            }
        }
        if !missing.is_empty() {
            let ids: Vec<Uuid> = missing.keys().copied().collect();
            for split in storage::instrument::splits(session, &ids).await? {
                missing.entry(split.instrument_id).or_default().push(split);
            }
            for (id, splits) in missing {
                let splits = Arc::new(splits);
                self.cache.splits.insert((self.version.actions, id), Arc::clone(&splits));
                found.insert(id, splits);
            }
        }
        Ok(found)
    }

    /// The cash dividends of instruments, by instrument and day; one without any has an empty list.
    pub async fn dividends(
        &self,
        session: &Session<Tenant>,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<BTreeMap<Uuid, Arc<Vec<Dividend>>>, DatabaseError> {
        let mut found = BTreeMap::new();
        let mut missing: BTreeMap<Uuid, Vec<Dividend>> = BTreeMap::new();
        for id in ids {
            match self.cache.dividends.get(&(self.version.actions, id)) {
                Some(dividends) => _ = found.insert(id, dividends),
                None => _ = missing.insert(id, Vec::new()),
            }
        }
        if !missing.is_empty() {
            let ids: Vec<Uuid> = missing.keys().copied().collect();
            for dividend in storage::instrument::dividends(session, &ids).await? {
                missing.entry(dividend.instrument_id).or_default().push(dividend);
            }
            for (id, dividends) in missing {
                let dividends = Arc::new(dividends);
                self.cache.dividends.insert((self.version.actions, id), Arc::clone(&dividends));
                found.insert(id, dividends);
            }
        }
        Ok(found)
    }

    /// Closes by instrument: clean ones for what an exchange prices, with the tenant's own in their place on the days that have one,
    /// and the tenant's own for the rest. What is the tenant's own is read each time and kept nowhere.
    pub async fn prices(
        &self,
        session: &Session<Tenant>,
        instruments: &HashMap<Uuid, Arc<Instrument>>,
    ) -> Result<BTreeMap<Uuid, Arc<Series>>, DatabaseError> {
        let mut found = BTreeMap::new();
        let mut missing = Vec::new();
        let mut doubtful = HashMap::new();
        let mut manual = Vec::new();
        let mut known = Vec::new();
        for (&id, instrument) in instruments {
            if instrument.manually_priced {
                manual.push(id);
            } else if self.known_at.is_some() {
                known.push(id);
            } else {
                match self.cache.prices.get(&id) {
                    Some(kept) if kept.seen_in == self.version.version => _ = found.insert(id, kept.series),
                    Some(kept) => _ = doubtful.insert(id, kept),
                    None => missing.push(id),
                }
            }
        }
        let mut changed: HashMap<Uuid, i64> = HashMap::new();
        if !(doubtful.is_empty() && missing.is_empty()) {
            let asked: Vec<Uuid> = doubtful.keys().chain(&missing).copied().collect();
            changed = storage::price::changed_versions(session, &asked).await?.into_iter().collect();
        }
        for (id, kept) in doubtful {
            match changed.get(&id) {
                Some(&version) if version == kept.changed => {
                    found.insert(id, Arc::clone(&kept.series));
                    self.keep(id, version, kept.series);
                }
                _ => missing.push(id),
            }
        }
        if !missing.is_empty() {
            let rows = storage::price::of_instruments(session, &missing).await?;
            for (id, series) in columns(rows)? {
                if let Some(&version) = changed.get(&id) {
                    self.keep(id, version, Arc::clone(&series));
                }
                found.insert(id, series);
            }
        }
        if let Some(at) = self.known_at.filter(|_| !known.is_empty()) {
            found.extend(columns(storage::price::known_at(session, &known, at, None, None).await?)?);
        }
        let priced: BTreeSet<Uuid> = found.keys().chain(&missing).chain(&known).copied().collect();
        if !priced.is_empty() {
            let priced: Vec<Uuid> = priced.into_iter().collect();
            for (id, days) in storage::price_override::in_force(session, &priced, self.known_at).await? {
                let series = overlaid(found.get(&id).map(Arc::as_ref), &days)?;
                found.insert(id, Arc::new(series));
            }
        }
        if !manual.is_empty() {
            // A tenant's own prices are never kept where another tenant's request could meet them.
            found.extend(columns(storage::manual_price::of_instruments(session, &manual, self.known_at).await?)?);
        }
        Ok(found)
    }

    /// What of the closes tells the price of each instrument on each day: as [`MarketView::prices`], without reading whole series that
    /// are not kept. `keys` are of `instruments`, each once.
    pub async fn prices_around(
        &self,
        session: &Session<Tenant>,
        instruments: &HashMap<Uuid, Arc<Instrument>>,
        keys: &[(Uuid, NaiveDate)],
    ) -> Result<HashMap<(Uuid, NaiveDate), Arc<Series>>, DatabaseError> {
        // Asked once: what is kept may be given up, or come, at any time.
        let is_kept = |id: &Uuid| self.cache.prices.get(id).is_some_and(|kept| kept.seen_in == self.version.version);
        let (whole, ids): (HashMap<Uuid, Arc<Instrument>>, HashMap<Uuid, Arc<Instrument>>) =
            instruments.clone().into_iter().partition(|(id, found)| found.manually_priced || is_kept(id));
        let read: Vec<(Uuid, NaiveDate)> = keys.iter().copied().filter(|(id, _)| ids.contains_key(id)).collect();
        let mut found: HashMap<(Uuid, NaiveDate), Arc<Series>> = HashMap::new();
        if !read.is_empty() {
            let rows = storage::price::around(session, &read).await?;
            for rows in rows.chunk_by(|left, right| left.0 == right.0) {
                let closes: Vec<Observation<Uuid>> = rows.iter().map(|row| row.1).collect();
                found.insert(rows[0].0, Arc::new(series(&closes)?));
            }
            let ids: Vec<Uuid> = ids.into_keys().collect();
            let own = storage::price_override::in_force(session, &ids, None).await?;
            for key in read {
                if let Some(days) = own.get(&key.0) {
                    let series = overlaid(found.get(&key).map(Arc::as_ref), days)?;
                    found.insert(key, Arc::new(series));
                }
            }
        }
        let whole = self.prices(session, &whole).await?;
        found.extend(keys.iter().filter_map(|key| Some((*key, Arc::clone(whole.get(&key.0)?)))));
        Ok(found)
    }

    /// Keeps a series. An operation of an older version never takes the place of what a later one has kept.
    fn keep(&self, id: Uuid, changed: i64, series: Arc<Series>) {
        let seen_in = self.version.version;
        if self.cache.prices.get(&id).is_none_or(|kept| kept.seen_in <= seen_in) {
            self.cache.prices.insert(id, Kept { changed, seen_in, series });
        }
    }

    /// All exchange rates.
    pub async fn fx(&self, session: &Session<Tenant>) -> Result<Arc<FxRates>, DatabaseError> {
        if let Some(at) = self.known_at {
            return Ok(Arc::new(fx_rates(storage::exchange_rate::known_at(session, at).await?)?));
        }
        if let Some((version, rates)) = &*self.cache.fx.lock().unwrap_or_else(PoisonError::into_inner)
            && *version == self.version.rates
        {
            return Ok(Arc::clone(rates));
        }
        let rates = Arc::new(fx_rates(storage::exchange_rate::all(session).await?)?);
        let mut kept = self.cache.fx.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((self.version.rates, Arc::clone(&rates)));
        Ok(rates)
    }

    /// The days on which a market trades, in order; none for a market without sessions of its own.
    pub async fn sessions(&self, session: &Session<Tenant>, mic: &str) -> Result<Arc<Vec<NaiveDate>>, DatabaseError> {
        let key = (self.version.reference, mic.to_owned());
        if let Some(days) = self.cache.sessions.get(&key) {
            return Ok(days);
        }
        let days = Arc::new(storage::exchange::sessions(session, mic).await?);
        self.cache.sessions.insert(key, Arc::clone(&days));
        Ok(days)
    }
}

fn corrupt(error: impl ToString) -> DatabaseError {
    DatabaseError::Corrupt(error.to_string())
}

/// Rows sorted by key and day, as one series a key.
fn columns<K: Copy + Eq>(rows: Vec<Observation<K>>) -> Result<Vec<(K, Arc<Series>)>, DatabaseError> {
    rows.chunk_by(|left, right| left.0 == right.0).map(|rows| Ok((rows[0].0, Arc::new(series(rows)?)))).collect()
}

/// Rows of one key, sorted by day.
fn series<K>(rows: &[Observation<K>]) -> Result<Series, DatabaseError> {
    let dates = rows.iter().map(|row| row.1).collect();
    let values = rows.iter().map(|row| row.2).collect();
    let uncertain = rows.iter().filter(|row| row.3 != Certainty::Final).map(|row| (row.1, row.3)).collect();
    Ok(Series::new(dates, values).map_err(corrupt)?.uncertain_on(uncertain))
}

/// The market's closes with a tenant's own on their days.
fn overlaid(market: Option<&Series>, own: &ByDay) -> Result<Series, DatabaseError> {
    let of_market = market.map(|series| series.dates().iter().copied().zip(series.values().iter().copied()));
    let mut days: BTreeMap<NaiveDate, rust_decimal::Decimal> = of_market.into_iter().flatten().collect();
    let mut uncertain = market.map_or_else(Vec::new, |series| series.uncertain().to_vec());
    let own = own.iter().filter_map(|(day, entry)| Some((*day, entry.price?)));
    for (day, price) in own {
        days.insert(day, price);
        uncertain.retain(|(uncertain, _)| *uncertain != day);
    }
    let (dates, values) = days.into_iter().unzip();
    Ok(Series::new(dates, values).map_err(corrupt)?.uncertain_on(uncertain))
}

fn fx_rates(rows: Vec<Observation<(String, String)>>) -> Result<FxRates, DatabaseError> {
    let mut rates = FxRates::default();
    for rows in rows.chunk_by(|left, right| left.0 == right.0) {
        let (base, quote) = &rows[0].0;
        let [base, quote] = [base, quote].map(|code| Currency::new(code).map_err(corrupt));
        rates.insert_pair(base?, quote?, series(rows)?).map_err(corrupt)?;
    }
    Ok(rates)
}
