//! Everything that a case gives, as the engine takes it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::id::{AccountId, InstrumentId, TransactionId};
use domain::ledger::{
    Instruments, LotMethod, LotScope, MarketSplit, Oversell, Policy, Postings, TradeCharges, Transaction,
    TransactionKind, book,
};
use domain::money::Currency;
use domain::pricing::{FxRates, Series};
use rust_decimal::Decimal;

use super::books::Books;
use super::inputs::{Config, CostMethod, Inputs, Oversold, Scope};
use super::names::{Names, currency, number};
use super::reader::Reader;
use super::{prices, rates};
use crate::problem::Problem;

#[derive(Clone)]
pub(super) struct World {
    pub(super) policy: Policy,
    pub(super) entries: Vec<Transaction>,
    pub(super) splits: Vec<MarketSplit>,
    pub(super) internal: BTreeSet<TransactionId>,
    pub(super) worth: BTreeMap<TransactionId, (Decimal, Currency)>,
    pub(super) last_day: Option<NaiveDate>,
    pub(super) instruments: Instruments,
    pub(super) fx: FxRates,
    pub(super) prices: BTreeMap<InstrumentId, Series>,
    pub(super) symbols: Names,
    pub(super) accounts: Names,
    /// What the case calls each transaction.
    pub(super) ids: BTreeMap<TransactionId, String>,
    /// The account of each transaction as the case gives it, where lots of all accounts stand in one.
    pub(super) merged: BTreeMap<TransactionId, AccountId>,
}

impl World {
    pub(super) fn new(inputs: &Inputs) -> Result<Self, Problem> {
        let config = &inputs.config;
        let policy = policy(config)?;
        let fx = rates::rates(policy.base, &inputs.fx)?;
        let mut reader = Reader::new(inputs)?;
        let mapped = reader.all()?;
        let Reader { symbols, accounts, instruments, .. } = reader;
        let mut prices = prices::quoted(&inputs.prices, &symbols, &instruments, &fx)?;
        // A period begins with what was held before it, priced or not: there the last trade stands in always.
        if config.price_fallback.is_some() || inputs.period.is_some() {
            prices::fall_back(&mut prices, &mapped.entries, &mapped.splits, &instruments)?;
        }
        let named = inputs.transactions.iter().enumerate();
        let ids = named.filter_map(|(at, entry)| Some((number(at).into(), entry.id.clone()?))).collect();
        let mut world = Self {
            policy,
            entries: mapped.entries,
            splits: mapped.splits,
            internal: mapped.internal,
            worth: mapped.worth,
            last_day: mapped.last_day,
            instruments,
            fx,
            prices: prices::series(prices)?,
            symbols,
            accounts,
            ids,
            merged: BTreeMap::new(),
        };
        if world.needs_merging(config) {
            world.merge_accounts();
        }
        Ok(world)
    }

    /// Whether a sale takes units that other accounts hold. Where every account has enough the pool alone says the same,
    /// and the accounts stay apart.
    fn needs_merging(&self, config: &Config) -> bool {
        if config.lot_scope == Scope::Account || config.consume_from_account_only {
            return false;
        }
        self.policy.oversell == Oversell::TakeHeld
            || self.book(None).is_err_and(|problem| problem.is_of_accounts_apart())
    }

    fn merge_accounts(&mut self) {
        let one = AccountId::from(number(0));
        self.merged = self.entries.iter().map(|entry| (entry.id, entry.account)).collect();
        self.entries.retain(|entry| !matches!(entry.kind, TransactionKind::Transfer { .. }));
        // What each account lists of a split is one event.
        let mut splits = BTreeSet::new();
        self.entries.retain(|entry| match entry.kind {
            TransactionKind::Split { instrument, .. } => splits.insert((instrument, entry.trade_date)),
            _ => true,
        });
        for entry in &mut self.entries {
            entry.account = one;
        }
    }

    /// The books of everything up to the end of a day, or of all there is.
    pub(super) fn book(&self, until: Option<NaiveDate>) -> Result<Books<'_>, Problem> {
        let comes = |date: NaiveDate| until.is_none_or(|until| date <= until);
        let entries: Vec<_> = self.entries.iter().filter(|entry| comes(entry.trade_date)).cloned().collect();
        let splits: Vec<_> = self.splits.iter().filter(|split| comes(split.ex_date)).copied().collect();
        let booking = book(&self.policy, &entries, &splits, &self.instruments, &self.fx)?;
        Ok(Books { world: self, booking })
    }

    /// The same under another policy.
    pub(super) fn under(&self, change: impl FnOnce(&mut Policy)) -> Self {
        let mut other = self.clone();
        change(&mut other.policy);
        other
    }

    /// What the case calls a transaction.
    pub(super) fn id(&self, transaction: TransactionId) -> &str {
        self.ids.get(&transaction).map_or("", String::as_str)
    }
}

fn policy(config: &Config) -> Result<Policy, Problem> {
    let mut policy = Policy::new(currency(&config.base_currency)?);
    policy.method = match config.cost_method {
        CostMethod::Fifo => LotMethod::Fifo,
        CostMethod::Lifo => LotMethod::Lifo,
        CostMethod::Hifo => LotMethod::Hifo,
        CostMethod::Lofo => LotMethod::Lofo,
        CostMethod::Average => LotMethod::Average,
        CostMethod::Strict => LotMethod::Specific,
    };
    policy.scope = match config.lot_scope {
        Scope::Account => LotScope::Account,
        Scope::Portfolio => LotScope::Portfolio,
    };
    policy.charges = if config.fees_in_cost_basis { TradeCharges::InCost } else { TradeCharges::Expensed };
    policy.oversell = match config.oversell {
        Oversold::Reject => Oversell::Refuse,
        Oversold::AllowShort => Oversell::GoShort,
        Oversold::Partial => Oversell::TakeHeld,
    };
    policy.dust = config.quantity_dust.map_or(Decimal::ZERO, |dust| dust.0);
    // The cases keep fractions of a cent; a published figure that is rounded says so by its tolerance.
    policy.postings = Postings::Exact;
    Ok(policy)
}
