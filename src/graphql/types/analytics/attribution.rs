//! Where the difference from a benchmark came from.

use async_graphql::{Enum, SimpleObject};
use domain::analytics::Model;

use super::allocation::{AllocationBy, key_shown};
use crate::graphql::types::figure::FigureReason;
use crate::services::analytics::{Attributed, AttributedSegment};

/// How the effect of a weight is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Model")]
pub enum AttributionModel {
    /// (w_p − w_b)(r_b − R_b): a segment is compared with the whole benchmark (Brinson and Fachler 1985).
    BrinsonFachler,
    /// (w_p − w_b) r_b (Brinson, Hood and Beebower 1986).
    BrinsonHoodBeebower,
}

/// The active return of the range taken apart by segment: each step from one valuation day to the next by the weights that it begins
/// with, linked by Carino (1999).
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct ReturnAttribution {
    /// How many steps are linked.
    observations: i32,
    /// The time-weighted return of the range, as a fraction.
    portfolio_return: Option<f64>,
    /// The benchmark's, as a fraction.
    benchmark_return: Option<f64>,
    /// What was returned more than that.
    active_return: Option<f64>,
    /// Segment by segment, the largest effect first. All effects and `residual` sum to `activeReturn`.
    segments: Vec<AttributionSegment>,
    /// What no effect explains: gains in steps that nothing of the segment was there for at the beginning, such as a dividend on what had
    /// been sold.
    residual: Option<f64>,
    /// Why it cannot be told; empty where it is.
    reasons: Vec<FigureReason>,
}

/// A segment's effects on the active return of the range, as fractions.
#[derive(Clone, Debug, SimpleObject)]
pub struct AttributionSegment {
    /// What its instruments share, as `by` says; `CASH` for cash of every currency and what is charged to it. Null where it is not known.
    key: Option<String>,
    /// Its mean share of the capital at the beginning of the steps.
    portfolio_weight: f64,
    /// Its mean share of the benchmark then.
    benchmark_weight: f64,
    /// Of weighing it otherwise than the benchmark.
    allocation: f64,
    /// w_b (r_p − r_b): of what was chosen within it.
    selection: f64,
    /// (w_p − w_b)(r_p − r_b): of both together.
    interaction: f64,
    /// All three.
    total: f64,
}

impl ReturnAttribution {
    /// In GraphQL's terms.
    pub fn new(attributed: Result<Attributed, (&'static str, String)>, by: AllocationBy) -> Self {
        match attributed {
            Ok(whole) => Self {
                observations: i32::try_from(whole.steps).unwrap_or(i32::MAX),
                portfolio_return: Some(whole.portfolio_return),
                benchmark_return: Some(whole.benchmark_return),
                active_return: Some(whole.portfolio_return - whole.benchmark_return),
                segments: whole.segments.into_iter().map(|segment| AttributionSegment::new(segment, by)).collect(),
                residual: Some(whole.residual),
                reasons: Vec::new(),
            },
            Err((code, message)) => Self { reasons: vec![FigureReason::new(code, message)], ..Self::default() },
        }
    }
}

impl AttributionSegment {
    fn new(segment: AttributedSegment, by: AllocationBy) -> Self {
        let AttributedSegment { key, weights: [portfolio_weight, benchmark_weight], effects } = segment;
        Self {
            key: key_shown(key, by),
            portfolio_weight,
            benchmark_weight,
            allocation: effects.allocation,
            selection: effects.selection,
            interaction: effects.interaction,
            total: effects.total(),
        }
    }
}
