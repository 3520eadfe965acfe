//! What the rows of a file may name.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use domain::ledger::TransactionKind;
use domain::money::Currency;
use uuid::Uuid;

use super::RowError;
use super::csv_rows::ParsedRow;
use super::kinds::Named;
use crate::services::transaction::check;
use crate::services::{RefusalCode, ServiceError, Services};
use crate::storage;
use crate::storage::account::Account;
use crate::storage::instrument::{Instrument, Listing};
use crate::storage::portfolio::Portfolio;
use crate::storage::transaction::Dates;
use crate::tenancy::{Session, Tenant};

/// A row with everything it names found.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub account: Uuid,
    /// The day that it counts from.
    pub date: NaiveDate,
    pub dates: Dates,
    pub kind: TransactionKind,
}

pub(super) struct Names {
    accounts: Vec<Account>,
    instruments: HashMap<String, Vec<Listing>>,
    currencies: BTreeSet<Currency>,
    /// Symbols that were looked up and are no instrument's.
    in_vain: HashSet<String>,
    today: NaiveDate,
}

/// Symbols without an instrument that are remembered: a file may be full of them.
const MAX_IN_VAIN: usize = 10_000;

impl Names {
    pub(super) async fn load(
        services: &Services,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        rows: &[ParsedRow],
    ) -> Result<Self, ServiceError> {
        let mut names = Self {
            accounts: storage::account::of_portfolios(session, &[portfolio.id]).await?,
            instruments: HashMap::new(),
            currencies: BTreeSet::new(),
            in_vain: HashSet::new(),
            today: services.environment.clock.today(),
        };
        names.learn(session, rows).await?;
        Ok(names)
    }

    /// Looks up what rows name and has not been looked up.
    pub(super) async fn learn(&mut self, session: &Session<Tenant>, rows: &[ParsedRow]) -> Result<(), ServiceError> {
        let symbols: HashSet<String> = self.unknown_symbols(rows).map(str::to_owned).collect();
        if !symbols.is_empty() {
            let symbols: Vec<String> = symbols.into_iter().collect();
            for listing in storage::instrument::by_symbols(session, &symbols).await? {
                self.instruments.entry(listing.symbol.clone()).or_default().push(listing);
            }
            if self.in_vain.len() + symbols.len() > MAX_IN_VAIN {
                self.in_vain.clear();
            }
            self.in_vain.extend(symbols.into_iter().filter(|symbol| !self.instruments.contains_key(symbol)));
        }
        let currencies: BTreeSet<Currency> = self.unknown_currencies(rows).collect();
        if !currencies.is_empty() {
            self.currencies.extend(storage::instrument::known_currencies(session, &currencies).await?);
        }
        Ok(())
    }

    /// Whether all that can be found of what rows name has been looked up.
    pub(super) fn knows(&self, rows: &[ParsedRow]) -> bool {
        self.unknown_symbols(rows).next().is_none() && self.unknown_currencies(rows).next().is_none()
    }

    fn unknown_symbols<'r>(&'r self, rows: &'r [ParsedRow]) -> impl Iterator<Item = &'r str> {
        let named = rows.iter().flat_map(|row| [row.symbol.as_deref(), row.counter_symbol.as_deref()]).flatten();
        named.filter(|symbol| !self.instruments.contains_key(*symbol) && !self.in_vain.contains(*symbol))
    }

    fn unknown_currencies<'r>(&'r self, rows: &'r [ParsedRow]) -> impl Iterator<Item = Currency> {
        let named = rows.iter().flat_map(ParsedRow::currencies).map(|(_, currency)| currency);
        named.filter(|currency| !self.currencies.contains(currency))
    }

    pub(super) fn resolve(&self, row: &ParsedRow) -> Result<Resolved, RowError> {
        let wrong = |wrong: check::Wrong| RowError {
            line: row.line,
            column: wrong.part.and_then(|part| part.column).map(Into::into),
            code: wrong.code,
            message: wrong.message,
        };
        let (date, dates) = row.days().settled(self.today).map_err(wrong)?;
        for (column, currency) in row.currencies() {
            if !self.currencies.contains(&currency) {
                let message = format!("{currency} is no currency that is known here");
                return Err(RowError { code: RefusalCode::NotFound, ..row.error(column, message) });
            }
        }
        let account = match (&row.account, self.accounts.as_slice()) {
            (None, [only]) => only,
            (None, accounts) => {
                let message = format!("the portfolio has {} accounts: name one", accounts.len());
                return Err(row.error("account", message));
            }
            (Some(name), _) => self.account(row, "account", name)?,
        };
        let instrument = self.instrument(row, "symbol", row.symbol.as_ref(), date)?;
        let counter_instrument = self.instrument(row, "counter_symbol", row.counter_symbol.as_ref(), date)?;
        let counter_account =
            row.counter_account.as_ref().map(|name| self.account(row, "counter_account", name)).transpose()?;
        let kind = row.kind(&Named {
            instrument: instrument.map(|found| found.id.into()),
            currency: instrument.map(|found| found.currency),
            counter_instrument: counter_instrument.map(|found| found.id.into()),
            counter_account: counter_account.map(|account| account.id.into()),
        })?;
        check::of_kind(&kind, date).map_err(wrong)?;
        Ok(Resolved { account: account.id, date, dates, kind })
    }

    fn account(&self, row: &ParsedRow, column: &'static str, name: &str) -> Result<&Account, RowError> {
        self.accounts.iter().find(|account| account.name == name).ok_or_else(|| {
            let message = format!("the portfolio has no account \"{name}\"");
            RowError { code: RefusalCode::NotFound, ..row.error(column, message) }
        })
    }

    fn instrument(
        &self,
        row: &ParsedRow,
        column: &'static str,
        symbol: Option<&String>,
        date: NaiveDate,
    ) -> Result<Option<&Instrument>, RowError> {
        let Some(symbol) = symbol else {
            return Ok(None);
        };
        let unknown = |message: String| Err(RowError { code: RefusalCode::NotFound, ..row.error(column, message) });
        let Some(listings) = self.instruments.get(symbol) else {
            return unknown(format!("no instrument is called {symbol}"));
        };
        let of_day: Vec<&Listing> = listings.iter().filter(|listing| listing.holds_on(date)).collect();
        // What is no longer traded gives way to what is.
        let traded: Vec<&Listing> = of_day.iter().copied().filter(|listing| !listing.instrument.delisted).collect();
        match (traded.as_slice(), of_day.as_slice()) {
            ([only], _) | ([], [only]) if only.instrument.is_index() => {
                Err(row.error(column, format!("{symbol} is an index: it cannot be held")))
            }
            ([only], _) | ([], [only]) => Ok(Some(&only.instrument)),
            (_, []) => unknown(format!("no instrument was called {symbol} on {date}")),
            (_, several) => {
                let markets: Vec<&str> = several.iter().map(|listing| listing.instrument.mic.as_str()).collect();
                Err(row.error(column, format!("{symbol} stands on several markets: {}", markets.join(", "))))
            }
        }
    }
}
