//! The log as a file: given away on record, and verified without the database.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use portfolio_analyzer::audit::checkpoint::Checkpoint;
use portfolio_analyzer::audit::file::{Exported, checkpoints, verify};
use portfolio_analyzer::audit::lines::Line;
use portfolio_analyzer::audit::verify::{Kind, Report};
use portfolio_analyzer::auth::{PublicKey, read_key_set, write_key_set};
use serde_json::Value;

use super::{length, log, system};
use crate::support::{App, Client};

/// What the server answers to a request for the file.
async fn download(client: &Client, query: &str) -> (StatusCode, String) {
    let answer = client.get(&format!("/audit-log.jsonl{query}")).await;
    // A single line is JSON by itself.
    let text = answer.body.as_str().map_or_else(|| answer.body.to_string(), str::to_owned);
    (answer.status, text)
}

async fn exported(app: &App) -> String {
    let caller = system(app, "alpha").await;
    let mut export = app.services.audit_export(&caller, None, None).await.expect("an export");
    let mut text = export.opening.clone();
    while let Some(more) = app.services.audit_export_next(&caller, &mut export).await.expect("lines") {
        text.push_str(&more);
    }
    text
}

async fn keys(app: &App) -> Vec<PublicKey> {
    read_key_set(&write_key_set(&app.services.audit_keys().await)).expect("keys")
}

fn check(text: &str, kept: &[(String, Checkpoint)], keys: &[PublicKey]) -> (Exported, Report) {
    verify(text.as_bytes(), kept, Some(keys)).expect("a report")
}

/// The kinds and places of what is found of a file.
fn found(lines: &[String], keys: &[PublicKey]) -> Vec<(Kind, i64, i64)> {
    let report = check(&lines.join("\n"), &[], keys).1;
    report.findings.iter().map(|finding| (finding.kind, finding.first, finding.last)).collect()
}

#[tokio::test]
async fn an_exported_log_is_verified_without_the_database() {
    let app = App::start().await;
    log(&app).await;
    let caller = system(&app, "alpha").await;
    let (name, signed) = app.services.audit_checkpoint_create(&caller).await.expect("an answer");
    let signed = signed.expect("a checkpoint");
    let last = length(&app, "alpha").await;
    let text = exported(&app).await;
    assert_eq!(length(&app, "alpha").await, last + 1, "the export is on record");
    let keys = keys(&app).await;
    let (of, report) = check(&text, &[(name.clone(), signed.clone())], &keys);
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!((of.tenant.as_deref(), of.first, of.last, of.is_complete), (Some("alpha"), 1, last, true));
    assert_eq!((report.entries, report.checkpoints), (last.unsigned_abs(), 1));
    // Another program may spell the JSON as it likes.
    let respelled: Vec<String> = text
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("JSON");
            serde_json::to_string(&value).expect("JSON").replace("\":", "\" : ")
        })
        .collect();
    let respelled: Vec<String> = respelled.into_iter().map(|line| line.replace("\" : ", "\": ")).collect();
    assert_eq!(found(&respelled, &keys), []);
    // Checkpoints by themselves, as `audit checkpoint` prints them.
    let line = Line::of_checkpoint(&name, &signed).text().expect("a line");
    assert_eq!(checkpoints(line.as_bytes()).expect("checkpoints"), [(name, signed)]);
    // With keys of another installation nothing is signed.
    let others = [PublicKey::from_bytes(&[7; 32]).expect("a key")];
    let unsigned = check(&text, &[], &others).1.findings;
    assert_eq!(unsigned.iter().map(|found| found.kind).collect::<Vec<_>>(), [Kind::Unsigned]);
}

#[tokio::test]
async fn what_was_done_to_a_file_is_named() {
    let app = App::start().await;
    log(&app).await;
    let (name, signed) = app.services.audit_checkpoint_create(&system(&app, "alpha").await).await.expect("an answer");
    let signed = signed.expect("a checkpoint");
    let keys = keys(&app).await;
    let lines: Vec<String> = exported(&app).await.lines().map(str::to_owned).collect();
    // The first line says what it is, the second is the checkpoint: entry 5 stands in line 7.
    let at = |place: usize| place + 1;
    assert!(lines[at(5)].contains("\"sequence\":5,"), "{}", lines[at(5)]);
    assert_eq!(found(&lines, &keys), []);
    for (from, to) in [("\"entityType\":\"", "\"entityType\":\"x"), ("\"action\":\"", "\"action\":\"x")] {
        let mut changed = lines.clone();
        changed[at(5)] = changed[at(5)].replacen(from, to, 1);
        assert_ne!(changed, lines);
        assert_eq!(found(&changed, &keys), [(Kind::Changed, 5, 5)], "{from}");
    }
    let mut broken = lines.clone();
    broken[at(5)].truncate(40);
    assert_eq!(found(&broken, &keys), [(Kind::Changed, 5, 5)]);
    let mut removed = lines.clone();
    removed.remove(at(5));
    assert_eq!(found(&removed, &keys), [(Kind::Removed, 5, 5)]);
    let mut swapped = lines.clone();
    swapped.swap(at(5), at(6));
    assert_eq!(found(&swapped, &keys), [(Kind::Reordered, 5, 5)]);
    let mut twice = lines.clone();
    twice.insert(at(7), lines[at(5)].clone());
    assert_eq!(found(&twice, &keys), [(Kind::Inserted, 5, 5)]);
    let last = i64::try_from(lines.len() - 2).expect("a place");
    let mut cut = lines.clone();
    cut.truncate(lines.len() - 2);
    assert_eq!(found(&cut, &keys), [(Kind::Removed, last - 1, last)]);
    // Its first line says another end, and the checkpoint tells: it was kept elsewhere.
    let hash: Value = serde_json::from_str(&cut[cut.len() - 3]).expect("JSON");
    let mut first: Value = serde_json::from_str(&cut[0]).expect("JSON");
    cut.truncate(cut.len() - 2);
    cut.remove(1);
    (first["last"], first["hash"]) = (hash["sequence"].clone(), hash["hash"].clone());
    cut[0] = first.to_string();
    let (_, report) = check(&cut.join("\n"), &[], &keys);
    assert!(report.is_whole(), "{:?}", report.findings);
    let (_, report) = check(&cut.join("\n"), &[(name, signed.clone())], &keys);
    let found: Vec<_> = report.findings.iter().map(|found| (found.kind, found.last)).collect();
    assert_eq!(found, [(Kind::Removed, signed.sequence)]);
}

#[tokio::test]
async fn the_file_is_for_those_who_read_the_log() {
    let app = App::start().await;
    log(&app).await;
    for (person, status) in
        [("investor1", StatusCode::FORBIDDEN), ("advisor", StatusCode::FORBIDDEN), ("auditor", StatusCode::OK)]
    {
        let client = app.client("alpha", person).await;
        assert_eq!(download(&client, "").await.0, status, "{person}");
    }
    assert_eq!(download(&app.anonymous(), "").await.0, StatusCode::UNAUTHORIZED);
    let auditor = app.client("alpha", "auditor").await;
    let (_, text) = download(&auditor, "").await;
    let (of, report) = verify(text.as_bytes(), &[], None).expect("a report");
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!(of.last.unsigned_abs(), report.entries);
    let query = r#"{ auditLog(filter: { action: "auditLogExport" }) { nodes { actor after requestId } } }"#;
    let log = auditor.run(query).await;
    assert_eq!(log.at("/auditLog/nodes").as_array().map(Vec::len), Some(2), "{}", log.body);
    assert_eq!(*log.at("/auditLog/nodes/0/actor"), "auditor@alpha.example");
    assert_eq!(log.at("/auditLog/nodes/0/after")["last"], of.last);
    for bad in ["?from=yesterday", "?until=2024", "?from=2024-03-16T00:00:00Z&until=2024-03-15T00:00:00Z", "?x=1"] {
        assert_eq!(download(&auditor, bad).await.0, StatusCode::BAD_REQUEST, "{bad}");
    }
    // Nothing was done before the tests' day, whose entries are a part of the log that begins with its first.
    let (_, none) = download(&auditor, "?until=2024-03-14T00:00:00Z").await;
    let (of, report) = verify(none.as_bytes(), &[], None).expect("a report");
    assert_eq!((of.first, of.last, report.entries, report.is_whole()), (1, 0, 0, true), "{:?}", report.findings);
    let request = auditor.signed(Request::head("/audit-log.jsonl")).body(Body::empty()).expect("a request");
    let answer = auditor.send(request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_part_of_the_log_is_exported_by_time() {
    let app = App::start().await;
    log(&app).await;
    let before = length(&app, "alpha").await;
    app.clock.advance(chrono::TimeDelta::hours(1));
    let auditor = app.client("alpha", "auditor").await;
    app.client("alpha", "admin").await;
    let (_, text) = download(&auditor, "?from=2024-03-15T12:30:00Z").await;
    let (of, report) = verify(text.as_bytes(), &[], None).expect("a report");
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!((of.first, of.last, of.is_complete), (before + 1, before + 2, false));
    assert_eq!(report.entries, 2);
}
