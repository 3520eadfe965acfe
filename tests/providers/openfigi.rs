//! Identifiers at openfigi.com.

use portfolio_analyzer::market_data::providers::IdentifierWanted;
use uuid::Uuid;

use super::replay::{Act, KEY, Replay, config, provider, registry};

fn wanted(number: usize) -> IdentifierWanted {
    IdentifierWanted {
        instrument: Some(Uuid::from_u128(number as u128)),
        scheme: "ISIN".to_owned(),
        value: format!("US{number:010}"),
        mic: (number == 0).then(|| "XNAS".to_owned()),
    }
}

fn answers(count: usize) -> String {
    let found = |number: usize| match number % 2 {
        0 => format!(
            r#"{{"data":[{{"figi":"BBG{number:09}","name":"ACME INC","ticker":"ACME","exchCode":"US","compositeFIGI":"BBGC{number:08}","shareClassFIGI":null,"securityType":"Common Stock"}}]}}"#
        ),
        _ => r#"{"warning":"No identifier found."}"#.to_owned(),
    };
    format!("[{}]", (0..count).map(found).collect::<Vec<_>>().join(","))
}

#[tokio::test]
async fn ten_at_once_without_a_key_and_a_hundred_with_one() {
    let server = Replay::start([Act::ok(answers(10)), Act::ok(answers(2)), Act::ok(answers(12))]).await;
    let mut config = config(&server, &["openfigi"]);
    config.openfigi.key = None;
    let (without, _) = registry(&config);
    let all: Vec<_> = (0..12).map(wanted).collect();
    let found = without.get("openfigi").expect("enabled").identifiers(&all).await.expect("identifiers");
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[0].body.starts_with(
        r#"[{"idType":"ID_ISIN","idValue":"US0000000000","micCode":"XNAS"},{"idType":"ID_ISIN","idValue":"US0000000001"},"#
    ));
    assert_eq!(
        (asked[0].address.as_str(), &asked[0].headers["content-type"]),
        ("/v3/mapping", &"application/json".parse().expect("a header"))
    );
    assert_eq!(found.rows.len(), 18, "three identifiers of each second one; those that are not known have none");
    let first: Vec<_> = found.rows[..3].iter().map(|row| (row.scheme.as_str(), row.value.as_str())).collect();
    assert_eq!(first, [("FIGI", "BBG000000000"), ("COMPOSITE_FIGI", "BBGC00000000"), ("TICKER", "ACME")]);
    assert_eq!(found.rows[3].instrument, Some(Uuid::from_u128(2)));

    let (with, _) = provider(&server, "openfigi");
    with.identifiers(&all).await.expect("identifiers");
    assert_eq!(server.asked().len(), 3, "all in one");
    assert_eq!(server.asked()[2].headers["x-openfigi-apikey"], KEY);
}

#[tokio::test]
async fn answers_that_do_not_fit_their_questions_are_refused() {
    let server = Replay::start([
        Act::ok(answers(3)),
        Act::ok(r#"[{"error":"Invalid idValue format."},{"warning":"No identifier found."}]"#),
        Act::Redirect("/v4/mapping".to_owned()),
    ])
    .await;
    let (openfigi, _) = provider(&server, "openfigi");
    let two = [wanted(0), wanted(1)];
    let error = openfigi.identifiers(&two).await.expect_err("three answers to two questions");
    assert_eq!(error.code(), "UNREADABLE");
    let error = openfigi.identifiers(&two).await.expect_err("an error").to_string();
    assert!(error.contains("US0000000000") && error.contains("Invalid idValue format."), "{error}");
    assert_eq!(openfigi.identifiers(&two).await.expect_err("not posted elsewhere").code(), "REDIRECTED");
    let other = [IdentifierWanted { scheme: "WKN".to_owned(), ..wanted(0) }];
    assert_eq!(openfigi.identifiers(&other).await.expect_err("not offered").code(), "NOT_OFFERED");
}
