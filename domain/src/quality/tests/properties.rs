//! Whatever is delivered, the checks end with the same answer, about rows that exist.

use proptest::prelude::*;

use super::*;

fn field() -> impl Strategy<Value = Option<Decimal>> {
    prop_oneof![
        1 => Just(None),
        1 => Just(Some(Decimal::ZERO)),
        1 => Just(Some(Decimal::MAX)),
        1 => Just(Some(Decimal::MIN)),
        1 => Just(Some(Decimal::new(1, 28))),
        8 => (1_i64..1_000_000, 0_u32..8).prop_map(|(digits, scale)| Some(Decimal::new(digits, scale))),
    ]
}

fn adjusted() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        Just(Some(f64::NAN)),
        Just(Some(f64::INFINITY)),
        (-1e40..1e40).prop_map(Some),
        (0.1..1e3).prop_map(Some)
    ]
}

fn row() -> impl Strategy<Value = Row> {
    let prices = (field(), field(), field(), field(), adjusted());
    (0_u64..60, prices, (field(), field(), field(), field())).prop_map(|(offset, prices, events)| {
        let (open, high, low, close, adjusted_close) = prices;
        let (volume, dividend, split, capital_gain) = events;
        let at = Moment { date: day(START) + Days::new(offset), utc: None };
        Row { open, high, low, close, adjusted_close, volume, dividend, split, capital_gain, ..Row::empty(at) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_delivery_breaks_the_checks(rows in prop::collection::vec(row(), 0..60)) {
        let series = DeliveredSeries::new(rows);
        let sessions = [day(START), day("2024-01-15")];
        let context = Context { as_of: Some(day("2024-02-01")), sessions: Some(&sessions) };
        let found = check(&series, &context);
        for finding in &found {
            prop_assert!(finding.rows.iter().all(|row| *row < series.rows().len()));
            prop_assert!(finding.first <= finding.last && !finding.explanation.is_empty());
        }
        // NaN is not equal to itself, so what is compared is what a person reads.
        prop_assert_eq!(format!("{found:?}"), format!("{:?}", check(&series, &context)));
    }
}
