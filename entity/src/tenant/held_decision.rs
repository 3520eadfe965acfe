//! What was decided about held transactions: once each.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "held_decision")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub held_transaction_id: Uuid,
    pub decision: String,
    pub decided_at: DateTimeUtc,
    pub decided_by: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
