//! Histories from stored values, where these hold and give exactly what computing would.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use domain::ledger::Flow;
use domain::pricing::FxRates;
use domain::valuation::{CALCULATION_VERSION, Daily, ValuationError, net_flows};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::stretch::unchanged_until;
use crate::market_data::MarketView;
use crate::services::valuation::{History, OfViews, View, convert_flows, grouped, load_calendars, valuation_days};
use crate::services::{ServiceError, Services};
use crate::storage;
use crate::storage::daily_value::Standing;
use crate::storage::projection::Border;
use crate::tenancy::{Session, Tenant};

/// Histories of no more days are computed: they read less than what is stored.
const WORTH_READING: i64 = 60;

impl Services {
    /// Those of the histories that can be had from stored values: in base currency, the range stored and not dirty, of the
    /// arithmetic in force and of market data that has not changed in it since, each day's value known. The others are computed.
    pub(in crate::services) async fn stored_histories(
        &self,
        session: &Session<Tenant>,
        market: &MarketView,
        fx: &Arc<FxRates>,
        views: &[View],
        opening: NaiveDate,
        end: NaiveDate,
    ) -> Result<OfViews<Arc<History>>, ServiceError> {
        let in_base: Vec<&View> = views.iter().filter(|view| view.is_stored()).collect();
        if in_base.is_empty() || (end - opening).num_days() <= WORTH_READING {
            return Ok(OfViews::new());
        }
        let ids: Vec<Uuid> = in_base.iter().map(|view| view.portfolio).collect();
        let standings = storage::daily_value::standings(session, &ids).await?;
        let mut ids = Vec::new();
        let mut until = HashMap::new();
        for standing in standings.iter().filter(|standing| covers(standing, opening, end)) {
            let Some(status) = &standing.status else { continue };
            // Most portfolios were computed from one version.
            let until = match until.entry(status.market_version) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => *new.insert(unchanged_until(session, status, market.version()).await?),
            };
            if until.is_some_and(|until| end <= until) {
                ids.push(standing.portfolio);
            }
        }
        if ids.is_empty() {
            return Ok(OfViews::new());
        }
        let values: HashMap<Uuid, Vec<Decimal>> =
            storage::daily_value::values(session, &ids, opening, end).await?.into_iter().collect();
        let held = grouped(storage::projection::held(session, &ids, end).await?);
        let mut flows = grouped(storage::projection::flows(session, &ids, opening, end, Border::Portfolio).await?);
        let instruments: BTreeSet<Uuid> = held.values().flatten().copied().collect();
        let calendars = load_calendars(session, market, Arc::clone(fx), instruments).await?;
        let mut histories = OfViews::new();
        for view in in_base {
            let Some(values) = values.get(&view.portfolio) else { continue };
            let held = held.get(&view.portfolio).map(Vec::as_slice).unwrap_or_default();
            let days = valuation_days(held.iter().copied(), &calendars, opening, end);
            let flows = flows.remove(&view.portfolio).unwrap_or_default();
            // Units that came from outside are valued at their day's close, which is not read here.
            if flows.iter().any(|flow| flow.in_kind.is_some()) {
                continue;
            }
            histories.insert(view.clone(), history(view, days, values, &flows, fx).map(Arc::new));
        }
        Ok(histories)
    }
}

/// Whether the range is stored, known and not dirty; the market data may have changed since.
fn covers(standing: &Standing, opening: NaiveDate, end: NaiveDate) -> bool {
    let Some(status) = &standing.status else { return false };
    // A range is dirty from a day on, so that what ends before it still holds.
    standing.dirty_from.is_none_or(|dirty| end < dirty)
        && !standing.prices_dirty
        && status.calculation_version == CALCULATION_VERSION
        && status.computed_from <= opening
        && end <= status.computed_until
        && status.unknown_until.is_none_or(|unknown| unknown < opening)
}

/// The history of days among those that are stored, of which there is one for each calendar day from the first on.
fn history(
    view: &View,
    days: Vec<NaiveDate>,
    stored: &[Decimal],
    flows: &[Flow],
    fx: &FxRates,
) -> Result<History, ServiceError> {
    let first = days.first().copied().unwrap_or_default();
    let value = |day: &NaiveDate| {
        let index = usize::try_from((*day - first).num_days()).ok();
        index.and_then(|index| stored.get(index).copied())
    };
    let known: Option<Vec<Decimal>> = days.iter().map(value).collect();
    let known = known.ok_or_else(|| ServiceError::Internal("a stored value is gone".to_owned()))?;
    let flows = convert_flows(flows, view.currency, fx)?;
    let net = net_flows(&days, flows.iter().copied().map(Ok));
    let net = net.map_err(|error: ValuationError| ServiceError::from(error))?;
    let daily = Daily {
        dates: days,
        values: known.iter().copied().map(Some).collect(),
        known_values: known,
        flows: net,
        missing: Vec::new(),
    };
    // Nothing is missing, so that nothing has to be named.
    Ok(History { currency: view.currency, daily, flows, names: HashMap::new() })
}
