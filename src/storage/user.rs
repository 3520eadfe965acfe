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
use super::statement::ask;
use crate::auth::{PermissionSet, Role};
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
    /// The code of that role, which tells a tenant's own ones apart.
    pub role_code: String,
    /// Whether the person may log in.
    pub active: bool,
    /// When the address was proved to be the person's.
    pub email_verified_at: Option<DateTime<Utc>>,
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
            role: Role::of_code(&row.role_code),
            role_code: row.role_code,
            email_verified_at: row.email_verified_at,
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

/// What a person is and may do, and which of their log-ins have been ended lately.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The address that the person logs in with.
    pub email: String,
    /// The person's role.
    pub role: Role,
    /// Whether the person may log in.
    pub active: bool,
    /// What the role permits.
    pub permissions: PermissionSet,
    /// Log-ins whose access tokens are not good any more.
    pub ended: Vec<Uuid>,
}

const PROFILE: &str = "
SELECT u.email, u.role_code, u.status = 'ACTIVE' AS active,
    (SELECT string_agg(p.permission, ' ') FROM role_permission p WHERE p.role_code = u.role_code) AS permissions,
    (SELECT string_agg(s.id::text, ' ') FROM sign_in s WHERE s.user_id = u.id AND s.ended_at > $2) AS ended
FROM dim_user u WHERE u.id = $1";

/// A person's profile, with the log-ins that were ended after `ended_after`.
pub async fn profile<S: Realm>(
    session: &Session<S>,
    id: Uuid,
    ended_after: DateTime<Utc>,
) -> Result<Option<Profile>, DatabaseError> {
    let Some(row) = ask(session, PROFILE, [id.into(), ended_after.into()]).await?.into_iter().next() else {
        return Ok(None);
    };
    let corrupt = |error: &dyn std::fmt::Display| DatabaseError::Corrupt(error.to_string());
    let text = |name: &str| row.try_get::<Option<String>>("", name).map(Option::unwrap_or_default);
    let permissions = text("permissions")?;
    let permissions = permissions.split_whitespace().map(|code| code.parse().map_err(|error| corrupt(&error)));
    let ended = text("ended")?;
    let ended = ended.split_whitespace().map(|id| id.parse().map_err(|error| corrupt(&error)));
    Ok(Some(Profile {
        email: row.try_get("", "email")?,
        role: Role::of_code(&row.try_get::<String>("", "role_code")?),
        active: row.try_get("", "active")?,
        permissions: permissions.collect::<Result<_, _>>()?,
        ended: ended.collect::<Result<_, _>>()?,
    }))
}

/// Adds a person. [`DatabaseError::AlreadyExists`] where the address is taken.
pub async fn insert<S: Realm>(session: &Session<S>, user: &User) -> Result<(), DatabaseError> {
    let row = dim_user::ActiveModel {
        id: Set(user.id),
        email: Set(user.email.clone()),
        name: Set(user.name.clone()),
        role_code: Set(user.role_code.clone()),
        email_verified_at: Set(user.email_verified_at),
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

/// Stores a person's role, and whether they may log in, as they stand in `user`.
pub async fn update_access<S: Realm>(session: &Session<S>, user: &User) -> Result<(), DatabaseError> {
    let row = dim_user::ActiveModel {
        id: Set(user.id),
        role_code: Set(user.role_code.clone()),
        status: Set(if user.active { "ACTIVE" } else { "DISABLED" }.to_owned()),
        version: Set(user.version),
        updated_at: Set(user.updated_at),
        ..Default::default()
    };
    row.into_active_model().update(session).await?;
    Ok(())
}

/// Stores a person's address as it stands in `user`. [`DatabaseError::AlreadyExists`] where it is taken.
pub async fn update_email<S: Realm>(session: &Session<S>, user: &User) -> Result<(), DatabaseError> {
    let row = dim_user::ActiveModel {
        id: Set(user.id),
        email: Set(user.email.clone()),
        email_verified_at: Set(user.email_verified_at),
        version: Set(user.version),
        updated_at: Set(user.updated_at),
        ..Default::default()
    };
    row.into_active_model().update(session).await?;
    Ok(())
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
