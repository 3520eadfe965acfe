//! Reads a case's names and currencies, and its transactions in the order in which they are listed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::id::{AccountId, InstrumentId, TransactionId};
use domain::ledger::{InstrumentTerms, Instruments, MarketSplit, Transaction};
use domain::money::Currency;
use rust_decimal::Decimal;

use super::inputs::Inputs;
use super::names::{Names, currency};
use super::transaction::Entry;
use crate::problem::Problem;

/// What an account is called that the case does not name.
const UNNAMED_ACCOUNT: &str = "";

/// The transactions as the ledger takes them.
#[derive(Default)]
pub(super) struct Mapped {
    pub(super) entries: Vec<Transaction>,
    /// Splits that name no account: they are the market's.
    pub(super) splits: Vec<MarketSplit>,
    /// Cash that moves between accounts, written as two entries.
    pub(super) internal: BTreeSet<TransactionId>,
    /// What the case says that units which leave are worth, in the currency of the transaction.
    pub(super) worth: BTreeMap<TransactionId, (Decimal, Currency)>,
    /// The last day of a transaction, one that moves nothing too.
    pub(super) last_day: Option<NaiveDate>,
}

/// Reads the transactions of a case.
pub(super) struct Reader<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) symbols: Names,
    pub(super) accounts: Names,
    pub(super) instruments: Instruments,
    base: Currency,
    pub(super) sides: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(inputs: &'a Inputs) -> Result<Self, Problem> {
        let base = currency(&inputs.config.base_currency)?;
        let (symbols, accounts) = (Names::default(), Names::default());
        let mut reader = Self { inputs, symbols, accounts, instruments: Instruments::new(), base, sides: 0 };
        let listed = inputs.securities.iter().map(|security| security.symbol.as_str());
        let traded = inputs.transactions.iter().filter_map(|entry| entry.symbol.as_deref());
        for symbol in listed.chain(traded) {
            reader.add(symbol)?;
        }
        for entry in &inputs.transactions {
            reader.name_account(entry);
            let currency = reader.currency(entry)?;
            if entry.symbol.is_none() {
                reader.insert(&unnamed(currency), currency, Decimal::ONE)?;
            }
        }
        Ok(reader)
    }

    /// Adds a symbol with the currency of its security, or of its first transaction.
    fn add(&mut self, symbol: &str) -> Result<(), Problem> {
        let security = self.inputs.securities.iter().find(|security| security.symbol == symbol);
        let first = self.inputs.transactions.iter().find(|entry| entry.symbol.as_deref() == Some(symbol));
        let code = security.and_then(|security| security.currency.as_deref());
        let code = code.or_else(|| first.and_then(|entry| entry.currency.as_deref()));
        let multiplier = security.and_then(|security| security.multiplier).map_or(Decimal::ONE, |number| number.0);
        let currency = code.map_or(Ok(self.base), currency)?;
        self.insert(symbol, currency, multiplier)
    }

    fn insert(&mut self, symbol: &str, currency: Currency, multiplier: Decimal) -> Result<(), Problem> {
        let id = self.symbols.id(symbol).into();
        let terms = InstrumentTerms::new(symbol.to_owned(), currency, multiplier);
        self.instruments.insert(id, terms.map_err(|error| Problem::Input(error.to_string()))?);
        Ok(())
    }

    pub(super) fn all(&mut self) -> Result<Mapped, Problem> {
        let mut mapped = Mapped::default();
        for at in 0..self.inputs.transactions.len() {
            self.read(at, &mut mapped)?;
            mapped.last_day = mapped.last_day.max(Some(self.day(&self.inputs.transactions[at])?));
        }
        Ok(mapped)
    }

    pub(super) fn instrument(&self, symbol: &str) -> Option<InstrumentId> {
        self.symbols.known(symbol).map(InstrumentId::from)
    }

    /// What pays a dividend that names nothing.
    pub(super) fn unnamed(&self, currency: Currency) -> InstrumentId {
        self.symbols.known(&unnamed(currency)).unwrap_or_default().into()
    }

    fn account_name<'e>(&'e self, entry: &'e Entry) -> &'e str {
        let only = self.inputs.accounts.first().map(|account| account.id.as_str());
        entry.account.as_deref().or(only).unwrap_or(UNNAMED_ACCOUNT)
    }

    fn name_account(&mut self, entry: &Entry) {
        let name = self.account_name(entry).to_owned();
        self.accounts.id(&name);
    }

    pub(super) fn account(&self, entry: &Entry) -> AccountId {
        self.accounts.known(self.account_name(entry)).unwrap_or_default().into()
    }

    pub(super) fn account_currency(&self, entry: &Entry) -> Result<Currency, Problem> {
        let name = self.account_name(entry);
        let account = self.inputs.accounts.iter().find(|account| account.id == name);
        account.and_then(|account| account.currency.as_deref()).map_or(Ok(self.base), currency)
    }

    /// The currency of a transaction, else of what it is about.
    pub(super) fn currency(&self, entry: &Entry) -> Result<Currency, Problem> {
        if let Some(code) = &entry.currency {
            return currency(code);
        }
        let terms = entry.symbol.as_deref().and_then(|symbol| self.instrument(symbol));
        match terms.and_then(|id| self.instruments.get(&id)) {
            Some(terms) => Ok(terms.currency()),
            None => self.account_currency(entry),
        }
    }
}

fn unnamed(currency: Currency) -> String {
    format!("({currency})")
}
