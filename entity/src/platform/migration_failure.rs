//! Why a schema could not be brought up to date.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "migration_failure", schema_name = "platform")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub schema_name: String,
    pub error: String,
    pub failed_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
