//! An instrument of whatever asset type.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dim_stock", schema_name = "market")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub symbol: String,
    pub name: String,
    pub asset_type: String,
    pub mic: String,
    pub currency: String,
    pub isin: Option<String>,
    pub sector_code: Option<String>,
    pub price_multiplier: Decimal,
    pub price_source: String,
    pub underlying_id: Option<Uuid>,
    pub option_right: Option<String>,
    pub strike: Option<Decimal>,
    pub units_per_contract: Option<Decimal>,
    pub expiry: Option<Date>,
    pub created_at: DateTimeUtc,
    pub quote_unit: String,
    pub country: Option<String>,
    pub industry_code: Option<String>,
    pub listed_on: Option<Date>,
    pub delisted_on: Option<Date>,
    pub delisted: bool,
    pub coupon_rate: Option<Decimal>,
    pub coupon_frequency: Option<i16>,
    pub day_count: Option<String>,
    pub maturity: Option<Date>,
    pub face: Option<Decimal>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
