//! The reference rates of the ECB in both of their forms.

use std::io::{Cursor, Write};

use portfolio_analyzer::config::EcbForm;
use portfolio_analyzer::market_data::providers::Span;

use super::replay::{Act, Replay, config, provider, registry, since};

pub const TWO_DAYS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<Cube><Cube time="2024-03-05"><Cube currency="USD" rate="1.0849"/><Cube currency="GBP" rate="0.8555"/></Cube>
<Cube time="2024-02-20"><Cube currency="USD" rate="1.0802"/></Cube></Cube>
</gesmes:Envelope>"#;

#[tokio::test]
async fn the_smallest_file_that_holds_the_days_is_asked_for() {
    let server = Replay::start([Act::ok(TWO_DAYS)]).await;
    let (ecb, _) = provider(&server, "ecb");
    for (span, file, rows) in [
        (since("2024-03-06"), "/eurofxref-daily.xml", 2),
        (since("2024-03-01"), "/eurofxref-hist-90d.xml", 2),
        (since("2024-02-23"), "/eurofxref-hist-90d.xml", 3),
        (since("2023-06-01"), "/eurofxref-hist.xml", 3),
        (Span::default(), "/eurofxref-hist.xml", 3),
    ] {
        let rates = ecb.rates(span).await.expect("rates");
        assert_eq!(server.asked().last().expect("asked").address, file);
        assert_eq!(rates.rows.len(), rows, "{span:?}: five days before the last known one are asked for again");
    }
    let rates = ecb.rates(Span::default()).await.expect("rates");
    let first = &rates.rows[0];
    assert_eq!((first.base.as_str(), first.quote.as_str(), first.rate.as_str()), ("EUR", "USD", "1.0849"));
    assert_eq!(rates.asked, format!("{}eurofxref-hist.xml", server.url()));
    assert_eq!(rates.fetched_at.to_rfc3339(), "2024-03-06T12:00:00+00:00");
}

#[tokio::test]
async fn zipped_tables_are_read_as_well() {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("eurofxref-hist.csv", zip::write::SimpleFileOptions::default()).expect("a file");
    archive.write_all(b"Date,USD,CYP,\n2024-03-05,1.0849,N/A,\n").expect("written");
    let archive = archive.finish().expect("an archive").into_inner();
    let server = Replay::start([Act::ok(archive.clone()), Act::ok(archive[..60].to_vec())]).await;
    let mut config = config(&server, &["ecb"]);
    config.ecb_form = EcbForm::Csv;
    let (registry, _) = registry(&config);
    let ecb = registry.get("ecb").expect("enabled");
    let rates = ecb.rates(Span::default()).await.expect("rates");
    assert_eq!(server.asked()[0].address, "/eurofxref-hist.zip");
    assert_eq!(rates.rows.len(), 1, "a currency that was not set has no rate");
    let error = ecb.rates(Span::default()).await.expect_err("half an archive");
    assert_eq!(error.code(), "UNREADABLE");
}
