//! What the tail is made of, whether it held before, and figures over windows.

use serde_json::{Value, json};

use super::analytics::mixed;
use super::rate;
use crate::support::{App, Book};

fn column(value: &Value) -> Vec<f64> {
    value.as_array().expect("a column").iter().filter_map(Value::as_f64).collect()
}

#[tokio::test]
async fn parts_of_a_tail_sum_to_it() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let figures =
        "{ valueAtRisk { value } expectedShortfall { value } partsReasons { code } parts { instrument { symbol } weight
        valueAtRisk expectedShortfall marginalValueAtRisk share } }";
    let fields = format!(
        "analytics {{ historical: tailRisk {figures} ten: tailRisk(input: {{ horizon: 10 }}) {figures}
            normal: tailRisk(input: {{ estimator: PARAMETRIC_NORMAL, horizon: 10 }}) {figures}
            expanded: tailRisk(input: {{ estimator: CORNISH_FISHER }}) {figures}
            realized: tailRisk(input: {{ basis: REALIZED_RETURNS }}) {figures} }}"
    );
    let analytics = book.show("2024-03-14", None, &fields).await["analytics"].clone();
    for name in ["historical", "ten", "normal"] {
        let tail = &analytics[name];
        let parts = tail["parts"].as_array().expect("parts");
        for figure in ["valueAtRisk", "expectedShortfall"] {
            let sum: f64 = parts.iter().map(|part| rate(&part[figure])).sum();
            assert!((sum - rate(&tail[figure]["value"])).abs() < 1e-12, "{name} {figure}: {tail}");
        }
        let shares: f64 = parts.iter().map(|part| rate(&part["share"])).sum();
        assert!((shares - 1.0).abs() < 1e-9, "{tail}");
        let first = &parts[0];
        let product = rate(&first["marginalValueAtRisk"]) * rate(&first["weight"]);
        assert!((product - rate(&first["valueAtRisk"])).abs() < 1e-12, "{first}");
        // Two instruments, and dollars in a portfolio of euros.
        assert!(parts.iter().any(|part| part["instrument"] == Value::Null) && parts.len() >= 3, "{tail}");
    }
    let [one, ten] = ["historical", "ten"].map(|name| rate(&analytics[name]["valueAtRisk"]["value"]));
    assert!((ten - 10.0_f64.sqrt() * one).abs() < 1e-12);
    for name in ["expanded", "realized"] {
        let none = (&analytics[name]["parts"], &analytics[name]["partsReasons"]);
        assert_eq!(none, (&Value::Null, &json!([{ "code": "NO_ESTIMATE" }])));
    }
}

#[tokio::test]
async fn simulated_outcomes_are_named_by_their_seed() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let simulated = |seed: i32| {
        format!(
            "tailRisk(input: {{ estimator: MONTE_CARLO, paths: 50000, seed: {seed}, horizon: 5 }}) {{ valueAtRisk {{ value }} expectedShortfall {{ value }} }}"
        )
    };
    let fields = format!(
        "analytics {{ one: {} again: {} two: {} normal: tailRisk(input: {{ estimator: PARAMETRIC_NORMAL, horizon: 5 }}) {{ valueAtRisk {{ value }} }}
            realized: tailRisk(input: {{ estimator: MONTE_CARLO, basis: REALIZED_RETURNS }}) {{ reasons {{ code }} }} }}",
        simulated(1),
        simulated(1),
        simulated(2)
    );
    let shown = book.show("2024-03-14", None, &fields).await["analytics"].clone();
    assert_eq!(shown["one"], shown["again"]);
    assert_ne!(shown["one"], shown["two"]);
    assert_eq!(shown["realized"]["reasons"], json!([{ "code": "NO_ESTIMATE" }]));
    // Over a week growth by factors is nearly what sums of returns are.
    let [one, two, normal] = ["one", "two", "normal"].map(|name| rate(&shown[name]["valueAtRisk"]["value"]));
    assert!((one / normal - 1.0).abs() < 0.1 && (two / normal - 1.0).abs() < 0.1, "{one}, {two} and {normal}");
    assert!(rate(&shown["one"]["expectedShortfall"]["value"]) > one);
}

#[tokio::test]
async fn a_value_at_risk_is_tested_on_days_that_it_did_not_see() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2023-03-01", "2500", "USD").await;
    book.buy("2023-03-01", "ACME", "10", "200").await;
    let test = "backtest(window: 50) { days exceptions expectedExceptions coverage { statistic pValue }
        independence { pValue } conditionalCoverage { statistic pValue } }";
    let fields = format!(
        "analytics {{ tailRisk(input: {{ basis: REALIZED_RETURNS, confidence: 0.9 }}) {{ {test} long: backtest(window: 2520) {{ days }} }}
            simulated: tailRisk(input: {{ estimator: MONTE_CARLO }}) {{ backtest(window: 20) {{ days }} }} explain {{ returns }} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await["analytics"].clone();
    let returns = column(&shown["explain"]["returns"]);
    let mut exceptions = 0;
    for at in 50..returns.len() {
        let mut before = returns[at - 50..at].to_vec();
        before.sort_by(f64::total_cmp);
        // The fifth worst of fifty.
        exceptions += i32::from(returns[at] < before[4]);
    }
    let test = &shown["tailRisk"]["backtest"];
    assert_eq!((&test["days"], &test["exceptions"]), (&json!(returns.len() - 50), &json!(exceptions)), "{test}");
    assert!((rate(&test["expectedExceptions"]) - (returns.len() - 50) as f64 * 0.1).abs() < 1e-9, "{test}");
    let sum = rate(&test["coverage"]["statistic"]);
    assert!(sum <= rate(&test["conditionalCoverage"]["statistic"]) && exceptions > 0, "{test}");
    for p in [&test["coverage"]["pValue"], &test["independence"]["pValue"], &test["conditionalCoverage"]["pValue"]] {
        assert!((0.0..=1.0).contains(&rate(p)), "{test}");
    }
    assert_eq!((&shown["tailRisk"]["long"], &shown["simulated"]["backtest"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn figures_over_windows_are_those_of_their_returns() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-01-03", "2500", "USD").await;
    book.buy("2024-01-03", "ACME", "10", "250").await;
    let fields = format!(
        "analytics(range: {{ from: \"2024-01-05\" }}) {{ explain {{ returns }} risk {{ observations }}
            rolling(window: 20, requiredReturn: 1) {{ window dates returns volatility downsideDeviation sharpe sortino calmar omega ulcerIndex skewness
                excessKurtosis maxDrawdown beta correlation }}
            beside: rolling(window: 20, benchmark: {{ parts: [{{ instrumentId: \"{}\" }}] }}) {{ dates returns beta correlation }} }}",
        book.instrument("ACME")
    );
    let shown = book.show("2024-03-14", None, &fields).await["analytics"].clone();
    let returns = column(&shown["explain"]["returns"]);
    let rolling = &shown["rolling"];
    assert_eq!(rolling["dates"].as_array().map(Vec::len), Some(returns.len()));
    let last = &returns[returns.len() - 20..];
    let mean = last.iter().sum::<f64>() / 20.0;
    let deviation = (last.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 19.0).sqrt();
    let volatility = column(&rolling["volatility"]);
    assert_eq!((volatility.len(), &rolling["volatility"][18]), (returns.len() - 19, &Value::Null));
    assert!((volatility[volatility.len() - 1] - deviation * 252.0_f64.sqrt()).abs() < 1e-12);
    let growth: f64 = last.iter().map(|value| 1.0 + value).product();
    assert!((column(&rolling["returns"]).last().expect("a return") - (growth - 1.0)).abs() < 1e-12);
    assert!(column(&rolling["maxDrawdown"]).iter().all(|fall| (-1.0..=0.0).contains(fall)));
    assert_eq!((&rolling["beta"], &rolling["correlation"]), (&Value::Null, &Value::Null));
    // The last window is a range of its own.
    let names = [
        "volatility",
        "downsideDeviation",
        "sharpe",
        "sortino",
        "calmar",
        "omega",
        "ulcerIndex",
        "skewness",
        "excessKurtosis",
    ];
    let began = &rolling["dates"][returns.len() - 20];
    let risk = names.map(|name| format!("{name} {{ value }}")).join(" ");
    let fields =
        format!("analytics(range: {{ from: {began} }}) {{ risk(requiredReturn: 1) {{ observations {risk} }} }}");
    let alone = book.show("2024-03-14", None, &fields).await["analytics"]["risk"].clone();
    assert_eq!(alone["observations"], 20);
    for name in names {
        let last = rolling[name].as_array().and_then(|column| column.last()).and_then(Value::as_f64);
        let alone = alone[name]["value"].as_f64();
        // It never fell.
        assert_eq!(last.is_none(), name == "calmar", "{name}");
        assert!((last.unwrap_or_default() - alone.unwrap_or_default()).abs() < 1e-9, "{name}: {last:?} {alone:?}");
    }
    // Everything is in the benchmark.
    let beside = &shown["beside"];
    for name in ["beta", "correlation"] {
        assert!(column(&beside[name]).iter().all(|figure| (figure - 1.0).abs() < 1e-9), "{beside}");
    }
    assert!(!column(&beside["beta"]).is_empty() && beside["dates"] == rolling["dates"]);
}

#[tokio::test]
async fn what_is_alike_is_one_cluster() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let fields = "analytics { one: diversification(clusterCorrelation: -1) { clusters { instrumentIds weight } }
        each: diversification(clusterCorrelation: 1) { clusters { instrumentIds weight } } }";
    let shown = book.show("2024-03-14", None, fields).await["analytics"].clone();
    let clusters = |name: &str| shown[name]["clusters"].as_array().expect("clusters").clone();
    let [one, each] = [clusters("one"), clusters("each")];
    assert_eq!((one.len(), each.len(), one[0]["instrumentIds"].as_array().map(Vec::len)), (1, 2, Some(2)), "{shown}");
    let sum: f64 = each.iter().map(|cluster| rate(&cluster["weight"])).sum();
    assert!((sum - rate(&one[0]["weight"])).abs() < 1e-12 && rate(&each[0]["weight"]) >= rate(&each[1]["weight"]));
}

#[tokio::test]
async fn what_cannot_be_computed_is_refused_with_its_number() {
    let app = App::start().await;
    let book = mixed(&app).await;
    for (field, words) in [
        ("tailRisk(input: { estimator: MONTE_CARLO, paths: 1000000 }) { observations }", "paths: 1000000 is not"),
        ("tailRisk(input: { seed: -1 }) { observations }", "seed: -1 is below"),
        ("tailRisk { backtest(window: 5) { days } }", "window: 5 is not"),
        ("rolling(window: 19) { window }", "window: 19 is not"),
        ("rolling(riskFreeRate: 2) { window }", "0.02 is 2 %"),
        ("diversification(clusterCorrelation: 1.5) { observations }", "clusterCorrelation: 1.5 is not"),
    ] {
        let query =
            format!("query($id: ID!) {{ portfolio(id: $id, asOf: \"2024-03-14\") {{ analytics {{ {field} }} }} }}");
        let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{}", answer.body);
        assert!(answer.body.to_string().contains(words), "{}", answer.body);
    }
    // Nothing is held: nothing is at risk that could be told.
    let empty = Book::open(&app, "EUR").await;
    let fields = "analytics { tailRisk { valueAtRisk { value } reasons { code } parts { weight } backtest { days } } rolling { dates } }";
    let shown = empty.show("2024-03-14", None, fields).await["analytics"].clone();
    assert_eq!(shown["tailRisk"]["reasons"], json!([{ "code": "TOO_FEW_OBSERVATIONS" }]));
    assert_eq!((&shown["tailRisk"]["parts"], &shown["rolling"]["dates"]), (&Value::Null, &json!([])));
}
