//! The daily figures of many portfolios: some are made as people make them, the others are copies of their rows under ids of their own.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chrono::{Days, NaiveDate};
use domain::money::Currency;
use serde_json::json;
use uuid::Uuid;

use super::alone;
use super::client::Client;
use super::figures::{line, millis};
use super::market::{COPY_PRICES, Evening, cents, copied, last_day, money, weekdays};
use super::server::{Server, memory};
use crate::cli::database::Database;
use crate::cli::progress::Progress;
use crate::clock::{Environment, SystemIds};
use crate::config::Config;
use crate::jobs::Drained;
use crate::market_data::{load_directory, load_instruments};
use crate::queue::{self, PERFORMANCE_METRICS, Request};
use crate::services::analytics::Preset;
use crate::services::import::{HEADER, ImportMode};
use crate::services::period_lock::LockTerms;
use crate::services::portfolio::NewPortfolio;
use crate::services::{Caller, Services};
use crate::storage;
use crate::storage::instrument_load::LISTED;
use crate::tenancy::{Access, Column, MarketDoor as _, Session, Tenant};

/// Portfolios that are made as people make them.
const MADE: usize = 40;
/// Holdings of each, and how often each is traded.
const HOLDINGS: usize = 50;
const TRADES: usize = 3;
/// Instruments that they hold some of, and the days of closes of each: ten years.
const INSTRUMENTS: usize = 500;
const DAYS: usize = 2_500;
const LIMIT: Duration = Duration::from_secs(60);
const READ_LIMIT: Duration = Duration::from_millis(100);
const RUNS: usize = 30;

/// A table of portfolios.
const TABLE: &str = "{ portfolios(first: 100) { nodes { name performance(range: YTD) { isStored returns { twr { value } xirr { value } } \
    risk { volatility { value } sharpe { value } } maxDrawdown { depth { value } } gain { amount } } } } }";

/// What each copy's rows are named after: the id that they have, and the copy's name.
macro_rules! copies {
    ($into:literal, $ids:literal) => {
        concat!(
            "INSERT INTO ",
            $into,
            " SELECT c.* FROM ",
            $into,
            " r JOIN portfolio p ON p.name LIKE 'Figures %' AND p.id = r.portfolio_id CROSS JOIN unnest($1::text[]) AS k (name) \
            CROSS JOIN LATERAL jsonb_populate_record(r, jsonb_build_object('portfolio_id', md5(r.portfolio_id::text || k.name)::uuid",
            $ids,
            ")) c"
        )
    };
}

/// In this order: each refers to those before it, and to the portfolio. Lots are left out, which figures do not read.
const COPIES: [&str; 7] = [
    copies!("account", ", 'id', md5(r.id::text || k.name)::uuid"),
    copies!(
        "fact_portfolio_transactions",
        ", 'id', md5(r.id::text || k.name)::uuid, 'event_id', md5(r.event_id::text || k.name)::uuid, \
        'account_id', md5(r.account_id::text || k.name)::uuid"
    ),
    copies!("fact_daily_positions", ", 'account_id', md5(r.account_id::text || k.name)::uuid"),
    copies!("fact_daily_cash", ", 'account_id', md5(r.account_id::text || k.name)::uuid"),
    copies!(
        "fact_daily_flows",
        ", 'account_id', md5(r.account_id::text || k.name)::uuid, 'transaction_id', md5(r.transaction_id::text || k.name)::uuid"
    ),
    copies!("portfolio_booked", ""),
    copies!("fact_daily_values_status", ""),
];
/// A copy has another name, so that the statements after it find those alone that were made.
const COPY_PORTFOLIOS: &str = "INSERT INTO portfolio SELECT c.* FROM portfolio p CROSS JOIN unnest($1::text[]) AS k (name) \
    CROSS JOIN LATERAL jsonb_populate_record(p, jsonb_build_object('id', md5(p.id::text || k.name)::uuid, 'name', 'Copy ' || k.name)) c \
    WHERE p.name LIKE 'Figures %'";

fn symbol(at: usize) -> String {
    format!("F{at:03}")
}

/// Makes the portfolios, computes their figures, and reads a table of them.
pub(super) async fn of_many(
    services: &Services,
    config: &Config,
    database: &Database,
    portfolios: usize,
    progress: Progress,
) -> anyhow::Result<Vec<String>> {
    market(services, database, progress).await?;
    let tenant = crate::cli::open::tenant(services, "alpine").await?;
    let caller = services.system(tenant.clone(), "bench");
    let worker = crate::cli::worker::on(services.clone(), &config.jobs);
    make(services, &caller, progress).await?;
    let drained = worker.drain().await?;
    ensure!(drained.failed == 0, "{} jobs failed", drained.failed);
    copy(services, &caller, portfolios, progress).await?;

    let before = memory(std::process::id(), "VmRSS:").unwrap_or_default();
    let begun = Instant::now();
    run(services, &caller, &worker).await?;
    let taken = begun.elapsed();
    let peak = memory(std::process::id(), "VmHWM:").unwrap_or_default();
    let left = services.performance_metrics_left(&caller, Default::default()).await?;
    ensure!(left == 0, "{left} portfolios were left out");
    let held = (portfolios < 10_000 || taken < LIMIT, "60 s of 10,000");
    let what = format!("figures of {portfolios} portfolios, {} ranges", Preset::ALL.len());
    let memory = format!("{} MB of memory before it, {} MB at the most", before / 1_000_000, peak / 1_000_000);
    let mut report = vec![line(&what, &format!("{}, {memory}", millis(taken)), Some(held))];
    let begun = Instant::now();
    run(services, &caller, &worker).await?;
    report.push(line("the same where all of them hold", &millis(begun.elapsed()), None));

    let token = services.access_token_for(&tenant, "admin@alpine.example").await?;
    let server = Server::start(database, &[]).await?;
    let mut client = Client::connect(server.address).await?;
    use secrecy::ExposeSecret as _;
    let answer = client.query(token.expose_secret(), TABLE, &json!({})).await?;
    let nodes = answer["portfolios"]["nodes"].as_array().context("no portfolios were shown")?;
    // The first are the demo's own.
    let stored = nodes.iter().filter(|node| node["performance"]["isStored"] == true).count();
    ensure!(stored == nodes.len(), "{stored} of {} were stored", nodes.len());
    let (_, times) = alone(&mut client, token.expose_secret(), TABLE, &json!({}), RUNS).await?;
    let held = (times.quantile(0.5) <= READ_LIMIT, "100 ms");
    report.push(line(&format!("a table of {} portfolios' figures", nodes.len()), &times.summary(), Some(held)));
    server.stop().await?;
    Ok(report)
}

/// Has the daily calculation done.
async fn run(services: &Services, caller: &Caller, worker: &crate::jobs::Worker) -> anyhow::Result<()> {
    let session = services.write(caller).await?;
    let (id, now) = (services.environment.ids.next(), services.environment.clock.now());
    queue::enqueue(&session, Request { id, kind: PERFORMANCE_METRICS, key: "", at: now, due: now }).await?;
    session.commit().await?;
    let Drained { failed, .. } = worker.drain().await?;
    ensure!(failed == 0, "{failed} jobs failed");
    Ok(())
}

/// Instruments with ten years of closes in dollars.
async fn market(services: &Services, database: &Database, progress: Progress) -> anyhow::Result<()> {
    let administration = database.administration().await?;
    let directory = tempfile::tempdir()?;
    let list = directory.path().join("list.csv");
    let mut file = BufWriter::new(File::create(&list)?);
    writeln!(file, "{}", LISTED.join(","))?;
    for at in 0..INSTRUMENTS {
        let cells = LISTED.map(|column| match column {
            "symbol" => symbol(at),
            "name" => format!("Figures {at}"),
            "asset_class" => "equity".to_owned(),
            "mic" => "XNYS".to_owned(),
            "currency" => "USD".to_owned(),
            _ => String::new(),
        });
        writeln!(file, "{}", cells.join(","))?;
    }
    file.flush()?;
    load_instruments(&administration, &list, &Environment::system(), &|step| progress.say(step)).await?;
    std::fs::remove_file(&list)?;
    let days: Vec<NaiveDate> = weekdays().take(DAYS).collect();
    // The last two as they are delivered, those before as raw rows.
    for (at, day) in days.iter().enumerate().take(2).collect::<Vec<_>>().into_iter().rev() {
        let mut file = BufWriter::new(File::create(directory.path().join("prices.csv"))?);
        writeln!(file, "symbol,mic,date,open,high,low,close,adj_close,volume,currency")?;
        for instrument in 0..INSTRUMENTS {
            let close = money(cents(instrument, at));
            writeln!(file, "{},XNYS,{day},{close},{close},{close},{close},{close},10000,USD", symbol(instrument))?;
        }
        file.flush()?;
        let environment = Environment { clock: Arc::new(Evening(*day)), ids: Arc::new(SystemIds) };
        load_directory(&administration, directory.path(), &environment, &|step| progress.say(step)).await?;
    }
    let instruments = instruments(services).await?;
    let session = administration.market(Access::Write).await?;
    let rows = instruments.iter().enumerate().map(|(at, instrument)| {
        let days = days.iter().enumerate().skip(2).collect::<Vec<_>>().into_iter().rev();
        days.fold(Vec::new(), |rows, (back, day)| copied(rows, *instrument, *day, cents(at, back)))
    });
    let rows = session.copy_in(COPY_PRICES, rows).await?;
    session.commit().await?;
    progress.say(format_args!("{rows} closes"));
    administration.close().await;
    Ok(())
}

async fn instruments(services: &Services) -> anyhow::Result<Vec<Uuid>> {
    let alpine = crate::cli::open::tenant(services, "alpine").await?;
    let session = services.read(&services.system(alpine, "bench")).await?;
    let symbols: Vec<String> = (0..INSTRUMENTS).map(symbol).collect();
    let mut found = storage::instrument::by_symbols(&session, &symbols).await?;
    session.close().await?;
    ensure!(found.len() == INSTRUMENTS, "{} of {INSTRUMENTS} instruments were loaded", found.len());
    found.sort_by(|left, right| left.symbol.cmp(&right.symbol));
    Ok(found.into_iter().map(|found| found.instrument.id).collect())
}

/// A ledger over ten years: money each year, purchases of every holding, another one later and a sale of a part.
fn ledger(portfolio: usize) -> anyhow::Result<String> {
    let first = weekdays().nth(DAYS - 10).context("there are no days")?;
    let span = u64::try_from((last_day() - first).num_days())?;
    let mut rows: Vec<(NaiveDate, String)> = Vec::new();
    for year in 0..10 {
        let day = first + Days::new(year * span / 10);
        rows.push((day, format!("DEPOSIT,,,,{},,,USD", 100_000 + portfolio * 100)));
    }
    for holding in 0..HOLDINGS {
        let symbol = symbol((portfolio * 13 + holding * 7) % INSTRUMENTS);
        for trade in 0..TRADES {
            let at = (trade * HOLDINGS + (holding * 17 + portfolio) % HOLDINGS) as u64;
            let day = first + Days::new(1 + at * (span - 2) / (TRADES * HOLDINGS) as u64);
            let (kind, units) = if trade == 2 { ("SELL", 3) } else { ("BUY", 5 + (holding + portfolio) % 9) };
            let price = 100 + (holding * 3 + trade * 5) % 40;
            rows.push((day, format!("{kind},{symbol},{units},{price},,1.5,,USD")));
        }
    }
    rows.sort();
    let mut csv = format!("{}\n", HEADER[..15].join(","));
    for (day, row) in rows {
        writeln!(csv, "{day},{row},,,,,,")?;
    }
    Ok(csv)
}

async fn make(services: &Services, caller: &Caller, progress: Progress) -> anyhow::Result<()> {
    let session = services.read(caller).await?;
    let people = services.user_page(&session, storage::Page { after: None, limit: 1 }).await?;
    session.close().await?;
    let owner = people.first().map(|person| person.id);
    for at in 0..MADE {
        let new = NewPortfolio {
            name: format!("Figures {at}"),
            description: String::new(),
            base_currency: Currency::new("USD")?,
            bookkeeping: Default::default(),
            owner,
            advisor: None,
            accounts: vec!["Brokerage".to_owned()],
        };
        let portfolio = services.portfolio_create(caller, new, None).await?;
        let csv = ledger(at)?;
        let (mode, terms) = (ImportMode::AllOrNothing, LockTerms::default());
        let imported = services.transactions_import(caller, portfolio.id, &csv, mode, terms, None).await?;
        let counts = imported.counts;
        ensure!(counts.rows_recorded == 10 + HOLDINGS * TRADES, "{counts:?}");
    }
    progress.say(format_args!("made {MADE} portfolios of {HOLDINGS} holdings"));
    Ok(())
}

async fn copy(services: &Services, caller: &Caller, portfolios: usize, progress: Progress) -> anyhow::Result<()> {
    let begun = Instant::now();
    let names: Vec<Option<String>> = (1..portfolios.div_ceil(MADE)).map(|at| Some(at.to_string())).collect();
    let mut made = 0;
    // Some at a time: a statement may not take long.
    for names in names.chunks(10) {
        let session: Session<Tenant> = services.write(caller).await?;
        made += session.insert_columns(COPY_PORTFOLIOS, vec![Column::Text(names.to_vec())]).await?;
        for table in COPIES {
            session.insert_columns(table, vec![Column::Text(names.to_vec())]).await?;
        }
        session.commit().await?;
    }
    progress.say(format_args!("copied them to {made} more in {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(())
}
