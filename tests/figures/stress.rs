//! What shocks and windows of history do to what is held.

use domain::analytics::stress::Window;
use serde_json::{Value, json};

use super::{amount, rate, seven_thousand};
use crate::support::{App, Book, Superuser};

const TEST: &str = "before { amount } after { amount } effect { amount } effectFraction known { value { amount } coverage missing }
    windowOpening windowEnd reasons { code message }
    holdings { instrument { symbol } currency before { amount } after { amount } effect { amount } effectFraction localChange
        currencyChange cause beta rateShift modifiedDuration convexity impliedVolatility reasons { code message } }";

async fn stress(book: &Book, currency: Option<&str>, arguments: &str) -> Value {
    let fields = format!("analytics {{ stress({arguments}) {{ {TEST} }} }}");
    book.show("2024-03-14", currency, &fields).await["analytics"]["stress"].clone()
}

/// The line of a symbol, or of cash in a currency.
#[track_caller]
fn line(test: &Value, name: &str) -> Value {
    let lines = test["holdings"].as_array().expect("holdings");
    let is_named = |line: &&Value| match line["instrument"]["symbol"].as_str() {
        Some(symbol) => symbol == name,
        None => line["currency"] == name,
    };
    lines.iter().find(is_named).unwrap_or_else(|| panic!("no {name} in {test}")).clone()
}

fn effect(of: &Value) -> f64 {
    amount(&of["effect"]["amount"])
}

#[track_caller]
fn sums(test: &Value) {
    let lines = test["holdings"].as_array().expect("holdings");
    let cents = |of: &Value| (amount(of) * 100.0).round() as i64;
    for what in ["before", "after", "effect"] {
        // Values are told to the last digit, which a sum of cents rounds.
        let sum: f64 = lines.iter().map(|line| amount(&line[what]["amount"])).sum();
        assert!((sum - amount(&test[what]["amount"])).abs() < 1e-9, "{what}: {sum} in {test}");
    }
    let sum: i64 = lines.iter().map(|line| cents(&line["effect"]["amount"])).sum();
    assert_eq!(sum, cents(&test["effect"]["amount"]), "{test}");
}

#[tokio::test]
async fn the_most_specific_shock_moves_a_holding_and_its_currency_comes_on_top() {
    let app = App::start().await;
    let book = seven_thousand(&app).await;
    let arguments = "shocks: { assetTypes: [{ assetType: CRYPTO, change: -0.3 }], currencies: [{ currency: \"USD\", change: -0.1 }],
        rateShift: 100 }";
    let test = stress(&book, None, arguments).await;
    sums(&test);
    // 0.7 × 0.9 − 1 = −0.37 of 1,000; dollars −0.1; a yield of zero over ten years: −10 × 0.01 + ½ × 110 × 0.0001 = −0.0945.
    let coin = line(&test, "COIN");
    assert_eq!([effect(&coin), effect(&line(&test, "USD")), effect(&line(&test, "ZERO"))], [-370.0, -100.0, -94.5]);
    assert_eq!(effect(&line(&test, "EUR")), 0.0);
    assert_eq!(
        [amount(&test["before"]["amount"]), effect(&test), amount(&test["after"]["amount"])],
        [7_000.0, -564.5, 6_435.5]
    );
    assert!((rate(&test["effectFraction"]) + 564.5 / 7_000.0).abs() < 1e-12);
    assert_eq!(coin["cause"], "ASSET_TYPE");
    assert_eq!([rate(&coin["localChange"]), rate(&coin["currencyChange"])], [-0.3, -0.1]);
    let zero = line(&test, "ZERO");
    assert_eq!(zero["cause"], "RATES");
    let [duration, convexity] = ["modifiedDuration", "convexity"].map(|figure| rate(&zero[figure]));
    assert!((duration - 10.0).abs() < 1e-9 && (convexity - 110.0).abs() < 1e-9, "{duration}, {convexity}");
    assert_eq!(test["holdings"][0]["instrument"]["symbol"], "COIN", "the largest loss first");
    assert_eq!(test["known"], json!({ "value": { "amount": "-564.5" }, "coverage": 1.0, "missing": [] }));
    assert_eq!([&test["reasons"], &test["windowOpening"]], [&json!([]), &Value::Null]);

    // The instrument before its kind; a rise; nothing is as it was.
    let coin = book.instrument("COIN");
    let arguments = format!(
        "shocks: {{ assetTypes: [{{ assetType: CRYPTO, change: -0.3 }}, {{ assetType: BOND, change: 0.02 }}],
            instruments: [{{ instrumentId: \"{coin}\", change: -1 }}], rateShift: 100 }}"
    );
    let test = stress(&book, None, &arguments).await;
    sums(&test);
    assert_eq!([effect(&line(&test, "COIN")), effect(&line(&test, "ZERO"))], [-1_000.0, 20.0]);
    assert_eq!([&line(&test, "COIN")["cause"], &line(&test, "ZERO")["cause"]], ["INSTRUMENT", "ASSET_TYPE"]);
    // A shock of zero exempts.
    let arguments = format!(
        "shocks: {{ assetTypes: [{{ assetType: CRYPTO, change: -0.3 }}], instruments: [{{ instrumentId: \"{coin}\", change: 0 }}] }}"
    );
    assert_eq!(effect(&stress(&book, None, &arguments).await), 0.0);
    let test = stress(&book, None, "shocks: {}").await;
    sums(&test);
    assert_eq!((effect(&test), rate(&test["effectFraction"])), (0.0, 0.0));

    // Had the coins been sold, their 2,000 dollars would lose a tenth with the others.
    let fields = format!(
        "analytics {{ whatIf(trades: [{{ instrumentId: \"{coin}\", quantity: \"-10\" }}]) {{ stress(shocks: {{
            assetTypes: [{{ assetType: CRYPTO, change: -0.3 }}], currencies: [{{ currency: \"USD\", change: -0.1 }}] }}) {{
            before {{ amount }} effect {{ amount }} }} }} }}"
    );
    let sold = book.show("2024-03-14", None, &fields).await["analytics"]["whatIf"]["stress"].clone();
    assert_eq!(sold, json!({ "before": { "amount": "7000" }, "effect": { "amount": "-200" } }));

    // In dollars it is the euro that moves.
    let test = stress(&book, Some("USD"), "shocks: { currencies: [{ currency: \"EUR\", change: 0.1 }] }").await;
    sums(&test);
    // 5,000 euros are 5,672 dollars.
    assert_eq!(effect(&test), 567.2);
}

#[tokio::test]
async fn sectors_and_countries_are_told_apart() {
    let app = App::start().await;
    let book = seven_thousand(&app).await;
    let castle =
        json!({ "instrumentId": book.instrument("CASTLE"), "quantity": "1", "price": "2000", "currency": "EUR" });
    book.record("2024-03-04", json!({ "buy": castle })).await;
    book.buy("2024-03-04", "ACME", "2", "250").await;
    book.price("2024-03-14", "CASTLE", "2000").await;
    let by = async |shocks: &str| stress(&book, None, &format!("shocks: {{ {shocks} }}")).await;
    let country = "countries: [{ country: \"DE\", change: -0.25 }]";
    let test = by(country).await;
    sums(&test);
    assert_eq!((effect(&test), &line(&test, "CASTLE")["cause"]), (-500.0, &json!("COUNTRY")));
    let test = by(&format!("{country}, sectors: [{{ sector: \"TECH\", change: -0.5 }}]")).await;
    sums(&test);
    assert_eq!((effect(&line(&test, "CASTLE")), &line(&test, "CASTLE")["cause"]), (-1_000.0, &json!("SECTOR")));
    // 2 × 256.50 / 1.1344 = 452.22 euros, of which a half.
    assert_eq!(effect(&line(&test, "ACME")), -226.11);
    assert_eq!(effect(&test), -1_226.11);
}

#[tokio::test]
async fn the_market_moves_holdings_by_their_betas() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2023-06-01", "10000", "USD").await;
    book.buy("2023-06-01", "GLOBEX", "10", "250").await;
    book.buy("2023-06-01", "ACME", "10", "150").await;
    let [acme, globex] = ["ACME", "GLOBEX"].map(|symbol| book.instrument(symbol).to_owned());
    let market = format!("shocks: {{ market: {{ benchmarkId: \"{acme}\", change: -0.2 }} }}");
    let range = "range: { from: \"2023-07-03\" }";
    let fields = format!("analytics({range}) {{ stress({market}) {{ {TEST} }} }}");
    let test = book.show("2024-03-14", None, &fields).await["analytics"]["stress"].clone();
    sums(&test);
    let own = line(&test, "ACME");
    assert!((rate(&own["beta"]) - 1.0).abs() < 1e-9, "{own}");
    // 10 × 256.50 × −0.2.
    assert_eq!((effect(&own), &own["cause"]), (-513.0, &json!("MARKET")));
    let other = line(&test, "GLOBEX");
    let beta = rate(&other["beta"]);
    assert!((rate(&other["localChange"]) + 0.2 * beta).abs() < 1e-12, "{other}");
    // The holding by itself has the same beta to the same benchmark.
    let fields = format!(
        "analytics(instrumentId: \"{globex}\", {range}) {{ against(benchmark: {{ parts: [{{ instrumentId: \"{acme}\" }}] }}) {{ beta {{ value }} }} }}"
    );
    let shown = book.show("2024-03-14", None, &fields).await;
    let alone = rate(&shown["analytics"]["against"]["beta"]["value"]);
    assert!((alone - beta).abs() < 1e-9, "{alone} and {beta}");
    assert!(beta.abs() > 1e-6, "{beta}");
    // Ten days tell no beta, and what is not known is no zero.
    let fields = format!("analytics(range: {{ from: \"2024-03-01\" }}) {{ stress({market}) {{ {TEST} }} }}");
    let short = book.show("2024-03-14", None, &fields).await["analytics"]["stress"].clone();
    assert_eq!([&short["effect"], &short["after"], &short["effectFraction"]], [&Value::Null; 3]);
    assert_eq!(short["holdings"][0]["currency"], "USD", "what is known comes first");
    let reason = &line(&short, "GLOBEX")["reasons"][0];
    assert_eq!(reason["code"], "TOO_FEW_OBSERVATIONS");
    assert!(reason["message"].as_str().expect("words").contains("GLOBEX: 10 returns"), "{reason}");
    let known = &short["known"];
    assert_eq!([&known["value"]["amount"], &known["missing"]], [&json!("0"), &json!(["ACME", "GLOBEX"])]);
    assert!((rate(&known["coverage"]) - 1.0 / 3.0).abs() < 1e-12);
    // What has no price stands for no market.
    let index = book.instrument("INDX");
    let query = format!(
        "query($id: ID!) {{ portfolio(id: $id, asOf: \"2024-03-14\") {{ analytics {{
            stress(shocks: {{ market: {{ benchmarkId: \"{index}\", change: -0.2 }} }}) {{ method }} }} }} }}"
    );
    let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
    assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{}", answer.body);
    assert!(answer.body.to_string().contains("has no price on the days of the range"), "{}", answer.body);
}

#[tokio::test]
async fn a_bond_moves_by_the_curve_at_its_maturity() {
    let app = App::start().await;
    let book = seven_thousand(&app).await;
    // It matures in ten years and two leap days: half of the way from five to fifteen years.
    let of = async |shifts: &str| line(&stress(&book, None, &format!("shocks: {{ {shifts} }}")).await, "ZERO");
    let whole = of("rateShift: -50").await;
    assert_eq!((&whole["cause"], rate(&whole["rateShift"])), (&json!("RATES"), -50.0));
    let flat = of("rateShifts: [{ tenor: \"2Y\", shift: -50 }, { tenor: \"30Y\", shift: -50 }]").await;
    assert_eq!(flat, whole);
    let steeper = of("rateShifts: [{ tenor: \"15Y\", shift: 100 }, { tenor: \"60M\", shift: 0 }]").await;
    let points = 100.0 * (3_652.0 - 1_825.0) / 3_650.0;
    assert!((rate(&steeper["rateShift"]) - points).abs() < 1e-9, "{steeper}");
    let shift = points * 1e-4;
    let [duration, convexity] = ["modifiedDuration", "convexity"].map(|name| rate(&steeper[name]));
    let expected = -duration * shift + 0.5 * convexity * shift * shift;
    assert!((rate(&steeper["localChange"]) - expected).abs() < 1e-12, "{steeper}");
}

#[tokio::test]
async fn a_bond_whose_terms_are_not_known_says_so() {
    let app = App::start().await;
    let book = seven_thousand(&app).await;
    book.buy("2024-03-01", "NOTE", "1000", "98").await;
    book.price("2024-03-14", "NOTE", "98").await;
    let test = stress(&book, None, "shocks: { rateShift: -50 }").await;
    assert_eq!([&test["effect"], &line(&test, "NOTE")["effect"]], [&Value::Null; 2]);
    let reason = json!({ "code": "NO_DURATION", "message": "NOTE: coupon and maturity are not known" });
    assert_eq!([&line(&test, "NOTE")["reasons"], &test["reasons"]], [&json!([reason]); 2]);
    let fixed =
        json!({ "instrumentId": book.instrument("FIXED"), "quantity": "100", "price": "90", "currency": "EUR" });
    book.record("2024-03-04", json!({ "buy": fixed })).await;
    book.price("2024-03-14", "FIXED", "90").await;
    let again = stress(&book, None, "shocks: { rateShift: -50 }").await;
    assert_eq!(line(&again, "FIXED")["reasons"][0]["message"], "FIXED: coupons by ACT_365_FIXED are not modelled");
    // 10 × 0.005 + ½ × 110 × 0.000025 = 0.051375 of 1,000, half-even to the cent.
    assert_eq!(effect(&line(&test, "ZERO")), 51.38);
    let known = json!({ "value": { "amount": "51.38" }, "coverage": 0.8, "missing": ["NOTE"] });
    assert_eq!(test["known"], known);
}

/// Rates of the euro in dollars that the market does not have yet.
async fn know_rates(app: &App, rates: &[(&str, &str)]) {
    let mut inside = Superuser::of(app).await;
    for (day, rate) in rates {
        inside.know_rate("EUR", "USD", day, rate).await;
    }
}

#[tokio::test]
async fn a_window_moves_each_holding_by_its_own_prices_dividends_and_rate() {
    let app = App::start().await;
    know_rates(&app, &[("2022-01-03", "1.10"), ("2022-10-12", "0.99")]).await;
    Superuser::of(&app).await.know_dividends(&[("NEWCO", "CASH_DIVIDEND", "2022-06-02", None, "9")]).await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "5000", "USD").await;
    book.deposit("2024-03-01", "1980", "EUR").await;
    book.buy("2024-03-01", "COIN", "10", "100").await;
    book.buy("2024-03-01", "NEWCO", "10", "100").await;
    book.buy("2024-03-01", "NOTE", "1000", "98").await;
    for (symbol, prices) in [
        ("COIN", [("2022-01-03", "80"), ("2022-10-12", "60"), ("2024-03-14", "100")].as_slice()),
        ("NEWCO", &[("2022-01-03", "100"), ("2022-06-02", "81"), ("2022-10-12", "70"), ("2024-03-14", "100")]),
        ("NOTE", &[("2022-01-03", "100"), ("2022-10-12", "90"), ("2024-03-14", "98")]),
    ] {
        for (day, price) in prices {
            book.price(day, symbol, price).await;
        }
    }
    let test = stress(&book, None, "window: INFLATION_2022").await;
    sums(&test);
    assert_eq!([&test["windowOpening"], &test["windowEnd"]], ["2022-01-03", "2022-10-12"]);
    // 60 / 80 − 1 = −0.25 of 1,000.
    assert_eq!(effect(&line(&test, "COIN")), -250.0);
    // 70 / 100, and 9 put back at 81: 0.7 × 90 / 81 − 1 = −0.2222.
    assert_eq!(effect(&line(&test, "NEWCO")), -222.22);
    // 0.9 × 0.99 / 1.10 = 0.81, of 980 euros at 1.1344: 1,111.712 dollars.
    let note = line(&test, "NOTE");
    assert_eq!(effect(&note), -211.23);
    let moves = ["localChange", "currencyChange"].map(|change| rate(&note[change]));
    assert!(moves.iter().all(|change| (change + 0.1).abs() < 1e-12), "{moves:?}");
    // 1,000 euros of cash are 1,134.40 dollars and lose a tenth; dollars stay.
    assert_eq!([effect(&line(&test, "EUR")), effect(&line(&test, "USD"))], [-113.44, 0.0]);
    assert_eq!(note["cause"], Value::Null);

    // Nothing of it was there in 2008: neither prices nor the euro's rate.
    let test = stress(&book, None, "window: FINANCIAL_2008").await;
    assert_eq!(test["effect"], Value::Null);
    let codes = |name: &str| {
        let reasons = line(&test, name)["reasons"].as_array().expect("reasons").clone();
        reasons.iter().map(|reason| reason["code"].as_str().expect("a code").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes("COIN"), ["NO_PRICE"]);
    assert_eq!(codes("NOTE"), ["NO_PRICE", "NO_RATE"]);
    assert_eq!(codes("EUR"), ["NO_RATE"]);
    assert_eq!(line(&test, "COIN")["reasons"][0]["message"], "no price of COIN on 2007-10-09");
    let mut missing: Vec<&str> =
        test["known"]["missing"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    missing.sort_unstable();
    assert_eq!(missing, ["COIN", "EUR", "NEWCO", "NOTE"]);
    assert_eq!(rate(&test["known"]["coverage"]), 0.2);
}

#[tokio::test]
async fn a_holding_without_a_price_leaves_the_rest_known() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.deposit("2024-03-01", "2000", "USD").await;
    book.buy("2024-03-01", "NEWCO", "10", "100").await;
    let test = stress(&book, None, "shocks: { assetTypes: [{ assetType: STOCK, change: -0.3 }] }").await;
    assert_eq!([&test["before"], &test["effect"], &test["effectFraction"]], [&Value::Null; 3]);
    let reason = json!([{ "code": "NO_PRICE", "message": "no price of NEWCO on 2024-03-14: there is no observation" }]);
    assert_eq!([&line(&test, "NEWCO")["reasons"], &test["reasons"]], [&reason; 2]);
    assert_eq!(test["known"], json!({ "value": { "amount": "0" }, "coverage": 0.5, "missing": ["NEWCO"] }));
}

#[tokio::test]
async fn nothing_held_loses_nothing() {
    let app = App::start().await;
    let book = Book::open(&app, "EUR").await;
    for arguments in ["shocks: { assetTypes: [{ assetType: STOCK, change: -1 }] }", "window: PANDEMIC_2020"] {
        let test = stress(&book, None, arguments).await;
        assert_eq!([amount(&test["before"]["amount"]), effect(&test), amount(&test["after"]["amount"])], [0.0; 3]);
        assert_eq!([&test["effectFraction"], &test["holdings"]], [&Value::Null, &json!([])]);
        assert_eq!(rate(&test["known"]["coverage"]), 1.0);
    }
}

#[tokio::test]
async fn what_cannot_be_thought_of_is_refused_with_its_number() {
    let app = App::start().await;
    let book = seven_thousand(&app).await;
    let nobody = format!("ins_{}", "0".repeat(32));
    let kind = |change: &str| format!("shocks: {{ assetTypes: [{{ assetType: STOCK, change: {change} }}] }}");
    for (arguments, words) in [
        (kind("-1.5"), "shocks.assetTypes: STOCK: a change of -1.5 is not between -1 and 10"),
        (kind("30"), "a change of 30 is not between -1 and 10"),
        (
            "shocks: { sectors: [{ sector: \"TECH\", change: -0.1 }, { sector: \"TECH\", change: -0.2 }] }".to_owned(),
            "TECH: it is shocked twice, by -0.1 and by -0.2",
        ),
        ("shocks: { sectors: [{ sector: \"MINES\", change: -0.1 }] }".to_owned(), "sectors: there is no sector MINES"),
        ("shocks: { countries: [{ country: \"ZZ\", change: -0.1 }] }".to_owned(), "countries: ZZ is no country's code"),
        ("shocks: { currencies: [{ currency: \"SEK\", change: -0.1 }] }".to_owned(), "currencies: SEK is no currency"),
        (
            "shocks: { currencies: [{ currency: \"EUR\", change: -0.1 }] }".to_owned(),
            "currencies: EUR is the currency of the figures",
        ),
        (
            format!("shocks: {{ instruments: [{{ instrumentId: \"{nobody}\", change: -0.1 }}] }}"),
            "instruments: there is no such instrument",
        ),
        (
            format!("shocks: {{ market: {{ benchmarkId: \"{nobody}\", change: -0.1 }} }}"),
            "market: there is no such instrument",
        ),
        ("shocks: { rateShift: 3000 }".to_owned(), "rateShift: a shift of 3000 is not between -2000 and 2000"),
        (
            "shocks: { rateShifts: [{ tenor: \"long\", shift: 1 }] }".to_owned(),
            "shocks.rateShifts.tenor: `long` is no tenor",
        ),
        (
            "shocks: { rateShift: 5, rateShifts: [{ tenor: \"10Y\", shift: 1 }] }".to_owned(),
            "10Y: it is shocked twice, by 5 and by 1",
        ),
        (String::new(), "0 of `shocks`, `window` and `scenarioId` are given"),
        ("shocks: {}, window: PANDEMIC_2020".to_owned(), "2 of `shocks`"),
    ] {
        let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        let query = format!(
            "query($id: ID!) {{ portfolio(id: $id, asOf: \"2024-03-14\") {{ analytics {{ stress{arguments} {{ method }} }} }} }}"
        );
        let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{}", answer.body);
        assert!(answer.body.to_string().contains(words), "{words}: {}", answer.body);
        assert!(!answer.body.to_string().contains(&nobody), "{}", answer.body);
    }
}

const SAVE: &str = "mutation($input: StressScenarioSaveInput!) { stressScenarioSave(input: $input) {
    scenario { id name window shocks { kind key change } savedAt savedBy { name } } userErrors { code message field } } }";
const REMOVE: &str =
    "mutation($id: ID!) { stressScenarioRemove(id: $id) { scenario { name } userErrors { code field } } }";

#[tokio::test]
async fn a_scenario_is_kept_used_replaced_and_removed() {
    let app = App::start().await;
    let book = seven_thousand(&app).await;
    let coin = book.instrument("COIN").to_owned();
    let shocks = json!({ "assetTypes": [{ "assetType": "CRYPTO", "change": -0.3 }],
        "currencies": [{ "currency": "USD", "change": -0.1 }],
        "rateShifts": [{ "tenor": "2Y", "shift": 100 }, { "tenor": "30Y", "shift": 100 }] });
    let made = book.desk.run_with(SAVE, json!({ "input": { "name": " A bad year ", "shocks": shocks } })).await;
    let scenario = made.at("/stressScenarioSave/scenario").clone();
    let id = scenario["id"].as_str().expect("an id").to_owned();
    assert_eq!([&scenario["name"], &scenario["window"]], [&json!("A bad year"), &Value::Null]);
    let kept = json!([
        { "kind": "ASSET_TYPE", "key": "CRYPTO", "change": -0.3 },
        { "kind": "CURRENCY", "key": "USD", "change": -0.1 },
        { "kind": "RATES_AT", "key": "2Y", "change": 100.0 },
        { "kind": "RATES_AT", "key": "30Y", "change": 100.0 },
    ]);
    assert_eq!([&scenario["shocks"], &scenario["savedBy"]["name"]], [&kept, &json!("admin")]);
    let saved = format!("scenarioId: \"{id}\"");
    assert_eq!(effect(&stress(&book, None, &saved).await), -564.5);
    // In dollars the same scenario would have the dollar fall against itself.
    let query = format!(
        "query($id: ID!) {{ portfolio(id: $id, asOf: \"2024-03-14\", currency: \"USD\") {{ analytics {{ stress({saved}) {{ method }} }} }} }}"
    );
    let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
    assert!(answer.body.to_string().contains("USD is the currency of the figures"), "{}", answer.body);

    // The same name keeps the id; a window takes the place of shocks, and shocks that of a window.
    let window = json!({ "input": { "name": "A bad year", "window": "PANDEMIC_2020" } });
    let again = book.desk.run_with(SAVE, window).await.at("/stressScenarioSave/scenario").clone();
    assert_eq!([&again["id"], &again["window"]], [&json!(id), &json!("PANDEMIC_2020")]);
    assert_eq!(again["shocks"], json!([]));
    assert_eq!(stress(&book, None, &saved).await["windowOpening"], "2020-02-19");
    let own = json!({ "instruments": [{ "instrumentId": coin, "change": -0.5 }], "market": { "benchmarkId": coin, "change": -1 },
        "sectors": [{ "sector": "TECH", "change": 10 }], "countries": [{ "country": "DE", "change": 0 }] });
    let again = book.desk.run_with(SAVE, json!({ "input": { "name": "A bad year", "shocks": own } })).await;
    let kept = json!([
        { "kind": "SECTOR", "key": "TECH", "change": 10.0 },
        { "kind": "COUNTRY", "key": "DE", "change": 0.0 },
        { "kind": "INSTRUMENT", "key": coin, "change": -0.5 },
        { "kind": "MARKET", "key": coin, "change": -1.0 },
    ]);
    assert_eq!(*again.at("/stressScenarioSave/scenario/shocks"), kept);
    let first = json!({ "input": { "name": "A", "window": "DEBT_2011" } });
    book.desk.run_with(SAVE, first).await.at("/stressScenarioSave/scenario/id");
    let listed = book.client.run("{ stressScenarios { name window } }").await;
    let all = json!([{ "name": "A", "window": "DEBT_2011" }, { "name": "A bad year", "window": null }]);
    assert_eq!(*listed.at("/stressScenarios"), all, "by name, for whoever reads portfolios");

    let removed = book.desk.run_with(REMOVE, json!({ "id": id })).await;
    assert_eq!(*removed.at("/stressScenarioRemove/scenario/name"), json!("A bad year"));
    let again = book.desk.run_with(REMOVE, json!({ "id": id })).await;
    assert_eq!(again.user_errors("stressScenarioRemove"), ["NOT_FOUND"]);
    let fields = format!("analytics {{ stress({saved}) {{ method }} }}");
    let query = format!("query($id: ID!) {{ portfolio(id: $id) {{ {fields} }} }}");
    let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
    assert_eq!(answer.error_code(), "NOT_FOUND");
    assert!(!answer.body.to_string().contains(&id), "{}", answer.body);
    let log = book.desk.run("{ auditLog(first: 100) { nodes { action before after } } }").await;
    let mut entries = log.at("/auditLog/nodes").as_array().expect("entries").clone();
    entries.retain(|entry| entry["action"].as_str().is_some_and(|action| action.starts_with("stressScenario")));
    let actions: Vec<&str> = entries.iter().filter_map(|entry| entry["action"].as_str()).collect();
    let save = "stressScenarioSave";
    assert_eq!(actions, ["stressScenarioRemove", save, save, save, save], "the latest first");
    assert!(entries[0]["after"].is_null() && entries[0]["before"].to_string().contains("instrument"), "{entries:?}");
}

#[tokio::test]
async fn a_scenario_that_makes_no_sense_is_not_kept() {
    let app = App::start().await;
    let desk = app.client("alpha", "advisor").await;
    let nobody = format!("ins_{}", "0".repeat(32));
    for (input, code, field) in [
        (json!({ "name": "x" }), "INVALID_INPUT", "input"),
        (json!({ "name": "x", "shocks": {} }), "INVALID_INPUT", "input.shocks"),
        (json!({ "name": "x", "shocks": { "rateShift": 1 }, "window": "DEBT_2011" }), "INVALID_INPUT", "input"),
        (json!({ "name": " ", "window": "DEBT_2011" }), "INVALID_INPUT", "input.name"),
        (
            json!({ "name": "x", "shocks": { "sectors": [{ "sector": "TECH", "change": -2 }] } }),
            "INVALID_INPUT",
            "input.shocks.sectors",
        ),
        (
            json!({ "name": "x", "shocks": { "sectors": [{ "sector": "MINES", "change": -0.2 }] } }),
            "NOT_FOUND",
            "input.shocks.sectors",
        ),
        (
            json!({ "name": "x", "shocks": { "market": { "benchmarkId": nobody, "change": -0.2 } } }),
            "NOT_FOUND",
            "input.shocks.market",
        ),
    ] {
        let answer = desk.run_with(SAVE, json!({ "input": input })).await;
        let error = answer.at("/stressScenarioSave/userErrors/0").clone();
        let path: Vec<&str> = error["field"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
        assert_eq!((error["code"].as_str(), path.join(".")), (Some(code), field.to_owned()), "{}", answer.body);
        assert!(answer.at("/stressScenarioSave/scenario").is_null());
    }
    assert_eq!(*desk.run("{ stressScenarios { id } }").await.at("/stressScenarios"), json!([]));
    // What is kept for the firm is kept by those who look after others' portfolios.
    let input = json!({ "input": { "name": "x", "window": "DEBT_2011" } });
    assert_eq!(app.client("alpha", "investor1").await.run_with(SAVE, input.clone()).await.error_code(), "FORBIDDEN");
    // Another firm has its own.
    desk.run_with(SAVE, input.clone()).await.at("/stressScenarioSave/scenario/id");
    let other = app.client("beta", "admin").await;
    assert_eq!(*other.run("{ stressScenarios { id } }").await.at("/stressScenarios"), json!([]));
    let theirs = other.run_with(SAVE, input).await.text("/stressScenarioSave/scenario/id");
    let book = Book::open(&app, "EUR").await;
    let query = format!(
        "query($id: ID!) {{ portfolio(id: $id) {{ analytics {{ stress(scenarioId: \"{theirs}\") {{ method }} }} }} }}"
    );
    let answer = book.client.run_with(&query, json!({ "id": book.portfolio })).await;
    assert_eq!(answer.error_code(), "NOT_FOUND", "{}", answer.body);
    assert_eq!(desk.run_with(REMOVE, json!({ "id": theirs })).await.user_errors("stressScenarioRemove"), ["NOT_FOUND"]);
}

#[tokio::test]
async fn an_option_moves_with_what_it_is_on() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let [call, put] = ["ACME  240315C00250000", "ACME  240315P00250000"];
    book.deposit("2024-03-01", "10000", "USD").await;
    book.buy("2024-03-01", call, "1", "5").await;
    book.buy("2024-03-01", put, "2", "3").await;
    book.price("2024-03-14", call, "7").await;
    book.price("2024-03-14", put, "0.5").await;
    let acme = book.instrument("ACME");
    // A day before expiry at 256.50. A fifth less is 205.20: the call ends worthless, the put at 44.80.
    let test =
        stress(&book, None, &format!("shocks: {{ instruments: [{{ instrumentId: \"{acme}\", change: -0.2 }}] }}"))
            .await;
    sums(&test);
    assert_eq!([effect(&line(&test, call)), effect(&line(&test, put))], [-700.0, 2.0 * 100.0 * (44.8 - 0.5)]);
    assert_eq!([&line(&test, call)["cause"], &line(&test, put)["cause"]], ["INSTRUMENT"; 2]);
    assert!(rate(&line(&test, call)["impliedVolatility"]) > 0.1, "{test}");
    // By the sector of what it is on, unless its own kind is named; what concerns neither leaves it.
    let sector = "sectors: [{ sector: \"TECH\", change: -0.2 }]";
    assert_eq!(effect(&line(&stress(&book, None, &format!("shocks: {{ {sector} }}")).await, call)), -700.0);
    let kinds = |kind: &str| format!("shocks: {{ {sector}, assetTypes: [{{ assetType: {kind}, change: -0.5 }}] }}");
    assert_eq!(effect(&line(&stress(&book, None, &kinds("OPTION")).await, put)), -50.0);
    let bonds = "shocks: { assetTypes: [{ assetType: BOND, change: -0.5 }], rateShift: 100 }";
    assert_eq!(effect(&stress(&book, None, bonds).await), 0.0);
    // What exercising would bring is 6.50: no volatility explains less.
    book.price("2024-03-14", call, "6").await;
    let test = stress(&book, None, &format!("shocks: {{ {sector} }}")).await;
    assert_eq!([&test["effect"], &line(&test, call)["effect"]], [&Value::Null; 2]);
    assert_eq!(line(&test, call)["reasons"][0]["code"], "NO_VOLATILITY");
}

#[tokio::test]
async fn every_window_can_be_kept() {
    let app = App::start().await;
    let desk = app.client("alpha", "admin").await;
    for window in Window::ALL {
        let input = json!({ "input": { "name": window.code(), "window": window.code() } });
        let kept = desk.run_with(SAVE, input).await.at("/stressScenarioSave/scenario/window").clone();
        assert_eq!(kept, window.code());
    }
}

#[tokio::test]
async fn of_two_who_save_under_one_name_at_once_none_meets_an_internal_error() {
    let app = App::start().await;
    let desk = app.client("alpha", "admin").await;
    let save = async |window: &str| {
        let input = json!({ "input": { "name": "Both", "window": window } });
        desk.run_with(SAVE, input).await.user_errors("stressScenarioSave")
    };
    let (one, other) = tokio::join!(save("DEBT_2011"), save("TAPER_2013"));
    let is_told = |errors: &[String]| errors.is_empty() || errors == ["ALREADY_EXISTS"];
    assert!(is_told(&one) && is_told(&other) && (one.is_empty() || other.is_empty()), "{one:?} {other:?}");
    let kept = desk.run("{ stressScenarios { name } }").await;
    assert_eq!(*kept.at("/stressScenarios"), json!([{ "name": "Both" }]));
}
