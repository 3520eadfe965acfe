//! `bench`: how long the main things take on this machine, on a database of its own that is gone afterwards.

mod audit;
mod client;
mod fairness;
mod figures;
mod journal;
mod ledger;
mod market;
mod metrics;
mod server;
mod tenants;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chrono::NaiveDate;
use domain::analytics;
use domain::ledger::TransactionKind;
use rust_decimal::prelude::ToPrimitive;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use self::client::Client;
use self::figures::{Times, line, millis};
use self::server::Server;
use super::database::Database;
use super::demo::{Sample, seed};
use super::progress::Progress;
use super::{Context, print};
use crate::clock::{Ids as _, SystemIds};
use crate::config::{Config, DEMO_SECRET, Profile, Secret};
use crate::local_postgres::{Durability, LocalPostgres, SqlName};
use crate::services::Services;
use crate::services::import::ImportMode;
use crate::services::period_lock::LockTerms;
use crate::services::portfolio::NewPortfolio;
use crate::services::user::NewUser;
use crate::tenancy::{InstallationTag, NewTenant, TenantRecord};

/// The portfolio of 522 transactions in 18 holdings.
const FILE: &str = "alpine-growth-and-income.csv";
const IMPORT_LIMIT: Duration = Duration::from_millis(200);
const QUERY_LIMIT: Duration = Duration::from_millis(20);
const MEMORY_LIMIT: u64 = 100 << 20;

const HOLDINGS: &str = "query($id: ID!) { portfolio(id: $id) { totals { totalValue { value { amount } } } holdings(first: 50) \
    { nodes { instrument { symbol name } quantity price { amount date status } marketValue { amount } cost { amount } \
    unrealizedGain { amount } realizedGain { amount } weight } } } }";
const METRICS: &str = "query($id: ID!) { portfolio(id: $id) { metrics { twr { value } xirr { value } annualizedReturn { value } \
    volatility { value } sharpe { value } maxDrawdown { depth { value } } } } }";
const VALUATIONS: &str = "query($id: ID!) { portfolio(id: $id) { valuations { dates values flows } } }";
const ANALYTICS: &str = "query($id: ID!) { portfolio(id: $id) { analytics { returns { twr { value } xirr { value } } \
    risk { volatility { value } sharpe { value } sortino { value } } drawdowns { depth } gain { total { amount } } } } }";
const SMALL: &str = "{ viewer { user { name } } portfolios(first: 5) { nodes { id name version } } }";

/// The options of `bench`.
#[derive(Debug, clap::Args)]
pub struct BenchOptions {
    /// Tenants to provision for the second throughput figure
    #[arg(long, default_value_t = 1_000)]
    tenants: usize,
    /// Runs of each query that is measured alone
    #[arg(long, default_value_t = 300)]
    runs: usize,
    /// Measure only this
    #[arg(long, value_enum)]
    only: Option<Group>,
    /// Transactions of the large import
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Portfolios of fifty holdings whose daily figures are computed
    #[arg(long, default_value_t = 10_000)]
    portfolios: usize,
    /// Entries of the audit log that is verified
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Take the sample data from here instead of the checkout that the program was built from
    #[arg(long, value_name = "DIR")]
    demo_dir: Option<PathBuf>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Group {
    /// The API on the sample's portfolio, and many tenants
    Api,
    /// A large import, an edit in a large ledger, and the engine alone
    Ledger,
    /// The engine alone, which needs no database
    Engine,
    /// Lists of instruments, daily closes, and reads of prices
    Market,
    /// The daily figures of many portfolios
    Metrics,
    /// Making `--tenants` firms, and migrating them all
    Tenants,
    /// A quiet tenant alone, and beside one that floods the server
    Fairness,
    /// Verifying a long audit log
    Audit,
}

impl BenchOptions {
    fn measures(&self, group: Group) -> bool {
        self.only.is_none_or(|only| only == group)
    }
}

pub(super) async fn run(options: BenchOptions, context: Context) -> anyhow::Result<ExitCode> {
    if options.only == Some(Group::Engine) {
        print(&ledger::engine()?.join("\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (mut config, _) = context.into_configuration()?;
    config.profile = Profile::Demo;
    config.auth.secret = Some(Secret::from(DEMO_SECRET));
    if options.only == Some(Group::Tenants) {
        print(&tenants::of_many(&config, options.tenants, Progress::begin()).await?.join("\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let postgres = LocalPostgres::ephemeral(Durability::Volatile).await?;
    let owner = postgres.ensure_owner(&SqlName::new("bench_owner")?, &SqlName::new("bench")?).await?.url();
    let api: SecretString = format!("postgres://bench_api:bench@127.0.0.1:{}/bench", postgres.port()).into();
    let database = Database::new(&config, Some(owner), Some(api), Some(postgres));
    let result = measure(&options, &config, &database).await;
    database.close().await?;
    result?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(options: &BenchOptions, config: &Config, database: &Database) -> anyhow::Result<()> {
    let progress = Progress::begin();
    let mut report = Vec::new();
    if options.measures(Group::Ledger) {
        report = ledger::engine()?;
    }
    let more = with_instruments(&Sample::find(options.demo_dir.as_deref())?)?;
    let sample = Sample::find(Some(more.path()))?;
    let tag = InstallationTag::from_uuid(SystemIds.next());
    let seeded = seed::run(database, config, tag, &sample, progress).await?;
    let services = &seeded.services;
    if options.measures(Group::Ledger) {
        report.extend(ledger::imported(services, database, options.rows, progress).await?);
    }
    if options.measures(Group::Api) {
        report.extend(of_the_api(options, config, database, &sample, &seeded, progress).await?);
    }
    if options.measures(Group::Fairness) {
        report.extend(fairness::of_tenants(database, &seeded, progress).await?);
    }
    if options.measures(Group::Market) {
        report.extend(market::of_the_market(services, database, progress).await?);
    }
    if options.measures(Group::Metrics) {
        report.extend(metrics::of_many(services, config, database, options.portfolios, progress).await?);
    }
    if options.measures(Group::Tenants) {
        report.extend(tenants::of_many(config, options.tenants, progress).await?);
    }
    if options.measures(Group::Audit) {
        report.extend(audit::of_the_log(services, options.entries, progress).await?);
    }
    services.gateway.close().await;
    print(&report.join("\n"))?;
    Ok(())
}

/// The sample data with the instruments of the large ledger beside its own.
fn with_instruments(sample: &Sample) -> anyhow::Result<tempfile::TempDir> {
    let directory = tempfile::tempdir()?;
    for folder in ["market", "portfolios"] {
        let copied = directory.path().join(folder);
        std::fs::create_dir(&copied)?;
        for file in std::fs::read_dir(sample.directory().join(folder))? {
            let file = file?;
            std::fs::copy(file.path(), copied.join(file.file_name()))?;
        }
    }
    let mut file = std::fs::OpenOptions::new().append(true).open(directory.path().join("market/instruments.csv"))?;
    for instrument in 0..ledger::INSTRUMENTS {
        writeln!(file, "{},Benchmark {instrument},STOCK,24X7,USD,,TECH,1,MANUAL", journal::symbol(instrument))?;
    }
    Ok(directory)
}

/// The API on the sample's portfolio, and on many tenants.
async fn of_the_api(
    options: &BenchOptions,
    config: &Config,
    database: &Database,
    sample: &Sample,
    seeded: &seed::Seeded,
    progress: Progress,
) -> anyhow::Result<Vec<String>> {
    let services = &seeded.services;
    let alpine = super::open::tenant(services, "alpine").await?;
    let csv = sample.transactions(FILE)?;
    let mut report = vec![import(services, &alpine, &csv).await?];
    report.push(xirr_of_holdings(services, &alpine, seeded.portfolio).await?);
    let portfolio = format!("pf_{}", seeded.portfolio.context("the demo has no portfolio")?.simple());
    let token = services.access_token_for(&alpine, "investor1@alpine.example").await?;
    let server = Server::start(database, &[]).await?;
    let variables = json!({ "id": portfolio });
    let mut client = Client::connect(server.address).await?;
    for (what, query) in [
        ("holdings of 18", HOLDINGS),
        ("metrics over 10 years", METRICS),
        ("valuations by day, 10 years", VALUATIONS),
        ("analytics over 10 years", ANALYTICS),
    ] {
        let (first, times) = alone(&mut client, token.expose_secret(), query, &variables, options.runs).await?;
        let held = (times.quantile(0.99) <= QUERY_LIMIT, "20 ms at p99");
        report.push(line(&format!("{what}, first after start"), &millis(first), None));
        report.push(line(what, &times.summary(), Some(held)));
    }
    report.push(daily_facts(services, config).await?);
    for (what, query) in [("metrics, from stored values", METRICS), ("valuations, from stored values", VALUATIONS)] {
        let (_, times) = alone(&mut client, token.expose_secret(), query, &variables, options.runs).await?;
        let held = (times.quantile(0.99) <= QUERY_LIMIT, "20 ms at p99");
        report.push(line(what, &times.summary(), Some(held)));
    }
    if let Some(memory) = server.resident_memory() {
        let held = (memory <= MEMORY_LIMIT, "100 MB");
        report.push(line("resident memory of the server", &format!("{} MB", memory / 1_000_000), Some(held)));
    }
    for tenants in [10, options.tenants] {
        let tokens = provision(services, database, tenants, progress).await?;
        report.push(throughput(server.address, &tokens).await?);
    }
    if let Some(memory) = server.resident_memory() {
        report.push(line("resident memory after that", &format!("{} MB", memory / 1_000_000), None));
    }
    server.stop().await?;
    Ok(report)
}

/// The file's import into an empty portfolio, validation, lots, positions and audit entry included.
async fn import(services: &Services, tenant: &TenantRecord, csv: &str) -> anyhow::Result<String> {
    let caller = services.system(tenant.clone(), "bench");
    let session = services.read(&caller).await?;
    let people = services.user_page(&session, crate::storage::Page { after: None, limit: 1 }).await?;
    session.close().await?;
    let owner = people.first().map(|person| person.id);
    let mut times = Vec::new();
    for run in 0..10 {
        let new = NewPortfolio {
            name: format!("Benchmark {run}"),
            description: String::new(),
            base_currency: domain::money::Currency::new("USD")?,
            bookkeeping: Default::default(),
            owner,
            advisor: None,
            accounts: vec!["Brokerage".to_owned()],
        };
        let portfolio = services.portfolio_create(&caller, new, None).await?;
        let begun = Instant::now();
        let imported = services
            .transactions_import(&caller, portfolio.id, csv, ImportMode::AllOrNothing, LockTerms::default(), None)
            .await?;
        times.push(begun.elapsed());
        ensure!(imported.counts.rows_recorded == 522, "{} rows were recorded", imported.counts.rows_recorded);
    }
    let times = Times::new(times);
    let held = (times.quantile(0.5) <= IMPORT_LIMIT, "200 ms");
    Ok(line("import of 522 transactions", &times.summary(), Some(held)))
}

/// Computing and storing the daily values of every portfolio there is by now.
async fn daily_facts(services: &Services, config: &Config) -> anyhow::Result<String> {
    let begun = Instant::now();
    let drained = super::worker::on(services.clone(), &config.jobs).drain().await?;
    let time = begun.elapsed();
    ensure!(drained.failed == 0, "{} jobs failed", drained.failed);
    Ok(line("daily values of all portfolios, ten years each", &millis(time), None))
}

/// The money-weighted return of each of the 18 holdings, from its own flows and final value.
async fn xirr_of_holdings(
    services: &Services,
    tenant: &TenantRecord,
    portfolio: Option<Uuid>,
) -> anyhow::Result<String> {
    let portfolio = portfolio.context("the demo has no portfolio")?;
    let session = services.read(&services.system(tenant.clone(), "bench")).await?;
    let as_of = services.default_as_of(&session).await?;
    let rows = crate::storage::transaction::effective(&session, &[portfolio], Some(as_of), None).await?;
    let portfolios = services.portfolios(&session, &[portfolio]).await?;
    let view = portfolios.first().map(|row| crate::services::valuation::View::new(row, None));
    let view = view.context("the portfolio is gone")?;
    let snapshot = services.snapshots(&session, std::slice::from_ref(&view), as_of).await?.remove(&view);
    session.close().await?;
    let snapshot = snapshot.context("the portfolio has no value")??;
    let mut series: Vec<Vec<(NaiveDate, f64)>> = Vec::new();
    for holding in snapshot.holdings.iter().filter(|holding| holding.value.is_some()) {
        let mut flows: Vec<(NaiveDate, f64)> = rows
            .iter()
            .filter_map(|row| row.transaction())
            .filter(|row| row.kind.instrument().map(|id| id.uuid()) == Some(holding.instrument.id))
            .filter_map(|row| Some((row.trade_date, cash_of(&row.kind)?)))
            .collect();
        let value = holding.value.as_ref().and_then(|value| value.market_value).and_then(|value| value.to_f64());
        flows.push((as_of, value.unwrap_or_default()));
        series.push(flows);
    }
    let begun = Instant::now();
    let rates = series.iter().filter(|flows| analytics::xirr(flows).rate().is_some()).count();
    let time = begun.elapsed();
    Ok(line(&format!("XIRR of {rates} holdings"), &millis(time), None))
}

fn cash_of(kind: &TransactionKind) -> Option<f64> {
    match kind {
        TransactionKind::Buy(trade) => Some(-(trade.quantity * trade.price()? + trade.fee + trade.tax).to_f64()?),
        TransactionKind::Sell(trade) => (trade.quantity * trade.price()? - trade.fee - trade.tax).to_f64(),
        TransactionKind::Dividend { amount, withheld, fee, .. } => (amount - withheld - fee).to_f64(),
        _ => None,
    }
}

/// One query after another on one connection: the first, which fills the caches, and the others.
async fn alone(
    client: &mut Client,
    token: &str,
    query: &str,
    variables: &Value,
    runs: usize,
) -> anyhow::Result<(Duration, Times)> {
    let begun = Instant::now();
    client.query(token, query, variables).await?;
    let first = begun.elapsed();
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let begun = Instant::now();
        client.post(token, query, variables).await?;
        times.push(begun.elapsed());
    }
    Ok((first, Times::new(times)))
}

/// Tenants with one person each until there are so many; an access token of each.
async fn provision(
    services: &Services,
    database: &Database,
    tenants: usize,
    progress: Progress,
) -> anyhow::Result<Vec<String>> {
    let administration = database.administration().await?;
    let existing = administration.tenants().await?.len();
    let begun = Instant::now();
    for index in existing..tenants {
        let environment = &services.environment;
        let new =
            NewTenant { id: environment.ids.next(), slug: format!("bench-{index}"), name: format!("Bench {index}") };
        let tenant = administration.create_tenant(&new, environment.clock.now()).await?;
        let user = NewUser {
            email: "admin@bench.example".to_owned(),
            name: "Bench".to_owned(),
            role: crate::auth::Role::Admin,
            password: super::DEMO_PASSWORD.into(),
            currency: domain::money::Currency::EUR,
        };
        let made = services.users_create(&services.system(tenant, "bench"), vec![user], None).await?;
        ensure!(made.iter().all(Result::is_ok), "a person of tenant {index} was refused");
    }
    progress.say(format_args!(
        "provisioned {} tenants in {:.1} s",
        tenants.saturating_sub(existing),
        begun.elapsed().as_secs_f64()
    ));
    let mut tokens = Vec::with_capacity(tenants);
    for tenant in administration.tenants().await? {
        let email = match tenant.slug.as_str() {
            "alpine" => "admin@alpine.example",
            "borealis" => "admin@borealis.example",
            _ => "admin@bench.example",
        };
        tokens.push(services.access_token_for(&tenant, email).await?.expose_secret().to_owned());
    }
    administration.close().await;
    Ok(tokens)
}

/// Eight connections for five seconds, each going round the tenants.
async fn throughput(address: std::net::SocketAddr, tokens: &[String]) -> anyhow::Result<String> {
    const CONNECTIONS: usize = 8;
    const LASTING: Duration = Duration::from_secs(5);
    let begun = Instant::now();
    let mut workers = Vec::new();
    for worker in 0..CONNECTIONS {
        let tokens = tokens.to_vec();
        workers.push(tokio::spawn(async move {
            let mut client = Client::connect(address).await?;
            let mut times = Vec::new();
            let mut next = worker * tokens.len() / CONNECTIONS;
            while begun.elapsed() < LASTING {
                let sent = Instant::now();
                client.post(&tokens[next % tokens.len()], SMALL, &json!({})).await?;
                times.push(sent.elapsed());
                next += 1;
            }
            anyhow::Ok(times)
        }));
    }
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.await??);
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    let what = format!("small query, {} tenants, {CONNECTIONS} connections", tokens.len());
    Ok(line(&what, &format!("{rate:.0}/s, {}", Times::new(times).summary()), None))
}
