//! A clean exchange rate: one base costs `rate` quote.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "fact_fx_rate", schema_name = "market")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub base: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub quote: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub date: Date,
    pub rate: Decimal,
    pub version: i32,
    pub status: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
