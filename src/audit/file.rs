//! Verifies a log that was exported as lines of JSON: without the database, a line at a time.

use std::io::{self, BufRead};

use super::checkpoint::Checkpoint;
use super::encoding::unhex;
use super::lines::{Line, VERSION};
use super::sealed::{Head, Sealed};
use super::verify::{Part, Report, Verifier};
use crate::auth::PublicKey;

/// No line of an export is longer.
const MAX_LINE: usize = 64 << 20;

/// Why a file cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It does not begin as an export does.
    #[error("the first line is not that of an exported audit log: {0}")]
    NoExport(String),
    /// A line is no checkpoint.
    #[error("line {0} is no checkpoint")]
    NoCheckpoint(u64),
}

/// What a file says that it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// What the log is called.
    pub log: String,
    /// The tenant's short name.
    pub tenant: Option<String>,
    /// The place of its first entry.
    pub first: i64,
    /// The place of its last entry.
    pub last: i64,
    /// Whether that is all that the log had.
    pub is_complete: bool,
}

/// Reads the next line into `line`; whether there was one.
fn read(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    let read = io::Read::take(&mut *file, limit).read_until(b'\n', line)?;
    if read == MAX_LINE {
        return Err(io::Error::other(format!("a line has more than {MAX_LINE} bytes")));
    }
    Ok(read > 0)
}

/// The checkpoints of a file that were kept elsewhere, each with its log's name; other lines of an export are passed over.
pub fn checkpoints(mut file: impl BufRead) -> Result<Vec<(String, Checkpoint)>, FileError> {
    let (mut line, mut number, mut found) = (Vec::new(), 0, Vec::new());
    while read(&mut file, &mut line)? {
        number += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(Line::Log { .. } | Line::Entry(_)) => {}
            Ok(checkpoint) => found.push(checkpoint.checkpoint().ok_or(FileError::NoCheckpoint(number))?),
            Err(_) => return Err(FileError::NoCheckpoint(number)),
        }
    }
    Ok(found)
}

/// What was found of an exported log. With `keys`, its checkpoints must be signed by one of them, and so must those that were `kept`
/// elsewhere; without, the checkpoints of the file are passed over: whoever wrote it wrote them.
pub fn verify(
    mut file: impl BufRead,
    kept: &[(String, Checkpoint)],
    keys: Option<&[PublicKey]>,
) -> Result<(Exported, Report), FileError> {
    let mut line = Vec::new();
    read(&mut file, &mut line)?;
    let (exported, head) = match serde_json::from_slice(&line) {
        Ok(Line::Log { version: VERSION, log, tenant, first, last, hash, is_complete, .. }) => {
            let head = Head { log: log.clone(), sequence: last, hash: unhex(&hash).unwrap_or_default() };
            (Exported { log, tenant, first, last, is_complete }, head)
        }
        Ok(Line::Log { version, .. }) => return Err(FileError::NoExport(format!("it is of the version {version}"))),
        Ok(_) => return Err(FileError::NoExport("it is one of the lines that follow".to_owned())),
        Err(error) => return Err(FileError::NoExport(error.to_string())),
    };
    let part = if exported.first <= 1 { Part::Whole } else { Part::From(exported.first) };
    let mut verifier = Verifier::new(&exported.log, part);
    for (log, checkpoint) in kept {
        hold_to(&mut verifier, &exported, (log, checkpoint), keys.unwrap_or_default());
    }
    let mut number = 1;
    while read(&mut file, &mut line)? {
        number += 1;
        match serde_json::from_slice(&line) {
            Ok(Line::Entry(entry)) => verifier.entry(&Sealed::from(*entry)),
            Ok(line @ Line::Checkpoint { sequence, .. }) => match (line.checkpoint(), keys) {
                (Some((log, checkpoint)), Some(keys)) => {
                    hold_to(&mut verifier, &exported, (&log, &checkpoint), keys);
                }
                (Some(_), None) => {}
                (None, _) => verifier.unsigned(sequence, &format!("line {number} is no checkpoint")),
            },
            Ok(Line::Log { .. }) => verifier.unreadable(&format!("line {number} begins another log")),
            Err(error) => verifier.unreadable(&format!("line {number} is no entry: {error}")),
        }
    }
    Ok((exported, verifier.finish(Some(&head))))
}

fn hold_to(verifier: &mut Verifier, exported: &Exported, given: (&str, &Checkpoint), keys: &[PublicKey]) {
    let (log, checkpoint) = given;
    if log != exported.log {
        let why = format!("it is a checkpoint of the log {log}, and the file is of {}", exported.log);
        return verifier.unsigned(checkpoint.sequence, &why);
    }
    match checkpoint.doubt(log, keys) {
        Some(doubt) => verifier.unsigned(checkpoint.sequence, &doubt),
        // Of what is beyond a part of a log the part cannot tell; a whole log that ends before a checkpoint has lost its end.
        None if exported.is_complete || (exported.first..=exported.last).contains(&checkpoint.sequence) => {
            verifier.hold_to(checkpoint.anchor());
        }
        None => {}
    }
}
