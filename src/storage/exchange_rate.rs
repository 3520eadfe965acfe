//! Clean exchange rates, as columns.

use chrono::NaiveDate;
use entity::market::fact_fx_rate;
use rust_decimal::Decimal;
use sea_orm::{EntityTrait, QueryOrder, QuerySelect};

use super::statement::ask;
use crate::tenancy::{DatabaseError, Market, Session, Tenant};

/// Every rate: one unit of the first currency in the second, by pair and day.
pub async fn all(session: &Session<Tenant>) -> Result<Vec<((String, String), NaiveDate, Decimal)>, DatabaseError> {
    let rows: Vec<(String, String, NaiveDate, Decimal)> = fact_fx_rate::Entity::find()
        .select_only()
        .columns([
            fact_fx_rate::Column::Base,
            fact_fx_rate::Column::Quote,
            fact_fx_rate::Column::Date,
            fact_fx_rate::Column::Rate,
        ])
        .order_by_asc(fact_fx_rate::Column::Base)
        .order_by_asc(fact_fx_rate::Column::Quote)
        .order_by_asc(fact_fx_rate::Column::Date)
        .into_tuple()
        .all(session)
        .await?;
    Ok(rows.into_iter().map(|(base, quote, date, rate)| ((base, quote), date, rate)).collect())
}

/// The last day with any rate.
pub async fn last_day(session: &Session<Market>) -> Result<Option<NaiveDate>, DatabaseError> {
    let rows = ask(session, "SELECT max(date) FROM fact_fx_rate", []).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}
