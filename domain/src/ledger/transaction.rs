//! The entries of the ledger. Amounts are as a statement shows them; booking checks the rules.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Conversion, LotPick, Trade};
use crate::id::{AccountId, InstrumentId, TransactionId};
use crate::money::Currency;

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its identity, which errors, lots and matches refer to.
    pub id: TransactionId,
    /// The account whose securities and cash move.
    pub account: AccountId,
    /// The day it counts from: the trade date; the ex-date of a dividend where it is known.
    pub trade_date: NaiveDate,
    /// The day its cash moves, where that is later: until then the amount is a receivable or a payable.
    pub settlement_date: Option<NaiveDate>,
    /// Order within the day: the order of recording. Splits, then bonus, spin-offs and rights, act first whatever their sequence.
    pub sequence: i64,
    /// What happened.
    pub kind: TransactionKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionKind {
    /// Opens a lot; cash goes out.
    Buy(Trade),
    /// Closes lots; cash comes in.
    Sell(Trade),
    /// Opens a short lot; cash comes in. Refused while units are held.
    ShortSell(Trade),
    /// Closes short lots; cash goes out.
    Cover(Trade),
    /// A bond is paid back at its end: closes lots.
    Maturity(Trade),
    /// A bond is paid back before its end: closes lots.
    Call(Trade),
    /// A payment on a holding; `amount` − `withheld` − `fee` comes in.
    Dividend {
        /// What paid.
        instrument: InstrumentId,
        /// Gross amount, above zero.
        amount: Decimal,
        /// Tax withheld at the source, zero or more.
        withheld: Decimal,
        /// Fee, zero or more.
        fee: Decimal,
        /// The currency of all three, which need not be the instrument's.
        currency: Currency,
    },
    /// Units received as income: a lot at the value that is taxed as income.
    InKindIncome {
        /// What kind of income.
        source: InKindSource,
        /// What is received.
        instrument: InstrumentId,
        /// Units, above zero.
        quantity: Decimal,
        /// Their value as income and as cost, zero or more.
        value: Decimal,
        /// The currency of the value.
        currency: Currency,
    },
    /// Interest on cash, or a bond's coupon, which is income of that holding; `amount` − `tax` comes in.
    Interest {
        /// The bond, for a coupon; `amount` is above zero then.
        instrument: Option<InstrumentId>,
        /// Gross amount: received above zero, paid below; not zero.
        amount: Decimal,
        /// Tax, zero or more.
        tax: Decimal,
        /// The currency of both.
        currency: Currency,
    },
    /// A charge that belongs to no trade.
    Fee {
        /// Charged above zero, refunded below; not zero.
        amount: Decimal,
        /// Its currency.
        currency: Currency,
        /// The holding it is for, if any.
        instrument: Option<InstrumentId>,
    },
    /// A tax that belongs to no trade.
    Tax {
        /// Charged above zero, refunded below; not zero.
        amount: Decimal,
        /// Its currency.
        currency: Currency,
        /// The holding it is for, if any.
        instrument: Option<InstrumentId>,
    },
    /// Cash from outside.
    Deposit(CashMovement),
    /// Cash to the outside.
    Withdrawal(CashMovement),
    /// Cash to another account of the portfolio.
    CashTransfer {
        /// Above zero.
        amount: Decimal,
        /// Its currency.
        currency: Currency,
        /// The account that receives it.
        to: AccountId,
    },
    /// One currency for another inside the account.
    FxConversion(FxConversion),
    /// Units from outside at a given cost.
    TransferIn {
        /// Units, cost and fee; the fee is paid in cash.
        trade: Trade,
        /// The day they were first bought on, where it is known: it decides the holding period.
        opened_on: Option<NaiveDate>,
    },
    /// Units to the outside, at their cost: no gain is realised.
    TransferOut {
        /// What leaves.
        instrument: InstrumentId,
        /// Units, above zero.
        quantity: Decimal,
        /// Fee, zero or more, paid in cash.
        fee: Decimal,
        /// The currency of the fee.
        currency: Currency,
        /// The lots that leave, where the holder chose them.
        lots: Vec<LotPick>,
    },
    /// Units to another account of the portfolio; lots keep cost and dates.
    Transfer {
        /// What moves.
        instrument: InstrumentId,
        /// Units, above zero.
        quantity: Decimal,
        /// The account that receives them.
        to: AccountId,
        /// The lots that move, where the holder chose them.
        lots: Vec<LotPick>,
    },
    /// Every `denominator` units become `numerator`; acts before any other entry of its day.
    Split {
        /// What is split.
        instrument: InstrumentId,
        /// Units after, above zero.
        numerator: Decimal,
        /// Units before, above zero.
        denominator: Decimal,
    },
    /// Units received without payment, in proportion to those held: cost is spread over more units, dates stay.
    BonusIssue {
        /// What is issued.
        instrument: InstrumentId,
        /// Units received, above zero.
        quantity: Decimal,
    },
    /// Another company's units received for those held, which stay.
    SpinOff(Detachment),
    /// Rights to subscribe received for the units held, which stay.
    RightsIssue(Detachment),
    /// Rights and money become units.
    RightsExercise(RightsExercise),
    /// The units of a company become another's, or cash, or both.
    Merger(Merger),
    /// The same units under another symbol or ISIN.
    InstrumentChange {
        /// The instrument until now.
        instrument: InstrumentId,
        /// The instrument from now on.
        into: InstrumentId,
    },
    /// A payment that lowers the cost of what is held; beyond cost it is gain.
    ReturnOfCapital {
        /// What pays.
        instrument: InstrumentId,
        /// Above zero.
        amount: Decimal,
        /// Its currency.
        currency: Currency,
    },
    /// Contracts end without worth: held or written, they close at nothing.
    OptionExpiry {
        /// The option.
        instrument: InstrumentId,
        /// Contracts, above zero.
        quantity: Decimal,
    },
    /// The holder exercises contracts: the underlying is bought or sold at the strike price.
    OptionExercise(OptionEvent),
    /// Written contracts are exercised by their holder: the underlying is sold or bought at the strike price.
    OptionAssignment(OptionEvent),
}

/// Which income comes in units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InKindSource {
    /// A dividend in shares.
    StockDividend,
    /// A reward for staking.
    Staking,
    /// Units given away.
    Airdrop,
}

/// Cash that crosses the border of the portfolio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashMovement {
    /// Above zero, the fee not inside.
    pub amount: Decimal,
    /// Its currency, which the account holds.
    pub currency: Currency,
    /// Fee, zero or more, taken from the account.
    pub fee: Decimal,
    /// The rate at which the amount counts as a contribution, where it was booked at one. Cash does not move by it.
    pub conversion: Option<Conversion>,
}

impl CashMovement {
    /// An amount without a fee, at the day's reference rate.
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency, fee: Decimal::ZERO, conversion: None }
    }
}

/// One currency for another; the fee is in the currency sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FxConversion {
    /// Amount given, above zero, without the fee.
    pub sold_amount: Decimal,
    /// Its currency.
    pub sold_currency: Currency,
    /// Amount received, above zero.
    pub bought_amount: Decimal,
    /// Its currency.
    pub bought_currency: Currency,
    /// Fee in the currency sold, zero or more.
    pub fee: Decimal,
}

/// Units of another instrument that come with those held and take part of their cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detachment {
    /// What is held.
    pub instrument: InstrumentId,
    /// What is received.
    pub child: InstrumentId,
    /// Units received, above zero, fractions inside: cash in lieu of a fraction is a sale of it.
    pub quantity: Decimal,
    /// The part of each lot's cost that goes with them, 0 to 1: the child's share of the fair values.
    pub cost_fraction: Decimal,
}

/// Rights and money become units: the rights' cost and what is paid make the cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RightsExercise {
    /// The rights.
    pub instrument: InstrumentId,
    /// How many are used, above zero.
    pub quantity: Decimal,
    /// What is subscribed.
    pub into: InstrumentId,
    /// Units received, above zero.
    pub received: Decimal,
    /// What is paid, fee not inside, zero or more.
    pub amount: Decimal,
    /// Fee, zero or more.
    pub fee: Decimal,
    /// The currency of both.
    pub currency: Currency,
}

/// The units of a company become another's, or cash, or both. All units of the account take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merger {
    /// What ends.
    pub instrument: InstrumentId,
    /// What is received in its place, with units per unit as `numerator` for `denominator`; nothing in a cash merger.
    pub into: Option<Exchange>,
    /// Cash received; nothing in a stock merger.
    pub cash: Option<Boot>,
}

/// What units are exchanged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What is received.
    pub instrument: InstrumentId,
    /// Units received, above zero …
    pub numerator: Decimal,
    /// … for so many units given, above zero.
    pub denominator: Decimal,
}

/// Cash received in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// The whole amount, above zero.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
    /// How it is taxed.
    pub treatment: BootTreatment,
}

/// How cash in an exchange is taxed. Not read where nothing but cash is received: that is a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootTreatment {
    /// As the price of part of the units: this part of the cost (0 to 1), and no more, is set against it.
    PartialSale {
        /// The part of each lot's cost that the cash pays for.
        cost_fraction: Decimal,
    },
    /// Gain is recognised up to the cash, a loss is not (26 U.S.C. § 356); the new cost is the old − cash + gain.
    GainUpToCash {
        /// The price of a received unit in its own currency on the day, above zero.
        price: Decimal,
    },
}

/// Contracts that are exercised or assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionEvent {
    /// The option.
    pub instrument: InstrumentId,
    /// Contracts, above zero.
    pub quantity: Decimal,
    /// Fee in the option's currency, zero or more: as the fee of a trade in the underlying.
    pub fee: Decimal,
    /// Tax in the option's currency, zero or more.
    pub tax: Decimal,
}

impl Transaction {
    /// Something of every part of what booking it reads.
    pub(super) fn footprint(&self) -> u64 {
        let trade = match &self.kind {
            TransactionKind::Buy(trade) | TransactionKind::Sell(trade) => {
                let numbers = [trade.quantity, trade.fee, trade.tax, trade.accrued_interest];
                let scales: u32 = numbers.iter().map(Decimal::scale).sum();
                let value = trade.price().or(trade.total()).map_or(0, |value| value.scale());
                (scales + value) as usize + trade.lots.len() + usize::from(trade.conversion.is_some())
            }
            _ => 0,
        };
        self.sequence as u64 ^ trade as u64 ^ self.id.uuid().as_u64_pair().0
    }
}

impl TransactionKind {
    /// The trade that it is, for those that are one.
    pub fn trade(&self) -> Option<&Trade> {
        match self {
            Self::Buy(trade)
            | Self::Sell(trade)
            | Self::ShortSell(trade)
            | Self::Cover(trade)
            | Self::Maturity(trade)
            | Self::Call(trade)
            | Self::TransferIn { trade, .. } => Some(trade),
            _ => None,
        }
    }

    /// Whether it has a place for the lots that the holder chose. What has none (a merger, an option's exercise) uses the
    /// oldest ones where the holder chooses.
    pub(super) fn can_choose_lots(&self) -> bool {
        self.trade().is_some() || matches!(self, Self::Transfer { .. } | Self::TransferOut { .. })
    }

    /// The instrument that it concerns, if any.
    pub fn instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::Buy(trade)
            | Self::Sell(trade)
            | Self::ShortSell(trade)
            | Self::Cover(trade)
            | Self::Maturity(trade)
            | Self::Call(trade)
            | Self::TransferIn { trade, .. } => Some(trade.instrument),
            Self::Dividend { instrument, .. }
            | Self::InKindIncome { instrument, .. }
            | Self::TransferOut { instrument, .. }
            | Self::Transfer { instrument, .. }
            | Self::Split { instrument, .. }
            | Self::BonusIssue { instrument, .. }
            | Self::InstrumentChange { instrument, .. }
            | Self::ReturnOfCapital { instrument, .. }
            | Self::OptionExpiry { instrument, .. } => Some(*instrument),
            Self::SpinOff(detachment) | Self::RightsIssue(detachment) => Some(detachment.instrument),
            Self::RightsExercise(exercise) => Some(exercise.instrument),
            Self::Merger(merger) => Some(merger.instrument),
            Self::OptionExercise(event) | Self::OptionAssignment(event) => Some(event.instrument),
            Self::Interest { instrument, .. } | Self::Fee { instrument, .. } | Self::Tax { instrument, .. } => {
                *instrument
            }
            Self::Deposit(_) | Self::Withdrawal(_) | Self::CashTransfer { .. } | Self::FxConversion(_) => None,
        }
    }

    /// The instrument that it brings in place of, or beside, the one it concerns. That of an option's underlying stands in
    /// the option's terms instead.
    pub fn counter_instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::SpinOff(detachment) | Self::RightsIssue(detachment) => Some(detachment.child),
            Self::RightsExercise(exercise) => Some(exercise.into),
            Self::Merger(merger) => merger.into.map(|exchange| exchange.instrument),
            Self::InstrumentChange { into, .. } => Some(*into),
            _ => None,
        }
    }

    /// The account of the portfolio that receives what it moves.
    pub fn counter_account(&self) -> Option<AccountId> {
        match self {
            Self::CashTransfer { to, .. } | Self::Transfer { to, .. } => Some(*to),
            _ => None,
        }
    }

    /// The currencies that its amounts are in.
    pub fn currencies(&self) -> Vec<Currency> {
        let with = |currency: Currency, conversion: Option<Conversion>| {
            std::iter::once(currency).chain(conversion.map(|conversion| conversion.currency)).collect()
        };
        if let Some(trade) = self.trade() {
            return with(trade.currency, trade.conversion);
        }
        match self {
            Self::Deposit(cash) | Self::Withdrawal(cash) => with(cash.currency, cash.conversion),
            Self::FxConversion(conversion) => vec![conversion.sold_currency, conversion.bought_currency],
            Self::Dividend { currency, .. }
            | Self::InKindIncome { currency, .. }
            | Self::Interest { currency, .. }
            | Self::Fee { currency, .. }
            | Self::Tax { currency, .. }
            | Self::CashTransfer { currency, .. }
            | Self::TransferOut { currency, .. }
            | Self::ReturnOfCapital { currency, .. } => vec![*currency],
            Self::RightsExercise(exercise) => vec![exercise.currency],
            Self::Merger(merger) => merger.cash.map(|boot| boot.currency).into_iter().collect(),
            _ => Vec::new(),
        }
    }
}
