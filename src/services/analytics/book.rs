//! A scope over a range, valued: the columns that every figure of it is computed from.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use domain::ledger::{CashPeriod, PositionPeriod};
use domain::money::{self, Currency};
use domain::valuation::{self, Daily, GainSplit, Holdings, Line, ValuationError};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::super::valuation::{History, Market, OfViews, Rows, View, load_calendars, valuation_days};
use super::super::{ServiceError, Services};
use super::{Part, Range, Scope, hypothetical};
use crate::storage::instrument::Instrument;
use crate::storage::projection::Border;
use crate::tenancy::{Session, Tenant};

/// A scope by day and by holding.
#[derive(Clone, Debug)]
pub struct Book {
    /// The currency of every figure.
    pub currency: Currency,
    /// Value and flows by valuation day, the first of which opens the range.
    pub history: History,
    /// Each instrument that was held, by day.
    pub lines: Vec<Line>,
    /// What the gain over the range is made of; nothing where a value at its ends is unknown.
    pub gain: Option<GainSplit>,
    /// Income by step: dividends and coupons before tax, by instrument, and interest on cash.
    pub income: Vec<(NaiveDate, Option<Uuid>, Decimal)>,
    /// Charges on no trade and on no holding, by step: they are paid from cash.
    pub charges: Vec<Charge>,
    /// Every line at the close that the range opens from, and at its end.
    pub ends: [Holdings; 2],
    /// What is or was held.
    pub instruments: HashMap<Uuid, Arc<Instrument>>,
}

/// What was charged in a step, above zero where it was paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// Management and other fees that no trade carries.
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
        let fx = market_view.fx(session).await?;
        let groups: BTreeSet<(NaiveDate, NaiveDate, bool)> =
            asked.iter().map(|(scope, range)| key(scope, *range)).collect();
        let mut loaded: HashMap<(NaiveDate, NaiveDate, bool), (OfViews<Rows>, Market)> = HashMap::new();
        for group in groups {
            let of_group = asked.iter().filter(|(scope, range)| key(scope, *range) == group);
            let mut views: Vec<View> = of_group.flat_map(|(scope, _)| scope.views.iter().cloned()).collect();
            views.sort_by_key(|view| view.portfolio);
            views.dedup();
            let border = if group.2 { Border::Account } else { Border::Portfolio };
            let rows = self.rows(session, &views, (group.0, group.1), border, &fx).await?;
            let traded = asked.iter().filter(|(scope, range)| key(scope, *range) == group);
            let traded = traded.flat_map(|(scope, _)| scope.trades.iter().map(|trade| trade.instrument));
            let held = rows.values().flatten().flat_map(|rows| &rows.positions).map(|row| row.instrument.uuid());
            let held = held.chain(traded).collect();
            let market = load_calendars(session, &market_view, Arc::clone(&fx), held).await?;
            let market = market.with_prices(session, &market_view).await?;
            loaded.insert(group, (rows, market));
        }
        let book = |(scope, range): &(Arc<Scope>, Range)| {
            let (rows, market) = loaded
                .get(&key(scope, *range))
                .ok_or_else(|| ServiceError::Internal("the rows of a scope are gone".to_owned()))?;
            book(scope, *range, rows, market).map(Arc::new)
        };
        Ok(asked.iter().map(book).collect())
    }
}

fn key(scope: &Scope, range: Range) -> (NaiveDate, NaiveDate, bool) {
    (range.opening, range.end, scope.border() == Border::Account)
}

fn book(scope: &Scope, range: Range, rows: &OfViews<Rows>, market: &Market) -> Result<Book, ServiceError> {
    let mut all = Rows::default();
    for view in &scope.views {
        let of_view = rows.get(view).ok_or_else(|| ServiceError::Internal("a view is gone".to_owned()))?;
        let of_view = scope.within(of_view.as_ref().map_err(again)?.clone());
        all.positions.extend(of_view.positions);
        all.cash.extend(of_view.cash);
        all.flows.extend(of_view.flows);
    }
    for trade in &scope.trades {
        hypothetical::make(&mut all, trade, range.end, scope.currency, market)?;
    }
    let held = || all.positions.iter().map(|row| row.instrument.uuid());
    let days = valuation_days(held(), market, range.opening, range.end);
    let days = &days[beginning(&all, &days)..];
    let instruments = held().filter_map(|id| Some((id, market.instrument(id)?))).collect::<HashMap<_, _>>();
    let Rows { positions, cash, flows } = &all;
    let is_holding = matches!(scope.part, Part::Holding(_));
    let (daily, lines, gain, ends, flows) = market.value(scope.currency, positions, cash, flows, |inputs| {
        let lines = valuation::lines(inputs, days)?;
        let mut daily = valuation::daily(inputs, days)?;
        let mut gain = valuation::gain(inputs, &daily, &lines)?;
        // What crossed on the day of the opening close is in it.
        let within = flows.iter().filter(|flow| flow.date > range.opening);
        let mut flows: Vec<(NaiveDate, Decimal)> = within
            .map(|flow| Ok((flow.date, valuation::flow_value(inputs, flow)?)))
            .collect::<Result<_, ValuationError>>()?;
        if is_holding {
            gain = lines.first().and_then(|line| line.split);
            of_holding(&mut daily, lines.first());
            flows =
                daily.dates.iter().copied().zip(daily.flows.iter().copied()).filter(|flow| !flow.1.is_zero()).collect();
        }
        let opening = daily.dates.first().copied().unwrap_or(range.opening);
        let ends = [valuation::holdings(inputs, opening)?, valuation::holdings(inputs, range.end)?];
        Ok((daily, lines, gain, ends, flows))
    })?;
    let charges = charges(days, positions, cash)?;
    let income = income(days, positions, cash)?;
    let names = instruments.iter().map(|(id, instrument)| (*id, instrument.symbol.clone())).collect();
    let history = History { currency: scope.currency, daily, flows, names };
    Ok(Book { currency: scope.currency, history, lines, gain, income, charges, ends, instruments })
}

/// Where the days begin that anything was in the scope on: at the close before. All of them where nothing ever was.
fn beginning(rows: &Rows, days: &[NaiveDate]) -> usize {
    let positions = rows.positions.iter().filter(|row| !row.quantity.is_zero()).map(|row| row.valid_from);
    let cash = rows.cash.iter().filter(|row| !row.amount.is_zero()).map(|row| row.valid_from);
    let flows = rows.flows.iter().map(|flow| flow.date);
    let first = positions.chain(cash).chain(flows).min();
    first.map_or(0, |first| days.partition_point(|day| *day < first).saturating_sub(1))
}

/// The error of a view, told to each scope that it is in.
fn again(error: &ServiceError) -> ServiceError {
    match error {
        ServiceError::BadInput(message) => ServiceError::BadInput(message.clone()),
        ServiceError::Refused(refusals) => ServiceError::Refused(refusals.clone()),
        other => ServiceError::Internal(other.to_string()),
    }
}

/// The columns of a holding alone: nothing but it is in its value, and what was paid for it are its flows.
fn of_holding(daily: &mut Daily, line: Option<&Line>) {
    if let Some(line) = line {
        daily.values.clone_from(&line.values);
        daily.flows.clone_from(&line.flows);
    }
}

/// What was charged in each step from one day to the next; nothing on the first day.
fn charges(days: &[NaiveDate], positions: &[PositionPeriod], cash: &[CashPeriod]) -> Result<Vec<Charge>, ServiceError> {
    let mut charges = vec![Charge::default(); days.len()];
    let mut add = |before: Charge, now: Charge, from: NaiveDate| -> Result<(), ServiceError> {
        if days.first().is_none_or(|first| from <= *first) {
            return Ok(());
        }
        if let Some(step) = charges.get_mut(days.partition_point(|day| *day < from)) {
            step.fees = money::add(step.fees, money::sub(now.fees, before.fees)?)?;
            step.taxes = money::add(step.taxes, money::sub(now.taxes, before.taxes)?)?;
        }
        Ok(())
    };
    let mut cash: Vec<&CashPeriod> = cash.iter().collect();
    cash.sort_by_key(|row| (row.account, row.currency, row.valid_from));
    for rows in cash.chunk_by(|one, other| (one.account, one.currency) == (other.account, other.currency)) {
        let mut before = Charge::default();
        for row in rows {
            let now = Charge { fees: row.fees_base, taxes: row.taxes_base };
            add(before, now, row.valid_from)?;
            before = now;
        }
    }
    let mut positions: Vec<&PositionPeriod> = positions.iter().collect();
    positions.sort_by_key(|row| (row.account, row.instrument, row.valid_from));
    for rows in positions.chunk_by(|one, other| (one.account, one.instrument) == (other.account, other.instrument)) {
        let mut before = Charge::default();
        for row in rows {
            let now = Charge { fees: Decimal::ZERO, taxes: row.taxes_base };
            add(before, now, row.valid_from)?;
            before = now;
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
    let of_positions = positions.iter().map(|row| {
        let key = (row.account, Some(row.instrument.uuid()), None);
        (key, row.valid_from, row.income_base)
    });
    let of_cash = cash.iter().map(|row| ((row.account, None, Some(row.currency)), row.valid_from, row.interest_base));
    let mut rows: Vec<_> = of_positions.chain(of_cash).collect();
    rows.sort_by_key(|(key, from, _)| (*key, *from));
    let (Some(&opening), Some(&end)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
    let mut received = Vec::new();
    for rows in rows.chunk_by(|one, other| one.0 == other.0) {
        let mut before = Decimal::ZERO;
        for &((_, instrument, _), from, total) in rows {
            let amount = money::sub(total, before)?;
            before = total;
            if from > opening && from <= end && !amount.is_zero() {
                received.push((from, instrument, amount));
            }
        }
    }
    Ok(received)
}
