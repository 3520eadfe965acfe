//! Prices of a tenant's own for what the market prices.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::idempotency::IdempotencyKey;
use super::transaction::{check_date, check_text};
use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::Permission;
use crate::storage::price_override::{self, ByDay, PriceOverride};
use crate::tenancy::{Session, Tenant};

/// The longest range of one entry, in days.
const MAX_DAYS: i64 = 3_660;

/// A price that counts in place of the market's, or the end of such prices.
#[derive(Clone, Debug)]
pub struct NewOverride {
    /// What it is the price of; an instrument that the market prices.
    pub instrument: Uuid,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// Above zero, as quoted; nothing where the market's counts again.
    pub price: Option<Decimal>,
    /// Why.
    pub reason: String,
}

impl Services {
    /// Enters a price for every day of a range, or gives the range back to the market. What is in force of the instrument since.
    pub async fn price_override(
        &self,
        caller: &Caller,
        new: NewOverride,
        key: Option<IdempotencyKey>,
    ) -> Result<Vec<PriceOverride>, ServiceError> {
        access::require(&caller.actor, Permission::PricesManage)?;
        let session = self.write(caller).await?;
        let result = async {
            let instrument = new.instrument;
            let in_force = async || Ok::<_, ServiceError>(self.overrides(&session, &[instrument]).await?.remove(&instrument));
            if self.earlier_answer(&session, key.as_ref()).await?.is_some() {
                return Ok(in_force().await?.map(|days| price_override::ranges(&days)).unwrap_or_default());
            }
            self.check_override(&session, &new).await?;
            let before = in_force().await?;
            let entry = PriceOverride {
                id: self.environment.ids.next(),
                instrument_id: instrument,
                from: new.from,
                until: new.to.checked_add_days(Days::new(1)).unwrap_or(new.to),
                price: new.price,
                reason: new.reason.trim().to_owned(),
                recorded_at: self.environment.clock.now(),
                recorded_by: caller.actor.user_id,
            };
            price_override::append(&session, &entry).await?;
            self.mark_prices_dirty(&session, std::iter::once((instrument, new.from))).await?;
            let after = in_force().await?;
            let done = Done {
                action: if new.price.is_some() { "priceOverrideSet" } else { "priceOverrideRemove" },
                entity_type: "Instrument",
                entity_id: instrument,
                before: before.as_ref().map(shown),
                after: Some(json!({
                    "from": new.from, "to": new.to, "price": new.price.map(|price| price.to_string()), "reason": entry.reason,
                })),
            };
            self.audit(&session, caller, done).await?;
            self.remember(&session, key.as_ref(), json!({ "id": entry.id })).await?;
            Ok(after.map(|days| price_override::ranges(&days)).unwrap_or_default())
        }
        .await;
        settle(session, result).await
    }

    async fn check_override(&self, session: &Session<Tenant>, new: &NewOverride) -> Result<(), ServiceError> {
        let refuse = |code, field: &str, message: String| Err(ServiceError::refused(code, &["input", field], message));
        let instruments = self.market.view(session).await?.instruments(session, [new.instrument]).await?;
        match instruments.get(&new.instrument) {
            None => return refuse(RefusalCode::NotFound, "instrumentId", "no such instrument".to_owned()),
            Some(found) if found.manually_priced => {
                let message = format!("{} has no price of the market: enter one by hand", found.symbol);
                return refuse(RefusalCode::InvalidInput, "instrumentId", message);
            }
            Some(_) => {}
        }
        let days = (new.to - new.from).num_days() + 1;
        if !(1..=MAX_DAYS).contains(&days) {
            let message = format!("{} to {} is a range of {days} days; 1 to {MAX_DAYS} are allowed", new.from, new.to);
            return refuse(RefusalCode::InvalidInput, "to", message);
        }
        if let Err(message) = check_date(new.from, self.environment.clock.today()) {
            return refuse(RefusalCode::FutureDate, "from", message);
        }
        if let Err(message) = check_date(new.to, self.environment.clock.today()) {
            return refuse(RefusalCode::FutureDate, "to", message);
        }
        if let Some(price) = new.price
            && price <= Decimal::ZERO
        {
            return refuse(RefusalCode::InvalidInput, "price", format!("a price of {price}: it must be above zero"));
        }
        if new.reason.trim().is_empty() {
            return refuse(RefusalCode::InvalidInput, "reason", "a reason is needed".to_owned());
        }
        check_text(&Some(new.reason.clone()), &["input", "reason"].map(str::to_owned))
    }

    /// The tenant's own prices in force of these instruments, by day.
    pub async fn overrides(
        &self,
        session: &Session<Tenant>,
        instruments: &[Uuid],
    ) -> Result<HashMap<Uuid, ByDay>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(price_override::in_force(session, instruments, None).await?)
    }
}

fn shown(days: &ByDay) -> Value {
    let range = |range: PriceOverride| {
        let last = range.until.pred_opt().unwrap_or(range.until);
        json!({ "from": range.from, "to": last, "price": range.price.map(|price| price.to_string()), "reason": range.reason })
    };
    price_override::ranges(days).into_iter().map(range).collect()
}
