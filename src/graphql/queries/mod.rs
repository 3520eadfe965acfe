//! Everything that can be read, one file a noun.

mod analytics;
mod api_key;
mod audit_checkpoint;
mod audit_log;
mod exchange;
mod instrument;
mod invitation;
mod job;
mod market_data;
mod market_indicator;
mod node;
mod portfolio;
mod replay;
mod session;
mod simulation;
mod stress_scenario;
mod tenant;
mod user;
mod xray_rule;

pub use self::portfolio::{as_of, past_day};

use async_graphql::MergedObject;

/// Everything that can be read. Figures are never silently wrong: what cannot be told is null and says why.
#[derive(MergedObject, Default)]
pub struct Query(
    user::UserQuery,
    session::SessionQuery,
    invitation::InvitationQuery,
    api_key::ApiKeyQuery,
    tenant::TenantQuery,
    portfolio::PortfolioQuery,
    analytics::AnalyticsQuery,
    stress_scenario::StressScenarioQuery,
    xray_rule::XrayRuleQuery,
    replay::ReplayQuery,
    simulation::SimulationQuery,
    instrument::InstrumentQuery,
    exchange::ExchangeQuery,
    market_indicator::MarketIndicatorQuery,
    market_data::MarketDataQuery,
    audit_log::AuditLogQuery,
    audit_checkpoint::AuditCheckpointQuery,
    job::JobQuery,
    node::NodeQuery,
);
