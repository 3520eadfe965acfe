//! Large files: streamed into staging, checked in sets, booked part by part, published in one transaction.
//!
//! What is held is never more than a piece of the file and the parts of the ledger that are booked at a time; an instrument
//! with those that entries link to it is one. The result is what booking the whole ledger gives: parts stand for themselves,
//! and cash is a sum over them. A file that breaks off leaves nothing, since staging belongs to the transaction.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::time::Instant;

use chrono::NaiveDate;
use domain::id::InstrumentId;
use domain::ledger::{self, Booking, CashSum, Change, LedgerError, UnitsHeld};
use domain::money::ArithmeticError;
use serde_json::json;
use uuid::Uuid;

use super::csv_rows::{ParsedRow, Rows};
use super::events::of_wrong_event;
use super::names::Names;
use super::{Counts, FORMAT, ImportMode, Imported, MAX_ROW_ERRORS, RowError, existing_breaks, shown};
use crate::services::corporate_action::{Doubt, OwnSplit};
use crate::services::error::ledger_refusal;
use crate::services::event::{LegOf, Shape, shape};
use crate::services::held_transaction::{HeldEvent, unlinked};
use crate::services::ledger::PostError;
use crate::services::market_dividend::{Judged, KnownDividends, OwnDividend, Verdict};
use crate::services::period_lock::{LockTerms, Overridden};
use crate::services::{Caller, Done, RefusalCode, ServiceError, Services, access, blame};
use crate::storage;
use crate::storage::booked::Of;
use crate::storage::portfolio::Portfolio;
use crate::storage::projection::ChangeError;
use crate::storage::transaction::staging::{self, HeldRow, LeftOut, Merged, NewRow, NewRows, Published, StagedEntry};
use crate::storage::transaction::{Activity, ImportBatch, LedgerRow};
use crate::tenancy::{Session, Tenant};

/// Rows that are read from the file at a time.
const ROWS_AT_ONCE: usize = if SMALL { 100 } else { 4_000 };
/// Rows of events that are looked at at a time.
const EVENT_ROWS_AT_ONCE: u64 = if SMALL { 10 } else { 4_000 };
/// Entries that are booked at a time, unless a single part has more.
const ENTRIES_AT_ONCE: u64 = if SMALL { 100 } else { 100_000 };
/// Whether files fall into many small pieces, as they must where a test of some thousand rows is to see more than one.
const SMALL: bool = cfg!(debug_assertions);

/// The wrong rows of a file: how many, and the first of them.
#[derive(Default)]
struct Wrong {
    count: usize,
    first: Vec<RowError>,
}

impl Wrong {
    fn push(&mut self, error: RowError) {
        self.count += 1;
        self.first.push(error);
        if self.first.len() > 2 * MAX_ROW_ERRORS {
            self.first = shown(std::mem::take(&mut self.first));
        }
    }
}

/// The lines of an event that waits for a decision, and the one that is doubted.
struct HeldLines {
    lines: Vec<u64>,
    doubtful: u64,
    doubt: Box<Doubt>,
}

/// What an import came to before its transaction ends.
enum Outcome {
    /// Something is to be kept.
    Recorded(Imported),
    /// Nothing is.
    Nothing(Imported),
}

impl Services {
    /// Imports a large file: as [`Services::transactions_import`], without ever holding all of it.
    ///
    /// Of rows that a rule of the ledger refuses, [`ImportMode::AllOrNothing`] names the first that was found. With
    /// [`ImportMode::ValidRows`] the rest of their part is booked again without them, a hundred times at the most; where
    /// rows of the same event stand in parts that are booked already, nothing is stored.
    pub async fn transactions_import_file<R: Read + Send>(
        &self,
        caller: &Caller,
        portfolio: Uuid,
        file: R,
        mode: ImportMode,
        terms: LockTerms,
    ) -> Result<Imported, ServiceError> {
        let session = self.write(caller).await?;
        match self.import_file(&session, caller, portfolio, file, (mode, terms)).await {
            Ok(Outcome::Recorded(imported)) => {
                let begun = Instant::now();
                session.commit().await?;
                passed("commit", begun);
                self.announce(caller, imported.portfolio.id, imported.portfolio.version);
                Ok(imported)
            }
            Ok(Outcome::Nothing(imported)) => {
                session.close().await?;
                Ok(imported)
            }
            Err(error) => {
                // The first error is the one that tells; a connection that cannot even roll back is closed.
                if let Err(secondary) = session.close().await {
                    tracing::debug!(error = %secondary, "a session could not be rolled back");
                }
                Err(error)
            }
        }
    }

    async fn import_file<R: Read + Send>(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        portfolio: Uuid,
        file: R,
        (mode, terms): (ImportMode, LockTerms),
    ) -> Result<Outcome, ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        terms.require(&caller.actor)?;
        let unknown = || ServiceError::refused(RefusalCode::NotFound, &["input", "portfolioId"], "no such portfolio");
        let found = storage::portfolio::by_ids(session, visible, &[portfolio]).await?;
        let found = found.into_iter().next().ok_or_else(unknown)?;
        staging::begin(session).await?;
        let batch = self.environment.ids.next();
        let mut wrong = Wrong::default();
        let begun = Instant::now();
        let rows_read = self.stage(session, &found, batch, file, &mut wrong).await?;
        passed("read, check and stage", begun);
        let begun = Instant::now();
        check_events(self, session, batch, &mut wrong).await?;
        passed("events", begun);

        // From here on the ledger stands still.
        let found = storage::portfolio::lock(session, visible, portfolio).await?.ok_or_else(unknown)?;
        let begun = Instant::now();
        staging::recognise(session, batch, found.id, FORMAT).await?;
        check_torn(session, batch, &mut wrong).await?;
        let mut held = Vec::new();
        let first_action = self.check_splits(session, &found, batch, (&mut wrong, &mut held)).await?;
        let dividends = self.check_dividends(session, &found, batch).await?;
        passed("recognise", begun);
        let totals = staging::totals(session, batch).await?;
        let seen = count(totals.seen);
        if mode == ImportMode::AllOrNothing && wrong.count > 0 {
            return Ok(nothing(rows_read, seen, wrong, found));
        }
        if totals.rows == 0 && held.is_empty() && wrong.count == 0 && totals.seen > 0 {
            let message = format!("all {} rows of the file were imported before", totals.seen);
            return Err(ServiceError::refused(RefusalCode::DuplicateImport, &["input", "csv"], message));
        }
        if totals.rows == 0 && held.is_empty() {
            return Ok(nothing(rows_read, seen, wrong, found));
        }
        // A split in the place of the market's bears on the market's day.
        let earliest = totals.first_date.into_iter().chain(first_action).min();
        let overridden = self.check_lock(session, found.id, earliest, terms).await.map_err(refusal)?;
        self.rebook_if_behind(session, &found).await?;
        let begun = Instant::now();
        let (known, before) = (dividends.as_ref(), held.len());
        let booked = self.book_staged(session, &found, batch, mode, (&mut wrong, &mut held, known)).await?;
        let Some(refused) = booked else {
            return Ok(nothing(rows_read, seen, wrong, found));
        };
        passed("book and write", begun);
        let begun = Instant::now();
        staging::leave_out(session, batch, refused.iter().map(|entry| entry.line), LeftOut::Refused).await?;
        // Without those that the ledger refused, or that are held.
        let all_stay = refused.is_empty() && held.len() == before;
        let totals = if all_stay { totals } else { staging::totals(session, batch).await? };
        if totals.rows == 0 && held.is_empty() {
            return Ok(nothing(rows_read, seen, wrong, found));
        }
        let imported = self
            .publish(session, caller, found, (batch, rows_read), (totals, overridden), (wrong, held))
            .await
            .map(Outcome::Recorded);
        passed("publish", begun);
        imported
    }

    /// Reads a file into staging; returns how many rows it has.
    async fn stage<R: Read + Send>(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        batch: Uuid,
        file: R,
        wrong: &mut Wrong,
    ) -> Result<usize, ServiceError> {
        let refused = |message: String| ServiceError::refused(RefusalCode::InvalidInput, &["input", "csv"], message);
        let mut names = Names::load(self, session, portfolio, &[]).await?;
        let mut reading =
            Reading { rows: Rows::begin(file).map_err(refused)?, batch, services: self, wrong, rows_read: 0 };
        let mut ahead = reading.next().map_err(refused)?;
        while let Some(rows) = ahead {
            names.learn(session, &rows).await?;
            let mut next = Some(rows);
            let mut stopped = Ok(None);
            // Other statements have to wait until a COPY ends. It ends where a row names what has not been looked up.
            let chunks = std::iter::from_fn(|| {
                let chunk = reading.chunk(&next.take()?, &names);
                match reading.next() {
                    Ok(Some(rows)) if names.knows(&rows) => next = Some(rows),
                    other => stopped = other,
                }
                Some(chunk)
            });
            staging::stage(session, chunks).await?;
            ahead = stopped.map_err(refused)?;
        }
        Ok(reading.rows_read)
    }

    /// Makes books anew that lack what the market has done since: what is added to them must fit.
    async fn rebook_if_behind(&self, session: &Session<Tenant>, portfolio: &Portfolio) -> Result<(), ServiceError> {
        let version = self.market.view(session).await?.version();
        let behind = storage::booked::behind_of(session, portfolio.id, version, Of::All).await?;
        if behind.is_some() {
            self.rebook(session, portfolio, behind).await.map_err(refusal)?;
        }
        Ok(())
    }

    /// Checks the file's splits against the market's and the ledger's; the earliest day of those of the market that they are.
    async fn check_splits(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        batch: Uuid,
        (wrong, held): (&mut Wrong, &mut Vec<HeldLines>),
    ) -> Result<Option<NaiveDate>, ServiceError> {
        let splits = staging::splits(session, batch).await?;
        let named: BTreeSet<InstrumentId> =
            splits.iter().filter_map(|split| staging::kind_of(&split.row)?.instrument()).collect();
        if named.is_empty() {
            return Ok(None);
        }
        let mut known = self.known_splits(session, portfolio.id, named, None).await?;
        let mut actions = Vec::new();
        let (mut out, mut apart) = (BTreeSet::new(), BTreeSet::new());
        for split in splits.iter() {
            if out.contains(&split.line) || apart.contains(&split.line) {
                continue;
            }
            let own = staging::kind_of(&split.row)
                .and_then(|kind| OwnSplit::new(split.row.account_id, split.row.trade_date, kind));
            let Some(own) = own else { continue };
            match known.take(own, split.keeps_mine) {
                Ok(None) => {}
                Ok(Some(ex_date)) => actions.push((split.line, ex_date)),
                Err(doubt) => {
                    let others = match &split.event {
                        Some(event) => staging::lines_of_event(session, batch, event).await?,
                        None => Vec::new(),
                    };
                    let others = others.into_iter().filter(|other| *other != split.line);
                    let lines: Vec<u64> = std::iter::once(split.line).chain(others).collect();
                    if doubt.market.is_some() {
                        apart.extend(&lines);
                        held.push(HeldLines { lines, doubtful: split.line, doubt });
                        continue;
                    }
                    wrong.push(doubt.of_line(split.line));
                    for other in &lines[1..] {
                        wrong.push(of_wrong_event(*other, split.line));
                    }
                    out.extend(lines);
                }
            }
        }
        staging::set_actions(session, batch, &actions).await?;
        staging::leave_out(session, batch, out, LeftOut::Wrong).await?;
        staging::leave_out(session, batch, apart, LeftOut::Held).await?;
        Ok(actions.iter().map(|(_, ex_date)| *ex_date).min())
    }

    /// What the file's dividends are checked against; those without an ex-date count from the market's.
    async fn check_dividends(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        batch: Uuid,
    ) -> Result<Option<KnownDividends>, ServiceError> {
        let paying = staging::paying(session, batch).await?.into_iter().map(InstrumentId::from).collect();
        let Some(known) = self.known_dividends(session, portfolio.id, paying, None).await? else {
            return Ok(None);
        };
        let mut after = 0;
        loop {
            let rows = staging::undated(session, batch, after, EVENT_ROWS_AT_ONCE).await?;
            let Some((last, _)) = rows.last() else {
                return Ok(Some(known));
            };
            after = *last;
            let ex_date = |(line, row): &(u64, LedgerRow)| Some((*line, known.ex_date(&OwnDividend::of_row(row)?)?));
            let ex_dates: Vec<(u64, NaiveDate)> = rows.iter().filter_map(ex_date).collect();
            staging::accrue(session, batch, &ex_dates).await?;
        }
    }

    /// Books what is staged, part by part, and writes what each comes to. Returns what the ledger refused; nothing where that
    /// keeps everything out.
    async fn book_staged(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        batch: Uuid,
        mode: ImportMode,
        (wrong, held, dividends): (&mut Wrong, &mut Vec<HeldLines>, Option<&KnownDividends>),
    ) -> Result<Option<Vec<StagedEntry>>, ServiceError> {
        let parts = self.staged_parts(session, portfolio, batch).await?;
        let recorded: HashMap<Uuid, u64> = match portfolio.last_sequence {
            0 => HashMap::new(),
            _ => staging::recorded(session, portfolio.id).await?.into_iter().collect(),
        };
        let mut booking = PartBooking {
            services: self,
            portfolio,
            batch,
            mode,
            wrong,
            held,
            dividends,
            cash: CashSum::default(),
            refused: Vec::new(),
        };
        staging::open(session, batch, &parts).await?;
        let mut piece = Piece::default();
        loop {
            let fetched = staging::fetch(session, portfolio.last_sequence).await?;
            if fetched.is_empty() {
                break;
            }
            for staged in fetched {
                let begins = staged.part != piece.last_part;
                // What is about no instrument can be booked in pieces.
                if piece.size >= ENTRIES_AT_ONCE && (begins || staged.part.is_none()) {
                    if !booking.book(session, std::mem::take(&mut piece)).await? {
                        return Ok(None);
                    }
                    piece.last_part = None;
                }
                if staged.part != piece.last_part
                    && let Some(instruments) = staged.part.and_then(|part| parts.get(part))
                {
                    let before = instruments.iter().filter_map(|id| Some((id, *recorded.get(id)?)));
                    for (id, rows) in before {
                        piece.recorded.insert(*id);
                        piece.size += rows;
                    }
                }
                piece.last_part = staged.part;
                piece.size += 1;
                piece.entries.push(staged);
            }
        }
        if !booking.book(session, piece).await? {
            return Ok(None);
        }
        staging::close(session).await?;
        let PartBooking { cash, refused, .. } = booking;
        let cash = cash.changes().map_err(too_large)?;
        let change = Change { cash, ..nothing_else() };
        storage::projection::change(session, portfolio.id, &change).await.map_err(of_change)?;
        Ok(Some(refused))
    }

    /// The instruments of the parts of the ledger that the staged rows touch.
    async fn staged_parts(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        batch: Uuid,
    ) -> Result<Vec<Vec<Uuid>>, ServiceError> {
        let staged = staging::instruments(session, batch).await?;
        let mut links: Vec<(InstrumentId, InstrumentId)> = Vec::new();
        links.extend(staging::links(session, batch).await?.iter().map(|(one, other)| ((*one).into(), (*other).into())));
        let mut all: BTreeSet<Uuid> = staged.iter().copied().collect();
        for (one, other) in storage::transaction::links(session, portfolio.id).await? {
            all.insert(one);
            links.extend(other.map(|other| (one.into(), other.into())));
        }
        // An option's underlying stands in its terms.
        let terms = self.terms_of(session, all).await?;
        links.extend(terms.iter().filter_map(|(id, terms)| Some((*id, terms.option()?.underlying))));
        let groups = ledger::grouped(&links, staged.into_iter().map(InstrumentId::from));
        Ok(groups.into_iter().map(|group| group.into_iter().map(|id| id.uuid()).collect()).collect())
    }

    /// Adds the staged rows to the ledger, with all that goes with it.
    async fn publish(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        mut portfolio: Portfolio,
        (batch, rows_read): (Uuid, usize),
        (totals, overridden): (staging::Totals, Overridden),
        (wrong, held): (Wrong, Vec<HeldLines>),
    ) -> Result<Imported, ServiceError> {
        let held = match held.is_empty() {
            true => Vec::new(),
            false => held_events(held, staging::held(session, batch, FORMAT).await?, portfolio.id),
        };
        let rows_held = self.hold(session, caller, (portfolio.id, batch), held).await?;
        let now = self.environment.clock.now();
        let published = Published {
            batch,
            portfolio: portfolio.id,
            format: FORMAT,
            last_sequence: portfolio.last_sequence,
            last_line: totals.last_line,
            at: now,
            by: caller.actor.user_id,
        };
        staging::publish(session, published).await?;
        let counts = Counts {
            batch: Some(batch),
            rows_read,
            rows_recorded: count(totals.lines),
            rows_duplicate: count(totals.seen),
            rows_rejected: wrong.count,
            rows_held,
            row_errors: shown(wrong.first),
        };
        let stored = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
        let record = ImportBatch {
            id: batch,
            portfolio_id: portfolio.id,
            format: FORMAT,
            rows_read: stored(counts.rows_read),
            rows_recorded: stored(counts.rows_recorded),
            rows_duplicate: stored(counts.rows_duplicate),
            rows_rejected: stored(counts.rows_rejected),
            rows_held: stored(counts.rows_held),
            imported_at: now,
            imported_by: caller.actor.user_id,
        };
        storage::transaction::insert_batch(session, &record).await?;
        if totals.rows > 0 {
            // The first row of a file stands on its second line.
            let lines = i64::try_from(totals.last_line).unwrap_or(i64::MAX).saturating_sub(1);
            portfolio.last_sequence = portfolio.last_sequence.saturating_add(lines);
            self.touch(session, &mut portfolio).await?;
            self.mark_dirty(session, portfolio.id, totals.first_date).await?;
        }
        let done = Done {
            action: "transactionsImport",
            entity_type: "ImportBatch",
            entity_id: batch,
            before: None,
            after: Some(json!({
                "portfolio": portfolio.id, "read": counts.rows_read, "recorded": counts.rows_recorded,
                "duplicate": counts.rows_duplicate, "rejected": counts.rows_rejected, "held": counts.rows_held,
            })),
        };
        self.audit(session, caller, done.past(overridden)).await?;
        staging::clear(session, batch).await?;
        Ok(Imported { counts, portfolio })
    }
}

/// A file while it is read.
struct Reading<'a, R> {
    rows: Rows<R>,
    batch: Uuid,
    services: &'a Services,
    wrong: &'a mut Wrong,
    rows_read: usize,
}

impl<R: Read> Reading<'_, R> {
    /// The next rows that can be read; nothing at the end.
    fn next(&mut self) -> Result<Option<Vec<ParsedRow>>, String> {
        let mut rows = Vec::with_capacity(ROWS_AT_ONCE);
        while rows.len() < ROWS_AT_ONCE {
            let Some(row) = self.rows.next()? else {
                return Ok(Some(rows).filter(|rows| !rows.is_empty()));
            };
            self.rows_read += 1;
            match row {
                Ok(row) => rows.push(row),
                Err(error) => self.wrong.push(error),
            }
        }
        Ok(Some(rows))
    }

    /// Rows for staging; what is wrong by itself is noted, and staged only where others of its event must know.
    fn chunk(&mut self, rows: &[ParsedRow], names: &Names) -> Vec<u8> {
        let mut staged = NewRows::of(self.batch);
        for row in rows {
            match names.resolve(row) {
                Ok(resolved) => staged.right(&NewRow {
                    line: row.line,
                    id: self.services.environment.ids.next(),
                    event: row.event_id.as_deref(),
                    identity: &row.identity(),
                    keeps_mine: row.keeps_mine,
                    account: resolved.account,
                    date: resolved.date,
                    dates: resolved.dates,
                    activity: &Activity::Event(resolved.kind),
                    external_id: row.external_id.as_deref(),
                    note: row.note.as_deref(),
                }),
                Err(error) => {
                    if let Some(event) = &row.event_id {
                        staged.wrong(row.line, event);
                    }
                    self.wrong.push(error);
                }
            }
        }
        staged.into_chunk()
    }
}

/// Checks what the rows of each event come to.
async fn check_events(
    services: &Services,
    session: &Session<Tenant>,
    batch: Uuid,
    wrong: &mut Wrong,
) -> Result<(), ServiceError> {
    let (mut after, mut limit) = (String::new(), EVENT_ROWS_AT_ONCE);
    loop {
        let mut rows = staging::event_rows(session, batch, &after, limit).await?;
        if rows.len() as u64 == limit {
            // The last event may go on.
            let last = rows.last().map(|row| row.event.clone());
            let whole = rows.iter().position(|row| Some(&row.event) == last.as_ref()).unwrap_or_default();
            if whole == 0 {
                limit = limit.saturating_mul(4);
                continue;
            }
            rows.truncate(whole);
        }
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after.clone_from(&last.event);
        let kinds = rows.iter().filter_map(|row| row.row.as_ref()).filter_map(staging::kind_of);
        let instruments = services.terms(session, kinds).await?;
        let (mut out, mut merged) = (Vec::new(), Vec::new());
        for event in rows.chunk_by(|one, other| one.event == other.event) {
            let right: Vec<(u64, LegOf<'_>)> = event
                .iter()
                .filter_map(|row| {
                    let found = row.row.as_ref()?;
                    let kind = staging::kind_of(found)?;
                    Some((row.line, LegOf { account: found.account_id, date: found.trade_date, kind }))
                })
                .collect();
            if let Some(broken) = event.iter().rfind(|row| row.row.is_none()) {
                for (line, _) in right {
                    wrong.push(of_wrong_event(line, broken.line));
                    out.push(line);
                }
                continue;
            }
            let legs: Vec<LegOf<'_>> = right.iter().map(|(_, leg)| *leg).collect();
            match shape(&legs, &instruments) {
                Ok(Shape::AsGiven) => {}
                Ok(Shape::Transfer { out, into, .. }) => {
                    merged.push(Merged { out: right[out].0, into: right[into].0, to: right[into].1.account });
                }
                Err(unbalanced) => {
                    let line = right[unbalanced.leg].0;
                    wrong.push(unbalanced_event(line, unbalanced.message));
                    for (other, _) in right.iter().filter(|(other, _)| *other != line) {
                        wrong.push(of_wrong_event(*other, line));
                    }
                    out.extend(right.iter().map(|(line, _)| *line));
                }
            }
        }
        staging::merge(session, batch, &merged).await?;
        staging::leave_out(session, batch, out, LeftOut::Wrong).await?;
    }
}

/// Leaves out events of which a part was imported before.
async fn check_torn(session: &Session<Tenant>, batch: Uuid, wrong: &mut Wrong) -> Result<(), ServiceError> {
    let torn = staging::torn(session, batch).await?;
    for row in &torn {
        wrong.push(match row.line == row.first {
            true => unbalanced_event(
                row.line,
                format!("{} of the {} rows of the event were imported before", row.known, row.legs),
            ),
            false => of_wrong_event(row.line, row.first),
        });
    }
    Ok(staging::leave_out(session, batch, torn.iter().map(|row| row.line), LeftOut::Wrong).await?)
}

fn unbalanced_event(line: u64, message: String) -> RowError {
    RowError { line, column: Some("event_id".into()), code: RefusalCode::UnbalancedEvent, message }
}

/// Entries that are booked together: whole parts, or some of what is about no instrument.
#[derive(Default)]
struct Piece {
    entries: Vec<StagedEntry>,
    /// The instruments of its parts that the ledger knows already.
    recorded: BTreeSet<Uuid>,
    /// How many entries, those of the ledger included.
    size: u64,
    last_part: Option<usize>,
}

/// What is doubted of a piece.
enum Found {
    Nothing,
    /// Some is, and is taken out.
    Held,
    /// Some is, and others of its event stand in other pieces.
    Elsewhere,
}

/// The books of a portfolio while a file is booked into them.
struct PartBooking<'a> {
    services: &'a Services,
    portfolio: &'a Portfolio,
    batch: Uuid,
    mode: ImportMode,
    wrong: &'a mut Wrong,
    held: &'a mut Vec<HeldLines>,
    /// What dividends are checked against.
    dividends: Option<&'a KnownDividends>,
    cash: CashSum,
    refused: Vec<StagedEntry>,
}

impl PartBooking<'_> {
    /// Books a piece and writes what it comes to; `false` where a refused row keeps everything out.
    async fn book(&mut self, session: &Session<Tenant>, piece: Piece) -> Result<bool, ServiceError> {
        let Self { services, portfolio, .. } = *self;
        let Piece { mut entries, recorded, .. } = piece;
        let before = storage::transaction::of_instruments(session, portfolio.id, &recorded).await?;
        let after = loop {
            if entries.is_empty() {
                return Ok(true);
            }
            let ledger = before.iter().chain(entries.iter().map(|staged| &staged.entry)).cloned().collect();
            match services.booked(session, portfolio, ledger).await {
                Ok(booking) => match self.hold_doubted(session, &mut entries, &booking).await? {
                    Found::Nothing => break booking,
                    // Without them units may be others.
                    Found::Held => {}
                    Found::Elsewhere => return Ok(false),
                },
                Err(PostError::Service(error)) => return Err(error),
                Err(PostError::Locked(locked)) => return Err(refusal(PostError::Locked(locked))),
                Err(PostError::Ledger(error)) => {
                    if !self.refuse(session, &mut entries, &error).await? {
                        return Ok(false);
                    }
                }
            }
        };
        drop(entries);
        if before.is_empty() {
            storage::projection::append_part(session, portfolio.id, &after).await?;
            self.cash.add(&after.cash).map_err(too_large)?;
            return Ok(true);
        }
        let before = services.booked(session, portfolio, before).await.map_err(refusal)?;
        let mut change = Change::between(&before, &after).map_err(too_large)?;
        for moved in std::mem::take(&mut change.cash) {
            self.cash.add(&moved.steps).map_err(too_large)?;
        }
        storage::projection::change(session, portfolio.id, &change).await.map_err(of_change)?;
        Ok(true)
    }

    /// Links the dividends of a piece with the market's, and takes out what is doubted, with the others of its event.
    async fn hold_doubted(
        &mut self,
        session: &Session<Tenant>,
        entries: &mut Vec<StagedEntry>,
        booking: &Booking,
    ) -> Result<Found, ServiceError> {
        let Some(known) = self.dividends else {
            return Ok(Found::Nothing);
        };
        let own = |staged: &StagedEntry| {
            let entry = &staged.entry;
            OwnDividend::new(entry.account.uuid(), entry.trade_date, staged.dates, &entry.kind)
        };
        let judged = entries
            .iter()
            .filter_map(|staged| Some(Judged { key: staged.line, own: own(staged)?, stands: staged.keeps_mine }));
        let mut actions = Vec::new();
        let mut doubted = Vec::new();
        for (line, verdict) in known.judge(&UnitsHeld::of(&booking.positions), judged)? {
            match verdict {
                Verdict::Is(action) => actions.push((line, action)),
                Verdict::Doubted(doubt) => doubted.push((line, doubt)),
            }
        }
        if doubted.is_empty() {
            staging::link(session, self.batch, &actions).await?;
            return Ok(Found::Nothing);
        }
        for (line, doubt) in doubted {
            // It went with another of its event.
            let Some(at) = entries.iter().position(|staged| staged.line == line) else { continue };
            let out: Vec<StagedEntry> = match entries[at].event.clone() {
                Some(event) => {
                    let lines = staging::lines_of_event(session, self.batch, &event).await?;
                    let out = entries.extract_if(.., |other| other.event.as_ref() == Some(&event)).collect::<Vec<_>>();
                    if out.len() != lines.len() {
                        // Others of its event may be booked already.
                        for other in lines.into_iter().filter(|other| *other != line) {
                            self.wrong.push(of_wrong_event(other, line));
                        }
                        self.wrong.push(doubt.of_line(line));
                        return Ok(Found::Elsewhere);
                    }
                    out
                }
                None => vec![entries.remove(at)],
            };
            staging::leave_out(session, self.batch, out.iter().map(|staged| staged.line), LeftOut::Held).await?;
            let lines = out.iter().flat_map(lines_of).collect();
            self.held.push(HeldLines { lines, doubtful: line, doubt });
        }
        Ok(Found::Held)
    }

    /// Takes out what the ledger refuses, with the others of its event; `false` where that keeps everything out.
    async fn refuse(
        &mut self,
        session: &Session<Tenant>,
        entries: &mut Vec<StagedEntry>,
        error: &LedgerError,
    ) -> Result<bool, ServiceError> {
        let broken = error.transaction();
        let Some(at) = entries.iter().position(|staged| Some(staged.entry.id) == broken) else {
            return Err(ServiceError::Refused(vec![existing_breaks(error)]));
        };
        let staged = entries.remove(at);
        let column = blame::blamed(error, &staged.entry.kind).and_then(|part| part.column).map(Cow::Borrowed);
        let refusal = ledger_refusal(error, &[]);
        let line = staged.line;
        self.wrong.push(RowError { line, column, code: refusal.code, message: refusal.message });
        let mut out: Vec<StagedEntry> = match &staged.event {
            Some(event) => entries.extract_if(.., |other| other.event.as_ref() == Some(event)).collect(),
            None => Vec::new(),
        };
        for other in lines_of(&staged).skip(1).chain(out.iter().flat_map(lines_of)) {
            self.wrong.push(of_wrong_event(other, line));
        }
        let mut stays = self.mode == ImportMode::ValidRows && self.refused.len() < MAX_ROW_ERRORS;
        if let (true, Some(event)) = (stays, &staged.event) {
            // Others of its event may be booked already, or be booked later as if nothing had happened.
            let lines = staging::lines_of_event(session, self.batch, event).await?;
            stays = lines.len() == out.len() + 1;
        }
        out.push(staged);
        self.refused.append(&mut out);
        Ok(stays)
    }
}

/// Events that wait for a decision, with their rows as the file gives them.
fn held_events(held: Vec<HeldLines>, rows: Vec<HeldRow>, portfolio: Uuid) -> Vec<HeldEvent> {
    let mut rows: BTreeMap<u64, HeldRow> = rows.into_iter().map(|row| (row.line, row)).collect();
    let event = |held: HeldLines| {
        let market = held.doubt.market?;
        let mut own: Vec<HeldRow> = held.lines.iter().filter_map(|line| rows.remove(line)).collect();
        own.sort_by_key(|row| row.line);
        let at = own.iter().position(|row| row.line == held.doubtful)?;
        let event_id = own.first()?.row.id;
        let lines = own.iter().flat_map(|row| std::iter::once(row.line).chain(row.other_line)).collect();
        let given = |held: HeldRow| {
            let row = LedgerRow { portfolio_id: portfolio, event_id, ..held.row };
            unlinked(row, held.given)
        };
        let rows = own.into_iter().map(given).collect();
        Some(HeldEvent { lines, rows, doubtful: (at, held.doubtful), doubt: held.doubt, market })
    };
    held.into_iter().filter_map(event).collect()
}

fn lines_of(staged: &StagedEntry) -> impl Iterator<Item = u64> {
    std::iter::once(staged.line).chain(staged.other_line)
}

fn nothing(rows_read: usize, seen: usize, wrong: Wrong, portfolio: Portfolio) -> Outcome {
    let counts = Counts { rows_rejected: wrong.count, ..Counts::nothing_stored(rows_read, seen, wrong.first) };
    Outcome::Nothing(Imported { counts, portfolio })
}

fn nothing_else() -> Change {
    Change {
        lots_removed: Vec::new(),
        lots: Vec::new(),
        matches_removed: Vec::new(),
        matches: Vec::new(),
        positions_removed: Vec::new(),
        positions: Vec::new(),
        cash: Vec::new(),
        flows_removed: Vec::new(),
        flows: Vec::new(),
    }
}

fn too_large(error: ArithmeticError) -> ServiceError {
    ServiceError::Refused(vec![ledger_refusal(&LedgerError::Sum(error), &["input", "csv"])])
}

fn of_change(error: ChangeError) -> ServiceError {
    match error {
        ChangeError::Balance(error) => too_large(error),
        ChangeError::Database(error) => error.into(),
    }
}

fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// Notes how long a phase took.
fn passed(phase: &'static str, begun: Instant) {
    tracing::info!(phase, seconds = begun.elapsed().as_secs_f64(), "import");
}

/// Why a file is not taken where none of its rows is to blame.
fn refusal(error: PostError) -> ServiceError {
    match error {
        PostError::Service(error) => error,
        PostError::Ledger(error) => ServiceError::Refused(vec![existing_breaks(&error)]),
        PostError::Locked(locked) => locked.refused(vec!["input".to_owned(), "csv".to_owned()]),
    }
}
