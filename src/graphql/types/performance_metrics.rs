//! Figures of a portfolio by range, as they are stored or would be.

use async_graphql::{Result, SimpleObject};
use domain::money::round_to_minor;

use super::analytics::{RangeReturns, Risk};
use super::figure::DataStatus;
use super::metrics::MaxDrawdown;
use super::money::Money;
use crate::graphql::context::Operation;
use crate::graphql::scalars::{Currency, Date, Instant};
use crate::services::analytics::{FreeReturns, Quality};
use crate::services::performance_metrics::{CALCULATION_VERSION, PerformanceMetrics as Computed};

impl From<Quality> for DataStatus {
    fn from(quality: Quality) -> Self {
        match quality {
            Quality::Complete => Self::Complete,
            Quality::Provisional => Self::Provisional,
            Quality::Stale => Self::Stale,
            Quality::Estimated => Self::Estimated,
            Quality::Missing => Self::Missing,
        }
    }
}

/// The figures of a portfolio over a range that are asked for most, under default terms: what `analytics` gives for the same range, after
/// charges, with a risk-free rate and a required return of zero. In the portfolio's base currency they are stored by a job each morning
/// and served while everything that they rest on is in force; otherwise they are computed at once, and are the same.
#[derive(Clone, Debug, SimpleObject)]
pub struct PerformanceMetrics {
    /// The day whose close the figures open from. It is later than the range's where nothing was held before.
    opening_date: Date,
    /// The last day of the range.
    end_date: Date,
    /// Calendar days from the opening to the end.
    days: i32,
    /// The currency of every figure.
    currency: Currency,
    /// The value at the close that the figures open from. Null where it is unknown.
    opening_value: Option<Money>,
    /// The value at the end. Null where it is unknown.
    end_value: Option<Money>,
    /// What came in from outside between the two, less what went out.
    net_flow: Money,
    /// What was earned: the value at the end less the one at the opening and the net flow, in whole minor units. Null where a value is
    /// unknown.
    gain: Option<Money>,
    /// What was earned, weighted by time and by money, side by side.
    returns: RangeReturns,
    /// How the value varies, and what was earned for that.
    risk: Risk,
    /// The deepest fall.
    max_drawdown: MaxDrawdown,
    /// How good the worst price or rate behind the values is.
    status: DataStatus,
    /// The share of the valuation days on which the value is known: a fraction from 0 to 1.
    coverage: f64,
    /// Whether they were stored before they were asked for.
    is_stored: bool,
    /// When they were computed.
    computed_at: Instant,
    /// By which version of the calculation: figures of an older one are never shown.
    calculation_version: i32,
}

impl PerformanceMetrics {
    /// In GraphQL's terms.
    pub fn new(operation: &Operation, computed: &Computed) -> Result<Self> {
        let figures = &computed.figures;
        let performance = &figures.performance;
        let gain = figures.gain().map_err(|error| operation.fail(error))?;
        let money = |amount: rust_decimal::Decimal| Money::new(amount, figures.currency);
        Ok(Self {
            opening_date: Date(performance.opening),
            end_date: Date(performance.end),
            days: i32::try_from(performance.days).unwrap_or(i32::MAX),
            currency: Currency(figures.currency),
            opening_value: figures.opening_value.map(money),
            end_value: figures.end_value.map(money),
            net_flow: money(figures.flow),
            gain: gain.map(|gain| money(round_to_minor(gain, figures.currency))),
            returns: RangeReturns::new(performance, computed.computed_at),
            risk: Risk::new(&figures.risk, &FreeReturns::constant(0.0, 0).convention, 0.0),
            max_drawdown: MaxDrawdown::new(performance),
            status: figures.quality.into(),
            coverage: figures.coverage,
            is_stored: computed.is_stored,
            computed_at: Instant(computed.computed_at),
            calculation_version: CALCULATION_VERSION,
        })
    }
}
