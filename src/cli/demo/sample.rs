//! The files of `demo/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, de::DeserializeOwned};

/// Where the sample data lies.
pub(in crate::cli) struct Sample {
    directory: PathBuf,
}

/// A row of `portfolios/portfolios.csv`.
#[derive(Debug, Deserialize)]
pub(super) struct PortfolioRow {
    pub(super) tenant: String,
    pub(super) owner_email: String,
    pub(super) advisor_email: Option<String>,
    pub(super) name: String,
    pub(super) base_currency: String,
    pub(super) account: String,
    pub(super) file: String,
    pub(super) description: String,
}

/// A row of `market/manual_prices.csv`; its currency is the instrument's.
#[derive(Debug, Deserialize)]
pub(super) struct PriceRow {
    pub(super) symbol: String,
    pub(super) date: NaiveDate,
    pub(super) price: Decimal,
}

impl Sample {
    /// The given directory, or that of the checkout this program was built from.
    pub(in crate::cli) fn find(given: Option<&Path>) -> anyhow::Result<Self> {
        let directory = given.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("demo"), Path::to_owned);
        if !directory.join("market").is_dir() || !directory.join("portfolios").is_dir() {
            bail!(
                "{} does not hold the sample data (market/ and portfolios/); say where it lies with --demo-dir",
                directory.display()
            );
        }
        Ok(Self { directory })
    }

    pub(in crate::cli) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The playground's sources stand beside the sample data.
    pub(super) fn web(&self) -> PathBuf {
        self.directory.parent().unwrap_or(Path::new(".")).join("web")
    }

    pub(super) fn market(&self) -> PathBuf {
        self.directory.join("market")
    }

    pub(super) fn portfolios(&self) -> anyhow::Result<Vec<PortfolioRow>> {
        rows(&self.directory.join("portfolios/portfolios.csv"))
    }

    pub(super) fn manual_prices(&self) -> anyhow::Result<Vec<PriceRow>> {
        rows(&self.market().join("manual_prices.csv"))
    }

    pub(in crate::cli) fn transactions(&self, file: &str) -> anyhow::Result<String> {
        let path = self.directory.join("portfolios").join(file);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

fn rows<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let read = || csv::Reader::from_path(path)?.deserialize().collect::<Result<Vec<T>, csv::Error>>();
    read().with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_checkout_can_be_read() {
        let sample = Sample::find(None).expect("sample data");
        let portfolios = sample.portfolios().expect("portfolios");
        assert_eq!(portfolios.len(), 7);
        assert!(portfolios.iter().any(|row| row.advisor_email.is_none()));
        for row in &portfolios {
            assert!(sample.transactions(&row.file).expect("a file").starts_with("date,type,"));
        }
        assert_eq!(sample.manual_prices().expect("prices").len(), 271);
        assert!(Sample::find(Some(Path::new("/nowhere"))).is_err());
    }
}
