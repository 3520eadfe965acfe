//! Tables of a tenant's schema. The names carry no schema: the session's role says whose they are.

pub mod account;
pub mod bookkeeping_revision;
pub mod dim_private_instrument;
pub mod fact_daily_cash;
pub mod fact_daily_flows;
pub mod fact_daily_positions;
pub mod fact_portfolio_transactions;
pub mod held_decision;
pub mod held_transaction;
pub mod import_batch;
pub mod lot;
pub mod lot_match;
pub mod manual_price;
pub mod period_lock;
pub mod portfolio;
pub mod portfolio_share;
pub mod price_override;
pub mod stress_scenario;
pub mod stress_shock;
pub mod xray_rule;
