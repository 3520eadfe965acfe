//! Clean exchange rates, as columns.

use chrono::NaiveDate;
use entity::market::fact_fx_rate;
use rust_decimal::Decimal;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::tenancy::{DatabaseError, Session, Tenant};

/// Every rate of one euro: quote currency, day, rate; by currency and day.
pub async fn of_euro(session: &Session<Tenant>) -> Result<Vec<(String, NaiveDate, Decimal)>, DatabaseError> {
    Ok(fact_fx_rate::Entity::find()
        .select_only()
        .columns([fact_fx_rate::Column::Quote, fact_fx_rate::Column::Date, fact_fx_rate::Column::Rate])
        .filter(fact_fx_rate::Column::Base.eq("EUR"))
        .order_by_asc(fact_fx_rate::Column::Quote)
        .order_by_asc(fact_fx_rate::Column::Date)
        .into_tuple()
        .all(session)
        .await?)
}
