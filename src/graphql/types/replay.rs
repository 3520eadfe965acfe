//! Replays: what a portfolio had as it had been recorded at an instant, booked by a job.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::account::Account;
use super::instrument::Instrument;
use super::lot::with_instruments;
use super::money::Money;
use super::portfolio::Portfolio;
use super::transaction::Transaction;
use super::user::User;
use crate::graphql::connection::{self, connection};
use crate::graphql::context::Operation;
use crate::graphql::id::{self, Kind};
use crate::graphql::loaders::{self, AccountsKey, PersonKey, TransactionKey};
use crate::graphql::scalars::{Currency, Date, Decimal};
use crate::storage::instrument::Instrument as InstrumentRow;
use crate::storage::portfolio::Portfolio as PortfolioRow;
use crate::storage::replay::{Balance, OpenLot, Position, Replay as Row, ReplayStatus as Status};

/// How a replay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::storage::replay::ReplayStatus")]
pub enum ReplayStatus {
    /// It waits for a worker.
    Queued,
    /// A worker books it.
    Running,
    /// The answer is there, and stays.
    Done,
    /// It could not be booked: `message` says why. The same request again tries again.
    Failed,
}

/// How far the booking of a replay is.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReplayProgress {
    /// Rows of the ledger that are booked; fewer than before where a run that broke off starts over.
    rows_booked: i64,
    /// Rows that are to be booked: those that counted at `knownAt`, until `asOf`. Null until they are counted.
    rows: Option<i64>,
}

/// What a portfolio had at the close of a day as it had been recorded at an instant, booked by a job.
#[derive(Clone)]
pub struct Replay {
    row: Arc<Row>,
    portfolio: Arc<PortfolioRow>,
}

impl Replay {
    /// A replay of a portfolio.
    pub fn new(row: Row, portfolio: Arc<PortfolioRow>) -> Self {
        Self { row: Arc::new(row), portfolio }
    }

    fn is_done(&self) -> bool {
        self.row.last.status == Status::Done
    }

    fn money(&self, amount: rust_decimal::Decimal) -> Money {
        Money::new(amount, self.portfolio.base_currency)
    }

    async fn account(&self, ctx: &Context<'_>, id: Uuid) -> Result<Option<Account>> {
        let accounts = loaders::find(ctx, AccountsKey(self.portfolio.id)).await?.unwrap_or_default();
        Ok(accounts.into_iter().find(|account| account.id == id).map(Account::from))
    }
}

/// What a portfolio had at the close of a day as it had been recorded at an instant, booked by a job.
///
/// It is what `portfolio(asOf:, knownAt:)` answers in the base currency, for ledgers of any length, and once it is `DONE` it never
/// changes. Splits and exchange rates are those that the market knew when it was booked.
#[Object]
impl Replay {
    /// The replay's id.
    pub async fn id(&self) -> ID {
        Kind::Replay.id(self.row.id)
    }

    /// The portfolio, as of the same day and of what was known at the same instant: where its ledger is too long for a request,
    /// figures of it are refused.
    async fn portfolio(&self) -> Portfolio {
        let question = self.row.question;
        Portfolio::new(Arc::clone(&self.portfolio), question.as_of, None).of_what_was_known(Some(question.known_at))
    }

    /// The instant: what had been recorded then counts. To the microsecond.
    async fn known_at(&self) -> DateTime<Utc> {
        self.row.question.known_at
    }

    /// The day at whose close figures stand.
    async fn as_of(&self) -> Date {
        Date(self.row.question.as_of)
    }

    /// The version of the rules of booking that it is booked by. Once the server books by another, the same question is another
    /// replay.
    async fn calculation_version(&self) -> i32 {
        self.row.question.calculation_version
    }

    /// How it stands.
    async fn status(&self) -> ReplayStatus {
        self.row.last.status.into()
    }

    /// Why it failed, for people; null where it did not.
    async fn message(&self) -> Option<&str> {
        self.row.last.message.as_deref()
    }

    /// How far it is.
    async fn progress(&self) -> ReplayProgress {
        ReplayProgress { rows_booked: self.row.last.rows_booked, rows: self.row.last.rows_total }
    }

    /// When it was first asked for.
    async fn requested_at(&self) -> DateTime<Utc> {
        self.row.requested_at
    }

    /// Who first asked for it; null where the system did.
    async fn requested_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(loaders::find(ctx, PersonKey(self.row.requested_by)).await?.map(User))
    }

    /// When it was done or failed; null before.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        let last = &self.row.last;
        matches!(last.status, Status::Done | Status::Failed).then_some(last.recorded_at)
    }

    /// What was held, closed holdings too, by account and instrument. Null until it is `DONE`.
    async fn positions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<ReplayPositionConnection>> {
        let page = connection::page(Some(first), after.as_deref())?;
        if !self.is_done() {
            return Ok(None);
        }
        let operation = Operation::of(ctx);
        let limit = page.limit;
        let read = async {
            let session = operation.session().await?;
            let rows = operation.services.replay_positions(&session, self.row.id, page).await?;
            let total = match connection::wants_total(ctx) {
                true => operation.services.replay_position_count(&session, self.row.id).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let rows = with_instruments(ctx, rows, |row| row.instrument_id).await?;
        let (rows, info) = connection::cut(rows, limit, |(row, _)| (row.account_id, row.instrument_id));
        let position = |(row, instrument)| ReplayPosition { replay: self.clone(), row: Arc::new(row), instrument };
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, position(row))).collect();
        Ok(Some(ReplayPositionConnection::new(rows, info, total)))
    }

    /// The lots of which something was left, the oldest first. Null until it is `DONE`.
    async fn lots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<ReplayLotConnection>> {
        let page = connection::page(Some(first), after.as_deref())?;
        if !self.is_done() {
            return Ok(None);
        }
        let operation = Operation::of(ctx);
        let limit = page.limit;
        let read = async {
            let session = operation.session().await?;
            let rows = operation.services.replay_lots(&session, self.row.id, page).await?;
            let total = match connection::wants_total(ctx) {
                true => operation.services.replay_lot_count(&session, self.row.id).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let rows = with_instruments(ctx, rows, |row| row.instrument_id).await?;
        let (rows, info) = connection::cut(rows, limit, |(row, _)| row.place());
        let lot = |(row, instrument)| ReplayLot { replay: self.clone(), row: Arc::new(row), instrument };
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, lot(row))).collect();
        Ok(Some(ReplayLotConnection::new(rows, info, total)))
    }

    /// The cash balances, by account and currency. Null until it is `DONE`.
    async fn cash(&self, ctx: &Context<'_>) -> Result<Option<Vec<ReplayCashBalance>>> {
        if !self.is_done() {
            return Ok(None);
        }
        let operation = Operation::of(ctx);
        let read = async { operation.services.replay_cash(&*operation.session().await?, self.row.id).await };
        let rows = read.await.map_err(|error| operation.fail(error))?;
        let balance = |row| ReplayCashBalance { replay: self.clone(), row: Arc::new(row) };
        Ok(Some(rows.into_iter().map(balance).collect()))
    }
}

/// What was held of an instrument in an account, and what it had brought by then.
#[derive(Clone)]
pub struct ReplayPosition {
    replay: Replay,
    row: Arc<Position>,
    instrument: Arc<InstrumentRow>,
}

/// What was held of an instrument in an account, and what it had brought by then.
///
/// Amounts are in the portfolio's base currency, at the exchange rates of the trade dates, unless a field says local: the
/// instrument's currency.
#[Object]
impl ReplayPosition {
    /// What was held.
    async fn instrument(&self) -> Instrument {
        Instrument(Arc::clone(&self.instrument))
    }

    /// The account it was held in.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        self.replay.account(ctx, self.row.account_id).await
    }

    /// Units, in the share basis of the day; for bonds the face amount. Zero for a holding that was closed, below zero where units
    /// were owed.
    async fn quantity(&self) -> Decimal {
        Decimal(self.row.quantity.normalize())
    }

    /// What the open lots cost, by the portfolio's bookkeeping of then; below zero for units that were owed.
    async fn cost(&self) -> Money {
        self.replay.money(self.row.cost_base)
    }

    /// The same in the instrument's currency.
    async fn cost_local(&self) -> Money {
        Money::new(self.row.cost_local, self.instrument.currency)
    }

    /// Proceeds minus cost of everything disposed of until the day, fees and taxes by the bookkeeping of then.
    async fn realized_gain(&self) -> Money {
        self.replay.money(self.row.realized_base)
    }

    /// The same in the instrument's currency.
    async fn realized_gain_local(&self) -> Money {
        Money::new(self.row.realized_local, self.instrument.currency)
    }

    /// Dividends and coupons until the day, before withholding.
    async fn income(&self) -> Money {
        self.replay.money(self.row.income_base)
    }

    /// The same in the instrument's currency.
    async fn income_local(&self) -> Money {
        Money::new(self.row.income_local, self.instrument.currency)
    }

    /// Tax withheld from income until the day; part of `taxes`.
    async fn withholding(&self) -> Money {
        self.replay.money(self.row.withholding_base)
    }

    /// Fees of every transaction of the holding until the day, those inside cost and proceeds too.
    async fn fees(&self) -> Money {
        self.replay.money(self.row.fees_base)
    }

    /// Taxes of every transaction of the holding until the day, those inside cost and proceeds too.
    async fn taxes(&self) -> Money {
        self.replay.money(self.row.taxes_base)
    }

    /// The part of `fees` and `taxes` that is neither in cost nor in proceeds.
    async fn expensed(&self) -> Money {
        self.replay.money(self.row.expensed_base)
    }
}

/// Units that one transaction had brought to a holding, of which something was left.
#[derive(Clone)]
pub struct ReplayLot {
    replay: Replay,
    row: Arc<OpenLot>,
    instrument: Arc<InstrumentRow>,
}

/// Units that one transaction had brought to a holding, of which something was left. A short lot holds units that are owed: its
/// quantities and its cost are below zero.
#[Object]
impl ReplayLot {
    /// The lot's id: that of the same lot in `portfolio { lots }`.
    async fn id(&self) -> ID {
        let row = &self.row;
        let (opened_by, account, instrument) =
            (row.transaction_id.into(), row.account_id.into(), row.instrument_id.into());
        id::of_lot(opened_by, account, instrument, row.ordinal.unsigned_abs())
    }

    /// What it holds.
    async fn instrument(&self) -> Instrument {
        Instrument(Arc::clone(&self.instrument))
    }

    /// The account it lies in. Where lots are pooled per portfolio: the one whose transaction brought it.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        self.replay.account(ctx, self.row.account_id).await
    }

    /// The transaction that first opened it.
    async fn opened_by(&self, ctx: &Context<'_>) -> Result<Option<Transaction>> {
        let opened_by = loaders::find(ctx, TransactionKey(self.row.transaction_id)).await?;
        Ok(opened_by.map(|row| Transaction::known(row, Some(self.replay.row.question.known_at))))
    }

    /// The day it was first opened on.
    async fn opened_on(&self) -> Date {
        Date(self.row.opened_on)
    }

    /// Units that it began with, in the share basis of the day.
    async fn quantity_opened(&self) -> Decimal {
        Decimal(self.row.quantity_opened.normalize())
    }

    /// Units left, in the same basis.
    async fn quantity_remaining(&self) -> Decimal {
        Decimal(self.row.quantity_remaining.normalize())
    }

    /// What the units left cost, in the base currency at the exchange rate of the day the lot was opened on.
    async fn cost(&self) -> Money {
        self.replay.money(self.row.cost_base)
    }

    /// The same in the instrument's currency.
    async fn cost_local(&self) -> Money {
        Money::new(self.row.cost_local, self.instrument.currency)
    }
}

/// A cash balance of an account.
#[derive(Clone)]
pub struct ReplayCashBalance {
    replay: Replay,
    row: Arc<Balance>,
}

/// A cash balance of an account. Unsettled trades count from their trade date.
#[Object]
impl ReplayCashBalance {
    /// The account.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        self.replay.account(ctx, self.row.account_id).await
    }

    /// The currency.
    async fn currency(&self) -> Currency {
        Currency(self.row.currency)
    }

    /// The balance in that currency; below zero where money was borrowed.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, self.row.currency)
    }

    /// The part of the amount whose settlement date had not come: receivables above zero, payables below.
    async fn unsettled(&self) -> Money {
        Money::new(self.row.unsettled, self.row.currency)
    }

    /// Interest that belongs to no holding until the day, before tax, in the base currency: received minus paid.
    async fn interest(&self) -> Money {
        self.replay.money(self.row.interest_base)
    }

    /// Fees that belong to no holding until the day, in the base currency: charged minus refunded.
    async fn fees(&self) -> Money {
        self.replay.money(self.row.fees_base)
    }

    /// Taxes that belong to no holding until the day, in the base currency: charged minus refunded.
    async fn taxes(&self) -> Money {
        self.replay.money(self.row.taxes_base)
    }
}

connection!(ReplayConnection, ReplayEdge, Replay, "a portfolio's replays, the latest first");
connection!(
    ReplayPositionConnection,
    ReplayPositionEdge,
    ReplayPosition,
    "what a replay found to be held, by account and instrument"
);
connection!(ReplayLotConnection, ReplayLotEdge, ReplayLot, "the open lots of a replay, the oldest first");
