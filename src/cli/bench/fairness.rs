//! What one tenant notices of another that asks for as much as it can: as the server is, and with turns for so many that nobody
//! waits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::client::Client;
use super::figures::{Times, line};
use super::server::Server;
use super::{ANALYTICS, SMALL};
use crate::cli::database::Database;
use crate::cli::demo::seed::Seeded;
use crate::cli::progress::Progress;

/// Connections of the flooding tenant, each of which asks again at once.
const FLOOD: usize = 48;
const LASTING: Duration = Duration::from_secs(5);
/// Until the flood has come to its height.
const RISING: Duration = Duration::from_millis(500);
/// As if there were no turns.
const WITHOUT_TURNS: [(&str, &str); 1] = [("PORTFOLIO__HTTP__MAX_CONCURRENT", "100000")];

/// Three lines: alone, beside a flood, and beside a flood without turns.
pub(super) async fn of_tenants(
    database: &Database,
    seeded: &Seeded,
    progress: Progress,
) -> anyhow::Result<Vec<String>> {
    let services = &seeded.services;
    let loud = crate::cli::open::tenant(services, "alpine").await?;
    let quiet = crate::cli::open::tenant(services, "borealis").await?;
    let loud = services.access_token_for(&loud, "investor1@alpine.example").await?;
    let quiet = services.access_token_for(&quiet, "admin@borealis.example").await?;
    let portfolio = format!("pf_{}", seeded.portfolio.context("the demo has no portfolio")?.simple());
    let mut report = Vec::new();
    for (settings, what) in [(&[][..], "as it is"), (&WITHOUT_TURNS[..], "without turns")] {
        progress.say(format_args!("one tenant floods the server, {what}"));
        let server = Server::start(database, settings).await?;
        let (alone, _) = asked(server.address, quiet.expose_secret()).await?;
        let (beside, refused, answered) =
            beside(server.address, quiet.expose_secret(), loud.expose_secret(), &portfolio).await?;
        server.stop().await?;
        if settings.is_empty() {
            report.push(line("small query of a quiet tenant, alone", &alone.summary(), None));
        }
        let ratio = beside.quantile(0.99).as_secs_f64() / alone.quantile(0.99).as_secs_f64().max(f64::MIN_POSITIVE);
        let figure = format!(
            "{}; p99 is {ratio:.1} times that alone, {refused} refused; {answered} of the flood answered",
            beside.summary()
        );
        report.push(line(&format!("beside a flood of {FLOOD}, {what}"), &figure, None));
    }
    Ok(report)
}

/// One small query after another: the times of those that were answered, and how many were not.
async fn asked(address: SocketAddr, token: &str) -> anyhow::Result<(Times, u64)> {
    let mut client = Client::connect(address).await?;
    // The first fills caches.
    client.exchange(token, SMALL, &json!({})).await?;
    let mut refused = 0;
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed() < LASTING {
        let sent = Instant::now();
        let (status, _) = client.exchange(token, SMALL, &json!({})).await?;
        match status.contains(" 200 ") {
            true => times.push(sent.elapsed()),
            false => refused += 1,
        }
    }
    Ok((Times::new(times), refused))
}

/// The same while another tenant floods, and how many of the flood's requests were answered.
async fn beside(address: SocketAddr, quiet: &str, loud: &str, portfolio: &str) -> anyhow::Result<(Times, u64, u64)> {
    let variables = Arc::new(json!({ "id": portfolio }));
    let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut flood = Vec::new();
    for _ in 0..FLOOD {
        let (over, answered, variables) = (Arc::clone(&over), Arc::clone(&answered), Arc::clone(&variables));
        let token = loud.to_owned();
        flood.push(tokio::spawn(async move { pour(address, &token, &variables, &over, &answered).await }));
    }
    tokio::time::sleep(RISING).await;
    let times = asked(address, quiet).await;
    over.store(true, Ordering::Relaxed);
    for connection in flood {
        connection.await??;
    }
    let (times, refused) = times?;
    Ok((times, refused, answered.load(Ordering::Relaxed)))
}

async fn pour(
    address: SocketAddr,
    token: &str,
    variables: &Value,
    over: &AtomicBool,
    answered: &AtomicU64,
) -> anyhow::Result<()> {
    let mut client = Client::connect(address).await?;
    while !over.load(Ordering::Relaxed) {
        // What is refused is asked again at once, as a client without manners does.
        let (status, _) = client.exchange(token, ANALYTICS, variables).await?;
        if status.contains(" 200 ") {
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}
