//! Clean closes, as columns.

use chrono::NaiveDate;
use entity::market::fact_stock_price;
use rust_decimal::Decimal;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Session, Tenant};

/// Every close of these instruments, by instrument and day.
pub async fn of_instruments(
    session: &Session<Tenant>,
    instruments: &[Uuid],
) -> Result<Vec<(Uuid, NaiveDate, Decimal)>, DatabaseError> {
    Ok(fact_stock_price::Entity::find()
        .select_only()
        .columns([
            fact_stock_price::Column::InstrumentId,
            fact_stock_price::Column::Date,
            fact_stock_price::Column::Close,
        ])
        .filter(fact_stock_price::Column::InstrumentId.is_in(instruments.iter().copied()))
        .order_by_asc(fact_stock_price::Column::InstrumentId)
        .order_by_asc(fact_stock_price::Column::Date)
        .into_tuple()
        .all(session)
        .await?)
}
