//! People, their settings, and prices entered by hand.

use serde_json::json;

use crate::support::{App, Book, Inside, PASSWORD};

#[tokio::test]
async fn settings_are_changed_once_a_version_and_checked() {
    let app = App::start().await;
    let investor = app.client("alpha", "investor1").await;
    let update = r"mutation($version: Int!, $input: UserSettingsInput!) {
        userSettingsUpdate(expectedVersion: $version, input: $input) {
            user { name version settings { currency timeZone locale } } userErrors { code field message } } }";
    let input = json!({ "name": "Ada", "currency": "CHF", "timeZone": "Europe/Zurich", "locale": "de-CH" });
    let done = investor.run_with(update, json!({ "version": 1, "input": input })).await;
    let settings = json!({ "currency": "CHF", "timeZone": "Europe/Zurich", "locale": "de-CH" });
    let expected = json!({ "name": "Ada", "version": 2, "settings": settings });
    assert_eq!(*done.at("/userSettingsUpdate/user"), expected);
    let stale = investor.run_with(update, json!({ "version": 1, "input": { "name": "Eve" } })).await;
    assert_eq!(stale.user_errors("userSettingsUpdate"), ["VERSION_CONFLICT"]);
    assert!(stale.text("/userSettingsUpdate/userErrors/0/message").contains('2'), "{}", stale.body);
    let wrong = [
        (json!({ "name": "" }), "name"),
        (json!({ "currency": "XXX" }), "currency"),
        (json!({ "timeZone": "Mars" }), "timeZone"),
        (json!({ "locale": "not a tag" }), "locale"),
    ];
    for (input, field) in wrong {
        let refused = investor.run_with(update, json!({ "version": 2, "input": input })).await;
        assert_eq!(
            refused.at("/userSettingsUpdate/userErrors/0")["field"],
            json!(["input", field]),
            "{}",
            refused.body
        );
    }
    let viewer = investor.run("{ viewer { user { name version settings { currency timeZone locale } } } }").await;
    assert_eq!(*viewer.at("/viewer/user"), expected);
}

#[tokio::test]
async fn people_are_added_row_by_row() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    let create = r"mutation($input: [UserCreateInput!]!) { usersCreate(input: $input) {
        results { user { email role active } userErrors { code field message } } userErrors { code } } }";
    let person = |email: &str, password: &str| json!({ "email": email, "name": "New", "role": "INVESTOR", "password": password, "currency": "USD" });
    let mut operator = person("op@alpha.example", PASSWORD);
    operator["role"] = json!("PLATFORM_OPERATOR");
    let rows = json!([
        person("new@alpha.example", PASSWORD),
        person("INVESTOR1@alpha.example", PASSWORD),
        person("no address", PASSWORD),
        person("short@alpha.example", "1234567"),
        operator,
        person("New@alpha.example", PASSWORD),
        person("last@alpha.example", PASSWORD),
    ]);
    let answer = admin.run_with(create, json!({ "input": rows })).await;
    let results = answer.at("/usersCreate/results").as_array().expect("a list").clone();
    let errors: Vec<_> = results
        .iter()
        .map(|row| (row["userErrors"][0]["code"].clone(), row["userErrors"][0]["field"].clone()))
        .collect();
    let none = (json!(null), json!(null));
    let expected = vec![
        none.clone(),
        (json!("ALREADY_EXISTS"), json!(["input", "1", "email"])),
        (json!("INVALID_INPUT"), json!(["input", "2", "email"])),
        (json!("INVALID_INPUT"), json!(["input", "3", "password"])),
        (json!("INVALID_INPUT"), json!(["input", "4", "role"])),
        (json!("ALREADY_EXISTS"), json!(["input", "5", "email"])),
        none,
    ];
    assert_eq!(errors, expected, "{}", answer.body);
    assert_eq!(results[0]["user"], json!({ "email": "new@alpha.example", "role": "INVESTOR", "active": true }));
    let login = format!(
        r#"mutation {{ login(input: {{ tenant: "alpha", email: "LAST@alpha.example", password: "{PASSWORD}" }}) {{
            viewer {{ user {{ email }} }} }} }}"#
    );
    assert_eq!(app.anonymous().run(&login).await.text("/login/viewer/user/email"), "last@alpha.example");
    let none = admin.run_with(create, json!({ "input": [] })).await;
    assert_eq!(none.user_errors("usersCreate"), ["INVALID_INPUT"]);
}

#[tokio::test]
async fn prices_are_entered_all_or_none_and_only_where_no_exchange_prices() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let mut inside = Inside::of(&app, "alpha").await;
    let before = inside.row_counts().await;
    let record = r"mutation($input: [ManualPriceInput!]!) { manualPricesRecord(input: $input) {
        count userErrors { code field message } } }";
    let price = |symbol: &str, date: &str, price: &str| json!({ "instrumentId": book.instrument(symbol), "date": date, "price": price });
    let cases = [
        (price("ACME", "2024-03-01", "5"), "INVALID_INPUT", "instrumentId", "XNYS"),
        (price("COIN", "2024-03-16", "5"), "FUTURE_DATE", "date", "2024-03-16"),
        (price("COIN", "2024-03-01", "-5"), "INVALID_INPUT", "price", "-5"),
        (price("COIN", "2024-03-01", "0"), "INVALID_INPUT", "price", "0"),
    ];
    for (row, code, field, says) in cases {
        let rows = json!([price("COIN", "2024-03-01", "5"), row]);
        let answer = book.desk.run_with(record, json!({ "input": rows })).await;
        let error = answer.at("/manualPricesRecord/userErrors/0");
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(["input", "1", field])), "{error}");
        assert!(error["message"].as_str().expect("a message").contains(says), "{error}");
        assert_eq!(*answer.at("/manualPricesRecord/count"), 0);
    }
    assert_eq!(inside.row_counts().await, before);
    // A later entry for the same day counts; another tenant sees neither.
    book.price("2024-03-01", "COIN", "5").await;
    book.price("2024-03-01", "COIN", "6").await;
    let history = r"query($id: ID!) { prices(instrumentId: $id) { dates closes } }";
    let id = json!({ "id": book.instrument("COIN") });
    let seen = book.client.run_with(history, id.clone()).await;
    assert_eq!(*seen.at("/prices"), json!({ "dates": ["2024-03-01"], "closes": ["6"] }));
    let theirs = app.client("beta", "investor1").await.run_with(history, id).await;
    assert_eq!(theirs.at("/prices/dates").as_array().map(Vec::len), Some(0));
}
