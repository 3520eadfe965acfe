//! What the figures of a range are made of.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, ID, Object, Result, SimpleObject};
use chrono::NaiveDate;
use domain::pricing::Lookup;
use domain::valuation::{HoldingLine, Holdings, MissingSpan, ValuationError};
use uuid::Uuid;

use super::gain::GainByLots;
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, InstrumentKey};
use crate::graphql::scalars::{Date, Decimal};
use crate::graphql::types::figure::{FigureReason, Quote, missing_reason};
use crate::graphql::types::instrument::Instrument;
use crate::graphql::types::lot::{self, Books, LotConnection};
use crate::graphql::types::lot_match::{self, LotMatchConnection};
use crate::graphql::types::money::Money;
use crate::services::analytics::{Book, Part, Range, ReturnTerms, Scope};
use crate::storage::lot::{LotFilter, MatchFilter};

/// What figures over a range are made of.
pub struct Explanation {
    book: Arc<Book>,
    scope: Arc<Scope>,
}

impl Explanation {
    /// Of a scope, valued.
    pub fn new(book: Arc<Book>, scope: Arc<Scope>) -> Self {
        Self { book, scope }
    }

    /// The open lots at a close, of the scope or of one instrument in it.
    async fn lots(
        &self,
        ctx: &Context<'_>,
        as_of: NaiveDate,
        instrument: Option<&ID>,
        page: (i32, Option<String>),
    ) -> Result<LotConnection> {
        let (instrument, account) = self.part(instrument)?;
        let books = Books::all(ctx, &self.scope.views, as_of).await?;
        let filter = LotFilter { instrument, account, open_only: true };
        lot::merged(ctx, &books, filter, page.0, page.1.as_deref()).await
    }

    /// The instrument and the account that rows are of.
    fn part(&self, instrument: Option<&ID>) -> Result<(Option<Uuid>, Option<Uuid>)> {
        let asked = instrument.map(|id| Kind::Instrument.parse(id, "instrumentId")).transpose()?;
        match self.scope.part {
            Part::Whole => Ok((asked, None)),
            Part::Account(account) => Ok((asked, Some(account))),
            Part::Holding(held) => match asked {
                Some(asked) if asked != held => {
                    Err(ErrorCode::BadUserInput.error("instrumentId: these figures are of another instrument"))
                }
                _ => Ok((Some(held), None)),
            },
        }
    }
}

/// What the figures over a range are made of: everything that is needed to compute them again by hand.
#[Object]
impl Explanation {
    /// The valuation days, the first of which opens the range.
    async fn dates(&self) -> Vec<Date> {
        self.book.history.daily.dates.iter().copied().map(Date).collect()
    }

    /// The value at each close, cash included; null where a part of it is unknown.
    async fn values(&self) -> Vec<Option<Decimal>> {
        let values = self.book.history.daily.values.iter();
        values.map(|value| value.map(|value| Decimal(value.normalize()))).collect()
    }

    /// What was paid in since the day before, net; below zero what was paid out.
    async fn flows(&self) -> Vec<Decimal> {
        self.book.history.daily.flows.iter().map(|flow| Decimal(flow.normalize())).collect()
    }

    /// The return of each step, as a fraction: (value + paid out) / (value before + paid in) − 1. Null on the first day, where a value
    /// is unknown, and where there was no capital: such a step does not count.
    async fn returns(&self) -> Vec<Option<f64>> {
        let dates = &self.book.history.daily.dates;
        let mut column = vec![None; dates.len()];
        for step in &self.book.chain.returns {
            if let Ok(at) = dates.binary_search(&step.date) {
                column[at] = Some(step.value);
            }
        }
        column
    }

    /// The part of each step's return that was earned in local currencies, as a fraction; what exchange rates did is
    /// (1 + return) / (1 + local return) − 1. Null as `returns`, and where a rate is missing.
    async fn local_returns(&self, ctx: &Context<'_>) -> Result<Vec<Option<f64>>> {
        let returns =
            self.book.local_returns(ReturnTerms::default()).map_err(|error| Operation::of(ctx).fail(error))?;
        let dates = &self.book.history.daily.dates;
        let mut column = vec![None; dates.len()];
        for (date, local) in returns.steps {
            if let Some(place) = dates.binary_search(&date).ok().and_then(|at| column.get_mut(at)) {
                *place = local;
            }
        }
        Ok(column)
    }

    /// The days of external flows, each on its own day, for the money-weighted return.
    async fn flow_dates(&self) -> Vec<Date> {
        self.book.history.flows.iter().map(|(date, _)| Date(*date)).collect()
    }

    /// Those flows at their day's exchange rate; above zero inwards.
    async fn flow_amounts(&self) -> Vec<Decimal> {
        self.book.history.flows.iter().map(|(_, amount)| Decimal(amount.normalize())).collect()
    }

    /// Each holding at the close that the range opens from: what was held, at which price and rate.
    async fn opening_holdings(&self) -> Vec<ExplainedHolding> {
        ExplainedHolding::of(&self.book, 0)
    }

    /// Each holding at the end of the range.
    async fn end_holdings(&self) -> Vec<ExplainedHolding> {
        ExplainedHolding::of(&self.book, 1)
    }

    /// The lots that were open at the close that the range opens from, the oldest first: what they cost sums to the cost of
    /// `openingHoldings`. Null where they cannot be read: see the errors.
    async fn opening_lots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this instrument.")] instrument_id: Option<ID>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<LotConnection>> {
        self.lots(ctx, self.book.range().opening, instrument_id.as_ref(), (first, after)).await.map(Some)
    }

    /// The lots that are open at the end of the range, the oldest first: what they cost sums to the cost of `endHoldings`, but for trades
    /// that are only thought of, which open and close no lots. Where lots are pooled per portfolio, an account's are those that its
    /// transactions brought. Null where they cannot be read: see the errors.
    async fn end_lots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this instrument.")] instrument_id: Option<ID>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<LotConnection>> {
        self.lots(ctx, self.book.range().end, instrument_id.as_ref(), (first, after)).await.map(Some)
    }

    /// The disposals within the range lot by lot, the earliest first: their gains sum to `gainByLots { realized }`, but for trades that
    /// are only thought of. Null where they cannot be read: see the errors.
    async fn disposals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this instrument.")] instrument_id: Option<ID>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<LotMatchConnection>> {
        let Range { opening, end } = self.book.range();
        let (instrument, account) = self.part(instrument_id.as_ref())?;
        let books = Books::all(ctx, &self.scope.views, end).await?;
        let from = Some(opening.succ_opt().unwrap_or(opening));
        let filter = MatchFilter { from, to: Some(end), instrument, account };
        lot_match::merged(ctx, &books, filter, first, after.as_deref()).await.map(Some)
    }

    /// The gain of the range by what lots say, which is the other way to take it apart than day by day as in `gain`: the total is the same.
    /// Null where a value at an end of the range is unknown.
    async fn gain_by_lots(&self, ctx: &Context<'_>) -> Result<Option<GainByLots>> {
        let operation = Operation::of(ctx);
        let gain = self.book.gain_by_lots().map_err(|error| operation.fail(error))?;
        let shown = gain.map(|gain| GainByLots::new(&gain, self.book.currency)).transpose();
        shown.map_err(|error: ValuationError| operation.fail(error.into()))
    }

    /// Prices and rates that are missing, with the days.
    async fn missing(&self) -> Vec<FigureReason> {
        let history = &self.book.history;
        let reason = |span: &MissingSpan| missing_reason(&span.input, &history.name(span)).over(span.first, span.last);
        history.daily.missing.iter().map(reason).collect()
    }
}

/// A holding at a close, with what its value is made of.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct ExplainedHolding {
    #[graphql(skip)]
    instrument: Uuid,
    /// The account that it is held in.
    account_id: ID,
    /// How many units.
    quantity: Decimal,
    /// The price: the value is quantity × price × the instrument's `priceMultiplier` × the rate.
    price: Quote,
    /// The value in the instrument's currency. Null without a price.
    local_value: Option<Money>,
    /// Units of the currency of the figures per unit of the instrument's, to 28 digits. Null where there is none.
    rate: Option<Decimal>,
    /// The day of the exchange rate between the two values. Null where there is none.
    rate_date: Option<Date>,
    /// The value in the currency of the figures. Null without a price or a rate.
    value: Option<Money>,
    /// What the open lots cost, at the exchange rates of their trade dates.
    cost: Money,
}

impl ExplainedHolding {
    fn of(book: &Book, end: usize) -> Vec<Self> {
        let holdings: &Holdings = &book.ends[end];
        let range = book.range();
        let day = if end == 0 { range.opening } else { range.end };
        holdings.positions.iter().filter_map(|line| Self::new(book, line, day)).collect()
    }

    fn new(book: &Book, line: &HoldingLine, day: NaiveDate) -> Option<Self> {
        let instrument = book.instruments.get(&line.instrument.uuid())?;
        let lookup: Lookup = line.price;
        Some(Self {
            instrument: instrument.id,
            account_id: Kind::Account.id(line.account.uuid()),
            quantity: Decimal(line.quantity.normalize()),
            price: Quote::new(lookup, instrument, Some(day)),
            local_value: line.market_value_local.map(|value| Money::new(value, line.local_currency)),
            rate: line.rate.and_then(|rate| rate.value().ok()).map(|rate| Decimal(rate.normalize())),
            rate_date: line.rate.map(|rate| Date(rate.date())),
            value: line.market_value.map(|value| Money::new(value, book.currency)),
            cost: Money::new(line.cost_base, book.currency),
        })
    }
}

/// What is held.
#[ComplexObject]
impl ExplainedHolding {
    /// What is held. Null where the caller may not know of it.
    async fn instrument(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        Ok(loaders::find(ctx, InstrumentKey(self.instrument)).await?.map(Instrument))
    }
}
