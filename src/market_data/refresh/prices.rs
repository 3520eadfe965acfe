//! Prices of what is held, with the splits and dividends that come with them.

use chrono::{DateTime, Utc};

use super::{Line, Piece, Refresh, What};
use crate::market_data::delivery::{Delivery, DividendRow, PriceRow, SplitRow};
use crate::market_data::pipeline::Work;
use crate::market_data::providers::{Attempt, Collected, History, Registry, Subject};
use crate::storage::pipeline::{Dataset, Outcome, Run};
use crate::storage::tracked::{Tracked, Which, tracked};
use crate::tenancy::{Access, DatabaseError, MarketDoor};

/// For so many days after it was last held, an instrument is asked for.
pub(super) const HELD_WITHIN_DAYS: i32 = 45;
/// Instruments that are asked for together: what fails of them leaves the rest, and what came of them is seen before the next are
/// asked for, minutes later where a provider answers few questions a minute.
const AT_A_TIME: usize = 100;
/// The same of those whose whole history is asked for.
const HISTORIES_AT_A_TIME: usize = 25;
/// Symbols that are named of those that nobody answered for.
const NAMED: usize = 20;

/// What one provider gave of a chunk.
struct Given {
    provider: String,
    splits: Delivery<SplitRow>,
    dividends: Delivery<DividendRow>,
    prices: Delivery<PriceRow>,
}

impl<D: MarketDoor> Refresh<'_, D> {
    /// The instruments to ask for, in chunks: those that somebody knows a symbol of.
    pub(super) async fn price_pieces(&self, what: What) -> Result<Vec<Piece>, DatabaseError> {
        let which = if what == What::Intraday { Which::Open } else { Which::Due };
        let session = self.door.market(Access::Read).await?;
        let found = tracked(&session, HELD_WITHIN_DAYS, self.environment.clock.now(), which).await;
        session.close().await?;
        let mut subjects: Vec<Subject> = found?.into_iter().map(subject).collect();
        let providers = self.providers(what);
        subjects.retain(|subject| !providers.order(subject).is_empty());
        let (known, new): (Vec<Subject>, Vec<Subject>) =
            subjects.into_iter().partition(|subject| subject.since.is_some());
        let chunks = known.chunks(AT_A_TIME).chain(new.chunks(HISTORIES_AT_A_TIME));
        Ok(chunks.map(|chunk| Piece::Prices(what, chunk.to_vec())).collect())
    }

    /// Asks for a chunk and takes in what each provider gives, each in a transaction of its own: what the database does not take
    /// of one keeps the others from nothing.
    pub(super) async fn prices(&self, providers: &Registry, chunk: &[Subject]) -> Result<Vec<Line>, DatabaseError> {
        let asked_at = self.environment.clock.now();
        let mut collected = providers.prices(chunk, None).await;
        let mut lines = Vec::new();
        let mut failed = None;
        for attempt in std::mem::take(&mut collected.attempts) {
            if let Some(given) = given(&attempt, &mut collected) {
                match self.take_in(given, asked_at).await {
                    Ok(taken) => lines.extend(taken),
                    Err(error) => failed = Some(error),
                }
            }
            if let Some(error) = &attempt.error {
                let reason = why(&attempt, error);
                let asked = not_answered(&attempt, &collected, chunk);
                let run = self.run(Dataset::Prices, &attempt.provider, asked, asked_at);
                lines.push(self.failed(run, reason).await?);
            }
        }
        failed.map_or(Ok(lines), Err)
    }

    /// One version: splits before the prices that are divided by them.
    async fn take_in(&self, given: Given, asked_at: DateTime<Utc>) -> Result<Vec<Line>, DatabaseError> {
        let Given { provider, splits, dividends, prices } = given;
        let run = |dataset, asked: &String| self.run(dataset, &provider, asked.clone(), asked_at);
        let of_splits = (!splits.rows.is_empty()).then(|| run(Dataset::Splits, &splits.asked));
        let of_dividends = (!dividends.rows.is_empty()).then(|| run(Dataset::Dividends, &dividends.asked));
        let of_prices = run(Dataset::Prices, &prices.asked);
        let runs: Vec<Run> = of_splits.iter().chain(&of_dividends).chain([&of_prices]).cloned().collect();
        self.begin(&runs).await?;
        let mut work = Work::open(self.door, self.environment).await?;
        let outcomes = async {
            let mut done: Vec<(Run, Outcome)> = Vec::new();
            if let Some(run) = of_splits {
                done.push((run.clone(), work.splits(run, &splits).await?));
            }
            if let Some(run) = of_dividends {
                done.push((run.clone(), work.dividends(run, &dividends).await?));
            }
            done.push((of_prices.clone(), work.prices(of_prices, &prices).await?));
            Ok::<_, DatabaseError>(done)
        }
        .await;
        let done = match work.end(self.door, outcomes).await {
            Ok(done) => done,
            Err(error) => {
                self.undone(&runs).await?;
                return Err(error);
            }
        };
        Ok(done.into_iter().map(|(run, outcome)| Line::of(run, Ok(outcome))).collect())
    }
}

fn subject(tracked: Tracked) -> Subject {
    Subject {
        instrument: tracked.id,
        ticker: tracked.symbol,
        mic: tracked.mic,
        currency: tracked.currency,
        asset_class: tracked.asset_type,
        symbols: tracked.symbols,
        since: tracked.last_final,
    }
}

/// Takes what a provider gave out of all that came; nothing where it gave nothing.
fn given(attempt: &Attempt, collected: &mut Collected) -> Option<Given> {
    let is_its = |history: &mut History| history.prices.provider == attempt.provider;
    let histories: Vec<_> = collected.histories.extract_if(.., is_its).collect();
    let fetched_at = histories.iter().map(|history| history.prices.fetched_at).max()?;
    let asked = format!("{} instruments", attempt.answered);
    let mut given = Given {
        provider: attempt.provider.clone(),
        splits: delivery(attempt, &asked, fetched_at),
        dividends: delivery(attempt, &asked, fetched_at),
        prices: delivery(attempt, &asked, fetched_at),
    };
    for history in histories {
        given.splits.rows.extend(history.splits);
        given.dividends.rows.extend(history.dividends);
        given.prices.rows.extend(history.prices.rows);
    }
    (attempt.answered > 0).then_some(given)
}

fn delivery<R>(attempt: &Attempt, asked: &str, fetched_at: DateTime<Utc>) -> Delivery<R> {
    Delivery { provider: attempt.provider.clone(), asked: asked.to_owned(), fetched_at, rows: Vec::new() }
}

/// How many were not answered, by code, and the first of the errors in words.
fn why(attempt: &Attempt, error: &str) -> String {
    let counts: Vec<String> = attempt.failures.iter().map(|(code, count)| format!("{code} {count}")).collect();
    format!("{}; the first: {error}", counts.join(", "))
}

/// How many a provider was asked for and did not answer, and which of them nobody answered for.
fn not_answered(attempt: &Attempt, collected: &Collected, chunk: &[Subject]) -> String {
    let count = attempt.asked.saturating_sub(attempt.answered);
    let ticker = |id| chunk.iter().find(|subject| subject.instrument == id).map(|subject| subject.ticker.as_str());
    let was_asked = |reasons: &[(String, _)]| reasons.iter().any(|(name, _)| *name == attempt.provider);
    let nobodys = collected.unanswered.iter().filter(|one| was_asked(&one.reasons));
    let mut names: Vec<&str> = nobodys.filter_map(|one| ticker(one.instrument)).take(NAMED + 1).collect();
    let of_all = format!("{count} of {} instruments", attempt.asked);
    if names.is_empty() {
        return format!("{of_all}, all of which another provider answered for");
    }
    if names.len() > NAMED {
        names.truncate(NAMED);
        names.push("…");
    }
    format!("{of_all}, nobody answered for {}", names.join(", "))
}
