//! Reads a realm's log from the database and finds what was done to it.

use super::checkpoint::{self, Checkpoint};
use super::sealed::{self, Head};
use super::verify::{Part, Report, Verifier};
use crate::auth::PublicKey;
use crate::tenancy::{DatabaseError, Realm, Session};

/// Entries that are read at once.
const CHUNK: u64 = 4_000;

/// Where the log ends, and what was found of it and of its checkpoints: those that it holds and those that were `kept` elsewhere.
/// They must be signed by one of the keys.
pub async fn check<S: Realm>(
    session: &Session<S>,
    kept: &[Checkpoint],
    keys: &[PublicKey],
) -> Result<(Head, Report), DatabaseError> {
    let head = sealed::head(session).await?;
    let held = checkpoint::within(session, i64::MIN, i64::MAX).await?;
    let mut verifier = Verifier::new(&head.log, Part::Whole);
    for checkpoint in held.iter().chain(kept) {
        match checkpoint.doubt(&head.log, keys) {
            None => verifier.hold_to(checkpoint.anchor()),
            Some(doubt) => verifier.unsigned(checkpoint.sequence, &doubt),
        }
    }
    let mut after = None;
    loop {
        let entries = sealed::entries(session, after, i64::MAX, CHUNK).await?;
        let Some(last) = entries.last() else { break };
        after = Some(last.sequence);
        for entry in &entries {
            verifier.entry(entry);
        }
    }
    let report = verifier.finish(Some(&head));
    Ok((head, report))
}
