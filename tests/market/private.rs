//! A firm's own instruments, and its prices in place of the market's: seen by nobody else.

use serde_json::{Value, json};

use crate::support::{App, Book, Client, Superuser};

const CREATE: &str = "mutation($input: InstrumentCreateInput!, $key: String) { instrumentCreate(input: $input, idempotencyKey: $key) {
    instrument { id symbol version isPrivate manuallyPriced mic bond { couponRate dayCount } } userErrors { code field message } } }";
const UPDATE: &str = "mutation($id: ID!, $version: Int!, $input: InstrumentUpdateInput!) {
    instrumentUpdate(id: $id, expectedVersion: $version, input: $input) {
        instrument { id name version } userErrors { code field message } } }";
const SET: &str = "mutation($input: PriceOverrideSetInput!) { priceOverrideSet(input: $input) {
    overrides { from to price reason } userErrors { code field message } } }";
const REMOVE: &str = "mutation($input: PriceOverrideRemoveInput!) { priceOverrideRemove(input: $input) {
    overrides { from to price } userErrors { code field message } } }";

fn castle() -> Value {
    json!({ "symbol": "CASTLE", "name": "A castle in Bavaria", "assetType": "PRIVATE", "currency": "USD" })
}

async fn refusal(client: &Client, mutation: &str, field: &str, variables: Value) -> (String, String) {
    let answer = client.run_with(mutation, variables).await;
    let error = answer.at(&format!("/{field}/userErrors/0")).clone();
    let path =
        error["field"].as_array().expect("a path").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".");
    (error["code"].as_str().expect("a code").to_owned(), path)
}

#[tokio::test]
async fn an_own_instrument_is_held_priced_and_seen_by_its_firm_alone() {
    let app = App::start().await;
    let (admin, other) = (app.client("alpha", "admin").await, app.client("beta", "admin").await);
    let variables = json!({ "input": castle(), "key": "castle" });
    let made = admin.run_with(CREATE, variables.clone()).await;
    let id = made.text("/instrumentCreate/instrument/id");
    assert_eq!(*made.at("/instrumentCreate/instrument/mic"), json!("XXXX"));
    assert_eq!(admin.run_with(CREATE, variables).await.text("/instrumentCreate/instrument/id"), id, "done once");
    for text in ["CASTLE", "bavaria", "bavarai"] {
        let query = format!("{{ instruments(search: \"{text}\") {{ nodes {{ id }} totalCount }} }}");
        assert_eq!(
            *admin.run(&query).await.at("/instruments"),
            json!({ "nodes": [{ "id": id }], "totalCount": 1 }),
            "{text}"
        );
        assert_eq!(*other.run(&query).await.at("/instruments/totalCount"), json!(0), "{text}");
    }
    let one = format!(
        "{{ instrument(id: \"{id}\") {{ symbol }} node(id: \"{id}\") {{ id }} prices(instrumentId: \"{id}\") {{ dates }} }}"
    );
    assert_eq!(*other.run(&one).await.at("/instrument"), Value::Null);
    assert_eq!(*other.run(&one).await.at("/prices"), Value::Null);
    assert_eq!(*admin.run(&one).await.at("/instrument/symbol"), json!("CASTLE"));
    // Held, priced by hand, valued.
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "1000", "USD").await;
    book.import("2024-03-04,BUY,CASTLE,2,300,,,,USD,,,,,,\n", "ALL_OR_NOTHING").await;
    book.price("2024-03-05", "CASTLE", "350").await;
    let shown = book
        .show(
            "2024-03-06",
            None,
            "holdings { nodes { instrument { symbol } priceSource marketValue { amount } price { source } } }",
        )
        .await;
    let holding = &shown["holdings"]["nodes"][0];
    assert_eq!(
        (&holding["instrument"]["symbol"], &holding["priceSource"]),
        (&json!("CASTLE"), &json!("MANUAL")),
        "{shown}"
    );
    assert_eq!(holding["marketValue"]["amount"], json!("700"), "{shown}");
    // Another firm can neither trade nor price nor change it.
    let theirs = Book::opened_by(other.clone(), "USD").await;
    let trade = "mutation($input: TransactionRecordInput!) { transactionRecord(input: $input) { userErrors { code field message } } }";
    let buy = json!({ "input": { "accountId": theirs.account, "tradeDate": "2024-03-04", "activity": { "buy": {
        "instrumentId": id, "quantity": "1", "price": "1", "currency": "USD" } } } });
    assert_eq!(refusal(&other, trade, "transactionRecord", buy).await.0, "NOT_FOUND");
    let price = "mutation($input: [ManualPriceInput!]!) { manualPricesRecord(input: $input) { userErrors { code field message } } }";
    let input = json!({ "input": [{ "instrumentId": id, "date": "2024-03-05", "price": "1" }] });
    assert_eq!(refusal(&other, price, "manualPricesRecord", input).await.0, "NOT_FOUND");
    let change = json!({ "id": id, "version": 1, "input": { "symbol": "MINE", "name": "Mine" } });
    assert_eq!(refusal(&other, UPDATE, "instrumentUpdate", change).await, ("NOT_FOUND".to_owned(), "id".to_owned()));
    // Changed by its own firm, once a version, with an entry in its log.
    let change = json!({ "id": id, "version": 1, "input": { "symbol": "CASTLE", "name": "A ruin", "country": "DE" } });
    let changed = admin.run_with(UPDATE, change.clone()).await;
    assert_eq!(*changed.at("/instrumentUpdate/instrument"), json!({ "id": id, "name": "A ruin", "version": 2 }));
    assert_eq!(refusal(&admin, UPDATE, "instrumentUpdate", change).await.0, "VERSION_CONFLICT");
    let log = admin.run("{ auditLog(first: 50) { nodes { action before after } } }").await.body.to_string();
    assert!(
        log.contains("instrumentCreate") && log.contains("instrumentUpdate") && log.contains("A castle in Bavaria"),
        "{log}"
    );
    let investor = app.client("alpha", "investor1").await;
    let refused = investor.run_with(CREATE, json!({ "input": castle() })).await;
    assert!(refused.body.to_string().contains("FORBIDDEN"), "{}", refused.body);
}

#[tokio::test]
async fn what_no_instrument_can_be_is_refused_with_its_field() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    let with = |field: &str, value: Value| {
        let mut input = castle();
        input[field] = value;
        json!({ "input": input })
    };
    let bond = json!({ "couponRate": "0.05", "couponFrequency": 3, "dayCount": "ACT_365_FIXED", "maturity": "2030-01-01", "face": "100" });
    for (field, value, code, path) in [
        ("symbol", json!("ACME"), "ALREADY_EXISTS", "input.symbol"),
        ("symbol", json!("  "), "INVALID_INPUT", "input.symbol"),
        ("name", json!("x".repeat(201)), "INVALID_INPUT", "input.name"),
        ("currency", json!("XXX"), "NOT_FOUND", "input.currency"),
        ("priceMultiplier", json!("0"), "INVALID_INPUT", "input.priceMultiplier"),
        ("isin", json!("US0378331006"), "INVALID_INPUT", "input.isin"),
        ("country", json!("Germany"), "INVALID_INPUT", "input.country"),
        ("sector", json!("NONESUCH"), "NOT_FOUND", "input.sector"),
        ("bond", bond.clone(), "INVALID_INPUT", "input.bond"),
    ] {
        let refused = refusal(&admin, CREATE, "instrumentCreate", with(field, value)).await;
        assert_eq!(refused, (code.to_owned(), path.to_owned()), "{field}");
    }
    let mut input = castle();
    (input["assetType"], input["bond"]) = (json!("BOND"), bond);
    let refused = refusal(&admin, CREATE, "instrumentCreate", json!({ "input": input })).await;
    assert_eq!(refused, ("INVALID_INPUT".to_owned(), "input.bond.couponFrequency".to_owned()));
    input["bond"]["couponFrequency"] = json!(2);
    input["bond"]["face"] = json!("1");
    let refused = refusal(&admin, CREATE, "instrumentCreate", json!({ "input": input })).await;
    assert_eq!(refused, ("INVALID_INPUT".to_owned(), "input.bond.face".to_owned()));
    input["bond"]["face"] = json!("100");
    let made = admin.run_with(CREATE, json!({ "input": input })).await;
    assert_eq!(
        *made.at("/instrumentCreate/instrument/bond"),
        json!({ "couponRate": "0.05", "dayCount": "ACT_365_FIXED" })
    );
}

#[tokio::test]
async fn an_own_price_wins_for_its_firm_alone_and_is_said() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let acme = book.instrument("ACME").to_owned();
    book.deposit("2024-03-01", "10000", "USD").await;
    book.buy("2024-03-04", "ACME", "2", "250").await;
    let fields = "holdings { nodes { priceSource price { amount date source } marketValue { amount } } }";
    let market = book.show("2024-03-06", None, fields).await["holdings"]["nodes"][0].clone();
    assert_eq!((&market["priceSource"], &market["price"]["source"]), (&json!("MARKET"), &json!("MARKET")));
    let admin = app.client("alpha", "admin").await;
    let input =
        json!({ "instrumentId": acme, "from": "2024-03-05", "to": "2024-03-09", "price": "123.5", "reason": "halted" });
    let set = admin.run_with(SET, json!({ "input": input })).await;
    let ranges = json!([{ "from": "2024-03-05", "to": "2024-03-09", "price": "123.5", "reason": "halted" }]);
    assert_eq!(*set.at("/priceOverrideSet/overrides"), ranges);
    let own = book.show("2024-03-06", None, fields).await["holdings"]["nodes"][0].clone();
    assert_eq!(own["price"], json!({ "amount": "123.5", "date": "2024-03-06", "source": "OVERRIDE" }));
    assert_eq!((&own["priceSource"], &own["marketValue"]["amount"]), (&json!("OVERRIDE"), &json!("247")));
    // Another firm, through the same caches.
    let price = format!(
        "{{ instrument(id: \"{acme}\") {{ price(asOf: \"2024-03-06\") {{ amount source }} priceOverrides {{ price }}
        prices(from: \"2024-03-05\", to: \"2024-03-06\") {{ source values }} }} }}"
    );
    let theirs = app.client("beta", "admin").await.run(&price).await;
    assert_eq!(theirs.at("/instrument/price")["amount"], market["price"]["amount"]);
    assert_eq!(
        (theirs.at("/instrument/prices")["source"].clone(), theirs.at("/instrument/priceOverrides").clone()),
        (json!("MARKET"), json!([]))
    );
    let ours = admin.run(&price).await;
    assert_eq!(*ours.at("/instrument/prices"), json!({ "source": "OVERRIDE", "values": ["123.5", "123.5"] }));
    // What was computed from the market's price is computed anew.
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    assert_eq!(inside.text(&format!("SELECT min(from_date)::text FROM {schema}.price_dirty")).await, "2024-03-05");
    // A day is given back, and the range falls apart.
    let back = json!({ "input": { "instrumentId": acme, "from": "2024-03-06", "reason": "one trade" } });
    let parts = admin.run_with(REMOVE, back).await;
    let ranges = json!([{ "from": "2024-03-05", "to": "2024-03-05", "price": "123.5" }, { "from": "2024-03-07", "to": "2024-03-09", "price": "123.5" }]);
    assert_eq!(*parts.at("/priceOverrideRemove/overrides"), ranges);
    assert_eq!(book.show("2024-03-06", None, fields).await["holdings"]["nodes"][0], market);
    let log = admin.run("{ auditLog(first: 50) { nodes { action after } } }").await.body.to_string();
    assert!(log.contains("priceOverrideSet") && log.contains("priceOverrideRemove") && log.contains("halted"), "{log}");
    for (field, value, code) in [
        ("price", json!("0"), "INVALID_INPUT"),
        ("to", json!("2024-03-04"), "INVALID_INPUT"),
        ("to", json!("2024-04-01"), "FUTURE_DATE"),
        ("reason", json!(" "), "INVALID_INPUT"),
        ("instrumentId", json!(book.instrument("COIN")), "INVALID_INPUT"),
    ] {
        let mut wrong = input.clone();
        wrong[field] = value;
        let refused = refusal(&admin, SET, "priceOverrideSet", json!({ "input": wrong })).await;
        assert_eq!(refused, (code.to_owned(), format!("input.{field}")));
    }
}

#[tokio::test]
async fn business_days_are_those_of_the_exchange() {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    // The 2nd of March 2024 was a Saturday.
    let of = |mic: &str| {
        format!(
            r#"{{ exchange(mic: "{mic}") {{ holiday: isBusinessDay(date: "2024-03-02") businessDays(from: "2024-03-01", to: "2024-03-04")
            next: nextBusinessDay(date: "2024-03-01") before: nextBusinessDay(date: "2024-03-04", n: -1)
            far: nextBusinessDay(date: "2199-01-01") }} }}"#
        )
    };
    let new_york = client.run(&of("XNYS")).await;
    assert_eq!(
        *new_york.at("/exchange"),
        json!({ "holiday": false, "businessDays": 2, "next": "2024-03-04", "before": "2024-03-01", "far": null })
    );
    let always = client.run(&of("24X7")).await;
    assert_eq!(
        *always.at("/exchange"),
        json!({ "holiday": true, "businessDays": 4, "next": "2024-03-02", "before": "2024-03-03", "far": "2199-01-02" })
    );
}

#[tokio::test]
async fn a_file_of_own_prices_is_entered_and_each_wrong_line_is_told() {
    const IMPORT: &str = "mutation($input: ManualPricesImportInput!, $key: String) {
        manualPricesImport(input: $input, idempotencyKey: $key) {
            rowsRead rowsRecorded rowsRejected rowErrors { line column code message } userErrors { code field message } } }";
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    let id = admin.run_with(CREATE, json!({ "input": castle() })).await.text("/instrumentCreate/instrument/id");
    let file = |rows: &[&str]| format!("symbol,date,price,currency\n{}\n", rows.join("\n"));
    let right = ["CASTLE,2024-01-31,1000000.50,USD", "CASTLE,2024-02-29,1100000,USD", "COIN,2024-02-29,7,USD"];
    let wrong = [
        ("NONE,2024-02-29,1,USD", "symbol", "NOT_FOUND"),
        ("ACME,2024-02-29,1,USD", "symbol", "INVALID_INPUT"),
        ("CASTLE,2024-02-30,1,USD", "date", "INVALID_INPUT"),
        ("CASTLE,2024-03-16,1,USD", "date", "FUTURE_DATE"),
        ("CASTLE,2024-02-28,0,USD", "price", "INVALID_INPUT"),
        ("CASTLE,2024-02-28,1.000,5,USD", "", ""),
        ("CASTLE,2024-02-28,much,USD", "price", "INVALID_INPUT"),
        ("CASTLE,2024-02-28,1,EUR", "currency", "INVALID_INPUT"),
        ("CASTLE,2024-01-31,2,USD", "date", "INVALID_INPUT"),
    ];
    let told: Vec<_> = wrong.iter().filter(|(_, column, _)| !column.is_empty()).collect();
    let rows: Vec<&str> = right.iter().copied().chain(told.iter().map(|(row, _, _)| *row)).collect();
    let expected: Vec<Value> = (5..)
        .zip(&told)
        .map(|(line, (_, column, code))| json!({ "line": line, "column": column, "code": code }))
        .collect();
    let none = admin.run_with(IMPORT, json!({ "input": { "csv": file(&rows) } })).await;
    let answer = none.at("/manualPricesImport");
    assert_eq!(
        (&answer["rowsRead"], &answer["rowsRecorded"], &answer["rowsRejected"]),
        (&json!(11), &json!(0), &json!(8))
    );
    let errors: Vec<Value> = answer["rowErrors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|error| json!({ "line": error["line"], "column": error["column"], "code": error["code"] }))
        .collect();
    assert_eq!(errors, expected, "{answer}");
    let price = format!(
        r#"{{ instrument(id: "{id}") {{ price(asOf: "2024-03-10") {{ amount date source }} }} prices(instrumentId: "{id}") {{ closes }} }}"#
    );
    assert_eq!(*admin.run(&price).await.at("/prices/closes"), json!([]), "all or nothing");
    let some = json!({ "input": { "csv": file(&rows), "mode": "VALID_ROWS" }, "key": "february" });
    let taken = admin.run_with(IMPORT, some.clone()).await;
    assert_eq!(*taken.at("/manualPricesImport/rowsRecorded"), json!(3), "{}", taken.body);
    assert_eq!(admin.run_with(IMPORT, some).await.at("/manualPricesImport"), taken.at("/manualPricesImport"));
    let entered = admin.run(&price).await;
    assert_eq!(*entered.at("/prices/closes"), json!(["1000000.5", "1100000"]), "once");
    assert_eq!(
        *entered.at("/instrument/price"),
        json!({ "amount": "1100000", "date": "2024-02-29", "source": "MANUAL" })
    );
    // Another firm has none of it, and cannot name what it does not see.
    let other = app.client("beta", "admin").await;
    let theirs = other.run_with(IMPORT, json!({ "input": { "csv": file(&right) } })).await;
    assert_eq!(*theirs.at("/manualPricesImport/rowErrors/0/code"), json!("NOT_FOUND"));
    for csv in ["date,price\n2024-01-01,1\n".to_owned(), file(&[]), file(&[wrong[5].0])] {
        let refused = admin.run_with(IMPORT, json!({ "input": { "csv": csv } })).await;
        assert_eq!(*refused.at("/manualPricesImport/userErrors/0/field"), json!(["input", "csv"]), "{}", refused.body);
    }
    let log = admin.run("{ auditLog(first: 50) { nodes { action } } }").await.body.to_string();
    assert!(log.contains("manualPricesImport"), "{log}");
}
