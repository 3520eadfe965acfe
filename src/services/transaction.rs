//! The ledger of a portfolio: recording, reversing, showing.
//!
//! A write locks the portfolio, lets the domain book the whole ledger as it would stand, and stores rows and projections
//! only if every rule holds.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use domain::ledger::{self, LedgerError, Transaction, TransactionKind};
use domain::money::Currency;
use serde_json::json;
use uuid::Uuid;

use super::blame::{self, Part};
use super::error::ledger_refusal;
use super::idempotency::IdempotencyKey;
use super::{Caller, Done, Refusal, RefusalCode, ServiceError, Services, access, settle};
use crate::storage;
use crate::storage::Page;
use crate::storage::portfolio::Portfolio;
use crate::storage::transaction::{Activity, Filter, LedgerRow};
use crate::tenancy::{Session, Tenant};

/// The longest note or external id.
const MAX_TEXT: usize = 500;

/// A transaction to record.
#[derive(Clone, Debug)]
pub struct NewTransaction {
    /// The account it happens in.
    pub account: Uuid,
    /// The day it counts from.
    pub trade_date: NaiveDate,
    /// What happens.
    pub kind: TransactionKind,
    /// The source's own id for it.
    pub external_id: Option<String>,
    /// A remark.
    pub note: Option<String>,
}

/// A row that was added, and the portfolio since.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The row.
    pub row: LedgerRow,
    /// The portfolio with its new version.
    pub portfolio: Portfolio,
}

/// Why a ledger would not balance with the new rows.
pub(super) enum PostError {
    /// A rule of the ledger is broken.
    Ledger(LedgerError),
    /// Anything else.
    Service(ServiceError),
}

impl<E: Into<ServiceError>> From<E> for PostError {
    fn from(error: E) -> Self {
        Self::Service(error.into())
    }
}

impl Services {
    /// Records one transaction.
    pub async fn transaction_record(
        &self,
        caller: &Caller,
        new: NewTransaction,
        key: Option<IdempotencyKey>,
    ) -> Result<Recorded, ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            if let Some(answer) = self.earlier_answer(&session, key.as_ref()).await? {
                return self.recorded(&session, &answer["id"]).await;
            }
            let no_account =
                || ServiceError::refused(RefusalCode::NotFound, &["input", "accountId"], "no such account");
            let account = storage::account::by_id(&session, new.account).await?.ok_or_else(no_account)?;
            let portfolio =
                storage::portfolio::lock(&session, visible, account.portfolio_id).await?.ok_or_else(no_account)?;
            self.check_new(&session, &new).await?;
            let kind = new.kind.clone();
            let row = self.row(caller, &portfolio, account.id, new.trade_date, Activity::Event(new.kind), 1);
            let row = LedgerRow { external_id: new.external_id, note: new.note, ..row };
            let id = row.id;
            let portfolio = self.post(&session, portfolio, vec![row], None).await.map_err(|error| match error {
                PostError::Service(error) => error,
                PostError::Ledger(error) if error.transaction() == Some(id.into()) => {
                    ServiceError::Refused(vec![ledger_refusal(&error, &path(&kind, blame::blamed(&error, &kind)))])
                }
                PostError::Ledger(error) => later_breaks(&error, &["input", "tradeDate"]),
            })?;
            let row = self.row_by_id(&session, id).await?;
            self.audit(&session, caller, done("transactionRecord", &row)).await?;
            self.remember(&session, key.as_ref(), json!({ "id": id })).await?;
            Ok(Recorded { row, portfolio })
        }
        .await;
        let recorded = settle(session, result).await?;
        self.announce(caller, recorded.portfolio.id, recorded.portfolio.version);
        Ok(recorded)
    }

    /// Makes a row of the ledger no longer count. Both stay to be seen.
    pub async fn transaction_reverse(
        &self,
        caller: &Caller,
        id: Uuid,
        note: Option<String>,
        key: Option<IdempotencyKey>,
    ) -> Result<Recorded, ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            if let Some(answer) = self.earlier_answer(&session, key.as_ref()).await? {
                return self.recorded(&session, &answer["id"]).await;
            }
            check_text(&note, &["note"])?;
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such transaction");
            let row = storage::transaction::by_ids(&session, &[id]).await?.pop().ok_or_else(unknown)?;
            let portfolio = storage::portfolio::lock(&session, visible, row.portfolio_id).await?.ok_or_else(unknown)?;
            if matches!(row.activity, Activity::Reversal { .. }) {
                let message = "a reversal cannot be reversed: record the transaction again";
                return Err(ServiceError::refused(RefusalCode::InvalidInput, &["id"], message));
            }
            if !storage::transaction::reversals(&session, &[id]).await?.is_empty() {
                let message = "the transaction was reversed before: its reversedById says by which";
                return Err(ServiceError::refused(RefusalCode::AlreadyReversed, &["id"], message));
            }
            let reversal =
                self.row(caller, &portfolio, row.account_id, row.trade_date, Activity::Reversal { of: id }, 1);
            let reversal = LedgerRow { note, event_id: row.event_id, ..reversal };
            let portfolio = self.post(&session, portfolio, vec![reversal.clone()], Some(id)).await.map_err(
                |error| match error {
                    PostError::Service(error) => error,
                    PostError::Ledger(error) => later_breaks(&error, &["id"]),
                },
            )?;
            self.audit(&session, caller, done("transactionReverse", &reversal)).await?;
            self.remember(&session, key.as_ref(), json!({ "id": reversal.id })).await?;
            let row = self.row_by_id(&session, reversal.id).await?;
            Ok(Recorded { row, portfolio })
        }
        .await;
        let recorded = settle(session, result).await?;
        self.announce(caller, recorded.portfolio.id, recorded.portfolio.version);
        Ok(recorded)
    }

    /// Rows of a portfolio that the caller has been shown, the latest first.
    pub async fn transaction_page(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        filter: &Filter,
        page: Page<(NaiveDate, i64)>,
    ) -> Result<Vec<LedgerRow>, ServiceError> {
        Ok(storage::transaction::page(session, portfolio, filter, page).await?)
    }

    /// How many rows a filter leaves of a portfolio that the caller has been shown.
    pub async fn transaction_count(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        filter: &Filter,
    ) -> Result<u64, ServiceError> {
        Ok(storage::transaction::count(session, portfolio, filter).await?)
    }

    /// Those of these rows whose portfolios the caller may read.
    pub async fn transactions(&self, session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<LedgerRow>, ServiceError> {
        let rows = storage::transaction::by_ids(session, ids).await?;
        let portfolios: Vec<Uuid> = rows.iter().map(|row| row.portfolio_id).collect();
        let readable = self.portfolios(session, &portfolios).await?;
        Ok(rows.into_iter().filter(|row| readable.iter().any(|portfolio| portfolio.id == row.portfolio_id)).collect())
    }

    /// Which of these rows were reversed, and by which row.
    pub async fn reversals(&self, session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, ServiceError> {
        Ok(storage::transaction::reversals(session, ids).await?)
    }

    /// The day of each portfolio's first transaction.
    pub async fn first_dates(
        &self,
        session: &Session<Tenant>,
        portfolios: &[Uuid],
    ) -> Result<Vec<(Uuid, NaiveDate)>, ServiceError> {
        Ok(storage::transaction::first_dates(session, portfolios).await?)
    }

    async fn recorded(&self, session: &Session<Tenant>, id: &serde_json::Value) -> Result<Recorded, ServiceError> {
        let id = id.as_str().and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| ServiceError::Internal("a stored answer names no transaction".to_owned()))?;
        let row = self.row_by_id(session, id).await?;
        let visible = access::readable(session.actor());
        let portfolio = storage::portfolio::by_ids(session, visible, &[row.portfolio_id]).await?.pop();
        let portfolio = portfolio.ok_or_else(|| {
            ServiceError::refused(RefusalCode::NotFound, &["idempotencyKey"], "its portfolio is no longer yours to see")
        })?;
        Ok(Recorded { row, portfolio })
    }

    async fn row_by_id(&self, session: &Session<Tenant>, id: Uuid) -> Result<LedgerRow, ServiceError> {
        let row = storage::transaction::by_ids(session, &[id]).await?.pop();
        row.ok_or_else(|| ServiceError::Internal(format!("transaction {id} is not there")))
    }

    /// A row for this portfolio; `offset` counts the rows of one change from 1.
    pub(super) fn row(
        &self,
        caller: &Caller,
        portfolio: &Portfolio,
        account: Uuid,
        trade_date: NaiveDate,
        activity: Activity,
        offset: i64,
    ) -> LedgerRow {
        let id = self.environment.ids.next();
        LedgerRow {
            id,
            portfolio_id: portfolio.id,
            account_id: account,
            event_id: id,
            trade_date,
            sequence: portfolio.last_sequence + offset,
            activity,
            import_batch_id: None,
            import_key: None,
            external_id: None,
            note: None,
            recorded_at: self.environment.clock.now(),
            recorded_by: caller.actor.user_id,
        }
    }

    /// What can be said of a transaction without the rest of the ledger.
    async fn check_new(&self, session: &Session<Tenant>, new: &NewTransaction) -> Result<(), ServiceError> {
        check_date(new.trade_date, self.environment.clock.today())
            .map_err(|message| ServiceError::refused(RefusalCode::FutureDate, &["input", "tradeDate"], message))?;
        check_text(&new.note, &["input", "note"])?;
        check_text(&new.external_id, &["input", "externalId"])?;
        let currencies: BTreeSet<Currency> = new.kind.currencies().into_iter().collect();
        let known = storage::instrument::known_currencies(session, &currencies).await?;
        if let Some(unknown) = currencies.difference(&known).next() {
            let message = format!("{unknown} is no currency that is known here");
            let field = path(&new.kind, blame::of_currency(&new.kind, *unknown));
            return Err(ServiceError::refused(RefusalCode::NotFound, &field, message));
        }
        if let Some(instrument) = new.kind.instrument() {
            let market = self.market.view(session).await?;
            let field = path(&new.kind, Some(blame::INSTRUMENT));
            match market.instruments(session, [instrument.uuid()]).await?.get(&instrument.uuid()) {
                None => return Err(ServiceError::refused(RefusalCode::NotFound, &field, "no such instrument")),
                Some(found) if found.is_index() => {
                    let message = format!("{} is an index: it cannot be held", found.symbol);
                    return Err(ServiceError::refused(RefusalCode::InvalidInput, &field, message));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Books the ledger with new rows and without the row that one of them reverses, stores rows and projections, and
    /// returns the portfolio as it is since. The portfolio is locked by the caller.
    pub(super) async fn post(
        &self,
        session: &Session<Tenant>,
        mut portfolio: Portfolio,
        new: Vec<LedgerRow>,
        reversed: Option<Uuid>,
    ) -> Result<Portfolio, PostError> {
        let ledger = storage::transaction::effective(session, &[portfolio.id], None).await?;
        let transactions: Vec<Transaction> = ledger
            .iter()
            .filter(|row| Some(row.id) != reversed)
            .chain(&new)
            .filter_map(LedgerRow::transaction)
            .collect();
        let instruments = self.terms(session, &transactions).await?;
        let fx = self.market.view(session).await?.fx(session).await?;
        let policy = self.policy(session, &portfolio).await?;
        let booking = ledger::book(&policy, &transactions, &[], &instruments, &fx).map_err(PostError::Ledger)?;
        storage::transaction::append(session, &new).await?;
        storage::projection::replace(session, portfolio.id, &booking).await?;
        // Not their number: rows that were refused have left gaps.
        portfolio.last_sequence = new.iter().map(|row| row.sequence).fold(portfolio.last_sequence, i64::max);
        portfolio.version += 1;
        portfolio.updated_at = self.environment.clock.now();
        storage::portfolio::update(session, &portfolio).await?;
        Ok(portfolio)
    }
}

/// A transaction happens today at the latest, and not before anybody kept books by computer.
pub(super) fn check_date(date: NaiveDate, today: NaiveDate) -> Result<(), String> {
    if date > today {
        return Err(format!("{date} has not come yet: today is {today}"));
    }
    Ok(())
}

/// The path of a part of the transaction in the input; of the whole activity where no single part is to blame.
fn path(kind: &TransactionKind, part: Option<Part>) -> Vec<&'static str> {
    let whole = ["input", "activity", blame::activity(kind)];
    whole.into_iter().chain(part.map_or(&[][..], |part| part.path).iter().copied()).collect()
}

fn check_text(text: &Option<String>, field: &[&str]) -> Result<(), ServiceError> {
    match text {
        Some(text) if text.chars().count() > MAX_TEXT => {
            let message = format!("{} characters: {MAX_TEXT} at the most", text.chars().count());
            Err(ServiceError::refused(RefusalCode::InvalidInput, field, message))
        }
        _ => Ok(()),
    }
}

/// The refusal of a change that another row of the ledger does not survive.
fn later_breaks(error: &LedgerError, field: &[&str]) -> ServiceError {
    let refusal = ledger_refusal(error, field);
    let message = format!("another transaction would no longer be possible: it {}", refusal.message);
    ServiceError::Refused(vec![Refusal { message, ..refusal }])
}

fn done(action: &'static str, row: &LedgerRow) -> Done {
    let after = json!({
        "portfolio": row.portfolio_id,
        "account": row.account_id,
        "tradeDate": row.trade_date,
        "activity": storage::transaction::describe(&row.activity),
    });
    Done { action, entity_type: "Transaction", entity_id: row.id, before: None, after: Some(after) }
}
