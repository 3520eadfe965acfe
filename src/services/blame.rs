//! Which part of a transaction breaks a rule: its name in the API and its column in a file.

use domain::id::InstrumentId;
use domain::ledger::{InKindSource, LedgerError, TransactionKind};
use domain::money::Currency;
use rust_decimal::Decimal;

/// A part of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its path in the API: below the activity, or below the transaction where `of_row` says so.
    pub path: &'static [&'static str],
    /// Its column in a file, where it has one.
    pub column: Option<&'static str>,
    /// Whether it stands beside the activity.
    pub of_row: bool,
}

const fn part(path: &'static [&'static str], column: &'static str) -> Part {
    Part { path, column: Some(column), of_row: false }
}

/// The currency of all amounts.
pub(super) const CURRENCY: Part = part(&["currency"], "currency");
const BOUGHT_CURRENCY: Part = part(&["boughtCurrency"], "counter_currency");
const SETTLEMENT_CURRENCY: Part = part(&["settlement", "currency"], "counter_currency");
/// How much money.
pub(super) const AMOUNT: Part = part(&["amount"], "amount");
const QUANTITY: Part = part(&["quantity"], "quantity");
/// The lots that were chosen.
pub(super) const LOTS: Part = part(&["lots"], "lots");
/// How many become how many.
pub(super) const RATIO: Part = part(&["numerator"], "ratio");
/// What the transaction is about.
pub(super) const INSTRUMENT: Part = part(&["instrumentId"], "symbol");
/// The account that receives.
pub(super) const COUNTER_ACCOUNT: Part = part(&["toAccountId"], "counter_account");
/// When it happens.
pub(super) const TRADE_DATE: Part = Part { path: &["tradeDate"], column: Some("date"), of_row: true };
/// When cash moves.
pub(super) const SETTLEMENT_DATE: Part =
    Part { path: &["settlementDate"], column: Some("settlement_date"), of_row: true };

/// The part to blame, where it is a single one.
pub(super) fn blamed(error: &LedgerError, kind: &TransactionKind) -> Option<Part> {
    Some(match error {
        LedgerError::InsufficientQuantity { .. } => leaving(kind),
        LedgerError::InvalidQuantity { quantity, .. } => invalid_quantity(kind, *quantity),
        LedgerError::HoldsLong { .. } | LedgerError::MixedSides { .. } => QUANTITY,
        LedgerError::NothingHeld { .. } | LedgerError::OwesUnits { .. } => INSTRUMENT,
        LedgerError::SplitsDiffer { .. } => RATIO,
        LedgerError::NoMatchingLot { .. }
        | LedgerError::LotUsed { .. }
        | LedgerError::AmbiguousLots { .. }
        | LedgerError::PicksDiffer { .. } => LOTS,
        LedgerError::SelfTransfer { .. } => COUNTER_ACCOUNT,
        LedgerError::SameInstrument { .. } => counter_instrument(kind),
        LedgerError::NotAnOption { .. } => INSTRUMENT,
        LedgerError::OptionExpired { .. } => TRADE_DATE,
        LedgerError::SettlesEarly { .. } => SETTLEMENT_DATE,
        LedgerError::NegativePrice { .. } => part(&["price"], "price"),
        LedgerError::InvalidAmount { field, .. } => amount(field, kind)?,
        LedgerError::InvalidSplitRatio { numerator, .. } => ratio(kind, *numerator),
        LedgerError::UnknownInstrument { instrument, .. } => of_instrument(kind, *instrument),
        LedgerError::SameCurrency { .. } => BOUGHT_CURRENCY,
        LedgerError::MissingRate { currency, .. } => of_currency(kind, *currency)?,
        LedgerError::Split { .. } | LedgerError::Sum(_) | LedgerError::Overflow { .. } => return None,
    })
}

/// What says how many units, where a transaction has that.
pub(super) fn quantity(kind: &TransactionKind) -> Option<Part> {
    kind.trade().map(|_| QUANTITY)
}

/// What says how much leaves; the instrument, where all of it does.
fn leaving(kind: &TransactionKind) -> Part {
    match kind {
        TransactionKind::BonusIssue { .. }
        | TransactionKind::SpinOff(_)
        | TransactionKind::RightsIssue(_)
        | TransactionKind::Merger(_)
        | TransactionKind::InstrumentChange { .. }
        | TransactionKind::ReturnOfCapital { .. } => INSTRUMENT,
        _ => QUANTITY,
    }
}

fn invalid_quantity(kind: &TransactionKind, quantity: Decimal) -> Part {
    match kind {
        TransactionKind::SpinOff(_) | TransactionKind::RightsIssue(_) => part(&["quantity"], "counter_quantity"),
        TransactionKind::RightsExercise(exercise) if exercise.quantity != quantity => {
            part(&["receivedQuantity"], "counter_quantity")
        }
        TransactionKind::TransferOut { quantity: whole, .. } | TransactionKind::Transfer { quantity: whole, .. }
            if *whole != quantity =>
        {
            LOTS
        }
        // A pick's quantity is another one than the trade's.
        _ => match kind.trade() {
            Some(trade) if trade.quantity != quantity => LOTS,
            _ => QUANTITY,
        },
    }
}

fn ratio(kind: &TransactionKind, numerator: Decimal) -> Part {
    match (kind, numerator > Decimal::ZERO) {
        (TransactionKind::Merger(_), true) => part(&["into", "denominator"], "ratio"),
        (TransactionKind::Merger(_), false) => part(&["into", "numerator"], "ratio"),
        (_, true) => part(&["denominator"], "ratio"),
        (_, false) => RATIO,
    }
}

/// The part that names the instrument which is received.
pub(super) fn counter_instrument(kind: &TransactionKind) -> Part {
    match kind {
        TransactionKind::Merger(_) => part(&["into", "instrumentId"], "counter_symbol"),
        TransactionKind::InstrumentChange { .. } => part(&["intoInstrumentId"], "counter_symbol"),
        _ => part(&["receivedInstrumentId"], "counter_symbol"),
    }
}

fn of_instrument(kind: &TransactionKind, instrument: InstrumentId) -> Part {
    if kind.counter_instrument() == Some(instrument) && kind.instrument() != Some(instrument) {
        return counter_instrument(kind);
    }
    INSTRUMENT
}

/// The part that names a currency, if one does.
pub(super) fn of_currency(kind: &TransactionKind, currency: Currency) -> Option<Part> {
    match kind {
        TransactionKind::FxConversion(conversion) if conversion.sold_currency == currency => {
            Some(part(&["soldCurrency"], "currency"))
        }
        TransactionKind::FxConversion(conversion) if conversion.bought_currency == currency => Some(BOUGHT_CURRENCY),
        TransactionKind::Merger(merger) => {
            let cash = merger.cash.filter(|cash| cash.currency == currency);
            cash.map(|_| part(&["cash", "currency"], "currency"))
        }
        TransactionKind::Deposit(moved) | TransactionKind::Withdrawal(moved) if moved.currency != currency => {
            moved.conversion.filter(|booked| booked.currency == currency).map(|_| SETTLEMENT_CURRENCY)
        }
        _ => match kind.trade() {
            Some(trade) if trade.currency != currency => {
                trade.conversion.filter(|booked| booked.currency == currency).map(|_| SETTLEMENT_CURRENCY)
            }
            _ => kind.currencies().contains(&currency).then_some(CURRENCY),
        },
    }
}

/// The name of an activity in the API.
pub(super) fn activity(kind: &TransactionKind) -> &'static str {
    match kind {
        TransactionKind::Buy(_) => "buy",
        TransactionKind::Sell(_) => "sell",
        TransactionKind::ShortSell(_) => "shortSell",
        TransactionKind::Cover(_) => "cover",
        TransactionKind::Maturity(_) => "maturity",
        TransactionKind::Call(_) => "call",
        TransactionKind::Dividend { .. } => "dividend",
        TransactionKind::InKindIncome { source, .. } => match source {
            InKindSource::StockDividend => "stockDividend",
            InKindSource::Staking => "staking",
            InKindSource::Airdrop => "airdrop",
        },
        TransactionKind::Interest { .. } => "interest",
        TransactionKind::Fee { .. } => "fee",
        TransactionKind::Tax { .. } => "tax",
        TransactionKind::Deposit(_) => "deposit",
        TransactionKind::Withdrawal(_) => "withdrawal",
        TransactionKind::CashTransfer { .. } => "cashTransfer",
        TransactionKind::FxConversion(_) => "fxConversion",
        TransactionKind::TransferIn { .. } => "transferIn",
        TransactionKind::TransferOut { .. } => "transferOut",
        TransactionKind::Transfer { .. } => "transfer",
        TransactionKind::Split { .. } => "split",
        TransactionKind::BonusIssue { .. } => "bonusIssue",
        TransactionKind::SpinOff(_) => "spinOff",
        TransactionKind::RightsIssue(_) => "rightsIssue",
        TransactionKind::RightsExercise(_) => "rightsExercise",
        TransactionKind::Merger(_) => "merger",
        TransactionKind::InstrumentChange { .. } => "instrumentChange",
        TransactionKind::ReturnOfCapital { .. } => "returnOfCapital",
        TransactionKind::OptionExpiry { .. } => "optionExpiry",
        TransactionKind::OptionExercise(_) => "optionExercise",
        TransactionKind::OptionAssignment(_) => "optionAssignment",
    }
}

/// An amount by the name that the domain gives it.
fn amount(field: &str, kind: &TransactionKind) -> Option<Part> {
    let in_merger = matches!(kind, TransactionKind::Merger(_));
    Some(match field {
        "amount" => AMOUNT,
        "value" => part(&["value"], "amount"),
        "total" => part(&["total"], "total"),
        "fee" => part(&["fee"], "fee"),
        "tax" => part(&["tax"], "tax"),
        "withheld" => part(&["taxWithheld"], "tax"),
        "accrued interest" => part(&["accruedInterest"], "accrued_interest"),
        "sold amount" => part(&["soldAmount"], "amount"),
        "bought amount" => part(&["boughtAmount"], "counter_amount"),
        "conversion rate" => part(&["settlement", "rate"], "settlement_rate"),
        "cash" => part(&["cash", "amount"], "amount"),
        "cost fraction" if in_merger => part(&["cash", "costFraction"], "cost_fraction"),
        "cost fraction" => part(&["costFraction"], "cost_fraction"),
        "price" if in_merger => part(&["cash", "receivedPrice"], "counter_price"),
        _ => return None,
    })
}
