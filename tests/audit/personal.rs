//! Personal values beside the log: shown where they belong, erased without breaking the chain.

use serde_json::{Value, json};

use super::verify;
use crate::support::{App, Book, Call, PASSWORD, Superuser};

const ENTRIES: &str = "query($filter: AuditFilter) { auditLog(first: 100, filter: $filter) {
    nodes { action actor actorId behalfOfId address before after erased entityId } } }";

async fn entries(app: &App, filter: Value) -> Vec<Value> {
    let admin = app.client("alpha", "admin").await;
    let answer = admin.run_with(ENTRIES, json!({ "filter": filter })).await;
    answer.at("/auditLog/nodes").as_array().expect("a list").clone()
}

async fn fail_to_log_in(app: &App, email: &str) {
    let wrong = format!(
        r#"mutation {{ login(input: {{ tenant: "alpha", email: "{email}", password: "wrong wrong wrong" }})
            {{ accessToken userErrors {{ code }} }} }}"#
    );
    assert_eq!(app.anonymous().run(&wrong).await.user_errors("login"), ["INVALID_CREDENTIALS"]);
}

/// Everything that the tenant's log itself holds, as text.
async fn log_alone(app: &App) -> String {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema("alpha").await;
    inside.texts(&format!("SELECT l::text FROM {schema}.audit_log l ORDER BY sequence")).await.join("\n")
}

#[tokio::test]
async fn the_log_itself_holds_no_personal_value() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let settings = r#"mutation { userSettingsUpdate(expectedVersion: 1, input: { name: "Josephine Q. Public" }) { user { id } } }"#;
    book.client.run(settings).await.at("/userSettingsUpdate/user/id");
    fail_to_log_in(&app, "stranger@elsewhere.example").await;
    let shown = entries(&app, json!({ "action": "userSettingsUpdate" })).await;
    assert_eq!(shown[0]["actor"], "investor1@alpha.example");
    assert_eq!(shown[0]["after"]["name"], "Josephine Q. Public");
    assert_eq!(shown[0]["after"]["email"], "investor1@alpha.example");
    assert_eq!(shown[0]["erased"], json!([]));
    let failed = entries(&app, json!({ "action": "loginFailed" })).await;
    assert_eq!(failed[0]["actor"], "stranger@elsewhere.example");
    let log = log_alone(&app).await;
    for value in ["alpha.example", "Josephine", "stranger", "elsewhere"] {
        assert!(!log.contains(value), "{value}: {log}");
    }
    assert!(log.contains("/after/email"), "the commitments are there");
}

#[tokio::test]
async fn what_was_erased_is_gone_and_the_chain_is_whole() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let settings = r#"mutation { userSettingsUpdate(expectedVersion: 1, input: { name: "Josephine Q. Public" }) { user { id } } }"#;
    book.client.run(settings).await.at("/userSettingsUpdate/user/id");
    fail_to_log_in(&app, "Investor1@alpha.example").await;
    fail_to_log_in(&app, "investor2@alpha.example").await;
    let user = book.client.run("{ viewer { user { id } } }").await.text("/viewer/user/id");
    let erase = "mutation($id: ID!) { auditPersonalErase(userId: $id) { erased userErrors { code field } } }";
    let before = log_alone(&app).await;
    for other in ["auditor", "advisor", "investor1"] {
        let client = app.client("alpha", other).await;
        assert_eq!(client.run_with(erase, json!({ "id": user })).await.error_code(), "FORBIDDEN", "{other}");
    }
    let admin = app.client("alpha", "admin").await;
    let done = admin.run_with(erase, json!({ "id": user })).await;
    let erased = done.at("/auditPersonalErase/erased").as_i64().expect("a number");
    assert!(erased >= 6, "{erased} values");
    assert!(log_alone(&app).await.starts_with(&before), "no entry has changed");
    let report = verify(&app, "alpha").await;
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!(report.erased, erased.unsigned_abs());
    let settings = &entries(&app, json!({ "action": "userSettingsUpdate" })).await[0];
    assert_eq!(settings["actor"], Value::Null);
    assert_eq!(settings["actorId"], user, "who did it is known by their id");
    assert_eq!(settings["after"]["name"], Value::Null);
    assert_eq!(settings["after"]["timeZone"], "UTC", "what is not personal stays");
    let erased: Vec<&str> = settings["erased"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(erased, ["/actor", "/after/email", "/after/name", "/before/email", "/before/name"]);
    let failed = entries(&app, json!({ "action": "loginFailed" })).await;
    let actors: Vec<&Value> = failed.iter().map(|entry| &entry["actor"]).collect();
    assert_eq!(actors, [&json!("investor2@alpha.example"), &Value::Null], "another's stays");
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let left = format!("SELECT count(*)::text FROM {schema}.audit_personal WHERE value ~* 'investor1|josephine'");
    assert_eq!(inside.text(&left).await, "0");
    // It is on record, by whom and of whom.
    let record = entries(&app, json!({ "action": "auditPersonalErase" })).await;
    assert_eq!(record[0]["actor"], "admin@alpha.example");
    assert_eq!(record[0]["after"], json!({ "erased": erased_count(&done) }));
    let nobody = admin.run_with(erase, json!({ "id": format!("usr_{}", "0".repeat(32)) })).await;
    assert_eq!(nobody.user_errors("auditPersonalErase"), ["NOT_FOUND"]);
}

fn erased_count(done: &crate::support::Answer) -> i64 {
    done.at("/auditPersonalErase/erased").as_i64().expect("a number")
}

#[tokio::test]
async fn what_a_command_does_for_a_person_tells_on_whose_behalf() {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    let user = client.run("{ viewer { user { id } } }").await.text("/viewer/user/id");
    let issued = entries(&app, json!({ "action": "accessTokenIssue" })).await;
    let of = issued.iter().find(|entry| entry["behalfOfId"] == user).expect("an entry on their behalf");
    assert_eq!((&of["actor"], &of["actorId"]), (&json!("command"), &Value::Null));
}

#[tokio::test]
async fn the_log_is_searched_by_every_filter() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "5", "USD").await;
    app.clock.advance(chrono::TimeDelta::minutes(5));
    book.deposit("2024-03-02", "5", "USD").await;
    let all = entries(&app, json!({})).await.len();
    let of = async |filter: Value| entries(&app, filter).await.len();
    assert_eq!(of(json!({ "entityType": "Portfolio", "action": "portfolioCreate" })).await, 1);
    assert_eq!(of(json!({ "action": "transactionRecord" })).await, 2);
    assert_eq!(of(json!({ "action": "transactionRecord", "from": "2024-03-15T12:05:00Z" })).await, 1);
    assert_eq!(of(json!({ "action": "transactionRecord", "until": "2024-03-15T12:04:59Z" })).await, 1);
    assert_eq!(of(json!({ "from": "2030-01-01T00:00:00Z" })).await, 0);
    let admin = app.client("alpha", "admin").await;
    let one = admin
        .run(r#"{ auditLog(first: 1, filter: { action: "transactionRecord" }) { nodes { requestId } totalCount } }"#)
        .await;
    let request = one.text("/auditLog/nodes/0/requestId");
    assert_eq!(of(json!({ "requestId": request })).await, 1);
    assert!(all >= 6, "{all} entries");
}

#[tokio::test]
async fn a_failed_login_of_an_operator_and_of_an_unknown_firm_is_on_record() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let failures = "SELECT count(*)::text FROM platform.audit_log WHERE action = 'loginFailed'";
    for (tenant, expected) in [("", "1"), (r#"tenant: "nowhere", "#, "2")] {
        let wrong = format!(
            r#"mutation {{ login(input: {{ {tenant}email: "x@y.example", password: "{PASSWORD}!" }}) {{ userErrors {{ code }} }} }}"#
        );
        assert_eq!(app.anonymous().run(&wrong).await.user_errors("login"), ["INVALID_CREDENTIALS"]);
        assert_eq!(inside.text(failures).await, expected, "{tenant}");
    }
    assert!(app.services.audit_verify_platform(&[], None).await.expect("a report").1.is_whole());
}

#[tokio::test]
async fn what_names_a_person_before_they_are_known_and_what_they_asked_for_is_erased_too() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    let invited = json!({ "input": { "email": "noa@alpha.example", "name": "Noa Baum", "role": "INVESTOR" } });
    admin.run_with(Call::of("userInvite").document, invited).await.at("/userInvite/invitation/id");
    app.send_mail("alpha").await;
    let token = app.token_in_mail("noa@alpha.example");
    let accepted = json!({ "input": { "token": token, "name": "Noa Baum", "password": "vier Igel queren nachts" } });
    let accepted = app.anonymous().run_with(Call::of("invitationAccept").document, accepted).await;
    assert_eq!(accepted.user_errors("invitationAccept"), [""; 0]);
    let forgotten = json!({ "input": { "tenant": "alpha", "email": "Noa@alpha.example" } });
    app.anonymous().run_with(Call::of("passwordResetRequest").document, forgotten).await.at("/passwordResetRequest");
    let noa = app.client("alpha", "noa").await;
    let elsewhere = json!({ "input": { "email": "baum@elsewhere.example", "password": "vier Igel queren nachts" } });
    assert_eq!(noa.run_with(Call::of("emailChange").document, elsewhere).await.user_errors("emailChange"), [""; 0]);
    let log = log_alone(&app).await;
    for value in ["alpha.example", "Noa", "elsewhere"] {
        assert!(!log.contains(value), "{value}: {log}");
    }
    let user = noa.run("{ viewer { user { id } } }").await.text("/viewer/user/id");
    let erase = "mutation($id: ID!) { auditPersonalErase(userId: $id) { erased userErrors { code field } } }";
    admin.run_with(erase, json!({ "id": user })).await.at("/auditPersonalErase/erased");
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let left = inside.texts(&format!("SELECT value FROM {schema}.audit_personal")).await.join(" ");
    assert!(!left.to_lowercase().contains("noa") && !left.contains("elsewhere"), "{left}");
    // Whoever invited them is still told.
    let invitations = entries(&app, json!({ "action": "userInvite" })).await;
    assert_eq!(invitations[0]["actor"], "admin@alpha.example");
    assert_eq!(verify(&app, "alpha").await.findings.len(), 0);
}
