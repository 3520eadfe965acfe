//! Euro foreign exchange reference rates of the European Central Bank: what one euro costs, set on working days.
//!
//! The form is described at <https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/>.

mod csv;
mod xml;

use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use url::Url;

use super::client::{Client, Question, Reply};
use super::{Capability, Provider, ProviderError, Span};
use crate::config::EcbForm;
use crate::market_data::delivery::{Delivery, RateRow};

/// The file of ninety days holds the last 90 of the calendar; one that is near the edge is asked for the whole.
const RECENT_DAYS: u64 = 80;

/// The ECB, or a mirror of its files.
#[derive(Debug)]
pub(super) struct Ecb {
    client: Client,
    base: Url,
    form: EcbForm,
}

impl Ecb {
    pub(super) fn new(client: Client, base: Url, form: EcbForm) -> Self {
        Self { client, base, form }
    }

    /// The smallest file that holds all days of the span.
    fn file(&self, span: Span) -> &'static str {
        let today = self.client.clock().today();
        let reaches = |day: Option<NaiveDate>, days| {
            day.is_some_and(|day| day >= today.checked_sub_days(Days::new(days)).unwrap_or(today))
        };
        match self.form {
            // Whoever knows today's rates asks whether they were revised today.
            EcbForm::Xml if reaches(span.since, 0) => "eurofxref-daily.xml",
            EcbForm::Xml if reaches(span.first_day(), RECENT_DAYS) => "eurofxref-hist-90d.xml",
            EcbForm::Xml => "eurofxref-hist.xml",
            EcbForm::Csv if reaches(span.since, 0) => "eurofxref.zip",
            EcbForm::Csv => "eurofxref-hist.zip",
        }
    }

    fn parse(&self, reply: &Reply) -> Result<Vec<RateRow>, ProviderError> {
        match self.form {
            EcbForm::Xml => xml::rates(reply.text()?),
            EcbForm::Csv => {
                reply.success()?;
                csv::rates(&csv::unzipped(&reply.body, self.client.body_limit())?)
            }
        }
    }
}

#[async_trait]
impl Provider for Ecb {
    fn name(&self) -> &str {
        "ecb"
    }

    fn offers(&self) -> &[Capability] {
        &[Capability::Rates]
    }

    async fn rates(&self, span: Span) -> Result<Delivery<RateRow>, ProviderError> {
        let url = super::registry::below(&self.base, self.file(span));
        let asked = url.to_string();
        let read = |reply: &Reply| Ok((self.parse(reply)?, reply.fetched_at));
        let (mut rows, fetched_at) = self.client.read(&Question::get(url), read).await?;
        rows.retain(|row| span.holds(&row.date));
        Ok(Delivery { provider: self.name().to_owned(), asked, fetched_at, rows })
    }
}

fn rate(date: &str, currency: &str, rate: &str) -> RateRow {
    RateRow { base: "EUR".to_owned(), quote: currency.to_owned(), date: date.to_owned(), rate: rate.to_owned() }
}
