//! What a portfolio had as it had been recorded at an instant, booked by a job where a request would not wait for it.
//!
//! The job reads the ledger part by part by a cursor, books some parts at a time, and stores what they come to; all of it in one
//! transaction. The answer is the one that `knownAt` gives in the request: the same entries, by the settings of then, with the
//! market's splits. It is stored once and does not change any more, whatever is recorded since.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use domain::id::InstrumentId;
use domain::ledger::{self, Booking, CALCULATION_VERSION, CashSum, Policy, Transaction};
use domain::pricing::FxRates;
use serde_json::json;
use uuid::Uuid;

use super::transaction::check_date;
use super::{Caller, Done, RefusalCode, ServiceError, Services, access, policy, settle};
use crate::queue::{self, REPLAY, Request};
use crate::storage;
use crate::storage::Page;
use crate::storage::lot::Place;
use crate::storage::portfolio::Portfolio;
use crate::storage::replay::{Balance, Event, OpenLot, Position, Question, Replay, ReplayStatus};
use crate::storage::transaction::stream::{self, Known};
use crate::tenancy::{Session, Tenant};

/// Replays of a portfolio by one calculation version, at most: each keeps what it found.
const MAX_REPLAYS: u64 = 100;
/// Entries that are booked at a time, unless a single part has more.
const ENTRIES_AT_ONCE: usize = if SMALL { 20 } else { 100_000 };
/// Whether ledgers fall into many small pieces, as they must where a test of some hundred rows is to see more than one.
const SMALL: bool = cfg!(debug_assertions);
/// What nothing was heard of for so long is put into the queue again when it is asked again.
const SILENT: TimeDelta = TimeDelta::minutes(10);
/// Digits of a second that the database keeps of an instant.
const STORED_DIGITS: u16 = 6;

impl Services {
    /// Asks for a replay by a job. The same question again is answered by the same replay; one that failed is tried again.
    pub async fn replay_request(
        &self,
        caller: &Caller,
        portfolio: Uuid,
        known_at: DateTime<Utc>,
        as_of: NaiveDate,
    ) -> Result<(Replay, Portfolio), ServiceError> {
        let session = self.write(caller).await?;
        let result = async {
            let unknown =
                || ServiceError::refused(RefusalCode::NotFound, &["input", "portfolioId"], "no such portfolio");
            // Whoever writes to the ledger holds this lock from before they read the clock until they commit: what is ever
            // recorded of an instant that has passed is committed now.
            let visible = access::readable(&caller.actor);
            let found = storage::portfolio::lock(&session, visible, portfolio).await?.ok_or_else(unknown)?;
            let now = self.environment.clock.now();
            let known_at = known_at.trunc_subsecs(STORED_DIGITS);
            if known_at >= now.trunc_subsecs(STORED_DIGITS) {
                let message = format!("{known_at} has not passed yet: it is {now}");
                return Err(ServiceError::refused(RefusalCode::FutureDate, &["input", "knownAt"], message));
            }
            if let Err(message) = check_date(as_of, self.environment.clock.today()) {
                return Err(ServiceError::refused(RefusalCode::FutureDate, &["input", "asOf"], message));
            }
            let question =
                Question { portfolio_id: portfolio, known_at, as_of, calculation_version: CALCULATION_VERSION };
            let replay = match storage::replay::of_question(&session, question).await? {
                Some(earlier) => self.asked_again(&session, caller, earlier, now).await?,
                None => self.asked_first(&session, caller, question, now).await?,
            };
            Ok((replay, found))
        }
        .await;
        settle(session, result).await
    }

    async fn asked_first(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        question: Question,
        now: DateTime<Utc>,
    ) -> Result<Replay, ServiceError> {
        let count = storage::replay::count(session, question.portfolio_id, Some(CALCULATION_VERSION)).await?;
        if count >= MAX_REPLAYS {
            let message = format!("the portfolio has {count} replays, {MAX_REPLAYS} at the most: read one of those");
            return Err(ServiceError::refused(RefusalCode::LimitReached, &["input", "portfolioId"], message));
        }
        let replay = Replay {
            id: self.environment.ids.next(),
            question,
            requested_at: now,
            requested_by: caller.actor.user_id,
            last: queued(1, now),
        };
        storage::replay::insert(session, &replay).await?;
        self.ask_for_replay(session, caller, &replay, now).await?;
        Ok(replay)
    }

    async fn asked_again(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        replay: Replay,
        now: DateTime<Utc>,
    ) -> Result<Replay, ServiceError> {
        match replay.last.status {
            ReplayStatus::Done => Ok(replay),
            ReplayStatus::Failed => {
                let last = queued(replay.last.number + 1, now);
                storage::replay::append(session, replay.id, &last).await?;
                self.ask_for_replay(session, caller, &replay, now).await?;
                Ok(Replay { last, ..replay })
            }
            ReplayStatus::Queued | ReplayStatus::Running => {
                // Its job may have been given up with workers that died.
                if now.signed_duration_since(replay.last.recorded_at) > SILENT {
                    self.ask_for_replay(session, caller, &replay, now).await?;
                }
                Ok(replay)
            }
        }
    }

    async fn ask_for_replay(
        &self,
        session: &Session<Tenant>,
        caller: &Caller,
        replay: &Replay,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let (id, key) = (self.environment.ids.next(), replay.id.to_string());
        queue::enqueue(session, Request { id, kind: REPLAY, key: &key, at: now, due: now }).await?;
        let Question { portfolio_id, known_at, as_of, calculation_version } = replay.question;
        let after = json!({ "portfolio": portfolio_id, "knownAt": known_at, "asOf": as_of,
            "calculationVersion": calculation_version });
        let done = Done {
            action: "replayRequest",
            entity_type: "Replay",
            entity_id: replay.id,
            before: None,
            after: Some(after),
        };
        self.audit(session, caller, done).await
    }

    /// The replay with this id, with its portfolio; nothing where the caller may not read that.
    pub async fn replay(
        &self,
        session: &Session<Tenant>,
        id: Uuid,
    ) -> Result<Option<(Replay, Portfolio)>, ServiceError> {
        let Some(replay) = storage::replay::by_id(session, id).await? else {
            return Ok(None);
        };
        let visible = access::readable(session.actor());
        let found = storage::portfolio::by_ids(session, visible, &[replay.question.portfolio_id]).await?.pop();
        Ok(found.map(|portfolio| (replay, portfolio)))
    }

    /// The replays of a portfolio that the caller has been shown, the latest first.
    pub async fn replay_page(
        &self,
        session: &Session<Tenant>,
        portfolio: Uuid,
        page: Page<Uuid>,
    ) -> Result<Vec<Replay>, ServiceError> {
        Ok(storage::replay::page(session, portfolio, page).await?)
    }

    /// How many replays a portfolio has that the caller has been shown.
    pub async fn replay_count(&self, session: &Session<Tenant>, portfolio: Uuid) -> Result<u64, ServiceError> {
        Ok(storage::replay::count(session, portfolio, None).await?)
    }

    /// What was held, of a replay that the caller has been shown.
    pub async fn replay_positions(
        &self,
        session: &Session<Tenant>,
        replay: Uuid,
        page: Page<(Uuid, Uuid)>,
    ) -> Result<Vec<Position>, ServiceError> {
        Ok(storage::replay::positions(session, replay, page).await?)
    }

    /// How many holdings a replay has that the caller has been shown.
    pub async fn replay_position_count(&self, session: &Session<Tenant>, replay: Uuid) -> Result<u64, ServiceError> {
        Ok(storage::replay::count_positions(session, replay).await?)
    }

    /// The open lots of a replay that the caller has been shown, the oldest first.
    pub async fn replay_lots(
        &self,
        session: &Session<Tenant>,
        replay: Uuid,
        page: Page<Place>,
    ) -> Result<Vec<OpenLot>, ServiceError> {
        Ok(storage::replay::lots(session, replay, page).await?)
    }

    /// How many open lots a replay has that the caller has been shown.
    pub async fn replay_lot_count(&self, session: &Session<Tenant>, replay: Uuid) -> Result<u64, ServiceError> {
        Ok(storage::replay::count_lots(session, replay).await?)
    }

    /// The cash balances of a replay that the caller has been shown.
    pub async fn replay_cash(&self, session: &Session<Tenant>, replay: Uuid) -> Result<Vec<Balance>, ServiceError> {
        Ok(storage::replay::cash(session, replay).await?)
    }

    /// Books a replay and stores what it comes to, or why it cannot be booked; `is_last` where nobody tries again after this.
    pub async fn replay_book(&self, caller: &Caller, id: Uuid, is_last: bool) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let result = self.book_replay(&session, caller, id).await;
        match settle(session, result).await {
            Ok(()) => Ok(()),
            // What another try finds as it is.
            Err(error @ (ServiceError::BadInput(_) | ServiceError::Refused(_))) => {
                self.replay_gives_up(caller, id, error.to_string()).await
            }
            Err(error) => {
                if is_last {
                    let message = "the server could not finish it: ask for it again later".to_owned();
                    self.replay_gives_up(caller, id, message).await?;
                }
                Err(error)
            }
        }
    }

    async fn replay_gives_up(&self, caller: &Caller, id: Uuid, message: String) -> Result<(), ServiceError> {
        let session = self.write(caller).await?;
        let result = self.replay_failed(&session, id, message).await;
        settle(session, result).await
    }

    /// Says of a replay that it failed and why, unless it is done.
    pub(super) async fn replay_failed(
        &self,
        session: &Session<Tenant>,
        id: Uuid,
        message: String,
    ) -> Result<(), ServiceError> {
        let unknown = || ServiceError::Internal(format!("there is no replay {id}"));
        let last = storage::replay::by_id(session, id).await?.ok_or_else(unknown)?.last;
        if last.status == ReplayStatus::Done {
            return Ok(());
        }
        let event = Event {
            number: last.number + 1,
            status: ReplayStatus::Failed,
            message: Some(message),
            recorded_at: self.environment.clock.now(),
            ..last
        };
        Ok(storage::replay::append(session, id, &event).await?)
    }

    async fn book_replay(&self, session: &Session<Tenant>, caller: &Caller, id: Uuid) -> Result<(), ServiceError> {
        stream::begin(session).await?;
        let unknown = || ServiceError::Internal(format!("there is no replay {id}"));
        let (replay, portfolio) = self.replay(session, id).await?.ok_or_else(unknown)?;
        let Replay { question, last, .. } = replay;
        if last.status == ReplayStatus::Done {
            return Ok(());
        }
        if question.calculation_version != CALCULATION_VERSION {
            let message = format!(
                "it was asked for calculation version {}, and the server books by version {CALCULATION_VERSION}: ask again",
                question.calculation_version
            );
            return Err(ServiceError::BadInput(message));
        }
        let market = self.market.view(session).await?.at(Some(question.known_at));
        let known = Known { portfolio: portfolio.id, until: question.as_of, known_at: question.known_at };
        let rows_total = stream::count(session, known).await?;
        let mut run = Run {
            services: self,
            caller,
            replay: id,
            as_of: question.as_of,
            policy: self.policy_known_at(session, &portfolio, question.known_at).await?,
            fx: market.fx(session).await?,
            cash: CashSum::default(),
            last: Event {
                number: last.number,
                status: ReplayStatus::Running,
                rows_booked: 0,
                rows_total: Some(rows_total),
                message: None,
                market_version: None,
                recorded_at: last.recorded_at,
            },
        };
        run.tell(0).await?;
        let parts = self.known_parts(session, known).await?;
        stream::open(session, known, &parts).await?;
        let (mut piece, mut last_part) = (Vec::new(), None);
        loop {
            let fetched = stream::fetch(session).await?;
            if fetched.is_empty() {
                break;
            }
            for row in fetched {
                // What is about no instrument can be booked in pieces.
                if piece.len() >= ENTRIES_AT_ONCE && (row.part != last_part || row.part.is_none()) {
                    run.book(session, std::mem::take(&mut piece)).await?;
                }
                last_part = row.part;
                piece.push(row.entry);
            }
        }
        run.book(session, piece).await?;
        stream::close(session).await?;
        run.finish(session, market.version()).await
    }

    /// The rules that a portfolio was booked by at an instant.
    async fn policy_known_at(
        &self,
        session: &Session<Tenant>,
        portfolio: &Portfolio,
        known_at: DateTime<Utc>,
    ) -> Result<Policy, ServiceError> {
        match storage::bookkeeping::known_at(session, &[portfolio.id], known_at).await?.get(&portfolio.id) {
            Some(revision) => Ok(policy::of(revision, portfolio.base_currency)),
            // It was not there yet, and had nothing to book.
            None => self.policy(session, portfolio).await,
        }
    }

    /// The instruments of the parts of a ledger. Links that were recorded later join what might stand apart, which changes
    /// nothing in it.
    async fn known_parts(&self, session: &Session<Tenant>, known: Known) -> Result<Vec<Vec<Uuid>>, ServiceError> {
        let named = stream::instruments(session, known).await?;
        let mut links: Vec<(InstrumentId, InstrumentId)> = Vec::new();
        let mut all: BTreeSet<Uuid> = named.iter().copied().collect();
        for (one, other) in storage::transaction::links(session, known.portfolio).await? {
            all.insert(one);
            links.extend(other.map(|other| (one.into(), other.into())));
        }
        // An option's underlying stands in its terms.
        let terms = self.terms_of(session, all).await?;
        links.extend(terms.iter().filter_map(|(id, terms)| Some((*id, terms.option()?.underlying))));
        let groups = ledger::grouped(&links, named.into_iter().map(InstrumentId::from));
        Ok(groups.into_iter().map(|group| group.into_iter().map(|id| id.uuid()).collect()).collect())
    }
}

fn queued(number: i64, now: DateTime<Utc>) -> Event {
    Event {
        number,
        status: ReplayStatus::Queued,
        rows_booked: 0,
        rows_total: None,
        message: None,
        market_version: None,
        recorded_at: now,
    }
}

/// A replay while it is booked.
struct Run<'a> {
    services: &'a Services,
    caller: &'a Caller,
    replay: Uuid,
    as_of: NaiveDate,
    policy: Policy,
    fx: Arc<FxRates>,
    cash: CashSum,
    last: Event,
}

impl Run<'_> {
    /// Says how far it is, to be seen at once: in a transaction of its own.
    async fn tell(&mut self, more_rows: usize) -> Result<(), ServiceError> {
        self.last.number += 1;
        self.last.rows_booked += i64::try_from(more_rows).unwrap_or(i64::MAX);
        self.last.recorded_at = self.services.environment.clock.now();
        let session = self.services.write(self.caller).await?;
        let result = storage::replay::append(&session, self.replay, &self.last).await;
        settle(session, result.map_err(ServiceError::from)).await
    }

    /// Books a piece of the ledger and stores what stood at the end of the day.
    async fn book(&mut self, session: &Session<Tenant>, piece: Vec<Transaction>) -> Result<(), ServiceError> {
        let rows = piece.len();
        if rows == 0 {
            return Ok(());
        }
        let booking = self.booked(session, piece).await?;
        let on_day = |from: NaiveDate, until: Option<NaiveDate>| is_on(self.as_of, from, until);
        let held = booking.positions.iter().filter(|row| on_day(row.valid_from, row.valid_until));
        storage::replay::add_positions(session, self.replay, &held.collect::<Vec<_>>()).await?;
        let open = booking.lots.iter().filter(|lot| lot.closed_on.is_none());
        storage::replay::add_lots(session, self.replay, &open.collect::<Vec<_>>()).await?;
        self.cash.add(&booking.cash)?;
        self.tell(rows).await
    }

    async fn booked(&self, session: &Session<Tenant>, piece: Vec<Transaction>) -> Result<Booking, ServiceError> {
        let instruments = self.services.terms(session, piece.iter().map(|entry| &entry.kind)).await?;
        let mut splits = self.services.market_splits(session, &self.policy, &piece, &instruments).await?;
        // Lots stand in the share basis of the day.
        splits.retain(|split| split.ex_date <= self.as_of);
        let (policy, fx) = (self.policy.clone(), Arc::clone(&self.fx));
        // Off the threads that serve the other jobs: a piece takes its time.
        let booked = tokio::task::spawn_blocking(move || {
            ledger::book(&policy, &piece, &splits, &instruments, &fx).map_err(|error| {
                let broken = error.transaction();
                let entry = piece.iter().find(|entry| Some(entry.id) == broken);
                match entry {
                    Some(entry) => format!("the transaction of {} cannot be booked: it {error}", entry.trade_date),
                    None => format!("the ledger cannot be booked: it {error}"),
                }
            })
        });
        let booked = booked.await.map_err(|error| ServiceError::Internal(error.to_string()))?;
        booked.map_err(ServiceError::BadInput)
    }

    /// Stores the cash, which all pieces move, and that the answer is there.
    async fn finish(self, session: &Session<Tenant>, market_version: i64) -> Result<(), ServiceError> {
        let moved = self.cash.changes()?;
        let balances = moved.iter().flat_map(|moved| &moved.steps);
        let held = balances.filter(|row| is_on(self.as_of, row.valid_from, row.valid_until));
        storage::replay::add_cash(session, self.replay, &held.collect::<Vec<_>>()).await?;
        let done = Event {
            number: self.last.number + 1,
            status: ReplayStatus::Done,
            market_version: Some(market_version),
            recorded_at: self.services.environment.clock.now(),
            ..self.last
        };
        Ok(storage::replay::append(session, self.replay, &done).await?)
    }
}

fn is_on(day: NaiveDate, from: NaiveDate, until: Option<NaiveDate>) -> bool {
    from <= day && until.is_none_or(|until| until > day)
}
