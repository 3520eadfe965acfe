//! What is computed from the ledger: lots, matches, positions, cash, flows. Replaced as a whole per portfolio, in the
//! transaction that changed the ledger.

use chrono::NaiveDate;
use domain::ledger::{Booking, CashPeriod, Flow, InKind, PositionPeriod};
use entity::tenant::{fact_daily_cash, fact_daily_flows, fact_daily_positions, lot, lot_match};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::columns::Columns;
use crate::tenancy::{DatabaseError, Session, Tenant};

const LOTS: &str = "\
    INSERT INTO lot (transaction_id, portfolio_id, account_id, instrument_id, ordinal, opened_on, closed_on, \
    quantity_opened, quantity_remaining, cost_local, cost_base) SELECT c1::uuid, c2::uuid, c3::uuid, c4::uuid, \
    c5::integer, c6::date, c7::date, c8::numeric, c9::numeric, c10::numeric, c11::numeric FROM unnest($1::text[], \
    $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], \
    $11::text[]) AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11)";
const MATCHES: &str = "\
    INSERT INTO lot_match (sale_transaction_id, account_id, instrument_id, ordinal, lot_transaction_id, \
    portfolio_id, opened_on, closed_on, quantity, cost_local, cost_base, proceeds_local, proceeds_base) SELECT \
    c1::uuid, c2::uuid, c3::uuid, c4::integer, c5::uuid, c6::uuid, c7::date, c8::date, c9::numeric, c10::numeric, \
    c11::numeric, c12::numeric, c13::numeric FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], \
    $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], \
    $13::text[]) AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13)";
const POSITIONS: &str = "\
    INSERT INTO fact_daily_positions (account_id, instrument_id, valid_from, valid_until, portfolio_id, \
    quantity, cost_local, cost_base, realized_local, realized_base, income_local, income_base, withholding_base, \
    fees_base, taxes_base, expensed_base) SELECT c1::uuid, c2::uuid, c3::date, c4::date, c5::uuid, c6::numeric, \
    c7::numeric, c8::numeric, c9::numeric, c10::numeric, c11::numeric, c12::numeric, c13::numeric, c14::numeric, \
    c15::numeric, c16::numeric FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], \
    $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], \
    $14::text[], $15::text[], $16::text[]) AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, \
    c15, c16)";
const CASH: &str = "\
    INSERT INTO fact_daily_cash (account_id, currency, valid_from, valid_until, portfolio_id, amount, unsettled, \
    interest_base, fees_base, taxes_base) SELECT c1::uuid, c2, c3::date, c4::date, c5::uuid, c6::numeric, \
    c7::numeric, c8::numeric, c9::numeric, c10::numeric FROM unnest($1::text[], $2::text[], $3::text[], \
    $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]) AS r (c1, c2, c3, c4, c5, \
    c6, c7, c8, c9, c10)";
const FLOWS: &str = "\
    INSERT INTO fact_daily_flows (transaction_id, account_id, portfolio_id, counter_account_id, date, currency, \
    amount, amount_base, instrument_id, quantity, cost_base) SELECT c1::uuid, c2::uuid, c3::uuid, c4::uuid, \
    c5::date, c6, c7::numeric, c8::numeric, c9::uuid, c10::numeric, c11::numeric FROM unnest($1::text[], \
    $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], \
    $11::text[]) AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11)";

/// Puts a booking in place of what was computed for the portfolio before.
pub async fn replace(session: &Session<Tenant>, portfolio: Uuid, booking: &Booking) -> Result<(), DatabaseError> {
    clear(session, portfolio).await?;
    let mut rows = Columns::new(11);
    for lot in &booking.lots {
        rows.cell(lot.opened_by.uuid()).cell(portfolio).cell(lot.account.uuid()).cell(lot.instrument.uuid());
        rows.cell(lot.ordinal)
            .cell(lot.opened_on)
            .optional(lot.closed_on)
            .cell(lot.quantity_opened)
            .cell(lot.quantity_remaining);
        rows.cell(lot.cost_local).cell(lot.cost_base);
    }
    insert(session, LOTS, rows).await?;
    let mut rows = Columns::new(13);
    for part in &booking.matches {
        rows.cell(part.sale.uuid()).cell(part.account.uuid()).cell(part.instrument.uuid()).cell(part.ordinal);
        rows.optional(part.lot.map(|lot| lot.uuid())).cell(portfolio).cell(part.opened_on).cell(part.closed_on);
        rows.cell(part.quantity).cell(part.cost_local).cell(part.cost_base);
        rows.cell(part.proceeds_local).cell(part.proceeds_base);
    }
    insert(session, MATCHES, rows).await?;
    let mut rows = Columns::new(16);
    for period in &booking.positions {
        rows.cell(period.account.uuid()).cell(period.instrument.uuid()).cell(period.valid_from);
        rows.optional(period.valid_until).cell(portfolio).cell(period.quantity);
        rows.cell(period.cost_local).cell(period.cost_base).cell(period.realized_local).cell(period.realized_base);
        rows.cell(period.income_local).cell(period.income_base).cell(period.withholding_base);
        rows.cell(period.fees_base).cell(period.taxes_base).cell(period.expensed_base);
    }
    insert(session, POSITIONS, rows).await?;
    let mut rows = Columns::new(10);
    for period in &booking.cash {
        rows.cell(period.account.uuid()).cell(period.currency).cell(period.valid_from).optional(period.valid_until);
        rows.cell(portfolio).cell(period.amount).cell(period.unsettled);
        rows.cell(period.interest_base).cell(period.fees_base).cell(period.taxes_base);
    }
    insert(session, CASH, rows).await?;
    let mut rows = Columns::new(11);
    for flow in &booking.flows {
        rows.cell(flow.transaction.uuid()).cell(flow.account.uuid()).cell(portfolio);
        rows.optional(flow.counter_account.map(|account| account.uuid()));
        rows.cell(flow.date).cell(flow.currency).cell(flow.amount).cell(flow.amount_base);
        rows.optional(flow.in_kind.map(|units| units.instrument.uuid()));
        rows.optional(flow.in_kind.map(|units| units.quantity)).optional(flow.in_kind.map(|units| units.cost_base));
    }
    insert(session, FLOWS, rows).await
}

async fn insert(session: &Session<Tenant>, statement: &'static str, rows: Columns) -> Result<(), DatabaseError> {
    if !rows.is_empty() {
        session.insert_columns(statement, rows.into_columns()).await?;
    }
    Ok(())
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

/// What was held in these portfolios at any close from one day to another, both included.
pub async fn positions(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(Uuid, PositionPeriod)>, DatabaseError> {
    use fact_daily_positions::Column;
    let rows = fact_daily_positions::Entity::find()
        .filter(Column::PortfolioId.is_in(portfolios.iter().copied()))
        .filter(Column::ValidFrom.lte(to))
        .filter(Condition::any().add(Column::ValidUntil.is_null()).add(Column::ValidUntil.gt(from)))
        .order_by_asc(Column::AccountId)
        .order_by_asc(Column::InstrumentId)
        .order_by_asc(Column::ValidFrom)
        .all(session)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let period = PositionPeriod {
                account: row.account_id.into(),
                instrument: row.instrument_id.into(),
                valid_from: row.valid_from,
                valid_until: row.valid_until,
                quantity: row.quantity,
                cost_local: row.cost_local,
                cost_base: row.cost_base,
                realized_local: row.realized_local,
                realized_base: row.realized_base,
                income_local: row.income_local,
                income_base: row.income_base,
                withholding_base: row.withholding_base,
                fees_base: row.fees_base,
                taxes_base: row.taxes_base,
                expensed_base: row.expensed_base,
            };
            (row.portfolio_id, period)
        })
        .collect())
}

/// The cash of these portfolios at any close from one day to another, both included.
pub async fn cash(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(Uuid, CashPeriod)>, DatabaseError> {
    use fact_daily_cash::Column;
    let rows = fact_daily_cash::Entity::find()
        .filter(Column::PortfolioId.is_in(portfolios.iter().copied()))
        .filter(Column::ValidFrom.lte(to))
        .filter(Condition::any().add(Column::ValidUntil.is_null()).add(Column::ValidUntil.gt(from)))
        .order_by_asc(Column::AccountId)
        .order_by_asc(Column::Currency)
        .order_by_asc(Column::ValidFrom)
        .all(session)
        .await?;
    rows.into_iter()
        .map(|row| {
            let period = CashPeriod {
                account: row.account_id.into(),
                currency: super::currency(&row.currency)?,
                valid_from: row.valid_from,
                valid_until: row.valid_until,
                amount: row.amount,
                unsettled: row.unsettled,
                interest_base: row.interest_base,
                fees_base: row.fees_base,
                taxes_base: row.taxes_base,
            };
            Ok((row.portfolio_id, period))
        })
        .collect()
}

/// Which flows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// Those that crossed the border of the portfolio.
    Portfolio,
    /// Those that crossed the border of an account, also to another one of the portfolio.
    Account,
}

/// What came into or left these portfolios, or their accounts, from one day to another, both included; by day.
pub async fn flows(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
    border: Border,
) -> Result<Vec<(Uuid, Flow)>, DatabaseError> {
    use fact_daily_flows::Column;
    let external = (border == Border::Portfolio).then(|| Column::CounterAccountId.is_null());
    let rows = fact_daily_flows::Entity::find()
        .filter(Condition::all().add_option(external))
        .filter(Column::PortfolioId.is_in(portfolios.iter().copied()))
        .filter(Column::Date.between(from, to))
        .order_by_asc(Column::Date)
        .order_by_asc(Column::TransactionId)
        .order_by_asc(Column::AccountId)
        .all(session)
        .await?;
    rows.into_iter()
        .map(|row| {
            let in_kind = match (row.instrument_id, row.quantity, row.cost_base) {
                (Some(instrument), Some(quantity), Some(cost_base)) => {
                    Some(InKind { instrument: instrument.into(), quantity, cost_base })
                }
                _ => None,
            };
            let flow = Flow {
                transaction: row.transaction_id.into(),
                account: row.account_id.into(),
                counter_account: row.counter_account_id.map(Into::into),
                date: row.date,
                currency: super::currency(&row.currency)?,
                amount: row.amount,
                amount_base: row.amount_base,
                in_kind,
            };
            Ok((row.portfolio_id, flow))
        })
        .collect()
}
