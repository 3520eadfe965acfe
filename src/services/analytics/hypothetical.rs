//! Trades that are thought of, made on the last day of a range.

use std::sync::Arc;

use chrono::NaiveDate;
use domain::id::{AccountId, InstrumentId};
use domain::ledger::{CashPeriod, PositionPeriod};
use domain::money::{self, Currency};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::super::ServiceError;
use super::super::valuation::{Market, Rows};
use super::{Part, Scope};
use crate::storage::instrument::Instrument;

/// A purchase or a sale that is thought of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HypotheticalTrade {
    /// The account that would trade; where none is given, one that holds the instrument, else the first.
    pub account: Option<Uuid>,
    /// What would be traded.
    pub instrument: Uuid,
    /// Units, above zero for a purchase, below for a sale.
    pub quantity: Decimal,
    /// The price as quoted; that of the last day of the range where none is given.
    pub price: Option<Decimal>,
}

/// Makes a trade at the close of `day`, without charges: cash pays for it, and a sale takes a part of the cost as large as of the units.
///
/// # Errors
/// [`ServiceError::BadInput`] where there is no such instrument, no price, no rate or no account.
pub(super) fn make(
    rows: &mut Rows,
    trade: &HypotheticalTrade,
    scope: &Scope,
    day: NaiveDate,
    market: &Market,
) -> Result<(), ServiceError> {
    let refuse = |message: String| Err(ServiceError::BadInput(message));
    let Some(instrument) = market.instrument(trade.instrument) else {
        return refuse("trades: there is no such instrument".to_owned());
    };
    let close = market.quote(instrument.id, day).and_then(|lookup| lookup.value());
    let Some(price) = trade.price.or(close) else {
        return refuse(format!("trades: {} has no price on {day}: give one", instrument.symbol));
    };
    let Some(account) = account_of(rows, trade, scope) else {
        return refuse("trades: no account that is looked at holds anything to trade with".to_owned());
    };
    let local = money::mul(money::mul(trade.quantity, instrument.price_multiplier)?, price)?;
    let base = market.fx.convert(local, instrument.currency, scope.currency, day);
    let base = base.map_err(|error| ServiceError::BadInput(format!("trades: {error}")))?;
    let held = own(&mut rows.positions, day, |row| row.account == account && row.instrument.uuid() == instrument.id);
    let held = held.unwrap_or_else(|| nothing_held(account, &instrument));
    rows.positions.push(traded(held, trade.quantity, local, base, day)?);
    let cash = own(&mut rows.cash, day, |row| row.account == account && row.currency == instrument.currency);
    let mut cash = cash.unwrap_or_else(|| no_cash(account, instrument.currency));
    cash.amount = money::sub(cash.amount, local)?;
    (cash.valid_from, cash.valid_until) = (day, None);
    rows.cash.push(cash);
    Ok(())
}

/// The account that is asked for, one that holds the instrument, or the first; of a scope of one account, that one. None where it has
/// never held anything.
fn account_of(rows: &Rows, trade: &HypotheticalTrade, scope: &Scope) -> Option<AccountId> {
    let holding = |row: &&PositionPeriod| row.instrument.uuid() == trade.instrument && row.valid_until.is_none();
    let holders = rows.positions.iter().filter(holding).map(|row| row.account);
    let others = rows.cash.iter().map(|row| row.account).chain(rows.positions.iter().map(|row| row.account));
    let is_asked_for = |account: &AccountId| trade.account.is_none_or(|asked| account.uuid() == asked);
    let is_looked_at = |account: &AccountId| match scope.part {
        Part::Account(only) => account.uuid() == only,
        Part::Whole | Part::Holding(_) => true,
    };
    holders.chain(others).find(|account| is_asked_for(account) && is_looked_at(account))
}

/// A row that holds for a time.
trait Period: Clone {
    fn from(&self) -> NaiveDate;
    fn until(&mut self) -> &mut Option<NaiveDate>;
}

impl Period for PositionPeriod {
    fn from(&self) -> NaiveDate {
        self.valid_from
    }

    fn until(&mut self) -> &mut Option<NaiveDate> {
        &mut self.valid_until
    }
}

impl Period for CashPeriod {
    fn from(&self) -> NaiveDate {
        self.valid_from
    }

    fn until(&mut self) -> &mut Option<NaiveDate> {
        &mut self.valid_until
    }
}

/// The row that holds at the close of a day; it and those of later days are taken out, but for what it says of days before.
fn own<R: Period>(rows: &mut Vec<R>, day: NaiveDate, is_own: impl Fn(&R) -> bool) -> Option<R> {
    rows.retain(|row| !is_own(row) || row.from() <= day);
    let mut held = None;
    rows.retain_mut(|row| {
        if !is_own(row) || row.until().is_some_and(|until| until <= day) {
            return true;
        }
        held = Some(row.clone());
        *row.until() = Some(day);
        row.from() < day
    });
    held
}

fn nothing_held(account: AccountId, instrument: &Arc<Instrument>) -> PositionPeriod {
    PositionPeriod::empty(account, InstrumentId::from(instrument.id))
}

fn no_cash(account: AccountId, currency: Currency) -> CashPeriod {
    let zero = Decimal::ZERO;
    CashPeriod {
        account,
        currency,
        valid_from: NaiveDate::MIN,
        valid_until: None,
        amount: zero,
        unsettled: zero,
        interest_base: zero,
        fees_base: zero,
        taxes_base: zero,
    }
}

fn traded(
    held: PositionPeriod,
    quantity: Decimal,
    local: Decimal,
    base: Decimal,
    day: NaiveDate,
) -> Result<PositionPeriod, ServiceError> {
    let mut row = PositionPeriod { valid_from: day, valid_until: None, ..held };
    let closes = !row.quantity.is_zero() && row.quantity.is_sign_negative() != quantity.is_sign_negative();
    if closes {
        // No more can be closed than is held; what goes beyond opens the other way, at its own price.
        let closed = if quantity.abs() > row.quantity.abs() { -row.quantity } else { quantity };
        let part = |amount: Decimal| money::share(amount, closed, row.quantity);
        let (cost_local, cost_base) = (part(row.cost_local)?, part(row.cost_base)?);
        let (sold_local, sold_base) = (money::share(local, closed, quantity)?, money::share(base, closed, quantity)?);
        row.realized_local = money::add(row.realized_local, money::sub(cost_local, sold_local)?)?;
        row.realized_base = money::add(row.realized_base, money::sub(cost_base, sold_base)?)?;
        row.cost_local = money::add(row.cost_local, money::add(cost_local, money::sub(local, sold_local)?)?)?;
        row.cost_base = money::add(row.cost_base, money::add(cost_base, money::sub(base, sold_base)?)?)?;
    } else {
        row.cost_local = money::add(row.cost_local, local)?;
        row.cost_base = money::add(row.cost_base, base)?;
    }
    row.quantity = money::add(row.quantity, quantity)?;
    Ok(row)
}
