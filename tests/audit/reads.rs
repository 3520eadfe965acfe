//! Reads on record, where the tenant turns that on.

use serde_json::{Value, json};

use super::{length, system, verify};
use crate::support::{App, Book, Client, Inside};

async fn turn(admin: &Client, reads: &str) {
    let set = format!("mutation {{ auditReadsSet(reads: {reads}) {{ reads userErrors {{ code }} }} }}");
    assert_eq!(admin.run(&set).await.text("/auditReadsSet/reads"), reads);
}

/// The reads that are sealed, the earliest first.
async fn reads(app: &App) -> Vec<Value> {
    app.services.housekeeping(&system(app, "alpha").await).await.expect("done");
    let admin = app.client("alpha", "admin").await;
    let query =
        r#"{ auditLog(first: 100, filter: { action: "read" }) { nodes { actor after address requestId sequence } } }"#;
    let answer = admin.run(query).await;
    let mut reads = answer.at("/auditLog/nodes").as_array().expect("a list").clone();
    reads.reverse();
    reads
}

fn id(shown: &str) -> String {
    let hex = shown.split_once('_').expect("an id").1;
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[tokio::test]
async fn nothing_is_recorded_of_reads_unless_it_is_turned_on() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.show("2024-03-14", None, "name").await;
    book.client.run("{ portfolios { nodes { name } } }").await.at("/portfolios");
    assert_eq!(reads(&app).await, Vec::<Value>::new());
    let admin = app.client("alpha", "admin").await;
    assert_eq!(admin.run("{ tenant { auditReads } }").await.text("/tenant/auditReads"), "NONE");
}

#[tokio::test]
async fn reads_of_portfolios_are_sealed_in_order_with_what_was_read() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let admin = app.client("alpha", "admin").await;
    turn(&admin, "PORTFOLIO").await;
    assert_eq!(admin.run("{ tenant { auditReads } }").await.text("/tenant/auditReads"), "PORTFOLIO");
    let before = length(&app, "alpha").await;
    book.show("2024-03-14", None, "name").await;
    let auditor = app.client("alpha", "auditor").await;
    auditor.run("{ portfolios { nodes { name } totalCount } }").await.at("/portfolios");
    auditor.run("{ users { nodes { name } } }").await.at("/users");
    auditor.run("{ exchanges { mic } }").await.at("/exchanges");
    let found = reads(&app).await;
    let told: Vec<_> = found.iter().map(|read| (read["actor"].as_str().expect("a name"), &read["after"])).collect();
    let portfolio = id(&book.portfolio);
    let read = |field: &str| json!({ "fields": [field], "portfolios": [portfolio], "people": [] });
    assert_eq!(
        told,
        [("investor1@alpha.example", &read("portfolio")), ("auditor@alpha.example", &read("portfolios")),]
    );
    assert!(found.iter().all(|read| read["requestId"].is_string()), "{found:?}");
    // They stand before what was done after them.
    assert!(found[0]["sequence"].as_i64() > Some(before), "{found:?}");
    assert!(found[0]["sequence"].as_i64() < found[1]["sequence"].as_i64(), "{found:?}");
    let report = verify(&app, "alpha").await;
    assert!(report.is_whole(), "{:?}", report.findings);
}

#[tokio::test]
async fn reads_of_people_and_of_the_log_are_recorded_but_for_ones_own_profile() {
    let app = App::start().await;
    Book::open(&app, "USD").await;
    let admin = app.client("alpha", "admin").await;
    turn(&admin, "PERSONAL").await;
    let auditor = app.client("alpha", "auditor").await;
    auditor.run("{ viewer { user { name } } }").await.at("/viewer");
    auditor.run("{ portfolios { nodes { name } } }").await.at("/portfolios");
    auditor.run("{ users(first: 2) { nodes { name } } }").await.at("/users");
    auditor.run("{ auditLog { nodes { id } } }").await.at("/auditLog");
    let fields: Vec<Value> = reads(&app).await.iter().map(|read| read["after"]["fields"].clone()).collect();
    assert_eq!(fields, [json!(["users"]), json!(["auditLog"])]);
    turn(&admin, "NONE").await;
    auditor.run("{ users { nodes { name } } }").await.at("/users");
    // What was asked of the log above was recorded, too, when it was asked.
    assert_eq!(reads(&app).await.len(), 3);
}

#[tokio::test]
async fn an_answer_whose_read_cannot_be_recorded_is_not_given() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let admin = app.client("alpha", "admin").await;
    turn(&admin, "ALL").await;
    let mut inside = Inside::of(&app, "alpha").await;
    inside.execute("REVOKE EXECUTE ON FUNCTION SCHEMA.audit_read_note(jsonb) FROM SCHEMA").await;
    let answer = book.client.run("{ portfolios { nodes { name } } }").await;
    assert_eq!(answer.error_code(), "INTERNAL", "{}", answer.body);
    assert!(!answer.body.to_string().contains("Savings"), "{}", answer.body);
    assert!(book.client.run("{ exchanges { mic } }").await.at("/exchanges").is_array(), "what is nobody's is given");
    inside.execute("GRANT EXECUTE ON FUNCTION SCHEMA.audit_read_note(jsonb) TO SCHEMA").await;
    book.client.run("{ portfolios { nodes { name } } }").await.at("/portfolios/nodes/0/name");
}

#[tokio::test]
async fn who_says_which_reads_are_recorded_is_on_record() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    turn(&admin, "ALL").await;
    turn(&admin, "NONE").await;
    let beta = app.client("beta", "admin").await;
    assert_eq!(
        beta.run("{ tenant { auditReads } }").await.text("/tenant/auditReads"),
        "NONE",
        "another's is untouched"
    );
    let log = admin.run(r#"{ auditLog(filter: { action: "auditReadsSet" }) { nodes { actor before after } } }"#).await;
    let nodes = log.at("/auditLog/nodes");
    assert_eq!(nodes[0]["before"], json!({ "reads": "ALL" }));
    assert_eq!(nodes[0]["after"], json!({ "reads": "NONE" }));
    assert_eq!(nodes[1]["actor"], "admin@alpha.example");
}
