//! Books transactions in the order of their days.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::cash::{Balance, Movement};
use super::fixed::Money;
use super::income::Charge;
use super::parts::{Parts, order};
use super::pool::{Pool, PoolLot, PoolSplit, Taken};
use super::rates::Rates;
use super::{
    CashPeriod, Flow, InstrumentTerms, Instruments, LedgerError, Lot, LotMatch, LotMethod, LotScope, MarketSplit,
    Policy, PositionPeriod, Transaction, TransactionKind,
};
use crate::id::{AccountId, InstrumentId};
use crate::money::{ArithmeticError, Currency};
use crate::pricing::FxRates;

/// What the transactions come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The currency of every `…_base` figure.
    pub base: Currency,
    /// Every lot, open or closed; those of a holding together, in the order in which they came to it.
    pub lots: Vec<Lot>,
    /// Every use of a lot; those of a holding together, in closing order.
    pub matches: Vec<LotMatch>,
    /// Those of a holding together, by day of change; a holding that was sold keeps a last row of quantity zero.
    pub positions: Vec<PositionPeriod>,
    /// By account, currency and day of change.
    pub cash: Vec<CashPeriod>,
    /// What crossed the border of an account, by day.
    pub flows: Vec<Flow>,
}

/// Books `transactions`, given in any order: by trade date, splits first, then what else comes with the units
/// held before the ex-date, then by sequence. `splits` are the market's.
///
/// Purchases cost quantity × price × multiplier (+ fee + tax where charges are in cost), sales bring the same (− fee − tax).
/// Base figures are at the rate that an entry was booked at where that is one to `base`, else at the reference rate of the
/// trade date. Amounts are rounded half-even to [`crate::money::MONEY_SCALE`] where they come in and where they are shared
/// out, posted cash once more as [`Policy::postings`] says, and nothing else. Cash may go below zero.
///
/// Holdings that no entry links stand for themselves, and cash is a sum of what each entry posts: booking a subset that is
/// closed under [`TransactionKind::counter_instrument`] and options' underlyings gives that subset's part of the whole.
///
/// # Errors
/// [`LedgerError`] for the first rule that is broken, in booking order.
pub fn book(
    policy: &Policy,
    transactions: &[Transaction],
    splits: &[MarketSplit],
    instruments: &Instruments,
    fx: &FxRates,
) -> Result<Booking, LedgerError> {
    let parts = Parts::of(transactions, instruments);
    let mut books = Books::new(policy, instruments, fx, transactions.len());
    let mut first_error: Option<(_, LedgerError)> = None;
    for (named, entries) in parts.iter() {
        let own = || entries.iter().map(|at| &transactions[*at as usize]);
        let mut splits = PendingSplits::new(splits.iter().filter(|split| named.contains(&split.instrument)), own());
        let mut last = None;
        let near = entries.chunks(AHEAD).flat_map(|chunk| {
            let chunk = chunk.iter().map(|at| &transactions[*at as usize]);
            std::hint::black_box(chunk.clone().fold(0, |sum, entry| sum ^ entry.footprint()));
            chunk
        });
        let booked = books.apply_all(near.inspect(|entry| last = Some(*entry)), &mut splits);
        if let Err(error) = booked.and_then(|()| books.end_part(&mut splits)) {
            // Each part has a first error; the ledger's is the first of them in booking order.
            let at = last.map(order);
            if first_error.as_ref().is_none_or(|(first, _)| at < *first) {
                first_error = Some((at, error));
            }
            books.pools.clear();
            books.forget_pools();
        }
    }
    match first_error {
        Some((_, error)) => Err(error),
        None => books.close(),
    }
}

/// How many entries are read before the first of them is booked. Those of a part lie far apart: reading them one after
/// another would wait for the memory each time, and reading them together waits for it once.
const AHEAD: usize = 16;

/// The market's splits that are still to come, and the accounts' own rows that take their place.
struct PendingSplits {
    /// The next is last.
    ahead: Vec<MarketSplit>,
    own: HashSet<(AccountId, InstrumentId, NaiveDate)>,
}

impl PendingSplits {
    fn new<'t>(
        splits: impl Iterator<Item = &'t MarketSplit>,
        transactions: impl Iterator<Item = &'t Transaction>,
    ) -> Self {
        let mut ahead: Vec<MarketSplit> = splits.copied().collect();
        ahead.sort_by_key(|split| std::cmp::Reverse((split.ex_date, split.instrument)));
        let own = if ahead.is_empty() {
            HashSet::new()
        } else {
            let key = |entry: &Transaction| match entry.kind {
                TransactionKind::Split { instrument, .. } => Some((entry.account, instrument, entry.trade_date)),
                _ => None,
            };
            transactions.filter_map(key).collect()
        };
        Self { ahead, own }
    }

    fn next_until(&mut self, date: NaiveDate) -> Option<MarketSplit> {
        self.ahead.pop_if(|split| split.ex_date <= date)
    }
}

/// What a pool is found by: no account where lots are pooled.
type Key = (AccountId, InstrumentId);

/// The books while they are being written.
pub(super) struct Books<'a> {
    pub(super) policy: &'a Policy,
    instruments: &'a Instruments,
    rates: Rates<'a>,
    pub(super) pools: Vec<Pool<'a>>,
    index: HashMap<Key, usize, foldhash::fast::FixedState>,
    /// The pool that was looked up last: mostly the next one too.
    last_pool: Option<(Key, usize)>,
    /// A ledger has few balances; the last one is mostly the next.
    balances: Vec<Balance>,
    last_balance: usize,
    pub(super) booked: Booking,
    /// Memory of pools that have ended.
    spare: Vec<Vec<PoolLot>>,
    /// Parts of lots on their way from one place to the next; empty between entries.
    pub(super) taken: Vec<Taken>,
}

impl<'a> Books<'a> {
    /// Empty books, with room for what so many entries may come to.
    pub(super) fn new(policy: &'a Policy, instruments: &'a Instruments, fx: &'a FxRates, entries: usize) -> Self {
        Self {
            policy,
            instruments,
            rates: Rates::new(fx),
            pools: Vec::new(),
            index: HashMap::default(),
            last_pool: None,
            balances: Vec::new(),
            last_balance: 0,
            booked: Booking {
                base: policy.base,
                lots: Vec::with_capacity(entries),
                matches: Vec::with_capacity(entries),
                positions: Vec::with_capacity(entries),
                cash: Vec::new(),
                flows: Vec::new(),
            },
            spare: Vec::new(),
            taken: Vec::new(),
        }
    }

    fn apply_all<'t>(
        &mut self,
        entries: impl Iterator<Item = &'t Transaction>,
        splits: &mut PendingSplits,
    ) -> Result<(), LedgerError> {
        for entry in entries {
            while let Some(split) = splits.next_until(entry.trade_date) {
                self.market_split(entry, &split, &splits.own)?;
            }
            self.apply(entry)?;
        }
        Ok(())
    }

    /// Books what comes before a sale, then the sale with a method of its own; returns its matches.
    pub(super) fn sale_by(
        &mut self,
        transactions: &[Transaction],
        splits: &[MarketSplit],
        sale: &Transaction,
        method: LotMethod,
    ) -> Result<Vec<LotMatch>, LedgerError> {
        let mut splits = PendingSplits::new(splits.iter(), transactions.iter());
        let mut ordered: Vec<&Transaction> = transactions.iter().collect();
        ordered.sort_by_key(|entry| order(entry));
        self.apply_all(ordered.into_iter().take_while(|entry| order(entry) < order(sale)), &mut splits)?;
        while let Some(split) = splits.next_until(sale.trade_date) {
            self.market_split(sale, &split, &splits.own)?;
        }
        let pool = match sale.kind.instrument() {
            Some(instrument) => self.pool_if_any(sale.account, instrument),
            None => None,
        };
        if let Some(pool) = pool {
            self.pools[pool].use_method(method).map_err(LedgerError::overflow(sale.id))?;
        }
        self.apply(sale)?;
        let places = self.pools.iter_mut().flat_map(|pool| &mut pool.places);
        let matches = places.flat_map(|place| std::mem::take(&mut place.matches));
        Ok(matches.filter(|part| part.sale == sale.id).collect())
    }

    fn apply(&mut self, entry: &Transaction) -> Result<(), LedgerError> {
        entry.check_settlement()?;
        match &entry.kind {
            TransactionKind::Buy(trade) => self.buy(entry, trade),
            TransactionKind::Sell(trade) => self.sell(entry, trade, "sells"),
            TransactionKind::Maturity(trade) | TransactionKind::Call(trade) => self.sell(entry, trade, "redeems"),
            TransactionKind::ShortSell(trade) => self.short_sell(entry, trade),
            TransactionKind::Cover(trade) => self.cover(entry, trade),
            &TransactionKind::Dividend { instrument, amount, withheld, fee, currency } => {
                self.dividend(entry, instrument, [amount, withheld, fee], currency)
            }
            &TransactionKind::InKindIncome { instrument, quantity, value, currency, .. } => {
                self.in_kind_income(entry, instrument, quantity, value, currency)
            }
            &TransactionKind::Interest { instrument: Some(bond), amount, tax, currency } => {
                self.dividend(entry, bond, [amount, tax, Decimal::ZERO], currency)
            }
            &TransactionKind::Interest { instrument: None, amount, tax, currency } => {
                self.interest(entry, amount, tax, currency)
            }
            &TransactionKind::Fee { amount, currency, instrument } => {
                self.charge(entry, Charge::Fee, amount, currency, instrument)
            }
            &TransactionKind::Tax { amount, currency, instrument } => {
                self.charge(entry, Charge::Tax, amount, currency, instrument)
            }
            TransactionKind::Deposit(cash) => self.cash_movement(entry, cash, Decimal::ONE),
            TransactionKind::Withdrawal(cash) => self.cash_movement(entry, cash, Decimal::NEGATIVE_ONE),
            &TransactionKind::CashTransfer { amount, currency, to } => self.cash_transfer(entry, amount, currency, to),
            TransactionKind::FxConversion(conversion) => self.fx_conversion(entry, conversion),
            TransactionKind::TransferIn { trade, opened_on } => self.transfer_in(entry, trade, *opened_on),
            TransactionKind::TransferOut { instrument, quantity, fee, currency, lots } => {
                self.transfer_out(entry, *instrument, *quantity, (*fee, *currency), lots)
            }
            TransactionKind::Transfer { instrument, quantity, to, lots } => {
                self.transfer(entry, *instrument, *quantity, *to, lots)
            }
            &TransactionKind::Split { instrument, numerator, denominator } => {
                self.split(entry, instrument, numerator, denominator)
            }
            &TransactionKind::BonusIssue { instrument, quantity } => self.bonus_issue(entry, instrument, quantity),
            TransactionKind::SpinOff(detachment) | TransactionKind::RightsIssue(detachment) => {
                self.detach(entry, detachment)
            }
            TransactionKind::RightsExercise(exercise) => self.rights_exercise(entry, exercise),
            TransactionKind::Merger(merger) => self.merger(entry, merger),
            &TransactionKind::InstrumentChange { instrument, into } => self.instrument_change(entry, instrument, into),
            &TransactionKind::ReturnOfCapital { instrument, amount, currency } => {
                self.return_of_capital(entry, instrument, amount, currency)
            }
            &TransactionKind::OptionExpiry { instrument, quantity } => self.expiry(entry, instrument, quantity),
            TransactionKind::OptionExercise(event) => self.exercise(entry, event, super::options::Side::Holder),
            TransactionKind::OptionAssignment(event) => self.exercise(entry, event, super::options::Side::Writer),
        }
    }

    pub(super) fn terms(
        &self,
        entry: &Transaction,
        instrument: InstrumentId,
    ) -> Result<&'a InstrumentTerms, LedgerError> {
        self.instruments.get(&instrument).ok_or(LedgerError::UnknownInstrument { transaction: entry.id, instrument })
    }

    /// The pool that an account's units of an instrument stand in, made where it is not there yet.
    pub(super) fn pool(
        &mut self,
        entry: &Transaction,
        account: AccountId,
        instrument: InstrumentId,
    ) -> Result<usize, LedgerError> {
        let key = self.key(account, instrument);
        if let Some((_, at)) = self.last_pool.filter(|(last, _)| *last == key) {
            return Ok(at);
        }
        if let Some(&at) = self.index.get(&key) {
            self.last_pool = Some((key, at));
            return Ok(at);
        }
        let terms = self.terms(entry, instrument)?;
        let spare = self.spare.pop().unwrap_or_default();
        let mut pool = Pool::new(instrument, terms, self.policy.method_of(account), self.policy.dust, spare);
        if self.pools.is_empty() {
            let first = pool.place(account);
            pool.places[first].go_on(&mut self.booked);
        }
        self.pools.push(pool);
        let at = self.pools.len() - 1;
        self.index.insert(key, at);
        Ok(at)
    }

    /// The pool of an account's units, if it ever had any.
    pub(super) fn pool_if_any(&self, account: AccountId, instrument: InstrumentId) -> Option<usize> {
        self.index.get(&self.key(account, instrument)).copied()
    }

    fn forget_pools(&mut self) {
        self.index.clear();
        self.last_pool = None;
    }

    fn key(&self, account: AccountId, instrument: InstrumentId) -> Key {
        match self.policy.scope {
            LotScope::Account => (account, instrument),
            LotScope::Portfolio => (Uuid::nil().into(), instrument),
        }
    }

    pub(super) fn balance(&mut self, account: AccountId, currency: Currency) -> &mut Balance {
        let is_it = |balance: &Balance| balance.account == account && balance.currency == currency;
        if !self.balances.get(self.last_balance).is_some_and(is_it) {
            self.last_balance = match self.balances.iter().position(is_it) {
                Some(at) => at,
                None => {
                    self.balances.push(Balance::new(account, currency, self.policy.postings));
                    self.balances.len() - 1
                }
            };
        }
        &mut self.balances[self.last_balance]
    }

    /// What the entry's day changes of a balance of its account, beside the amount.
    pub(super) fn movement(&mut self, entry: &Transaction, currency: Currency) -> &mut Movement {
        self.balance(entry.account, currency).on(entry.trade_date)
    }

    /// Moves cash of the entry's account on its day, and returns what was posted.
    pub(super) fn post(
        &mut self,
        entry: &Transaction,
        amount: Money,
        currency: Currency,
    ) -> Result<Money, LedgerError> {
        let balance = self.balance(entry.account, currency);
        balance.post(amount, entry.trade_date, entry.settlement_date).map_err(LedgerError::overflow(entry.id))
    }

    /// The same for an amount as the entry states it.
    pub(super) fn post_decimal(
        &mut self,
        entry: &Transaction,
        amount: Decimal,
        currency: Currency,
    ) -> Result<Money, LedgerError> {
        self.post(entry, Money::rounded(amount).map_err(LedgerError::overflow(entry.id))?, currency)
    }

    /// An amount in the base currency at the entry's day.
    pub(super) fn base_amount(
        &mut self,
        entry: &Transaction,
        amount: Decimal,
        currency: Currency,
    ) -> Result<Money, LedgerError> {
        self.convert(entry, amount, currency, self.policy.base)
    }

    /// An amount in another currency at the entry's day, rounded to the money scale.
    pub(super) fn convert(
        &mut self,
        entry: &Transaction,
        amount: Decimal,
        from: Currency,
        to: Currency,
    ) -> Result<Money, LedgerError> {
        self.convert_on(entry, amount, from, to, entry.trade_date)
    }

    /// The same at a day's rate.
    pub(super) fn convert_on(
        &mut self,
        entry: &Transaction,
        amount: Decimal,
        from: Currency,
        to: Currency,
        day: NaiveDate,
    ) -> Result<Money, LedgerError> {
        let converted = if from == to {
            amount
        } else {
            self.rates.convert(amount, from, to, day).map_err(LedgerError::conversion(entry.id))?
        };
        Money::rounded(converted).map_err(LedgerError::overflow(entry.id))
    }

    fn market_split(
        &mut self,
        entry: &Transaction,
        split: &MarketSplit,
        own: &HashSet<(AccountId, InstrumentId, NaiveDate)>,
    ) -> Result<(), LedgerError> {
        split_pools(self.policy.scope, &mut self.pools, split, own).map_err(LedgerError::overflow(entry.id))
    }

    /// Applies the splits after the last entry of a part, and puts away what the part came to.
    fn end_part(&mut self, splits: &mut PendingSplits) -> Result<(), LedgerError> {
        while let Some(split) = splits.next_until(NaiveDate::MAX) {
            let result = split_pools(self.policy.scope, &mut self.pools, &split, &splits.own);
            result.map_err(|source| LedgerError::Split {
                instrument: split.instrument,
                date: split.ex_date,
                source,
            })?;
        }
        self.forget_pools();
        if !matches!(self.pools.as_slice(), [pool] if pool.places.len() == 1)
            && let Some(first) = self.pools.first_mut().and_then(|pool| pool.places.first_mut())
        {
            first.give_back(&mut self.booked);
        }
        self.pools.sort_by_key(|pool| (pool.instrument, pool.places.first().map(|place| place.account)));
        for mut pool in self.pools.drain(..) {
            pool.spread_cost().map_err(LedgerError::Sum)?;
            pool.places.sort_by_key(|place| place.account);
            if self.policy.scope == LotScope::Portfolio {
                pool.lots.sort_by_key(|lot| lot.account);
            }
            self.spare.push(pool.end(&mut self.booked));
        }
        Ok(())
    }

    fn close(mut self) -> Result<Booking, LedgerError> {
        self.balances.sort_by_key(|balance| (balance.account, balance.currency));
        for balance in self.balances {
            self.booked.cash.extend(balance.rows().map_err(LedgerError::Sum)?);
        }
        self.booked.flows.sort_by_key(|flow| flow.date);
        Ok(self.booked)
    }
}

/// Applies a split of the market to every pool of the instrument, but for accounts whose own row says the same. Where lots
/// are pooled, one account's row of another day acts for all.
fn split_pools(
    scope: LotScope,
    pools: &mut [Pool<'_>],
    split: &MarketSplit,
    own: &HashSet<(AccountId, InstrumentId, NaiveDate)>,
) -> Result<(), ArithmeticError> {
    if scope == LotScope::Portfolio && split.account.is_some() {
        return Ok(());
    }
    for pool in pools.iter_mut().filter(|pool| pool.instrument == split.instrument) {
        let concerns = |account: AccountId| split.account.is_none_or(|only| only == account);
        let by_itself = |account: AccountId| own.contains(&(account, split.instrument, split.ex_date));
        if pool.quantity.is_zero()
            || !pool.places.iter().any(|place| concerns(place.account))
            || pool.places.iter().any(|place| by_itself(place.account))
        {
            continue;
        }
        let &MarketSplit { ex_date: date, numerator, denominator, .. } = split;
        pool.last_split = Some(PoolSplit { date, numerator, denominator, told_by: Vec::new() });
        pool.split(numerator, denominator)?;
        pool.record_all(split.ex_date)?;
    }
    Ok(())
}
