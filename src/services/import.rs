//! Transactions from a CSV file: read, recognised again, booked as one. [`bulk`] is the way of large files.

mod bulk;
mod csv_rows;
mod events;
mod kinds;
mod names;
mod quotes;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::id::InstrumentId;
use domain::ledger::{LedgerError, TransactionKind, UnitsHeld};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use self::csv_rows::ParsedRow;
use self::events::{Keyed, Leg, Seen, Unlinked, events, of_wrong_event};
use self::names::Names;
use super::blame;
use super::corporate_action::Doubt;
use super::error::ledger_refusal;
use super::held_transaction::{HeldEvent, unlinked};
use super::idempotency::IdempotencyKey;
use super::ledger::{PostError, Posted, bears_from};
use super::market_dividend::{Judged, KnownDividends, OwnDividend, Verdict};
use super::period_lock::{LockTerms, Locked, Overridden};
use super::{Caller, Done, Refusal, RefusalCode, ServiceError, Services, access, settle};
use crate::storage;
use crate::storage::portfolio::Portfolio;
use crate::storage::transaction::{Activity, ImportBatch, LedgerRow};
use crate::tenancy::{Session, Tenant};

pub use self::csv_rows::HEADER;

/// The name under which batches of this format are noted.
const FORMAT: &str = "portfolio-csv";
/// Wrong rows that are reported one by one; more say nothing new. Also how often the rest of a file is tried again without
/// a row that the ledger refuses.
pub(super) const MAX_ROW_ERRORS: usize = 100;

/// The key of the first row that is imported under an external id.
pub(super) fn key_of(external_id: &str) -> String {
    format!("{FORMAT}:id:{external_id}:1")
}

/// What to do with a file that holds wrong rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportMode {
    /// Store nothing unless every row is right.
    AllOrNothing,
    /// Store the rows that are right.
    ValidRows,
}

/// What an import says of rows that cannot be taken.
#[derive(Clone, Copy)]
struct Choices {
    mode: ImportMode,
    terms: LockTerms,
}

/// Why a row was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// The line in the file, the header being line 1.
    pub line: u64,
    /// The column, where one is to blame.
    pub column: Option<Cow<'static, str>>,
    /// What kind of error it is.
    pub code: RefusalCode,
    /// What is wrong, with the value.
    pub message: String,
}

/// What became of a file's rows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// The batch, unless nothing was stored.
    pub batch: Option<Uuid>,
    /// Rows in the file.
    pub rows_read: usize,
    /// Rows that the ledger holds since; two that are one transfer count as two.
    pub rows_recorded: usize,
    /// Rows that were imported before.
    pub rows_duplicate: usize,
    /// How many rows are wrong.
    pub rows_rejected: usize,
    /// How many rows wait for a decision. Answers of before there were such rows have none.
    #[serde(default)]
    pub rows_held: usize,
    /// The wrong rows, by line; the first hundred of them.
    pub row_errors: Vec<RowError>,
}

/// What an import came to.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What became of the rows.
    pub counts: Counts,
    /// The portfolio since.
    pub portfolio: Portfolio,
}

impl Counts {
    fn nothing_stored(rows_read: usize, rows_duplicate: usize, errors: Vec<RowError>) -> Self {
        let rows_rejected = errors.len();
        let row_errors = shown(errors);
        Self { batch: None, rows_read, rows_recorded: 0, rows_duplicate, rows_rejected, rows_held: 0, row_errors }
    }
}

/// A row for the ledger, and the lines of the file that it stands for.
struct Candidate {
    lines: Vec<u64>,
    row: LedgerRow,
    keeps_mine: bool,
    /// The day it was given for, where its ex-date comes from the market.
    given: Option<NaiveDate>,
}

/// What a file comes to before it is booked.
#[derive(Default)]
struct Read {
    candidates: Vec<Candidate>,
    /// Rows that were imported before.
    duplicates: usize,
    /// What waits for a decision.
    held: Vec<HeldEvent>,
    /// What dividends are checked against.
    dividends: Option<KnownDividends>,
}

impl Candidate {
    fn line(&self) -> u64 {
        self.lines.first().copied().unwrap_or_default()
    }
}

impl Services {
    /// Imports a file in the format that [`HEADER`] begins into a portfolio.
    ///
    /// A row is recognised by its account and its external id, however that one came in, or by its content where it has none; the
    /// n-th row of the same identity in a file is the n-th such row ever. So the same file twice adds nothing, and two equal
    /// fills stay two. What was reversed is not there any more; what was corrected is.
    pub async fn transactions_import(
        &self,
        caller: &Caller,
        portfolio: Uuid,
        csv: &str,
        mode: ImportMode,
        terms: LockTerms,
        key: Option<IdempotencyKey>,
    ) -> Result<Imported, ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        terms.require(&caller.actor)?;
        let (parsed, mut errors) = csv_rows::parse(csv)
            .map_err(|message| ServiceError::refused(RefusalCode::InvalidInput, &["input", "csv"], message))?;
        let rows_read = parsed.len() + errors.len();
        let session = self.write(caller).await?;
        let result = async {
            let unknown =
                || ServiceError::refused(RefusalCode::NotFound, &["input", "portfolioId"], "no such portfolio");
            let portfolio = storage::portfolio::lock(&session, visible, portfolio).await?.ok_or_else(unknown)?;
            if let Some(answer) = self.earlier_answer(&session, key.as_ref()).await? {
                let counts =
                    serde_json::from_value(answer).map_err(|error| ServiceError::Internal(error.to_string()))?;
                return Ok(Imported { counts, portfolio });
            }
            let batch = self.environment.ids.next();
            let mut read = self.candidates(&session, caller, &portfolio, batch, parsed, &mut errors).await?;
            let duplicates = read.duplicates;
            if mode == ImportMode::AllOrNothing && !errors.is_empty() {
                let counts = Counts::nothing_stored(rows_read, duplicates, errors);
                self.remember(&session, key.as_ref(), json!(counts)).await?;
                return Ok(Imported { counts, portfolio });
            }
            if read.candidates.is_empty() && read.held.is_empty() && errors.is_empty() && duplicates > 0 {
                let message = format!("all {duplicates} rows of the file were imported before");
                return Err(ServiceError::refused(RefusalCode::DuplicateImport, &["input", "csv"], message));
            }
            let choices = Choices { mode, terms };
            let posted = self.post_candidates(&session, portfolio.clone(), &mut read, choices, &mut errors).await?;
            // What is held is stored although nothing else is, unless a wrong row keeps everything out.
            let posted = posted.or_else(|| {
                let given_up = !read.candidates.is_empty();
                let keeps_out =
                    read.held.is_empty() || given_up || (mode == ImportMode::AllOrNothing && !errors.is_empty());
                let overridden = Overridden::default();
                (!keeps_out).then(|| (Posted { portfolio: portfolio.clone(), overridden }, 0))
            });
            let Some((Posted { portfolio, overridden }, recorded)) = posted else {
                let counts = Counts::nothing_stored(rows_read, duplicates, errors);
                self.remember(&session, key.as_ref(), json!(counts)).await?;
                return Ok(Imported { counts, portfolio });
            };
            let held = self.hold(&session, caller, (portfolio.id, batch), read.held).await?;
            let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
            let record = ImportBatch {
                id: batch,
                portfolio_id: portfolio.id,
                format: FORMAT,
                rows_read: count(rows_read),
                rows_recorded: count(recorded),
                rows_duplicate: count(duplicates),
                rows_rejected: count(errors.len()),
                rows_held: count(held),
                imported_at: self.environment.clock.now(),
                imported_by: caller.actor.user_id,
            };
            storage::transaction::insert_batch(&session, &record).await?;
            let after = json!({
                "portfolio": portfolio.id, "read": rows_read, "recorded": recorded,
                "duplicate": duplicates, "rejected": errors.len(), "held": held,
            });
            let done = Done {
                action: "transactionsImport",
                entity_type: "ImportBatch",
                entity_id: batch,
                before: None,
                after: Some(after),
            };
            self.audit(&session, caller, done.past(overridden)).await?;
            let counts = Counts {
                batch: Some(batch),
                rows_read,
                rows_recorded: recorded,
                rows_duplicate: duplicates,
                rows_rejected: errors.len(),
                rows_held: held,
                row_errors: shown(errors),
            };
            self.remember(&session, key.as_ref(), json!(counts)).await?;
            Ok(Imported { counts, portfolio })
        }
        .await;
        let imported = settle(session, result).await?;
        if imported.counts.batch.is_some() {
            self.announce(caller, imported.portfolio.id, imported.portfolio.version);
        }
        Ok(imported)
    }

    /// Rows as the ledger would hold them, those imported before left out and counted.
    async fn candidates(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        portfolio: &Portfolio,
        batch: Uuid,
        parsed: Vec<ParsedRow>,
        errors: &mut Vec<RowError>,
    ) -> Result<Read, ServiceError> {
        let names = Names::load(self, session, portfolio, &parsed).await?;
        let (events, broken) = events(parsed, &names);
        errors.extend(broken);
        let kinds = || events.iter().flat_map(|event| &event.rows).map(|(_, resolved)| &resolved.kind);
        let instruments = self.terms(session, kinds()).await?;
        let of_kind = |is_it: fn(&TransactionKind) -> bool| -> BTreeSet<InstrumentId> {
            kinds().filter(|kind| is_it(kind)).filter_map(TransactionKind::instrument).collect()
        };
        let split = of_kind(|kind| matches!(kind, TransactionKind::Split { .. }));
        let mut splits = match split.is_empty() {
            true => None,
            false => Some(self.known_splits(session, portfolio.id, split, None).await?),
        };
        let paying = of_kind(|kind| matches!(kind, TransactionKind::Dividend { .. }));
        let dividends = self.known_dividends(session, portfolio.id, paying, None).await?;
        let mut recognised = storage::transaction::recognised(session, portfolio.id).await?;
        recognised.keys.extend(storage::transaction::held::import_keys(session, portfolio.id).await?);
        let mut seen = Seen::new(recognised);
        let mut read = Read::default();
        for event in events {
            let keyed = event.shaped(&instruments).and_then(|legs| seen.keyed(&event, legs));
            let linked = match keyed {
                Ok(Keyed::Seen) => {
                    read.duplicates += event.rows.len();
                    continue;
                }
                Ok(Keyed::New(legs)) => event.with_actions(legs, splits.as_mut(), dividends.as_ref()),
                Err(error) => Err(Unlinked::Wrong(error)),
            };
            let candidates = |legs| self.candidates_of(caller, portfolio, batch, legs);
            match linked {
                Ok(legs) => read.candidates.extend(candidates(legs)),
                Err(Unlinked::Wrong(error)) => errors.extend(event.all_wrong(error)),
                Err(Unlinked::Doubted(legs, at, doubt)) => read.held.extend(held_event(candidates(legs), at, doubt)),
            }
        }
        // The order of the file is the order in which things happened, whatever belongs together.
        read.candidates.sort_by_key(Candidate::line);
        for (offset, candidate) in (1..).zip(&mut read.candidates) {
            candidate.row.sequence = portfolio.last_sequence + offset;
        }
        Ok(Read { dividends, ..read })
    }

    /// The rows of one event.
    fn candidates_of(&self, caller: &Caller, portfolio: &Portfolio, batch: Uuid, legs: Vec<Leg>) -> Vec<Candidate> {
        let mut event_id = None;
        let candidate = |leg: Leg| {
            let row = self.row(caller, portfolio, leg.account, leg.date, Activity::Event(leg.kind), 0);
            let row = LedgerRow {
                event_id: *event_id.get_or_insert(row.id),
                dates: leg.dates,
                import_batch_id: Some(batch),
                import_key: Some(leg.key),
                external_id: leg.external_id,
                note: leg.note,
                ..row
            };
            Candidate { lines: leg.lines, row, keeps_mine: leg.keeps_mine, given: leg.given }
        };
        legs.into_iter().map(candidate).collect()
    }

    /// Links the candidates that are dividends with the market's, and holds those that are doubted with the others of their
    /// events. Whether any was.
    async fn hold_doubted(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        read: &mut Read,
    ) -> Result<bool, PostError> {
        let Some(known) = &read.dividends else {
            return Ok(false);
        };
        let rows: Vec<&LedgerRow> = read.candidates.iter().map(|candidate| &candidate.row).collect();
        let Some(booked) = self.booked_before_dividends(session, portfolio, known, &rows, None).await? else {
            return Ok(false);
        };
        let judged = read.candidates.iter().enumerate().filter_map(|(key, candidate)| {
            Some(Judged { key, own: OwnDividend::of_row(&candidate.row)?, stands: candidate.keeps_mine })
        });
        let verdicts = known.judge(&UnitsHeld::of(&booked.positions), judged).map_err(ServiceError::from)?;
        let mut doubted: BTreeMap<Uuid, (Uuid, Box<Doubt>)> = BTreeMap::new();
        for (at, verdict) in verdicts {
            let row = &mut read.candidates[at].row;
            match verdict {
                Verdict::Is(action) => row.dates.action = Some(action),
                Verdict::Doubted(doubt) => _ = doubted.entry(row.event_id).or_insert((row.id, doubt)),
            }
        }
        let is_doubted = !doubted.is_empty();
        let mut events: BTreeMap<Uuid, Vec<Candidate>> = BTreeMap::new();
        for candidate in read.candidates.extract_if(.., |candidate| doubted.contains_key(&candidate.row.event_id)) {
            events.entry(candidate.row.event_id).or_default().push(candidate);
        }
        for (event, candidates) in events {
            if let Some((row, doubt)) = doubted.remove(&event) {
                let at = candidates.iter().position(|candidate| candidate.row.id == row).unwrap_or_default();
                read.held.extend(held_event(candidates, at, doubt));
            }
        }
        Ok(is_doubted)
    }

    /// Books the candidates. A row that breaks a rule is reported; with [`ImportMode::ValidRows`] the rest is tried again
    /// without it and the others of its event. Nothing when a wrong row keeps everything out.
    async fn post_candidates(
        &self,
        session: &Session<Tenant>,
        portfolio: Portfolio,
        read: &mut Read,
        Choices { mode, terms }: Choices,
        errors: &mut Vec<RowError>,
    ) -> Result<Option<(Posted, usize)>, ServiceError> {
        let mut refused = 0;
        loop {
            if read.candidates.is_empty() || refused > MAX_ROW_ERRORS {
                return Ok(None);
            }
            let posted = match self.hold_doubted(session, &portfolio, read).await {
                // Without them units may be others.
                Ok(true) => continue,
                Ok(false) => {
                    let rows = read.candidates.iter().map(|candidate| candidate.row.clone()).collect();
                    self.post(session, portfolio.clone(), rows, &[], terms).await
                }
                Err(error) => Err(error),
            };
            refused += 1;
            let candidates = &mut read.candidates;
            match posted {
                Ok(posted) => {
                    let recorded = candidates.iter().map(|candidate| candidate.lines.len()).sum();
                    return Ok(Some((posted, recorded)));
                }
                Err(PostError::Service(error)) => return Err(error),
                Err(PostError::Locked(locked)) => {
                    errors.extend(take_locked(candidates, locked));
                    if mode == ImportMode::AllOrNothing {
                        return Ok(None);
                    }
                }
                Err(PostError::Ledger(error)) => {
                    let broken = error.transaction().map(|id| id.uuid());
                    let Some(index) = candidates.iter().position(|candidate| Some(candidate.row.id) == broken) else {
                        return Err(ServiceError::Refused(vec![existing_breaks(&error)]));
                    };
                    let Candidate { lines, row, .. } = candidates.remove(index);
                    let column = match &row.activity {
                        Activity::Event(kind) => {
                            blame::blamed(&error, kind).and_then(|part| part.column).map(Cow::Borrowed)
                        }
                        Activity::Reversal { .. } => None,
                    };
                    let refusal = ledger_refusal(&error, &[]);
                    let line = lines.first().copied().unwrap_or_default();
                    let error = RowError { line, column, code: refusal.code, message: refusal.message };
                    let of_event = candidates.extract_if(.., |candidate| candidate.row.event_id == row.event_id);
                    let others = lines.into_iter().skip(1).chain(of_event.flat_map(|candidate| candidate.lines));
                    errors.extend(others.map(|other| of_wrong_event(other, line)));
                    errors.push(error);
                    if mode == ImportMode::AllOrNothing {
                        return Ok(None);
                    }
                }
            }
        }
    }
}

/// An event whose row at a place is doubted.
fn held_event(candidates: Vec<Candidate>, at: usize, doubt: Box<Doubt>) -> Option<HeldEvent> {
    let market = doubt.market?;
    let line = candidates.get(at)?.line();
    let lines = candidates.iter().flat_map(|candidate| candidate.lines.clone()).collect();
    let rows = candidates.into_iter().map(|candidate| unlinked(candidate.row, candidate.given)).collect();
    Some(HeldEvent { lines, rows, doubtful: (at, line), doubt, market })
}

/// Takes every row that a lock forbids out of a file, with the others of their events; what is wrong with each of their lines.
fn take_locked(candidates: &mut Vec<Candidate>, locked: Locked) -> Vec<RowError> {
    let is_locked = |row: &LedgerRow| bears_from(row) <= locked.through;
    let mut first_lines: BTreeMap<Uuid, u64> = BTreeMap::new();
    for candidate in candidates.iter().filter(|candidate| is_locked(&candidate.row)) {
        first_lines.entry(candidate.row.event_id).or_insert(candidate.line());
    }
    let taken = candidates.extract_if(.., |candidate| first_lines.contains_key(&candidate.row.event_id));
    let mut errors = Vec::new();
    for Candidate { lines, row, .. } in taken {
        let wrong = Locked { date: bears_from(&row), ..locked };
        errors.extend(lines.into_iter().map(|line| match is_locked(&row) {
            true => {
                let column = Some(Cow::Borrowed("date"));
                RowError { line, column, code: RefusalCode::PeriodLocked, message: wrong.message() }
            }
            false => of_wrong_event(line, first_lines[&row.event_id]),
        }));
    }
    errors
}

fn existing_breaks(error: &LedgerError) -> Refusal {
    let refusal = ledger_refusal(error, &["input", "csv"]);
    if error.transaction().is_none() {
        return refusal;
    }
    let message = format!("a recorded transaction would no longer be possible: it {}", refusal.message);
    Refusal { message, ..refusal }
}

fn shown(mut errors: Vec<RowError>) -> Vec<RowError> {
    errors.sort_by_key(|error| error.line);
    errors.truncate(MAX_ROW_ERRORS);
    errors
}
