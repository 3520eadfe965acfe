//! A firm: its slug, its schema, and whether it is served.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant", schema_name = "platform")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub schema_name: String,
    pub database_name: String,
    pub status: String,
    pub created_at: DateTimeUtc,
    pub residency: Option<String>,
    pub audit_reads: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
