//! Which part of a transaction breaks a rule: its name in the API and its column in a file.

use domain::ledger::{LedgerError, TransactionKind};
use domain::money::Currency;

/// A part of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its path below the activity, in the API.
    pub path: &'static [&'static str],
    /// Its column in a file, where it has one.
    pub column: Option<&'static str>,
}

const fn part(path: &'static [&'static str], column: &'static str) -> Part {
    Part { path, column: Some(column) }
}

const CURRENCY: Part = part(&["currency"], "currency");
const BOUGHT_CURRENCY: Part = part(&["boughtCurrency"], "counter_currency");
/// What the transaction is about.
pub(super) const INSTRUMENT: Part = part(&["instrumentId"], "symbol");

/// The part to blame, where it is a single one.
pub(super) fn blamed(error: &LedgerError, kind: &TransactionKind) -> Option<Part> {
    Some(match error {
        LedgerError::InsufficientQuantity { .. } | LedgerError::InvalidQuantity { .. } => {
            part(&["quantity"], "quantity")
        }
        LedgerError::NegativePrice { .. } => part(&["price"], "price"),
        LedgerError::InvalidAmount { field, .. } => amount(field)?,
        LedgerError::InvalidSplitRatio { numerator, .. } if numerator.is_sign_positive() && !numerator.is_zero() => {
            part(&["denominator"], "ratio")
        }
        LedgerError::InvalidSplitRatio { .. } => part(&["numerator"], "ratio"),
        LedgerError::UnknownInstrument { .. } => INSTRUMENT,
        LedgerError::SameCurrency { .. } => BOUGHT_CURRENCY,
        LedgerError::MissingRate { currency, .. } => of_currency(kind, *currency)?,
        _ => return None,
    })
}

/// The part that names a currency, if one does.
pub(super) fn of_currency(kind: &TransactionKind, currency: Currency) -> Option<Part> {
    match kind {
        TransactionKind::FxConversion(conversion) if conversion.sold_currency == currency => {
            Some(part(&["soldCurrency"], "currency"))
        }
        TransactionKind::FxConversion(conversion) if conversion.bought_currency == currency => Some(BOUGHT_CURRENCY),
        TransactionKind::Buy(trade) | TransactionKind::Sell(trade) if trade.currency != currency => trade
            .conversion
            .filter(|settlement| settlement.currency == currency)
            .map(|_| Part { path: &["settlement", "currency"], column: None }),
        other => other.currencies().into_iter().any(|named| named == currency).then_some(CURRENCY),
    }
}

/// The name of an activity in the API.
pub(super) fn activity(kind: &TransactionKind) -> &'static str {
    match kind {
        TransactionKind::Buy(_) => "buy",
        TransactionKind::Sell(_) => "sell",
        TransactionKind::Dividend { .. } => "dividend",
        TransactionKind::Interest { .. } => "interest",
        TransactionKind::Fee { .. } => "fee",
        TransactionKind::Tax { .. } => "tax",
        TransactionKind::Deposit { .. } => "deposit",
        TransactionKind::Withdrawal { .. } => "withdrawal",
        TransactionKind::Split { .. } => "split",
        TransactionKind::FxConversion(_) => "fxConversion",
        _ => "",
    }
}

/// An amount by the name that the domain gives it.
fn amount(field: &str) -> Option<Part> {
    Some(match field {
        "amount" => part(&["amount"], "amount"),
        "fee" => part(&["fee"], "fee"),
        "tax" => part(&["tax"], "tax"),
        "withheld" => part(&["taxWithheld"], "tax"),
        "sold amount" => part(&["soldAmount"], "amount"),
        "bought amount" => part(&["boughtAmount"], "counter_amount"),
        "conversion rate" => Part { path: &["settlement", "rate"], column: None },
        _ => return None,
    })
}
