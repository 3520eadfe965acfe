//! Prices that a tenant's people enter by hand.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::idempotency::IdempotencyKey;
use super::transaction::check_date;
use super::{Caller, Done, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::Permission;
use crate::storage;
use crate::storage::manual_price::ManualPrice;
use crate::tenancy::{Session, Tenant};

/// Prices that one request may enter.
const MAX_PRICES: usize = 1_000;

/// A price to enter.
#[derive(Clone, Debug)]
pub struct NewPrice {
    /// What it is the price of; an instrument that no exchange prices.
    pub instrument: Uuid,
    /// The day it holds from, until a later one.
    pub date: NaiveDate,
    /// Above zero, in the instrument's currency, as quoted.
    pub price: Decimal,
}

impl Services {
    /// Enters prices, all or none. Returns how many.
    pub async fn manual_prices_record(
        &self,
        caller: &Caller,
        prices: Vec<NewPrice>,
        key: Option<IdempotencyKey>,
    ) -> Result<usize, ServiceError> {
        access::require(&caller.actor, Permission::PricesManage)?;
        if prices.is_empty() || prices.len() > MAX_PRICES {
            let message = format!("{} prices: 1 to {MAX_PRICES} at a time", prices.len());
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input"], message));
        }
        let session = self.write(caller).await?;
        let result = async {
            if self.earlier_answer(&session, key.as_ref()).await?.is_some() {
                return Ok(prices.len());
            }
            let ids = prices.iter().map(|price| price.instrument);
            let instruments = self.market.view(&session).await?.instruments(&session, ids).await?;
            let today = self.environment.clock.today();
            for (index, price) in prices.iter().enumerate() {
                let index = index.to_string();
                let refuse = |code, field: &str, message: String| {
                    Err(ServiceError::refused(code, &["input", &index, field], message))
                };
                match instruments.get(&price.instrument) {
                    None => return refuse(RefusalCode::NotFound, "instrumentId", "no such instrument".to_owned()),
                    Some(found) if !found.manually_priced => {
                        let message = format!("{} is priced by the market {}", found.symbol, found.mic);
                        return refuse(RefusalCode::InvalidInput, "instrumentId", message);
                    }
                    Some(_) => {}
                }
                if price.price <= Decimal::ZERO {
                    let message = format!("a price of {}: it must be above zero", price.price);
                    return refuse(RefusalCode::InvalidInput, "price", message);
                }
                if let Err(message) = check_date(price.date, today) {
                    return refuse(RefusalCode::FutureDate, "date", message);
                }
            }
            self.enter_prices(&session, caller, "manualPricesRecord", &prices).await?;
            self.remember(&session, key.as_ref(), json!({ "count": prices.len() })).await?;
            Ok(prices.len())
        }
        .await;
        settle(session, result).await
    }

    /// Enters prices that are checked, with an entry in the audit log of each instrument's.
    pub(super) async fn enter_prices(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        action: &'static str,
        prices: &[NewPrice],
    ) -> Result<(), ServiceError> {
        let rows: Vec<ManualPrice> = prices
            .iter()
            .map(|price| ManualPrice {
                id: self.environment.ids.next(),
                instrument_id: price.instrument,
                date: price.date,
                price: price.price,
                recorded_at: self.environment.clock.now(),
                recorded_by: caller.actor.user_id,
            })
            .collect();
        storage::manual_price::append(session, &rows).await?;
        self.mark_prices_dirty(session, rows.iter().map(|row| (row.instrument_id, row.date))).await?;
        let mut by_instrument: BTreeMap<Uuid, Vec<serde_json::Value>> = BTreeMap::new();
        for row in &rows {
            let entry = json!({ "date": row.date, "price": row.price.to_string() });
            by_instrument.entry(row.instrument_id).or_default().push(entry);
        }
        for (instrument, entered) in by_instrument {
            let done = Done {
                action,
                entity_type: "Instrument",
                entity_id: instrument,
                before: None,
                after: Some(json!(entered)),
            };
            self.audit(session, caller, done).await?;
        }
        Ok(())
    }
}
