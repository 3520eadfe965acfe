//! Figures before charges, and after them.

use serde_json::{Value, json};

use super::{amount, rate};
use crate::support::{App, Book};

/// ACME, with a tax on its purchase and on its dividend, and an advisor who is paid from the cash.
async fn charged(app: &App) -> Book {
    let book = Book::open(app, "USD").await;
    book.deposit("2024-01-03", "5100", "USD").await;
    let mut buy = book.trade("ACME", "10", "250");
    buy["tax"] = json!("40");
    book.record("2024-01-10", json!({ "buy": buy })).await;
    let dividend = json!({ "dividend": { "instrumentId": book.instrument("ACME"), "amount": "100", "taxWithheld": "30",
        "currency": "USD" } });
    book.record("2024-02-01", dividend).await;
    book.record("2024-02-15", json!({ "fee": { "amount": "100", "currency": "USD" } })).await;
    book
}

async fn shown(book: &Book, from: &str, figures: impl Fn(&str) -> String) -> [Value; 3] {
    let named = [
        ("net", "grossOfFees: false"),
        ("fees", "grossOfFees: true"),
        ("both", "grossOfFees: true, grossOfTaxes: true"),
    ];
    let fields: Vec<String> = named
        .iter()
        .map(|(name, charges)| format!("{name}: analytics(range: {{ from: \"{from}\" }}) {{ {} }}", figures(charges)))
        .collect();
    let shown = book.show("2024-03-14", None, &fields.join(" ")).await;
    named.map(|(name, _)| shown[name].clone())
}

#[tokio::test]
async fn contributions_sum_to_the_return_before_charges() {
    let app = App::start().await;
    let book = charged(&app).await;
    let all = shown(&book, "2024-01-05", |charges| {
        format!(
            "returns({charges}) {{ twr {{ value }} }} contributions({charges}) {{ instrument {{ symbol }} contribution
                gain {{ price {{ amount }} fees {{ amount }} taxes {{ amount }} total {{ amount }} }}
                returns {{ twr {{ value }} localReturn {{ value }} currencyReturn {{ value }} }} }}"
        )
    })
    .await;
    let parts = all.each_ref().map(|one| one["contributions"].as_array().expect("contributions").clone());
    for (one, parts) in all.iter().zip(&parts) {
        let sum: f64 = parts.iter().map(|part| rate(&part["contribution"])).sum();
        assert!((sum - rate(&one["returns"]["twr"]["value"])).abs() < 1e-12, "{one}");
    }
    let gain = |parts: &[Value], at: usize, part: &str| amount(&parts[at]["gain"][part]["amount"]);
    let [net, fees, both] = &parts;
    assert_eq!(net[0]["instrument"]["symbol"], "ACME");
    assert_eq!([gain(net, 0, "taxes"), gain(net, 1, "fees"), gain(net, 1, "total")], [70.0, 100.0, -100.0]);
    // The advisor's fee is on no holding: the cash that paid it is all that changes.
    assert_eq!([gain(fees, 1, "fees"), gain(fees, 1, "total")], [0.0, 0.0]);
    assert_eq!(gain(fees, 0, "total"), gain(net, 0, "total"));
    assert!(rate(&net[1]["contribution"]) < -0.015 && rate(&fees[1]["contribution"]).abs() < 1e-12, "{net:?} {fees:?}");
    // Taxes are the holding's.
    assert_eq!([gain(both, 0, "taxes"), gain(both, 0, "price")], [0.0, gain(net, 0, "price")]);
    assert!((gain(both, 0, "total") - gain(net, 0, "total") - 70.0).abs() < 1e-9, "{both:?}");
    assert!(rate(&both[0]["contribution"]) > rate(&fees[0]["contribution"]) + 0.01, "{both:?}");
    assert!(rate(&both[1]["contribution"]).abs() < 1e-12, "{both:?}");
    // The holding's own return too, all of it in its currency.
    let own = |parts: &[Value], of: &str| rate(&parts[0]["returns"][of]["value"]);
    assert_eq!(own(fees, "twr"), own(net, "twr"));
    assert!(own(both, "twr") > own(net, "twr") + 0.02, "{both:?}");
    assert!(
        (own(both, "localReturn") - own(both, "twr")).abs() < 1e-12 && own(both, "currencyReturn").abs() < 1e-12,
        "{both:?}"
    );
}

#[tokio::test]
async fn an_attribution_takes_the_return_before_charges_apart() {
    let app = App::start().await;
    let book = charged(&app).await;
    let benchmark = format!("benchmark: {{ parts: [{{ instrumentId: \"{}\" }}] }}", book.instrument("ACME"));
    let all = shown(&book, "2024-01-05", |charges| {
        format!(
            "returns({charges}) {{ twr {{ value }} }} attribution({benchmark}, by: INSTRUMENT, {charges}) {{ portfolioReturn activeReturn
                residual segments {{ key selection total }} }}"
        )
    })
    .await;
    for one in &all {
        let attribution = &one["attribution"];
        assert!((rate(&attribution["portfolioReturn"]) - rate(&one["returns"]["twr"]["value"])).abs() < 1e-12, "{one}");
        let effects: f64 =
            attribution["segments"].as_array().expect("segments").iter().map(|one| rate(&one["total"])).sum();
        let whole = effects + rate(&attribution["residual"]);
        assert!((whole - rate(&attribution["activeReturn"])).abs() < 1e-12, "{one}");
    }
    let returned = all.each_ref().map(|one| rate(&one["attribution"]["portfolioReturn"]));
    assert!(returned[0] + 0.01 < returned[1] && returned[1] + 0.01 < returned[2], "{returned:?}");
    let selected = |one: &Value| {
        let segments = one["attribution"]["segments"].as_array().expect("segments");
        segments.iter().filter(|one| one["key"] != "CASH").map(|one| rate(&one["selection"])).sum::<f64>()
    };
    // Of the holding, taxes and the dividend alone differ from the benchmark.
    assert!((selected(&all[1]) - selected(&all[0])).abs() < 1e-3, "{all:?}");
}

#[tokio::test]
async fn a_tail_of_what_was_earned_is_before_or_after_charges() {
    let app = App::start().await;
    let book = charged(&app).await;
    let all = shown(&book, "2024-01-12", |charges| {
        let tail = |basis: &str| {
            format!("tailRisk(input: {{ basis: {basis}, confidence: 0.99 }}, {charges}) {{ valueAtRisk {{ value }} }}")
        };
        format!("earned: {} held: {}", tail("REALIZED_RETURNS"), tail("CURRENT_HOLDINGS"))
    })
    .await;
    let risk = |one: &Value, basis: &str| rate(&one[basis]["valueAtRisk"]["value"]);
    // The worst day after charges is that of the fee: 100 of some 5,000.
    assert!(risk(&all[0], "earned") > 0.015 && risk(&all[1], "earned") < 0.015, "{all:?}");
    let held = all.each_ref().map(|one| risk(one, "held"));
    assert_eq!(held, [held[0]; 3]);
}
