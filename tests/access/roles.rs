//! Roles that a firm makes for itself, and giving roles to people.

use serde_json::{Value, json};

use crate::support::{Answer, App, Call, Client, PASSWORD, Sample, Superuser};

async fn create(client: &Client, code: &str, permissions: &[&str]) -> Answer {
    let input = json!({ "input": { "code": code, "name": "Assistant", "permissions": permissions } });
    client.run_with(Call::of("roleCreate").document, input).await
}

async fn update(client: &Client, code: &str, permissions: &[&str]) -> Vec<String> {
    let input = json!({ "code": code, "input": { "name": "Assistant", "permissions": permissions } });
    client.run_with(Call::of("roleUpdate").document, input).await.user_errors("roleUpdate")
}

async fn delete(client: &Client, code: &str) -> Vec<String> {
    client.run_with(Call::of("roleDelete").document, json!({ "code": code })).await.user_errors("roleDelete")
}

async fn give(client: &Client, user: &str, version: i64, input: Value) -> Vec<String> {
    let document = "mutation($id: ID!, $version: Int!, $input: UserUpdateInput!) {
        userUpdate(id: $id, expectedVersion: $version, input: $input) { user { role roleCode active } userErrors { code message } } }";
    let answer = client.run_with(document, json!({ "id": user, "version": version, "input": input })).await;
    answer.user_errors("userUpdate")
}

const NONE: [&str; 0] = [];

#[tokio::test]
async fn a_firms_own_role_permits_what_it_says_and_a_change_counts_at_once() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let admin = app.client("alpha", "admin").await;
    assert_eq!(create(&admin, "ASSISTANT", &["USERS_READ", "ROLES_READ"]).await.user_errors("roleCreate"), NONE);
    assert_eq!(give(&admin, &own.user, 1, json!({ "role": "ASSISTANT" })).await, NONE);
    let assistant = app.client("alpha", "investor1").await;
    let viewer = assistant.run("{ viewer { user { role roleCode } permissions } }").await;
    let expected =
        json!({ "user": { "role": "CUSTOM", "roleCode": "ASSISTANT" }, "permissions": ["USERS_READ", "ROLES_READ"] });
    assert_eq!(*viewer.at("/viewer"), expected);
    assistant.run("{ users { totalCount } }").await.at("/users");
    assert_eq!(assistant.run("{ portfolios { totalCount } }").await.error_code(), "FORBIDDEN");
    assert_eq!(update(&admin, "ASSISTANT", &["PORTFOLIOS_READ_OWN"]).await, NONE);
    assert_eq!(assistant.run("{ users { totalCount } }").await.error_code(), "FORBIDDEN");
    assert_eq!(*assistant.run("{ portfolios { totalCount } }").await.at("/portfolios/totalCount"), 1);
    let listed = admin.run("{ roles { code isCustom permissions } }").await;
    let roles = listed.at("/roles").as_array().expect("a list").clone();
    let shown = roles.iter().find(|role| role["code"] == "ASSISTANT").expect("the role");
    assert_eq!(*shown, json!({ "code": "ASSISTANT", "isCustom": true, "permissions": ["PORTFOLIOS_READ_OWN"] }));
    assert_eq!(delete(&admin, "ASSISTANT").await, ["IN_USE"]);
    assert_eq!(give(&admin, &own.user, 2, json!({ "role": "INVESTOR" })).await, NONE);
    assert_eq!(delete(&admin, "ASSISTANT").await, NONE);
    // The other firm has heard of none of it.
    let theirs = app.client("beta", "admin").await.run("{ roles { code } }").await;
    assert!(!theirs.at("/roles").to_string().contains("ASSISTANT"));
    let log = admin.run("{ auditLog(first: 100) { nodes { action entityId } } }").await;
    for action in ["roleCreate", "roleUpdate", "roleDelete"] {
        assert!(log.at("/auditLog/nodes").to_string().contains(action), "{action}");
    }
}

#[tokio::test]
async fn nobody_makes_gives_or_changes_what_they_may_not_do_themselves() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let admin = app.client("alpha", "admin").await;
    for permission in ["TENANTS_READ", "TENANTS_MANAGE", "MARKET_MANAGE"] {
        let answer = create(&admin, "GREEDY", &[permission]).await;
        assert_eq!(answer.user_errors("roleCreate"), ["EXCEEDS_OWN_PERMISSIONS"], "{permission}");
    }
    let permissions = ["ROLES_MANAGE", "ROLES_READ", "USERS_MANAGE", "USERS_READ"];
    assert_eq!(create(&admin, "KEEPER", &permissions).await.user_errors("roleCreate"), NONE);
    assert_eq!(create(&admin, "READER", &["AUDIT_READ"]).await.user_errors("roleCreate"), NONE);
    assert_eq!(give(&admin, &own.user, 1, json!({ "role": "KEEPER" })).await, NONE);
    let keeper = app.client("alpha", "investor1").await;
    assert_eq!(create(&keeper, "MORE", &["AUDIT_READ"]).await.user_errors("roleCreate"), ["EXCEEDS_OWN_PERMISSIONS"]);
    assert_eq!(update(&keeper, "KEEPER", &["AUDIT_READ"]).await, ["EXCEEDS_OWN_PERMISSIONS"]);
    assert_eq!(update(&keeper, "READER", &["USERS_READ"]).await, ["EXCEEDS_OWN_PERMISSIONS"], "not even less of it");
    assert_eq!(delete(&keeper, "READER").await, ["EXCEEDS_OWN_PERMISSIONS"]);
    assert_eq!(give(&keeper, &own.user, 2, json!({ "role": "ADMIN" })).await, ["INVALID_INPUT"], "to oneself");
    assert_eq!(give(&keeper, &own.advisor, 1, json!({ "role": "KEEPER" })).await, ["EXCEEDS_OWN_PERMISSIONS"]);
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let admins = format!(
        "SELECT 'usr_' || replace(id::text, '-', '') FROM {schema}.dim_user WHERE email = 'admin@alpha.example'"
    );
    let admin_id = inside.text(&admins).await;
    assert_eq!(give(&keeper, &admin_id, 1, json!({ "active": false })).await, ["EXCEEDS_OWN_PERMISSIONS"]);
    // The database itself keeps the built-in roles from the firm's role.
    for code in ["ADMIN", "CUSTOM", "lower", ""] {
        let save = format!(
            "SET ROLE {schema}; SET search_path TO {schema}; SELECT role_save('{code}', 'x', 'x', 'USERS_READ')::text"
        );
        assert_eq!(Superuser::of(&app).await.texts(&save).await, ["false"], "{code}");
    }
    let save = format!(
        "SET ROLE {schema}; SET search_path TO {schema}; SELECT role_save('SLY', 'x', 'x', 'MARKET_MANAGE TENANTS_MANAGE TENANTS_READ')::text"
    );
    Superuser::of(&app).await.texts(&save).await;
    assert_eq!(
        inside.texts(&format!("SELECT permission FROM {schema}.role_permission WHERE role_code = 'SLY'")).await,
        NONE
    );
}

#[tokio::test]
async fn what_is_no_role_is_refused() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    for (code, permissions, expected) in [
        ("ADMIN", &["USERS_READ"][..], "ALREADY_EXISTS"),
        ("CUSTOM", &["USERS_READ"], "INVALID_INPUT"),
        ("lower", &["USERS_READ"], "INVALID_INPUT"),
        ("A", &["USERS_READ"], "INVALID_INPUT"),
        ("A\" OR 1", &["USERS_READ"], "INVALID_INPUT"),
        ("FINE", &[], "INVALID_INPUT"),
        ("FINE", &["NO_SUCH"], "INVALID_INPUT"),
    ] {
        assert_eq!(create(&admin, code, permissions).await.user_errors("roleCreate"), [expected], "{code}");
    }
    for code in ["ADMIN", "INVESTOR", "PLATFORM_OPERATOR", "NOWHERE"] {
        assert_eq!(update(&admin, code, &["USERS_READ"]).await, ["NOT_FOUND"], "{code}");
        assert_eq!(delete(&admin, code).await, ["NOT_FOUND"], "{code}");
    }
}

#[tokio::test]
async fn whoever_is_disabled_is_out_at_once() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let admin = app.client("alpha", "admin").await;
    let client = app.client("alpha", "investor1").await;
    client.run("{ viewer { user { id } } }").await.at("/viewer");
    assert_eq!(give(&admin, &own.user, 7, json!({ "active": false })).await, ["VERSION_CONFLICT"]);
    assert_eq!(give(&admin, &own.user, 1, json!({ "active": false })).await, NONE);
    assert_eq!(client.run("{ viewer { user { id } } }").await.status.as_u16(), 401);
    let refresh = json!({ "input": { "refreshToken": own.refresh_token } });
    let refused = app.anonymous().run_with(Call::of("tokenRefresh").document, refresh).await;
    assert_eq!(refused.user_errors("tokenRefresh"), ["INVALID_REFRESH_TOKEN"]);
    let log_in = json!({ "input": { "tenant": "alpha", "email": own.email, "password": PASSWORD } });
    let refused = app.anonymous().run_with(Call::of("login").document, log_in.clone()).await;
    assert_eq!(refused.user_errors("login"), ["INVALID_CREDENTIALS"]);
    assert_eq!(give(&admin, &own.user, 2, json!({ "active": true })).await, NONE);
    app.anonymous().run_with(Call::of("login").document, log_in).await.text("/login/accessToken");
}

#[tokio::test]
async fn the_permission_table_is_shown_whole() {
    let app = App::start().await;
    let answer = app.client("alpha", "auditor").await.run("{ permissions { code description fields } }").await;
    let shown = answer.at("/permissions").as_array().expect("a list").clone();
    assert_eq!(shown.len(), portfolio_analyzer::auth::Permission::ALL.len());
    let audit = shown.iter().find(|permission| permission["code"] == "AUDIT_READ").expect("a permission");
    let fields = ["auditLog", "auditCheckpoints", "auditCheckpointCreate"];
    assert_eq!(*audit, json!({ "code": "AUDIT_READ", "description": "Read the audit log.", "fields": fields }));
}
