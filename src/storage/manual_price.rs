//! Prices entered by hand: appended; the latest entry for a day counts.

use chrono::{DateTime, NaiveDate, Utc};
use domain::pricing::Certainty;
use entity::tenant::manual_price;
use rust_decimal::Decimal;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::price::Observation;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// A price as entered.
#[derive(Clone, Debug)]
pub struct ManualPrice {
    /// Its id.
    pub id: Uuid,
    /// What it is the price of.
    pub instrument_id: Uuid,
    /// The day it holds from, until a later one.
    pub date: NaiveDate,
    /// Above zero, in the instrument's currency, as quoted.
    pub price: Decimal,
    /// When it was entered.
    pub recorded_at: DateTime<Utc>,
    /// By whom.
    pub recorded_by: Uuid,
}

/// Adds prices.
pub async fn append(session: &Session<Tenant>, prices: &[ManualPrice]) -> Result<(), DatabaseError> {
    let rows = prices.iter().map(|price| manual_price::ActiveModel {
        id: Set(price.id),
        instrument_id: Set(price.instrument_id),
        date: Set(price.date),
        price: Set(price.price),
        recorded_at: Set(price.recorded_at),
        recorded_by: Set(price.recorded_by),
    });
    manual_price::Entity::insert_many(rows).exec_without_returning(session).await?;
    Ok(())
}

/// The prices that count for these instruments, or did at an instant, by instrument and day.
pub async fn of_instruments(
    session: &Session<Tenant>,
    instruments: &[Uuid],
    known_at: Option<DateTime<Utc>>,
) -> Result<Vec<Observation<Uuid>>, DatabaseError> {
    let rows = manual_price::Entity::find()
        .filter(manual_price::Column::InstrumentId.is_in(instruments.iter().copied()))
        .filter(
            known_at.map_or_else(Condition::all, |at| Condition::all().add(manual_price::Column::RecordedAt.lte(at))),
        )
        .order_by_asc(manual_price::Column::InstrumentId)
        .order_by_asc(manual_price::Column::Date)
        .order_by_asc(manual_price::Column::RecordedAt)
        .order_by_asc(manual_price::Column::Id)
        .all(session)
        .await?;
    let mut latest: Vec<Observation<Uuid>> = Vec::with_capacity(rows.len());
    for row in rows {
        match latest.last_mut() {
            Some(last) if last.0 == row.instrument_id && last.1 == row.date => last.2 = row.price,
            _ => latest.push((row.instrument_id, row.date, row.price, Certainty::Final)),
        }
    }
    Ok(latest)
}
