//! How far what is held spreads its risk.

use domain::analytics::policy::{RATIOS_FROM_OBSERVATIONS, Withheld};
use domain::analytics::{
    Concentration, PairCorrelation, RiskParts, ShrinkageTarget, concentration, covariance, pairwise_correlation,
    risk_parts, shrunk,
};
use uuid::Uuid;

use super::super::performance::{Figure, PERIODS_PER_YEAR};
use super::super::{ServiceError, Services};
use super::Book;
use crate::tenancy::{Session, Tenant};

/// Holdings that a covariance is made of, at most.
const MAX_HOLDINGS: usize = 500;
/// Holdings whose correlations are told pair by pair, at most.
const MAX_PAIRED: usize = 50;
/// Observations for each column below which the covariance is shrunk.
const SHRINK_BELOW: usize = 5;

/// How what is held at the end of a range spreads.
#[derive(Clone, Debug)]
pub struct Diversification {
    /// Of the weights of securities and cash; nothing where a value is unknown.
    pub concentration: Option<Concentration>,
    /// Steps in which every holding has a return.
    pub observations: usize,
    /// Whether the covariance was shrunk towards a simpler one.
    pub is_shrunk: bool,
    /// Deviation of the returns of what is held, a year.
    pub volatility: Figure,
    /// The holdings' own deviations over that of the whole.
    pub ratio: Figure,
    /// Each holding with its weight and its share of the variance.
    pub parts: Vec<(Uuid, Option<f64>, Option<f64>)>,
    /// Pairs of holdings, over the steps that both have a return in; nothing where there are too many.
    pub pairs: Vec<(Uuid, Uuid, PairCorrelation)>,
}

impl Book {
    /// How few securities and cash balances it stands on at its end, with the share of the largest; nothing where a value is unknown.
    pub fn concentration(&self, largest: usize) -> Option<Concentration> {
        let cash = self.ends[1].cash.iter().map(|line| line.weight);
        let all: Option<Vec<f64>> = self.weights().into_values().chain(cash).collect();
        concentration(&all?, largest)
    }
}

impl Services {
    /// How what a book holds at its end spreads, by its holdings' returns over the range.
    pub async fn analytics_diversification(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        largest: usize,
    ) -> Result<Diversification, ServiceError> {
        let weights = book.weights();
        if weights.len() > MAX_HOLDINGS {
            let message =
                format!("{} holdings: their risk is told together for {MAX_HOLDINGS} at the most", weights.len());
            return Err(ServiceError::BadInput(message));
        }
        let days = &book.history.daily.dates;
        let grown = self.growth(session, weights.keys().copied().collect(), days, book.currency).await?;
        let missing = || vec![None; days.len().saturating_sub(1)];
        let columns: Vec<Vec<Option<f64>>> =
            weights.keys().map(|id| grown.get(id).map_or_else(missing, super::Growth::returns)).collect();
        let complete = complete(&columns);
        let observations = complete.first().map_or(0, Vec::len);
        let known: Option<Vec<f64>> = weights.values().copied().collect();
        let (parts, is_shrunk) = parts(known.as_deref(), &complete);
        let figure = |of: fn(&RiskParts) -> f64| match &parts {
            Ok(parts) => Figure { value: Some(of(parts)), reasons: Vec::new() },
            Err(reason) => Figure { value: None, reasons: vec![reason.clone()] },
        };
        let ids: Vec<Uuid> = weights.keys().copied().collect();
        let share = |at: usize| parts.as_ref().ok().and_then(|parts| parts.parts.get(at)).map(|part| part.share);
        Ok(Diversification {
            concentration: book.concentration(largest),
            observations,
            is_shrunk,
            volatility: figure(|parts| parts.volatility * PERIODS_PER_YEAR.sqrt()),
            ratio: figure(|parts| parts.diversification_ratio),
            parts: weights.iter().enumerate().map(|(at, (id, weight))| (*id, *weight, share(at))).collect(),
            pairs: pairs(&ids, &columns),
        })
    }
}

/// The steps in which every column has a return.
fn complete(columns: &[Vec<Option<f64>>]) -> Vec<Vec<f64>> {
    let steps = columns.first().map_or(0, Vec::len);
    let has_all = |step: &usize| columns.iter().all(|column| column.get(*step).copied().flatten().is_some());
    let kept: Vec<usize> = (0..steps).filter(has_all).collect();
    columns.iter().map(|column| kept.iter().filter_map(|step| column[*step]).collect()).collect()
}

fn parts(weights: Option<&[f64]>, columns: &[Vec<f64>]) -> (Result<RiskParts, (&'static str, String)>, bool) {
    let count = columns.first().map_or(0, Vec::len);
    if count < RATIOS_FROM_OBSERVATIONS {
        let withheld = Withheld::TooFewObservations { count };
        return (Err((withheld.code(), withheld.to_string())), false);
    }
    let Some(weights) = weights else {
        return (Err(("UNKNOWN_VALUE", "a holding has no value at the end of the range".to_owned())), false);
    };
    let is_shrunk = count < SHRINK_BELOW * columns.len();
    let matrix = if is_shrunk {
        shrunk(columns, ShrinkageTarget::ConstantCorrelation).map(|shrunk| shrunk.covariance)
    } else {
        covariance(columns)
    };
    let parts = matrix
        .map_err(|error| error.to_string())
        .and_then(|matrix| risk_parts(weights, &matrix).map_err(|error| error.to_string()));
    (parts.map_err(|message| ("NO_SOLUTION", message)), is_shrunk)
}

fn pairs(ids: &[Uuid], columns: &[Vec<Option<f64>>]) -> Vec<(Uuid, Uuid, PairCorrelation)> {
    if ids.len() > MAX_PAIRED {
        return Vec::new();
    }
    let Ok(matrix) = pairwise_correlation(columns) else { return Vec::new() };
    let mut pairs = Vec::new();
    for (at, (id, row)) in ids.iter().zip(&matrix).enumerate() {
        // The rows are of the lower triangle, the diagonal last.
        pairs.extend(ids.iter().zip(row).take(at).map(|(other, pair)| (*other, *id, *pair)));
    }
    pairs
}
