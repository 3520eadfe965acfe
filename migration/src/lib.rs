//! How the tables come to be: one ordered list of migrations for each kind of schema.
//!
//! `tenancy::migrate` runs a list inside one transaction with `search_path` set to the schema, and records each version in
//! `platform.schema_version` in that same transaction. A list only grows at its end: what is released is never edited.
//!
//! The statements are constant. Where a grant must name a role of this installation, it is read from the setting
//! `installation.tag`, which the runner sets for the transaction; a tenant's role is named as its schema.

use sea_orm_migration::prelude::*;

/// What must exist before the first migration can be recorded. Safe to repeat.
pub const BOOTSTRAP: &str = include_str!("platform/bootstrap.sql");

/// One step of a schema's history: a name that never changes, and its statements.
pub struct Step {
    name: &'static str,
    sql: &'static str,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.sql).await?;
        Ok(())
    }
}

macro_rules! steps {
    ($($folder:literal / $name:literal),+ $(,)?) => {
        &[$(Step { name: $name, sql: include_str!(concat!($folder, "/", $name, ".sql")) }),+]
    };
}

/// The schema `platform`: the installation, its tenants, its operators, signing keys, the queue.
pub const PLATFORM: &[Step] = steps![
    "platform" / "m0001_platform",
    "realm" / "m0001_realm",
    "platform" / "m0002_grants",
    "platform" / "m0003_jobs",
    "realm" / "m0002_ledger_lock",
    "realm" / "m0003_market_manage",
    "platform" / "m0005_scheduler",
    "realm" / "m0005_jobs",
    "platform" / "m0006_daily_calculation",
    "platform" / "m0009_tenant_lifecycle",
    "realm" / "m0011_schema_read",
    "realm" / "m0008_sign_ins",
    "platform" / "m0008_throttling_and_keys",
    "realm" / "m0009_mail",
    "realm" / "m0010_access",
    "realm" / "m0006_audit_chain",
    "realm" / "m0007_audit_reads",
    "platform" / "m0007_audited_reads",
];

/// The schema `market`: staging, dimensions, facts and metadata that all tenants share.
pub const MARKET: &[Step] = steps![
    "market" / "m0001_dimensions",
    "market" / "m0002_staging",
    "market" / "m0003_facts",
    "market" / "m0004_grants",
    "market" / "m0005_options",
    "market" / "m0006_changes",
    "market" / "m0007_action_changes",
    "market" / "m0008_dividends",
    "market" / "m0009_sessions",
    "market" / "m0010_pipeline",
    "market" / "m0011_revisions",
    "market" / "m0013_instruments",
    "market" / "m0015_indicators",
    "market" / "m0016_news",
    "market" / "m0018_tracked_instruments",
    "market" / "m0025_successions",
    "market" / "m0026_business_days",
    "market" / "m0027_traded_first",
    "market" / "m0028_decisions_of_every_kind",
    "market" / "m0029_staging_kept",
    "market" / "m0030_held_prices_shown",
    "market" / "m0031_news_revisions",
];

/// A tenant's schema: its people, portfolios, ledger, projections, audit.
pub const TENANT: &[Step] = steps![
    "realm" / "m0001_realm",
    "tenant" / "m0001_portfolios",
    "tenant" / "m0002_ledger",
    "tenant" / "m0003_projections",
    "tenant" / "m0004_grants",
    "tenant" / "m0005_ledger_kinds",
    "tenant" / "m0006_books",
    "tenant" / "m0007_daily_values",
    "tenant" / "m0008_lot_settings",
    "tenant" / "m0009_corrections",
    "tenant" / "m0010_lots_of_matches",
    "tenant" / "m0011_period_locks",
    "realm" / "m0002_ledger_lock",
    "tenant" / "m0012_portfolio_booked",
    "tenant" / "m0013_bulk_import",
    "tenant" / "m0014_held_transactions",
    "tenant" / "m0015_narrow_projections",
    "tenant" / "m0016_external_ids",
    "tenant" / "m0017_replays",
    "tenant" / "m0018_private_instruments",
    "realm" / "m0003_market_manage",
    "realm" / "m0005_jobs",
    "tenant" / "m0019_stress_scenarios",
    "tenant" / "m0020_xray_rules",
    "tenant" / "m0021_performance_metrics",
    "tenant" / "m0023_simulations",
    "tenant" / "m0024_curve_shocks",
    "realm" / "m0011_schema_read",
    "realm" / "m0008_sign_ins",
    "realm" / "m0009_mail",
    "realm" / "m0010_access",
    "realm" / "m0006_audit_chain",
    "realm" / "m0007_audit_reads",
];
