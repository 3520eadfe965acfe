//! Figures above what money without risk earned, by the market's series.

use serde_json::{Value, json};

use super::rate;
use crate::market::load;
use crate::support::{App, Book};

const DEFINITIONS: &str = "\
code,name,kind,currency,tenor,unit,day_count,compounding,is_risk_free,max_age_days,source
USD_1Y,A steady rate,RATE,USD,1Y,PERCENT,ACT/365F,ANNUAL,true,7,Made up
USD_ON,A rate that moves,RATE,USD,ON,FRACTION,ACT/365F,CONTINUOUS,true,7,Made up
USD_1M,A rate that ends,RATE,USD,1M,FRACTION,ACT/365F,ANNUAL,true,7,Made up
";

/// What the rate that moves is on a day: 1 % in January, 30 % after it.
fn moving(day: &str) -> f64 {
    if day < "2024-02-01" { 0.01 } else { 0.3 }
}

async fn invested(app: &App) -> Book {
    let mut values = "code,date,value\n".to_owned();
    for day in chrono::NaiveDate::from_ymd_opt(2023, 12, 27).expect("a day").iter_days().take(80) {
        let day = day.to_string();
        values.push_str(&format!("USD_1Y,{day},4\nUSD_ON,{day},{}\n", moving(&day)));
        if day.as_str() <= "2024-02-23" {
            values.push_str(&format!("USD_1M,{day},0.04\n"));
        }
    }
    load(app, &[("indicators.csv", DEFINITIONS), ("indicator_values.csv.gz", &values)]).await.expect("loaded");
    let book = Book::open(app, "USD").await;
    book.deposit("2024-01-03", "5000", "USD").await;
    book.buy("2024-01-03", "ACME", "10", "250").await;
    book.buy("2024-01-03", "GLOBEX", "10", "100").await;
    book
}

fn figures(book: &Book, risk_free: &str) -> String {
    let figure = "{ value conventions reasons { code message } }";
    let parts = format!("{{ parts: [{{ instrumentId: \"{}\" }}] }}", book.instrument("ACME"));
    format!(
        "risk({risk_free}) {{ sharpe {figure} volatility {figure} }}
        against(benchmark: {parts}, {risk_free}) {{ alpha {figure} beta {figure} treynor {figure} correlation {figure} }}
        rolling(window: 20, {risk_free}) {{ riskFree dates sharpe returns reasons {{ code message }} }}"
    )
}

async fn shown(book: &Book, risk_free: &str) -> Value {
    let fields = format!(
        "analytics(range: {{ from: \"2024-01-05\" }}) {{ explain {{ dates returns }} {} }}",
        figures(book, risk_free)
    );
    book.show("2024-03-14", None, &fields).await["analytics"].clone()
}

fn column(values: &Value) -> Vec<f64> {
    values.as_array().expect("a column").iter().filter_map(Value::as_f64).collect()
}

fn sharpe_of(excess: &[f64]) -> f64 {
    let count = excess.len() as f64;
    let mean = excess.iter().sum::<f64>() / count;
    let variance = excess.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    mean / variance.sqrt() * 252.0_f64.sqrt()
}

#[tokio::test]
async fn a_series_that_stands_still_is_the_same_as_its_rate() {
    let app = App::start().await;
    let book = invested(&app).await;
    let by_rate = shown(&book, "riskFreeRate: 0.04").await;
    let by_series = shown(&book, "riskFreeTenor: \"1Y\"").await;
    for (field, names) in
        [("risk", &["sharpe", "volatility"][..]), ("against", &["alpha", "beta", "treynor", "correlation"])]
    {
        for name in names {
            let [one, other] = [&by_rate, &by_series].map(|shown| rate(&shown[field][name]["value"]));
            assert!((one - other).abs() < 1e-9, "{name}: {one} {other}");
        }
    }
    assert_eq!(column(&by_rate["rolling"]["sharpe"]).len(), column(&by_series["rolling"]["sharpe"]).len());
    let said = by_series["risk"]["sharpe"]["conventions"].to_string();
    assert!(said.contains("risk-free rate USD_1Y, as known when each return begins"), "{said}");
    assert_eq!(by_series["risk"]["sharpe"]["reasons"], json!([]));
}

#[tokio::test]
async fn each_return_is_compared_with_the_rate_of_its_own_day() {
    let app = App::start().await;
    let book = invested(&app).await;
    let shown = shown(&book, "riskFreeTenor: \"ON\"").await;
    let dates = shown["explain"]["dates"].as_array().expect("days");
    let returns = column(&shown["explain"]["returns"]);
    assert_eq!(dates.len(), returns.len() + 1);
    // What is quoted compounds at every moment: e^r − 1 a year, of which a step is the 252nd part of the logarithm.
    let began = dates.iter().map(|day| (moving(day.as_str().expect("a day")) / 252.0).exp_m1());
    let excess: Vec<f64> = returns.iter().zip(began).map(|(value, free)| value - free).collect();
    let sharpe = rate(&shown["risk"]["sharpe"]["value"]);
    assert!((sharpe - sharpe_of(&excess)).abs() < 1e-9, "{sharpe}");
    let last = *column(&shown["rolling"]["sharpe"]).last().expect("a window");
    assert!((last - sharpe_of(&excess[excess.len() - 20..])).abs() < 1e-9, "{last}");
    assert!(shown["rolling"]["riskFree"].to_string().contains("USD_ON"), "{shown}");
    // So is beta: a window of the whole range is the range.
    let parts = format!("{{ parts: [{{ instrumentId: \"{}\" }}] }}", book.instrument("ACME"));
    let (count, terms) = (returns.len(), "riskFreeTenor: \"ON\"");
    let fields = format!(
        "analytics(range: {{ from: \"2024-01-05\" }}) {{ rolling(window: {count}, benchmark: {parts}, {terms}) {{ beta }}
            plain: rolling(window: {count}, benchmark: {parts}) {{ beta }} against(benchmark: {parts}, {terms}) {{ beta {{ value }} }} }}"
    );
    let beside = book.show("2024-03-14", None, &fields).await["analytics"].clone();
    let last = |of: &Value| *column(&of["beta"]).last().expect("a window");
    assert!((last(&beside["rolling"]) - rate(&beside["against"]["beta"]["value"])).abs() < 1e-9, "{beside}");
    assert!((last(&beside["plain"]) - last(&beside["rolling"])).abs() > 1e-9, "{beside}");
}

#[tokio::test]
async fn what_was_known_is_compared_with_the_rates_that_were() {
    let app = App::start().await;
    let book = invested(&app).await;
    let query = "query($id: ID!, $at: DateTime) { portfolio(id: $id, asOf: \"2024-03-14\", knownAt: $at) {
        analytics(range: { from: \"2024-01-05\" }) { risk(riskFreeTenor: \"1Y\") { sharpe { value } } } } }";
    let at = async |instant: Option<chrono::DateTime<chrono::Utc>>| {
        let shown = book.client.run_with(query, json!({ "id": book.portfolio, "at": instant })).await;
        rate(shown.at("/portfolio/analytics/risk/sharpe/value"))
    };
    app.clock.advance(chrono::TimeDelta::minutes(1));
    let (before, known) = (app.services.environment.clock.now(), at(None).await);
    app.clock.advance(chrono::TimeDelta::minutes(1));
    let files = [("indicator_values.csv.gz", "code,date,value\nUSD_1Y,2024-01-10,4.5\n")];
    load(&app, &files).await.expect("loaded");
    assert!((at(None).await - known).abs() > 1e-9, "a revision changes the figure");
    assert!((at(Some(before)).await - known).abs() < 1e-12);
}

#[tokio::test]
async fn a_rate_that_is_missing_takes_away_what_needs_it_alone() {
    let app = App::start().await;
    let book = invested(&app).await;
    let ended = shown(&book, "riskFreeTenor: \"1M\"").await;
    let (risk, against, rolling) = (&ended["risk"], &ended["against"], &ended["rolling"]);
    for figure in [&risk["sharpe"], &against["alpha"], &against["beta"], &against["treynor"]] {
        assert_eq!((&figure["value"], &figure["reasons"][0]["code"]), (&Value::Null, &json!("NO_RATE")), "{figure}");
    }
    // It may stand in for seven days, until the first of March.
    let message = risk["sharpe"]["reasons"][0]["message"].as_str().expect("words");
    assert!(message.starts_with("USD_1M: no risk-free rate on ") && message.contains("2024-03-04 to"), "{message}");
    assert!(rate(&risk["volatility"]["value"]) > 0.0 && rate(&against["correlation"]["value"]).abs() < 1.0, "{ended}");
    let known = column(&rolling["sharpe"]).len();
    assert!(known > 0 && known < column(&rolling["returns"]).len(), "{rolling}");
    assert_eq!(
        (&rolling["reasons"][0]["code"], &rolling["reasons"][1]["code"]),
        (&json!("NO_RATE"), &json!("STALE_RATE"))
    );
    let none = shown(&book, "riskFreeTenor: \"30Y\"").await;
    let reason = json!([{ "code": "NO_SERIES", "message": "no risk-free rate of USD over 30Y: known: 1M, 1Y, ON" }]);
    let figure = &none["risk"]["sharpe"];
    assert_eq!((&figure["value"], &figure["reasons"]), (&Value::Null, &reason));
    assert_eq!((column(&none["rolling"]["sharpe"]).len(), &none["rolling"]["reasons"]), (0, &reason));
    for (arguments, words) in [
        ("riskFreeRate: 0.01, riskFreeTenor: \"1Y\"", "beside riskFreeRate, one is expected"),
        ("riskFreeTenor: \"soon\"", "riskFreeTenor: `soon` is no tenor"),
        ("riskFreeTenor: \"a year or so\"", "riskFreeTenor: 12 bytes are no tenor"),
    ] {
        let query = format!(
            "query($id: ID!) {{ portfolio(id: $id, asOf: \"2024-03-14\") {{ analytics {{ risk({arguments}) {{ observations }} }} }} }}"
        );
        let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{}", answer.body);
        assert!(answer.body.to_string().contains(words), "{}", answer.body);
    }
}
