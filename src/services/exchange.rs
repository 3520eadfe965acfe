//! Markets, and when they trade.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::{MarketState, TradingSession};

use super::{ServiceError, Services, access};
use crate::auth::Permission;
use crate::storage;
use crate::storage::exchange::Exchange;
use crate::tenancy::{Session, Tenant};

impl Services {
    /// Every market, by code.
    pub async fn exchanges(&self, session: &Session<Tenant>) -> Result<Vec<Exchange>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::exchange::all(session).await?)
    }

    /// What markets do at a moment; one whose calendar does not reach it, or that never closes, is left out.
    pub async fn market_states(
        &self,
        session: &Session<Tenant>,
        mics: Vec<String>,
        moment: DateTime<Utc>,
    ) -> Result<HashMap<String, MarketState>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        let mut sessions: HashMap<String, Vec<TradingSession>> = HashMap::new();
        for (mic, ahead) in storage::exchange::ahead(session, mics, moment).await? {
            sessions.entry(mic).or_default().push(ahead);
        }
        let states = sessions.into_iter().filter_map(|(mic, ahead)| Some((mic, MarketState::at(moment, &ahead)?)));
        Ok(states.collect())
    }

    /// The days on which a market trades, as far as its calendar reaches.
    pub async fn session_days(
        &self,
        session: &Session<Tenant>,
        mic: &str,
    ) -> Result<Arc<Vec<NaiveDate>>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(self.market.view(session).await?.sessions(session, mic).await?)
    }

    /// A market's sessions from one day to another.
    pub async fn trading_sessions(
        &self,
        session: &Session<Tenant>,
        mic: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<TradingSession>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(storage::exchange::between(session, mic, from, to).await?)
    }
}
