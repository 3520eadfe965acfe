//! A scope over a range, valued: the columns that every figure of it is computed from.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, NaiveDate, Utc};
use domain::analytics::Twr;
use domain::id::AccountId;
use domain::ledger::{CashPeriod, Flow, PositionPeriod};
use domain::money::{self, Currency};
use domain::valuation::{self, DoubtfulSpan, GainByLots, GainSplit, Holdings, Inputs, Line, ValuationError};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::super::valuation::{History, Market, OfViews, Rows, View, load_calendars, valuation_days};
use super::super::{ServiceError, Services};
use super::{Part, Range, Scope, hypothetical};
use crate::storage::instrument::Instrument;
use crate::storage::projection::Border;
use crate::tenancy::{Session, Tenant};

/// A scope by day, and by holding where that is asked for.
pub struct Book {
    /// The currency of every figure.
    pub currency: Currency,
    /// The instant that everything is as it was known at; nothing for now.
    pub known_at: Option<DateTime<Utc>>,
    /// Value and flows by valuation day, the first of which opens the range.
    pub history: History,
    /// Its time-weighted returns.
    pub chain: Twr,
    /// Every line at the close that the range opens from, and at its end.
    pub ends: [Holdings; 2],
    /// What is or was held.
    pub instruments: HashMap<Uuid, Arc<Instrument>>,
    /// What of its portfolios is looked at.
    pub part: Part,
    rows: Rows,
    market: Arc<Market>,
    split: OnceLock<Result<Split, ServiceError>>,
}

/// What each instrument did.
#[derive(Clone, Debug)]
pub struct Split {
    /// Each instrument that was held, by day.
    pub lines: Vec<Line>,
    /// What the gain over the range is made of; nothing where a value at its ends is unknown.
    pub gain: Option<GainSplit>,
}

/// What was charged in a step, above zero where it was paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// Fees that are on no holding, such as an advisor's.
    pub fees: Decimal,
    /// Taxes, withheld ones and those inside trades too.
    pub taxes: Decimal,
}

impl Services {
    /// Each scope over its range. A scope that cannot be valued does not keep the others from it.
    pub async fn analytics_books(
        &self,
        session: &Session<Tenant>,
        asked: &[(Arc<Scope>, Range)],
    ) -> Result<Vec<Result<Arc<Book>, ServiceError>>, ServiceError> {
        let market_view = self.market.view(session).await?;
        let mut groups: HashMap<Group, Vec<&Scope>> = HashMap::new();
        for (scope, range) in asked {
            groups.entry(group(scope, *range)).or_default().push(scope);
        }
        let mut loaded: HashMap<Group, (OfViews<Rows>, Arc<Market>)> = HashMap::new();
        for (group, scopes) in groups {
            let (opening, end, border, moment) = group;
            let market_view = market_view.at(moment);
            let fx = market_view.fx(session).await?;
            // Each once: the rows of a view are given away to the first that asks for them.
            let views: HashSet<&View> = scopes.iter().flat_map(|scope| &scope.views).collect();
            let views: Vec<View> = views.into_iter().cloned().collect();
            let rows = self.rows(session, &views, (opening, end), border, &fx).await?;
            let traded = scopes.iter().flat_map(|scope| &scope.trades).map(|trade| trade.instrument);
            let held = rows.values().flatten().flat_map(|rows| &rows.positions).map(|row| row.instrument.uuid());
            let held = held.chain(traded).collect();
            let market = load_calendars(session, &market_view, fx, held).await?;
            let market = market.with_prices(session, &market_view).await?;
            loaded.insert(group, (rows, Arc::new(market)));
        }
        let book = |(scope, range): &(Arc<Scope>, Range)| {
            let (rows, market) = loaded
                .get(&group(scope, *range))
                .ok_or_else(|| ServiceError::Internal("the rows of a scope are gone".to_owned()))?;
            book(scope, *range, rows, market).map(Arc::new)
        };
        Ok(asked.iter().map(book).collect())
    }
}

/// What is read together: a range, and the flows across a border, as they were known at a moment.
type Group = (NaiveDate, NaiveDate, Border, Option<DateTime<Utc>>);

fn group(scope: &Scope, range: Range) -> Group {
    (range.opening, range.end, scope.border(), scope.known_at())
}

fn book(scope: &Scope, range: Range, rows: &OfViews<Rows>, market: &Arc<Market>) -> Result<Book, ServiceError> {
    let mut all = Rows::default();
    for view in &scope.views {
        let of_view = rows.get(view).ok_or_else(|| ServiceError::Internal("a view is gone".to_owned()))?;
        let of_view = of_view.as_ref().map_err(again)?;
        all.positions.extend_from_slice(&of_view.positions);
        all.cash.extend_from_slice(&of_view.cash);
        all.flows.extend_from_slice(&of_view.flows);
    }
    // A trade is made before the scope is cut out: what pays for a holding is no part of it.
    for trade in &scope.trades {
        hypothetical::make(&mut all, trade, scope, range.end, market)?;
    }
    let all = scope.within(all);
    let held: HashSet<Uuid> = all.positions.iter().map(|row| row.instrument.uuid()).collect();
    let days = valuation_days(held.iter().copied(), market, range.opening, range.end);
    let days = &days[beginning(first_in(&all.positions, &all.cash, &all.flows), &days)..];
    let instruments = held.into_iter().filter_map(|id| Some((id, market.instrument(id)?))).collect::<HashMap<_, _>>();
    let Rows { positions, cash, flows } = &all;
    let (daily, flows, ends) = market.value(scope.currency, positions, cash, flows, |inputs| {
        let daily = valuation::daily(inputs, days)?;
        // What crossed on the day of the opening close is in it.
        let within = flows.iter().filter(|flow| flow.date > range.opening);
        let flows: Vec<(NaiveDate, Decimal)> = within
            .map(|flow| Ok((flow.date, valuation::flow_value(inputs, flow)?)))
            .collect::<Result<_, ValuationError>>()?;
        let opening = daily.dates.first().copied().unwrap_or(range.opening);
        Ok((daily, flows, [valuation::holdings(inputs, opening)?, valuation::holdings(inputs, range.end)?]))
    })?;
    let names = instruments.iter().map(|(id, instrument)| (*id, instrument.symbol.clone())).collect();
    let history = History { currency: scope.currency, daily, flows, names };
    let mut book = Book {
        currency: scope.currency,
        known_at: scope.known_at(),
        chain: history.chain(),
        history,
        ends,
        instruments,
        part: scope.part,
        market: Arc::clone(market),
        rows: all,
        split: OnceLock::new(),
    };
    if matches!(scope.part, Part::Holding(_)) {
        book.narrow()?;
    }
    Ok(book)
}

impl Book {
    /// What each instrument did, computed once.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for sums that are too large.
    pub fn split(&self) -> Result<&Split, ServiceError> {
        let split = self.split.get_or_init(|| {
            self.value(|inputs| {
                let lines = valuation::lines(inputs, &self.history.daily.dates)?;
                let gain = valuation::gain(inputs, &self.history.daily, &lines)?;
                Ok(Split { lines, gain })
            })
        });
        split.as_ref().map_err(again)
    }

    /// What the gain over the range is made of by lots; nothing where a value at its ends is unknown.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for sums that are too large.
    pub fn gain_by_lots(&self) -> Result<Option<GainByLots>, ServiceError> {
        let Some(gain) = &self.split()?.gain else { return Ok(None) };
        let [before, after] = &self.ends;
        self.value(|inputs| valuation::gain_by_lots(inputs, [before, after], gain.total))
    }

    /// Charges on no trade and on no holding, by step: they are paid from cash.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for sums that are too large.
    pub fn charges(&self) -> Result<Vec<Charge>, ServiceError> {
        charges(&self.history.daily.dates, &self.rows.positions, &self.rows.cash)
    }

    /// Taxes on some holdings, by instrument and step; above zero where they were paid.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for sums that are too large.
    pub(super) fn taxes_of_holdings(
        &self,
        is_of: impl Fn(Uuid) -> bool,
    ) -> Result<BTreeMap<Uuid, Vec<Decimal>>, ServiceError> {
        let days = &self.history.daily.dates;
        let rows = self.rows.positions.iter().filter(|row| is_of(row.instrument.uuid()));
        let rows = rows.map(|row| (of_holding_in(row), row.valid_from, row.taxes_base));
        let mut taxes: BTreeMap<Uuid, Vec<Decimal>> = BTreeMap::new();
        for ((_, instrument, _), day, paid) in changes(days, rows)? {
            let Some(instrument) = instrument else { continue };
            let column = taxes.entry(instrument).or_insert_with(|| vec![Decimal::ZERO; days.len()]);
            if let Some(tax) = column.get_mut(days.partition_point(|one| *one < day)) {
                *tax = money::add(*tax, paid)?;
            }
        }
        Ok(taxes)
    }

    /// Income by step: dividends and coupons before tax, by instrument, and interest on cash.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] for sums that are too large.
    pub fn received(&self) -> Result<Vec<(NaiveDate, Option<Uuid>, Decimal)>, ServiceError> {
        income(&self.history.daily.dates, &self.rows.positions, &self.rows.cash)
    }

    /// The prices and rates that stood in for later days or were not final, with the name of each.
    ///
    /// # Errors
    /// [`ServiceError::Internal`] for a holding of an instrument that is gone.
    pub fn doubtful_inputs(&self) -> Result<Vec<(String, DoubtfulSpan)>, ServiceError> {
        let spans = self.value(|inputs| valuation::doubtful_inputs(inputs, &self.history.daily.dates))?;
        Ok(spans.into_iter().map(|span| (self.market.name(span.subject), span)).collect())
    }

    pub(super) fn value<T>(
        &self,
        of: impl FnOnce(&Inputs<'_>) -> Result<T, ValuationError>,
    ) -> Result<T, ServiceError> {
        let Rows { positions, cash, flows } = &self.rows;
        self.market.value(self.currency, positions, cash, flows, of)
    }

    /// Keeps a holding alone: nothing but it is in the value, and what was paid for it are its flows.
    fn narrow(&mut self) -> Result<(), ServiceError> {
        let Split { lines, .. } = self.split()?.clone();
        let gain = lines.first().and_then(|line| line.split);
        let daily = &mut self.history.daily;
        if let Some(line) = lines.first() {
            daily.values.clone_from(&line.values);
            daily.flows.clone_from(&line.flows);
        }
        let flows = daily.dates.iter().copied().zip(daily.flows.iter().copied());
        self.history.flows = flows.filter(|flow| !flow.1.is_zero()).collect();
        self.chain = self.history.chain();
        self.split = OnceLock::from(Ok(Split { lines, gain }));
        Ok(())
    }
}

/// The first day that anything is there on.
pub(super) fn first_in<'a>(
    positions: impl IntoIterator<Item = &'a PositionPeriod>,
    cash: impl IntoIterator<Item = &'a CashPeriod>,
    flows: impl IntoIterator<Item = &'a Flow>,
) -> Option<NaiveDate> {
    let positions = positions.into_iter().filter(|row| !row.quantity.is_zero()).map(|row| row.valid_from);
    let cash = cash.into_iter().filter(|row| !row.amount.is_zero()).map(|row| row.valid_from);
    let flows = flows.into_iter().map(|flow| flow.date);
    positions.chain(cash).chain(flows).min()
}

/// Where the days begin that anything was in the scope on: at the close before. All of them where nothing ever was.
pub(super) fn beginning(first: Option<NaiveDate>, days: &[NaiveDate]) -> usize {
    first.map_or(0, |first| days.partition_point(|day| *day < first).saturating_sub(1))
}

/// The error of a view, told to each scope that it is in.
pub(in crate::services) fn again(error: &ServiceError) -> ServiceError {
    match error {
        ServiceError::BadInput(message) => ServiceError::BadInput(message.clone()),
        ServiceError::Refused(refusals) => ServiceError::Refused(refusals.clone()),
        other => ServiceError::Internal(other.to_string()),
    }
}

/// What was charged in each step from one day to the next; nothing on the first day.
fn charges(days: &[NaiveDate], positions: &[PositionPeriod], cash: &[CashPeriod]) -> Result<Vec<Charge>, ServiceError> {
    let fees = cash.iter().map(|row| (of_cash(row), row.valid_from, row.fees_base));
    let taxes = cash.iter().map(|row| (of_cash(row), row.valid_from, row.taxes_base));
    let taxes = taxes.chain(positions.iter().map(|row| (of_holding_in(row), row.valid_from, row.taxes_base)));
    let mut charges = vec![Charge::default(); days.len()];
    let step = |day: NaiveDate| days.partition_point(|one| *one < day);
    for (_, day, paid) in changes(days, fees)? {
        if let Some(charge) = charges.get_mut(step(day)) {
            charge.fees = money::add(charge.fees, paid)?;
        }
    }
    for (_, day, paid) in changes(days, taxes)? {
        if let Some(charge) = charges.get_mut(step(day)) {
            charge.taxes = money::add(charge.taxes, paid)?;
        }
    }
    Ok(charges)
}

/// What came in on each day within the range, by what it came from; interest comes from nothing that is held.
fn income(
    days: &[NaiveDate],
    positions: &[PositionPeriod],
    cash: &[CashPeriod],
) -> Result<Vec<(NaiveDate, Option<Uuid>, Decimal)>, ServiceError> {
    let rows = positions.iter().map(|row| (of_holding_in(row), row.valid_from, row.income_base));
    let rows = rows.chain(cash.iter().map(|row| (of_cash(row), row.valid_from, row.interest_base)));
    let received = changes(days, rows)?.into_iter();
    Ok(received.map(|((_, instrument, _), day, amount)| (day, instrument, amount)).collect())
}

/// Whose a cumulative figure is: an account's, of an instrument or of a currency.
type Owner = (AccountId, Option<Uuid>, Option<Currency>);

fn of_holding_in(row: &PositionPeriod) -> Owner {
    (row.account, Some(row.instrument.uuid()), None)
}

fn of_cash(row: &CashPeriod) -> Owner {
    (row.account, None, Some(row.currency))
}

/// By how much cumulative figures changed, and when, after the first of the days and until the last.
fn changes(
    days: &[NaiveDate],
    rows: impl Iterator<Item = (Owner, NaiveDate, Decimal)>,
) -> Result<Vec<(Owner, NaiveDate, Decimal)>, ServiceError> {
    let (Some(&opening), Some(&end)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(owner, from, _)| (*owner, *from));
    let mut changes = Vec::new();
    for rows in rows.chunk_by(|one, other| one.0 == other.0) {
        let mut before = Decimal::ZERO;
        for &(owner, from, total) in rows {
            let change = money::sub(total, before)?;
            before = total;
            if from > opening && from <= end && !change.is_zero() {
                changes.push((owner, from, change));
            }
        }
    }
    Ok(changes)
}
