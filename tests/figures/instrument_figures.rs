//! Figures of bonds and options, against published ones and by hand.

use serde_json::{Value, json};

use super::{amount, own_instruments, rate};
use crate::market::load;
use crate::support::{App, Book};

const BOND: &str = "{ asOf maturity quote { amount status } accruedInterest { value unit reasons { code } }
    cleanPrice { value unit reasons { code } } dirtyPrice { value } yieldToMaturity { value conventions reasons { code } }
    currentYield { value } macaulayDuration { value } modifiedDuration { value } convexity { value } }";
const OPTION: &str = "{ asOf daysToExpiry exercise riskFreeRate quote { amount } underlyingQuote { amount }
    theoreticalValue { value unit conventions reasons { code message } } impliedVolatility { value reasons { code message } }
    delta { value reasons { code } } gamma { value } vega { value } theta { value } rho { value }
    intrinsicValue { value { amount currency } reasons { code } } timeValue { value { amount } reasons { code } } }";
const CALL: &str = "ACME  240315C00250000";
const PUT: &str = "ACME  240315P00250000";

async fn figures(book: &Book, symbol: &str, field: &str, arguments: &str, of: &str) -> Value {
    let query = format!("query($id: ID!) {{ instrument(id: $id) {{ it: {field}{arguments} {of} }} }}");
    let variables = json!({ "id": book.instrument(symbol) });
    book.client.run_with(&query, variables).await.at("/instrument/it").clone()
}

async fn bond(book: &Book, symbol: &str, arguments: &str) -> Value {
    figures(book, symbol, "bondFigures", arguments, BOND).await
}

async fn option(book: &Book, symbol: &str, as_of: &str, input: &str) -> Value {
    let arguments = format!("(asOf: \"{as_of}\", input: {{ {input} }})");
    figures(book, symbol, "optionFigures", &arguments, OPTION).await
}

fn near(one: &Value, other: f64, tolerance: f64) {
    assert!((rate(one) - other).abs() < tolerance, "{one} and {other}");
}

async fn desk(app: &App) -> Book {
    own_instruments(app).await;
    let admin = app.client("alpha", "admin").await;
    let create =
        "mutation($input: InstrumentCreateInput!) { instrumentCreate(input: $input) { userErrors { message } } }";
    for (symbol, coupon, day_count, maturity, face) in [
        ("SHEET", "0.0575", "THIRTY_360", "2017-11-15", "1"),
        ("MDUR", "0.08", "ACT_ACT_ICMA", "2016-01-01", "1"),
        ("FACE", "0.06", "ACT_360", "2030-05-15", "1000"),
    ] {
        let multiplier = if face == "1" { "0.01" } else { "10" };
        let input = json!({ "symbol": symbol, "name": symbol, "assetType": "BOND", "currency": "EUR",
            "priceMultiplier": multiplier, "bond": { "couponRate": coupon, "couponFrequency": 2, "dayCount": day_count,
            "maturity": maturity, "face": face } });
        let made = admin.run_with(create, json!({ "input": input })).await;
        assert_eq!(made.user_errors("instrumentCreate"), [""; 0], "{}", made.body);
    }
    Book::open(app, "EUR").await
}

#[tokio::test]
async fn a_bond_has_the_figures_that_spreadsheets_publish() {
    let app = App::start().await;
    let book = desk(&app).await;
    // PRICE(2008-02-15, 2017-11-15, 5.75 %, 6.5 %, 100, 2, 0) is 94.63436162; 90 of 180 days of 2.875 have accrued.
    let sheet = bond(&book, "SHEET", "(asOf: \"2008-02-15\", yield: 0.065)").await;
    near(&sheet["cleanPrice"]["value"], 94.634_361_62, 1e-7);
    near(&sheet["accruedInterest"]["value"], 1.4375, 1e-12);
    near(&sheet["dirtyPrice"]["value"], 94.634_361_62 + 1.4375, 1e-7);
    near(&sheet["currentYield"]["value"], 5.75 / 94.634_361_62, 1e-9);
    assert_eq!((&sheet["cleanPrice"]["unit"], &sheet["quote"]), (&json!("PER_HUNDRED_OF_FACE"), &json!(null)));
    let back = bond(&book, "SHEET", "(asOf: \"2008-02-15\", price: \"94.63436162\")").await;
    near(&back["yieldToMaturity"]["value"], 0.065, 1e-9);
    // MDURATION(2008-01-01, 2016-01-01, 8 %, 9 %, 2, 1) is 5.73567.
    let long = bond(&book, "MDUR", "(asOf: \"2008-01-01\", yield: 0.09)").await;
    near(&long["modifiedDuration"]["value"], 5.735_67, 1e-5);
    near(&long["macaulayDuration"]["value"], 5.735_67 * 1.045, 2e-5);
    // 92 days of 360 of 6 since 2023-11-15... to 2024-02-15; a quote of 101 is of 100 of face, a unit pays back 1,000.
    let face = bond(&book, "FACE", "(asOf: \"2024-02-15\", price: \"101\")").await;
    near(&face["accruedInterest"]["value"], 6.0 * 92.0 / 360.0, 1e-12);
    near(&face["cleanPrice"]["value"], 101.0, 1e-9);
}

#[tokio::test]
async fn a_bond_without_coupons_by_hand_at_its_quote() {
    let app = App::start().await;
    let book = desk(&app).await;
    book.price("2024-03-13", "ZERO", "74.41").await;
    let zero = bond(&book, "ZERO", "(asOf: \"2024-03-14\")").await;
    // Ten years before 2034-03-14: 100 / 74.41 a tenth of which is a year's growth.
    let growth = (100.0_f64 / 74.41).powf(0.1);
    near(&zero["yieldToMaturity"]["value"], growth - 1.0, 1e-9);
    near(&zero["macaulayDuration"]["value"], 10.0, 1e-9);
    near(&zero["modifiedDuration"]["value"], 10.0 / growth, 1e-9);
    near(&zero["convexity"]["value"], 110.0 / (growth * growth), 1e-8);
    assert_eq!((&zero["accruedInterest"]["value"], &zero["currentYield"]["value"]), (&json!(0.0), &json!(0.0)));
    assert_eq!(zero["quote"]["amount"], "74.41");
    assert_eq!(bond(&book, "ZERO", "").await["asOf"], "2024-03-14");
}

#[tokio::test]
async fn what_a_bond_lacks_is_said() {
    let app = App::start().await;
    let book = desk(&app).await;
    let none = bond(&book, "FACE", "(asOf: \"2024-02-15\")").await;
    assert_eq!(none["yieldToMaturity"]["reasons"], json!([{ "code": "NO_PRICE" }]));
    assert_eq!((&none["convexity"]["value"], &none["quote"]["status"]), (&json!(null), &json!("MISSING")));
    near(&none["accruedInterest"]["value"], 6.0 * 92.0 / 360.0, 1e-12);
    for (symbol, arguments, code) in [
        ("SHEET", "(asOf: \"2024-02-15\", yield: 0.05)", "MATURED"),
        ("SHEET", "(asOf: \"2024-02-15\")", "MATURED"),
        ("FIXED", "(asOf: \"2024-02-15\", price: \"99\")", "NOT_MODELLED"),
        ("NOTE", "(asOf: \"2024-02-15\", price: \"99\")", "NO_TERMS"),
    ] {
        let shown = bond(&book, symbol, arguments).await;
        for figure in ["accruedInterest", "cleanPrice", "yieldToMaturity"] {
            assert_eq!(shown[figure]["value"], json!(null), "{shown}");
            assert_eq!(shown[figure]["reasons"], json!([{ "code": code }]), "{symbol}, {figure}: {shown}");
        }
    }
    assert_eq!(bond(&book, "ACME", "").await, json!(null));
    for (arguments, words) in [
        ("(price: \"99\", yield: 0.05)", "a price or a yield, not both"),
        ("(price: \"0\")", "price: 0 is not above zero"),
        ("(yield: 5)", "yield: 5 is not between"),
    ] {
        let query = format!("query($id: ID!) {{ instrument(id: $id) {{ bondFigures{arguments} {BOND} }} }}");
        let answer = book.client.run_with(&query, json!({ "id": book.instrument("ZERO") })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{}", answer.body);
        assert!(answer.body.to_string().contains(words), "{}", answer.body);
    }
}

#[tokio::test]
async fn an_option_has_the_figures_of_textbooks() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    // ln(1 + r) is 10 %.
    let ten = 0.1_f64.exp_m1();
    // Hull: stock 42, strike 40, 10 %, 20 %, half a year: the call is worth 4.76, the put 0.81; here 6.25 times, and 182 days.
    let input = format!("underlyingPrice: \"262.5\", riskFreeRate: {ten}, volatility: 0.2, exercise: EUROPEAN");
    let [call, put] = [option(&book, CALL, "2023-09-15", &input).await, option(&book, PUT, "2023-09-15", &input).await];
    near(&call["theoreticalValue"]["value"], 4.76 * 6.25, 0.1);
    near(&put["theoreticalValue"]["value"], 0.81 * 6.25, 0.1);
    assert_eq!((&call["daysToExpiry"], &call["exercise"]), (&json!(182), &json!("EUROPEAN")));
    // C − P = S − K·e^(−rT), and what follows for how they move.
    let discounted = 250.0 * (-0.1_f64 * 182.0 / 365.0).exp();
    let difference = |figure: &str| rate(&call[figure]["value"]) - rate(&put[figure]["value"]);
    let parity = [
        ("theoreticalValue", 262.5 - discounted),
        ("delta", 1.0),
        ("gamma", 0.0),
        ("vega", 0.0),
        ("theta", -0.1 * discounted / 365.0),
        ("rho", discounted * 182.0 / 365.0 / 100.0),
    ];
    for (figure, expected) in parity {
        assert!((difference(figure) - expected).abs() < 1e-9, "{figure}: {} and {expected}", difference(figure));
    }
    assert_eq!(call["intrinsicValue"]["value"], json!({ "amount": "12.5", "currency": "USD" }));
    assert_eq!(put["intrinsicValue"]["value"]["amount"], "0");
    // Hull: stock 21, strike 20, 10 %, a quarter: a call of 1.875 is explained by 23.5 %; here 12.5 times, and 91 days.
    let input = format!("price: \"23.4375\", underlyingPrice: \"262.5\", riskFreeRate: {ten}, exercise: EUROPEAN");
    let implied = option(&book, CALL, "2023-12-15", &input).await;
    near(&implied["impliedVolatility"]["value"], 0.235, 0.002);
    near(&implied["theoreticalValue"]["value"], 23.4375, 1e-9);
    assert_eq!(implied["timeValue"]["value"]["amount"], "10.9375");
    // A put that may be exercised at any time is worth more than one at expiry alone, and at least what that brings.
    let deep =
        |exercise: &str| format!("underlyingPrice: \"180\", riskFreeRate: 0.1, volatility: 0.2, exercise: {exercise}");
    let early = option(&book, PUT, "2023-09-15", &deep("AMERICAN")).await;
    let late = option(&book, PUT, "2023-09-15", &deep("EUROPEAN")).await;
    let value = |shown: &Value| rate(&shown["theoreticalValue"]["value"]);
    assert!(value(&early) > value(&late) + 1.0 && value(&early) >= 70.0 - 1e-9, "{early} {late}");
    assert!(early["theoreticalValue"]["conventions"].to_string().contains("lattice of 200 steps"), "{early}");
    // A dividend takes from a call and gives to a put.
    let paying =
        option(&book, CALL, "2023-09-15", "underlyingPrice: \"262.5\", volatility: 0.2, dividendYield: 0.05").await;
    let none = option(&book, CALL, "2023-09-15", "underlyingPrice: \"262.5\", volatility: 0.2").await;
    assert!(value(&paying) < value(&none) - 1.0 && paying["exercise"] == "AMERICAN", "{paying} {none}");
}

#[tokio::test]
async fn an_option_at_its_quotes_and_the_rate_of_the_market() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    book.price("2024-03-13", CALL, "8.5").await;
    let definitions = "code,name,kind,currency,tenor,unit,day_count,compounding,is_risk_free,max_age_days,source\n\
        USD_1Y,A year,RATE,USD,1Y,PERCENT,ACT/365F,ANNUAL,true,7,Somebody\n";
    let values = "code,date,value\nUSD_1Y,2024-03-12,5.2\n";
    load(&app, &[("indicators.csv", definitions), ("indicator_values.csv.gz", values)]).await.expect("loaded");
    let quoted = option(&book, CALL, "2024-03-13", "riskFreeTenor: \"1Y\"").await;
    near(&quoted["riskFreeRate"], 0.052, 1e-12);
    assert_eq!((&quoted["quote"]["amount"], &quoted["underlyingQuote"]["amount"]), (&json!("8.5"), &json!("256")));
    assert_eq!(quoted["intrinsicValue"]["value"]["amount"], "6");
    assert_eq!(quoted["timeValue"]["value"]["amount"], "2.5");
    assert!(rate(&quoted["impliedVolatility"]["value"]) > 0.1 && rate(&quoted["delta"]["value"]) > 0.5, "{quoted}");
    assert!(rate(&quoted["theta"]["value"]) < 0.0 && rate(&quoted["vega"]["value"]) > 0.0, "{quoted}");
    assert_eq!(quoted["delta"]["reasons"], json!([]));
    // A day later there is a price of the stock alone.
    let older = option(&book, CALL, "2024-03-14", "").await;
    for figure in ["impliedVolatility", "delta", "theoreticalValue"] {
        assert_eq!(older[figure]["reasons"][0]["code"], "STALE_PRICE", "{older}");
    }
    let words = older["impliedVolatility"]["reasons"][0]["message"].as_str().expect("words");
    assert!(words.contains("2024-03-13") && words.contains("2024-03-14"), "{words}");
    let other = option(&book, CALL, "2024-03-13", "riskFreeTenor: \"3M\"").await;
    assert_eq!(other["impliedVolatility"]["reasons"][0]["code"], "NO_SERIES");
    assert!(
        other["impliedVolatility"]["reasons"][0]["message"].as_str().expect("words").contains("known: 1Y"),
        "{other}"
    );
    assert_eq!((&other["riskFreeRate"], &other["delta"]["value"]), (&json!(null), &json!(null)));
    assert_eq!(other["timeValue"]["value"]["amount"], "2.5", "exercising needs no rate");
}

#[tokio::test]
async fn what_an_option_lacks_is_said() {
    let app = App::start().await;
    let book = Book::open(&app, "USD").await;
    let codes = |figure: &Value| figure["reasons"][0]["code"].clone();
    let none = option(&book, CALL, "2024-03-13", "").await;
    assert_eq!((codes(&none["impliedVolatility"]), codes(&none["delta"])), (json!("NO_PRICE"), json!("NO_PRICE")));
    assert_eq!((&none["timeValue"]["value"], codes(&none["timeValue"])), (&json!(null), json!("NO_PRICE")));
    assert_eq!(none["intrinsicValue"]["value"]["amount"], "6");
    let thought = option(&book, CALL, "2024-03-13", "volatility: 0.3").await;
    assert!(thought["impliedVolatility"]["value"].is_null() && thought["delta"]["value"].is_number(), "{thought}");
    // Exercising brings 6: no volatility explains less.
    let cheap = option(&book, CALL, "2024-03-13", "price: \"5\"").await;
    assert_eq!(codes(&cheap["impliedVolatility"]), "NO_VOLATILITY");
    assert_eq!(cheap["timeValue"]["value"]["amount"], "-1");
    let last = option(&book, CALL, "2024-03-15", "price: \"7\", underlyingPrice: \"256\"").await;
    assert_eq!((codes(&last["delta"]), &last["daysToExpiry"]), (json!("EXPIRED"), &json!(0)));
    assert_eq!(last["intrinsicValue"]["value"]["amount"], "6");
    app.clock.advance(chrono::TimeDelta::days(3));
    let book = book.with_client(app.client("alpha", "investor1").await);
    let gone = option(&book, CALL, "2024-03-18", "price: \"7\", underlyingPrice: \"256\"").await;
    assert_eq!((codes(&gone["intrinsicValue"]), codes(&gone["delta"])), (json!("EXPIRED"), json!("EXPIRED")));
    assert_eq!(figures(&book, "ACME", "optionFigures", "", OPTION).await, json!(null));
    for (input, words) in [
        ("volatility: 20", "input.volatility: 20 is not between"),
        ("riskFreeRate: 5", "input.riskFreeRate: 5 is not between"),
        ("riskFreeRate: 0.05, riskFreeTenor: \"3M\"", "a rate or a tenor, not both"),
        ("dividendYield: 2", "input.dividendYield: 2 is not between"),
        ("underlyingPrice: \"-1\"", "input.underlyingPrice: -1 is not above zero"),
    ] {
        let query =
            format!("query($id: ID!) {{ instrument(id: $id) {{ optionFigures(input: {{ {input} }}) {OPTION} }} }}");
        let answer = book.client.run_with(&query, json!({ "id": book.instrument(CALL) })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{}", answer.body);
        assert!(answer.body.to_string().contains(words), "{}", answer.body);
    }
}

#[tokio::test]
async fn figures_of_many_holdings_are_read_by_as_many_statements_as_of_few() {
    let app = App::start().await;
    let book = desk(&app).await;
    let definitions = "code,name,kind,currency,tenor,unit,day_count,compounding,is_risk_free,max_age_days,source\n\
        USD_1Y,A year,RATE,USD,1Y,PERCENT,ACT/365F,ANNUAL,true,7,Somebody\n";
    let values = "code,date,value\nUSD_1Y,2024-03-12,5.2\n";
    load(&app, &[("indicators.csv", definitions), ("indicator_values.csv.gz", values)]).await.expect("loaded");
    let fields = "holdings(first: 50) { nodes { instrument { symbol bondFigures { yieldToMaturity { value } }
        optionFigures(input: { riskFreeTenor: \"1Y\" }) { delta { value } intrinsicValue { value { amount } } } } } }";
    let statements = async || {
        book.show("2024-03-14", None, fields).await;
        let before = app.services.gateway.statements();
        let shown = book.show("2024-03-14", None, fields).await;
        (shown["holdings"]["nodes"].as_array().expect("holdings").len(), app.services.gateway.statements() - before)
    };
    for (symbol, price) in [("ZERO", "80"), (CALL, "7")] {
        book.price("2024-03-13", symbol, price).await;
        book.buy("2024-03-13", symbol, "1", price).await;
    }
    let (held, few) = statements().await;
    for (symbol, price) in [("FACE", "99"), ("FIXED", "98"), (PUT, "3"), ("NOTE", "97")] {
        book.price("2024-03-13", symbol, price).await;
        book.buy("2024-03-13", symbol, "1", price).await;
    }
    let (more, many) = statements().await;
    assert_eq!((held, more), (2, 6));
    // A noun may fall in one batch or in two; a statement a holding would be four more at least.
    assert!(many < few + 4, "{few} for two holdings, {many} for six");
    let shown = book.show("2024-03-14", None, fields).await;
    let call = shown["holdings"]["nodes"].as_array().expect("holdings").iter();
    let call = call.clone().find(|node| node["instrument"]["symbol"] == CALL).expect("the call");
    assert!(amount(&call["instrument"]["optionFigures"]["intrinsicValue"]["value"]["amount"]) == 6.5, "{call}");
}
