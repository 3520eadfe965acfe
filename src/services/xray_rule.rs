//! Limits that a tenant sets on what portfolios are made of. They count for the whole tenant: whoever looks after others' portfolios sets
//! them, whoever reads portfolios sees whether they are kept.

use std::collections::BTreeSet;

use domain::analytics::xray::{Bound, Measure};
use domain::money::Currency;
use domain::region::Region;
use serde_json::{Value, json};
use uuid::Uuid;

use super::schedule::{checked_name, name_taken};
use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::storage::instrument::{self, sector};
use crate::storage::xray_rule::{self, Limit, XrayRule};
use crate::tenancy::{Session, Tenant};

/// As many as a tenant may have.
const MAX_RULES: u64 = 100;
/// Kinds of what can be held, and cash.
const ASSET_TYPES: [&str; 8] = ["STOCK", "ETF", "FUND", "CRYPTO", "BOND", "OPTION", "PRIVATE", "CASH"];

impl Services {
    /// Every rule of the tenant, by name.
    pub async fn xray_rules(&self, session: &Session<Tenant>) -> Result<Vec<XrayRule>, ServiceError> {
        access::require_some_readable(session.actor())?;
        Ok(xray_rule::all(session).await?)
    }

    /// Sets a rule under a name, in place of the one that has it.
    pub async fn xray_rule_set(&self, caller: &Caller, name: &str, limit: Limit) -> Result<XrayRule, ServiceError> {
        access::require_keeper(&caller.actor)?;
        let name = checked_name(name)?;
        check_numbers(&limit)?;
        let session = self.write(caller).await?;
        let result = async {
            check_key(&session, &limit).await?;
            let before = xray_rule::lock_named(&session, &name).await?;
            if before.is_none() {
                let there = xray_rule::count(&session).await?;
                if there >= MAX_RULES {
                    let message = format!("there are {there} rules already, {MAX_RULES} at the most");
                    return Err(ServiceError::refused(RefusalCode::LimitReached, &["input"], message));
                }
            }
            let id = before.as_ref().map_or_else(|| self.environment.ids.next(), |before| before.id);
            let (set_at, set_by) = (self.environment.clock.now(), caller.actor.user_id);
            let rule = XrayRule { id, name, limit, set_at, set_by };
            let written = xray_rule::set(&session, &rule).await;
            written.map_err(|error| name_taken(error, &rule.name))?;
            let done = Done {
                action: "xrayRuleSet",
                entity_type: "XrayRule",
                entity_id: id,
                before: before.as_ref().map(shown),
                after: Some(shown(&rule)),
            };
            self.audit(&session, caller, done).await?;
            Ok(rule)
        }
        .await;
        settle(session, result).await
    }

    /// Removes a rule.
    pub async fn xray_rule_remove(&self, caller: &Caller, id: Uuid) -> Result<XrayRule, ServiceError> {
        access::require_keeper(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such rule");
            let before = xray_rule::by_id(&session, id).await?.ok_or_else(unknown)?;
            if !xray_rule::remove(&session, id).await? {
                return Err(unknown());
            }
            let done = Done {
                action: "xrayRuleRemove",
                entity_type: "XrayRule",
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

fn wrong(code: RefusalCode, field: &str, message: impl Into<String>) -> ServiceError {
    ServiceError::refused(code, &["input", field], message)
}

fn check_numbers(limit: &Limit) -> Result<(), ServiceError> {
    let code = limit.measure.code();
    match (limit.measure, limit.top) {
        (Measure::TopShare, None) => {
            return Err(wrong(RefusalCode::InvalidInput, "top", format!("{code}: of how many? 1 to 100 are possible")));
        }
        (Measure::TopShare, Some(1..=100)) | (_, None) => {}
        (Measure::TopShare, Some(top)) => {
            return Err(wrong(RefusalCode::InvalidInput, "top", format!("{top} is not between 1 and 100")));
        }
        (_, Some(top)) => {
            return Err(wrong(RefusalCode::InvalidInput, "top", format!("{code} is not of the largest {top}")));
        }
    }
    let [least, most] = limit.measure.thresholds();
    if !(least..=most).contains(&limit.threshold) {
        let field = if limit.bound == Bound::AtMost { "atMost" } else { "atLeast" };
        let message = format!("{code}: {} is not between {least} and {most}", limit.threshold);
        return Err(wrong(RefusalCode::InvalidInput, field, message));
    }
    Ok(())
}

async fn check_key(session: &Session<Tenant>, limit: &Limit) -> Result<(), ServiceError> {
    let Some(key) = &limit.key else { return Ok(()) };
    let unknown = |what: &str| Err(wrong(RefusalCode::NotFound, "key", format!("there is no {what} {key}")));
    match limit.measure {
        measure if !measure.takes_key() => {
            let message = format!("{} is of no part alone: {key} is given", measure.code());
            Err(wrong(RefusalCode::InvalidInput, "key", message))
        }
        Measure::AssetTypeShare if !ASSET_TYPES.contains(&key.as_str()) => unknown("kind of instrument"),
        Measure::CountryShare if Region::of(key).is_none() => unknown("country"),
        Measure::RegionShare if !Region::ALL.iter().any(|region| region.code() == key) => unknown("region"),
        Measure::CurrencyShare => {
            let Ok(currency) = Currency::new(key) else { return unknown("currency") };
            let known = instrument::known_currencies(session, &BTreeSet::from([currency])).await?;
            if known.is_empty() { unknown("currency") } else { Ok(()) }
        }
        Measure::SectorShare => match sector::paths(session, vec![key.clone()]).await?.len() {
            0 => unknown("sector"),
            1 => Ok(()),
            // Shares are told of whole sectors: a part of one would never be found among them.
            _ => Err(wrong(RefusalCode::InvalidInput, "key", format!("{key} is a part of a sector: name a whole one"))),
        },
        _ => Ok(()),
    }
}

fn shown(rule: &XrayRule) -> Value {
    let Limit { measure, key, top, bound, threshold } = &rule.limit;
    let side = if *bound == Bound::AtMost { "atMost" } else { "atLeast" };
    json!({ "name": rule.name, "measure": measure.code(), "key": key, "top": top, side: threshold })
}
