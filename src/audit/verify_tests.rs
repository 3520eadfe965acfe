use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::super::sealed::Revealed;
use super::*;

const LOG: &str = "t_test_1";

fn seal(entry: &mut Sealed, previous: &[u8], sequence: i64) {
    entry.previous = previous.to_vec();
    entry.sequence = sequence;
    entry.hash = link(previous, sequence, &of_entry(entry)).to_vec();
}

/// A log of so many entries, sealed as the database seals.
fn log(entries: i64) -> Vec<Sealed> {
    let mut previous = genesis(LOG).to_vec();
    let make = |sequence: i64| {
        let revealed = Revealed { salt: vec![7; 32], value: format!("person{sequence}@a.example") };
        let mut entry = Sealed {
            id: Uuid::from_u128(u128::from(sequence.unsigned_abs())),
            sequence,
            previous: Vec::new(),
            hash: Vec::new(),
            at: "2024-03-15T12:00:00.000001Z".parse().expect("an instant"),
            actor_id: Some(Uuid::from_u128(9)),
            behalf_of: None,
            actor_name: None,
            action: "portfolioUpdate".to_owned(),
            entity_type: "Portfolio".to_owned(),
            entity_id: Some("1".to_owned()),
            before: None,
            after: Some(json!({ "version": sequence })),
            request_id: None,
            commitments: Some(json!({ "/actor": commitment(&revealed.salt, &revealed.value) })),
            personal: BTreeMap::from([("/actor".to_owned(), revealed)]),
        };
        seal(&mut entry, &previous, sequence);
        previous.clone_from(&entry.hash);
        entry
    };
    (1..=entries).map(make).collect()
}

fn head(entries: &[Sealed]) -> Head {
    let last = entries.last().expect("an entry");
    Head { log: LOG.to_owned(), sequence: last.sequence, hash: last.hash.clone() }
}

fn report(entries: &[Sealed], head: Option<&Head>, anchors: Vec<Anchor>) -> Report {
    let mut verifier = Verifier::new(LOG, Part::Whole);
    anchors.into_iter().for_each(|anchor| verifier.hold_to(anchor));
    entries.iter().for_each(|entry| verifier.entry(entry));
    verifier.finish(head)
}

/// What is found of a log of twelve entries that was altered.
fn found(alter: impl FnOnce(&mut Vec<Sealed>)) -> Vec<(Kind, i64, i64)> {
    let mut entries = log(12);
    let head = head(&entries);
    alter(&mut entries);
    let findings = report(&entries, Some(&head), Vec::new()).findings;
    findings.iter().map(|finding| (finding.kind, finding.first, finding.last)).collect()
}

/// Numbers the entries from 1 on, as somebody would who hides a gap.
fn renumber(entries: &mut [Sealed]) {
    (1..).zip(entries).for_each(|(place, entry)| entry.sequence = place);
}

/// Seals everything from this index on anew: what only the owner of the database can do.
fn reseal(entries: &mut [Sealed], from: usize) {
    for index in from..entries.len() {
        let previous = if index == 0 { genesis(LOG).to_vec() } else { entries[index - 1].hash.clone() };
        let sequence = entries[index].sequence;
        seal(&mut entries[index], &previous, sequence);
    }
}

#[test]
fn a_log_that_nobody_touched_is_whole() {
    let entries = log(12);
    let report = report(&entries, Some(&head(&entries)), vec![Anchor { sequence: 7, hash: entries[6].hash.clone() }]);
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!((report.entries, report.checkpoints), (12, 1));
    assert_eq!(report.last, Some((12, entries[11].hash.clone())));
}

#[test]
fn a_changed_entry_is_named() {
    type Alteration = (&'static str, fn(&mut Sealed));
    let alterations: [Alteration; 12] = [
        ("id", |entry| entry.id = Uuid::from_u128(77)),
        ("at", |entry| entry.at += chrono::TimeDelta::microseconds(1)),
        ("actor", |entry| entry.actor_id = None),
        ("behalf", |entry| entry.behalf_of = entry.actor_id),
        ("name", |entry| entry.actor_name = Some(String::new())),
        ("action", |entry| entry.action.push('s')),
        ("entity type", |entry| entry.entity_type.clear()),
        ("entity id", |entry| entry.entity_id = None),
        ("before", |entry| entry.before = Some(json!({}))),
        ("after", |entry| entry.after = Some(json!({ "version": "5" }))),
        ("request", |entry| entry.request_id = Some("r".to_owned())),
        ("hash", |entry| entry.hash[0] ^= 1),
    ];
    for (what, alter) in alterations {
        assert_eq!(found(|entries| alter(&mut entries[4])), [(Kind::Changed, 5, 5)], "{what}");
    }
    assert_eq!(found(|entries| entries[4].previous[0] ^= 1), [(Kind::Changed, 5, 5)], "previous");
    assert_eq!(found(|entries| entries[11].action.push('s')), [(Kind::Changed, 12, 12)], "the last");
    assert_eq!(found(|entries| entries[0].action.push('s')), [(Kind::Changed, 1, 1)], "the first");
}

#[test]
fn an_entry_that_was_changed_and_sealed_anew_is_named() {
    let alter = |entries: &mut Vec<Sealed>| {
        entries[4].action.push('s');
        reseal(&mut entries[..5], 4);
    };
    assert_eq!(found(alter), [(Kind::Changed, 5, 5)]);
    let last = |entries: &mut Vec<Sealed>| {
        entries[11].action.push('s');
        reseal(entries, 11);
    };
    assert_eq!(found(last), [(Kind::Changed, 12, 12)]);
}

#[test]
fn a_personal_value_that_was_changed_or_added_is_named_and_one_that_was_erased_is_none_of_it() {
    let change = |entries: &mut Vec<Sealed>| {
        entries[4].personal.get_mut("/actor").expect("a value").value = "other".to_owned();
    };
    assert_eq!(found(change), [(Kind::Changed, 5, 5)]);
    let add = |entries: &mut Vec<Sealed>| {
        let value = entries[4].personal["/actor"].clone();
        entries[4].personal.insert("/address".to_owned(), value);
    };
    assert_eq!(found(add), [(Kind::Changed, 5, 5)]);
    let mut entries = log(12);
    entries[4].personal.clear();
    let report = report(&entries, Some(&head(&entries)), Vec::new());
    assert!(report.is_whole(), "{:?}", report.findings);
    assert_eq!(report.erased, 1);
}

#[test]
fn removed_entries_are_named() {
    assert_eq!(found(|entries| drop(entries.remove(4))), [(Kind::Removed, 5, 5)]);
    assert_eq!(found(|entries| drop(entries.drain(4..7))), [(Kind::Removed, 5, 7)]);
    assert_eq!(found(|entries| drop(entries.remove(0))), [(Kind::Removed, 1, 1)]);
    assert_eq!(found(|entries| entries.truncate(10)), [(Kind::Removed, 11, 12)]);
    let hidden = |entries: &mut Vec<Sealed>| {
        entries.drain(4..6);
        renumber(entries);
    };
    assert_eq!(found(hidden), [(Kind::Removed, 5, 6)]);
    assert_eq!(
        found(|entries| {
            entries.remove(8);
            entries.remove(2);
        }),
        [(Kind::Removed, 3, 3), (Kind::Removed, 9, 9)]
    );
}

#[test]
fn reordered_entries_are_named() {
    let places = |entries: &mut Vec<Sealed>| {
        (entries[4].sequence, entries[7].sequence) = (8, 5);
        entries.swap(4, 7);
    };
    assert_eq!(found(places), [(Kind::Reordered, 5, 5), (Kind::Reordered, 8, 8)]);
    let neighbours = |entries: &mut Vec<Sealed>| {
        (entries[4].sequence, entries[5].sequence) = (6, 5);
        entries.swap(4, 5);
    };
    assert_eq!(found(neighbours), [(Kind::Reordered, 5, 5), (Kind::Reordered, 6, 6)]);
    // The contents alone, under the hashes that stand there.
    let contents = |entries: &mut Vec<Sealed>| {
        let (one, other) = (entries[4].clone(), entries[7].clone());
        entries[4] = Sealed { sequence: 5, previous: one.previous.clone(), hash: one.hash.clone(), ..other.clone() };
        entries[7] = Sealed { sequence: 8, previous: other.previous.clone(), hash: other.hash.clone(), ..one };
    };
    assert_eq!(found(contents), [(Kind::Reordered, 5, 5), (Kind::Reordered, 8, 8)]);
    // Lines of a file.
    assert_eq!(found(|entries| entries.swap(4, 5)), [(Kind::Reordered, 5, 5)]);
    let moved = |entries: &mut Vec<Sealed>| {
        let entry = entries.remove(4);
        entries.insert(8, entry);
        renumber(entries);
    };
    assert_eq!(found(moved), [(Kind::Reordered, 9, 9)]);
}

#[test]
fn inserted_entries_are_named() {
    let forged = |entries: &mut Vec<Sealed>| {
        let entry = Sealed { id: Uuid::from_u128(77), ..entries[4].clone() };
        entries.insert(4, entry);
        renumber(entries);
    };
    assert_eq!(found(forged), [(Kind::Inserted, 5, 5)]);
    let sealed = |entries: &mut Vec<Sealed>| {
        forged(entries);
        reseal(&mut entries[..5], 4);
    };
    assert_eq!(found(sealed), [(Kind::Inserted, 5, 5)]);
    let first = |entries: &mut Vec<Sealed>| {
        let entry = Sealed { id: Uuid::from_u128(77), ..entries[4].clone() };
        entries.insert(0, entry);
        renumber(entries);
    };
    assert_eq!(found(first), [(Kind::Inserted, 1, 1)]);
    let last = |entries: &mut Vec<Sealed>| {
        let entry = Sealed { id: Uuid::from_u128(77), ..entries[4].clone() };
        entries.push(entry);
        renumber(entries);
        reseal(entries, 12);
    };
    assert_eq!(found(last), [(Kind::Inserted, 13, 13)]);
    // A line of a file, under a number that another has.
    let twice = |entries: &mut Vec<Sealed>| {
        let entry = entries[4].clone();
        entries.insert(6, entry);
    };
    assert_eq!(found(twice), [(Kind::Inserted, 5, 5)]);
}

#[test]
fn a_log_that_was_sealed_anew_differs_from_its_checkpoint() {
    let mut entries = log(12);
    let anchors = || {
        let entries = log(12);
        [3, 9].map(|sequence: usize| Anchor {
            sequence: i64::try_from(sequence).expect("a place"),
            hash: entries[sequence - 1].hash.clone(),
        })
    };
    entries[4].action.push('s');
    reseal(&mut entries, 4);
    let altered = report(&entries, Some(&head(&entries)), anchors().to_vec());
    let found: Vec<_> = altered.findings.iter().map(|found| (found.kind, found.first, found.last)).collect();
    assert_eq!(found, [(Kind::Changed, 4, 9)], "between the checkpoints");
    // The end is gone, and the head with it.
    let mut entries = log(12);
    entries.truncate(6);
    let cut = report(&entries, Some(&head(&entries)), anchors().to_vec());
    let found: Vec<_> = cut.findings.iter().map(|found| (found.kind, found.first, found.last)).collect();
    assert_eq!(found, [(Kind::Removed, 7, 9)]);
    assert!(report(&entries, Some(&head(&entries)), Vec::new()).is_whole(), "which nothing else can show");
}

#[test]
fn another_realms_log_is_not_taken_for_this_one() {
    let mut verifier = Verifier::new("t_test_2", Part::Whole);
    log(3).iter().for_each(|entry| verifier.entry(entry));
    let findings = verifier.finish(None).findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].why.contains("another realm"), "{findings:?}");
}

#[test]
fn a_part_of_a_log_is_whole_by_itself() {
    let entries = log(12);
    let mut verifier = Verifier::new(LOG, Part::From(5));
    entries[4..9].iter().for_each(|entry| verifier.entry(entry));
    let end = Head { log: LOG.to_owned(), sequence: 9, hash: entries[8].hash.clone() };
    let report = verifier.finish(Some(&end));
    assert!(report.is_whole(), "{:?}", report.findings);
    let mut verifier = Verifier::new(LOG, Part::From(5));
    entries[6..9].iter().for_each(|entry| verifier.entry(entry));
    let findings = verifier.finish(Some(&end)).findings;
    assert_eq!(
        findings.iter().map(|found| (found.kind, found.first, found.last)).collect::<Vec<_>>(),
        [(Kind::Removed, 5, 6)]
    );
}

#[test]
fn a_log_of_nothing_but_alterations_is_counted() {
    let mut entries = log(5_000);
    entries.iter_mut().for_each(|entry| entry.action.push('s'));
    let report = report(&entries, Some(&head(&entries)), Vec::new());
    assert_eq!(report.findings.len(), MOST_FINDINGS);
    assert_eq!(report.more, 4_000);
}

proptest! {
    /// Whatever is done to one entry is found.
    #[test]
    fn no_alteration_goes_unnoticed(place in 0_usize..12, other in 0_usize..12, way in 0_usize..5) {
        let alter = |entries: &mut Vec<Sealed>| match way {
            0 => entries[place].action.push('s'),
            1 => drop(entries.remove(place)),
            2 => {
                let entry = Sealed { id: Uuid::from_u128(77), ..entries[other].clone() };
                entries.insert(place, entry);
                renumber(entries);
            }
            3 => {
                (entries[place].sequence, entries[other].sequence) = (entries[other].sequence, entries[place].sequence);
                entries.swap(place, other);
            }
            _ => {
                entries[place].after = entries[other].before.clone();
                reseal(&mut entries[..=place], place);
            }
        };
        let found = found(alter);
        prop_assert_eq!(found.is_empty(), way == 3 && place == other, "{:?}", found);
        let expected = [Kind::Changed, Kind::Removed, Kind::Inserted, Kind::Reordered, Kind::Changed][way];
        prop_assert!(found.iter().all(|(kind, _, _)| *kind == expected), "{:?}", found);
    }
}
