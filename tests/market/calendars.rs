//! Calendars of exchanges as they were: `tests/data/calendars` has excerpts of exchange_calendars 4.13.2 (Apache-2.0), and of the Tel Aviv
//! Stock Exchange three ordinary weeks by its own hours.

use serde_json::{Value, json};

use super::load;
use crate::support::{App, Client};

async fn app_with_calendars() -> App {
    let app = App::start().await;
    let files = [
        ("currencies.csv", include_str!("../data/calendars/currencies.csv")),
        ("exchanges.csv", include_str!("../data/calendars/exchanges.csv")),
        ("sessions.csv.gz", include_str!("../data/calendars/sessions.csv")),
    ];
    load(&app, &files).await.expect("calendars");
    app
}

async fn ask(client: &Client, mic: &str, fields: &str) -> Value {
    let query = format!(r#"{{ exchange(mic: "{mic}") {{ {fields} }} }}"#);
    client.run(&query).await.at("/exchange").clone()
}

/// What each day of a range is, by the first letters: Session, Holiday, Weekend.
async fn days(client: &Client, mic: &str, from: &str, to: &str) -> String {
    let answer = ask(client, mic, &format!(r#"days(from: "{from}", to: "{to}") {{ date kind }}"#)).await;
    let days = answer["days"].as_array().expect("a list");
    days.iter().map(|day| &day["kind"].as_str().expect("a kind")[..1]).collect()
}

async fn at(client: &Client, mic: &str, moment: &str) -> Value {
    let query = format!(r#"{{ exchange(mic: "{mic}", at: "{moment}") {{ isOpen nextOpen nextClose }} }}"#);
    let answer = client.run(&query).await;
    let shown = |field: &str| answer.at("/exchange")[field].as_str().map(|text| text[..16].to_owned());
    json!([answer.at("/exchange")["isOpen"], shown("nextOpen"), shown("nextClose")])
}

#[tokio::test]
async fn new_york_rests_on_thanksgiving_and_closes_early_the_day_after() {
    let app = app_with_calendars().await;
    let client = app.client("alpha", "investor1").await;
    // Monday the 25th of November 2024 to Sunday.
    assert_eq!(days(&client, "XNYS", "2024-11-25", "2024-12-01").await, "SSSHSWW");
    let session = r#"sessions(from: "2024-11-28", to: "2024-11-29") { date closesAt isEarlyClose breakStartsAt }"#;
    assert_eq!(
        ask(&client, "XNYS", session).await["sessions"],
        json!([{ "date": "2024-11-29", "closesAt": "2024-11-29T18:00:00+00:00", "isEarlyClose": true, "breakStartsAt": null }])
    );
    // At one o'clock it is over, which on any other day it is not.
    assert_eq!(
        at(&client, "XNYS", "2024-11-29T18:00:00Z").await,
        json!([false, "2024-12-02T14:30", "2024-12-02T21:00"])
    );
    assert_eq!(
        at(&client, "XNYS", "2024-11-27T18:00:00Z").await,
        json!([true, "2024-11-29T14:30", "2024-11-27T21:00"])
    );
    let counted = r#"businessDays(from: "2024-11-25", to: "2024-12-02") nextBusinessDay(date: "2024-11-27")"#;
    assert_eq!(ask(&client, "XNYS", counted).await, json!({ "businessDays": 5, "nextBusinessDay": "2024-11-29" }));
}

#[tokio::test]
async fn tokyo_and_hong_kong_pause_for_lunch() {
    let app = app_with_calendars().await;
    let client = app.client("alpha", "investor1").await;
    // Until the 5th of November 2024 Tokyo closed at three in the afternoon, since then at half past.
    for (moment, expected) in [
        ("2024-11-01T02:29:00Z", json!([true, "2024-11-01T03:30", "2024-11-01T06:00"])),
        ("2024-11-01T02:30:00Z", json!([false, "2024-11-01T03:30", "2024-11-01T06:00"])),
        ("2024-11-01T06:00:00Z", json!([false, "2024-11-05T00:00", "2024-11-05T06:30"])),
        ("2024-11-05T06:00:00Z", json!([true, "2024-11-06T00:00", "2024-11-05T06:30"])),
    ] {
        assert_eq!(at(&client, "XTKS", moment).await, expected, "{moment}");
    }
    // The 4th was Culture Day, observed.
    assert_eq!(days(&client, "XTKS", "2024-11-01", "2024-11-06").await, "SWWHSS");
    // On Christmas Eve Hong Kong closes for the day at noon: what was a pause is the end.
    assert_eq!(
        at(&client, "XHKG", "2024-12-23T04:30:00Z").await,
        json!([false, "2024-12-23T05:00", "2024-12-23T08:00"])
    );
    assert_eq!(
        at(&client, "XHKG", "2024-12-24T04:30:00Z").await,
        json!([false, "2024-12-27T01:30", "2024-12-27T08:00"])
    );
    assert_eq!(days(&client, "XHKG", "2024-12-23", "2025-01-02").await, "SSHHSWWSSHS");
}

#[tokio::test]
async fn riyadh_and_tel_aviv_trade_on_sundays_and_rest_on_fridays() {
    let app = app_with_calendars().await;
    let client = app.client("alpha", "investor1").await;
    // Sunday the 31st of March 2024 to Saturday; then the feast of the breaking of the fast, until Tuesday the 16th of April.
    assert_eq!(days(&client, "XSAU", "2024-03-31", "2024-04-06").await, "SSSSSWW");
    assert_eq!(days(&client, "XSAU", "2024-04-07", "2024-04-18").await, "HHHHHWWHHSSS");
    let counted = r#"businessDays(from: "2024-03-31", to: "2024-04-06") nextBusinessDay(date: "2024-04-04")"#;
    assert_eq!(ask(&client, "XSAU", counted).await, json!({ "businessDays": 5, "nextBusinessDay": "2024-04-16" }));
    assert_eq!(days(&client, "XTAE", "2024-03-10", "2024-03-16").await, "SSSSSWW");
    assert_eq!(at(&client, "XTAE", "2024-03-10T14:00:00Z").await[0], false, "on Sundays it closes earlier");
    assert_eq!(at(&client, "XTAE", "2024-03-11T14:00:00Z").await[0], true);
}

#[tokio::test]
async fn what_never_closes_has_a_session_each_day_and_no_calendar_says_nothing() {
    let app = app_with_calendars().await;
    let client = app.client("alpha", "investor1").await;
    assert_eq!(days(&client, "24X7", "2024-12-24", "2024-12-29").await, "SSSSSS");
    let counted = r#"isOpen businessDays(from: "2024-12-24", to: "2024-12-29") nextBusinessDay(date: "2024-12-24")"#;
    assert_eq!(
        ask(&client, "24X7", counted).await,
        json!({ "isOpen": true, "businessDays": 6, "nextBusinessDay": "2024-12-25" })
    );
    // Before and after what its calendar reaches nothing is known of a market, not even that it rests.
    assert_eq!(days(&client, "XSAU", "2025-04-01", "2025-04-10").await, "");
    let unknown = r#"isBusinessDay(date: "2025-04-01") businessDays(from: "2024-03-31", to: "2025-04-01")"#;
    assert_eq!(ask(&client, "XSAU", unknown).await, json!({ "isBusinessDay": null, "businessDays": null }));
}
