//! What was in the log before it was a chain: sealed as it stood, with what is personal apart.

use super::verify;
use crate::support::{App, Superuser};

/// The log as it was, with an entry of every kind and many of one.
const OLD: &str = "
DROP FUNCTION audit_append, audit_link, audit_read_note, audit_personal_erase, audit_checkpoint_keep, audit_field, audit_canonical;
DROP TABLE audit_read, audit_log, audit_personal, audit_head, audit_checkpoint;
CREATE TABLE audit_log (
    id uuid PRIMARY KEY, at timestamptz NOT NULL, actor_id uuid, actor_name text NOT NULL, action text NOT NULL,
    entity_type text NOT NULL, entity_id text, before jsonb, after jsonb, request_id text, address text
);
INSERT INTO audit_log VALUES
    ('00000000-0000-0000-0000-000000000003', '2024-01-02 00:00:00.000001Z', '00000000-0000-0000-0000-0000000000aa',
        'jo@a.example', 'userSettingsUpdate', 'User', '00000000-0000-0000-0000-0000000000aa',
        '{\"name\": \"Jo\", \"email\": \"jo@a.example\", \"version\": 1}',
        '{\"name\": \"Joe\", \"email\": \"jo@a.example\", \"version\": 2, \"weight\": 0.50}', 'r1', '10.0.0.1'),
    ('00000000-0000-0000-0000-000000000001', '2024-01-01Z', NULL, 'typed@a.example', 'loginFailed', 'Session', NULL, NULL, NULL,
        'r2', '10.0.0.2'),
    ('00000000-0000-0000-0000-000000000002', '2024-01-01Z', '00000000-0000-0000-0000-000000000000', 'command',
        'portfolioRebuild', 'Portfolio', '7', '[]', 'null', NULL, NULL);
INSERT INTO audit_log
SELECT gen_random_uuid(), '2024-02-01Z', '00000000-0000-0000-0000-0000000000aa', 'jo@a.example', 'transactionRecord',
    'Transaction', n::text, NULL, jsonb_build_object('note', 'n' || n), NULL, NULL
FROM generate_series(1, 2345) n;
";

#[tokio::test]
async fn entries_of_before_are_sealed_as_they_stood() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside.run(&format!("SET search_path TO {schema}; SET installation.tag = 'tests1'")).await;
    inside.run(OLD).await;
    inside.run(include_str!("../../migration/src/realm/m0006_audit_chain.sql")).await;
    inside.run(include_str!("../../migration/src/realm/m0007_audit_reads.sql")).await;
    let report = verify(&app, "alpha").await;
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!(report.entries, 2348);
    let first = inside
        .texts("SELECT concat_ws(' ', sequence, action, actor_name, before, after) FROM audit_log ORDER BY sequence LIMIT 3")
        .await;
    assert_eq!(
        first,
        [
            "1 loginFailed",
            "2 portfolioRebuild command []",
            "3 userSettingsUpdate {\"version\": 1} {\"weight\": \"0.50\", \"version\": 2}",
        ]
    );
    let personal = "SELECT concat_ws(' ', field, person_id, value) FROM audit_personal p JOIN audit_log l ON l.id = p.entry_id \
        WHERE sequence < 4 ORDER BY sequence, field";
    let jo = "00000000-0000-0000-0000-0000000000aa";
    assert_eq!(
        inside.texts(personal).await,
        [
            "/actor typed@a.example".to_owned(),
            "/address 10.0.0.2".to_owned(),
            format!("/actor {jo} jo@a.example"),
            format!("/address {jo} 10.0.0.1"),
            format!("/after/email {jo} jo@a.example"),
            format!("/after/name {jo} Joe"),
            format!("/before/email {jo} jo@a.example"),
            format!("/before/name {jo} Jo"),
        ]
    );
    // It goes on from there, and shows what was.
    let admin = app.client("alpha", "admin").await;
    let shown = admin
        .run(r#"{ auditLog(filter: { action: "userSettingsUpdate" }) { nodes { sequence actor address before after } } }"#)
        .await;
    let entry = shown.at("/auditLog/nodes/0");
    assert_eq!(
        (&entry["sequence"], &entry["actor"], &entry["address"]),
        (&3.into(), &"jo@a.example".into(), &"10.0.0.1".into())
    );
    assert_eq!(entry["after"]["name"], "Joe");
    let report = verify(&app, "alpha").await;
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!(report.entries, 2349);
}
