//! Figures as they are stored, and back.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{CALCULATION_VERSION, PerformanceMetrics};
use crate::services::ServiceError;
use crate::services::analytics::risk::Risk;
use crate::services::analytics::{Preset, Quality, RangeFigures};
use crate::services::performance::{DrawdownFigure, Figure, Performance};
use crate::storage::performance_metrics::{Figures, Row};
use crate::tenancy::DatabaseError;

const QUALITIES: [(&str, Quality); 5] = [
    ("COMPLETE", Quality::Complete),
    ("PROVISIONAL", Quality::Provisional),
    ("STALE", Quality::Stale),
    ("ESTIMATED", Quality::Estimated),
    ("MISSING", Quality::Missing),
];

/// The row of figures, without what was in force when they were computed.
pub(super) fn row(portfolio: Uuid, preset: Preset, figures: &RangeFigures, computed_at: DateTime<Utc>) -> Row {
    let RangeFigures { performance, risk, .. } = figures;
    let mut reasons = Map::new();
    let mut note = |name: &str, figure: &Figure| {
        if !figure.reasons.is_empty() {
            reasons.insert(name.to_owned(), json!(figure.reasons));
        }
        figure.value
    };
    let stored = Figures {
        twr: note("twr", &performance.twr),
        annualized_return: note("annualized_return", &performance.annualized_return),
        xirr: note("xirr", &performance.xirr),
        modified_dietz: note("modified_dietz", &performance.modified_dietz),
        simple_return: note("simple_return", &performance.simple_return),
        volatility: note("volatility", &risk.volatility),
        downside_deviation: note("downside_deviation", &risk.downside_deviation),
        sharpe: note("sharpe", &risk.sharpe),
        sortino: note("sortino", &risk.sortino),
        calmar: note("calmar", &risk.calmar),
        omega: note("omega", &risk.omega),
        ulcer_index: note("ulcer_index", &risk.ulcer_index),
        skewness: note("skewness", &risk.skewness),
        excess_kurtosis: note("excess_kurtosis", &risk.excess_kurtosis),
        max_drawdown: note("max_drawdown", &performance.max_drawdown.depth),
    };
    // What the values of both are of, the reasons may tell differently: these know what is missing too.
    note("performance_volatility", &performance.volatility);
    note("performance_sharpe", &performance.sharpe);
    let fall = &performance.max_drawdown;
    let quality = QUALITIES.iter().find(|(_, quality)| *quality == figures.quality);
    Row {
        portfolio_id: portfolio,
        range: preset.code().to_owned(),
        calculation_version: CALCULATION_VERSION,
        opening_date: performance.opening,
        end_date: performance.end,
        currency: figures.currency.to_string(),
        opening_value: figures.opening_value,
        end_value: figures.end_value,
        flow: figures.flow,
        observations: i32::try_from(performance.observations).unwrap_or(i32::MAX),
        figures: stored,
        xirr_is_annual: performance.xirr_is_annual,
        drawdown_peak: fall.peak,
        drawdown_trough: fall.trough,
        drawdown_recovery: fall.recovery,
        reasons: Value::Object(reasons),
        status: quality.map_or("", |(code, _)| code).to_owned(),
        coverage: figures.coverage,
        computed_at,
        portfolio_version: 0,
        market_version: 0,
        rewritten: Uuid::nil(),
    }
}

/// The figures of a row.
pub(super) fn metrics(row: &Row) -> Result<PerformanceMetrics, ServiceError> {
    let figure = |name: &str, value: Option<f64>| Ok::<_, ServiceError>(Figure { value, reasons: reasons(row, name)? });
    let Figures { twr, annualized_return, xirr, modified_dietz, simple_return, volatility, sharpe, .. } = row.figures;
    let observations = usize::try_from(row.observations).unwrap_or_default();
    let performance = Performance {
        opening: row.opening_date,
        end: row.end_date,
        days: (row.end_date - row.opening_date).num_days(),
        twr: figure("twr", twr)?,
        annualized_return: figure("annualized_return", annualized_return)?,
        xirr: figure("xirr", xirr)?,
        xirr_is_annual: row.xirr_is_annual,
        modified_dietz: figure("modified_dietz", modified_dietz)?,
        simple_return: figure("simple_return", simple_return)?,
        volatility: figure("performance_volatility", volatility)?,
        sharpe: figure("performance_sharpe", sharpe)?,
        max_drawdown: DrawdownFigure {
            depth: figure("max_drawdown", row.figures.max_drawdown)?,
            peak: row.drawdown_peak,
            trough: row.drawdown_trough,
            recovery: row.drawdown_recovery,
        },
        observations,
    };
    let risk = Risk {
        observations,
        volatility: figure("volatility", volatility)?,
        downside_deviation: figure("downside_deviation", row.figures.downside_deviation)?,
        sharpe: figure("sharpe", sharpe)?,
        sortino: figure("sortino", row.figures.sortino)?,
        calmar: figure("calmar", row.figures.calmar)?,
        omega: figure("omega", row.figures.omega)?,
        ulcer_index: figure("ulcer_index", row.figures.ulcer_index)?,
        skewness: figure("skewness", row.figures.skewness)?,
        excess_kurtosis: figure("excess_kurtosis", row.figures.excess_kurtosis)?,
    };
    let quality = QUALITIES.iter().find(|(code, _)| *code == row.status).map(|(_, quality)| *quality);
    let currency = domain::money::Currency::new(&row.currency).map_err(|_| corrupt(row, "its currency"))?;
    let figures = RangeFigures {
        currency,
        performance,
        risk,
        opening_value: row.opening_value,
        end_value: row.end_value,
        flow: row.flow,
        quality: quality.ok_or_else(|| corrupt(row, "its status"))?,
        coverage: row.coverage,
    };
    Ok(PerformanceMetrics { figures, computed_at: row.computed_at, is_stored: true })
}

fn reasons(row: &Row, figure: &str) -> Result<Vec<(&'static str, String)>, ServiceError> {
    let pairs = row.reasons.get(figure).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let pair = |pair: &Value| Some((code(pair.get(0)?.as_str()?), pair.get(1)?.as_str()?.to_owned()));
    let pairs: Option<_> = pairs.iter().map(pair).collect();
    pairs.ok_or_else(|| corrupt(row, "its reasons"))
}

/// A code of the program, which are few, as the figures have it. Each is kept once, for as long as the process runs.
fn code(text: &str) -> &'static str {
    static CODES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut codes = CODES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = codes.get(text) {
        return known;
    }
    let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
    codes.insert(kept);
    kept
}

fn corrupt(row: &Row, what: &str) -> ServiceError {
    let message = format!("the figures of portfolio {} over {}: {what}", row.portfolio_id, row.range);
    ServiceError::Database(DatabaseError::Corrupt(message))
}
