//! How far what is held spreads its risk.

use std::collections::BTreeMap;

use domain::analytics::policy::{RATIOS_FROM_OBSERVATIONS, Withheld};
use domain::analytics::{
    Concentration, PairCorrelation, RiskParts, clusters, concentration, covariance, pairwise_correlation, risk_parts,
};
use uuid::Uuid;

use super::super::performance::{Figure, PERIODS_PER_YEAR};
use super::super::{ServiceError, Services};
use super::Book;
use super::tail::{complete, steady_covariance};
use crate::tenancy::{Session, Tenant};

/// Holdings that a covariance is made of, at most.
const MAX_HOLDINGS: usize = 500;
/// Holdings whose correlations are told pair by pair, at most.
const MAX_PAIRED: usize = 50;

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
    /// Holdings that move together, those of most weight first; nothing where one does not move or returns are few.
    pub clusters: Option<Vec<Cluster>>,
}

/// Holdings that move together.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// What is in it, in an order in which neighbours are alike.
    pub instruments: Vec<Uuid>,
    /// Its share of the value; nothing where one is unknown.
    pub weight: Option<f64>,
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
    /// How what a book holds at its end spreads, by its holdings' returns over the range; `alike` is the correlation from which on
    /// holdings are one cluster.
    pub async fn analytics_diversification(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        largest: usize,
        alike: f64,
    ) -> Result<Diversification, ServiceError> {
        let weights = book.weights();
        if weights.len() > MAX_HOLDINGS {
            let message =
                format!("{} holdings: their risk is told together for {MAX_HOLDINGS} at the most", weights.len());
            return Err(ServiceError::BadInput(message));
        }
        let days = &book.history.daily.dates;
        let grown = self.growth(session, book, weights.keys().copied().collect(), days).await?;
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
            clusters: grouped(&weights, &complete, alike),
        })
    }
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
    let (matrix, is_shrunk) = match steady_covariance(columns) {
        Ok(steady) => steady,
        Err(message) => return (Err(("NO_SOLUTION", message)), false),
    };
    (risk_parts(weights, &matrix).map_err(|error| ("NO_SOLUTION", error.to_string())), is_shrunk)
}

/// Holdings joined while the mean distance between them is at most that of the correlation.
fn grouped(weights: &BTreeMap<Uuid, Option<f64>>, columns: &[Vec<f64>], alike: f64) -> Option<Vec<Cluster>> {
    if columns.first().map_or(0, Vec::len) < RATIOS_FROM_OBSERVATIONS {
        return None;
    }
    let tree = clusters(&covariance(columns).ok()?.correlation()?)?;
    let labels = tree.cut(((1.0 - alike) / 2.0).sqrt());
    let rows: Vec<(&Uuid, &Option<f64>)> = weights.iter().collect();
    let mut found: BTreeMap<usize, Cluster> = BTreeMap::new();
    for at in tree.order() {
        let (Some(label), Some((id, weight))) = (labels.get(at), rows.get(at)) else { continue };
        let cluster = found.entry(*label).or_insert(Cluster { instruments: Vec::new(), weight: Some(0.0) });
        cluster.instruments.push(**id);
        cluster.weight = cluster.weight.zip(**weight).map(|(sum, weight)| sum + weight);
    }
    let mut found: Vec<Cluster> = found.into_values().collect();
    found.sort_by(|one, other| other.weight.unwrap_or(0.0).total_cmp(&one.weight.unwrap_or(0.0)));
    Some(found)
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
