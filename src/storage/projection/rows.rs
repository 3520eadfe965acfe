//! The rows of the projections, and how many of them are written at once.

use domain::ledger::{CashPeriod, Flow, Lot, LotMatch, PositionPeriod};
use uuid::Uuid;

use crate::storage::columns::Columns;
use crate::storage::copy::CopyRows;
use crate::storage::row_sink::RowSink;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// From so many rows on, COPY is quicker than arrays: its closing message costs 40 ms, an array's row some microseconds.
const COPY_FROM: usize = 5_000;
/// Rows that are made into text at a time.
const CHUNK: usize = 20_000;

/// A row that is computed for a portfolio.
pub(super) trait Stored {
    /// How many columns it has.
    const WIDTH: usize;
    /// Inserts rows given as one array a column, or puts them in the place of those with their keys.
    const INSERT: &'static str;
    /// Takes rows from a stream.
    const COPY: &'static str;

    /// Its cells, in the order of the columns.
    fn cells(&self, portfolio: Uuid, row: &mut impl RowSink);
}

/// Writes rows that are not there yet.
pub(super) async fn write<R: Stored + Sync>(
    session: &Session<Tenant>,
    portfolio: Uuid,
    rows: &[R],
) -> Result<(), DatabaseError> {
    if rows.len() >= COPY_FROM {
        let chunks = rows.chunks(CHUNK).map(|chunk| {
            let mut copy = CopyRows::default();
            for row in chunk {
                row.cells(portfolio, &mut copy);
                copy.end_row();
            }
            copy.into_chunk()
        });
        session.copy_in(R::COPY, chunks).await?;
        return Ok(());
    }
    put(session, portfolio, rows).await
}

/// Writes rows, also in the place of those that are there under their keys.
pub(super) async fn put<R: Stored + Sync>(
    session: &Session<Tenant>,
    portfolio: Uuid,
    rows: &[R],
) -> Result<(), DatabaseError> {
    for rows in rows.chunks(CHUNK) {
        let mut columns = Columns::new(R::WIDTH);
        for row in rows {
            row.cells(portfolio, &mut columns);
        }
        session.insert_columns(R::INSERT, columns.into_columns()).await?;
    }
    Ok(())
}

impl Stored for Lot {
    const WIDTH: usize = 11;
    const INSERT: &'static str = "\
        INSERT INTO lot (transaction_id, portfolio_id, account_id, instrument_id, ordinal, opened_on, closed_on, \
        quantity_opened, quantity_remaining, cost_local, cost_base) SELECT * FROM unnest($1::uuid[], $2::uuid[], \
        $3::uuid[], $4::uuid[], $5::text[]::integer[], $6::date[], $7::date[], $8::numeric[], $9::numeric[], \
        $10::numeric[], $11::numeric[]) ON CONFLICT (transaction_id, account_id, instrument_id, ordinal) DO UPDATE \
        SET opened_on = excluded.opened_on, closed_on = excluded.closed_on, quantity_opened = \
        excluded.quantity_opened, quantity_remaining = excluded.quantity_remaining, cost_local = \
        excluded.cost_local, cost_base = excluded.cost_base";
    const COPY: &'static str = "\
        COPY lot (transaction_id, portfolio_id, account_id, instrument_id, ordinal, opened_on, closed_on, \
        quantity_opened, quantity_remaining, cost_local, cost_base) FROM STDIN";

    fn cells(&self, portfolio: Uuid, row: &mut impl RowSink) {
        row.id(self.opened_by.uuid()).id(portfolio).id(self.account.uuid()).id(self.instrument.uuid());
        row.cell(self.ordinal).day(self.opened_on).optional_day(self.closed_on);
        row.decimal(self.quantity_opened)
            .decimal(self.quantity_remaining)
            .decimal(self.cost_local)
            .decimal(self.cost_base);
    }
}

impl Stored for LotMatch {
    const WIDTH: usize = 15;
    const INSERT: &'static str = "\
        INSERT INTO lot_match (sale_transaction_id, account_id, instrument_id, ordinal, lot_transaction_id, \
        lot_account_id, lot_ordinal, portfolio_id, opened_on, closed_on, quantity, cost_local, cost_base, \
        proceeds_local, proceeds_base) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], \
        $4::text[]::integer[], $5::uuid[], $6::uuid[], $7::text[]::integer[], $8::uuid[], $9::date[], $10::date[], \
        $11::numeric[], $12::numeric[], $13::numeric[], $14::numeric[], $15::numeric[]) ON CONFLICT \
        (sale_transaction_id, account_id, instrument_id, ordinal) DO UPDATE SET lot_transaction_id = \
        excluded.lot_transaction_id, lot_account_id = excluded.lot_account_id, lot_ordinal = excluded.lot_ordinal, \
        opened_on = excluded.opened_on, closed_on = excluded.closed_on, quantity = excluded.quantity, cost_local = \
        excluded.cost_local, cost_base = excluded.cost_base, proceeds_local = excluded.proceeds_local, proceeds_base \
        = excluded.proceeds_base";
    const COPY: &'static str = "\
        COPY lot_match (sale_transaction_id, account_id, instrument_id, ordinal, lot_transaction_id, \
        lot_account_id, lot_ordinal, portfolio_id, opened_on, closed_on, quantity, cost_local, cost_base, \
        proceeds_local, proceeds_base) FROM STDIN";

    fn cells(&self, portfolio: Uuid, row: &mut impl RowSink) {
        row.id(self.sale.uuid()).id(self.account.uuid()).id(self.instrument.uuid()).cell(self.ordinal);
        row.optional_id(self.lot.map(|lot| lot.uuid())).optional_id(self.lot.map(|_| self.lot_account.uuid()));
        row.optional(self.lot.map(|_| self.lot_ordinal)).id(portfolio).day(self.opened_on).day(self.closed_on);
        row.decimal(self.quantity).decimal(self.cost_local).decimal(self.cost_base);
        row.decimal(self.proceeds_local).decimal(self.proceeds_base);
    }
}

impl Stored for PositionPeriod {
    const WIDTH: usize = 16;
    const INSERT: &'static str = "\
        INSERT INTO fact_daily_positions (account_id, instrument_id, valid_from, valid_until, portfolio_id, \
        quantity, cost_local, cost_base, realized_local, realized_base, income_local, income_base, withholding_base, \
        fees_base, taxes_base, expensed_base) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[], $4::date[], \
        $5::uuid[], $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[], $11::numeric[], \
        $12::numeric[], $13::numeric[], $14::numeric[], $15::numeric[], $16::numeric[]) ON CONFLICT (account_id, \
        instrument_id, valid_from) DO UPDATE SET valid_until = excluded.valid_until, quantity = excluded.quantity, \
        cost_local = excluded.cost_local, cost_base = excluded.cost_base, realized_local = excluded.realized_local, \
        realized_base = excluded.realized_base, income_local = excluded.income_local, income_base = \
        excluded.income_base, withholding_base = excluded.withholding_base, fees_base = excluded.fees_base, \
        taxes_base = excluded.taxes_base, expensed_base = excluded.expensed_base";
    const COPY: &'static str = "\
        COPY fact_daily_positions (account_id, instrument_id, valid_from, valid_until, portfolio_id, \
        quantity, cost_local, cost_base, realized_local, realized_base, income_local, income_base, \
        withholding_base, fees_base, taxes_base, expensed_base) FROM STDIN";

    fn cells(&self, portfolio: Uuid, row: &mut impl RowSink) {
        row.id(self.account.uuid()).id(self.instrument.uuid()).day(self.valid_from).optional_day(self.valid_until);
        row.id(portfolio).decimal(self.quantity).decimal(self.cost_local).decimal(self.cost_base);
        row.decimal(self.realized_local)
            .decimal(self.realized_base)
            .decimal(self.income_local)
            .decimal(self.income_base);
        row.decimal(self.withholding_base).decimal(self.fees_base).decimal(self.taxes_base).decimal(self.expensed_base);
    }
}

impl Stored for CashPeriod {
    const WIDTH: usize = 10;
    const INSERT: &'static str = "\
        INSERT INTO fact_daily_cash (account_id, currency, valid_from, valid_until, portfolio_id, amount, unsettled, \
        interest_base, fees_base, taxes_base) SELECT * FROM unnest($1::uuid[], $2::text[], $3::date[], $4::date[], \
        $5::uuid[], $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[])";
    const COPY: &'static str = "\
        COPY fact_daily_cash (account_id, currency, valid_from, valid_until, portfolio_id, amount, \
        unsettled, interest_base, fees_base, taxes_base) FROM STDIN";

    fn cells(&self, portfolio: Uuid, row: &mut impl RowSink) {
        row.id(self.account.uuid()).cell(self.currency).day(self.valid_from).optional_day(self.valid_until);
        row.id(portfolio).decimal(self.amount).decimal(self.unsettled);
        row.decimal(self.interest_base).decimal(self.fees_base).decimal(self.taxes_base);
    }
}

impl Stored for Flow {
    const WIDTH: usize = 11;
    const INSERT: &'static str = "\
        INSERT INTO fact_daily_flows (transaction_id, account_id, portfolio_id, counter_account_id, date, currency, \
        amount, amount_base, instrument_id, quantity, cost_base) SELECT * FROM unnest($1::uuid[], $2::uuid[], \
        $3::uuid[], $4::uuid[], $5::date[], $6::text[], $7::numeric[], $8::numeric[], $9::uuid[], $10::numeric[], \
        $11::numeric[])";
    const COPY: &'static str = "\
        COPY fact_daily_flows (transaction_id, account_id, portfolio_id, counter_account_id, date, currency, \
        amount, amount_base, instrument_id, quantity, cost_base) FROM STDIN";

    fn cells(&self, portfolio: Uuid, row: &mut impl RowSink) {
        row.id(self.transaction.uuid()).id(self.account.uuid()).id(portfolio);
        row.optional_id(self.counter_account.map(|account| account.uuid()));
        row.day(self.date).cell(self.currency).decimal(self.amount).decimal(self.amount_base);
        row.optional_id(self.in_kind.map(|units| units.instrument.uuid()));
        row.optional_decimal(self.in_kind.map(|units| units.quantity));
        row.optional_decimal(self.in_kind.map(|units| units.cost_base));
    }
}
