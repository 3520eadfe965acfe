//! Identifiers at openfigi.com: `/v3/mapping`, many at once, answered in the order in which they were asked.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use url::Url;

use super::client::{Client, Question, Reply};
use super::json::{document, unreadable};
use super::{Capability, IdentifierWanted, Provider, ProviderError, registry};
use crate::market_data::delivery::{Delivery, IdentifierRow};

const FORM: &str = "an array with an answer to each question";

/// How many may be asked for at once, without a key and with one.
const MOST: usize = 10;
const MOST_WITH_KEY: usize = 100;

/// openfigi.com.
#[derive(Debug)]
pub(super) struct OpenFigi {
    client: Client,
    base: Url,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Job<'a> {
    id_type: &'static str,
    id_value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mic_code: Option<&'a str>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Vec<Match>,
    #[serde(default)]
    warning: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    figi: String,
    #[serde(rename = "compositeFIGI")]
    composite_figi: Option<String>,
    #[serde(rename = "shareClassFIGI")]
    share_class_figi: Option<String>,
    ticker: Option<String>,
    exch_code: Option<String>,
    name: Option<String>,
}

impl OpenFigi {
    pub(super) fn new(client: Client, base: Url) -> Self {
        Self { client, base }
    }
}

/// What it calls the schemes that it is asked by.
fn id_type(scheme: &str) -> Result<&'static str, ProviderError> {
    match scheme {
        "ISIN" => Ok("ID_ISIN"),
        "CUSIP" => Ok("ID_CUSIP"),
        "SEDOL" => Ok("ID_SEDOL"),
        "FIGI" => Ok("ID_BB_GLOBAL"),
        "TICKER" => Ok("TICKER"),
        _ => Err(ProviderError::NotOffered { what: "identifiers by this scheme" }),
    }
}

fn job(wanted: &IdentifierWanted) -> Result<Job<'_>, ProviderError> {
    Ok(Job { id_type: id_type(&wanted.scheme)?, id_value: &wanted.value, mic_code: wanted.mic.as_deref() })
}

#[async_trait]
impl Provider for OpenFigi {
    fn name(&self) -> &str {
        "openfigi"
    }

    fn offers(&self) -> &[Capability] {
        &[Capability::Identifiers]
    }

    async fn identifiers(&self, wanted: &[IdentifierWanted]) -> Result<Delivery<IdentifierRow>, ProviderError> {
        let url = registry::below(&self.base, "v3/mapping");
        let mut delivery = Delivery {
            provider: self.name().to_owned(),
            asked: format!("{url} for {} identifiers", wanted.len()),
            fetched_at: self.client.clock().now(),
            rows: Vec::new(),
        };
        let most = if self.client.has_key() { MOST_WITH_KEY } else { MOST };
        for batch in wanted.chunks(most) {
            let jobs: Result<Vec<_>, _> = batch.iter().map(job).collect();
            let post = serde_json::to_string(&jobs?).map_err(|error| unreadable("a question", error.to_string()))?;
            let question = Question { post: Some(post), ..Question::get(url.clone()) };
            delivery.rows.extend(self.client.read(&question, |reply| rows(reply, batch)).await?);
        }
        delivery.fetched_at = self.client.clock().now();
        Ok(delivery)
    }
}

/// One that is not known has no rows.
fn rows(reply: &Reply, batch: &[IdentifierWanted]) -> Result<Vec<IdentifierRow>, ProviderError> {
    let answers: Vec<Answer> = document(reply, FORM)?;
    if answers.len() != batch.len() {
        return Err(unreadable(&format!("{} answers", batch.len()), answers.len().to_string()));
    }
    let mut rows = Vec::new();
    for (answer, wanted) in answers.iter().zip(batch) {
        if answer.data.is_empty() && answer.warning.is_none() {
            let says = answer.error.clone().unwrap_or_else(|| "neither data nor a warning".to_owned());
            return Err(unreadable(&format!("data or a warning for {}", wanted.value), says));
        }
        for found in &answer.data {
            rows.extend(found.rows(wanted));
        }
    }
    rows.dedup();
    Ok(rows)
}

impl Match {
    fn rows(&self, wanted: &IdentifierWanted) -> impl Iterator<Item = IdentifierRow> {
        let values = [
            ("FIGI", Some(&self.figi)),
            ("COMPOSITE_FIGI", self.composite_figi.as_ref()),
            ("SHARE_CLASS_FIGI", self.share_class_figi.as_ref()),
            ("TICKER", self.ticker.as_ref()),
        ];
        values.into_iter().filter_map(|(scheme, value)| {
            Some(IdentifierRow {
                instrument: wanted.instrument,
                asked_scheme: wanted.scheme.clone(),
                asked_value: wanted.value.clone(),
                scheme: scheme.to_owned(),
                value: value?.clone(),
                exchange_code: self.exch_code.clone().unwrap_or_default(),
                name: self.name.clone().unwrap_or_default(),
            })
        })
    }
}
