//! Scenarios that a tenant keeps. They count for the whole tenant: whoever looks after others' portfolios keeps them, whoever reads
//! portfolios may use them.

use domain::analytics::stress::{Shock, ShockOn, Stress};
use serde_json::{Value, json};
use uuid::Uuid;

use super::schedule::{checked_name, name_taken};
use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::storage::stress_scenario::{self, StressScenario};
use crate::tenancy::{Session, Tenant};

/// As many as a tenant may have.
const MAX_SCENARIOS: u64 = 200;

impl Services {
    /// Every scenario of the tenant, by name.
    pub async fn stress_scenarios(&self, session: &Session<Tenant>) -> Result<Vec<StressScenario>, ServiceError> {
        access::require_some_readable(session.actor())?;
        Ok(stress_scenario::all(session).await?)
    }

    /// What a scenario of the tenant does.
    pub async fn stress_of_scenario(
        &self,
        session: &Session<Tenant>,
        id: Uuid,
    ) -> Result<Option<Stress>, ServiceError> {
        access::require_some_readable(session.actor())?;
        Ok(stress_scenario::by_id(session, id).await?.map(|scenario| scenario.stress))
    }

    /// Saves a scenario under a name, in place of the one that has it.
    pub async fn stress_scenario_save(
        &self,
        caller: &Caller,
        name: &str,
        stress: Stress,
    ) -> Result<StressScenario, ServiceError> {
        access::require_keeper(&caller.actor)?;
        let name = checked_name(name)?;
        let session = self.write(caller).await?;
        let result = async {
            if let Stress::Scenario(scenario) = &stress {
                if scenario.shocks().is_empty() {
                    return Err(refuse(RefusalCode::InvalidInput, &["input", "shocks"], "there are none: name one"));
                }
                if let Some(wrong) = self.wrong_in(&session, scenario).await? {
                    let field = &["input", "shocks", wrong.field];
                    return Err(refuse(RefusalCode::NotFound, field, wrong.message));
                }
            }
            let before = stress_scenario::lock_named(&session, &name).await?;
            if before.is_none() {
                let there = stress_scenario::count(&session).await?;
                if there >= MAX_SCENARIOS {
                    let message = format!("there are {there} scenarios already, {MAX_SCENARIOS} at the most");
                    return Err(refuse(RefusalCode::LimitReached, &["input"], message));
                }
            }
            let id = before.as_ref().map_or_else(|| self.environment.ids.next(), |before| before.id);
            let (saved_at, saved_by) = (self.environment.clock.now(), caller.actor.user_id);
            let saved = StressScenario { id, name, stress, saved_at, saved_by };
            let written = stress_scenario::save(&session, &saved).await;
            written.map_err(|error| name_taken(error, &saved.name))?;
            let done = Done {
                action: "stressScenarioSave",
                entity_type: "StressScenario",
                entity_id: id,
                before: before.as_ref().map(shown),
                after: Some(shown(&saved)),
            };
            self.audit(&session, caller, done).await?;
            Ok(saved)
        }
        .await;
        settle(session, result).await
    }

    /// Removes a scenario.
    pub async fn stress_scenario_remove(&self, caller: &Caller, id: Uuid) -> Result<StressScenario, ServiceError> {
        access::require_keeper(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            let unknown = || refuse(RefusalCode::NotFound, &["id"], "no such scenario");
            let before = stress_scenario::lock(&session, id).await?.ok_or_else(unknown)?;
            if !stress_scenario::remove(&session, id).await? {
                return Err(unknown());
            }
            let done = Done {
                action: "stressScenarioRemove",
                entity_type: "StressScenario",
                entity_id: id,
                before: Some(shown(&before)),
                after: None,
            };
            self.audit(&session, caller, done).await?;
            Ok(before)
        }
        .await;
        settle(session, result).await
    }
}

fn refuse(code: RefusalCode, field: &[&str], message: impl Into<String>) -> ServiceError {
    ServiceError::refused(code, field, message)
}

fn shown(scenario: &StressScenario) -> Value {
    let (window, shocks) = match &scenario.stress {
        Stress::Window(window) => (Some(window.code()), Vec::new()),
        Stress::Scenario(scenario) => (None, scenario.shocks().iter().map(shown_shock).collect()),
    };
    json!({ "name": scenario.name, "window": window, "shocks": shocks })
}

fn shown_shock(Shock { on, size }: &Shock) -> Value {
    match on {
        ShockOn::AssetType(code) => json!({ "assetType": code, "change": size }),
        ShockOn::Country(code) => json!({ "country": code, "change": size }),
        ShockOn::Sector(code) => json!({ "sector": code, "change": size }),
        ShockOn::Instrument(id) => json!({ "instrument": id.uuid(), "change": size }),
        ShockOn::Currency(currency) => json!({ "currency": currency.to_string(), "change": size }),
        ShockOn::Market(id) => json!({ "market": id.uuid(), "change": size }),
        ShockOn::Rates => json!({ "rateShift": size }),
        ShockOn::RatesAt(tenor) => json!({ "rateTenor": tenor.to_string(), "shift": size }),
    }
}
