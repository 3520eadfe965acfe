//! A key stands in requests to the provider it belongs to, and nowhere else.

use portfolio_analyzer::market_data::providers::{IdentifierWanted, Provider, ProviderError, Span};

use super::replay::{Act, KEY, Replay, config, registry, wanted};
use crate::support::logged;

async fn asked(provider: &dyn Provider) -> Result<String, ProviderError> {
    if provider.name() == "openfigi" {
        let isin = IdentifierWanted { instrument: None, scheme: "ISIN".to_owned(), value: "X".to_owned(), mic: None };
        return provider.identifiers(&[isin]).await.map(|found| found.asked);
    }
    provider.prices(&[wanted("ACME", Span::default())]).await.map(|history| history.prices.asked)
}

#[test]
fn no_error_no_log_and_nothing_asked_repeats_a_key() {
    let log = logged(async {
        let names = ["alpha_vantage", "tiingo", "coingecko", "openfigi"];
        let echo =
            format!(r#"{{"Information":"your key {KEY} is a premium feature","detail":"{KEY}","close":"{KEY}"}}"#);
        let acts = [
            Act::ok(echo.clone()),
            Act::Say(403, &[], echo.clone().into()),
            Act::Say(418, &[], echo.clone().into()),
            Act::ok(format!("[{echo}]")),
            Act::ok(format!("\"{KEY}\"")),
            Act::BreakOff("{"),
            Act::status(500),
            Act::Redirect(format!("ftp://x/{KEY}")),
        ];
        for act in acts {
            for name in names {
                let server = Replay::start([act.clone()]).await;
                let (registry, _) = registry(&config(&server, &[name]));
                let provider = registry.get(name).expect("enabled");
                let answer = asked(provider.as_ref()).await;
                let request = &server.asked()[0];
                assert!(
                    format!("{request:?}").contains(KEY)
                        || request.headers.values().any(|value| value.as_bytes().ends_with(KEY.as_bytes())),
                    "{name} sends its key"
                );
                let error = answer.expect_err("none of it is an answer");
                assert!(!format!("{error} {error:?}").contains(KEY), "{name}: {error:?}");
                assert!(!format!("{registry:?}").contains(KEY));
            }
        }
    });
    assert!(log.contains("127.0.0.1"), "connections are logged at this level");
    assert!(!log.contains(KEY));
}

#[tokio::test]
async fn a_redirect_within_the_provider_takes_the_header_along_and_no_parameter() {
    let server = Replay::start([Act::Redirect("/elsewhere".to_owned()), Act::ok("{}")]).await;
    let (registry, _) = registry(&config(&server, &["alpha_vantage"]));
    asked(registry.get("alpha_vantage").expect("enabled").as_ref()).await.expect_err("an empty document");
    assert!(!server.asked()[1].address.contains(KEY));
}
