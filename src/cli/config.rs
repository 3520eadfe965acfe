//! `config show`: every effective value and where it comes from.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::Value;

use super::{Context, print};
use crate::config::{Config, Profile, Provenance};

/// The subcommands of `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every effective value and where it comes from; secrets are masked
    Show,
}

pub(super) fn run(command: ConfigCommand, context: Context) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Show => {
            let (config, provenance) = context.into_configuration()?;
            print(&table(&config, &provenance)?)?;
            if config.profile == Profile::Production
                && let Err(violations) = config.validate_production()
            {
                print(&format!("\n`serve` would refuse to start: {violations}"))?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// One line a value. Secrets mask themselves when they are serialised.
fn table(config: &Config, provenance: &Provenance) -> anyhow::Result<String> {
    let mut rows = Vec::new();
    flatten("", serde_json::to_value(config)?, &mut rows);
    let width = |column: fn(&(String, String)) -> &String| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0)
    };
    // A long URL would push the last column off the screen for every row.
    let (keys, values) = (width(|row| &row.0), width(|row| &row.1).min(44));
    let lines = rows.iter().map(|(key, value)| format!("{key:keys$}  {value:values$}  {}", provenance.origin(key)));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

fn flatten(prefix: &str, value: Value, rows: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                flatten(&key, value, rows);
            }
        }
        Value::Null => rows.push((prefix.to_owned(), "(not set)".to_owned())),
        Value::String(text) => rows.push((prefix.to_owned(), text)),
        other => rows.push((prefix.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Origin, Sources};

    #[test]
    fn every_value_is_shown_with_its_source_and_no_secret() {
        let environment = [
            ("DATABASE_URL", "postgres://owner:s3cret@db/app"),
            ("PORTFOLIO__AUTH__SECRET", "s3cret-s3cret-s3cret-s3cret-s3cret"),
        ];
        let environment = environment.map(|(name, value)| (name.into(), value.into())).to_vec();
        let sources = Sources { environment, working_dir: "/nowhere".into(), ..Sources::default() };
        let (config, provenance) = Config::load(&sources).expect("valid");
        let shown = table(&config, &provenance).expect("a table");
        assert!(!shown.contains("s3cret"), "{shown}");
        let line = |key: &str| shown.lines().find(|line| line.starts_with(key)).expect("shown").to_owned();
        assert!(line("database.url").contains("postgres://owner:****@db/app"));
        assert!(line("database.url").ends_with("environment variable DATABASE_URL"));
        assert!(line("database.api_url").contains("(not set)"));
        assert!(line("http.listen").ends_with(&Origin::Default.to_string()));
    }
}
