//! What the figures of a range are made of.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use domain::pricing::Lookup;
use domain::valuation::{HoldingLine, Holdings, MissingSpan};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, InstrumentKey};
use crate::graphql::scalars::{Date, Decimal};
use crate::graphql::types::figure::{FigureReason, Quote, missing_reason};
use crate::graphql::types::instrument::Instrument;
use crate::graphql::types::money::Money;
use crate::services::analytics::{Book, ReturnTerms};

/// What figures over a range are made of.
pub struct Explanation(pub Arc<Book>);

/// What the figures over a range are made of: everything that is needed to compute them again by hand.
#[Object]
impl Explanation {
    /// The valuation days, the first of which opens the range.
    async fn dates(&self) -> Vec<Date> {
        self.0.history.daily.dates.iter().copied().map(Date).collect()
    }

    /// The value at each close, cash included; null where a part of it is unknown.
    async fn values(&self) -> Vec<Option<Decimal>> {
        let values = self.0.history.daily.values.iter();
        values.map(|value| value.map(|value| Decimal(value.normalize()))).collect()
    }

    /// What was paid in since the day before, net; below zero what was paid out.
    async fn flows(&self) -> Vec<Decimal> {
        self.0.history.daily.flows.iter().map(|flow| Decimal(flow.normalize())).collect()
    }

    /// The return of each step, as a fraction: (value + paid out) / (value before + paid in) − 1. Null on the first day, where a value
    /// is unknown, and where there was no capital: such a step does not count.
    async fn returns(&self) -> Vec<Option<f64>> {
        let dates = &self.0.history.daily.dates;
        let mut column = vec![None; dates.len()];
        for step in &self.0.chain.returns {
            if let Ok(at) = dates.binary_search(&step.date) {
                column[at] = Some(step.value);
            }
        }
        column
    }

    /// The part of each step's return that was earned in local currencies, as a fraction; what exchange rates did is
    /// (1 + return) / (1 + local return) − 1. Null as `returns`, and where a rate is missing.
    async fn local_returns(&self, ctx: &Context<'_>) -> Result<Vec<Option<f64>>> {
        let returns = self.0.local_returns(ReturnTerms::default()).map_err(|error| Operation::of(ctx).fail(error))?;
        let dates = &self.0.history.daily.dates;
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
        self.0.history.flows.iter().map(|(date, _)| Date(*date)).collect()
    }

    /// Those flows at their day's exchange rate; above zero inwards.
    async fn flow_amounts(&self) -> Vec<Decimal> {
        self.0.history.flows.iter().map(|(_, amount)| Decimal(amount.normalize())).collect()
    }

    /// Each holding at the close that the range opens from: what was held, at which price and rate. Its lots are the portfolio's, as of
    /// that day.
    async fn opening_holdings(&self) -> Vec<ExplainedHolding> {
        ExplainedHolding::of(&self.0, 0)
    }

    /// Each holding at the end of the range.
    async fn end_holdings(&self) -> Vec<ExplainedHolding> {
        ExplainedHolding::of(&self.0, 1)
    }

    /// Prices and rates that are missing, with the days.
    async fn missing(&self) -> Vec<FigureReason> {
        let history = &self.0.history;
        let reason = |span: &MissingSpan| missing_reason(&span.input, &history.name(span)).over(span.first, span.last);
        history.daily.missing.iter().map(reason).collect()
    }
}

/// A holding at a close, with what its value is made of.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct ExplainedHolding {
    #[graphql(skip)]
    instrument: uuid::Uuid,
    /// The account that it is held in.
    account_id: async_graphql::ID,
    /// How many units.
    quantity: Decimal,
    /// The price: the value is quantity × price × the instrument's `priceMultiplier` × the rate.
    price: Quote,
    /// The value in the instrument's currency. Null without a price.
    local_value: Option<Money>,
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
        holdings.positions.iter().filter_map(|line| Self::new(book, line)).collect()
    }

    fn new(book: &Book, line: &HoldingLine) -> Option<Self> {
        let instrument = book.instruments.get(&line.instrument.uuid())?;
        let lookup: Lookup = line.price;
        Some(Self {
            instrument: instrument.id,
            account_id: Kind::Account.id(line.account.uuid()),
            quantity: Decimal(line.quantity.normalize()),
            price: Quote::new(lookup, instrument),
            local_value: line.market_value_local.map(|value| Money::new(value, line.local_currency)),
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
