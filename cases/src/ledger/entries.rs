//! Single transactions of a case as entries of the ledger.

use chrono::NaiveDate;
use domain::id::{AccountId, InstrumentId};
use domain::ledger::{CashMovement, MarketSplit, Transaction, TransactionKind};
use domain::money::Currency;
use rust_decimal::Decimal;

use super::names::{local_day, number};
use super::reader::{Mapped, Reader};
use super::transaction::{Entry, Type};
use crate::problem::Problem;

/// Entries that a transaction needs beside its own: its fee or tax where the product's entry has none.
const SIDE: i64 = 4;

impl Reader<'_> {
    /// The entries of the transaction at a place of the list. Transfers are read elsewhere, since two may be one.
    pub(super) fn read(&mut self, at: usize, mapped: &mut Mapped) -> Result<(), Problem> {
        let entry = &self.inputs.transactions[at];
        let account = self.account(entry);
        let currency = self.currency(entry)?;
        let amount = entry.signed_amount().map(|amount| amount.abs());
        let product = entry.price().map(|price| price.abs() * entry.quantity());
        let amount_or_product = amount.or(product).unwrap_or(Decimal::ZERO);
        let instrument = entry.symbol.as_deref().and_then(|symbol| self.instrument(symbol));
        let kind = match entry.kind {
            Type::Buy | Type::Sell if entry.quantity().is_zero() => None,
            Type::Buy => Some(TransactionKind::Buy(self.trade(entry, currency)?)),
            Type::Sell => Some(TransactionKind::Sell(self.trade(entry, currency)?)),
            Type::Dividend if amount_or_product.is_zero() => None,
            Type::Dividend => Some(TransactionKind::Dividend {
                instrument: instrument.unwrap_or(self.unnamed(currency)),
                amount: amount_or_product,
                withheld: entry.tax(),
                fee: entry.fee(),
                currency,
            }),
            Type::Interest => {
                // Debit interest is written below zero: here the sign counts.
                let amount = entry.signed_amount().or(product).unwrap_or(Decimal::ZERO);
                self.side(at, account, entry.fee(), false, currency, mapped)?;
                (!amount.is_zero()).then_some(TransactionKind::Interest {
                    instrument: None,
                    amount,
                    tax: entry.tax(),
                    currency,
                })
            }
            Type::Fee | Type::Tax => self.charge(entry, amount_or_product, instrument, currency),
            Type::Deposit | Type::Withdrawal => {
                self.side(at, account, entry.tax(), true, currency, mapped)?;
                self.cash(entry, amount_or_product, currency)?
            }
            Type::Split => {
                let Some(instrument) = instrument else { return Err(Problem::Input("a split of nothing".to_owned())) };
                let (numerator, denominator) = entry.ratio();
                if entry.account.is_none() {
                    let ex_date = self.day(entry)?;
                    mapped.splits.push(MarketSplit { instrument, account: None, ex_date, numerator, denominator });
                    return Ok(());
                }
                Some(TransactionKind::Split { instrument, numerator, denominator })
            }
            Type::TransferIn | Type::TransferOut => return self.transfer(at, mapped),
        };
        if let Some(kind) = kind {
            self.push(at, account, kind, mapped)?;
        }
        Ok(())
    }

    fn charge(
        &self,
        entry: &Entry,
        amount: Decimal,
        instrument: Option<InstrumentId>,
        currency: Currency,
    ) -> Option<TransactionKind> {
        let stated = if entry.kind == Type::Fee { entry.fee() } else { entry.tax() };
        let amount = if amount.is_zero() { stated } else { amount };
        let amount = if entry.refund == Some(true) { -amount } else { amount };
        match entry.kind {
            _ if amount.is_zero() => None,
            Type::Tax => Some(TransactionKind::Tax { amount, currency, instrument }),
            _ => Some(TransactionKind::Fee { amount, currency, instrument }),
        }
    }

    /// A deposit or a withdrawal, none where nothing moves.
    pub(super) fn cash(
        &self,
        entry: &Entry,
        amount: Decimal,
        currency: Currency,
    ) -> Result<Option<TransactionKind>, Problem> {
        let (fee, conversion) = (entry.fee(), self.conversion(entry, currency)?);
        let cash = CashMovement { amount, currency, fee, conversion };
        Ok(match entry.kind {
            _ if amount.is_zero() => None,
            Type::Deposit | Type::TransferIn => Some(TransactionKind::Deposit(cash)),
            _ => Some(TransactionKind::Withdrawal(cash)),
        })
    }

    /// The day it counts from: of its instant in the case's time zone where both are given.
    pub(super) fn day(&self, entry: &Entry) -> Result<NaiveDate, Problem> {
        match (&entry.timestamp, &self.inputs.config.timezone) {
            (Some(timestamp), Some(zone)) => local_day(timestamp, zone),
            _ => Ok(entry.date),
        }
    }

    /// A fee or tax of its own beside an entry that has no place for it.
    pub(super) fn side(
        &mut self,
        at: usize,
        account: AccountId,
        amount: Decimal,
        is_tax: bool,
        currency: Currency,
        mapped: &mut Mapped,
    ) -> Result<(), Problem> {
        if amount.is_zero() {
            return Ok(());
        }
        let kind = match is_tax {
            true => TransactionKind::Tax { amount, currency, instrument: None },
            false => TransactionKind::Fee { amount, currency, instrument: None },
        };
        let trade_date = self.day(&self.inputs.transactions[at])?;
        self.sides += 1;
        let (id, sequence) = (number(self.inputs.transactions.len() + self.sides).into(), at as i64 * SIDE + 1);
        mapped.entries.push(Transaction { id, account, trade_date, settlement_date: None, sequence, kind });
        Ok(())
    }

    pub(super) fn push(
        &self,
        at: usize,
        account: AccountId,
        kind: TransactionKind,
        mapped: &mut Mapped,
    ) -> Result<(), Problem> {
        let (id, trade_date) = (number(at).into(), self.day(&self.inputs.transactions[at])?);
        let sequence = at as i64 * SIDE;
        mapped.entries.push(Transaction { id, account, trade_date, settlement_date: None, sequence, kind });
        Ok(())
    }
}
