//! Signed checkpoints: what they show that the chain alone cannot.

use chrono::TimeDelta;
use portfolio_analyzer::audit::checkpoint::Checkpoint;
use portfolio_analyzer::audit::verify::{Kind, Report};

use super::{length, log, system, verify};
use crate::support::{App, Superuser};

/// Signs where the log of a tenant is.
async fn sign(app: &App) -> Checkpoint {
    let (_, made) = app.services.audit_checkpoint_create(&system(app, "alpha").await).await.expect("an answer");
    made.expect("a checkpoint")
}

async fn against(app: &App, kept: &[Checkpoint]) -> Report {
    app.services.audit_verify(&system(app, "alpha").await, kept, None).await.expect("a report").1
}

/// What the owner of the database does who knows how the chain is made: seals everything from an entry on anew, in the tables.
const RESEAL: &str = "
DO $$
DECLARE
    entry SCHEMA.audit_log%ROWTYPE;
    last bytea;
BEGIN
    SELECT hash INTO last FROM SCHEMA.audit_log WHERE sequence = 4;
    FOR entry IN SELECT * FROM SCHEMA.audit_log WHERE sequence > 4 ORDER BY sequence LOOP
        entry.previous := last;
        entry.hash := sha256(convert_to('portfolio-analyzer audit link 1', 'UTF8') || '\\x00'::bytea || last
            || int8send(entry.sequence) || sha256(
            convert_to('portfolio-analyzer audit entry 1', 'UTF8') || '\\x00'::bytea
            || SCHEMA.audit_field(uuid_send(entry.id))
            || SCHEMA.audit_field(int8send((extract(epoch FROM entry.at) * 1000000)::bigint))
            || SCHEMA.audit_field(uuid_send(entry.actor_id)) || SCHEMA.audit_field(uuid_send(entry.behalf_of))
            || SCHEMA.audit_field(convert_to(entry.actor_name, 'UTF8')) || SCHEMA.audit_field(convert_to(entry.action, 'UTF8'))
            || SCHEMA.audit_field(convert_to(entry.entity_type, 'UTF8'))
            || SCHEMA.audit_field(convert_to(entry.entity_id, 'UTF8'))
            || SCHEMA.audit_field(convert_to(SCHEMA.audit_canonical(entry.before), 'UTF8'))
            || SCHEMA.audit_field(convert_to(SCHEMA.audit_canonical(entry.after), 'UTF8'))
            || SCHEMA.audit_field(convert_to(entry.request_id, 'UTF8'))
            || SCHEMA.audit_field(convert_to(SCHEMA.audit_canonical(entry.personal), 'UTF8'))));
        UPDATE SCHEMA.audit_log SET previous = entry.previous, hash = entry.hash WHERE id = entry.id;
        last := entry.hash;
    END LOOP;
    UPDATE SCHEMA.audit_head SET hash = last;
END
$$";

#[tokio::test]
async fn a_log_that_was_sealed_anew_is_not_the_one_that_was_signed() {
    let app = App::start().await;
    let mut inside = log(&app).await;
    let kept = sign(&app).await;
    let report = against(&app, std::slice::from_ref(&kept)).await;
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!(report.checkpoints, 1);
    inside.execute("DELETE FROM SCHEMA.audit_checkpoint").await;
    let search = "SET search_path TO SCHEMA; ";
    inside.execute("UPDATE SCHEMA.audit_log SET action = 'portfolioRead' WHERE sequence = 5").await;
    inside.execute(&format!("{search}{RESEAL}")).await;
    assert!(verify(&app, "alpha").await.is_whole(), "the chain alone shows nothing of it");
    let found = against(&app, std::slice::from_ref(&kept)).await.findings;
    let found: Vec<_> = found.iter().map(|found| (found.kind, found.first, found.last)).collect();
    assert_eq!(found, [(Kind::Changed, 1, kept.sequence)]);
}

#[tokio::test]
async fn a_log_whose_end_was_cut_off_with_its_head_is_shorter_than_what_was_signed() {
    let app = App::start().await;
    let mut inside = log(&app).await;
    let kept = sign(&app).await;
    inside
        .execute(
            "DELETE FROM SCHEMA.audit_checkpoint; DELETE FROM SCHEMA.audit_log WHERE sequence > 6; \
             UPDATE SCHEMA.audit_head SET sequence = 6, hash = (SELECT hash FROM SCHEMA.audit_log WHERE sequence = 6)",
        )
        .await;
    assert!(verify(&app, "alpha").await.is_whole(), "the chain alone shows nothing of it");
    let found = against(&app, std::slice::from_ref(&kept)).await.findings;
    let found: Vec<_> = found.iter().map(|found| (found.kind, found.first, found.last)).collect();
    assert_eq!(found, [(Kind::Removed, 7, kept.sequence)]);
}

#[tokio::test]
async fn a_checkpoint_that_is_not_signed_by_the_installation_is_no_proof() {
    let app = App::start().await;
    log(&app).await;
    let kept = sign(&app).await;
    let forgeries = [
        Checkpoint { signature: vec![0; 64], ..kept.clone() },
        Checkpoint { hash: vec![1; 32], ..kept.clone() },
        Checkpoint { sequence: kept.sequence - 1, ..kept.clone() },
        Checkpoint { at: kept.at + TimeDelta::microseconds(1), ..kept.clone() },
        Checkpoint { key_id: "another".to_owned(), ..kept.clone() },
    ];
    for forged in forgeries {
        let found = against(&app, std::slice::from_ref(&forged)).await.findings;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].kind, found[0].first), (Kind::Unsigned, forged.sequence));
    }
}

#[tokio::test]
async fn housekeeping_signs_once_a_day() {
    let app = App::start().await;
    log(&app).await;
    let caller = system(&app, "alpha").await;
    let count = async || {
        let mut inside = Superuser::of(&app).await;
        let schema = inside.schema("alpha").await;
        inside.text(&format!("SELECT count(*)::text FROM {schema}.audit_checkpoint")).await
    };
    app.services.housekeeping(&caller).await.expect("done");
    assert_eq!(count().await, "1");
    app.client("alpha", "admin").await;
    app.services.housekeeping(&caller).await.expect("done");
    assert_eq!(count().await, "1", "the same day");
    app.clock.advance(TimeDelta::days(1));
    app.services.housekeeping(&caller).await.expect("done");
    assert_eq!(count().await, "2");
    app.clock.advance(TimeDelta::days(1));
    app.services.housekeeping(&caller).await.expect("done");
    assert_eq!(count().await, "2", "nothing was done since");
    let report = verify(&app, "alpha").await;
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!(report.checkpoints, 2);
}

#[tokio::test]
async fn an_auditor_signs_and_sees_what_was_signed() {
    let app = App::start().await;
    log(&app).await;
    let auditor = app.client("alpha", "auditor").await;
    let sign = "mutation { auditCheckpointCreate { checkpoint { log sequence hash at keyId signature } userErrors { code } } }";
    let last = length(&app, "alpha").await;
    let made = auditor.run(sign).await;
    let made = made.at("/auditCheckpointCreate/checkpoint");
    assert_eq!(made["sequence"], last);
    assert_eq!(made["at"], "2024-03-15T12:00:00+00:00");
    assert_eq!(length(&app, "alpha").await, last + 1, "that it was signed is an entry");
    auditor.run(sign).await.at("/auditCheckpointCreate/checkpoint/sequence");
    let shown = auditor
        .run("{ auditCheckpoints(first: 1) { nodes { sequence } pageInfo { endCursor hasNextPage } totalCount } }")
        .await;
    assert_eq!(*shown.at("/auditCheckpoints/totalCount"), 2);
    assert_eq!(*shown.at("/auditCheckpoints/nodes/0/sequence"), last + 1);
    let cursor = shown.text("/auditCheckpoints/pageInfo/endCursor");
    let next =
        format!("{{ auditCheckpoints(after: \"{cursor}\") {{ nodes {{ log sequence hash at keyId signature }} }} }}");
    assert_eq!(auditor.run(&next).await.at("/auditCheckpoints/nodes")[0], *made);
}
