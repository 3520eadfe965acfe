//! One queue of lots: those of an instrument in one account, or in the whole portfolio where lots are pooled.

use std::collections::{BTreeSet, HashMap, VecDeque};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::lot::{Amounts, Restating, restated};
use super::{InstrumentTerms, Lot, LotMatch, LotMethod, PositionPeriod};
use crate::id::{AccountId, InstrumentId, TransactionId};
use crate::money::{ArithmeticError, MONEY_SCALE, add, mul_div, sub};

/// A queue of lots while it is being booked. All open lots are held, or all are owed (short, quantities below zero).
pub(super) struct Pool<'a> {
    pub(super) instrument: InstrumentId,
    pub(super) terms: &'a InstrumentTerms,
    pub(super) method: LotMethod,
    /// In the order in which they came.
    pub(super) lots: Vec<Lot>,
    open: OpenLots,
    /// What the open lots sum to.
    pub(super) quantity: Decimal,
    /// What the open lots cost. Under [`LotMethod::Average`] the lots' own cost is set from it where somebody looks.
    pub(super) cost: Amounts,
    /// The accounts whose units these are: one, unless lots are pooled.
    pub(super) places: Vec<Place>,
    /// How many lots have come from elsewhere, by what first opened them.
    moved_in: HashMap<TransactionId, u32>,
    /// The last split, so that further accounts' rows of the same event find it done where lots are pooled.
    pub(super) last_split: Option<(NaiveDate, AccountId)>,
}

/// What one account has of a pool.
pub(super) struct Place {
    pub(super) state: PositionPeriod,
    pub(super) rows: Vec<PositionPeriod>,
    /// In closing order.
    pub(super) matches: Vec<LotMatch>,
}

/// Part of a lot that left the pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// What first opened the lot.
    pub(super) lot: TransactionId,
    /// The account that the lot stood under, and which of its entry's lots it was there: what tells it apart in its pool.
    pub(super) place: (AccountId, u32),
    pub(super) opened_on: NaiveDate,
    /// Below zero from a short lot.
    pub(super) quantity: Decimal,
    pub(super) cost: Amounts,
}

impl Taken {
    /// No units and no cost of a lot.
    pub(super) fn nothing_of(lot: &Lot) -> Self {
        Self {
            lot: lot.opened_by,
            place: (lot.account, lot.ordinal),
            opened_on: lot.opened_on,
            quantity: Decimal::ZERO,
            cost: Amounts::default(),
        }
    }
}

/// The open lots in the order in which they are used.
enum OpenLots {
    /// Oldest first.
    ByDate(VecDeque<u32>),
    /// By unit cost (its negative where the highest comes first), then oldest first; and each lot's key.
    ByCost(BTreeSet<(Decimal, NaiveDate, u32)>, HashMap<u32, (Decimal, NaiveDate, u32)>),
}

impl<'a> Pool<'a> {
    pub(super) fn new(instrument: InstrumentId, terms: &'a InstrumentTerms, method: LotMethod) -> Self {
        Self {
            instrument,
            terms,
            method,
            lots: Vec::new(),
            open: OpenLots::new(method),
            quantity: Decimal::ZERO,
            cost: Amounts::default(),
            places: Vec::with_capacity(1),
            moved_in: HashMap::new(),
            last_split: None,
        }
    }

    /// The place of an account, made where it is not there yet.
    pub(super) fn place(&mut self, account: AccountId) -> usize {
        match self.places.iter().position(|place| place.state.account == account) {
            Some(at) => at,
            None => {
                let state = PositionPeriod::empty(account, self.instrument);
                self.places.push(Place { state, rows: Vec::new(), matches: Vec::new() });
                self.places.len() - 1
            }
        }
    }

    /// Adds a lot that `opened_by` opens here.
    pub(super) fn open(
        &mut self,
        account: AccountId,
        opened_by: TransactionId,
        opened_on: NaiveDate,
        quantity: Decimal,
        cost: Amounts,
    ) -> Result<(), ArithmeticError> {
        self.push(account, Taken { lot: opened_by, place: (account, 0), opened_on, quantity, cost }, 0)
    }

    /// Adds what left another pool; it keeps what opened it and when.
    pub(super) fn move_in(&mut self, account: AccountId, taken: Taken) -> Result<(), ArithmeticError> {
        let ordinal = self.moved_in.entry(taken.lot).or_default();
        // A lot that was opened here is 0.
        *ordinal += 1;
        let ordinal = *ordinal;
        self.push(account, taken, ordinal)
    }

    fn push(&mut self, account: AccountId, taken: Taken, ordinal: u32) -> Result<(), ArithmeticError> {
        if taken.quantity.is_zero() {
            return Ok(());
        }
        self.quantity = add(self.quantity, taken.quantity)?;
        self.cost = self.cost.plus(taken.cost)?;
        self.lots.push(Lot {
            opened_by: taken.lot,
            account,
            instrument: self.instrument,
            ordinal,
            opened_on: taken.opened_on,
            closed_on: None,
            quantity_opened: taken.quantity,
            quantity_remaining: taken.quantity,
            cost_local: taken.cost.local,
            cost_base: taken.cost.base,
        });
        self.open.insert(&self.lots, self.lots.len() - 1, self.method);
        Ok(())
    }

    /// The indices of the open lots, in the order in which they are used.
    pub(super) fn open_lots(&self) -> Vec<usize> {
        match &self.open {
            OpenLots::ByDate(queue) if self.method == LotMethod::Lifo => {
                queue.iter().rev().map(|at| *at as usize).collect()
            }
            OpenLots::ByDate(queue) => queue.iter().map(|at| *at as usize).collect(),
            OpenLots::ByCost(set, _) => set.iter().map(|(_, _, at)| *at as usize).collect(),
        }
    }

    /// Takes `wanted` units (above zero, at most what there is) from the lots that the method uses first.
    pub(super) fn take(
        &mut self,
        wanted: Decimal,
        date: NaiveDate,
        taken: &mut Vec<Taken>,
    ) -> Result<(), ArithmeticError> {
        let mut wanted = wanted;
        let mut average = self.average_cost_of(wanted)?;
        while wanted > Decimal::ZERO {
            let Some(at) = self.open.first(self.method) else { break };
            let available = self.lots[at].quantity_remaining.abs();
            let quantity = wanted.min(available);
            let cost = average.map(|left| if quantity == wanted { Ok(left) } else { left.share(quantity, wanted) });
            let part = self.take_from(at, quantity, cost.transpose()?, date)?;
            wanted = sub(wanted, quantity)?;
            if let Some(left) = &mut average {
                *left = left.minus(part.cost)?;
            }
            taken.push(part);
        }
        Ok(())
    }

    /// Takes chosen quantities (above zero) of chosen lots.
    pub(super) fn take_picked(
        &mut self,
        picked: &[(usize, Decimal)],
        date: NaiveDate,
        taken: &mut Vec<Taken>,
    ) -> Result<(), ArithmeticError> {
        for &(at, quantity) in picked {
            let cost = self.average_cost_of(quantity)?;
            taken.push(self.take_from(at, quantity, cost, date)?);
        }
        Ok(())
    }

    /// What so many units cost where cost is averaged.
    fn average_cost_of(&self, units: Decimal) -> Result<Option<Amounts>, ArithmeticError> {
        match self.method {
            LotMethod::Average if units == self.quantity.abs() => Ok(Some(self.cost)),
            LotMethod::Average => Ok(Some(self.cost.share(units, self.quantity.abs())?)),
            _ => Ok(None),
        }
    }

    /// The last unit of a lot takes the cost that is left, so that the parts sum to the whole.
    fn take_from(
        &mut self,
        at: usize,
        quantity: Decimal,
        averaged: Option<Amounts>,
        date: NaiveDate,
    ) -> Result<Taken, ArithmeticError> {
        let lot = &mut self.lots[at];
        let available = lot.quantity_remaining.abs();
        let all = quantity >= available;
        let own = if all { lot.cost() } else { lot.cost().share(quantity, available)? };
        let signed = if lot.quantity_remaining.is_sign_negative() { -quantity } else { quantity };
        lot.quantity_remaining = sub(lot.quantity_remaining, signed)?;
        lot.set_cost(lot.cost().minus(own)?);
        if all {
            lot.closed_on = Some(date);
        }
        let part = Taken { quantity: signed, cost: averaged.unwrap_or(own), ..Taken::nothing_of(lot) };
        if all {
            self.open.remove(at);
        }
        self.quantity = sub(self.quantity, signed)?;
        self.cost = self.cost.minus(part.cost)?;
        Ok(part)
    }

    /// Gives the lots their share of the pool's cost, where cost is averaged.
    pub(super) fn spread_cost(&mut self) -> Result<(), ArithmeticError> {
        if self.method != LotMethod::Average {
            return Ok(());
        }
        let (mut cost, mut quantity) = (self.cost, self.quantity);
        for at in self.open_lots() {
            let lot = &mut self.lots[at];
            let own =
                if lot.quantity_remaining == quantity { cost } else { cost.share(lot.quantity_remaining, quantity)? };
            cost = cost.minus(own)?;
            quantity = sub(quantity, lot.quantity_remaining)?;
            lot.set_cost(own);
        }
        Ok(())
    }

    /// Uses the lots by another method from now on.
    pub(super) fn use_method(&mut self, method: LotMethod) -> Result<(), ArithmeticError> {
        self.spread_cost()?;
        self.method = method;
        self.retotal()
    }

    /// Multiplies every open lot's units; the accounts' units with them.
    pub(super) fn split(&mut self, numerator: Decimal, denominator: Decimal) -> Result<(), ArithmeticError> {
        let mut restating = Restating::new(numerator, denominator);
        for at in self.open_lots() {
            self.lots[at].split(&mut restating)?;
        }
        self.retotal()?;
        // The last account takes what is left, so that the accounts sum to the lots.
        let mut left = self.quantity;
        let mut holders = self.places.iter_mut().filter(|place| !place.state.quantity.is_zero()).peekable();
        while let Some(place) = holders.next() {
            let units = restated(place.state.quantity, numerator, denominator)?;
            place.state.quantity = if holders.peek().is_some() { units } else { left };
            left = sub(left, place.state.quantity)?;
        }
        Ok(())
    }

    /// Adds units to the open lots in proportion; cost stays.
    pub(super) fn enlarge(&mut self, units: Decimal) -> Result<(), ArithmeticError> {
        let (mut left, mut base) = (units, self.quantity);
        for at in self.open_lots() {
            let lot = &mut self.lots[at];
            let held = lot.quantity_remaining;
            let more = if held == base { left } else { mul_div(left, held, base)?.round_dp(places(left)) };
            left = sub(left, more)?;
            base = sub(base, held)?;
            lot.quantity_remaining = add(held, more)?;
            lot.quantity_opened = add(lot.quantity_opened, more)?;
        }
        self.retotal()
    }

    /// Sums the lots anew after they were changed one by one, and sorts them by what they now cost.
    pub(super) fn retotal(&mut self) -> Result<(), ArithmeticError> {
        self.quantity = Decimal::ZERO;
        let averaged = self.method == LotMethod::Average;
        if !averaged {
            self.cost = Amounts::default();
        }
        for at in self.open_lots() {
            let lot = &self.lots[at];
            self.quantity = add(self.quantity, lot.quantity_remaining)?;
            if !averaged {
                self.cost = self.cost.plus(lot.cost())?;
            }
        }
        let open = self.open_lots();
        self.open = OpenLots::new(self.method);
        for at in open {
            self.open.insert(&self.lots, at, self.method);
        }
        Ok(())
    }

    /// Makes the pool's totals what the account has, or its share of them where several accounts share the pool, and what
    /// holds at the end of `date`. `units` is what the account's own quantity changed by.
    pub(super) fn record(&mut self, at: usize, units: Decimal, date: NaiveDate) -> Result<(), ArithmeticError> {
        if let [only] = self.places.as_mut_slice() {
            only.state.quantity = self.quantity;
            (only.state.cost_local, only.state.cost_base) = (self.cost.local, self.cost.base);
            super::period::record(&mut only.rows, &only.state, date);
            return Ok(());
        }
        let place = &mut self.places[at];
        place.state.quantity = add(place.state.quantity, units)?;
        let (mut cost, mut quantity) = (self.cost, self.quantity);
        for (index, place) in self.places.iter_mut().enumerate() {
            let held = place.state.quantity;
            // Accounts of both sides may sum to nothing, which no cost is shared by; the entry is refused then.
            let own = if held.is_zero() || quantity.is_zero() {
                Amounts::default()
            } else if held == quantity {
                cost
            } else {
                cost.share(held, quantity)?
            };
            cost = cost.minus(own)?;
            quantity = sub(quantity, held)?;
            let changed = (place.state.cost_local, place.state.cost_base) != (own.local, own.base);
            (place.state.cost_local, place.state.cost_base) = (own.local, own.base);
            if changed || index == at {
                super::period::record(&mut place.rows, &place.state, date);
            }
        }
        Ok(())
    }
}

/// Decimals that a share of so many units is rounded to.
fn places(units: Decimal) -> u32 {
    units.scale().max(MONEY_SCALE)
}

impl OpenLots {
    fn new(method: LotMethod) -> Self {
        match method {
            LotMethod::Hifo | LotMethod::Lofo => Self::ByCost(BTreeSet::new(), HashMap::new()),
            _ => Self::ByDate(VecDeque::new()),
        }
    }

    fn insert(&mut self, lots: &[Lot], at: usize, method: LotMethod) {
        let lot = &lots[at];
        let index = at as u32;
        match self {
            Self::ByDate(queue) => {
                let key = (lot.opened_on, index);
                let is_last = queue.back().is_none_or(|last| (lots[*last as usize].opened_on, *last) < key);
                if is_last {
                    queue.push_back(index);
                } else {
                    let place = queue.partition_point(|other| (lots[*other as usize].opened_on, *other) < key);
                    queue.insert(place, index);
                }
            }
            Self::ByCost(set, keys) => {
                let cost = lot.unit_cost();
                let key = (if method == LotMethod::Hifo { -cost } else { cost }, lot.opened_on, index);
                set.insert(key);
                keys.insert(index, key);
            }
        }
    }

    fn first(&self, method: LotMethod) -> Option<usize> {
        match self {
            Self::ByDate(queue) if method == LotMethod::Lifo => queue.back().map(|at| *at as usize),
            Self::ByDate(queue) => queue.front().map(|at| *at as usize),
            Self::ByCost(set, _) => set.first().map(|(_, _, at)| *at as usize),
        }
    }

    fn remove(&mut self, at: usize) {
        let index = at as u32;
        match self {
            Self::ByDate(queue) => {
                if queue.front() == Some(&index) {
                    queue.pop_front();
                } else if queue.back() == Some(&index) {
                    queue.pop_back();
                } else if let Some(place) = queue.iter().position(|other| *other == index) {
                    queue.remove(place);
                }
            }
            Self::ByCost(set, keys) => {
                if let Some(key) = keys.remove(&index) {
                    set.remove(&key);
                }
            }
        }
    }
}
