//! Time and identity, injected: the only place that asks the system for either.

use std::fmt::Debug;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// The first day that this server takes: nobody keeps older books, and a range of days stays bounded.
pub const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day of the calendar");

/// The last day that this server takes.
pub const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2199, 12, 31).expect("a day of the calendar");

/// Reads a day written as `2022-12-28`, in exactly that form, from [`FIRST_DAY`] to [`LAST_DAY`].
pub fn parse_day(text: &str) -> Option<NaiveDate> {
    let in_form = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !in_form {
        return None;
    }
    let day = NaiveDate::from_ymd_opt(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?)?;
    (FIRST_DAY..=LAST_DAY).contains(&day).then_some(day)
}

/// Tells the time.
pub trait Clock: Debug + Send + Sync {
    /// The instant, in UTC.
    fn now(&self) -> DateTime<Utc>;

    /// The day, in UTC.
    fn today(&self) -> NaiveDate {
        self.now().date_naive()
    }
}

/// Gives out ids that sort in the order of their making (UUID v7).
pub trait Ids: Debug + Send + Sync {
    /// A new id.
    fn next(&self) -> Uuid;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// Ids from the system's clock and randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Ids that count up from a seed: the demo's and the tests', the same on every run.
#[derive(Debug)]
pub struct CountingIds {
    seed: u64,
    next: std::sync::atomic::AtomicU64,
}

impl CountingIds {
    /// Ids of one seed; another seed gives others.
    pub fn new(seed: u64) -> Self {
        Self { seed, next: std::sync::atomic::AtomicU64::new(1) }
    }
}

impl Ids for CountingIds {
    fn next(&self) -> Uuid {
        let count = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // A fixed instant and the count in the bits of time, so that they sort; the seed in those of chance.
        let millis = 1_672_185_600_000 + (count >> 12);
        let mut random = [0; 10];
        random[..2].copy_from_slice(&u16::try_from(count & 0xfff).unwrap_or(0).to_be_bytes());
        random[2..].copy_from_slice(&self.seed.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

/// Both, as they are passed around.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The ids.
    pub ids: Arc<dyn Ids>,
}

impl Environment {
    /// The system's own.
    pub fn system() -> Self {
        Self { clock: Arc::new(SystemClock), ids: Arc::new(SystemIds) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_in_one_form_and_within_bounds() {
        assert_eq!(parse_day("2022-12-28"), NaiveDate::from_ymd_opt(2022, 12, 28));
        for bad in ["-999-01-01", "-99999-1-1", "2022-1-1", "2022-02-30", "1899-12-31", "2200-01-01", "+022-01-01", ""]
        {
            assert_eq!(parse_day(bad), None, "{bad}");
        }
    }

    #[test]
    fn counting_ids_are_distinct_sorted_and_repeatable() {
        let ids = CountingIds::new(7);
        let made: Vec<Uuid> = (0..10_000).map(|_| ids.next()).collect();
        assert!(made.is_sorted());
        assert!(made.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(made[0], CountingIds::new(7).next());
        assert_ne!(made[0], CountingIds::new(8).next());
        assert_eq!(made[0].get_version_num(), 7);
    }
}
