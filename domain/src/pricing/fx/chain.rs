//! The way from one currency to another.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{FxError, FxRates, Rate};
use crate::money::{ArithmeticError, Currency, mul};
use crate::pricing::conventions::FixedRate;
use crate::pricing::{Certainty, Cursor, Lookup, MissingReason, Series, Status};

/// Legs of a chain at most: from a unit of quotation to its currency, to one that most rates are against, to another such, to the
/// currency asked for, to its unit.
const MAX_LEGS: usize = 5;

/// Chains that are looked at, the shortest first and those through currencies that most rates are against: up to two legs, and as
/// many beyond.
const MAX_ROUTES: usize = 64;

/// How a rate came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The rate.
    pub rate: Rate,
    /// The published rates that it was computed from, in order; none from a currency to itself.
    pub legs: Vec<ChainLeg>,
}

/// A published rate on the way from one currency to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainLeg {
    /// Where it leads from.
    pub from: Currency,
    /// Where it leads to.
    pub to: Currency,
    /// The currency whose unit is priced, as published: `from`, or `to` where the rate is taken the other way round.
    pub base: Currency,
    /// Units of the other one for a unit of `base`, as published.
    pub rate: Decimal,
    /// The day of the rate; the day asked for where it is fixed.
    pub date: NaiveDate,
    /// Whether it is of the day asked for.
    pub status: Status,
    /// Whether it is final.
    pub certainty: Certainty,
    /// Whether it holds by law or convention, whatever the market does.
    pub is_fixed: bool,
}

/// A place in the rates of one pair, moved forward by ascending days.
#[derive(Clone, Debug)]
pub struct FxCursor<'a> {
    rates: &'a FxRates,
    from: Currency,
    to: Currency,
    /// Ways of up to two legs, the shortest first.
    short: Vec<Route<'a>>,
    /// Longer ways, the shortest first. They are looked for when a short one does not do.
    long: Option<Vec<Route<'a>>>,
    /// The way from the pivot to `to`, which tells which of the two currencies lacks its rate.
    blame: Option<Box<FxCursor<'a>>>,
}

#[derive(Clone, Debug)]
struct Route<'a> {
    legs: Vec<Leg<'a>>,
}

/// One pair on the way, in the direction in which it is gone.
#[derive(Clone, Debug)]
struct Leg<'a> {
    from: Currency,
    to: Currency,
    onward: Option<Cursor<'a>>,
    reverse: Option<Cursor<'a>>,
    fixed: &'a [FixedRate],
    ended: Option<NaiveDate>,
    broken: Option<NaiveDate>,
}

impl FxRates {
    /// The rate on `date` and how it came about.
    ///
    /// # Errors
    /// As [`FxRates::rate`].
    pub fn chain(&self, from: Currency, to: Currency, date: NaiveDate) -> Result<Chain, FxError> {
        let mut cursor = self.cursor(from, to);
        let rate = cursor.at(date)?;
        Ok(Chain { rate, legs: cursor.best(date).unwrap_or_default() })
    }

    fn leg(&self, from: Currency, to: Currency) -> Option<Leg<'_>> {
        let pair = self.pairs.get(&(from.min(to), from.max(to)))?;
        let (onward, reverse) = match from < to {
            true => (&pair.forward, &pair.backward),
            false => (&pair.backward, &pair.forward),
        };
        let (onward, reverse) = (cursor(onward, self), cursor(reverse, self));
        Some(Leg { from, to, onward, reverse, fixed: &pair.fixed, ended: pair.ended, broken: pair.broken })
    }

    fn neighbours(&self, of: Currency) -> &[Currency] {
        self.neighbours.get(&of).map_or(&[], Vec::as_slice)
    }

    /// The ways of exactly so many legs more, over no currency twice, added to `found`.
    fn routes(&self, way: &mut Vec<Currency>, to: Currency, legs: usize, found: &mut Vec<Vec<Currency>>) {
        let Some(&at) = way.last() else { return };
        if legs == 1 {
            if found.len() < MAX_ROUTES && self.pairs.contains_key(&(at.min(to), at.max(to))) {
                found.push(way.iter().copied().chain([to]).collect());
            }
            return;
        }
        // Both lists are in the same order, and the last currency on the way stands in both.
        let next = match (self.neighbours(at), self.neighbours(to)) {
            (from, to) if legs == 2 && to.len() < from.len() => to,
            (from, _) => from,
        };
        for &next in next {
            let is_new = next != to && !way.contains(&next);
            if found.len() < MAX_ROUTES && is_new && self.pairs.contains_key(&(at.min(next), at.max(next))) {
                way.push(next);
                self.routes(way, to, legs - 1, found);
                way.pop();
            }
        }
    }

    fn ways(&self, from: Currency, to: Currency, legs: std::ops::RangeInclusive<usize>) -> Vec<Route<'_>> {
        let mut found = Vec::new();
        for legs in legs {
            self.routes(&mut vec![from], to, legs, &mut found);
        }
        let route = |way: &Vec<Currency>| {
            let legs = way.iter().zip(way.iter().skip(1)).map(|(from, to)| self.leg(*from, *to)).collect::<Option<_>>();
            legs.map(|legs| Route { legs })
        };
        found.iter().filter_map(route).collect()
    }

    /// Why a currency has no rate: what its freshest pair lacks.
    fn reason(&self, currency: Currency, date: NaiveDate) -> MissingReason {
        // A unit of quotation lacks what its currency lacks.
        let unit = self.neighbours(currency).iter().find_map(|other| self.leg(*other, currency)?.unit_of());
        let currency = unit.unwrap_or(currency);
        let mut best = MissingReason::NoData;
        for &other in self.neighbours(currency) {
            let Some(leg) = self.leg(currency, other) else { continue };
            for mut cursor in [leg.onward, leg.reverse].into_iter().flatten() {
                best = match cursor.as_of(date) {
                    Lookup::Known { date, .. } => fresher(best, MissingReason::TooOld { last_date: date }),
                    Lookup::Missing { reason } => fresher(best, reason),
                };
            }
        }
        best
    }
}

fn cursor<'a>(series: &'a Option<Series>, rates: &'a FxRates) -> Option<Cursor<'a>> {
    series.as_ref().map(|series| series.cursor(rates.max_age))
}

/// The reason that says more: the latest observation, else the earliest first one.
fn fresher(one: MissingReason, other: MissingReason) -> MissingReason {
    match (one, other) {
        (MissingReason::TooOld { last_date: a }, MissingReason::TooOld { last_date: b }) => {
            MissingReason::TooOld { last_date: a.max(b) }
        }
        (MissingReason::NotYet { first_date: a }, MissingReason::NotYet { first_date: b }) => {
            MissingReason::NotYet { first_date: a.min(b) }
        }
        (one, other) => one.max(other),
    }
}

impl<'a> FxCursor<'a> {
    pub(super) fn new(rates: &'a FxRates, from: Currency, to: Currency) -> Self {
        let short = if from == to { Vec::new() } else { rates.ways(from, to, 1..=2) };
        Self { rates, from, to, short, long: None, blame: None }
    }

    /// As [`FxRates::rate`].
    ///
    /// # Errors
    /// [`FxError`].
    pub fn at(&mut self, date: NaiveDate) -> Result<Rate, FxError> {
        if self.from == self.to {
            return Ok(Rate { quotient: None, date, asked: date, certainty: Certainty::Final });
        }
        match self.best(date) {
            Some(legs) => Ok(quotient(&legs, date)?),
            None => Err(self.missing(date)),
        }
    }

    /// The legs of the way that is taken on a day.
    fn best(&mut self, date: NaiveDate) -> Option<Vec<ChainLeg>> {
        if let Some(legs) = freshest(&mut self.short, date) {
            return Some(legs);
        }
        let (rates, from, to) = (self.rates, self.from, self.to);
        let long = self.long.get_or_insert_with(|| match from == to {
            true => Vec::new(),
            false => rates.ways(from, to, 3..=MAX_LEGS),
        });
        freshest(long, date)
    }

    /// The currency that no rate leads to from the pivot, the target first.
    fn missing(&mut self, date: NaiveDate) -> FxError {
        let (rates, from, to) = (self.rates, self.from, self.to);
        let is_reached = to == rates.pivot || {
            let blame = self.blame.get_or_insert_with(|| Box::new(FxCursor::new(rates, rates.pivot, to)));
            blame.best(date).is_some()
        };
        let currency = if is_reached { from } else { to };
        FxError::MissingRate { currency, date, reason: rates.reason(currency, date) }
    }
}

/// The legs of the shortest way that is known on the day; of several, of the freshest, and of those the first. The shortest come first.
fn freshest(routes: &mut [Route<'_>], date: NaiveDate) -> Option<Vec<ChainLeg>> {
    let mut best: Option<(NaiveDate, Vec<ChainLeg>)> = None;
    for route in routes {
        if best.as_ref().is_some_and(|(_, legs)| legs.len() < route.legs.len()) {
            break;
        }
        let Some(legs) = route.legs.iter_mut().map(|leg| leg.at(date)).collect::<Option<Vec<_>>>() else { continue };
        let oldest = legs.iter().map(|leg| leg.date).min().unwrap_or(date);
        if best.as_ref().is_none_or(|(of_best, _)| *of_best < oldest) {
            best = Some((oldest, legs));
        }
    }
    best.map(|(_, legs)| legs)
}

fn quotient(legs: &[ChainLeg], asked: NaiveDate) -> Result<Rate, ArithmeticError> {
    let product = |onward: bool| {
        let mut rates = legs.iter().filter(|leg| (leg.base == leg.from) == onward).map(|leg| leg.rate);
        let first = rates.next().unwrap_or(Decimal::ONE);
        rates.try_fold(first, mul)
    };
    let date = legs.iter().map(|leg| leg.date).min().unwrap_or(asked);
    let certainty = legs.iter().map(|leg| leg.certainty).max().unwrap_or_default();
    Ok(Rate { quotient: Some((product(true)?, product(false)?)), date, asked, certainty })
}

impl Leg<'_> {
    fn at(&mut self, date: NaiveDate) -> Option<ChainLeg> {
        let Self { from, to, .. } = *self;
        if let Some(fixed) = self.fixed.iter().find(|fixed| fixed.holds(date)) {
            let (base, rate) = (fixed.base, fixed.rate);
            let (status, certainty) = (Status::Complete, Certainty::Final);
            return Some(ChainLeg { from, to, base, rate, date, status, certainty, is_fixed: true });
        }
        // The last rates of a currency say nothing once it has ended.
        if self.ended.is_some_and(|ended| ended <= date) {
            return None;
        }
        // A rate of before a redenomination is one of other units.
        let broken = self.broken;
        let is_of_other_units = |of: NaiveDate| broken.is_some_and(|day| of < day && day <= date);
        let look =
            |cursor: &mut Option<_>, base| match cursor.as_mut().map(|cursor: &mut Cursor<'_>| cursor.as_of(date)) {
                Some(Lookup::Known { value, date: of, certainty, .. }) if !is_of_other_units(of) => {
                    let status = Status::by_reference_days(of, date);
                    Some(ChainLeg { from, to, base, rate: value, date: of, status, certainty, is_fixed: false })
                }
                _ => None,
            };
        let (onward, reverse) = (look(&mut self.onward, from), look(&mut self.reverse, to));
        match (onward, reverse) {
            (Some(onward), Some(reverse)) if onward.date < reverse.date => Some(reverse),
            (onward, reverse) => onward.or(reverse),
        }
    }

    /// The currency of a unit of quotation, if this leg leads to one from there.
    fn unit_of(&self) -> Option<Currency> {
        self.fixed.iter().find(|fixed| fixed.from.is_none() && fixed.quote == self.to).map(|fixed| fixed.base)
    }
}
