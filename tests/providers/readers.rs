//! Providers that the operator describes in the configuration file.

use std::fs;
use std::sync::Arc;

use portfolio_analyzer::config::{Config, MarketDataConfig, Sources};
use portfolio_analyzer::market_data::delivery::Basis;
use portfolio_analyzer::market_data::providers::{Provider, Span};

use super::replay::{Act, KEY, Replay, registry, since, wanted};

/// The configuration that `text` makes, with `SERVER` in it for the address of the server.
fn configured(server: &Replay, text: &str) -> Result<MarketDataConfig, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("portfolio.toml");
    fs::write(&file, text.replace("SERVER/", &server.url())).expect("written");
    let environment = vec![("PORTFOLIO__MARKET_DATA__KEYS__HOUSE".into(), KEY.into())];
    let sources = Sources { file: Some(file), environment, ..Sources::default() };
    Config::load(&sources).map(|(config, _)| config.market_data).map_err(|error| error.to_string())
}

fn house(server: &Replay, text: &str) -> Arc<dyn Provider> {
    let config = configured(server, text).expect("a configuration");
    Arc::clone(registry(&config).0.get("house").expect("a reader"))
}

const CSV: &str = r#"
[[market_data.readers]]
name = "house"
kind = "prices"
url = "SERVER/kurse/{symbol}?von={from}&bis={to}"
format = "csv"
delimiter = ";"
date_format = "%d.%m.%Y"
decimal_comma = true
basis = "split_adjusted"
currency = "EUR"
key_header = "X-House-Key"
allowed_addresses = ["127.0.0.0/8"]
columns = { date = "Datum", close = "Schluss", volume = "Stück" }
"#;

#[tokio::test]
async fn a_table_as_germans_write_it() {
    let server = Replay::start([Act::ok("Datum;Schluss;Stück\n05.03.2024;1.234,50;1.000\n06.03.2024;n/a;\n")]).await;
    let house = house(&server, CSV);
    let history = house.prices(&[wanted("A B/C?", since("2024-03-06"))]).await.expect("a history");
    let asked = &server.asked()[0];
    assert_eq!(asked.address, "/kurse/A%20B%2FC%3F?von=01.03.2024&bis=06.03.2024", "the symbol stays one step");
    assert_eq!(asked.headers["x-house-key"], KEY);
    let rows: Vec<_> = history.prices.rows.iter().map(|row| (row.date.as_str(), row.close.as_str())).collect();
    assert_eq!(rows, [("2024-03-05", "1234.50"), ("2024-03-06", "n/a")]);
    assert_eq!((history.prices.rows[0].volume.as_str(), history.prices.rows[0].currency.as_str()), ("1000", "EUR"));
    assert_eq!(history.prices.rows[0].basis, Basis::SplitAdjusted { as_of: "2024-03-06".parse().expect("a day") });
    assert_eq!(house.rates(Span::default()).await.expect_err("prices only").code(), "NOT_OFFERED");
}

const JSON: &str = r#"
[[market_data.readers]]
name = "house"
kind = "prices"
url = "SERVER/bulk?symbols={symbols}"
format = "json"
rows = "/result/0/quotes"
batch = 3
allowed_addresses = ["127.0.0.0/8"]
columns = { date = "day", symbol = "/id/symbol", close = "last", currency = "unit" }
"#;

#[tokio::test]
async fn many_symbols_in_one_document() {
    let quotes = r#"{"result":[{"quotes":[{"day":"2024-03-05","id":{"symbol":"AAA"},"last":1.10,"unit":"USD"},
        {"day":"2024-03-05","id":{"symbol":"ZZZ"},"last":9,"unit":"USD"},
        {"day":"2024-03-05","id":{"symbol":"BBB"},"last":2.5e-7,"unit":"GBp"}]}]}"#;
    let server = Replay::start([
        Act::ok(quotes),
        Act::ok("{\"result\":[]}"),
        Act::ok("<html>"),
        Act::ok(quotes.replace("1.10", "[1]")),
    ])
    .await;
    let house = house(&server, JSON);
    assert_eq!(house.batch(), 3);
    let wanted = [wanted("AAA", Span::default()), wanted("BBB", Span::default())];
    let history = house.prices(&wanted).await.expect("a history");
    assert_eq!(server.asked()[0].address, "/bulk?symbols=AAA,BBB");
    let rows: Vec<_> = history
        .prices
        .rows
        .iter()
        .map(|row| (row.symbol.as_str(), row.close.as_str(), row.currency.as_str()))
        .collect();
    assert_eq!(rows, [("AAA", "1.10", "USD"), ("BBB", "0.00000025", "GBp")], "what was not asked for is nobody's");
    for found in ["nothing", "a page of HTML", "[1]"] {
        let error = house.prices(&wanted).await.expect_err("refused").to_string();
        assert!(error.contains(found), "{error}");
    }
}

#[tokio::test]
async fn one_symbol_whose_rows_are_of_another() {
    let text = CSV.replace("columns = {", "columns = { symbol = \"Name\",");
    let server = Replay::start([Act::ok("Datum;Name;Schluss;Stück\n05.03.2024;OTHER;1;1\n")]).await;
    let error = house(&server, &text).prices(&[wanted("ACME", Span::default())]).await.expect_err("a lie");
    assert_eq!(error.code(), "OTHER_SYMBOL");
}

#[tokio::test]
async fn rates_and_indicators() {
    let rates = r#"
[[market_data.readers]]
name = "house"
kind = "rates"
url = "SERVER/fx?from={from}"
format = "csv"
base = "CHF"
allowed_addresses = ["127.0.0.0/8"]
columns = { date = "date", quote = "ccy", value = "rate" }
"#;
    let server = Replay::start([Act::ok("date,ccy,rate\n2024-03-05,USD,1.13\n2023-01-01,USD,1.08\n")]).await;
    let rows = house(&server, rates).rates(since("2024-03-05")).await.expect("rates").rows;
    let [row] = rows.as_slice() else { panic!("one of them is known: {rows:?}") };
    assert_eq!((row.base.as_str(), row.quote.as_str(), row.rate.as_str()), ("CHF", "USD", "1.13"));
    let indicators =
        rates.replace("\"rates\"", "\"indicators\"").replace("quote = \"ccy\", ", "").replace("fx?", "s/{symbol}?");
    let rows = house(&server, &indicators).indicator("SARON", "sar1", since("2024-03-05")).await.expect("values").rows;
    assert_eq!((rows[0].code.as_str(), rows[0].value.as_str()), ("SARON", "1.13"));
    assert_eq!(server.asked()[1].address, "/s/sar1?from=2024-02-29");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_when_it_is_configured() {
    let server = Replay::start([]).await;
    for (text, place) in [
        (CSV.replace("close = \"Schluss\", ", ""), "`house`: columns.close is missing"),
        (JSON.replace("symbol = \"/id/symbol\", ", ""), "columns.symbol, which a batch is told apart by, is missing"),
        (CSV.replace("SERVER/kurse/", "http://{symbol}/"), "`house`: url has a place to fill in its host"),
        (CSV.replace("SERVER/kurse/", "file:///"), "`house`: url must begin with https:// or http://"),
        (CSV.replace("\"house\"", "\"ecb\""), "there is another provider of this name"),
        (CSV.replace("\"house\"", "\"House 1\""), "a name has 1 to 40 of the characters"),
        (JSON.replace("batch = 3", "batch = 0"), "batch is 0"),
        (JSON.replace("batch = 3", "decimal_comma = true"), "decimal_comma is for CSV"),
        (CSV.replace("kind = \"prices\"", "kind = \"quotes\""), "market_data.readers"),
        (CSV.replace("currency =", "curency ="), "market_data.readers"),
        (
            format!("{CSV}\n[[market_data.routes]]\nproviders = [\"home\"]"),
            "`home` is neither built in nor one of the readers",
        ),
        ("[market_data.tiingo]\nenabled = true".to_owned(), "market_data.tiingo.enabled (file "),
        ("[market_data.yahoo]\nbase_url = \"https://me:word@x/\"".to_owned(), "market_data.yahoo.base_url (file "),
        ("[market_data.fetch]\nmax_redirects = 11".to_owned(), "market_data.fetch.max_redirects (file "),
    ] {
        let error = configured(&server, &text).expect_err(&text);
        assert!(error.contains(place), "{error}");
        assert!(!error.contains(KEY) && !error.contains("word@"), "{error}");
    }
}
