//! Whether what a scope is made of keeps the limits that the firm sets.

use domain::analytics::policy::Withheld;
use domain::analytics::xray::{Bound, Measure};
use rust_decimal::Decimal;

use super::super::performance::Figure;
use super::super::{ServiceError, Services};
use super::{Book, Grouping, Slice, allocation};
use crate::storage::xray_rule::{Limit, XrayRule};
use crate::tenancy::{Session, Tenant};

/// A rule, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: XrayRule,
    /// What is measured; nothing where a value is unknown.
    pub value: Figure,
    /// The code or id of the part that it is of, where it is of one.
    pub key: Option<String>,
    /// How far it is beyond the threshold: above zero where the limit is broken.
    pub excess: Option<f64>,
    /// Whether the limit is broken; nothing where that cannot be told.
    pub is_broken: Option<bool>,
    /// Why it is broken, or why that cannot be told: a code and words.
    pub reason: Option<(&'static str, String)>,
}

/// What is measured.
struct Measured {
    value: f64,
    key: Option<String>,
    /// The share of what belongs to no part that is known.
    unclassified: f64,
}

impl Services {
    /// What a book holds at its end, by every rule of the tenant.
    pub async fn analytics_xray(&self, session: &Session<Tenant>, book: &Book) -> Result<Vec<Finding>, ServiceError> {
        let rules = self.xray_rules(session).await?;
        rules.into_iter().map(|rule| finding(book, rule)).collect()
    }
}

fn finding(book: &Book, rule: XrayRule) -> Result<Finding, ServiceError> {
    let Limit { bound, threshold, .. } = rule.limit;
    let Some(measured) = measured(book, &rule.limit)? else {
        let reason = unknown(book);
        let value = Figure { value: None, reasons: vec![reason.clone()] };
        return Ok(Finding { rule, value, key: None, excess: None, is_broken: None, reason: Some(reason) });
    };
    let Measured { value, key, unclassified } = measured;
    let is_broken = bound.is_broken(value, unclassified, threshold);
    let side = if bound == Bound::AtMost { "at the most" } else { "at the least" };
    let what = match &key {
        Some(key) => named(book, &rule.limit, key),
        None => rule.limit.measure.code().to_owned(),
    };
    let shown = short(value);
    let of_no_part = || format!("{} belongs to no part that is known", short(unclassified));
    let reason = match is_broken {
        Some(true) => {
            let code = if bound == Bound::AtMost { "ABOVE_LIMIT" } else { "BELOW_LIMIT" };
            Some((code, format!("{what} is {shown}, {threshold} {side}")))
        }
        Some(false) => None,
        None => Some(("UNCLASSIFIED", format!("{what} is {shown}, {threshold} {side}, and {}", of_no_part()))),
    };
    let reasons = if unclassified == 0.0 { Vec::new() } else { vec![("UNCLASSIFIED", of_no_part())] };
    let excess = Some(bound.excess(value, threshold));
    Ok(Finding { rule, value: Figure { value: Some(value), reasons }, key, excess, is_broken, reason })
}

/// What people call the part with a key.
fn named(book: &Book, limit: &Limit, key: &str) -> String {
    let instrument = match limit.measure {
        Measure::HoldingShare => key.parse().ok().and_then(|id| book.instruments.get(&id)),
        _ => None,
    };
    instrument.map_or_else(|| key.to_owned(), |instrument| instrument.symbol.clone())
}

/// A figure in words: a millionth of a share is enough for a person.
fn short(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Why there are no shares.
fn unknown(book: &Book) -> (&'static str, String) {
    match book.ends[1].value {
        Some(value) if value <= Decimal::ZERO => {
            let code = if value.is_zero() { "ZERO_CAPITAL" } else { "NEGATIVE_CAPITAL" };
            (code, format!("the value is {}: nothing is a share of it", value.normalize()))
        }
        Some(_) => (Withheld::NoSolution.code(), Withheld::NoSolution.to_string()),
        None => ("UNKNOWN_VALUE", "a holding has no value at the end of the range".to_owned()),
    }
}

fn measured(book: &Book, limit: &Limit) -> Result<Option<Measured>, ServiceError> {
    // Shares of nothing, or of debts, would say nothing.
    if book.ends[1].value.is_none_or(|value| value <= Decimal::ZERO) {
        return Ok(None);
    }
    let plain = |value: Option<f64>| value.map(|value| Measured { value, key: None, unclassified: 0.0 });
    let shares = |by: Grouping| Ok::<_, ServiceError>(share(&book.allocation(by)?, limit.key.as_deref()));
    let cash = allocation::CASH;
    Ok(match limit.measure {
        Measure::AssetTypeShare => shares(Grouping::AssetType)?,
        Measure::SectorShare => shares(Grouping::Sector)?,
        Measure::CountryShare => shares(Grouping::Country)?,
        Measure::RegionShare => shares(Grouping::Region)?,
        Measure::CurrencyShare => shares(Grouping::Currency)?,
        Measure::HoldingShare => shares(Grouping::Instrument)?,
        Measure::CashShare => share(&book.allocation(Grouping::AssetType)?, Some(cash)),
        Measure::TopShare => plain(book.concentration(limit.top.unwrap_or(1).into()).map(|figures| figures.top)),
        Measure::HerfindahlIndex => plain(book.concentration(1).map(|figures| figures.hhi)),
        Measure::EffectiveNumber => plain(book.concentration(1).map(|figures| figures.effective_number)),
    })
}

/// The share of the part with a key, or of the largest part, cash being none of them unless it is asked for; nothing where a share is not
/// known.
fn share(slices: &[Slice], key: Option<&str>) -> Option<Measured> {
    let weights: Vec<(Option<&str>, f64)> =
        slices.iter().map(|slice| Some((slice.key.as_deref(), slice.weight?))).collect::<Option<_>>()?;
    let unclassified: f64 = weights.iter().filter(|(key, _)| key.is_none()).map(|(_, weight)| weight).sum();
    let named = weights.iter().filter_map(|(key, weight)| Some(((*key)?, *weight)));
    let found = match key {
        Some(key) => named.clone().find(|(of, _)| *of == key).or(Some((key, 0.0))),
        None => {
            let parts = named.filter(|(of, _)| *of != allocation::CASH);
            parts.max_by(|one, other| one.1.abs().total_cmp(&other.1.abs()))
        }
    };
    Some(match found {
        // What is owed of a part weighs as much as what is held.
        Some((of, weight)) if key.is_none() => Measured { value: weight.abs(), key: Some(of.to_owned()), unclassified },
        Some((of, weight)) => Measured { value: weight, key: Some(of.to_owned()), unclassified },
        None => Measured { value: 0.0, key: None, unclassified },
    })
}
