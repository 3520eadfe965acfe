//! Market data as an operator of the platform sees it: runs, what the checks found, and rows that wait for a decision.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::Permission;
use crate::market_data::pipeline::publish;
use crate::storage::Page;
use crate::storage::pipeline::held::{self, Decided, Decision, HeldRow};
use crate::storage::pipeline::run::{self, Logged};
use crate::storage::pipeline::{Changed, Dataset, findings, version};
use crate::tenancy::{Access, Market, MarketDoor, Session};

/// The longest note of a decision, in characters.
const MAX_NOTE: usize = 500;

/// The most digits behind the point of a price or a rate.
const MAX_SCALE: u32 = 12;

impl Services {
    /// A session that is on market data for an operator: of the platform, of no tenant.
    pub(super) async fn operating(&self, caller: &Caller, access: Access) -> Result<Session<Market>, ServiceError> {
        access::require(&caller.actor, Permission::MarketManage)?;
        if caller.tenant.is_some() {
            return Err(ServiceError::Forbidden("market data is looked after by operators of the platform".to_owned()));
        }
        Ok(self.gateway.market(access).await?)
    }

    /// Runs, the latest first; and how many there are, where that is asked.
    pub async fn refresh_runs(
        &self,
        caller: &Caller,
        page: Page<Uuid>,
        wants_total: bool,
    ) -> Result<(Vec<Logged>, u64), ServiceError> {
        let session = self.operating(caller, Access::Read).await?;
        let result = async {
            let total = if wants_total { run::count(&session).await? } else { 0 };
            Ok((run::page(&session, page).await?, total))
        };
        let result = result.await;
        settle(session, result).await
    }

    /// Findings, those of the latest run first; and how many there are, where that is asked.
    pub async fn quality_findings(
        &self,
        caller: &Caller,
        filter: findings::Filter,
        page: Page<(Uuid, Uuid)>,
        wants_total: bool,
    ) -> Result<(Vec<findings::Found>, u64), ServiceError> {
        let session = self.operating(caller, Access::Read).await?;
        let result = async {
            let total = if wants_total { findings::count(&session, filter).await? } else { 0 };
            Ok((findings::page(&session, filter, page).await?, total))
        };
        let result = result.await;
        settle(session, result).await
    }

    /// Held rows, the latest first; and how many there are, where that is asked.
    pub async fn held_market_rows(
        &self,
        caller: &Caller,
        filter: &held::Filter,
        page: Page<(DateTime<Utc>, Uuid)>,
        wants_total: bool,
    ) -> Result<(Vec<HeldRow>, u64), ServiceError> {
        let session = self.operating(caller, Access::Read).await?;
        let result = async {
            let total = if wants_total { held::count(&session, filter).await? } else { 0 };
            Ok((held::page(&session, filter, page).await?, total))
        };
        let result = result.await;
        settle(session, result).await
    }

    /// Decides about a held row, once. What is stored by it, its version, every tenant's job and the audit entry of the platform are
    /// one transaction.
    pub async fn held_market_row_decide(
        &self,
        caller: &Caller,
        id: Uuid,
        decision: Decision,
        note: Option<String>,
    ) -> Result<HeldRow, ServiceError> {
        if let Some(note) = note.as_ref().filter(|note| note.chars().count() > MAX_NOTE) {
            let message = format!("a note of {} characters: {MAX_NOTE} at the most", note.chars().count());
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", field(decision), "note"], message));
        }
        let session = self.operating(caller, Access::Write).await?;
        let (done, decided) = match self.decide_held(&session, caller, id, decision, note).await {
            Ok(done) => done,
            Err(error) => return settle(session, Err(error)).await,
        };
        let session = self.gateway.market_to_platform(session).await?;
        let audited = self.audit(&session, caller, done).await;
        settle(session, audited).await?;
        Ok(decided)
    }

    async fn decide_held(
        &self,
        session: &Session<Market>,
        caller: &Caller,
        id: Uuid,
        decision: Decision,
        note: Option<String>,
    ) -> Result<(Done, HeldRow), ServiceError> {
        // Taken first, as every load does: who comes at the same time waits here and nowhere else.
        let next = version::take_next(session).await?;
        let found = held::find(session, id).await?;
        let held =
            found.ok_or_else(|| ServiceError::refused(RefusalCode::NotFound, &["id"], "there is no such held row"))?;
        if held.state != "OPEN" {
            let message = format!("the row is {}", held.state.to_lowercase());
            return Err(ServiceError::refused(RefusalCode::AlreadyDecided, &["id"], message));
        }
        let value = self.value_of(&held, decision)?;
        let at = self.environment.clock.now();
        let decided =
            Decided { decision, value, at, by: caller.actor.user_id, by_name: caller.name.clone(), note: note.clone() };
        if !held::decide(session, id, &decided).await? {
            return Err(ServiceError::Internal(format!("the held row {id} was decided under the lock")));
        }
        if value.is_some() && held::promote(session, &held, next).await? > 0 {
            let changed = Changed { rates: held.dataset == Dataset::Rates.name(), ..Changed::default() };
            publish(session, &self.environment, changed).await?;
        }
        let after = json!({
            "decision": field(decision).to_uppercase(),
            "value": value.map(|value| value.to_string()),
            "note": note,
        });
        let done = Done {
            action: "heldMarketRowDecide",
            entity_type: "HeldMarketRow",
            entity_id: id,
            before: Some(json!({
                "dataset": held.dataset,
                "provider": held.provider,
                "cells": held.cells,
                "reason": held.reason,
                "stored": held.stored.map(|stored| stored.to_string()),
            })),
            after: Some(after),
        };
        let decided = held::find(session, id).await?;
        Ok((done, decided.ok_or_else(|| ServiceError::Internal(format!("the held row {id} is gone")))?))
    }

    /// What a decision stores, if it may.
    fn value_of(&self, held: &HeldRow, decision: Decision) -> Result<Option<Decimal>, ServiceError> {
        let refuse = |code, message: String| Err(ServiceError::refused(code, &["input", field(decision)], message));
        let value = match decision {
            Decision::Reject => return Ok(None),
            Decision::Accept => held.value,
            Decision::Repair(value) => Some(value),
        };
        let is_price = held.dataset == Dataset::Prices.name() && held.instrument_id.is_some();
        let is_rate = held.dataset == Dataset::Rates.name() && held.base.is_some() && held.quote.is_some();
        let Some(day) = held.date.filter(|_| is_price || is_rate) else {
            let message = format!("it cannot be told what to store: {}; it can be rejected", held.reason);
            return refuse(RefusalCode::InvalidInput, message);
        };
        let today = self.environment.clock.today();
        if day > today {
            return refuse(RefusalCode::FutureDate, format!("{day} is after today, {today}"));
        }
        let Some(value) = value else {
            return refuse(RefusalCode::InvalidInput, "no positive number was delivered: repair it".to_owned());
        };
        if value <= Decimal::ZERO || value.normalize().scale() > MAX_SCALE {
            let message = format!("{value} is not above zero with at most {MAX_SCALE} digits behind the point");
            return refuse(RefusalCode::InvalidInput, message);
        }
        Ok(Some(value.normalize()))
    }
}

/// The decision's field of the input.
fn field(decision: Decision) -> &'static str {
    match decision {
        Decision::Accept => "accept",
        Decision::Reject => "reject",
        Decision::Repair(_) => "repair",
    }
}
