//! When markets trade.

use serde_json::json;

use crate::support::App;

#[tokio::test]
async fn a_market_says_when_it_opens_and_closes() {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    let query = "query($at: DateTime) { exchange(mic: \"XNYS\", at: $at) { isOpen nextOpen nextClose } }";
    for (at, expected) in [
        // A Friday's session, the week-end after it, and after the last day of the calendar.
        (
            "2024-03-08T15:00:00Z",
            json!({ "isOpen": true, "nextOpen": "2024-03-11T14:30:00+00:00",
            "nextClose": "2024-03-08T21:00:00+00:00" }),
        ),
        (
            "2024-03-09T15:00:00Z",
            json!({ "isOpen": false, "nextOpen": "2024-03-11T14:30:00+00:00",
            "nextClose": "2024-03-11T21:00:00+00:00" }),
        ),
        ("2025-03-11T21:00:00Z", json!({ "isOpen": null, "nextOpen": null, "nextClose": null })),
    ] {
        let answer = client.run_with(query, json!({ "at": at })).await;
        assert_eq!(answer.at("/exchange"), &expected, "{at}");
    }
}

#[tokio::test]
async fn all_markets_are_read_by_as_many_statements_as_one() {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    let count = |query: &'static str| {
        let (app, client) = (&app, &client);
        async move {
            let before = app.services.gateway.statements();
            let answer = client.run(query).await;
            (app.services.gateway.statements() - before, answer)
        }
    };
    // The first question of a person reads more than later ones.
    client.run("{ viewer { user { id } } }").await;
    let one = count(r#"{ exchange(mic: "24X7") { isOpen nextOpen } }"#).await;
    assert_eq!(one.1.at("/exchange"), &json!({ "isOpen": true, "nextOpen": null }));
    let all = count("{ exchanges { mic isOpen nextOpen nextClose currency timeZone } }").await;
    assert!(all.1.at("/exchanges").as_array().is_some_and(|markets| markets.len() > 1));
    assert_eq!(all.0, one.0);
}

#[tokio::test]
async fn sessions_of_a_range_are_told_and_a_long_one_is_refused() {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    let query =
        "query($from: Date!, $to: Date!) { exchange(mic: \"XNYS\") { sessions(from: $from, to: $to) { date opensAt
        closesAt breakStartsAt isEarlyClose isLateOpen } } }";
    let answer = client.run_with(query, json!({ "from": "2024-03-09", "to": "2024-03-11" })).await;
    assert_eq!(
        answer.at("/exchange/sessions"),
        &json!([{ "date": "2024-03-11", "opensAt": "2024-03-11T14:30:00+00:00", "closesAt": "2024-03-11T21:00:00+00:00",
            "breakStartsAt": null, "isEarlyClose": false, "isLateOpen": false }])
    );
    for (from, to, says) in [("2023-01-01", "2024-03-01", "425 days"), ("2024-03-02", "2024-03-01", "-1 days")] {
        let refused = client.run_with(query, json!({ "from": from, "to": to })).await;
        let error = refused.body["errors"][0].clone();
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(says)), "{error}");
    }
}
