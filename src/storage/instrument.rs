//! Instruments, currencies and corporate actions: read by everyone, written by the data pipeline.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use domain::ledger::{MarketDividend, OptionRight, OptionTerms};
use domain::money::Currency;
use entity::market::{dim_currency, dim_stock, fact_corporate_action};
use rust_decimal::Decimal;
use sea_orm::sea_query::Expr;
use sea_orm::sea_query::extension::postgres::PgExpr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::Page;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// An instrument as stored.
#[derive(Clone, Debug)]
pub struct Instrument {
    /// Its id.
    pub id: Uuid,
    /// Its ticker at `mic`.
    pub symbol: String,
    /// Its name.
    pub name: String,
    /// STOCK, ETF, FUND, INDEX, CRYPTO, BOND or OPTION.
    pub asset_type: String,
    /// The market it trades on, by ISO 10383 code.
    pub mic: String,
    /// The currency it is quoted in.
    pub currency: Currency,
    /// Its ISIN, where known.
    pub isin: Option<String>,
    /// Its sector's code.
    pub sector_code: Option<String>,
    /// Money per unit of quantity and price.
    pub price_multiplier: Decimal,
    /// Whether its prices come by hand, from a tenant's people.
    pub manually_priced: bool,
    /// What a contract is about, for an option.
    pub option: Option<OptionTerms>,
}

impl Instrument {
    /// Whether it is an index, which can be compared with and not held.
    pub fn is_index(&self) -> bool {
        self.asset_type == "INDEX"
    }
}

impl TryFrom<dim_stock::Model> for Instrument {
    type Error = DatabaseError;

    fn try_from(row: dim_stock::Model) -> Result<Self, DatabaseError> {
        Ok(Self {
            option: option(&row)?,
            id: row.id,
            symbol: row.symbol,
            name: row.name,
            asset_type: row.asset_type,
            mic: row.mic,
            currency: super::currency(&row.currency)?,
            isin: row.isin,
            sector_code: row.sector_code,
            price_multiplier: row.price_multiplier,
            manually_priced: row.price_source == "MANUAL",
        })
    }
}

fn option(row: &dim_stock::Model) -> Result<Option<OptionTerms>, DatabaseError> {
    let (Some(underlying), Some(right), Some(strike), Some(units_per_contract), Some(expiry)) =
        (row.underlying_id, &row.option_right, row.strike, row.units_per_contract, row.expiry)
    else {
        return Ok(None);
    };
    let right = match right.as_str() {
        "CALL" => OptionRight::Call,
        "PUT" => OptionRight::Put,
        other => return Err(DatabaseError::Corrupt(format!("the option {} has the right {other}", row.symbol))),
    };
    Ok(Some(OptionTerms { underlying: underlying.into(), right, strike, units_per_contract, expiry }))
}

/// The instruments with these ids, in no order.
pub async fn by_ids(session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Instrument>, DatabaseError> {
    let rows = dim_stock::Entity::find().filter(dim_stock::Column::Id.is_in(ids.iter().copied())).all(session).await?;
    rows.into_iter().map(Instrument::try_from).collect()
}

/// The instruments with these symbols; a symbol may stand on several markets.
pub async fn by_symbols(session: &Session<Tenant>, symbols: &[String]) -> Result<Vec<Instrument>, DatabaseError> {
    let rows =
        dim_stock::Entity::find().filter(dim_stock::Column::Symbol.is_in(symbols.iter().cloned())).all(session).await?;
    rows.into_iter().map(Instrument::try_from).collect()
}

fn matching(search: Option<&str>) -> Condition {
    let Some(search) = search.map(str::trim).filter(|search| !search.is_empty()) else {
        return Condition::all();
    };
    let escaped = search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Condition::any()
        .add(Expr::col(dim_stock::Column::Symbol).ilike(format!("{escaped}%")))
        .add(Expr::col(dim_stock::Column::Name).ilike(format!("%{escaped}%")))
        .add(dim_stock::Column::Isin.eq(search.to_uppercase()))
}

/// Instruments whose symbol begins with, whose name holds, or whose ISIN is the search text; by symbol.
pub async fn search(
    session: &Session<Tenant>,
    search: Option<&str>,
    page: Page<(String, Uuid)>,
) -> Result<Vec<Instrument>, DatabaseError> {
    let mut query = dim_stock::Entity::find()
        .filter(matching(search))
        .order_by_asc(dim_stock::Column::Symbol)
        .order_by_asc(dim_stock::Column::Id)
        .limit(page.limit);
    if let Some((symbol, id)) = page.after {
        query = query.filter(
            Condition::any()
                .add(dim_stock::Column::Symbol.gt(symbol.clone()))
                .add(Condition::all().add(dim_stock::Column::Symbol.eq(symbol)).add(dim_stock::Column::Id.gt(id))),
        );
    }
    query.all(session).await?.into_iter().map(Instrument::try_from).collect()
}

/// How many instruments the search text finds.
pub async fn count(session: &Session<Tenant>, search: Option<&str>) -> Result<u64, DatabaseError> {
    Ok(dim_stock::Entity::find().filter(matching(search)).count(session).await?)
}

/// A split of an instrument.
#[derive(Clone, Debug)]
pub struct Split {
    /// What was split.
    pub instrument_id: Uuid,
    /// The first day it trades divided.
    pub ex_date: NaiveDate,
    /// Units after.
    pub numerator: Decimal,
    /// Units before.
    pub denominator: Decimal,
}

/// A cash dividend of an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dividend {
    /// Its id.
    pub id: Uuid,
    /// What pays.
    pub instrument_id: Uuid,
    /// The first day it trades without it.
    pub ex_date: NaiveDate,
    /// When it is paid, where that is known.
    pub pay_date: Option<NaiveDate>,
    /// What it pays per unit.
    pub terms: MarketDividend,
    /// Whether it is paid beside the ordinary ones.
    pub is_special: bool,
}

const SPECIAL: &str = "SPECIAL_DIVIDEND";

impl TryFrom<fact_corporate_action::Model> for Dividend {
    type Error = DatabaseError;

    fn try_from(row: fact_corporate_action::Model) -> Result<Self, DatabaseError> {
        let (Some(amount), Some(currency)) = (row.amount, &row.currency) else {
            return Err(DatabaseError::Corrupt(format!("the dividend {} has no amount", row.id)));
        };
        Ok(Self {
            id: row.id,
            instrument_id: row.instrument_id,
            ex_date: row.ex_date,
            pay_date: row.pay_date,
            terms: MarketDividend { amount, currency: super::currency(currency)? },
            is_special: row.r#type == SPECIAL,
        })
    }
}

/// The cash dividends of these instruments, by day; the ordinary one of a day before the special one.
pub async fn dividends(session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Dividend>, DatabaseError> {
    let rows = fact_corporate_action::Entity::find()
        .filter(fact_corporate_action::Column::InstrumentId.is_in(ids.iter().copied()))
        .filter(fact_corporate_action::Column::Type.is_in(["CASH_DIVIDEND", SPECIAL]))
        .order_by_asc(fact_corporate_action::Column::ExDate)
        .order_by_asc(fact_corporate_action::Column::Type)
        .all(session)
        .await?;
    rows.into_iter().map(Dividend::try_from).collect()
}

/// The cash dividends with these ids, in no order.
pub async fn dividends_by_ids(session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Dividend>, DatabaseError> {
    let rows = fact_corporate_action::Entity::find()
        .filter(fact_corporate_action::Column::Id.is_in(ids.iter().copied()))
        .all(session)
        .await?;
    rows.into_iter().map(Dividend::try_from).collect()
}

/// The splits of these instruments, by day.
pub async fn splits(session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Split>, DatabaseError> {
    let rows = fact_corporate_action::Entity::find()
        .filter(fact_corporate_action::Column::InstrumentId.is_in(ids.iter().copied()))
        .filter(fact_corporate_action::Column::Type.eq("SPLIT"))
        .order_by_asc(fact_corporate_action::Column::ExDate)
        .all(session)
        .await?;
    let split = |row: fact_corporate_action::Model| {
        let (Some(numerator), Some(denominator)) = (row.numerator, row.denominator) else {
            return Err(DatabaseError::Corrupt(format!("the split {} has no ratio", row.id)));
        };
        Ok(Split { instrument_id: row.instrument_id, ex_date: row.ex_date, numerator, denominator })
    };
    rows.into_iter().map(split).collect()
}

/// Those of these currencies that are known.
pub async fn known_currencies(
    session: &Session<Tenant>,
    currencies: &BTreeSet<Currency>,
) -> Result<BTreeSet<Currency>, DatabaseError> {
    let codes: Vec<String> = currencies.iter().map(Currency::to_string).collect();
    let rows = dim_currency::Entity::find().filter(dim_currency::Column::Code.is_in(codes)).all(session).await?;
    rows.iter().map(|row| super::currency(&row.code)).collect()
}
