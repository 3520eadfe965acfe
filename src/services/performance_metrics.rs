//! Figures of portfolios by range: computed by a job, stored with what they rest on, and served while all of that is in force.
//!
//! What is stored is never served for something else: a row is read only where the portfolio, the market data, the stored daily values
//! and the arithmetic are those that it was computed from (`storage::performance_metrics`). Everything else is computed when it is
//! asked for, and is the same.

mod batch;
mod row;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{analytics, ledger, valuation};
use serde_json::json;
use uuid::Uuid;

pub use self::batch::{Batch, Computed, Failed};
pub use crate::storage::performance_metrics::Of;

use super::analytics::{Preset, Range, RangeFigures, Unit, figures_of_all};
use super::valuation::{View, by_moment, load_calendars};
use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::market_data::MarketView;
use crate::queue::{self, PERFORMANCE_METRICS, Request};
use crate::storage;
use crate::storage::performance_metrics::Current;
use crate::storage::portfolio::Portfolio;
use crate::storage::projection::Border;
use crate::tenancy::{Session, Tenant};

/// Grows with every change of what figures answer, be it in their formulas, in valuation or in booking: each of the three only grows.
pub const CALCULATION_VERSION: i32 =
    analytics::CALCULATION_VERSION + valuation::CALCULATION_VERSION + ledger::CALCULATION_VERSION;

/// The figures of a portfolio over a range, and when they were computed.
#[derive(Clone, Debug, PartialEq)]
pub struct PerformanceMetrics {
    /// The figures.
    pub figures: RangeFigures,
    /// When they were computed.
    pub computed_at: DateTime<Utc>,
    /// Whether they were stored before they were asked for.
    pub is_stored: bool,
}

/// A portfolio over a range that ends on a day.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetricsOf {
    /// The portfolio and its currency.
    pub view: View,
    /// How far back.
    pub preset: Preset,
    /// The last day.
    pub end: NaiveDate,
}

/// What became of each.
pub type OfAsked = HashMap<MetricsOf, Result<Arc<PerformanceMetrics>, ServiceError>>;

fn current(market: &MarketView, end: NaiveDate) -> Current {
    Current { market: market.in_force(), calculation_version: CALCULATION_VERSION, end }
}

impl Services {
    /// Figures of portfolios that the caller has been shown: those that are stored and hold, the others computed. As many statements for
    /// many portfolios as for one.
    pub async fn performance_metrics(
        &self,
        session: &Session<Tenant>,
        asked: &[MetricsOf],
    ) -> Result<OfAsked, ServiceError> {
        let market = self.market.view(session).await?;
        let mut found = OfAsked::new();
        let ends: HashSet<NaiveDate> = asked.iter().map(|one| one.end).collect();
        for end in ends {
            let of_day = asked.iter().filter(|one| one.end == end);
            let stored: Vec<&MetricsOf> = of_day.filter(|one| one.view.is_stored()).collect();
            found.extend(self.stored_metrics(session, &market, &stored, end).await?);
        }
        let mut others: BTreeMap<NaiveDate, Vec<&MetricsOf>> = BTreeMap::new();
        for one in asked.iter().filter(|one| !found.contains_key(one)) {
            others.entry(one.end).or_default().push(one);
        }
        for (end, others) in others {
            found.extend(self.computed_metrics(session, &market, &others, end).await?);
        }
        Ok(found)
    }

    async fn stored_metrics(
        &self,
        session: &Session<Tenant>,
        market: &MarketView,
        asked: &[&MetricsOf],
        end: NaiveDate,
    ) -> Result<OfAsked, ServiceError> {
        if asked.is_empty() {
            return Ok(OfAsked::new());
        }
        let portfolios: HashSet<Uuid> = asked.iter().map(|one| one.view.portfolio).collect();
        let portfolios: Vec<Uuid> = portfolios.into_iter().collect();
        let ranges: HashSet<&str> = asked.iter().map(|one| one.preset.code()).collect();
        let ranges: Vec<&str> = ranges.into_iter().collect();
        let rows = storage::performance_metrics::fresh(session, current(market, end), &portfolios, &ranges).await?;
        let rows: HashMap<(Uuid, &str), _> =
            rows.iter().map(|row| ((row.portfolio_id, row.range.as_str()), row)).collect();
        let mut found = OfAsked::new();
        for one in asked {
            if let Some(&row) = rows.get(&(one.view.portfolio, one.preset.code())) {
                found.insert((*one).clone(), Ok(Arc::new(row::metrics(row)?)));
            }
        }
        Ok(found)
    }

    async fn computed_metrics(
        &self,
        session: &Session<Tenant>,
        market: &MarketView,
        asked: &[&MetricsOf],
        end: NaiveDate,
    ) -> Result<OfAsked, ServiceError> {
        let mut presets: HashMap<&View, Vec<Preset>> = HashMap::new();
        for one in asked {
            presets.entry(&one.view).or_default().push(one.preset);
        }
        let mut found = OfAsked::new();
        for (moment, views) in by_moment(presets.keys().copied()) {
            let market_view = market.at(moment);
            let ids: Vec<Uuid> = views.iter().map(|view| view.portfolio).collect();
            let firsts: HashMap<Uuid, NaiveDate> =
                storage::transaction::first_dates(session, &ids, moment).await?.into_iter().collect();
            let of = |view: View| {
                let presets = presets.get(&view).cloned().unwrap_or_default();
                let first = firsts.get(&view.portfolio).copied();
                let ranges = presets.iter().map(|preset| preset.range(end, first)).collect();
                (view, presets, ranges)
            };
            let wanted: Vec<(View, Vec<Preset>, Vec<Range>)> = views.into_iter().map(of).collect();
            let of_views = wanted.iter().map(|(view, _, ranges)| (view.clone(), ranges.clone())).collect();
            let mut computed = self.figures_over(session, &market_view, of_views, end).await?;
            let computed_at = self.environment.clock.now();
            for (view, presets, _) in wanted {
                let outcomes = computed.remove(&view).unwrap_or_default();
                found.extend(presets.into_iter().zip(outcomes).map(|(preset, outcome)| {
                    let metrics = |figures| Arc::new(PerformanceMetrics { figures, computed_at, is_stored: false });
                    (MetricsOf { view: view.clone(), preset, end }, outcome.map(metrics))
                }));
            }
        }
        Ok(found)
    }

    /// The figures of each view over its ranges, which end on one day; all views are of one moment.
    async fn figures_over(
        &self,
        session: &Session<Tenant>,
        market: &MarketView,
        asked: Vec<(View, Vec<Range>)>,
        end: NaiveDate,
    ) -> Result<HashMap<View, Vec<Result<RangeFigures, ServiceError>>>, ServiceError> {
        let (units, failed, market) = self.units(session, market, asked, end).await?;
        let views: Vec<View> = units.iter().map(|unit| unit.view.clone()).collect();
        let figures = figures_of_all(units, market).await?;
        Ok(views.into_iter().zip(figures).chain(failed).collect())
    }

    /// What is needed to compute the figures of each view over its ranges, read in the statements of one; and what cannot be read.
    async fn units(
        &self,
        session: &Session<Tenant>,
        market: &MarketView,
        asked: Vec<(View, Vec<Range>)>,
        end: NaiveDate,
    ) -> Result<Units, ServiceError> {
        let openings = asked.iter().flat_map(|(_, ranges)| ranges).map(|range| range.opening);
        let opening = openings.min().unwrap_or(end);
        let fx = market.fx(session).await?;
        let views: Vec<View> = asked.iter().map(|(view, _)| view.clone()).collect();
        let mut rows = self.rows(session, &views, (opening, end), Border::Portfolio, &fx).await?;
        let held = rows.values().flatten().flat_map(|rows| &rows.positions).map(|row| row.instrument.uuid()).collect();
        let loaded = load_calendars(session, market, fx, held).await?.with_prices(session, market).await?;
        let (mut units, mut failed) = (Vec::with_capacity(asked.len()), Vec::new());
        for (view, ranges) in asked {
            match rows.remove(&view).unwrap_or_else(|| Err(ServiceError::Internal("a view is gone".to_owned()))) {
                Ok(rows) => units.push(Unit { view, rows, ranges }),
                Err(error) => {
                    let errors = ranges.iter().map(|_| Err(super::analytics::again(&error))).collect();
                    failed.push((view, errors));
                }
            }
        }
        Ok((units, failed, Arc::new(loaded)))
    }

    /// Asks for the figures of a portfolio to be computed and stored by a job. Requests that wait come to one run, which computes what
    /// does not hold.
    pub async fn performance_metrics_compute(
        &self,
        caller: &Caller,
        portfolio: Uuid,
    ) -> Result<Portfolio, ServiceError> {
        let session = self.write(caller).await?;
        let result = async {
            let visible = access::readable(&caller.actor);
            let found = storage::portfolio::by_ids(&session, visible, &[portfolio]).await?.pop();
            let found = found
                .ok_or_else(|| ServiceError::refused(RefusalCode::NotFound, &["portfolioId"], "no such portfolio"))?;
            let (id, now) = (self.environment.ids.next(), self.environment.clock.now());
            let key = portfolio.to_string();
            let request = Request { id, kind: PERFORMANCE_METRICS, key: &key, at: now, due: now };
            queue::enqueue(&session, request).await?;
            let done = Done {
                action: "performanceMetricsCompute",
                entity_type: "Portfolio",
                entity_id: portfolio,
                before: None,
                after: Some(json!({ "calculationVersion": CALCULATION_VERSION })),
            };
            self.audit(&session, caller, done).await?;
            Ok(found)
        }
        .await;
        settle(session, result).await
    }
}

/// What can be computed, what cannot, and the market that all of it is in.
type Units = (Vec<Unit>, Vec<(View, Vec<Result<RangeFigures, ServiceError>>)>, Arc<super::valuation::Market>);
