//! `quality score`: the checks against series whose faults are known.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use domain::quality::{self, Context, Kind};

use super::{cannot_use, file, print};

/// What says which fault a file has, beside the files.
const INDEX: &str = "index.csv";

/// The part of the faulty series that has to be flagged with the right kind.
const LEAST_RECALL: f64 = 0.9;

/// The kinds that each defect of the index is right to be flagged with.
const EXPECTED: &[(&str, &[Kind])] = &[
    ("100x-error", &[Kind::UnitError]),
    ("bad-unit", &[Kind::UnitError]),
    ("bad-stock-split", &[Kind::SplitUnadjusted, Kind::SplitWrong]),
    ("bad-div", &[Kind::DividendWrong, Kind::DividendUnadjusted]),
    ("missing-div-adjust", &[Kind::DividendUnadjusted]),
    ("cg-double-count", &[Kind::CapitalGainDoubleCounted]),
];

/// A line of the index.
#[derive(Clone, Debug, serde::Deserialize)]
struct Case {
    symbol: String,
    interval: String,
    defect: String,
    state: State,
    file: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Raw,
    Fixed,
    Clean,
}

pub(super) fn run(paths: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let mut score = Score::default();
    for (path, case) in cases(paths)? {
        let flagged = flagged(&path)?;
        print(&score.add(&case, &flagged)?)?;
    }
    for line in score.lines() {
        print(&line)?;
    }
    Ok(if score.passes() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The files with what the index beside them says, each once, by path.
fn cases(paths: &[PathBuf]) -> anyhow::Result<BTreeMap<PathBuf, Case>> {
    let mut cases = BTreeMap::new();
    for path in paths {
        let (directory, only) = if path.is_dir() {
            (path.as_path(), None)
        } else {
            (path.parent().unwrap_or(Path::new("")), path.file_name())
        };
        let index = directory.join(INDEX);
        let text = fs::read_to_string(&index).with_context(|| format!("cannot read {}", index.display()))?;
        let listed: Vec<Case> = csv::Reader::from_reader(text.as_bytes())
            .deserialize()
            .collect::<Result<_, _>>()
            .with_context(|| cannot_use(&index))?;
        let mut found = listed.into_iter().filter(|case| only.is_none_or(|name| name == case.file.as_str())).peekable();
        if found.peek().is_none() {
            bail!("{} does not say what is wrong with {}", index.display(), path.display());
        }
        cases.extend(found.map(|case| (directory.join(&case.file), case)));
    }
    Ok(cases)
}

/// The kinds that flag the series of a file. Nothing is said of the day of delivery: a score must not change by the day.
fn flagged(path: &Path) -> anyhow::Result<BTreeSet<Kind>> {
    let series = file::series(path).with_context(|| cannot_use(path))?;
    let findings = series.values().flat_map(|series| quality::check(series, &Context::default()));
    Ok(findings.filter(quality::Finding::flags).map(|finding| finding.kind).collect())
}

/// Series of a defect: how many, and how many of them were flagged with the right kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    flagged: u32,
    series: u32,
}

impl Tally {
    fn add(&mut self, flagged: bool) {
        self.series += 1;
        self.flagged += u32::from(flagged);
    }

    fn share(self) -> f64 {
        f64::from(self.flagged) / f64::from(self.series.max(1))
    }
}

#[derive(Debug, Default)]
struct Score {
    raw: BTreeMap<String, Tally>,
    clean: Tally,
    /// Repaired series, and of those the ones that still show the kind of fault that was repaired.
    fixed: Tally,
    still: Vec<String>,
}

impl Score {
    /// Counts a series, and says how it went.
    fn add(&mut self, case: &Case, flagged: &BTreeSet<Kind>) -> anyhow::Result<String> {
        let found = names(flagged);
        let name = format!("{} {} {}", case.symbol, case.interval, case.defect);
        let (expected, verdict) = if case.state == State::Clean {
            self.clean.add(!flagged.is_empty());
            ("nothing".to_owned(), if flagged.is_empty() { "right" } else { "FALSE ALARM" })
        } else {
            let Some((_, kinds)) = EXPECTED.iter().find(|(defect, _)| *defect == case.defect) else {
                bail!("{}: no kind of finding is known for the defect `{}`", case.file, case.defect);
            };
            let right = kinds.iter().any(|kind| flagged.contains(kind));
            let verdict = if case.state == State::Raw {
                self.raw.entry(case.defect.clone()).or_default().add(right);
                if right { "right" } else { "MISSED" }
            } else {
                self.fixed.add(right);
                if !flagged.is_empty() {
                    self.still.push(format!("  {name}: {found}"));
                }
                match (right, flagged.is_empty()) {
                    (true, _) => "still there",
                    (false, true) => "repaired",
                    (false, false) => "repaired, and something else",
                }
            };
            (names(*kinds), verdict)
        };
        let state = format!("{:?}", case.state).to_lowercase();
        Ok(format!("{name} ({state}): {found}; expected {expected}: {verdict}"))
    }

    fn total(&self) -> Tally {
        self.raw.values().fold(Tally::default(), |sum, tally| Tally {
            flagged: sum.flagged + tally.flagged,
            series: sum.series + tally.series,
        })
    }

    fn lines(&self) -> Vec<String> {
        let share = |name: &str, tally: Tally| {
            format!("  {name:<20} {:>3} of {:>3}  {:>5.1} %", tally.flagged, tally.series, 100.0 * tally.share())
        };
        let mut lines = vec![String::new(), "Faulty series flagged with a right kind (recall):".to_owned()];
        lines.extend(self.raw.iter().map(|(defect, tally)| share(defect, *tally)));
        lines.push(share("all", self.total()));
        lines.push("Clean series flagged (false alarms):".to_owned());
        lines.push(share("clean", self.clean));
        lines.push("Repaired series that still show the fault:".to_owned());
        lines.push(share("fixed", self.fixed));
        if !self.still.is_empty() {
            lines.push("What is still found in repaired series:".to_owned());
            lines.extend(self.still.iter().cloned());
        }
        lines
    }

    /// Whether there is enough recall, and no false alarm. Where no faulty series was given, there is none to miss.
    fn passes(&self) -> bool {
        let total = self.total();
        (total.series == 0 || total.share() >= LEAST_RECALL) && self.clean.flagged == 0
    }
}

fn names<'a>(kinds: impl IntoIterator<Item = &'a Kind>) -> String {
    let names: Vec<&str> = kinds.into_iter().map(|kind| kind.name()).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(defect: &str, state: State) -> Case {
        let text = |text: &str| text.to_owned();
        Case { symbol: text("X"), interval: text("1d"), defect: text(defect), state, file: text("x.csv") }
    }

    fn score(cases: &[(&str, State, &[Kind])]) -> Score {
        let mut score = Score::default();
        for (defect, state, kinds) in cases {
            score.add(&case(defect, *state), &kinds.iter().copied().collect()).expect("a known defect");
        }
        score
    }

    #[test]
    fn a_wrong_kind_is_a_miss_and_a_clean_series_must_stay_silent() {
        let missed = score(&[("bad-div", State::Raw, &[Kind::UnitError])]);
        assert_eq!(missed.total(), Tally { flagged: 0, series: 1 });
        assert!(!missed.passes());
        assert!(score(&[("bad-div", State::Raw, &[Kind::DividendWrong]), ("no-bad-divs", State::Clean, &[])]).passes());
        assert!(!score(&[("no-bad-divs", State::Clean, &[Kind::Outlier])]).passes());
    }

    #[test]
    fn what_is_left_in_repaired_series_is_told_and_fails_nothing() {
        let fixed = score(&[("bad-unit", State::Fixed, &[Kind::UnitError])]);
        assert!(fixed.passes());
        assert!(fixed.lines().iter().any(|line| line.contains("X 1d bad-unit: UNIT_ERROR")));
    }

    #[test]
    fn an_unknown_defect_is_an_error() {
        assert!(Score::default().add(&case("gremlins", State::Raw), &BTreeSet::new()).is_err());
    }
}
