//! Stale prices: the same close without volume, session after session.

use super::bars::{Bar, Bars};
use super::finding::{Finding, Kind, Severity};

/// Sessions with the same close and no volume that are too many. Thinly traded shares rest for days or a week; a month
/// without a trade means that the close is no price to value by, or that the vendor repeats what it last had.
const STALE_SESSIONS: usize = 20;

pub(super) fn check(bars: &Bars) -> Vec<Finding> {
    // The first bar of a run may have traded: it made the price that is then repeated.
    let rests = |before: &Bar, after: &Bar| after.volume <= 0.0 && after.close.to_bits() == before.close.to_bits();
    let runs = bars.bars.chunk_by(rests);
    runs.filter_map(|run| {
        let mut sessions: Vec<_> = run.iter().map(|bar| bar.date).collect();
        sessions.dedup();
        let count = sessions.len();
        if count < STALE_SESSIONS {
            return None;
        }
        let close = run[0].close;
        let says = format!("The close is {close} and nothing is traded for {count} sessions.");
        #[expect(clippy::cast_precision_loss, reason = "a number of sessions")]
        Some(
            Finding::of_bars(Kind::Stale, Severity::Warning, run)?
                .figure("close", close)
                .figure("sessions", count as f64)
                .because(says),
        )
    })
    .collect()
}
