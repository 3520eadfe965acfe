//! Log-ins: one row a family of refresh tokens.

use chrono::{DateTime, Utc};
use entity::realm::sign_in;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::Page;
use super::statement::run;
use crate::tenancy::{DatabaseError, Realm, Session};

/// What is kept of a client's description of itself.
const MAX_USER_AGENT: usize = 300;

/// A log-in.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Its id, which its tokens carry.
    pub id: Uuid,
    /// Whose it is.
    pub user: Uuid,
    /// When it began.
    pub begun_at: DateTime<Utc>,
    /// From which network address.
    pub address: Option<String>,
    /// With which program, in that program's words.
    pub user_agent: Option<String>,
    /// When it was last prolonged.
    pub last_used_at: DateTime<Utc>,
    /// From which network address.
    pub last_address: Option<String>,
    /// When it ends unless it is prolonged.
    pub expires_at: DateTime<Utc>,
    /// When it was ended.
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<sign_in::Model> for SignIn {
    fn from(row: sign_in::Model) -> Self {
        Self {
            id: row.id,
            user: row.user_id,
            begun_at: row.begun_at,
            address: row.address,
            user_agent: row.user_agent,
            last_used_at: row.last_used_at,
            last_address: row.last_address,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
        }
    }
}

const PROLONG: &str = "
INSERT INTO sign_in (id, user_id, begun_at, address, user_agent, last_used_at, last_address, expires_at)
VALUES ($1, $2, $3, $4, $5, $3, $4, $6)
ON CONFLICT (id) DO UPDATE SET last_used_at = excluded.last_used_at, last_address = excluded.last_address,
    expires_at = excluded.expires_at";
const END: &str = "UPDATE sign_in SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
const END_TOKENS: &str = "UPDATE session SET revoked_at = $2 WHERE family_id = $1 AND revoked_at IS NULL";
const END_ALL: &str = "
UPDATE sign_in SET ended_at = $2
WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND id IS DISTINCT FROM $3";
const END_ALL_TOKENS: &str = "
UPDATE session SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL AND family_id IS DISTINCT FROM $3";

/// Notes that a log-in began or was prolonged.
pub async fn prolong<S: Realm>(session: &Session<S>, sign_in: &SignIn) -> Result<(), DatabaseError> {
    let user_agent = sign_in.user_agent.as_ref().map(|agent| agent.chars().take(MAX_USER_AGENT).collect::<String>());
    let values = [
        sign_in.id.into(),
        sign_in.user.into(),
        sign_in.last_used_at.into(),
        sign_in.last_address.clone().into(),
        user_agent.into(),
        sign_in.expires_at.into(),
    ];
    run(session, PROLONG, values).await?;
    Ok(())
}

fn live(user: Uuid, now: DateTime<Utc>) -> Select<sign_in::Entity> {
    sign_in::Entity::find()
        .filter(sign_in::Column::UserId.eq(user))
        .filter(sign_in::Column::EndedAt.is_null())
        .filter(sign_in::Column::ExpiresAt.gt(now))
}

/// The log-ins of a person that have not ended, the latest first.
pub async fn page<S: Realm>(
    session: &Session<S>,
    user: Uuid,
    now: DateTime<Utc>,
    page: Page<Uuid>,
) -> Result<Vec<SignIn>, DatabaseError> {
    let mut query = live(user, now).order_by_desc(sign_in::Column::Id).limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(sign_in::Column::Id.lt(after));
    }
    Ok(query.all(session).await?.into_iter().map(SignIn::from).collect())
}

/// How many of a person's log-ins have not ended.
pub async fn count<S: Realm>(session: &Session<S>, user: Uuid, now: DateTime<Utc>) -> Result<u64, DatabaseError> {
    Ok(live(user, now).count(session).await?)
}

/// The log-in with this id.
pub async fn by_id<S: Realm>(session: &Session<S>, id: Uuid) -> Result<Option<SignIn>, DatabaseError> {
    Ok(sign_in::Entity::find_by_id(id).one(session).await?.map(SignIn::from))
}

/// Ends a log-in with all its tokens. The caller holds its person's lock, as whoever gives out tokens does.
pub async fn end<S: Realm>(session: &Session<S>, id: Uuid, now: DateTime<Utc>) -> Result<(), DatabaseError> {
    run(session, END, [id.into(), now.into()]).await?;
    run(session, END_TOKENS, [id.into(), now.into()]).await?;
    Ok(())
}

/// Ends a person's log-ins, but one where one is named; returns how many. The caller holds the person's lock.
pub async fn end_all<S: Realm>(
    session: &Session<S>,
    user: Uuid,
    keep: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<u64, DatabaseError> {
    let ended = run(session, END_ALL, [user.into(), now.into(), keep.into()]).await?;
    run(session, END_ALL_TOKENS, [user.into(), now.into(), keep.into()]).await?;
    Ok(ended)
}
