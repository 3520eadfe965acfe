//! Scenarios that a firm keeps.

use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};
use domain::analytics::stress::{Shock, ShockOn, Stress};
use uuid::Uuid;

use super::analytics::StressWindow;
use super::user::User;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, PersonKey};
use crate::graphql::scalars::Instant;
use crate::storage::stress_scenario::StressScenario as Row;

/// What a shock is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum StressShockKind {
    /// Everything of a kind: an `AssetType`.
    AssetType,
    /// Everything in a country: its code by ISO 3166.
    Country,
    /// Everything in a sector or a part of one: the code of a `Sector`.
    Sector,
    /// One instrument: its id.
    Instrument,
    /// A currency against that of the figures: its code.
    Currency,
    /// The market, by betas: the id of the instrument that stands for it.
    Market,
    /// All yields together.
    Rates,
    /// The yields at a tenor of the curve: `2Y`.
    RatesAt,
}

/// A shock of a scenario.
#[derive(Clone, Debug, SimpleObject)]
pub struct StressShock {
    /// What it is on.
    kind: StressShockKind,
    /// The code, id or tenor of that, as `kind` says. Null for all rates.
    key: Option<String>,
    /// How large it is: a fraction, −0.3 is a fall of 30 %; of rates, basis points.
    change: f64,
}

impl From<&Shock> for StressShock {
    fn from(shock: &Shock) -> Self {
        use StressShockKind::{AssetType, Country, Currency, Instrument, Market, Rates, RatesAt, Sector};
        let id = |id: &domain::id::InstrumentId| Some(Kind::Instrument.id(id.uuid()).0);
        let (kind, key) = match &shock.on {
            ShockOn::AssetType(code) => (AssetType, Some(code.clone())),
            ShockOn::Country(code) => (Country, Some(code.clone())),
            ShockOn::Sector(code) => (Sector, Some(code.clone())),
            ShockOn::Instrument(instrument) => (Instrument, id(instrument)),
            ShockOn::Currency(currency) => (Currency, Some(currency.to_string())),
            ShockOn::Market(benchmark) => (Market, id(benchmark)),
            ShockOn::Rates => (Rates, None),
            ShockOn::RatesAt(tenor) => (RatesAt, Some(tenor.to_string())),
        };
        Self { kind, key, change: shock.size }
    }
}

/// A scenario that the firm keeps: shocks that come together, or a window of history.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct StressScenario {
    /// The scenario's id.
    id: ID,
    /// What it is called.
    name: String,
    /// What happened once. Null for shocks.
    window: Option<StressWindow>,
    /// The shocks; none of a window.
    shocks: Vec<StressShock>,
    /// When it was last saved.
    saved_at: Instant,
    #[graphql(skip)]
    saved_by: Uuid,
}

#[ComplexObject]
impl StressScenario {
    /// Who saved it last; null where the system did.
    async fn saved_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(loaders::find(ctx, PersonKey(self.saved_by)).await?.map(User))
    }
}

impl From<Row> for StressScenario {
    fn from(row: Row) -> Self {
        let (window, shocks) = match &row.stress {
            Stress::Window(window) => (Some(StressWindow::from(*window)), Vec::new()),
            Stress::Scenario(scenario) => (None, scenario.shocks().iter().map(StressShock::from).collect()),
        };
        Self {
            id: Kind::StressScenario.id(row.id),
            name: row.name,
            window,
            shocks,
            saved_at: Instant(row.saved_at),
            saved_by: row.saved_by,
        }
    }
}
