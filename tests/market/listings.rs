//! From when until when instruments are traded, and what became of them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::load;
use crate::support::{App, Book, Client, Superuser};

const SET: &str = "mutation($input: InstrumentListingSetInput!) { instrumentListingSet(input: $input) {
    listing { symbol listedOn delistedOn isDelisted } userErrors { code field message } } }";
const RECORD: &str = "mutation($input: InstrumentSuccessionRecordInput!) { instrumentSuccessionRecord(input: $input) {
    succession { id kind effectiveOn } userErrors { code field message } } }";
const REMOVE: &str =
    "mutation($id: ID!) { instrumentSuccessionRemove(id: $id) { succession { id } userErrors { code } } }";
const FOLLOWS: &str = r#"query($symbol: String) { instruments(search: $symbol, first: 1) { nodes {
    successors { kind effectiveOn successor { symbol } } predecessors { id kind predecessor { symbol } } } } }"#;

fn listed(symbol: &str) -> Value {
    json!({ "listed": { "symbol": symbol, "mic": "XNYS" } })
}

async fn refused(client: &Client, mutation: &str, field: &str, input: Value) -> [String; 3] {
    let answer = client.run_with(mutation, json!({ "input": input })).await;
    let error = answer.at(&format!("/{field}/userErrors/0")).clone();
    let path: Vec<&str> = error["field"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
    [error["code"].to_string(), path.join("."), error["message"].to_string()]
}

async fn price(client: &Client, id: &str, day: &str) -> Value {
    let query = format!(
        r#"{{ instrument(id: "{id}") {{ price(asOf: "{day}") {{ amount date status staleDays reasons {{ code message }} }} }} }}"#
    );
    client.run(&query).await.at("/instrument/price").clone()
}

#[tokio::test]
async fn what_is_delisted_has_ended_and_is_neither_stale_nor_merely_missing() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "10000", "USD").await;
    book.buy("2024-03-04", "ACME", "2", "250").await;
    app.work().await;
    app.clock.advance(TimeDelta::days(7));
    let acme = book.instrument("ACME").to_owned();
    let admin = app.client("alpha", "admin").await;
    assert_eq!(price(&admin, &acme, "2024-03-18").await["status"], "STALE", "nothing says yet that it has ended");
    let operator = app.operator().await;
    // Nobody is told that it had ended before its last price, or before it began.
    let early = json!({ "instrument": { "id": acme }, "delistedOn": "2024-03-14" });
    let refusal = refused(&operator, SET, "instrumentListingSet", early).await;
    assert_eq!(refusal[..2], [r#""INVALID_INPUT""#, "input.delistedOn"]);
    assert!(refusal[2].contains("there is a price of 2024-03-14"), "{refusal:?}");
    let ahead = json!({ "instrument": { "id": acme }, "delistedOn": "2024-03-23" });
    assert_eq!(refused(&operator, SET, "instrumentListingSet", ahead).await[0], r#""FUTURE_DATE""#);
    let reversed = json!({ "instrument": listed("ACME"), "listedOn": "2024-03-20", "delistedOn": "2024-03-18" });
    assert!(refused(&operator, SET, "instrumentListingSet", reversed).await[2].contains("before it was listed"));
    let nobody = json!({ "instrument": listed("NONE"), "delistedOn": "2024-03-18" });
    assert_eq!(refused(&operator, SET, "instrumentListingSet", nobody).await[0], r#""NOT_FOUND""#);

    let ended = json!({ "instrument": listed("ACME"), "listedOn": "1990-01-02", "delistedOn": "2024-03-15" });
    let set = operator.run_with(SET, json!({ "input": ended })).await;
    let days = json!({ "symbol": "ACME", "listedOn": "1990-01-02", "delistedOn": "2024-03-15", "isDelisted": true });
    assert_eq!(*set.at("/instrumentListingSet/listing"), days, "{}", set.body);
    let after = price(&admin, &acme, "2024-03-15").await;
    assert_eq!((&after["amount"], &after["reasons"][0]["code"]), (&Value::Null, &json!("DELISTED")));
    let message = after["reasons"][0]["message"].as_str().expect("words");
    assert!(message.contains("from 2024-03-15 on") && message.contains("of 2024-03-14"), "{message}");
    assert_eq!(price(&admin, &acme, "2024-03-14").await["status"], "COMPLETE");
    // Sessions after its end lack nothing.
    let series = format!(
        r#"{{ instrument(id: "{acme}") {{ isDelisted delistedOn prices(from: "2024-03-13") {{ dates reasons {{ code }} }} }} }}"#
    );
    let series = admin.run(&series).await;
    assert_eq!(*series.at("/instrument/prices"), json!({ "dates": ["2024-03-13", "2024-03-14"], "reasons": [] }));
    // What was valued since is valued again, and says why it has no value.
    let mut inside = Superuser::of(&app).await;
    let change = "SELECT changed_from::text FROM market.meta_market_change ORDER BY version DESC LIMIT 1";
    assert_eq!(inside.text(change).await, "2024-03-15");
    app.work().await;
    let book = book.with_client(app.client("alpha", "investor1").await);
    let shown = book.show("2024-03-18", None, "holdings { nodes { marketValue { amount } reasons { code } } }").await;
    assert_eq!(
        shown["holdings"]["nodes"][0],
        json!({ "marketValue": null, "reasons": [{ "code": "DELISTED" }] }),
        "{shown}"
    );
    // A price of the firm's own counts all the same.
    let own = "mutation($input: PriceOverrideSetInput!) { priceOverrideSet(input: $input) { userErrors { message } } }";
    let input = json!({ "instrumentId": acme, "from": "2024-03-18", "to": "2024-03-18", "price": "1.5", "reason": "liquidation" });
    admin.run_with(own, json!({ "input": input })).await;
    assert_eq!(price(&admin, &acme, "2024-03-18").await["amount"], "1.5");
    // It can be taken back unless another has its symbol by now.
    let again = json!({ "instrument": { "id": acme }, "delistedOn": null });
    inside
        .run("INSERT INTO market.dim_stock (id, symbol, name, asset_type, mic, currency, price_multiplier, price_source, created_at, \
            quote_unit) SELECT gen_random_uuid(), 'ACME', 'Another', 'STOCK', mic, currency, 1, 'EXCHANGE', created_at, quote_unit \
            FROM market.dim_stock WHERE symbol = 'GLOBEX'")
        .await;
    let taken = refused(&operator, SET, "instrumentListingSet", again.clone()).await;
    assert_eq!(taken[..2], [r#""ALREADY_EXISTS""#, "input.delistedOn"]);
    inside.run("DELETE FROM market.dim_stock WHERE name = 'Another'").await;
    let set = operator.run_with(SET, json!({ "input": again })).await;
    assert_eq!(set.at("/instrumentListingSet/listing")["isDelisted"], false, "{}", set.body);
    assert_eq!(price(&app.client("beta", "admin").await, &acme, "2024-03-18").await["status"], "STALE");
    let log = inside.text("SELECT count(*)::text FROM platform.audit_log WHERE action = 'instrumentListingSet'").await;
    assert_eq!(log, "2");
}

#[tokio::test]
async fn what_is_traded_is_found_before_what_is_not() {
    let app = App::start().await;
    let header = "symbol,name,asset_type,mic,currency,isin,sector,price_multiplier,price_source";
    let instruments = format!(
        "{header}\nAAGON,Zebra mining,STOCK,XNYS,USD,,,1,EXCHANGE\nZZLIVE,Zebra mining,STOCK,XNYS,USD,,,1,EXCHANGE\n"
    );
    let days = "symbol,mic,listed_on,delisted_on\nAAGON,XNYS,1999-01-04,2007-05-18\nZZLIVE,XNYS,2001-06-01,\n";
    let files = [("instruments.csv", instruments.as_str()), ("listings.csv", days)];
    let first = load(&app, &files).await.expect("loaded");
    assert_eq!((first.instruments, first.described), (2, 2));
    let again = load(&app, &files).await.expect("loaded");
    assert_eq!((again.instruments, again.described), (0, 0), "what is known already changes nothing");
    let client = app.client("alpha", "investor1").await;
    let query =
        "query($text: String, $delisted: Boolean) { instruments(search: $text, delisted: $delisted, first: 100) {
        totalCount nodes { symbol listedOn delistedOn isDelisted } } }";
    for (text, delisted, expected) in [
        (json!("zebra"), Value::Null, vec!["ZZLIVE", "AAGON"]),
        (json!("zebra"), json!(true), vec!["AAGON"]),
        (json!("zebra"), json!(false), vec!["ZZLIVE"]),
        (json!("zebar minning"), Value::Null, vec!["ZZLIVE", "AAGON"]),
        (json!("zebar minning"), json!(true), vec!["AAGON"]),
        (json!("aagon"), json!(false), vec![]),
        (Value::Null, json!(true), vec!["AAGON"]),
    ] {
        let found = client.run_with(query, json!({ "text": text, "delisted": delisted })).await;
        let nodes = found.at("/instruments/nodes").as_array().expect("a list");
        let symbols: Vec<&str> = nodes.iter().filter_map(|node| node["symbol"].as_str()).collect();
        assert_eq!(symbols, expected, "{text} {delisted}");
        assert_eq!(*found.at("/instruments/totalCount"), json!(expected.len()), "{text} {delisted}");
    }
    let gone = client.run_with(query, json!({ "text": "AAGON" })).await;
    assert_eq!(
        *gone.at("/instruments/nodes/0"),
        json!({ "symbol": "AAGON", "listedOn": "1999-01-04", "delistedOn": "2007-05-18", "isDelisted": true })
    );
    for (days, says) in [
        ("AAGON,XNYS,2008-01-01,2007-05-18", "before it was listed"),
        ("AAGON,XNYS,,2024-03-16", "has not come yet"),
        ("AAGON,XNYS,,soon", "is no day"),
        ("ACME,XNYS,,2024-03-14", "there is a price of 2024-03-14"),
        ("AAGON,XNYS,,\nAAGON,XNYS,,", "stands there twice"),
        ("NONE,XNYS,,", "is not known"),
    ] {
        let file = format!("symbol,mic,listed_on,delisted_on\n{days}\n");
        let error = load(&app, &[("listings.csv", &file)]).await.expect_err("refused").to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn what_became_of_an_instrument_is_noted_and_read_from_both_ends() {
    let app = App::start().await;
    let file = "symbol,mic,kind,effective_on,successor_symbol,successor_mic\nGLOBEX,XNYS,MERGER,2024-02-01,ACME,XNYS\n\
        NEWCO,24X7,RENAME,2023-06-01,GLOBEX,XNYS\n";
    assert_eq!(load(&app, &[("successions.csv", file)]).await.expect("loaded").described, 2);
    assert_eq!(load(&app, &[("successions.csv", file)]).await.expect("loaded").described, 0);
    let client = app.client("alpha", "investor1").await;
    let globex = client.run_with(FOLLOWS, json!({ "symbol": "GLOBEX" })).await;
    let merged = json!([{ "kind": "MERGER", "effectiveOn": "2024-02-01", "successor": { "symbol": "ACME" } }]);
    assert_eq!(*globex.at("/instruments/nodes/0/successors"), merged);
    assert_eq!(globex.at("/instruments/nodes/0/predecessors/0")["predecessor"]["symbol"], "NEWCO");
    // A file that says another kind is right.
    let other = file.replace("RENAME", "SPIN_OFF");
    assert_eq!(load(&app, &[("successions.csv", &other)]).await.expect("loaded").described, 1);
    for (row, says) in [
        ("GLOBEX,XNYS,SOLD,2024-02-01,ACME,XNYS", "SOLD is not one of MERGER, SPIN_OFF, RENAME"),
        ("GLOBEX,XNYS,MERGER,2024-02-30,ACME,XNYS", "2024-02-30 is no day"),
        ("GLOBEX,XNYS,MERGER,2024-02-01,NONE,XNYS", "the successor NONE on XNYS is not known"),
        ("GLOBEX,XNYS,MERGER,2024-02-01,GLOBEX,XNYS", "cannot follow itself"),
    ] {
        let file = format!("symbol,mic,kind,effective_on,successor_symbol,successor_mic\n{row}\n");
        let error = load(&app, &[("successions.csv", &file)]).await.expect_err("refused").to_string();
        assert!(error.contains(says), "{error}");
    }
    let operator = app.operator().await;
    let input = json!({ "predecessor": listed("ACME"), "successor": listed("GLOBEX"), "kind": "SPIN_OFF", "effectiveOn": "2024-02-01" });
    let both_ways = refused(&operator, RECORD, "instrumentSuccessionRecord", input.clone()).await;
    assert_eq!(both_ways[..2], [r#""ALREADY_EXISTS""#, "input.effectiveOn"], "one fact of two instruments and a day");
    let mut itself = input.clone();
    itself["successor"] = listed("ACME");
    assert_eq!(refused(&operator, RECORD, "instrumentSuccessionRecord", itself).await[0], r#""SAME_INSTRUMENT""#);
    let mut later = input;
    later["effectiveOn"] = json!("2025-01-02");
    let made = operator.run_with(RECORD, json!({ "input": later })).await;
    let id = made.text("/instrumentSuccessionRecord/succession/id");
    let globex = client.run_with(FOLLOWS, json!({ "symbol": "GLOBEX" })).await;
    assert_eq!(globex.at("/instruments/nodes/0/predecessors/1")["id"], json!(id));
    operator.run_with(REMOVE, json!({ "id": id })).await.at("/instrumentSuccessionRemove/succession");
    let globex = client.run_with(FOLLOWS, json!({ "symbol": "GLOBEX" })).await;
    assert_eq!(globex.at("/instruments/nodes/0/predecessors").as_array().map(Vec::len), Some(1));
    let gone = operator.run_with(REMOVE, json!({ "id": id })).await;
    assert_eq!(*gone.at("/instrumentSuccessionRemove/userErrors/0/code"), json!("NOT_FOUND"));
}
