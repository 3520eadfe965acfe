//! How far what is held spreads its risk.

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};

use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, InstrumentKey};
use crate::graphql::types::instrument::Instrument;
use crate::graphql::types::metrics::{Metric, MetricUnit};
use crate::services::analytics::{Cluster, Diversification as Figures};

/// How what is held at the end of the range spreads, by the returns of its holdings over the range in the currency of the figures.
#[derive(Clone, Debug, SimpleObject)]
pub struct Diversification {
    /// The Herfindahl–Hirschman index Σ w² of the shares |w| / Σ|w| of holdings and cash balances: 1 for a single one. Null where a value
    /// is unknown.
    herfindahl_index: Option<f64>,
    /// How many equal holdings would be as concentrated: 1 over the index.
    effective_number: Option<f64>,
    /// The share of the largest, as many as were asked for.
    top_share: Option<f64>,
    /// In how many steps every holding has a return.
    observations: i32,
    /// How much the returns of what is held vary, a year.
    volatility: Metric,
    /// The weighted deviations of the holdings over that of the whole: 1 where all move together, more where they do not.
    diversification_ratio: Metric,
    /// Each holding's share of the variance, the largest first; cash in the currency of the figures has none, cash in others is not
    /// looked at.
    risk_contributions: Vec<RiskContribution>,
    /// Correlations of the holdings' returns, pair by pair. Null for more than 50 holdings.
    correlations: Option<Correlations>,
    /// Holdings that move together, those of most weight first: joined by average linkage of the distance √((1 − ρ)/2) while the mean
    /// distance is at most that of `clusterCorrelation`. Null where a holding does not move, or with too few returns.
    clusters: Option<Vec<HoldingCluster>>,
}

/// Holdings that move together.
#[derive(Clone, Debug, SimpleObject)]
pub struct HoldingCluster {
    /// What is in it: neighbours are alike.
    instrument_ids: Vec<ID>,
    /// Its share of the value, as a fraction. Null where that is unknown.
    weight: Option<f64>,
}

/// A holding's share of the variance.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct RiskContribution {
    #[graphql(skip)]
    instrument: uuid::Uuid,
    /// Its share of the value, as a fraction. Null where that is unknown.
    weight: Option<f64>,
    /// Its share of the variance, as a fraction: the shares sum to 1. Below zero for what offsets the others.
    contribution: Option<f64>,
}

/// Correlations as columns of one length, a row a pair.
#[derive(Clone, Debug, SimpleObject)]
pub struct Correlations {
    /// One instrument of each pair.
    first_ids: Vec<ID>,
    /// The other.
    second_ids: Vec<ID>,
    /// Pearson's correlation, −1 to 1; null where it cannot be told.
    correlations: Vec<Option<f64>>,
    /// How many steps both have a return in.
    counts: Vec<i32>,
}

impl From<Cluster> for HoldingCluster {
    fn from(cluster: Cluster) -> Self {
        let instrument_ids = cluster.instruments.iter().map(|id| Kind::Instrument.id(*id)).collect();
        Self { instrument_ids, weight: cluster.weight }
    }
}

impl Diversification {
    /// In GraphQL's terms.
    pub fn new(figures: Figures) -> Self {
        let covariance = if figures.is_shrunk {
            "covariance shrunk towards a constant correlation (Ledoit and Wolf 2004)"
        } else {
            "sample covariance (n − 1)"
        };
        let int = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let mut contributions: Vec<RiskContribution> = figures
            .parts
            .iter()
            .map(|(instrument, weight, share)| RiskContribution {
                instrument: *instrument,
                weight: *weight,
                contribution: *share,
            })
            .collect();
        let share = |one: &RiskContribution| one.contribution.unwrap_or(0.0);
        contributions.sort_by(|one, other| share(other).total_cmp(&share(one)));
        let is_paired = figures.parts.len() <= 1 || !figures.pairs.is_empty();
        let correlations = is_paired.then(|| Correlations {
            first_ids: figures.pairs.iter().map(|(id, ..)| Kind::Instrument.id(*id)).collect(),
            second_ids: figures.pairs.iter().map(|(_, id, _)| Kind::Instrument.id(*id)).collect(),
            correlations: figures.pairs.iter().map(|(.., pair)| pair.value).collect(),
            counts: figures.pairs.iter().map(|(.., pair)| int(pair.count)).collect(),
        });
        Self {
            herfindahl_index: figures.concentration.map(|concentration| concentration.hhi),
            effective_number: figures.concentration.map(|concentration| concentration.effective_number),
            top_share: figures.concentration.map(|concentration| concentration.top),
            observations: int(figures.observations),
            volatility: Metric::new(
                &figures.volatility,
                MetricUnit::FractionPerYear,
                "√(wᵀΣw) × √252",
                &[covariance, "weights of the end, steps with a return of every holding"],
            ),
            diversification_ratio: Metric::new(&figures.ratio, MetricUnit::Ratio, "Σ |w|σ / √(wᵀΣw)", &[covariance]),
            risk_contributions: contributions,
            correlations,
            clusters: figures.clusters.map(|clusters| clusters.into_iter().map(HoldingCluster::from).collect()),
        }
    }
}

/// What is held.
#[ComplexObject]
impl RiskContribution {
    /// The instrument. Null where the caller may not know of it.
    async fn instrument(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        Ok(loaders::find(ctx, InstrumentKey(self.instrument)).await?.map(Instrument))
    }
}
