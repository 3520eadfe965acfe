//! Instruments, closes and exchange rates.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use domain::money::Currency;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{ServiceError, Services, access, price};
use crate::auth::Permission;
use crate::storage::instrument::{Dividend, Instrument, Split};
use crate::storage::{self, Page};
use crate::tenancy::{Session, Tenant};

/// Days and what stood on each, both of one length.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// The days, ascending.
    pub dates: Vec<NaiveDate>,
    /// The values.
    pub values: Vec<Decimal>,
}

impl Services {
    /// Instruments found by symbol, name or ISIN, by symbol.
    pub async fn instrument_page(
        &self,
        session: &Session<Tenant>,
        search: Option<&str>,
        page: Page<(String, Uuid)>,
    ) -> Result<Vec<Instrument>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::instrument::search(session, search, page).await?)
    }

    /// How many instruments are found.
    pub async fn instrument_count(&self, session: &Session<Tenant>, search: Option<&str>) -> Result<u64, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::instrument::count(session, search).await?)
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
            Columns { dates: series.dates()[range.clone()].to_vec(), values: series.values()[range].to_vec() }
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
                columns.dates.push(day);
                columns.values.push(rate.value()?);
            }
        }
        Ok(columns)
    }
}
