//! Money or units that crossed an account's border.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "fact_daily_flows")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub transaction_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    pub portfolio_id: Uuid,
    pub counter_account_id: Option<Uuid>,
    pub date: Date,
    pub currency: String,
    pub amount: Decimal,
    pub amount_base: Decimal,
    pub instrument_id: Option<Uuid>,
    pub quantity: Option<Decimal>,
    pub cost_base: Option<Decimal>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
