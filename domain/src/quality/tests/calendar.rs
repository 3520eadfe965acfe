use super::*;

fn kinds(rows: Vec<Row>, sessions: &[NaiveDate], as_of: &str) -> Vec<(Kind, NaiveDate)> {
    let context = Context { as_of: Some(day(as_of)), sessions: Some(sessions) };
    check(&DeliveredSeries::new(rows), &context).iter().map(|finding| (finding.kind, finding.first)).collect()
}

fn sessions(count: u64) -> Vec<NaiveDate> {
    (0..count).map(|i| day(START) + Days::new(i)).collect()
}

#[test]
fn a_complete_series_raises_nothing() {
    assert_eq!(kinds(sound(20), &sessions(30), "2024-01-21"), []);
}

#[test]
fn missing_sessions_and_rows_on_holidays_are_found() {
    let mut rows = sound(20);
    rows.remove(7);
    rows[12] = Row::empty(rows[12].at);
    let mut sessions = sessions(30);
    sessions.remove(3);
    assert_eq!(
        kinds(rows, &sessions, "2024-01-20"),
        [
            (Kind::OffSession, day("2024-01-04")),
            (Kind::MissingSession, day("2024-01-08")),
            (Kind::MissingSession, day("2024-01-14")),
        ]
    );
}

#[test]
fn a_calendar_that_ends_says_nothing_of_later_rows() {
    assert_eq!(kinds(sound(20), &sessions(10), "2024-01-20"), []);
}

#[test]
fn a_late_series_and_a_row_of_tomorrow_are_found() {
    // The session of the day of delivery itself may still be open.
    assert_eq!(kinds(sound(20), &sessions(30), "2024-01-23"), [(Kind::NotFresh, day("2024-01-21"))]);
    assert_eq!(kinds(sound(20), &sessions(30), "2024-01-19"), [(Kind::FutureDate, day("2024-01-20"))]);
}
