//! Asking providers for market data, as the server itself.

use super::{ServiceError, Services};
use crate::market_data::providers::{Capability, Registry, Subject};
use crate::market_data::refresh::{Line, Refresh};
use crate::tenancy::Gateway;

pub use crate::market_data::refresh::Line as RefreshLine;

/// Whom a refresh of prices asks, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceScope {
    /// Everybody, for all that is held.
    Held,
    /// Those who may be asked every minute, for what is traded now.
    TradedNow,
}

impl Services {
    /// Whether anybody gives these; prices every minute, where that is asked.
    pub fn has_prices(&self, scope: PriceScope) -> bool {
        self.of(scope).gives(Capability::Prices)
    }

    /// What to ask for, in chunks that are asked for one after the other.
    ///
    /// # Errors
    /// The database.
    pub async fn price_chunks(&self, scope: PriceScope) -> Result<Vec<Vec<Subject>>, ServiceError> {
        let open_at = (scope == PriceScope::TradedNow).then(|| self.environment.clock.now());
        Ok(self.asking(&self.of(scope)).price_chunks(open_at).await?)
    }

    /// Asks for a chunk and takes in what comes.
    ///
    /// # Errors
    /// The database; that a provider fails is a line.
    pub async fn refresh_prices(&self, scope: PriceScope, chunk: &[Subject]) -> Result<Vec<Line>, ServiceError> {
        Ok(self.asking(&self.of(scope)).prices(chunk).await?)
    }

    fn of(&self, scope: PriceScope) -> Registry {
        match scope {
            PriceScope::Held => self.providers.clone(),
            PriceScope::TradedNow => self.providers.of_intraday(),
        }
    }

    fn asking<'a>(&'a self, providers: &'a Registry) -> Refresh<'a, Gateway> {
        Refresh { door: &self.gateway, environment: &self.environment, providers }
    }
}
