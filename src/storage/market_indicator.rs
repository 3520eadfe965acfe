//! Series of the market at large: what they are, and their values.

mod load;

use chrono::{DateTime, NaiveDate, Utc};
use domain::analytics::{Compounding, DayCount, Tenor};
use domain::money::Currency;
use domain::pricing::{Lookup, MaxAge, MissingReason, Series};
use rust_decimal::Decimal;
use sea_orm::{FromQueryResult, Value};

use super::Page;
use super::price::certainty;
use super::statement::ask;
use crate::tenancy::{DatabaseError, Session, Tenant};

pub use load::{Definition, Point, Reading, currencies, define, last_day, load, promote_decided, unit};

/// A series as it is defined.
#[derive(Clone, Debug)]
pub struct Indicator {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// RATE, CURVE, INDEX or VOLATILITY.
    pub kind: String,
    /// The currency that it is of.
    pub currency: Option<Currency>,
    /// For how long money is lent, of a rate.
    pub tenor: Option<String>,
    /// PERCENT, FRACTION or POINTS.
    pub unit: String,
    /// How days are counted, of a rate.
    pub day_count: Option<String>,
    /// How it compounds, of a rate.
    pub compounding: Option<String>,
    /// Whether it stands for money without risk.
    pub is_risk_free: bool,
    /// Calendar days that a value stands in for later ones.
    pub max_age_days: i32,
    /// Who publishes it.
    pub source: String,
}

impl Indicator {
    /// How long a value stands in for later days.
    pub fn max_age(&self) -> MaxAge<'static> {
        MaxAge::Days(self.max_age_days.unsigned_abs())
    }

    /// A published value as a plain number: 4.5 percent is 0.045.
    pub fn fraction(&self, value: Decimal) -> Decimal {
        if self.unit == "PERCENT" { value / Decimal::ONE_HUNDRED } else { value }
    }

    /// What a rate's quotes mean: nothing for what is none, or of which it is not known.
    pub fn convention(&self) -> Option<(Compounding, DayCount, Tenor)> {
        let compounding = match self.compounding.as_deref()? {
            "ANNUAL" => Compounding::Annual,
            "SEMI_ANNUAL" => Compounding::SemiAnnual,
            "SIMPLE" => Compounding::Simple,
            "DISCOUNT" => Compounding::Discount,
            "CONTINUOUS" => Compounding::Continuous,
            _ => return None,
        };
        let day_count = match self.day_count.as_deref()? {
            "ACT/360" => DayCount::Act360,
            "ACT/365F" | "ACT/ACT" => DayCount::Act365,
            "30/360" => DayCount::Thirty360,
            _ => return None,
        };
        Some((compounding, day_count, self.tenor.as_deref()?.parse().ok()?))
    }
}

#[derive(FromQueryResult)]
struct Row {
    code: String,
    name: String,
    kind: String,
    currency: Option<String>,
    tenor: Option<String>,
    unit: String,
    day_count: Option<String>,
    compounding: Option<String>,
    is_risk_free: bool,
    max_age_days: i32,
    source: String,
}

impl TryFrom<Row> for Indicator {
    type Error = DatabaseError;

    fn try_from(row: Row) -> Result<Self, DatabaseError> {
        let Row { code, name, kind, tenor, unit, day_count, compounding, is_risk_free, max_age_days, source, .. } = row;
        let currency = row.currency.as_deref().map(super::currency).transpose()?;
        let series = Self {
            code,
            name,
            kind,
            currency,
            tenor,
            unit,
            day_count,
            compounding,
            is_risk_free,
            max_age_days,
            source,
        };
        Ok(series)
    }
}

/// Which series to show; what is not given does not restrict.
#[derive(Clone, Debug, Default)]
pub struct IndicatorFilter {
    /// Only of this kind.
    pub kind: Option<&'static str>,
    /// Only of this currency.
    pub currency: Option<Currency>,
}

const PAGE: &str = "
SELECT code, name, kind, currency, tenor, unit, day_count, compounding, is_risk_free, max_age_days, source
FROM market.dim_market_indicator
WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR currency = $2) AND ($3::text IS NULL OR code > $3)
ORDER BY code LIMIT $4";

/// Series by code.
pub async fn page(
    session: &Session<Tenant>,
    filter: &IndicatorFilter,
    page: Page<String>,
) -> Result<Vec<Indicator>, DatabaseError> {
    let [kind, currency] = restricted(filter);
    let values = [kind, currency, page.after.into(), i64::try_from(page.limit).unwrap_or(i64::MAX).into()];
    series(session, PAGE, values).await
}

const COUNT: &str = "
SELECT count(*) FROM market.dim_market_indicator
WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR currency = $2)";

/// How many series there are.
pub async fn count(session: &Session<Tenant>, filter: &IndicatorFilter) -> Result<u64, DatabaseError> {
    let rows = ask(session, COUNT, restricted(filter)).await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(count.unsigned_abs())
}

fn restricted(filter: &IndicatorFilter) -> [Value; 2] {
    [filter.kind.into(), filter.currency.map(|currency| currency.to_string()).into()]
}

const BY_CODES: &str = "
SELECT code, name, kind, currency, tenor, unit, day_count, compounding, is_risk_free, max_age_days, source
FROM market.dim_market_indicator WHERE code = ANY ($1)";

/// The series with these codes.
pub async fn by_codes(session: &Session<Tenant>, codes: Vec<String>) -> Result<Vec<Indicator>, DatabaseError> {
    series(session, BY_CODES, [codes.into()]).await
}

const RISK_FREE: &str = "
SELECT code, name, kind, currency, tenor, unit, day_count, compounding, is_risk_free, max_age_days, source
FROM market.dim_market_indicator WHERE is_risk_free AND currency = ANY ($1) ORDER BY code";

/// The series that stand for money without risk in these currencies, one a currency and tenor.
pub async fn risk_free(session: &Session<Tenant>, currencies: &[Currency]) -> Result<Vec<Indicator>, DatabaseError> {
    let currencies: Vec<String> = currencies.iter().map(Currency::to_string).collect();
    series(session, RISK_FREE, [currencies.into()]).await
}

async fn series(
    session: &Session<Tenant>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Indicator>, DatabaseError> {
    let rows = ask(session, sql, values).await?;
    rows.iter().map(|row| Row::from_query_result(row, "")?.try_into()).collect()
}

const LATEST: &str = "
SELECT w.code, w.date AS asked, l.date, l.value, nullif(l.status, 'F') AS uncertain, (SELECT min(f.date) FROM market.fact_market_indicator f WHERE f.code = w.code) AS first
FROM unnest($1::text[], $2::date[]) AS w (code, date)
LEFT JOIN LATERAL (
    SELECT f.date, f.value, f.status FROM market.fact_market_indicator f
    WHERE f.code = w.code AND f.date <= w.date ORDER BY f.date DESC LIMIT 1
) l ON true";

/// The last value of each series on a day or before.
pub async fn as_of(
    session: &Session<Tenant>,
    keys: &[(String, NaiveDate)],
    max_age: impl Fn(&str) -> MaxAge<'static>,
) -> Result<Vec<((String, NaiveDate), Lookup)>, DatabaseError> {
    let codes: Vec<String> = keys.iter().map(|key| key.0.clone()).collect();
    let days: Vec<NaiveDate> = keys.iter().map(|key| key.1).collect();
    let rows = ask(session, LATEST, [codes.into(), days.into()]).await?;
    let looked_up = |row: &sea_orm::QueryResult| {
        let key: (String, NaiveDate) = (row.try_get_by("code")?, row.try_get_by("asked")?);
        let found: (Option<NaiveDate>, Option<Decimal>) = (row.try_get_by("date")?, row.try_get_by("value")?);
        let first: Option<NaiveDate> = row.try_get_by("first")?;
        let lookup = match (found, first) {
            ((Some(date), Some(value)), _) => {
                let certainty = certainty(row.try_get_by::<Option<String>, _>("uncertain")?.as_deref())?;
                let one = Series::new(vec![date], vec![value]).unwrap_or_default();
                let one = one.uncertain_on(vec![(date, certainty)]);
                one.as_of(key.1, max_age(&key.0))
            }
            (_, Some(first_date)) => Lookup::Missing { reason: MissingReason::NotYet { first_date } },
            (_, None) => Lookup::Missing { reason: MissingReason::NoData },
        };
        Ok((key, lookup))
    };
    rows.iter().map(looked_up).collect()
}

const VALUES: &str = "
SELECT date, value, nullif(status, 'F') FROM market.fact_market_indicator
WHERE code = $1 AND date BETWEEN $2 AND $3 AND ($4::timestamptz IS NULL OR recorded_at <= $4)
UNION ALL
SELECT date, value, nullif(status, 'F') FROM market.meta_indicator_revision
WHERE code = $1 AND date BETWEEN $2 AND $3 AND recorded_at <= $4 AND superseded_at > $4
ORDER BY date";

/// The values of a series from one day to another, both included, as they were known at an instant, or are.
pub async fn values(
    session: &Session<Tenant>,
    code: &str,
    [from, to]: [NaiveDate; 2],
    known_at: Option<DateTime<Utc>>,
) -> Result<Series, DatabaseError> {
    let rows = ask(session, VALUES, [code.into(), from.into(), to.into(), known_at.into()]).await?;
    let (mut dates, mut values) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    let mut uncertain = Vec::new();
    for row in rows {
        let day: NaiveDate = row.try_get_by_index(0)?;
        dates.push(day);
        values.push(row.try_get_by_index(1)?);
        uncertain.push((day, certainty(row.try_get_by_index::<Option<String>>(2)?.as_deref())?));
    }
    let series = Series::new(dates, values).map_err(|error| DatabaseError::Corrupt(error.to_string()))?;
    Ok(series.uncertain_on(uncertain))
}
