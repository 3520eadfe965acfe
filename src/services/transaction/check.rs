//! What can be said of a transaction without the rest of the ledger.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use domain::ledger::{LotPick, Merger, TransactionKind};
use domain::money::Currency;
use uuid::Uuid;

use crate::services::RefusalCode;
use crate::services::blame::{self, Part};
use crate::storage::account::Account;
use crate::storage::instrument::Instrument;
use crate::storage::transaction::Dates;

/// The longest note or external id.
pub(in crate::services) const MAX_TEXT: usize = 500;
/// Lots that a transaction may choose: each is looked for among all that are open.
const MAX_PICKS: usize = 500;

const EX_DATE: Part = Part { path: &["exDate"], column: Some("ex_date"), of_row: false };
const PAY_DATE: Part = Part { path: &["payDate"], column: Some("pay_date"), of_row: false };
const OPENED_ON: Part = Part { path: &["openedOn"], column: Some("opened_on"), of_row: false };

/// A part that is wrong, and why.
pub(in crate::services) struct Wrong {
    pub code: RefusalCode,
    /// The part; nothing where the whole activity is.
    pub part: Option<Part>,
    pub message: String,
}

impl Wrong {
    pub(in crate::services) fn new(code: RefusalCode, part: impl Into<Option<Part>>, message: String) -> Self {
        Self { code, part: part.into(), message }
    }
}

/// The days that a transaction is given with.
#[derive(Clone, Copy, Debug)]
pub struct Days {
    /// When it happened: for a payment the day that it was paid on, unless `pay` says otherwise.
    pub trade: NaiveDate,
    /// When its cash moves.
    pub settlement: Option<NaiveDate>,
    /// The first day that what is held comes without the payment.
    pub ex: Option<NaiveDate>,
    /// When the payment is made.
    pub pay: Option<NaiveDate>,
}

impl Days {
    /// Nothing but the day that it happened on.
    pub fn on(trade: NaiveDate) -> Self {
        Self { trade, settlement: None, ex: None, pay: None }
    }

    /// The day that the transaction counts from, and the others as the ledger keeps them. What has an ex-date counts from it,
    /// and its cash moves when it is paid.
    pub(in crate::services) fn settled(self, today: NaiveDate) -> Result<(NaiveDate, Dates), Wrong> {
        let Self { trade, settlement, ex, pay } = self;
        not_in_future(trade, today, blame::TRADE_DATE)?;
        if let Some(ex) = ex {
            not_in_future(ex, today, EX_DATE)?;
            if ex > trade {
                let message = format!("the ex-date {ex} is after the trade date {trade}");
                return Err(Wrong::new(RefusalCode::InvalidInput, EX_DATE, message));
            }
        }
        let from = ex.unwrap_or(trade);
        if let Some(pay) = pay.filter(|pay| *pay < from) {
            let message = format!("is paid on {pay}, before {from}");
            return Err(Wrong::new(RefusalCode::SettlesEarly, PAY_DATE, message));
        }
        let settlement = settlement.or(pay).or(Some(trade)).filter(|day| *day != from);
        Ok((from, Dates { settlement, ex, pay, ..Dates::default() }))
    }
}

/// A transaction happens today at the latest, and not before anybody kept books by computer.
pub(in crate::services) fn check_date(date: NaiveDate, today: NaiveDate) -> Result<(), String> {
    if date > today {
        return Err(format!("{date} has not come yet: today is {today}"));
    }
    Ok(())
}

fn not_in_future(date: NaiveDate, today: NaiveDate, part: Part) -> Result<(), Wrong> {
    check_date(date, today).map_err(|message| Wrong::new(RefusalCode::FutureDate, part, message))
}

/// What no rule of the ledger asks.
pub(in crate::services) fn of_kind(kind: &TransactionKind, from: NaiveDate) -> Result<(), Wrong> {
    match kind {
        _ if picks(kind).len() > MAX_PICKS => {
            let message = format!("{} lots are chosen, {MAX_PICKS} at the most", picks(kind).len());
            Err(Wrong::new(RefusalCode::InvalidInput, blame::LOTS, message))
        }
        TransactionKind::TransferIn { opened_on: Some(opened_on), .. } if *opened_on > from => {
            let message = format!("opened on {opened_on}, after {from}");
            Err(Wrong::new(RefusalCode::InvalidInput, OPENED_ON, message))
        }
        TransactionKind::Merger(Merger { into: None, cash: None, .. }) => {
            let message = "a merger brings units, cash or both".to_owned();
            Err(Wrong::new(RefusalCode::InvalidInput, None, message))
        }
        _ => Ok(()),
    }
}

fn picks(kind: &TransactionKind) -> &[LotPick] {
    match kind {
        TransactionKind::TransferOut { lots, .. } | TransactionKind::Transfer { lots, .. } => lots,
        _ => kind.trade().map_or(&[], |trade| &trade.lots),
    }
}

/// What transactions may name.
pub(super) struct Known {
    pub(super) currencies: BTreeSet<Currency>,
    pub(super) instruments: HashMap<Uuid, Arc<Instrument>>,
    /// The accounts of the portfolio.
    pub(super) accounts: Vec<Account>,
}

impl Known {
    pub(super) fn check(&self, kind: &TransactionKind) -> Result<(), Wrong> {
        for currency in kind.currencies() {
            if !self.currencies.contains(&currency) {
                let message = format!("{currency} is no currency that is known here");
                return Err(Wrong::new(RefusalCode::NotFound, blame::of_currency(kind, currency), message));
            }
        }
        let named =
            [(kind.instrument(), blame::INSTRUMENT), (kind.counter_instrument(), blame::counter_instrument(kind))];
        for (instrument, part) in named {
            let Some(instrument) = instrument else {
                continue;
            };
            match self.instruments.get(&instrument.uuid()) {
                None => return Err(Wrong::new(RefusalCode::NotFound, part, "no such instrument".to_owned())),
                Some(found) if found.is_index() => {
                    let message = format!("{} is an index: it cannot be held", found.symbol);
                    return Err(Wrong::new(RefusalCode::InvalidInput, part, message));
                }
                Some(_) => {}
            }
        }
        match kind.counter_account() {
            Some(to) if !self.accounts.iter().any(|account| account.id == to.uuid()) => {
                let message = "the portfolio has no such account".to_owned();
                Err(Wrong::new(RefusalCode::NotFound, blame::COUNTER_ACCOUNT, message))
            }
            _ => Ok(()),
        }
    }
}
