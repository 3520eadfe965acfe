//! Where a provider may send us, and which addresses may be connected to at all.

use portfolio_analyzer::market_data::providers::{ProviderError, Span};

use super::ecb::TWO_DAYS;
use super::replay::{Act, KEY, Replay, config, provider, registry};

async fn sent_to(target: &str) -> ProviderError {
    let server = Replay::start([Act::Redirect(target.to_owned())]).await;
    let (ecb, _) = provider(&server, "ecb");
    let error = ecb.rates(Span::default()).await.expect_err("not followed");
    assert_eq!(server.asked().len(), 1);
    error
}

#[tokio::test]
async fn no_redirect_leads_to_an_address_that_is_not_public() {
    for target in [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[fd00::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://localhost/",
        "http://192.168.0.1:8080/x",
    ] {
        assert_eq!(sent_to(target).await.code(), "NOT_PUBLIC", "{target}");
    }
}

#[tokio::test]
async fn an_address_that_is_allowed_is_not_for_redirects_of_others() {
    let other = Replay::start([Act::ok(TWO_DAYS)]).await;
    assert_eq!(sent_to(&other.url()).await.code(), "NOT_PUBLIC");
    assert_eq!(sent_to(&other.url().replace("127.0.0.1", "localhost")).await.code(), "NOT_PUBLIC");
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn what_is_no_web_address_is_not_followed() {
    for target in ["file:///etc/passwd", "ftp://127.0.0.1/", "http://name:word@127.0.0.1/", "http://"] {
        assert_eq!(sent_to(target).await.code(), "REDIRECTED", "{target}");
    }
}

#[tokio::test]
async fn within_the_provider_redirects_are_followed_up_to_their_number() {
    let server = Replay::start([]).await;
    server.then([Act::Redirect("/elsewhere.xml".to_owned()), Act::ok(TWO_DAYS)]);
    let (ecb, _) = provider(&server, "ecb");
    assert_eq!(ecb.rates(Span::default()).await.expect("rates").rows.len(), 3);
    assert_eq!(server.asked()[1].address, "/elsewhere.xml");

    let server = Replay::start([Act::Redirect("/again".to_owned())]).await;
    let (ecb, _) = provider(&server, "ecb");
    let error = ecb.rates(Span::default()).await.expect_err("a loop");
    assert_eq!(error, ProviderError::Redirected { reason: "there are more than 5".to_owned() });
    assert_eq!(server.asked().len(), 6);
}

#[tokio::test]
async fn an_address_of_this_machine_is_not_asked_unless_it_is_allowed() {
    let server = Replay::start([Act::ok(TWO_DAYS)]).await;
    let mut config = config(&server, &["ecb"]);
    for url in [server.url(), server.url().replace("127.0.0.1", "localhost")] {
        config.ecb.base_url = url;
        config.ecb.allowed_addresses = vec!["10.0.0.0/8".parse().expect("a network")];
        let (refusing, _) = registry(&config);
        let error = refusing.get("ecb").expect("enabled").rates(Span::default()).await.expect_err("refused");
        assert_eq!(error.code(), "NOT_PUBLIC");
        assert!(!format!("{error} {error:?}").contains(KEY));
    }
    assert!(server.asked().is_empty());
    config.ecb.allowed_addresses = vec!["127.0.0.0/8".parse().expect("a network")];
    let (allowing, _) = registry(&config);
    allowing.get("ecb").expect("enabled").rates(Span::default()).await.expect("the name leads to an allowed address");
}
