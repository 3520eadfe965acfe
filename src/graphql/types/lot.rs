//! Lots: what one transaction opened, and what is left of it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::NaiveDate;
use domain::ledger::Lot as Row;
use domain::money::{self, mul_div};
use domain::pricing::Lookup;
use uuid::Uuid;

use super::account::Account;
use super::figure::{DataStatus, FigureReason, MoneyFigure, doubtful_inputs};
use super::instrument::Instrument;
use super::lot_match::{self, LotMatchConnection};
use super::money::Money;
use super::transaction::Transaction;
use crate::graphql::connection::{self, connection};
use crate::graphql::error::ErrorCode;
use crate::graphql::id;
use crate::graphql::loaders::{
    self, AccountsKey, LotInstrumentKey, LotMatchesKey, LotPageKey, SnapshotKey, StandingKey, TransactionKey,
};
use crate::graphql::scalars::{Date, Decimal};
use crate::services::lot::{Part, Standing, booked_lots};
use crate::services::price::missing_code;
use crate::services::valuation::{Snapshot, View};
use crate::storage::instrument::Instrument as InstrumentRow;
use crate::storage::lot::{LotFilter, Place};

/// The books that lots and disposals are of: a portfolio's, as of a day, in a currency.
pub struct Books {
    /// The portfolio and its currency.
    pub view: View,
    /// The day.
    pub as_of: NaiveDate,
    /// Where they are found.
    pub standing: Standing,
}

impl Books {
    /// The books as of a day.
    pub async fn as_of(ctx: &Context<'_>, view: View, as_of: NaiveDate) -> Result<Arc<Self>> {
        let standing = loaders::get(ctx, StandingKey { view: view.clone(), as_of }).await??;
        Ok(Arc::new(Self { view, as_of, standing }))
    }

    /// The books of several portfolios as of a day.
    pub async fn all(ctx: &Context<'_>, views: &[View], as_of: NaiveDate) -> Result<Vec<Arc<Self>>> {
        let key = |view: &View| StandingKey { view: view.clone(), as_of };
        let mut found = loaders::find_many(ctx, views.iter().map(key)).await?;
        let books = |view: &View| {
            let standing = found.remove(&key(view)).ok_or_else(|| ErrorCode::Internal.error("internal error"))??;
            Ok(Arc::new(Self { view: view.clone(), as_of, standing }))
        };
        views.iter().map(books).collect()
    }

    /// An account of the portfolio.
    pub async fn account(&self, ctx: &Context<'_>, id: Uuid) -> Result<Option<Account>> {
        let accounts = loaders::find(ctx, AccountsKey(self.view.portfolio)).await?.unwrap_or_default();
        Ok(accounts.into_iter().find(|account| account.id == id).map(Account::from))
    }

    /// An amount in the currency of the books.
    pub fn money(&self, amount: rust_decimal::Decimal) -> Money {
        Money::new(amount, self.view.currency)
    }
}

/// Each row with its instrument.
pub async fn with_instruments<T>(
    ctx: &Context<'_>,
    rows: Vec<T>,
    instrument: impl Fn(&T) -> Uuid,
) -> Result<Vec<(T, Arc<InstrumentRow>)>> {
    let found = loaders::find_many(ctx, rows.iter().map(|row| LotInstrumentKey(instrument(row)))).await?;
    let with = |row: T| {
        let found = found.get(&LotInstrumentKey(instrument(&row))).map(Arc::clone);
        found.map(|found| (row, found)).ok_or_else(|| ErrorCode::Internal.error("internal error"))
    };
    rows.into_iter().map(with).collect()
}

/// A page of a portfolio's lots.
pub async fn page(
    ctx: &Context<'_>,
    books: &Arc<Books>,
    filter: LotFilter,
    first: i32,
    after: Option<&str>,
) -> Result<LotConnection> {
    let page = connection::page::<Place>(Some(first), after)?;
    let part = match &books.standing {
        Standing::Booked(booking) => booked_lots(booking, &filter, page),
        Standing::Stored => {
            let list = (filter, (page.after, page.limit, connection::wants_total(ctx)));
            loaders::find(ctx, LotPageKey { portfolio: books.view.portfolio, list }).await?.unwrap_or_default()
        }
    };
    let rows = with_instruments(ctx, part.rows, |lot| lot.instrument.uuid()).await?;
    let (rows, info) = connection::cut(rows, page.limit, |(lot, _)| Place::of_lot(lot));
    let rows = rows.into_iter().map(|(cursor, (lot, instrument))| (cursor, Lot::new(books, lot, instrument))).collect();
    Ok(LotConnection::new(rows, info, part.total))
}

/// A page of the lots of several portfolios together.
pub async fn merged(
    ctx: &Context<'_>,
    all: &[Arc<Books>],
    filter: LotFilter,
    first: i32,
    after: Option<&str>,
) -> Result<LotConnection> {
    let page = connection::page::<Place>(Some(first), after)?;
    let list = (filter, (page.after, page.limit, connection::wants_total(ctx)));
    let key = |books: &Arc<Books>| LotPageKey { portfolio: books.view.portfolio, list };
    let stored = all.iter().filter(|books| matches!(books.standing, Standing::Stored)).map(key);
    let mut stored = loaders::find_many(ctx, stored).await?;
    let parts = all.iter().map(|books| match &books.standing {
        Standing::Booked(booking) => (books, booked_lots(booking, &filter, page)),
        Standing::Stored => (books, stored.remove(&key(books)).unwrap_or_default()),
    });
    let (rows, total) = in_order(parts, Place::of_lot);
    let rows = with_instruments(ctx, rows, |(_, lot)| lot.instrument.uuid()).await?;
    let (rows, info) = connection::cut(rows, page.limit, |((_, lot), _)| Place::of_lot(lot));
    let shown = |(cursor, ((books, lot), instrument))| (cursor, Lot::new(&books, lot, instrument));
    Ok(LotConnection::new(rows.into_iter().map(shown).collect(), info, total))
}

/// Pages of several books as one list, and how many rows the whole list has.
pub fn in_order<'a, T>(
    parts: impl Iterator<Item = (&'a Arc<Books>, Part<T>)>,
    place: impl Fn(&T) -> Place,
) -> (Vec<(Arc<Books>, T)>, u64) {
    let mut total = 0;
    let mut rows = Vec::new();
    for (books, part) in parts {
        total += part.total;
        rows.extend(part.rows.into_iter().map(|row| (Arc::clone(books), row)));
    }
    rows.sort_by_key(|(_, row)| place(row));
    (rows, total)
}

/// What one transaction opened.
#[derive(Clone)]
pub struct Lot {
    books: Arc<Books>,
    lot: Arc<Row>,
    instrument: Arc<InstrumentRow>,
}

impl Lot {
    /// A lot of these books.
    pub fn new(books: &Arc<Books>, lot: Row, instrument: Arc<InstrumentRow>) -> Self {
        Self { books: Arc::clone(books), lot: Arc::new(lot), instrument }
    }

    fn local(&self, amount: rust_decimal::Decimal) -> Money {
        Money::new(amount, self.instrument.currency)
    }

    async fn snapshot(&self, ctx: &Context<'_>) -> Result<Arc<Snapshot>> {
        let key = SnapshotKey { view: self.books.view.clone(), as_of: self.books.as_of };
        Ok(loaders::get(ctx, key).await??)
    }

    /// Value minus cost, where the instrument's price and, but for the local figure, a rate are known.
    async fn gain(&self, ctx: &Context<'_>, is_local: bool) -> Result<MoneyFigure> {
        let money = |amount| if is_local { self.local(amount) } else { self.books.money(amount) };
        let quantity = self.lot.quantity_remaining;
        if quantity.is_zero() {
            let value = Some(money(rust_decimal::Decimal::ZERO));
            return Ok(MoneyFigure { value, status: DataStatus::Complete, reasons: Vec::new() });
        }
        let snapshot = self.snapshot(ctx).await?;
        // Where lots are pooled the units may have left the account that bought them: any holding tells what a unit is worth.
        let lines = snapshot.holdings.iter().filter(|line| line.instrument.id == self.instrument.id);
        let line = lines.filter_map(|line| line.value.as_ref()).find(|line| !line.quantity.is_zero());
        let missing = |reasons| MoneyFigure { value: None, status: DataStatus::Missing, reasons };
        let Some(line) = line else {
            let message = format!("no price of {}: it is not held", self.instrument.symbol);
            return Ok(missing(vec![FigureReason::new("NO_PRICE", message)]));
        };
        let (value, cost) = match is_local {
            true => (line.market_value_local, self.lot.cost_local),
            false => (line.market_value, self.lot.cost_base),
        };
        let Some(value) = value else {
            return Ok(missing(vec![match line.price {
                Lookup::Missing { reason } => {
                    let message = format!("no price of {}: {reason}", self.instrument.symbol);
                    FigureReason::new(missing_code(reason), message)
                }
                Lookup::Known { .. } => {
                    let (from, to) = (line.local_currency, self.books.view.currency);
                    FigureReason::new("NO_RATE", format!("no rate from {from} to {to}"))
                }
            }]));
        };
        let value = mul_div(value, quantity, line.quantity).and_then(|value| money::sub(value, cost));
        let value = value.map_err(|error| ErrorCode::AmountTooLarge.error(error.to_string()))?;
        let value = money(value.round_dp(money::MONEY_SCALE));
        // What is told in the instrument's own currency needs no rate.
        let rate = line.rate.filter(|_| !is_local);
        let price = Some((self.instrument.symbol.as_str(), line.price));
        Ok(MoneyFigure::known(value, doubtful_inputs(price, line.local_currency, rate, snapshot.as_of)))
    }
}

/// Units that one transaction brought to a holding, and what is left of them at the close of the portfolio's `asOf`. A short
/// lot holds units that are owed: its quantities and its cost are below zero, its cost being what the short sale brought.
///
/// Amounts are in the portfolio's `currency`, at the exchange rate of the day the lot was opened on, unless a field says
/// local.
#[Object]
impl Lot {
    /// The lot's id. It stays as long as the same transaction opens the lot in the same account.
    async fn id(&self) -> ID {
        let Row { opened_by, account, instrument, ordinal, .. } = *self.lot;
        id::of_lot(opened_by, account, instrument, ordinal)
    }

    /// What it holds.
    async fn instrument(&self) -> Instrument {
        Instrument(Arc::clone(&self.instrument))
    }

    /// The account it lies in. Where lots are pooled per portfolio: the one whose transaction brought it.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        self.books.account(ctx, self.lot.account.uuid()).await
    }

    /// The transaction that first opened it; a transfer between accounts, a spin-off and a merger keep it. Its id names the
    /// lot where a disposal chooses its lots.
    async fn opened_by(&self, ctx: &Context<'_>) -> Result<Option<Transaction>> {
        Ok(loaders::find(ctx, TransactionKey(self.lot.opened_by.uuid()))
            .await?
            .map(|row| Transaction::known(row, self.books.view.known_at)))
    }

    /// The day it was first opened on, which holding periods count from; splits, transfers, spin-offs and mergers keep it.
    async fn opened_on(&self) -> Date {
        Date(self.lot.opened_on)
    }

    /// The day its last unit left; null while it is open.
    async fn closed_on(&self) -> Option<Date> {
        self.lot.closed_on.map(Date)
    }

    /// Units that it began with, in the share basis after the splits so far; of a closed lot, in that of its closing. Below
    /// zero for a short lot.
    async fn quantity_opened(&self) -> Decimal {
        Decimal(self.lot.quantity_opened.normalize())
    }

    /// Units left, in the same basis; zero for a closed lot, below zero for a short one.
    async fn quantity_remaining(&self) -> Decimal {
        Decimal(self.lot.quantity_remaining.normalize())
    }

    /// What the units left cost, fees and taxes by the portfolio's `bookkeeping`; below zero for a short lot: what it brought.
    async fn cost(&self) -> Money {
        self.books.money(self.lot.cost_base)
    }

    /// The same in the instrument's currency.
    async fn cost_local(&self) -> Money {
        self.local(self.lot.cost_local)
    }

    /// Cost per unit left in the instrument's currency, the price multiplier inside, rounded to 12 decimals; of a short lot
    /// what a unit brought. Null for a closed lot.
    async fn unit_cost_local(&self) -> Option<Money> {
        (!self.lot.quantity_remaining.is_zero()).then(|| self.local(self.lot.unit_cost()))
    }

    /// Units of the portfolio's `currency` per unit of the instrument's in that cost, rounded to 12 decimals: the exchange
    /// rate of the opening. Null where the cost is zero.
    async fn fx_rate(&self) -> Option<Decimal> {
        self.lot.opening_rate().map(|rate| Decimal(rate.normalize()))
    }

    /// Calendar days from `openedOn` until `asOf`, or until `closedOn`.
    async fn days_held(&self) -> i64 {
        self.lot.days_held(self.books.as_of)
    }

    /// Whether a sale on `asOf` (of a closed lot: its last disposal) comes after the anniversary of `openedOn`, which is
    /// 1 March for 29 February. Never for a short lot.
    async fn is_long_term(&self) -> bool {
        self.lot.is_long_term(self.books.as_of)
    }

    /// Value of the units left at the close of `asOf` minus their cost; zero for a closed lot. Null where the price or the
    /// exchange rate is missing: see its reasons.
    async fn unrealized_gain(&self, ctx: &Context<'_>) -> Result<Option<MoneyFigure>> {
        self.gain(ctx, false).await.map(Some)
    }

    /// The same in the instrument's currency.
    async fn unrealized_gain_local(&self, ctx: &Context<'_>) -> Result<Option<MoneyFigure>> {
        self.gain(ctx, true).await.map(Some)
    }

    /// The disposals until `asOf` that used it, the earliest first. Null where they cannot be read: see the errors.
    async fn disposals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<LotMatchConnection>> {
        let matches = match &self.books.standing {
            Standing::Booked(booking) => booking.matches.iter().filter(|part| part.used(&self.lot)).cloned().collect(),
            Standing::Stored => {
                let key = LotMatchesKey(self.lot.opened_by.uuid());
                let mut matches = loaders::find(ctx, key).await?.unwrap_or_default();
                matches.retain(|part| part.used(&self.lot));
                matches
            }
        };
        lot_match::listed(ctx, &self.books, matches, first, after.as_deref()).await.map(Some)
    }
}

connection!(LotConnection, LotEdge, Lot, "a portfolio's lots, the oldest first");
