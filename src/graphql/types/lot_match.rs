//! Disposals: which lot was used, what it had cost and what it brought.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use chrono::{Datelike, NaiveDate};
use domain::ledger::LotMatch as Row;
use domain::money::ArithmeticError;

use super::account::Account;
use super::instrument::Instrument;
use super::lot::{Books, Lot, in_order, with_instruments};
use super::money::Money;
use super::transaction::Transaction;
use crate::clock::{FIRST_DAY, LAST_DAY};
use crate::graphql::connection::{self, connection};
use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, LotsOpenedKey, MatchPageKey, TransactionKey};
use crate::graphql::scalars::{Date, Decimal};
use crate::services::lot::{Part, Standing, booked_matches, paged};
use crate::storage::instrument::Instrument as InstrumentRow;
use crate::storage::lot::{MatchFilter, Place};

/// Which disposals to show; what is not given does not restrict. None after the portfolio's `asOf` is shown.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DisposalFilter {
    /// Only of this calendar year; not beside `from` and `to`.
    tax_year: Option<i32>,
    /// From this day on, inclusive.
    from: Option<Date>,
    /// Until this day, inclusive.
    to: Option<Date>,
    /// Only of this instrument.
    instrument_id: Option<ID>,
    /// Only in this account.
    account_id: Option<ID>,
}

impl DisposalFilter {
    /// The filter, with nothing after `as_of`.
    pub fn until(self, as_of: NaiveDate) -> Result<MatchFilter> {
        let (from, to) = match self.tax_year {
            Some(_) if self.from.is_some() || self.to.is_some() => {
                return Err(ErrorCode::BadUserInput.error("filter.taxYear: give a year, or from and to, not both"));
            }
            Some(year) => {
                let (first, last) = year_of(year)
                    .map_err(|message| ErrorCode::BadUserInput.error(format!("filter.taxYear: {message}")))?;
                (Some(first), Some(last))
            }
            None => (self.from.map(|day| day.0), self.to.map(|day| day.0)),
        };
        Ok(MatchFilter {
            from,
            to: Some(to.map_or(as_of, |to| to.min(as_of))),
            instrument: self.instrument_id.map(|id| Kind::Instrument.parse(&id, "filter.instrumentId")).transpose()?,
            account: self.account_id.map(|id| Kind::Account.parse(&id, "filter.accountId")).transpose()?,
        })
    }
}

/// The first and the last day of a calendar year, or what is wrong with it.
pub fn year_of(year: i32) -> Result<(NaiveDate, NaiveDate), String> {
    let days = NaiveDate::from_ymd_opt(year, 1, 1).zip(NaiveDate::from_ymd_opt(year, 12, 31));
    let (first, last) = (FIRST_DAY.year(), LAST_DAY.year());
    days.filter(|_| (first..=last).contains(&year)).ok_or_else(|| format!("{year} is no year from {first} to {last}"))
}

/// How long something was held before its disposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum HoldingTerm {
    /// Closed on the anniversary of its opening or before; whatever was sold short.
    Short,
    /// Closed after the anniversary of its opening, which is 1 March for 29 February.
    Long,
}

/// A page of a portfolio's disposals.
pub async fn page(
    ctx: &Context<'_>,
    books: &Arc<Books>,
    filter: MatchFilter,
    first: i32,
    after: Option<&str>,
) -> Result<LotMatchConnection> {
    let page = connection::page::<Place>(Some(first), after)?;
    let part = match &books.standing {
        Standing::Booked(booking) => booked_matches(booking, &filter, page),
        Standing::Stored => {
            let list = (filter, (page.after, page.limit, connection::wants_total(ctx)));
            loaders::find(ctx, MatchPageKey { portfolio: books.view.portfolio, list }).await?.unwrap_or_default()
        }
    };
    shown(ctx, books, part, page.limit, true).await
}

/// A page of the disposals of several portfolios together.
pub async fn merged(
    ctx: &Context<'_>,
    all: &[Arc<Books>],
    filter: MatchFilter,
    first: i32,
    after: Option<&str>,
) -> Result<LotMatchConnection> {
    let page = connection::page::<Place>(Some(first), after)?;
    let list = (filter, (page.after, page.limit, connection::wants_total(ctx)));
    let key = |books: &Arc<Books>| MatchPageKey { portfolio: books.view.portfolio, list };
    let stored = all.iter().filter(|books| matches!(books.standing, Standing::Stored)).map(key);
    let mut stored = loaders::find_many(ctx, stored).await?;
    let parts = all.iter().map(|books| match &books.standing {
        Standing::Booked(booking) => (books, booked_matches(booking, &filter, page)),
        Standing::Stored => (books, stored.remove(&key(books)).unwrap_or_default()),
    });
    let (rows, total) = in_order(parts, Place::of_match);
    connected(ctx, rows, total, page.limit, true).await
}

/// A page of disposals that are known as a whole.
pub async fn listed(
    ctx: &Context<'_>,
    books: &Arc<Books>,
    matches: Vec<Row>,
    first: i32,
    after: Option<&str>,
) -> Result<LotMatchConnection> {
    let page = connection::page::<Place>(Some(first), after)?;
    shown(ctx, books, paged(matches, Place::of_match, page), page.limit, true).await
}

/// A page of the disposals that a sale would make.
pub async fn previewed(
    ctx: &Context<'_>,
    books: &Arc<Books>,
    matches: Vec<Row>,
    first: i32,
    after: Option<&str>,
) -> Result<LotMatchConnection> {
    let page = connection::page::<Place>(Some(first), after)?;
    shown(ctx, books, paged(matches, Place::of_match, page), page.limit, false).await
}

async fn shown(
    ctx: &Context<'_>,
    books: &Arc<Books>,
    part: Part<Row>,
    limit: u64,
    is_made: bool,
) -> Result<LotMatchConnection> {
    let rows = part.rows.into_iter().map(|row| (Arc::clone(books), row)).collect();
    connected(ctx, rows, part.total, limit, is_made).await
}

async fn connected(
    ctx: &Context<'_>,
    rows: Vec<(Arc<Books>, Row)>,
    total: u64,
    limit: u64,
    is_made: bool,
) -> Result<LotMatchConnection> {
    let rows = with_instruments(ctx, rows, |(_, part)| part.instrument.uuid()).await?;
    let (rows, info) = connection::cut(rows, limit, |((_, part), _)| Place::of_match(part));
    let shown = |((books, part), instrument)| LotMatch { books, part: Arc::new(part), instrument, is_made };
    let rows = rows.into_iter().map(|(cursor, row)| (cursor, shown(row))).collect();
    Ok(LotMatchConnection::new(rows, info, total))
}

/// The part of a disposal that used one lot.
#[derive(Clone)]
pub struct LotMatch {
    books: Arc<Books>,
    part: Arc<Row>,
    instrument: Arc<InstrumentRow>,
    is_made: bool,
}

impl LotMatch {
    fn local(&self, amount: rust_decimal::Decimal) -> Money {
        Money::new(amount, self.instrument.currency)
    }
}

fn too_large(error: ArithmeticError) -> async_graphql::Error {
    ErrorCode::AmountTooLarge.error(error.to_string())
}

/// The part of a disposal that used one lot: a sale of units held, or the cover of units owed (a short lot), whose
/// quantity, cost and proceeds are below zero: its cost is what the short sale brought, its proceeds what the cover paid.
///
/// Amounts are in the portfolio's `currency`, cost at the exchange rate of the opening and proceeds at that of the disposal,
/// unless a field says local. Not wash-sale adjusted.
#[Object]
impl LotMatch {
    /// The transaction that disposed: a sale, a cover, a redemption, or another that closes lots. Null for one that is only
    /// thought of.
    async fn sale(&self, ctx: &Context<'_>) -> Result<Option<Transaction>> {
        match self.is_made {
            true => Ok(loaders::find(ctx, TransactionKey(self.part.sale.uuid()))
                .await?
                .map(|row| Transaction::known(row, self.books.view.known_at))),
            false => Ok(None),
        }
    }

    /// The transaction that opened the lot; null for units that were sold without being there.
    async fn opened_by(&self, ctx: &Context<'_>) -> Result<Option<Transaction>> {
        match self.part.lot {
            Some(id) => Ok(loaders::find(ctx, TransactionKey(id.uuid()))
                .await?
                .map(|row| Transaction::known(row, self.books.view.known_at))),
            None => Ok(None),
        }
    }

    /// The lot that was used, as it is at `asOf`; null for units that were sold without being there.
    async fn lot(&self, ctx: &Context<'_>) -> Result<Option<Lot>> {
        let Some(opened_by) = self.part.lot else {
            return Ok(None);
        };
        let lot = match &self.books.standing {
            Standing::Booked(booking) => booking.lots.iter().find(|lot| self.part.used(lot)).cloned(),
            Standing::Stored => {
                let lots = loaders::find(ctx, LotsOpenedKey(opened_by.uuid())).await?.unwrap_or_default();
                lots.into_iter().find(|lot| self.part.used(lot))
            }
        };
        Ok(lot.map(|lot| Lot::new(&self.books, lot, Arc::clone(&self.instrument))))
    }

    /// What was disposed of.
    async fn instrument(&self) -> Instrument {
        Instrument(Arc::clone(&self.instrument))
    }

    /// The account that disposed. Where lots are pooled per portfolio, another one may have bought.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        self.books.account(ctx, self.part.account.uuid()).await
    }

    /// Units used, in the share basis of the disposal: above zero for what was held, below zero for a cover, zero where only
    /// money was taken out of the lot, such as a return of capital beyond its cost.
    async fn quantity(&self) -> Decimal {
        Decimal(self.part.quantity.normalize())
    }

    /// What the units had cost, fees and taxes by the portfolio's `bookkeeping`.
    async fn cost(&self) -> Money {
        self.books.money(self.part.cost_base)
    }

    /// The same in the instrument's currency.
    async fn cost_local(&self) -> Money {
        self.local(self.part.cost_local)
    }

    /// What they brought, fees and taxes by the portfolio's `bookkeeping`.
    async fn proceeds(&self) -> Money {
        self.books.money(self.part.proceeds_base)
    }

    /// The same in the instrument's currency.
    async fn proceeds_local(&self) -> Money {
        self.local(self.part.proceeds_local)
    }

    /// Proceeds minus cost, so that it holds what the currency did between the two days. Null where it is too large.
    async fn gain(&self) -> Result<Option<Money>> {
        self.part.gain_base().map(|gain| Some(self.books.money(gain))).map_err(too_large)
    }

    /// The same in the instrument's currency.
    async fn gain_local(&self) -> Result<Option<Money>> {
        self.part.gain_local().map(|gain| Some(self.local(gain))).map_err(too_large)
    }

    /// Units of the portfolio's `currency` per unit of the instrument's in the cost, rounded to 12 decimals: the exchange
    /// rate of the opening. Null where the cost is zero.
    async fn opening_rate(&self) -> Option<Decimal> {
        self.part.opening_rate().map(|rate| Decimal(rate.normalize()))
    }

    /// The same in the proceeds: the exchange rate of the disposal. Null where the proceeds are zero.
    async fn disposal_rate(&self) -> Option<Decimal> {
        self.part.closing_rate().map(|rate| Decimal(rate.normalize()))
    }

    /// The day the lot was first opened on; that of the sale for units that were not there.
    async fn opened_on(&self) -> Date {
        Date(self.part.opened_on)
    }

    /// The day of the disposal.
    async fn closed_on(&self) -> Date {
        Date(self.part.closed_on)
    }

    /// Calendar days from `openedOn` to `closedOn`.
    async fn days_held(&self) -> i64 {
        self.part.days_held()
    }

    /// How long it was held.
    async fn term(&self) -> HoldingTerm {
        if self.part.is_long_term() { HoldingTerm::Long } else { HoldingTerm::Short }
    }
}

connection!(LotMatchConnection, LotMatchEdge, LotMatch, "disposals lot by lot, the earliest first");
