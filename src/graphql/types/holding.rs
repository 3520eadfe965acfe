//! What a portfolio holds.

use std::sync::Arc;

use async_graphql::{Object, Result, SimpleObject};
use domain::pricing::Lookup;
use domain::valuation::CashLine;

use super::account::Account;
use super::figure::{DataStatus, DoubtfulInput, FigureReason, PriceSource, Quote, doubtful_inputs, sourced};
use super::instrument::Instrument;
use super::money::Money;
use crate::graphql::connection::connection;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, AccountsKey};
use crate::graphql::scalars::{Currency, Date, Decimal};
use crate::services::price::missing_code;
use crate::services::valuation::{Holding as Line, Snapshot};

/// A security in an account of a portfolio, at the close of the portfolio's `asOf`.
#[derive(Clone)]
pub struct Holding {
    /// The portfolio that it is held in.
    pub portfolio: uuid::Uuid,
    /// The snapshot that the line is of.
    pub snapshot: Arc<Snapshot>,
    /// Which line.
    pub index: usize,
}

impl Holding {
    /// The line.
    pub fn line(&self) -> &Line {
        &self.snapshot.holdings[self.index]
    }

    fn reasons(&self) -> Vec<FigureReason> {
        let line = self.line();
        let Some(value) = &line.value else {
            return Vec::new();
        };
        let mut reasons = Vec::new();
        if let Lookup::Missing { reason } = value.price {
            let message = format!("no price of {}: {reason}", line.instrument.symbol);
            reasons.push(FigureReason::new(missing_code(reason), message));
        }
        // Without a price nothing was converted: that says nothing of the rate.
        if value.rate.is_none() && value.price.value().is_some() {
            let message = format!("no rate from {} to {}", value.local_currency, self.snapshot.currency);
            reasons.push(FigureReason::new("NO_RATE", message));
        }
        reasons.extend(self.doubtful_inputs().into_iter().map(|input| input.reason));
        reasons
    }

    fn doubtful_inputs(&self) -> Vec<DoubtfulInput> {
        doubtful_inputs_of(&self.snapshot, self.index)
    }
}

/// What the value of a line is made of that is in doubt.
pub fn doubtful_inputs_of(snapshot: &Snapshot, index: usize) -> Vec<DoubtfulInput> {
    let line = &snapshot.holdings[index];
    let Some(value) = &line.value else { return Vec::new() };
    let price = Some((line.instrument.symbol.as_str(), value.price));
    doubtful_inputs(price, value.local_currency, value.rate, snapshot.as_of)
}

/// A security in an account of a portfolio, at the close of the portfolio's `asOf`.
///
/// Amounts are in the portfolio's `currency` unless a field says local. Cost and gains are at the exchange rates of the trade
/// dates, so that a gain holds what the currency did.
#[Object]
impl Holding {
    /// What is held.
    async fn instrument(&self) -> Instrument {
        Instrument(Arc::clone(&self.line().instrument))
    }

    /// The account it is held in.
    async fn account(&self, ctx: &async_graphql::Context<'_>) -> Result<Option<Account>> {
        let accounts = loaders::find(ctx, AccountsKey(self.portfolio)).await?.unwrap_or_default();
        Ok(accounts.into_iter().find(|account| account.id == self.line().account).map(Account::from))
    }

    /// Units held, in the share basis of the day; for bonds the face amount. Zero for a holding that was closed.
    async fn quantity(&self) -> Decimal {
        Decimal(self.line().books.quantity.normalize())
    }

    /// The last close on `asOf` or before, with its day and status. Null for a holding that was closed.
    async fn price(&self, ctx: &async_graphql::Context<'_>) -> Result<Option<Quote>> {
        let Some(value) = self.line().value.as_ref() else { return Ok(None) };
        let instrument = &self.line().instrument;
        let quote = Quote::new(value.price, instrument, Some(self.snapshot.as_of));
        sourced(ctx, quote, instrument).await.map(Some)
    }

    /// Where the price comes from: `OVERRIDE` where the tenant's own counts in place of the market's. Null where there is no price.
    async fn price_source(&self, ctx: &async_graphql::Context<'_>) -> Result<Option<PriceSource>> {
        let line = self.line();
        let Some(Lookup::Known { date, .. }) = line.value.as_ref().map(|value| value.price) else {
            return Ok(None);
        };
        PriceSource::on(ctx, &line.instrument, std::iter::once(date)).await.map(Some)
    }

    /// Quantity × price × the instrument's multiplier, at the exchange rate of `asOf`. Null where price or rate is missing:
    /// see `reasons`.
    async fn market_value(&self) -> Option<Money> {
        let line = self.line();
        match &line.value {
            None => Some(Money::new(rust_decimal::Decimal::ZERO, self.snapshot.currency)),
            Some(value) => Some(Money::new(value.market_value?, self.snapshot.currency)),
        }
    }

    /// The same in the instrument's currency.
    async fn market_value_local(&self) -> Option<Money> {
        let line = self.line();
        match &line.value {
            None => Some(Money::new(rust_decimal::Decimal::ZERO, line.instrument.currency)),
            Some(value) => Some(Money::new(value.market_value_local?, line.instrument.currency)),
        }
    }

    /// What the open lots cost, by the portfolio's `bookkeeping`; below zero for units that are owed.
    async fn cost(&self) -> Money {
        Money::new(self.line().books.cost_base, self.snapshot.currency)
    }

    /// The same in the instrument's currency.
    async fn cost_local(&self) -> Money {
        Money::new(self.line().books.cost_local, self.line().instrument.currency)
    }

    /// Market value minus cost. Null where the market value is.
    async fn unrealized_gain(&self) -> Option<Money> {
        let value = self.line().value.as_ref()?;
        Some(Money::new(value.unrealized_gain?, self.snapshot.currency))
    }

    /// The same in the instrument's currency.
    async fn unrealized_gain_local(&self) -> Option<Money> {
        let value = self.line().value.as_ref()?;
        Some(Money::new(value.unrealized_gain_local?, self.line().instrument.currency))
    }

    /// Unrealised gain over cost, as a fraction: 0.05 is 5 %. Null where the gain is, and where the cost is zero.
    async fn unrealized_return(&self) -> Option<f64> {
        use rust_decimal::prelude::ToPrimitive;
        let gain = self.line().value.as_ref()?.unrealized_gain?;
        gain.checked_div(self.line().books.cost_base)?.to_f64()
    }

    /// Proceeds minus cost of everything disposed of until `asOf`, fees and taxes by the portfolio's `bookkeeping`.
    async fn realized_gain(&self) -> Money {
        Money::new(self.line().books.realized_base, self.snapshot.currency)
    }

    /// The same in the instrument's currency.
    async fn realized_gain_local(&self) -> Money {
        Money::new(self.line().books.realized_local, self.line().instrument.currency)
    }

    /// Dividends and coupons until `asOf`, before withholding, at each payment's exchange rate.
    async fn income(&self) -> Money {
        Money::new(self.line().books.income_base, self.snapshot.currency)
    }

    /// The share of the portfolio's total value, cash included, as a fraction. Null unless the total is known and above
    /// zero.
    async fn weight(&self) -> Option<f64> {
        self.line().value.as_ref()?.weight
    }

    /// How good the data behind the market value is, its price and its exchange rate.
    async fn status(&self) -> DataStatus {
        match self.line().value.as_ref() {
            None => DataStatus::Complete,
            Some(value) if value.market_value.is_none() => DataStatus::Missing,
            Some(_) => DataStatus::with(&self.doubtful_inputs()),
        }
    }

    /// Why figures of this holding are null, or which of its price and rate is older than `asOf` or not final; empty where neither is.
    #[graphql(name = "reasons")]
    async fn shown_reasons(&self) -> Vec<FigureReason> {
        self.reasons()
    }
}

/// A cash balance of an account, at the close of the portfolio's `asOf`. Unsettled trades count from their trade date.
#[derive(Clone, Debug, SimpleObject)]
pub struct CashBalance {
    /// The id of the account.
    pub account_id: async_graphql::ID,
    /// The currency.
    pub currency: Currency,
    /// The balance in that currency; below zero where money was borrowed.
    pub amount: Money,
    /// The part of the amount whose settlement date has not come: receivables above zero, payables below. What the bank has
    /// is the rest.
    pub unsettled: Money,
    /// The amount in the portfolio's `currency`, at the exchange rate of `asOf`. Null where there is no rate.
    pub value: Option<Money>,
    /// The day of that exchange rate; of `asOf` where none is needed.
    pub rate_date: Option<Date>,
    /// How good the exchange rate behind the value is.
    pub status: DataStatus,
    /// Why the value is null, or that its rate is older than `asOf` or an estimate; empty where it is neither.
    pub reasons: Vec<FigureReason>,
    /// The share of the portfolio's total value, as a fraction. Null unless the total is known and above zero.
    pub weight: Option<f64>,
}

impl CashBalance {
    /// A balance of a snapshot.
    pub fn new(snapshot: &Snapshot, line: &CashLine) -> Self {
        let doubtful = Self::doubtful_inputs(snapshot, line);
        let status = match line.value {
            None => DataStatus::Missing,
            Some(_) => DataStatus::with(&doubtful),
        };
        let mut reasons: Vec<FigureReason> = doubtful.into_iter().map(|input| input.reason).collect();
        if line.value.is_none() {
            let message = format!("no rate from {} to {}", line.currency, snapshot.currency);
            reasons.push(FigureReason::new("NO_RATE", message));
        }
        Self {
            account_id: Kind::Account.id(line.account.uuid()),
            currency: Currency(line.currency),
            amount: Money::new(line.amount, line.currency),
            unsettled: Money::new(line.unsettled, line.currency),
            value: line.value.map(|value| Money::new(value, snapshot.currency)),
            rate_date: line.rate.map(|rate| Date(rate.date())),
            status,
            reasons,
            weight: line.weight,
        }
    }

    /// That its rate is older than the day, if it is.
    pub fn doubtful_inputs(snapshot: &Snapshot, line: &CashLine) -> Vec<DoubtfulInput> {
        doubtful_inputs(None, line.currency, line.rate, snapshot.as_of)
    }
}

connection!(HoldingConnection, HoldingEdge, Holding, "a portfolio's holdings, open ones by symbol, then closed ones");
