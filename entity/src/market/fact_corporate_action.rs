//! What an issuer did to its instrument: a split with its exact ratio, or a cash dividend.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "fact_corporate_action", schema_name = "market")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub instrument_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub r#type: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ex_date: Date,
    pub numerator: Option<Decimal>,
    pub denominator: Option<Decimal>,
    pub id: Uuid,
    pub pay_date: Option<Date>,
    pub amount: Option<Decimal>,
    pub currency: Option<String>,
    pub version: i32,
    pub status: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
