//! Replays: what was asked of a ledger as it had been recorded at an instant, how that went, and the answer. Appended, never
//! changed.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ledger::{CashPeriod, Lot, PositionPeriod};
use domain::money::Currency;
use rust_decimal::Decimal;
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use super::Page;
use super::columns::Columns;
use super::lot::Place;
use super::row_sink::RowSink;
use super::statement::{ask, run, statement};
use crate::tenancy::{DatabaseError, Session, Tenant};

/// Rows that are added by one statement.
const ROWS_AT_ONCE: usize = 5_000;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Of which portfolio.
    pub portfolio_id: Uuid,
    /// Of what had been recorded when.
    pub known_at: DateTime<Utc>,
    /// At the close of which day.
    pub as_of: NaiveDate,
    /// By which rules of booking.
    pub calculation_version: i32,
}

/// How a replay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayStatus {
    /// It waits for a worker.
    Queued,
    /// A worker books it.
    Running,
    /// The answer is there.
    Done,
    /// It has none, and says why.
    Failed,
}

impl ReplayStatus {
    const ALL: [Self; 4] = [Self::Queued, Self::Running, Self::Done, Self::Failed];

    fn code(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Done => "DONE",
            Self::Failed => "FAILED",
        }
    }
}

/// What has happened to a replay.
#[derive(Clone, Debug)]
pub struct Event {
    /// Which of its events it is, from 1 on: of two workers that book the same one, only one goes on.
    pub number: i64,
    /// How it stands since.
    pub status: ReplayStatus,
    /// Entries that were booked.
    pub rows_booked: i64,
    /// Entries that are to be booked, once they are counted.
    pub rows_total: Option<i64>,
    /// Why it failed.
    pub message: Option<String>,
    /// The state of the market that it was booked by, of one that is done.
    pub market_version: Option<i64>,
    /// When.
    pub recorded_at: DateTime<Utc>,
}

/// A replay and how it stands.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Its id.
    pub id: Uuid,
    /// What was asked.
    pub question: Question,
    /// When it was first asked.
    pub requested_at: DateTime<Utc>,
    /// By whom.
    pub requested_by: Uuid,
    /// What happened last.
    pub last: Event,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    portfolio_id: Uuid,
    known_at: DateTime<Utc>,
    as_of: NaiveDate,
    calculation_version: i32,
    requested_at: DateTime<Utc>,
    requested_by: Uuid,
    number: i64,
    status: String,
    rows_booked: i64,
    rows_total: Option<i64>,
    message: Option<String>,
    market_version: Option<i64>,
    recorded_at: DateTime<Utc>,
}

impl TryFrom<Row> for Replay {
    type Error = DatabaseError;

    fn try_from(row: Row) -> Result<Self, DatabaseError> {
        let status = ReplayStatus::ALL.into_iter().find(|status| status.code() == row.status);
        let corrupt = || DatabaseError::Corrupt(format!("{} is no status of a replay", row.status));
        let last = Event {
            number: row.number,
            status: status.ok_or_else(corrupt)?,
            rows_booked: row.rows_booked,
            rows_total: row.rows_total,
            message: row.message,
            market_version: row.market_version,
            recorded_at: row.recorded_at,
        };
        let Row { id, portfolio_id, known_at, as_of, calculation_version, requested_at, requested_by, .. } = row;
        let question = Question { portfolio_id, known_at, as_of, calculation_version };
        Ok(Self { id, question, requested_at, requested_by, last })
    }
}

const INSERT: &str = "\
    INSERT INTO replay (id, portfolio_id, known_at, as_of, calculation_version, requested_at, requested_by) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Notes a question that nobody has asked yet. The portfolio is locked by the caller.
pub async fn insert(session: &Session<Tenant>, replay: &Replay) -> Result<(), DatabaseError> {
    let Question { portfolio_id, known_at, as_of, calculation_version } = replay.question;
    let values: [Value; 7] = [
        replay.id.into(),
        portfolio_id.into(),
        known_at.into(),
        as_of.into(),
        calculation_version.into(),
        replay.requested_at.into(),
        replay.requested_by.into(),
    ];
    run(session, INSERT, values).await?;
    append(session, replay.id, &replay.last).await
}

const APPEND: &str = "\
    INSERT INTO replay_event (replay_id, number, status, rows_booked, rows_total, message, market_version, recorded_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Notes what happened to a replay.
pub async fn append(session: &Session<Tenant>, replay: Uuid, event: &Event) -> Result<(), DatabaseError> {
    let values: [Value; 8] = [
        replay.into(),
        event.number.into(),
        event.status.code().into(),
        event.rows_booked.into(),
        event.rows_total.into(),
        event.message.clone().into(),
        event.market_version.into(),
        event.recorded_at.into(),
    ];
    run(session, APPEND, values).await?;
    Ok(())
}

macro_rules! replays {
    ($condition:literal) => {
        concat!(
            "SELECT r.*, e.number, e.status, e.rows_booked, e.rows_total, e.message, e.market_version, e.recorded_at ",
            "FROM replay r CROSS JOIN LATERAL (SELECT * FROM replay_event WHERE replay_id = r.id ",
            "ORDER BY status = 'DONE' DESC, number DESC LIMIT 1) e WHERE ",
            $condition
        )
    };
}

const BY_ID: &str = replays!("r.id = $1");
const OF_QUESTION: &str =
    replays!("r.portfolio_id = $1 AND r.known_at = $2 AND r.as_of = $3 AND r.calculation_version = $4");
const PAGE: &str = replays!("r.portfolio_id = $1 AND ($2 IS NULL OR r.id < $2) ORDER BY r.id DESC LIMIT $3");

async fn read(
    session: &Session<Tenant>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Replay>, DatabaseError> {
    let rows = Row::find_by_statement(statement(sql, values)).all(session).await?;
    rows.into_iter().map(Replay::try_from).collect()
}

/// The replay with this id.
pub async fn by_id(session: &Session<Tenant>, id: Uuid) -> Result<Option<Replay>, DatabaseError> {
    Ok(read(session, BY_ID, [id.into()]).await?.pop())
}

/// The replay that answers a question.
pub async fn of_question(session: &Session<Tenant>, question: Question) -> Result<Option<Replay>, DatabaseError> {
    let Question { portfolio_id, known_at, as_of, calculation_version } = question;
    let values = [portfolio_id.into(), known_at.into(), as_of.into(), calculation_version.into()];
    Ok(read(session, OF_QUESTION, values).await?.pop())
}

/// The replays of a portfolio, the latest first.
pub async fn page(session: &Session<Tenant>, portfolio: Uuid, page: Page<Uuid>) -> Result<Vec<Replay>, DatabaseError> {
    read(session, PAGE, [portfolio.into(), page.after.into(), page.limit.into()]).await
}

const COUNT: &str =
    "SELECT count(*) FROM replay WHERE portfolio_id = $1 AND ($2::integer IS NULL OR calculation_version = $2)";

/// How many replays a portfolio has, of one calculation version or of all.
pub async fn count(
    session: &Session<Tenant>,
    portfolio: Uuid,
    calculation_version: Option<i32>,
) -> Result<u64, DatabaseError> {
    counted(session, COUNT, [portfolio.into(), calculation_version.into()]).await
}

/// What was held of an instrument in an account.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Position {
    /// The account.
    pub account_id: Uuid,
    /// The instrument.
    pub instrument_id: Uuid,
    /// Units; zero where everything was sold.
    pub quantity: Decimal,
    /// What the open lots cost, in the instrument's currency …
    pub cost_local: Decimal,
    /// … and in the base currency, as every figure in pairs below.
    pub cost_base: Decimal,
    /// Cumulative proceeds minus cost.
    pub realized_local: Decimal,
    /// The same.
    pub realized_base: Decimal,
    /// Cumulative income before withholding.
    pub income_local: Decimal,
    /// The same.
    pub income_base: Decimal,
    /// Cumulative tax withheld from income.
    pub withholding_base: Decimal,
    /// Cumulative fees.
    pub fees_base: Decimal,
    /// Cumulative taxes.
    pub taxes_base: Decimal,
    /// The part of fees and taxes that is in no cost and no proceeds.
    pub expensed_base: Decimal,
}

const ADD_POSITIONS: &str = "\
    INSERT INTO replay_position (replay_id, account_id, instrument_id, quantity, cost_local, cost_base, realized_local, \
    realized_base, income_local, income_base, withholding_base, fees_base, taxes_base, expensed_base) SELECT c1::uuid, \
    c2::uuid, c3::uuid, c4::numeric, c5::numeric, c6::numeric, c7::numeric, c8::numeric, c9::numeric, c10::numeric, \
    c11::numeric, c12::numeric, c13::numeric, c14::numeric FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], \
    $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], \
    $14::text[]) AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14)";

/// Adds what was held.
pub async fn add_positions(
    session: &Session<Tenant>,
    replay: Uuid,
    positions: &[&PositionPeriod],
) -> Result<(), DatabaseError> {
    add(session, ADD_POSITIONS, 14, positions, |row, position| {
        row.id(replay).id(position.account.uuid()).id(position.instrument.uuid()).decimal(position.quantity);
        row.decimal(position.cost_local).decimal(position.cost_base);
        row.decimal(position.realized_local).decimal(position.realized_base);
        row.decimal(position.income_local).decimal(position.income_base).decimal(position.withholding_base);
        row.decimal(position.fees_base).decimal(position.taxes_base).decimal(position.expensed_base);
    })
    .await
}

/// A lot of which something was left.
#[derive(Clone, Debug, FromQueryResult)]
pub struct OpenLot {
    /// The transaction that first opened it.
    pub transaction_id: Uuid,
    /// The account it lies in.
    pub account_id: Uuid,
    /// What it holds.
    pub instrument_id: Uuid,
    /// Which of that transaction's in the holding.
    pub ordinal: i32,
    /// The day it was opened on.
    pub opened_on: NaiveDate,
    /// Units that it began with.
    pub quantity_opened: Decimal,
    /// Units left.
    pub quantity_remaining: Decimal,
    /// What they cost, in the instrument's currency …
    pub cost_local: Decimal,
    /// … and in the base currency.
    pub cost_base: Decimal,
}

impl OpenLot {
    /// Where it stands among the lots.
    pub fn place(&self) -> Place {
        Place {
            date: self.opened_on,
            transaction: self.transaction_id,
            account: self.account_id,
            instrument: self.instrument_id,
            ordinal: self.ordinal.unsigned_abs(),
        }
    }
}

const ADD_LOTS: &str = "\
    INSERT INTO replay_lot (replay_id, opened_on, transaction_id, account_id, instrument_id, ordinal, quantity_opened, \
    quantity_remaining, cost_local, cost_base) SELECT c1::uuid, c2::date, c3::uuid, c4::uuid, c5::uuid, c6::integer, \
    c7::numeric, c8::numeric, c9::numeric, c10::numeric FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], \
    $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]) \
    AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10)";

/// Adds open lots.
pub async fn add_lots(session: &Session<Tenant>, replay: Uuid, lots: &[&Lot]) -> Result<(), DatabaseError> {
    add(session, ADD_LOTS, 10, lots, |row, lot| {
        row.id(replay).day(lot.opened_on).id(lot.opened_by.uuid()).id(lot.account.uuid()).id(lot.instrument.uuid());
        row.cell(lot.ordinal).decimal(lot.quantity_opened).decimal(lot.quantity_remaining);
        row.decimal(lot.cost_local).decimal(lot.cost_base);
    })
    .await
}

/// A cash balance.
#[derive(Clone, Debug)]
pub struct Balance {
    /// The account.
    pub account_id: Uuid,
    /// The currency of `amount`.
    pub currency: Currency,
    /// The balance on trade dates.
    pub amount: Decimal,
    /// The part of it whose settlement date had not come.
    pub unsettled: Decimal,
    /// Cumulative interest before tax, in the base currency as what follows.
    pub interest_base: Decimal,
    /// Cumulative fees.
    pub fees_base: Decimal,
    /// Cumulative taxes.
    pub taxes_base: Decimal,
}

#[derive(FromQueryResult)]
struct BalanceRow {
    account_id: Uuid,
    currency: String,
    amount: Decimal,
    unsettled: Decimal,
    interest_base: Decimal,
    fees_base: Decimal,
    taxes_base: Decimal,
}

const ADD_CASH: &str = "\
    INSERT INTO replay_cash (replay_id, account_id, currency, amount, unsettled, interest_base, fees_base, taxes_base) \
    SELECT c1::uuid, c2::uuid, c3, c4::numeric, c5::numeric, c6::numeric, c7::numeric, c8::numeric FROM unnest( \
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) \
    AS r (c1, c2, c3, c4, c5, c6, c7, c8)";

/// Adds cash balances.
pub async fn add_cash(session: &Session<Tenant>, replay: Uuid, balances: &[&CashPeriod]) -> Result<(), DatabaseError> {
    add(session, ADD_CASH, 8, balances, |row, balance| {
        row.id(replay).id(balance.account.uuid()).cell(balance.currency).decimal(balance.amount);
        row.decimal(balance.unsettled).decimal(balance.interest_base).decimal(balance.fees_base);
        row.decimal(balance.taxes_base);
    })
    .await
}

async fn add<T: Sync>(
    session: &Session<Tenant>,
    sql: &'static str,
    width: usize,
    rows: &[&T],
    cells: impl Fn(&mut Columns, &T) + Send,
) -> Result<(), DatabaseError> {
    for rows in rows.chunks(ROWS_AT_ONCE) {
        let mut columns = Columns::new(width);
        for row in rows {
            cells(&mut columns, row);
        }
        session.insert_columns(sql, columns.into_columns()).await?;
    }
    Ok(())
}

const POSITIONS: &str = "\
    SELECT * FROM replay_position WHERE replay_id = $1 \
    AND ($2::uuid IS NULL OR (account_id, instrument_id) > ($2, $3::uuid)) ORDER BY account_id, instrument_id LIMIT $4";

/// What was held, by account and instrument.
pub async fn positions(
    session: &Session<Tenant>,
    replay: Uuid,
    page: Page<(Uuid, Uuid)>,
) -> Result<Vec<Position>, DatabaseError> {
    let (account, instrument) = page.after.unzip();
    let values = [replay.into(), account.into(), instrument.into(), page.limit.into()];
    Ok(Position::find_by_statement(statement(POSITIONS, values)).all(session).await?)
}

const LOTS: &str = "\
    SELECT * FROM replay_lot WHERE replay_id = $1 \
    AND ($2::date IS NULL OR (opened_on, transaction_id, account_id, instrument_id, ordinal) \
    > ($2, $3::uuid, $4::uuid, $5::uuid, $6::integer)) \
    ORDER BY opened_on, transaction_id, account_id, instrument_id, ordinal LIMIT $7";

/// The lots of which something was left, the oldest first.
pub async fn lots(session: &Session<Tenant>, replay: Uuid, page: Page<Place>) -> Result<Vec<OpenLot>, DatabaseError> {
    let after = page.after;
    let values: [Value; 7] = [
        replay.into(),
        after.map(|place| place.date).into(),
        after.map(|place| place.transaction).into(),
        after.map(|place| place.account).into(),
        after.map(|place| place.instrument).into(),
        after.map(|place| i32::try_from(place.ordinal).unwrap_or(i32::MAX)).into(),
        page.limit.into(),
    ];
    Ok(OpenLot::find_by_statement(statement(LOTS, values)).all(session).await?)
}

const CASH: &str = "SELECT * FROM replay_cash WHERE replay_id = $1 ORDER BY account_id, currency";

/// The cash balances, by account and currency.
pub async fn cash(session: &Session<Tenant>, replay: Uuid) -> Result<Vec<Balance>, DatabaseError> {
    let rows = BalanceRow::find_by_statement(statement(CASH, [replay.into()])).all(session).await?;
    let read = |row: BalanceRow| {
        Ok(Balance {
            account_id: row.account_id,
            currency: super::currency(&row.currency)?,
            amount: row.amount,
            unsettled: row.unsettled,
            interest_base: row.interest_base,
            fees_base: row.fees_base,
            taxes_base: row.taxes_base,
        })
    };
    rows.into_iter().map(read).collect()
}

const COUNT_POSITIONS: &str = "SELECT count(*) FROM replay_position WHERE replay_id = $1";
const COUNT_LOTS: &str = "SELECT count(*) FROM replay_lot WHERE replay_id = $1";

/// How many holdings there were.
pub async fn count_positions(session: &Session<Tenant>, replay: Uuid) -> Result<u64, DatabaseError> {
    counted(session, COUNT_POSITIONS, [replay.into()]).await
}

/// How many lots were open.
pub async fn count_lots(session: &Session<Tenant>, replay: Uuid) -> Result<u64, DatabaseError> {
    counted(session, COUNT_LOTS, [replay.into()]).await
}

async fn counted(
    session: &Session<Tenant>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DatabaseError> {
    let found = ask(session, sql, values).await?;
    let count: Option<i64> = found.first().map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(count.unwrap_or_default().unsigned_abs())
}
