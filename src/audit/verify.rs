//! Finds what was done to a log: entries that were changed, removed, put elsewhere or put in. Pure, and of one entry at a time:
//! what is kept is what was found.
//!
//! Every entry holds the hash of the one before it and its own, which covers that hash, its place and its content. So an entry
//! tells by itself whether it was changed, and its successor whether it is the one that was there.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;

use uuid::Uuid;

use super::encoding::{Hash, commitment, genesis, link, of_entry};
use super::personal;
use super::sealed::{Head, Sealed};

/// How many findings are listed; more are counted.
const MOST_FINDINGS: usize = 1_000;
/// Altered entries that are tried in each other's places.
const MOST_SUSPECTS: usize = 1_000;
/// How far entries are looked for that were renumbered.
const MOST_SHIFT: i64 = 16;

/// What was done to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Its content, or a personal value beside it, is not what was sealed.
    Changed,
    /// It is gone.
    Removed,
    /// It stands at another place than it was sealed at.
    Reordered,
    /// It was not sealed here.
    Inserted,
    /// A checkpoint is not signed by a key that is known.
    Unsigned,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Reordered => "reordered",
            Self::Inserted => "inserted",
            Self::Unsigned => "unsigned",
        })
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was done.
    pub kind: Kind,
    /// From which place of the log on.
    pub first: i64,
    /// Through which one.
    pub last: i64,
    /// The entry, where it is there.
    pub id: Option<Uuid>,
    /// What shows it.
    pub why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(formatter, "{}: entry {}", self.kind, self.first)?,
            false => write!(formatter, "{}: entries {} to {}", self.kind, self.first, self.last)?,
        }
        if let Some(id) = self.id {
            write!(formatter, " ({id})")?;
        }
        write!(formatter, ": {}", self.why)
    }
}

/// What a verification came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many entries were read.
    pub entries: u64,
    /// The place and hash of the last one that was read.
    pub last: Option<(i64, Vec<u8>)>,
    /// Personal values that were erased.
    pub erased: u64,
    /// Checkpoints that the log agrees with.
    pub checkpoints: u64,
    /// What was found, by place.
    pub findings: Vec<Finding>,
    /// What was found beyond those.
    pub more: u64,
}

impl Report {
    /// Whether nothing was found.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Which part of a log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// From its first entry on.
    Whole,
    /// From some entry on, which is believed of what it follows.
    From(i64),
}

/// A place of the log that was signed, or shipped elsewhere before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The place.
    pub sequence: i64,
    /// The hash of the entry there.
    pub hash: Vec<u8>,
}

/// An entry whose hash is not of its content at its place.
struct Suspect {
    id: Uuid,
    sequence: i64,
    previous: Vec<u8>,
    hash: Vec<u8>,
    content: Hash,
}

/// An altered entry that was sealed as it is at another place: those after it may have been renumbered with it.
struct Candidate {
    sequence: i64,
    hash: Vec<u8>,
    shift: i64,
}

/// Reads a log in its order.
pub struct Verifier {
    genesis: Hash,
    anchors: BTreeMap<i64, Vec<Vec<u8>>>,
    /// The last anchor that the log agreed with.
    anchored: i64,
    /// Places and hashes of the last entries.
    trail: VecDeque<(i64, Vec<u8>)>,
    /// The place before the one that comes next.
    last: i64,
    /// By how many places entries stand later than they were sealed.
    shift: i64,
    /// Gaps: first and last place as sealed.
    missing: BTreeMap<i64, i64>,
    inserted: Vec<(i64, i64)>,
    suspects: Vec<Suspect>,
    candidate: Option<Candidate>,
    /// The last entry is one of the suspects, or is said to be changed already.
    is_doubted: bool,
    report: Report,
}

impl Verifier {
    /// Of the log with this name.
    pub fn new(log: &str, part: Part) -> Self {
        Self {
            genesis: genesis(log),
            anchors: BTreeMap::new(),
            anchored: 0,
            trail: VecDeque::new(),
            last: match part {
                Part::Whole => 0,
                Part::From(first) => first - 1,
            },
            shift: 0,
            missing: BTreeMap::new(),
            inserted: Vec::new(),
            suspects: Vec::new(),
            candidate: None,
            is_doubted: false,
            report: Report::default(),
        }
    }

    /// Holds the log to what was signed of it. Before its entries are read.
    pub fn hold_to(&mut self, anchor: Anchor) {
        self.anchors.entry(anchor.sequence).or_default().push(anchor.hash);
    }

    fn find(&mut self, kind: Kind, places: (i64, i64), id: Option<Uuid>, why: impl Into<String>) {
        match self.report.findings.len() < MOST_FINDINGS {
            true => {
                let finding = Finding { kind, first: places.0, last: places.1, id, why: why.into() };
                self.report.findings.push(finding);
            }
            false => self.report.more += 1,
        }
    }

    /// Notes that a checkpoint is not signed as it should be.
    pub fn unsigned(&mut self, sequence: i64, why: &str) {
        self.find(Kind::Unsigned, (sequence, sequence), None, why);
    }

    /// Notes that where the next entry should stand nothing can be read.
    pub fn unreadable(&mut self, why: &str) {
        self.last += 1;
        self.find(Kind::Changed, (self.last, self.last), None, why);
        self.is_doubted = true;
        self.trail.push_back((self.last, Vec::new()));
    }

    /// Reads the next entry.
    pub fn entry(&mut self, entry: &Sealed) {
        self.report.entries += 1;
        self.personal(entry);
        let content = of_entry(entry);
        if entry.sequence <= self.last {
            return self.late(entry, &content);
        }
        let is_sealed_at = |place: i64| link(&entry.previous, place, &content)[..] == entry.hash[..];
        // One entry at another place was put there; two in a row were renumbered.
        let candidate = self
            .candidate
            .take()
            .filter(|candidate| candidate.hash == entry.previous && is_sealed_at(entry.sequence - candidate.shift));
        if let Some(candidate) = candidate {
            self.adopt(&candidate);
        }
        self.gap_before(entry);
        if is_sealed_at(entry.sequence - self.shift) {
            self.intact(entry);
            self.anchor(entry);
        } else {
            let shift = (-MOST_SHIFT..=MOST_SHIFT).find(|shift| is_sealed_at(entry.sequence - shift));
            if let Some(shift) = shift.filter(|shift| self.may_shift(entry, *shift)) {
                let hash = entry.hash.clone();
                self.candidate = Some(Candidate { sequence: entry.sequence, hash, shift });
            }
            let suspect = Suspect {
                id: entry.id,
                sequence: entry.sequence,
                previous: entry.previous.clone(),
                hash: entry.hash.clone(),
                content,
            };
            self.suspects.push(suspect);
            if self.suspects.len() > MOST_SUSPECTS {
                self.settle_suspects();
            }
            self.is_doubted = true;
        }
        self.last = entry.sequence;
        self.trail.push_back((entry.sequence, entry.hash.clone()));
        if self.trail.len() > usize::try_from(MOST_SHIFT).unwrap_or(1) + 2 {
            self.trail.pop_front();
        }
    }

    /// Takes it that entries were renumbered from the candidate on.
    fn adopt(&mut self, candidate: &Candidate) {
        let more = candidate.shift - self.shift;
        self.suspects.retain(|suspect| suspect.sequence != candidate.sequence);
        if more > 0 {
            self.inserted.push((candidate.sequence - more, candidate.sequence - 1));
        } else {
            self.missing.insert(candidate.sequence - self.shift, candidate.sequence - candidate.shift - 1);
        }
        self.shift = candidate.shift;
        self.is_doubted = false;
    }

    /// What was shipped or signed of this place.
    fn anchor(&mut self, entry: &Sealed) {
        let place = entry.sequence - self.shift;
        let Some(hashes) = self.anchors.remove(&place) else { return };
        if hashes.iter().all(|hash| *hash == entry.hash) {
            self.report.checkpoints += 1;
        } else {
            let why = "the log up to here is not the one that its checkpoint was made of";
            self.find(Kind::Changed, (self.anchored + 1, place), Some(entry.id), why);
        }
        self.anchored = place;
    }

    /// Whether entries may have been renumbered by `shift` from this one on: forward only where it follows the entry before those
    /// that were put in, backward only over places that were not read.
    fn may_shift(&self, entry: &Sealed, shift: i64) -> bool {
        let more = shift - self.shift;
        let before = entry.sequence - 1 - more;
        let known = self.trail.iter().find(|(place, _)| *place == before);
        match more > 0 {
            true if before == 0 => entry.previous == self.genesis,
            true => known.is_some_and(|(_, hash)| *hash == entry.previous),
            false => entry.sequence - shift > self.last - self.shift,
        }
    }

    /// Numbers that are left out before an entry.
    fn gap_before(&mut self, entry: &Sealed) {
        let (next, place) = (self.last - self.shift + 1, entry.sequence - self.shift);
        if place > next {
            self.missing.insert(next, place - 1);
            // What it follows cannot be known.
            self.is_doubted = true;
        }
    }

    /// An entry that was sealed as it is: whether it follows the one before.
    fn intact(&mut self, entry: &Sealed) {
        let follows = match self.trail.back() {
            Some((_, hash)) => *hash == entry.previous,
            // Of a part, the first entry is believed.
            None => entry.sequence != 1 || entry.previous == self.genesis,
        };
        if !follows && !self.is_doubted {
            match self.trail.back() {
                Some((place, _)) => {
                    let places = (*place, *place);
                    let why = format!("it is not the one that entry {} was sealed after", entry.sequence);
                    self.find(Kind::Changed, places, None, why);
                }
                None => self.find(Kind::Changed, (1, 1), Some(entry.id), "it begins the log of another realm"),
            }
        }
        self.is_doubted = false;
    }

    /// An entry whose number has been passed.
    fn late(&mut self, entry: &Sealed, content: &Hash) {
        let place = entry.sequence;
        let gap = self.missing.range(..=place).next_back().map(|(first, last)| (*first, *last));
        let is_sealed = link(&entry.previous, place, content)[..] == entry.hash[..];
        match gap.filter(|(_, last)| place <= *last && is_sealed) {
            Some((first, last)) => {
                self.missing.remove(&first);
                if first < place {
                    self.missing.insert(first, place - 1);
                }
                if place < last {
                    self.missing.insert(place + 1, last);
                }
                let why = format!("it stands after entry {}", self.last);
                self.find(Kind::Reordered, (place, place), Some(entry.id), why);
            }
            None => {
                let why = format!("it stands after entry {}, and its number was passed", self.last);
                self.find(Kind::Inserted, (place, place), Some(entry.id), why);
            }
        }
    }

    /// Whether what stands beside the entry is what it commits to.
    fn personal(&mut self, entry: &Sealed) {
        let commitments = personal::commitments(entry.commitments.as_ref());
        let place = (entry.sequence, entry.sequence);
        for (field, hash) in &commitments {
            match entry.personal.get(*field) {
                None => self.report.erased += 1,
                Some(revealed) if commitment(&revealed.salt, &revealed.value) == *hash => {}
                Some(_) => {
                    let why = format!("the personal value {field} is not the one that it commits to");
                    self.find(Kind::Changed, place, Some(entry.id), why);
                }
            }
        }
        for field in entry.personal.keys().filter(|field| !commitments.contains_key(field.as_str())) {
            let why = format!("it commits to no personal value {field}");
            self.find(Kind::Changed, place, Some(entry.id), why);
        }
    }

    /// Says of each altered entry what was done to it.
    fn settle_suspects(&mut self) {
        let suspects = std::mem::take(&mut self.suspects);
        let inserted = std::mem::take(&mut self.inserted);
        // What each place was sealed with, for contents that stand at one another's.
        let mut sealed_at: HashMap<Hash, i64> = HashMap::new();
        for place in &suspects {
            for other in &suspects {
                if link(&place.previous, place.sequence, &other.content)[..] == place.hash[..] {
                    sealed_at.insert(other.content, place.sequence);
                }
            }
        }
        let gone: Vec<i64> = self
            .missing
            .iter()
            .flat_map(|(first, last)| *first..=(*last).min(first + MOST_SHIFT))
            .take(MOST_SUSPECTS)
            .collect();
        let mut told = Vec::new();
        for suspect in &suspects {
            let at = |place: i64| link(&suspect.previous, place, &suspect.content)[..] == suspect.hash[..];
            let elsewhere = sealed_at.get(&suspect.content).copied().filter(|place| *place != suspect.sequence);
            let elsewhere = elsewhere.or_else(|| {
                suspects.iter().map(|other| other.sequence).find(|place| *place != suspect.sequence && at(*place))
            });
            let from_gap = gone.iter().copied().find(|place| at(*place));
            let places = (suspect.sequence, suspect.sequence);
            told.push(suspect.sequence);
            if let Some(place) = from_gap {
                self.missing.remove(&place);
                let why = format!("it was sealed as entry {place}");
                self.find(Kind::Reordered, places, Some(suspect.id), why);
            } else if let Some(place) = elsewhere {
                let why = format!("it was sealed as entry {place}");
                self.find(Kind::Reordered, places, Some(suspect.id), why);
            } else if inserted.iter().any(|(first, last)| (*first..=*last).contains(&suspect.sequence)) {
                self.find(Kind::Inserted, places, Some(suspect.id), "it was not sealed here");
            } else {
                self.find(Kind::Changed, places, Some(suspect.id), "its hash is not that of its content");
            }
        }
        for (first, last) in inserted {
            for place in (first..=last).filter(|place| !told.contains(place)) {
                self.find(Kind::Inserted, (place, place), None, "the next entry was sealed after the one before it");
            }
        }
    }

    /// Ends the reading. `head` is where the log should end, where that is known.
    pub fn finish(mut self, head: Option<&Head>) -> Report {
        let is_end = |candidate: &Candidate, head: &Head| candidate.sequence - candidate.shift == head.sequence;
        if let Some(candidate) = self.candidate.take()
            && head.is_some_and(|head| is_end(&candidate, head))
        {
            self.adopt(&candidate);
        }
        self.settle_suspects();
        let last = self.trail.back().cloned();
        let place = self.last - self.shift;
        if let Some(head) = head {
            match head.sequence.cmp(&place) {
                std::cmp::Ordering::Greater => {
                    self.missing.insert(place + 1, head.sequence);
                }
                std::cmp::Ordering::Less => {
                    let why = "the log was sealed up to the entry before";
                    self.find(Kind::Inserted, (head.sequence + 1 + self.shift, self.last), None, why);
                }
                std::cmp::Ordering::Equal => {
                    let hash = last.as_ref().map_or(&self.genesis[..], |(_, hash)| hash.as_slice());
                    if hash != head.hash && !self.is_doubted {
                        let why = "the log was sealed with another last entry";
                        self.find(Kind::Changed, (self.last, self.last), None, why);
                    }
                }
            }
        }
        if let Some((beyond, _)) = self.anchors.last_key_value().filter(|(beyond, _)| **beyond > place) {
            let end = self.missing.last_key_value().map_or(place, |(_, last)| (*last).max(place));
            if *beyond > end {
                self.missing.insert(end + 1, *beyond);
            }
        }
        for (first, last) in std::mem::take(&mut self.missing) {
            self.find(Kind::Removed, (first, last), None, "the log has a gap");
        }
        self.report.last = last;
        self.report.findings.sort_by_key(|finding| (finding.first, finding.kind));
        self.report
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
