//! Simulations that a job draws: the same as in the request, by any number of outcomes, for whoever may read the portfolio.

use chrono::TimeDelta;
use portfolio_analyzer::queue::SIMULATION;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, App, Book, Client, Superuser};

const REQUEST: &str = r"mutation($input: SimulationRequestInput!) { simulationRequest(input: $input) {
    simulation { id status message paths seed } userErrors { code message field } } }";
const STATUS: &str = r"query($id: ID!) { simulation(id: $id) { id status message paths pathsDone seed horizon confidence observations
    openingDate endDate currency finishedAt requestedBy { email } portfolioId amount { amount currency }
    valueAtRisk { value method conventions reasons { code message } } expectedShortfall { value reasons { code } } } }";

async fn ask(book: &Book, client: &Client, more: Value) -> Answer {
    let mut input = json!({ "portfolioId": book.portfolio, "from": "2024-01-05", "to": "2024-03-14" });
    input.as_object_mut().expect("an input").extend(more.as_object().expect("fields").clone());
    client.run_with(REQUEST, json!({ "input": input })).await
}

async fn asked(book: &Book, more: Value) -> String {
    let answer = ask(book, &book.client, more).await;
    assert_eq!(answer.user_errors("simulationRequest"), [""; 0], "{}", answer.body);
    answer.text("/simulationRequest/simulation/id")
}

async fn status(client: &Client, id: &str) -> Value {
    client.run_with(STATUS, json!({ "id": id })).await.at("/simulation").clone()
}

/// Value at risk and expected shortfall in the request.
async fn direct(book: &Book, paths: i32, seed: i32, horizon: i32) -> [f64; 2] {
    let fields = format!(
        "analytics(range: {{ from: \"2024-01-05\" }}) {{ tailRisk(input: {{ estimator: MONTE_CARLO, paths: {paths}, seed: {seed},
            horizon: {horizon} }}) {{ valueAtRisk {{ value }} expectedShortfall {{ value }} }} }}"
    );
    figures(&book.show("2024-03-14", None, &fields).await["analytics"]["tailRisk"])
}

fn figures(of: &Value) -> [f64; 2] {
    ["valueAtRisk", "expectedShortfall"]
        .map(|name| of[name]["value"].as_f64().unwrap_or_else(|| panic!("{name} of {of}")))
}

async fn opened(app: &App) -> Book {
    let book = Book::open(app, "EUR").await;
    book.deposit("2024-01-03", "5000", "USD").await;
    book.buy("2024-01-03", "ACME", "10", "250").await;
    book.buy("2024-01-03", "GLOBEX", "5", "190").await;
    book
}

fn key(id: &str) -> Uuid {
    Uuid::parse_str(id.trim_start_matches("sim_")).expect("an id")
}

#[tokio::test]
async fn a_million_outcomes_are_drawn_and_the_first_are_those_of_the_request() {
    let app = App::start().await;
    let book = opened(&app).await;
    let id = asked(&book, json!({ "paths": 50_000, "seed": 7, "horizon": 10 })).await;
    let waiting = status(&book.client, &id).await;
    assert_eq!((&waiting["status"], &waiting["valueAtRisk"]["value"]), (&json!("QUEUED"), &json!(null)));
    assert_eq!(waiting["expectedShortfall"]["reasons"], json!([{ "code": "NOT_DONE" }]));
    app.work().await;
    let done = status(&book.client, &id).await;
    assert_eq!((&done["status"], &done["pathsDone"], &done["seed"]), (&json!("DONE"), &json!(50_000), &json!(7)));
    assert_eq!(figures(&done), direct(&book, 50_000, 7, 10).await, "to the last digit");
    assert_eq!(done["requestedBy"]["email"], "investor1@alpha.example");
    assert_eq!(done["portfolioId"], json!(book.portfolio));
    assert_eq!((&done["openingDate"], &done["currency"]), (&json!("2024-01-04"), &json!("EUR")));
    assert!(done["valueAtRisk"]["conventions"].to_string().contains("50000 outcomes of seed 7"), "{done}");
    let total = book.show("2024-03-14", None, "totals { totalValue { value { amount } } }").await;
    let number = |value: &Value| value.as_str().expect("an amount").parse::<f64>().expect("a number");
    let total = number(&total["totals"]["totalValue"]["value"]["amount"]);
    assert!((number(&done["amount"]["amount"]) - figures(&done)[0] * total).abs() < 1e-6, "{done}");

    let id = asked(&book, json!({ "horizon": 10 })).await;
    app.work().await;
    let million = status(&book.client, &id).await;
    assert_eq!((&million["status"], &million["pathsDone"]), (&json!("DONE"), &json!(1_000_000)), "{million}");
    // So many more outcomes of the same distribution are nearer to its quantile, not elsewhere.
    let [few, many] = [figures(&done), figures(&million)];
    assert!(many.iter().zip(few).all(|(one, other)| (one / other - 1.0).abs() < 0.05), "{few:?} and {many:?}");
    assert!(many[1] > many[0] && many[0] > 0.0, "{many:?}");
    let refused = book
        .client
        .run_with(
            "query($id: ID!) { portfolio(id: $id) { analytics { tailRisk(input: { estimator: MONTE_CARLO, paths: 1000000 }) { observations } } } }",
            json!({ "id": book.portfolio }),
        )
        .await;
    let message = refused.body["errors"][0]["message"].as_str().expect("a message");
    assert!(message.contains("1000000") && message.contains("simulationRequest"), "{message}");
}

#[tokio::test]
async fn one_question_is_one_simulation_until_it_is_answered() {
    let app = App::start().await;
    let book = opened(&app).await;
    let few = json!({ "paths": 2_000 });
    let id = asked(&book, few.clone()).await;
    assert_eq!(asked(&book, few.clone()).await, id);
    assert_ne!(asked(&book, json!({ "paths": 2_000, "seed": 2 })).await, id);
    app.work().await;
    assert_eq!(status(&book.client, &id).await["status"], "DONE");
    let listed = book.show("2024-03-14", None, "simulations { id seed }").await["simulations"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert!(listed.as_array().is_some_and(|all| all.iter().any(|one| one["id"] == json!(id))), "{listed}");
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let audited = format!("SELECT count(*)::text FROM {schema}.audit_log WHERE action = 'simulationRequest'");
    assert_eq!(inside.text(&audited).await, "2");
    // A price by hand has no version that would tell: what is asked again is drawn again.
    let again = asked(&book, few.clone()).await;
    assert_ne!(again, id);
    book.buy("2024-03-01", "ACME", "1", "250").await;
    assert_ne!(asked(&book, few.clone()).await, again, "other books are another question");
    // Whoever may read the portfolio asks and reads; nobody else knows of it.
    let (auditor, other) = (app.client("alpha", "auditor").await, app.client("alpha", "investor2").await);
    let answer = ask(&book, &auditor, json!({ "paths": 3_000 })).await;
    assert_eq!(answer.user_errors("simulationRequest"), [""; 0], "{}", answer.body);
    assert_eq!(status(&auditor, &id).await["status"], "DONE");
    assert_eq!(status(&other, &id).await, json!(null));
    assert_eq!(ask(&book, &other, few.clone()).await.user_errors("simulationRequest"), ["NOT_FOUND"]);
    assert_eq!(status(&app.client("beta", "admin").await, &id).await, json!(null));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_its_number() {
    let app = App::start().await;
    let book = opened(&app).await;
    for (more, code, field, words) in [
        (json!({ "paths": 10_000_001 }), "INVALID_INPUT", "paths", "10000001 is not between 1000 and 10000000"),
        (json!({ "paths": 999 }), "INVALID_INPUT", "paths", "999"),
        (json!({ "confidence": 1.0 }), "INVALID_INPUT", "confidence", "1 is not above 0 and below 1"),
        (json!({ "horizon": 0 }), "INVALID_INPUT", "horizon", "0 is not between 1 and 2520"),
        (json!({ "seed": -1 }), "INVALID_INPUT", "seed", "-1 is below zero"),
        (json!({ "from": "2024-03-15" }), "INVALID_INPUT", "from", "2024-03-15 is after the last day, 2024-03-14"),
        (json!({ "to": "2024-04-01" }), "FUTURE_DATE", "to", "2024-04-01"),
    ] {
        let answer = ask(&book, &book.client, more.clone()).await;
        assert_eq!(answer.user_errors("simulationRequest"), [code], "{more}: {}", answer.body);
        let error = answer.at("/simulationRequest/userErrors/0");
        assert_eq!(error["field"], json!(["input", field]));
        assert!(error["message"].as_str().expect("words").contains(words), "{error}");
    }
    let mut first = String::new();
    for seed in 0..20 {
        let id = asked(&book, json!({ "paths": 1_000, "seed": seed })).await;
        first = if seed == 0 { id } else { first };
    }
    let answer = ask(&book, &book.client, json!({ "paths": 1_000, "seed": 20 })).await;
    assert_eq!(answer.user_errors("simulationRequest"), ["LIMIT_REACHED"], "{}", answer.body);
    app.work().await;
    assert_eq!(status(&book.client, &first).await["status"], "DONE");
    // Of a hundred that are kept the oldest makes room.
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let many = format!(
        "INSERT INTO {schema}.simulation SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'requested_at',
         s.requested_at + make_interval(secs => n)))).* FROM {schema}.simulation s, generate_series(1, 80) n WHERE seed = 19"
    );
    inside.run(&many).await;
    let last = asked(&book, json!({ "paths": 1_000, "seed": 101 })).await;
    assert_eq!(status(&book.client, &first).await, json!(null));
    assert_eq!(status(&book.client, &last).await["status"], "QUEUED");
    let kept = inside.text(&format!("SELECT count(*)::text FROM {schema}.simulation")).await;
    assert_eq!(kept, "100");
}

#[tokio::test]
async fn what_cannot_be_drawn_fails_with_its_reason() {
    let app = App::start().await;
    let book = opened(&app).await;
    let short = asked(&book, json!({ "from": "2024-03-08" })).await;
    app.work().await;
    book.buy("2024-03-01", "COIN", "1", "100").await;
    let unpriced = asked(&book, json!({})).await;
    app.work().await;
    let few = status(&book.client, &short).await;
    assert_eq!((&few["status"], &few["valueAtRisk"]["value"]), (&json!("FAILED"), &json!(null)));
    assert_eq!(few["expectedShortfall"]["reasons"], json!([{ "code": "NO_ESTIMATE" }]));
    assert!(few["message"].as_str().expect("words").contains("TOO_FEW_OBSERVATIONS"), "{few}");
    let unknown = status(&book.client, &unpriced).await;
    assert!(unknown["message"].as_str().expect("words").contains("UNKNOWN_VALUE"), "{unknown}");
    assert_eq!(app.queued().await.len(), 0, "another try would find the same");
}

#[tokio::test]
async fn whoever_takes_a_simulation_over_draws_from_the_same() {
    let app = App::start().await;
    let book = opened(&app).await;
    let before = direct(&book, 20_000, 3, 1).await;
    let id = asked(&book, json!({ "paths": 20_000, "seed": 3 })).await;
    assert!(app.claim_and_die(SIMULATION).await.is_some());
    // One that has begun, then died, before the books changed.
    let begun = app.services.simulation_begin(&app.system("alpha").await, key(&id)).await.expect("a drawing");
    assert_eq!(begun.expect("what is drawn").paths(), 20_000);
    book.sell("2024-03-01", "ACME", "10", "250").await;
    app.work().await;
    assert_eq!(status(&book.client, &id).await["status"], "RUNNING", "its lease is not over yet");
    app.clock.advance(TimeDelta::minutes(1));
    app.work().await;
    let done = status(&book.client, &id).await;
    assert_eq!(figures(&done), before);
    assert_ne!(figures(&done), direct(&book, 20_000, 3, 1).await);
}

#[tokio::test]
async fn a_simulation_is_cancelled_asked_again_and_removed_in_the_end() {
    let app = App::start().await;
    let book = opened(&app).await;
    app.work().await;
    let few = json!({ "paths": 2_000 });
    let id = asked(&book, few.clone()).await;
    let admin = app.client("alpha", "admin").await;
    let jobs = admin.run("{ jobs { nodes { id kind } } }").await;
    let nodes = jobs.at("/jobs/nodes").as_array().expect("jobs").clone();
    let job = nodes.iter().find(|job| job["kind"] == "simulation").expect("the job")["id"].clone();
    let cancel = "mutation($id: ID!) { jobCancel(id: $id) { userErrors { code } } }";
    assert_eq!(admin.run_with(cancel, json!({ "id": job })).await.user_errors("jobCancel"), [""; 0]);
    let cancelled = status(&book.client, &id).await;
    assert_eq!(cancelled["status"], "FAILED");
    assert!(cancelled["message"].as_str().expect("words").contains("cancelled"), "{cancelled}");
    assert_eq!(asked(&book, few.clone()).await, id);
    assert_eq!(status(&book.client, &id).await["status"], "QUEUED");
    app.work().await;
    assert_eq!(status(&book.client, &id).await["status"], "DONE");
    // Its job was given up with those who took it.
    let lost = asked(&book, json!({ "paths": 4_000 })).await;
    while app.claim_and_die(SIMULATION).await.is_some() {
        app.clock.advance(TimeDelta::seconds(30));
    }
    app.work().await;
    let book = book.with_client(app.client("alpha", "investor1").await);
    assert_eq!(status(&book.client, &lost).await["status"], "QUEUED");
    app.clock.advance(TimeDelta::minutes(11));
    let book = book.with_client(app.client("alpha", "investor1").await);
    assert_eq!(asked(&book, json!({ "paths": 4_000 })).await, lost);
    app.work().await;
    assert_eq!(status(&book.client, &lost).await["status"], "DONE");

    for (days, is_there) in [(89, true), (2, false)] {
        app.clock.advance(TimeDelta::days(days));
        app.services.housekeeping(&app.system("alpha").await).await.expect("cleaned");
        let client = app.client("alpha", "investor1").await;
        assert_eq!(!status(&client, &id).await.is_null(), is_there, "after {days} days more");
    }
}
