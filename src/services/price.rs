//! Prices as they are read: of a day with their age, and as series that corporate actions are applied to.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use domain::money::Currency;
use domain::pricing::adjustment::{AdjustmentError, CashDividend, Reinvestment, SplitRatio, adjusted, total_return};
use domain::pricing::{Certainty, Chain, FxError, FxRates, Lookup, MissingReason, Series};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::valuation::{Market, load_calendars};
use super::{ServiceError, Services, access};
use crate::auth::Permission;
use crate::storage;
use crate::storage::instrument::{Dividend, Instrument, Split};
use crate::storage::price::{self, HeldPrice};
use crate::tenancy::{Session, Tenant};

/// The code of why an instrument has no price.
pub fn missing_code(reason: MissingReason) -> &'static str {
    if matches!(reason, MissingReason::Ended { .. }) { "DELISTED" } else { "NO_PRICE" }
}

/// What is applied to closes as they were traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Adjustment {
    /// Nothing.
    None,
    /// Splits.
    Splits,
    /// Splits, and dividends as vendors' adjusted closes have them.
    SplitsAndDividends,
    /// Everything that a unit bought at the first close has become.
    TotalReturn,
}

/// A series of an instrument, by session.
#[derive(Clone, Debug)]
pub struct PriceSeries {
    /// Whose prices they are.
    pub instrument: Arc<Instrument>,
    /// The day whose units they are in.
    pub adjusted_to: NaiveDate,
    /// The sessions of the exchange from the first price on, and other days with a price; ascending.
    pub dates: Vec<NaiveDate>,
    /// The price of each day; nothing where there is none, or where the series cannot be adjusted.
    pub values: Vec<Option<Decimal>>,
    /// How certain the close behind each is.
    pub certainties: Vec<Certainty>,
    /// Why there are no values, where they cannot be adjusted: a stable code and words.
    pub problem: Option<(&'static str, String)>,
}

/// A rate with the day that it is asked for.
#[derive(Clone, Debug)]
pub struct ExchangeRate {
    /// The day asked for.
    pub as_of: NaiveDate,
    /// The rate and how it came about, or what is missing.
    pub chain: Result<Chain, FxError>,
}

impl Services {
    /// The last price on each day or before, by instrument and day, as valuations read it. An instrument that does not exist is left
    /// out.
    pub async fn quotes(
        &self,
        session: &Session<Tenant>,
        keys: &[(Uuid, NaiveDate)],
    ) -> Result<HashMap<(Uuid, NaiveDate), Lookup>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        let view = self.market.view(session).await?;
        let fx = view.fx(session).await?;
        let market = load_calendars(session, &view, fx, keys.iter().map(|key| key.0).collect()).await?;
        let keys: BTreeSet<(Uuid, NaiveDate)> = keys.iter().copied().collect();
        let keys: Vec<(Uuid, NaiveDate)> = keys.into_iter().collect();
        let series = view.prices_around(session, market.instruments(), &keys).await?;
        let found =
            |key: &(Uuid, NaiveDate)| Some((*key, market.quote_of(key.0, key.1, series.get(key).map(Arc::as_ref))?));
        Ok(keys.iter().filter_map(found).collect())
    }

    /// Of each instrument and day the last price on the day or before that waits for a decision.
    pub async fn held_prices(
        &self,
        session: &Session<Tenant>,
        keys: &[(Uuid, NaiveDate)],
    ) -> Result<HashMap<(Uuid, NaiveDate), HeldPrice>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(price::held(session, keys).await?.into_iter().collect())
    }

    /// An instrument's prices from one day to another, both included, with what is applied to them up to the last one. Nothing for
    /// an instrument that does not exist.
    pub async fn price_series(
        &self,
        session: &Session<Tenant>,
        instrument: Uuid,
        from: Option<NaiveDate>,
        to: NaiveDate,
        adjustment: Adjustment,
    ) -> Result<Option<PriceSeries>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        let market = self.price_market(session, [instrument].into()).await?;
        let Some(found) = market.instrument(instrument) else { return Ok(None) };
        let closes = market.closes(instrument).map_or_else(Series::default, |closes| between(closes, from, to));
        let view = self.market.view(session).await?;
        let (splits, dividends) = match adjustment {
            Adjustment::None => (Arc::default(), Arc::default()),
            _ => (
                view.splits(session, [instrument]).await?.remove(&instrument).unwrap_or_default(),
                view.dividends(session, [instrument]).await?.remove(&instrument).unwrap_or_default(),
            ),
        };
        let outcome = adjust(&closes, &splits, &dividends, adjustment, to, found.currency, &market.fx);
        let (closes, problem) = match outcome {
            Ok(series) => (series, None),
            Err(problem) => (closes, Some(problem)),
        };
        let values = closes.values().iter().map(|value| problem.is_none().then_some(*value));
        let values: HashMap<NaiveDate, Option<Decimal>> = closes.dates().iter().copied().zip(values).collect();
        let mut dates: BTreeSet<NaiveDate> = closes.dates().iter().copied().collect();
        if let Some(&first) = closes.dates().first() {
            let last = found.delisted_on.and_then(|day| day.pred_opt()).map_or(to, |last| last.min(to));
            dates.extend(market.sessions(&found, first, last));
        }
        let certainty =
            |date: &NaiveDate| market.closes(instrument).map_or(Certainty::Final, |all| all.certainty(*date));
        let certainties = dates.iter().map(certainty).collect();
        let values = dates.iter().map(|date| values.get(date).copied().flatten()).collect();
        Ok(Some(PriceSeries {
            instrument: found,
            adjusted_to: to,
            dates: dates.into_iter().collect(),
            values,
            certainties,
            problem,
        }))
    }

    /// What one unit of `base` costs in `quote` on a day, with the rates that it is computed from.
    pub async fn exchange_rate(
        &self,
        session: &Session<Tenant>,
        base: Currency,
        quote: Currency,
        as_of: NaiveDate,
    ) -> Result<ExchangeRate, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        let fx = self.market.view(session).await?.fx(session).await?;
        check_currencies(session, &fx, [base, quote]).await?;
        Ok(ExchangeRate { as_of, chain: fx.chain(base, quote, as_of) })
    }

    async fn price_market(&self, session: &Session<Tenant>, ids: BTreeSet<Uuid>) -> Result<Market, ServiceError> {
        let view = self.market.view(session).await?;
        let fx = view.fx(session).await?;
        load_calendars(session, &view, fx, ids).await?.with_prices(session, &view).await
    }
}

/// Currencies that are listed, or that something is fixed of: ended ones and units of quotation.
pub(super) async fn check_currencies(
    session: &Session<Tenant>,
    fx: &FxRates,
    currencies: [Currency; 2],
) -> Result<(), ServiceError> {
    let listed = storage::instrument::known_currencies(session, &currencies.into()).await?;
    match currencies.into_iter().find(|currency| !listed.contains(currency) && !fx.knows(*currency)) {
        Some(currency) => Err(ServiceError::BadInput(format!("{currency} is no currency that is known here"))),
        None => Ok(()),
    }
}

fn between(closes: &Series, from: Option<NaiveDate>, to: NaiveDate) -> Series {
    let first = from.map_or(0, |from| closes.dates().partition_point(|day| *day < from));
    let range = first..closes.dates().partition_point(|day| *day <= to).max(first);
    // A part of what ascends does so too.
    Series::new(closes.dates()[range.clone()].to_vec(), closes.values()[range].to_vec()).unwrap_or_default()
}

/// Closes with what is asked for applied to them, or why they cannot be.
pub(super) fn adjust(
    closes: &Series,
    splits: &[Split],
    dividends: &[Dividend],
    adjustment: Adjustment,
    to: NaiveDate,
    currency: Currency,
    fx: &FxRates,
) -> Result<Series, (&'static str, String)> {
    let splits: Vec<SplitRatio> = splits
        .iter()
        .map(|split| SplitRatio { ex_date: split.ex_date, numerator: split.numerator, denominator: split.denominator })
        .collect();
    let first = closes.dates().first().copied();
    let paid = || {
        let within = dividends.iter().filter(|dividend| Some(dividend.ex_date) > first && dividend.ex_date <= to);
        within.map(|dividend| in_currency(dividend, currency, fx)).collect::<Result<Vec<_>, _>>()
    };
    let adjusted = match adjustment {
        Adjustment::None => return Ok(closes.clone()),
        Adjustment::Splits => adjusted(closes, &splits, &[], None, to),
        Adjustment::SplitsAndDividends => adjusted(closes, &splits, &paid()?, Some(Reinvestment::CloseBefore), to),
        Adjustment::TotalReturn => total_return(closes, &splits, &paid()?, to),
    };
    adjusted.map_err(|error: AdjustmentError| ("NOT_ADJUSTABLE", error.to_string()))
}

/// A dividend in the prices' currency, at the rate of its ex-date.
fn in_currency(dividend: &Dividend, currency: Currency, fx: &FxRates) -> Result<CashDividend, (&'static str, String)> {
    let Dividend { ex_date, terms, .. } = dividend;
    let amount = fx.convert(terms.amount, terms.currency, currency, *ex_date);
    let amount = amount.map_err(|error| ("NO_RATE", format!("the dividend of {ex_date}: {error}")))?;
    Ok(CashDividend { ex_date: *ex_date, amount })
}
