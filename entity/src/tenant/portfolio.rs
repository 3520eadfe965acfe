//! A portfolio and its settings.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "portfolio")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub owner_id: Uuid,
    pub advisor_id: Option<Uuid>,
    pub name: String,
    pub description: String,
    pub base_currency: String,
    pub lot_method: String,
    pub lot_scope: String,
    pub trade_charges: String,
    pub oversell: String,
    pub quantity_dust: Decimal,
    pub version: i64,
    pub last_sequence: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
