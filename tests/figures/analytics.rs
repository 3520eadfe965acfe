//! Figures over scopes and ranges, and what they are made of.

use serde_json::{Value, json};

use super::{amount, rate, worked_example};
use crate::support::{App, Book};

const GAIN: &str =
    "gain { price { amount } fx { amount } income { amount } fees { amount } taxes { amount } total { amount } }";

fn cents(gain: &Value) -> [i64; 6] {
    ["price", "fx", "income", "fees", "taxes", "total"]
        .map(|part| (amount(&gain[part]["amount"]) * 100.0).round() as i64)
}

/// Dollars and euros, a dividend, a fee and a tax.
pub(super) async fn mixed(app: &App) -> Book {
    let book = Book::open(app, "EUR").await;
    book.deposit("2024-01-03", "5000", "USD").await;
    book.buy("2024-01-04", "ACME", "10", "250").await;
    book.buy("2024-01-05", "GLOBEX", "5", "190").await;
    let dividend = json!({ "dividend": { "instrumentId": book.instrument("ACME"), "amount": "12.34", "taxWithheld": "1.85",
        "currency": "USD" } });
    book.record("2024-02-09", dividend).await;
    book.record("2024-02-12", json!({ "fee": { "amount": "7.77", "currency": "EUR" } })).await;
    book.deposit("2024-02-20", "300", "EUR").await;
    book.sell("2024-02-28", "ACME", "4", "260").await;
    book
}

#[tokio::test]
async fn the_parts_of_a_gain_sum_to_it_and_contributions_to_the_return() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let fields = format!(
        "metrics {{ twr {{ value }} xirr {{ value }} }}
        analytics {{ openingDate endDate days returns {{ twr {{ value }} xirr {{ value }} }} {GAIN}
            months: periodReturns(by: MONTH) {{ starts ends returns }}
            contributions {{ instrument {{ symbol }} contribution weight {GAIN} }}
            explain {{ dates values flows returns flowDates flowAmounts
                endHoldings {{ instrument {{ symbol }} quantity price {{ amount date }} value {{ amount }} }} }} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    let analytics = &shown["analytics"];
    let twr = rate(&analytics["returns"]["twr"]["value"]);
    assert!((twr - rate(&shown["metrics"]["twr"]["value"])).abs() < 1e-12);
    assert!((rate(&analytics["returns"]["xirr"]["value"]) - rate(&shown["metrics"]["xirr"]["value"])).abs() < 1e-9);
    let [price, fx, income, fees, taxes, total] = cents(&analytics["gain"]);
    assert_eq!(price + fx + income - fees - taxes, total, "{}", analytics["gain"]);
    assert!(fx != 0 && income > 1_000 && fees == 777 && taxes > 100, "{}", analytics["gain"]);
    let explain = &analytics["explain"];
    let column = |name: &str| explain[name].as_array().expect("a column").clone();
    let flows: f64 = column("flows").iter().skip(1).map(amount).sum();
    let values = column("values");
    let gained = amount(values.last().expect("a value")) - amount(&values[0]) - flows;
    assert!((gained - total as f64 / 100.0).abs() < 0.006, "{gained}");
    let listed: f64 = column("flowAmounts").iter().map(amount).sum();
    assert!((listed - flows).abs() < 1e-9, "{explain}");
    let contributions = analytics["contributions"].as_array().expect("contributions");
    let sum: f64 = contributions.iter().map(|one| rate(&one["contribution"])).sum();
    assert!((sum - twr).abs() < 1e-12, "{sum} is not {twr}");
    assert_eq!(contributions.last().expect("cash")["instrument"], Value::Null);
    let weights: f64 = contributions.iter().map(|one| rate(&one["weight"])).sum();
    assert!((weights - 1.0).abs() < 1e-12, "{weights}");
    let of_all = contributions.iter().map(|one| cents(&one["gain"])[5]).sum::<i64>();
    assert!((of_all - total).abs() <= 2, "each is rounded by itself: {of_all} and {total}");
    let growth: f64 =
        analytics["months"]["returns"].as_array().expect("months").iter().map(|r| 1.0 + rate(r)).product();
    assert!((growth - 1.0 - twr).abs() < 1e-12, "{growth}");
    assert_eq!(analytics["months"]["starts"], json!(["2024-01-03", "2024-02-01", "2024-03-01"]));
    let fields = "analytics(range: { from: \"2024-02-21\" }) { openingDate explain { flowDates } }";
    let late = book.show("2024-03-14", None, fields).await["analytics"].clone();
    assert_eq!(
        late,
        json!({ "openingDate": "2024-02-20", "explain": { "flowDates": [] } }),
        "the deposit of the 20th is in its close"
    );
    let linked: f64 = column("returns").iter().filter_map(Value::as_f64).map(|r| 1.0 + r).product();
    assert!((linked - 1.0 - twr).abs() < 1e-12, "{linked}");
}

/// The worked example, and a fee that an advisor is paid.
#[tokio::test]
async fn a_holding_earns_what_its_price_did_and_fees_are_before_or_after() {
    let app = App::start().await;
    let book = worked_example(&app).await;
    let coin = book.instrument("COIN").to_owned();
    let fields = format!(
        "analytics(instrumentId: \"{coin}\") {{ openingDate returns {{ twr {{ value }} xirr {{ value }} }} {GAIN} }}"
    );
    let shown = book.show("2024-01-03", None, &fields).await["analytics"].clone();
    assert!((rate(&shown["returns"]["twr"]["value"]) - (1.2 * 0.95 - 1.0)).abs() < 1e-9, "{shown}");
    // 10,000 for 365 days and 90,000 for 181 come to 96,900.
    let xirr = rate(&shown["returns"]["xirr"]["value"]);
    let left = -10_000.0 * (1.0 + xirr) - 90_000.0 * (1.0 + xirr).powf(181.0 / 365.0) + 96_900.0;
    assert!(left.abs() < 0.01, "{xirr} leaves {left}");
    assert_eq!(cents(&shown["gain"]), [-310_000, 0, 0, 0, 0, -310_000]);
    assert_eq!(shown["openingDate"], "2023-01-02");

    book.deposit("2023-12-29", "969", "USD").await;
    book.record("2024-01-03", json!({ "fee": { "amount": "969", "currency": "USD" } })).await;
    let fields = "analytics(range: { preset: ONE_MONTH }) { net: returns { twr { value } } gross: returns(grossOfFees: true) { twr { value } } }";
    let shown = book.show("2024-01-03", None, fields).await["analytics"].clone();
    let [net, gross] = ["net", "gross"].map(|one| rate(&shown[one]["twr"]["value"]));
    assert!((gross - (-0.05)).abs() < 1e-3 && gross - net > 0.009, "{net} after, {gross} before");
}

#[tokio::test]
async fn days_without_capital_are_compared_with_nothing() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let acme = book.instrument("ACME").to_owned();
    let query = "query($id: ID!, $day: Date) { instrument(id: $id) { price(asOf: $day) { amount } } }";
    let close = async |day: &str| {
        let answer = book.client.run_with(query, json!({ "id": acme, "day": day })).await;
        answer.text("/instrument/price/amount")
    };
    let ten = |price: &str| (price.parse::<f64>().expect("a price") * 10.0).to_string();
    book.deposit("2024-01-03", "2500", "USD").await;
    book.buy("2024-01-03", "ACME", "10", "250").await;
    let sold = close("2024-01-24").await;
    book.sell("2024-01-24", "ACME", "10", &sold).await;
    book.record("2024-01-24", json!({ "withdrawal": { "amount": ten(&sold), "currency": "USD" } })).await;
    // At the close before, so that its first day is a day of the benchmark's.
    let bought = close("2024-02-14").await;
    book.deposit("2024-02-15", &ten(&bought), "USD").await;
    book.buy("2024-02-15", "ACME", "10", &bought).await;
    let fields = format!(
        "analytics(range: {{ from: \"2024-01-05\" }}) {{ explain {{ dates }} against(benchmark: {{ parts: [{{ instrumentId: \"{acme}\" }}] }}) {{
            observations beta {{ value }} trackingError {{ value }} activeReturn {{ value }} }} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await["analytics"].clone();
    let against = &shown["against"];
    let days = shown["explain"]["dates"].as_array().map(Vec::len).expect("days");
    assert!(against["observations"].as_u64().is_some_and(|count| count as usize + 10 < days), "{shown}");
    assert!((rate(&against["beta"]["value"]) - 1.0).abs() < 1e-9, "{against}");
    for figure in ["trackingError", "activeReturn"] {
        assert!(rate(&against[figure]["value"]).abs() < 1e-9, "{figure}: {against}");
    }
}

#[tokio::test]
async fn every_figure_of_returns_is_before_or_after_charges() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-01-03", "2500", "USD").await;
    book.buy("2024-01-03", "ACME", "10", "250").await;
    // What is paid in on the day pays the advisor: before fees everything is as ACME itself.
    book.deposit("2024-02-15", "100", "USD").await;
    book.record("2024-02-15", json!({ "fee": { "amount": "100", "currency": "USD" } })).await;
    let parts = format!("{{ parts: [{{ instrumentId: \"{}\" }}] }}", book.instrument("ACME"));
    let figures = |charges: &str| {
        format!(
            "returns({charges}) {{ twr {{ value }} }} periodReturns(by: MONTH, {charges}) {{ returns }}
            risk({charges}) {{ volatility {{ value }} ulcerIndex {{ value }} }} drawdowns(first: 1, {charges}) {{ depth }}
            rolling(window: 20, {charges}) {{ returns }}
            against(benchmark: {parts}, {charges}) {{ activeReturn {{ value }} trackingError {{ value }} }}"
        )
    };
    let fields = format!(
        "net: analytics(range: {{ from: \"2024-01-05\" }}) {{ {} }} gross: analytics(range: {{ from: \"2024-01-05\" }}) {{ {} }}",
        figures("grossOfFees: false"),
        figures("grossOfFees: true")
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    let (net, gross) = (&shown["net"], &shown["gross"]);
    for of in [net, gross] {
        let months = of["periodReturns"]["returns"].as_array().expect("months");
        let growth: f64 = months.iter().map(|month| 1.0 + rate(month)).product();
        assert!((growth - 1.0 - rate(&of["returns"]["twr"]["value"])).abs() < 1e-12, "{of}");
    }
    for figure in ["activeReturn", "trackingError"] {
        assert!(rate(&gross["against"][figure]["value"]).abs() < 1e-9, "{gross}");
        assert!(rate(&net["against"][figure]["value"]).abs() > 0.01, "{net}");
    }
    let of = |of: &Value, pointer: &str| rate(of.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {of}")));
    for pointer in ["/risk/volatility/value", "/risk/ulcerIndex/value"] {
        assert!(of(net, pointer) > of(gross, pointer), "{pointer}: {shown}");
    }
    assert!(of(net, "/drawdowns/0/depth") < -0.03, "{net}");
    let fell = |of: &Value| {
        of["drawdowns"].as_array().is_some_and(|falls| falls.iter().any(|fall| rate(&fall["depth"]) < -0.03))
    };
    assert!(!fell(gross), "{gross}");
    assert_ne!(net["rolling"], gross["rolling"]);
}

#[tokio::test]
async fn portfolios_together_are_worth_what_they_are_worth_apart() {
    let app = App::start().await;
    let one = mixed(&app).await;
    let other = Book::open(&app, "USD").await;
    other.deposit("2024-01-10", "1000", "USD").await;
    other.buy("2024-01-11", "ACME", "3", "250").await;
    let query = "query($ids: [ID!]) { analytics(currency: \"CHF\", portfolioIds: $ids, asOf: \"2024-03-14\", range: { preset: ONE_MONTH }) {
        currency openingDate explain { dates values flows } } }";
    let ask = async |ids: Value| {
        let answer = one.client.run_with(query, json!({ "ids": ids })).await;
        answer.at("/analytics/explain").clone()
    };
    let together = ask(json!([one.portfolio, other.portfolio])).await;
    let [first, second] = [ask(json!([one.portfolio])).await, ask(json!([other.portfolio])).await];
    assert_eq!(together["dates"], first["dates"]);
    let column = |of: &Value, name: &str| of[name].as_array().expect("a column").iter().map(amount).collect::<Vec<_>>();
    for name in ["values", "flows"] {
        let sums = column(&first, name).into_iter().zip(column(&second, name)).map(|(one, other)| one + other);
        for (sum, whole) in sums.zip(column(&together, name)) {
            assert!((sum - whole).abs() < 1e-6, "{name}: {sum} and {whole}");
        }
    }
}

#[tokio::test]
async fn an_account_counts_what_comes_from_another_as_paid_in() {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    let book = Book::with_accounts(client, "USD", &["Savings", "Brokerage"]).await;
    book.deposit("2024-01-03", "1000", "USD").await;
    let id = book.second.clone().expect("two accounts");
    let cash = json!({ "cashTransfer": { "toAccountId": id, "amount": "400", "currency": "USD" } });
    book.record("2024-02-01", cash).await;
    let fields = format!(
        "analytics(accountId: \"{id}\") {{ openingDate explain {{ flowDates flowAmounts }} }} whole: analytics {{
        explain {{ flowAmounts }} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    assert_eq!(shown["analytics"]["explain"], json!({ "flowDates": ["2024-02-01"], "flowAmounts": ["400"] }));
    assert_eq!(shown["analytics"]["openingDate"], "2024-01-31");
    assert_eq!(shown["whole"]["explain"]["flowAmounts"], json!(["1000"]));
}

#[tokio::test]
async fn a_range_that_cannot_be_is_refused_with_its_days() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let other = Book::open(&app, "EUR").await;
    for (arguments, code, words) in [
        ("range: { preset: YTD, from: \"2024-01-01\" }", "BAD_USER_INPUT", "not both"),
        ("range: { to: \"2024-03-15\" }", "BAD_USER_INPUT", "2024-03-15 is after asOf, 2024-03-14"),
        (
            "range: { from: \"2024-03-02\", to: \"2024-03-01\" }",
            "BAD_USER_INPUT",
            "2024-03-02 is after the last day, 2024-03-01",
        ),
        (&format!("accountId: \"{}\"", other.account), "NOT_FOUND", "has no account"),
        (
            &format!("accountId: \"{}\", instrumentId: \"{}\"", book.account, book.instrument("ACME")),
            "BAD_USER_INPUT",
            "not both",
        ),
    ] {
        let query = format!(
            "query($id: ID!) {{ portfolio(id: $id, asOf: \"2024-03-14\") {{ analytics({arguments}) {{ days }} }} }}"
        );
        let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
        assert_eq!(answer.error_code(), code, "{}", answer.body);
        assert!(answer.body.to_string().contains(words), "{}", answer.body);
    }
}

#[tokio::test]
async fn what_is_held_is_told_by_what_it_shares() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let slices = "{ key value { amount } weight count }";
    let fields = format!(
        "totals {{ totalValue {{ value {{ amount }} }} }} accounts {{ id }} analytics {{ kinds: allocation(by: ASSET_TYPE) {slices}
            currencies: allocation(by: CURRENCY) {slices} accounts: allocation(by: ACCOUNT) {slices}
            instruments: allocation(by: INSTRUMENT) {slices} regions: allocation(by: REGION) {slices} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    let of = |name: &str| shown["analytics"][name].as_array().expect("slices").clone();
    let total = amount(&shown["totals"]["totalValue"]["value"]["amount"]);
    for name in ["kinds", "currencies", "accounts", "instruments", "regions"] {
        let (sum, weights) = of(name).iter().fold((0.0, 0.0), |(sum, weights), slice| {
            (sum + amount(&slice["value"]["amount"]), weights + rate(&slice["weight"]))
        });
        assert!((sum - total).abs() < 1e-6 && (weights - 1.0).abs() < 1e-12, "{name}: {sum} of {total}, {weights}");
    }
    let keys =
        |name: &str| of(name).iter().map(|slice| slice["key"].as_str().expect("a key").to_owned()).collect::<Vec<_>>();
    assert_eq!(keys("accounts"), [shown["accounts"][0]["id"].as_str().expect("an id")]);
    assert_eq!(keys("kinds"), ["CASH", "STOCK"]);
    assert_eq!(of("kinds").iter().map(|slice| slice["count"].clone()).collect::<Vec<_>>(), [json!(2), json!(2)]);
    assert_eq!(keys("currencies"), ["USD", "EUR"]);
    assert!(keys("instruments").contains(&book.instrument("ACME").to_owned()));
}

#[tokio::test]
async fn a_trade_that_is_thought_of_changes_what_is_held_and_records_nothing() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let [acme, globex] = ["ACME", "GLOBEX"].map(|symbol| book.instrument(symbol).to_owned());
    let holdings = "explain { endHoldings { instrument { symbol } quantity value { amount } cost { amount } } }";
    let fields = format!(
        "version analytics {{ {holdings} {GAIN}
            whatIf(trades: [{{ instrumentId: \"{acme}\", quantity: \"-6\" }}, {{ instrumentId: \"{globex}\", quantity: \"10\", price: \"90\" }}]) {{
                {holdings} {GAIN} }} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    let (before, after) = (&shown["analytics"], &shown["analytics"]["whatIf"]);
    let held = |of: &Value| of["explain"]["endHoldings"].as_array().expect("holdings").clone();
    let units = |of: &Value| {
        held(of).iter().map(|one| (one["instrument"]["symbol"].clone(), one["quantity"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(units(after), [(json!("GLOBEX"), json!("20"))]);
    assert_eq!(units(before).len(), 2);
    // The five have been split in two. Sold at the close, nothing is gained; bought below the close, the difference is.
    let of_globex = held(before).into_iter().find(|one| one["instrument"]["symbol"] == "GLOBEX").expect("GLOBEX");
    let (value, cost) = (amount(&of_globex["value"]["amount"]), amount(&of_globex["cost"]["amount"]));
    let bought = &held(after)[0];
    assert!((amount(&bought["value"]["amount"]) - 2.0 * value).abs() < 1e-6, "{bought}");
    let paid = amount(&bought["cost"]["amount"]) - cost;
    let gained = (cents(&after["gain"])[5] - cents(&before["gain"])[5]) as f64 / 100.0;
    assert!((gained - (value - paid)).abs() < 0.02, "{gained} of {value}, {paid} paid");
    let again = book.show("2024-03-14", None, &fields).await;
    assert_eq!(again["version"], shown["version"]);

    for (trades, words) in [
        (String::new(), "0 are given"),
        (format!("{{ instrumentId: \"{acme}\", quantity: \"0\" }}"), "a quantity of 0"),
        (format!("{{ instrumentId: \"{acme}\", quantity: \"1\", price: \"-1\" }}"), "a price of -1"),
        (
            format!("{{ instrumentId: \"{}\", quantity: \"1\" }}", book.instrument("COIN")),
            "COIN has no price on 2024-03-14",
        ),
    ] {
        let query = format!(
            "query($id: ID!) {{ portfolio(id: $id, asOf: \"2024-03-14\") {{ analytics {{ whatIf(trades: [{trades}]) {{ days }} }} }} }}"
        );
        let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{}", answer.body);
        assert!(answer.body.to_string().contains(words), "{}", answer.body);
    }
}

#[tokio::test]
async fn risk_is_told_with_its_conventions_and_not_of_too_few_days() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let figure = "{ value method conventions reasons { code } }";
    let fields = format!(
        "metrics(riskFreeRate: 0.02) {{ volatility {{ value }} sharpe {{ value }} maxDrawdown {{ depth {{ value }} }} }}
        analytics {{ risk(riskFreeRate: 0.02) {{ observations volatility {figure} sharpe {figure} sortino {figure} calmar {figure}
            omega {figure} ulcerIndex {figure} skewness {figure} excessKurtosis {figure} downsideDeviation {figure} }}
            drawdowns(first: 3) {{ depth peak trough recovery days }} }}
        short: analytics(range: {{ from: \"2024-03-08\" }}) {{ risk {{ observations volatility {figure} }}
            tailRisk {{ valueAtRisk {figure} observations reasons {{ code }} }} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    let (risk, metrics) = (&shown["analytics"]["risk"], &shown["metrics"]);
    for name in ["volatility", "sharpe"] {
        assert!((rate(&risk[name]["value"]) - rate(&metrics[name]["value"])).abs() < 1e-9, "{name}: {risk}");
    }
    for name in ["sortino", "calmar", "omega", "ulcerIndex", "skewness", "excessKurtosis", "downsideDeviation"] {
        assert!(rate(&risk[name]["value"]).is_finite() && !risk[name]["method"].as_str().expect("a method").is_empty());
    }
    let falls = shown["analytics"]["drawdowns"].as_array().expect("falls");
    assert!((rate(&falls[0]["depth"]) - rate(&metrics["maxDrawdown"]["depth"]["value"])).abs() < 1e-12, "{falls:?}");
    assert!(falls.windows(2).all(|pair| rate(&pair[0]["depth"]) <= rate(&pair[1]["depth"])), "{falls:?}");
    let short = &shown["short"];
    assert_eq!(short["risk"]["volatility"]["value"], Value::Null);
    assert_eq!(short["risk"]["volatility"]["reasons"][0]["code"], "TOO_FEW_OBSERVATIONS");
    assert_eq!(short["tailRisk"]["reasons"], json!([{ "code": "TOO_FEW_OBSERVATIONS" }]));
}

#[tokio::test]
async fn a_scope_that_holds_its_benchmark_has_a_beta_of_one() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-01-03", "2500", "USD").await;
    book.buy("2024-01-03", "ACME", "10", "250").await;
    let [acme, globex] = ["ACME", "GLOBEX"].map(|symbol| book.instrument(symbol).to_owned());
    let value = "{ value reasons { code } }";
    let against = |parts: &str| {
        format!(
            "against(benchmark: {{ parts: [{parts}] }}) {{ observations beta {value} correlation {value} trackingError {value}
                activeReturn {value} benchmarkReturn {value} matchedValue {{ amount }} matchedXirr {{ value unit }} upCapture {value} growth }}"
        )
    };
    let fields = format!(
        "totals {{ totalValue {{ value {{ amount }} }} }} analytics(range: {{ from: \"2024-01-05\" }}) {{ explain {{ dates }}
            returns {{ twr {value} xirr {{ value unit }} }} own: {} other: {} }}",
        against(&format!("{{ instrumentId: \"{acme}\" }}")),
        against(&format!("{{ instrumentId: \"{globex}\", weight: 3 }}, {{ instrumentId: \"{acme}\" }}")),
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    let (own, other) = (&shown["analytics"]["own"], &shown["analytics"]["other"]);
    assert!((rate(&own["beta"]["value"]) - 1.0).abs() < 1e-9, "{own}");
    assert!(
        (rate(&own["correlation"]["value"]) - 1.0).abs() < 1e-9 && rate(&own["trackingError"]["value"]).abs() < 1e-9,
        "{own}"
    );
    assert!(
        rate(&own["activeReturn"]["value"]).abs() < 1e-9 && (rate(&own["upCapture"]["value"]) - 1.0).abs() < 1e-9,
        "{own}"
    );
    let total = amount(&shown["totals"]["totalValue"]["value"]["amount"]);
    assert!((amount(&own["matchedValue"]["amount"]) - total).abs() < 1e-6, "{own} of {total}");
    // The same flows in the same thing: the same rate, and of the same unit, which under a year is the range.
    let xirr = &shown["analytics"]["returns"]["xirr"];
    assert_eq!((&own["matchedXirr"]["unit"], &xirr["unit"]), (&json!("FRACTION"), &json!("FRACTION")));
    assert!((rate(&own["matchedXirr"]["value"]) - rate(&xirr["value"])).abs() < 1e-9, "{own}");
    let growth = own["growth"].as_array().expect("a column");
    assert_eq!(growth.len(), shown["analytics"]["explain"]["dates"].as_array().expect("days").len());
    let last = rate(growth.last().expect("a last day"));
    assert!((last - 1.0 - rate(&shown["analytics"]["returns"]["twr"]["value"])).abs() < 1e-9, "{last}");
    assert!(rate(&other["trackingError"]["value"]) > 0.01 && rate(&other["correlation"]["value"]) < 0.999, "{other}");

    for (arguments, words) in [
        ("against(benchmark: { parts: [] }) { observations }".to_owned(), "0 are given"),
        (
            format!("against(benchmark: {{ parts: [{{ instrumentId: \"{acme}\", weight: 0 }}] }}) {{ observations }}"),
            "0 is not above zero",
        ),
        (
            format!(
                "against(benchmark: {{ parts: [{{ instrumentId: \"{acme}\" }}] }}, riskFreeRate: 2) {{ observations }}"
            ),
            "0.02 is 2 %",
        ),
        ("tailRisk(input: { confidence: 1 }) { observations }".to_owned(), "input.confidence: 1 is not"),
        ("tailRisk(input: { horizon: 10000 }) { observations }".to_owned(), "input.horizon: 10000 is not"),
        ("drawdowns(first: 0) { depth }".to_owned(), "first: 0 is not"),
    ] {
        let query =
            format!("query($id: ID!) {{ portfolio(id: $id, asOf: \"2024-03-14\") {{ analytics {{ {arguments} }} }} }}");
        let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{}", answer.body);
        assert!(answer.body.to_string().contains(words), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_tail_of_what_is_held_is_that_of_its_returns() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-01-03", "2500", "USD").await;
    book.buy("2024-01-03", "ACME", "10", "250").await;
    let figures =
        "{ valueAtRisk { value method conventions } expectedShortfall { value } amount { amount } observations }";
    let fields = format!(
        "totals {{ totalValue {{ value {{ amount }} }} }} analytics(range: {{ from: \"2024-01-05\" }}) {{
            now: tailRisk {figures} was: tailRisk(input: {{ basis: REALIZED_RETURNS }}) {figures}
            normal: tailRisk(input: {{ estimator: PARAMETRIC_NORMAL, horizon: 10 }}) {figures}
            day: tailRisk(input: {{ estimator: PARAMETRIC_NORMAL }}) {figures}
            explain {{ returns }} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    let analytics = &shown["analytics"];
    // Everything is in one instrument from before the range on: what it did and what the portfolio earned are the same.
    let of = |name: &str, figure: &str| rate(&analytics[name][figure]["value"]);
    assert!((of("now", "valueAtRisk") - of("was", "valueAtRisk")).abs() < 1e-9, "{analytics}");
    let mut returns: Vec<f64> =
        analytics["explain"]["returns"].as_array().expect("a column").iter().filter_map(Value::as_f64).collect();
    returns.sort_by(f64::total_cmp);
    let rank = (returns.len() as f64 * 0.05).ceil() as usize;
    assert!((of("was", "valueAtRisk") + returns[rank - 1]).abs() < 1e-9, "{returns:?}");
    for name in ["now", "was", "normal", "day"] {
        assert!(of(name, "expectedShortfall") >= of(name, "valueAtRisk"), "{analytics}");
    }
    // Ten days ahead the mean counts ten times and the deviation √10 times.
    let mean = returns.iter().sum::<f64>() / returns.len() as f64;
    let [ten, one] = [of("normal", "valueAtRisk") + 10.0 * mean, of("day", "valueAtRisk") + mean];
    assert!((ten - 10.0_f64.sqrt() * one).abs() < 1e-12 && one > 0.0, "{ten} and {one}");
    let total = amount(&shown["totals"]["totalValue"]["value"]["amount"]);
    assert!(
        (amount(&analytics["now"]["amount"]["amount"]) - of("now", "valueAtRisk") * total).abs() < 1e-6,
        "{analytics}"
    );
}

#[tokio::test]
async fn income_is_told_by_month_and_over_cost_and_value() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2023-01-03", "3000", "USD").await;
    book.buy("2023-01-04", "ACME", "10", "200").await;
    let dividend = |amount: &str| json!({ "dividend": { "instrumentId": book.instrument("ACME"), "amount": amount, "currency": "USD" } });
    for (day, amount) in [("2023-01-20", "5"), ("2023-06-09", "20"), ("2023-12-08", "30"), ("2023-12-20", "1.5")] {
        book.record(day, dividend(amount)).await;
    }
    book.record("2024-01-02", json!({ "interest": { "amount": "2", "currency": "USD" } })).await;
    let income = "income { months amounts total { amount } yieldOnCost yieldOnValue }";
    let fields = format!(
        "totals {{ marketValue {{ value {{ amount }} }} }} analytics {{ {income} }} short: analytics(range: {{ preset: ONE_MONTH }}) {{ {income} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    let of = &shown["analytics"]["income"];
    assert_eq!(of["months"], json!(["2023-01-01", "2023-06-01", "2023-12-01", "2024-01-01"]));
    assert_eq!((&of["amounts"], &of["total"]["amount"]), (&json!(["5", "20", "31.5", "2"]), &json!("58.5")));
    // Of the last twelve months, without interest: 51.5 on 2,000.
    assert!((rate(&of["yieldOnCost"]) - 51.5 / 2_000.0).abs() < 1e-12, "{of}");
    let worth = amount(&shown["totals"]["marketValue"]["value"]["amount"]);
    assert!((rate(&of["yieldOnValue"]) - 51.5 / worth).abs() < 1e-12, "{of}");
    assert_eq!(
        shown["short"]["income"],
        json!({ "months": [], "amounts": [], "total": { "amount": "0" },
        "yieldOnCost": null, "yieldOnValue": null })
    );
}

#[tokio::test]
async fn todays_change_is_told_by_holding_with_its_price_and_its_currency() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let fields = format!(
        "today {{ change {{ rounded }} changeReturn contributions {{ instrument {{ symbol }} contribution {GAIN} }} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await["today"].clone();
    let contributions = shown["contributions"].as_array().expect("contributions");
    let sum: f64 = contributions.iter().map(|one| rate(&one["contribution"])).sum();
    assert!((sum - rate(&shown["changeReturn"])).abs() < 1e-12, "{shown}");
    let total: i64 = contributions.iter().map(|one| cents(&one["gain"])[5]).sum();
    let change = (amount(&shown["change"]["rounded"]) * 100.0).round() as i64;
    assert!((total - change).abs() <= 2, "each is rounded by itself: {total} and {change}");
    let acme = contributions.iter().find(|one| one["instrument"]["symbol"] == "ACME").expect("ACME");
    let [price, fx, ..] = cents(&acme["gain"]);
    // Half a dollar a unit, at 1.1343, and what rounding leaves; and the dollar went from there to 1.1344.
    assert!((price as f64 / 100.0 - 6.0 * 0.5 / 1.1343).abs() <= 0.011, "{acme}");
    assert!(fx < 0, "{acme}");
}

#[tokio::test]
async fn what_is_held_spreads_its_risk_by_shares_that_sum_to_one() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let fields = "analytics { weights: allocation(by: INSTRUMENT) { key weight } diversification(top: 1) { herfindahlIndex effectiveNumber
        topShare observations volatility { value } diversificationRatio { value } riskContributions { instrument { symbol } weight
        contribution } correlations { firstIds secondIds correlations counts } } }";
    let of = book.show("2024-03-14", None, fields).await["analytics"]["diversification"].clone();
    let parts = of["riskContributions"].as_array().expect("parts");
    let sum: f64 = parts.iter().map(|part| rate(&part["contribution"])).sum();
    assert!(parts.len() == 2 && (sum - 1.0).abs() < 1e-9, "{of}");
    assert!(rate(&of["diversificationRatio"]["value"]) >= 1.0 - 1e-12, "{of}");
    assert!(rate(&of["observations"]) >= 20.0 && rate(&of["volatility"]["value"]) > 0.0, "{of}");
    let index = rate(&of["herfindahlIndex"]);
    assert!(
        (index * rate(&of["effectiveNumber"]) - 1.0).abs() < 1e-9 && (0.0..=1.0).contains(&rate(&of["topShare"])),
        "{of}"
    );
    let pairs = &of["correlations"];
    assert_eq!(pairs["firstIds"].as_array().map(Vec::len), Some(1));
    assert!((-1.0..=1.0).contains(&rate(&pairs["correlations"][0])) && rate(&pairs["counts"][0]) >= 20.0, "{pairs}");
}

#[tokio::test]
async fn figures_of_one_operation_keep_their_own_currency_and_part() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let acme = book.instrument("ACME");
    let totals = "explain { values }";
    let of = |currency: &str, arguments: &str| {
        format!(
            "portfolio(id: $id, asOf: \"2024-03-14\", currency: \"{currency}\") {{ analytics{arguments} {{ {totals} }} }}"
        )
    };
    let [plain, dollars, part] = [of("EUR", ""), of("USD", ""), of("EUR", &format!("(instrumentId: \"{acme}\")"))];
    let apart = async |field: &str| {
        let answer =
            book.client.run_with(&format!("query($id: ID!) {{ {field} }}"), json!({ "id": book.portfolio })).await;
        answer.at("/portfolio").clone()
    };
    let query = format!("query($id: ID!) {{ a: {plain} b: {dollars} c: {part} }}");
    let together = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
    for (name, field) in [("/a", &plain), ("/b", &dollars), ("/c", &part)] {
        assert_eq!(*together.at(name), apart(field).await, "{name}");
    }
}

#[tokio::test]
async fn a_trade_of_another_instrument_leaves_a_holding_as_it_is() {
    let app = App::start().await;
    let book = mixed(&app).await;
    let holding = "gain { total { amount } } explain { values endHoldings { instrument { symbol } quantity } } kinds: allocation(by: ASSET_TYPE) { key }";
    for (mine, other) in [("ACME", "GLOBEX"), ("GLOBEX", "ACME")] {
        let fields = format!(
            "analytics(instrumentId: \"{}\") {{ {holding} whatIf(trades: [{{ instrumentId: \"{}\", quantity: \"1\" }}]) {{ {holding} }}
                more: whatIf(trades: [{{ instrumentId: \"{}\", quantity: \"1\" }}]) {{ {holding} }} }}",
            book.instrument(mine),
            book.instrument(other),
            book.instrument(mine),
        );
        let shown = book.show("2024-03-14", None, &fields).await["analytics"].clone();
        for field in ["gain", "explain", "kinds"] {
            assert_eq!(shown["whatIf"][field], shown[field], "{field} of {mine} after a trade of {other}");
        }
        assert_eq!(shown["more"]["kinds"], json!([{ "key": "STOCK" }]), "what is paid for it is outside");
        let held = |of: &Value| amount(&of["explain"]["endHoldings"][0]["quantity"]);
        assert!((held(&shown["more"]) - held(&shown) - 1.0).abs() < 1e-12, "{shown}");
    }
}

#[tokio::test]
async fn what_holdings_pay_is_expected_again_and_coupons_by_their_terms() {
    let app = App::start().await;
    let files = [
        (
            "dividends.csv",
            "symbol,type,ex_date,pay_date,amount,currency\nACME,CASH_DIVIDEND,2023-06-09,,0.50,USD\nACME,CASH_DIVIDEND,2023-12-08,,0.55,USD\n\
             ACME,SPECIAL_DIVIDEND,2023-12-20,,3,USD\n",
        ),
        (
            "bonds.csv",
            "symbol,mic,coupon_rate,coupon_frequency,day_count,maturity,face\nNOTE,24X7,0.04,2,ACT_ACT_ICMA,2026-05-31,1\n",
        ),
    ];
    crate::market::load(&app, &files).await.expect("loaded");
    let book = Book::open(&app, "EUR").await;
    book.deposit("2024-03-01", "5000", "EUR").await;
    book.deposit("2024-03-01", "5000", "USD").await;
    book.buy("2024-03-01", "ACME", "10", "250").await;
    let note = json!({ "buy": { "instrumentId": book.instrument("NOTE"), "quantity": "1000", "price": "99", "currency": "EUR" } });
    book.record("2024-03-01", note).await;
    let expected = "analytics { expectedIncome { months amounts total { rounded } reasons { code } } }";
    let of = book.show("2024-03-14", None, expected).await["analytics"]["expectedIncome"].clone();
    // 10 × 0.50 and 10 × 0.55 dollars at 1.1344; 1,000 × 4 % in two coupons. The special dividend does not come again.
    assert_eq!(of["months"], json!(["2024-05-01", "2024-06-01", "2024-11-01", "2024-12-01"]));
    let amounts: Vec<f64> = of["amounts"].as_array().expect("amounts").iter().map(amount).collect();
    for (found, by_hand) in amounts.iter().zip([20.0, 5.0 / 1.1344, 20.0, 5.5 / 1.1344]) {
        assert!((found - by_hand).abs() < 1e-9, "{of}");
    }
    assert_eq!((&of["total"]["rounded"], &of["reasons"]), (&json!("49.26"), &json!([])));
    let empty = Book::open(&app, "EUR").await;
    let none = empty.show("2024-03-14", None, expected).await["analytics"]["expectedIncome"].clone();
    assert_eq!((&none["months"], &none["total"]["rounded"]), (&json!([]), &json!("0")));
}
