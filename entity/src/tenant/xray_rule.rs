//! A limit that the firm sets on what portfolios are made of.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "xray_rule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub measure: String,
    pub key: Option<String>,
    pub top: Option<i16>,
    pub bound: String,
    pub threshold: f64,
    pub set_at: DateTimeUtc,
    pub set_by: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
