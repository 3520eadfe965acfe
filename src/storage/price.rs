//! Clean closes, as columns.

use chrono::NaiveDate;
use entity::market::fact_stock_price;
use rust_decimal::Decimal;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::statement::ask;
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

/// With which version each of these series last changed; one without prices is left out.
pub async fn changed_versions(
    session: &Session<Tenant>,
    instruments: &[Uuid],
) -> Result<Vec<(Uuid, i64)>, DatabaseError> {
    let ids = instruments.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",");
    let rows = ask(session, CHANGED_VERSIONS, [ids.into()]).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

const CHANGED_VERSIONS: &str = "\
    SELECT instrument_id, changed_version FROM market.meta_price_series \
    WHERE instrument_id = ANY (string_to_array($1, ',')::uuid[])";
