//! Instruments, currencies and corporate actions: read by everyone, written by the data pipeline.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use domain::ledger::{MarketDividend, OptionRight, OptionTerms};
use domain::money::Currency;
use entity::market::{dim_currency, dim_stock, fact_corporate_action};
use rust_decimal::Decimal;
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::statement::ask;
use crate::tenancy::{DatabaseError, Session, Tenant};

pub mod identifier;
pub mod listing;
pub mod private;
pub mod search;
pub mod sector;
pub mod succession;

/// What a bond pays, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BondTerms {
    /// Per year, as a fraction of the face: 0.05 is 5 %.
    pub coupon_rate: Decimal,
    /// Coupons a year; 0 for a bond without.
    pub coupon_frequency: i16,
    /// How days are counted, by its code.
    pub day_count: String,
    /// When the face is paid back.
    pub maturity: NaiveDate,
    /// What a unit pays back, in the bond's currency.
    pub face: Decimal,
}

/// An instrument as stored.
#[derive(Clone, Debug)]
pub struct Instrument {
    /// Its id.
    pub id: Uuid,
    /// Its ticker at `mic`.
    pub symbol: String,
    /// Its name.
    pub name: String,
    /// STOCK, ETF, FUND, INDEX, CRYPTO, BOND, OPTION, CURRENCY or PRIVATE.
    pub asset_type: String,
    /// The market it trades on, by ISO 10383 code; XXXX for none.
    pub mic: String,
    /// The currency that a price times the multiplier is in; XXX where it is not known.
    pub currency: Currency,
    /// What the market quotes it in: the currency, or a hundredth of it such as GBX.
    pub quote_unit: String,
    /// The ISO 3166 code of its country, where known.
    pub country: Option<String>,
    /// Its ISIN, where known.
    pub isin: Option<String>,
    /// Its sector's code.
    pub sector_code: Option<String>,
    /// The code of the narrowest part of its sector that is known.
    pub industry_code: Option<String>,
    /// Its first day of trading, where known.
    pub listed_on: Option<NaiveDate>,
    /// Its first day without trading, where known.
    pub delisted_on: Option<NaiveDate>,
    /// Whether it is no longer traded.
    pub delisted: bool,
    /// Money per unit of quantity and price.
    pub price_multiplier: Decimal,
    /// Whether its prices come by hand, from a tenant's people.
    pub manually_priced: bool,
    /// What a contract is about, for an option.
    pub option: Option<OptionTerms>,
    /// What it pays, for a bond whose terms are known.
    pub bond: Option<BondTerms>,
    /// Of the tenant's own, which nobody else sees, how often it was changed, from 1 on; nothing for the market's.
    pub own_version: Option<i64>,
}

impl Instrument {
    /// Whether it is an index, which can be compared with and not held.
    pub fn is_index(&self) -> bool {
        self.asset_type == "INDEX"
    }

    /// Whether it is the tenant's own, which nobody else sees.
    pub fn is_private(&self) -> bool {
        self.own_version.is_some()
    }
}

impl TryFrom<dim_stock::Model> for Instrument {
    type Error = DatabaseError;

    fn try_from(row: dim_stock::Model) -> Result<Self, DatabaseError> {
        Ok(Self {
            option: option(&row)?,
            bond: bond(row.coupon_rate, row.coupon_frequency, row.day_count, row.maturity, row.face),
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
            quote_unit: row.quote_unit,
            country: row.country,
            industry_code: row.industry_code,
            listed_on: row.listed_on,
            delisted_on: row.delisted_on,
            delisted: row.delisted,
            own_version: None,
        })
    }
}

fn bond(
    coupon_rate: Option<Decimal>,
    coupon_frequency: Option<i16>,
    day_count: Option<String>,
    maturity: Option<NaiveDate>,
    face: Option<Decimal>,
) -> Option<BondTerms> {
    Some(BondTerms {
        coupon_rate: coupon_rate?,
        coupon_frequency: coupon_frequency?,
        day_count: day_count?,
        maturity: maturity?,
        face: face?,
    })
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

/// The market's instruments with these ids, in no order.
pub async fn by_ids(session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Instrument>, DatabaseError> {
    let rows = dim_stock::Entity::find().filter(dim_stock::Column::Id.is_in(ids.iter().copied())).all(session).await?;
    rows.into_iter().map(Instrument::try_from).collect()
}

/// An instrument that is called so, and from when until before when.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The symbol that was asked for.
    pub symbol: String,
    /// What is, or was, called so.
    pub instrument: Instrument,
    /// Since when; nothing where that is not known.
    pub valid_from: Option<NaiveDate>,
    /// Until before this day; nothing where it still is.
    pub valid_until: Option<NaiveDate>,
}

impl Listing {
    /// Whether it is called so on a day.
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_until.is_none_or(|until| day < until)
    }
}

const CALLED: &str = "
SELECT s.*, i.value AS asked, i.valid_from AS asked_from, i.valid_until AS asked_until
FROM market.dim_identifier i JOIN market.dim_stock s ON s.id = i.instrument_id
WHERE i.scheme = 'TICKER' AND i.value = ANY ($1)";

/// What is or was called by these symbols, of the market and of the tenant's own; a symbol may stand on several markets.
pub async fn by_symbols(session: &Session<Tenant>, symbols: &[String]) -> Result<Vec<Listing>, DatabaseError> {
    let mut found = Vec::new();
    for row in ask(session, CALLED, [symbols.to_vec().into()]).await? {
        found.push(Listing {
            symbol: row.try_get("", "asked")?,
            instrument: dim_stock::Model::from_query_result(&row, "")?.try_into()?,
            valid_from: row.try_get("", "asked_from")?,
            valid_until: row.try_get("", "asked_until")?,
        });
    }
    for instrument in private::by_symbols(session, symbols).await? {
        found.push(Listing { symbol: instrument.symbol.clone(), instrument, valid_from: None, valid_until: None });
    }
    Ok(found)
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

/// Those of these currencies that are known. The code for no currency is none of them.
pub async fn known_currencies(
    session: &Session<Tenant>,
    currencies: &BTreeSet<Currency>,
) -> Result<BTreeSet<Currency>, DatabaseError> {
    let codes: Vec<String> = currencies.iter().map(Currency::to_string).filter(|code| code != "XXX").collect();
    let rows = dim_currency::Entity::find().filter(dim_currency::Column::Code.is_in(codes)).all(session).await?;
    rows.iter().map(|row| super::currency(&row.code)).collect()
}
