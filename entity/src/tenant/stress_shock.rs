//! A shock of a scenario.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stress_shock")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub scenario_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i16,
    pub kind: String,
    pub key: Option<String>,
    pub change: f64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
