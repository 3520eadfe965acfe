//! Whether what a scope is made of keeps the firm's limits.

use async_graphql::SimpleObject;
use domain::analytics::xray::Measure;
use uuid::Uuid;

use crate::graphql::id::Kind;
use crate::graphql::types::figure::FigureReason;
use crate::graphql::types::metrics::{Metric, MetricUnit};
use crate::graphql::types::xray_rule::XrayRule;
use crate::services::analytics::xray::Finding;

/// What is held at the end of the range, by the firm's rules.
#[derive(Clone, Debug, SimpleObject)]
pub struct Xray {
    /// Each rule of the firm with what came of it, by name.
    rules: Vec<XrayFinding>,
}

/// A rule, and what came of it.
#[derive(Clone, Debug, SimpleObject)]
pub struct XrayFinding {
    /// The rule.
    rule: XrayRule,
    /// What the rule is called.
    name: String,
    /// The threshold that the rule names.
    threshold: f64,
    /// What is measured. Null where a value is unknown, and where the value of everything is not above zero.
    value: Metric,
    /// The code or id of the part that is measured: the largest, where the rule names none. Null where there is none.
    key: Option<String>,
    /// How far the value is beyond the threshold: above zero where the limit is broken. Null where the value is.
    excess: Option<f64>,
    /// Whether the limit is broken. Null where that cannot be told: the value is unknown, or holdings that belong to no part that is
    /// known could decide.
    breached: Option<bool>,
    /// Why it is broken, or why that cannot be told. Null where it is kept.
    reason: Option<FigureReason>,
}

impl Xray {
    /// In GraphQL's terms.
    pub fn new(findings: Vec<Finding>) -> Self {
        Self { rules: findings.into_iter().map(XrayFinding::from).collect() }
    }
}

impl From<Finding> for XrayFinding {
    fn from(finding: Finding) -> Self {
        let limit = &finding.rule.limit;
        let threshold = limit.threshold;
        let shares = "shares of the value of everything, what is owed below zero";
        let weights = "shares |w| / Σ|w| of holdings and cash balances";
        let (unit, method, convention) = match limit.measure {
            Measure::HerfindahlIndex => (MetricUnit::Ratio, "Σ w²", weights),
            Measure::EffectiveNumber => (MetricUnit::Ratio, "1 / Σ w²", weights),
            Measure::TopShare => (MetricUnit::Fraction, "the sum of the largest", weights),
            Measure::CashShare => (MetricUnit::Fraction, "the sum of all cash", shares),
            _ if limit.key.is_some() => (MetricUnit::Fraction, "the sum of the part", shares),
            _ => (MetricUnit::Fraction, "the largest part, what is owed counting as what is held", shares),
        };
        let of_instrument = limit.measure == Measure::HoldingShare;
        let id = |key: String| match key.parse::<Uuid>() {
            Ok(id) if of_instrument => Kind::Instrument.id(id).0,
            _ => key,
        };
        Self {
            threshold,
            value: Metric::new(&finding.value, unit, method, &[convention]),
            key: finding.key.map(id),
            excess: finding.excess,
            breached: finding.is_broken,
            reason: finding.reason.map(|(code, message)| FigureReason::new(code, message)),
            name: finding.rule.name.clone(),
            rule: XrayRule::from(finding.rule),
        }
    }
}
