//! A ledger falls into parts that do not touch each other: an instrument in all its accounts, with those that entries link
//! to it. Each part is booked by itself, so that what is worked on stays small.

use std::collections::HashMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Instruments, Transaction, TransactionKind};
use crate::id::InstrumentId;

/// The entries of a ledger, part by part.
pub(super) struct Parts {
    /// Positions in the ledger, part by part, each in booking order.
    order: Vec<u32>,
    /// Where each part ends in `order`.
    ends: Vec<usize>,
    /// The instruments of each part.
    instruments: Vec<Vec<InstrumentId>>,
}

/// Where an entry stands in booking order: by trade date, splits first, then what else comes with the units held before the
/// ex-date, then by sequence. Who buys on an ex-date buys without it, and who sells keeps it.
pub(super) fn order(entry: &Transaction) -> (NaiveDate, u8, i64, Uuid) {
    let rank = match entry.kind {
        TransactionKind::Split { .. } => 0,
        TransactionKind::BonusIssue { .. } | TransactionKind::SpinOff(_) | TransactionKind::RightsIssue(_) => 1,
        _ => 2,
    };
    (entry.trade_date, rank, entry.sequence, entry.id.uuid())
}

impl Parts {
    pub(super) fn of(transactions: &[Transaction], instruments: &Instruments) -> Self {
        let mut groups = Groups::default();
        // What concerns no instrument moves cash alone: the first part.
        let mut named = Vec::with_capacity(transactions.len());
        for entry in transactions {
            let Some(instrument) = entry.kind.instrument() else {
                named.push(None);
                continue;
            };
            let at = groups.of(instrument);
            if let Some(other) = linked(entry, instruments) {
                let other = groups.of(other);
                groups.join(at, other);
            }
            named.push(Some(at));
        }
        let (rank, instruments) = groups.ranks();
        let part_of: Vec<u32> =
            named.into_iter().map(|at| at.map_or(0, |at| rank.get(at as usize).copied().unwrap_or(0))).collect();
        let mut ends = vec![0; instruments.len()];
        for part in &part_of {
            ends[*part as usize] += 1;
        }
        let mut next = 0;
        for end in &mut ends {
            let count = *end;
            *end = next;
            next += count;
        }
        // A counting sort keeps the order that entries are given in; `ends` holds beginnings until it is done.
        let mut order_of_parts = vec![0; transactions.len()];
        for (at, part) in part_of.iter().enumerate() {
            let place = &mut ends[*part as usize];
            order_of_parts[*place] = at as u32;
            *place += 1;
        }
        let mut parts = Self { order: order_of_parts, ends, instruments };
        if !transactions.is_sorted_by_key(order) {
            parts.sort(transactions);
        }
        parts
    }

    fn sort(&mut self, transactions: &[Transaction]) {
        let mut begin = 0;
        for &end in &self.ends {
            self.order[begin..end].sort_by_key(|at| order(&transactions[*at as usize]));
            begin = end;
        }
    }

    /// Each part's instruments and entries.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[InstrumentId], &[u32])> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let bounds = begins.zip(&self.ends);
        self.instruments.iter().map(Vec::as_slice).zip(bounds.map(|(begin, end)| &self.order[begin..*end]))
    }
}

/// The instrument whose books an entry changes beside its own.
fn linked(entry: &Transaction, instruments: &Instruments) -> Option<InstrumentId> {
    match &entry.kind {
        TransactionKind::Buy(_) | TransactionKind::Sell(_) => None,
        TransactionKind::OptionExercise(event) | TransactionKind::OptionAssignment(event) => {
            instruments.get(&event.instrument)?.option().map(|option| option.underlying)
        }
        other => other.counter_instrument(),
    }
}

/// Instruments that are joined into groups.
#[derive(Default)]
struct Groups {
    index: HashMap<InstrumentId, u32, foldhash::fast::FixedState>,
    ids: Vec<InstrumentId>,
    /// Another member of the group, until one is its own.
    parent: Vec<u32>,
}

impl Groups {
    fn of(&mut self, instrument: InstrumentId) -> u32 {
        *self.index.entry(instrument).or_insert_with(|| {
            self.ids.push(instrument);
            self.parent.push(self.parent.len() as u32);
            self.parent.len() as u32 - 1
        })
    }

    fn root(&self, mut at: u32) -> u32 {
        while self.parent[at as usize] != at {
            at = self.parent[at as usize];
        }
        at
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a as usize] = b;
    }

    /// The part of each instrument, and the instruments of each part: from 1 on, in the order of the smallest instrument.
    fn ranks(&self) -> (Vec<u32>, Vec<Vec<InstrumentId>>) {
        let mut sorted: Vec<u32> = (0..self.ids.len() as u32).collect();
        sorted.sort_by_key(|at| self.ids[*at as usize]);
        let mut rank_of_root: HashMap<u32, u32> = HashMap::new();
        let mut rank = vec![0; self.ids.len()];
        let mut instruments = vec![Vec::new()];
        for at in sorted {
            let part = *rank_of_root.entry(self.root(at)).or_insert_with(|| {
                instruments.push(Vec::new());
                instruments.len() as u32 - 1
            });
            rank[at as usize] = part;
            instruments[part as usize].push(self.ids[at as usize]);
        }
        (rank, instruments)
    }
}
