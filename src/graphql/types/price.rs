//! Prices of an instrument as columns, with what is applied to them.

use async_graphql::{Context, Enum, Result, SimpleObject};

use super::figure::{DataStatus, FigureReason, PriceSource, Quote, sourced};
use crate::graphql::context::Operation;
use crate::graphql::loaders::{self, QuoteKey};
use crate::graphql::queries::past_day;
use crate::graphql::scalars::{Currency, Date, Decimal, check_range};
use crate::services::price::PriceSeries as Series;
use crate::storage::instrument::Instrument;

/// The longest range of prices, in days: forty years.
const MAX_DAYS: i64 = 40 * 366;

/// What is applied to closes as they were traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::services::price::Adjustment")]
pub enum PriceAdjustment {
    /// Nothing: as quoted on their day.
    None,
    /// Splits: in the units of the last day, so that a split is no jump.
    Splits,
    /// Splits and dividends, as vendors' adjusted closes have it: before an ex-date multiplied by 1 − D / P, P being the last close
    /// before it. The last day's close is as quoted.
    SplitsAndDividends,
    /// What a unit that is bought at the first close of the range has become, every dividend put back at the close of its ex-date:
    /// a step is (P + D) / P before − 1. The first value is the first close.
    TotalReturn,
}

/// Prices of an instrument, as columns of one length: a row a session of its exchange from the first price of the range on, and a
/// row a price on another day. What no exchange prices has a row a price, which holds until the next one.
#[derive(Clone, Debug, SimpleObject)]
pub struct PriceSeries {
    /// The currency of the values.
    currency: Currency,
    /// What was applied.
    adjustment: PriceAdjustment,
    /// The day whose units the values are in, the last of the range: a split after it is not applied.
    adjusted_to: Date,
    /// The days, ascending.
    dates: Vec<Date>,
    /// The price of each day itself, adjusted ones rounded to twelve decimals. Null where there is none: never one of another day.
    values: Vec<Option<Decimal>>,
    /// How good each is: `COMPLETE`, `PROVISIONAL` or `ESTIMATED`, and `MISSING` where the value is null.
    statuses: Vec<DataStatus>,
    /// Where they come from; `OVERRIDE` where the tenant's own count on some of the days: see the instrument's `priceOverrides`.
    source: PriceSource,
    /// What is missing or cannot be adjusted, with the days; empty where the series is whole.
    reasons: Vec<FigureReason>,
}

impl PriceSeries {
    fn new(series: Series, adjustment: PriceAdjustment, asked: Option<Date>, source: PriceSource) -> Self {
        let reasons = reasons(&series, asked);
        let rows = series.values.iter().zip(&series.certainties);
        let statuses = rows.map(|(value, certainty)| value.map_or(DataStatus::Missing, |_| (*certainty).into()));
        Self {
            currency: Currency(series.instrument.currency),
            adjustment,
            adjusted_to: Date(series.adjusted_to),
            dates: series.dates.into_iter().map(Date).collect(),
            statuses: statuses.collect(),
            values: series.values.into_iter().map(|value| value.map(|value| Decimal(value.normalize()))).collect(),
            source,
            reasons,
        }
    }
}

fn reasons(series: &Series, asked: Option<Date>) -> Vec<FigureReason> {
    let symbol = &series.instrument.symbol;
    if let Some((code, message)) = &series.problem {
        return vec![FigureReason::new(code, format!("{symbol} cannot be adjusted: {message}"))];
    }
    let no_price = |message: String| FigureReason::new("NO_PRICE", format!("no price of {symbol} {message}"));
    let Some(&first) = series.dates.first() else {
        return vec![no_price("in the range".to_owned())];
    };
    let mut reasons = Vec::new();
    if asked.is_some_and(|from| from.0 < first) {
        reasons.push(no_price(format!("before {first}")));
    }
    let rows = series.dates.iter().zip(&series.values);
    let missing: Vec<_> = rows.filter(|(_, value)| value.is_none()).map(|(date, _)| *date).collect();
    if let (Some(&from), Some(&to)) = (missing.first(), missing.last()) {
        reasons.push(no_price(format!("on {} sessions", missing.len())).over(from, to));
    }
    reasons
}

/// The price of an instrument on a day, by default the last complete market day.
pub async fn price(ctx: &Context<'_>, instrument: &Instrument, asked: Option<Date>) -> Result<Option<Quote>> {
    let day = asked.map(|day| past_day(Operation::of(ctx), day)).transpose()?;
    let found = loaders::find(ctx, QuoteKey(instrument.id, day)).await?;
    match found {
        Some(lookup) => sourced(ctx, Quote::new(lookup, instrument, day), instrument).await.map(Some),
        None => Ok(None),
    }
}

/// The prices of an instrument over a range, by default until today.
pub async fn prices(
    ctx: &Context<'_>,
    instrument: &Instrument,
    from: Option<Date>,
    to: Option<Date>,
    adjustment: PriceAdjustment,
) -> Result<Option<PriceSeries>> {
    let operation = Operation::of(ctx);
    let today = operation.services.environment.clock.today();
    let to = to.map_or(today, |to| to.0.min(today));
    if let Some(from) = from {
        check_range(from, Date(to), MAX_DAYS)?;
    }
    let read = async {
        let session = operation.session().await?;
        let from = from.map(|from| from.0);
        operation.services.price_series(&session, instrument.id, from, to, adjustment.into()).await
    };
    let found = read.await.map_err(|error| operation.fail(error))?;
    let Some(series) = found else { return Ok(None) };
    let priced = series.dates.iter().zip(&series.values).filter(|(_, value)| value.is_some()).map(|(day, _)| *day);
    let source = PriceSource::on(ctx, instrument, priced).await?;
    Ok(Some(PriceSeries::new(series, adjustment, from, source)))
}
