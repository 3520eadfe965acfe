//! The chain in the database: whole whoever writes at once, and telling whatever its owner does to it.

use portfolio_analyzer::audit::verify::Kind;
use portfolio_analyzer::tenancy::Access;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{found, length, log, system, verify};
use crate::support::{App, Book, Inside, Superuser};

#[tokio::test]
async fn what_is_done_is_one_chain_that_is_whole() {
    let app = App::start().await;
    log(&app).await;
    let report = verify(&app, "alpha").await;
    assert!(report.is_whole(), "{:?}", report.findings);
    let last = length(&app, "alpha").await;
    assert!(last >= 8, "{last} entries");
    assert_eq!(report.entries, last.unsigned_abs());
    assert_eq!(report.last.expect("a last entry").0, last, "without gaps");
    let platform = app.services.audit_verify_platform(&[], None).await.expect("a report").1;
    assert!(platform.is_whole() && platform.entries > 0, "{platform:?}");
    let made = "SELECT count(*)::text FROM platform.audit_log l JOIN platform.tenant t ON t.id::text = l.entity_id \
        WHERE l.action = 'tenantCreate' AND l.after ->> 'slug' = t.slug";
    let tenants = "SELECT count(*)::text FROM platform.tenant";
    let mut inside = Superuser::of(&app).await;
    assert_eq!(inside.text(made).await, inside.text(tenants).await, "whoever is made is on record");
}

#[tokio::test]
async fn an_entry_that_the_owner_changed_is_named() {
    for change in [
        "action = 'portfolioUpdate'",
        "at = at + interval '1 microsecond'",
        "actor_id = NULL",
        "behalf_of = actor_id",
        "entity_id = NULL",
        "after = after || '{\"amount\": \"6\"}'",
        "before = '{}'",
        "personal = NULL",
        "hash = sha256(hash)",
        "previous = sha256(hash)",
        "request_id = 'another'",
        "actor_name = 'somebody'",
        "id = '00000000-0000-0000-0000-000000000001'",
    ] {
        let app = App::start().await;
        let mut inside = log(&app).await;
        inside.execute(&format!("UPDATE SCHEMA.audit_log SET {change} WHERE sequence = 5")).await;
        let found = found(&app, "alpha").await;
        assert!(!found.is_empty(), "{change}");
        assert!(found.iter().all(|found| *found == (Kind::Changed, 5, 5)), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn a_personal_value_that_the_owner_changed_is_named() {
    let app = App::start().await;
    let mut inside = log(&app).await;
    let schema = Superuser::of(&app).await.schema("alpha").await;
    let last = format!("SELECT max(sequence)::text FROM {schema}.audit_log WHERE personal ? '/actor'");
    let last: i64 = Superuser::of(&app).await.text(&last).await.parse().expect("a number");
    inside
        .execute(&format!(
            "UPDATE SCHEMA.audit_personal SET value = 'other@alpha.example' WHERE field = '/actor' AND entry_id = \
             (SELECT id FROM SCHEMA.audit_log WHERE sequence = {last})"
        ))
        .await;
    assert_eq!(found(&app, "alpha").await, [(Kind::Changed, last, last)]);
}

#[tokio::test]
async fn entries_that_the_owner_removed_are_named() {
    let app = App::start().await;
    let mut inside = log(&app).await;
    let last = length(&app, "alpha").await;
    inside.execute("DELETE FROM SCHEMA.audit_log WHERE sequence = 5").await;
    assert_eq!(found(&app, "alpha").await, [(Kind::Removed, 5, 5)]);
    // The end as well, which the head tells.
    inside.execute(&format!("DELETE FROM SCHEMA.audit_log WHERE sequence > {}", last - 2)).await;
    assert_eq!(found(&app, "alpha").await, [(Kind::Removed, 5, 5), (Kind::Removed, last - 1, last)]);
}

#[tokio::test]
async fn a_removed_entry_whose_gap_was_closed_is_named() {
    let app = App::start().await;
    let mut inside = log(&app).await;
    inside
        .execute(
            "DELETE FROM SCHEMA.audit_log WHERE sequence = 5; \
             UPDATE SCHEMA.audit_log SET sequence = -sequence WHERE sequence > 5; \
             UPDATE SCHEMA.audit_log SET sequence = -sequence - 1 WHERE sequence < 0",
        )
        .await;
    assert_eq!(found(&app, "alpha").await, [(Kind::Removed, 5, 5)]);
}

#[tokio::test]
async fn entries_that_the_owner_exchanged_are_named() {
    let app = App::start().await;
    let mut inside = log(&app).await;
    inside
        .execute(
            "UPDATE SCHEMA.audit_log SET sequence = -1 WHERE sequence = 4; \
             UPDATE SCHEMA.audit_log SET sequence = 4 WHERE sequence = 6; \
             UPDATE SCHEMA.audit_log SET sequence = 6 WHERE sequence = -1",
        )
        .await;
    assert_eq!(found(&app, "alpha").await, [(Kind::Reordered, 4, 4), (Kind::Reordered, 6, 6)]);
}

#[tokio::test]
async fn an_entry_that_the_owner_put_in_is_named() {
    let insert = |place: &str| {
        format!(
            "INSERT INTO SCHEMA.audit_log SELECT gen_random_uuid(), {place}, previous, sha256(hash), at, actor_id, behalf_of, \
             actor_name, 'portfolioCreate', entity_type, entity_id, before, after, request_id, NULL \
             FROM SCHEMA.audit_log WHERE sequence = 4"
        )
    };
    let app = App::start().await;
    let mut inside = log(&app).await;
    let last = length(&app, "alpha").await;
    inside
        .execute(&format!(
            "UPDATE SCHEMA.audit_log SET sequence = -sequence WHERE sequence > 4; \
             UPDATE SCHEMA.audit_log SET sequence = 1 - sequence WHERE sequence < 0; {}",
            insert("5")
        ))
        .await;
    assert_eq!(found(&app, "alpha").await, [(Kind::Inserted, 5, 5)]);
    let app = App::start().await;
    let mut inside = log(&app).await;
    inside.execute(&insert(&(last + 1).to_string())).await;
    let found = found(&app, "alpha").await;
    assert!(found.contains(&(Kind::Inserted, last + 1, last + 1)), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_writes_at_once_writes_one_chain() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let before = length(&app, "alpha").await;
    let mut tasks = Vec::new();
    for task in 0..8 {
        let client = book.client.clone();
        tasks.push(tokio::spawn(async move {
            for turn in 0..6 {
                let name = format!("Portfolio {task} {turn}");
                let create = "mutation($name: String!) { portfolioCreate(input: { name: $name, baseCurrency: \"EUR\" }) \
                    { portfolio { id } } }";
                client.run_with(create, json!({ "name": name })).await.at("/portfolioCreate/portfolio/id");
            }
        }));
    }
    for task in tasks {
        task.await.expect("an end");
    }
    let report = verify(&app, "alpha").await;
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!(report.last.expect("entries").0, before + 48);
}

#[tokio::test]
async fn the_head_is_locked_no_earlier_than_the_commit() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    // Somebody who has written, and has not committed: their entry is not numbered yet, so nobody waits for them.
    let caller = system(&app, "alpha").await;
    let session = app.services.write(&caller).await.expect("a session");
    let entry = portfolio_analyzer::audit::Entry {
        id: app.services.environment.ids.next(),
        at: app.services.environment.clock.now(),
        actor_id: None,
        actor_name: "command".to_owned(),
        action: "slow".to_owned(),
        entity_type: "Portfolio".to_owned(),
        entity_id: None,
        before: None,
        after: None,
        request_id: None,
        address: None,
    };
    portfolio_analyzer::audit::write(&session, entry).await.expect("collected");
    book.deposit("2024-03-01", "5", "USD").await;
    let before = length(&app, "alpha").await;
    session.commit().await.expect("committed");
    assert_eq!(length(&app, "alpha").await, before + 1);
    assert!(verify(&app, "alpha").await.is_whole());
    let last = book.desk.run("{ auditLog(first: 1) { nodes { action sequence hash } } }").await;
    assert!(last.at("/auditLog/nodes/0/hash").as_str().is_some_and(|hash| hash.len() == 64), "{}", last.body);
}

#[tokio::test]
async fn the_realms_role_can_append_and_do_nothing_else() {
    let app = App::start().await;
    let mut inside = log(&app).await;
    let before = length(&app, "alpha").await;
    let schema = Superuser::of(&app).await.schema("alpha").await;
    let options = app.database.superuser.connect_options();
    let mut connection = PgConnection::connect_with(&options).await.expect("a connection");
    let role = format!("SET ROLE \"{schema}\"; SET search_path TO \"$user\"");
    sqlx::raw_sql(AssertSqlSafe(role)).execute(&mut connection).await.expect("a role");
    for statement in [
        "INSERT INTO audit_log SELECT gen_random_uuid(), 99, previous, hash, at, actor_id, behalf_of, actor_name, action, \
         entity_type, entity_id, before, after, request_id, personal FROM audit_log WHERE sequence = 1",
        "UPDATE audit_log SET action = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "UPDATE audit_head SET sequence = 1",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head (id, log, sequence, hash) VALUES (2, 'x', 0, '')",
        "SELECT * FROM audit_head FOR UPDATE",
        "UPDATE audit_personal SET value = 'x'",
        "DELETE FROM audit_personal",
        "INSERT INTO audit_personal SELECT entry_id, 'x', NULL, salt, value FROM audit_personal LIMIT 1",
        "INSERT INTO audit_checkpoint VALUES (1, '', now(), '', '')",
        "DELETE FROM audit_checkpoint",
        "SELECT audit_canonical('{}')",
        "SELECT audit_link('[]')",
        "DELETE FROM audit_read",
        "INSERT INTO audit_read VALUES ('00000000-0000-0000-0000-000000000001', '{}')",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "DROP TABLE audit_log",
    ] {
        let error =
            sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.expect_err(statement);
        let error = error.into_database_error().expect("an answer of the database");
        assert_eq!(error.code().as_deref(), Some("42501"), "{statement}: {error}");
    }
    // No checkpoint of what the log does not hold.
    let forged = "SELECT audit_checkpoint_keep(1, '\\x00', now(), 'k', '\\x00')";
    sqlx::raw_sql(forged).execute(&mut connection).await.expect_err("the log has no such hash");
    assert_eq!(length(&app, "alpha").await, before);
    inside.execute("SELECT 1").await;
    assert!(verify(&app, "alpha").await.is_whole());
}

#[tokio::test]
async fn a_change_whose_entry_cannot_be_sealed_does_not_happen() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    // The head is gone: nothing can be appended.
    inside.execute("ALTER TABLE SCHEMA.audit_head RENAME TO audit_head_gone").await;
    let answer = book.try_record("2024-03-01", &json!({ "deposit": { "amount": "5", "currency": "USD" } })).await;
    assert_eq!(answer.error_code(), "INTERNAL", "{}", answer.body);
    let wrong = r#"mutation { login(input: { tenant: "alpha", email: "investor1@alpha.example", password: "wrong wrong wrong" })
        { accessToken userErrors { code } } }"#;
    assert_eq!(app.anonymous().run(wrong).await.error_code(), "INTERNAL", "a failed log-in must be on record");
    inside.execute("ALTER TABLE SCHEMA.audit_head_gone RENAME TO audit_head").await;
    assert_eq!(inside.row_counts().await, before);
    book.deposit("2024-03-01", "5", "USD").await;
    assert!(verify(&app, "alpha").await.is_whole());
}

#[tokio::test]
async fn a_log_of_odd_texts_is_encoded_alike_on_both_sides() {
    let app = App::start().await;
    let caller = system(&app, "alpha").await;
    let values = [
        json!({ "é": 1, "z": -2, "aa": "x", "Z": [], "\u{e000}": null, "\u{10000}": true, "": "" }),
        json!({ "text": "\u{1}\u{1f}\u{7f}\u{80}\u{2028}\"\\/\u{8}\u{c}\n\r\t😀", "deep": [[{ "b": { "a": [1, [2]] } }]] }),
        json!({ "floats": [0.1, 1e300, -1.5e-7, 1.0, 123_456_789.125], "whole": [9_007_199_254_740_991_i64,
            9_007_199_254_740_992_i64, i64::MIN, u64::MAX] }),
        json!([1, "2", null]),
        json!("text"),
        json!(7),
        json!({}),
        json!(null),
    ];
    for value in values {
        let session =
            app.services.gateway.tenant(caller.tenant().expect("a tenant"), caller.actor.clone(), Access::Write).await;
        let session = session.expect("a session");
        let entry = portfolio_analyzer::audit::Entry {
            id: app.services.environment.ids.next(),
            at: "2024-03-15T12:00:00.123456789Z".parse().expect("an instant"),
            actor_id: None,
            actor_name: "command".to_owned(),
            action: "odd".to_owned(),
            entity_type: "Thing \"é\"".to_owned(),
            entity_id: Some(String::new()),
            before: Some(value.clone()),
            after: Some(json!({ "before": value })),
            request_id: None,
            address: Some("::1".to_owned()),
        };
        portfolio_analyzer::audit::write(&session, entry).await.expect("collected");
        session.commit().await.expect("committed");
    }
    let report = verify(&app, "alpha").await;
    assert!(report.is_whole(), "{:?}", report.findings);
    assert!(report.entries >= 8, "{report:?}");
}
