//! An edit that is worked out from its part of the ledger gives the books of the whole ledger.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::*;
use super::histories::{booked, entry, links, policy, possible, steps};
use crate::id::InstrumentId;

/// The books as a store holds them.
fn apply(mut books: Booking, change: &Change) -> Booking {
    let lots: BTreeMap<_, _> = books.lots.into_iter().map(|lot| (lot.key(), lot)).collect();
    books.lots = replaced(lots, &change.lots_removed, change.lots.iter().map(|lot| (lot.key(), lot.clone())));
    let matches: BTreeMap<_, _> = books.matches.into_iter().map(|part| (part.key(), part)).collect();
    let new = change.matches.iter().map(|part| (part.key(), part.clone()));
    books.matches = replaced(matches, &change.matches_removed, new);
    let positions: BTreeMap<_, _> = books.positions.into_iter().map(|row| (row.key(), row)).collect();
    let new = change.positions.iter().map(|row| (row.key(), row.clone()));
    books.positions = replaced(positions, &change.positions_removed, new);
    for balance in &change.cash {
        let is_it = |row: &CashPeriod| (row.account, row.currency) == (balance.account, balance.currency);
        let (rows, others): (Vec<_>, Vec<_>) = books.cash.into_iter().partition(is_it);
        books.cash = others;
        books.cash.extend(moved(balance, &rows));
        books.cash.sort_by_key(|row| (row.account, row.currency, row.valid_from));
    }
    books.flows.retain(|flow| !change.flows_removed.contains(&flow.transaction));
    books.flows.extend(change.flows.iter().cloned());
    books
}

/// Rows around the steps are computed, those behind the last are moved by the same.
fn moved(change: &CashChange, rows: &[CashPeriod]) -> Vec<CashPeriod> {
    let (first, last) = (change.steps.first().unwrap(), change.steps.last().unwrap());
    let before = rows.partition_point(|row| row.valid_from < first.valid_from);
    let behind = rows.partition_point(|row| row.valid_from <= last.valid_from);
    let kept = before.saturating_sub(1);
    let mut around = change.applied(&rows[kept..behind]).unwrap();
    if let (Some(row), Some(next)) = (around.last_mut(), rows.get(behind)) {
        row.valid_until = Some(next.valid_from);
    }
    let shifted = rows[behind..].iter().cloned().map(|mut row| {
        row.amount += last.amount;
        row.unsettled += last.unsettled;
        row.interest_base += last.interest_base;
        row.fees_base += last.fees_base;
        row.taxes_base += last.taxes_base;
        row
    });
    let moved = rows[..kept].iter().cloned().chain(around).chain(shifted).collect();
    assert_eq!(moved, change.applied(rows).unwrap());
    moved
}

fn replaced<K: Ord, T>(mut rows: BTreeMap<K, T>, removed: &[K], new: impl Iterator<Item = (K, T)>) -> Vec<T> {
    rows.retain(|key, _| !removed.contains(key));
    rows.extend(new);
    rows.into_values().collect()
}

/// Lots, matches and flows are compared by key: the order in which they came to a holding is not stored.
fn sorted(mut books: Booking) -> Booking {
    books.lots.sort_by_key(Lot::key);
    books.matches.sort_by_key(LotMatch::key);
    books.positions.sort_by_key(|row| (row.account, row.instrument, row.valid_from));
    books.flows.sort_by_key(|flow| (flow.transaction, flow.account, flow.counter_account, flow.amount));
    books
}

fn part(ledger: &[Transaction], edited: &Transaction) -> Vec<Transaction> {
    let seeds = edited.kind.instrument().into_iter().chain(edited.kind.counter_instrument());
    let touched: BTreeSet<InstrumentId> = linked(&links(), seeds);
    let belongs = |entry: &&Transaction| {
        let named = entry.kind.instrument().into_iter().chain(entry.kind.counter_instrument());
        named.into_iter().any(|instrument| touched.contains(&instrument))
    };
    ledger.iter().filter(belongs).cloned().collect()
}

/// Adds or removes an entry by its part of the ledger; an edit that breaks a rule is left out, as the whole ledger says too.
fn edit(policy: &Policy, ledger: &mut Vec<Transaction>, books: &mut Booking, edited: Transaction, adds: bool) {
    let before = part(ledger, &edited);
    let mut after = before.clone();
    let mut whole = ledger.clone();
    after.retain(|entry| entry.id != edited.id);
    whole.retain(|entry| entry.id != edited.id);
    if adds {
        after.push(edited.clone());
        whole.push(edited);
    }
    let full = booked(policy, &whole);
    let after = booked(policy, &after);
    assert_eq!(full.is_ok(), after.is_ok(), "{full:?}\n{after:?}");
    let (Ok(full), Ok(after)) = (full, after) else { return };
    let cash_only = !before.iter().any(|entry| whole.iter().any(|other| other.id == entry.id)) && before.is_empty();
    let before = if cash_only {
        let gone: Vec<_> = ledger.iter().filter(|entry| !whole.contains(entry)).cloned().collect();
        booked(policy, &gone).unwrap()
    } else {
        booked(policy, &before).unwrap()
    };
    let change = Change::between(&before, &after).unwrap();
    *books = sorted(apply(books.clone(), &change));
    assert_eq!(*books, sorted(full));
    *ledger = whole;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn edits_in_any_order_give_the_books_of_the_whole(
        policy in policy(),
        history in steps(40),
        edits in prop::collection::vec((any::<prop::sample::Index>(), steps(2)), 1..12),
    ) {
        let mut ledger = possible(&policy, history);
        let mut books = sorted(booked(&policy, &ledger).unwrap());
        for (n, (which, step)) in edits.into_iter().enumerate() {
            if n % 2 == 0 || ledger.is_empty() {
                let added = entry(1000 + n, step[0]);
                edit(&policy, &mut ledger, &mut books, added, true);
            } else {
                let removed = which.get(&ledger).clone();
                edit(&policy, &mut ledger, &mut books, removed, false);
            }
        }
    }

    #[test]
    fn lots_sum_to_positions_whatever_happened(policy in policy(), history in steps(40)) {
        let books = booked(&policy, &possible(&policy, history)).unwrap();
        let mut holdings: BTreeMap<InstrumentId, [rust_decimal::Decimal; 6]> = BTreeMap::new();
        for row in books.positions.iter().filter(|row| row.valid_until.is_none()) {
            let sums = holdings.entry(row.instrument).or_default();
            for (sum, figure) in sums.iter_mut().zip([row.quantity, row.cost_local, row.cost_base]) {
                *sum += figure;
            }
        }
        for lot in &books.lots {
            let sums = holdings.entry(lot.instrument).or_default();
            for (sum, figure) in sums[3..].iter_mut().zip([lot.quantity_remaining, lot.cost_local, lot.cost_base]) {
                *sum += figure;
            }
        }
        for (instrument, sums) in holdings {
            prop_assert_eq!(&sums[..3], &sums[3..], "{}", instrument);
        }
    }
}
