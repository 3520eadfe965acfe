//! Asking providers for market data, as the server itself.

pub use crate::market_data::refresh::{Line, Piece, What};

use super::{ServiceError, Services};
use crate::market_data::refresh::Refresh;
use crate::tenancy::Gateway;

impl Services {
    /// Whether there is anybody to ask for this.
    pub fn has_providers(&self, what: What) -> bool {
        self.providers_to_ask().has(what)
    }

    /// What to ask for, a piece after the other.
    pub async fn refresh_pieces(&self, what: What) -> Result<Vec<Piece>, ServiceError> {
        Ok(self.providers_to_ask().pieces(what).await?)
    }

    /// Asks for a piece and takes in what comes. It is no error that a provider fails, but a line.
    pub async fn refresh_piece(&self, piece: &Piece) -> Result<Vec<Line>, ServiceError> {
        Ok(self.providers_to_ask().take(piece).await?)
    }

    fn providers_to_ask(&self) -> Refresh<'_, Gateway> {
        Refresh { door: &self.gateway, environment: &self.environment, providers: &self.providers }
    }
}
