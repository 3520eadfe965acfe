//! The ids of what the demo makes: the same on every machine.
//!
//! A step of the seeding has an id space of its own, so that one that was interrupted and is repeated meets no id of another
//! step; and the steps' ids sort in the order of the steps, as those of later work sort after them.

use std::sync::Arc;

use aws_lc_rs::digest;
use uuid::Uuid;

use crate::clock::{CountingIds, Environment, Ids, SystemClock};

/// Counts within a step; later steps lie at later seconds.
#[derive(Debug)]
struct StepIds {
    second: u128,
    ids: CountingIds,
}

impl Ids for StepIds {
    fn next(&self) -> Uuid {
        // The upper 48 bits are milliseconds.
        Uuid::from_u128(self.ids.next().as_u128() + ((self.second * 1_000) << 80))
    }
}

/// What the step `name`, the `order`-th, is done with. The name must tell what the step makes, and nothing else.
pub(super) fn environment(order: u32, name: &str) -> Environment {
    let hash = digest::digest(&digest::SHA256, name.as_bytes());
    let seed = hash.as_ref().iter().take(8).fold(0, |seed, byte| (seed << 8) | u64::from(*byte));
    let ids = StepIds { second: order.into(), ids: CountingIds::new(seed) };
    Environment { clock: Arc::new(SystemClock), ids: Arc::new(ids) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "compared with what the system draws")]
    fn steps_repeat_sort_and_never_meet() {
        let take = |order, name| {
            let ids = environment(order, name).ids;
            (0..5_000).map(|_| ids.next()).collect::<Vec<_>>()
        };
        let (first, second) = (take(1, "a"), take(2, "a"));
        assert_eq!(first, take(1, "a"));
        assert!(first.iter().chain(&second).is_sorted());
        assert!(first.iter().chain(&second).all(|id| id.get_version_num() == 7 && *id < Uuid::now_v7()));
        assert!(take(1, "b").iter().all(|id| !first.contains(id)));
    }
}
