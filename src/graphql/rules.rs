//! Who may call which root field: one table. A field that is not in it is refused to everyone.

use async_graphql::{Context, Guard, Result};

use super::context::Operation;
use super::error::ErrorCode;
use crate::auth::{Actor, ActorKind, Permission, Permission as P};

/// Who may call a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Everyone, also without an access token.
    Public,
    /// Everyone who is logged in.
    SignedIn,
    /// Every person who is logged in, for what is their own.
    Person,
    /// Whoever holds at least one of these permissions.
    AnyOf(&'static [Permission]),
}

const READS_PORTFOLIOS: Rule = Rule::AnyOf(&[P::PortfoliosReadAll, P::PortfoliosReadAssigned, P::PortfoliosReadOwn]);
const WRITES_PORTFOLIOS: Rule =
    Rule::AnyOf(&[P::PortfoliosWriteAll, P::PortfoliosWriteAssigned, P::PortfoliosWriteOwn]);
/// Whoever looks after the portfolios of others sets what counts for the whole firm.
const KEEPS_FOR_OTHERS: Rule = Rule::AnyOf(&[P::PortfoliosWriteAll, P::PortfoliosWriteAssigned]);
const READS_MARKET: Rule = Rule::AnyOf(&[P::MarketRead]);
const MANAGES_MARKET: Rule = Rule::AnyOf(&[P::MarketManage]);
const READS_JOBS: Rule = Rule::AnyOf(&[P::JobsRead]);
const MANAGES_JOBS: Rule = Rule::AnyOf(&[P::JobsManage]);
const MANAGES_TENANTS: Rule = Rule::AnyOf(&[P::TenantsManage]);

/// The rule of every root field.
pub const RULES: &[(&str, Rule)] = &[
    // Query
    ("viewer", Rule::SignedIn),
    ("sessions", Rule::Person),
    ("tenant", Rule::AnyOf(&[P::TenantRead])),
    ("tenants", Rule::AnyOf(&[P::TenantsRead])),
    ("users", Rule::AnyOf(&[P::UsersRead])),
    ("invitations", Rule::AnyOf(&[P::UsersManage])),
    ("roles", Rule::AnyOf(&[P::RolesRead])),
    ("permissions", Rule::AnyOf(&[P::RolesRead])),
    ("apiKeys", Rule::AnyOf(&[P::ApiKeysManage])),
    ("portfolios", READS_PORTFOLIOS),
    ("portfolio", READS_PORTFOLIOS),
    ("analytics", READS_PORTFOLIOS),
    ("stressScenarios", READS_PORTFOLIOS),
    ("xrayRules", READS_PORTFOLIOS),
    ("replay", READS_PORTFOLIOS),
    ("simulation", READS_PORTFOLIOS),
    ("instruments", READS_MARKET),
    ("instrument", READS_MARKET),
    ("instrumentsByIdentifier", READS_MARKET),
    ("sectors", READS_MARKET),
    ("prices", READS_MARKET),
    ("exchangeRate", READS_MARKET),
    ("exchangeRates", READS_MARKET),
    ("exchanges", READS_MARKET),
    ("exchange", READS_MARKET),
    ("marketIndicators", READS_MARKET),
    ("marketIndicator", READS_MARKET),
    ("riskFreeRate", READS_MARKET),
    ("heldMarketRows", MANAGES_MARKET),
    ("refreshRuns", MANAGES_MARKET),
    ("dataQualityFindings", MANAGES_MARKET),
    ("auditLog", Rule::AnyOf(&[P::AuditRead])),
    ("auditCheckpoints", Rule::AnyOf(&[P::AuditRead])),
    ("jobs", READS_JOBS),
    ("jobRuns", READS_JOBS),
    ("schedules", READS_JOBS),
    ("node", Rule::SignedIn),
    ("nodes", Rule::SignedIn),
    // Mutation
    ("login", Rule::Public),
    ("tokenRefresh", Rule::Public),
    ("logout", Rule::Public),
    ("invitationAccept", Rule::Public),
    ("passwordResetRequest", Rule::Public),
    ("passwordReset", Rule::Public),
    ("emailChangeConfirm", Rule::Public),
    ("emailChange", Rule::AnyOf(&[P::SettingsUpdateOwn])),
    ("sessionEnd", Rule::Person),
    ("sessionsEndAll", Rule::Person),
    ("passwordChange", Rule::Person),
    ("portfolioCreate", WRITES_PORTFOLIOS),
    ("portfolioUpdate", WRITES_PORTFOLIOS),
    ("portfolioPeriodLock", Rule::AnyOf(&[P::LedgerLock])),
    ("portfolioShare", WRITES_PORTFOLIOS),
    ("portfolioUnshare", WRITES_PORTFOLIOS),
    ("transactionRecord", WRITES_PORTFOLIOS),
    ("transactionsRecord", WRITES_PORTFOLIOS),
    ("transactionCorrect", WRITES_PORTFOLIOS),
    ("transactionReverse", WRITES_PORTFOLIOS),
    ("transactionsImport", WRITES_PORTFOLIOS),
    ("heldTransactionDecide", WRITES_PORTFOLIOS),
    ("performanceMetricsCompute", READS_PORTFOLIOS),
    ("replayRequest", READS_PORTFOLIOS),
    ("simulationRequest", READS_PORTFOLIOS),
    ("manualPricesRecord", Rule::AnyOf(&[P::PricesManage])),
    ("manualPricesImport", Rule::AnyOf(&[P::PricesManage])),
    ("heldMarketRowDecide", MANAGES_MARKET),
    ("instrumentListingSet", MANAGES_MARKET),
    ("instrumentSuccessionRecord", MANAGES_MARKET),
    ("instrumentSuccessionRemove", MANAGES_MARKET),
    ("instrumentCreate", Rule::AnyOf(&[P::PricesManage])),
    ("instrumentUpdate", Rule::AnyOf(&[P::PricesManage])),
    ("priceOverrideSet", Rule::AnyOf(&[P::PricesManage])),
    ("priceOverrideRemove", Rule::AnyOf(&[P::PricesManage])),
    ("stressScenarioSave", KEEPS_FOR_OTHERS),
    ("stressScenarioRemove", KEEPS_FOR_OTHERS),
    ("xrayRuleSet", KEEPS_FOR_OTHERS),
    ("xrayRuleRemove", KEEPS_FOR_OTHERS),
    ("usersCreate", Rule::AnyOf(&[P::UsersManage])),
    ("userInvite", Rule::AnyOf(&[P::UsersManage])),
    ("usersInvite", Rule::AnyOf(&[P::UsersManage])),
    ("invitationResend", Rule::AnyOf(&[P::UsersManage])),
    ("invitationWithdraw", Rule::AnyOf(&[P::UsersManage])),
    ("userUpdate", Rule::AnyOf(&[P::UsersManage])),
    ("roleCreate", Rule::AnyOf(&[P::RolesManage])),
    ("roleUpdate", Rule::AnyOf(&[P::RolesManage])),
    ("roleDelete", Rule::AnyOf(&[P::RolesManage])),
    ("apiKeyCreate", Rule::AnyOf(&[P::ApiKeysManage])),
    ("apiKeyEnd", Rule::AnyOf(&[P::ApiKeysManage])),
    ("userSettingsUpdate", Rule::AnyOf(&[P::SettingsUpdateOwn])),
    ("auditCheckpointCreate", Rule::AnyOf(&[P::AuditRead])),
    ("auditReadsSet", Rule::AnyOf(&[P::UsersManage])),
    ("auditPersonalErase", Rule::AnyOf(&[P::UsersManage])),
    ("jobRetry", MANAGES_JOBS),
    ("jobDiscard", MANAGES_JOBS),
    ("jobCancel", MANAGES_JOBS),
    ("scheduleCreate", MANAGES_JOBS),
    ("scheduleUpdate", MANAGES_JOBS),
    ("scheduleDelete", MANAGES_JOBS),
    ("tenantSuspend", MANAGES_TENANTS),
    ("tenantResume", MANAGES_TENANTS),
    ("tenantUpdate", MANAGES_TENANTS),
    // Subscription
    ("portfolioChanged", READS_PORTFOLIOS),
];

/// The rule of a root field.
pub fn rule_of(field: &str) -> Option<Rule> {
    RULES.iter().find(|(name, _)| *name == field).map(|(_, rule)| *rule)
}

/// Whether what a root field answers is of portfolios, or may be.
pub fn reads_portfolios(field: &str) -> bool {
    rule_of(field) == Some(READS_PORTFOLIOS) || ["node", "nodes"].contains(&field)
}

/// Whether what a root field answers is of people: the tenant's, or what they did.
pub fn reads_people(field: &str) -> bool {
    ["users", "auditLog"].contains(&field)
}

impl Rule {
    /// Lets the caller through or says why not.
    pub fn check(self, actor: Option<&Actor>) -> Result<()> {
        match (self, actor) {
            (Self::Public, _) | (Self::SignedIn, Some(_)) => Ok(()),
            (Self::Person, Some(actor)) if actor.kind == ActorKind::User => Ok(()),
            (Self::Person, Some(_)) => Err(ErrorCode::Forbidden.error("this is for people")),
            (_, None) => Err(ErrorCode::Unauthenticated.error("log in first: this needs an access token")),
            (Self::AnyOf(permissions), Some(actor)) if actor.permissions.contains_any(permissions) => Ok(()),
            (Self::AnyOf(permissions), Some(_)) => {
                let names: Vec<&str> = permissions.iter().map(|permission| permission.code()).collect();
                Err(ErrorCode::Forbidden.error(format!("this needs the permission {}", names.join(" or "))))
            }
        }
    }
}

/// Applies the table to the root field that is being resolved.
pub struct Ruled;

impl Guard for Ruled {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        let field = ctx.field().name();
        let rule = rule_of(field).ok_or_else(|| ErrorCode::Forbidden.error(format!("{field} has no rule")))?;
        let operation = ctx.data_unchecked::<std::sync::Arc<Operation>>();
        rule.check(operation.actor())?;
        operation.note_field(field);
        Ok(())
    }
}
