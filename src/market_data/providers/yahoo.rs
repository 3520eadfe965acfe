//! Charts in the form of Yahoo Finance's `/v8/finance/chart/SYMBOL`: one instrument, days as instants, prices in columns.
//!
//! Open, high, low and close are divided by all splits until today, so the answer is always asked for until today: a
//! split that came later than the last wanted day would otherwise be in the prices and not in the rows.

mod chart;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{Days, NaiveDate, NaiveTime};
use url::Url;

use super::client::{Client, Question, Reply};
use super::{Capability, History, Provider, ProviderError, Wanted, registry, suffixed};

/// What stands behind the ticker, by market. Markets of the United States have nothing there.
const SUFFIXES: &[(&str, &str)] = &[
    ("XNYS", ""),
    ("XNAS", ""),
    ("XASE", ""),
    ("ARCX", ""),
    ("BATS", ""),
    ("XLON", ".L"),
    ("XETR", ".DE"),
    ("XFRA", ".F"),
    ("XPAR", ".PA"),
    ("XAMS", ".AS"),
    ("XBRU", ".BR"),
    ("XLIS", ".LS"),
    ("XMIL", ".MI"),
    ("XMAD", ".MC"),
    ("XSWX", ".SW"),
    ("XVTX", ".SW"),
    ("XWBO", ".VI"),
    ("XSTO", ".ST"),
    ("XHEL", ".HE"),
    ("XCSE", ".CO"),
    ("XOSL", ".OL"),
    ("XDUB", ".IR"),
    ("XWAR", ".WA"),
    ("XTSE", ".TO"),
    ("XTSX", ".V"),
    ("XTKS", ".T"),
    ("XHKG", ".HK"),
    ("XSHG", ".SS"),
    ("XSHE", ".SZ"),
    ("XKRX", ".KS"),
    ("XTAI", ".TW"),
    ("XNSE", ".NS"),
    ("XBOM", ".BO"),
    ("XASX", ".AX"),
    ("XNZE", ".NZ"),
    ("XSES", ".SI"),
    ("XJSE", ".JO"),
    ("BVMF", ".SA"),
    ("XMEX", ".MX"),
    ("XTAE", ".TA"),
    ("XIST", ".IS"),
];

/// Yahoo Finance, or whoever answers in its form.
#[derive(Debug)]
pub(super) struct Yahoo {
    client: Client,
    base: Url,
    suffixes: BTreeMap<String, String>,
}

impl Yahoo {
    pub(super) fn new(client: Client, base: Url, suffixes: BTreeMap<String, String>) -> Self {
        Self { client, base, suffixes }
    }

    fn address(&self, wanted: &Wanted) -> Url {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().timestamp();
        // A day in Auckland begins on the day before in UTC, one in Honolulu ends on the day after.
        let tomorrow = self.client.clock().today().checked_add_days(Days::new(2)).unwrap_or(NaiveDate::MAX);
        let first = wanted.span.first_day().and_then(|day| day.checked_sub_days(Days::new(1)));
        let mut url = registry::below(&self.base, "v8/finance/chart");
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(&wanted.symbol);
        }
        url.query_pairs_mut()
            .append_pair("period1", &first.map_or(-2_208_988_800, midnight).to_string())
            .append_pair("period2", &midnight(tomorrow).to_string())
            .append_pair("interval", "1d")
            .append_pair("events", "div,split");
        url
    }
}

#[async_trait]
impl Provider for Yahoo {
    fn name(&self) -> &str {
        "yahoo"
    }

    fn offers(&self) -> &[Capability] {
        &[Capability::Prices, Capability::CorporateActions]
    }

    fn concurrency(&self) -> usize {
        self.client.concurrency()
    }

    /// A class of shares is behind a hyphen: `BRK.B` is `BRK-B`.
    fn symbol(&self, ticker: &str, mic: &str) -> Option<String> {
        suffixed(&ticker.replace(['.', '/'], "-"), mic, &self.suffixes, SUFFIXES)
    }

    async fn prices(&self, wanted: &[Wanted]) -> Result<History, ProviderError> {
        let wanted = registry::single(wanted)?;
        let url = self.address(wanted);
        let asked = url.to_string();
        let read = |reply: &Reply| chart::history(reply, wanted, self.name(), &asked);
        self.client.read(&Question::get(url), read).await
    }
}
