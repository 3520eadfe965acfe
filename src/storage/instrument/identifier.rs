//! By what instruments are known, and when.

use chrono::NaiveDate;
use domain::identifier::Scheme;
use entity::market::dim_identifier::{Column, Entity, Model};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::storage::statement::ask;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// An identifier of an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    /// Whose it is.
    pub instrument_id: Uuid,
    /// Of which kind.
    pub scheme: Scheme,
    /// The identifier.
    pub value: String,
    /// The market of a ticker, the provider of a provider's symbol, else empty.
    pub qualifier: String,
    /// Since when; nothing where that is not known.
    pub valid_from: Option<NaiveDate>,
    /// Until before this day; nothing where it still is.
    pub valid_until: Option<NaiveDate>,
}

/// The identifiers of these instruments, by scheme and from the latest to the earliest.
pub async fn of_instruments(session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Identifier>, DatabaseError> {
    let rows = Entity::find()
        .filter(Column::InstrumentId.is_in(ids.iter().copied()))
        .order_by_asc(Column::InstrumentId)
        .order_by_asc(Column::Scheme)
        .order_by_desc(Column::ValidUntil)
        .order_by_asc(Column::Value)
        .all(session)
        .await?;
    let identifier = |row: Model| {
        let scheme = Scheme::of_code(&row.scheme).ok_or_else(|| {
            DatabaseError::Corrupt(format!("the identifier {} has the scheme {}", row.id, row.scheme))
        })?;
        let Model { instrument_id, value, qualifier, valid_from, valid_until, .. } = row;
        Ok(Identifier { instrument_id, scheme, value, qualifier, valid_from, valid_until })
    };
    rows.into_iter().map(identifier).collect()
}

const KNOWN_BY: &str = "
SELECT id FROM (
    SELECT s.id, s.symbol, s.mic FROM market.dim_identifier i JOIN market.dim_stock s ON s.id = i.instrument_id
    WHERE i.scheme = $1 AND i.value = $2 AND ($3 = '' OR i.qualifier = $3)
        AND coalesce(i.valid_from <= $4, true) AND coalesce(i.valid_until > $4, true)
    UNION
    SELECT p.id, p.symbol, '' FROM dim_private_instrument p
    WHERE $3 = '' AND ($1 = 'ISIN' AND p.isin = $2 OR $1 = 'TICKER' AND p.symbol = $2)
) found
ORDER BY symbol, mic, id LIMIT 100";

/// The instruments that are known by an identifier on a day, a hundred at the most, by symbol; `qualifier` may be empty.
pub async fn known_by(
    session: &Session<Tenant>,
    scheme: Scheme,
    value: &str,
    qualifier: &str,
    day: NaiveDate,
) -> Result<Vec<Uuid>, DatabaseError> {
    let values = [scheme.code().into(), value.into(), qualifier.into(), day.into()];
    let rows = ask(session, KNOWN_BY, values).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}
