//! What a sale would bring, before it is made.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::ledger::{GainTotals as Sums, LotMatch};
use domain::money::{self, ArithmeticError};

use super::bookkeeping::LotMethod;
use super::gains::GainTotals;
use super::lot::{Books, with_instruments};
use super::lot_match::{self, LotMatchConnection};
use super::lot_pick::{LotPickInput, picks};
use super::money::Money;
use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::scalars::{Currency, Date, Decimal};
use crate::services::sale_preview::{Outcome, Sale};

/// A sale to think through.
#[derive(Clone, Debug, InputObject)]
pub struct SalePreviewInput {
    /// The account that would sell, one of the portfolio.
    account_id: ID,
    /// What it would sell.
    instrument_id: ID,
    /// The day it would be traded on, today at the latest. What was recorded for later days is not looked at.
    date: Date,
    /// Units, above zero; for bonds the face amount.
    quantity: Decimal,
    /// Price as quoted, zero or more.
    price: Decimal,
    /// The fee, zero or more.
    #[graphql(default_with = "Decimal(rust_decimal::Decimal::ZERO)")]
    fee: Decimal,
    /// The tax, zero or more.
    #[graphql(default_with = "Decimal(rust_decimal::Decimal::ZERO)")]
    tax: Decimal,
    /// The currency of price, fee and tax; the instrument's where none is given.
    currency: Option<Currency>,
    /// The lots that the holder would choose. With them the answer has a line for `SPECIFIC`.
    #[graphql(default)]
    lots: Vec<LotPickInput>,
}

impl SalePreviewInput {
    /// The sale that the input describes.
    pub fn sale(self) -> Result<Sale> {
        Ok(Sale {
            account: Kind::Account.parse(&self.account_id, "input.accountId")?,
            instrument: Kind::Instrument.parse(&self.instrument_id, "input.instrumentId")?,
            date: self.date.0,
            quantity: self.quantity.0,
            price: self.price.0,
            fee: self.fee.0,
            tax: self.tax.0,
            currency: self.currency.map(|currency| currency.0),
            lots: picks(&self.lots)?,
        })
    }
}

/// A sale under one lot method.
#[derive(Clone)]
pub struct SalePreview {
    books: Arc<Books>,
    outcome: Arc<Outcome>,
}

impl SalePreview {
    /// What a method comes to; `books` are those of the day of the sale.
    pub fn new(books: &Arc<Books>, outcome: Outcome) -> Self {
        Self { books: Arc::clone(books), outcome: Arc::new(outcome) }
    }

    fn sums(&self, is_wanted: impl Fn(&LotMatch) -> bool) -> Result<Option<GainTotals>> {
        let sums = Sums::of(self.outcome.matches.iter().filter(|part| is_wanted(part))).map_err(too_large)?;
        Ok(Some(GainTotals::new(&sums, self.books.view.currency)))
    }
}

fn too_large(error: ArithmeticError) -> async_graphql::Error {
    ErrorCode::AmountTooLarge.error(error.to_string())
}

/// A sale under one lot method, by the portfolio's `bookkeeping` in everything else. Nothing is recorded. Not wash-sale
/// adjusted.
#[Object]
impl SalePreview {
    /// The method that this sale alone would use; what came before stays as it was booked.
    async fn method(&self) -> LotMethod {
        self.outcome.method.into()
    }

    /// Whether the sale would be booked by this method if it were recorded: the account's own, else the portfolio's, or
    /// `SPECIFIC` where lots are chosen.
    async fn is_current(&self) -> bool {
        self.outcome.is_current
    }

    /// Both terms together, in the portfolio's `currency`. Null where a sum is too large.
    async fn total(&self) -> Result<Option<GainTotals>> {
        self.sums(|_| true)
    }

    /// The part that would be short term. Null where a sum is too large.
    async fn short_term(&self) -> Result<Option<GainTotals>> {
        self.sums(|part| !part.is_long_term())
    }

    /// The part that would be long term. Null where a sum is too large.
    async fn long_term(&self) -> Result<Option<GainTotals>> {
        self.sums(LotMatch::is_long_term)
    }

    /// Proceeds minus cost in the instrument's currency. Null where nothing would be closed (a short sale), or where it is
    /// too large.
    async fn gain_local(&self, ctx: &Context<'_>) -> Result<Option<Money>> {
        let matches = &self.outcome.matches;
        let gain =
            matches.iter().try_fold(rust_decimal::Decimal::ZERO, |sum, part| money::add(sum, part.gain_local()?));
        let gain = gain.map_err(too_large)?;
        let first = matches.iter().take(1).cloned().collect();
        let with = with_instruments(ctx, first, |part: &LotMatch| part.instrument.uuid()).await?;
        Ok(with.first().map(|(_, instrument)| Money::new(gain, instrument.currency)))
    }

    /// The lots that the sale would use, in that order. Null where they cannot be read: see the errors.
    async fn matches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<LotMatchConnection>> {
        let matches = self.outcome.matches.clone();
        lot_match::previewed(ctx, &self.books, matches, first, after.as_deref()).await.map(Some)
    }
}
