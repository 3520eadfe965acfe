//! A portfolio by day.

use async_graphql::{ComplexObject, Context, Result, SimpleObject};
use domain::pricing::Doubt;
use domain::valuation::{Daily, DoubtfulSpan, Subject};

use super::analytics::{Analytics, Contribution};
use super::daily_value::Recomputing;
use super::figure::{DataStatus, FigureReason};
use super::money::Money;
use crate::graphql::loaders::{self, DoubtfulKey, FreshnessKey, HistoryKey};
use crate::graphql::scalars::{Currency, Date, Decimal};
use crate::services::analytics::{Range, ReturnTerms, Scope};

/// The range that figures are of, and whether something in it is missing: what tells how good the data behind them is.
#[derive(Clone, Debug)]
pub struct Basis {
    /// The portfolio and the range.
    pub range: HistoryKey,
    /// Whether a price or a rate is missing.
    pub lacks_input: bool,
}

impl Basis {
    /// The prices and rates that stood in for later days, or were not final.
    pub async fn doubtful_inputs(&self, ctx: &Context<'_>) -> Result<Vec<FigureReason>> {
        let doubtful = loaders::get(ctx, DoubtfulKey(self.range.clone())).await??;
        Ok(doubtful_reasons(&doubtful))
    }

    /// How good the worst input is.
    pub async fn status(&self, ctx: &Context<'_>) -> Result<DataStatus> {
        if self.lacks_input {
            return Ok(DataStatus::Missing);
        }
        let doubtful = loaders::get(ctx, DoubtfulKey(self.range.clone())).await??;
        Ok(worst(&doubtful))
    }

    /// What of the range is being computed anew.
    pub async fn recomputing(&self, ctx: &Context<'_>) -> Result<Option<Recomputing>> {
        let freshness = loaders::get(ctx, FreshnessKey(self.range.view.portfolio)).await?;
        Ok(Recomputing::of(&freshness, self.range.end))
    }
}

/// How good a figure is that is made of these among others.
pub fn worst(doubtful: &[(String, DoubtfulSpan)]) -> DataStatus {
    doubtful.iter().map(|(_, span)| DataStatus::from(span.doubt)).max().unwrap_or(DataStatus::Complete)
}

/// What there is to know of each.
pub fn doubtful_reasons(doubtful: &[(String, DoubtfulSpan)]) -> Vec<FigureReason> {
    doubtful.iter().map(|(name, span)| doubtful_reason(name, span)).collect()
}

fn doubtful_reason(name: &str, span: &DoubtfulSpan) -> FigureReason {
    let (kind, what) = match span.subject {
        Subject::Instrument(_) => ("PRICE", "price of"),
        Subject::Currency(_) => ("RATE", "rate of"),
    };
    let days = if span.days == 1 { "a valuation day".to_owned() } else { format!("{} valuation days", span.days) };
    let (code, message) = match span.doubt {
        Doubt::Provisional => {
            ("PROVISIONAL", format!("the {what} {name} is provisional on {days}: the session had not closed"))
        }
        Doubt::Stale { days: oldest } => {
            ("STALE", format!("an older {what} {name} stands in on {days}, up to {oldest} days old"))
        }
        Doubt::Estimated => {
            ("ESTIMATED", format!("the {what} {name} is an estimate on {days}: a person accepted or put it in"))
        }
    };
    FigureReason::new(&format!("{code}_{kind}"), message).over(span.first, span.last)
}

/// Values and flows by valuation day, as columns of one length. Valuation days are the sessions of the exchanges that price
/// what is held, weekdays where none does, and the range's last day. The first row is the opening: the close before the range.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct ValuationHistory {
    #[graphql(skip)]
    basis: Basis,
    /// The currency of values and flows.
    pub currency: Currency,
    /// The days, ascending.
    pub dates: Vec<Date>,
    /// Total value at each close, cash included; null where a part of it is unknown.
    pub values: Vec<Option<Decimal>>,
    /// Net deposits and withdrawals since the row before, each at its own day's rate; above zero inwards.
    pub flows: Vec<Decimal>,
    /// What was missing, and when.
    pub reasons: Vec<FigureReason>,
}

impl ValuationHistory {
    /// The columns in GraphQL's terms; `reasons` says what is missing.
    pub fn new(daily: &Daily, basis: Basis, currency: domain::money::Currency, reasons: Vec<FigureReason>) -> Self {
        Self {
            basis,
            currency: Currency(currency),
            dates: daily.dates.iter().copied().map(Date).collect(),
            values: daily.values.iter().map(|value| value.map(|value| Decimal(value.normalize()))).collect(),
            flows: daily.flows.iter().map(|flow| Decimal(flow.normalize())).collect(),
            reasons,
        }
    }
}

/// How good the data behind it is.
#[ComplexObject]
impl ValuationHistory {
    /// How good the worst price or rate behind the values is.
    async fn status(&self, ctx: &Context<'_>) -> Result<DataStatus> {
        self.basis.status(ctx).await
    }

    /// The prices and rates that stood in for later days or were not final, with the days; empty where every value is made of its
    /// own day's final ones.
    async fn doubtful_inputs(&self, ctx: &Context<'_>) -> Result<Vec<FigureReason>> {
        self.basis.doubtful_inputs(ctx).await
    }

    /// What of the range was corrected and is being computed anew in the background. Null where nothing is.
    async fn recomputing(&self, ctx: &Context<'_>) -> Result<Option<Recomputing>> {
        self.basis.recomputing(ctx).await
    }
}

/// What changed since the close of the valuation day before.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct DailyChange {
    /// The valuation days that are compared.
    #[graphql(skip)]
    pub basis: Basis,
    /// The day whose close is compared.
    pub date: Date,
    /// The valuation day before.
    pub previous_date: Date,
    /// Total value at the close.
    pub value: Option<Money>,
    /// Total value at the close before.
    pub previous_value: Option<Money>,
    /// Net deposits and withdrawals in between.
    pub flow: Money,
    /// Value minus value before minus flow: what prices, rates, income and charges did. Null where a value is unknown.
    pub change: Option<Money>,
    /// The time-weighted return of the step, as a fraction: inflows at its start, outflows at its end. Null where a value is
    /// unknown or there was no capital.
    pub change_return: Option<f64>,
    /// What was missing.
    pub reasons: Vec<FigureReason>,
}

/// By holding, and how good the data behind it is.
#[ComplexObject]
impl DailyChange {
    /// What each holding, and cash, changed by, with its price and currency parts, the largest contribution first.
    async fn contributions(&self, ctx: &Context<'_>) -> Result<Vec<Contribution>> {
        let HistoryKey { view, opening, end } = self.basis.range.clone();
        let scope = std::sync::Arc::new(Scope::portfolio(view));
        let analytics = Analytics::over(ctx, scope, Range { opening, end }).await?;
        analytics.contributions_of(ctx, ReturnTerms::default())
    }

    /// How good the worst price or rate behind the two values is.
    async fn status(&self, ctx: &Context<'_>) -> Result<DataStatus> {
        self.basis.status(ctx).await
    }

    /// The prices and rates that stood in for later days or were not final, with the days; empty where both values are made of their
    /// own day's final ones.
    async fn doubtful_inputs(&self, ctx: &Context<'_>) -> Result<Vec<FigureReason>> {
        self.basis.doubtful_inputs(ctx).await
    }

    /// What of the range was corrected and is being computed anew in the background. Null where nothing is.
    async fn recomputing(&self, ctx: &Context<'_>) -> Result<Option<Recomputing>> {
        self.basis.recomputing(ctx).await
    }
}
