//! People of a tenant, or operators of the platform.

use chrono::{DateTime, Utc};
use domain::money::Currency;
use entity::realm::dim_user;
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::Page;
use crate::auth::Role;
use crate::tenancy::{DatabaseError, Read, Realm, Session};

/// A person as stored.
#[derive(Clone, Debug)]
pub struct User {
    /// The id, unique across the installation.
    pub id: Uuid,
    /// The address that the person logs in with; unique in the realm whatever its case.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Whether the person may log in.
    pub active: bool,
    /// The currency that figures are shown in where none is asked for.
    pub currency: Currency,
    /// An IANA time zone.
    pub time_zone: String,
    /// A BCP 47 language tag.
    pub locale: String,
    /// Grows with each change.
    pub version: i64,
    /// Since when the record exists.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl TryFrom<dim_user::Model> for User {
    type Error = DatabaseError;

    fn try_from(row: dim_user::Model) -> Result<Self, DatabaseError> {
        Ok(Self {
            id: row.id,
            email: row.email,
            name: row.name,
            role: row.role_code.parse().map_err(|error| DatabaseError::Corrupt(format!("{error}")))?,
            active: row.status == "ACTIVE",
            currency: super::currency(&row.currency)?,
            time_zone: row.time_zone,
            locale: row.locale,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Adds a person. [`DatabaseError::AlreadyExists`] where the address is taken.
pub async fn insert<S: Realm>(session: &Session<S>, user: &User) -> Result<(), DatabaseError> {
    let row = dim_user::ActiveModel {
        id: Set(user.id),
        email: Set(user.email.clone()),
        name: Set(user.name.clone()),
        role_code: Set(user.role.to_string()),
        status: Set(if user.active { "ACTIVE" } else { "DISABLED" }.to_owned()),
        currency: Set(user.currency.to_string()),
        time_zone: Set(user.time_zone.clone()),
        locale: Set(user.locale.clone()),
        version: Set(user.version),
        created_at: Set(user.created_at),
        updated_at: Set(user.updated_at),
    };
    dim_user::Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

/// The person with this address, whatever its case.
pub async fn by_email<S: Realm>(session: &Session<S>, email: &str) -> Result<Option<User>, DatabaseError> {
    let same = Func::lower(Expr::col(dim_user::Column::Email)).eq(email.to_lowercase());
    dim_user::Entity::find().filter(same).one(session).await?.map(User::try_from).transpose()
}

/// The people with these ids, in no order.
pub async fn by_ids<S: Realm>(session: &Session<S>, ids: &[Uuid]) -> Result<Vec<User>, DatabaseError> {
    let rows = dim_user::Entity::find().filter(dim_user::Column::Id.is_in(ids.iter().copied())).all(session).await?;
    session.note_read(Read::Person, rows.iter().map(|row| row.id));
    rows.into_iter().map(User::try_from).collect()
}

/// People in the order of their making.
pub async fn page<S: Realm>(session: &Session<S>, page: Page<Uuid>) -> Result<Vec<User>, DatabaseError> {
    let mut query = dim_user::Entity::find().order_by_asc(dim_user::Column::Id).limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(dim_user::Column::Id.gt(after));
    }
    let rows = query.all(session).await?;
    session.note_read(Read::Person, rows.iter().map(|row| row.id));
    rows.into_iter().map(User::try_from).collect()
}

/// How many people there are.
pub async fn count<S: Realm>(session: &Session<S>) -> Result<u64, DatabaseError> {
    Ok(dim_user::Entity::find().count(session).await?)
}

/// The person, locked until the transaction ends.
pub async fn lock<S: Realm>(session: &Session<S>, id: Uuid) -> Result<Option<User>, DatabaseError> {
    dim_user::Entity::find_by_id(id).lock_exclusive().one(session).await?.map(User::try_from).transpose()
}

/// Stores a person's settings as they stand in `user`.
pub async fn update_settings<S: Realm>(session: &Session<S>, user: &User) -> Result<(), DatabaseError> {
    let row = dim_user::ActiveModel {
        id: Set(user.id),
        name: Set(user.name.clone()),
        currency: Set(user.currency.to_string()),
        time_zone: Set(user.time_zone.clone()),
        locale: Set(user.locale.clone()),
        version: Set(user.version),
        updated_at: Set(user.updated_at),
        ..Default::default()
    };
    row.into_active_model().update(session).await?;
    Ok(())
}
