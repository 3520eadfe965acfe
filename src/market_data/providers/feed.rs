//! Headlines of a feed, RSS 2.0 or Atom (RFC 4287).
//!
//! Only what is written is read: a document type is refused, so that no entity can grow, and markup within a text is left out.

mod entry;
mod text;

use std::collections::HashSet;

use async_trait::async_trait;
use url::Url;

use super::client::{Client, Question, Reply};
use super::{Capability, Provider, ProviderError};
use crate::market_data::delivery::{Delivery, NewsRow};

/// A feed of the configuration.
#[derive(Debug)]
pub(super) struct Feed {
    client: Client,
    name: String,
    url: Url,
}

impl Feed {
    pub(super) fn new(client: Client, name: String, url: Url) -> Self {
        Self { client, name, url }
    }
}

#[async_trait]
impl Provider for Feed {
    fn name(&self) -> &str {
        &self.name
    }

    fn offers(&self) -> &[Capability] {
        &[Capability::News]
    }

    async fn news(&self) -> Result<Delivery<NewsRow>, ProviderError> {
        let read = |reply: &Reply| Ok((entry::entries(reply.text()?)?, reply.fetched_at));
        let (mut rows, fetched_at) = self.client.read(&Question::get(self.url.clone()), read).await?;
        let mut seen = HashSet::new();
        rows.retain(|row| seen.insert(row.guid.clone()));
        // A feed that is read for its subscriber may have the subscription in its parameters.
        let mut shown = self.url.clone();
        shown.set_query(None);
        Ok(Delivery { provider: self.name.clone(), asked: shown.to_string(), fetched_at, rows })
    }
}
