//! Some portfolios at a time for the job: read at one moment, computed, stored in a short transaction. Each row says what was in force
//! at that moment, so that nothing has to be locked meanwhile, and a run that is ended anywhere, or comes twice, does no harm.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{CALCULATION_VERSION, Of, current, row};
use crate::services::analytics::{Preset, Range, Unit, figures_of_all};
use crate::services::valuation::{Market, View};
use crate::services::{Caller, ServiceError, Services, access, settle};
use crate::storage;
use crate::storage::performance_metrics::Row;
use crate::storage::portfolio::Portfolio;

/// Portfolios that are read and stored together.
const AT_ONCE: u64 = if cfg!(debug_assertions) { 2 } else { 100 };

/// Portfolios that are read.
pub struct Batch {
    end: NaiveDate,
    market_version: i64,
    /// What is in force of each.
    versions: HashMap<Uuid, (i64, Uuid)>,
    units: Vec<Unit>,
    failed: Vec<Failed>,
    market: Arc<Market>,
    /// The last of them by id.
    pub last: Uuid,
}

/// A portfolio that cannot be computed, and why.
pub type Failed = (Uuid, ServiceError);

/// What is to be stored of a batch.
pub struct Computed {
    rows: Vec<Row>,
    /// How many portfolios it is of.
    pub portfolios: u64,
    /// What could not be computed.
    pub failed: Vec<Failed>,
}

impl Services {
    /// Removes figures that are of no use any more.
    pub async fn performance_metrics_clear(&self, caller: &Caller) -> Result<u64, ServiceError> {
        let session = self.write(caller).await?;
        let cleared = storage::performance_metrics::clear(&session, CALCULATION_VERSION).await;
        settle(session, cleared.map_err(ServiceError::from)).await
    }

    /// How many portfolios are to be computed.
    pub async fn performance_metrics_left(&self, caller: &Caller, of: Of) -> Result<u64, ServiceError> {
        let session = self.read(caller).await?;
        let counted = async {
            let market = self.market.view(&session).await?;
            let current = current(&market, self.last_day(&market));
            Ok(storage::performance_metrics::count_outdated(&session, current, of, Preset::ALL.len()).await?)
        }
        .await;
        settle(session, counted).await
    }

    /// Reads the next portfolios whose figures do not hold; nothing where there are none.
    pub async fn performance_metrics_read(&self, caller: &Caller, of: Of) -> Result<Option<Batch>, ServiceError> {
        let session = self.read(caller).await?;
        let read = async {
            let market = self.market.view(&session).await?;
            let end = self.last_day(&market);
            let count = Preset::ALL.len();
            let outdated =
                storage::performance_metrics::outdated(&session, current(&market, end), of, count, AT_ONCE).await?;
            let Some(last) = outdated.last().map(|one| one.portfolio_id) else { return Ok(None) };
            let ids: Vec<Uuid> = outdated.iter().map(|one| one.portfolio_id).collect();
            let portfolios = storage::portfolio::by_ids(&session, access::readable(&caller.actor), &ids).await?;
            let firsts: HashMap<Uuid, NaiveDate> =
                storage::transaction::first_dates(&session, &ids, None).await?.into_iter().collect();
            let marks: HashMap<Uuid, Uuid> = outdated.iter().map(|one| (one.portfolio_id, one.rewritten)).collect();
            let asked = |portfolio: &Portfolio| {
                let first = firsts.get(&portfolio.id).copied();
                (View::new(portfolio, None), Preset::ALL.map(|preset| preset.range(end, first)).to_vec())
            };
            let asked: Vec<(View, Vec<Range>)> = portfolios.iter().map(asked).collect();
            let version = |portfolio: &Portfolio| Some((portfolio.id, (portfolio.version, *marks.get(&portfolio.id)?)));
            let versions = portfolios.iter().filter_map(version).collect();
            let (units, failed, loaded) = self.units(&session, &market, asked, end).await?;
            let first_of = |(view, errors): (View, Vec<Result<_, ServiceError>>)| {
                Some((view.portfolio, errors.into_iter().find_map(Result::err)?))
            };
            let failed = failed.into_iter().filter_map(first_of).collect();
            let market_version = market.version();
            Ok(Some(Batch { end, market_version, versions, units, failed, market: loaded, last }))
        }
        .await;
        settle(session, read).await
    }

    /// Computes a batch.
    pub async fn performance_metrics_computed(&self, batch: Batch) -> Result<Computed, ServiceError> {
        let Batch { end, market_version, versions, units, mut failed, market, .. } = batch;
        let ids: Vec<Uuid> = units.iter().map(|unit| unit.view.portfolio).collect();
        let portfolios = (ids.len() + failed.len()) as u64;
        let figures = figures_of_all(units, market).await?;
        let computed_at = self.environment.clock.now();
        let mut rows = Vec::with_capacity(ids.len() * Preset::ALL.len());
        for (portfolio, figures) in ids.into_iter().zip(figures) {
            let Some(&(portfolio_version, rewritten)) = versions.get(&portfolio) else { continue };
            for (preset, outcome) in Preset::ALL.into_iter().zip(figures) {
                match outcome {
                    Ok(figures) => rows.push(Row {
                        end_date: end,
                        portfolio_version,
                        market_version,
                        rewritten,
                        ..row::row(portfolio, preset, &figures, computed_at)
                    }),
                    Err(error) if failed.iter().all(|(other, _)| *other != portfolio) => {
                        failed.push((portfolio, error));
                    }
                    Err(_) => {}
                }
            }
        }
        Ok(Computed { rows, portfolios, failed })
    }

    /// Stores what was computed.
    pub async fn performance_metrics_store(&self, caller: &Caller, computed: &Computed) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let stored = storage::performance_metrics::put(&session, &computed.rows).await;
        settle(session, stored.map_err(ServiceError::from)).await
    }
}
