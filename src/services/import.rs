//! Transactions from a CSV file: read, recognised again, booked as one. [`bulk`] is the way of large files.

mod bulk;
mod csv_rows;
mod events;
mod kinds;
mod names;
mod quotes;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use domain::ledger::{LedgerError, TransactionKind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use self::csv_rows::ParsedRow;
use self::events::{Keyed, Seen, events, of_wrong_event};
use self::names::Names;
use super::blame;
use super::error::ledger_refusal;
use super::idempotency::IdempotencyKey;
use super::ledger::{PostError, Posted, bears_from};
use super::period_lock::{LockTerms, Locked};
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
const MAX_ROW_ERRORS: usize = 100;

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
        Self { batch: None, rows_read, rows_recorded: 0, rows_duplicate, rows_rejected, row_errors: shown(errors) }
    }
}

/// A row for the ledger, and the lines of the file that it stands for.
struct Candidate {
    lines: Vec<u64>,
    row: LedgerRow,
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
            let (candidates, duplicates) =
                self.candidates(&session, caller, &portfolio, batch, parsed, &mut errors).await?;
            if mode == ImportMode::AllOrNothing && !errors.is_empty() {
                let counts = Counts::nothing_stored(rows_read, duplicates, errors);
                self.remember(&session, key.as_ref(), json!(counts)).await?;
                return Ok(Imported { counts, portfolio });
            }
            if candidates.is_empty() && errors.is_empty() && duplicates > 0 {
                let message = format!("all {duplicates} rows of the file were imported before");
                return Err(ServiceError::refused(RefusalCode::DuplicateImport, &["input", "csv"], message));
            }
            let choices = Choices { mode, terms };
            let posted = self.post_candidates(&session, portfolio.clone(), candidates, choices, &mut errors).await?;
            let Some((Posted { portfolio, overridden }, recorded)) = posted else {
                let counts = Counts::nothing_stored(rows_read, duplicates, errors);
                self.remember(&session, key.as_ref(), json!(counts)).await?;
                return Ok(Imported { counts, portfolio });
            };
            let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
            let record = ImportBatch {
                id: batch,
                portfolio_id: portfolio.id,
                format: FORMAT,
                rows_read: count(rows_read),
                rows_recorded: count(recorded),
                rows_duplicate: count(duplicates),
                rows_rejected: count(errors.len()),
                imported_at: self.environment.clock.now(),
                imported_by: caller.actor.user_id,
            };
            storage::transaction::insert_batch(&session, &record).await?;
            let after = json!({
                "portfolio": portfolio.id, "read": rows_read, "recorded": recorded,
                "duplicate": duplicates, "rejected": errors.len(),
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
    ) -> Result<(Vec<Candidate>, usize), ServiceError> {
        let names = Names::load(self, session, portfolio, &parsed).await?;
        let (events, broken) = events(parsed, &names);
        errors.extend(broken);
        let kinds = || events.iter().flat_map(|event| &event.rows).map(|(_, resolved)| &resolved.kind);
        let instruments = self.terms(session, kinds()).await?;
        let split: BTreeSet<_> = kinds()
            .filter(|kind| matches!(kind, TransactionKind::Split { .. }))
            .filter_map(TransactionKind::instrument)
            .collect();
        let mut splits = match split.is_empty() {
            true => None,
            false => Some(self.known_splits(session, portfolio.id, split, None).await?),
        };
        let mut seen = Seen::new(storage::transaction::recognised(session, portfolio.id).await?);
        let mut candidates = Vec::new();
        let mut duplicates = 0;
        for event in events {
            let taken = event.shaped(&instruments).and_then(|legs| match seen.keyed(&event, legs)? {
                Keyed::Seen => {
                    duplicates += event.rows.len();
                    Ok(Vec::new())
                }
                Keyed::New(legs) => event.with_actions(legs, splits.as_mut()),
            });
            let legs = match taken {
                Ok(legs) => legs,
                Err(error) => {
                    errors.extend(event.all_wrong(error));
                    continue;
                }
            };
            let mut event_id = None;
            for leg in legs {
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
                candidates.push(Candidate { lines: leg.lines, row });
            }
        }
        // The order of the file is the order in which things happened, whatever belongs together.
        candidates.sort_by_key(|candidate| candidate.line());
        for (offset, candidate) in (1..).zip(&mut candidates) {
            candidate.row.sequence = portfolio.last_sequence + offset;
        }
        Ok((candidates, duplicates))
    }

    /// Books the candidates. A row that breaks a rule is reported; with [`ImportMode::ValidRows`] the rest is tried again
    /// without it and the others of its event. Nothing when a wrong row keeps everything out.
    async fn post_candidates(
        &self,
        session: &Session<Tenant>,
        portfolio: Portfolio,
        mut candidates: Vec<Candidate>,
        Choices { mode, terms }: Choices,
        errors: &mut Vec<RowError>,
    ) -> Result<Option<(Posted, usize)>, ServiceError> {
        let mut refused = 0;
        loop {
            if candidates.is_empty() || refused > MAX_ROW_ERRORS {
                return Ok(None);
            }
            refused += 1;
            let rows: Vec<LedgerRow> = candidates.iter().map(|candidate| candidate.row.clone()).collect();
            match self.post(session, portfolio.clone(), rows, &[], terms).await {
                Ok(posted) => {
                    let recorded = candidates.iter().map(|candidate| candidate.lines.len()).sum();
                    return Ok(Some((posted, recorded)));
                }
                Err(PostError::Service(error)) => return Err(error),
                Err(PostError::Locked(locked)) => {
                    errors.extend(take_locked(&mut candidates, locked));
                    if mode == ImportMode::AllOrNothing {
                        return Ok(None);
                    }
                }
                Err(PostError::Ledger(error)) => {
                    let broken = error.transaction().map(|id| id.uuid());
                    let Some(index) = candidates.iter().position(|candidate| Some(candidate.row.id) == broken) else {
                        return Err(ServiceError::Refused(vec![existing_breaks(&error)]));
                    };
                    let Candidate { lines, row } = candidates.remove(index);
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

/// Takes every row that a lock forbids out of a file, with the others of their events; what is wrong with each of their lines.
fn take_locked(candidates: &mut Vec<Candidate>, locked: Locked) -> Vec<RowError> {
    let is_locked = |row: &LedgerRow| bears_from(row) <= locked.through;
    let mut first_lines: BTreeMap<Uuid, u64> = BTreeMap::new();
    for candidate in candidates.iter().filter(|candidate| is_locked(&candidate.row)) {
        first_lines.entry(candidate.row.event_id).or_insert(candidate.line());
    }
    let taken = candidates.extract_if(.., |candidate| first_lines.contains_key(&candidate.row.event_id));
    let mut errors = Vec::new();
    for Candidate { lines, row } in taken {
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
