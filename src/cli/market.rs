//! `market fetch`: asks one provider and prints what came, so that its configuration can be checked.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use chrono::NaiveDate;
use clap::{ArgGroup, Subcommand};
use csv::Writer;
use uuid::Uuid;

use super::market_refresh::{self, Refreshed};
use super::{Context, print};
use crate::clock::SystemClock;
use crate::market_data::delivery::{Basis, Delivery};
use crate::market_data::providers::{IdentifierWanted, Provider, ProviderError, Registry, Span, Times, Wanted};

/// The subcommands of `market`.
#[derive(Debug, Subcommand)]
pub enum MarketCommand {
    /// Ask a provider and print what it answered as CSV; nothing is stored
    Fetch(FetchOptions),
    /// Ask the providers for what is new and store it, now
    Refresh {
        /// Only this; without it, everything that anybody is configured for
        #[arg(value_enum)]
        what: Option<Refreshed>,
    },
}

/// The options of `market fetch`.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("what").required(true).args(["symbol", "rates", "series", "news", "identify"]))]
pub struct FetchOptions {
    /// Ask this provider, by its name in the configuration
    #[arg(long, value_name = "NAME")]
    provider: String,
    /// Prices of this symbol, as the provider writes it; may be given several times
    #[arg(long, value_name = "SYMBOL")]
    symbol: Vec<String>,
    /// Exchange rates
    #[arg(long)]
    rates: bool,
    /// This series of the market at large; may be given several times
    #[arg(long, value_name = "SERIES")]
    series: Vec<String>,
    /// The headlines of a feed
    #[arg(long)]
    news: bool,
    /// What this identifier stands for, e.g. ISIN:US0378331005 or TICKER:AAPL; may be given several times
    #[arg(long, value_name = "SCHEME:VALUE")]
    identify: Vec<String>,
    /// The last day that is known: it and a few days before it are asked for again
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<NaiveDate>,
    /// The last day that is wanted
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: Option<NaiveDate>,
}

pub(super) async fn run(command: MarketCommand, context: Context) -> anyhow::Result<ExitCode> {
    match command {
        MarketCommand::Fetch(options) => ask(options, context).await,
        MarketCommand::Refresh { what } => market_refresh::run(what, context).await,
    }
}

async fn ask(options: FetchOptions, context: Context) -> anyhow::Result<ExitCode> {
    let (config, _) = context.into_configuration()?;
    let registry = Registry::from_config(&config.market_data, &Times::system(Arc::new(SystemClock)))?;
    let Some(provider) = registry.get(&options.provider) else {
        bail!(
            "{} is not enabled; those that are: {}. README.md says how to configure one",
            options.provider,
            registry.names().collect::<Vec<_>>().join(", ")
        );
    };
    fetch(provider.as_ref(), &options).await.with_context(|| options.provider.clone())?;
    Ok(ExitCode::SUCCESS)
}

async fn fetch(provider: &dyn Provider, options: &FetchOptions) -> anyhow::Result<()> {
    let span = Span { since: options.since, until: options.until };
    if let (Some(since), Some(until)) = (options.since, options.until) {
        ensure!(since <= until, "--since {since} is after --until {until}");
    }
    if options.rates {
        let rates = provider.rates(span).await?;
        let rows = rates.rows.iter().map(|row| [&row.base, &row.quote, &row.date, &row.rate]);
        return show(&rates, ["base", "quote", "date", "rate"], rows);
    }
    if options.news {
        let news = provider.news().await?;
        let rows = news.rows.iter().map(|row| [&row.published, &row.headline, &row.url, &row.symbols, &row.guid]);
        return show(&news, ["published", "headline", "url", "symbols", "guid"], rows);
    }
    for series in &options.series {
        let values = provider.indicator(series, series, span).await?;
        let rows = values.rows.iter().map(|row| [&row.code, &row.date, &row.value]);
        show(&values, ["code", "date", "value"], rows)?;
    }
    if !options.identify.is_empty() {
        identify(provider, options).await?;
    }
    prices(provider, options, span).await
}

async fn prices(provider: &dyn Provider, options: &FetchOptions, span: Span) -> anyhow::Result<()> {
    let wanted: Vec<Wanted> = options.symbol.iter().map(|symbol| wanted(symbol, span)).collect();
    for batch in wanted.chunks(provider.batch()) {
        let history = provider.prices(batch).await?;
        let header =
            ["symbol", "date", "open", "high", "low", "close", "adjusted_close", "volume", "currency", "basis"];
        let rows: Vec<_> = history.prices.rows.iter().map(|row| (row, basis(row.basis))).collect();
        let rows = rows.iter().map(|(row, basis)| {
            [
                &row.symbol,
                &row.date,
                &row.open,
                &row.high,
                &row.low,
                &row.close,
                &row.adjusted_close,
                &row.volume,
                &row.currency,
                basis,
            ]
        });
        show(&history.prices, header, rows)?;
        if !history.splits.is_empty() {
            let rows = history.splits.iter().map(|row| [&row.symbol, &row.ex_date, &row.numerator, &row.denominator]);
            print(&table(["symbol", "ex_date", "numerator", "denominator"], rows)?)?;
        }
        if !history.dividends.is_empty() {
            let rows = history.dividends.iter().map(|row| [&row.symbol, &row.ex_date, &row.amount, &row.currency]);
            print(&table(["symbol", "ex_date", "amount", "currency"], rows)?)?;
        }
        let came = |wanted: &Wanted| history.prices.rows.iter().any(|row| row.symbol == wanted.symbol);
        if let Some(missing) = batch.iter().find(|wanted| !came(wanted)) {
            return Err(ProviderError::NoRows { symbol: missing.symbol.clone() }.into());
        }
    }
    Ok(())
}

fn wanted(symbol: &str, span: Span) -> Wanted {
    Wanted { instrument: Uuid::nil(), symbol: symbol.to_owned(), currency: String::new(), mic: String::new(), span }
}

async fn identify(provider: &dyn Provider, options: &FetchOptions) -> anyhow::Result<()> {
    let wanted: anyhow::Result<Vec<_>> = options.identify.iter().map(|text| identifier(text)).collect();
    let found = provider.identifiers(&wanted?).await?;
    let rows = found
        .rows
        .iter()
        .map(|row| [&row.asked_scheme, &row.asked_value, &row.scheme, &row.value, &row.exchange_code, &row.name]);
    show(&found, ["asked_scheme", "asked_value", "scheme", "value", "exchange_code", "name"], rows)
}

fn identifier(text: &str) -> anyhow::Result<IdentifierWanted> {
    let (scheme, value) = text.split_once(':').with_context(|| format!("`{text}` is not written as SCHEME:VALUE"))?;
    Ok(IdentifierWanted { instrument: None, scheme: scheme.to_ascii_uppercase(), value: value.to_owned(), mic: None })
}

fn basis(basis: Basis) -> String {
    match basis {
        Basis::Raw => "raw".to_owned(),
        Basis::SplitAdjusted { as_of } => format!("split-adjusted as of {as_of}"),
    }
}

/// The rows to standard output; what was asked and how much came to standard error, so that rows can be piped.
fn show<'a, R, const N: usize>(
    delivery: &Delivery<R>,
    header: [&str; N],
    rows: impl Iterator<Item = [&'a String; N]>,
) -> anyhow::Result<()> {
    eprintln!("{}: {} rows from {}", delivery.provider, delivery.rows.len(), delivery.asked);
    Ok(print(&table(header, rows)?)?)
}

fn table<'a, const N: usize>(header: [&str; N], rows: impl Iterator<Item = [&'a String; N]>) -> anyhow::Result<String> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?.trim_end().to_owned())
}
