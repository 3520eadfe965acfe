//! Market data as an operator looks after it.

use async_graphql::{Context, ID, InputObject, Object, Result};

use crate::graphql::connection;
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::types::market_data::{
    DataQualityFinding, DataQualityFindingConnection, HeldMarketRow, HeldMarketRowConnection, HeldMarketRowState,
    MarketDataset, RefreshRun, RefreshRunConnection,
};
use crate::storage::pipeline::{Dataset, findings, held};

/// Which held rows to show; what is not given does not restrict.
#[derive(InputObject, Default)]
pub struct HeldMarketRowFilter {
    /// Only those that this became of; `OPEN` for what waits.
    state: Option<HeldMarketRowState>,
    /// Only of these data.
    dataset: Option<MarketDataset>,
    /// Only of this instrument.
    instrument_id: Option<ID>,
}

impl HeldMarketRowFilter {
    fn read(self) -> Result<held::Filter> {
        let state = self.state.map(|state| match state {
            HeldMarketRowState::Open => "OPEN",
            HeldMarketRowState::Accepted => "ACCEPTED",
            HeldMarketRowState::Rejected => "REJECTED",
            HeldMarketRowState::Repaired => "REPAIRED",
            HeldMarketRowState::Superseded => "SUPERSEDED",
        });
        let dataset = self.dataset.map(|dataset| match dataset {
            MarketDataset::Prices => Dataset::Prices.name(),
            MarketDataset::ExchangeRates => Dataset::Rates.name(),
            MarketDataset::Splits => Dataset::Splits.name(),
            MarketDataset::Dividends => Dataset::Dividends.name(),
            MarketDataset::Indicators => Dataset::Indicators.name(),
            MarketDataset::News => Dataset::News.name(),
        });
        let instrument = self.instrument_id.map(|id| Kind::Instrument.parse(&id, "filter.instrumentId")).transpose()?;
        Ok(held::Filter { state, dataset, instrument })
    }
}

#[derive(Default)]
pub struct MarketDataQuery;

#[Object(guard = "Ruled")]
impl MarketDataQuery {
    /// Delivered rows that a check held back, the latest first; for operators of the platform.
    async fn held_market_rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which rows.")] filter: Option<HeldMarketRowFilter>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<HeldMarketRowConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let filter = filter.unwrap_or_default().read()?;
        let wants_total = connection::wants_total(ctx);
        let read = async { operation.services.held_market_rows(operation.caller()?, &filter, page, wants_total).await };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, page.limit, |row| (row.held_at, row.id));
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, HeldMarketRow::from(row))).collect();
        Ok(Some(HeldMarketRowConnection::new(rows, info, total)))
    }

    /// Runs of the data pipeline, the latest first; for operators of the platform.
    async fn refresh_runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<RefreshRunConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let wants_total = connection::wants_total(ctx);
        let read = async { operation.services.refresh_runs(operation.caller()?, page, wants_total).await };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let now = operation.services.environment.clock.now();
        let (rows, info) = connection::cut(rows, page.limit, |row| row.id);
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, RefreshRun::new(row, now))).collect();
        Ok(Some(RefreshRunConnection::new(rows, info, total)))
    }

    /// What the checks of the data pipeline found, of the latest run first; for operators of the platform.
    async fn data_quality_findings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this run.")] run_id: Option<ID>,
        #[graphql(desc = "Only of this instrument.")] instrument_id: Option<ID>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<DataQualityFindingConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let run = run_id.map(|id| Kind::RefreshRun.parse(&id, "runId")).transpose()?;
        let instrument = instrument_id.map(|id| Kind::Instrument.parse(&id, "instrumentId")).transpose()?;
        let filter = findings::Filter { run, instrument };
        let wants_total = connection::wants_total(ctx);
        let read = async { operation.services.quality_findings(operation.caller()?, filter, page, wants_total).await };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, page.limit, |row| (row.run_id, row.id));
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, DataQualityFinding::from(row))).collect();
        Ok(Some(DataQualityFindingConnection::new(rows, info, total)))
    }
}
