//! Scenarios that a tenant keeps to stress portfolios by.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::analytics::stress::{Scenario, Shock, ShockOn, Stress, Window};
use domain::id::InstrumentId;
use entity::tenant::{stress_scenario, stress_shock};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::currency;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// A scenario under its name.
#[derive(Clone, Debug, PartialEq)]
pub struct StressScenario {
    /// Its id.
    pub id: Uuid,
    /// What people call it; no other of the tenant's has the name.
    pub name: String,
    /// What it does.
    pub stress: Stress,
    /// When it was last saved.
    pub saved_at: DateTime<Utc>,
    /// By whom.
    pub saved_by: Uuid,
}

/// All of them, by name.
pub async fn all(session: &Session<Tenant>) -> Result<Vec<StressScenario>, DatabaseError> {
    let rows = stress_scenario::Entity::find().order_by_asc(stress_scenario::Column::Name).all(session).await?;
    with_shocks(session, rows).await
}

/// The one with this id.
pub async fn by_id(session: &Session<Tenant>, id: Uuid) -> Result<Option<StressScenario>, DatabaseError> {
    let row = stress_scenario::Entity::find_by_id(id).one(session).await?;
    Ok(with_shocks(session, row.into_iter().collect()).await?.pop())
}

/// The one with this id, locked until the transaction ends.
pub async fn lock(session: &Session<Tenant>, id: Uuid) -> Result<Option<StressScenario>, DatabaseError> {
    let row = stress_scenario::Entity::find_by_id(id).lock_exclusive().one(session).await?;
    Ok(with_shocks(session, row.into_iter().collect()).await?.pop())
}

/// The one with this name, locked until the transaction ends.
pub async fn lock_named(session: &Session<Tenant>, name: &str) -> Result<Option<StressScenario>, DatabaseError> {
    let named = stress_scenario::Entity::find().filter(stress_scenario::Column::Name.eq(name));
    let row = named.lock_exclusive().one(session).await?;
    Ok(with_shocks(session, row.into_iter().collect()).await?.pop())
}

/// How many there are.
pub async fn count(session: &Session<Tenant>) -> Result<u64, DatabaseError> {
    Ok(stress_scenario::Entity::find().count(session).await?)
}

/// Writes one in place of whatever has its id.
pub async fn save(session: &Session<Tenant>, scenario: &StressScenario) -> Result<(), DatabaseError> {
    let (window, shocks) = match &scenario.stress {
        Stress::Window(window) => (Some(window.code().to_owned()), [].as_slice()),
        Stress::Scenario(scenario) => (None, scenario.shocks()),
    };
    let row = stress_scenario::ActiveModel {
        id: Set(scenario.id),
        name: Set(scenario.name.clone()),
        history_window: Set(window),
        saved_at: Set(scenario.saved_at),
        saved_by: Set(scenario.saved_by),
    };
    use stress_scenario::Column::{HistoryWindow, Id, SavedAt, SavedBy};
    let in_place = OnConflict::column(Id).update_columns([HistoryWindow, SavedAt, SavedBy]).to_owned();
    stress_scenario::Entity::insert(row).on_conflict(in_place).exec_without_returning(session).await?;
    remove_shocks(session, scenario.id).await?;
    let rows = (0..).zip(shocks).map(|(ordinal, shock)| {
        let (kind, key) = written(&shock.on);
        stress_shock::ActiveModel {
            scenario_id: Set(scenario.id),
            ordinal: Set(ordinal),
            kind: Set(kind.to_owned()),
            key: Set(key),
            change: Set(shock.size),
        }
    });
    if !shocks.is_empty() {
        stress_shock::Entity::insert_many(rows).exec_without_returning(session).await?;
    }
    Ok(())
}

/// Removes one; `false` where there is none.
pub async fn remove(session: &Session<Tenant>, id: Uuid) -> Result<bool, DatabaseError> {
    remove_shocks(session, id).await?;
    Ok(stress_scenario::Entity::delete_by_id(id).exec(session).await?.rows_affected > 0)
}

async fn remove_shocks(session: &Session<Tenant>, id: Uuid) -> Result<(), DatabaseError> {
    let own = stress_shock::Entity::delete_many().filter(stress_shock::Column::ScenarioId.eq(id));
    own.exec(session).await?;
    Ok(())
}

async fn with_shocks(
    session: &Session<Tenant>,
    rows: Vec<stress_scenario::Model>,
) -> Result<Vec<StressScenario>, DatabaseError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let shocks = stress_shock::Entity::find()
        .filter(stress_shock::Column::ScenarioId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(stress_shock::Column::ScenarioId)
        .order_by_asc(stress_shock::Column::Ordinal)
        .all(session)
        .await?;
    let mut of_scenarios: HashMap<Uuid, Vec<Shock>> = HashMap::new();
    for shock in shocks {
        let on = read(&shock.kind, shock.key.as_deref())?;
        of_scenarios.entry(shock.scenario_id).or_default().push(Shock { on, size: shock.change });
    }
    let scenario = |row: stress_scenario::Model| {
        let corrupt = |what: String| DatabaseError::Corrupt(format!("the scenario {}: {what}", row.id));
        let stress = match &row.history_window {
            Some(code) => Stress::Window(Window::of_code(code).ok_or_else(|| corrupt(format!("no window {code}")))?),
            None => {
                let shocks = of_scenarios.remove(&row.id).unwrap_or_default();
                Stress::Scenario(Scenario::new(shocks).map_err(|error| corrupt(error.to_string()))?)
            }
        };
        Ok(StressScenario { id: row.id, name: row.name, stress, saved_at: row.saved_at, saved_by: row.saved_by })
    };
    rows.into_iter().map(scenario).collect()
}

/// What a shock is on, as it is stored.
fn written(on: &ShockOn) -> (&'static str, Option<String>) {
    match on {
        ShockOn::AssetType(code) => ("ASSET_TYPE", Some(code.clone())),
        ShockOn::Country(code) => ("COUNTRY", Some(code.clone())),
        ShockOn::Sector(code) => ("SECTOR", Some(code.clone())),
        ShockOn::Instrument(id) => ("INSTRUMENT", Some(id.uuid().to_string())),
        ShockOn::Currency(currency) => ("CURRENCY", Some(currency.to_string())),
        ShockOn::Market(id) => ("MARKET", Some(id.uuid().to_string())),
        ShockOn::Rates => ("RATES", None),
        ShockOn::RatesAt(tenor) => ("RATES_AT", Some(tenor.to_string())),
    }
}

fn read(kind: &str, key: Option<&str>) -> Result<ShockOn, DatabaseError> {
    let corrupt = || DatabaseError::Corrupt(format!("a shock on {kind} {key:?}"));
    if kind == "RATES" {
        return Ok(ShockOn::Rates);
    }
    let key = key.ok_or_else(corrupt)?;
    let instrument = || key.parse::<Uuid>().map(InstrumentId::from).map_err(|_| corrupt());
    Ok(match kind {
        "ASSET_TYPE" => ShockOn::AssetType(key.to_owned()),
        "COUNTRY" => ShockOn::Country(key.to_owned()),
        "SECTOR" => ShockOn::Sector(key.to_owned()),
        "INSTRUMENT" => ShockOn::Instrument(instrument()?),
        "CURRENCY" => ShockOn::Currency(currency(key)?),
        "MARKET" => ShockOn::Market(instrument()?),
        "RATES_AT" => ShockOn::RatesAt(key.parse().map_err(|_| corrupt())?),
        _ => return Err(corrupt()),
    })
}
