//! Figures of the market at large: how they come in, and how they are read.

use portfolio_analyzer::market_data::delivery::{Delivery, IndicatorRow};
use portfolio_analyzer::market_data::indicator;
use serde_json::{Value, json};

use super::{administration, findings, load, market};
use crate::support::{App, Superuser};

const DEFINITIONS: &str = "\
code,name,kind,currency,tenor,unit,day_count,compounding,is_risk_free,max_age_days,source
USD_BILL_3M,Treasury bill,RATE,USD,3M,PERCENT,ACT/360,DISCOUNT,true,7,Somebody
EUR_ON,Overnight rate,RATE,EUR,ON,FRACTION,ACT/360,SIMPLE,true,7,Somebody
VOL,Volatility,VOLATILITY,USD,,POINTS,,,false,7,Somebody
";

async fn ask(app: &App, query: &str) -> Value {
    app.client("alpha", "investor1").await.run(query).await.at("").clone()
}

#[tokio::test]
async fn values_are_checked_in_sets_and_the_good_ones_are_read() {
    let app = App::start().await;
    let values = "code,date,value\n\
        USD_BILL_3M,2024-03-11,5.2\nUSD_BILL_3M,2024-03-12,52\nUSD_BILL_3M,2024-03-13,5.3\nUSD_BILL_3M,2024-03-13,5.4\n\
        USD_BILL_3M,2024-02-30,5\nUSD_BILL_3M,2024-03-08,ND\nNONE,2024-03-11,1\nUSD_BILL_3M,2024-03-20,5\n\
        USD_BILL_3M,2024-03-07,2000\nVOL,2024-03-11,-3\nVOL,2024-03-12,14.5\nEUR_ON,2024-03-13,-0.005\n";
    let files = [("indicators.csv", DEFINITIONS), ("indicator_values.csv.gz", values)];
    let report = load(&app, &files).await.expect("loaded");
    assert_eq!((report.indicators.delivered, report.indicators.promoted, report.indicators.held), (12, 4, 8));
    let held =
        ["2 OUTLIER", "4 DUPLICATE", "5 INVALID_DATE", "6 INVALID_VALUE", "7 UNKNOWN_INDICATOR", "8 FUTURE_DATE"];
    assert_eq!(findings(&app, "indicators").await, [&held[..], &["9 OUT_OF_RANGE", "10 NOT_POSITIVE"]].concat());
    // The same again is nothing new.
    let again = load(&app, &files).await.expect("loaded");
    assert_eq!(again.indicators.promoted, 0);
    let answer = ask(
        &app,
        r#"{ marketIndicators(currency: "USD") { totalCount nodes { code kind unit isRiskFree
        valueAt(asOf: "2024-03-14") { observed date status staleDays } } } }"#,
    )
    .await;
    let bill = json!({ "code": "USD_BILL_3M", "kind": "RATE", "unit": "PERCENT", "isRiskFree": true,
        "valueAt": { "observed": "5.3", "date": "2024-03-13", "status": "STALE", "staleDays": 1 } });
    assert_eq!(
        (&answer["marketIndicators"]["totalCount"], &answer["marketIndicators"]["nodes"][0]),
        (&json!(2), &bill)
    );
    let kinds = ask(&app, "{ marketIndicators(kind: VOLATILITY, first: 1) { nodes { code } } }").await;
    assert_eq!(kinds["marketIndicators"]["nodes"], json!([{ "code": "VOL" }]));
    let refused = app.client("alpha", "investor1").await.run(r#"{ marketIndicator(code: "NONE") { code } }"#).await;
    assert_eq!(*refused.at("/marketIndicator"), json!(null));
}

#[tokio::test]
async fn a_jump_that_stays_is_news_and_a_revision_keeps_the_old_value() {
    let app = App::start().await;
    load(&app, &[("indicators.csv", DEFINITIONS)]).await.expect("loaded");
    let administration = administration(&app).await;
    let deliver = async |rows: &[(&str, &str)]| {
        let row = |(date, value): &(&str, &str)| IndicatorRow {
            code: "USD_BILL_3M".to_owned(),
            date: (*date).to_owned(),
            value: (*value).to_owned(),
        };
        let delivery = Delivery {
            provider: "test".to_owned(),
            asked: "everything".to_owned(),
            fetched_at: app.services.environment.clock.now(),
            rows: rows.iter().map(row).collect(),
        };
        let session = market(&administration).await;
        let outcome = indicator::load(&session, &app.services.environment, &delivery).await.expect("loaded");
        session.commit().await.expect("committed");
        (outcome.promoted, outcome.held)
    };
    assert_eq!(deliver(&[("2024-03-11", "1"), ("2024-03-12", "8"), ("2024-03-13", "8.1")]).await, (3, 0));
    // The last one has nothing behind it yet that would confirm it.
    assert_eq!(deliver(&[("2024-03-14", "80\0")]).await, (0, 1));
    assert_eq!(deliver(&[("2024-03-14", "80")]).await, (0, 1));
    assert_eq!(deliver(&[("2024-03-13", "8.2")]).await, (1, 0));
    administration.close().await;
    let mut inside = Superuser::of(&app).await;
    let kept = inside.text("SELECT string_agg(date || ' ' || value, ',') FROM market.meta_indicator_revision").await;
    assert_eq!(kept, "2024-03-13 8.1");
}

#[tokio::test]
async fn a_risk_free_rate_is_named_by_currency_and_tenor_and_a_hole_is_not_filled() {
    let app = App::start().await;
    let yields = "series,tenor,date,rate_pct\nUST_PAR_YIELD,3M,2017-03-28,0.78\nUST_PAR_YIELD,3M,2017-03-29,0.8\n\
                  UST_PAR_YIELD,3M,2019-12-31,1.55\n";
    let report = load(&app, &[("treasury_yields.csv.gz", yields)]).await.expect("loaded");
    assert_eq!((report.indicators.promoted, report.indicators.held), (3, 0));
    let rate = async |day: &str| {
        let query = format!(
            "{{ riskFreeRate(currency: \"USD\", tenor: \"3M\", asOf: \"{day}\") {{ effectiveAnnual
                quoted {{ observed date status staleDays reasons {{ code message }} }}
                indicator {{ code unit compounding dayCount source }} }} }}"
        );
        ask(&app, &query).await["riskFreeRate"].clone()
    };
    let known = rate("2017-03-31").await;
    assert_eq!((&known["quoted"]["observed"], &known["quoted"]["staleDays"]), (&json!("0.8"), &json!(2)));
    // A yield of 0.8 % a year, paid twice: 1.004² − 1.
    let annual = known["effectiveAnnual"].as_f64().expect("a rate");
    assert!((annual - (1.004_f64.powi(2) - 1.0)).abs() < 1e-12, "{annual}");
    assert_eq!(known["indicator"]["compounding"], "SEMI_ANNUAL");
    let hole = rate("2018-06-29").await;
    assert_eq!((&hole["effectiveAnnual"], &hole["quoted"]["status"]), (&json!(null), &json!("MISSING")));
    let message = "no value of UST_PAR_YIELD_3M: the last observation is of 2017-03-29, too old";
    assert_eq!(hole["quoted"]["reasons"], json!([{ "code": "NO_VALUE", "message": message }]));
    assert_eq!(rate("2017-03-01").await["quoted"]["status"], "MISSING", "before the first");
    let values = ask(
        &app,
        r#"{ marketIndicator(code: "UST_PAR_YIELD_3M") { values(from: "2017-01-01", to: "2020-01-31") { dates values
            reasons { message } } } }"#,
    )
    .await;
    let values = &values["marketIndicator"]["values"];
    assert_eq!(values["values"], json!(["0.78", "0.8", "1.55"]));
    assert_eq!(values["reasons"][0]["message"], "no value of UST_PAR_YIELD_3M after 2017-03-29 and before 2019-12-31");
    let query =
        r#"{ riskFreeRate(currency: "USD", tenor: "10Y") { indicator { code } quoted { reasons { code message } } } }"#;
    let other = ask(&app, query).await["riskFreeRate"].clone();
    let message = "no risk-free rate of USD over 10Y: known: 3M";
    assert_eq!(
        other,
        json!({ "indicator": null, "quoted": { "reasons": [{ "code": "NO_SERIES", "message": message }] } })
    );
}

#[tokio::test]
async fn a_point_a_hundredfold_off_its_curve_is_held_however_long_it_stays_there() {
    let app = App::start().await;
    let mut yields = "series,tenor,date,rate_pct\n".to_owned();
    for day in 9..=12 {
        for (tenor, value) in [("13W", "150.5"), ("5Y", "1.7"), ("10Y", "1.9"), ("30Y", "2.4")] {
            yields.push_str(&format!("UST_YAHOO_INDEX,{tenor},2020-01-{day:02},{value}\n"));
        }
    }
    let report = load(&app, &[("treasury_yields.csv.gz", &yields)]).await.expect("loaded");
    assert_eq!((report.indicators.promoted, report.indicators.held), (12, 4));
    assert_eq!(findings(&app, "indicators").await, ["1 OFF_CURVE", "5 OFF_CURVE", "9 OFF_CURVE", "13 OFF_CURVE"]);
}

#[tokio::test]
async fn a_definition_that_makes_no_sense_is_refused_with_its_line() {
    let app = App::start().await;
    for (wrong, right, word) in [("QQQ", "USD,3M", "`QQQ`"), ("PARSECS", "PERCENT", "`PARSECS`")] {
        let broken = DEFINITIONS.replacen(right, &right.replace(right.split(',').next().expect("a cell"), wrong), 1);
        let refused = load(&app, &[("indicators.csv", &broken)]).await.expect_err("refused").to_string();
        assert!(refused.contains("line 2") && refused.contains(word), "{refused}");
    }
    let none = ask(&app, r#"{ marketIndicators(currency: "USD") { totalCount nodes { code } } }"#).await;
    assert_eq!(none["marketIndicators"]["totalCount"], 0, "nothing was kept");
}
