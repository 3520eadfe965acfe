//! `cases`: worked cases with published figures, run through the product's own engine.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use cases::Report;

use super::print;

/// The options of `cases`.
#[derive(Debug, clap::Args)]
pub struct CasesOptions {
    /// Files of cases, as JSON
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(super) fn run(options: &CasesOptions) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    for path in &options.paths {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        report.extend(cases::run(&text).with_context(|| format!("{} holds no cases", path.display()))?);
    }
    for line in report.lines() {
        print(&line)?;
    }
    Ok(if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
