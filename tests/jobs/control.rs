//! What people do about jobs of their own tenant: cancelling, trying again, discarding.

use serde_json::json;

use crate::support::{App, Superuser};

const CANCEL: &str = "mutation($id: ID!) { jobCancel(id: $id) { job { id } userErrors { code field } } }";

#[tokio::test]
async fn a_job_that_waits_is_cancelled_by_its_own_people_and_nobody_else() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let [_, _, waiting, ..] = inside.background("alpha").await;
    let (own, other) = (app.client("alpha", "admin").await, app.client("beta", "admin").await);
    let id = json!({ "id": waiting });
    for stranger in [&other, &app.operator().await] {
        let answer = stranger.run_with(CANCEL, id.clone()).await;
        assert_eq!(answer.at("/jobCancel/userErrors/0/code"), &json!("NOT_FOUND"));
    }
    let state = "SELECT state FROM platform.job WHERE kind = 'sampled' AND state = 'WAITING'";
    assert_eq!(inside.texts(state).await, ["WAITING"]);
    own.run_with(CANCEL, id.clone()).await.at("/jobCancel");
    assert!(inside.texts(state).await.is_empty());
    let run = "SELECT outcome || ' ' || (cancelled_by IS NOT NULL) FROM platform.job_run WHERE outcome = 'CANCELLED'";
    assert_eq!(inside.texts(run).await, ["CANCELLED true"]);
    let schema = inside.schema("alpha").await;
    let audited = format!("SELECT action FROM {schema}.audit_log WHERE action LIKE 'job%'");
    assert_eq!(inside.texts(&audited).await, ["jobCancel"]);
    let again = own.run_with(CANCEL, id).await;
    assert_eq!(again.at("/jobCancel/userErrors/0/code"), &json!("NOT_FOUND"));
}
