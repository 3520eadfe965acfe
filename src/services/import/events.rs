//! Rows that belong together: all of them are taken or none.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::ledger::{Instruments, TransactionKind};
use uuid::Uuid;

use super::csv_rows::ParsedRow;
use super::names::{Names, Resolved};
use super::{FORMAT, RowError};
use crate::services::RefusalCode;
use crate::services::corporate_action::{Doubt, KnownSplits, OwnSplit};
use crate::services::event::{LegOf, Shape, shape};
use crate::services::market_dividend::{KnownDividends, OwnDividend};
use crate::storage::transaction::{Dates, Recognised};

/// The rows of one event; a row without an event id is one of its own.
pub(super) struct Event {
    pub rows: Vec<(ParsedRow, Resolved)>,
}

/// A row of the ledger to be.
pub(super) struct Leg {
    /// The lines that it stands for.
    pub lines: Vec<u64>,
    pub account: Uuid,
    pub date: NaiveDate,
    pub dates: Dates,
    pub kind: TransactionKind,
    pub key: String,
    pub external_id: Option<String>,
    pub note: Option<String>,
    pub keeps_mine: bool,
    /// The day it was given for, where its ex-date comes from the market.
    pub given: Option<NaiveDate>,
    identity: String,
}

/// Why rows cannot be linked with the market's actions.
pub(super) enum Unlinked {
    /// One is wrong.
    Wrong(RowError),
    /// The one at this place is doubted.
    Doubted(Vec<Leg>, usize, Box<Doubt>),
}

/// A row that is right by itself and belongs to an event of which another one is wrong.
pub(super) fn of_wrong_event(line: u64, wrong: u64) -> RowError {
    let message = format!("line {wrong} of the same event is wrong");
    RowError { line, column: Some("event_id".into()), code: RefusalCode::UnbalancedEvent, message }
}

/// Groups rows into events, in the order of their first rows; and what is wrong with those that are none.
pub(super) fn events(parsed: Vec<ParsedRow>, names: &Names) -> (Vec<Event>, Vec<RowError>) {
    let mut events: Vec<Event> = Vec::with_capacity(parsed.len());
    let mut by_id: HashMap<String, usize> = HashMap::new();
    let mut wrong: HashMap<String, u64> = HashMap::new();
    let mut errors = Vec::new();
    for row in parsed {
        let resolved = match names.resolve(&row) {
            Ok(resolved) => resolved,
            Err(error) => {
                wrong.extend(row.event_id.map(|id| (id, row.line)));
                errors.push(error);
                continue;
            }
        };
        match row.event_id.as_ref().map(|id| (id.clone(), by_id.get(id).copied())) {
            Some((_, Some(at))) => events[at].rows.push((row, resolved)),
            named => {
                by_id.extend(named.map(|(id, _)| (id, events.len())));
                events.push(Event { rows: vec![(row, resolved)] });
            }
        }
    }
    events.retain(|event| {
        let id = event.rows.first().and_then(|(row, _)| row.event_id.as_ref());
        let Some(line) = id.and_then(|id| wrong.get(id)) else {
            return true;
        };
        errors.extend(event.rows.iter().map(|(row, _)| of_wrong_event(row.line, *line)));
        false
    });
    (events, errors)
}

impl Event {
    /// What the rows come to in the ledger.
    pub(super) fn shaped(&self, instruments: &Instruments) -> Result<Vec<Leg>, RowError> {
        let as_given = || self.rows.iter().map(|(row, resolved)| leg(row, resolved));
        if self.rows.first().is_none_or(|(row, _)| row.event_id.is_none()) {
            return Ok(as_given().collect());
        }
        let legs: Vec<LegOf<'_>> = self
            .rows
            .iter()
            .map(|(_, resolved)| LegOf { account: resolved.account, date: resolved.date, kind: &resolved.kind })
            .collect();
        match shape(&legs, instruments) {
            Ok(Shape::AsGiven) => Ok(as_given().collect()),
            Ok(Shape::Transfer { out, into, kind }) => {
                let (row, resolved) = &self.rows[out];
                let lines = vec![row.line, self.rows[into].0.line];
                Ok(vec![Leg { kind, lines, ..leg(row, resolved) }])
            }
            Err(unbalanced) => Err(RowError {
                code: RefusalCode::UnbalancedEvent,
                ..self.rows[unbalanced.leg].0.error("event_id", unbalanced.message)
            }),
        }
    }

    /// An error of one row, and of the others what follows from it.
    pub(super) fn all_wrong(&self, error: RowError) -> Vec<RowError> {
        let wrong = error.line;
        let others = self.rows.iter().map(|(row, _)| row.line).filter(|line| *line != wrong);
        let mut errors: Vec<RowError> = others.map(|line| of_wrong_event(line, wrong)).collect();
        errors.push(error);
        errors
    }

    /// Links splits with those of the market. Dividends without an ex-date count from the market's.
    pub(super) fn with_actions(
        &self,
        mut legs: Vec<Leg>,
        mut splits: Option<&mut KnownSplits>,
        dividends: Option<&KnownDividends>,
    ) -> Result<Vec<Leg>, Unlinked> {
        for at in 0..legs.len() {
            let leg = &mut legs[at];
            if let Some((split, known)) = OwnSplit::new(leg.account, leg.date, &leg.kind).zip(splits.as_deref_mut()) {
                match known.take(split, leg.keeps_mine) {
                    Ok(action) => leg.dates.action_ex = action,
                    Err(doubt) if doubt.market.is_some() => return Err(Unlinked::Doubted(legs, at, doubt)),
                    Err(doubt) => {
                        return Err(Unlinked::Wrong(doubt.of_line(leg.lines.first().copied().unwrap_or_default())));
                    }
                }
            }
            let own = OwnDividend::new(leg.account, leg.date, leg.dates, &leg.kind);
            if let Some(ex) = own.zip(dividends).and_then(|(own, known)| known.ex_date(&own)) {
                leg.given = Some(leg.date);
                leg.dates = leg.dates.accrued(leg.date, ex);
                leg.date = ex;
            }
        }
        Ok(legs)
    }
}

impl Doubt {
    /// As an error of a line.
    pub(super) fn of_line(self, line: u64) -> RowError {
        RowError { line, column: self.part.column.map(Into::into), code: self.code(), message: self.message }
    }
}

fn leg(row: &ParsedRow, resolved: &Resolved) -> Leg {
    Leg {
        lines: vec![row.line],
        account: resolved.account,
        date: resolved.date,
        dates: resolved.dates,
        kind: resolved.kind.clone(),
        key: String::new(),
        external_id: row.external_id.clone(),
        note: row.note.clone(),
        keeps_mine: row.keeps_mine,
        given: None,
        identity: row.identity(),
    }
}

/// Which rows were imported or recorded before.
pub(super) struct Seen {
    recognised: Recognised,
    occurrences: HashMap<(Uuid, String), usize>,
}

/// What became of an event's rows.
pub(super) enum Keyed {
    /// All of them were imported before.
    Seen,
    /// None of them was; each has its key.
    New(Vec<Leg>),
}

impl Seen {
    pub(super) fn new(recognised: Recognised) -> Self {
        Self { recognised, occurrences: HashMap::new() }
    }

    /// Gives each leg the key that it is recognised by.
    pub(super) fn keyed(&mut self, event: &Event, mut legs: Vec<Leg>) -> Result<Keyed, RowError> {
        let mut known = 0;
        for leg in &mut legs {
            let identity = (leg.account, leg.identity.clone());
            let occurrence = self.occurrences.entry(identity).or_default();
            *occurrence += 1;
            leg.key = format!("{FORMAT}:{}:{occurrence}", leg.identity);
            let recorded = leg.external_id.as_ref().and_then(|id| {
                let id = (leg.account, id.clone());
                self.recognised.external_ids.get(&id).copied()
            });
            let is_imported = self.recognised.keys.contains(&(leg.account, leg.key.clone()));
            known += usize::from(is_imported || recorded.is_some_and(|rows| *occurrence <= rows));
        }
        if known == legs.len() {
            return Ok(Keyed::Seen);
        }
        match event.rows.first() {
            Some((row, _)) if known > 0 => {
                let message = format!("{known} of the {} rows of the event were imported before", legs.len());
                Err(RowError { code: RefusalCode::UnbalancedEvent, ..row.error("event_id", message) })
            }
            _ => Ok(Keyed::New(legs)),
        }
    }
}
