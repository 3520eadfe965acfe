//! One trading session of a venue.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dim_exchange_session", schema_name = "market")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub mic: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub date: Date,
    pub opens_at: DateTimeUtc,
    pub closes_at: DateTimeUtc,
    pub early_close: bool,
    pub break_starts_at: Option<DateTimeUtc>,
    pub break_ends_at: Option<DateTimeUtc>,
    pub late_open: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
