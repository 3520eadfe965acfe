//! Simulations: what was asked, how it stands, what is drawn from, and the answer.

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::Currency;
use rust_decimal::Decimal;
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use super::currency;
use super::statement::{ask, run, statement};
use crate::tenancy::{DatabaseError, Session, Tenant};

/// What is asked, of books and a market as they stood then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question {
    /// Of which portfolio.
    pub portfolio_id: Uuid,
    /// Its version.
    pub portfolio_version: i64,
    /// The market's.
    pub market_version: i64,
    /// In which currency.
    pub currency: Currency,
    /// The day whose close the range opens from.
    pub opening: NaiveDate,
    /// The last day, at whose close the holdings stand.
    pub as_of: NaiveDate,
    /// Above 0 and below 1.
    pub confidence: f64,
    /// Valuation days ahead.
    pub horizon: i32,
    /// How many outcomes.
    pub paths: i32,
    /// What names them.
    pub seed: i32,
}

/// How a simulation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimulationStatus {
    /// It waits for a worker.
    Queued,
    /// A worker draws.
    Running,
    /// The answer is there.
    Done,
    /// It has none, and says why.
    Failed,
}

impl SimulationStatus {
    const ALL: [(&'static str, Self); 4] =
        [("QUEUED", Self::Queued), ("RUNNING", Self::Running), ("DONE", Self::Done), ("FAILED", Self::Failed)];
}

/// A simulation and how it stands.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// Its id.
    pub id: Uuid,
    /// What was asked.
    pub question: Question,
    /// When it was first asked.
    pub requested_at: DateTime<Utc>,
    /// By whom.
    pub requested_by: Uuid,
    /// How it stands.
    pub status: SimulationStatus,
    /// Outcomes that are drawn.
    pub paths_done: i32,
    /// Why it failed.
    pub message: Option<String>,
    /// Value at risk and expected shortfall, as fractions, of one that is done.
    pub answer: Option<[f64; 2]>,
    /// How many returns what is drawn from was estimated from, once that was done.
    pub observations: Option<i32>,
    /// What the holdings were worth.
    pub value: Option<Decimal>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
}

/// What outcomes are drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// How many returns it was estimated from.
    pub observations: i32,
    /// What the holdings were worth.
    pub value: Option<Decimal>,
    /// The share of each holding.
    pub weights: Vec<f64>,
    /// The mean logarithmic growth of each.
    pub means: Vec<f64>,
    /// The lower triangle of their covariance, row by row.
    pub covariance: Vec<f64>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    portfolio_id: Uuid,
    portfolio_version: i64,
    market_version: i64,
    currency: String,
    opening: NaiveDate,
    as_of: NaiveDate,
    confidence: f64,
    horizon: i32,
    paths: i32,
    seed: i32,
    requested_at: DateTime<Utc>,
    requested_by: Uuid,
    observations: Option<i32>,
    value: Option<Decimal>,
    status: String,
    paths_done: i32,
    message: Option<String>,
    value_at_risk: Option<f64>,
    expected_shortfall: Option<f64>,
    changed_at: DateTime<Utc>,
}

impl TryFrom<Row> for Simulation {
    type Error = DatabaseError;

    fn try_from(row: Row) -> Result<Self, DatabaseError> {
        let status = SimulationStatus::ALL.into_iter().find(|(code, _)| *code == row.status);
        let corrupt = || DatabaseError::Corrupt(format!("{} is no status of a simulation", row.status));
        Ok(Self {
            id: row.id,
            question: Question {
                portfolio_id: row.portfolio_id,
                portfolio_version: row.portfolio_version,
                market_version: row.market_version,
                currency: currency(&row.currency)?,
                opening: row.opening,
                as_of: row.as_of,
                confidence: row.confidence,
                horizon: row.horizon,
                paths: row.paths,
                seed: row.seed,
            },
            requested_at: row.requested_at,
            requested_by: row.requested_by,
            status: status.ok_or_else(corrupt)?.1,
            paths_done: row.paths_done,
            message: row.message,
            answer: row.value_at_risk.zip(row.expected_shortfall).map(|(risk, shortfall)| [risk, shortfall]),
            observations: row.observations,
            value: row.value,
            changed_at: row.changed_at,
        })
    }
}

macro_rules! simulations {
    ($condition:literal) => {
        concat!(
            "SELECT id, portfolio_id, portfolio_version, market_version, currency, opening, as_of, confidence, horizon, paths, seed, ",
            "requested_at, requested_by, observations, value, status, paths_done, message, value_at_risk, expected_shortfall, ",
            "changed_at FROM simulation WHERE ",
            $condition
        )
    };
}

const BY_ID: &str = simulations!("id = $1");
const OF_QUESTION: &str = simulations!(
    "portfolio_id = $1 AND portfolio_version = $2 AND market_version = $3 AND currency = $4 AND opening = $5 AND as_of = $6 \
     AND confidence = $7 AND horizon = $8 AND paths = $9 AND seed = $10 AND status <> 'DONE' ORDER BY requested_at DESC LIMIT 1"
);

const OF_PORTFOLIOS: &str = simulations!(
    "id IN (SELECT s.id FROM unnest($1::uuid[]) AS k (portfolio_id) CROSS JOIN LATERAL (SELECT o.id FROM simulation o \
     WHERE o.portfolio_id = k.portfolio_id ORDER BY o.requested_at DESC, o.id DESC LIMIT $2) s) ORDER BY requested_at DESC, id DESC"
);

async fn read(
    session: &Session<Tenant>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<Simulation>, DatabaseError> {
    Row::find_by_statement(statement(sql, values)).one(session).await?.map(Simulation::try_from).transpose()
}

/// The simulation with this id.
pub async fn by_id(session: &Session<Tenant>, id: Uuid) -> Result<Option<Simulation>, DatabaseError> {
    read(session, BY_ID, [id.into()]).await
}

/// The simulation that is to answer a question and has not done so yet.
pub async fn of_question(session: &Session<Tenant>, question: Question) -> Result<Option<Simulation>, DatabaseError> {
    read(session, OF_QUESTION, asked(question)).await
}

/// So many simulations of each of these portfolios, the latest first.
pub async fn of_portfolios(
    session: &Session<Tenant>,
    portfolios: &[Uuid],
    limit: u64,
) -> Result<Vec<Simulation>, DatabaseError> {
    let values: [Value; 2] = [portfolios.to_vec().into(), i64::try_from(limit).unwrap_or(i64::MAX).into()];
    let rows = Row::find_by_statement(statement(OF_PORTFOLIOS, values)).all(session).await?;
    rows.into_iter().map(Simulation::try_from).collect()
}

fn asked(question: Question) -> [Value; 10] {
    [
        question.portfolio_id.into(),
        question.portfolio_version.into(),
        question.market_version.into(),
        question.currency.as_str().into(),
        question.opening.into(),
        question.as_of.into(),
        question.confidence.into(),
        question.horizon.into(),
        question.paths.into(),
        question.seed.into(),
    ]
}

const INSERT: &str = "\
    INSERT INTO simulation (portfolio_id, portfolio_version, market_version, currency, opening, as_of, confidence, horizon, paths, \
    seed, id, requested_at, requested_by, status, paths_done, changed_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'QUEUED', 0, $12)";

/// Notes a question that nobody has asked yet. The portfolio is locked by the caller.
pub async fn insert(
    session: &Session<Tenant>,
    id: Uuid,
    question: Question,
    requested_at: DateTime<Utc>,
    requested_by: Uuid,
) -> Result<(), DatabaseError> {
    let values = asked(question).into_iter().chain([id.into(), requested_at.into(), requested_by.into()]);
    run(session, INSERT, values.collect::<Vec<Value>>()).await?;
    Ok(())
}

const COUNTS: &str = "\
    SELECT count(*) FILTER (WHERE portfolio_id = $1), count(*) FILTER (WHERE status IN ('QUEUED', 'RUNNING')) FROM simulation";

/// How many simulations a portfolio has, and how many of the tenant's are not drawn yet.
pub async fn counts(session: &Session<Tenant>, portfolio: Uuid) -> Result<[u64; 2], DatabaseError> {
    let Some(row) = ask(session, COUNTS, [portfolio.into()]).await?.pop() else { return Ok([0; 2]) };
    let [all, open]: [i64; 2] = [row.try_get_by_index(0)?, row.try_get_by_index(1)?];
    Ok([all.unsigned_abs(), open.unsigned_abs()])
}

const MAKE_ROOM: &str = "\
    DELETE FROM simulation WHERE id = (SELECT id FROM simulation WHERE portfolio_id = $1 AND status IN ('DONE', 'FAILED') \
    ORDER BY requested_at, id LIMIT 1)";

/// Removes the oldest simulation of a portfolio that is over; whether there was one.
pub async fn make_room(session: &Session<Tenant>, portfolio: Uuid) -> Result<bool, DatabaseError> {
    Ok(run(session, MAKE_ROOM, [portfolio.into()]).await? > 0)
}

const QUEUE: &str = "\
    UPDATE simulation SET status = 'QUEUED', message = NULL, paths_done = 0, changed_at = $2, observations = NULL, value = NULL, \
    weights = NULL, means = NULL, covariance = NULL WHERE id = $1 AND status <> 'DONE'";

/// Puts one that failed back to those that wait: it is drawn of what is known when it begins.
pub async fn queue(session: &Session<Tenant>, id: Uuid, now: DateTime<Utc>) -> Result<(), DatabaseError> {
    run(session, QUEUE, [id.into(), now.into()]).await?;
    Ok(())
}

const BEGIN: &str = "\
    UPDATE simulation SET observations = $2, value = $3, weights = $4::text::double precision[], \
    means = $5::text::double precision[], covariance = $6::text::double precision[] WHERE id = $1 AND weights IS NULL";

/// Keeps what is drawn from; whether nobody had done so before.
pub async fn begin(session: &Session<Tenant>, id: Uuid, drawn: &Drawn) -> Result<bool, DatabaseError> {
    let list = |numbers: &[f64]| -> Value {
        format!("{{{}}}", numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(",")).into()
    };
    let values = [
        id.into(),
        drawn.observations.into(),
        drawn.value.into(),
        list(&drawn.weights),
        list(&drawn.means),
        list(&drawn.covariance),
    ];
    Ok(run(session, BEGIN, values).await? > 0)
}

const DRAWN: &str = "\
    SELECT observations, value, array_to_string(weights, ','), array_to_string(means, ','), array_to_string(covariance, ',') \
    FROM simulation WHERE id = $1 AND weights IS NOT NULL";

/// What is drawn from, to the last digit; nothing before that is known.
pub async fn drawn(session: &Session<Tenant>, id: Uuid) -> Result<Option<Drawn>, DatabaseError> {
    let Some(row) = ask(session, DRAWN, [id.into()]).await?.pop() else { return Ok(None) };
    let numbers = |index: usize| -> Result<Vec<f64>, DatabaseError> {
        let text: String = row.try_get_by_index(index)?;
        let number = |part: &str| {
            part.parse().map_err(|_| DatabaseError::Corrupt(format!("{part} is no number of a simulation")))
        };
        text.split(',').filter(|part| !part.is_empty()).map(number).collect()
    };
    Ok(Some(Drawn {
        observations: row.try_get_by_index(0)?,
        value: row.try_get_by_index(1)?,
        weights: numbers(2)?,
        means: numbers(3)?,
        covariance: numbers(4)?,
    }))
}

const TELL: &str = "\
    UPDATE simulation SET status = 'RUNNING', message = NULL, paths_done = $2, changed_at = $3 WHERE id = $1 AND status <> 'DONE'";

/// Says how many outcomes are drawn.
pub async fn tell(
    session: &Session<Tenant>,
    id: Uuid,
    paths_done: i32,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    run(session, TELL, [id.into(), paths_done.into(), now.into()]).await?;
    Ok(())
}

const DONE: &str = "\
    UPDATE simulation SET status = 'DONE', message = NULL, paths_done = paths, value_at_risk = $2, expected_shortfall = $3, \
    changed_at = $4 WHERE id = $1 AND status <> 'DONE'";

/// Keeps the answer: the first that comes.
pub async fn done(
    session: &Session<Tenant>,
    id: Uuid,
    [value_at_risk, expected_shortfall]: [f64; 2],
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    run(session, DONE, [id.into(), value_at_risk.into(), expected_shortfall.into(), now.into()]).await?;
    Ok(())
}

const FAILED: &str = "\
    UPDATE simulation SET status = 'FAILED', message = $2, changed_at = $3 WHERE id = $1 AND status <> 'DONE'";

/// Says why there is no answer, unless there is one.
pub async fn failed(
    session: &Session<Tenant>,
    id: Uuid,
    message: &str,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    run(session, FAILED, [id.into(), message.into(), now.into()]).await?;
    Ok(())
}

const PURGE: &str = "DELETE FROM simulation WHERE changed_at < $1";

/// Removes what has not changed since; returns how many.
pub async fn purge(session: &Session<Tenant>, before: DateTime<Utc>) -> Result<u64, DatabaseError> {
    run(session, PURGE, [before.into()]).await
}
