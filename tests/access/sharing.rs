//! Portfolios that are shared with other people of the firm.

use serde_json::{Value, json};

use crate::support::{App, Call, Client, Sample, Superuser};

const SHARE: &str = "mutation($id: ID!, $input: PortfolioShareInput!) { portfolioShare(id: $id, input: $input) {
    portfolio { shares { user { email } level sharedBy { email } } } userErrors { code message field } } }";

async fn share(client: &Client, portfolio: &str, with: Value, level: &str) -> Vec<String> {
    let input = json!({ "id": portfolio, "input": { "with": with, "level": level } });
    client.run_with(SHARE, input).await.user_errors("portfolioShare")
}

async fn unshare(client: &Client, portfolio: &str, with: Value) -> Vec<String> {
    let input = json!({ "id": portfolio, "input": { "with": with } });
    client.run_with(Call::of("portfolioUnshare").document, input).await.user_errors("portfolioUnshare")
}

/// Whether the client sees the portfolio.
async fn sees(client: &Client, sample: &Sample) -> bool {
    let one = client.run_with("query($id: ID!) { portfolio(id: $id) { id } }", json!({ "id": sample.portfolio })).await;
    let listed = client.run("{ portfolios(first: 100) { nodes { id } } }").await;
    let is_listed = listed.at("/portfolios/nodes").to_string().contains(&sample.portfolio);
    assert_eq!(one.at("/portfolio").is_null(), !is_listed);
    is_listed
}

/// What recording into the portfolio comes to.
async fn record(client: &Client, sample: &Sample) -> Vec<String> {
    let call = Call::of("transactionRecord");
    client.run_with(call.document, (call.variables)(sample)).await.user_errors("transactionRecord")
}

const NONE: [&str; 0] = [];

fn by_email(name: &str) -> Value {
    json!({ "email": format!("{name}@alpha.example") })
}

#[tokio::test]
async fn what_is_shared_is_seen_and_changed_as_it_is_shared() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let owner = app.client("alpha", "investor1").await;
    let spouse = app.client("alpha", "investor2").await;
    assert!(!sees(&spouse, &own).await);
    assert_eq!(share(&owner, &own.portfolio, by_email("Investor2"), "VIEW").await, NONE);
    assert!(sees(&spouse, &own).await);
    assert_eq!(record(&spouse, &own).await, ["NOT_FOUND"], "to be viewed");
    assert_eq!(share(&owner, &own.portfolio, by_email("investor2"), "EDIT").await, NONE);
    assert_eq!(record(&spouse, &own).await, NONE);
    // Whoever it is shared with cannot share it on, and is not told with whom it is.
    assert_eq!(share(&spouse, &own.portfolio, by_email("auditor"), "VIEW").await, ["NOT_FOUND"]);
    assert_eq!(unshare(&spouse, &own.portfolio, by_email("investor2")).await, ["NOT_FOUND"]);
    let shares = "query($id: ID!) { portfolio(id: $id) { shares { user { email } level } } }";
    let id = json!({ "id": own.portfolio });
    assert!(spouse.run_with(shares, id.clone()).await.at("/portfolio/shares").is_null());
    let expected = json!([{ "user": { "email": "investor2@alpha.example" }, "level": "EDIT" }]);
    assert_eq!(*owner.run_with(shares, id).await.at("/portfolio/shares"), expected);
    assert_eq!(unshare(&owner, &own.portfolio, by_email("investor2")).await, NONE);
    assert!(!sees(&spouse, &own).await);
    assert_eq!(record(&spouse, &own).await, ["NOT_FOUND"]);
    let admin = app.client("alpha", "admin").await;
    let log = admin.run("{ auditLog(first: 100) { nodes { action before after } } }").await;
    let log = log.at("/auditLog/nodes").to_string();
    assert!(log.contains("portfolioShare") && log.contains("portfolioUnshare"), "{log}");
}

#[tokio::test]
async fn a_share_adds_nothing_to_a_role() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let owner = app.client("alpha", "investor1").await;
    assert_eq!(share(&owner, &own.portfolio, by_email("auditor"), "EDIT").await, ["INVALID_INPUT"]);
    // Even if the row is there: an auditor writes nothing.
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside
        .run(&format!(
            "INSERT INTO {schema}.portfolio_share SELECT p.id, u.id, 'EDIT', now(), u.id FROM {schema}.portfolio p, \
             {schema}.dim_user u WHERE u.email = 'auditor@alpha.example'"
        ))
        .await;
    let auditor = app.client("alpha", "auditor").await;
    let call = Call::of("transactionRecord");
    assert_eq!(auditor.run_with(call.document, (call.variables)(&own)).await.error_code(), "FORBIDDEN");
}

#[tokio::test]
async fn only_whoever_may_shares_and_only_within_the_firm() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let strange = Sample::advised(&app, "alpha", "investor2", None).await;
    let other = Sample::of(&app, "beta", "investor1").await;
    let owner = app.client("alpha", "investor1").await;
    for with in [
        json!({ "email": "investor1@beta.example" }),
        json!({ "email": "nobody@alpha.example" }),
        // By id only for whoever sees the firm's people.
        json!({ "userId": strange.user }),
        json!({ "userId": other.user }),
    ] {
        assert_eq!(share(&owner, &own.portfolio, with.clone(), "VIEW").await, ["NOT_FOUND"], "{with}");
    }
    assert_eq!(share(&owner, &own.portfolio, by_email("investor1"), "VIEW").await, ["INVALID_INPUT"], "one's own");
    assert_eq!(share(&owner, &strange.portfolio, by_email("advisor"), "VIEW").await, ["NOT_FOUND"]);
    assert_eq!(share(&owner, &other.portfolio, by_email("advisor"), "VIEW").await, ["NOT_FOUND"]);
    let advisor = app.client("alpha", "advisor").await;
    assert_eq!(share(&advisor, &own.portfolio, json!({ "userId": strange.user }), "VIEW").await, NONE);
    assert_eq!(share(&advisor, &strange.portfolio, by_email("advisor"), "VIEW").await, ["NOT_FOUND"]);
    let admin = app.client("alpha", "admin").await;
    assert_eq!(share(&admin, &strange.portfolio, json!({ "userId": own.user }), "VIEW").await, NONE);
    assert_eq!(share(&admin, &strange.portfolio, json!({ "userId": other.user }), "VIEW").await, ["NOT_FOUND"]);
    assert!(sees(&owner, &strange).await);
    let auditor = app.client("alpha", "auditor").await;
    let input = json!({ "id": own.portfolio, "input": { "with": by_email("advisor"), "level": "VIEW" } });
    assert_eq!(auditor.run_with(SHARE, input).await.error_code(), "FORBIDDEN");
}
