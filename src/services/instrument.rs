//! Instruments, closes and exchange rates.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use domain::identifier::Scheme;
use domain::money::Currency;
use domain::pricing::Certainty;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{ServiceError, Services, access, price};
use crate::auth::Permission;
use crate::storage::instrument::identifier::{self, Identifier};
use crate::storage::instrument::search::{self, Cursor, Found, Search};
use crate::storage::instrument::sector::{self, Sector};
use crate::storage::instrument::{Dividend, Instrument, Split};
use crate::storage::price::Revision;
use crate::storage::{self, Page};
use crate::tenancy::{Session, Tenant};

/// Days and what stood on each, both of one length.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// The days, ascending.
    pub dates: Vec<NaiveDate>,
    /// The values.
    pub values: Vec<Decimal>,
    /// How certain each is.
    pub certainties: Vec<Certainty>,
}

impl Columns {
    fn push(&mut self, date: NaiveDate, value: Decimal, certainty: Certainty) {
        self.dates.push(date);
        self.values.push(value);
        self.certainties.push(certainty);
    }
}

impl Services {
    /// Instruments found by symbol, identifier or words of the name, the best first; every instrument by symbol without a text.
    pub async fn instrument_page(
        &self,
        session: &Session<Tenant>,
        search: &Search,
        page: Page<Cursor>,
    ) -> Result<Vec<(Cursor, Arc<Instrument>)>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        let found = search::search(session, search, page).await?;
        let instruments = self.market.view(session).await?.instruments(session, found.iter().map(|one| one.id)).await?;
        let row = |Found { rank, symbol, id }| Some(((rank, symbol, id), Arc::clone(instruments.get(&id)?)));
        Ok(found.into_iter().filter_map(row).collect())
    }

    /// How many instruments are found.
    pub async fn instrument_count(&self, session: &Session<Tenant>, search: &Search) -> Result<u64, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(search::count(session, search).await?)
    }

    /// The instruments that are known by an identifier on a day, a hundred at the most; today where none is given.
    pub async fn instruments_by_identifier(
        &self,
        session: &Session<Tenant>,
        scheme: Scheme,
        value: &str,
        qualifier: Option<&str>,
        day: Option<NaiveDate>,
    ) -> Result<Vec<Arc<Instrument>>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        scheme.check(value).map_err(|error| ServiceError::BadInput(format!("value: {error}")))?;
        let day = day.unwrap_or_else(|| self.environment.clock.today());
        let ids = identifier::known_by(session, scheme, value, qualifier.unwrap_or_default(), day).await?;
        let found = self.market.view(session).await?.instruments(session, ids.iter().copied()).await?;
        Ok(ids.iter().filter_map(|id| found.get(id).cloned()).collect())
    }

    /// By what instruments are and were known.
    pub async fn identifiers(&self, session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Identifier>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(identifier::of_instruments(session, ids).await?)
    }

    /// Every sector with its parts, by code.
    pub async fn sectors(&self, session: &Session<Tenant>) -> Result<Vec<Sector>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(sector::all(session).await?)
    }

    /// Of each of these codes what it is a part of, the widest first and itself last.
    pub async fn sector_paths(
        &self,
        session: &Session<Tenant>,
        codes: Vec<String>,
    ) -> Result<Vec<(String, Sector)>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(sector::paths(session, codes).await?)
    }

    /// Instruments by id.
    pub async fn instruments(
        &self,
        session: &Session<Tenant>,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Arc<Instrument>>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(self.market.view(session).await?.instruments(session, ids.iter().copied()).await?)
    }

    /// Splits of instruments, by day.
    pub async fn splits(&self, session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Split>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::instrument::splits(session, ids).await?)
    }

    /// Cash dividends of instruments, by day.
    pub async fn dividends(&self, session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Dividend>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::instrument::dividends(session, ids).await?)
    }

    /// Cash dividends by id.
    pub async fn dividends_by_ids(
        &self,
        session: &Session<Tenant>,
        ids: &[Uuid],
    ) -> Result<Vec<Dividend>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::instrument::dividends_by_ids(session, ids).await?)
    }

    /// Closes that were in force before others took their place, by day; at most so many.
    pub async fn price_revisions(
        &self,
        session: &Session<Tenant>,
        instrument: Uuid,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
        limit: u64,
    ) -> Result<Vec<Revision>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::price::revisions(session, instrument, from, to, limit).await?)
    }

    /// The closes of an instrument as they were in force at an instant. Nothing for an instrument that does not exist.
    pub async fn prices_known_at(
        &self,
        session: &Session<Tenant>,
        instrument: Uuid,
        at: DateTime<Utc>,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    ) -> Result<Option<(Arc<Instrument>, Columns)>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        let now = self.environment.clock.now();
        if at > now {
            return Err(ServiceError::BadInput(format!("knownAt: {at} has not passed, it is {now}")));
        }
        let market = self.market.view(session).await?;
        let Some(found) = market.instruments(session, [instrument]).await?.remove(&instrument) else {
            return Ok(None);
        };
        if found.manually_priced {
            return Err(ServiceError::BadInput(format!("knownAt: {} is priced by hand", found.symbol)));
        }
        let mut columns = Columns::default();
        for (_, date, value, certainty) in storage::price::known_at(session, &[instrument], at, from, to).await? {
            columns.push(date, value, certainty);
        }
        Ok(Some((found, columns)))
    }

    /// The closes of an instrument from one day to another, both included, as quoted on their day; prices entered by hand
    /// for what no exchange prices. Nothing for an instrument that does not exist.
    pub async fn prices(
        &self,
        session: &Session<Tenant>,
        instrument: Uuid,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    ) -> Result<Option<(Arc<Instrument>, Columns)>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        let market = self.market.view(session).await?;
        let instruments = market.instruments(session, [instrument]).await?;
        let Some(found) = instruments.get(&instrument).cloned() else {
            return Ok(None);
        };
        let series = market.prices(session, &instruments).await?.remove(&instrument);
        let columns = series.map_or_else(Columns::default, |series| {
            let first = from.map_or(0, |from| series.dates().partition_point(|day| *day < from));
            let end = to.map_or(series.dates().len(), |to| series.dates().partition_point(|day| *day <= to));
            let range = first..end.max(first);
            let dates = &series.dates()[range.clone()];
            let certainties = dates.iter().map(|day| series.certainty(*day)).collect();
            Columns { dates: dates.to_vec(), values: series.values()[range].to_vec(), certainties }
        });
        Ok(Some((found, columns)))
    }

    /// What one unit of `base` cost in `quote` on each day of a range on which there is a rate of the day itself.
    pub async fn exchange_rates(
        &self,
        session: &Session<Tenant>,
        base: Currency,
        quote: Currency,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Columns, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        let fx = self.market.view(session).await?.fx(session).await?;
        price::check_currencies(session, &fx, [base, quote]).await?;
        let mut columns = Columns::default();
        let mut cursor = fx.cursor(base, quote);
        for day in from.iter_days().take_while(|day| *day <= to) {
            if let Ok(rate) = cursor.at(day)
                && rate.date() == day
                && base != quote
            {
                columns.push(day, rate.value()?, rate.certainty());
            }
        }
        Ok(columns)
    }
}
