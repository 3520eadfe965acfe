//! What an edit of the ledger changes in the books.
//!
//! Books of a part of the ledger that no entry links to the rest (see [`linked`]) are that part of the whole. So an edit is
//! worked out by booking its part as it stood and as it will stand, and the whole is the whole before with the [`Change`]
//! applied: exactly what booking everything again would give.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{Booking, CashPeriod, Flow, Lot, LotMatch, PositionPeriod};
use crate::id::{AccountId, InstrumentId, TransactionId};
use crate::money::{ArithmeticError, Currency, add, sub};

/// A lot among all.
pub type LotKey = (AccountId, InstrumentId, TransactionId, u32);
/// A match among all: where, by which disposal, the how manieth.
pub type MatchKey = (AccountId, InstrumentId, TransactionId, u32);
/// A position among all: the holding, and the day that it begins on.
pub type PositionKey = (AccountId, InstrumentId, NaiveDate);

/// What an edit changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Lots that are no more.
    pub lots_removed: Vec<LotKey>,
    /// Lots that are new, or not as they were.
    pub lots: Vec<Lot>,
    /// Matches that are no more.
    pub matches_removed: Vec<MatchKey>,
    /// Matches that are new, or not as they were.
    pub matches: Vec<LotMatch>,
    /// Days that change no holding any more.
    pub positions_removed: Vec<PositionKey>,
    /// Positions that are new, or not as they were.
    pub positions: Vec<PositionPeriod>,
    /// Balances whose rows change.
    pub cash: Vec<CashChange>,
    /// Entries whose flows are no more, or not as they were.
    pub flows_removed: Vec<TransactionId>,
    /// All flows of entries whose flows are new, or not as they were.
    pub flows: Vec<Flow>,
}

/// A balance that is higher or lower from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashChange {
    /// Where it is held.
    pub account: AccountId,
    /// Its currency.
    pub currency: Currency,
    /// What is added to each figure, by day of change; ascending.
    pub steps: Vec<CashPeriod>,
}

impl Change {
    /// What makes `before` to `after`: two bookings of the same part of a ledger.
    ///
    /// # Errors
    /// [`ArithmeticError`] where a difference is too large.
    pub fn between(before: &Booking, after: &Booking) -> Result<Self, ArithmeticError> {
        let (lots_removed, lots) = rows(&before.lots, &after.lots, Lot::key);
        let (matches_removed, matches) = rows(&before.matches, &after.matches, LotMatch::key);
        let (positions_removed, positions) = rows(&before.positions, &after.positions, PositionPeriod::key);
        let (flows_removed, flows) = flows(&before.flows, &after.flows);
        Ok(Self {
            lots_removed,
            lots,
            matches_removed,
            matches,
            positions_removed,
            positions,
            cash: cash(&before.cash, &after.cash)?,
            flows_removed,
            flows,
        })
    }
}

impl Lot {
    /// What tells it apart from all others.
    pub fn key(&self) -> LotKey {
        (self.account, self.instrument, self.opened_by, self.ordinal)
    }
}

impl LotMatch {
    /// What tells it apart from all others.
    pub fn key(&self) -> MatchKey {
        (self.account, self.instrument, self.sale, self.ordinal)
    }
}

impl PositionPeriod {
    /// What tells it apart from all others.
    pub fn key(&self) -> PositionKey {
        (self.account, self.instrument, self.valid_from)
    }
}

/// Keys that are no more, and rows that are new or changed.
fn rows<T: Clone + PartialEq, K: Ord + Copy>(before: &[T], after: &[T], key: fn(&T) -> K) -> (Vec<K>, Vec<T>) {
    let mut old: BTreeMap<K, &T> = before.iter().map(|row| (key(row), row)).collect();
    let new = after.iter().filter(|row| old.remove(&key(row)) != Some(*row)).cloned().collect();
    (old.into_keys().collect(), new)
}

fn flows(before: &[Flow], after: &[Flow]) -> (Vec<TransactionId>, Vec<Flow>) {
    let by_entry = |flows: &[Flow]| {
        let mut entries: BTreeMap<TransactionId, Vec<Flow>> = BTreeMap::new();
        for flow in flows {
            entries.entry(flow.transaction).or_default().push(flow.clone());
        }
        entries
    };
    let (before, after) = (by_entry(before), by_entry(after));
    let changed = |entry: &TransactionId| before.get(entry) != after.get(entry);
    let removed = before.keys().filter(|entry| changed(entry)).copied().collect();
    let added = after.iter().filter(|(entry, _)| changed(entry)).flat_map(|(_, flows)| flows.clone()).collect();
    (removed, added)
}

fn cash(before: &[CashPeriod], after: &[CashPeriod]) -> Result<Vec<CashChange>, ArithmeticError> {
    let (before, after) = (by_balance(before), by_balance(after));
    let balances: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    let mut changes = Vec::new();
    for (account, currency) in balances {
        let rows = |of: &BTreeMap<_, Vec<CashPeriod>>| of.get(&(account, currency)).cloned().unwrap_or_default();
        let steps = combined(Vec::new(), &rows(&after), &rows(&before), sub)?;
        if !steps.is_empty() {
            changes.push(CashChange { account, currency, steps });
        }
    }
    Ok(changes)
}

fn by_balance(rows: &[CashPeriod]) -> BTreeMap<(AccountId, Currency), Vec<CashPeriod>> {
    let mut balances: BTreeMap<_, Vec<CashPeriod>> = BTreeMap::new();
    for row in rows {
        balances.entry((row.account, row.currency)).or_default().push(row.clone());
    }
    balances
}

impl CashChange {
    /// The first day that changes.
    pub fn from(&self) -> Option<NaiveDate> {
        self.steps.first().map(|step| step.valid_from)
    }

    /// The balance's rows after the change. `rows` are its rows before, ascending: all of them, or those from the one that
    /// holds on the day before [`CashChange::from`] on, to the one that holds on the day of the last step at least.
    ///
    /// # Errors
    /// [`ArithmeticError`] where a sum is too large.
    pub fn applied(&self, rows: &[CashPeriod]) -> Result<Vec<CashPeriod>, ArithmeticError> {
        let kept = rows.partition_point(|row| self.from().is_none_or(|from| row.valid_from < from));
        let (kept, changed) = rows.split_at(kept);
        combined(kept.to_vec(), changed, &self.steps, add)
    }
}

type Operation = fn(rust_decimal::Decimal, rust_decimal::Decimal) -> Result<rust_decimal::Decimal, ArithmeticError>;

/// The rows of two balances added up, or subtracted, day of change by day of change; `rows` are those of the left one before
/// the right one begins.
fn combined(
    mut rows: Vec<CashPeriod>,
    left: &[CashPeriod],
    right: &[CashPeriod],
    by: Operation,
) -> Result<Vec<CashPeriod>, ArithmeticError> {
    let Some(any) = left.first().or(right.first()) else { return Ok(rows) };
    let nothing = CashPeriod::empty(any.account, any.currency);
    let days: BTreeSet<NaiveDate> = left.iter().chain(right).map(|row| row.valid_from).collect();
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let before = rows.last().cloned();
    let (mut on_left, mut on_right) = (before.as_ref().unwrap_or(&nothing), &nothing);
    rows.reserve(days.len());
    for day in days {
        on_left = left.next_if(|row| row.valid_from == day).unwrap_or(on_left);
        on_right = right.next_if(|row| row.valid_from == day).unwrap_or(on_right);
        let state = CashPeriod {
            amount: by(on_left.amount, on_right.amount)?,
            unsettled: by(on_left.unsettled, on_right.unsettled)?,
            interest_base: by(on_left.interest_base, on_right.interest_base)?,
            fees_base: by(on_left.fees_base, on_right.fees_base)?,
            taxes_base: by(on_left.taxes_base, on_right.taxes_base)?,
            ..nothing.clone()
        };
        state.record(&mut rows, day);
    }
    Ok(rows)
}

/// The instruments that entries link to `seeds`, themselves included. `links` are the pairs of
/// [`counter_instrument`](super::TransactionKind::counter_instrument) and of options and underlyings.
pub fn linked(
    links: &[(InstrumentId, InstrumentId)],
    seeds: impl IntoIterator<Item = InstrumentId>,
) -> BTreeSet<InstrumentId> {
    let mut found: BTreeSet<InstrumentId> = seeds.into_iter().collect();
    loop {
        let touching = |(a, b): &&(InstrumentId, InstrumentId)| found.contains(a) != found.contains(b);
        let more: Vec<InstrumentId> = links.iter().filter(touching).flat_map(|(a, b)| [*a, *b]).collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// The parts that `instruments` fall into: each with what the links join it to, in the order of their first instruments.
pub fn grouped(
    links: &[(InstrumentId, InstrumentId)],
    instruments: impl IntoIterator<Item = InstrumentId>,
) -> Vec<Vec<InstrumentId>> {
    let mut beside: BTreeMap<InstrumentId, Vec<InstrumentId>> = BTreeMap::new();
    for &(a, b) in links {
        beside.entry(a).or_default().push(b);
        beside.entry(b).or_default().push(a);
    }
    let mut found = BTreeSet::new();
    let mut groups = Vec::new();
    for first in instruments {
        let mut group = Vec::new();
        let mut next = vec![first];
        while let Some(instrument) = next.pop() {
            if found.insert(instrument) {
                group.push(instrument);
                next.extend(beside.get(&instrument).into_iter().flatten());
            }
        }
        if !group.is_empty() {
            groups.push(group);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn rows_before_a_change_stay_also_where_they_say_that_nothing_is_left() {
        let day = |day| NaiveDate::from_ymd_opt(2024, 3, day).expect("a day");
        let row = |from, until: Option<u32>, amount: i64| CashPeriod {
            valid_from: day(from),
            valid_until: until.map(day),
            amount: amount.into(),
            ..CashPeriod::empty(Uuid::from_u128(1).into(), Currency::EUR)
        };
        let change = |steps| CashChange { account: Uuid::from_u128(1).into(), currency: Currency::EUR, steps };
        let stored = [row(1, Some(4), 100), row(4, None, 0)];
        let paid_in = change(vec![row(6, None, 50)]);
        let paid = [row(1, Some(4), 100), row(4, Some(6), 0), row(6, None, 50)];
        assert_eq!(paid_in.applied(&stored).expect("a sum"), paid);
        assert_eq!(paid_in.applied(&stored[1..]).expect("a sum"), paid[1..]);
        let taken_back = change(vec![row(6, None, -50)]);
        assert_eq!(taken_back.applied(&paid[1..]).expect("a sum"), stored[1..]);
        let never = change(vec![row(1, Some(4), -100), row(4, None, 0)]);
        assert_eq!(never.applied(&paid).expect("a sum"), paid[2..], "before its first row a balance is nothing");
    }

    #[test]
    fn groups_are_what_links_join() {
        let id = |id: u128| InstrumentId::from(Uuid::from_u128(id));
        let links = [(id(1), id(4)), (id(5), id(4)), (id(7), id(8))];
        let groups = grouped(&links, [1, 2, 3, 5].map(id));
        assert_eq!(groups, [vec![id(1), id(4), id(5)], vec![id(2)], vec![id(3)]]);
        for group in &groups {
            assert_eq!(linked(&links, [group[0]]), group.iter().copied().collect());
        }
    }
}
