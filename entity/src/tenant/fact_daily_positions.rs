//! A holding between two changes.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "fact_daily_positions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub instrument_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub valid_from: Date,
    pub valid_until: Option<Date>,
    pub portfolio_id: Uuid,
    pub quantity: Decimal,
    pub cost_local: Decimal,
    pub cost_base: Decimal,
    pub realized_local: Decimal,
    pub realized_base: Decimal,
    pub income_local: Decimal,
    pub income_base: Decimal,
    pub withholding_base: Decimal,
    pub fees_base: Decimal,
    pub taxes_base: Decimal,
    pub expensed_base: Decimal,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
