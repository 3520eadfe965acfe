//! One imported file.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "import_batch")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub portfolio_id: Uuid,
    pub format: String,
    pub rows_read: i64,
    pub rows_recorded: i64,
    pub rows_duplicate: i64,
    pub rows_rejected: i64,
    pub imported_at: DateTimeUtc,
    pub imported_by: Uuid,
    pub rows_held: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
