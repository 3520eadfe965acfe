//! A tenant's own instruments, which nobody else sees. They are priced by hand.

use chrono::{DateTime, Utc};
use entity::tenant::dim_private_instrument::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::{BondTerms, Instrument, bond};
use crate::storage::currency;
use crate::storage::instrument_load::NO_MARKET;
use crate::tenancy::{DatabaseError, Session, Tenant};

impl TryFrom<Model> for Instrument {
    type Error = DatabaseError;

    fn try_from(row: Model) -> Result<Self, DatabaseError> {
        Ok(Self {
            bond: bond(row.coupon_rate, row.coupon_frequency, row.day_count, row.maturity, row.face),
            id: row.id,
            symbol: row.symbol,
            name: row.name,
            asset_type: row.asset_type,
            mic: NO_MARKET.to_owned(),
            currency: currency(&row.currency)?,
            quote_unit: row.currency,
            country: row.country,
            isin: row.isin,
            industry_code: row.sector_code.clone(),
            sector_code: row.sector_code,
            listed_on: None,
            delisted_on: None,
            delisted: false,
            price_multiplier: row.price_multiplier,
            manually_priced: true,
            option: None,
            own_version: Some(row.version),
        })
    }
}

/// The tenant's own instruments with these ids, in no order.
pub async fn by_ids(session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Instrument>, DatabaseError> {
    let rows = Entity::find().filter(Column::Id.is_in(ids.iter().copied())).all(session).await?;
    rows.into_iter().map(Instrument::try_from).collect()
}

/// The tenant's own instruments with these symbols.
pub async fn by_symbols(session: &Session<Tenant>, symbols: &[String]) -> Result<Vec<Instrument>, DatabaseError> {
    let rows = Entity::find().filter(Column::Symbol.is_in(symbols.iter().cloned())).all(session).await?;
    rows.into_iter().map(Instrument::try_from).collect()
}

/// How many the tenant has.
pub async fn count(session: &Session<Tenant>) -> Result<u64, DatabaseError> {
    Ok(Entity::find().count(session).await?)
}

/// One of the tenant's own, locked until the transaction ends.
pub async fn lock(session: &Session<Tenant>, id: Uuid) -> Result<Option<Instrument>, DatabaseError> {
    Entity::find_by_id(id).lock_exclusive().one(session).await?.map(Instrument::try_from).transpose()
}

/// Adds one; `false` where another has its symbol.
pub async fn add(session: &Session<Tenant>, new: &Instrument, now: DateTime<Utc>) -> Result<bool, DatabaseError> {
    let row = ActiveModel { created_at: Set(now), ..columns(new, now) };
    let unless_taken = OnConflict::column(Column::Symbol).do_nothing().to_owned();
    let insert = Entity::insert(row).on_conflict(unless_taken).exec_without_returning(session).await;
    match insert {
        Err(DbErr::RecordNotInserted) => Ok(false),
        added => Ok(added? > 0),
    }
}

/// Changes one.
pub async fn update(session: &Session<Tenant>, changed: &Instrument, now: DateTime<Utc>) -> Result<(), DatabaseError> {
    columns(changed, now).update(session).await?;
    Ok(())
}

fn columns(instrument: &Instrument, now: DateTime<Utc>) -> ActiveModel {
    let bond = instrument.bond.clone();
    let bond = bond.map(|BondTerms { coupon_rate, coupon_frequency, day_count, maturity, face }| {
        (coupon_rate, coupon_frequency, (day_count, maturity, face))
    });
    let (coupon_rate, coupon_frequency, rest) = unzip(bond);
    let (day_count, maturity, face) = unzip(rest);
    ActiveModel {
        id: Set(instrument.id),
        symbol: Set(instrument.symbol.clone()),
        name: Set(instrument.name.clone()),
        asset_type: Set(instrument.asset_type.clone()),
        currency: Set(instrument.currency.to_string()),
        country: Set(instrument.country.clone()),
        isin: Set(instrument.isin.clone()),
        sector_code: Set(instrument.sector_code.clone()),
        price_multiplier: Set(instrument.price_multiplier),
        coupon_rate: Set(coupon_rate),
        coupon_frequency: Set(coupon_frequency),
        day_count: Set(day_count),
        maturity: Set(maturity),
        face: Set(face),
        version: Set(instrument.own_version.unwrap_or(1)),
        updated_at: Set(now),
        ..Default::default()
    }
}

fn unzip<A, B, C>(three: Option<(A, B, C)>) -> (Option<A>, Option<B>, Option<C>) {
    three.map_or((None, None, None), |(a, b, c)| (Some(a), Some(b), Some(c)))
}
