//! What can be recorded: an input for each activity, as a statement shows it.

use async_graphql::{Enum, ID, InputObject, OneofObject, Result};
use domain::id::{AccountId, InstrumentId};
use domain::ledger::{
    self, Boot, BootTreatment, CashMovement, Conversion, InKindSource, OptionEvent, TradeValue, TransactionKind,
};
use rust_decimal::Decimal as Number;

use crate::graphql::id::Kind;
use crate::graphql::scalars::{Currency, Date, Decimal};
use crate::graphql::types::lot_pick::{LotPickInput, picks};
use crate::services::ServiceError;
use crate::services::transaction::{Days, Leg, NewTransaction, reinvested};

/// A purchase or a sale, a redemption, or what closes one of them. Exactly one of `price` and `total` is given.
#[derive(Debug, InputObject)]
pub struct TradeInput {
    /// What is traded.
    instrument_id: ID,
    /// Units, above zero; for bonds the face amount, for options contracts.
    quantity: Decimal,
    /// Price as quoted, zero or more; for bonds per 100 of face. The amount is quantity × price × the instrument's multiplier.
    price: Option<Decimal>,
    /// What was paid in all, or received in the end, zero or more: fee and tax inside, accrued interest not.
    total: Option<Decimal>,
    /// The currency of price, total, fee, tax and accrued interest. Where it is not the instrument's, the cost is converted at
    /// the rate of `settlement` if that leads there, else at the day's reference rate.
    currency: Currency,
    /// Fee, zero or more: part of the cost of a purchase, taken off the proceeds of a sale.
    fee: Option<Decimal>,
    /// Tax, zero or more: as the fee.
    tax: Option<Decimal>,
    /// Interest accrued since the last coupon, zero or more, beside price or total: paid by a buyer, received by a seller.
    /// It is income, negative for the buyer, and never cost.
    accrued_interest: Option<Decimal>,
    /// The conversion that the broker booked with the trade, where the cash moves in another currency.
    settlement: Option<SettlementInput>,
    /// The lots that are used, where they were chosen, at most 500; the portfolio's lot method chooses otherwise. Only for
    /// what closes lots.
    #[graphql(default)]
    lots: Vec<LotPickInput>,
}

/// The conversion that a broker books together with an entry.
#[derive(Debug, InputObject)]
pub struct SettlementInput {
    /// The currency that the cash moves in; of a deposit or withdrawal the one that it counts in.
    currency: Currency,
    /// One unit of the entry's currency in units of this one; above zero.
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
    /// The first day that the instrument trades without it. Where it is given the dividend counts from this day, and is a
    /// receivable until it is paid. Where it is not, it is taken from the market's dividend that this is the payment of.
    ex_date: Option<Date>,
    /// The day it is paid on; the trade date where it is not given. It may be still to come.
    pay_date: Option<Date>,
    /// What to do where the market knows another amount or currency, or the account has the dividend already.
    decision: Option<ActionDecision>,
}

/// A dividend that buys units of what paid it: two transactions of one event. The purchase costs what the dividend brings
/// after tax and fee.
#[derive(Debug, InputObject)]
pub struct DividendReinvestedInput {
    /// What paid, and is bought.
    instrument_id: ID,
    /// Gross amount, above zero.
    amount: Decimal,
    /// The currency of the payment.
    currency: Currency,
    /// Tax withheld at the source, zero or more.
    tax_withheld: Option<Decimal>,
    /// Fee, zero or more.
    fee: Option<Decimal>,
    /// The first day that the instrument trades without it, where it is known; as of a dividend.
    ex_date: Option<Date>,
    /// Units bought, above zero.
    quantity: Decimal,
    /// What to do where the market knows another amount or currency, or the account has the dividend already.
    decision: Option<ActionDecision>,
}

/// Units received as income.
#[derive(Debug, InputObject)]
pub struct InKindIncomeInput {
    /// What is received.
    instrument_id: ID,
    /// Units, above zero.
    quantity: Decimal,
    /// What they are worth in all, zero or more: the income, and what the new lot costs.
    value: Decimal,
    /// The currency of the value.
    currency: Currency,
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
    /// The first day that the bond trades without the coupon; as of a dividend.
    ex_date: Option<Date>,
    /// The day it is paid on; as of a dividend.
    pay_date: Option<Date>,
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
    /// Above zero, the fee not inside.
    amount: Decimal,
    /// Its currency.
    currency: Currency,
    /// Fee, zero or more, taken from the account.
    fee: Option<Decimal>,
    /// The rate at which the amount counts as a contribution, where it was booked at one; the day's reference rate otherwise.
    settlement: Option<SettlementInput>,
}

/// Cash to another account of the portfolio.
#[derive(Debug, InputObject)]
pub struct CashTransferInput {
    /// Above zero.
    amount: Decimal,
    /// Its currency.
    currency: Currency,
    /// The account that receives it; of the same portfolio.
    to_account_id: ID,
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

/// Units from outside the portfolio, at a given cost. Exactly one of `price` and `total` is given.
#[derive(Debug, InputObject)]
pub struct TransferInInput {
    /// What arrives.
    instrument_id: ID,
    /// Units, above zero.
    quantity: Decimal,
    /// What a unit cost, as a quoted price.
    price: Option<Decimal>,
    /// What they cost in all, fee and tax inside.
    total: Option<Decimal>,
    /// The currency of all amounts.
    currency: Currency,
    /// Fee, zero or more, paid in cash and part of the cost.
    fee: Option<Decimal>,
    /// Tax, zero or more, paid in cash and part of the cost.
    tax: Option<Decimal>,
    /// The rate at which the cost was booked, where it was.
    settlement: Option<SettlementInput>,
    /// The day they were first bought on, where it is known: holding periods count from it.
    opened_on: Option<Date>,
}

/// Units to the outside of the portfolio, at their cost: no gain is realised.
#[derive(Debug, InputObject)]
pub struct TransferOutInput {
    /// What leaves.
    instrument_id: ID,
    /// Units, above zero.
    quantity: Decimal,
    /// Fee, zero or more, paid in cash.
    fee: Option<Decimal>,
    /// The currency of the fee.
    currency: Currency,
    /// The lots that leave, where they were chosen.
    #[graphql(default)]
    lots: Vec<LotPickInput>,
}

/// Units to another account of the portfolio: lots keep their cost and their dates.
#[derive(Debug, InputObject)]
pub struct TransferInput {
    /// What moves.
    instrument_id: ID,
    /// Units, above zero.
    quantity: Decimal,
    /// The account that receives them; of the same portfolio.
    to_account_id: ID,
    /// The lots that move, where they were chosen.
    #[graphql(default)]
    lots: Vec<LotPickInput>,
}

/// What to do about a difference from what the market knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ActionDecision {
    /// The transaction stands: a split takes the place of the market's in its account, a dividend is recorded as it is, also
    /// beside one that the account has already.
    KeepMine,
}

/// A split: `denominator` old units become `numerator` new ones. It acts before anything else on its day. Splits that the
/// market knows are applied by themselves; one that is recorded all the same is the same event if day and ratio are equal,
/// and is refused as `ACTION_DIFFERS` otherwise, unless `decision` says that it stands.
#[derive(Debug, InputObject)]
pub struct SplitInput {
    /// What is split.
    instrument_id: ID,
    /// Units after, above zero.
    numerator: Decimal,
    /// Units before, above zero.
    denominator: Decimal,
    /// What to do where the market knows another split within seven days.
    decision: Option<ActionDecision>,
}

/// Units received without payment for those held: their cost is spread over more units, lots keep their dates.
#[derive(Debug, InputObject)]
pub struct BonusIssueInput {
    /// What is issued.
    instrument_id: ID,
    /// Units received, above zero.
    quantity: Decimal,
}

/// Units of another instrument, or rights, received for units that stay. They take part of the cost, and their lots keep the
/// dates.
#[derive(Debug, InputObject)]
pub struct DetachmentInput {
    /// What is held.
    instrument_id: ID,
    /// What is received.
    received_instrument_id: ID,
    /// Units received, above zero, fractions inside: cash in lieu of a fraction is a sale of it.
    quantity: Decimal,
    /// The part of each lot's cost that goes with them, 0 to 1.
    cost_fraction: Decimal,
}

/// Rights and money become units: the cost of the rights and what is paid make their cost.
#[derive(Debug, InputObject)]
pub struct RightsExerciseInput {
    /// The rights.
    instrument_id: ID,
    /// How many rights are used, above zero.
    quantity: Decimal,
    /// What is subscribed.
    received_instrument_id: ID,
    /// Units received, above zero.
    received_quantity: Decimal,
    /// What is paid, zero or more, the fee not inside.
    amount: Decimal,
    /// Fee, zero or more.
    fee: Option<Decimal>,
    /// The currency of both.
    currency: Currency,
}

/// The units of a company become another's, or cash, or both. All units of the account take part.
#[derive(Debug, InputObject)]
pub struct MergerInput {
    /// What ends.
    instrument_id: ID,
    /// The units received in its place; nothing where all is cash.
    into: Option<ExchangeInput>,
    /// The cash received; nothing where all is units.
    cash: Option<BootInput>,
}

/// What units are exchanged for: `numerator` units received for `denominator` given.
#[derive(Debug, InputObject)]
pub struct ExchangeInput {
    /// What is received.
    instrument_id: ID,
    /// Units received, above zero …
    numerator: Decimal,
    /// … for so many given, above zero.
    denominator: Decimal,
}

/// Cash in an exchange. Beside units exactly one of `costFraction` and `receivedPrice` is given; without units neither.
#[derive(Debug, InputObject)]
pub struct BootInput {
    /// The whole amount, above zero.
    amount: Decimal,
    /// Its currency.
    currency: Currency,
    /// The cash is the price of part of the units: this part of each lot's cost, 0 to 1, is set against it.
    cost_fraction: Option<Decimal>,
    /// Gain is recognised up to the cash and a loss is not: what a received unit was worth on the day, above zero, in its
    /// own currency.
    received_price: Option<Decimal>,
}

/// The same units under another symbol.
#[derive(Debug, InputObject)]
pub struct InstrumentChangeInput {
    /// The instrument until now.
    instrument_id: ID,
    /// The instrument from now on.
    into_instrument_id: ID,
}

/// A payment that lowers the cost of what is held; beyond cost it is gain.
#[derive(Debug, InputObject)]
pub struct ReturnOfCapitalInput {
    /// What pays.
    instrument_id: ID,
    /// Above zero.
    amount: Decimal,
    /// Its currency.
    currency: Currency,
    /// The first day that the instrument trades without it; as of a dividend.
    ex_date: Option<Date>,
    /// The day it is paid on; as of a dividend.
    pay_date: Option<Date>,
}

/// Contracts that end without worth.
#[derive(Debug, InputObject)]
pub struct OptionExpiryInput {
    /// The option.
    instrument_id: ID,
    /// Contracts, above zero.
    quantity: Decimal,
}

/// Contracts that are exercised or assigned.
#[derive(Debug, InputObject)]
pub struct OptionEventInput {
    /// The option.
    instrument_id: ID,
    /// Contracts, above zero.
    quantity: Decimal,
    /// Fee in the option's currency, zero or more: as of a trade in the underlying.
    fee: Option<Decimal>,
    /// Tax in the option's currency, zero or more.
    tax: Option<Decimal>,
}

/// What happens: exactly one of these.
#[derive(Debug, OneofObject)]
pub enum TransactionActivityInput {
    /// Opens a lot; cash goes out. Of what is owed it closes lots first.
    Buy(TradeInput),
    /// Closes lots; cash comes in.
    Sell(TradeInput),
    /// Opens a short lot; cash comes in. Refused while units are held.
    ShortSell(TradeInput),
    /// Closes short lots; cash goes out.
    Cover(TradeInput),
    /// A bond is paid back at its end: closes lots; cash comes in.
    Maturity(TradeInput),
    /// A bond is paid back before its end: closes lots; cash comes in.
    Call(TradeInput),
    /// A payment on a holding.
    Dividend(DividendInput),
    /// A dividend that buys units of what paid it: two transactions of one event.
    DividendReinvested(DividendReinvestedInput),
    /// A dividend in units: opens a lot at the value that is income.
    StockDividend(InKindIncomeInput),
    /// A reward for staking: opens a lot at the value that is income.
    Staking(InKindIncomeInput),
    /// Units given away: opens a lot at the value that is income.
    Airdrop(InKindIncomeInput),
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
    /// Cash to another account of the portfolio.
    CashTransfer(CashTransferInput),
    /// One currency for another.
    FxConversion(FxConversionInput),
    /// Units from outside at a given cost.
    TransferIn(TransferInInput),
    /// Units to the outside at their cost.
    TransferOut(TransferOutInput),
    /// Units to another account of the portfolio.
    Transfer(TransferInput),
    /// Old units become new ones.
    Split(SplitInput),
    /// Units received without payment for those held.
    BonusIssue(BonusIssueInput),
    /// Units of another company received for those held.
    SpinOff(DetachmentInput),
    /// Rights to subscribe received for the units held.
    RightsIssue(DetachmentInput),
    /// Rights and money become units.
    RightsExercise(RightsExerciseInput),
    /// The units of a company become another's, or cash, or both.
    Merger(MergerInput),
    /// The same units under another symbol.
    InstrumentChange(InstrumentChangeInput),
    /// A payment that lowers the cost of what is held.
    ReturnOfCapital(ReturnOfCapitalInput),
    /// Contracts end without worth: held or written, they close at nothing.
    OptionExpiry(OptionExpiryInput),
    /// The holder exercises contracts: the underlying is bought or sold at the strike price, the premium part of it.
    OptionExercise(OptionEventInput),
    /// Written contracts are exercised by their holder: the underlying is sold or bought at the strike price.
    OptionAssignment(OptionEventInput),
}

/// A transaction to record.
#[derive(Debug, InputObject)]
pub struct TransactionRecordInput {
    /// The account it happens in.
    account_id: ID,
    /// The day it counts from; today at the latest. Of a payment with an ex-date it is the day it was paid on.
    trade_date: Date,
    /// The day its cash moves on, where that is later: until then the amount is a receivable or a payable.
    settlement_date: Option<Date>,
    /// What happens.
    activity: TransactionActivityInput,
    /// The source's own id for it, at most 500 characters. An account takes it once, by whatever way it comes in: again it is
    /// `ALREADY_EXISTS`, and the message names the earlier transaction, until that one is reversed. A correction keeps the id of what
    /// it corrects where none is given.
    external_id: Option<String>,
    /// A remark, at most 500 characters.
    note: Option<String>,
}

/// Transactions that are one event.
#[derive(Debug, InputObject)]
pub struct TransactionsRecordInput {
    /// Its transactions, 1 to 100, in the accounts of one portfolio. A dividend with purchases is a reinvestment: they cost
    /// what it brings. A delivery out and a delivery in become one transfer.
    transactions: Vec<TransactionRecordInput>,
}

fn or_zero(amount: Option<Decimal>) -> Number {
    amount.map_or(Number::ZERO, |amount| amount.0)
}

fn instrument(id: &ID) -> Result<InstrumentId> {
    Ok(Kind::Instrument.parse(id, "instrumentId")?.into())
}

fn received(id: &ID) -> Result<InstrumentId> {
    Ok(Kind::Instrument.parse(id, "receivedInstrumentId")?.into())
}

fn receiver(id: &ID) -> Result<AccountId> {
    Ok(Kind::Account.parse(id, "toAccountId")?.into())
}

fn booked(settlement: &Option<SettlementInput>) -> Option<Conversion> {
    settlement.as_ref().map(|settlement| Conversion { currency: settlement.currency.0, rate: settlement.rate.0 })
}

/// Price or total; which of them is given was checked before.
fn value(price: Option<Decimal>, total: Option<Decimal>) -> TradeValue {
    match total {
        Some(total) => TradeValue::Total(total.0),
        None => TradeValue::Price(or_zero(price)),
    }
}

impl TradeInput {
    fn trade(&self) -> Result<ledger::Trade> {
        Ok(ledger::Trade {
            instrument: instrument(&self.instrument_id)?,
            quantity: self.quantity.0,
            value: value(self.price, self.total),
            fee: or_zero(self.fee),
            tax: or_zero(self.tax),
            accrued_interest: or_zero(self.accrued_interest),
            currency: self.currency.0,
            conversion: booked(&self.settlement),
            lots: picks(&self.lots)?,
        })
    }
}

impl TransferInInput {
    fn kind(&self) -> Result<TransactionKind> {
        let trade =
            ledger::Trade::at_price(instrument(&self.instrument_id)?, self.quantity.0, Number::ZERO, self.currency.0);
        let trade = ledger::Trade {
            value: value(self.price, self.total),
            fee: or_zero(self.fee),
            tax: or_zero(self.tax),
            conversion: booked(&self.settlement),
            ..trade
        };
        Ok(TransactionKind::TransferIn { trade, opened_on: self.opened_on.map(|day| day.0) })
    }
}

impl CashInput {
    fn movement(&self) -> CashMovement {
        CashMovement {
            fee: or_zero(self.fee),
            conversion: booked(&self.settlement),
            ..CashMovement::new(self.amount.0, self.currency.0)
        }
    }
}

impl InKindIncomeInput {
    fn kind(&self, source: InKindSource) -> Result<TransactionKind> {
        Ok(TransactionKind::InKindIncome {
            source,
            instrument: instrument(&self.instrument_id)?,
            quantity: self.quantity.0,
            value: self.value.0,
            currency: self.currency.0,
        })
    }
}

impl DetachmentInput {
    fn detachment(&self) -> Result<ledger::Detachment> {
        Ok(ledger::Detachment {
            instrument: instrument(&self.instrument_id)?,
            child: received(&self.received_instrument_id)?,
            quantity: self.quantity.0,
            cost_fraction: self.cost_fraction.0,
        })
    }
}

impl MergerInput {
    fn merger(&self) -> Result<ledger::Merger> {
        let into = |exchange: &ExchangeInput| {
            Ok::<_, async_graphql::Error>(ledger::Exchange {
                instrument: instrument(&exchange.instrument_id)?,
                numerator: exchange.numerator.0,
                denominator: exchange.denominator.0,
            })
        };
        let cash = |boot: &BootInput| Boot {
            amount: boot.amount.0,
            currency: boot.currency.0,
            treatment: match boot.received_price {
                Some(price) => BootTreatment::GainUpToCash { price: price.0 },
                None => BootTreatment::PartialSale {
                    cost_fraction: boot.cost_fraction.map_or(Number::ONE, |fraction| fraction.0),
                },
            },
        };
        Ok(ledger::Merger {
            instrument: instrument(&self.instrument_id)?,
            into: self.into.as_ref().map(into).transpose()?,
            cash: self.cash.as_ref().map(cash),
        })
    }

    /// Which of the two ways to treat cash must be given, and is.
    fn contradiction(&self) -> Option<(Vec<&'static str>, &'static str)> {
        let cash = self.cash.as_ref()?;
        let ways = usize::from(cash.cost_fraction.is_some()) + usize::from(cash.received_price.is_some());
        let message = match (&self.into, ways) {
            (Some(_), 1) | (None, 0) => return None,
            (Some(_), _) => "cash beside units: give one of costFraction and receivedPrice",
            (None, _) => "cash for all units: neither costFraction nor receivedPrice has a meaning",
        };
        Some((vec!["cash"], message))
    }
}

impl OptionEventInput {
    fn event(&self) -> Result<OptionEvent> {
        Ok(OptionEvent {
            instrument: instrument(&self.instrument_id)?,
            quantity: self.quantity.0,
            fee: or_zero(self.fee),
            tax: or_zero(self.tax),
        })
    }
}

impl TransactionActivityInput {
    /// Fields that exclude each other or of which one is needed: the path below the activity, and what is wrong.
    fn contradiction(&self) -> Option<(Vec<&'static str>, &'static str)> {
        let (activity, price, total) = match self {
            Self::Buy(trade) => ("buy", trade.price, trade.total),
            Self::Sell(trade) => ("sell", trade.price, trade.total),
            Self::ShortSell(trade) => ("shortSell", trade.price, trade.total),
            Self::Cover(trade) => ("cover", trade.price, trade.total),
            Self::Maturity(trade) => ("maturity", trade.price, trade.total),
            Self::Call(trade) => ("call", trade.price, trade.total),
            Self::TransferIn(units) => ("transferIn", units.price, units.total),
            Self::Merger(merger) => {
                let (path, message) = merger.contradiction()?;
                return Some(([vec!["merger"], path].concat(), message));
            }
            _ => return None,
        };
        match (price, total) {
            (Some(_), None) | (None, Some(_)) => None,
            (Some(_), Some(_)) => Some((vec![activity, "total"], "price and total are given: one of them is needed")),
            (None, None) => Some((vec![activity, "price"], "neither price nor total is given: one of them is needed")),
        }
    }

    /// Ex-date and pay date, of what has them.
    fn days(&self) -> (Option<Date>, Option<Date>) {
        match self {
            Self::Dividend(dividend) => (dividend.ex_date, dividend.pay_date),
            Self::Interest(interest) => (interest.ex_date, interest.pay_date),
            Self::ReturnOfCapital(payment) => (payment.ex_date, payment.pay_date),
            Self::DividendReinvested(dividend) => (dividend.ex_date, None),
            _ => (None, None),
        }
    }

    fn kind(&self) -> Result<TransactionKind> {
        let optional = |id: &Option<ID>| id.as_ref().map(instrument).transpose();
        Ok(match self {
            Self::Buy(trade) => TransactionKind::Buy(trade.trade()?),
            Self::Sell(trade) => TransactionKind::Sell(trade.trade()?),
            Self::ShortSell(trade) => TransactionKind::ShortSell(trade.trade()?),
            Self::Cover(trade) => TransactionKind::Cover(trade.trade()?),
            Self::Maturity(trade) => TransactionKind::Maturity(trade.trade()?),
            Self::Call(trade) => TransactionKind::Call(trade.trade()?),
            Self::Dividend(dividend) => TransactionKind::Dividend {
                instrument: instrument(&dividend.instrument_id)?,
                amount: dividend.amount.0,
                withheld: or_zero(dividend.tax_withheld),
                fee: or_zero(dividend.fee),
                currency: dividend.currency.0,
            },
            Self::DividendReinvested(dividend) => TransactionKind::Dividend {
                instrument: instrument(&dividend.instrument_id)?,
                amount: dividend.amount.0,
                withheld: or_zero(dividend.tax_withheld),
                fee: or_zero(dividend.fee),
                currency: dividend.currency.0,
            },
            Self::StockDividend(income) => income.kind(InKindSource::StockDividend)?,
            Self::Staking(income) => income.kind(InKindSource::Staking)?,
            Self::Airdrop(income) => income.kind(InKindSource::Airdrop)?,
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
            Self::Deposit(cash) => TransactionKind::Deposit(cash.movement()),
            Self::Withdrawal(cash) => TransactionKind::Withdrawal(cash.movement()),
            Self::CashTransfer(cash) => TransactionKind::CashTransfer {
                amount: cash.amount.0,
                currency: cash.currency.0,
                to: receiver(&cash.to_account_id)?,
            },
            Self::FxConversion(conversion) => TransactionKind::FxConversion(ledger::FxConversion {
                sold_amount: conversion.sold_amount.0,
                sold_currency: conversion.sold_currency.0,
                bought_amount: conversion.bought_amount.0,
                bought_currency: conversion.bought_currency.0,
                fee: or_zero(conversion.fee),
            }),
            Self::TransferIn(units) => units.kind()?,
            Self::TransferOut(units) => TransactionKind::TransferOut {
                instrument: instrument(&units.instrument_id)?,
                quantity: units.quantity.0,
                fee: or_zero(units.fee),
                currency: units.currency.0,
                lots: picks(&units.lots)?,
            },
            Self::Transfer(units) => TransactionKind::Transfer {
                instrument: instrument(&units.instrument_id)?,
                quantity: units.quantity.0,
                to: receiver(&units.to_account_id)?,
                lots: picks(&units.lots)?,
            },
            Self::Split(split) => TransactionKind::Split {
                instrument: instrument(&split.instrument_id)?,
                numerator: split.numerator.0,
                denominator: split.denominator.0,
            },
            Self::BonusIssue(issue) => TransactionKind::BonusIssue {
                instrument: instrument(&issue.instrument_id)?,
                quantity: issue.quantity.0,
            },
            Self::SpinOff(detachment) => TransactionKind::SpinOff(detachment.detachment()?),
            Self::RightsIssue(detachment) => TransactionKind::RightsIssue(detachment.detachment()?),
            Self::RightsExercise(exercise) => TransactionKind::RightsExercise(ledger::RightsExercise {
                instrument: instrument(&exercise.instrument_id)?,
                quantity: exercise.quantity.0,
                into: received(&exercise.received_instrument_id)?,
                received: exercise.received_quantity.0,
                amount: exercise.amount.0,
                fee: or_zero(exercise.fee),
                currency: exercise.currency.0,
            }),
            Self::Merger(merger) => TransactionKind::Merger(merger.merger()?),
            Self::InstrumentChange(change) => TransactionKind::InstrumentChange {
                instrument: instrument(&change.instrument_id)?,
                into: Kind::Instrument.parse(&change.into_instrument_id, "intoInstrumentId")?.into(),
            },
            Self::ReturnOfCapital(payment) => TransactionKind::ReturnOfCapital {
                instrument: instrument(&payment.instrument_id)?,
                amount: payment.amount.0,
                currency: payment.currency.0,
            },
            Self::OptionExpiry(expiry) => TransactionKind::OptionExpiry {
                instrument: instrument(&expiry.instrument_id)?,
                quantity: expiry.quantity.0,
            },
            Self::OptionExercise(event) => TransactionKind::OptionExercise(event.event()?),
            Self::OptionAssignment(event) => TransactionKind::OptionAssignment(event.event()?),
        })
    }
}

impl TransactionRecordInput {
    /// The legs that the input at `field` stands for; or what its caller must mend first.
    fn legs(self, field: &[&str]) -> Result<Result<Vec<Leg>, ServiceError>> {
        if let Some((path, message)) = self.activity.contradiction() {
            let path = [field, &["activity"], &path].concat();
            let code = crate::services::RefusalCode::InvalidInput;
            return Ok(Err(ServiceError::refused(code, &path, message)));
        }
        let account = Kind::Account.parse(&self.account_id, &[field, &["accountId"]].concat().join("."))?;
        let (ex, pay) = self.activity.days();
        let days = Days {
            trade: self.trade_date.0,
            settlement: self.settlement_date.map(|day| day.0),
            ex: ex.map(|day| day.0),
            pay: pay.map(|day| day.0),
        };
        let decision = match &self.activity {
            TransactionActivityInput::Split(split) => split.decision,
            TransactionActivityInput::Dividend(dividend) => dividend.decision,
            TransactionActivityInput::DividendReinvested(dividend) => dividend.decision,
            _ => None,
        };
        let keeps_mine = decision == Some(ActionDecision::KeepMine);
        let kind = self.activity.kind()?;
        // As in a file.
        let external_id = self.external_id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
        let note = self.note;
        let new = NewTransaction { account, days, kind, keeps_mine, external_id, note, imported: None };
        let leg = Leg::new(new, field);
        Ok(match &self.activity {
            TransactionActivityInput::DividendReinvested(dividend) => reinvested(leg, dividend.quantity.0),
            _ => Ok(vec![leg]),
        })
    }

    /// The legs of one transaction.
    pub(super) fn event(self) -> Result<Result<Vec<Leg>, ServiceError>> {
        self.legs(&["input"])
    }
}

impl TransactionsRecordInput {
    /// The legs of the event.
    pub(super) fn event(self) -> Result<Result<Vec<Leg>, ServiceError>> {
        let mut legs = Vec::with_capacity(self.transactions.len());
        for (at, transaction) in self.transactions.into_iter().enumerate() {
            match transaction.legs(&["input", "transactions", &at.to_string()])? {
                Ok(more) => legs.extend(more),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(legs))
    }
}
