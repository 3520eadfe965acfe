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
use crate::storage::instrument::Instrument;
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
    instruments: HashMap<String, Vec<Instrument>>,
    currencies: BTreeSet<Currency>,
    today: NaiveDate,
}

impl Names {
    pub(super) async fn load(
        services: &Services,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        rows: &[ParsedRow],
    ) -> Result<Self, ServiceError> {
        let symbols: HashSet<String> =
            rows.iter().flat_map(|row| [row.symbol.clone(), row.counter_symbol.clone()]).flatten().collect();
        let symbols: Vec<String> = symbols.into_iter().collect();
        let mut instruments: HashMap<String, Vec<Instrument>> = HashMap::new();
        for instrument in storage::instrument::by_symbols(session, &symbols).await? {
            instruments.entry(instrument.symbol.clone()).or_default().push(instrument);
        }
        let named = rows.iter().flat_map(ParsedRow::currencies).map(|(_, currency)| currency).collect();
        Ok(Self {
            accounts: storage::account::of_portfolios(session, &[portfolio.id]).await?,
            instruments,
            currencies: storage::instrument::known_currencies(session, &named).await?,
            today: services.environment.clock.today(),
        })
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
        let instrument = self.instrument(row, "symbol", row.symbol.as_ref())?;
        let counter_instrument = self.instrument(row, "counter_symbol", row.counter_symbol.as_ref())?;
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
    ) -> Result<Option<&Instrument>, RowError> {
        let Some(symbol) = symbol else {
            return Ok(None);
        };
        match self.instruments.get(symbol).map(Vec::as_slice) {
            Some([only]) if only.is_index() => {
                Err(row.error(column, format!("{symbol} is an index: it cannot be held")))
            }
            Some([only]) => Ok(Some(only)),
            Some(several) => {
                let markets: Vec<&str> = several.iter().map(|instrument| instrument.mic.as_str()).collect();
                Err(row.error(column, format!("{symbol} stands on several markets: {}", markets.join(", "))))
            }
            None => {
                let message = format!("no instrument is called {symbol}");
                Err(RowError { code: RefusalCode::NotFound, ..row.error(column, message) })
            }
        }
    }
}
