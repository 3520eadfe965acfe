//! Returns and risk of a portfolio over a range, each figure with its conventions or the reason why it is not shown.

use chrono::NaiveDate;
use domain::analytics::policy::{self, MoneyWeighted, Withheld};
use domain::analytics::{AnnualReturn, FlowTimings, Twr, Xirr, daily_return, max_drawdown, modified_dietz, twr, xirr};
use domain::money::{self, to_f64};
use domain::valuation::{Daily, MissingSpan, Subject};
use rust_decimal::Decimal;

use super::ServiceError;
use super::price::missing_code;
use super::valuation::History;

/// Valuation days that a year has: business days.
pub const PERIODS_PER_YEAR: f64 = 252.0;

/// A figure as a fraction (0.05 is 5 %), or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The figure.
    pub value: Option<f64>,
    /// Why there is none, or what to know about it: a stable code and words.
    pub reasons: Vec<(&'static str, String)>,
}

/// The deepest fall from a peak.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawdownFigure {
    /// Depth, zero or below.
    pub depth: Figure,
    /// The day of the peak.
    pub peak: Option<NaiveDate>,
    /// The day of the trough.
    pub trough: Option<NaiveDate>,
    /// The first day at the peak's level again.
    pub recovery: Option<NaiveDate>,
}

/// The figures of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Performance {
    /// The day whose close the range opens from.
    pub opening: NaiveDate,
    /// The last day.
    pub end: NaiveDate,
    /// Calendar days between the two.
    pub days: i64,
    /// Time-weighted return over the range.
    pub twr: Figure,
    /// Time-weighted return a year.
    pub annualized_return: Figure,
    /// Money-weighted return: a year from a year on, else over the range.
    pub xirr: Figure,
    /// Whether `xirr` is a rate a year.
    pub xirr_is_annual: bool,
    /// Modified Dietz over the range.
    pub modified_dietz: Figure,
    /// The gain over the opening value and everything paid in.
    pub simple_return: Figure,
    /// Standard deviation of daily returns, a year.
    pub volatility: Figure,
    /// Mean excess return over its deviation, a year.
    pub sharpe: Figure,
    /// The deepest fall.
    pub max_drawdown: DrawdownFigure,
    /// How many returns were linked.
    pub observations: usize,
}

impl Figure {
    /// A figure, or why it is withheld.
    pub(super) fn of<T>(outcome: Result<T, Withheld>, value: impl FnOnce(T) -> f64) -> Self {
        match outcome {
            Ok(figure) => Self { value: Some(value(figure)), reasons: Vec::new() },
            Err(withheld) => Self { value: None, reasons: vec![(withheld.code(), withheld.to_string())] },
        }
    }

    pub(super) fn with_reasons(mut self, reasons: &[(&'static str, String)]) -> Self {
        if self.value.is_none() {
            self.reasons.extend(reasons.iter().cloned());
        }
        self
    }
}

/// Computes the figures. `risk_free` is a rate a year.
///
/// # Errors
/// [`ServiceError::BadInput`] for an empty history.
pub fn performance(history: &History, risk_free: f64) -> Result<Performance, ServiceError> {
    performance_of(history, &history.chain(), risk_free)
}

/// The same where the history is linked already.
pub(super) fn performance_of(history: &History, chain: &Twr, risk_free: f64) -> Result<Performance, ServiceError> {
    let daily = &history.daily;
    let (Some(&opening), Some(&end)) = (daily.dates.first(), daily.dates.last()) else {
        return Err(ServiceError::BadInput("the range holds no day".to_owned()));
    };
    let days = (end - opening).num_days();
    let missing = history.missing(|_| true);
    let figure = |figure: Figure| figure.with_reasons(&missing);
    let (money_weighted, xirr_is_annual) = money_weighted(history, ends_of(history));
    let [dietz, simple] = from_ends(history);
    let drawdown = policy::period_return(chain).map(|_| max_drawdown(&chain.returns));
    let trough = drawdown.as_ref().ok().and_then(Option::as_ref).filter(|fall| fall.depth < 0.0).cloned();
    Ok(Performance {
        opening,
        end,
        days,
        twr: figure(Figure::of(policy::period_return(chain), |figure| figure.0)),
        annualized_return: figure(Figure::of(policy::annual_return(chain, days), |figure| figure.0)),
        xirr: figure(money_weighted),
        xirr_is_annual,
        modified_dietz: figure(dietz),
        simple_return: figure(simple),
        volatility: figure(Figure::of(policy::annual_volatility(chain, PERIODS_PER_YEAR), |figure| figure.0)),
        sharpe: figure(Figure::of(policy::sharpe_ratio(chain, AnnualReturn(risk_free), PERIODS_PER_YEAR), |figure| {
            figure.0
        })),
        max_drawdown: DrawdownFigure {
            depth: figure(Figure::of(
                drawdown.and_then(|drawdown| drawdown.ok_or(Withheld::TooFewObservations { count: 0 })),
                |drawdown| drawdown.depth,
            )),
            peak: trough.as_ref().map(|fall| fall.peak),
            trough: trough.as_ref().map(|fall| fall.trough),
            recovery: trough.and_then(|fall| fall.recovery),
        },
        observations: chain.returns.len(),
    })
}

/// Modified Dietz and the simple return: from the values at the ends and the flows between them alone.
fn from_ends(history: &History) -> [Figure; 2] {
    let daily = &history.daily;
    let ([Some(first), Some(last)], Some(&opening), Some(&end)) =
        (ends_of(history), daily.dates.first(), daily.dates.last())
    else {
        let unknown = || Figure {
            value: None,
            reasons: vec![("UNKNOWN_VALUE", "the value at an end of the range is unknown".to_owned())],
        };
        return [unknown(), unknown()];
    };
    let days = (end - opening).num_days();
    // As in the daily returns, what comes in is at work from the start of its day on, what goes out until its end.
    let at_work = |date: NaiveDate, amount: f64| {
        let left = (end - date).num_days() + i64::from(amount > 0.0);
        left as f64 / days.max(1) as f64
    };
    let flows: Vec<(f64, f64)> = history
        .flows
        .iter()
        .filter(|(date, _)| *date > opening && *date <= end)
        .map(|(date, amount)| (to_f64(*amount), *date))
        .map(|(amount, date)| (amount, at_work(date, amount)))
        .collect();
    let paid_in = first.max(0.0) + flows.iter().map(|(amount, _)| amount.max(0.0)).sum::<f64>();
    let gain = last - first - flows.iter().map(|(amount, _)| amount).sum::<f64>();
    let of = |value: Option<f64>| match value.filter(|value| value.is_finite()) {
        Some(value) => Figure { value: Some(value), reasons: Vec::new() },
        None => Figure {
            value: None,
            reasons: vec![("ZERO_CAPITAL", "there was no capital above zero on average over the range".to_owned())],
        },
    };
    let simple = (paid_in > 0.0).then(|| gain / paid_in);
    [of(modified_dietz(first, last, &flows).map(|earned| earned.0)), of(simple)]
}

/// The values at both ends, as far as they are known.
fn ends_of(history: &History) -> [Option<f64>; 2] {
    let values = &history.daily.values;
    [values.first(), values.last()].map(|value| value.copied().flatten().map(to_f64))
}

/// The investor's flows: the opening value goes in, the final value comes out; and whether the rate is one a year.
pub(super) fn money_weighted(history: &History, ends: [Option<f64>; 2]) -> (Figure, bool) {
    let dates = &history.daily.dates;
    let ([Some(first), Some(last)], Some(&opening), Some(&end)) = (ends, dates.first(), dates.last()) else {
        let reason = ("UNKNOWN_VALUE", "the value at the start or at the end of the range is unknown".to_owned());
        return (Figure { value: None, reasons: vec![reason] }, false);
    };
    let mut flows = vec![(opening, -first)];
    let inside = history.flows.iter().filter(|(date, _)| *date > opening && *date <= end);
    flows.extend(inside.map(|(date, amount)| (*date, -to_f64(*amount))));
    flows.push((end, last));
    if first == 0.0 {
        flows.remove(0);
    }
    // Money that came later has not been invested for the whole range.
    let days = flows.iter().map(|(date, _)| (end - *date).num_days()).max().unwrap_or_default();
    let solution = xirr(&flows);
    let outcome = policy::money_weighted(&solution, days);
    let is_annual = matches!(outcome, Ok(MoneyWeighted::Annual(_)));
    let mut figure = Figure::of(outcome, |figure| match figure {
        MoneyWeighted::Annual(rate) => rate.0,
        MoneyWeighted::Period(rate) => rate.0,
    });
    match solution {
        Xirr::MultipleRoots { all, .. } => {
            let roots: Vec<String> = all.iter().map(|root| format!("{:.6}", root.0)).collect();
            figure.reasons.push(("MULTIPLE_ROOTS", format!("the flows have several rates: {}", roots.join(", "))));
        }
        Xirr::TotalLoss => figure.reasons.push(("TOTAL_LOSS", "everything that was paid in is lost".to_owned())),
        _ => {}
    }
    (figure, is_annual)
}

impl History {
    /// Its time-weighted returns, linked.
    pub fn chain(&self) -> Twr {
        let Daily { dates, values, flows, .. } = &self.daily;
        let values: Vec<Option<f64>> = values.iter().map(|value| value.map(to_f64)).collect();
        let flows: Vec<f64> = flows.iter().copied().map(to_f64).collect();
        twr(dates, &values, &flows, FlowTimings::default())
    }

    /// The prices and rates that are missing, of those subjects that are asked for, as reasons.
    pub(super) fn missing(&self, of: impl Fn(Subject) -> bool) -> Vec<(&'static str, String)> {
        let spans = self.daily.missing.iter().filter(|span| of(span.input.subject));
        let reason = |span: &MissingSpan| {
            let (code, what) = match span.input.subject {
                Subject::Instrument(_) => (missing_code(span.input.reason), "price"),
                Subject::Currency(_) => ("NO_RATE", "rate"),
            };
            let name = self.name(span);
            (code, format!("no {what} of {name}: {} ({} to {})", span.input.reason, span.first, span.last))
        };
        spans.map(reason).collect()
    }

    /// What people call the subject of a span.
    pub fn name(&self, span: &MissingSpan) -> String {
        match span.input.subject {
            Subject::Currency(currency) => currency.to_string(),
            Subject::Instrument(id) => self.names.get(&id.uuid()).cloned().unwrap_or_else(|| id.to_string()),
        }
    }
}

/// The last step of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The day that it ends on.
    pub date: NaiveDate,
    /// The valuation day before.
    pub previous_date: NaiveDate,
    /// Value at its end.
    pub value: Option<Decimal>,
    /// Value at its start.
    pub previous_value: Option<Decimal>,
    /// Net external flow within.
    pub flow: Decimal,
    /// What the value changed by beside the flow.
    pub change: Option<Decimal>,
    /// The return of the step.
    pub change_return: Option<f64>,
}

/// The step from the last valuation day but one to the last; nothing for a history of one day.
pub fn last_step(history: &History) -> Option<Step> {
    let daily = &history.daily;
    let last = daily.dates.len().checked_sub(1)?;
    let before = last.checked_sub(1)?;
    let (value, previous_value, flow) = (daily.values[last], daily.values[before], daily.flows[last]);
    let change = value
        .zip(previous_value)
        .and_then(|(value, previous)| money::sub(value, previous).and_then(|change| money::sub(change, flow)).ok());
    let change_return = value.zip(previous_value).and_then(|(value, previous)| {
        daily_return(to_f64(previous), to_f64(value), to_f64(flow), FlowTimings::default())
    });
    Some(Step {
        date: daily.dates[last],
        previous_date: daily.dates[before],
        value,
        previous_value,
        flow,
        change,
        change_return,
    })
}
