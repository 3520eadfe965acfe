//! Figures of the market at large.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use domain::pricing::{Lookup, Series};

use super::figure::{DataStatus, FigureReason, status_of};
use crate::graphql::connection::connection;
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::loaders::{self, IndicatorValueKey};
use crate::graphql::queries::past_day;
use crate::graphql::scalars::{Currency, Date, Decimal, check_range};
use crate::services::market_indicator::RiskFreeRate as RateRow;
use crate::storage::market_indicator::Indicator as Row;

/// The longest range of values, in days.
const MAX_DAYS: i64 = 40 * 366;

/// What a series measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum IndicatorKind {
    /// A rate of interest.
    Rate,
    /// A point of a yield curve.
    Curve,
    /// The level of an index.
    Index,
    /// An implied or realised volatility.
    Volatility,
}

impl IndicatorKind {
    /// As it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Rate => "RATE",
            Self::Curve => "CURVE",
            Self::Index => "INDEX",
            Self::Volatility => "VOLATILITY",
        }
    }
}

/// What values of a series are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum IndicatorUnit {
    /// Percent a year: 4.5 is 4.5 %.
    Percent,
    /// A fraction a year: 0.045 is 4.5 %.
    Fraction,
    /// Points of an index.
    Points,
}

/// A series of the market at large: a rate of interest, a point of a curve, an index or a volatility.
#[derive(Clone)]
pub struct MarketIndicator(pub Arc<Row>);

/// A series of the market at large: a rate of interest, a point of a curve, an index or a volatility.
#[Object]
impl MarketIndicator {
    /// Its code.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it measures.
    async fn kind(&self) -> Result<IndicatorKind> {
        let all = [IndicatorKind::Rate, IndicatorKind::Curve, IndicatorKind::Index, IndicatorKind::Volatility];
        let found = all.into_iter().find(|kind| kind.code() == self.0.kind);
        found.ok_or_else(|| ErrorCode::Internal.error("internal error"))
    }

    /// The currency that it is of, where it is of one.
    async fn currency(&self) -> Option<Currency> {
        self.0.currency.map(Currency)
    }

    /// For how long money is lent, of a rate: `ON`, `13W`, `3M`, `10Y`.
    async fn tenor(&self) -> Option<&str> {
        self.0.tenor.as_deref()
    }

    /// What its values are in.
    async fn unit(&self) -> Result<IndicatorUnit> {
        unit(&self.0)
    }

    /// How days are counted, of a rate: `ACT/360`, `ACT/365F`, `ACT/ACT` or `30/360`.
    async fn day_count(&self) -> Option<&str> {
        self.0.day_count.as_deref()
    }

    /// How it compounds, of a rate: `ANNUAL`, `SEMI_ANNUAL`, `SIMPLE`, `DISCOUNT` or `CONTINUOUS`.
    async fn compounding(&self) -> Option<&str> {
        self.0.compounding.as_deref()
    }

    /// Whether it stands for money without risk in its currency over its tenor: see `riskFreeRate`.
    async fn is_risk_free(&self) -> bool {
        self.0.is_risk_free
    }

    /// For how many calendar days a value stands in for later ones.
    async fn max_age_days(&self) -> i32 {
        self.0.max_age_days
    }

    /// Who publishes it.
    async fn source(&self) -> &str {
        &self.0.source
    }

    /// The last value on a day or before, if it is not too old. Null where it cannot be read: see the errors.
    async fn value_at(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The day; the last complete market day where none is given.")] as_of: Option<Date>,
    ) -> Result<Option<IndicatorValue>> {
        let day = as_of.map(|day| past_day(Operation::of(ctx), day)).transpose()?;
        let found = loaders::find(ctx, IndicatorValueKey(Arc::clone(&self.0), day)).await?;
        Ok(found.map(|lookup| IndicatorValue::new(&self.0, lookup)))
    }

    /// Its values over a range of forty years at the most. Null where they cannot be read: see the errors.
    async fn values(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From this day on, inclusive.")] from: Date,
        #[graphql(desc = "Until this day, inclusive.")] to: Date,
    ) -> Result<Option<IndicatorValues>> {
        check_range(from, to, MAX_DAYS)?;
        let operation = Operation::of(ctx);
        let read = async {
            let session = operation.session().await?;
            operation.services.indicator_values(&session, &self.0.code, [from.0, to.0], None).await
        };
        let series = read.await.map_err(|error| operation.fail(error))?;
        Ok(Some(IndicatorValues::new(&self.0, &series)))
    }
}

fn unit(row: &Row) -> Result<IndicatorUnit> {
    match row.unit.as_str() {
        "PERCENT" => Ok(IndicatorUnit::Percent),
        "FRACTION" => Ok(IndicatorUnit::Fraction),
        "POINTS" => Ok(IndicatorUnit::Points),
        _ => Err(ErrorCode::Internal.error("internal error")),
    }
}

/// A value of a series, or why there is none.
#[derive(Clone, Debug, SimpleObject)]
pub struct IndicatorValue {
    /// The value as published, in the series' unit. Null where there is none.
    observed: Option<Decimal>,
    /// Its day: the one asked for or before, never after.
    date: Option<Date>,
    /// How good it is.
    status: DataStatus,
    /// How many calendar days it is older than the day asked for.
    stale_days: Option<i32>,
    /// Why there is none; empty where there is one.
    reasons: Vec<FigureReason>,
}

impl IndicatorValue {
    fn new(row: &Row, lookup: Lookup) -> Self {
        match lookup {
            Lookup::Known { value, date, status, certainty } => {
                let (status, stale_days) = status_of(status, certainty);
                let (observed, date) = (Some(Decimal(value.normalize())), Some(Date(date)));
                Self { observed, date, status, stale_days, reasons: Vec::new() }
            }
            Lookup::Missing { reason } => {
                Self::missing(FigureReason::new("NO_VALUE", format!("no value of {}: {reason}", row.code)))
            }
        }
    }

    fn missing(reason: FigureReason) -> Self {
        let reasons = vec![reason];
        Self { observed: None, date: None, status: DataStatus::Missing, stale_days: None, reasons }
    }
}

/// Values of a series, as columns of one length. What was not published is not there.
#[derive(Clone, Debug, SimpleObject)]
pub struct IndicatorValues {
    /// The days that have a value, ascending.
    dates: Vec<Date>,
    /// The value of each as published, in the series' unit.
    values: Vec<Decimal>,
    /// How good each is: `COMPLETE`, or `ESTIMATED` where a person accepted or put it in.
    statuses: Vec<DataStatus>,
    /// Where it has holes that are longer than a value stands in for later days.
    reasons: Vec<FigureReason>,
}

impl IndicatorValues {
    fn new(row: &Row, series: &Series) -> Self {
        let pairs = series.dates().iter().zip(series.dates().iter().skip(1));
        let holes = pairs.filter(|(from, to)| (**to - **from).num_days() > i64::from(row.max_age_days) + 1);
        let reason = |(from, to): (&chrono::NaiveDate, &chrono::NaiveDate)| {
            FigureReason::new("NO_VALUE", format!("no value of {} after {from} and before {to}", row.code))
        };
        Self {
            reasons: holes.map(reason).collect(),
            dates: series.dates().iter().copied().map(Date).collect(),
            values: series.values().iter().map(|value| Decimal(value.normalize())).collect(),
            statuses: series.dates().iter().map(|day| series.certainty(*day).into()).collect(),
        }
    }
}

/// What money without risk earned, as it was known on a day.
#[derive(Clone, SimpleObject)]
pub struct RiskFreeRate {
    /// The series that says it, with the conventions of its quotes. Null where there is none.
    indicator: Option<MarketIndicator>,
    /// The last value on the day or before, as published, or why there is none; where no series says it, with the tenors that there
    /// are.
    quoted: IndicatorValue,
    /// The same as the effective rate of a year, a fraction: 0.0455 is 4.55 %; `riskFreeRate` of `metrics` takes it. Null where there
    /// is no value. Figures of `analytics` take the whole series by `riskFreeTenor`.
    effective_annual: Option<f64>,
}

impl RiskFreeRate {
    /// The rate in GraphQL's terms.
    pub fn new(row: RateRow) -> Self {
        let RateRow { series, effective_annual } = row;
        let (indicator, quoted) = match series {
            Ok((indicator, lookup)) => {
                let quoted = IndicatorValue::new(&indicator, lookup);
                (Some(MarketIndicator(indicator)), quoted)
            }
            Err(message) => (None, IndicatorValue::missing(FigureReason::new("NO_SERIES", message))),
        };
        Self { indicator, quoted, effective_annual }
    }
}

connection!(MarketIndicatorConnection, MarketIndicatorEdge, MarketIndicator, "series of the market at large, by code");
