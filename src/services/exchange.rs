//! Markets, and when they trade.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::{BusinessDays, DayKind, MarketState, TradingSession};

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

    /// What each day is at a market, from one to another, as far as its calendar reaches.
    pub async fn exchange_days(
        &self,
        session: &Session<Tenant>,
        mic: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<(NaiveDate, DayKind)>, ServiceError> {
        let sessions = self.session_days(session, mic).await?;
        let calendar = BusinessDays::Sessions(&sessions);
        let days = storage::exchange::days(session, mic, from, to).await?.into_iter();
        let kind = |day, is_business_day| match is_business_day {
            true => Some(DayKind::Session),
            false => calendar.kind(day),
        };
        Ok(days.filter_map(|(day, is_business_day)| Some((day, kind(day, is_business_day)?))).collect())
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
