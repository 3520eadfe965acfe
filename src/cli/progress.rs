//! Says on standard error what a long command is doing.

use std::{fmt::Display, time::Instant};

/// Lines with the time since the command began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    began: Instant,
}

impl Progress {
    pub(super) fn begin() -> Self {
        Self { began: Instant::now() }
    }

    pub(super) fn say(&self, text: impl Display) {
        eprintln!("[{:5.1} s] {text}", self.began.elapsed().as_secs_f64());
    }
}
