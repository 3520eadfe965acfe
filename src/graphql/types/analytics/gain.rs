//! What a gain is made of, and who brought it.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Result, SimpleObject};
use domain::money::Currency;
use domain::valuation::{self, ValuationError};

use super::returns::HoldingReturns;
use crate::graphql::context::Operation;
use crate::graphql::loaders::{self, InstrumentKey};
use crate::graphql::types::instrument::Instrument;
use crate::graphql::types::money::Money;
use crate::services::analytics::{self, Book, ReturnTerms};

/// A gain and its parts: `price + fx + income − fees − taxes = total`, to the minor unit. What rounding leaves is in the largest part.
#[derive(Clone, Debug, SimpleObject)]
pub struct GainSplit {
    /// What prices did, day by day at the exchange rate of the day before.
    price: Money,
    /// What exchange rates did: on holdings, on cash in foreign currencies, and where a trade's booked rate differs from its day's.
    fx: Money,
    /// Dividends, coupons and interest before tax.
    income: Money,
    /// Fees, those of trades too; above zero where they were charged.
    fees: Money,
    /// Taxes, those withheld and those of trades too; above zero where they were charged.
    taxes: Money,
    /// The change of value less what was paid in.
    total: Money,
}

impl GainSplit {
    /// In whole minor units.
    pub fn new(gain: &valuation::GainSplit, currency: Currency) -> Result<Self, ValuationError> {
        let rounded = gain.rounded(currency)?;
        let money = |amount| Money::new(amount, currency);
        Ok(Self {
            price: money(rounded.price),
            fx: money(rounded.fx),
            income: money(rounded.income),
            fees: money(rounded.fees),
            taxes: money(rounded.taxes),
            total: money(rounded.total),
        })
    }
}

/// A gain by what lots say: `realized + unrealized + income − expensed + other = total`, to the minor unit. What rounding leaves is in
/// the largest part. What exchange rates did between the opening and the closing of a lot is in its gain, and so are its trades' charges.
#[derive(Clone, Debug, SimpleObject)]
pub struct GainByLots {
    /// Proceeds minus cost of the disposals within the range.
    realized: Money,
    /// Value minus cost of what is held at the end, less the same at the opening.
    unrealized: Money,
    /// Dividends, coupons and interest before tax.
    income: Money,
    /// Fees and taxes that are neither in cost nor in proceeds, withheld ones too; above zero where they were charged.
    expensed: Money,
    /// What exchange rates did to cash, what a booked rate differs from the day's, and what units that were paid in or out were worth
    /// above their cost.
    other: Money,
    /// The change of value less what was paid in.
    total: Money,
}

impl GainByLots {
    /// In whole minor units.
    pub fn new(gain: &valuation::GainByLots, currency: Currency) -> Result<Self, ValuationError> {
        let rounded = gain.rounded(currency)?;
        let money = |amount| Money::new(amount, currency);
        Ok(Self {
            realized: money(rounded.realized),
            unrealized: money(rounded.unrealized),
            income: money(rounded.income),
            expensed: money(rounded.expensed),
            other: money(rounded.other),
            total: money(rounded.total),
        })
    }
}

/// What a holding, or cash, brought over a range.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct Contribution {
    #[graphql(skip)]
    book: Arc<Book>,
    #[graphql(skip)]
    terms: ReturnTerms,
    #[graphql(skip)]
    instrument: Option<uuid::Uuid>,
    /// Its part of the range's time-weighted return, as a fraction: the parts of all holdings and of cash sum to it. The gain of each day
    /// over that day's capital, linked by Carino's method. Null where a value on the way is unknown.
    contribution: Option<f64>,
    /// What its gain is made of. Null where its value at an end of the range is unknown.
    gain: Option<GainSplit>,
    /// Its share of the value at the end, as a fraction. Null where that is unknown.
    weight: Option<f64>,
}

impl Contribution {
    /// In GraphQL's terms.
    pub fn new(one: &analytics::Contribution, book: &Arc<Book>, terms: ReturnTerms) -> Result<Self, ValuationError> {
        let gain = one.gain.as_ref().map(|gain| GainSplit::new(gain, book.currency)).transpose()?;
        let book = Arc::clone(book);
        let analytics::Contribution { instrument, contribution, weight, .. } = *one;
        Ok(Self { book, terms, instrument, contribution, gain, weight })
    }
}

/// Whose it is.
#[ComplexObject]
impl Contribution {
    /// The instrument held. Null for cash, with charges that are on no holding.
    async fn instrument(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        match self.instrument {
            Some(id) => Ok(loaders::find(ctx, InstrumentKey(id)).await?.map(Instrument)),
            None => Ok(None),
        }
    }

    /// What the holding itself returned, in its own currency and by its exchange rate. Null for cash.
    async fn returns(&self, ctx: &Context<'_>) -> Result<Option<HoldingReturns>> {
        let Some(instrument) = self.instrument else { return Ok(None) };
        let returns =
            self.book.holding_returns(instrument, self.terms).map_err(|error| Operation::of(ctx).fail(error))?;
        Ok(returns.as_ref().map(HoldingReturns::new))
    }
}
