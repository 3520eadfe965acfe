//! Lists of instruments with what is wrong in them, what is known by which identifier when, and what a text finds.

use std::fs;

use portfolio_analyzer::market_data::load_instruments;
use portfolio_analyzer::storage::instrument_load::{LISTED, ListOutcome};
use serde_json::{Value, json};

use super::{administration, findings, load};
use crate::support::{App, Book, Client, Superuser};

/// Each trap once.
const LIST: &[&str] = &[
    "AAPL,Apple Inc.,equity,XNAS,NMS,United States,USD,US0378331005,037833100,BBG000B9XRY4,Information Technology,Technology Hardware & Equipment,Technology Hardware,GICS-like,Mega Cap,,,0,x",
    "MSFT,Microsoft Corporation,equity,XNAS,NMS,United States,USD,US5949181045,594918104,,Information Technology,Software & Services,Software,GICS-like,Mega Cap,,,0,x",
    "BROKEN,Broken Identifiers,equity,XNAS,NMS,Atlantis,USD,US0378331006,037833101,BBG000B9XRY5,Industrial Goods,,,GICS-like,,,,0,x",
    "VOD.L,Vodafone Group,equity,XLON,LSE,United Kingdom,GBP,,,,Communication Services,,,GICS-like,,,,0,x",
    "TEVA.TA,Teva,equity,XTAE,TLV,Israel,ILA,,,,Health Care,,Pharmaceuticals,GICS-like,,,,0,x",
    "BTC-ETH,Bitcoin ETH,crypto,,CCC,,ETH,,,,,,,,,,BTC,,x",
    "EURBRX=X,EUR/BRX,fx,,CCY,,BRX,,,,,,,,,,EUR,,x",
    "1101.TW,,equity,,,,,,,,,,,,,,,,x",
    "WBC.AX,Westpac,equity,XASX,ASX,Australia,AUD,AU000000WBC1,,,Financials,Banks,Banks,GICS-like,,,,0,x",
    "WBCPE.AX,Westpac,equity,XASX,ASX,Australia,AUD,AU000000WBC1,,,Financials,Banks,Banks,GICS-like,,,,0,x",
    "FEI,First Trust,equity,XASE,ASE,,USD,,,,,,,,,,,0,x",
    "FEI,First Trust,equity,XNYS,NYQ,,USD,,,,,,,,,,,1,x",
    "MSFT,Microsoft again,equity,XNAS,NMS,,USD,,,,,,,,,,,0,x",
    "NOTE,A structured note,note,XNAS,NMS,,USD,,,,,,,,,,,0,x",
    "SHORT,Too few cells,equity",
];

pub(super) async fn list(app: &App, rows: &[&str]) -> ListOutcome {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("list.csv");
    fs::write(&path, format!("{}\n{}\n", LISTED.join(","), rows.join("\n"))).expect("written");
    let administration = administration(app).await;
    let loaded = load_instruments(&administration, &path, &app.services.environment, &|_| {}).await;
    administration.close().await;
    loaded.expect("loaded")
}

async fn search(client: &Client, text: &str) -> Vec<String> {
    let query = "query($text: String) { instruments(search: $text, first: 100) { nodes { symbol } } }";
    let found = client.run_with(query, json!({ "text": text })).await;
    let nodes = found.at("/instruments/nodes").as_array().expect("a list").clone();
    nodes.iter().map(|node| node["symbol"].as_str().expect("a symbol").to_owned()).collect()
}

async fn described(client: &Client, symbol: &str) -> Value {
    let query = "query($text: String) { instruments(search: $text, first: 1) { nodes { symbol name assetType mic currency quoteUnit
        country isin sector sectorPath { name level } isDelisted identifiers { scheme value mic validFrom validUntil } } } }";
    client.run_with(query, json!({ "text": symbol })).await.at("/instruments/nodes/0").clone()
}

#[tokio::test]
async fn each_trap_of_a_list_is_handled_or_reported() {
    let app = App::start().await;
    let first = list(&app, LIST).await;
    assert_eq!((first.outcome.delivered, first.new, first.revised, first.outcome.held), (15, 12, 0, 3));
    let mut found = findings(&app, "instruments").await;
    found.sort();
    let expected = [
        "3 UNKNOWN_COUNTRY",
        "3 UNKNOWN_SECTOR",
        "3 WRONG_CHECK_DIGIT",
        "4 QUOTE_UNIT_UNCERTAIN",
        "6 UNKNOWN_CURRENCY",
        "7 UNKNOWN_CURRENCY",
        "8 CURRENCY_MISSING",
        "8 MARKET_MISSING",
        "8 NAME_MISSING",
        "9 ISIN_SHARED",
        "10 ISIN_SHARED",
        "11 SYMBOL_MOVED",
        "12 SYMBOL_MOVED",
        "13 DUPLICATE",
        "14 UNKNOWN_TYPE",
        "15 WRONG_COLUMNS",
    ];
    let mut expected = expected.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(found, expected);
    let client = app.client("alpha", "investor1").await;
    let apple = described(&client, "AAPL").await;
    assert_eq!(apple["country"], "US");
    let path: Vec<&str> =
        apple["sectorPath"].as_array().expect("a path").iter().filter_map(|part| part["name"].as_str()).collect();
    assert_eq!(path, ["Information Technology", "Technology Hardware & Equipment", "Technology Hardware"]);
    assert_eq!(apple["sector"], "INFORMATION_TECHNOLOGY");
    let teva = described(&client, "TEVA.TA").await;
    assert_eq!((&teva["currency"], &teva["quoteUnit"]), (&json!("ILS"), &json!("ILA")));
    let coin = described(&client, "BTC-ETH").await;
    assert_eq!((&coin["mic"], &coin["currency"], &coin["quoteUnit"]), (&json!("24X7"), &json!("XXX"), &json!("ETH")));
    let nowhere = described(&client, "1101.TW").await;
    assert_eq!(
        (&nowhere["mic"], &nowhere["name"], &nowhere["currency"]),
        (&json!("XXXX"), &json!("1101.TW"), &json!("XXX"))
    );
    assert_eq!(
        described(&client, "WBC.AX").await["isin"],
        Value::Null,
        "an ISIN of two listings of a market is nobody's"
    );
    assert_eq!(described(&client, "BROKEN").await["isin"], Value::Null);
    let again = list(&app, LIST).await;
    assert_eq!((again.new, again.revised, again.outcome.held), (0, 0, 3), "the same list changes nothing");
}

#[tokio::test]
async fn a_second_list_revises_and_dates_what_has_changed() {
    let app = App::start().await;
    list(&app, LIST).await;
    let mut inside = Superuser::of(&app).await;
    let id = inside.text("SELECT id::text FROM market.dim_stock WHERE symbol = 'MSFT'").await;
    app.clock.advance(chrono::TimeDelta::days(7));
    let client = app.client("alpha", "investor1").await;
    let second = list(&app, &[
        // Another symbol for the same ISIN on the same market, another name; a market that has become known; another currency.
        "MSX,Microsoft Holding,equity,XNAS,NMS,United States,USD,US5949181045,594918104,,Information Technology,,,GICS-like,,,,0,x",
        "1101.TW,TCC Group,equity,XTAI,TAI,Taiwan,TWD,,,,,,,,,,,0,x",
        "VOD.L,Vodafone Group,equity,XLON,LSE,United Kingdom,USD,,,,Communication Services,,,GICS-like,,,,0,x",
        "AAPL,Another,equity,XNAS,NMS,,USD,DE000BAY0017,,,,,,,,,,0,x",
    ])
    .await;
    assert_eq!((second.new, second.revised, second.outcome.held), (0, 2, 1));
    let found = findings(&app, "instruments").await;
    assert!(
        found.contains(&"4 IDENTITY_CHANGED".to_owned()) && found.contains(&"3 CURRENCY_CHANGED".to_owned()),
        "{found:?}"
    );
    assert_eq!(
        inside.text("SELECT id::text FROM market.dim_stock WHERE symbol = 'MSX'").await,
        id,
        "an id is never lost"
    );
    let moved = described(&client, "MSX").await;
    assert_eq!(moved["name"], "Microsoft Holding");
    let tickers: Vec<Value> = moved["identifiers"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["scheme"] == "TICKER")
        .map(|one| json!([one["value"], one["validFrom"], one["validUntil"]]))
        .collect();
    assert!(
        tickers.contains(&json!(["MSX", "2024-03-22", null])) && tickers.contains(&json!(["MSFT", null, "2024-03-22"])),
        "{tickers:?}"
    );
    assert_eq!(described(&client, "1101.TW").await["mic"], "XTAI");
    assert_eq!(described(&client, "VOD.L").await["currency"], "GBP");
    assert_eq!(described(&client, "AAPL").await["name"], "Apple Inc.");
    let by = |day: &str, value: &str| {
        format!(
            r#"{{ instrumentsByIdentifier(scheme: TICKER, value: "{value}", mic: "XNAS", asOf: "{day}") {{ symbol }} }}"#
        )
    };
    assert_eq!(
        *client.run(&by("2024-03-21", "MSFT")).await.at("/instrumentsByIdentifier"),
        json!([{ "symbol": "MSX" }])
    );
    assert_eq!(*client.run(&by("2024-03-22", "MSFT")).await.at("/instrumentsByIdentifier"), json!([]));
    let wrong = client.run(r#"{ instrumentsByIdentifier(scheme: ISIN, value: "US5949181046") { symbol } }"#).await;
    assert!(wrong.body.to_string().contains("check digit would have to be 5"), "{}", wrong.body);
}

#[tokio::test]
async fn a_text_finds_the_best_first_and_pages_are_stable() {
    let app = App::start().await;
    list(&app, LIST).await;
    let client = app.client("alpha", "investor1").await;
    assert_eq!(search(&client, "wbc.ax").await, ["WBC.AX"]);
    assert_eq!(search(&client, "WBC").await, ["WBC.AX", "WBCPE.AX"]);
    assert_eq!(search(&client, "us5949181045").await, ["MSFT"]);
    assert_eq!(search(&client, "group vodafone").await, ["VOD.L"]);
    assert_eq!(search(&client, "microsft").await, ["MSFT"]);
    assert_eq!(search(&client, "100%").await, Vec::<String>::new());
    let query = "query($after: String) { instruments(search: \"e\", first: 2, after: $after) { totalCount pageInfo { endCursor hasNextPage } nodes { symbol } } }";
    let (mut after, mut paged) = (Value::Null, Vec::new());
    loop {
        let page = client.run_with(query, json!({ "after": after })).await;
        let nodes = page.at("/instruments/nodes").as_array().expect("a list").clone();
        paged.extend(nodes.iter().map(|node| node["symbol"].as_str().expect("a symbol").to_owned()));
        after = page.at("/instruments/pageInfo/endCursor").clone();
        if *page.at("/instruments/pageInfo/hasNextPage") == json!(false) {
            assert_eq!(*page.at("/instruments/totalCount"), json!(paged.len()));
            break;
        }
    }
    assert_eq!(paged, search(&client, "e").await);
}

#[tokio::test]
async fn a_symbol_of_another_day_is_another_security() {
    let app = App::start().await;
    let header = "symbol,name,asset_type,mic,currency,isin,sector,price_multiplier,price_source";
    let instruments = format!(
        "{header}\nMETA,Meta,STOCK,XNYS,USD,,,1,EXCHANGE\nOLDFB,Falcon,STOCK,XNYS,USD,,,1,EXCHANGE\n\
        TB28,Treasury,BOND,XNYS,USD,,,0.01,MANUAL\n"
    );
    let identifiers = "symbol,mic,scheme,value,qualifier,valid_from,valid_until\n\
        META,XNYS,TICKER,FB,XNYS,2012-05-18,2022-06-09\nMETA,XNYS,TICKER,META,XNYS,2022-06-09,\n\
        OLDFB,XNYS,TICKER,FB,XNYS,,2012-05-18\n";
    let bonds = "symbol,mic,coupon_rate,coupon_frequency,day_count,maturity,face\nTB28,XNYS,0.045,2,ACT_ACT_ICMA,2028-05-15,1\n";
    let files = [("instruments.csv", instruments.as_str()), ("identifiers.csv", identifiers), ("bonds.csv", bonds)];
    let unfit = bonds.replace("05-15,1", "05-15,100");
    let refused = load(&app, &[files[0], ("bonds.csv", unfit.as_str())]).await.expect_err("a hundred times the price");
    assert!(refused.to_string().contains("the face of TB28 is not 1"), "{refused}");
    load(&app, &files).await.expect("loaded");
    let book = Book::open(&app, "USD").await;
    let csv = "date,type,symbol,quantity,price,amount,fee,tax,currency,counter_amount,counter_currency,ratio,account,external_id,note\n\
        2011-03-01,DEPOSIT,,,,100000,,,USD,,,,,,\n2012-05-17,BUY,FB,1,10,,,,USD,,,,,,\n2012-05-18,BUY,FB,2,38,,,,USD,,,,,,\n";
    let import = "mutation($input: TransactionsImportInput!) { transactionsImport(input: $input) { rowsRecorded rowErrors { message } } }";
    let done = book.client.run_with(import, json!({ "input": { "portfolioId": book.portfolio, "csv": csv } })).await;
    assert_eq!(*done.at("/transactionsImport/rowsRecorded"), json!(3), "{}", done.body);
    let held = book
        .client
        .run_with(
            "query($id: ID!) { portfolio(id: $id) { transactions { nodes { tradeDate instrument { symbol } } } } }",
            json!({ "id": book.portfolio }),
        )
        .await;
    let text = held.body.to_string();
    assert!(
        text.contains(r#""symbol":"OLDFB"},"tradeDate":"2012-05-17""#)
            || text.contains(r#""tradeDate":"2012-05-17","instrument":{"symbol":"OLDFB""#),
        "{text}"
    );
    assert!(
        text.contains(r#""symbol":"META"},"tradeDate":"2012-05-18""#)
            || text.contains(r#""tradeDate":"2012-05-18","instrument":{"symbol":"META""#),
        "{text}"
    );
    let late = csv.replace("2012-05-18,BUY,FB,2", "2023-05-18,BUY,FB,3");
    let refused =
        book.client.run_with(import, json!({ "input": { "portfolioId": book.portfolio, "csv": late } })).await;
    assert!(refused.body.to_string().contains("no instrument was called FB on 2023-05-18"), "{}", refused.body);
    let bond = book.client.run(r#"{ instruments(search: "TB28") { nodes { bond { couponRate couponFrequency dayCount maturity face } } } }"#).await;
    assert_eq!(
        *bond.at("/instruments/nodes/0/bond"),
        json!({ "couponRate": "0.045", "couponFrequency": 2, "dayCount": "ACT_ACT_ICMA",
        "maturity": "2028-05-15", "face": "1" })
    );
}
