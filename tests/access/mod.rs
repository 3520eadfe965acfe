//! Who may call which root field, what programs and roles of a firm's own may do, and what is shared.

mod api_keys;
mod roles;
mod sharing;

use std::collections::BTreeMap;
use std::time::Duration;

use portfolio_analyzer::auth::{Role, default_grants};
use portfolio_analyzer::graphql::rules::{Rule, rule_of};
use serde_json::Value;

use crate::support::{App, CALLS, Call, Client, Root, Sample, Superuser, follow};

/// The root fields, each with those whom it serves: Operator, Admin, aDvisor, Investor, aUditor, Service, Nobody in
/// particular.
const TABLE: &[(&str, &str)] = &[
    ("viewer", "OADIUS"),
    ("sessions", "OADIU"),
    ("tenant", "ADIUS"),
    ("tenants", "O"),
    ("users", "ADU"),
    ("invitations", "A"),
    ("roles", "ADU"),
    ("permissions", "ADU"),
    ("apiKeys", "A"),
    ("portfolios", "ADIUS"),
    ("portfolio", "ADIUS"),
    ("analytics", "ADIUS"),
    ("stressScenarios", "ADIUS"),
    ("xrayRules", "ADIUS"),
    ("replay", "ADIUS"),
    ("simulation", "ADIUS"),
    ("instruments", "ADIUS"),
    ("instrument", "ADIUS"),
    ("instrumentsByIdentifier", "ADIUS"),
    ("sectors", "ADIUS"),
    ("prices", "ADIUS"),
    ("exchangeRate", "ADIUS"),
    ("exchangeRates", "ADIUS"),
    ("exchanges", "ADIUS"),
    ("exchange", "ADIUS"),
    ("marketIndicators", "ADIUS"),
    ("marketIndicator", "ADIUS"),
    ("riskFreeRate", "ADIUS"),
    ("heldMarketRows", "O"),
    ("refreshRuns", "O"),
    ("dataQualityFindings", "O"),
    ("auditLog", "AUS"),
    ("auditCheckpoints", "AUS"),
    ("jobs", "OAUS"),
    ("jobRuns", "OAUS"),
    ("schedules", "OAUS"),
    ("node", "OADIUS"),
    ("nodes", "OADIUS"),
    ("login", "OADIUSN"),
    ("tokenRefresh", "OADIUSN"),
    ("logout", "OADIUSN"),
    ("invitationAccept", "OADIUSN"),
    ("passwordResetRequest", "OADIUSN"),
    ("passwordReset", "OADIUSN"),
    ("emailChangeConfirm", "OADIUSN"),
    ("emailChange", "ADIU"),
    ("sessionEnd", "OADIU"),
    ("sessionsEndAll", "OADIU"),
    ("passwordChange", "OADIU"),
    ("portfolioCreate", "ADIS"),
    ("portfolioUpdate", "ADIS"),
    ("portfolioPeriodLock", "A"),
    ("portfolioShare", "ADIS"),
    ("portfolioUnshare", "ADIS"),
    ("transactionRecord", "ADIS"),
    ("transactionsRecord", "ADIS"),
    ("transactionCorrect", "ADIS"),
    ("transactionReverse", "ADIS"),
    ("transactionsImport", "ADIS"),
    ("heldTransactionDecide", "ADIS"),
    ("performanceMetricsCompute", "ADIUS"),
    ("replayRequest", "ADIUS"),
    ("simulationRequest", "ADIUS"),
    ("manualPricesRecord", "ADS"),
    ("manualPricesImport", "ADS"),
    ("heldMarketRowDecide", "O"),
    ("instrumentListingSet", "O"),
    ("instrumentSuccessionRecord", "O"),
    ("instrumentSuccessionRemove", "O"),
    ("instrumentCreate", "ADS"),
    ("instrumentUpdate", "ADS"),
    ("priceOverrideSet", "ADS"),
    ("priceOverrideRemove", "ADS"),
    ("stressScenarioSave", "ADS"),
    ("stressScenarioRemove", "ADS"),
    ("xrayRuleSet", "ADS"),
    ("xrayRuleRemove", "ADS"),
    ("usersCreate", "A"),
    ("userInvite", "A"),
    ("usersInvite", "A"),
    ("invitationResend", "A"),
    ("invitationWithdraw", "A"),
    ("userUpdate", "A"),
    ("roleCreate", "A"),
    ("roleUpdate", "A"),
    ("roleDelete", "A"),
    ("apiKeyCreate", "A"),
    ("apiKeyEnd", "A"),
    ("userSettingsUpdate", "ADIU"),
    ("auditCheckpointCreate", "AUS"),
    ("auditReadsSet", "A"),
    ("auditPersonalErase", "A"),
    ("jobRetry", "OA"),
    ("jobDiscard", "OA"),
    ("jobCancel", "OA"),
    ("scheduleCreate", "OA"),
    ("scheduleUpdate", "OA"),
    ("scheduleDelete", "OA"),
    ("tenantSuspend", "O"),
    ("tenantResume", "O"),
    ("tenantUpdate", "O"),
    ("portfolioChanged", "ADIUS"),
];

const ROLES: [(char, Option<Role>); 7] = [
    ('O', Some(Role::PlatformOperator)),
    ('A', Some(Role::Admin)),
    ('D', Some(Role::Advisor)),
    ('I', Some(Role::Investor)),
    ('U', Some(Role::Auditor)),
    ('S', Some(Role::Service)),
    ('N', None),
];

async fn clients(app: &App) -> BTreeMap<char, Client> {
    BTreeMap::from([
        ('O', app.operator().await),
        ('A', app.client("alpha", "admin").await),
        ('D', app.client("alpha", "advisor").await),
        ('I', app.client("alpha", "investor1").await),
        ('U', app.client("alpha", "auditor").await),
        ('S', api_keys::program(app, &default_grants(Role::Service).iter().collect::<Vec<_>>()).await),
        ('N', app.anonymous()),
    ])
}

/// The code of the top-level error, if there is one.
fn code(answer: &Value) -> Option<&str> {
    answer["errors"][0]["extensions"]["code"].as_str()
}

async fn refused(app: &App, client: &Client, call: &Call, variables: Value) -> Value {
    if call.root == Root::Subscription {
        let refusal = follow(app, client, call.document, variables);
        return tokio::time::timeout(Duration::from_secs(20), refusal).await.expect("a refusal, not a stream");
    }
    client.run_with(call.document, variables).await.body
}

#[test]
fn the_table_is_what_the_rules_and_the_default_grants_come_to() {
    assert_eq!(TABLE.len(), CALLS.len());
    for (field, served) in TABLE {
        let rule = rule_of(field).unwrap_or_else(|| panic!("no rule of {field}"));
        for (letter, role) in ROLES {
            let by_rule = match (rule, role) {
                (Rule::Person, Some(role)) => role != Role::Service,
                (Rule::Public, _) | (Rule::SignedIn, Some(_)) => true,
                (_, None) => false,
                (Rule::AnyOf(permissions), Some(role)) => default_grants(role).contains_any(permissions),
            };
            assert_eq!(served.contains(letter), by_rule, "{field} for {letter}");
        }
    }
}

#[tokio::test]
async fn every_root_field_serves_exactly_those_of_the_table() {
    let app = App::start().await;
    let sample = Sample::of(&app, "alpha", "investor1").await;
    let clients = clients(&app).await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let before = inside.contents(&schema).await;
    let served = |call: &Call| TABLE.iter().find(|(field, _)| *field == call.field).expect("a row of the table").1;
    for call in CALLS {
        for (letter, client) in clients.iter().filter(|(letter, _)| !served(call).contains(**letter)) {
            let answer = refused(&app, client, call, (call.variables)(&sample)).await;
            let expected = if *letter == 'N' { "UNAUTHENTICATED" } else { "FORBIDDEN" };
            assert_eq!(code(&answer), Some(expected), "{} for {letter}: {answer}", call.field);
            assert!(answer["data"][call.field].is_null(), "{} for {letter}: {answer}", call.field);
        }
    }
    assert_eq!(inside.contents(&schema).await, before, "a refused call has changed something");
    for call in CALLS {
        for (letter, client) in clients.iter().filter(|(letter, _)| served(call).contains(**letter)) {
            let answer = call.send(&app, client, (call.variables)(&sample), &sample, &clients[&'I']).await;
            assert!(answer["data"].is_object(), "{} for {letter}: {answer}", call.field);
            let code = code(&answer);
            assert!(code.is_none(), "{} for {letter}: {answer}", call.field);
        }
    }
}

#[tokio::test]
async fn a_changed_grant_counts_for_whoever_is_already_logged_in() {
    let app = App::start().await;
    let investor = app.client("alpha", "investor1").await;
    assert_eq!(investor.run("{ auditLog { totalCount } }").await.error_code(), "FORBIDDEN");
    investor.run("{ portfolios { totalCount } }").await.at("/portfolios");
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside
        .run(&format!(
            "INSERT INTO {schema}.role_permission VALUES ('INVESTOR', 'AUDIT_READ'); \
             DELETE FROM {schema}.role_permission WHERE (role_code, permission) = ('INVESTOR', 'PORTFOLIOS_READ_OWN')"
        ))
        .await;
    // Another server has nothing cached, which is what this one comes to within ten seconds.
    let other = app.another().await;
    let investor = other.with_token(investor.token().expect("a token"));
    investor.run("{ auditLog { totalCount } }").await.at("/auditLog");
    assert_eq!(investor.run("{ portfolios { totalCount } }").await.error_code(), "FORBIDDEN");
    let viewer = investor.run("{ viewer { permissions } }").await;
    assert!(viewer.at("/viewer/permissions").to_string().contains("AUDIT_READ"));
    // The other tenant has grants of its own.
    let elsewhere = other.client("beta", "investor1").await;
    assert_eq!(elsewhere.run("{ auditLog { totalCount } }").await.error_code(), "FORBIDDEN");
    elsewhere.run("{ portfolios { totalCount } }").await.at("/portfolios");
}
