//! Headlines: how they come in, and what they are linked with.

use portfolio_analyzer::market_data::delivery::{Delivery, NewsRow};
use portfolio_analyzer::market_data::news;
use serde_json::{Value, json};

use super::{administration, findings, load, market};
use crate::support::{App, Book, Client};

fn row(guid: &str, headline: &str, url: &str, published: &str, symbols: &str) -> NewsRow {
    let [guid, headline, url, published, symbols] = [guid, headline, url, published, symbols].map(str::to_owned);
    NewsRow { guid, headline, summary: String::new(), url, published, symbols }
}

/// Takes rows in, and returns how many were new and how many are held.
async fn deliver(app: &App, provider: &str, rows: Vec<NewsRow>) -> (u64, u64) {
    let delivery = Delivery {
        provider: provider.to_owned(),
        asked: "a feed".to_owned(),
        fetched_at: app.services.environment.clock.now(),
        rows,
    };
    let administration = administration(app).await;
    let session = market(&administration).await;
    let outcome = news::load(&session, &app.services.environment, &delivery).await.expect("loaded");
    session.commit().await.expect("committed");
    administration.close().await;
    (outcome.promoted, outcome.held)
}

async fn headlines(client: &Client, id: &str) -> Vec<String> {
    let query = "query($id: ID!) { instrument(id: $id) { news { nodes { headline } } } }";
    let answer = client.run_with(query, json!({ "id": id })).await;
    let nodes = answer.at("/instrument/news/nodes").as_array().expect("a list").clone();
    nodes.iter().map(|node| node["headline"].as_str().expect("a text").to_owned()).collect()
}

#[tokio::test]
async fn news_is_stored_once_and_linked_with_what_it_names() {
    let app = App::start().await;
    let feed = vec![
        row(
            "1",
            "Acme &amp; <b>Globex</b> merge",
            "https://www.news.example/1?utm_source=x",
            "Thu, 14 Mar 2024 12:00:00 GMT",
            "ACME GLOBEX",
        ),
        row("2", "Acme Industries (ACME) grows", "", "2024-03-13T12:00:00Z", ""),
        row("3", "Shares of $GLOBEX and of nobody (CEO) fall", "http://news.example/3", "2024-03-12T12:00:00Z", ""),
    ];
    // Too long for a ticker is no cashtag.
    assert_eq!(deliver(&app, "one", feed.clone()).await, (3, 0));
    assert_eq!(deliver(&app, "one", feed).await, (0, 0), "the same again is nothing new");
    // Another feed: the same page, and the same headline a day later. It names an instrument that the first did not.
    let other = vec![
        row("a", "Merger!", "http://news.example/1", "2024-03-14T12:30:00Z", ""),
        row("b", "ACME INDUSTRIES (ACME) GROWS!", "https://other.example/b", "2024-03-14T12:00:00Z", "GLOBEX"),
    ];
    assert_eq!(deliver(&app, "two", other).await, (0, 0));
    let book = Book::open(&app, "USD").await;
    let acme = headlines(&book.client, book.instrument("ACME")).await;
    assert_eq!(acme, ["Acme & Globex merge", "Acme Industries (ACME) grows"]);
    let globex = headlines(&book.client, book.instrument("GLOBEX")).await;
    assert_eq!(globex, ["Acme & Globex merge", "Acme Industries (ACME) grows"], "linked through the second feed");
    let query = "query($id: ID!, $after: String) { instrument(id: $id) { news(first: 1, after: $after) { totalCount
        pageInfo { hasNextPage endCursor } nodes { url publishedAt provider instruments { symbol } } } } }";
    let first = book.client.run_with(query, json!({ "id": book.instrument("ACME") })).await;
    let page = first.at("/instrument/news").clone();
    assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(2), &json!(true)));
    let node = json!({ "url": "https://www.news.example/1?utm_source=x", "publishedAt": "2024-03-14T12:00:00+00:00",
        "provider": "one", "instruments": [{ "symbol": "ACME" }, { "symbol": "GLOBEX" }] });
    assert_eq!(sorted(&page["nodes"][0]), node);
    let after = json!({ "id": book.instrument("ACME"), "after": page["pageInfo"]["endCursor"] });
    let second = book.client.run_with(query, after).await.at("/instrument/news").clone();
    assert_eq!(
        (&second["nodes"][0]["publishedAt"], &second["pageInfo"]["hasNextPage"]),
        (&json!("2024-03-13T12:00:00+00:00"), &json!(false))
    );
}

/// The node with its instruments by symbol: their order is that of their ids.
fn sorted(node: &Value) -> Value {
    let mut node = node.clone();
    let instruments = node["instruments"].as_array_mut().expect("a list");
    instruments.sort_by_key(|instrument| instrument["symbol"].to_string());
    node
}

#[tokio::test]
async fn a_correction_takes_the_place_of_what_it_corrects() {
    let app = App::start().await;
    let investor = app.client("alpha", "investor1").await;
    let query = "query($id: ID!) { instrument(id: $id) { news { nodes { headline correctedAt revisions { headline summary } } } } }";
    let book = Book::open(&app, "USD").await;
    let shown = async || {
        let answer = investor.run_with(query, json!({ "id": book.instrument("ACME") })).await;
        answer.at("/instrument/news/nodes").clone()
    };
    let acme = |headline: &str| row("1", headline, "https://news.example/1", "2024-03-14T12:00:00Z", "ACME");
    assert_eq!(deliver(&app, "one", vec![acme("Acme loses"), acme("Acme loses a lot")]).await, (1, 0));
    assert_eq!(shown().await, json!([{ "headline": "Acme loses", "correctedAt": null, "revisions": [] }]));
    // Another feed tells it otherwise: that is no correction.
    assert_eq!(deliver(&app, "two", vec![acme("Acme sinks")]).await, (0, 0));
    assert_eq!(shown().await[0]["headline"], "Acme loses");
    app.clock.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(deliver(&app, "one", vec![acme("Acme gains")]).await, (1, 0));
    app.clock.advance(chrono::TimeDelta::minutes(1));
    let at = app.services.environment.clock.now();
    assert_eq!(deliver(&app, "one", vec![acme("Acme gains a lot")]).await, (1, 0));
    assert_eq!(deliver(&app, "one", vec![acme("Acme gains a lot")]).await, (0, 0), "the same again is nothing new");
    let news = shown().await;
    assert_eq!((news.as_array().map(Vec::len), &news[0]["headline"]), (Some(1), &json!("Acme gains a lot")));
    let corrected: chrono::DateTime<chrono::Utc> =
        news[0]["correctedAt"].as_str().and_then(|text| text.parse().ok()).expect("an instant");
    assert!((corrected - at).abs() < chrono::TimeDelta::seconds(1), "{corrected}");
    let earlier = json!([{ "headline": "Acme gains", "summary": "" }, { "headline": "Acme loses", "summary": "" }]);
    assert_eq!(news[0]["revisions"], earlier);
    // What a text names goes with the text; what the feed names stays.
    let named = |headline: &str| row("2", headline, "", "2024-03-13T12:00:00Z", "ACME");
    let coin = book.instrument("COIN");
    deliver(&app, "one", vec![named("$COIN falls")]).await;
    assert_eq!(headlines(&investor, coin).await, ["$COIN falls"]);
    app.clock.advance(chrono::TimeDelta::minutes(1));
    deliver(&app, "one", vec![named("Another one falls")]).await;
    assert_eq!(headlines(&investor, coin).await, [""; 0]);
    assert_eq!(shown().await.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_is_no_news_is_held_and_the_rest_goes_on() {
    let app = App::start().await;
    let good = "2024-03-14T12:00:00Z";
    let rows = vec![
        row("1", "<p> </p>", "", good, "ACME"),
        row("2", "Fine", "https://news.example/2", "when it was", "ACME"),
        row("3", "Fine too", "javascript:alert(1)", good, "ACME"),
        row("4", "Tomorrow's", "", "2024-03-20T12:00:00Z", "ACME"),
        row("5\0", "Really\0 fine", "https://news.example/5", good, "ACME"),
    ];
    assert_eq!(deliver(&app, "one", rows).await, (1, 4));
    assert_eq!(findings(&app, "news").await, ["1 NO_HEADLINE", "2 INVALID_TIME", "3 INVALID_URL", "4 FUTURE_TIME"]);
    let book = Book::open(&app, "USD").await;
    assert_eq!(headlines(&book.client, book.instrument("ACME")).await.len(), 1);
}

#[tokio::test]
async fn a_portfolio_has_the_news_of_what_it_holds_on_its_day() {
    let app = App::start().await;
    let rows = vec![
        row("1", "Acme early", "", "2024-03-01T23:59:59Z", "ACME"),
        row("2", "Acme late", "", "2024-03-14T09:00:00Z", "ACME"),
        row("3", "Globex", "", "2024-03-01T09:00:00Z", "GLOBEX"),
        row("4", "Both", "", "2024-03-01T10:00:00Z", "GLOBEX ACME"),
    ];
    assert_eq!(deliver(&app, "one", rows).await, (4, 0));
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-02-01", "10000", "USD").await;
    book.buy("2024-02-01", "ACME", "1", "250").await;
    book.buy("2024-03-05", "GLOBEX", "1", "100").await;
    let query =
        "query($id: ID!, $day: Date) { portfolio(id: $id, asOf: $day) { news { totalCount nodes { headline } } } }";
    let on = async |day: &str| {
        let answer = book.client.run_with(query, json!({ "id": book.portfolio, "day": day })).await;
        let news = answer.at("/portfolio/news").clone();
        assert_eq!(news["totalCount"], news["nodes"].as_array().map(Vec::len).expect("a list"));
        news["nodes"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|node| node["headline"].to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(on("2024-03-01").await, r#""Acme early" "Both""#);
    assert_eq!(on("2024-03-14").await, r#""Acme late" "Acme early" "Both" "Globex""#);
    assert_eq!(on("2024-01-31").await, "");
}

#[tokio::test]
async fn headlines_of_a_file_are_loaded() {
    let app = App::start().await;
    let csv = "source_id,published_at,entity,headline,source,url,licence,provenance\n\
        f-0,2024-03-13T08:53:37Z?,ACME,\"Acme, at last\",news.example,https://news.example/a,,\n\
        f-1,2024-03-13T08:53:37Z?,ACME,Acme again,news.example,ftp://news.example/b,,\n";
    let report = load(&app, &[("news.csv", csv)]).await.expect("loaded");
    assert_eq!((report.news.delivered, report.news.promoted, report.news.held), (2, 1, 1));
    let book = Book::open(&app, "USD").await;
    assert_eq!(headlines(&book.client, book.instrument("ACME")).await, ["Acme, at last"]);
}
