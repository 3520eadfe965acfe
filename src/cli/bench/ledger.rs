//! Large ledgers: the import against a raw COPY of its rows, an edit in what it made, and the engine alone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use domain::ledger::{self, Policy};
use domain::money::Currency;
use domain::pricing::{FxRates, MaxAge, Series};
use domain::valuation::{self, Inputs, PriceSource};
use rust_decimal::Decimal;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::process::Command;
use uuid::Uuid;

use super::client::Client;
use super::figures::{Times, line, millis};
use super::journal::{self, Journal, Place};
use super::server::{Server, memory};
use crate::cli::database::Database;
use crate::cli::progress::Progress;
use crate::services::portfolio::NewPortfolio;
use crate::services::{Caller, Services};
use crate::storage::transaction::{ImportBatch, staging};
use crate::storage::{self, portfolio::Portfolio};
use crate::tenancy::TenantRecord;

/// Instruments of the large ledger.
pub(super) const INSTRUMENTS: u64 = 500;
/// An import takes at most so many times a raw COPY of its rows.
const RATIO_LIMIT: f64 = 3.0;
/// What the importing process may hold.
const MEMORY_LIMIT: u64 = 1 << 30;
const EDIT_LIMIT: Duration = Duration::from_millis(100);
/// Transactions that the engine books a second.
const ENGINE_LIMIT: f64 = 5e6;
/// Trades, and how long booking and valuing every day of them may take.
const HISTORIES: [(u64, Duration); 2] = [(10_000, Duration::from_millis(30)), (100_000, Duration::from_millis(60))];
/// Rows of a chunk of the raw COPY.
const CHUNK: u64 = 5_000;
const EDITS: usize = 15;

const RECORD: &str = "mutation($input: TransactionRecordInput!) { transactionRecord(input: $input) { transaction { id } \
    userErrors { code message } } }";
const HOLDINGS: &str = "query($id: ID!) { portfolio(id: $id) { holdings(first: 50) { nodes { instrument { symbol } quantity \
    cost { amount } realizedGain { amount } } } } }";

/// The import and an edit in what it made.
pub(super) async fn imported(
    services: &Services,
    database: &Database,
    rows: u64,
    progress: Progress,
) -> anyhow::Result<Vec<String>> {
    let journal = Journal { trades: rows, instruments: INSTRUMENTS };
    let (alpine, borealis) =
        (crate::cli::open::tenant(services, "alpine").await?, crate::cli::open::tenant(services, "borealis").await?);
    let raw = raw_copy(services, &borealis, journal).await?;
    progress.say(format_args!("a raw COPY of {rows} rows took {:.1} s", raw.as_secs_f64()));
    let portfolio =
        portfolio(services, &services.system(alpine.clone(), "bench"), Some("investor1@alpine.example")).await?;
    let file = tempfile::NamedTempFile::new()?;
    journal.write(BufWriter::new(File::create(file.path())?))?;
    let (taken, peak) = import(database, portfolio.id, file.path()).await?;
    progress.say(format_args!("their import took {:.1} s", taken.as_secs_f64()));
    let ratio = taken.as_secs_f64() / raw.as_secs_f64();
    let mut report = vec![
        line(&format!("raw COPY of {rows} rows"), &millis(raw), None),
        line(&format!("import of {rows} transactions"), &millis(taken), None),
        line("the import in raw COPYs", &format!("{ratio:.2}"), Some((ratio <= RATIO_LIMIT, "3"))),
    ];
    if let Some(peak) = peak {
        let held = (peak < MEMORY_LIMIT, "1 GB");
        report.push(line("peak memory of the importing process", &format!("{} MB", peak / 1_000_000), Some(held)));
    }
    report.push(edit(services, database, &alpine, &portfolio).await?);
    Ok(report)
}

async fn portfolio(services: &Services, caller: &Caller, owner: Option<&str>) -> anyhow::Result<Portfolio> {
    let session = services.read(caller).await?;
    let people = services.user_page(&session, storage::Page { after: None, limit: 100 }).await?;
    session.close().await?;
    let owner = people.iter().find(|person| owner.is_none_or(|email| person.email == email)).map(|person| person.id);
    let new = NewPortfolio {
        name: "Large".to_owned(),
        description: String::new(),
        base_currency: Currency::new("USD")?,
        bookkeeping: Default::default(),
        owner,
        advisor: None,
        accounts: vec!["Brokerage".to_owned()],
    };
    Ok(services.portfolio_create(caller, new, None).await?)
}

/// The rows that the import makes, into the same table of another tenant with its indexes and references.
async fn raw_copy(services: &Services, tenant: &TenantRecord, journal: Journal) -> anyhow::Result<Duration> {
    let caller = services.system(tenant.clone(), "bench");
    let portfolio = portfolio(services, &caller, None).await?;
    let session = services.write(&caller).await?;
    staging::begin(&session).await?;
    let accounts = storage::account::of_portfolios(&session, &[portfolio.id]).await?;
    let symbols: Vec<String> = (0..journal.instruments).map(journal::symbol).collect();
    let found = storage::instrument::by_symbols(&session, &symbols).await?;
    let mut instruments: Vec<(String, Uuid)> =
        found.into_iter().map(|found| (found.symbol, found.instrument.id)).collect();
    instruments.sort();
    let instruments: Vec<Uuid> = instruments.into_iter().map(|(_, id)| id).collect();
    let (batch, at) = (services.environment.ids.next(), services.environment.clock.now());
    let place = Place {
        portfolio: portfolio.id,
        account: accounts.first().context("the portfolio has no account")?.id,
        batch,
        by: caller.actor.user_id,
        at,
        instruments: &instruments,
    };
    let rows = i64::try_from(journal.trades)?;
    let record = ImportBatch {
        id: batch,
        portfolio_id: portfolio.id,
        format: "raw",
        rows_read: rows,
        rows_recorded: rows,
        rows_duplicate: 0,
        rows_rejected: 0,
        rows_held: 0,
        imported_at: at,
        imported_by: place.by,
    };
    let begun = Instant::now();
    let chunks = (0..journal.trades.div_ceil(CHUNK)).map(|at| journal.copied(at * CHUNK, (at + 1) * CHUNK, &place));
    let copied = session.copy_in(journal::COPY, chunks).await?;
    storage::transaction::insert_batch(&session, &record).await?;
    session.commit().await?;
    ensure!(copied == journal.trades, "{copied} rows were copied");
    Ok(begun.elapsed())
}

/// Imports a file by the command, in a process of its own: how long it took and the most memory that it held.
async fn import(database: &Database, portfolio: Uuid, file: &Path) -> anyhow::Result<(Duration, Option<u64>)> {
    let api = database.api.as_ref().context("the benchmark's database has no login for the API")?;
    let begun = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .args(["import", "--tenant", "alpine", "--portfolio", &portfolio.to_string()])
        .arg(file)
        .env("PORTFOLIO__PROFILE", "demo")
        .env("PORTFOLIO__DATABASE__API_URL", api.expose_secret())
        .env_remove("DATABASE_URL")
        .env_remove("PORTFOLIO__DATABASE__URL")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the import could not be started")?;
    let mut peak = None;
    let status = loop {
        let wait = tokio::time::timeout(Duration::from_millis(50), child.wait()).await;
        if let Ok(status) = wait {
            break status?;
        }
        peak = peak.max(child.id().and_then(|process| memory(process, "VmHWM:")));
    };
    ensure!(status.success(), "the import ended with {status}");
    Ok((begun.elapsed(), peak))
}

/// A purchase years back, until the holdings tell of it.
async fn edit(
    services: &Services,
    database: &Database,
    tenant: &TenantRecord,
    portfolio: &Portfolio,
) -> anyhow::Result<String> {
    let caller = services.system(tenant.clone(), "bench");
    let session = services.read(&caller).await?;
    let account = storage::account::of_portfolios(&session, &[portfolio.id]).await?;
    let instrument = storage::instrument::by_symbols(&session, &[journal::symbol(7)]).await?;
    session.close().await?;
    let account = format!("acc_{}", account.first().context("the portfolio has no account")?.id.simple());
    let instrument = instrument.first().context("the instrument is gone")?.instrument.id;
    let token = services.access_token_for(tenant, "investor1@alpine.example").await?;
    let server = Server::start(database, &[]).await?;
    let mut client = Client::connect(server.address).await?;
    let shown = json!({ "id": format!("pf_{}", portfolio.id.simple()) });
    client.query(token.expose_secret(), HOLDINGS, &shown).await?;
    let mut times = Vec::new();
    for at in 0..EDITS {
        let day = journal::first_day() + Days::new(30 + at as u64);
        let input = json!({ "input": { "accountId": account, "tradeDate": day.to_string(), "activity": { "buy": {
            "instrumentId": format!("ins_{}", instrument.simple()), "quantity": "1", "price": "100", "currency": "USD" } } } });
        let begun = Instant::now();
        let answer = client.query(token.expose_secret(), RECORD, &input).await?;
        client.query(token.expose_secret(), HOLDINGS, &shown).await?;
        times.push(begun.elapsed());
        ensure!(answer["transactionRecord"]["transaction"]["id"].is_string(), "the edit was answered by {answer}");
    }
    server.stop().await?;
    let times = Times::new(times);
    let held = (times.quantile(0.5) <= EDIT_LIMIT, "100 ms in the median");
    Ok(line("a back-dated edit, seen in the holdings", &times.summary(), Some(held)))
}

/// The engine without anything around it, on one thread.
pub(super) fn engine() -> anyhow::Result<Vec<String>> {
    let journal = Journal { trades: 1_000_000, instruments: INSTRUMENTS };
    let (transactions, terms) = (journal.transactions(), journal.terms()?);
    let (policy, fx) = (Policy::new(Currency::EUR), FxRates::default());
    let mut times = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        let booked = ledger::book(&policy, &transactions, &[], &terms, &fx)?;
        times.push(begun.elapsed());
        ensure!(!booked.lots.is_empty(), "nothing was booked");
    }
    let best = Times::new(times).quantile(0.0);
    let rate = journal.trades as f64 / best.as_secs_f64();
    let figure = format!("{:.2} million a second, {}", rate / 1e6, millis(best));
    let mut report =
        vec![line("booking 1,000,000 trades, 500 instruments", &figure, Some((rate >= ENGINE_LIMIT, "5 million")))];
    for (trades, limit) in HISTORIES {
        let journal = Journal { trades, instruments: 50 };
        let time = history(journal)?;
        let held = (time <= limit, format!("{} ms", limit.as_millis()));
        report.push(line(
            &format!("booking, valuing by day: {trades}, 50 symbols"),
            &millis(time),
            Some((held.0, &held.1)),
        ));
    }
    Ok(report)
}

/// Booking a journal and valuing it on every business day of ten years: the best of some runs.
fn history(journal: Journal) -> anyhow::Result<Duration> {
    let days: Vec<NaiveDate> = (0..3_652)
        .map(|day| journal::first_day() + Days::new(day))
        .filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
        .collect();
    let (transactions, terms) = (journal.transactions(), journal.terms()?);
    let (policy, fx) = (Policy::new(Currency::EUR), FxRates::default());
    let mut series = BTreeMap::new();
    for (at, id) in (0_i64..).zip(terms.keys()) {
        let prices = (0_i64..).zip(&days).map(|(day, _)| Decimal::new(10_000 + (day * 37 + at * 101) % 9_000, 2));
        series.insert(*id, Series::new(days.clone(), prices.collect())?);
    }
    let source = |series| PriceSource { series, max_age: MaxAge::Days(5) };
    let prices = series.iter().map(|(id, series)| (*id, source(series))).collect();
    let mut times = Vec::new();
    for _ in 0..9 {
        let begun = Instant::now();
        let booked = ledger::book(&policy, &transactions, &[], &terms, &fx)?;
        let inputs = Inputs {
            positions: &booked.positions,
            cash: &booked.cash,
            flows: &booked.flows,
            instruments: &terms,
            prices: &prices,
            fx: &fx,
            base: Currency::EUR,
            currency: Currency::EUR,
        };
        let daily = valuation::daily(&inputs, &days)?;
        times.push(begun.elapsed());
        ensure!(daily.values.iter().all(Option::is_some), "a day has no value: {:?}", daily.missing);
    }
    Ok(Times::new(times).quantile(0.0))
}
