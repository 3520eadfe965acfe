//! The one way of every delivery, from providers, files and schedules: staged as it came, checked, held or promoted.
//!
//! A run is noted and committed before its work, so that one that was ended with its process is seen. Its work is one transaction,
//! in which the next version of the market data is taken first: what comes at the same time waits, and whoever sees a value sees
//! its version. In the same transaction every tenant's daily facts are asked for, if anything has changed that they
//! are made of.

use std::collections::BTreeMap;

use domain::quality::{self, Context, DeliveredSeries, Finding, Kind, Row, Severity};
use uuid::Uuid;

use super::delivery::{Basis, Delivery, DividendRow, PriceRow, RateRow, SplitRow};
use crate::clock::Environment;
use crate::queue::{self, DAILY_FACTS};
use crate::storage::pipeline::prices::{self, Delivered, LongSeries, SeriesFinding};
use crate::storage::pipeline::{Asked, Changed, Dataset, Outcome, Run, actions, rates, run, version};
use crate::tenancy::{Access, DatabaseError, Market, MarketDoor, Session};

/// Series that are looked at together: some megabytes of rows.
const SERIES_AT_A_TIME: usize = 100;

/// Findings that are stored of one series and kind; more of them say the same.
const FINDINGS_OF_A_KIND: usize = 1_000;

/// Notes that a run begins: before the provider is asked.
pub async fn begin(
    door: &impl MarketDoor,
    environment: &Environment,
    dataset: Dataset,
    provider: &str,
    asked: &str,
) -> Result<Run, DatabaseError> {
    let run = Run {
        id: environment.ids.next(),
        dataset,
        provider: provider.to_owned(),
        asked: asked.to_owned(),
        started_at: environment.clock.now(),
    };
    let session = door.market(Access::Write).await?;
    run::begin(&session, &run).await?;
    session.commit().await?;
    Ok(run)
}

/// Notes that a run failed, with a reason that shows no internals.
pub async fn fail(
    door: &impl MarketDoor,
    environment: &Environment,
    run: &Run,
    reason: &str,
) -> Result<(), DatabaseError> {
    let session = door.market(Access::Write).await?;
    run::fail(&session, run, reason, environment.clock.now()).await?;
    session.commit().await
}

/// Takes prices in.
pub async fn prices(
    door: &impl MarketDoor,
    environment: &Environment,
    run: Run,
    delivery: &Delivery<PriceRow>,
) -> Result<Outcome, DatabaseError> {
    let mut work = Work::open(door, environment).await?;
    let outcome = work.prices(run, delivery).await;
    work.end(door, outcome).await
}

/// Takes exchange rates in.
pub async fn rates(
    door: &impl MarketDoor,
    environment: &Environment,
    run: Run,
    delivery: &Delivery<RateRow>,
) -> Result<Outcome, DatabaseError> {
    let mut work = Work::open(door, environment).await?;
    let outcome = work.rates(run, delivery).await;
    work.end(door, outcome).await
}

/// Takes splits in.
pub async fn splits(
    door: &impl MarketDoor,
    environment: &Environment,
    run: Run,
    delivery: &Delivery<SplitRow>,
) -> Result<Outcome, DatabaseError> {
    let mut work = Work::open(door, environment).await?;
    let outcome = work.splits(run, delivery).await;
    work.end(door, outcome).await
}

/// Takes cash dividends in.
pub async fn dividends(
    door: &impl MarketDoor,
    environment: &Environment,
    run: Run,
    delivery: &Delivery<DividendRow>,
) -> Result<Outcome, DatabaseError> {
    let mut work = Work::open(door, environment).await?;
    let outcome = work.dividends(run, delivery).await;
    work.end(door, outcome).await
}

/// A transaction of one version, which may take several deliveries in.
pub struct Work<'a> {
    session: Session<Market>,
    environment: &'a Environment,
    next: i64,
    changed: Changed,
    promoted: u64,
    /// Runs that began in it, the one at work last.
    runs: Vec<Run>,
}

impl<'a> Work<'a> {
    /// Begins one, and takes the next version.
    pub async fn open(door: &impl MarketDoor, environment: &'a Environment) -> Result<Self, DatabaseError> {
        let session = door.market(Access::Write).await?;
        let next = version::take_next(&session).await?;
        Ok(Self { session, environment, next, changed: Changed::default(), promoted: 0, runs: Vec::new() })
    }

    /// The transaction, for what belongs to the same version.
    pub fn session(&self) -> &Session<Market> {
        &self.session
    }

    /// Notes that instruments, exchanges, sessions or currencies were added or changed.
    pub fn reference_changed(&mut self) {
        self.changed.reference = true;
    }

    /// Takes prices in. A row is held for what is wrong with it; the rest goes on.
    pub async fn prices(&mut self, run: Run, delivery: &Delivery<PriceRow>) -> Result<Outcome, DatabaseError> {
        self.runs.push(run.clone());
        let at = delivery.fetched_at;
        let delivered = prices::stage(&self.session, &run, at, delivery.rows.iter().map(delivered)).await?;
        prices::check(&self.session, &run, at).await?;
        self.look_at_series().await?;
        let outcome = prices::settle(&self.session, &run, at, delivered, self.next).await?;
        self.finish(&run, outcome).await
    }

    /// Takes exchange rates in.
    pub async fn rates(&mut self, run: Run, delivery: &Delivery<RateRow>) -> Result<Outcome, DatabaseError> {
        self.runs.push(run.clone());
        let rows = delivery.rows.iter().map(rate_cells);
        let outcome = rates::load(&self.session, &run, delivery.fetched_at, rows, self.next).await?;
        self.changed.rates |= outcome.promoted > 0;
        self.finish(&run, outcome).await
    }

    /// Takes splits in.
    pub async fn splits(&mut self, run: Run, delivery: &Delivery<SplitRow>) -> Result<Outcome, DatabaseError> {
        self.runs.push(run.clone());
        let rows = delivery.rows.iter().map(split_cells);
        let outcome = actions::load_splits(&self.session, &run, delivery.fetched_at, rows, self.next).await?;
        self.changed.actions |= outcome.promoted > 0;
        self.finish(&run, outcome).await
    }

    /// Takes cash dividends in.
    pub async fn dividends(&mut self, run: Run, delivery: &Delivery<DividendRow>) -> Result<Outcome, DatabaseError> {
        self.runs.push(run.clone());
        let rows = delivery.rows.iter().map(dividend_cells);
        let outcome = actions::load_dividends(&self.session, &run, delivery.fetched_at, rows, self.next).await?;
        self.changed.actions |= outcome.promoted > 0;
        self.finish(&run, outcome).await
    }

    /// Notes what a run came to.
    pub(super) async fn finish(&mut self, run: &Run, outcome: Outcome) -> Result<Outcome, DatabaseError> {
        self.promoted += outcome.promoted;
        let version = (outcome.promoted > 0).then_some(self.next);
        run::finish(&self.session, run, outcome, version, self.environment.clock.now()).await?;
        Ok(outcome)
    }

    /// Longer deliveries of one instrument are looked at as series, some at a time.
    async fn look_at_series(&self) -> Result<(), DatabaseError> {
        let instruments = prices::long_series(&self.session).await?;
        for some in instruments.chunks(SERIES_AT_A_TIME) {
            let series = prices::series_of(&self.session, some).await?;
            let findings: Vec<SeriesFinding> = series.iter().flat_map(findings).collect();
            prices::add_findings(&self.session, &findings).await?;
        }
        Ok(())
    }

    /// Puts what was promoted in force and asks for every tenant's daily facts; or undoes all of it, and notes why.
    pub async fn end<T, E: From<DatabaseError>>(self, door: &impl MarketDoor, result: Result<T, E>) -> Result<T, E> {
        let Self { session, environment, runs, .. } = &self;
        let now = environment.clock.now();
        let result = async {
            let value = result?;
            if self.promoted > 0 || self.changed != Changed::default() {
                publish(session, environment, self.changed).await?;
            }
            Ok(value)
        }
        .await;
        match result {
            Ok(value) => {
                self.session.commit().await?;
                Ok(value)
            }
            Err(error) => {
                let runs = runs.clone();
                self.session.close().await?;
                let session = door.market(Access::Write).await?;
                for run in &runs {
                    run::fail(&session, run, "the database did not take the rows; the server's log says why", now)
                        .await?;
                }
                session.commit().await?;
                Err(error)
            }
        }
    }
}

/// Puts a version in force and asks for every tenant's daily facts: what was booked and computed from the version before is done
/// again, whatever ends this process. Figures are stored until the last complete day, so that prices of later days, which come by
/// the minute, ask for nothing: figures of these days are computed when they are looked at, from the version in force.
pub async fn publish(
    session: &Session<Market>,
    environment: &Environment,
    changed: Changed,
) -> Result<(), DatabaseError> {
    let now = environment.clock.now();
    if version::put_in_force(session, changed, now).await? {
        return Ok(());
    }
    queue::enqueue_for_all(session, environment.ids.next(), DAILY_FACTS, now).await
}

// Functions and not closures, so that the work may move between threads whatever its rows live in.
fn rate_cells(row: &RateRow) -> Asked<'_, 4> {
    (None, [&row.base, &row.quote, &row.date, &row.rate].map(String::as_str))
}

fn split_cells(row: &SplitRow) -> Asked<'_, 5> {
    let cells = [&row.symbol, &row.mic, &row.ex_date, &row.numerator, &row.denominator];
    (Some(row.instrument), cells.map(String::as_str))
}

fn dividend_cells(row: &DividendRow) -> Asked<'_, 7> {
    let cells = [&row.symbol, &row.mic, &row.kind, &row.ex_date, &row.pay_date, &row.amount, &row.currency];
    (Some(row.instrument), cells.map(String::as_str))
}

fn delivered(row: &PriceRow) -> Delivered<'_> {
    let cells = [
        &row.symbol,
        &row.mic,
        &row.date,
        &row.open,
        &row.high,
        &row.low,
        &row.close,
        &row.adjusted_close,
        &row.volume,
        &row.currency,
    ];
    Delivered {
        instrument: row.instrument,
        cells: cells.map(String::as_str),
        split_adjusted_until: match row.basis {
            Basis::Raw => None,
            Basis::SplitAdjusted { as_of } => Some(as_of),
        },
    }
}

/// What the checks find in a series. An error holds the rows in question where it is about their prices; what is wrong with adjusted
/// closes or with dividends is a warning, since neither is stored with a price.
fn findings(series: &LongSeries) -> Vec<SeriesFinding> {
    let holds = |finding: &Finding| {
        finding.severity == Severity::Error
            && matches!(finding.kind, Kind::UnitError | Kind::SplitUnadjusted | Kind::SplitWrong | Kind::NotPositive)
    };
    let raw = quality::check(&series.raw, &Context::default());
    let mut of_kind = BTreeMap::new();
    let mut found: Vec<SeriesFinding> = raw
        .iter()
        // The others are told by the statement over all rows.
        .filter(|finding| finding.flags() && !matches!(finding.kind, Kind::DuplicateDate | Kind::OhlcInconsistent))
        .flat_map(|finding| stored(series.instrument, &series.raw, finding, holds(finding)))
        .collect();
    if let Some(adjusted) = &series.adjusted {
        let about_adjusted = |finding: &&Finding| {
            matches!(
                finding.kind,
                Kind::DividendWrong | Kind::DividendUnadjusted | Kind::CapitalGainDoubleCounted | Kind::SplitUnadjusted
            )
        };
        let checked = quality::check(adjusted, &Context::default());
        let checked = checked.iter().filter(|finding| finding.flags()).filter(about_adjusted);
        found.extend(checked.flat_map(|finding| stored(series.instrument, adjusted, finding, false)));
    }
    found.retain(|finding| {
        let count = of_kind.entry(finding.finding).or_insert(0);
        *count += 1;
        finding.severity == "ERROR" || *count <= FINDINGS_OF_A_KIND
    });
    found
}

/// A finding as it is stored: of every row that it holds, or once. Where the rows of before the delivery are those that do not fit,
/// it is the delivery that is held: what is stored was looked at before.
fn stored(instrument: Uuid, series: &DeliveredSeries, finding: &Finding, holds: bool) -> Vec<SeriesFinding> {
    let one = |row: Option<&Row>| SeriesFinding {
        line: row.map(|row| row.line),
        instrument,
        day: row.map_or(finding.first, |row| row.at.date),
        finding: finding.kind.name(),
        severity: if holds { "ERROR" } else { "WARNING" },
        detail: finding.explanation.clone(),
    };
    let is_delivered = |row: &&Row| row.line > 0;
    let named = finding.rows.iter().filter_map(|&row| series.rows().get(row)).filter(is_delivered);
    let named: Vec<&Row> = named.collect();
    match (holds, named.is_empty()) {
        (true, true) => series.rows().iter().filter(is_delivered).map(|row| one(Some(row))).collect(),
        (true, false) => named.into_iter().map(|row| one(Some(row))).collect(),
        (false, _) => vec![one(named.first().copied())],
    }
}
