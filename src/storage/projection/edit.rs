//! Writing what was computed: a whole portfolio's, or what an edit of its ledger changes.

mod cash;

use domain::ledger::{Booking, Change, LotKey, PositionKey};
use domain::money::ArithmeticError;
use entity::tenant::{account, fact_daily_cash, fact_daily_flows, fact_daily_positions, lot, lot_match};
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::rows::{put, write};
use crate::storage::columns::Columns;
use crate::storage::row_sink::RowSink;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// Puts a booking in place of what was computed for the portfolio before.
pub async fn replace(session: &Session<Tenant>, portfolio: Uuid, booking: &Booking) -> Result<(), DatabaseError> {
    clear(session, portfolio).await?;
    write(session, portfolio, &booking.lots).await?;
    write(session, portfolio, &booking.matches).await?;
    write(session, portfolio, &booking.positions).await?;
    write(session, portfolio, &booking.cash).await?;
    write(session, portfolio, &booking.flows).await
}

/// Adds what a part of the ledger comes to that the books had nothing of, but for its cash, which is a sum over the parts.
pub async fn append_part(session: &Session<Tenant>, portfolio: Uuid, booking: &Booking) -> Result<(), DatabaseError> {
    write(session, portfolio, &booking.lots).await?;
    write(session, portfolio, &booking.matches).await?;
    write(session, portfolio, &booking.positions).await?;
    write(session, portfolio, &booking.flows).await
}

async fn clear(session: &Session<Tenant>, portfolio: Uuid) -> Result<(), DatabaseError> {
    lot_match::Entity::delete_many().filter(lot_match::Column::PortfolioId.eq(portfolio)).exec(session).await?;
    lot::Entity::delete_many().filter(lot::Column::PortfolioId.eq(portfolio)).exec(session).await?;
    fact_daily_positions::Entity::delete_many()
        .filter(fact_daily_positions::Column::AccountId.in_subquery(accounts_of(portfolio)))
        .exec(session)
        .await?;
    fact_daily_cash::Entity::delete_many()
        .filter(fact_daily_cash::Column::AccountId.in_subquery(accounts_of(portfolio)))
        .exec(session)
        .await?;
    fact_daily_flows::Entity::delete_many()
        .filter(fact_daily_flows::Column::PortfolioId.eq(portfolio))
        .exec(session)
        .await?;
    Ok(())
}

/// Positions and balances are found by their accounts: they have no index of portfolios.
fn accounts_of(portfolio: Uuid) -> SelectStatement {
    Query::select()
        .column(account::Column::Id)
        .from(account::Entity)
        .and_where(account::Column::PortfolioId.eq(portfolio))
        .to_owned()
}

/// Why a change could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A balance that no exact decimal can hold.
    #[error(transparent)]
    Balance(#[from] ArithmeticError),
    /// Anything of the database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Changes what an edit changes, and nothing else.
pub async fn change(session: &Session<Tenant>, portfolio: Uuid, change: &Change) -> Result<(), ChangeError> {
    delete_keys(session, DELETE_LOTS, &change.lots_removed).await?;
    put(session, portfolio, &change.lots).await?;
    delete_keys(session, DELETE_MATCHES, &change.matches_removed).await?;
    put(session, portfolio, &change.matches).await?;
    delete_positions(session, &change.positions_removed).await?;
    put(session, portfolio, &change.positions).await?;
    cash::change(session, portfolio, &change.cash).await?;
    if !change.flows_removed.is_empty() {
        let entries = change.flows_removed.iter().map(|entry| entry.uuid());
        fact_daily_flows::Entity::delete_many()
            .filter(fact_daily_flows::Column::TransactionId.is_in(entries))
            .exec(session)
            .await
            .map_err(DatabaseError::from)?;
    }
    Ok(write(session, portfolio, &change.flows).await?)
}

const DELETE_LOTS: &str = "\
    DELETE FROM lot USING unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]::integer[]) AS k (c1, c2, c3, c4) \
    WHERE account_id = c1 AND instrument_id = c2 AND transaction_id = c3 AND ordinal = c4";
const DELETE_MATCHES: &str = "\
    DELETE FROM lot_match USING unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]::integer[]) AS k (c1, c2, c3, \
    c4) WHERE account_id = c1 AND instrument_id = c2 AND sale_transaction_id = c3 AND ordinal = c4";

async fn delete_keys(session: &Session<Tenant>, statement: &'static str, keys: &[LotKey]) -> Result<(), DatabaseError> {
    let mut columns = Columns::new(4);
    for &(account, instrument, entry, ordinal) in keys {
        columns.id(account.uuid()).id(instrument.uuid()).id(entry.uuid()).cell(ordinal);
    }
    if !columns.is_empty() {
        session.insert_columns(statement, columns.into_columns()).await?;
    }
    Ok(())
}

const DELETE_POSITIONS: &str = "\
    DELETE FROM fact_daily_positions USING unnest($1::uuid[], $2::uuid[], $3::date[]) AS k (c1, c2, c3) \
    WHERE account_id = c1 AND instrument_id = c2 AND valid_from = c3";

async fn delete_positions(session: &Session<Tenant>, keys: &[PositionKey]) -> Result<(), DatabaseError> {
    let mut columns = Columns::new(3);
    for &(account, instrument, day) in keys {
        columns.id(account.uuid()).id(instrument.uuid()).day(day);
    }
    if !columns.is_empty() {
        session.insert_columns(DELETE_POSITIONS, columns.into_columns()).await?;
    }
    Ok(())
}
