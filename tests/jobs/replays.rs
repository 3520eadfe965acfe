//! What was known at an instant, booked by a job: the same as in the request, once, for whoever may read the portfolio.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use portfolio_analyzer::clock::Clock;
use portfolio_analyzer::queue::REPLAY;
use portfolio_analyzer::services::import::HEADER;
use serde_json::{Value, json};
use uuid::Uuid;

use super::around::import_with;
use crate::support::{Answer, App, Book, Client, REVERSE, Superuser};

const AS_OF: &str = "2024-03-14";

const REQUEST: &str = r"mutation($input: ReplayRequestInput!) { replayRequest(input: $input) {
    replay { id status message calculationVersion progress { rowsBooked rows } }
    userErrors { code message field } } }";
const STATUS: &str = r"query($id: ID!) { replay(id: $id) { id knownAt asOf calculationVersion status message
    progress { rowsBooked rows } finishedAt requestedBy { email } positions { totalCount } lots { totalCount }
    cash { currency } } }";
/// What a replay answers, and the same as the request answers it.
const REPLAYED: [&str; 3] = [
    "query($id: ID!, $after: String) { of: replay(id: $id) { list: positions(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor } nodes { instrument { symbol } account { name } quantity cost { amount currency }
        costLocal { amount currency } realizedGain { amount } realizedGainLocal { amount } income { amount } } } } }",
    "query($id: ID!, $after: String) { of: replay(id: $id) { list: lots(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor } nodes { id instrument { symbol } account { name } openedBy { id } openedOn
        quantityOpened quantityRemaining cost { amount currency } costLocal { amount currency } } } } }",
    "query($id: ID!) { of: replay(id: $id) { cash { currency amount { amount } unsettled { amount } } } }",
];
const REQUESTED: [&str; 3] = [
    "query($id: ID!, $asOf: Date, $knownAt: DateTime, $after: String) { of: portfolio(id: $id, asOf: $asOf, knownAt: $knownAt) {
        list: holdings(first: 100, after: $after, includeClosed: true) { pageInfo { hasNextPage endCursor }
        nodes { instrument { symbol } account { name } quantity cost { amount currency } costLocal { amount currency }
        realizedGain { amount } realizedGainLocal { amount } income { amount } } } } }",
    "query($id: ID!, $asOf: Date, $knownAt: DateTime, $after: String) { of: portfolio(id: $id, asOf: $asOf, knownAt: $knownAt) {
        list: lots(first: 100, after: $after, openOnly: true) { pageInfo { hasNextPage endCursor }
        nodes { id instrument { symbol } account { name } openedBy { id } openedOn quantityOpened quantityRemaining
        cost { amount currency } costLocal { amount currency } } } } }",
    "query($id: ID!, $asOf: Date, $knownAt: DateTime) { of: portfolio(id: $id, asOf: $asOf, knownAt: $knownAt) {
        cash { currency amount { amount } unsettled { amount } } } }",
];

/// Moves the clock on and gives the instant before.
fn later(app: &App) -> DateTime<Utc> {
    let before = app.clock.now();
    app.clock.advance(TimeDelta::minutes(1));
    before
}

async fn ask(client: &Client, portfolio: &str, known_at: &str, as_of: &str) -> Answer {
    let input = json!({ "portfolioId": portfolio, "knownAt": known_at, "asOf": as_of });
    client.run_with(REQUEST, json!({ "input": input })).await
}

/// Asks for what must be given; the replay.
async fn asked(book: &Book, known_at: DateTime<Utc>) -> Value {
    let answer = ask(&book.client, &book.portfolio, &known_at.to_rfc3339(), AS_OF).await;
    assert_eq!(answer.user_errors("replayRequest"), [""; 0], "{}", answer.body);
    answer.at("/replayRequest/replay").clone()
}

fn id_of(replay: &Value) -> String {
    replay["id"].as_str().expect("an id").to_owned()
}

async fn status(client: &Client, id: &str) -> Value {
    client.run_with(STATUS, json!({ "id": id })).await.at("/replay").clone()
}

/// Everything that a query lists, page by page.
async fn listed(client: &Client, query: &str, mut variables: Value) -> Vec<String> {
    let mut rows = Vec::new();
    loop {
        let answer = client.run_with(query, variables.clone()).await;
        let of = answer.at("/of");
        let (nodes, info) = match of.get("list") {
            Some(list) => (&list["nodes"], &list["pageInfo"]),
            None => (&of["cash"], &Value::Null),
        };
        rows.extend(nodes.as_array().unwrap_or_else(|| panic!("a list: {}", answer.body)).iter().map(Value::to_string));
        if info["hasNextPage"] != true {
            rows.sort();
            return rows;
        }
        variables["after"] = info["endCursor"].clone();
    }
}

async fn replayed(book: &Book, id: &str) -> Vec<Vec<String>> {
    let mut lists = Vec::new();
    for query in REPLAYED {
        lists.push(listed(&book.client, query, json!({ "id": id })).await);
    }
    lists
}

async fn requested(book: &Book, known_at: DateTime<Utc>) -> Vec<Vec<String>> {
    let mut lists = Vec::new();
    for query in REQUESTED {
        let variables = json!({ "id": book.portfolio, "asOf": AS_OF, "knownAt": known_at });
        lists.push(listed(&book.client, query, variables).await);
    }
    lists
}

/// A file of rows written as `column=value|…`.
fn file(rows: &[String]) -> String {
    let row = |row: &String| {
        let cells: Vec<(&str, &str)> = row.split('|').filter_map(|cell| cell.split_once('=')).collect();
        let cell = |column: &&str| cells.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value);
        HEADER.iter().map(cell).collect::<Vec<_>>().join(",")
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("{}\n{}\n", HEADER.join(","), rows.join("\n"))
}

/// Rows of every kind that links or splits, and some hundred between them: more than are booked at a time.
fn rows() -> Vec<String> {
    let mut rows: Vec<String> = [
        "date=2024-01-31|type=BUY|symbol=GLOBEX|quantity=30|price=10|fee=1|currency=USD|account=Main",
        "date=2024-01-31|type=BUY|symbol=GLOBEX|quantity=10|price=11|tax=2|currency=USD|account=Other",
        // In the market's place, two days late; the other account has the market's own.
        "date=2024-02-03|type=SPLIT|symbol=GLOBEX|ratio=3:1|account=Main|decision=KEEP_MINE",
        "date=2024-03-01|type=DEPOSIT|amount=5000|fee=3|currency=USD|account=Main",
        "date=2024-03-04|type=FX_CONVERSION|amount=85|currency=USD|counter_amount=78|counter_currency=EUR|account=Main",
        "date=2024-03-04|type=SHORT_SELL|symbol=COIN|quantity=2|price=10|currency=USD|account=Other",
        "date=2024-03-04|type=BUY|symbol=NOTE|quantity=1000|price=99|currency=EUR|account=Main|accrued_interest=1.25",
        "date=2024-03-05|type=BUY|symbol=ACME  240315C00250000|quantity=2|price=3|currency=USD|account=Main",
        "date=2024-03-12|type=SPIN_OFF|symbol=GLOBEX|counter_symbol=NEWCO|counter_quantity=1|cost_fraction=0.2|account=Main",
        "date=2024-03-13|type=OPTION_EXERCISE|symbol=ACME  240315C00250000|quantity=1|fee=5|account=Main",
        "date=2024-03-13|type=INTEREST|amount=7|tax=1|currency=EUR|account=Other",
        "date=2024-03-14|type=SELL|symbol=ACME|quantity=1|price=260|currency=USD|account=Main|settlement_date=2024-03-18",
        "date=2024-03-14|type=BUY|symbol=GLOBEX|quantity=1|price=20|currency=USD|account=Other|settlement_date=2024-03-18",
    ]
    .map(str::to_owned)
    .into();
    for index in 0..420 {
        let day = ["2024-03-01", "2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08"][index / 70];
        let account = if index % 3 == 0 { "Other" } else { "Main" };
        let is_early_sale = index % 6 == 3 && index < 60;
        let symbol = if index % 5 < 3 || is_early_sale { "ACME" } else { "NEWCO" };
        let tail = format!("|currency=USD|account={account}|external_id=e{index}");
        rows.push(match index % 6 {
            0..=2 => format!("date={day}|type=BUY|symbol={symbol}|quantity=2.5|price=1{index}.25|fee=0.1{tail}"),
            3 => format!("date={day}|type=SELL|symbol={symbol}|quantity=0.75|price=2{index}|tax=0.3{tail}"),
            4 => format!("date={day}|type=FEE|amount=2.5{tail}"),
            _ => format!("date={day}|type=DIVIDEND|symbol=ACME|amount=10|tax=1.5{tail}"),
        });
    }
    rows
}

async fn opened(app: &App) -> Book {
    let book = Book::with_accounts(app.client("alpha", "investor1").await, "EUR", &["Main", "Other"]).await;
    let answer = book.import_file(&file(&rows()), "ALL_OR_NOTHING").await;
    assert_eq!(*answer.at("/transactionsImport/rowsRecorded"), 433, "{}", answer.body);
    book
}

async fn use_method(book: &Book, method: &str) {
    let version = book.show(AS_OF, None, "version").await["version"].clone();
    let update =
        "mutation($id: ID!, $version: Int!, $method: LotMethod!) { portfolioUpdate(id: $id, expectedVersion: $version,
        input: { bookkeeping: { lotMethod: $method, tradeCharges: EXPENSED } }) { userErrors { code message } } }";
    let variables = json!({ "id": book.portfolio, "version": version, "method": method });
    let updated = book.client.run_with(update, variables).await;
    assert_eq!(updated.user_errors("portfolioUpdate"), [""; 0], "{}", updated.body);
}

/// What of a replay differs, in any column, from the books of all that is recorded.
async fn differs_from_the_books(app: &App, replay: &str) -> Vec<String> {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema("alpha").await;
    let replay = Uuid::parse_str(replay.trim_start_matches("rpl_")).expect("an id");
    let of_replay = format!("FROM {schema}.replay r JOIN {schema}");
    let asked = format!("ON x.portfolio_id = r.portfolio_id WHERE r.id = '{replay}'");
    let on_day = "x.valid_from <= r.as_of AND (x.valid_until IS NULL OR x.valid_until > r.as_of)";
    let lists = [
        (
            "account_id, instrument_id, quantity, cost_local, cost_base, realized_local, realized_base, income_local, \
             income_base, withholding_base, fees_base, taxes_base, expensed_base",
            "position",
            format!("{of_replay}.fact_daily_positions x {asked} AND {on_day}"),
        ),
        (
            "account_id, currency, amount, unsettled, interest_base, fees_base, taxes_base",
            "cash",
            format!("{of_replay}.fact_daily_cash x {asked} AND {on_day}"),
        ),
        (
            "transaction_id, account_id, instrument_id, ordinal, opened_on, quantity_opened, quantity_remaining, cost_local, \
             cost_base",
            "lot",
            format!("{of_replay}.lot x {asked} AND x.closed_on IS NULL"),
        ),
    ];
    let mut differences = Vec::new();
    for (columns, table, books) in lists {
        let kept = format!("SELECT {columns} FROM {schema}.replay_{table} WHERE replay_id = '{replay}'");
        let books = format!(
            "SELECT {} {books}",
            columns.split(", ").map(|name| format!("x.{name}")).collect::<Vec<_>>().join(", ")
        );
        let both =
            format!("SELECT '{table} ' || d::text FROM (({kept} EXCEPT {books}) UNION ALL ({books} EXCEPT {kept})) d");
        differences.extend(inside.texts(&both).await);
    }
    differences
}

async fn jobs(app: &App) -> usize {
    app.queued().await.iter().filter(|job| job.kind == REPLAY).count()
}

#[tokio::test]
async fn a_replay_is_what_the_request_answers_and_stays_so() {
    let app = App::start().await;
    let book = opened(&app).await;
    let at_first = later(&app);
    // A correction, a reversal, and a row between others.
    let shown =
        book.show(AS_OF, None, "transactions(first: 100, filter: { types: [BUY] }) { nodes { id tradeDate } }").await;
    let buys = shown["transactions"]["nodes"].as_array().expect("a list").clone();
    let correct = "mutation($id: ID!, $input: TransactionRecordInput!) { transactionCorrect(id: $id, input: $input) {
        userErrors { code message } } }";
    let input = book.input("2024-03-07", &json!({ "buy": book.trade("ACME", "3", "199") }));
    let corrected = book.client.run_with(correct, json!({ "id": buys[40]["id"], "input": input })).await;
    assert_eq!(corrected.user_errors("transactionCorrect"), [""; 0], "{}", corrected.body);
    let reversed = book.client.run_with(REVERSE, json!({ "id": buys[50]["id"] })).await;
    assert_eq!(reversed.user_errors("transactionReverse"), [""; 0], "{}", reversed.body);
    book.buy("2024-03-04", "ACME", "1.5", "245").await;
    let at_second = later(&app);
    use_method(&book, "HIFO").await;
    let at_third = later(&app);

    let mut ids = Vec::new();
    for known_at in [at_first, at_second, at_third] {
        let replay = asked(&book, known_at).await;
        assert_eq!((&replay["status"], &replay["calculationVersion"]), (&json!("QUEUED"), &json!(1)));
        let unread = status(&book.client, &id_of(&replay)).await;
        assert_eq!([&unread["positions"], &unread["lots"], &unread["cash"], &unread["finishedAt"]], [&Value::Null; 4]);
        ids.push(id_of(&replay));
    }
    assert_eq!(app.work().await.failed, 0);
    let mut answers = Vec::new();
    for (id, known_at) in ids.iter().zip([at_first, at_second, at_third]) {
        let done = status(&book.client, id).await;
        assert_eq!(done["status"], "DONE", "{done}");
        assert_eq!(done["progress"]["rowsBooked"], done["progress"]["rows"]);
        assert_eq!(done["progress"]["rows"], 433, "{done}");
        assert!(!done["finishedAt"].is_null());
        let answer = replayed(&book, id).await;
        assert_eq!(answer, requested(&book, known_at).await);
        assert_eq!(done["positions"]["totalCount"], answer[0].len());
        assert_eq!(done["lots"]["totalCount"], answer[1].len());
        answers.push(answer);
    }
    assert!(answers[0] != answers[1] && answers[1] != answers[2] && answers[0][1].len() > 100);
    assert_eq!(differs_from_the_books(&app, &ids[2]).await, [""; 0]);
    assert_ne!(differs_from_the_books(&app, &ids[1]).await, [""; 0]);
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let pieces = format!("SELECT (count(*) / 3)::text FROM {schema}.replay_event WHERE status = 'RUNNING'");
    let pieces: usize = inside.text(&pieces).await.parse().expect("a number");
    assert!(pieces > 4, "{pieces} pieces");

    // Whatever is recorded since, and whatever the market turns out to have done.
    book.deposit("2024-03-01", "5", "USD").await;
    import_with(&app, "", "ACME,2024-03-11,2,1\n").await;
    app.work().await;
    for (id, answer) in ids.iter().zip(&answers) {
        assert_eq!(&replayed(&book, id).await, answer);
    }
    let listed =
        book.show(AS_OF, None, "replays(first: 2) { nodes { id status } totalCount pageInfo { hasNextPage } }").await;
    assert_eq!(listed["replays"]["totalCount"], 3);
    assert_eq!(listed["replays"]["nodes"][0], json!({ "id": ids[2], "status": "DONE" }));
    assert_eq!(listed["replays"]["pageInfo"]["hasNextPage"], true);
}

#[tokio::test]
async fn the_same_question_is_one_replay_and_one_job() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "10", "USD").await;
    app.work().await;
    app.clock.advance(TimeDelta::minutes(1));
    let ask = async |known_at: &str, as_of: &str| {
        let answer = ask(&book.client, &book.portfolio, known_at, as_of).await;
        assert_eq!(answer.user_errors("replayRequest"), [""; 0], "{}", answer.body);
        answer.text("/replayRequest/replay/id")
    };
    let first = ask("2024-03-15T12:00:00.123456Z", AS_OF).await;
    assert_eq!(ask("2024-03-15T12:00:00.123456Z", AS_OF).await, first);
    assert_eq!(ask("2024-03-15T14:00:00.123456789+02:00", AS_OF).await, first, "as it is stored");
    assert_eq!(jobs(&app).await, 1);
    assert_ne!(ask("2024-03-15T12:00:00.123457Z", AS_OF).await, first);
    assert_ne!(ask("2024-03-15T12:00:00.123456Z", "2024-03-13").await, first);
    assert_eq!(jobs(&app).await, 3);
    app.work().await;
    assert_eq!(ask("2024-03-15T12:00:00.123456Z", AS_OF).await, first);
    assert_eq!(jobs(&app).await, 0);
    let done = status(&book.client, &first).await;
    assert_eq!(done["knownAt"], "2024-03-15T12:00:00.123456+00:00");
    assert_eq!((&done["status"], &done["progress"]["rows"]), (&json!("DONE"), &json!(1)));
    let query = r#"{ auditLog(filter: { action: "replayRequest" }) { nodes { entityId actor after } totalCount } }"#;
    let log = app.client("alpha", "admin").await.run(query).await;
    assert_eq!(*log.at("/auditLog/totalCount"), 3, "{}", log.body);
    assert!(log.body.to_string().contains("investor1@alpha.example"), "{}", log.body);
}

#[tokio::test]
async fn a_replay_of_before_there_was_anything_is_empty() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "10", "USD").await;
    let id = id_of(&asked(&book, app.clock.now() - TimeDelta::days(1)).await);
    app.work().await;
    let done = status(&book.client, &id).await;
    assert_eq!((&done["status"], &done["progress"]), (&json!("DONE"), &json!({ "rowsBooked": 0, "rows": 0 })));
    assert_eq!(replayed(&book, &id).await, vec![Vec::<String>::new(); 3]);
}

#[tokio::test]
async fn what_has_not_come_and_what_is_anothers_is_refused() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let now = app.clock.now().to_rfc3339();
    let past = (app.clock.now() - TimeDelta::seconds(1)).to_rfc3339();
    let mut strangers = Vec::new();
    for (tenant, person) in [("alpha", "investor2"), ("beta", "admin"), ("alpha", "advisor")] {
        strangers.push(app.client(tenant, person).await);
    }
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let before = inside.contents(&schema).await;
    for (known_at, as_of, field) in
        [("2024-03-15T12:00:01Z", AS_OF, "knownAt"), (now.as_str(), AS_OF, "knownAt"), (&past, "2024-03-16", "asOf")]
    {
        let refused = ask(&book.client, &book.portfolio, known_at, as_of).await;
        assert_eq!(refused.user_errors("replayRequest"), ["FUTURE_DATE"], "{}", refused.body);
        assert_eq!(*refused.at("/replayRequest/userErrors/0/field"), json!(["input", field]));
    }
    for client in &strangers {
        let refused = ask(client, &book.portfolio, &past, AS_OF).await;
        assert_eq!(refused.user_errors("replayRequest"), ["NOT_FOUND"], "{}", refused.body);
    }
    assert_eq!(inside.contents(&schema).await, before);
    assert_eq!(jobs(&app).await, 0);

    let id = id_of(&asked(&book, past.parse().expect("an instant")).await);
    app.work().await;
    let node = "query($id: ID!) { replay(id: $id) { id } node(id: $id) { id ... on Replay { status } } }";
    for (tenant, person, sees) in [
        ("alpha", "investor1", true),
        ("alpha", "admin", true),
        ("alpha", "auditor", true),
        ("alpha", "investor2", false),
        ("alpha", "advisor", false),
        ("beta", "admin", false),
    ] {
        let seen = app.client(tenant, person).await.run_with(node, json!({ "id": id })).await;
        let shown = json!({ "replay": { "id": id }, "node": { "id": id, "status": "DONE" } });
        let expected = if sees { shown } else { json!({ "replay": null, "node": null }) };
        assert_eq!(*seen.at(""), expected, "{tenant} {person}");
    }
    // Whoever may read it may ask, and has the same answer.
    let auditor = app.client("alpha", "auditor").await;
    assert_eq!(ask(&auditor, &book.portfolio, &past, AS_OF).await.text("/replayRequest/replay/id"), id);
}

#[tokio::test]
async fn a_portfolio_has_a_hundred_replays_at_the_most() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let first = app.clock.now() - TimeDelta::seconds(1);
    let id = id_of(&asked(&book, first).await);
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside
        .run(&format!(
            "INSERT INTO {schema}.replay SELECT gen_random_uuid(), portfolio_id, known_at - n * interval '1 hour', as_of, \
             calculation_version, requested_at, requested_by FROM {schema}.replay, generate_series(1, 99) n; \
             INSERT INTO {schema}.replay SELECT gen_random_uuid(), portfolio_id, known_at, as_of, 0, requested_at, \
             requested_by FROM {schema}.replay"
        ))
        .await;
    let refused = ask(&book.client, &book.portfolio, "2024-03-01T00:00:00Z", AS_OF).await;
    assert_eq!(refused.user_errors("replayRequest"), ["LIMIT_REACHED"], "{}", refused.body);
    assert!(refused.text("/replayRequest/userErrors/0/message").contains("100"));
    assert_eq!(id_of(&asked(&book, first).await), id, "what was asked before is there");
    let other = Book::open(&app, "USD").await;
    asked(&other, first).await;
}

#[tokio::test]
async fn a_worker_that_is_killed_in_the_middle_leaves_nothing_and_the_next_one_starts_over() {
    let app = App::start().await;
    let book = opened(&app).await;
    let known_at = later(&app);
    let id = id_of(&asked(&book, known_at).await);
    // One that does nothing at all with it.
    assert!(app.claim_and_die(REPLAY).await.is_some());
    app.clock.advance(TimeDelta::minutes(1));

    // One that comes as far as the cash, which it cannot store.
    let (mut inside, mut holding) = (Superuser::of(&app).await, Superuser::of(&app).await);
    let schema = inside.schema("alpha").await;
    holding.run(&format!("BEGIN; LOCK TABLE {schema}.replay_cash IN EXCLUSIVE MODE")).await;
    let other = app.another().await;
    let working = tokio::spawn(async move { other.work().await });
    let booked = format!("SELECT coalesce(max(rows_booked), 0)::text FROM {schema}.replay_event");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while inside.text(&booked).await != "433" {
        assert!(tokio::time::Instant::now() < deadline, "it does not come so far");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let running = status(&book.client, &id).await;
    assert_eq!(
        (&running["status"], &running["progress"]),
        (&json!("RUNNING"), &json!({ "rowsBooked": 433, "rows": 433 }))
    );
    assert_eq!([&running["positions"], &running["lots"], &running["cash"]], [&Value::Null; 3]);
    working.abort();
    assert!(working.await.is_err_and(|error| error.is_cancelled()));
    holding.run("ROLLBACK").await;
    let kept = format!("SELECT (SELECT count(*) FROM {schema}.replay_position)::text");
    assert_eq!(inside.text(&kept).await, "0");
    // Its lease is not over yet.
    app.work().await;
    assert_eq!(status(&book.client, &id).await["status"], "RUNNING");

    app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(app.work().await.failed, 0);
    assert_eq!(status(&book.client, &id).await["status"], "DONE");
    assert_eq!(replayed(&book, &id).await, requested(&book, known_at).await);
    assert_eq!(differs_from_the_books(&app, &id).await, [""; 0]);
    assert_eq!(jobs(&app).await, 0);
}

#[tokio::test]
async fn a_ledger_that_cannot_be_booked_fails_with_its_reason_and_is_tried_again_when_asked_again() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.buy("2023-01-05", "ACME", "10", "100").await;
    book.sell("2023-08-15", "ACME", "8", "170").await;
    let known_at = later(&app);
    // One for two: five are left, and eight were sold.
    import_with(&app, "", "ACME,2023-06-15,1,2\n").await;
    let id = id_of(&asked(&book, known_at).await);
    app.work().await;
    let failed = status(&book.client, &id).await;
    assert_eq!((&failed["status"], &failed["positions"]), (&json!("FAILED"), &Value::Null));
    let message = failed["message"].as_str().expect("a message");
    assert!(message.contains("2023-08-15") && message.contains('8') && message.contains('5'), "{message}");
    assert!(!failed["finishedAt"].is_null());
    assert_eq!(jobs(&app).await, 0, "another try would find the same");

    import_with(&app, "", "ACME,2023-06-15,2,1\n").await;
    let again = asked(&book, known_at).await;
    assert_eq!((id_of(&again), &again["status"], &again["message"]), (id.clone(), &json!("QUEUED"), &Value::Null));
    app.work().await;
    assert_eq!(status(&book.client, &id).await["status"], "DONE");
    assert_eq!(replayed(&book, &id).await, requested(&book, known_at).await);
}

#[tokio::test]
async fn a_replay_that_the_server_cannot_finish_says_so() {
    let app = App::start().await;
    let book = opened(&app).await;
    let known_at = later(&app);
    app.work().await;
    let id = id_of(&asked(&book, known_at).await);
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside.run(&format!("REVOKE INSERT ON {schema}.replay_cash FROM {schema}")).await;
    for (seconds, expected) in [(0, "RUNNING"), (5, "RUNNING"), (10, "FAILED")] {
        app.clock.advance(TimeDelta::seconds(seconds));
        assert_eq!(app.work().await.failed, 1);
        let shown = status(&book.client, &id).await;
        assert_eq!((&shown["status"], &shown["positions"]), (&json!(expected), &Value::Null), "{shown}");
    }
    let message = status(&book.client, &id).await["message"].to_string();
    assert!(message.contains("ask for it again") && !message.contains("replay_cash"), "{message}");
    inside.run(&format!("GRANT INSERT ON {schema}.replay_cash TO {schema}")).await;
    asked(&book, known_at).await;
    app.work().await;
    assert_eq!(status(&book.client, &id).await["status"], "DONE");
    assert_eq!(jobs(&app).await, 0, "the dead letter is settled");
}

#[tokio::test]
async fn a_replay_whose_job_was_given_up_is_taken_up_when_asked_again() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let known_at = later(&app);
    let id = id_of(&asked(&book, known_at).await);
    while app.claim_and_die(REPLAY).await.is_some() {
        app.clock.advance(TimeDelta::seconds(30));
    }
    app.work().await;
    assert_eq!(status(&book.client, &id).await["status"], "QUEUED");
    asked(&book, known_at).await;
    app.work().await;
    assert_eq!(status(&book.client, &id).await["status"], "QUEUED", "a moment ago it may be under way");
    app.clock.advance(TimeDelta::minutes(11));
    asked(&book, known_at).await;
    app.work().await;
    assert_eq!(status(&book.client, &id).await["status"], "DONE");
    assert_eq!(jobs(&app).await, 0);
}

#[tokio::test]
async fn a_replay_is_booked_by_the_version_that_it_was_asked_for_or_not_at_all() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let known_at = later(&app);
    let id = id_of(&asked(&book, known_at).await);
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside.run(&format!("UPDATE {schema}.replay SET calculation_version = 0")).await;
    app.work().await;
    let failed = status(&book.client, &id).await;
    assert_eq!((&failed["status"], &failed["calculationVersion"]), (&json!("FAILED"), &json!(0)));
    assert!(failed["message"].to_string().contains("version 0"), "{failed}");
    assert_ne!(id_of(&asked(&book, known_at).await), id, "another version is another question");
}

#[tokio::test]
async fn a_ledger_that_is_too_long_for_the_request_names_the_mutation_to_use() {
    let app = App::start().await;
    let book = opened(&app).await;
    let known_at = later(&app);
    let expected = requested(&book, known_at).await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside.run(&format!("UPDATE {schema}.portfolio SET last_sequence = 500001")).await;
    let variables = json!({ "id": book.portfolio, "asOf": AS_OF, "knownAt": known_at });
    let refused = book.client.run_with(REQUESTED[1], variables).await;
    assert_eq!(refused.error_code(), "BAD_USER_INPUT");
    let message = refused.body["errors"][0]["message"].as_str().expect("a message");
    assert!(message.contains("500001") && message.contains("replayRequest"), "{message}");
    let id = id_of(&asked(&book, known_at).await);
    app.work().await;
    assert_eq!(replayed(&book, &id).await, expected);
}
