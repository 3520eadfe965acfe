//! What was signed of the audit log.

use async_graphql::SimpleObject;

use crate::audit::checkpoint::Checkpoint;
use crate::audit::encoding::hex;
use crate::graphql::connection::connection;
use crate::graphql::scalars::Instant;

/// A signed statement of where the tenant's audit log was. Kept elsewhere, it shows what was altered of the log up to there since,
/// whoever did it.
#[derive(Clone, Debug, SimpleObject)]
pub struct AuditCheckpoint {
    /// What the log is called; part of what is signed.
    log: String,
    /// The place of the entry that the log ended with.
    sequence: i64,
    /// That entry's hash, in hexadecimal digits.
    hash: String,
    /// When it was signed.
    at: Instant,
    /// Which of the installation's keys signed it.
    key_id: String,
    /// The Ed25519 signature, in hexadecimal digits.
    signature: String,
}

impl AuditCheckpoint {
    /// Of the log with this name.
    pub fn new(log: &str, checkpoint: &Checkpoint) -> Self {
        Self {
            log: log.to_owned(),
            sequence: checkpoint.sequence,
            hash: hex(&checkpoint.hash),
            at: Instant(checkpoint.at),
            key_id: checkpoint.key_id.clone(),
            signature: hex(&checkpoint.signature),
        }
    }
}

connection!(
    AuditCheckpointConnection,
    AuditCheckpointEdge,
    AuditCheckpoint,
    "checkpoints of the audit log, the latest first"
);
