//! One tenant's administrator and everything of another tenant.

use serde_json::json;

use super::{attempt, gives_nothing, is_id, shows_none_of, slots, succeeds, with};
use crate::support::{App, CALLS, Call, PASSWORD, Root, Sample, Superuser, root_fields};

#[test]
fn every_root_field_has_a_call() {
    for root in [Root::Query, Root::Mutation, Root::Subscription] {
        let mut fields = root_fields(root);
        let mut calls: Vec<&str> = CALLS.iter().filter(|call| call.root == root).map(|call| call.field).collect();
        fields.sort();
        calls.sort_unstable();
        assert!(!fields.is_empty(), "{root:?} was not read");
        assert_eq!(fields, calls, "tests/support/sample.rs needs a call of every field of {root:?}");
    }
}

/// What no tenant's people may call.
const OPERATORS_ONLY: [&str; 11] = [
    "tenants",
    "heldMarketRows",
    "refreshRuns",
    "dataQualityFindings",
    "heldMarketRowDecide",
    "instrumentListingSet",
    "instrumentSuccessionRecord",
    "instrumentSuccessionRemove",
    "tenantSuspend",
    "tenantResume",
    "tenantUpdate",
];

#[tokio::test]
async fn no_root_field_takes_an_id_of_another_tenant() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let other = Sample::of(&app, "beta", "investor1").await;
    let admin = app.client("alpha", "admin").await;
    let investor = app.client("alpha", "investor1").await;
    let operator = app.operator().await;
    let mut inside = Superuser::of(&app).await;
    inside.hold_market_row().await;
    let schema = inside.schema("beta").await;
    let before = inside.contents(&schema).await;
    let ids = [
        &other.portfolio,
        &other.account,
        &other.transaction,
        &other.user,
        &other.advisor,
        &other.tenant,
        &other.audit_entry,
        &other.held,
        &other.replay,
        &other.simulation,
        &other.dead[0],
        &other.waiting,
        &other.run,
        &other.schedules[0],
        &other.private,
        &other.scenario,
        &other.rule,
        &other.session,
        &other.invitation,
        &other.api_key,
    ];
    assert!(ids.iter().all(|id| is_id(id)), "{ids:?}");
    for call in CALLS {
        let variables = (call.variables)(&own);
        for slot in slots(&variables) {
            for id in ids {
                let answer = attempt(&app, &admin, call, with(&variables, &slot, id)).await;
                let what = format!("{} with {id} at {slot}", call.field);
                assert!(gives_nothing(call.field, &answer), "{what}: {answer}");
                shows_none_of(&answer, &ids, &what);
            }
        }
        if OPERATORS_ONLY.contains(&call.field) {
            let answer = attempt(&app, &admin, call, variables.clone()).await;
            assert!(gives_nothing(call.field, &answer), "{answer}");
            let answer = attempt(&app, &operator, call, variables).await;
            assert!(succeeds(call.field, &answer), "{answer}");
            continue;
        }
        // The same call with ids of one's own works: it was the id that was refused.
        let answer = call.send(&app, &admin, variables, &own, &investor).await;
        assert!(succeeds(call.field, &answer), "{}: {answer}", call.field);
        shows_none_of(&answer, &ids, call.field);
        let text = answer.to_string();
        assert!(!text.contains("beta.example") && !text.contains("Tenant 1"), "{}: {text}", call.field);
    }
    assert_eq!(inside.contents(&schema).await, before, "the other tenant's tables have changed");
}

#[tokio::test]
async fn every_kind_of_id_of_another_tenant_is_no_node() {
    let app = App::start().await;
    let other = Sample::of(&app, "beta", "investor1").await;
    let admin = app.client("alpha", "admin").await;
    let ids = [
        &other.portfolio,
        &other.account,
        &other.transaction,
        &other.user,
        &other.advisor,
        &other.tenant,
        &other.audit_entry,
        &other.held,
        &other.replay,
        &other.simulation,
        &other.dead[0],
        &other.waiting,
        &other.run,
        &other.schedules[0],
        &other.private,
        &other.scenario,
        &other.rule,
        &other.session,
        &other.invitation,
        &other.api_key,
    ];
    let all = admin.run_with("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })).await;
    assert_eq!(*all.at("/nodes"), json!(vec![serde_json::Value::Null; ids.len()]));
    for id in ids {
        let one = admin.run_with("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
        assert!(one.at("/node").is_null(), "{id}");
    }
    // Their own tenant's administrator finds those that are nodes.
    let theirs = app.client("beta", "admin").await;
    for id in [&other.portfolio, &other.transaction, &other.user, &other.tenant, &other.replay] {
        let one = theirs.run_with("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!(one.text("/node/id"), *id);
    }
}

#[tokio::test]
async fn a_cursor_of_another_tenant_shows_only_ones_own() {
    let app = App::start().await;
    let other = Sample::of(&app, "beta", "investor1").await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let (admin, theirs) = (app.client("alpha", "admin").await, app.client("beta", "admin").await);
    for field in ["users", "portfolios", "auditLog", "jobs", "jobRuns"] {
        let first = theirs.run(&format!("{{ {field}(first: 1) {{ pageInfo {{ endCursor }} }} }}")).await;
        let cursor = first.text(&format!("/{field}/pageInfo/endCursor"));
        let page =
            format!("query($after: String) {{ {field}(first: 100, after: $after) {{ nodes {{ id }} totalCount }} }}");
        let answer = admin.run_with(&page, json!({ "after": cursor })).await;
        answer.at(&format!("/{field}/totalCount"));
        let ids = [&other.portfolio, &other.user, &other.advisor, &other.audit_entry];
        shows_none_of(&answer.body, &ids, field);
    }
    assert_ne!(own.portfolio, other.portfolio);
}

#[tokio::test]
async fn credentials_of_one_tenant_open_no_other() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let other = Sample::of(&app, "beta", "investor1").await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("beta").await;
    let before = inside.contents(&schema).await;
    let anonymous = app.anonymous();
    let id = |sample: &Sample| sample.tenant.trim_start_matches("ten_").to_owned();
    let moved = own.refresh_token.replace(&id(&own), &id(&other));
    assert_ne!(moved, own.refresh_token);
    let refresh = |token: &str| json!({ "input": { "refreshToken": token } });
    let refused = anonymous.run_with(Call::of("tokenRefresh").document, refresh(&moved)).await;
    assert_eq!(refused.user_errors("tokenRefresh"), ["INVALID_REFRESH_TOKEN"]);
    // A log-out of an unknown token says nothing and does nothing.
    anonymous.run_with(Call::of("logout").document, refresh(&moved)).await.at("/logout");
    assert_eq!(inside.contents(&schema).await, before);
    let log_in = json!({ "input": { "tenant": "beta", "email": own.email, "password": PASSWORD } });
    let refused = anonymous.run_with(Call::of("login").document, log_in).await;
    assert_eq!(refused.user_errors("login"), ["INVALID_CREDENTIALS"]);
    let mut after = inside.contents(&schema).await;
    assert_ne!(after["audit_log"], before["audit_log"], "the failure is on record where it was tried");
    for table in ["audit_head", "audit_log", "audit_personal"] {
        after.insert(table.to_owned(), before[table].clone());
    }
    assert_eq!(after, before);
    // Both log-ins are still good where they belong.
    for token in [&own.refresh_token, &other.refresh_token] {
        let exchanged = anonymous.run_with(Call::of("tokenRefresh").document, refresh(token)).await;
        assert_eq!(exchanged.user_errors("tokenRefresh"), Vec::<String>::new());
    }
}
