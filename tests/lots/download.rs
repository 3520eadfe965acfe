//! Realised gains as a CSV file.

use serde_json::json;

use crate::support::{App, Book, Client, Sample};

async fn rows(client: &Client, path: &str) -> Vec<String> {
    let answer = client.get(path).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    answer.body.as_str().expect("a text").lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_file_lists_the_disposals_of_a_year() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    let bought = book.buy("2023-01-03", "ACME", "10", "110.01").await;
    let sale = book.sell("2023-06-01", "ACME", "4", "111.19").await;
    book.sell("2024-03-01", "ACME", "1", "250").await;
    let lots = book.show("2024-03-14", None, "lots { nodes { id } }").await;
    let lot = lots["lots"]["nodes"][0]["id"].as_str().expect("an id");
    let path = format!("/portfolios/{}/realized-gains.csv", book.portfolio);
    let answer = book.client.get(&format!("{path}?year=2023")).await;
    let header = |name: &str| answer.headers[name].to_str().expect("a text");
    assert_eq!(header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(header("content-disposition"), "attachment; filename=\"realized-gains-2023.csv\"");
    assert_eq!(header("cache-control"), "no-store");
    let lines = rows(&book.client, &format!("{path}?year=2023")).await;
    assert_eq!(
        lines[0],
        "account,symbol,sale_date,acquired_date,quantity,proceeds,cost,gain,currency,base_proceeds,base_cost,base_gain,\
         base_currency,opening_rate,disposal_rate,term,days_held,sale_id,lot_id,opened_by_id,note"
    );
    let expected = format!(
        "Main,ACME,2023-06-01,2023-01-03,4,444.76,440.04,4.72,USD,400,400,0,EUR,0.909008271975,0.899361453368,SHORT,149,\
         {sale},{lot},{bought},not wash-sale adjusted"
    );
    assert_eq!(lines[1..], [expected]);
    // Without a year all of them, the long-term one too.
    let all = rows(&book.client, &path).await;
    assert_eq!(all.len(), 3);
    assert!(all[2].contains(",LONG,423,"), "{}", all[2]);
    assert_eq!(rows(&book.client, &format!("{path}?year=2022")).await.len(), 1, "a header alone");
    // In the currency of the trades, base figures are those of the trades.
    let dollars = rows(&book.client, &format!("{path}?year=2023&currency=USD")).await;
    assert!(dollars[1].contains(",4.72,USD,444.76,440.04,4.72,USD,1,1,SHORT,"), "{}", dollars[1]);
}

#[tokio::test]
async fn the_file_is_for_those_who_may_read_the_portfolio() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let other = Sample::of(&app, "beta", "investor1").await;
    let path = format!("/portfolios/{}/realized-gains.csv", own.portfolio);
    for person in ["investor1", "advisor", "admin", "auditor"] {
        assert_eq!(rows(&app.client("alpha", person).await, &path).await.len(), 1, "{person}");
    }
    let code = |body: &serde_json::Value| body["errors"][0]["extensions"]["code"].clone();
    // Whoever may not see it is told the same as where there is none.
    let neighbour = app.client("alpha", "investor2").await.get(&path).await;
    let stranger = app.client("beta", "admin").await.get(&path).await;
    let nothing = "/portfolios/pf_00000000000000000000000000000001/realized-gains.csv";
    let nothing = app.client("alpha", "admin").await.get(nothing).await;
    for answer in [&neighbour, &stranger, &nothing] {
        assert_eq!((answer.status.as_u16(), code(&answer.body)), (404, json!("NOT_FOUND")), "{}", answer.body);
        assert_eq!(answer.body["errors"][0]["message"], "no such portfolio");
    }
    let theirs = format!("/portfolios/{}/realized-gains.csv", other.portfolio);
    assert_eq!(app.client("alpha", "admin").await.get(&theirs).await.status.as_u16(), 404);
    let anonymous = app.anonymous().get(&path).await;
    assert_eq!((anonymous.status.as_u16(), code(&anonymous.body)), (401, json!("UNAUTHENTICATED")));
    let forged = app.with_token("forged").get(&path).await;
    assert_eq!((forged.status.as_u16(), code(&forged.body)), (401, json!("UNAUTHENTICATED")));
    let operator = app.operator().await.get(&path).await;
    assert_eq!((operator.status.as_u16(), code(&operator.body)), (403, json!("FORBIDDEN")));
}

#[tokio::test]
async fn a_wrong_request_for_the_file_says_what_is_wrong() {
    let app = App::start().await;
    let own = Sample::of(&app, "alpha", "investor1").await;
    let client = app.client("alpha", "investor1").await;
    for (id, query, words) in [
        (&own.portfolio, "year=20x4", "year: \"20x4\" is no year"),
        (&own.portfolio, "year=0001", "year: 1 is no year from 1900 to 2199"),
        (&own.portfolio, "currency=euro", "currency: "),
        (&own.portfolio, "day=1", "the parameters are year and currency"),
        (&own.portfolio, "year=2023&year=2024", "year is given twice"),
        (&own.account, "year=2023", "the id of an Account stands where that of a Portfolio belongs"),
    ] {
        let answer = client.get(&format!("/portfolios/{id}/realized-gains.csv?{query}")).await;
        assert_eq!(answer.status.as_u16(), 400, "{query}: {}", answer.body);
        let message = answer.body["errors"][0]["message"].as_str().expect("words").to_owned();
        assert!(message.contains(words), "{query}: {message}");
    }
}

#[tokio::test]
async fn an_accounts_name_is_no_formula_in_the_file() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let create = r#"mutation { portfolioCreate(input: { name: "F", baseCurrency: "USD", accounts: ["=1+1, \"x\""] }) {
        portfolio { id accounts { id } } userErrors { message } } }"#;
    let made = book.client.run(create).await;
    let text = |path: &str| made.text(&format!("/portfolioCreate/portfolio{path}"));
    let book = book.at(text("/id"), text("/accounts/0/id"));
    book.buy("2024-03-01", "ACME", "1", "100").await;
    book.sell("2024-03-04", "ACME", "1", "90").await;
    let lines = rows(&book.client, &format!("/portfolios/{}/realized-gains.csv", book.portfolio)).await;
    // A loss is a number and stays one.
    assert!(lines[1].starts_with("\"'=1+1, \"\"x\"\"\",ACME,2024-03-04,2024-03-01,1,90,100,-10,USD,"), "{}", lines[1]);
}
