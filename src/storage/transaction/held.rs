//! Imported rows that wait for a decision, and what was decided: appended, never changed.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::Currency;
use entity::tenant::fact_portfolio_transactions::Model;
use entity::tenant::{held_decision, held_transaction as table};
use rust_decimal::Decimal;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select, Statement,
};
use serde_json::Value;
use uuid::Uuid;

use super::{LedgerRow, columns, row};
use crate::storage::Page;
use crate::storage::columns::Columns;
use crate::storage::row_sink::RowSink;
use crate::tenancy::{DatabaseError, Session, Tenant};

/// Why a row is not recorded before somebody decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldReason {
    /// It differs from the market's action.
    ActionDiffers,
    /// The account has the market's action in its ledger already.
    AlreadyApplied,
}

impl HeldReason {
    const ALL: [Self; 2] = [Self::ActionDiffers, Self::AlreadyApplied];

    fn code(self) -> &'static str {
        match self {
            Self::ActionDiffers => "ACTION_DIFFERS",
            Self::AlreadyApplied => "ALREADY_APPLIED",
        }
    }
}

/// What an action comes to for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionFigure {
    /// So many units for so many.
    Ratio(Decimal, Decimal),
    /// So much money.
    Amount(Decimal, Currency),
}

/// The market's action, and what it comes to for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketFigure {
    /// Its ex-date.
    pub ex_date: NaiveDate,
    /// What it comes to.
    pub figure: ActionFigure,
}

/// A row that is held, with the others of its event.
#[derive(Clone, Debug)]
pub struct HeldTransaction {
    /// Its id.
    pub id: Uuid,
    /// The portfolio that it would be recorded in.
    pub portfolio_id: Uuid,
    /// The file that brought it.
    pub import_batch_id: Uuid,
    /// Its line there.
    pub line: u64,
    /// Why it is held.
    pub reason: HeldReason,
    /// Why, with both figures, for a person.
    pub message: String,
    /// The rows of its event as the file gives them.
    pub rows: Vec<LedgerRow>,
    /// The place of the row that is doubted.
    pub doubtful: usize,
    /// What the market said when it was held.
    pub market: MarketFigure,
    /// Since when.
    pub held_at: DateTime<Utc>,
    /// By whom it was imported.
    pub held_by: Uuid,
}

const INSERT: &str = "\
    INSERT INTO held_transaction (id, portfolio_id, import_batch_id, line, reason, message, rows, doubtful, action_ex_date, \
    market_amount, market_currency, market_numerator, market_denominator, held_at, held_by) SELECT c1::uuid, c2::uuid, \
    c3::uuid, c4::bigint, c5, c6, c7::jsonb, c8::integer, c9::date, c10::numeric, c11, c12::numeric, c13::numeric, \
    c14::timestamptz, c15::uuid FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], \
    $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[]) \
    AS r (c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15)";

/// Adds held rows.
pub async fn insert(session: &Session<Tenant>, held: &[HeldTransaction]) -> Result<(), DatabaseError> {
    let mut cells = Columns::new(15);
    for one in held {
        let rows: Vec<Value> = one.rows.iter().map(columns::stored).collect();
        cells.cell(one.id).cell(one.portfolio_id).cell(one.import_batch_id).cell(one.line).cell(one.reason.code());
        cells.cell(&one.message).cell(Value::from(rows)).cell(one.doubtful).cell(one.market.ex_date);
        match one.market.figure {
            ActionFigure::Amount(amount, currency) => {
                cells.cell(amount).cell(currency).optional(None::<Decimal>).optional(None::<Decimal>);
            }
            ActionFigure::Ratio(numerator, denominator) => {
                cells.optional(None::<Decimal>).optional(None::<Decimal>).cell(numerator).cell(denominator);
            }
        }
        cells.cell(one.held_at.to_rfc3339()).cell(one.held_by);
    }
    if !cells.is_empty() {
        session.insert_columns(INSERT, cells.into_columns()).await?;
    }
    Ok(())
}

/// Read back by the ledger's own columns, so that what they hold keeps its type.
const ROWS: &str = "\
    SELECT h.id AS held_id, r.* FROM held_transaction h \
    CROSS JOIN LATERAL jsonb_array_elements(h.rows) WITH ORDINALITY AS e (item, place) \
    CROSS JOIN LATERAL jsonb_populate_record(NULL::fact_portfolio_transactions, e.item) AS r \
    WHERE h.id = ANY (string_to_array($1, ',')::uuid[]) ORDER BY h.id, e.place";

async fn read(session: &Session<Tenant>, heads: Vec<table::Model>) -> Result<Vec<HeldTransaction>, DatabaseError> {
    if heads.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = heads.iter().map(|head| head.id.to_string()).collect();
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, ROWS, [ids.join(",").into()]);
    let mut rows: HashMap<Uuid, Vec<LedgerRow>> = HashMap::new();
    for found in session.query_all_raw(statement).await? {
        let held: Uuid = found.try_get("", "held_id")?;
        rows.entry(held).or_default().push(row::read(Model::from_query_result(&found, "")?)?);
    }
    heads.into_iter().map(|head| held(head, &mut rows)).collect()
}

fn held(head: table::Model, rows: &mut HashMap<Uuid, Vec<LedgerRow>>) -> Result<HeldTransaction, DatabaseError> {
    let corrupt = |what: &str| DatabaseError::Corrupt(format!("the held transaction {} has no {what}", head.id));
    let reason = HeldReason::ALL.into_iter().find(|reason| reason.code() == head.reason);
    let figure = match (head.market_amount, &head.market_currency, head.market_numerator, head.market_denominator) {
        (Some(amount), Some(currency), ..) => ActionFigure::Amount(amount, crate::storage::currency(currency)?),
        (None, None, Some(numerator), Some(denominator)) => ActionFigure::Ratio(numerator, denominator),
        _ => return Err(corrupt("figure of the market")),
    };
    Ok(HeldTransaction {
        id: head.id,
        portfolio_id: head.portfolio_id,
        import_batch_id: head.import_batch_id,
        line: head.line.unsigned_abs(),
        reason: reason.ok_or_else(|| corrupt("known reason"))?,
        rows: rows.remove(&head.id).ok_or_else(|| corrupt("rows"))?,
        doubtful: usize::try_from(head.doubtful).map_err(|_| corrupt("doubtful row"))?,
        market: MarketFigure { ex_date: head.action_ex_date, figure },
        message: head.message,
        held_at: head.held_at,
        held_by: head.held_by,
    })
}

/// Those of a portfolio that wait.
fn waiting(portfolio: Uuid) -> Select<table::Entity> {
    let mut decided = Query::select();
    decided.expr(Expr::val(1)).from(held_decision::Entity).and_where(
        Expr::col((held_decision::Entity, held_decision::Column::HeldTransactionId))
            .equals((table::Entity, table::Column::Id)),
    );
    table::Entity::find()
        .filter(table::Column::PortfolioId.eq(portfolio))
        .filter(Expr::exists(decided.to_owned()).not())
}

/// What waits for a decision in a portfolio, the first that was held first.
pub async fn page(
    session: &Session<Tenant>,
    portfolio: Uuid,
    page: Page<Uuid>,
) -> Result<Vec<HeldTransaction>, DatabaseError> {
    let mut query = waiting(portfolio).order_by_asc(table::Column::Id).limit(page.limit);
    if let Some(after) = page.after {
        query = query.filter(table::Column::Id.gt(after));
    }
    let heads = query.all(session).await?;
    read(session, heads).await
}

/// How many wait in a portfolio.
pub async fn count(session: &Session<Tenant>, portfolio: Uuid) -> Result<u64, DatabaseError> {
    Ok(waiting(portfolio).count(session).await?)
}

/// The held rows with this id, decided or not.
pub async fn by_id(session: &Session<Tenant>, id: Uuid) -> Result<Option<HeldTransaction>, DatabaseError> {
    let heads = table::Entity::find_by_id(id).all(session).await?;
    Ok(read(session, heads).await?.pop())
}

#[derive(FromQueryResult)]
struct Key {
    account_id: Uuid,
    import_key: String,
}

const IMPORT_KEYS: &str = "\
    SELECT (r.item ->> 'account_id')::uuid AS account_id, r.item ->> 'import_key' AS import_key \
    FROM held_transaction h CROSS JOIN LATERAL jsonb_array_elements(h.rows) AS r (item) \
    WHERE h.portfolio_id = $1 AND r.item ? 'import_key'";

/// Every import key that was held in a portfolio, whatever was decided since.
pub async fn import_keys(session: &Session<Tenant>, portfolio: Uuid) -> Result<HashSet<(Uuid, String)>, DatabaseError> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, IMPORT_KEYS, [portfolio.into()]);
    let keys = Key::find_by_statement(statement).all(session).await?;
    Ok(keys.into_iter().map(|key| (key.account_id, key.import_key)).collect())
}

/// What was decided about held rows.
#[derive(Clone, Debug)]
pub struct HeldDecision {
    /// The held rows.
    pub held: Uuid,
    /// What.
    pub decision: &'static str,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// By whom.
    pub decided_by: Uuid,
}

/// Notes a decision. There is none yet: the portfolio is locked by the caller.
pub async fn decide(session: &Session<Tenant>, decision: &HeldDecision) -> Result<(), DatabaseError> {
    let row = held_decision::ActiveModel {
        held_transaction_id: Set(decision.held),
        decision: Set(decision.decision.to_owned()),
        decided_at: Set(decision.decided_at),
        decided_by: Set(decision.decided_by),
    };
    held_decision::Entity::insert(row).exec_without_returning(session).await?;
    Ok(())
}

/// What was decided about held rows, and when, if anything was.
pub async fn decision(session: &Session<Tenant>, held: Uuid) -> Result<Option<(String, DateTime<Utc>)>, DatabaseError> {
    let found = held_decision::Entity::find_by_id(held).one(session).await?;
    Ok(found.map(|row| (row.decision, row.decided_at)))
}
