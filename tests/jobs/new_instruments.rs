//! What is listed after an installation began.

use std::fs;

use portfolio_analyzer::market_data::{LoadError, LoadReport, load_directory};
use serde_json::json;

use super::around::administration;
use crate::support::{App, Book};

async fn load(app: &App, files: &[(&str, &str)]) -> Result<LoadReport, LoadError> {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        fs::write(directory.path().join(name), text).expect("written");
    }
    let administration = administration(app).await;
    let loaded = load_directory(&administration, directory.path(), &app.services.environment, &|_| {}).await;
    administration.close().await;
    loaded
}

const LISTED: &str = "\
symbol,name,asset_type,mic,currency,isin,sector,price_multiplier,price_source
ACME,Another name,STOCK,XNYS,USD,,,1,EXCHANGE
INITECH,Initech,STOCK,XNYS,USD,,,1,EXCHANGE
ACME  250117C00120000,ACME call of 2025,OPTION,XNYS,USD,,,100,MANUAL
";

#[tokio::test]
async fn an_instrument_that_is_delivered_later_is_added_and_those_known_stay() {
    let app = App::start().await;
    let report = load(&app, &[("instruments.csv", LISTED)]).await.expect("loaded");
    assert_eq!((report.instruments, report.reference, report.prices.delivered), (2, 0, 0));
    let book = Book::open(&app, "USD").await;
    let found = |search: &str| {
        let query = format!(
            "{{ instruments(search: \"{search}\") {{ nodes {{ symbol name option {{ underlying {{ name }} }} }} }} }}"
        );
        let client = &book.client;
        async move { client.run(&query).await.at("/instruments/nodes").clone() }
    };
    assert_eq!(found("INITECH").await, json!([{ "symbol": "INITECH", "name": "Initech", "option": null }]));
    let call = &found("call of 2025").await[0];
    assert_eq!(call["symbol"], "ACME  250117C00120000");
    assert_ne!(call["option"]["underlying"]["name"], "Another name", "what was known stays as it is");
    book.buy("2024-01-05", "INITECH", "10", "100").await;
    // The same again is nothing new.
    let again = load(&app, &[("instruments.csv", LISTED)]).await.expect("loaded");
    assert_eq!((again.instruments, again.reference), (0, 0));
}

#[tokio::test]
async fn a_directory_without_market_data_is_refused_with_the_names_of_its_files() {
    let app = App::start().await;
    let refused = load(&app, &[("notes.txt", "nothing")]).await.expect_err("no market data");
    let message = refused.to_string();
    assert!(message.contains("instruments.csv") && message.contains("prices.csv.gz"), "{message}");
    let orphan = LISTED.replace("ACME  25", "NONE  25");
    let refused = load(&app, &[("instruments.csv", &orphan)]).await.expect_err("no underlying");
    assert!(refused.to_string().contains("NONE"), "{refused}");
    let none = load(&app, &[("splits.csv", "symbol,ex_date,numerator,denominator\n")]).await.expect("loaded");
    assert_eq!(none.instruments, 0, "nothing of the refused file was kept");
}
