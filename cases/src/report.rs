//! What came of the cases, and how it is printed.

use std::collections::BTreeMap;

/// What came of every case, in the order of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One for each case.
    pub outcomes: Vec<Outcome>,
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The case's own id, or its place in the file.
    pub id: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What is not as expected.
    pub failures: Vec<Mismatch>,
    /// Another product's own measures (†) that come out otherwise here: said, and counted as left out.
    pub differing: Vec<Mismatch>,
    /// Another product's own measures (†) that nothing here computes.
    pub left_out: Vec<String>,
}

/// Whether a case holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every key that the product computes is as expected.
    Passed,
    /// One is not.
    Failed,
    /// The product computes nothing of its kind yet.
    LeftOut {
        /// The family and kind.
        kind: String,
    },
}

/// A key that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The path below `expected`.
    pub key: String,
    /// What the case expects.
    pub expected: String,
    /// What came out.
    pub got: String,
}

impl Report {
    /// Adds the cases of another file.
    pub fn extend(&mut self, other: Self) {
        self.outcomes.extend(other.outcomes);
    }

    /// How many cases passed.
    pub fn passed(&self) -> usize {
        self.count(&Verdict::Passed)
    }

    /// How many cases failed.
    pub fn failed(&self) -> usize {
        self.count(&Verdict::Failed)
    }

    fn count(&self, verdict: &Verdict) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.verdict == *verdict).count()
    }

    /// The lines to print: one a failure, what was left out, and `N passed, N failed` as the last.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut absent, mut differing) = (0, 0);
        for outcome in &self.outcomes {
            let say = |what: &str, found: &Mismatch| {
                let Mismatch { key, expected, got } = found;
                format!("{what} {} {key}: expected {expected}, got {got}", outcome.id)
            };
            lines.extend(outcome.failures.iter().map(|found| say("FAIL", found)));
            lines.extend(outcome.differing.iter().map(|found| say("differs †", found)));
            absent += outcome.left_out.len();
            differing += outcome.differing.len();
            if let Verdict::LeftOut { kind } = &outcome.verdict {
                *kinds.entry(kind).or_default() += 1;
            }
        }
        if !kinds.is_empty() {
            let kinds: Vec<String> = kinds.into_iter().map(|(kind, count)| format!("{kind} {count}")).collect();
            lines.push(format!("left out (not in the product yet): {}", kinds.join(", ")));
        }
        lines.push(format!("left out: {} † keys ({absent} not computed, {differing} differ)", absent + differing));
        lines.push(format!("{} passed, {} failed", self.passed(), self.failed()));
        lines
    }
}
