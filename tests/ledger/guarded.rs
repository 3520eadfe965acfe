//! Versions and audit: no change is lost, and none goes unwritten.

use serde_json::json;

use crate::support::{App, Book, Inside};

const UPDATE: &str = r"mutation($id: ID!, $version: Int!, $name: String) {
    portfolioUpdate(id: $id, expectedVersion: $version, input: { name: $name }) {
        portfolio { name version } userErrors { code message field } } }";

#[tokio::test]
async fn an_update_of_an_old_version_is_refused_and_told_the_current_one() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "5", "USD").await;
    let current = book.show("2024-03-14", None, "version").await["version"].as_i64().expect("a version");
    assert_eq!(current, 2, "a transaction is a change too");
    let old = json!({ "id": book.portfolio, "version": 1, "name": "Other" });
    let refused = book.client.run_with(UPDATE, old).await;
    assert_eq!(refused.user_errors("portfolioUpdate"), ["VERSION_CONFLICT"]);
    assert!(refused.text("/portfolioUpdate/userErrors/0/message").contains("version 2"), "{}", refused.body);
    assert_eq!(refused.at("/portfolioUpdate/userErrors/0")["field"], json!(["expectedVersion"]));
    assert_eq!(book.show("2024-03-14", None, "name").await["name"], "Savings");
    let new = json!({ "id": book.portfolio, "version": 2, "name": "Other" });
    let done = book.client.run_with(UPDATE, new).await;
    assert_eq!(*done.at("/portfolioUpdate/portfolio"), json!({ "name": "Other", "version": 3 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_updates_at_once_of_one_version_one_is_refused() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let send = |name: &str| {
        let variables = json!({ "id": book.portfolio, "version": 1, "name": name });
        let client = book.client.clone();
        tokio::spawn(async move { client.run_with(UPDATE, variables).await.user_errors("portfolioUpdate") })
    };
    let (one, other) = (send("One"), send("Other"));
    let mut outcomes = [one.await.expect("an answer"), other.await.expect("an answer")];
    outcomes.sort();
    assert_eq!(outcomes, [vec![], vec!["VERSION_CONFLICT".to_owned()]]);
}

#[tokio::test]
async fn every_change_has_its_audit_entry() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let deposit = book.deposit("2024-03-01", "5", "USD").await;
    let admin = app.client("alpha", "admin").await;
    let log =
        admin.run("{ auditLog(first: 100) { nodes { action actor at entityType entityId requestId after } } }").await;
    let entries = log.at("/auditLog/nodes").as_array().expect("a list").clone();
    let of = |action: &str| entries.iter().find(|entry| entry["action"] == action).cloned().expect("an entry");
    let recorded = of("transactionRecord");
    assert_eq!(recorded["actor"], "investor1@alpha.example");
    assert_eq!(recorded["entityId"].as_str().map(|id| id.replace('-', "")), Some(deposit.replace("txn_", "")));
    assert_eq!(recorded["at"], "2024-03-15T12:00:00+00:00");
    assert!(recorded["requestId"].is_string());
    assert_eq!(of("portfolioCreate")["entityType"], "Portfolio");
}

#[tokio::test]
async fn a_change_whose_audit_entry_cannot_be_written_does_not_happen() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    inside.execute("REVOKE EXECUTE ON FUNCTION SCHEMA.audit_append(jsonb) FROM SCHEMA").await;
    let deposit = json!({ "deposit": { "amount": "5", "currency": "USD" } });
    let price = json!({ "id": book.instrument("COIN") });
    let renamed = json!({ "id": book.portfolio, "version": 1, "name": "Other" });
    let row = "2024-03-01,DEPOSIT,,,,5,,,USD,,,,,,";
    let answers = [
        book.try_record("2024-03-01", &deposit).await,
        book.import(row, "ALL_OR_NOTHING").await,
        book.client.run_with(UPDATE, renamed).await,
        book.desk
            .run_with(
                r#"mutation($id: ID!) { manualPricesRecord(input: [{ instrumentId: $id, date: "2024-03-01", price: "5" }])
                    { count } }"#,
                price,
            )
            .await,
        book.client.run(r#"mutation { userSettingsUpdate(expectedVersion: 1, input: { name: "X" }) { user { id } } }"#).await,
        book.client
            .run(r#"mutation { portfolioCreate(input: { name: "X", baseCurrency: "EUR" }) { portfolio { id } } }"#)
            .await,
    ];
    for answer in answers {
        assert_eq!(answer.error_code(), "INTERNAL", "{}", answer.body);
        assert_eq!(answer.body["errors"][0]["message"], "internal error");
    }
    assert_eq!(inside.row_counts().await, before);
    inside.execute("GRANT EXECUTE ON FUNCTION SCHEMA.audit_append(jsonb) TO SCHEMA").await;
    assert_eq!(book.show("2024-03-14", None, "name version").await, json!({ "name": "Savings", "version": 1 }));
    book.deposit("2024-03-01", "5", "USD").await;
}
