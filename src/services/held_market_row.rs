//! Deciding about market data that a check held back: once, by an operator of the platform.

mod content;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use self::content::Content;
use super::{Caller, Done, RefusalCode, ServiceError, Services, settle};
use crate::market_data::news;
use crate::market_data::pipeline::publish;
use crate::storage::market_indicator;
use crate::storage::pipeline::held::{self, Decided, HeldRow};
use crate::storage::pipeline::{Changed, Dataset, actions, version};
use crate::tenancy::{Access, Market, Session};

/// The longest note of a decision, in characters.
const MAX_NOTE: usize = 500;

/// What becomes of a held row.
#[derive(Clone, Debug)]
pub enum Decision {
    /// It is stored as it was delivered.
    Accept,
    /// It is not stored.
    Reject,
    /// This is stored in its place.
    Repair(Repair),
}

/// What is right in place of what was delivered. What is not given is as delivered.
#[derive(Clone, Debug)]
pub enum Repair {
    /// The close or the rate.
    Value(Decimal),
    /// Of a split.
    Split(SplitRepair),
    /// Of a dividend.
    Dividend(DividendRepair),
    /// Of a value of a market indicator.
    Indicator(IndicatorRepair),
    /// Of a headline.
    News(NewsRepair),
}

/// What is right of a split.
#[derive(Clone, Debug, Default)]
pub struct SplitRepair {
    /// Whose it is.
    pub instrument: Option<Uuid>,
    /// The ex-date.
    pub ex_date: Option<NaiveDate>,
    /// New units.
    pub numerator: Option<Decimal>,
    /// Old units.
    pub denominator: Option<Decimal>,
}

/// What is right of a dividend.
#[derive(Clone, Debug, Default)]
pub struct DividendRepair {
    /// Whose it is.
    pub instrument: Option<Uuid>,
    /// `CASH_DIVIDEND` or `SPECIAL_DIVIDEND`.
    pub kind: Option<&'static str>,
    /// The ex-date.
    pub ex_date: Option<NaiveDate>,
    /// The pay date, or that none is known.
    pub pay_date: Option<Option<NaiveDate>>,
    /// The amount a unit, in `currency`: one is not given without the other.
    pub amount: Option<Decimal>,
    /// In which currency.
    pub currency: Option<String>,
}

/// What is right of a value of a market indicator.
#[derive(Clone, Debug, Default)]
pub struct IndicatorRepair {
    /// The series.
    pub code: Option<String>,
    /// The day.
    pub date: Option<NaiveDate>,
    /// The value.
    pub value: Option<Decimal>,
}

/// What is right of a headline.
#[derive(Clone, Debug, Default)]
pub struct NewsRepair {
    /// The headline.
    pub headline: Option<String>,
    /// Its first lines.
    pub summary: Option<String>,
    /// Where it stands, or that it stands nowhere.
    pub url: Option<Option<String>>,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
    /// The symbols that it names.
    pub symbols: Option<String>,
}

impl Decision {
    /// Its field of the input.
    const fn field(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Repair(Repair::Value(_)) => "repair",
            Self::Repair(Repair::Split(_)) => "repairSplit",
            Self::Repair(Repair::Dividend(_)) => "repairDividend",
            Self::Repair(Repair::Indicator(_)) => "repairIndicator",
            Self::Repair(Repair::News(_)) => "repairNews",
        }
    }

    /// As the audit log calls it, and the state that the row is in since.
    const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Accept => ("ACCEPT", "ACCEPTED"),
            Self::Reject => ("REJECT", "REJECTED"),
            Self::Repair(_) => ("REPAIR", "REPAIRED"),
        }
    }

    /// A refusal for what is wrong with a field of it; of what was delivered, where nothing was given.
    fn refuse(&self, code: RefusalCode, field: &str, message: impl Into<String>) -> ServiceError {
        match self {
            Self::Repair(_) => ServiceError::refused(code, &["input", self.field(), field], message),
            Self::Accept | Self::Reject => ServiceError::refused(code, &["input", self.field()], message),
        }
    }

    fn invalid(&self, field: &str, message: impl Into<String>) -> ServiceError {
        self.refuse(RefusalCode::InvalidInput, field, message)
    }
}

impl Services {
    /// Decides about a held row, once. What is stored by it, its version, every tenant's job and the audit entry of the platform are
    /// one transaction.
    pub async fn held_market_row_decide(
        &self,
        caller: &Caller,
        id: Uuid,
        decision: &Decision,
        note: Option<String>,
    ) -> Result<HeldRow, ServiceError> {
        if let Some(note) = note.as_ref().filter(|note| note.chars().count() > MAX_NOTE) {
            let message = format!("a note of {} characters: {MAX_NOTE} at the most", note.chars().count());
            return Err(ServiceError::refused(
                RefusalCode::InvalidInput,
                &["input", decision.field(), "note"],
                message,
            ));
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
        decision: &Decision,
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
        let content = self.content_of(session, &held, decision).await?;
        let (verb, state) = decision.names();
        let value = content.as_ref().and_then(Content::value);
        let stored = content.as_ref().map(Content::by_name);
        let decided = Decided {
            state,
            value,
            content: stored.clone(),
            at: self.environment.clock.now(),
            by: caller.actor.user_id,
            by_name: caller.name.clone(),
            note: note.clone(),
        };
        if !held::decide(session, id, &decided).await? {
            return Err(ServiceError::Internal(format!("the held row {id} was decided under the lock")));
        }
        if let Some(content) = content {
            self.promote_decided(session, &held, content, next).await?;
        }
        let before = json!({
            "dataset": held.dataset,
            "provider": held.provider,
            "cells": held.cells,
            "reason": held.reason,
            "stored": held.stored.map(|stored| json!(stored.to_string())).or(held.stored_terms),
        });
        let after = json!({
            "decision": verb,
            "value": value.map(|value| value.to_string()),
            "stored": stored,
            "note": note,
        });
        let done = Done {
            action: "heldMarketRowDecide",
            entity_type: "HeldMarketRow",
            entity_id: id,
            before: Some(before),
            after: Some(after),
        };
        let decided = held::find(session, id).await?;
        Ok((done, decided.ok_or_else(|| ServiceError::Internal(format!("the held row {id} is gone")))?))
    }

    /// Stores what was decided as a row that no check holds is stored. Indicators and headlines are of no version: nothing that is
    /// computed ahead is made of them.
    async fn promote_decided(
        &self,
        session: &Session<Market>,
        held: &HeldRow,
        content: Content,
        next: i64,
    ) -> Result<(), ServiceError> {
        let (promoted, changed) = match content {
            Content::Value { .. } => {
                let rates = held.dataset == Dataset::Rates.name();
                (held::promote(session, held, next).await?, Changed { rates, ..Changed::default() })
            }
            Content::Action(action) => {
                let promoted = actions::promote_decided(session, &action, next).await?;
                (promoted, Changed { actions: true, ..Changed::default() })
            }
            Content::Indicator(point) => {
                market_indicator::promote_decided(session, &point, self.environment.clock.now()).await?;
                return Ok(());
            }
            Content::News { item, symbols } => {
                let at = [held.held_at, self.environment.clock.now()];
                news::promote_decided(session, &held.provider, at, *item, &symbols).await?;
                return Ok(());
            }
        };
        if promoted > 0 {
            publish(session, &self.environment, changed).await?;
        }
        Ok(())
    }
}
