//! Every provider, and what none of them may take for an answer.

use portfolio_analyzer::market_data::providers::{IdentifierWanted, Provider, ProviderError, Span};

use super::replay::{Act, Replay, config, registry, wanted};

const NAMES: [&str; 8] = ["ecb", "yahoo", "stooq", "alpha_vantage", "tiingo", "coingecko", "openfigi", "fred"];

async fn ask(provider: &dyn Provider) -> Result<usize, ProviderError> {
    match provider.name() {
        "ecb" => provider.rates(Span::default()).await.map(|delivery| delivery.rows.len()),
        "fred" => provider.indicator("X", "X", Span::default()).await.map(|delivery| delivery.rows.len()),
        "openfigi" => {
            let isin =
                IdentifierWanted { instrument: None, scheme: "ISIN".to_owned(), value: "X".to_owned(), mic: None };
            provider.identifiers(&[isin]).await.map(|delivery| delivery.rows.len())
        }
        _ => provider.prices(&[wanted("ACME", Span::default())]).await.map(|history| history.prices.rows.len()),
    }
}

async fn answers(act: Act, code: &str) {
    for name in NAMES {
        let server = Replay::start([act.clone()]).await;
        let mut config = config(&server, &[name]);
        config.fetch.max_attempts = 2;
        let (registry, _) = registry(&config);
        let error = ask(registry.get(name).expect("enabled").as_ref()).await.expect_err(name);
        assert_eq!(error.code(), code, "{name}: {error}");
    }
}

#[tokio::test]
async fn pages_bytes_and_documents_of_another_kind() {
    for body in [
        &b"<!DOCTYPE html><html><body>Please enable JavaScript</body></html>"[..],
        b"\xff\xfe\x00binary",
        b"true",
        b"[[1]]",
        b"NaN",
        b"{\"chart\":5,\"prices\":\"many\"}",
    ] {
        answers(Act::ok(body.to_vec()), "UNREADABLE").await;
    }
}

#[tokio::test]
async fn limits_and_failures() {
    answers(Act::status(429), "RATE_LIMITED").await;
    answers(Act::status(503), "STATUS").await;
    answers(Act::BreakOff("{\"a\":"), "BROKEN_OFF").await;
    answers(Act::Say(401, &[], "<html>".into()), "DENIED").await;
}
