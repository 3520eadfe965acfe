//! People of one tenant: an investor and another's portfolio, an advisor and one who is not their client, an auditor.

use serde_json::json;

use super::{attempt, gives_nothing, shows_none_of, slots};
use crate::support::{App, CALLS, Call, Client, Root, Sample, Superuser};

/// Puts ids of `target` in every place of every call and expects nothing, and nothing done.
async fn attack(app: &App, client: &Client, own: &Sample, ids: &[&String]) {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema("alpha").await;
    let before = inside.contents(&schema).await;
    let mut attempts = 0;
    for call in CALLS {
        let variables = (call.variables)(own);
        let places = slots(&variables);
        for slot in &places {
            for id in ids {
                let answer = attempt(app, client, call, super::with(&variables, slot, id)).await;
                let what = format!("{} with {id} at {slot}", call.field);
                assert!(gives_nothing(call.field, &answer), "{what}: {answer}");
                shows_none_of(&answer, ids, &what);
                attempts += 1;
            }
        }
        if places.is_empty() && call.root == Root::Query {
            let answer = attempt(app, client, call, variables).await;
            shows_none_of(&answer, ids, call.field);
        }
    }
    assert!(attempts > 30, "{attempts} attempts");
    assert_eq!(inside.contents(&schema).await, before, "something has changed");
}

#[tokio::test]
async fn an_investor_reaches_nothing_of_another() {
    let app = App::start().await;
    let target = Sample::of(&app, "alpha", "investor1").await;
    let own = Sample::of(&app, "alpha", "investor2").await;
    let client = app.client("alpha", "investor2").await;
    let ids = [
        &target.portfolio,
        &target.account,
        &target.transaction,
        &target.held,
        &target.replay,
        &target.simulation,
        &target.session,
        &target.user,
    ];
    attack(&app, &client, &own, &ids).await;
    let seen = client.run("{ portfolios { nodes { id } totalCount } }").await;
    assert_eq!(*seen.at("/portfolios"), json!({ "nodes": [{ "id": own.portfolio }], "totalCount": 1 }));
}

#[tokio::test]
async fn an_advisor_reaches_only_the_portfolios_assigned_to_them() {
    let app = App::start().await;
    let assigned = Sample::of(&app, "alpha", "investor1").await;
    let target = Sample::advised(&app, "alpha", "investor2", None).await;
    let client = app.client("alpha", "advisor").await;
    let ids =
        [&target.portfolio, &target.account, &target.transaction, &target.held, &target.replay, &target.simulation];
    attack(&app, &client, &assigned, &ids).await;
    let seen = client.run("{ portfolios { nodes { id } totalCount } }").await;
    assert_eq!(*seen.at("/portfolios"), json!({ "nodes": [{ "id": assigned.portfolio }], "totalCount": 1 }));
    let call = Call::of("transactionRecord");
    let recorded = client.run_with(call.document, (call.variables)(&assigned)).await;
    assert_eq!(recorded.user_errors("transactionRecord"), Vec::<String>::new());
}

#[tokio::test]
async fn a_portfolio_is_made_for_oneself_or_a_client_and_for_nobody_else() {
    let app = App::start().await;
    let first = Sample::of(&app, "alpha", "investor1").await;
    let call = Call::of("portfolioCreate");
    for (person, advisor) in
        [("investor2", None), ("investor2", Some(&first.advisor)), ("advisor", None), ("auditor", None)]
    {
        let input = json!({ "input": { "name": "Foisted", "baseCurrency": "EUR", "ownerId": first.user,
            "advisorId": advisor } });
        let answer = app.client("alpha", person).await.run_with(call.document, input).await;
        assert_eq!(answer.error_code(), "FORBIDDEN", "{person} with the advisor {advisor:?}: {}", answer.body);
    }
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let made = format!("SELECT count(*)::text FROM {schema}.portfolio WHERE name = 'Foisted'");
    assert_eq!(inside.text(&made).await, "0");
}

#[tokio::test]
async fn an_auditor_reads_all_and_changes_nothing() {
    let app = App::start().await;
    let samples =
        [Sample::of(&app, "alpha", "investor1").await, Sample::advised(&app, "alpha", "investor2", None).await];
    let (auditor, admin) = (app.client("alpha", "auditor").await, app.client("alpha", "admin").await);
    for sample in &samples {
        for field in ["portfolios", "portfolio", "replay", "simulation", "node", "nodes", "users"] {
            let call = Call::of(field);
            let seen = attempt(&app, &auditor, call, (call.variables)(sample)).await;
            assert_eq!(seen, attempt(&app, &admin, call, (call.variables)(sample)).await, "{field}");
            assert!(!gives_nothing(field, &seen), "{seen}");
        }
    }
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let before = inside.contents(&schema).await;
    // A log-in and one's own settings are nobody else's, a replay or a simulation is a question, figures are the same stored or not, and
    // a checkpoint signs what is there.
    let own = [
        "login",
        "tokenRefresh",
        "logout",
        "emailChange",
        "emailChangeConfirm",
        "invitationAccept",
        "passwordChange",
        "passwordReset",
        "passwordResetRequest",
        "sessionEnd",
        "sessionsEndAll",
        "userSettingsUpdate",
        "replayRequest",
        "simulationRequest",
        "performanceMetricsCompute",
        "auditCheckpointCreate",
    ];
    for call in CALLS.iter().filter(|call| call.root == Root::Mutation && !own.contains(&call.field)) {
        for sample in &samples {
            let answer = auditor.run_with(call.document, (call.variables)(sample)).await;
            assert_eq!(answer.error_code(), "FORBIDDEN", "{}: {}", call.field, answer.body);
        }
    }
    assert_eq!(inside.contents(&schema).await, before);
}
