//! Everything that can be changed, one file a noun: each mutation's input, payload and resolver.

mod account_recovery;
mod api_key;
mod audit;
mod held_market_row;
mod held_transaction;
mod invitation;
mod job;
mod manual_price;
mod manual_price_import;
mod market_instrument;
mod password;
mod performance_metrics;
mod period_lock;
mod portfolio;
mod portfolio_share;
mod price_override;
mod private_instrument;
mod replay;
mod role;
mod schedule;
mod session;
mod sign_in;
mod simulation;
mod stress_scenario;
mod tenant;
mod transaction;
mod transactions_import;
mod user;
mod xray_rule;

use async_graphql::MergedObject;

use crate::services::idempotency::IdempotencyKey;
use crate::services::period_lock::LockTerms;

/// Everything that can be changed. Each mutation is one transaction: it does everything or nothing, and writes an audit entry
/// with what it does. What its caller can mend is in `userErrors`; the top-level errors are for the rest.
#[derive(MergedObject, Default)]
pub struct Mutation(
    sign_in::SignInMutation,
    session::SessionMutation,
    password::PasswordMutation,
    account_recovery::AccountRecoveryMutation,
    invitation::InvitationMutation,
    role::RoleMutation,
    api_key::ApiKeyMutation,
    portfolio::PortfolioMutation,
    portfolio_share::PortfolioShareMutation,
    period_lock::PeriodLockMutation,
    transaction::TransactionMutation,
    transactions_import::TransactionsImportMutation,
    held_transaction::HeldTransactionMutation,
    performance_metrics::PerformanceMetricsMutation,
    replay::ReplayMutation,
    simulation::SimulationMutation,
    held_market_row::HeldMarketRowMutation,
    market_instrument::MarketInstrumentMutation,
    manual_price::ManualPriceMutation,
    manual_price_import::ManualPriceImportMutation,
    private_instrument::PrivateInstrumentMutation,
    price_override::PriceOverrideMutation,
    stress_scenario::StressScenarioMutation,
    xray_rule::XrayRuleMutation,
    user::UserMutation,
    audit::AuditMutation,
    job::JobMutation,
    schedule::ScheduleMutation,
    tenant::TenantMutation,
);

/// The key that a client gave, for a request that reads as `request`.
fn idempotency(key: Option<String>, operation: &'static str, request: String) -> Option<IdempotencyKey> {
    key.map(|key| IdempotencyKey { key, operation, request })
}

/// What a request says of locks, as a part of how it reads: nothing where it says nothing, as requests did before there were locks.
fn said(terms: LockTerms) -> &'static str {
    if terms.override_lock { " overrideLock" } else { "" }
}
