//! Series of the Federal Reserve Bank of St. Louis: `/graph/fredgraph.csv`, a day and a value under the name of the
//! series. A day without a value has a point there.

use async_trait::async_trait;
use url::Url;

use super::client::{Client, Question, Reply};
use super::table::{Table, cell};
use super::{Capability, Provider, ProviderError, Span, registry};
use crate::market_data::delivery::{Delivery, IndicatorRow};

/// fred.stlouisfed.org.
#[derive(Debug)]
pub(super) struct Fred {
    client: Client,
    base: Url,
}

impl Fred {
    pub(super) fn new(client: Client, base: Url) -> Self {
        Self { client, base }
    }
}

#[async_trait]
impl Provider for Fred {
    fn name(&self) -> &str {
        "fred"
    }

    fn offers(&self) -> &[Capability] {
        &[Capability::Indicators]
    }

    async fn indicator(&self, code: &str, series: &str, span: Span) -> Result<Delivery<IndicatorRow>, ProviderError> {
        let mut url = registry::below(&self.base, "graph/fredgraph.csv");
        url.query_pairs_mut().append_pair("id", series);
        if let Some(first) = span.first_day() {
            url.query_pairs_mut().append_pair("cosd", &first.to_string());
        }
        if let Some(until) = span.until {
            url.query_pairs_mut().append_pair("coed", &until.to_string());
        }
        let asked = url.to_string();
        let read = |reply: &Reply| Ok((rows(reply, code, series)?, reply.fetched_at));
        let (mut rows, fetched_at) = self.client.read(&Question::get(url), read).await?;
        rows.retain(|row| span.holds(&row.date));
        Ok(Delivery { provider: self.name().to_owned(), asked, fetched_at, rows })
    }
}

fn rows(reply: &Reply, code: &str, series: &str) -> Result<Vec<IndicatorRow>, ProviderError> {
    if reply.status == 404 {
        return Err(ProviderError::UnknownSymbol { symbol: series.to_owned() });
    }
    let table = Table::read(reply.text()?, b',', "a table of days and values")?;
    // The column of days was called `DATE` before it was called `observation_date`.
    let date = table.column("observation_date").or_else(|_| table.column("DATE"))?;
    let value = table.column(series)?;
    let there = table.records().iter().filter(|record| !matches!(record.get(value), Some("." | "") | None));
    let row = |record| IndicatorRow { code: code.to_owned(), date: cell(record, date), value: cell(record, value) };
    Ok(there.map(row).collect())
}
