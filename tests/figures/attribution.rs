//! Where the difference from a benchmark came from.

use serde_json::{Value, json};

use super::analytics::mixed;
use super::{amount, rate};
use crate::support::{App, Book};

const EFFECTS: &str = "{ observations portfolioReturn benchmarkReturn activeReturn residual reasons { code }
    segments { key portfolioWeight benchmarkWeight allocation selection interaction total } }";

fn against(book: &Book, parts: &[&str], arguments: &str) -> String {
    let part = |symbol: &&str| format!("{{ instrumentId: \"{}\" }}", book.instrument(symbol));
    let parts: Vec<String> = parts.iter().map(part).collect();
    format!("attribution(benchmark: {{ parts: [{}] }}{arguments}) {EFFECTS}", parts.join(", "))
}

fn segments(attribution: &Value) -> Vec<Value> {
    attribution["segments"].as_array().expect("segments").clone()
}

#[tokio::test]
async fn effects_sum_to_what_was_returned_more_than_the_benchmark() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let benchmark = format!(
        "parts: [{{ instrumentId: \"{}\" }}, {{ instrumentId: \"{}\" }}]",
        book.instrument("ACME"),
        book.instrument("GLOBEX")
    );
    let fields = format!(
        "analytics {{ sector: {} instrument: {} other: {} returns {{ twr {{ value }} }}
            against(benchmark: {{ {benchmark} }}) {{ benchmarkReturn {{ value }} activeReturn {{ value }} }} }}",
        against(&book, &["ACME", "GLOBEX"], ""),
        against(&book, &["ACME", "GLOBEX"], ", by: INSTRUMENT"),
        against(&book, &["ACME", "GLOBEX"], ", by: CURRENCY, model: BRINSON_HOOD_BEEBOWER"),
    );
    let analytics = book.show("2024-03-14", None, &fields).await["analytics"].clone();
    let twr = rate(&analytics["returns"]["twr"]["value"]);
    let beside = &analytics["against"];
    for name in ["sector", "instrument", "other"] {
        let of = &analytics[name];
        assert!((rate(&of["portfolioReturn"]) - twr).abs() < 1e-12, "{of}");
        assert!((rate(&of["benchmarkReturn"]) - rate(&beside["benchmarkReturn"]["value"])).abs() < 1e-9, "{of}");
        let sum: f64 = segments(of).iter().map(|segment| rate(&segment["total"])).sum();
        assert!((sum + rate(&of["residual"]) - rate(&of["activeReturn"])).abs() < 1e-12, "{name}: {of}");
        assert!((rate(&of["activeReturn"]) - rate(&beside["activeReturn"]["value"])).abs() < 1e-9, "{of}");
        for side in ["portfolioWeight", "benchmarkWeight"] {
            let sum: f64 = segments(of).iter().map(|segment| rate(&segment[side])).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{name} {side}: {of}");
        }
    }
    // Each instrument is the same on both sides: nothing was chosen within it but what fees of trades did.
    let cash = segments(&analytics["instrument"]).into_iter().find(|segment| segment["key"] == "CASH");
    let cash = cash.expect("cash");
    assert!(rate(&cash["benchmarkWeight"]) == 0.0 && rate(&cash["portfolioWeight"]) > 0.0, "{cash}");
}

#[tokio::test]
async fn the_effects_of_a_day_are_those_of_its_arithmetic() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-11", "10000", "USD").await;
    book.buy("2024-03-11", "ACME", "10", "250").await;
    book.buy("2024-03-11", "GLOBEX", "20", "95").await;
    let fields = format!(
        "asOf totals {{ totalValue {{ value {{ amount }} }} }} analytics(range: {{ from: \"2024-03-14\" }}) {{ {} }}",
        against(&book, &["ACME", "GLOBEX"], ", by: INSTRUMENT")
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    let closes = r#"query($id: ID!) { prices(instrumentId: $id, from: "2024-03-13", to: "2024-03-14") { closes } }"#;
    let mut prices = Vec::new();
    for symbol in ["ACME", "GLOBEX"] {
        let answer = book.client.run_with(closes, json!({ "id": book.instrument(symbol) })).await;
        let closes = answer.at("/prices/closes").as_array().expect("closes").iter().map(amount).collect::<Vec<_>>();
        prices.push((closes[0], closes[1] / closes[0] - 1.0));
    }
    let cash = 10_000.0 - 2_500.0 - 1_900.0;
    let whole = cash + 10.0 * prices[0].0 + 20.0 * prices[1].0;
    let benchmark = (prices[0].1 + prices[1].1) / 2.0;
    let of = &shown["analytics"]["attribution"];
    assert_eq!(of["observations"], 1);
    assert!((rate(&of["benchmarkReturn"]) - benchmark).abs() < 1e-12, "{of}");
    for (segment_key, weight, benchmark_weight, earned) in [
        (book.instrument("ACME"), 10.0 * prices[0].0 / whole, 0.5, prices[0].1),
        (book.instrument("GLOBEX"), 20.0 * prices[1].0 / whole, 0.5, prices[1].1),
        // What the benchmark lacks is compared with the whole of it: (w − 0)(0 − R_b).
        ("CASH", cash / whole, 0.0, 0.0),
    ] {
        let found = segments(of).into_iter().find(|segment| segment["key"] == segment_key).expect("a segment");
        let allocation = (weight - benchmark_weight) * (earned - benchmark);
        assert!((rate(&found["allocation"]) - allocation).abs() < 1e-9, "{segment_key}: {allocation} and {found}");
        assert!(rate(&found["selection"]).abs() < 1e-9 && rate(&found["interaction"]).abs() < 1e-9, "{found}");
        assert!((rate(&found["portfolioWeight"]) - weight).abs() < 1e-9, "{found}");
    }
}

#[tokio::test]
async fn an_attribution_that_cannot_be_told_says_why() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let ask = async |book: &Book, arguments: &str| {
        let query = format!(
            "query($id: ID!) {{ portfolio(id: $id, asOf: \"2024-03-14\") {{ analytics {{ {} }} }} }}",
            against(book, &["ACME"], arguments)
        );
        book.client.run_with(&query, json!({ "id": book.portfolio })).await
    };
    let refused = ask(&book, ", by: ACCOUNT").await;
    assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{}", refused.body);
    assert!(refused.body.to_string().contains("no accounts"), "{}", refused.body);
    let empty = Book::open(&app, "EUR").await;
    let of = ask(&empty, "").await.at("/portfolio/analytics/attribution").clone();
    assert_eq!((&of["activeReturn"], &of["segments"]), (&Value::Null, &json!([])));
    assert!(of["reasons"].as_array().is_some_and(|reasons| reasons.len() == 1), "{of}");
}
