//! How much may be lost, by which holding, and whether such figures were right before.

use chrono::NaiveDate;
use domain::analytics::policy::{RATIOS_FROM_OBSERVATIONS, Withheld};
use domain::analytics::{
    Backtest, Estimator, Revaluation, ShrinkageTarget, Simulation, Symmetric, TailRisk, Terms, backtest, covariance,
    historical_tail_parts, outcomes, parametric_tail_parts, shrunk, simulated_tail_risk, tail_risk,
};
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::super::performance::Figure;
use super::super::{ServiceError, Services};
use super::growth::steps;
use super::{Book, ReturnTerms};
use crate::tenancy::{Session, Tenant};

/// Observations for each column below which a covariance is shrunk.
pub(super) const SHRINK_BELOW: usize = 5;

/// What the returns are of that a tail is estimated from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailBasis {
    /// What is held at the end of the range, over the days of the range.
    CurrentHoldings,
    /// What the scope has earned.
    RealizedReturns,
}

/// How a tail is estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TailMethod {
    /// From the returns of the whole.
    Of(Estimator),
    /// From so many outcomes that are drawn by a seed from means and covariance of the logarithmic growth of what is held.
    MonteCarlo {
        /// How many.
        paths: usize,
        /// Names them.
        seed: u64,
    },
}

/// What a holding, or a balance of foreign cash, has in the tail.
#[derive(Clone, Debug, PartialEq)]
pub struct TailPart {
    /// The instrument; nothing for cash.
    pub instrument: Option<Uuid>,
    /// Its share of the value.
    pub weight: f64,
    /// Its part of the loss: all parts sum to the whole.
    pub component: TailRisk,
}

/// The tail of a scope.
#[derive(Clone, Debug)]
pub struct Tail {
    /// Value at risk and expected shortfall, as fractions.
    pub figures: [Figure; 2],
    /// The returns that they are of, in order of their days.
    pub returns: Vec<f64>,
    /// Each holding's part, the largest first; why not otherwise.
    pub parts: Result<Vec<TailPart>, (&'static str, String)>,
}

/// What is held at the end of a range, by its returns over the steps of the range.
pub(super) struct Held {
    /// The instrument of each column; nothing for a balance of cash.
    pub keys: Vec<Option<Uuid>>,
    /// The share of the value of each; nothing where one is unknown.
    pub weights: Vec<Option<f64>>,
    /// The returns of each by step; nothing where a price or a rate is missing.
    pub columns: Vec<Vec<Option<f64>>>,
}

/// The columns in the steps in which every one has a return.
pub(super) fn complete(columns: &[Vec<Option<f64>>]) -> Vec<Vec<f64>> {
    let count = columns.first().map_or(0, Vec::len);
    let has_all = |step: &usize| columns.iter().all(|column| column.get(*step).copied().flatten().is_some());
    let kept: Vec<usize> = (0..count).filter(has_all).collect();
    columns.iter().map(|column| kept.iter().filter_map(|step| column[*step]).collect()).collect()
}

/// The covariance of columns, towards a simpler one where there are few returns for so many.
pub(super) fn steady_covariance(columns: &[Vec<f64>]) -> Result<(Symmetric, bool), String> {
    let count = columns.first().map_or(0, Vec::len);
    let is_shrunk = count < SHRINK_BELOW * columns.len();
    let matrix = if is_shrunk {
        shrunk(columns, ShrinkageTarget::ConstantCorrelation).map(|shrunk| shrunk.covariance)
    } else {
        covariance(columns)
    };
    matrix.map(|matrix| (matrix, is_shrunk)).map_err(|error| error.to_string())
}

impl Services {
    /// The tail of a book. What is held at the end bears no charges: before and after them are the same.
    pub async fn analytics_tail(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        basis: TailBasis,
        method: TailMethod,
        tail: Terms,
        terms: ReturnTerms,
    ) -> Result<Tail, ServiceError> {
        let not_held =
            || Err(("NO_ESTIMATE", "parts are those of what is held at the end: CURRENT_HOLDINGS".to_owned()));
        if basis == TailBasis::RealizedReturns {
            let returns: Vec<f64> = book.chain_before(terms)?.returns.iter().map(|step| step.value).collect();
            let figures = match method {
                TailMethod::Of(estimator) => figures(of_returns(&returns, estimator, tail)),
                TailMethod::MonteCarlo { .. } => {
                    let message = "what is simulated is what is held at the end: CURRENT_HOLDINGS".to_owned();
                    figures(Err(("NO_ESTIMATE", message)))
                }
            };
            return Ok(Tail { figures, returns, parts: not_held() });
        }
        let held = self.held(session, book).await?;
        let known: Option<Vec<f64>> = held.weights.iter().copied().collect();
        let Some(weights) = known else {
            let unknown = ("UNKNOWN_VALUE", "a holding has no value at the end of the range".to_owned());
            return Ok(Tail { figures: figures(Err(unknown.clone())), returns: Vec::new(), parts: Err(unknown) });
        };
        // Off the threads that serve requests: a simulation takes its time.
        let tail = tokio::task::spawn_blocking(move || of_holdings(&held, &weights, method, tail));
        tail.await.map_err(|error| ServiceError::Internal(error.to_string()))
    }

    /// What outcomes of a book are drawn from, and of how many returns; why that is not known otherwise.
    pub async fn analytics_drawn(
        &self,
        session: &Session<Tenant>,
        book: &Book,
    ) -> Result<Result<(usize, Drawn), (&'static str, String)>, ServiceError> {
        let held = self.held(session, book).await?;
        let known: Option<Vec<f64>> = held.weights.iter().copied().collect();
        let Some(weights) = known else {
            return Ok(Err(("UNKNOWN_VALUE", "a holding has no value at the end of the range".to_owned())));
        };
        let estimated = tokio::task::spawn_blocking(move || {
            let columns = complete(&held.columns);
            drawn(&weights, &columns).map(|drawn| (columns.first().map_or(0, Vec::len), drawn))
        });
        estimated.await.map_err(|error| ServiceError::Internal(error.to_string()))
    }

    /// What is held at the end of a book over the steps of its range, at the weights of the end; cash of another currency moves with its
    /// rate, that of the book's own does not move and is left out.
    pub(super) async fn held(&self, session: &Session<Tenant>, book: &Book) -> Result<Held, ServiceError> {
        let days: &[NaiveDate] = &book.history.daily.dates;
        let weights = book.weights();
        let grown = self.growth(session, book, weights.keys().copied().collect(), days).await?;
        let mut held = Held { keys: Vec::new(), weights: Vec::new(), columns: Vec::new() };
        for (id, weight) in weights {
            let missing = || vec![None; days.len().saturating_sub(1)];
            held.keys.push(Some(id));
            held.weights.push(weight);
            held.columns.push(grown.get(&id).map_or_else(missing, super::Growth::returns));
        }
        let fx = self.market.view(session).await?.at(book.known_at).fx(session).await?;
        for line in book.ends[1].cash.iter().filter(|line| line.currency != book.currency) {
            let mut rates = fx.cursor(line.currency, book.currency);
            let values: Vec<Option<f64>> = days.iter().map(|day| rates.at(*day).ok()?.value().ok()?.to_f64()).collect();
            held.keys.push(None);
            held.weights.push(line.weight);
            held.columns.push(steps(&values));
        }
        Ok(held)
    }
}

type Estimated = Result<TailRisk, (&'static str, String)>;

fn figures(estimated: Estimated) -> [Figure; 2] {
    match estimated {
        Ok(TailRisk { value_at_risk, expected_shortfall }) => {
            [value_at_risk, expected_shortfall].map(|value| Figure { value: Some(value), reasons: Vec::new() })
        }
        Err(reason) => [reason.clone(), reason].map(|reason| Figure { value: None, reasons: vec![reason] }),
    }
}

fn few(count: usize) -> Result<(), (&'static str, String)> {
    if count >= RATIOS_FROM_OBSERVATIONS {
        return Ok(());
    }
    let withheld = Withheld::TooFewObservations { count };
    Err((withheld.code(), withheld.to_string()))
}

fn no_estimate(error: impl ToString) -> (&'static str, String) {
    ("NO_ESTIMATE", error.to_string())
}

/// Value at risk and expected shortfall of a series of returns, or why there is none.
fn of_returns(returns: &[f64], estimator: Estimator, terms: Terms) -> Estimated {
    few(returns.len())?;
    tail_risk(returns, estimator, terms).map_err(no_estimate)
}

fn of_holdings(held: &Held, weights: &[f64], method: TailMethod, terms: Terms) -> Tail {
    let columns = complete(&held.columns);
    let returns = outcomes(weights, &columns).unwrap_or_default();
    let estimated = match method {
        TailMethod::Of(estimator) => of_returns(&returns, estimator, terms),
        TailMethod::MonteCarlo { paths, seed } => simulated(weights, &columns, terms, paths, seed),
    };
    let parts = few(returns.len()).and_then(|()| parts(held, weights, &columns, method, terms));
    Tail { figures: figures(estimated), returns, parts }
}

fn simulated(weights: &[f64], columns: &[Vec<f64>], terms: Terms, paths: usize, seed: u64) -> Estimated {
    let Drawn { weights, means, covariance } = drawn(weights, columns)?;
    let simulation = Simulation { paths, seed, horizon: terms.horizon, revaluation: Revaluation::Lognormal };
    simulated_tail_risk(&weights, &means, &covariance, terms.confidence, simulation).map_err(no_estimate)
}

/// What lognormal growth is drawn from.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The share of each column.
    pub weights: Vec<f64>,
    /// The mean logarithmic growth of each.
    pub means: Vec<f64>,
    /// The covariance of that.
    pub covariance: Symmetric,
}

fn drawn(weights: &[f64], columns: &[Vec<f64>]) -> Result<Drawn, (&'static str, String)> {
    few(columns.first().map_or(0, Vec::len))?;
    // Growth, not returns: what grows by factors never loses more than all.
    let logarithms: Vec<Vec<f64>> =
        columns.iter().map(|column| column.iter().map(|value| value.ln_1p()).collect()).collect();
    let means: Vec<f64> = logarithms.iter().map(|column| column.iter().sum::<f64>() / column.len() as f64).collect();
    let (covariance, _) = steady_covariance(&logarithms).map_err(no_estimate)?;
    Ok(Drawn { weights: weights.to_vec(), means, covariance })
}

/// Each holding's part by the estimators that can be taken apart.
fn parts(
    held: &Held,
    weights: &[f64],
    columns: &[Vec<f64>],
    method: TailMethod,
    terms: Terms,
) -> Result<Vec<TailPart>, (&'static str, String)> {
    let Terms { confidence, horizon } = terms;
    let root = horizon.sqrt();
    let split = match method {
        TailMethod::Of(Estimator::Historical) => historical_tail_parts(weights, columns, confidence),
        TailMethod::Of(Estimator::ParametricNormal) => {
            // Means grow with the horizon and deviations with its root: one root of both is taken out.
            let mean = |column: &Vec<f64>| column.iter().sum::<f64>() / column.len() as f64 * root;
            let means: Vec<f64> = columns.iter().map(mean).collect();
            let covariance = covariance(columns).map_err(no_estimate)?;
            parametric_tail_parts(weights, &means, &covariance, confidence)
        }
        _ => return Err(no_estimate("parts are those of HISTORICAL and PARAMETRIC_NORMAL")),
    };
    let split = split.map_err(no_estimate)?;
    let rows = held.keys.iter().zip(weights).zip(split.parts);
    let mut parts: Vec<TailPart> = rows
        .map(|((instrument, weight), part)| TailPart {
            instrument: *instrument,
            weight: *weight,
            component: TailRisk {
                value_at_risk: part.value_at_risk * root,
                expected_shortfall: part.expected_shortfall * root,
            },
        })
        .collect();
    parts.sort_by(|one, other| other.component.value_at_risk.total_cmp(&one.component.value_at_risk));
    Ok(parts)
}

/// Tests the value at risk of one day against each return, every forecast being of the `window` returns before alone.
pub fn tested(
    returns: &[f64],
    estimator: Estimator,
    confidence: f64,
    window: usize,
) -> Result<Backtest, (&'static str, String)> {
    let terms = Terms { confidence, horizon: 1.0 };
    let forecast = |before: &[f64]| Ok(tail_risk(before, estimator, terms)?.value_at_risk);
    let known = returns.len().saturating_sub(1);
    let forecasts = returns.get(..known).unwrap_or_default().windows(window).map(forecast);
    let forecasts: Vec<f64> = forecasts.collect::<Result<_, domain::analytics::NoTailRisk>>().map_err(no_estimate)?;
    if forecasts.len() < RATIOS_FROM_OBSERVATIONS {
        let count = forecasts.len();
        let message = format!("{count} days have {window} returns before them: {RATIOS_FROM_OBSERVATIONS} are needed");
        return Err((Withheld::TooFewObservations { count }.code(), message));
    }
    backtest(&forecasts, returns.get(window..).unwrap_or_default(), confidence).map_err(no_estimate)
}
