//! An instrument that the firm alone knows.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dim_private_instrument")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub symbol: String,
    pub name: String,
    pub asset_type: String,
    pub currency: String,
    pub country: Option<String>,
    pub isin: Option<String>,
    pub sector_code: Option<String>,
    pub price_multiplier: Decimal,
    pub coupon_rate: Option<Decimal>,
    pub coupon_frequency: Option<i16>,
    pub day_count: Option<String>,
    pub maturity: Option<Date>,
    pub face: Option<Decimal>,
    pub version: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
