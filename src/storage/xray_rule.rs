//! Limits that a tenant sets on what portfolios are made of.

use chrono::{DateTime, Utc};
use domain::analytics::xray::{Bound, Measure};
use entity::tenant::xray_rule::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Session, Tenant};

/// What is limited, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// What is looked at.
    pub measure: Measure,
    /// The code of the part that is looked at; the largest where none is named.
    pub key: Option<String>,
    /// How many of the largest together, for their share.
    pub top: Option<u8>,
    /// On which side it is kept.
    pub bound: Bound,
    /// The threshold.
    pub threshold: f64,
}

/// A limit under its name.
#[derive(Clone, Debug, PartialEq)]
pub struct XrayRule {
    /// Its id.
    pub id: Uuid,
    /// What people call it; no other of the tenant's has the name.
    pub name: String,
    /// The limit.
    pub limit: Limit,
    /// When it was last set.
    pub set_at: DateTime<Utc>,
    /// By whom.
    pub set_by: Uuid,
}

const BOUNDS: [(&str, Bound); 2] = [("AT_MOST", Bound::AtMost), ("AT_LEAST", Bound::AtLeast)];

impl TryFrom<Model> for XrayRule {
    type Error = DatabaseError;

    fn try_from(row: Model) -> Result<Self, DatabaseError> {
        let corrupt = |what: &str| DatabaseError::Corrupt(format!("the rule {}: {what}", row.id));
        let bound = BOUNDS.iter().find(|(code, _)| *code == row.bound).map(|(_, bound)| *bound);
        let top = row.top.map(|top| u8::try_from(top).map_err(|_| corrupt("how many of the largest"))).transpose()?;
        let limit = Limit {
            measure: Measure::of_code(&row.measure).ok_or_else(|| corrupt(&row.measure))?,
            key: row.key.clone(),
            top,
            bound: bound.ok_or_else(|| corrupt(&row.bound))?,
            threshold: row.threshold,
        };
        Ok(Self { id: row.id, name: row.name, limit, set_at: row.set_at, set_by: row.set_by })
    }
}

/// All of them, by name.
pub async fn all(session: &Session<Tenant>) -> Result<Vec<XrayRule>, DatabaseError> {
    let rows = Entity::find().order_by_asc(Column::Name).all(session).await?;
    rows.into_iter().map(XrayRule::try_from).collect()
}

/// The one with this id.
pub async fn by_id(session: &Session<Tenant>, id: Uuid) -> Result<Option<XrayRule>, DatabaseError> {
    Entity::find_by_id(id).one(session).await?.map(XrayRule::try_from).transpose()
}

/// The one with this name, locked until the transaction ends.
pub async fn lock_named(session: &Session<Tenant>, name: &str) -> Result<Option<XrayRule>, DatabaseError> {
    let row = Entity::find().filter(Column::Name.eq(name)).lock_exclusive().one(session).await?;
    row.map(XrayRule::try_from).transpose()
}

/// How many there are.
pub async fn count(session: &Session<Tenant>) -> Result<u64, DatabaseError> {
    Ok(Entity::find().count(session).await?)
}

/// Writes one in place of whatever has its id.
pub async fn set(session: &Session<Tenant>, rule: &XrayRule) -> Result<(), DatabaseError> {
    let Limit { measure, key, top, bound, threshold } = &rule.limit;
    let row = ActiveModel {
        id: Set(rule.id),
        name: Set(rule.name.clone()),
        measure: Set(measure.code().to_owned()),
        key: Set(key.clone()),
        top: Set(top.map(i16::from)),
        bound: Set(BOUNDS.iter().find(|(_, of)| of == bound).map_or("", |(code, _)| code).to_owned()),
        threshold: Set(*threshold),
        set_at: Set(rule.set_at),
        set_by: Set(rule.set_by),
    };
    use Column::{Bound as BoundColumn, Id, Key, Measure as MeasureColumn, SetAt, SetBy, Threshold, Top};
    let columns = [MeasureColumn, Key, Top, BoundColumn, Threshold, SetAt, SetBy];
    let in_place = OnConflict::column(Id).update_columns(columns).to_owned();
    Entity::insert(row).on_conflict(in_place).exec_without_returning(session).await?;
    Ok(())
}

/// Removes one; `false` where there is none.
pub async fn remove(session: &Session<Tenant>, id: Uuid) -> Result<bool, DatabaseError> {
    Ok(Entity::delete_by_id(id).exec(session).await?.rows_affected > 0)
}
