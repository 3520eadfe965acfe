//! `quality`: what is suspicious in price series as a vendor delivered them, without a database.

mod adjustment;
mod file;
mod score;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use chrono::NaiveDate;
use domain::quality::{self, Context, DeliveredSeries, Finding};

use super::print;
use crate::clock::{Clock as _, SystemClock};

/// What to do with delivered series.
#[derive(Debug, clap::Subcommand)]
pub enum QualityCommand {
    /// Print what is suspicious in a file of prices, with the figures behind it
    Check(CheckOptions),
    /// Score the checks on series whose faults are known, as the index.csv beside them says
    Score(ScoreOptions),
    /// Make adjusted closes from closes, dividends and splits, and compare them with those that the file gives
    Adjustment(adjustment::AdjustmentOptions),
}

/// The options of `quality check`.
#[derive(Debug, clap::Args)]
pub struct CheckOptions {
    /// A CSV file of prices, plain or gzipped, of one instrument or, with a column `symbol`, of several
    file: PathBuf,
    /// The day of delivery [default: today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// Look for missing sessions and rows on holidays in this calendar: a CSV file with the columns `mic` and `date`
    #[arg(long, value_name = "FILE", requires = "mic")]
    sessions: Option<PathBuf>,
    /// The exchange in that calendar
    #[arg(long, requires = "sessions")]
    mic: Option<String>,
    /// Leave out what is worth knowing and flags nothing
    #[arg(long)]
    flagged: bool,
}

/// The options of `quality score`.
#[derive(Debug, clap::Args)]
pub struct ScoreOptions {
    /// Files of series, or directories of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(super) fn run(command: QualityCommand) -> anyhow::Result<ExitCode> {
    match command {
        QualityCommand::Check(options) => check(&options),
        QualityCommand::Score(options) => score::run(&options.paths),
        QualityCommand::Adjustment(options) => adjustment::run(&options),
    }
}

fn check(options: &CheckOptions) -> anyhow::Result<ExitCode> {
    let sessions = match (&options.sessions, &options.mic) {
        (Some(path), Some(mic)) => Some(file::sessions(path, mic).with_context(|| cannot_use(path))?),
        _ => None,
    };
    let as_of = options.as_of.unwrap_or_else(|| SystemClock.today());
    let context = Context { as_of: Some(as_of), sessions: sessions.as_deref() };
    let all = file::series(&options.file).with_context(|| cannot_use(&options.file))?;
    let by_symbol: Vec<(&str, &DeliveredSeries)> =
        all.iter().map(|(symbol, series)| (symbol.as_str(), series)).collect();
    let duplicates = quality::duplicate_series(&by_symbol);
    let mut flagged = 0_usize;
    for (i, (symbol, series)) in by_symbol.iter().enumerate() {
        let mut findings = quality::check(series, &context);
        findings.extend(duplicates.iter().filter(|(at, _)| *at == i).map(|(_, finding)| finding.clone()));
        findings.retain(|finding| !options.flagged || finding.flags());
        flagged += findings.iter().filter(|finding| finding.flags()).count();
        print(&format!("{symbol}: {} rows, {} findings", series.rows().len(), findings.len()))?;
        for finding in &findings {
            print(&line(finding, series))?;
        }
    }
    Ok(if flagged == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn line(finding: &Finding, series: &DeliveredSeries) -> String {
    let when = if finding.first == finding.last {
        finding.first.to_string()
    } else {
        format!("{} to {}", finding.first, finding.last)
    };
    let lines = finding.rows.iter().filter_map(|row| series.rows().get(*row)).map(|row| row.line);
    let lines = match (lines.clone().min(), lines.max()) {
        (Some(first), Some(last)) if first == last => format!(", line {first}"),
        (Some(first), Some(last)) => format!(", {} rows in lines {first} to {last}", finding.rows.len()),
        _ => String::new(),
    };
    let figures: Vec<String> =
        finding.figures.iter().map(|figure| format!("{}={}", figure.name, short(figure.value))).collect();
    let figures = if figures.is_empty() { String::new() } else { format!(" [{}]", figures.join(" ")) };
    format!("  {:<7} {:<27} {when}{lines}: {}{figures}", finding.severity, finding.kind, finding.explanation)
}

/// Six decimals at most, and none that say nothing.
fn short(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e12).contains(&value.abs()) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn cannot_use(path: &Path) -> String {
    format!("cannot use {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_short_as_they_are_exact() {
        assert_eq!([0.0, 12.5, 100.0, 1e-7, f64::INFINITY].map(short), ["0", "12.5", "100", "1.000e-7", "inf"]);
    }
}
