//! Worked cases: files of inputs with the figures that somebody else published for them, run through the product's own
//! engine and compared.
//!
//! Pure: the text of a file in, a [`Report`] out. A figure that no part of the product computes is said to be left out,
//! never taken as right.
#![forbid(unsafe_code)]

mod attribution;
mod case;
mod check;
mod earned;
mod ledger;
mod number;
mod problem;
mod report;
mod returns;
mod statistics;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use report::{Mismatch, Outcome, Report, Verdict};

/// A file that holds no cases.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is no JSON.
    #[error("no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is something else than a list of cases.
    #[error("a list of cases is expected")]
    NoList,
}

/// Runs every case of a file. A case that cannot be read has failed; it stops nothing.
///
/// # Errors
/// [`FileError`] where the text is no list of cases at all.
pub fn run(text: &str) -> Result<Report, FileError> {
    let file: Value = serde_json::from_str(text)?;
    let cases = match file {
        Value::Array(cases) => cases,
        Value::Object(mut file) => match file.remove("cases") {
            Some(Value::Array(cases)) => cases,
            _ => return Err(FileError::NoList),
        },
        _ => return Err(FileError::NoList),
    };
    Ok(Report { outcomes: cases.into_iter().enumerate().map(|(at, value)| case::run(at, value)).collect() })
}
