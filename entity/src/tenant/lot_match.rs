//! What a sale took from a lot.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "lot_match")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sale_transaction_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub instrument_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i32,
    pub lot_transaction_id: Option<Uuid>,
    pub lot_account_id: Option<Uuid>,
    pub lot_ordinal: Option<i32>,
    pub portfolio_id: Uuid,
    pub opened_on: Date,
    pub closed_on: Date,
    pub quantity: Decimal,
    pub cost_local: Decimal,
    pub cost_base: Decimal,
    pub proceeds_local: Decimal,
    pub proceeds_base: Decimal,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
