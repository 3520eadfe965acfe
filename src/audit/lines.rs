//! A log as lines of JSON: what it is of, its checkpoints, then its entries in order.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::checkpoint::Checkpoint;
use super::encoding::{hex, unhex};
use super::sealed::{Revealed, Sealed};

/// The version of this form.
pub const VERSION: u32 = 1;

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Line {
    /// The first line: which part of which log.
    Log {
        /// [`VERSION`].
        version: u32,
        /// What the log is called.
        log: String,
        /// The tenant's short name; nothing for the platform.
        tenant: Option<String>,
        /// When the file was made.
        exported_at: DateTime<Utc>,
        /// The place of the first entry.
        first: i64,
        /// The place of the last entry; before the first where there is none.
        last: i64,
        /// The hash of the last entry, in hexadecimal digits.
        hash: String,
        /// Whether these are all entries that the log had.
        is_complete: bool,
    },
    /// A checkpoint.
    Checkpoint {
        /// Of which log.
        log: String,
        /// The place.
        sequence: i64,
        /// The hash, in hexadecimal digits.
        hash: String,
        /// When it was signed, with six digits of a second.
        at: DateTime<Utc>,
        /// Which key signed it.
        key_id: String,
        /// The signature, in hexadecimal digits.
        signature: String,
    },
    /// An entry.
    Entry(Box<EntryLine>),
}

/// An entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntryLine {
    sequence: i64,
    id: Uuid,
    at: DateTime<Utc>,
    actor_id: Option<Uuid>,
    behalf_of: Option<Uuid>,
    actor_name: Option<String>,
    action: String,
    entity_type: String,
    entity_id: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
    request_id: Option<String>,
    commitments: Option<Value>,
    personal: BTreeMap<String, PersonalLine>,
    previous: String,
    hash: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PersonalLine {
    salt: String,
    value: String,
}

impl Line {
    /// The line of a checkpoint of a log.
    pub fn of_checkpoint(log: &str, checkpoint: &Checkpoint) -> Self {
        Self::Checkpoint {
            log: log.to_owned(),
            sequence: checkpoint.sequence,
            hash: hex(&checkpoint.hash),
            at: checkpoint.at,
            key_id: checkpoint.key_id.clone(),
            signature: hex(&checkpoint.signature),
        }
    }
}

impl From<Sealed> for Line {
    fn from(entry: Sealed) -> Self {
        let personal = entry
            .personal
            .into_iter()
            .map(|(field, revealed)| (field, PersonalLine { salt: hex(&revealed.salt), value: revealed.value }));
        Self::Entry(Box::new(EntryLine {
            sequence: entry.sequence,
            id: entry.id,
            at: entry.at,
            actor_id: entry.actor_id,
            behalf_of: entry.behalf_of,
            actor_name: entry.actor_name,
            action: entry.action,
            entity_type: entry.entity_type,
            entity_id: entry.entity_id,
            before: entry.before,
            after: entry.after,
            request_id: entry.request_id,
            commitments: entry.commitments,
            personal: personal.collect(),
            previous: hex(&entry.previous),
            hash: hex(&entry.hash),
        }))
    }
}

impl From<EntryLine> for Sealed {
    /// What is not in its form becomes what no hash agrees with: the line was changed.
    fn from(line: EntryLine) -> Self {
        let bytes = |text: &str| unhex(text).unwrap_or_default();
        let personal = line
            .personal
            .into_iter()
            .map(|(field, personal)| (field, Revealed { salt: bytes(&personal.salt), value: personal.value }));
        Self {
            id: line.id,
            sequence: line.sequence,
            previous: bytes(&line.previous),
            hash: bytes(&line.hash),
            at: line.at,
            actor_id: line.actor_id,
            behalf_of: line.behalf_of,
            actor_name: line.actor_name,
            action: line.action,
            entity_type: line.entity_type,
            entity_id: line.entity_id,
            before: line.before,
            after: line.after,
            request_id: line.request_id,
            commitments: line.commitments,
            personal: personal.collect(),
        }
    }
}

impl Line {
    /// The line's text, with its end.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|mut text| {
            text.push('\n');
            text
        })
    }

    /// The checkpoint that a line holds, and of which log it is.
    pub fn checkpoint(self) -> Option<(String, Checkpoint)> {
        match self {
            Self::Checkpoint { log, sequence, hash, at, key_id, signature } => {
                let (hash, signature) = (unhex(&hash)?, unhex(&signature)?);
                Some((log, Checkpoint { sequence, hash, at, key_id, signature }))
            }
            Self::Log { .. } | Self::Entry(_) => None,
        }
    }
}
