//! What became of instruments, and when.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use entity::market::dim_succession::{Column, Entity, Model};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Value};
use uuid::Uuid;

use crate::storage::statement::{run, statement};
use crate::tenancy::{DatabaseError, Market, Session, Tenant};

/// How one instrument follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuccessionKind {
    /// It was merged into the other, which goes on.
    Merger,
    /// The other was made of a part of it. It goes on too.
    SpinOff,
    /// It goes on as the other.
    Rename,
}

impl SuccessionKind {
    /// As it is stored, and as files have it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Merger => "MERGER",
            Self::SpinOff => "SPIN_OFF",
            Self::Rename => "RENAME",
        }
    }
}

impl FromStr for SuccessionKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Merger, Self::SpinOff, Self::Rename];
        let found = all.into_iter().find(|kind| kind.code() == text);
        found.ok_or_else(|| format!("{text} is not one of {}", all.map(Self::code).join(", ")))
    }
}

/// That one instrument follows another from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession {
    /// Its id.
    pub id: Uuid,
    /// What was before.
    pub predecessor: Uuid,
    /// What follows it.
    pub successor: Uuid,
    /// How.
    pub kind: SuccessionKind,
    /// From which day on.
    pub effective_on: NaiveDate,
}

fn succession(row: Model) -> Result<Succession, DatabaseError> {
    let kind =
        row.kind.parse().map_err(|error| DatabaseError::Corrupt(format!("the succession {}: {error}", row.id)))?;
    let Model { id, predecessor_id, successor_id, effective_on, .. } = row;
    Ok(Succession { id, predecessor: predecessor_id, successor: successor_id, kind, effective_on })
}

/// What these instruments followed, and what followed them, by day.
pub async fn of_instruments(session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Succession>, DatabaseError> {
    let either = Condition::any()
        .add(Column::PredecessorId.is_in(ids.iter().copied()))
        .add(Column::SuccessorId.is_in(ids.iter().copied()));
    let rows =
        Entity::find().filter(either).order_by_asc(Column::EffectiveOn).order_by_asc(Column::Id).all(session).await?;
    rows.into_iter().map(succession).collect()
}

/// Adds one; `false` where there is one of these two instruments and this day.
pub async fn add(session: &Session<Market>, new: &Succession, now: DateTime<Utc>) -> Result<bool, DatabaseError> {
    const ADD: &str = "
        INSERT INTO dim_succession (id, predecessor_id, successor_id, kind, effective_on, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let Succession { id, predecessor, successor, kind, effective_on } = *new;
    let values: [Value; 6] =
        [id.into(), predecessor.into(), successor.into(), kind.code().into(), effective_on.into(), now.into()];
    Ok(run(session, ADD, values).await? > 0)
}

/// Takes one away, and returns what it was; nothing where there is none with this id.
pub async fn remove(session: &Session<Market>, id: Uuid) -> Result<Option<Succession>, DatabaseError> {
    const REMOVE: &str = "DELETE FROM dim_succession WHERE id = $1 RETURNING *";
    let row = session.query_one_raw(statement(REMOVE, [id.into()])).await?;
    row.map(|row| succession(sea_orm::FromQueryResult::from_query_result(&row, "")?)).transpose()
}

/// Takes successions in, as columns of one length: ids of new ones, predecessors, kinds, days, successors. Of two instruments and a
/// day the file is right, and of the file its last row. Returns how many are new or another than before.
pub async fn set(
    session: &Session<Market>,
    columns: [Vec<String>; 5],
    now: DateTime<Utc>,
) -> Result<u64, DatabaseError> {
    const SET: &str = "
        INSERT INTO dim_succession AS d (id, predecessor_id, kind, effective_on, successor_id, created_at)
        SELECT DISTINCT ON (least(predecessor, successor), greatest(predecessor, successor), day)
            id::uuid, predecessor::uuid, kind, day::date, successor::uuid, $6
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
            WITH ORDINALITY AS s (id, predecessor, kind, day, successor, line)
        ORDER BY least(predecessor, successor), greatest(predecessor, successor), day, line DESC
        ON CONFLICT (least(predecessor_id, successor_id), greatest(predecessor_id, successor_id), effective_on)
        DO UPDATE SET predecessor_id = excluded.predecessor_id, successor_id = excluded.successor_id, kind = excluded.kind
        WHERE (d.predecessor_id, d.kind) IS DISTINCT FROM (excluded.predecessor_id, excluded.kind)";
    run(session, SET, columns.map(Value::from).into_iter().chain([now.into()])).await
}
