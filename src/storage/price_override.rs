//! A tenant's own prices of what the market prices: appended; of a day the latest entry counts.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use entity::tenant::price_override::{ActiveModel, Column, Entity, Model};
use rust_decimal::Decimal;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Session, Tenant};

/// A price that counts on every day of a range, or the end of such prices there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceOverride {
    /// Its id.
    pub id: Uuid,
    /// What it is the price of.
    pub instrument_id: Uuid,
    /// The first day.
    pub from: NaiveDate,
    /// The first day after it.
    pub until: NaiveDate,
    /// Above zero, as the instrument is quoted; nothing where the market's counts again.
    pub price: Option<Decimal>,
    /// Why.
    pub reason: String,
    /// When it was entered.
    pub recorded_at: DateTime<Utc>,
    /// By whom.
    pub recorded_by: Uuid,
}

/// The entry of each day that has one in force.
pub type ByDay = BTreeMap<NaiveDate, Arc<PriceOverride>>;

/// Adds an entry.
pub async fn append(session: &Session<Tenant>, entry: &PriceOverride) -> Result<(), DatabaseError> {
    let row = ActiveModel {
        id: Set(entry.id),
        instrument_id: Set(entry.instrument_id),
        valid_from: Set(entry.from),
        valid_until: Set(entry.until),
        price: Set(entry.price),
        reason: Set(entry.reason.clone()),
        recorded_at: Set(entry.recorded_at),
        recorded_by: Set(entry.recorded_by),
    };
    Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

/// What is in force of these instruments, by day, or was at an instant; nothing for one without.
pub async fn in_force(
    session: &Session<Tenant>,
    instruments: &[Uuid],
    known_at: Option<DateTime<Utc>>,
) -> Result<HashMap<Uuid, ByDay>, DatabaseError> {
    let rows = Entity::find()
        .filter(Column::InstrumentId.is_in(instruments.iter().copied()))
        .filter(known_at.map_or_else(Condition::all, |at| Condition::all().add(Column::RecordedAt.lte(at))))
        .order_by_asc(Column::RecordedAt)
        .order_by_asc(Column::Id)
        .all(session)
        .await?;
    let mut days: HashMap<Uuid, ByDay> = HashMap::new();
    for row in rows {
        let Model { id, instrument_id, valid_from: from, valid_until: until, price, reason, recorded_at, recorded_by } =
            row;
        let entry = PriceOverride { id, instrument_id, from, until, price, reason, recorded_at, recorded_by };
        let entry = Arc::new(entry);
        let of_instrument = days.entry(instrument_id).or_default();
        for day in from.iter_days().take_while(|day| *day < until) {
            match entry.price {
                Some(_) => _ = of_instrument.insert(day, Arc::clone(&entry)),
                None => _ = of_instrument.remove(&day),
            }
        }
    }
    days.retain(|_, days| !days.is_empty());
    Ok(days)
}

/// The entries in force as they stand side by side: of one that another divides, each part.
pub fn ranges(days: &ByDay) -> Vec<PriceOverride> {
    let mut ranges: Vec<PriceOverride> = Vec::new();
    for (day, entry) in days {
        let next = day.succ_opt().unwrap_or(*day);
        match ranges.last_mut() {
            Some(last) if last.id == entry.id && last.until == *day => last.until = next,
            _ => ranges.push(PriceOverride { from: *day, until: next, ..PriceOverride::clone(entry) }),
        }
    }
    ranges
}
