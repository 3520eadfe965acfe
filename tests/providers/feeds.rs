//! Headlines from RSS and Atom.

use portfolio_analyzer::config::{FeedConfig, MarketDataConfig};
use portfolio_analyzer::market_data::delivery::NewsRow;
use portfolio_analyzer::market_data::providers::ProviderError;

use super::replay::{Act, Replay, registry};

const RSS: &str = r#"<?xml version="1.0"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Wire</title>
<link>https://news.example/</link>
<item><title>ACME &amp; Co raises <![CDATA[its <b>dividend</b>]]></title><link>https://news.example/1</link>
<description>&lt;p&gt;The board of ACME&#8217;s parent met.&lt;/p&gt;</description><guid isPermaLink="false">a-1</guid>
<pubDate>Tue, 05 Mar 2024 14:00:00 GMT</pubDate><category domain="tickers" term="ACME,XYZ"/><media:title>other</media:title></item>
<item><title>Again</title><guid>a-1</guid></item>
<item><title>No id</title><link>https://news.example/2</link></item>
<item><description>No headline</description></item>
</channel></rss>"#;

const ATOM: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title><entry>
<title type="html">Rates &lt;i&gt;held&lt;/i&gt;</title><link rel="self" href="https://news.example/self"/>
<link href="https://news.example/3"/><id>urn:3</id><published>2024-03-05T14:00:00Z</published><updated>2024-03-06T00:00:00Z</updated>
<content type="xhtml"><div>The bank <em>held</em> its rate.</div></content></entry></feed>"#;

async fn headlines(document: &str) -> Result<Vec<NewsRow>, ProviderError> {
    let server = Replay::start([Act::ok(document.to_owned())]).await;
    let config = MarketDataConfig {
        feeds: vec![FeedConfig {
            name: "wire".to_owned(),
            url: format!("{}feed.xml?subscriber=s3cret", server.url()),
            allowed_addresses: vec!["127.0.0.1/32".parse().expect("a network")],
        }],
        ..MarketDataConfig::default()
    };
    let (registry, _) = registry(&config);
    let news = registry.get("wire").expect("a feed").news().await?;
    assert_eq!(server.asked()[0].address, "/feed.xml?subscriber=s3cret");
    assert!(!news.asked.contains("s3cret"));
    Ok(news.rows)
}

#[tokio::test]
async fn rss() {
    let rows = headlines(RSS).await.expect("headlines");
    let first = &rows[0];
    assert_eq!(first.headline, "ACME & Co raises its dividend");
    assert_eq!(first.summary, "The board of ACME\u{2019}s parent met.");
    assert_eq!((first.guid.as_str(), first.url.as_str()), ("a-1", "https://news.example/1"));
    assert_eq!((first.published.as_str(), first.symbols.as_str()), ("Tue, 05 Mar 2024 14:00:00 GMT", "ACME XYZ"));
    let guids: Vec<_> = rows.iter().map(|row| row.guid.as_str()).collect();
    assert_eq!(guids, ["a-1", "https://news.example/2"], "once each, and none without a headline");
}

#[tokio::test]
async fn atom() {
    let rows = headlines(ATOM).await.expect("headlines");
    let [entry] = rows.as_slice() else { panic!("one entry: {rows:?}") };
    assert_eq!((entry.headline.as_str(), entry.summary.as_str()), ("Rates held", "The bank held its rate."));
    assert_eq!((entry.guid.as_str(), entry.url.as_str()), ("urn:3", "https://news.example/3"));
    assert_eq!(entry.published, "2024-03-05T14:00:00Z");
}

#[tokio::test]
async fn no_entity_grows_and_nothing_else_is_taken_for_a_feed() {
    let bomb = r#"<!DOCTYPE rss [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]><rss><channel><item><title>&b;</title></item></channel></rss>"#;
    let half = &RSS[..RSS.len() / 2];
    for document in [bomb, half, "<html><body>Sign in</body></html>", "{\"items\":[]}", "", "<rss><channel></rss>"] {
        let error = headlines(document).await.expect_err("refused");
        assert_eq!(error.code(), "UNREADABLE", "{document}");
    }
}
