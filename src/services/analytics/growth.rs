//! What one unit of currency in an instrument has grown to by day: the columns behind benchmarks and the risk of what is held now.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use domain::money::{Currency, to_f64};
use domain::pricing::{FxRates, Lookup, Series};
use uuid::Uuid;

use super::super::price::{Adjustment, adjust};
use super::super::valuation::{Market, load_calendars};
use super::super::{ServiceError, Services};
use super::Book;
use crate::storage::instrument::Instrument;
use crate::tenancy::{Session, Tenant};

/// An instrument's growth beside the days that were asked for.
#[derive(Clone, Debug)]
pub struct Growth {
    /// The instrument.
    pub instrument: Arc<Instrument>,
    /// What it was worth on each day with everything that it paid put back, in the currency asked for, in units that only their
    /// ratios mean something of; nothing where a price or a rate is missing.
    pub values: Vec<Option<f64>>,
}

impl Growth {
    /// The return from each day to the next; nothing where one of both is missing.
    pub fn returns(&self) -> Vec<Option<f64>> {
        steps(&self.values)
    }
}

/// The return from each value to the next; nothing where one of both is missing.
pub(super) fn steps(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let pairs = values.iter().zip(values.iter().skip(1));
    pairs.map(|(before, after)| before.zip(*after).map(|(before, after)| after / before - 1.0)).collect()
}

impl Services {
    /// The growth of instruments on `days`, which ascend, in a book's currency and as it was known when the book was. One that does not exist
    /// is left out.
    pub(super) async fn growth(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        instruments: BTreeSet<Uuid>,
        days: &[NaiveDate],
    ) -> Result<HashMap<Uuid, Growth>, ServiceError> {
        self.growth_in(session, book, instruments, days, Some(book.currency)).await
    }

    /// The same in one currency, or each in its own.
    pub(super) async fn growth_in(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        instruments: BTreeSet<Uuid>,
        days: &[NaiveDate],
        currency: Option<Currency>,
    ) -> Result<HashMap<Uuid, Growth>, ServiceError> {
        let view = self.market.view(session).await?.at(book.known_at);
        let fx = view.fx(session).await?;
        let market = load_calendars(session, &view, fx, instruments.clone()).await?.with_prices(session, &view).await?;
        let splits = view.splits(session, instruments.iter().copied()).await?;
        let dividends = view.dividends(session, instruments.iter().copied()).await?;
        let last = days.last().copied().unwrap_or_default();
        let mut all = HashMap::new();
        for id in instruments {
            let (Some(instrument), Some(closes)) = (market.instrument(id), market.closes(id)) else { continue };
            let (splits, dividends) = (splits.get(&id).cloned(), dividends.get(&id).cloned());
            let (splits, dividends) = (splits.unwrap_or_default(), dividends.unwrap_or_default());
            let grown =
                adjust(closes, &splits, &dividends, Adjustment::TotalReturn, last, instrument.currency, &market.fx);
            // A series whose dividends or splits make no sense has no growth that can be told.
            let values = match grown {
                Ok(grown) => {
                    let currency = currency.unwrap_or(instrument.currency);
                    on_days(&grown, &instrument, &market, &market.fx, days, currency)
                }
                Err(_) => vec![None; days.len()],
            };
            all.insert(id, Growth { instrument, values });
        }
        Ok(all)
    }
}

fn on_days(
    grown: &Series,
    instrument: &Instrument,
    market: &Market,
    fx: &FxRates,
    days: &[NaiveDate],
    currency: Currency,
) -> Vec<Option<f64>> {
    let mut closes = grown.cursor(market.max_age(instrument));
    let mut rates = fx.cursor(instrument.currency, currency);
    let value = |day: &NaiveDate| {
        let Lookup::Known { value, .. } = closes.as_of(*day) else { return None };
        rates.at(*day).ok()?.convert(value).ok().map(to_f64)
    };
    days.iter().map(value).collect()
}
