//! Writing what was computed: a whole portfolio's, or what an edit of its ledger changes.

use std::collections::HashSet;

use domain::ledger::{Booking, CashChange, CashPeriod, Change, Lot, LotMatch, PositionChange, PositionPeriod};
use domain::money::{ArithmeticError, Currency};
use entity::tenant::{fact_daily_cash, fact_daily_flows, fact_daily_positions, lot, lot_match};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::rows::write;
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
        .filter(fact_daily_positions::Column::PortfolioId.eq(portfolio))
        .exec(session)
        .await?;
    fact_daily_cash::Entity::delete_many()
        .filter(fact_daily_cash::Column::PortfolioId.eq(portfolio))
        .exec(session)
        .await?;
    fact_daily_flows::Entity::delete_many()
        .filter(fact_daily_flows::Column::PortfolioId.eq(portfolio))
        .exec(session)
        .await?;
    Ok(())
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
    let gone = change.lots_removed.iter().copied().chain(change.lots.iter().map(Lot::key));
    delete_keys(session, DELETE_LOTS, gone).await?;
    write(session, portfolio, &change.lots).await?;
    let gone = change.matches_removed.iter().copied().chain(change.matches.iter().map(LotMatch::key));
    delete_keys(session, DELETE_MATCHES, gone).await?;
    write(session, portfolio, &change.matches).await?;
    change_positions(session, portfolio, &change.positions).await?;
    change_cash(session, portfolio, &change.cash).await?;
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
    DELETE FROM lot USING unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (c1, c2, c3, c4) WHERE \
    account_id = c1::uuid AND instrument_id = c2::uuid AND transaction_id = c3::uuid AND ordinal = c4::integer";
const DELETE_MATCHES: &str = "\
    DELETE FROM lot_match USING unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (c1, c2, c3, c4) WHERE \
    account_id = c1::uuid AND instrument_id = c2::uuid AND sale_transaction_id = c3::uuid AND ordinal = c4::integer";

async fn delete_keys(
    session: &Session<Tenant>,
    statement: &'static str,
    keys: impl Iterator<Item = domain::ledger::LotKey>,
) -> Result<(), DatabaseError> {
    let mut columns = Columns::new(4);
    for (account, instrument, entry, ordinal) in keys {
        columns.cell(account.uuid()).cell(instrument.uuid()).cell(entry.uuid()).cell(ordinal);
    }
    if !columns.is_empty() {
        session.insert_columns(statement, columns.into_columns()).await?;
    }
    Ok(())
}

const DELETE_POSITIONS: &str = "\
    DELETE FROM fact_daily_positions USING unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (c1, c2, c3, \
    c4) WHERE account_id = c1::uuid AND instrument_id = c2::uuid AND valid_from >= c3::date";
/// The row before the first changed one holds until that, or for good.
const END_POSITIONS: &str = "\
    UPDATE fact_daily_positions SET valid_until = c4::date FROM unnest($1::text[], $2::text[], $3::text[], \
    $4::text[]) AS k (c1, c2, c3, c4) WHERE account_id = c1::uuid AND instrument_id = c2::uuid AND valid_from < \
    c3::date AND (valid_until IS NULL OR valid_until >= c3::date)";

async fn change_positions(
    session: &Session<Tenant>,
    portfolio: Uuid,
    changes: &[PositionChange],
) -> Result<(), DatabaseError> {
    if changes.is_empty() {
        return Ok(());
    }
    for statement in [DELETE_POSITIONS, END_POSITIONS] {
        let mut columns = Columns::new(4);
        for change in changes {
            columns.cell(change.account.uuid()).cell(change.instrument.uuid()).cell(change.from);
            columns.optional(change.rows.first().map(|row| row.valid_from));
        }
        session.insert_columns(statement, columns.into_columns()).await?;
    }
    let rows: Vec<PositionPeriod> = changes.iter().flat_map(|change| change.rows.iter().cloned()).collect();
    write(session, portfolio, &rows).await
}

const DELETE_CASH: &str = "\
    DELETE FROM fact_daily_cash USING unnest($1::text[], $2::text[], $3::text[]) AS k (c1, c2, c3) WHERE account_id \
    = c1::uuid AND currency = c2 AND valid_from >= c3::date";

async fn change_cash(session: &Session<Tenant>, portfolio: Uuid, changes: &[CashChange]) -> Result<(), ChangeError> {
    let Some(from) = changes.iter().filter_map(CashChange::from).min() else { return Ok(()) };
    let stored = stored_cash(session, changes, from).await?;
    let mut gone = Columns::new(3);
    let mut rows: Vec<CashPeriod> = Vec::new();
    for change in changes {
        let own: Vec<CashPeriod> = stored
            .iter()
            .filter(|row| (row.account, row.currency) == (change.account, change.currency))
            .cloned()
            .collect();
        if let Some(first) = own.first() {
            gone.cell(change.account.uuid()).cell(change.currency).cell(first.valid_from);
        }
        rows.extend(change.applied(&own)?);
    }
    if !gone.is_empty() {
        session.insert_columns(DELETE_CASH, gone.into_columns()).await?;
    }
    Ok(write(session, portfolio, &rows).await?)
}

/// The rows of the changed balances from the one that holds on the day before `from` on.
async fn stored_cash(
    session: &Session<Tenant>,
    changes: &[CashChange],
    from: chrono::NaiveDate,
) -> Result<Vec<CashPeriod>, DatabaseError> {
    use fact_daily_cash::Column;
    let accounts: HashSet<Uuid> = changes.iter().map(|change| change.account.uuid()).collect();
    let currencies: HashSet<Currency> = changes.iter().map(|change| change.currency).collect();
    let rows = fact_daily_cash::Entity::find()
        .filter(Column::AccountId.is_in(accounts))
        .filter(Column::Currency.is_in(currencies.iter().map(Currency::as_str)))
        .filter(Condition::any().add(Column::ValidUntil.is_null()).add(Column::ValidUntil.gte(from)))
        .order_by_asc(Column::ValidFrom)
        .all(session)
        .await?;
    rows.into_iter().map(super::cash_period).collect()
}
