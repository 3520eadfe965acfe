//! Loaders of what figures of single instruments are computed with.

use std::collections::HashMap;

use async_graphql::Result;
use async_graphql::dataloader::Loader;
use chrono::NaiveDate;
use domain::money::Currency;
use uuid::Uuid;

use super::{Failure, Reads};
use crate::services::market_indicator::RiskFreeRate;
use crate::storage::simulation::Simulation;

/// The last complete market day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LastDayKey;

/// What money without risk earned in a currency over a tenor, as it was known on a day.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RiskFreeRateKey {
    /// The currency.
    pub currency: Currency,
    /// The tenor, such as `3M`.
    pub tenor: String,
    /// The day.
    pub as_of: NaiveDate,
}

/// The last simulations of this portfolio, the latest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SimulationsKey(pub Uuid);

loader!(SimulationsKey => Vec<Simulation>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let mut loaded: HashMap<SimulationsKey, Vec<Simulation>> = HashMap::new();
    for simulation in operation.services.simulations(&session, &ids).await? {
        loaded.entry(SimulationsKey(simulation.question.portfolio_id)).or_default().push(simulation);
    }
    Ok(loaded)
});

loader!(LastDayKey => NaiveDate, |operation, session, keys| {
    let last = operation.services.default_as_of(&session).await?;
    Ok(keys.iter().map(|key| (*key, last)).collect())
});

loader!(RiskFreeRateKey => RiskFreeRate, |operation, session, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (key.currency, key.tenor.as_str(), key.as_of)).collect();
    let found = operation.services.risk_free_rates(&session, &asked).await?;
    Ok(keys.iter().cloned().zip(found).collect())
});
