//! One queue of lots: those of an instrument in one account, or in the whole portfolio where lots are pooled.

use std::collections::{BTreeSet, HashMap, VecDeque};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::fixed::{Money, Units};
use super::lot::{Amounts, Restating, restated, unit_cost};
use super::place::Place;
use super::{Booking, InstrumentTerms, Lot, LotMethod, LotPick};
use crate::id::{AccountId, InstrumentId, TransactionId};
use crate::money::{ArithmeticError, MONEY_SCALE, add, mul_div, sub};

/// A queue of lots while it is being booked. All open lots are held, or all are owed (short, quantities below zero).
pub(super) struct Pool<'a> {
    pub(super) instrument: InstrumentId,
    pub(super) terms: &'a InstrumentTerms,
    pub(super) method: LotMethod,
    /// What its [`Units`] count: 10⁻ᵈᵉᶜⁱᵐᵃˡˢ, the smallest fraction that was named so far.
    decimals: u32,
    /// [`super::Policy::dust`].
    pub(super) dust: Units,
    /// In the order in which they came.
    pub(super) lots: Vec<PoolLot>,
    open: OpenLots,
    /// What the open lots sum to.
    pub(super) quantity: Units,
    /// What the open lots cost. Under [`LotMethod::Average`] the lots' own cost is set from it where somebody looks.
    pub(super) cost: Amounts,
    /// The accounts whose units these are: one, unless lots are pooled.
    pub(super) places: Vec<Place>,
    /// How many lots have come from elsewhere, by what first opened them.
    moved_in: HashMap<TransactionId, u32>,
    /// The last split, and what was given to a child last: further accounts' rows of the same event, where lots are pooled.
    pub(super) last_split: Option<PoolSplit>,
    pub(super) last_detachment: Option<PoolDetachment>,
}

/// A split that acted on a pool.
pub(super) struct PoolSplit {
    pub(super) date: NaiveDate,
    pub(super) numerator: Decimal,
    pub(super) denominator: Decimal,
    /// The accounts that told of it; none where the market did.
    pub(super) told_by: Vec<AccountId>,
}

/// What the lots of a pool gave to a child on a day.
pub(super) struct PoolDetachment {
    pub(super) date: NaiveDate,
    pub(super) child: InstrumentId,
    /// The part of their cost that accounts' entries gave away so far.
    pub(super) given: Decimal,
}

/// A [`Lot`] of a pool.
pub(super) struct PoolLot {
    pub(super) opened_by: TransactionId,
    pub(super) account: AccountId,
    ordinal: u32,
    pub(super) opened_on: NaiveDate,
    pub(super) closed_on: Option<NaiveDate>,
    opened: Units,
    pub(super) remaining: Units,
    pub(super) cost: Amounts,
}

/// Part of a lot that left the pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// What first opened the lot.
    pub(super) lot: TransactionId,
    /// The account that the lot stood under, and which of its entry's lots it was there: what tells it apart in its pool.
    pub(super) place: (AccountId, u32),
    pub(super) opened_on: NaiveDate,
    /// In the fraction that the pool counts in; below zero from a short lot.
    pub(super) quantity: Units,
    pub(super) cost: Amounts,
}

/// Part of a lot on its way to a pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    /// What first opened it.
    pub(super) lot: TransactionId,
    pub(super) opened_on: NaiveDate,
    /// Below zero where it is owed.
    pub(super) quantity: Decimal,
    pub(super) cost: Amounts,
}

impl Taken {
    /// No units and no cost of a lot.
    pub(super) fn nothing_of(lot: &PoolLot) -> Self {
        Self {
            lot: lot.opened_by,
            place: (lot.account, lot.ordinal),
            opened_on: lot.opened_on,
            quantity: Units::ZERO,
            cost: Amounts::default(),
        }
    }
}

impl PoolLot {
    fn shown(&self, instrument: InstrumentId, decimals: u32) -> Lot {
        Lot {
            opened_by: self.opened_by,
            account: self.account,
            instrument,
            ordinal: self.ordinal,
            opened_on: self.opened_on,
            closed_on: self.closed_on,
            quantity_opened: self.opened.decimal(decimals),
            quantity_remaining: self.remaining.decimal(decimals),
            cost_local: self.cost.local.decimal(),
            cost_base: self.cost.base.decimal(),
        }
    }
}

/// The open lots in the order in which they are used.
enum OpenLots {
    /// Oldest first.
    ByDate(VecDeque<u32>),
    /// By unit cost (its negative where the highest comes first), then oldest first; and each lot's key.
    ByCost(BTreeSet<(Money, NaiveDate, u32)>, HashMap<u32, (Money, NaiveDate, u32)>),
}

impl<'a> Pool<'a> {
    /// An empty pool that counts at least in the fraction that `dust` is given in. `lots` is emptied memory: growing anew for
    /// each pool would copy what is there again and again.
    pub(super) fn new(
        instrument: InstrumentId,
        terms: &'a InstrumentTerms,
        method: LotMethod,
        dust: Decimal,
        lots: Vec<PoolLot>,
    ) -> Self {
        Self {
            instrument,
            terms,
            method,
            decimals: dust.scale(),
            dust: Units::smallest(dust),
            lots,
            open: OpenLots::new(method),
            quantity: Units::ZERO,
            cost: Amounts::default(),
            places: Vec::with_capacity(1),
            moved_in: HashMap::new(),
            last_split: None,
            last_detachment: None,
        }
    }

    /// The place of an account, made where it is not there yet.
    pub(super) fn place(&mut self, account: AccountId) -> usize {
        match self.places.iter().position(|place| place.account == account) {
            Some(at) => at,
            None => {
                self.places.push(Place::new(account));
                self.places.len() - 1
            }
        }
    }

    /// A quantity as the pool counts. Where that is in too coarse a fraction, the pool counts in a finer one from now on:
    /// units that were counted before mean something else then, so an entry names all its quantities first.
    pub(super) fn units(&mut self, quantity: Decimal) -> Result<Units, ArithmeticError> {
        if let Some(units) = Units::of(quantity, self.decimals) {
            return units;
        }
        self.widen(quantity.normalize().scale())?;
        Units::of(quantity, self.decimals).unwrap_or(Ok(Units::ZERO))
    }

    /// What an entry trades, after all that it names is counted in the same fraction.
    pub(super) fn named(&mut self, quantity: Decimal, picks: &[LotPick]) -> Result<Units, ArithmeticError> {
        for pick in picks {
            self.units(pick.quantity.unwrap_or_default())?;
        }
        self.units(quantity)
    }

    /// What an entry that was [`Pool::named`] names.
    pub(super) fn counted(&self, quantity: Decimal) -> Result<Units, ArithmeticError> {
        let finer = ArithmeticError::OutOfRange { number: quantity, decimals: self.decimals };
        Units::of(quantity, self.decimals).unwrap_or(Err(finer))
    }

    /// Counts in a fraction of so many decimals, unless it is finer already.
    fn widen(&mut self, decimals: u32) -> Result<(), ArithmeticError> {
        if decimals <= self.decimals {
            return Ok(());
        }
        let wide = |units: Units| units.widened(self.decimals, decimals);
        (self.quantity, self.dust) = (wide(self.quantity)?, wide(self.dust)?);
        for lot in &mut self.lots {
            (lot.opened, lot.remaining) = (wide(lot.opened)?, wide(lot.remaining)?);
        }
        for place in &mut self.places {
            place.widen(self.decimals, decimals)?;
        }
        self.decimals = decimals;
        Ok(())
    }

    /// A quantity as a decimal.
    pub(super) fn decimal(&self, units: Units) -> Decimal {
        units.decimal(self.decimals)
    }

    /// A quantity as messages say it.
    pub(super) fn said(&self, units: Units) -> Decimal {
        self.decimal(units).normalize()
    }

    /// The units of an account, as a decimal.
    pub(super) fn held(&self, place: usize) -> Decimal {
        self.decimal(self.places[place].state.quantity)
    }

    /// Cost per unit in the instrument's currency, rounded to the money scale; zero where nothing is left.
    pub(super) fn unit_cost(&self, lot: usize) -> Decimal {
        let lot = &self.lots[lot];
        unit_cost(lot.cost.local.decimal(), self.decimal(lot.remaining))
    }

    /// Adds a lot that `opened_by` opens here.
    pub(super) fn open(
        &mut self,
        account: AccountId,
        opened_by: TransactionId,
        opened_on: NaiveDate,
        quantity: Units,
        cost: Amounts,
    ) -> Result<(), ArithmeticError> {
        let opened = PoolLot {
            opened_by,
            account,
            ordinal: 0,
            opened_on,
            closed_on: None,
            opened: quantity,
            remaining: quantity,
            cost,
        };
        self.push(opened)
    }

    /// Adds what left another pool; it keeps what opened it and when.
    pub(super) fn move_in(&mut self, account: AccountId, moved: Moved) -> Result<(), ArithmeticError> {
        let quantity = self.units(moved.quantity)?;
        let ordinal = self.moved_in.entry(moved.lot).or_default();
        // A lot that was opened here is 0.
        *ordinal += 1;
        let opened = PoolLot {
            opened_by: moved.lot,
            account,
            ordinal: *ordinal,
            opened_on: moved.opened_on,
            closed_on: None,
            opened: quantity,
            remaining: quantity,
            cost: moved.cost,
        };
        self.push(opened)
    }

    fn push(&mut self, lot: PoolLot) -> Result<(), ArithmeticError> {
        if lot.remaining.is_zero() {
            return Ok(());
        }
        self.quantity = self.quantity.plus(lot.remaining)?;
        self.cost = self.cost.plus(lot.cost)?;
        self.lots.push(lot);
        self.open.insert(&self.lots, self.lots.len() - 1, self.method, self.decimals)
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
        wanted: Units,
        date: NaiveDate,
        taken: &mut Vec<Taken>,
    ) -> Result<(), ArithmeticError> {
        let mut wanted = wanted;
        let mut average = self.average_cost_of(wanted)?;
        while wanted.is_positive() {
            let Some(at) = self.open.first(self.method) else { break };
            let quantity = wanted.min(self.lots[at].remaining.abs());
            let cost = average.map(|left| if quantity == wanted { Ok(left) } else { left.share(quantity, wanted) });
            let part = self.take_from(at, quantity, cost.transpose()?, date)?;
            wanted = wanted.minus(quantity)?;
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
        picked: &[(usize, Units)],
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
    fn average_cost_of(&self, units: Units) -> Result<Option<Amounts>, ArithmeticError> {
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
        quantity: Units,
        averaged: Option<Amounts>,
        date: NaiveDate,
    ) -> Result<Taken, ArithmeticError> {
        let lot = &mut self.lots[at];
        let available = lot.remaining.abs();
        let all = quantity >= available;
        let own = if all { lot.cost } else { lot.cost.share(quantity, available)? };
        let signed = if lot.remaining.is_negative() { quantity.negated() } else { quantity };
        lot.remaining = lot.remaining.minus(signed)?;
        lot.cost = lot.cost.minus(own)?;
        if all {
            lot.closed_on = Some(date);
        }
        let part = Taken { quantity: signed, cost: averaged.unwrap_or(own), ..Taken::nothing_of(lot) };
        if all {
            self.open.remove(at);
        }
        self.quantity = self.quantity.minus(signed)?;
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
            let own = if lot.remaining == quantity { cost } else { cost.share(lot.remaining, quantity)? };
            cost = cost.minus(own)?;
            quantity = quantity.minus(lot.remaining)?;
            lot.cost = own;
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
            let lot = &self.lots[at];
            let (opened, remaining) = (self.decimal(lot.opened), self.decimal(lot.remaining));
            let after = restating.next(remaining)?;
            let opened = if opened == remaining { after } else { restated(opened, numerator, denominator)? };
            self.resize(at, opened, after)?;
        }
        self.retotal()?;
        // The last account takes what is left, so that the accounts sum to the lots.
        let holders: Vec<usize> =
            (0..self.places.len()).filter(|at| !self.places[*at].state.quantity.is_zero()).collect();
        let Some((last, others)) = holders.split_last() else { return Ok(()) };
        for &at in others {
            let units = self.units(restated(self.held(at), numerator, denominator)?)?;
            self.places[at].state.quantity = units;
        }
        let mut left = self.quantity;
        for &at in others {
            left = left.minus(self.places[at].state.quantity)?;
        }
        self.places[*last].state.quantity = left;
        Ok(())
    }

    /// Adds units to the open lots in proportion; cost stays.
    pub(super) fn enlarge(&mut self, units: Decimal) -> Result<(), ArithmeticError> {
        let (mut left, mut base) = (units, self.decimal(self.quantity));
        for at in self.open_lots() {
            let (opened, held) = (self.decimal(self.lots[at].opened), self.decimal(self.lots[at].remaining));
            let more = proportion(left, held, base)?;
            left = sub(left, more)?;
            base = sub(base, held)?;
            self.resize(at, add(opened, more)?, add(held, more)?)?;
        }
        self.retotal()
    }

    fn resize(&mut self, lot: usize, opened: Decimal, remaining: Decimal) -> Result<(), ArithmeticError> {
        // The finer of both comes first, so that neither is counted twice.
        self.units(opened)?;
        let remaining = self.units(remaining)?;
        let opened = self.units(opened)?;
        let lot = &mut self.lots[lot];
        (lot.opened, lot.remaining) = (opened, remaining);
        Ok(())
    }

    /// Sums the lots anew after they were changed one by one, and sorts them by what they now cost.
    pub(super) fn retotal(&mut self) -> Result<(), ArithmeticError> {
        self.quantity = Units::ZERO;
        let averaged = self.method == LotMethod::Average;
        if !averaged {
            self.cost = Amounts::default();
        }
        let open = self.open_lots();
        self.open = OpenLots::new(self.method);
        for at in open {
            let lot = &self.lots[at];
            self.quantity = self.quantity.plus(lot.remaining)?;
            if !averaged {
                self.cost = self.cost.plus(lot.cost)?;
            }
            self.open.insert(&self.lots, at, self.method, self.decimals)?;
        }
        Ok(())
    }

    /// Makes the pool's totals what the account has, or its share of them where several accounts share the pool, and what
    /// holds at the end of `date`. `units` is what the account's own quantity changed by.
    pub(super) fn record(&mut self, at: usize, units: Units, date: NaiveDate) -> Result<(), ArithmeticError> {
        let (instrument, decimals) = (self.instrument, self.decimals);
        if let [only] = self.places.as_mut_slice() {
            (only.state.quantity, only.state.cost) = (self.quantity, self.cost);
            only.record(date, instrument, decimals);
            return Ok(());
        }
        let place = &mut self.places[at];
        place.state.quantity = place.state.quantity.plus(units)?;
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
            quantity = quantity.minus(held)?;
            let changed = place.state.cost != own;
            place.state.cost = own;
            if changed || index == at {
                place.record(date, instrument, decimals);
            }
        }
        Ok(())
    }

    /// Records the state of every account.
    pub(super) fn record_all(&mut self, date: NaiveDate) -> Result<(), ArithmeticError> {
        (0..self.places.len()).try_for_each(|at| self.record(at, Units::ZERO, date))
    }

    /// Puts its rows away, and returns the memory of its lots.
    pub(super) fn end(mut self, booked: &mut Booking) -> Vec<PoolLot> {
        let (instrument, decimals) = (self.instrument, self.decimals);
        booked.lots.extend(self.lots.iter().map(|lot| lot.shown(instrument, decimals)));
        for place in self.places {
            place.end(instrument, booked);
        }
        self.lots.clear();
        self.lots
    }
}

/// `amount × part ÷ whole`: all of it for the whole, else rounded to the money scale, or to the decimals that the amount
/// itself is given with.
pub(super) fn proportion(amount: Decimal, part: Decimal, whole: Decimal) -> Result<Decimal, ArithmeticError> {
    match part == whole {
        true => Ok(amount),
        false => Ok(mul_div(amount, part, whole)?.round_dp(amount.scale().max(MONEY_SCALE)).normalize()),
    }
}

impl OpenLots {
    fn new(method: LotMethod) -> Self {
        match method {
            LotMethod::Hifo | LotMethod::Lofo => Self::ByCost(BTreeSet::new(), HashMap::new()),
            _ => Self::ByDate(VecDeque::new()),
        }
    }

    fn insert(&mut self, lots: &[PoolLot], at: usize, method: LotMethod, decimals: u32) -> Result<(), ArithmeticError> {
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
                let cost = Money::rounded(unit_cost(lot.cost.local.decimal(), lot.remaining.decimal(decimals)))?;
                let key = (if method == LotMethod::Hifo { cost.negated() } else { cost }, lot.opened_on, index);
                set.insert(key);
                keys.insert(index, key);
            }
        }
        Ok(())
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
