//! `doctor`: checks this machine and says what to do where something is missing.

mod database;
mod machine;

use std::process::ExitCode;

use super::{Context, print};
use crate::config::{Config, Profile};

/// How one check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    /// Something works less well, or will be needed later.
    Warn,
    Fail,
}

/// One line of the report.
#[derive(Debug)]
struct Finding {
    verdict: Verdict,
    subject: &'static str,
    /// What was found; for a warning or a failure also what to do.
    detail: String,
}

impl Finding {
    fn ok(subject: &'static str, detail: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, subject, detail: detail.into() }
    }

    fn warn(subject: &'static str, detail: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, subject, detail: detail.into() }
    }

    fn fail(subject: &'static str, detail: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, subject, detail: detail.into() }
    }

    fn line(&self) -> String {
        let verdict = match self.verdict {
            Verdict::Ok => "OK  ",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
        };
        format!("{verdict}  {:18}  {}", self.subject, self.detail)
    }
}

pub(super) async fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let mut findings = machine::findings(&context.globals);
    match context.configuration() {
        Ok((config, _)) => {
            findings.push(configuration(config));
            findings.extend(machine::configured(&config.http));
            findings.extend(database::findings(&config.database).await);
        }
        // What depends on the configuration cannot be judged without it.
        Err(error) => findings.push(Finding::fail("configuration", error.to_string())),
    }
    for finding in &findings {
        print(&finding.line())?;
    }
    let failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Whoever has named no database has not come to production yet: for them the rules are only news.
fn configuration(config: &Config) -> Finding {
    match config.validate_production() {
        Ok(()) => Finding::ok("configuration", "valid, and fit for production"),
        Err(_) if config.profile == Profile::Demo => {
            Finding::ok("configuration", "valid for the demo; not for production")
        }
        Err(violations) if config.database.url.is_none() && config.database.api_url.is_none() => {
            Finding::warn("configuration", format!("enough for `demo`; for `serve`, {violations}"))
        }
        Err(violations) => Finding::fail("configuration", violations.to_string()),
    }
}
