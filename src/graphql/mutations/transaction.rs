//! Recording and reversing transactions.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, Result, SimpleObject};
use domain::ledger::{self, CashMovement, Conversion, Trade, TransactionKind};

use super::idempotency;
use super::portfolio::shown;
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::{Currency, Date, Decimal};
use crate::graphql::types::portfolio::Portfolio;
use crate::graphql::types::transaction::Transaction;
use crate::graphql::types::user_error::UserError;
use crate::services::ServiceError;
use crate::services::transaction::{NewTransaction, Recorded};

/// A purchase or a sale.
#[derive(Debug, InputObject)]
pub struct TradeInput {
    /// What is traded.
    instrument_id: ID,
    /// Units, above zero; for bonds the face amount.
    quantity: Decimal,
    /// Price as quoted, zero or more.
    price: Decimal,
    /// The instrument's currency.
    currency: Currency,
    /// Fee, zero or more: part of the cost of a purchase, taken off the proceeds of a sale.
    fee: Option<Decimal>,
    /// Tax, zero or more: as the fee.
    tax: Option<Decimal>,
    /// The conversion that the broker booked with the trade, where the cash moves in another currency.
    settlement: Option<SettlementInput>,
}

/// The conversion that a broker books together with a trade.
#[derive(Debug, InputObject)]
pub struct SettlementInput {
    /// The currency that the cash moves in.
    currency: Currency,
    /// One unit of the trade's currency in units of this one; above zero.
    rate: Decimal,
}

/// A payment on a holding.
#[derive(Debug, InputObject)]
pub struct DividendInput {
    /// What paid.
    instrument_id: ID,
    /// Gross amount, above zero.
    amount: Decimal,
    /// The currency of the payment.
    currency: Currency,
    /// Tax withheld at the source, zero or more.
    tax_withheld: Option<Decimal>,
    /// Fee, zero or more.
    fee: Option<Decimal>,
}

/// Interest on cash, or a bond's coupon.
#[derive(Debug, InputObject)]
pub struct InterestInput {
    /// Gross amount: received above zero, paid below.
    amount: Decimal,
    /// Its currency.
    currency: Currency,
    /// Tax, zero or more.
    tax: Option<Decimal>,
    /// The bond, for a coupon.
    instrument_id: Option<ID>,
}

/// A fee or a tax that belongs to no trade.
#[derive(Debug, InputObject)]
pub struct ChargeInput {
    /// Charged above zero, refunded below.
    amount: Decimal,
    /// Its currency.
    currency: Currency,
    /// The holding it is for, if any.
    instrument_id: Option<ID>,
}

/// Cash from or to the outside.
#[derive(Debug, InputObject)]
pub struct CashInput {
    /// Above zero.
    amount: Decimal,
    /// Its currency.
    currency: Currency,
}

/// A split: `denominator` old units become `numerator` new ones. It acts before anything else on its day. Prices are not
/// adjusted for splits and no split is applied by itself: a holding needs one of these for each split of its instrument.
#[derive(Debug, InputObject)]
pub struct SplitInput {
    /// What is split.
    instrument_id: ID,
    /// Units after, above zero.
    numerator: Decimal,
    /// Units before, above zero.
    denominator: Decimal,
}

/// One currency for another inside the account.
#[derive(Debug, InputObject)]
pub struct FxConversionInput {
    /// What is given, above zero, without the fee.
    sold_amount: Decimal,
    /// Its currency.
    sold_currency: Currency,
    /// What is received, above zero.
    bought_amount: Decimal,
    /// Its currency.
    bought_currency: Currency,
    /// Fee in the currency sold, zero or more.
    fee: Option<Decimal>,
}

/// What happens: exactly one of these.
#[derive(Debug, OneofObject)]
pub enum TransactionActivityInput {
    /// Opens a lot; cash goes out.
    Buy(TradeInput),
    /// Closes lots, first in, first out; cash comes in.
    Sell(TradeInput),
    /// A payment on a holding.
    Dividend(DividendInput),
    /// Interest on cash, or a bond's coupon.
    Interest(InterestInput),
    /// A charge that belongs to no trade.
    Fee(ChargeInput),
    /// A tax that belongs to no trade.
    Tax(ChargeInput),
    /// Cash from outside.
    Deposit(CashInput),
    /// Cash to the outside.
    Withdrawal(CashInput),
    /// Old units become new ones.
    Split(SplitInput),
    /// One currency for another.
    FxConversion(FxConversionInput),
}

/// A transaction to record.
#[derive(Debug, InputObject)]
pub struct TransactionRecordInput {
    /// The account it happens in.
    account_id: ID,
    /// The day it counts from; today at the latest.
    trade_date: Date,
    /// What happens.
    activity: TransactionActivityInput,
    /// The source's own id for it, at most 500 characters.
    external_id: Option<String>,
    /// A remark, at most 500 characters.
    note: Option<String>,
}

/// What recording or reversing a transaction gives.
#[derive(SimpleObject)]
pub struct TransactionPayload {
    /// The row that was added; null where it was refused.
    transaction: Option<Transaction>,
    /// The portfolio since.
    portfolio: Option<Portfolio>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

fn or_zero(amount: Option<Decimal>) -> rust_decimal::Decimal {
    amount.map_or(rust_decimal::Decimal::ZERO, |amount| amount.0)
}

fn instrument(id: &ID) -> Result<domain::id::InstrumentId> {
    Ok(Kind::Instrument.parse(id, "instrumentId")?.into())
}

impl TradeInput {
    fn trade(&self) -> Result<Trade> {
        let instrument = instrument(&self.instrument_id)?;
        let conversion = |booked: &SettlementInput| Conversion { currency: booked.currency.0, rate: booked.rate.0 };
        Ok(Trade {
            fee: or_zero(self.fee),
            tax: or_zero(self.tax),
            conversion: self.settlement.as_ref().map(conversion),
            ..Trade::at_price(instrument, self.quantity.0, self.price.0, self.currency.0)
        })
    }
}

impl TransactionActivityInput {
    fn kind(&self) -> Result<TransactionKind> {
        let optional = |id: &Option<ID>| id.as_ref().map(instrument).transpose();
        Ok(match self {
            Self::Buy(trade) => TransactionKind::Buy(trade.trade()?),
            Self::Sell(trade) => TransactionKind::Sell(trade.trade()?),
            Self::Dividend(dividend) => TransactionKind::Dividend {
                instrument: instrument(&dividend.instrument_id)?,
                amount: dividend.amount.0,
                withheld: or_zero(dividend.tax_withheld),
                fee: or_zero(dividend.fee),
                currency: dividend.currency.0,
            },
            Self::Interest(interest) => TransactionKind::Interest {
                instrument: optional(&interest.instrument_id)?,
                amount: interest.amount.0,
                tax: or_zero(interest.tax),
                currency: interest.currency.0,
            },
            Self::Fee(fee) => TransactionKind::Fee {
                amount: fee.amount.0,
                currency: fee.currency.0,
                instrument: optional(&fee.instrument_id)?,
            },
            Self::Tax(tax) => TransactionKind::Tax {
                amount: tax.amount.0,
                currency: tax.currency.0,
                instrument: optional(&tax.instrument_id)?,
            },
            Self::Deposit(cash) => TransactionKind::Deposit(CashMovement::new(cash.amount.0, cash.currency.0)),
            Self::Withdrawal(cash) => TransactionKind::Withdrawal(CashMovement::new(cash.amount.0, cash.currency.0)),
            Self::Split(split) => TransactionKind::Split {
                instrument: instrument(&split.instrument_id)?,
                numerator: split.numerator.0,
                denominator: split.denominator.0,
            },
            Self::FxConversion(conversion) => TransactionKind::FxConversion(ledger::FxConversion {
                sold_amount: conversion.sold_amount.0,
                sold_currency: conversion.sold_currency.0,
                bought_amount: conversion.bought_amount.0,
                bought_currency: conversion.bought_currency.0,
                fee: or_zero(conversion.fee),
            }),
        })
    }
}

async fn payload(operation: &Operation, outcome: Result<Recorded, ServiceError>) -> Result<Option<TransactionPayload>> {
    let (recorded, user_errors) = operation.payload(outcome)?;
    let Some(recorded) = recorded else {
        return Ok(Some(TransactionPayload { transaction: None, portfolio: None, user_errors }));
    };
    let portfolio = shown(operation, recorded.portfolio).await?;
    let transaction = Some(Transaction::from(recorded.row));
    Ok(Some(TransactionPayload { transaction, portfolio: Some(portfolio), user_errors }))
}

#[derive(Default)]
pub struct TransactionMutation;

#[Object(guard = "Ruled")]
impl TransactionMutation {
    /// Records a transaction. The whole ledger must stay possible: a sale of more than is held is refused, also on a day
    /// before later sales.
    async fn transaction_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The transaction.")] input: TransactionRecordInput,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<TransactionPayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "transactionRecord", format!("{input:?}"));
        let new = NewTransaction {
            account: Kind::Account.parse(&input.account_id, "input.accountId")?,
            trade_date: input.trade_date.0,
            kind: input.activity.kind()?,
            external_id: input.external_id,
            note: input.note,
        };
        let outcome = async { operation.services.transaction_record(operation.changing().await?, new, key).await };
        payload(operation, outcome.await).await
    }

    /// Makes a transaction no longer count. It stays to be seen, with the reversal beside it.
    async fn transaction_reverse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The transaction's id.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] note: Option<String>,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<TransactionPayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "transactionReverse", format!("{id:?} {note:?}"));
        let id = Kind::Transaction.parse(&id, "id")?;
        let outcome =
            async { operation.services.transaction_reverse(operation.changing().await?, id, note, key).await };
        payload(operation, outcome.await).await
    }
}
