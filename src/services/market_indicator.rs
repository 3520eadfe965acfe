//! Figures of the market at large: what is known of them on a day, and what money without risk earned.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use domain::analytics::effective_annual;
use domain::money::Currency;
use domain::pricing::{Lookup, MaxAge, MissingReason, Series};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{ServiceError, Services, access};
use crate::auth::Permission;
use crate::storage::Page;
use crate::storage::market_indicator::{self, Indicator, IndicatorFilter};
use crate::tenancy::{Session, Tenant};

/// What money without risk earned in a currency over a tenor, as it was known on a day.
#[derive(Clone, Debug)]
pub struct RiskFreeRate {
    /// The series that says it with its last value on the day or before, as published; or, in words, that there is none.
    pub series: Result<(Arc<Indicator>, Lookup), String>,
    /// The same as a rate a year, a fraction; nothing where there is no value, or its convention makes none of it.
    pub effective_annual: Option<f64>,
}

impl Services {
    /// Series by code.
    pub async fn indicator_page(
        &self,
        session: &Session<Tenant>,
        filter: &IndicatorFilter,
        page: Page<String>,
    ) -> Result<Vec<Indicator>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(market_indicator::page(session, filter, page).await?)
    }

    /// How many series there are.
    pub async fn indicator_count(
        &self,
        session: &Session<Tenant>,
        filter: &IndicatorFilter,
    ) -> Result<u64, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(market_indicator::count(session, filter).await?)
    }

    /// The series with this code.
    pub async fn indicator(&self, session: &Session<Tenant>, code: &str) -> Result<Option<Indicator>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(market_indicator::by_codes(session, vec![code.to_owned()]).await?.pop())
    }

    /// The last value of each series on a day or before, if it is not too old.
    pub async fn indicator_values_as_of(
        &self,
        session: &Session<Tenant>,
        keys: &[(Arc<Indicator>, NaiveDate)],
    ) -> Result<HashMap<(String, NaiveDate), Lookup>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        let ages: HashMap<&str, MaxAge<'static>> =
            keys.iter().map(|(indicator, _)| (indicator.code.as_str(), indicator.max_age())).collect();
        let asked: Vec<(String, NaiveDate)> = keys.iter().map(|(one, day)| (one.code.clone(), *day)).collect();
        let max_age = |code: &str| ages.get(code).copied().unwrap_or(MaxAge::Days(0));
        Ok(market_indicator::as_of(session, &asked, max_age).await?.into_iter().collect())
    }

    /// The values of a series over a range, both ends included, as they were known at an instant, or are.
    pub async fn indicator_values(
        &self,
        session: &Session<Tenant>,
        code: &str,
        range: [NaiveDate; 2],
        known_at: Option<DateTime<Utc>>,
    ) -> Result<Series, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        Ok(market_indicator::values(session, code, range, known_at).await?)
    }

    /// The series that stands for money without risk; or, in words, that there is none and which tenors there are.
    pub(super) async fn risk_free_series(
        &self,
        session: &Session<Tenant>,
        currency: Currency,
        tenor: &str,
    ) -> Result<Result<Indicator, String>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        let all = market_indicator::risk_free(session, &[currency]).await?;
        Ok(named(&all, currency, tenor).cloned())
    }

    /// What money without risk earned in each currency over a tenor, as it was known on a day.
    pub async fn risk_free_rates(
        &self,
        session: &Session<Tenant>,
        keys: &[(Currency, &str, NaiveDate)],
    ) -> Result<Vec<RiskFreeRate>, ServiceError> {
        access::require(session.actor(), Permission::MarketRead)?;
        let currencies: Vec<Currency> = keys.iter().map(|(currency, ..)| *currency).collect();
        let all = market_indicator::risk_free(session, &currencies).await?;
        let found = |(currency, tenor, day): &(Currency, &str, NaiveDate)| {
            named(&all, *currency, tenor).map(|one| (Arc::new(one.clone()), *day))
        };
        let found: Vec<Result<(Arc<Indicator>, NaiveDate), String>> = keys.iter().map(found).collect();
        let asked: Vec<(Arc<Indicator>, NaiveDate)> = found.iter().flatten().cloned().collect();
        let values = self.indicator_values_as_of(session, &asked).await?;
        let missing = Lookup::Missing { reason: MissingReason::NoData };
        let rate = |found: Result<(Arc<Indicator>, NaiveDate), String>| match found {
            Err(message) => RiskFreeRate { series: Err(message), effective_annual: None },
            Ok((indicator, day)) => {
                let lookup = values.get(&(indicator.code.clone(), day)).copied().unwrap_or(missing);
                let effective_annual = lookup.value().and_then(|value| annual(&indicator, value));
                RiskFreeRate { series: Ok((indicator, lookup)), effective_annual }
            }
        };
        Ok(found.into_iter().map(rate).collect())
    }
}

/// A published value as a rate a year, a fraction; nothing where its convention makes none of it.
pub(super) fn annual(indicator: &Indicator, value: Decimal) -> Option<f64> {
    let (compounding, day_count, tenor) = indicator.convention()?;
    effective_annual(indicator.fraction(value).to_f64()?, compounding, day_count, tenor)
}

/// The series of a currency and a tenor, or which tenors there are.
fn named<'a>(all: &'a [Indicator], currency: Currency, tenor: &str) -> Result<&'a Indicator, String> {
    let of_currency = || all.iter().filter(|one| one.currency == Some(currency));
    of_currency().find(|one| one.tenor.as_deref() == Some(tenor)).ok_or_else(|| {
        let tenors: Vec<&str> = of_currency().filter_map(|one| one.tenor.as_deref()).collect();
        let known =
            if tenors.is_empty() { "none is known".to_owned() } else { format!("known: {}", tenors.join(", ")) };
        format!("no risk-free rate of {currency} over {tenor}: {known}")
    })
}
