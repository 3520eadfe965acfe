//! By which state of the market's corporate actions portfolios are booked, and which are behind.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use crate::tenancy::{DatabaseError, Session, Tenant};

/// A portfolio that is booked without what the market has done since.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub struct Behind {
    /// The portfolio.
    pub portfolio_id: Uuid,
    /// The first day on which its books may differ.
    pub since: NaiveDate,
}

#[derive(FromQueryResult)]
struct Since {
    since: Option<NaiveDate>,
}

/// Which instruments are asked about.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    /// Those that the ledger names.
    All,
    /// Of those, these.
    These(&'a BTreeSet<Uuid>),
}

/// Instruments that its ledger does not name yet are not behind: they are booked for the first time now.
const BEHIND_OF: &str = "\
    SELECT min(c.changed_from) AS since \
    FROM portfolio_booked b JOIN market.meta_action_change c ON c.version > b.market_version AND c.version <= $2 \
    WHERE b.portfolio_id = $1 AND ($3 IS NULL OR c.instrument_id = ANY (string_to_array($3, ',')::uuid[])) \
    AND EXISTS (SELECT FROM fact_portfolio_transactions t WHERE t.portfolio_id = $1 \
    AND (t.instrument_id = c.instrument_id OR t.counter_instrument_id = c.instrument_id))";

/// From which day on a portfolio's books lack what the market did to instruments; nothing where they lack nothing. The portfolio
/// is locked by the caller.
pub async fn behind_of(
    session: &Session<Tenant>,
    portfolio: Uuid,
    version: i64,
    instruments: Of<'_>,
) -> Result<Option<NaiveDate>, DatabaseError> {
    let named = match instruments {
        Of::All => None,
        Of::These(instruments) => Some(list(instruments.iter())),
    };
    let values = [portfolio.into(), version.into(), named.into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, BEHIND_OF, values);
    Ok(Since::find_by_statement(statement).one(session).await?.and_then(|row| row.since))
}

const NEXT_BEHIND: &str = "\
    SELECT b.portfolio_id, min(c.changed_from) AS since \
    FROM portfolio_booked b JOIN market.meta_action_change c ON c.version > b.market_version AND c.version <= $1 \
    WHERE b.market_version < $1 AND b.portfolio_id <> ALL (string_to_array($2, ',')::uuid[]) \
    AND EXISTS (SELECT FROM fact_portfolio_transactions t WHERE t.portfolio_id = b.portfolio_id \
    AND (t.instrument_id = c.instrument_id OR t.counter_instrument_id = c.instrument_id)) \
    GROUP BY b.portfolio_id ORDER BY b.portfolio_id LIMIT 1";

/// The next portfolio that is behind, but for some.
pub async fn next_behind(
    session: &Session<Tenant>,
    version: i64,
    but: &[Uuid],
) -> Result<Option<Behind>, DatabaseError> {
    let values = [version.into(), list(but.iter()).into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, NEXT_BEHIND, values);
    Ok(Behind::find_by_statement(statement).one(session).await?)
}

const PUT: &str = "\
    INSERT INTO portfolio_booked (portfolio_id, market_version) VALUES ($1, $2) \
    ON CONFLICT (portfolio_id) DO UPDATE SET market_version = greatest(portfolio_booked.market_version, $2)";

/// Notes that all of a portfolio is booked by a version. The portfolio is new, or locked by the caller.
pub async fn put(session: &Session<Tenant>, portfolio: Uuid, version: i64) -> Result<(), DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, PUT, [portfolio.into(), version.into()]);
    session.execute_raw(statement).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

/// Whoever writes to a ledger now says by itself by what it is booked.
const LOCK_OLDER: &str = "\
    SELECT p.id FROM portfolio p JOIN portfolio_booked b ON b.portfolio_id = p.id WHERE b.market_version < $1 \
    ORDER BY p.id FOR UPDATE OF p SKIP LOCKED";

const ADVANCE: &str = "\
    UPDATE portfolio_booked b SET market_version = $1 \
    WHERE b.portfolio_id = ANY (string_to_array($2, ',')::uuid[]) AND b.market_version < $1 AND NOT EXISTS ( \
        SELECT FROM market.meta_action_change c JOIN fact_portfolio_transactions t \
        ON t.portfolio_id = b.portfolio_id \
        AND (t.instrument_id = c.instrument_id OR t.counter_instrument_id = c.instrument_id) \
        WHERE c.version > b.market_version AND c.version <= $1 \
    )";

/// Notes that books which nothing has happened to are those of a later version, too. Ledgers are looked at when they are locked,
/// by a second statement: the first would not see what was committed while it waited.
pub async fn advance(session: &Session<Tenant>, version: i64) -> Result<(), DatabaseError> {
    let lock = Statement::from_sql_and_values(DbBackend::Postgres, LOCK_OLDER, [version.into()]);
    let older = Id::find_by_statement(lock).all(session).await?;
    if !older.is_empty() {
        let values = [version.into(), list(older.iter().map(|row| &row.id)).into()];
        session.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, ADVANCE, values)).await?;
    }
    Ok(())
}

/// Several ids as one parameter.
fn list<'a>(ids: impl Iterator<Item = &'a Uuid>) -> String {
    ids.map(Uuid::to_string).collect::<Vec<_>>().join(",")
}
