//! The ledger: append-only.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "fact_portfolio_transactions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub portfolio_id: Uuid,
    pub account_id: Uuid,
    pub event_id: Uuid,
    pub r#type: String,
    pub trade_date: Date,
    pub sequence: i64,
    pub instrument_id: Option<Uuid>,
    pub quantity: Option<Decimal>,
    pub price: Option<Decimal>,
    pub amount: Option<Decimal>,
    pub fee: Option<Decimal>,
    pub tax: Option<Decimal>,
    pub currency: Option<String>,
    pub counter_amount: Option<Decimal>,
    pub counter_currency: Option<String>,
    pub settlement_rate: Option<Decimal>,
    pub ratio_numerator: Option<Decimal>,
    pub ratio_denominator: Option<Decimal>,
    pub settlement_date: Option<Date>,
    pub ex_date: Option<Date>,
    pub pay_date: Option<Date>,
    pub opened_on: Option<Date>,
    pub counter_account_id: Option<Uuid>,
    pub counter_instrument_id: Option<Uuid>,
    pub counter_quantity: Option<Decimal>,
    pub counter_price: Option<Decimal>,
    pub total: Option<Decimal>,
    pub accrued_interest: Option<Decimal>,
    pub cost_fraction: Option<Decimal>,
    pub lots: Option<Json>,
    pub action_ex_date: Option<Date>,
    pub reverses_id: Option<Uuid>,
    pub import_batch_id: Option<Uuid>,
    pub import_key: Option<String>,
    pub external_id: Option<String>,
    pub note: Option<String>,
    pub supersedes_id: Option<Uuid>,
    pub booking_sequence: Option<i64>,
    pub recorded_at: DateTimeUtc,
    pub recorded_by: Uuid,
    pub action_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
