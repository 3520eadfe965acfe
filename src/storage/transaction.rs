//! The ledger's rows: added and read, never changed.

mod columns;
pub mod held;
mod lots;
mod row;
pub mod staging;
pub mod stream;

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::ledger::{Transaction, TransactionKind};
use entity::tenant::{fact_portfolio_transactions as table, import_batch};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Statement, Value,
};
use uuid::Uuid;

pub use self::columns::{RowColumns, describe};
use super::Page;
use super::row_sink::RowSink;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// What a row of the ledger says.
#[derive(Clone, Debug)]
pub enum Activity {
    /// Something happened in the account.
    Event(TransactionKind),
    /// An earlier row no longer counts. Both stay to be seen.
    Reversal {
        /// The row that no longer counts.
        of: Uuid,
    },
}

/// The days of a row beside the one that it counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dates {
    /// When its cash moves, where that is later.
    pub settlement: Option<NaiveDate>,
    /// The first day that what is held comes without it.
    pub ex: Option<NaiveDate>,
    /// When it is paid.
    pub pay: Option<NaiveDate>,
    /// The ex-date of the market's corporate action that the row is, or takes the place of.
    pub action_ex: Option<NaiveDate>,
    /// The market's dividend that the row is the payment of.
    pub action: Option<Uuid>,
}

impl Dates {
    /// The days of a payment that was given for `from` without an ex-date, and counts from `ex` on: it is a receivable until
    /// its cash moves.
    #[must_use]
    pub fn accrued(self, from: NaiveDate, ex: NaiveDate) -> Self {
        let settlement = Some(self.settlement.unwrap_or(from)).filter(|day| *day != ex);
        Self { settlement, ex: Some(ex), ..self }
    }

    /// What [`Dates::accrued`] made of the days that were given for `from`, undone.
    #[must_use]
    pub fn as_given(self, from: NaiveDate, counted: NaiveDate) -> Self {
        let settlement = Some(self.settlement.unwrap_or(counted)).filter(|day| *day != from);
        Self { settlement, ex: None, action: None, ..self }
    }
}

/// A row of the ledger.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// Its id.
    pub id: Uuid,
    /// The portfolio whose ledger it stands in.
    pub portfolio_id: Uuid,
    /// The account it belongs to.
    pub account_id: Uuid,
    /// The economic event it is a leg of.
    pub event_id: Uuid,
    /// The day it counts from.
    pub trade_date: NaiveDate,
    /// Its other days.
    pub dates: Dates,
    /// Order of recording within the portfolio.
    pub sequence: i64,
    /// Its place within its day, where that is not the order of recording.
    pub booking_sequence: Option<i64>,
    /// The row that no longer counts because this one stands in its place.
    pub supersedes: Option<Uuid>,
    /// What it says.
    pub activity: Activity,
    /// The file that brought it.
    pub import_batch_id: Option<Uuid>,
    /// What tells it apart among the imported rows of its account.
    pub import_key: Option<String>,
    /// The source's own id for it.
    pub external_id: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// By whom.
    pub recorded_by: Uuid,
}

impl LedgerRow {
    /// Its place within its day.
    pub fn place(&self) -> i64 {
        self.booking_sequence.unwrap_or(self.sequence)
    }

    /// The row as booking reads it; nothing for a reversal.
    pub fn transaction(&self) -> Option<Transaction> {
        let Activity::Event(kind) = &self.activity else {
            return None;
        };
        Some(Transaction {
            id: self.id.into(),
            account: self.account_id.into(),
            trade_date: self.trade_date,
            settlement_date: self.dates.settlement,
            sequence: self.place(),
            kind: kind.clone(),
        })
    }
}

const APPEND: &str = "\
    INSERT INTO fact_portfolio_transactions (id, portfolio_id, account_id, event_id, trade_date, sequence, \
    import_batch_id, import_key, external_id, note, recorded_at, recorded_by, reverses_id, type, instrument_id, \
    quantity, price, amount, fee, tax, currency, counter_amount, counter_currency, settlement_rate, \
    ratio_numerator, ratio_denominator, settlement_date, ex_date, pay_date, action_ex_date, total, \
    accrued_interest, counter_account_id, counter_instrument_id, counter_quantity, counter_price, cost_fraction, \
    opened_on, lots, supersedes_id, booking_sequence, action_id) SELECT c1::uuid, c2::uuid, c3::uuid, c4::uuid, c5::date, c6::bigint, c7::uuid, c8, c9, c10, \
    c11::timestamptz, c12::uuid, c13::uuid, c14, c15::uuid, c16::numeric, c17::numeric, c18::numeric, \
    c19::numeric, c20::numeric, c21, c22::numeric, c23, c24::numeric, c25::numeric, c26::numeric, c27::date, \
    c28::date, c29::date, c30::date, c31::numeric, c32::numeric, c33::uuid, c34::uuid, c35::numeric, c36::numeric, \
    c37::numeric, c38::date, c39::jsonb, c40::uuid, c41::bigint, c42::uuid FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], \
    $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], \
    $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], \
    $22::text[], $23::text[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[], $29::text[], \
    $30::text[], $31::text[], $32::text[], $33::text[], $34::text[], $35::text[], $36::text[], $37::text[], \
    $38::text[], $39::text[], $40::text[], $41::text[], $42::text[]) AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, \
    c18, c19, c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31, c32, c33, c34, c35, c36, c37, c38, c39, \
    c40, c41, c42)";

/// Appends rows.
pub async fn append(session: &Session<Tenant>, rows: &[LedgerRow]) -> Result<(), DatabaseError> {
    let mut cells = super::columns::Columns::new(42);
    for row in rows {
        let columns = RowColumns::of(&row.activity);
        cells.cell(row.id).cell(row.portfolio_id).cell(row.account_id).cell(row.event_id);
        cells.cell(row.trade_date).cell(row.sequence).optional(row.import_batch_id).optional(row.import_key.as_ref());
        cells.optional(row.external_id.as_ref()).optional(row.note.as_ref());
        cells.cell(row.recorded_at.to_rfc3339()).cell(row.recorded_by).optional(columns.reverses_id).cell(columns.code);
        cells.optional(columns.instrument).optional(columns.quantity).optional(columns.price).optional(columns.amount);
        cells.optional(columns.fee).optional(columns.tax).optional(columns.currency).optional(columns.counter_amount);
        cells.optional(columns.counter_currency).optional(columns.settlement_rate);
        cells.optional(columns.ratio_numerator).optional(columns.ratio_denominator);
        let dates = row.dates;
        cells.optional(dates.settlement).optional(dates.ex).optional(dates.pay).optional(dates.action_ex);
        cells.optional(columns.total).optional(columns.accrued_interest);
        cells.optional(columns.counter_account).optional(columns.counter_instrument);
        cells.optional(columns.counter_quantity).optional(columns.counter_price).optional(columns.cost_fraction);
        cells.optional(columns.opened_on).optional(lots::written(&columns.lots));
        cells.optional(row.supersedes).optional(row.booking_sequence).optional(dates.action);
    }
    session.insert_columns(APPEND, cells.into_columns()).await?;
    Ok(())
}

/// What counts of these portfolios' ledgers until a day: neither reversals nor what they reverse, nor what was corrected. With
/// `known_at`, of what had been recorded then. By day and order of recording.
pub async fn effective(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    until: Option<NaiveDate>,
    known_at: Option<DateTime<Utc>>,
) -> Result<Vec<LedgerRow>, DatabaseError> {
    let mut query = table::Entity::find()
        .filter(table::Column::PortfolioId.is_in(portfolios.iter().copied()))
        .filter(counts(known_at))
        .order_by_asc(table::Column::TradeDate)
        .order_by_asc(table::Column::Sequence);
    if let Some(until) = until {
        query = query.filter(table::Column::TradeDate.lte(until));
    }
    query.all(session).await?.into_iter().map(row::read).collect()
}

/// Each instrument is a search of its own by the index of both, which a list is not while statistics of the table are old.
const OF_INSTRUMENTS: &str = "\
    SELECT coalesce(t.booking_sequence, t.sequence), t.id, t.account_id, t.type, t.trade_date, t.instrument_id, \
    t.quantity, t.price, t.amount, t.fee, t.tax, t.currency, t.counter_amount, t.counter_currency, t.settlement_rate, \
    t.ratio_numerator, t.ratio_denominator, t.settlement_date, t.opened_on, t.counter_account_id, \
    t.counter_instrument_id, t.counter_quantity, t.counter_price, t.total, t.accrued_interest, t.cost_fraction, t.lots \
    FROM unnest(string_to_array($2, ',')::uuid[]) AS i (id) CROSS JOIN LATERAL ( \
    SELECT * FROM fact_portfolio_transactions r WHERE r.portfolio_id = $1 AND r.instrument_id = i.id OFFSET 0) t \
    WHERE t.type <> 'REVERSAL' \
    AND NOT EXISTS (SELECT FROM fact_portfolio_transactions l WHERE l.reverses_id = t.id AND l.reverses_id IS NOT NULL) \
    AND NOT EXISTS (SELECT FROM fact_portfolio_transactions l WHERE l.supersedes_id = t.id AND l.supersedes_id IS NOT NULL) \
    ORDER BY t.trade_date, t.sequence";

/// What counts of a portfolio's ledger and concerns these instruments, as booking reads it. By day and order of recording.
pub async fn of_instruments(
    session: &Session<Tenant>,
    portfolio: Uuid,
    instruments: &BTreeSet<Uuid>,
) -> Result<Vec<Transaction>, DatabaseError> {
    if instruments.is_empty() {
        return Ok(Vec::new());
    }
    let instruments: Vec<Uuid> = instruments.iter().copied().collect();
    let values = [portfolio.into(), list(&instruments).into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, OF_INSTRUMENTS, values);
    let rows = session.query_all_raw(statement).await?;
    let entries = rows.iter().map(|row| Ok(row::booked(row)?.transaction()));
    entries.filter_map(Result::transpose).collect()
}

/// The same of what had been recorded at an instant.
pub async fn of_instruments_known(
    session: &Session<Tenant>,
    portfolio: Uuid,
    instruments: &BTreeSet<Uuid>,
    known_at: DateTime<Utc>,
) -> Result<Vec<Transaction>, DatabaseError> {
    let rows = table::Entity::find()
        .filter(table::Column::PortfolioId.eq(portfolio))
        .filter(table::Column::InstrumentId.is_in(instruments.iter().copied()))
        .filter(counts(Some(known_at)))
        .order_by_asc(table::Column::TradeDate)
        .order_by_asc(table::Column::Sequence)
        .all(session)
        .await?;
    let entries = rows.into_iter().map(|row| Ok(row::read(row)?.transaction()));
    entries.filter_map(Result::transpose).collect()
}

/// What a portfolio's entries link: an instrument and the one that it brought, or an option that was exercised, whose terms
/// name the other.
pub async fn links(session: &Session<Tenant>, portfolio: Uuid) -> Result<Vec<(Uuid, Option<Uuid>)>, DatabaseError> {
    Ok(table::Entity::find()
        .select_only()
        .distinct()
        .columns([table::Column::InstrumentId, table::Column::CounterInstrumentId])
        .filter(table::Column::PortfolioId.eq(portfolio))
        .filter(
            Condition::any()
                .add(table::Column::CounterInstrumentId.is_not_null())
                .add(table::Column::Type.is_in(["OPTION_EXERCISE", "OPTION_ASSIGNMENT"])),
        )
        .into_tuple()
        .all(session)
        .await?)
}

/// What counts: no reversal, and nothing that a later row reverses or stands in the place of. With `known_at`, as it was then.
fn counts(known_at: Option<DateTime<Utc>>) -> Condition {
    let later = Alias::new("later");
    let replaced = |by: table::Column| {
        let mut rows = Query::select();
        rows.expr(Expr::val(1))
            .from_as(table::Entity, later.clone())
            .and_where(Expr::col((later.clone(), by)).equals((table::Entity, table::Column::Id)))
            // So that the index of the few rows that have one is enough, however many rows are asked about.
            .and_where(Expr::col((later.clone(), by)).is_not_null());
        if let Some(known_at) = known_at {
            rows.and_where(Expr::col((later.clone(), table::Column::RecordedAt)).lte(known_at));
        }
        Expr::exists(rows.to_owned())
    };
    Condition::all()
        .add(table::Column::Type.ne("REVERSAL"))
        .add_option(known_at.map(|known_at| table::Column::RecordedAt.lte(known_at)))
        .add(replaced(table::Column::ReversesId).not())
        .add(replaced(table::Column::SupersedesId).not())
}

/// What to show of a portfolio's ledger.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// From this trade date on, inclusive.
    pub from: Option<NaiveDate>,
    /// Until this trade date, inclusive.
    pub to: Option<NaiveDate>,
    /// Only of these instruments.
    pub instrument: Option<Uuid>,
    /// Only of these types.
    pub types: Option<Vec<&'static str>>,
    /// Only what had been recorded then.
    pub known_at: Option<DateTime<Utc>>,
}

impl Filter {
    fn condition(&self, portfolio: Uuid) -> Condition {
        Condition::all()
            .add(table::Column::PortfolioId.eq(portfolio))
            .add_option(self.from.map(|day| table::Column::TradeDate.gte(day)))
            .add_option(self.to.map(|day| table::Column::TradeDate.lte(day)))
            .add_option(self.instrument.map(|id| {
                let named = [table::Column::InstrumentId, table::Column::CounterInstrumentId];
                named.into_iter().fold(Condition::any(), |any, column| any.add(column.eq(id)))
            }))
            .add_option(self.known_at.map(|known_at| table::Column::RecordedAt.lte(known_at)))
            .add_option(self.types.as_ref().map(|types| table::Column::Type.is_in(types.iter().copied())))
    }
}

/// Rows of a portfolio, the latest first.
pub async fn page(
    session: &Session<Tenant>,
    portfolio: Uuid,
    filter: &Filter,
    page: Page<(NaiveDate, i64)>,
) -> Result<Vec<LedgerRow>, DatabaseError> {
    let mut query = table::Entity::find()
        .filter(filter.condition(portfolio))
        .order_by_desc(table::Column::TradeDate)
        .order_by_desc(table::Column::Sequence)
        .limit(page.limit);
    if let Some((date, sequence)) = page.after {
        query =
            query.filter(Condition::any().add(table::Column::TradeDate.lt(date)).add(
                Condition::all().add(table::Column::TradeDate.eq(date)).add(table::Column::Sequence.lt(sequence)),
            ));
    }
    query.all(session).await?.into_iter().map(row::read).collect()
}

/// How many rows a filter leaves.
pub async fn count(session: &Session<Tenant>, portfolio: Uuid, filter: &Filter) -> Result<u64, DatabaseError> {
    Ok(table::Entity::find().filter(filter.condition(portfolio)).count(session).await?)
}

/// The SPLIT rows of a portfolio that count.
pub async fn splits(session: &Session<Tenant>, portfolio: Uuid) -> Result<Vec<LedgerRow>, DatabaseError> {
    let rows = table::Entity::find()
        .filter(table::Column::PortfolioId.eq(portfolio))
        .filter(table::Column::Type.eq("SPLIT"))
        .filter(counts(None))
        .all(session)
        .await?;
    rows.into_iter().map(row::read).collect()
}

/// The rows of a portfolio that count and are payments of these dividends of the market.
pub async fn payments(
    session: &Session<Tenant>,
    portfolio: Uuid,
    actions: &[Uuid],
) -> Result<Vec<LedgerRow>, DatabaseError> {
    let rows = table::Entity::find()
        .filter(table::Column::PortfolioId.eq(portfolio))
        .filter(table::Column::ActionId.is_in(actions.iter().copied()))
        .filter(counts(None))
        .order_by_asc(table::Column::Sequence)
        .all(session)
        .await?;
    rows.into_iter().map(row::read).collect()
}

/// The legs of an event, reversals left out, in the order of recording.
pub async fn legs(session: &Session<Tenant>, event: Uuid) -> Result<Vec<LedgerRow>, DatabaseError> {
    let rows = table::Entity::find()
        .filter(table::Column::EventId.eq(event))
        .filter(table::Column::Type.ne("REVERSAL"))
        .order_by_asc(table::Column::Sequence)
        .all(session)
        .await?;
    rows.into_iter().map(row::read).collect()
}

/// The rows with these ids, in no order.
pub async fn by_ids(session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<LedgerRow>, DatabaseError> {
    let rows = table::Entity::find().filter(table::Column::Id.is_in(ids.iter().copied())).all(session).await?;
    rows.into_iter().map(row::read).collect()
}

/// Which of these rows have been reversed, with the row that did it; with `known_at`, of those that had been recorded then.
pub async fn reversals(
    session: &Session<Tenant>,
    ids: &[Uuid],
    known_at: Option<DateTime<Utc>>,
) -> Result<Vec<(Uuid, Uuid)>, DatabaseError> {
    let rows: Vec<(Option<Uuid>, Uuid)> = table::Entity::find()
        .select_only()
        .columns([table::Column::ReversesId, table::Column::Id])
        .filter(table::Column::ReversesId.is_in(ids.iter().copied()))
        .filter(Condition::all().add_option(known_at.map(|known_at| table::Column::RecordedAt.lte(known_at))))
        .into_tuple()
        .all(session)
        .await?;
    Ok(rows.into_iter().filter_map(|(reversed, by)| Some((reversed?, by))).collect())
}

/// Which of these rows were corrected, with the row that stands in the place of each; with `known_at`, of those that had been
/// recorded then.
pub async fn corrections(
    session: &Session<Tenant>,
    ids: &[Uuid],
    known_at: Option<DateTime<Utc>>,
) -> Result<Vec<(Uuid, Uuid)>, DatabaseError> {
    let rows: Vec<(Option<Uuid>, Uuid)> = table::Entity::find()
        .select_only()
        .columns([table::Column::SupersedesId, table::Column::Id])
        .filter(table::Column::SupersedesId.is_in(ids.iter().copied()))
        .filter(Condition::all().add_option(known_at.map(|known_at| table::Column::RecordedAt.lte(known_at))))
        .into_tuple()
        .all(session)
        .await?;
    Ok(rows.into_iter().filter_map(|(corrected, by)| Some((corrected?, by))).collect())
}

/// What the accounts of a portfolio have of files that may come again.
#[derive(Clone, Debug, Default)]
pub struct Recognised {
    /// The keys of imported rows. One that was reversed may come again; what was corrected is there all the same.
    pub keys: HashSet<(Uuid, String)>,
    /// The external ids of rows that count and were recorded one by one, and how many each.
    pub external_ids: HashMap<(Uuid, String), usize>,
}

/// Legs of an event are reversed together, and a correction and its reversal belong to the event of what was corrected. The index
/// of the few rows that have one is enough, however many rows are asked about.
const RECOGNISED: &str = "\
    SELECT f.account_id, f.import_key, NULL FROM fact_portfolio_transactions f \
    WHERE f.portfolio_id = $1 AND f.import_key IS NOT NULL \
    AND NOT EXISTS (SELECT FROM fact_portfolio_transactions r WHERE r.reverses_id IS NOT NULL AND r.reverses_id = f.id) \
    AND NOT EXISTS (SELECT FROM fact_portfolio_transactions r WHERE r.reverses_id IS NOT NULL AND r.event_id = f.event_id) \
    UNION ALL \
    SELECT f.account_id, NULL, f.external_id FROM fact_portfolio_transactions f \
    WHERE f.portfolio_id = $1 AND f.external_id IS NOT NULL AND f.import_key IS NULL AND f.type <> 'REVERSAL' \
    AND NOT EXISTS (SELECT FROM fact_portfolio_transactions r WHERE r.reverses_id IS NOT NULL AND r.reverses_id = f.id) \
    AND NOT EXISTS (SELECT FROM fact_portfolio_transactions c WHERE c.supersedes_id IS NOT NULL AND c.supersedes_id = f.id)";

/// What an import into a portfolio recognises.
pub async fn recognised(session: &Session<Tenant>, portfolio: Uuid) -> Result<Recognised, DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, RECOGNISED, [portfolio.into()]);
    let mut found = Recognised::default();
    for row in session.query_all_raw(statement).await? {
        let account: Uuid = row.try_get_by_index(0)?;
        if let Some(key) = row.try_get_by_index(1)? {
            found.keys.insert((account, key));
        }
        if let Some(id) = row.try_get_by_index(2)? {
            *found.external_ids.entry((account, id)).or_default() += 1;
        }
    }
    Ok(found)
}

/// A source's own id of a transaction: the account, the id, and the key of a row that was imported under it.
#[derive(Clone, Debug)]
pub struct ExternalId {
    /// The account.
    pub account: Uuid,
    /// The id.
    pub id: String,
    /// The key.
    pub import_key: String,
}

/// A row that counts under one of these ids, other than `except`.
pub async fn by_external_ids(
    session: &Session<Tenant>,
    portfolio: Uuid,
    ids: &[ExternalId],
    except: Option<Uuid>,
) -> Result<Option<LedgerRow>, DatabaseError> {
    if ids.is_empty() {
        return Ok(None);
    }
    let named = ids.iter().fold(Condition::any(), |any, wanted| {
        let recorded = table::Column::ExternalId.eq(&wanted.id).and(table::Column::ImportKey.is_null());
        let imported = table::Column::ImportKey.eq(&wanted.import_key);
        any.add(table::Column::AccountId.eq(wanted.account).and(recorded))
            .add(table::Column::AccountId.eq(wanted.account).and(imported))
    });
    let row = table::Entity::find()
        .filter(table::Column::PortfolioId.eq(portfolio))
        .filter(named)
        .filter(counts(None))
        .filter(Condition::all().add_option(except.map(|id| table::Column::Id.ne(id))))
        .order_by_asc(table::Column::Sequence)
        .one(session)
        .await?;
    row.map(row::read).transpose()
}

/// One imported file.
#[derive(Clone, Debug)]
pub struct ImportBatch {
    /// Its id, which every row it brought carries.
    pub id: Uuid,
    /// The portfolio it went to.
    pub portfolio_id: Uuid,
    /// The file's format.
    pub format: &'static str,
    /// Rows in the file.
    pub rows_read: i64,
    /// Rows added to the ledger.
    pub rows_recorded: i64,
    /// Rows that the account had already.
    pub rows_duplicate: i64,
    /// Rows left out because they were wrong.
    pub rows_rejected: i64,
    /// Rows that wait for a decision.
    pub rows_held: i64,
    /// When.
    pub imported_at: DateTime<Utc>,
    /// By whom.
    pub imported_by: Uuid,
}

/// Notes an imported file.
pub async fn insert_batch(session: &Session<Tenant>, batch: &ImportBatch) -> Result<(), DatabaseError> {
    let row = import_batch::ActiveModel {
        id: Set(batch.id),
        portfolio_id: Set(batch.portfolio_id),
        format: Set(batch.format.to_owned()),
        rows_read: Set(batch.rows_read),
        rows_recorded: Set(batch.rows_recorded),
        rows_duplicate: Set(batch.rows_duplicate),
        rows_rejected: Set(batch.rows_rejected),
        imported_at: Set(batch.imported_at),
        imported_by: Set(batch.imported_by),
        rows_held: Set(batch.rows_held),
    };
    import_batch::Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

/// One step down the index by day, however many rows a portfolio has.
const FIRST_DATES: &str = "\
    SELECT p.id, t.trade_date FROM portfolio p CROSS JOIN LATERAL ( \
        SELECT t.trade_date FROM fact_portfolio_transactions t \
        WHERE t.portfolio_id = p.id AND t.type <> 'REVERSAL' AND ($2 IS NULL OR t.recorded_at <= $2) \
        AND NOT EXISTS (SELECT FROM fact_portfolio_transactions l WHERE l.reverses_id = t.id AND ($2 IS NULL OR l.recorded_at <= $2)) \
        AND NOT EXISTS (SELECT FROM fact_portfolio_transactions l WHERE l.supersedes_id = t.id AND ($2 IS NULL OR l.recorded_at <= $2)) \
        ORDER BY t.trade_date, t.sequence LIMIT 1 \
    ) t WHERE p.id = ANY (string_to_array($1, ',')::uuid[])";

/// The day of each portfolio's first transaction that counts.
pub async fn first_dates(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    known_at: Option<DateTime<Utc>>,
) -> Result<Vec<(Uuid, NaiveDate)>, DatabaseError> {
    dates(session, FIRST_DATES, [list(portfolios).into(), known_at.into()]).await
}

const LAST_DATES: &str = "\
    SELECT p.id, t.trade_date FROM portfolio p CROSS JOIN LATERAL ( \
        SELECT t.trade_date FROM fact_portfolio_transactions t WHERE t.portfolio_id = p.id AND t.type <> 'REVERSAL' \
        AND NOT EXISTS (SELECT FROM fact_portfolio_transactions l WHERE l.reverses_id = t.id) \
        AND NOT EXISTS (SELECT FROM fact_portfolio_transactions l WHERE l.supersedes_id = t.id) \
        ORDER BY t.trade_date DESC, t.sequence DESC LIMIT 1 \
    ) t WHERE p.id = ANY (string_to_array($1, ',')::uuid[])";

/// The day of each portfolio's last transaction that counts.
pub async fn last_dates(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
) -> Result<Vec<(Uuid, NaiveDate)>, DatabaseError> {
    dates(session, LAST_DATES, [list(portfolios).into()]).await
}

async fn dates(
    session: &Session<Tenant>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<(Uuid, NaiveDate)>, DatabaseError> {
    let rows = session.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
    let found = rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
    Ok(found.collect::<Result<_, sea_orm::DbErr>>()?)
}

fn list(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_accrues_can_be_told_as_it_was_given() {
        let day = |day| NaiveDate::from_ymd_opt(2024, 3, day);
        let (Some(ex), Some(from)) = (day(1), day(8)) else { panic!("no days") };
        for (given, from, settles) in [
            (Dates::default(), from, day(8)),
            (Dates { settlement: day(12), pay: day(11), ..Dates::default() }, from, day(12)),
            (Dates::default(), ex, None),
            (Dates { settlement: day(8), ..Dates::default() }, ex, day(8)),
        ] {
            let accrued = given.accrued(from, ex);
            assert_eq!((accrued.ex, accrued.settlement), (Some(ex), settles));
            assert_eq!(accrued.as_given(from, ex), given);
        }
    }
}
