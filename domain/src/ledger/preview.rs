//! What a sale would bring under each lot method, before it is made.

use super::book::Books;
use super::{Instruments, LedgerError, LotMatch, LotMethod, MarketSplit, Policy, Transaction, TransactionKind};
use crate::pricing::FxRates;

/// A sale under one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The method that this sale alone would use; what came before stays as it was booked.
    pub method: LotMethod,
    /// The lots that it would use, in that order.
    pub matches: Vec<LotMatch>,
}

/// The methods that need no choice by the holder.
const METHODS: [LotMethod; 5] =
    [LotMethod::Fifo, LotMethod::Lifo, LotMethod::Hifo, LotMethod::Lofo, LotMethod::Average];

/// Books what came before `sale` (by date, then sequence) and then the sale, once under each method; under
/// [`LotMethod::Specific`] too where the sale names lots.
///
/// # Errors
/// [`LedgerError`] for the first rule that is broken, by the sale or before it.
pub fn preview(
    policy: &Policy,
    transactions: &[Transaction],
    splits: &[MarketSplit],
    instruments: &Instruments,
    fx: &FxRates,
    sale: &Transaction,
) -> Result<Vec<Preview>, LedgerError> {
    let mut unpicked = sale.clone();
    let picks = match &mut unpicked.kind {
        TransactionKind::Sell(trade) => std::mem::take(&mut trade.lots),
        _ => Vec::new(),
    };
    let picked = (!picks.is_empty()).then_some((LotMethod::Specific, sale));
    METHODS
        .into_iter()
        .map(|method| (method, &unpicked))
        .chain(picked)
        .map(|(method, sale)| {
            let mut books = Books::new(policy, instruments, fx, 0);
            let matches = books.sale_by(transactions, splits, sale, method)?;
            Ok(Preview { method, matches })
        })
        .collect()
}
