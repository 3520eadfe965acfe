//! What differs from the market, or repeats what the account has, waits for a decision: by either way of importing.
//! GLOBEX splits 2 for 1 on 2024-02-01; ACME pays 0.50 a unit, ex 2024-02-09, paid on 2024-03-01.

use portfolio_analyzer::services::import::ImportMode;
use portfolio_analyzer::services::period_lock::LockTerms;
use serde_json::{Value, json};

use super::kinds::file;
use crate::support::{Answer, App, Book, Inside, Superuser, books};

const KNOWN: (&str, &str, &str, Option<&str>, &str) =
    ("ACME", "CASH_DIVIDEND", "2024-02-09", Some("2024-03-01"), "0.50");
const HELD: &str = "version heldTransactions(first: 100) { totalCount nodes { id reason message line importBatchId
    own { exDate amount { amount currency } ratio { numerator denominator } }
    market { exDate amount { amount currency } ratio { numerator denominator } } importedBy { name }
    rows { type tradeDate exDate settlementDate account { name } instrument { symbol } amount { amount } tax { amount }
        quantity total { amount } ratio { numerator } externalId note } } }";
const DECIDE: &str = r"mutation($id: ID!, $decision: HeldDecision!, $override: Boolean! = false, $key: String) {
    heldTransactionDecide(id: $id, input: { decision: $decision }, overrideLock: $override, idempotencyKey: $key) {
        transaction { id } transactions { id type tradeDate exDate settlementDate actionExDate amount { amount currency }
            tax { amount } ratio { numerator } externalId marketDividend { exDate } }
        portfolio { heldTransactions { totalCount } } userErrors { code message field transactionId } } }";

/// A purchase, a dividend that is what is due, and rows that are not what the market knows.
const ROWS: [&str; 8] = [
    "date=2024-01-10|type=BUY|symbol=ACME|quantity=10|price=100|currency=USD|account=Main|external_id=b1",
    "date=2024-01-31|type=BUY|symbol=GLOBEX|quantity=3|price=10|currency=USD|account=Main|external_id=b2",
    "date=2024-01-31|type=BUY|symbol=GLOBEX|quantity=3|price=10|currency=USD|account=Other|external_id=b3",
    "date=2024-02-01|type=SPLIT|symbol=GLOBEX|ratio=3:1|account=Main|external_id=s1",
    "date=2024-02-01|type=SPLIT|symbol=GLOBEX|ratio=2:1|account=Other|external_id=s2",
    "date=2024-03-01|type=DIVIDEND|symbol=ACME|amount=4|tax=0.6|currency=USD|account=Main|external_id=d1|note=short",
    "date=2024-03-01|type=DIVIDEND|symbol=ACME|amount=5|tax=0.75|currency=USD|account=Main|external_id=d2",
    "date=2024-03-04|type=DIVIDEND|symbol=ACME|amount=5|currency=USD|account=Main|external_id=d3",
];

async fn opened(app: &App) -> Book {
    Book::with_accounts(app.client("alpha", "investor1").await, "USD", &["Main", "Other"]).await
}

fn id(book: &Book) -> uuid::Uuid {
    book.portfolio.trim_start_matches("pf_").parse().expect("an id")
}

/// Rows read, recorded, duplicate, rejected and held.
async fn import(app: &App, book: &Book, csv: &str, streamed: bool) -> Result<[usize; 5], String> {
    let tenant = app.services.gateway.tenant_by_slug("alpha").await.expect("a read").expect("a tenant");
    let caller = app.services.system(tenant, "tests");
    let (mode, terms) = (ImportMode::AllOrNothing, LockTerms::default());
    let imported = match streamed {
        true => app.services.transactions_import_file(&caller, id(book), csv.as_bytes(), mode, terms).await,
        false => app.services.transactions_import(&caller, id(book), csv, mode, terms, None).await,
    };
    let counts = imported.map_err(|error| error.to_string())?.counts;
    assert!(counts.row_errors.is_empty() || counts.rows_recorded == 0, "{counts:?}");
    Ok([counts.rows_read, counts.rows_recorded, counts.rows_duplicate, counts.rows_rejected, counts.rows_held])
}

async fn held(book: &Book) -> Vec<Value> {
    let shown = book.show("2024-03-14", None, HELD).await;
    let nodes = shown["heldTransactions"]["nodes"].as_array().expect("a list").clone();
    assert_eq!(shown["heldTransactions"]["totalCount"], nodes.len());
    nodes
}

/// What is held, without what is another in each portfolio.
async fn told(book: &Book) -> Vec<Value> {
    let mut nodes = held(book).await;
    nodes.sort_by_key(|node| node["line"].as_i64());
    for node in &mut nodes {
        let members = node.as_object_mut().expect("a node");
        members.remove("id");
        members.remove("importBatchId");
    }
    nodes
}

async fn decide(book: &Book, id: &str, decision: &str) -> Answer {
    book.client.run_with(DECIDE, json!({ "id": id, "decision": decision })).await
}

/// The id of what is held by its line.
async fn at_line(book: &Book, line: u64) -> String {
    let nodes = held(book).await;
    let node = nodes.iter().find(|node| node["line"] == line).unwrap_or_else(|| panic!("nothing at {line}: {nodes:?}"));
    node["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_file_is_taken_and_what_differs_waits_by_either_way() {
    let app = App::start().await;
    Superuser::of(&app).await.know_dividends(&[KNOWN]).await;
    let mut inside = Inside::of(&app, "alpha").await;
    let mut shown = Vec::new();
    for streamed in [false, true] {
        let book = opened(&app).await;
        let csv = file(&ROWS);
        assert_eq!(import(&app, &book, &csv, streamed).await, Ok([8, 5, 0, 0, 3]), "streamed: {streamed}");
        let nodes = told(&book).await;
        let of = |node: &Value| json!([node["line"], node["reason"], node["own"], node["market"]]);
        let money = |amount: &str| json!({ "amount": amount, "currency": "USD" });
        let paid = |amount: &str| json!({ "exDate": null, "amount": money(amount), "ratio": null });
        let due = json!({ "exDate": "2024-02-09", "amount": money("5"), "ratio": null });
        let split = |numerator: &str| json!({ "exDate": "2024-02-01", "amount": null, "ratio": { "numerator": numerator, "denominator": "1" } });
        assert_eq!(of(&nodes[0]), json!([5, "ACTION_DIFFERS", split("3"), split("2")]));
        assert_eq!(of(&nodes[1]), json!([7, "ACTION_DIFFERS", paid("4"), due]));
        assert_eq!(of(&nodes[2]), json!([9, "ALREADY_APPLIED", paid("5"), due]));
        let row = json!([{ "type": "DIVIDEND", "tradeDate": "2024-03-01", "exDate": null, "settlementDate": null,
            "account": { "name": "Main" }, "instrument": { "symbol": "ACME" }, "amount": { "amount": "4" },
            "tax": { "amount": "0.6" }, "quantity": null, "total": null, "ratio": null, "externalId": "d1", "note": "short" }]);
        assert_eq!(nodes[1]["rows"], row);
        let state = [
            "ACME@Main 10 cost 1000 gain 0 income 5",
            "GLOBEX@Main 6 cost 30 gain 0 income 0",
            "GLOBEX@Other 6 cost 30 gain 0 income 0",
            "USD@Main -1025.75 unsettled 4.25",
            "USD@Other -30",
        ];
        assert_eq!(book.state("2024-02-28").await, state);
        // The same again, whole and in part, is known: also what waits.
        let before = inside.row_counts().await;
        let again = import(&app, &book, &csv, streamed).await;
        assert_eq!(again, Err("all 8 rows of the file were imported before".to_owned()));
        assert_eq!(inside.row_counts().await, before);
        let fee = "date=2024-03-05|type=FEE|amount=1|currency=USD|account=Main";
        assert_eq!(import(&app, &book, &file(&[ROWS[3], ROWS[5], fee]), streamed).await, Ok([3, 1, 2, 0, 0]));
        shown.push((nodes, book.state("2024-03-14").await));
    }
    assert_eq!(shown[0], shown[1]);
    assert_eq!(inside.row_counts().await["stg_transaction"], 0);
}

#[tokio::test]
async fn a_file_of_which_all_waits_is_stored_and_a_wrong_row_keeps_it_out() {
    let app = App::start().await;
    Superuser::of(&app).await.know_dividends(&[KNOWN]).await;
    let mut inside = Inside::of(&app, "alpha").await;
    for streamed in [false, true] {
        let book = opened(&app).await;
        let before = inside.row_counts().await;
        let wrong = "date=2024-03-01|type=SELL|symbol=ACME|quantity=1|price=1|currency=USD|account=Main";
        let counts = import(&app, &book, &file(&[ROWS[3], wrong]), streamed).await.expect("an answer");
        assert_eq!((counts[1], counts[3], counts[4]), (0, 1, 0));
        assert_eq!(inside.row_counts().await, before);
        // The dividend is paid on nothing that is held.
        assert_eq!(import(&app, &book, &file(&[ROWS[3], ROWS[5]]), streamed).await, Ok([2, 0, 0, 0, 2]));
        assert_eq!(held(&book).await.len(), 2);
        // Nothing is due, which is no dividend.
        let nothing = decide(&book, &at_line(&book, 3).await, "USE_MARKET").await;
        assert_eq!(nothing.user_errors("heldTransactionDecide"), ["INVALID_INPUT"]);
        let log = app.client("alpha", "admin").await;
        let log =
            log.run(r#"{ auditLog(first: 1, filter: { action: "transactionsImport" }) { nodes { after } } }"#).await;
        assert_eq!(log.at("/auditLog/nodes/0/after")["held"], 2);
    }
}

#[tokio::test]
async fn each_decision_is_made_once_and_is_on_record() {
    let app = App::start().await;
    Superuser::of(&app).await.know_dividends(&[KNOWN]).await;
    let book = opened(&app).await;
    let csv = file(&ROWS[..6]);
    assert_eq!(import(&app, &book, &csv, false).await, Ok([6, 4, 0, 0, 2]));
    let (split, paid) = (at_line(&book, 5).await, at_line(&book, 7).await);

    let kept = decide(&book, &split, "KEEP_MINE").await;
    assert_eq!(kept.user_errors("heldTransactionDecide"), [""; 0], "{}", kept.body);
    let row = kept.at("/heldTransactionDecide/transactions/0");
    assert_eq!(
        (&row["ratio"]["numerator"], &row["actionExDate"], &row["externalId"]),
        (&json!("3"), &json!("2024-02-01"), &json!("s1"))
    );
    assert_eq!(*kept.at("/heldTransactionDecide/portfolio/heldTransactions/totalCount"), 1);
    assert_eq!(book.state("2024-02-01").await[1], "GLOBEX@Main 9 cost 30 gain 0 income 0");

    let market = decide(&book, &paid, "USE_MARKET").await;
    assert_eq!(market.user_errors("heldTransactionDecide"), [""; 0], "{}", market.body);
    let row = market.at("/heldTransactionDecide/transactions/0");
    assert_eq!(row["amount"], json!({ "amount": "5", "currency": "USD" }));
    assert_eq!((&row["tax"]["amount"], &row["externalId"]), (&json!("0.6"), &json!("d1")));
    assert_eq!((&row["exDate"], &row["settlementDate"]), (&json!("2024-02-09"), &json!("2024-03-01")));
    assert_eq!(row["marketDividend"]["exDate"], "2024-02-09");
    // 5 − 0.6 of 1000 + 30.
    assert_eq!(book.state("2024-02-29").await[3], "USD@Main -1025.6 unsettled 4.4");

    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    for decision in ["KEEP_MINE", "USE_MARKET", "DISCARD"] {
        let again = decide(&book, &paid, decision).await;
        assert_eq!(again.user_errors("heldTransactionDecide"), ["ALREADY_DECIDED"]);
        assert!(again.text("/heldTransactionDecide/userErrors/0/message").contains("USE_MARKET was decided"));
    }
    assert_eq!(inside.row_counts().await, before);
    let again = import(&app, &book, &csv, false).await;
    assert_eq!(again, Err("all 6 rows of the file were imported before".to_owned()));

    let query =
        r#"{ auditLog(filter: { action: "heldTransactionDecide" }) { nodes { entityType before after actor } } }"#;
    let log = app.client("alpha", "admin").await.run(query).await;
    let entries = log.at("/auditLog/nodes").as_array().expect("a list").clone();
    let decided: Vec<&Value> = entries.iter().filter(|entry| entry["entityType"] == "HeldTransaction").collect();
    assert_eq!((decided.len(), entries.len()), (2, 4), "each beside the row that was recorded");
    assert_eq!(decided[0]["after"]["decision"], "USE_MARKET");
    assert_eq!(decided[0]["before"]["rows"][0]["amount"], "4");
    assert_eq!(decided[0]["actor"], "investor1@alpha.example");
    let made = books(&app).await;
    let tenant = app.services.gateway.tenant_by_slug("alpha").await.expect("a read").expect("a tenant");
    app.services.rebuild(&app.services.system(tenant, "tests"), id(&book)).await.expect("books");
    assert_eq!(made, books(&app).await);
}

#[tokio::test]
async fn what_is_discarded_is_gone_and_does_not_come_back() {
    let app = App::start().await;
    Superuser::of(&app).await.know_dividends(&[KNOWN]).await;
    let book = opened(&app).await;
    let csv = file(&ROWS);
    import(&app, &book, &csv, true).await.expect("an import");
    let version = book.show("2024-03-14", None, "version").await;
    for line in [5, 7, 9] {
        let discarded = decide(&book, &at_line(&book, line).await, "DISCARD").await;
        let payload = discarded.at("/heldTransactionDecide");
        assert_eq!((&payload["transactions"], &payload["userErrors"]), (&json!([]), &json!([])));
    }
    assert!(held(&book).await.is_empty());
    assert_eq!(book.show("2024-03-14", None, "version").await, version, "nothing was recorded");
    for streamed in [false, true] {
        let again = import(&app, &book, &csv, streamed).await;
        assert_eq!(again, Err("all 8 rows of the file were imported before".to_owned()));
    }
}

#[tokio::test]
async fn a_repeated_dividend_that_is_kept_stands_beside_the_first() {
    let app = App::start().await;
    Superuser::of(&app).await.know_dividends(&[KNOWN]).await;
    let book = opened(&app).await;
    import(&app, &book, &file(&ROWS), false).await.expect("an import");
    let again = at_line(&book, 9).await;
    let market = decide(&book, &again, "USE_MARKET").await;
    assert_eq!(market.user_errors("heldTransactionDecide"), ["ALREADY_APPLIED"]);
    let error = market.at("/heldTransactionDecide/userErrors/0");
    assert_eq!(error["field"], json!(["id"]));
    assert!(error["transactionId"].as_str().is_some_and(|id| id.starts_with("txn_")), "{error}");
    let kept = decide(&book, &again, "KEEP_MINE").await;
    assert_eq!(kept.user_errors("heldTransactionDecide"), [""; 0], "{}", kept.body);
    assert_eq!(book.state("2024-03-14").await[0], "ACME@Main 10 cost 1000 gain 0 income 10");
}

#[tokio::test]
async fn a_decision_under_the_same_key_is_answered_alike() {
    let app = App::start().await;
    let book = opened(&app).await;
    import(&app, &book, &file(&ROWS[..4]), false).await.expect("an import");
    let variables = json!({ "id": at_line(&book, 5).await, "decision": "KEEP_MINE", "key": "once" });
    let first = book.client.run_with(DECIDE, variables.clone()).await;
    assert_eq!(first.user_errors("heldTransactionDecide"), [""; 0], "{}", first.body);
    let again = book.client.run_with(DECIDE, variables).await;
    assert_eq!(first.at("/heldTransactionDecide"), again.at("/heldTransactionDecide"));
}

#[tokio::test]
async fn a_decision_respects_a_locked_period_and_a_broken_rule_and_leaves_it_to_be_decided() {
    let app = App::start().await;
    let book = opened(&app).await;
    import(&app, &book, &file(&ROWS[..4]), false).await.expect("an import");
    let split = at_line(&book, 5).await;
    let admin = app.client("alpha", "admin").await;
    let lock = r#"mutation($id: ID!) { portfolioPeriodLock(id: $id, input: { lockedThrough: "2024-02-29" }) {
        userErrors { code } } }"#;
    admin.run_with(lock, json!({ "id": book.portfolio })).await.at("/portfolioPeriodLock");
    let refused = decide(&book, &split, "KEEP_MINE").await;
    assert_eq!(refused.user_errors("heldTransactionDecide"), ["PERIOD_LOCKED"]);
    assert_eq!(*refused.at("/heldTransactionDecide/userErrors/0/field"), json!(["id"]));
    let over = json!({ "id": split, "decision": "KEEP_MINE", "override": true });
    assert_eq!(book.client.run_with(DECIDE, over.clone()).await.error_code(), "FORBIDDEN");
    assert_eq!(held(&book).await.len(), 1);
    let done = admin.run_with(DECIDE, over).await;
    assert_eq!(done.user_errors("heldTransactionDecide"), [""; 0], "{}", done.body);
    let unknown = json!({ "id": split.replace(&split[4..12], "00000000"), "decision": "DISCARD" });
    assert_eq!(admin.run_with(DECIDE, unknown).await.user_errors("heldTransactionDecide"), ["NOT_FOUND"]);
}

#[tokio::test]
async fn the_rows_of_an_event_wait_together() {
    let app = App::start().await;
    Superuser::of(&app).await.know_dividends(&[KNOWN]).await;
    let event = [
        ROWS[0],
        "date=2024-03-01|type=DIVIDEND|symbol=ACME|amount=4|currency=USD|account=Main|event_id=drip",
        "date=2024-03-01|type=BUY|symbol=ACME|quantity=0.016|total=4|currency=USD|account=Main|event_id=drip",
        "date=2024-03-05|type=FEE|amount=1|currency=USD|account=Main",
    ];
    for streamed in [false, true] {
        let book = opened(&app).await;
        assert_eq!(import(&app, &book, &file(&event), streamed).await, Ok([4, 2, 0, 0, 2]), "streamed: {streamed}");
        let nodes = held(&book).await;
        let types: Vec<&Value> = nodes[0]["rows"].as_array().expect("rows").iter().map(|row| &row["type"]).collect();
        assert_eq!((nodes.len(), types), (1, vec![&json!("DIVIDEND"), &json!("BUY")]));
        let drip = at_line(&book, 3).await;
        // The purchase costs what the dividend brings.
        let market = decide(&book, &drip, "USE_MARKET").await;
        assert_eq!(market.user_errors("heldTransactionDecide"), ["UNBALANCED_EVENT"]);
        let kept = decide(&book, &drip, "KEEP_MINE").await;
        assert_eq!(kept.user_errors("heldTransactionDecide"), [""; 0], "{}", kept.body);
        assert_eq!(kept.at("/heldTransactionDecide/transactions").as_array().map(Vec::len), Some(2));
        assert_eq!(book.state("2024-03-14").await[0], "ACME@Main 10.016 cost 1004 gain 0 income 4");
    }
}

#[tokio::test]
async fn a_row_that_decides_by_itself_is_recorded() {
    let app = App::start().await;
    Superuser::of(&app).await.know_dividends(&[KNOWN]).await;
    for streamed in [false, true] {
        let book = opened(&app).await;
        let paid = format!("{}|decision=KEEP_MINE", ROWS[5]);
        let counts = import(&app, &book, &file(&[ROWS[0], &paid, ROWS[6]]), streamed).await;
        // The first is the payment now, and the second repeats it.
        assert_eq!(counts, Ok([3, 2, 0, 0, 1]), "streamed: {streamed}");
        assert_eq!(book.state("2024-03-14").await[0], "ACME@Main 10 cost 1000 gain 0 income 4");
        assert_eq!(held(&book).await[0]["reason"], "ALREADY_APPLIED");
    }
}

#[tokio::test]
async fn an_amount_in_another_currency_is_not_converted() {
    let app = App::start().await;
    Superuser::of(&app).await.know_dividends(&[KNOWN]).await;
    let book = opened(&app).await;
    let taxed = "date=2024-03-01|type=DIVIDEND|symbol=ACME|amount=4.6|tax=0.7|currency=EUR|account=Main";
    let plain = "date=2024-03-01|type=DIVIDEND|symbol=ACME|amount=4.6|currency=EUR|account=Main";
    assert_eq!(import(&app, &book, &file(&[ROWS[0], taxed, plain]), false).await, Ok([3, 1, 0, 0, 2]));
    let refused = decide(&book, &at_line(&book, 3).await, "USE_MARKET").await;
    assert_eq!(refused.user_errors("heldTransactionDecide"), ["INVALID_INPUT"]);
    let taken = decide(&book, &at_line(&book, 4).await, "USE_MARKET").await;
    assert_eq!(taken.user_errors("heldTransactionDecide"), [""; 0], "{}", taken.body);
    assert_eq!(book.cash("2024-03-14", "USD").await, "-995");
}

#[tokio::test]
async fn many_rows_wait_page_by_page() {
    let app = App::start().await;
    Superuser::of(&app).await.know_dividends(&[KNOWN]).await;
    // More than are looked at at a time: one is the payment, the others repeat it.
    let paid = |at: u64| {
        format!(
            "date=2024-03-01|type=DIVIDEND|symbol=ACME|amount=5|currency=USD|account=Main|external_id=d{at}|\
             settlement_date=2024-03-05|pay_date=2024-03-04"
        )
    };
    let rows: Vec<String> = std::iter::once(ROWS[0].to_owned()).chain((0..35).map(paid)).collect();
    let csv = file(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let mut shown = Vec::new();
    for streamed in [false, true] {
        let book = opened(&app).await;
        assert_eq!(import(&app, &book, &csv, streamed).await, Ok([36, 2, 0, 0, 34]), "streamed: {streamed}");
        let nodes = told(&book).await;
        let row = &nodes[33]["rows"][0];
        assert_eq!(
            (&row["tradeDate"], &row["exDate"], &row["settlementDate"]),
            (&json!("2024-03-01"), &json!(null), &json!("2024-03-05"))
        );
        shown.push(nodes);
        let page = "query($id: ID!, $after: String) { portfolio(id: $id) { heldTransactions(after: $after) {
            nodes { line } pageInfo { hasNextPage endCursor } } } }";
        let mut lines = Vec::new();
        let mut after = Value::Null;
        loop {
            let answer = book.client.run_with(page, json!({ "id": book.portfolio, "after": after })).await;
            let page = answer.at("/portfolio/heldTransactions");
            lines.extend(page["nodes"].as_array().expect("a list").iter().map(|node| node["line"].as_u64()));
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(lines, (4..=37).map(Some).collect::<Vec<_>>());
    }
    assert_eq!(shown[0], shown[1]);
}

#[tokio::test]
async fn an_import_tells_how_many_wait_and_its_id() {
    let app = App::start().await;
    let book = opened(&app).await;
    let mutation = "mutation($input: TransactionsImportInput!) { transactionsImport(input: $input) {
        rowsRecorded rowsHeld importBatchId userErrors { code } } }";
    let input = json!({ "portfolioId": book.portfolio, "csv": file(&ROWS[1..4]) });
    let answer = book.client.run_with(mutation, json!({ "input": input })).await;
    let payload = answer.at("/transactionsImport");
    assert_eq!((&payload["rowsRecorded"], &payload["rowsHeld"]), (&json!(2), &json!(1)));
    let node = held(&book).await.remove(0);
    assert_eq!(payload["importBatchId"], node["importBatchId"]);
    assert_eq!(node["importedBy"]["name"], "investor1");
    let message = node["message"].as_str().expect("a message");
    assert!(["3 for 1", "2 for 1", "2024-02-01"].iter().all(|part| message.contains(part)), "{message}");
}

#[tokio::test]
async fn a_streamed_event_that_is_booked_in_pieces_keeps_everything_out() {
    let app = App::start().await;
    Superuser::of(&app).await.know_dividends(&[KNOWN]).await;
    let event = [
        ROWS[0],
        "date=2024-03-01|type=DIVIDEND|symbol=ACME|amount=4|currency=USD|account=Main|event_id=both",
        "date=2024-01-02|type=FEE|amount=1|currency=USD|account=Main|event_id=both",
    ];
    // So many that the fee is booked before the dividend is looked at.
    let other = "date=2024-02-01|type=FEE|amount=1|currency=USD|account=Main";
    let event = [&event[..], &[other; 120]].concat();
    let (ordinary, streamed) = (opened(&app).await, opened(&app).await);
    assert_eq!(import(&app, &ordinary, &file(&event), false).await, Ok([123, 121, 0, 0, 2]));
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let counts = import(&app, &streamed, &file(&event), true).await.expect("an answer");
    assert_eq!((counts[1], counts[3], counts[4]), (0, 2, 0));
    assert_eq!(inside.row_counts().await, before);
}
