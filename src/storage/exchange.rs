//! Trading sessions.

use chrono::NaiveDate;
use entity::market::dim_exchange_session;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::tenancy::{DatabaseError, Session, Tenant};

/// The days on which a market trades, in order.
pub async fn sessions(session: &Session<Tenant>, mic: &str) -> Result<Vec<NaiveDate>, DatabaseError> {
    Ok(dim_exchange_session::Entity::find()
        .select_only()
        .column(dim_exchange_session::Column::Date)
        .filter(dim_exchange_session::Column::Mic.eq(mic))
        .order_by_asc(dim_exchange_session::Column::Date)
        .into_tuple()
        .all(session)
        .await?)
}
