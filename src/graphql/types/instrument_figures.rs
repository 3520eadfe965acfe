//! Figures of bonds and options at a price: interest, yields, durations, volatilities and sensitivities.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Result, SimpleObject};
use chrono::NaiveDate;
use domain::ledger::OptionTerms;
use domain::pricing::Lookup;

use super::analytics::check_rate;
use super::figure::{DataStatus, FigureReason, MoneyFigure, Quote};
use super::instrument_terms::DayCount;
use super::metrics::{Metric, MetricUnit};
use super::money::Money;
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::loaders::{self, InstrumentKey, LastDayKey, QuoteKey, RiskFreeRateKey};
use crate::graphql::queries::past_day;
use crate::graphql::scalars::{Date, Decimal};
use crate::services::ServiceError;
use crate::services::bond::{self, BondAnalysis, Quoted, Reason};
use crate::services::option::{self, LATTICE_STEPS, OptionAnalysis, OptionMarket};
use crate::services::performance::Figure;
use crate::services::price::missing_code;
use crate::storage::instrument::Instrument as Row;

/// The longest name of a tenor.
const MAX_TENOR: usize = 8;

/// The day that is asked for, or the last complete market day.
async fn day_of(ctx: &Context<'_>, asked: Option<Date>) -> Result<NaiveDate> {
    match asked {
        Some(day) => past_day(Operation::of(ctx), day),
        None => loaders::get(ctx, LastDayKey).await,
    }
}

/// The price of an instrument as valuations read it, or why there is none.
async fn quote_of(ctx: &Context<'_>, instrument: &Row, day: NaiveDate) -> Result<(Lookup, Option<Reason>)> {
    let found = loaders::find(ctx, QuoteKey(instrument.id, Some(day))).await?;
    let lookup = found.ok_or_else(|| ErrorCode::Internal.error("internal error"))?;
    let reason = match lookup {
        Lookup::Known { .. } => None,
        Lookup::Missing { reason } => {
            Some((missing_code(reason), format!("no price of {} on {day}: {reason}", instrument.symbol)))
        }
    };
    Ok((lookup, reason))
}

fn above_zero(argument: &str, price: Decimal) -> Result<rust_decimal::Decimal> {
    if price.0 > rust_decimal::Decimal::ZERO {
        return Ok(price.0);
    }
    Err(ErrorCode::BadUserInput.error(format!("{argument}: {} is not above zero", price.0)))
}

/// A bond's figures at a price or a yield. Prices and interest are per 100 of face, whatever a unit pays back. Coupons are regular:
/// short or long first periods, days without coupon, calls and floating rates are not modelled.
#[derive(Clone, Debug, SimpleObject)]
pub struct BondFigures {
    /// The day that it is bought and settled on.
    as_of: Date,
    /// The price that they are of, as valuations read it. Null where a price or a yield was given.
    quote: Option<Quote>,
    /// How coupons count days; null where that is not known.
    day_count: Option<DayCount>,
    /// The day that the face is paid back; null where that is not known.
    maturity: Option<Date>,
    /// The part of the running coupon that the seller earned. It needs no price.
    accrued_interest: Metric,
    /// What is quoted: without accrued interest.
    clean_price: Metric,
    /// What is paid: with accrued interest.
    dirty_price: Metric,
    /// The yield to maturity, compounded as often as coupons are paid, once a year without coupons.
    yield_to_maturity: Metric,
    /// The coupons of a year over the clean price.
    current_yield: Metric,
    /// The mean time to payment, weighed by present value.
    macaulay_duration: Metric,
    /// By how much the dirty price falls, as a fraction, for each 1.00 that the yield rises: −P′/P.
    modified_duration: Metric,
    /// P″/P of the dirty price.
    convexity: Metric,
}

/// The figures of a bond; nothing for what is none.
pub async fn bond_figures(
    ctx: &Context<'_>,
    instrument: &Row,
    as_of: Option<Date>,
    price: Option<Decimal>,
    rate: Option<f64>,
) -> Result<Option<BondFigures>> {
    if instrument.asset_type != "BOND" {
        return Ok(None);
    }
    let given = match (price, rate) {
        (Some(_), Some(_)) => {
            return Err(ErrorCode::BadUserInput.error("price: give a price or a yield, not both"));
        }
        (Some(price), None) => Some(Quoted::Price(above_zero("price", price)?)),
        (None, Some(rate)) => {
            check_rate("yield", rate)?;
            Some(Quoted::Yield(rate))
        }
        (None, None) => None,
    };
    let day = day_of(ctx, as_of).await?;
    let (quoted, quote) = match given {
        Some(quoted) => (quoted, None),
        None => {
            let (lookup, reason) = quote_of(ctx, instrument, day).await?;
            let quoted = match lookup.value() {
                Some(price) => Quoted::Price(price),
                None => Quoted::Missing(reason.into_iter().collect()),
            };
            (quoted, Some(Quote::new(lookup, instrument, Some(day))))
        }
    };
    Ok(Some(BondFigures::new(instrument, day, quote, &bond::analyse(instrument, day, &quoted))))
}

impl BondFigures {
    fn new(instrument: &Row, day: NaiveDate, quote: Option<Quote>, of: &BondAnalysis) -> Self {
        let terms = instrument.bond.as_ref();
        let days = terms.map_or_else(|| "days not known".to_owned(), |terms| format!("days by {}", terms.day_count));
        let metric = |figure: &Figure, unit, method| {
            let conventions = [
                days.as_str(),
                "settled on the day",
                "coupons at the ends of months where the maturity is",
                "compounded as often as coupons, in the last period too",
            ];
            Metric::new(figure, unit, method, &conventions)
        };
        Self {
            as_of: Date(day),
            quote,
            day_count: terms.and_then(|terms| DayCount::of_code(&terms.day_count)),
            maturity: terms.map(|terms| Date(terms.maturity)),
            accrued_interest: metric(
                &of.accrued_interest,
                MetricUnit::PerHundredOfFace,
                "the running coupon × the part of its period that has passed",
            ),
            clean_price: metric(&of.clean_price, MetricUnit::PerHundredOfFace, "dirty price − accrued interest"),
            dirty_price: metric(&of.dirty_price, MetricUnit::PerHundredOfFace, "Σ CF_t / (1 + y/f)^t, t in periods"),
            yield_to_maturity: metric(
                &of.yield_to_maturity,
                MetricUnit::FractionPerYear,
                "the y at which Σ CF_t / (1 + y/f)^t is the dirty price",
            ),
            current_yield: metric(&of.current_yield, MetricUnit::FractionPerYear, "coupons of a year / clean price"),
            macaulay_duration: metric(&of.macaulay_duration, MetricUnit::Years, "Σ t·PV_t / Σ PV_t"),
            modified_duration: metric(&of.modified_duration, MetricUnit::Years, "−P′(y) / P, P the dirty price"),
            convexity: metric(&of.convexity, MetricUnit::YearsSquared, "P″(y) / P, P the dirty price"),
        }
    }
}

/// When an option can be exercised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum OptionExercise {
    /// At expiry alone: the formula of Black, Scholes and Merton.
    European,
    /// At any time until expiry: a binomial lattice.
    American,
}

/// What an option's figures are computed with; what is not given is read or as described.
#[derive(Clone, Debug, Default, InputObject)]
pub struct OptionFiguresInput {
    /// The option's price for one unit of the underlying, above zero; its quote where none is given.
    price: Option<Decimal>,
    /// The price of the underlying, above zero; its quote where none is given.
    underlying_price: Option<Decimal>,
    /// The volatility a year that is thought of, 0.0001 to 10: 0.2 is 20 %. That which explains the price where none is given.
    volatility: Option<f64>,
    /// The risk-free rate, as a fraction a year: 0.02 is 2 %. Zero where neither it nor a tenor is given.
    risk_free_rate: Option<f64>,
    /// The tenor of a risk-free series of the market in the option's currency, such as `3M`; not beside `riskFreeRate`.
    risk_free_tenor: Option<String>,
    /// What the underlying pays out, as a fraction of its price a year: 0.02 is 2 %.
    #[graphql(default)]
    dividend_yield: f64,
    /// When it can be exercised. Where not given: at expiry alone on an index, at any time on anything else.
    exercise: Option<OptionExercise>,
}

/// An option's figures, for one unit of the underlying and for who holds the option: a contract is `unitsPerContract` of it, and who has
/// written it has the opposite.
#[derive(Clone, Debug, SimpleObject)]
pub struct OptionFigures {
    /// The day.
    as_of: Date,
    /// Calendar days until expiry; zero or below once no time is left.
    days_to_expiry: i32,
    /// When it can be exercised.
    exercise: OptionExercise,
    /// Its price, as valuations read it. Null where a price was given.
    quote: Option<Quote>,
    /// The price of the underlying, as valuations read it. Null where a price was given, or the underlying is not known.
    underlying_quote: Option<Quote>,
    /// The risk-free rate that is used, as a fraction a year. Null where it is not known.
    risk_free_rate: Option<f64>,
    /// What it is worth at the volatility given, in the option's currency; at the implied one that is its price.
    theoretical_value: Metric,
    /// The volatility that explains its price.
    implied_volatility: Metric,
    /// By how much its value changes per unit that the underlying's price does.
    delta: Metric,
    /// By how much the delta changes per unit that the underlying's price does.
    gamma: Metric,
    /// By how much its value changes per point of volatility, 0.01.
    vega: Metric,
    /// By how much its value changes a calendar day, mostly below zero.
    theta: Metric,
    /// By how much its value changes per point of the continuously compounded rate, 0.01.
    rho: Metric,
    /// What exercising at once would bring; zero or more.
    intrinsic_value: MoneyFigure,
    /// Its price less that.
    time_value: MoneyFigure,
}

/// The figures of an option; nothing for what is none.
pub async fn option_figures(
    ctx: &Context<'_>,
    instrument: &Row,
    as_of: Option<Date>,
    input: Option<OptionFiguresInput>,
) -> Result<Option<OptionFigures>> {
    let Some(terms) = instrument.option.as_ref() else { return Ok(None) };
    let input = input.unwrap_or_default();
    input.check()?;
    let day = day_of(ctx, as_of).await?;
    let symbol = &instrument.symbol;
    let underlying: Option<Arc<Row>> = loaders::find(ctx, InstrumentKey(terms.underlying.uuid())).await?;
    let (price, quote) = priced(ctx, input.price, "input.price", Some(instrument), day, symbol).await?;
    let (mut spot, underlying_quote) =
        priced(ctx, input.underlying_price, "input.underlyingPrice", underlying.as_deref(), day, symbol).await?;
    if let Some(other) = underlying.as_ref().filter(|other| other.currency != instrument.currency) {
        let message = format!("{symbol} is in {}, {} in {}", instrument.currency, other.symbol, other.currency);
        spot = Err(vec![("CURRENCY_MISMATCH", message)]);
    }
    let risk_free = input.risk_free(ctx, instrument, day).await?;
    let is_on_index = underlying.as_ref().is_some_and(|underlying| underlying.is_index());
    let usual = if is_on_index { OptionExercise::European } else { OptionExercise::American };
    let exercise = input.exercise.unwrap_or(usual);
    let market = OptionMarket {
        price,
        underlying: spot,
        risk_free: risk_free.clone(),
        dividend_yield: input.dividend_yield,
        volatility: input.volatility,
        is_european: exercise == OptionExercise::European,
    };
    // A lattice is solved some tens of times: other requests go on meanwhile.
    let (of, named, asked) = (*terms, symbol.clone(), market.clone());
    let solved = tokio::task::spawn_blocking(move || option::analyse(&named, &of, day, &asked)).await;
    let analysis = solved.map_err(|error| Operation::of(ctx).fail(ServiceError::Internal(error.to_string())))?;
    let dates = [&quote, &underlying_quote].map(|quote| quote.as_ref().and_then(|quote| quote.date));
    let analysis = match dates {
        [Some(Date(own)), Some(Date(other))] if own != other => {
            let message = format!("the price of {symbol} is of {own}, that of what it is on of {other}");
            analysis.beside(&("STALE_PRICE", message))
        }
        _ => analysis,
    };
    let shown = OptionFigures::new(instrument, terms, day, &input, (exercise, &market), &analysis);
    Ok(Some(OptionFigures { quote, underlying_quote, ..shown }))
}

/// A price that is given, or read, or why there is none.
async fn priced(
    ctx: &Context<'_>,
    given: Option<Decimal>,
    argument: &str,
    instrument: Option<&Row>,
    day: NaiveDate,
    symbol: &str,
) -> Result<(Result<rust_decimal::Decimal, Vec<Reason>>, Option<Quote>)> {
    if let Some(price) = given {
        return Ok((Ok(above_zero(argument, price)?), None));
    }
    let Some(instrument) = instrument.filter(|one| argument != "input.underlyingPrice" || one.asset_type != "OPTION")
    else {
        return Ok((Err(vec![("NO_TERMS", format!("{symbol}: what it is an option on is not known"))]), None));
    };
    let (lookup, reason) = quote_of(ctx, instrument, day).await?;
    let price = lookup.value().ok_or_else(|| reason.into_iter().collect());
    Ok((price, Some(Quote::new(lookup, instrument, Some(day)))))
}

impl OptionFiguresInput {
    fn check(&self) -> Result<()> {
        let wrong = |message: String| Err(ErrorCode::BadUserInput.error(message));
        if let Some(volatility) = self.volatility.filter(|volatility| !(1e-4..=10.0).contains(volatility)) {
            return wrong(format!("input.volatility: {volatility} is not between 0.0001 and 10 (0.2 is 20 % a year)"));
        }
        if let Some(rate) = self.risk_free_rate {
            check_rate("input.riskFreeRate", rate)?;
            if self.risk_free_tenor.is_some() {
                return wrong("input.riskFreeTenor: give a rate or a tenor, not both".to_owned());
            }
        }
        if let Some(tenor) = self.risk_free_tenor.as_ref().filter(|tenor| tenor.len() > MAX_TENOR) {
            return wrong(format!("input.riskFreeTenor: {} bytes are more than {MAX_TENOR}", tenor.len()));
        }
        check_rate("input.dividendYield", self.dividend_yield)
    }

    /// The rate that is given, or that of the market.
    async fn risk_free(
        &self,
        ctx: &Context<'_>,
        instrument: &Row,
        as_of: NaiveDate,
    ) -> Result<Result<f64, Vec<Reason>>> {
        let Some(tenor) = self.risk_free_tenor.clone() else { return Ok(Ok(self.risk_free_rate.unwrap_or(0.0))) };
        let key = RiskFreeRateKey { currency: instrument.currency, tenor, as_of };
        let found = loaders::get(ctx, key.clone()).await?;
        let no_value = || format!("no risk-free rate of {} over {} on {as_of}", instrument.currency, key.tenor);
        Ok(found.effective_annual.ok_or_else(|| match found.series {
            Err(message) => vec![("NO_SERIES", message)],
            Ok(_) => vec![("NO_VALUE", no_value())],
        }))
    }
}

impl OptionFigures {
    fn new(
        instrument: &Row,
        terms: &OptionTerms,
        day: NaiveDate,
        input: &OptionFiguresInput,
        (exercise, market): (OptionExercise, &OptionMarket),
        of: &OptionAnalysis,
    ) -> Self {
        let model = match exercise {
            OptionExercise::European => "Black–Scholes–Merton, exercised at expiry alone".to_owned(),
            OptionExercise::American => {
                format!("binomial lattice of {LATTICE_STEPS} steps, extrapolated, exercised at any time")
            }
        };
        let rate = match (&market.risk_free, &input.risk_free_tenor) {
            (Ok(rate), Some(tenor)) => format!("risk-free rate of {rate} a year over {tenor}, ln(1 + r) continuously"),
            (Ok(rate), None) if input.risk_free_rate.is_some() => {
                format!("risk-free rate of {rate} a year, ln(1 + r) continuously")
            }
            (Ok(_), None) => "no risk-free rate is given: 0".to_owned(),
            (Err(_), _) => "the risk-free rate is not known".to_owned(),
        };
        let payout = format!("dividend yield of {} a year, ln(1 + q) continuously", input.dividend_yield);
        let at = match input.volatility {
            Some(volatility) => format!("at a volatility of {volatility} a year"),
            None => "at the volatility that explains the price".to_owned(),
        };
        let metric = |figure: &Figure, unit, method| {
            Metric::new(figure, unit, method, &[&model, "ACT/365F until expiry", &rate, &payout, &at])
        };
        let explained = |figure: &Figure, unit, method| {
            Metric::new(figure, unit, method, &[&model, "ACT/365F until expiry", &rate, &payout])
        };
        let money = |amount: &Result<rust_decimal::Decimal, Vec<Reason>>| match amount {
            Ok(amount) => MoneyFigure::known(Money::new(*amount, instrument.currency), Vec::new()),
            Err(reasons) => {
                let reasons = reasons.iter().map(|(code, message)| FigureReason::new(code, message.clone())).collect();
                MoneyFigure { value: None, status: DataStatus::Missing, reasons }
            }
        };
        Self {
            as_of: Date(day),
            days_to_expiry: i32::try_from((terms.expiry - day).num_days()).unwrap_or(i32::MAX),
            exercise,
            quote: None,
            underlying_quote: None,
            risk_free_rate: market.risk_free.as_ref().ok().copied(),
            theoretical_value: metric(&of.theoretical_value, MetricUnit::Amount, "the model's value"),
            implied_volatility: explained(
                &of.implied_volatility,
                MetricUnit::FractionPerYear,
                "the σ at which the model's value is the price",
            ),
            delta: metric(&of.delta, MetricUnit::Ratio, "∂V/∂S"),
            gamma: metric(&of.gamma, MetricUnit::Ratio, "∂²V/∂S²"),
            vega: metric(&of.vega, MetricUnit::Amount, "∂V/∂σ ÷ 100"),
            theta: metric(&of.theta, MetricUnit::Amount, "∂V/∂t ÷ 365"),
            rho: metric(&of.rho, MetricUnit::Amount, "∂V/∂r ÷ 100"),
            intrinsic_value: money(&of.intrinsic_value),
            time_value: money(&of.time_value),
        }
    }
}
