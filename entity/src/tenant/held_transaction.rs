//! Imported rows that wait for a decision, appended, never changed.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "held_transaction")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub portfolio_id: Uuid,
    pub import_batch_id: Uuid,
    pub line: i64,
    pub reason: String,
    pub message: String,
    pub rows: Json,
    pub doubtful: i32,
    pub action_ex_date: Date,
    pub market_amount: Option<Decimal>,
    pub market_currency: Option<String>,
    pub market_numerator: Option<Decimal>,
    pub market_denominator: Option<Decimal>,
    pub held_at: DateTimeUtc,
    pub held_by: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
