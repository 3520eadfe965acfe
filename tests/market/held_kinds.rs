//! Decisions about held splits, dividends, indicators and headlines: each kind is accepted, repaired and rejected, once.

use serde_json::{Value, json};

use super::load;
use crate::support::{App, Client, Superuser};

const HELD: &str = "query($dataset: MarketDataset!) { heldMarketRows(filter: { state: OPEN, dataset: $dataset }) {
    nodes { id findings cells indicator value stored storedTerms } } }";
const DECIDE: &str =
    "mutation($id: ID!, $input: HeldMarketRowDecideInput!) { heldMarketRowDecide(id: $id, input: $input) {
    heldMarketRow { state decidedBy decidedValue decided note } userErrors { code message field } } }";

/// The row of a dataset that is held for a finding.
async fn held(operator: &Client, dataset: &str, finding: &str) -> Value {
    let rows = all_held(operator, dataset).await;
    let found = rows.iter().find(|row| row["findings"] == json!([finding]));
    found.unwrap_or_else(|| panic!("no row is held for {finding}: {rows:?}")).clone()
}

async fn all_held(operator: &Client, dataset: &str) -> Vec<Value> {
    let answer = operator.run_with(HELD, json!({ "dataset": dataset })).await;
    answer.at("/heldMarketRows/nodes").as_array().expect("rows").clone()
}

async fn decide(operator: &Client, row: &Value, input: Value) -> Value {
    let answer = operator.run_with(DECIDE, json!({ "id": row["id"], "input": input })).await;
    answer.at("/heldMarketRowDecide").clone()
}

/// What a decision stored, which is not refused; a second one is.
async fn decided(operator: &Client, row: &Value, input: Value) -> Value {
    let answer = decide(operator, row, input.clone()).await;
    assert_eq!(answer["userErrors"], json!([]));
    let again = decide(operator, row, input).await;
    assert_eq!((&again["heldMarketRow"], &again["userErrors"][0]["code"]), (&json!(null), &json!("ALREADY_DECIDED")));
    answer["heldMarketRow"].clone()
}

/// The code, the field and the message of a refusal.
async fn refused(operator: &Client, row: &Value, input: Value) -> (String, String, String) {
    let answer = decide(operator, row, input).await;
    assert_eq!(answer["heldMarketRow"], json!(null));
    let error = &answer["userErrors"][0];
    let field = error["field"].as_array().expect("a path").iter().filter_map(Value::as_str).collect::<Vec<_>>();
    let text = |name: &str| error[name].as_str().expect("a text").to_owned();
    (text("code"), field.join("."), text("message"))
}

/// The version of the market data, and the one in which actions last changed.
async fn version(app: &App) -> (i64, i64) {
    let version = "SELECT version || ' ' || actions_version FROM market.meta_market_version";
    let text = Superuser::of(app).await.text(version).await;
    let (version, actions) = text.split_once(' ').expect("both");
    (version.parse().expect("a number"), actions.parse().expect("a number"))
}

async fn audited(app: &App) -> Vec<String> {
    let entries = "SELECT (before ->> 'dataset') || ' ' || (after ->> 'decision') FROM platform.audit_log \
                   WHERE action = 'heldMarketRowDecide' ORDER BY id";
    Superuser::of(app).await.texts(entries).await
}

const ACTIONS: &str = "SELECT i.symbol || ' ' || a.type || ' ' || a.ex_date || ' ' || coalesce(trim_scale(a.numerator) || ':' || \
    trim_scale(a.denominator), trim_scale(a.amount) || ' ' || a.currency || ' ' || coalesce(a.pay_date::text, '-')) || ' ' || a.status \
    FROM market.fact_corporate_action a JOIN market.dim_stock i ON i.id = a.instrument_id \
    WHERE a.ex_date >= '2024-03-18' ORDER BY a.ex_date, 1";

#[tokio::test]
async fn held_splits_are_decided_and_what_was_decided_stands() {
    let app = App::start().await;
    let operator = app.operator().await;
    let splits = "symbol,ex_date,numerator,denominator\nACME,2024-03-20,2,1\nACME,2024-03-20,3,1\nACME,2024-03-21,0,1\n\
                  NOBODY,2024-03-22,2,1\nACME,2024-02-30,5,1\n";
    let report = load(&app, &[("splits.csv", splits)]).await.expect("loaded");
    assert_eq!((report.splits.promoted, report.splits.held), (1, 4));
    app.work().await;
    let mut inside = Superuser::of(&app).await;
    let waiting = "SELECT count(*)::text FROM platform.job WHERE kind = 'daily_facts' AND state = 'WAITING'";
    assert_eq!(inside.text(waiting).await, "0");
    let (before, _) = version(&app).await;

    let second = held(&operator, "SPLITS", "DUPLICATE").await;
    assert_eq!(second["storedTerms"], json!({ "numerator": "2", "denominator": "1" }));
    let stored = decided(&operator, &second, json!({ "accept": { "note": "as announced" } })).await;
    assert_eq!((&stored["state"], &stored["note"]), (&json!("ACCEPTED"), &json!("as announced")));
    assert_eq!((&stored["decided"]["numerator"], &stored["decidedValue"]), (&json!("3"), &json!(null)));
    // In force at once: the version, that of actions, of which instrument, and every tenant's job.
    assert_eq!(version(&app).await, (before + 1, before + 1));
    let tenants = inside.text("SELECT count(*)::text FROM platform.tenant WHERE status = 'ACTIVE'").await;
    assert_eq!(inside.text(waiting).await, tenants);
    let noted = format!(
        "SELECT i.symbol || ' ' || c.changed_from FROM market.meta_action_change c JOIN market.dim_stock i ON i.id = c.instrument_id \
         WHERE c.version = {}",
        before + 1
    );
    assert_eq!(inside.texts(&noted).await, ["ACME 2024-03-20"]);
    let kept = "SELECT numerator || ':' || denominator || ' ' || status FROM market.fact_corporate_action_revision \
                WHERE ex_date = '2024-03-20'";
    assert_eq!(inside.texts(kept).await, ["2:1 F"]);

    let nothing = held(&operator, "SPLITS", "NOT_POSITIVE").await;
    let accept = refused(&operator, &nothing, json!({ "accept": {} })).await;
    assert_eq!(accept, ("INVALID_INPUT".into(), "input.accept".into(), "0 is not above zero".into()));
    let bad = refused(&operator, &nothing, json!({ "repairSplit": { "numerator": "-2" } })).await;
    assert_eq!(bad, ("INVALID_INPUT".into(), "input.repairSplit.numerator".into(), "-2 is not above zero".into()));
    let (code, field, _) =
        refused(&operator, &nothing, json!({ "repairSplit": { "numerator": "2", "denominator": "0.0000000000001" } }))
            .await;
    assert_eq!((code.as_str(), field.as_str()), ("INVALID_INPUT", "input.repairSplit.denominator"));
    let (code, field, message) = refused(&operator, &nothing, json!({ "repair": { "value": "2" } })).await;
    assert_eq!((code.as_str(), field.as_str()), ("INVALID_INPUT", "input.repair"));
    assert!(message.contains("the row is of splits"), "{message}");
    let repaired = decided(&operator, &nothing, json!({ "repairSplit": { "numerator": "2.5" } })).await;
    assert_eq!((&repaired["state"], &repaired["decided"]["denominator"]), (&json!("REPAIRED"), &json!("1")));

    let of_nobody = held(&operator, "SPLITS", "UNKNOWN_SYMBOL").await;
    let (code, field, _) = refused(&operator, &of_nobody, json!({ "repairSplit": { "numerator": "2" } })).await;
    assert_eq!((code.as_str(), field.as_str()), ("INVALID_INPUT", "input.repairSplit.instrumentId"));
    let rejected = decided(&operator, &of_nobody, json!({ "reject": {} })).await;
    assert_eq!((&rejected["state"], &rejected["decided"]), (&json!("REJECTED"), &json!(null)));

    let no_day = held(&operator, "SPLITS", "INVALID_DATE").await;
    let (_, _, message) = refused(&operator, &no_day, json!({ "accept": {} })).await;
    assert_eq!(message, "the ex-date `2024-02-30` is no day");
    decided(&operator, &no_day, json!({ "repairSplit": { "exDate": "2024-03-25" } })).await;

    let clean = ["ACME SPLIT 2024-03-20 3:1 E", "ACME SPLIT 2024-03-21 2.5:1 E", "ACME SPLIT 2024-03-25 5:1 E"];
    assert_eq!(inside.texts(ACTIONS).await, clean);
    // The provider says it again: nothing of it overwrites what was decided, and only its first row is a question.
    let again = load(&app, &[("splits.csv", splits)]).await.expect("loaded");
    assert_eq!((again.splits.promoted, again.splits.held), (0, 5));
    assert_eq!(inside.texts(ACTIONS).await, clean);
    let open = all_held(&operator, "SPLITS").await;
    assert_eq!((open.len(), &open[0]["findings"]), (1, &json!(["DECIDED_BEFORE"])));
    assert_eq!(audited(&app).await, ["splits ACCEPT", "splits REPAIR", "splits REJECT", "splits REPAIR"]);
}

#[tokio::test]
async fn held_dividends_are_decided_and_what_was_decided_stands() {
    let app = App::start().await;
    let operator = app.operator().await;
    let dividends = "symbol,type,ex_date,pay_date,amount,currency\nACME,CASH_DIVIDEND,2024-03-20,,1,USD\n\
        ACME,CASH_DIVIDEND,2024-03-20,,2,USD\nACME,CASH_DIVIDEND,2024-03-21,2024-03-11,1,USD\nACME,CASH_DIVIDEND,2024-03-22,,-1,USD\n\
        ACME,COUPON,2024-03-25,,1,USD\n";
    let report = load(&app, &[("dividends.csv", dividends)]).await.expect("loaded");
    assert_eq!((report.dividends.promoted, report.dividends.held), (1, 4));
    let (before, _) = version(&app).await;
    let second = held(&operator, "DIVIDENDS", "DUPLICATE").await;
    let stored = decided(&operator, &second, json!({ "accept": {} })).await;
    assert_eq!((&stored["decided"]["amount"], &stored["decided"]["currency"]), (&json!("2"), &json!("USD")));
    assert_eq!(version(&app).await, (before + 1, before + 1));

    let early = held(&operator, "DIVIDENDS", "PAID_EARLY").await;
    let (code, field, message) =
        refused(&operator, &early, json!({ "repairDividend": { "exDate": "2024-03-12" } })).await;
    assert_eq!((code.as_str(), field.as_str()), ("INVALID_INPUT", "input.repairDividend.payDate"));
    assert_eq!(message, "2024-03-11 is before the ex-date, 2024-03-12");
    decided(&operator, &early, json!({ "repairDividend": { "payDate": null } })).await;

    let negative = held(&operator, "DIVIDENDS", "NOT_POSITIVE").await;
    let bad = json!({ "repairDividend": { "amount": "0", "currency": "USD" } });
    let (code, field, message) = refused(&operator, &negative, bad).await;
    assert_eq!((code.as_str(), field.as_str()), ("INVALID_INPUT", "input.repairDividend.amount"));
    assert_eq!(message, "0 is not above zero");
    let (_, field, _) = refused(&operator, &negative, json!({ "repairDividend": { "amount": "1" } })).await;
    assert_eq!(field, "input.repairDividend.currency");
    let right = json!({ "repairDividend": { "amount": "1.25", "currency": "USD", "type": "SPECIAL_DIVIDEND" } });
    decided(&operator, &negative, right).await;
    let coupon = held(&operator, "DIVIDENDS", "UNKNOWN_TYPE").await;
    let (_, field, message) = refused(&operator, &coupon, json!({ "accept": {} })).await;
    assert_eq!((field.as_str(), message.as_str()), ("input.accept", "`COUPON` is no kind of dividend"));
    decided(&operator, &coupon, json!({ "reject": { "note": "a bond's" } })).await;

    let clean = [
        "ACME CASH_DIVIDEND 2024-03-20 2 USD - E",
        "ACME CASH_DIVIDEND 2024-03-21 1 USD - E",
        "ACME SPECIAL_DIVIDEND 2024-03-22 1.25 USD - E",
    ];
    let mut inside = Superuser::of(&app).await;
    assert_eq!(inside.texts(ACTIONS).await, clean);
    let kept = "SELECT amount || ' ' || status FROM market.fact_corporate_action_revision WHERE ex_date = '2024-03-20'";
    assert_eq!(inside.texts(kept).await, ["1 F"]);
    let again = load(&app, &[("dividends.csv", dividends)]).await.expect("loaded");
    assert_eq!((again.dividends.promoted, again.dividends.held), (0, 5));
    assert_eq!(inside.texts(ACTIONS).await, clean);
    assert_eq!(audited(&app).await, ["dividends ACCEPT", "dividends REPAIR", "dividends REPAIR", "dividends REJECT"]);
}

const SERIES: &str = "\
code,name,kind,currency,tenor,unit,day_count,compounding,is_risk_free,max_age_days,source
USD_BILL_3M,Treasury bill,RATE,USD,3M,PERCENT,ACT/360,DISCOUNT,true,7,Somebody
VOL,Volatility,VOLATILITY,USD,,POINTS,,,false,7,Somebody
";

#[tokio::test]
async fn held_values_of_indicators_are_decided_and_what_was_decided_stands() {
    let app = App::start().await;
    let operator = app.operator().await;
    let values = "code,date,value\nUSD_BILL_3M,2024-03-11,5.2\nUSD_BILL_3M,2024-03-12,12\nUSD_BILL_3M,2024-03-13,5.3\n\
                  USD_BILL_3M,2024-03-13,5.4\nVOL,2024-03-12,-3\nUSD_BILL_3M,2024-03-20,5\n";
    let files = [("indicators.csv", SERIES), ("indicator_values.csv.gz", values)];
    let report = load(&app, &files).await.expect("loaded");
    assert_eq!((report.indicators.promoted, report.indicators.held), (2, 4));

    let jump = held(&operator, "INDICATORS", "OUTLIER").await;
    assert_eq!((&jump["indicator"], &jump["value"]), (&json!("USD_BILL_3M"), &json!("12")));
    let stored = decided(&operator, &jump, json!({ "accept": { "note": "a squeeze" } })).await;
    assert_eq!((&stored["decidedValue"], &stored["decided"]["date"]), (&json!("12"), &json!("2024-03-12")));
    let negative = held(&operator, "INDICATORS", "NOT_POSITIVE").await;
    let bad = refused(&operator, &negative, json!({ "repairIndicator": { "value": "-1" } })).await;
    assert_eq!(bad, ("INVALID_INPUT".into(), "input.repairIndicator.value".into(), "-1 is not above 0".into()));
    let (code, field, _) =
        refused(&operator, &negative, json!({ "repairIndicator": { "value": "14", "date": "2024-03-16" } })).await;
    assert_eq!((code.as_str(), field.as_str()), ("FUTURE_DATE", "input.repairIndicator.date"));
    let (_, field, message) =
        refused(&operator, &negative, json!({ "repairIndicator": { "value": "14", "code": "NONE" } })).await;
    assert_eq!((field.as_str(), message.as_str()), ("input.repairIndicator.code", "no series is called `NONE`"));
    decided(&operator, &negative, json!({ "repairIndicator": { "value": "14.25" } })).await;
    let second = held(&operator, "INDICATORS", "DUPLICATE").await;
    assert_eq!(second["stored"], json!("5.3"));
    decided(&operator, &second, json!({ "repairIndicator": { "value": "5.35" } })).await;
    let ahead = held(&operator, "INDICATORS", "FUTURE_DATE").await;
    let (code, field, _) = refused(&operator, &ahead, json!({ "accept": {} })).await;
    assert_eq!((code.as_str(), field.as_str()), ("FUTURE_DATE", "input.accept"));
    decided(&operator, &ahead, json!({ "reject": {} })).await;

    let clean = async || {
        let values = "SELECT code || ' ' || date || ' ' || value || ' ' || status FROM market.fact_market_indicator WHERE code <> 'GBP_ON' ORDER BY 1";
        Superuser::of(&app).await.texts(values).await
    };
    let expected = [
        "USD_BILL_3M 2024-03-11 5.2 F",
        "USD_BILL_3M 2024-03-12 12 E",
        "USD_BILL_3M 2024-03-13 5.35 E",
        "VOL 2024-03-12 14.25 E",
    ];
    assert_eq!(clean().await, expected);
    let kept = "SELECT code || ' ' || date || ' ' || value || ' ' || status FROM market.meta_indicator_revision";
    assert_eq!(Superuser::of(&app).await.texts(kept).await, ["USD_BILL_3M 2024-03-13 5.3 F"]);
    let query = r#"{ marketIndicator(code: "USD_BILL_3M") { valueAt(asOf: "2024-03-13") { observed status }
        values(from: "2024-03-11", to: "2024-03-13") { statuses } } }"#;
    let read = app.client("alpha", "investor1").await.run(query).await;
    assert_eq!(read.at("/marketIndicator/valueAt"), &json!({ "observed": "5.35", "status": "ESTIMATED" }));
    assert_eq!(read.at("/marketIndicator/values/statuses"), &json!(["COMPLETE", "ESTIMATED", "ESTIMATED"]));
    // The same again: what was rejected stays away, what was decided stands, and the first row of the day is a question.
    let again = load(&app, &files).await.expect("loaded");
    assert_eq!(again.indicators.promoted, 0);
    assert_eq!(clean().await, expected);
    let open = all_held(&operator, "INDICATORS").await;
    assert_eq!((open.len(), &open[0]["findings"]), (1, &json!(["DECIDED_BEFORE"])));
    let entries = ["indicators ACCEPT", "indicators REPAIR", "indicators REPAIR", "indicators REJECT"];
    assert_eq!(audited(&app).await, entries);
}

#[tokio::test]
async fn another_value_of_an_indicator_takes_the_place_of_the_one_that_waits() {
    let app = App::start().await;
    let operator = app.operator().await;
    let day = |value: &str| format!("code,date,value\nVOL,2024-03-12,{value}\n");
    let deliver = async |value: &str| {
        let files = [("indicators.csv", SERIES), ("indicator_values.csv.gz", &day(value))];
        load(&app, &files).await.expect("loaded").indicators.promoted
    };
    assert_eq!(deliver("-14").await, 0);
    assert_eq!(all_held(&operator, "INDICATORS").await.len(), 1);
    assert_eq!(deliver("14").await, 1);
    assert_eq!(all_held(&operator, "INDICATORS").await.len(), 0);
    assert_eq!(deliver("-14").await, 0);
    assert_eq!(all_held(&operator, "INDICATORS").await.len(), 1, "it is back");
}

#[tokio::test]
async fn a_good_action_or_headline_takes_the_place_of_the_one_that_waits() {
    let app = App::start().await;
    let operator = app.operator().await;
    let split = |new: &str| format!("symbol,ex_date,numerator,denominator\nACME,2024-03-20,{new},1\n");
    let dividend = |kind: &str, amount: &str| {
        format!("symbol,type,ex_date,pay_date,amount,currency\nACME,{kind},2024-03-20,,{amount},USD\n")
    };
    let news = |at: &str| {
        format!("source_id,published_at,entity,headline,source,url,licence,provenance\nf-1,{at},ACME,A headline,,,,\n")
    };
    let deliver = async |kind: &str, name: &str, text: String| {
        load(&app, &[(name, &text)]).await.expect("loaded");
        all_held(&operator, kind).await.len()
    };
    assert_eq!(deliver("SPLITS", "splits.csv", split("0")).await, 1);
    assert_eq!(deliver("SPLITS", "splits.csv", split("2")).await, 0);
    assert_eq!(deliver("SPLITS", "splits.csv", split("0")).await, 1, "it is back");
    let of = async |kind, amount| deliver("DIVIDENDS", "dividends.csv", dividend(kind, amount)).await;
    assert_eq!(of("CASH_DIVIDEND", "-1").await, 1);
    assert_eq!(of("SPECIAL_DIVIDEND", "5").await, 1, "of another kind");
    assert_eq!(of("CASH_DIVIDEND", "1").await, 0);
    assert_eq!(deliver("NEWS", "news.csv", news("soon")).await, 1);
    assert_eq!(deliver("NEWS", "news.csv", news("2024-03-13T08:00:00Z")).await, 0);
    assert_eq!(deliver("NEWS", "news.csv", news("soon")).await, 1, "it is back");
}

#[tokio::test]
async fn a_correction_that_is_held_counts_once_it_is_repaired() {
    let app = App::start().await;
    let operator = app.operator().await;
    let news = |headline: &str, url: &str| {
        format!(
            "source_id,published_at,entity,headline,source,url,licence,provenance\n\
             f-1,2024-03-13T08:00:00Z,ACME,{headline},,{url},,\n"
        )
    };
    load(&app, &[("news.csv", &news("Acme loses", ""))]).await.expect("loaded");
    load(&app, &[("news.csv", &news("Acme gains", "javascript:alert(1)"))]).await.expect("loaded");
    let headlines = "SELECT n.headline || ' ' || coalesce(r.headline, '-') FROM market.fact_news n \
                     LEFT JOIN market.meta_news_revision r ON r.news_id = n.id";
    assert_eq!(Superuser::of(&app).await.texts(headlines).await, ["Acme loses -"]);
    let address = held(&operator, "NEWS", "INVALID_URL").await;
    decided(&operator, &address, json!({ "repairNews": { "url": null } })).await;
    assert_eq!(Superuser::of(&app).await.texts(headlines).await, ["Acme gains Acme loses"]);
}

#[tokio::test]
async fn held_headlines_are_decided_and_linked() {
    let app = App::start().await;
    let operator = app.operator().await;
    let news = "source_id,published_at,entity,headline,source,url,licence,provenance\n\
        f-1,2024-03-13T08:00:00Z,ACME,<br>,,,,\nf-2,2024-03-13T08:00:00Z,ACME,An address,,javascript:alert(1),,\n\
        f-3,2024-03-18T08:00:00Z,ACME,Ahead of time,,,,\nf-4,soon,ACME,At no time,,,,\n";
    let report = load(&app, &[("news.csv", news)]).await.expect("loaded");
    assert_eq!((report.news.promoted, report.news.held), (0, 4));
    let headlines = async || {
        let linked = "SELECT n.headline || ' ' || coalesce(n.url, '-') || ' ' || i.symbol || ' ' || l.match FROM market.fact_news n \
                      JOIN market.fact_news_instrument l ON l.news_id = n.id JOIN market.dim_stock i ON i.id = l.instrument_id ORDER BY 1";
        Superuser::of(&app).await.texts(linked).await
    };

    let empty = held(&operator, "NEWS", "NO_HEADLINE").await;
    let (code, field, _) = refused(&operator, &empty, json!({ "repairNews": { "headline": " " } })).await;
    assert_eq!((code.as_str(), field.as_str()), ("INVALID_INPUT", "input.repairNews.headline"));
    let repaired = decided(&operator, &empty, json!({ "repairNews": { "headline": "A headline" } })).await;
    assert_eq!((&repaired["state"], &repaired["decided"]["guid"]), (&json!("REPAIRED"), &json!("f-1")));
    let address = held(&operator, "NEWS", "INVALID_URL").await;
    let (_, field, message) =
        refused(&operator, &address, json!({ "repairNews": { "url": "ftp://news.example/1" } })).await;
    assert_eq!((field.as_str(), message.as_str()), ("input.repairNews.url", "INVALID_URL: url `ftp://news.example/1`"));
    decided(&operator, &address, json!({ "repairNews": { "url": null, "symbols": "GLOBEX" } })).await;
    let no_time = held(&operator, "NEWS", "INVALID_TIME").await;
    decided(&operator, &no_time, json!({ "reject": {} })).await;
    let ahead = held(&operator, "NEWS", "FUTURE_TIME").await;
    let (code, field, _) = refused(&operator, &ahead, json!({ "accept": {} })).await;
    assert_eq!((code.as_str(), field.as_str()), ("FUTURE_DATE", "input.accept"));
    app.clock.advance(chrono::TimeDelta::days(4));
    let operator = app.operator().await;
    decided(&operator, &ahead, json!({ "accept": {} })).await;

    let stored = ["A headline - ACME FEED", "Ahead of time - ACME FEED", "An address - GLOBEX FEED"];
    assert_eq!(headlines().await, stored);
    load(&app, &[("news.csv", news)]).await.expect("loaded");
    assert_eq!(headlines().await, stored, "the same again is nothing new");
    assert_eq!(all_held(&operator, "NEWS").await.len(), 0);
    assert_eq!(audited(&app).await, ["news REPAIR", "news REPAIR", "news REJECT", "news ACCEPT"]);
}

#[tokio::test]
async fn what_was_held_before_there_were_decisions_waits_for_one_after_the_migration() {
    let app = App::start().await;
    let values = "code,date,value\nVOL,2024-03-12,-3\nNONE,2024-03-12,5\nVOL,2024-03-13,14\n";
    let news = "source_id,published_at,entity,headline,source,url,licence,provenance\nf-1,soon,ACME,At no time,,,,\n";
    let files = [("indicators.csv", SERIES), ("indicator_values.csv.gz", values), ("news.csv", news)];
    load(&app, &files).await.expect("loaded");
    let mut inside = Superuser::of(&app).await;
    let held = "SELECT id || ' ' || run_id || ' ' || line || ' ' || held_at || cells || array_to_string(findings, ',') || reason || \
                coalesce(code || date || value, '-') || state FROM market.stg_held_row ORDER BY id";
    let before = inside.texts(held).await;
    assert_eq!(before.len(), 3, "{before:?}");
    let migration = include_str!("../../migration/src/market/m0028_decisions_of_every_kind.sql");
    let (_, kept) = migration.split_once("-- Indicators and headlines").expect("the rows that were there");
    inside.run(&format!("SET search_path = market; DELETE FROM stg_held_row; --{kept}")).await;
    assert_eq!(inside.texts(held).await, before, "the same rows by the same ids");
}
