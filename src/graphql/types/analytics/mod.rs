//! Figures over a scope and a range, and what they are made of.

mod allocation;
mod attribution;
mod diversification;
mod explanation;
mod gain;
mod hypothetical_trade;
mod income;
mod range;
mod returns;
mod risk;
mod rolling;
mod stress;
mod stress_input;
mod tail;
mod xray;

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::NaiveDate;
use domain::analytics::stress::Stress;

pub use self::allocation::{AllocationBy, AllocationSlice};
pub use self::attribution::{AttributionModel, ReturnAttribution};
pub use self::diversification::Diversification;
pub use self::explanation::Explanation;
pub use self::gain::{Contribution, GainSplit};
pub use self::hypothetical_trade::HypotheticalTradeInput;
pub use self::income::{ExpectedIncome, Income};
pub use self::range::{RangeInput, RangePreset};
pub use self::returns::{PeriodLength, PeriodReturns, RangeReturns, Returns};
pub use self::risk::{BenchmarkComparison, BenchmarkInput, Drawdown, Risk};
pub use self::rolling::RollingFigures;
pub use self::stress::StressTest;
pub use self::stress_input::{StressShocksInput, StressWindow};
pub use self::tail::{TailInput, TailRisk};
pub use self::xray::Xray;

use super::figure::{DataStatus, FigureReason};
use super::valuation::{doubtful_reasons, worst};
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, BookKey};
use crate::graphql::scalars::{Currency, Date};
use crate::services::analytics::risk::worst_drawdowns;
use crate::services::analytics::{Book, Conventions, Range, ReturnTerms, Scope};

/// Figures over a scope and a range.
#[derive(Clone)]
pub struct Analytics {
    scope: Arc<Scope>,
    range: Range,
    book: Arc<Book>,
}

impl Analytics {
    /// Of a scope, over a range.
    pub async fn over(ctx: &Context<'_>, scope: Arc<Scope>, range: Range) -> Result<Self> {
        let book = loaders::get(ctx, BookKey { scope: Arc::clone(&scope), range }).await??;
        Ok(Self { scope, range, book })
    }

    /// What each holding, and cash, brought.
    pub fn contributions_of(&self, ctx: &Context<'_>, terms: ReturnTerms) -> Result<Vec<Contribution>> {
        let operation = Operation::of(ctx);
        let contributions = self.book.contributions(terms).map_err(|error| operation.fail(error))?;
        let shown = contributions.iter().map(|one| Contribution::new(one, &self.book, terms));
        shown.collect::<Result<_, _>>().map_err(|error: domain::valuation::ValuationError| operation.fail(error.into()))
    }

    fn opening(&self) -> NaiveDate {
        self.book.range().opening
    }
}

/// Figures over a scope and a range: a portfolio, an account, a holding, or portfolios together. Each carries its method and
/// conventions, and `explain` gives what all of them are made of.
#[Object]
impl Analytics {
    /// The day whose close the range opens from. It is later than what was asked for where nothing was in the scope before.
    async fn opening_date(&self) -> Date {
        Date(self.opening())
    }

    /// The last day of the range.
    async fn end_date(&self) -> Date {
        Date(self.book.range().end)
    }

    /// Calendar days from the opening to the end.
    async fn days(&self) -> i32 {
        let Range { opening, end } = self.book.range();
        i32::try_from((end - opening).num_days()).unwrap_or(i32::MAX)
    }

    /// The currency of every figure.
    async fn currency(&self) -> Currency {
        Currency(self.book.currency)
    }

    /// What was earned, weighted by time and by money, side by side.
    async fn returns(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Before fees that are on no holding, such as an advisor's: as if they had been paid from outside.",
            default = false
        )]
        gross_of_fees: bool,
        #[graphql(desc = "Before taxes, those withheld and those of trades too.", default = false)]
        gross_of_taxes: bool,
    ) -> Result<Returns> {
        let operation = Operation::of(ctx);
        let terms = ReturnTerms { gross_of_fees, gross_of_taxes };
        let computed = self.book.performance(terms).map_err(|error| operation.fail(error))?;
        Ok(Returns::new(Arc::clone(&self.book), terms, &computed, operation.services.environment.clock.now()))
    }

    /// The time-weighted return of each period within the range, the first and the last of which may be cut.
    async fn period_returns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How long a period is.")] by: PeriodLength,
        #[graphql(
            desc = "Before fees that are on no holding, such as an advisor's: as if they had been paid from outside.",
            default = false
        )]
        gross_of_fees: bool,
        #[graphql(desc = "Before taxes, those withheld and those of trades too.", default = false)]
        gross_of_taxes: bool,
    ) -> Result<PeriodReturns> {
        let terms = ReturnTerms { gross_of_fees, gross_of_taxes };
        let chain = self.book.chain_before(terms).map_err(|error| Operation::of(ctx).fail(error))?;
        Ok(PeriodReturns::new(&self.book, &chain, by))
    }

    /// What the gain over the range is made of, to the minor unit. Null where a value at an end of the range, or of a holding there, is
    /// unknown: see `explain`.
    async fn gain(&self, ctx: &Context<'_>) -> Result<Option<GainSplit>> {
        let operation = Operation::of(ctx);
        let split = self.book.split().map_err(|error| operation.fail(error))?;
        let Some(gain) = &split.gain else { return Ok(None) };
        let split = GainSplit::new(gain, self.book.currency).map_err(|error| operation.fail(error.into()))?;
        Ok(Some(split))
    }

    /// What each holding earned and how much of the range's time-weighted return it brought, the largest contribution first. Cash is
    /// the rest: the entry without an instrument.
    async fn contributions(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Before fees that are on no holding, such as an advisor's: as if they had been paid from outside.",
            default = false
        )]
        gross_of_fees: bool,
        #[graphql(desc = "Before taxes, those withheld and those of trades too.", default = false)]
        gross_of_taxes: bool,
    ) -> Result<Vec<Contribution>> {
        self.contributions_of(ctx, ReturnTerms { gross_of_fees, gross_of_taxes })
    }

    /// How the value varies, and what was earned for that. Null where it cannot be computed: see the errors.
    async fn risk(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The risk-free rate, as a fraction a year: 0.02 is 2 %; 0 where no tenor is given either.")]
        risk_free_rate: Option<f64>,
        #[graphql(
            desc = "In place of a rate, the market's risk-free series of the figures' currency over this tenor: `ON`, or a number with D, W, M or Y, such as `3M`. See `marketIndicators`."
        )]
        risk_free_tenor: Option<String>,
        #[graphql(desc = "The return that is asked for, as a fraction a year: less is a loss.", default = 0.0)]
        required_return: f64,
        #[graphql(
            desc = "Before fees that are on no holding, such as an advisor's: as if they had been paid from outside.",
            default = false
        )]
        gross_of_fees: bool,
        #[graphql(desc = "Before taxes, those withheld and those of trades too.", default = false)]
        gross_of_taxes: bool,
    ) -> Result<Option<Risk>> {
        let risk_free = risk::risk_free(risk_free_rate, risk_free_tenor)?;
        check_rate("requiredReturn", required_return)?;
        let terms = ReturnTerms { gross_of_fees, gross_of_taxes };
        let conventions = Conventions { terms, risk_free, required: required_return };
        let operation = Operation::of(ctx);
        let compute = async {
            let session = operation.session().await?;
            operation.services.analytics_risk(&session, &self.book, &conventions).await
        };
        let (figures, risk_free) = compute.await.map_err(|error| operation.fail(error))?;
        Ok(Some(Risk::new(&figures, &risk_free, required_return)))
    }

    /// Returns and risk over a window that moves along the range. Null where it cannot be computed: see the errors.
    #[expect(clippy::too_many_arguments, reason = "each is an argument that clients give")]
    async fn rolling(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many returns a window has, 20 to 2,520: 63 are about a quarter.", default = 63)]
        window: i32,
        #[graphql(desc = "The risk-free rate, as a fraction a year: 0.02 is 2 %; 0 where no tenor is given either.")]
        risk_free_rate: Option<f64>,
        #[graphql(
            desc = "In place of a rate, the market's risk-free series of the figures' currency over this tenor: `ON`, or a number with D, W, M or Y, such as `3M`. See `marketIndicators`."
        )]
        risk_free_tenor: Option<String>,
        #[graphql(desc = "The return that is asked for, as a fraction a year: less is a loss.", default = 0.0)]
        required_return: f64,
        #[graphql(
            desc = "What `beta` and `correlation` are of; with it, steps in which it has no value compound into the next."
        )]
        benchmark: Option<BenchmarkInput>,
        #[graphql(
            desc = "Before fees that are on no holding, such as an advisor's: as if they had been paid from outside.",
            default = false
        )]
        gross_of_fees: bool,
        #[graphql(desc = "Before taxes, those withheld and those of trades too.", default = false)]
        gross_of_taxes: bool,
    ) -> Result<Option<RollingFigures>> {
        let risk_free = risk::risk_free(risk_free_rate, risk_free_tenor)?;
        check_rate("requiredReturn", required_return)?;
        let terms = ReturnTerms { gross_of_fees, gross_of_taxes };
        let conventions = Conventions { terms, risk_free, required: required_return };
        if !(20..=2_520).contains(&window) {
            return Err(ErrorCode::BadUserInput.error(format!("window: {window} is not between 20 and 2520")));
        }
        let operation = Operation::of(ctx);
        let benchmark = benchmark.map(BenchmarkInput::benchmark).transpose()?;
        let compute = async {
            let session = operation.session().await?;
            let length = usize::try_from(window).unwrap_or(usize::MAX);
            let services = &operation.services;
            services.analytics_rolling(&session, &self.book, length, &conventions, benchmark.as_ref()).await
        };
        let figures = compute.await.map_err(|error| operation.fail(error))?;
        Ok(Some(RollingFigures(Arc::new(figures))))
    }

    /// The falls of the time-weighted growth from a peak, the deepest first.
    async fn drawdowns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 5)] first: i32,
        #[graphql(
            desc = "Before fees that are on no holding, such as an advisor's: as if they had been paid from outside.",
            default = false
        )]
        gross_of_fees: bool,
        #[graphql(desc = "Before taxes, those withheld and those of trades too.", default = false)]
        gross_of_taxes: bool,
    ) -> Result<Vec<Drawdown>> {
        if !(1..=100).contains(&first) {
            return Err(ErrorCode::BadUserInput.error(format!("first: {first} is not between 1 and 100")));
        }
        let end = self.book.range().end;
        let terms = ReturnTerms { gross_of_fees, gross_of_taxes };
        let chain = self.book.chain_before(terms).map_err(|error| Operation::of(ctx).fail(error))?;
        let falls = worst_drawdowns(&chain, usize::try_from(first).unwrap_or(1));
        Ok(falls.iter().map(|fall| Drawdown::new(fall, end)).collect())
    }

    /// The figures against a benchmark. Null where it cannot be compared with: see the errors.
    async fn against(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to compare with.")] benchmark: BenchmarkInput,
        #[graphql(desc = "The risk-free rate, as a fraction a year: 0.02 is 2 %; 0 where no tenor is given either.")]
        risk_free_rate: Option<f64>,
        #[graphql(
            desc = "In place of a rate, the market's risk-free series of the figures' currency over this tenor: `ON`, or a number with D, W, M or Y, such as `3M`. See `marketIndicators`."
        )]
        risk_free_tenor: Option<String>,
        #[graphql(
            desc = "Before fees that are on no holding, such as an advisor's: as if they had been paid from outside.",
            default = false
        )]
        gross_of_fees: bool,
        #[graphql(desc = "Before taxes, those withheld and those of trades too.", default = false)]
        gross_of_taxes: bool,
    ) -> Result<Option<BenchmarkComparison>> {
        let risk_free = risk::risk_free(risk_free_rate, risk_free_tenor)?;
        let terms = ReturnTerms { gross_of_fees, gross_of_taxes };
        let conventions = Conventions { terms, risk_free, required: 0.0 };
        let operation = Operation::of(ctx);
        let benchmark = benchmark.benchmark()?;
        let compare = async {
            let session = operation.session().await?;
            operation.services.analytics_against(&session, &self.book, &benchmark, &conventions).await
        };
        let compared = compare.await.map_err(|error| operation.fail(error))?;
        Ok(Some(BenchmarkComparison::new(compared, self.book.currency)))
    }

    /// Where the difference from a benchmark came from: by weighing parts otherwise than it does, and by what was chosen within them. Null
    /// where it cannot be compared with: see the errors.
    async fn attribution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to compare with.")] benchmark: BenchmarkInput,
        #[graphql(
            desc = "What the segments are; not by account, of which a benchmark has none.",
            default_with = "AllocationBy::Sector"
        )]
        by: AllocationBy,
        #[graphql(desc = "How the effect of a weight is told.", default_with = "AttributionModel::BrinsonFachler")]
        model: AttributionModel,
        #[graphql(
            desc = "Before fees that are on no holding, such as an advisor's: as if they had been paid from outside.",
            default = false
        )]
        gross_of_fees: bool,
        #[graphql(desc = "Before taxes, those withheld and those of trades too.", default = false)]
        gross_of_taxes: bool,
    ) -> Result<Option<ReturnAttribution>> {
        let terms = ReturnTerms { gross_of_fees, gross_of_taxes };
        let operation = Operation::of(ctx);
        let benchmark = benchmark.benchmark()?;
        let compute = async {
            let session = operation.session().await?;
            let services = &operation.services;
            services.analytics_attribution(&session, &self.book, &benchmark, by.into(), model.into(), terms).await
        };
        let attributed = compute.await.map_err(|error| operation.fail(error))?;
        Ok(Some(ReturnAttribution::new(attributed, by)))
    }

    /// How much may be lost. Null where it cannot be computed: see the errors. What is held at the end bears no charges: before and after
    /// them only `REALIZED_RETURNS` differ.
    async fn tail_risk(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What tail; a day's at 95 %, historical, of what is held, where none is given.")]
        input: Option<TailInput>,
        #[graphql(
            desc = "Before fees that are on no holding, such as an advisor's: as if they had been paid from outside.",
            default = false
        )]
        gross_of_fees: bool,
        #[graphql(desc = "Before taxes, those withheld and those of trades too.", default = false)]
        gross_of_taxes: bool,
    ) -> Result<Option<TailRisk>> {
        let operation = Operation::of(ctx);
        let input = input.unwrap_or_default();
        let (basis, method, tail) = input.read()?;
        let terms = ReturnTerms { gross_of_fees, gross_of_taxes };
        let compute = async {
            let session = operation.session().await?;
            operation.services.analytics_tail(&session, &self.book, basis, method, tail, terms).await
        };
        let tail = compute.await.map_err(|error| operation.fail(error))?;
        Ok(Some(TailRisk::new(tail, input, &self.book)))
    }

    /// What is held at the end of the range by a property, the largest part first.
    async fn allocation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What holdings are grouped by.")] by: AllocationBy,
    ) -> Result<Vec<AllocationSlice>> {
        let slices = self.book.allocation(by.into()).map_err(|error| Operation::of(ctx).fail(error))?;
        Ok(slices.into_iter().map(|slice| AllocationSlice::new(slice, by, self.book.currency)).collect())
    }

    /// The same figures had these trades been made at the close of the last day, without charges; nothing is recorded. Ask for the
    /// figures beside it and below it to compare before with after.
    async fn what_if(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The trades, 1 to 100; each comes after the ones before it.")] trades: Vec<
            HypotheticalTradeInput,
        >,
    ) -> Result<Option<Analytics>> {
        let trades = hypothetical_trade::trades(trades)?;
        let scope = Scope { trades: [self.scope.trades.clone(), trades].concat(), ..(*self.scope).clone() };
        Self::over(ctx, Arc::new(scope), self.range).await.map(Some)
    }

    /// How what is held at the end of the range spreads its risk. Null where it cannot be computed: see the errors.
    async fn diversification(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the largest `topShare` is of, 1 to 100.", default = 5)] top: i32,
        #[graphql(desc = "The correlation from which on holdings are one of the `clusters`, −1 to 1.", default = 0.5)]
        cluster_correlation: f64,
    ) -> Result<Option<Diversification>> {
        if !(1..=100).contains(&top) {
            return Err(ErrorCode::BadUserInput.error(format!("top: {top} is not between 1 and 100")));
        }
        if !(-1.0..=1.0).contains(&cluster_correlation) {
            let message = format!("clusterCorrelation: {cluster_correlation} is not between -1 and 1");
            return Err(ErrorCode::BadUserInput.error(message));
        }
        let operation = Operation::of(ctx);
        let compute = async {
            let session = operation.session().await?;
            let top = usize::try_from(top).unwrap_or(1);
            operation.services.analytics_diversification(&session, &self.book, top, cluster_correlation).await
        };
        let figures = compute.await.map_err(|error| operation.fail(error))?;
        Ok(Some(Diversification::new(figures)))
    }

    /// What shocks, a window of history or a scenario of the firm's would do to what is held at the end of the range: give one of them.
    /// Null where it cannot be computed: see the errors.
    async fn stress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Shocks that come together.")] shocks: Option<StressShocksInput>,
        #[graphql(desc = "What happened once, to each holding by its own prices then.")] window: Option<StressWindow>,
        #[graphql(desc = "A scenario that the firm keeps: see `stressScenarios`.")] scenario_id: Option<ID>,
    ) -> Result<Option<StressTest>> {
        let operation = Operation::of(ctx);
        let stress = match (shocks, window, scenario_id) {
            (Some(shocks), None, None) => Stress::Scenario(shocks.scenario()?),
            (None, Some(window), None) => Stress::Window(window.into()),
            (None, None, Some(id)) => {
                let id = Kind::StressScenario.parse(&id, "scenarioId")?;
                let find = async {
                    let session = operation.session().await?;
                    operation.services.stress_of_scenario(&session, id).await
                };
                let found = find.await.map_err(|error| operation.fail(error))?;
                found.ok_or_else(|| ErrorCode::NotFound.error("scenarioId: there is no such scenario"))?
            }
            (shocks, window, id) => {
                let given = usize::from(shocks.is_some()) + usize::from(window.is_some()) + usize::from(id.is_some());
                let message =
                    format!("stress: {given} of `shocks`, `window` and `scenarioId` are given, one is expected");
                return Err(ErrorCode::BadUserInput.error(message));
            }
        };
        let compute = async {
            let session = operation.session().await?;
            operation.services.analytics_stress(&session, &self.book, &stress).await
        };
        let test = compute.await.map_err(|error| operation.fail(error))?;
        let test = StressTest::new(&test, &stress, &self.book).map_err(|error| operation.fail(error.into()))?;
        Ok(Some(test))
    }

    /// Whether what is held at the end of the range keeps the firm's rules: see `xrayRules`. Null where that cannot be computed: see the
    /// errors.
    async fn xray(&self, ctx: &Context<'_>) -> Result<Option<Xray>> {
        let operation = Operation::of(ctx);
        let compute = async {
            let session = operation.session().await?;
            operation.services.analytics_xray(&session, &self.book).await
        };
        let findings = compute.await.map_err(|error| operation.fail(error))?;
        Ok(Some(Xray::new(findings)))
    }

    /// Dividends, coupons and interest received, by month.
    async fn income(&self, ctx: &Context<'_>) -> Result<Option<Income>> {
        let income = self.book.income().map_err(|error| Operation::of(ctx).fail(error))?;
        Ok(Some(Income::new(income, &self.book)))
    }

    /// What is held at the end of the range may be expected to pay in the twelve months after it.
    async fn expected_income(&self, ctx: &Context<'_>) -> Result<Option<ExpectedIncome>> {
        let operation = Operation::of(ctx);
        let compute = async {
            let session = operation.session().await?;
            operation.services.analytics_expected_income(&session, &self.book).await
        };
        let expected = compute.await.map_err(|error| operation.fail(error))?;
        Ok(Some(ExpectedIncome::new(expected, &self.book)))
    }

    /// How good the worst price or rate behind the values is.
    async fn status(&self, ctx: &Context<'_>) -> Result<DataStatus> {
        if !self.book.history.daily.missing.is_empty() {
            return Ok(DataStatus::Missing);
        }
        let doubtful = self.book.doubtful_inputs().map_err(|error| Operation::of(ctx).fail(error))?;
        Ok(worst(&doubtful))
    }

    /// The prices and rates that stood in for later days or were not final, with the days; empty where every value is made of its
    /// own day's final ones. What is missing is told by `explain`.
    async fn doubtful_inputs(&self, ctx: &Context<'_>) -> Result<Vec<FigureReason>> {
        let doubtful = self.book.doubtful_inputs().map_err(|error| Operation::of(ctx).fail(error))?;
        Ok(doubtful_reasons(&doubtful))
    }

    /// What the figures are made of.
    async fn explain(&self) -> Explanation {
        Explanation::new(Arc::clone(&self.book), Arc::clone(&self.scope))
    }
}

/// A rate a year is a fraction: who means 2 % and writes 2 is told.
pub fn check_rate(argument: &str, rate: f64) -> Result<()> {
    if (-0.5..=1.0).contains(&rate) {
        return Ok(());
    }
    let message = format!("{argument}: {rate} is not between -0.5 and 1 (a fraction a year: 0.02 is 2 %)");
    Err(ErrorCode::BadUserInput.error(message))
}
