//! Rows of a large file between the file and the ledger: staged by COPY, checked and published in sets.
//!
//! All of it happens in one session. Nothing that was staged outlives it.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ledger::{Transaction, TransactionKind};
use sea_orm::{DbErr, QueryResult, Value};
use uuid::Uuid;

use super::super::statement::{ask, run};
use super::{Activity, Dates, LedgerRow, RowColumns, lots, row};
use crate::storage::columns::Columns;
use crate::storage::copy::CopyRows;
use crate::storage::row_sink::RowSink;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// Lines that are published by one statement: what the server remembers of a statement's rows until their references are
/// checked stays small.
const PUBLISHED_AT_ONCE: i64 = 250_000;

/// What a row is left out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// It, or another of its event, is wrong.
    Wrong,
    /// A rule of the ledger refuses it.
    Refused,
    /// It, or another of its event, waits for a decision.
    Held,
}

impl LeftOut {
    fn code(self) -> &'static str {
        match self {
            Self::Wrong => "WRONG",
            Self::Refused => "REFUSED",
            Self::Held => "HELD",
        }
    }
}

/// A row of a file as the ledger would hold it.
#[derive(Debug)]
pub struct NewRow<'a> {
    /// Its line.
    pub line: u64,
    /// Its id in the ledger.
    pub id: Uuid,
    /// The file's name for its event.
    pub event: Option<&'a str>,
    /// What it is recognised by.
    pub identity: &'a str,
    /// Whether it stands, whatever the market knows.
    pub keeps_mine: bool,
    /// The account it belongs to.
    pub account: Uuid,
    /// The day it counts from.
    pub date: NaiveDate,
    /// Its other days.
    pub dates: Dates,
    /// What it says.
    pub activity: &'a Activity,
    /// The source's own id for it.
    pub external_id: Option<&'a str>,
    /// A remark.
    pub note: Option<&'a str>,
}

/// Rows on their way into staging.
pub struct NewRows {
    batch: Uuid,
    rows: CopyRows,
}

const STAGE: &str = "\
    COPY stg_transaction (batch_id, line, state, event_name, identity, keeps_mine, id, account_id, trade_date, \
    settlement_date, ex_date, pay_date, external_id, note, type, instrument_id, quantity, price, total, amount, fee, tax, \
    accrued_interest, currency, counter_amount, counter_currency, settlement_rate, ratio_numerator, ratio_denominator, \
    counter_account_id, counter_instrument_id, counter_quantity, counter_price, cost_fraction, opened_on, lots) FROM STDIN";
/// The columns of [`STAGE`] after those that a wrong row has.
const OF_RIGHT_ROWS: usize = 30;

impl NewRows {
    /// None yet.
    pub fn of(batch: Uuid) -> Self {
        Self { batch, rows: CopyRows::default() }
    }

    /// Adds a row.
    pub fn right(&mut self, new: &NewRow<'_>) {
        let columns = RowColumns::of(new.activity);
        let row = &mut self.rows;
        row.id(self.batch).cell(new.line).cell("READY").optional(new.event).cell(new.identity);
        row.cell(if new.keeps_mine { "t" } else { "f" }).id(new.id).id(new.account).day(new.date);
        row.optional_day(new.dates.settlement).optional_day(new.dates.ex).optional_day(new.dates.pay);
        row.optional(new.external_id).optional(new.note).cell(columns.code).optional_id(columns.instrument);
        row.optional_decimal(columns.quantity).optional_decimal(columns.price).optional_decimal(columns.total);
        row.optional_decimal(columns.amount).optional_decimal(columns.fee).optional_decimal(columns.tax);
        row.optional_decimal(columns.accrued_interest).optional(columns.currency);
        row.optional_decimal(columns.counter_amount).optional(columns.counter_currency);
        row.optional_decimal(columns.settlement_rate);
        row.optional_decimal(columns.ratio_numerator).optional_decimal(columns.ratio_denominator);
        row.optional_id(columns.counter_account).optional_id(columns.counter_instrument);
        row.optional_decimal(columns.counter_quantity).optional_decimal(columns.counter_price);
        row.optional_decimal(columns.cost_fraction).optional_day(columns.opened_on);
        row.optional(lots::written(&columns.lots));
        row.end_row();
    }

    /// Adds a row that is wrong, for the others of its event.
    pub fn wrong(&mut self, line: u64, event: &str) {
        let row = &mut self.rows;
        row.id(self.batch).cell(line).cell("WRONG").cell(event).optional(None::<&str>).cell("f");
        for _ in 0..OF_RIGHT_ROWS {
            row.optional(None::<&str>);
        }
        row.end_row();
    }

    /// The rows as one chunk.
    pub fn into_chunk(self) -> Vec<u8> {
        self.rows.into_chunk()
    }
}

/// Makes the session ready: a large file takes longer than any request may, and sorts more.
pub async fn begin(session: &Session<Tenant>) -> Result<(), DatabaseError> {
    for setting in [
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL work_mem = '64MB'",
        // The planner knows nothing of rows that were staged a moment ago and takes them to be few.
        "SET LOCAL enable_nestloop = off",
    ] {
        run(session, setting, []).await?;
    }
    Ok(())
}

/// Stages rows.
pub async fn stage(
    session: &Session<Tenant>,
    chunks: impl Iterator<Item = Vec<u8>> + Send,
) -> Result<u64, DatabaseError> {
    session.copy_in(STAGE, chunks).await
}

/// A row of an event of a file.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its line.
    pub line: u64,
    /// The event's name.
    pub event: String,
    /// What it says; nothing where it is wrong.
    pub row: Option<LedgerRow>,
}

const EVENT_ROWS: &str = "\
    SELECT line, id, account_id, type, trade_date, instrument_id, quantity, price, amount, fee, tax, currency, \
    counter_amount, counter_currency, settlement_rate, ratio_numerator, ratio_denominator, settlement_date, \
    opened_on, counter_account_id, counter_instrument_id, counter_quantity, counter_price, total, accrued_interest, \
    cost_fraction, lots, event_name FROM stg_transaction WHERE batch_id = $1 AND event_name > $2 \
    ORDER BY event_name, line LIMIT $3";

/// Rows of events, event by event, after the event of this name.
pub async fn event_rows(
    session: &Session<Tenant>,
    batch: Uuid,
    after: &str,
    limit: u64,
) -> Result<Vec<EventRow>, DatabaseError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = ask(session, EVENT_ROWS, [batch.into(), after.into(), limit.into()]).await?;
    let read = |row: &QueryResult| {
        let is_right = row.try_get_by_index::<Option<Uuid>>(1)?.is_some();
        Ok(EventRow {
            line: line(row, 0)?,
            event: row.try_get_by_index(27)?,
            row: if is_right { Some(ledger_row(row)?) } else { None },
        })
    };
    rows.iter().map(read).collect()
}

const LEAVE_OUT: &str = "\
    UPDATE stg_transaction s SET state = k.c3 FROM unnest($1::text[], $2::text[], $3::text[]) AS k (c1, c2, c3) WHERE \
    s.batch_id = c1::uuid AND s.line = c2::bigint";

/// Leaves out rows, given by their lines.
pub async fn leave_out(
    session: &Session<Tenant>,
    batch: Uuid,
    lines: impl IntoIterator<Item = u64>,
    why: LeftOut,
) -> Result<(), DatabaseError> {
    let mut columns = Columns::new(3);
    for line in lines {
        columns.cell(batch).cell(line).cell(why.code());
    }
    if !columns.is_empty() {
        session.insert_columns(LEAVE_OUT, columns.into_columns()).await?;
    }
    Ok(())
}

/// A delivery out and one in that are one transfer.
#[derive(Clone, Copy, Debug)]
pub struct Merged {
    /// The line of the delivery out, which becomes the transfer.
    pub out: u64,
    /// The line of the delivery in.
    pub into: u64,
    /// The account that receives.
    pub to: Uuid,
}

const BECOME_TRANSFERS: &str = "\
    UPDATE stg_transaction s SET type = 'TRANSFER', fee = NULL, currency = NULL, counter_account_id = c4::uuid, \
    other_line = c3::bigint FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (c1, c2, c3, c4) WHERE \
    s.batch_id = c1::uuid AND s.line = c2::bigint";
const BE_MERGED: &str = "\
    UPDATE stg_transaction s SET state = 'MERGED' FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (c1, c2, \
    c3, c4) WHERE s.batch_id = c1::uuid AND s.line = c3::bigint";

/// Makes one transfer of two deliveries each.
pub async fn merge(session: &Session<Tenant>, batch: Uuid, pairs: &[Merged]) -> Result<(), DatabaseError> {
    for update in [BECOME_TRANSFERS, BE_MERGED] {
        let mut columns = Columns::new(4);
        for pair in pairs {
            columns.cell(batch).cell(pair.out).cell(pair.into).cell(pair.to);
        }
        if !columns.is_empty() {
            session.insert_columns(update, columns.into_columns()).await?;
        }
    }
    Ok(())
}

/// Rows of one event carry the id of its first.
const TIE: &str = "\
    UPDATE stg_transaction s SET event_id = first.id FROM (SELECT DISTINCT ON (event_name) event_name, id FROM \
    stg_transaction WHERE batch_id = $1 AND event_name IS NOT NULL AND state = 'READY' ORDER BY event_name, line) first \
    WHERE s.batch_id = $1 AND s.state = 'READY' AND s.event_name = first.event_name";
/// Nearly all rows are the only ones of their identity.
const NUMBER: &str = "\
    WITH repeated AS (SELECT account_id, identity FROM stg_transaction WHERE batch_id = $1 AND state = 'READY' \
    GROUP BY account_id, identity HAVING count(*) > 1), numbered AS (SELECT s.line, row_number() OVER (PARTITION BY \
    s.account_id, s.identity ORDER BY s.line) AS occurrence FROM stg_transaction s JOIN repeated r ON r.account_id = \
    s.account_id AND r.identity = s.identity WHERE s.batch_id = $1 AND s.state = 'READY') UPDATE stg_transaction s SET \
    occurrence = n.occurrence FROM numbered n WHERE s.batch_id = $1 AND s.line = n.line AND n.occurrence > 1";
const ANY_IMPORTED: &str = "\
    SELECT 1 FROM fact_portfolio_transactions WHERE portfolio_id = $1 AND import_key IS NOT NULL LIMIT 1";
/// One that was reversed may come again: legs of an event are reversed together, and a correction and its reversal belong to the
/// event of what was corrected.
const SEE: &str = "\
    UPDATE stg_transaction s SET state = 'SEEN' FROM fact_portfolio_transactions f WHERE s.batch_id = $1 AND s.state = \
    'READY' AND f.portfolio_id = $2 AND f.account_id = s.account_id AND f.import_key = $3 || ':' || s.identity || ':' || \
    s.occurrence AND NOT EXISTS (SELECT FROM fact_portfolio_transactions r WHERE r.reverses_id IS NOT NULL AND r.reverses_id = \
    f.id) AND NOT EXISTS (SELECT FROM fact_portfolio_transactions r WHERE r.reverses_id IS NOT NULL AND r.event_id = f.event_id)";
const ANY_RECORDED: &str = "\
    SELECT 1 FROM fact_portfolio_transactions WHERE portfolio_id = $1 AND external_id IS NOT NULL AND import_key IS NULL LIMIT 1";
const SEE_RECORDED: &str = "\
    UPDATE stg_transaction s SET state = 'SEEN' FROM (SELECT f.account_id, 'id:' || f.external_id AS identity, count(*) AS \
    rows FROM fact_portfolio_transactions f WHERE f.portfolio_id = $2 AND f.external_id IS NOT NULL AND f.import_key IS NULL \
    AND f.type <> 'REVERSAL' AND NOT EXISTS (SELECT FROM fact_portfolio_transactions r WHERE r.reverses_id IS NOT NULL AND \
    r.reverses_id = f.id) AND NOT EXISTS (SELECT FROM fact_portfolio_transactions c WHERE c.supersedes_id IS NOT NULL AND \
    c.supersedes_id = f.id) GROUP BY f.account_id, f.external_id) k \
    WHERE s.batch_id = $1 AND s.state = 'READY' AND k.account_id = s.account_id AND k.identity = s.identity AND s.occurrence \
    <= k.rows";

const ANY_HELD: &str = "SELECT 1 FROM held_transaction WHERE portfolio_id = $1 LIMIT 1";
const SEE_HELD: &str = "\
    UPDATE stg_transaction s SET state = 'SEEN' FROM held_transaction h CROSS JOIN LATERAL jsonb_array_elements(h.rows) AS \
    r (item) WHERE s.batch_id = $1 AND s.state = 'READY' AND h.portfolio_id = $2 AND r.item ->> 'account_id' = \
    s.account_id::text AND r.item ->> 'import_key' = $3 || ':' || s.identity || ':' || s.occurrence";

/// Recognises the rows that the portfolio has already, or has held for a decision: those that were imported or held by the keys
/// of `format`, those that were recorded one by one by their external ids.
pub async fn recognise(
    session: &Session<Tenant>,
    batch: Uuid,
    portfolio: Uuid,
    format: &str,
) -> Result<(), DatabaseError> {
    run(session, TIE, [batch.into()]).await?;
    run(session, NUMBER, [batch.into()]).await?;
    if !ask(session, ANY_IMPORTED, [portfolio.into()]).await?.is_empty() {
        run(session, SEE, [batch.into(), portfolio.into(), format.into()]).await?;
    }
    if !ask(session, ANY_HELD, [portfolio.into()]).await?.is_empty() {
        run(session, SEE_HELD, [batch.into(), portfolio.into(), format.into()]).await?;
    }
    if !ask(session, ANY_RECORDED, [portfolio.into()]).await?.is_empty() {
        run(session, SEE_RECORDED, [batch.into(), portfolio.into()]).await?;
    }
    Ok(())
}

/// A row of an event of which a part was imported before.
#[derive(Clone, Copy, Debug)]
pub struct TornRow {
    /// Its line.
    pub line: u64,
    /// The event's first line.
    pub first: u64,
    /// The event's rows that were imported before.
    pub known: i64,
    /// The event's rows.
    pub legs: i64,
}

const TORN: &str = "\
    SELECT line, first, known, legs FROM (SELECT line, min(line) OVER event AS first, count(*) FILTER (WHERE state = \
    'SEEN') OVER event AS known, count(*) OVER event AS legs FROM stg_transaction WHERE batch_id = $1 AND event_name IS \
    NOT NULL AND state IN ('READY', 'SEEN') WINDOW event AS (PARTITION BY event_name)) e WHERE known > 0 AND known < legs";

/// The rows of events of which a part was imported before.
pub async fn torn(session: &Session<Tenant>, batch: Uuid) -> Result<Vec<TornRow>, DatabaseError> {
    let rows = ask(session, TORN, [batch.into()]).await?;
    let read = |row: &QueryResult| {
        let (known, legs) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        Ok(TornRow { line: line(row, 0)?, first: line(row, 1)?, known, legs })
    };
    rows.iter().map(read).collect()
}

/// A split of a file.
#[derive(Clone, Debug)]
pub struct SplitRow {
    /// Its line.
    pub line: u64,
    /// The event's name, where it has one.
    pub event: Option<String>,
    /// Whether it stands although it differs from the market's.
    pub keeps_mine: bool,
    /// What it says.
    pub row: LedgerRow,
}

const SPLITS: &str = "\
    SELECT line, id, account_id, type, trade_date, instrument_id, quantity, price, amount, fee, tax, currency, \
    counter_amount, counter_currency, settlement_rate, ratio_numerator, ratio_denominator, settlement_date, \
    opened_on, counter_account_id, counter_instrument_id, counter_quantity, counter_price, total, accrued_interest, \
    cost_fraction, lots, event_name, keeps_mine FROM stg_transaction WHERE batch_id = $1 AND state = 'READY' AND \
    type = 'SPLIT' ORDER BY line";

/// The splits of a file, in its order.
pub async fn splits(session: &Session<Tenant>, batch: Uuid) -> Result<Vec<SplitRow>, DatabaseError> {
    let rows = ask(session, SPLITS, [batch.into()]).await?;
    let read = |row: &QueryResult| {
        let (event, keeps_mine) = (row.try_get_by_index(27)?, row.try_get_by_index(28)?);
        Ok(SplitRow { line: line(row, 0)?, event, keeps_mine, row: ledger_row(row)? })
    };
    rows.iter().map(read).collect()
}

const SET_ACTIONS: &str = "\
    UPDATE stg_transaction s SET action_ex_date = k.c3::date FROM unnest($1::text[], $2::text[], $3::text[]) AS k (c1, c2, \
    c3) WHERE s.batch_id = c1::uuid AND s.line = c2::bigint";

/// Links rows with the market's corporate actions: lines and ex-dates.
pub async fn set_actions(
    session: &Session<Tenant>,
    batch: Uuid,
    actions: &[(u64, NaiveDate)],
) -> Result<(), DatabaseError> {
    let mut columns = Columns::new(3);
    for (line, ex_date) in actions {
        columns.cell(batch).cell(line).cell(ex_date);
    }
    if !columns.is_empty() {
        session.insert_columns(SET_ACTIONS, columns.into_columns()).await?;
    }
    Ok(())
}

const PAYING: &str = "\
    SELECT DISTINCT instrument_id FROM stg_transaction WHERE batch_id = $1 AND state = 'READY' AND type = 'DIVIDEND'";

/// What the dividends of a file are paid on.
pub async fn paying(session: &Session<Tenant>, batch: Uuid) -> Result<Vec<Uuid>, DatabaseError> {
    let rows = ask(session, PAYING, [batch.into()]).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

const UNDATED: &str = "\
    SELECT line, id, account_id, type, trade_date, instrument_id, quantity, price, amount, fee, tax, currency, \
    counter_amount, counter_currency, settlement_rate, ratio_numerator, ratio_denominator, settlement_date, \
    opened_on, counter_account_id, counter_instrument_id, counter_quantity, counter_price, total, accrued_interest, \
    cost_fraction, lots, pay_date FROM stg_transaction WHERE batch_id = $1 AND state = 'READY' AND type = 'DIVIDEND' AND \
    ex_date IS NULL AND line > $2 ORDER BY line LIMIT $3";

/// Dividends of a file that have no ex-date, after a line.
pub async fn undated(
    session: &Session<Tenant>,
    batch: Uuid,
    after: u64,
    limit: u64,
) -> Result<Vec<(u64, LedgerRow)>, DatabaseError> {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let rows = ask(session, UNDATED, [batch.into(), signed(after).into(), signed(limit).into()]).await?;
    let read = |result: &QueryResult| {
        let row = ledger_row(result)?;
        let dates = Dates { pay: result.try_get_by_index(27)?, ..row.dates };
        Ok((line(result, 0)?, LedgerRow { dates, ..row }))
    };
    rows.iter().map(read).collect()
}

/// As [`Dates::accrued`] does it.
const ACCRUE: &str = "\
    UPDATE stg_transaction s SET given_date = s.trade_date, trade_date = c3::date, ex_date = c3::date, settlement_date = \
    nullif(coalesce(s.settlement_date, s.trade_date), c3::date) FROM unnest($1::text[], $2::text[], $3::text[]) AS k (c1, \
    c2, c3) WHERE s.batch_id = c1::uuid AND s.line = c2::bigint";

/// Has dividends count from the market's ex-dates: lines and days.
pub async fn accrue(
    session: &Session<Tenant>,
    batch: Uuid,
    ex_dates: &[(u64, NaiveDate)],
) -> Result<(), DatabaseError> {
    let mut columns = Columns::new(3);
    for (line, ex_date) in ex_dates {
        columns.cell(batch).cell(line).cell(ex_date);
    }
    if !columns.is_empty() {
        session.insert_columns(ACCRUE, columns.into_columns()).await?;
    }
    Ok(())
}

const LINK: &str = "\
    UPDATE stg_transaction s SET action_id = k.c3::uuid FROM unnest($1::text[], $2::text[], $3::text[]) AS k (c1, c2, c3) \
    WHERE s.batch_id = c1::uuid AND s.line = c2::bigint";

/// Links dividends with the market's: lines and ids.
pub async fn link(session: &Session<Tenant>, batch: Uuid, actions: &[(u64, Uuid)]) -> Result<(), DatabaseError> {
    let mut columns = Columns::new(3);
    for (line, action) in actions {
        columns.cell(batch).cell(line).cell(action);
    }
    if !columns.is_empty() {
        session.insert_columns(LINK, columns.into_columns()).await?;
    }
    Ok(())
}

/// A row that waits for a decision.
#[derive(Clone, Debug)]
pub struct HeldRow {
    /// Its line.
    pub line: u64,
    /// The second line that it stands for.
    pub other_line: Option<u64>,
    /// The day that it was given for, where its ex-date comes from the market.
    pub given: Option<NaiveDate>,
    /// What it says.
    pub row: LedgerRow,
}

const HELD: &str = "\
    SELECT line, id, account_id, type, trade_date, instrument_id, quantity, price, amount, fee, tax, currency, \
    counter_amount, counter_currency, settlement_rate, ratio_numerator, ratio_denominator, settlement_date, \
    opened_on, counter_account_id, counter_instrument_id, counter_quantity, counter_price, total, accrued_interest, \
    cost_fraction, lots, ex_date, pay_date, given_date, other_line, external_id, note, $2 || ':' || identity || ':' || \
    occurrence FROM stg_transaction WHERE batch_id = $1 AND state = 'HELD' ORDER BY line";

/// The rows that wait for a decision, with their keys.
pub async fn held(session: &Session<Tenant>, batch: Uuid, format: &str) -> Result<Vec<HeldRow>, DatabaseError> {
    let rows = ask(session, HELD, [batch.into(), format.into()]).await?;
    let read = |result: &QueryResult| {
        let row = ledger_row(result)?;
        let dates = Dates { ex: result.try_get_by_index(27)?, pay: result.try_get_by_index(28)?, ..row.dates };
        let other: Option<i64> = result.try_get_by_index(30)?;
        Ok(HeldRow {
            line: line(result, 0)?,
            other_line: other.map(i64::unsigned_abs),
            given: result.try_get_by_index(29)?,
            row: LedgerRow {
                dates,
                external_id: result.try_get_by_index(31)?,
                note: result.try_get_by_index(32)?,
                import_key: result.try_get_by_index(33)?,
                import_batch_id: Some(batch),
                ..row
            },
        })
    };
    rows.iter().map(read).collect()
}

const LINES_OF_EVENT: &str = "\
    SELECT line FROM stg_transaction WHERE batch_id = $1 AND event_name = $2 AND state = 'READY' ORDER BY line";

/// The lines of an event that are still to be recorded.
pub async fn lines_of_event(session: &Session<Tenant>, batch: Uuid, event: &str) -> Result<Vec<u64>, DatabaseError> {
    let rows = ask(session, LINES_OF_EVENT, [batch.into(), event.into()]).await?;
    rows.iter().map(|row| Ok(line(row, 0)?)).collect()
}

/// What is staged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Rows to be recorded.
    pub rows: u64,
    /// Lines that they stand for.
    pub lines: u64,
    /// Lines that were imported before.
    pub seen: u64,
    /// The earliest day of those to be recorded.
    pub first_date: Option<NaiveDate>,
    /// The last line to be recorded.
    pub last_line: u64,
}

const TOTALS: &str = "\
    SELECT count(*) FILTER (WHERE state = 'READY'), count(*) FILTER (WHERE state = 'READY') + count(other_line) FILTER \
    (WHERE state = 'READY'), count(*) FILTER (WHERE state = 'SEEN') + count(other_line) FILTER (WHERE state = 'SEEN'), \
    min(trade_date) FILTER (WHERE state = 'READY'), max(line) FILTER (WHERE state = 'READY') FROM stg_transaction WHERE \
    batch_id = $1";

/// Counts what is staged.
pub async fn totals(session: &Session<Tenant>, batch: Uuid) -> Result<Totals, DatabaseError> {
    let rows = ask(session, TOTALS, [batch.into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(Totals::default());
    };
    let last: Option<i64> = row.try_get_by_index(4)?;
    Ok(Totals {
        rows: line(row, 0)?,
        lines: line(row, 1)?,
        seen: line(row, 2)?,
        first_date: row.try_get_by_index(3)?,
        last_line: last.map_or(0, i64::unsigned_abs),
    })
}

const INSTRUMENTS: &str = "\
    SELECT DISTINCT instrument_id FROM stg_transaction WHERE batch_id = $1 AND state = 'READY' AND instrument_id IS NOT NULL";

/// What the rows to be recorded are about.
pub async fn instruments(session: &Session<Tenant>, batch: Uuid) -> Result<Vec<Uuid>, DatabaseError> {
    let rows = ask(session, INSTRUMENTS, [batch.into()]).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

const LINKS: &str = "\
    SELECT DISTINCT instrument_id, counter_instrument_id FROM stg_transaction WHERE batch_id = $1 AND state = 'READY' AND \
    instrument_id IS NOT NULL AND counter_instrument_id IS NOT NULL";

/// What the rows to be recorded link.
pub async fn links(session: &Session<Tenant>, batch: Uuid) -> Result<Vec<(Uuid, Uuid)>, DatabaseError> {
    let rows = ask(session, LINKS, [batch.into()]).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

const RECORDED: &str = "\
    SELECT instrument_id, count(*) FROM fact_portfolio_transactions WHERE portfolio_id = $1 AND instrument_id IS NOT NULL \
    GROUP BY instrument_id";

/// How many rows of each instrument a portfolio's ledger has.
pub async fn recorded(session: &Session<Tenant>, portfolio: Uuid) -> Result<Vec<(Uuid, u64)>, DatabaseError> {
    let rows = ask(session, RECORDED, [portfolio.into()]).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, line(row, 1)?))).collect()
}

/// A row to be booked.
#[derive(Clone, Debug)]
pub struct StagedEntry {
    /// Its line.
    pub line: u64,
    /// The second line that it stands for.
    pub other_line: Option<u64>,
    /// The file's name for its event.
    pub event: Option<String>,
    /// The part of the ledger it belongs to; nothing where it is about no instrument.
    pub part: Option<usize>,
    /// Whether it stands, whatever the market knows.
    pub keeps_mine: bool,
    /// Its days beside the one that it counts from, but for the pay date.
    pub dates: Dates,
    /// What is booked.
    pub entry: Transaction,
}

/// One sort, read piece by piece beside what is written of it.
const OPEN: &str = "\
    DECLARE staged NO SCROLL CURSOR FOR SELECT s.line, s.id, s.account_id, s.type, s.trade_date, s.instrument_id, s.quantity, \
    s.price, s.amount, s.fee, s.tax, s.currency, s.counter_amount, s.counter_currency, s.settlement_rate, \
    s.ratio_numerator, s.ratio_denominator, s.settlement_date, s.opened_on, s.counter_account_id, \
    s.counter_instrument_id, s.counter_quantity, s.counter_price, s.total, s.accrued_interest, s.cost_fraction, s.lots, \
    s.event_name, s.other_line, p.part, s.keeps_mine, s.ex_date FROM stg_transaction s LEFT JOIN unnest(string_to_array($2, ',')::uuid[], \
    string_to_array($3, ',')::bigint[]) AS p (instrument_id, part) ON p.instrument_id = s.instrument_id WHERE \
    s.batch_id = $1 AND s.state = 'READY' ORDER BY p.part NULLS FIRST, s.trade_date, s.line";
const FETCH: &str = "FETCH 10000 FROM staged";
const CLOSE: &str = "CLOSE staged";

/// Begins to read the rows to be recorded part by part: the instruments of each.
pub async fn open(session: &Session<Tenant>, batch: Uuid, parts: &[Vec<Uuid>]) -> Result<(), DatabaseError> {
    let of_instruments = || parts.iter().enumerate().flat_map(|(part, ids)| ids.iter().map(move |id| (id, part)));
    let ids: Vec<String> = of_instruments().map(|(id, _)| id.to_string()).collect();
    let numbers: Vec<String> = of_instruments().map(|(_, part)| part.to_string()).collect();
    run(session, OPEN, [batch.into(), ids.join(",").into(), numbers.join(",").into()]).await?;
    Ok(())
}

/// The next of them; their sequence follows `last_sequence` in the order of the file. None are left when none come.
pub async fn fetch(session: &Session<Tenant>, last_sequence: i64) -> Result<Vec<StagedEntry>, DatabaseError> {
    let rows = ask(session, FETCH, []).await?;
    let read = |row: &QueryResult| {
        let part: Option<i64> = row.try_get_by_index(29)?;
        let other: Option<i64> = row.try_get_by_index(28)?;
        let line = line(row, 0)?;
        let read = ledger_row(row)?;
        let Activity::Event(kind) = read.activity else {
            return Err(DatabaseError::Corrupt(format!("line {line} of a file is a reversal")));
        };
        Ok(StagedEntry {
            line,
            other_line: other.map(i64::unsigned_abs),
            event: row.try_get_by_index(27)?,
            part: part.and_then(|part| usize::try_from(part).ok()),
            keeps_mine: row.try_get_by_index(30)?,
            dates: Dates { ex: row.try_get_by_index(31)?, ..read.dates },
            entry: Transaction {
                id: read.id.into(),
                account: read.account_id.into(),
                trade_date: read.trade_date,
                settlement_date: read.dates.settlement,
                sequence: last_sequence.saturating_add(read.sequence),
                kind,
            },
        })
    };
    rows.iter().map(read).collect()
}

/// Ends the reading.
pub async fn close(session: &Session<Tenant>) -> Result<(), DatabaseError> {
    run(session, CLOSE, []).await?;
    Ok(())
}

/// Where staged rows go.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    /// The batch.
    pub batch: Uuid,
    /// The portfolio.
    pub portfolio: Uuid,
    /// The format, which begins every key.
    pub format: &'a str,
    /// The number that the rows' own follow.
    pub last_sequence: i64,
    /// The last line.
    pub last_line: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Uuid,
}

const PUBLISH: &str = "\
    INSERT INTO fact_portfolio_transactions (id, portfolio_id, account_id, event_id, type, trade_date, sequence, \
    instrument_id, quantity, price, amount, fee, tax, currency, counter_amount, counter_currency, settlement_rate, \
    ratio_numerator, ratio_denominator, settlement_date, ex_date, pay_date, opened_on, counter_account_id, \
    counter_instrument_id, counter_quantity, counter_price, total, accrued_interest, cost_fraction, lots, action_ex_date, \
    action_id, import_batch_id, import_key, external_id, note, recorded_at, recorded_by) SELECT id, $2, account_id, \
    coalesce(event_id, id), type, trade_date, $3 + line - 1, instrument_id, quantity, price, amount, fee, tax, currency, \
    counter_amount, counter_currency, settlement_rate, ratio_numerator, ratio_denominator, settlement_date, ex_date, \
    pay_date, opened_on, counter_account_id, counter_instrument_id, counter_quantity, counter_price, total, \
    accrued_interest, cost_fraction, lots, action_ex_date, action_id, $1, $4 || ':' || identity || ':' || occurrence, external_id, \
    note, $5, $6 FROM stg_transaction WHERE batch_id = $1 AND state = 'READY' AND line > $7 AND line <= $8 ORDER BY line";

/// Adds the rows to the ledger.
pub async fn publish(session: &Session<Tenant>, what: Published<'_>) -> Result<u64, DatabaseError> {
    let last = i64::try_from(what.last_line).unwrap_or(i64::MAX);
    let mut from = 0;
    let mut published = 0;
    while from < last {
        let until = from.saturating_add(PUBLISHED_AT_ONCE);
        let values: [Value; 8] = [
            what.batch.into(),
            what.portfolio.into(),
            what.last_sequence.into(),
            what.format.into(),
            what.at.into(),
            what.by.into(),
            from.into(),
            until.into(),
        ];
        published += run(session, PUBLISH, values).await?;
        from = until;
    }
    Ok(published)
}

const CLEAR: &str = "DELETE FROM stg_transaction WHERE batch_id = $1";

/// Takes away what was staged.
pub async fn clear(session: &Session<Tenant>, batch: Uuid) -> Result<(), DatabaseError> {
    run(session, CLEAR, [batch.into()]).await?;
    Ok(())
}

fn line(row: &QueryResult, at: usize) -> Result<u64, DbErr> {
    Ok(row.try_get_by_index::<i64>(at)?.unsigned_abs())
}

/// The first columns of every reading statement as a row of the ledger; its sequence counts from the file's first row.
fn ledger_row(result: &QueryResult) -> Result<LedgerRow, DatabaseError> {
    let row = row::booked(result)?;
    Ok(LedgerRow { sequence: row.sequence.saturating_sub(1), ..row })
}

/// What a row says, where it is no reversal.
pub fn kind_of(row: &LedgerRow) -> Option<&TransactionKind> {
    match &row.activity {
        Activity::Event(kind) => Some(kind),
        Activity::Reversal { .. } => None,
    }
}
