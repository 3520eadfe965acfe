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
    /// Inserts rows given as one array a column.
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
    } else if !rows.is_empty() {
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
        quantity_opened, quantity_remaining, cost_local, cost_base) SELECT c1::uuid, c2::uuid, c3::uuid, c4::uuid, \
        c5::integer, c6::date, c7::date, c8::numeric, c9::numeric, c10::numeric, c11::numeric FROM unnest($1::text[], \
        $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], \
        $11::text[]) AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11)";
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
        proceeds_local, proceeds_base) SELECT c1::uuid, c2::uuid, c3::uuid, c4::integer, c5::uuid, c6::uuid, \
        c7::integer, c8::uuid, c9::date, c10::date, c11::numeric, c12::numeric, c13::numeric, c14::numeric, \
        c15::numeric FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], \
        $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], \
        $15::text[]) AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15)";
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
        fees_base, taxes_base, expensed_base) SELECT c1::uuid, c2::uuid, c3::date, c4::date, c5::uuid, c6::numeric, \
        c7::numeric, c8::numeric, c9::numeric, c10::numeric, c11::numeric, c12::numeric, c13::numeric, c14::numeric, \
        c15::numeric, c16::numeric FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], \
        $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], \
        $14::text[], $15::text[], $16::text[]) AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, \
        c15, c16)";
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
        interest_base, fees_base, taxes_base) SELECT c1::uuid, c2, c3::date, c4::date, c5::uuid, c6::numeric, \
        c7::numeric, c8::numeric, c9::numeric, c10::numeric FROM unnest($1::text[], $2::text[], $3::text[], \
        $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]) AS r (c1, c2, c3, c4, c5, \
        c6, c7, c8, c9, c10)";
    const COPY: &'static str = "\
        COPY fact_daily_cash (account_id, currency, valid_from, valid_until, portfolio_id, amount, \
        unsettled, interest_base, fees_base, taxes_base) FROM STDIN";

    fn cells(&self, portfolio: Uuid, row: &mut impl RowSink) {
        row.cell(self.account.uuid()).cell(self.currency).cell(self.valid_from).optional(self.valid_until);
        row.cell(portfolio).cell(self.amount).cell(self.unsettled);
        row.cell(self.interest_base).cell(self.fees_base).cell(self.taxes_base);
    }
}

impl Stored for Flow {
    const WIDTH: usize = 11;
    const INSERT: &'static str = "\
        INSERT INTO fact_daily_flows (transaction_id, account_id, portfolio_id, counter_account_id, date, currency, \
        amount, amount_base, instrument_id, quantity, cost_base) SELECT c1::uuid, c2::uuid, c3::uuid, c4::uuid, \
        c5::date, c6, c7::numeric, c8::numeric, c9::uuid, c10::numeric, c11::numeric FROM unnest($1::text[], \
        $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], \
        $11::text[]) AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11)";
    const COPY: &'static str = "\
        COPY fact_daily_flows (transaction_id, account_id, portfolio_id, counter_account_id, date, currency, \
        amount, amount_base, instrument_id, quantity, cost_base) FROM STDIN";

    fn cells(&self, portfolio: Uuid, row: &mut impl RowSink) {
        row.cell(self.transaction.uuid()).cell(self.account.uuid()).cell(portfolio);
        row.optional(self.counter_account.map(|account| account.uuid()));
        row.cell(self.date).cell(self.currency).cell(self.amount).cell(self.amount_base);
        row.optional(self.in_kind.map(|units| units.instrument.uuid()));
        row.optional(self.in_kind.map(|units| units.quantity)).optional(self.in_kind.map(|units| units.cost_base));
    }
}
