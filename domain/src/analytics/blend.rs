//! A benchmark made of several, and what the same flows would have become in it.

use chrono::{Datelike, NaiveDate};

/// When a blend goes back to its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebalancing {
    /// Never: what does better comes to weigh more.
    Never,
    /// At each day of the series.
    Daily,
    /// At the first day of each calendar month.
    Monthly,
    /// At the first day of each calendar quarter.
    Quarterly,
    /// At the first day of each calendar year.
    Yearly,
}

impl Rebalancing {
    /// Whether a day is in another period than the day before it.
    fn falls_between(self, before: NaiveDate, day: NaiveDate) -> bool {
        let quarter = |day: NaiveDate| (day.year(), day.month0() / 3);
        match self {
            Self::Never => false,
            Self::Daily => true,
            Self::Monthly => (before.year(), before.month0()) != (day.year(), day.month0()),
            Self::Quarterly => quarter(before) != quarter(day),
            Self::Yearly => before.year() != day.year(),
        }
    }
}

/// A benchmark by day, as columns beside its days.
#[derive(Clone, Debug, PartialEq)]
pub struct Blend {
    /// The growth from 1 on the first day; none where a part has no value.
    pub growth: Vec<Option<f64>>,
    /// What share each part has when the step begins that ends on the day, in the order of the parts; none on the first day, and where
    /// there is no growth.
    pub shares: Vec<Option<Vec<f64>>>,
}

/// The growth from 1 on the first day of columns of values held at `weights`, shares of their sum. A day on which a column has no value
/// has none; the blend goes on when all have one again. Where a period begins, the blend goes back to its weights at the close of the
/// last day with a value before.
///
/// `None` without columns, with a first day that lacks a value, and for weights that do not sum to something above zero.
pub fn blend(
    dates: &[NaiveDate],
    columns: &[&[Option<f64>]],
    weights: &[f64],
    rebalancing: Rebalancing,
) -> Option<Blend> {
    let whole: f64 = weights.iter().sum();
    if columns.is_empty() || columns.len() != weights.len() || whole.is_nan() || whole <= 0.0 {
        return None;
    }
    let row =
        |at: usize| -> Option<Vec<f64>> { columns.iter().map(|column| column.get(at).copied().flatten()).collect() };
    let mut units = Vec::new();
    let mut last: Option<(NaiveDate, f64, Vec<f64>)> = None;
    let mut blend = Blend { growth: Vec::with_capacity(dates.len()), shares: Vec::with_capacity(dates.len()) };
    for (at, &day) in dates.iter().enumerate() {
        let Some(values) = row(at) else {
            last.as_ref()?;
            blend.growth.push(None);
            blend.shares.push(None);
            continue;
        };
        let begins = last.as_ref().is_none_or(|(before, ..)| rebalancing.falls_between(*before, day));
        if begins {
            let (worth, closes) = last.as_ref().map_or((1.0, &values), |(_, worth, closes)| (*worth, closes));
            units = weights.iter().zip(closes).map(|(weight, close)| worth * weight / whole / close).collect();
        }
        let worth: f64 = units.iter().zip(&values).map(|(units, value)| units * value).sum();
        blend.shares.push(
            last.as_ref().map(|(_, worth, closes)| {
                units.iter().zip(closes).map(|(units, close)| units * close / worth).collect()
            }),
        );
        blend.growth.push(worth.is_finite().then_some(worth));
        last = Some((day, worth, values));
    }
    (!blend.growth.is_empty()).then_some(blend)
}

/// The value on each day of what `opening` and the flows have become in something that grows as `growth`: inflows grow from the start
/// of their step, outflows leave at its end. It may go below zero, where more was taken out than there would have been.
///
/// `None` where the columns differ in length or a growth is missing.
pub fn matched(opening: f64, growth: &[Option<f64>], flows: &[f64]) -> Option<Vec<f64>> {
    if growth.len() != flows.len() {
        return None;
    }
    let growth: Vec<f64> = growth.iter().copied().collect::<Option<_>>()?;
    let mut value = opening;
    let mut values = vec![opening];
    for (pair, flow) in growth.windows(2).zip(flows.iter().skip(1)) {
        value = (value + flow.max(0.0)) * pair[1] / pair[0] + flow.min(0.0);
        values.push(value);
    }
    (!growth.is_empty()).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::day;

    #[test]
    fn a_blend_goes_back_to_its_weights_when_it_is_told() {
        let dates = ["2024-01-30", "2024-01-31", "2024-02-01"].map(day);
        let columns: [&[Option<f64>]; 2] =
            [&[Some(100.0), Some(200.0), Some(400.0)], &[Some(10.0), Some(10.0), Some(10.0)]];
        let with = |rebalancing| blend(&dates, &columns, &[1.0, 1.0], rebalancing).unwrap().growth[2].unwrap();
        // Half doubles twice: 0.5 × 4 + 0.5. Rebalanced at the end of January: 1.5 × (0.5 × 2 + 0.5).
        assert!((with(Rebalancing::Never) - 2.5).abs() < 1e-12);
        assert!((with(Rebalancing::Monthly) - 2.25).abs() < 1e-12);
        assert!((with(Rebalancing::Daily) - 2.25).abs() < 1e-12);
        assert!((with(Rebalancing::Yearly) - 2.5).abs() < 1e-12);
        assert_eq!(blend(&dates, &[], &[], Rebalancing::Never), None);
        assert_eq!(blend(&dates, &columns, &[0.0, 0.0], Rebalancing::Never), None);
        let gap: [&[Option<f64>]; 1] = [&[Some(1.0), None, Some(3.0)]];
        let gap = blend(&dates, &gap, &[1.0], Rebalancing::Never).unwrap();
        assert_eq!(gap.growth, [Some(1.0), None, Some(3.0)]);
        assert_eq!(gap.shares, [None, None, Some(vec![1.0])]);
        // The first has doubled when February begins, unless the blend has gone back by then.
        let shares = |rebalancing| blend(&dates, &columns, &[1.0, 1.0], rebalancing).unwrap().shares[2].clone();
        assert_eq!(shares(Rebalancing::Monthly), Some(vec![0.5, 0.5]));
        assert_eq!(shares(Rebalancing::Never), Some(vec![1.0 / 1.5, 0.5 / 1.5]));
        let late: [&[Option<f64>]; 1] = [&[None, Some(1.0), Some(3.0)]];
        assert_eq!(blend(&dates, &late, &[1.0], Rebalancing::Never), None);
    }

    #[test]
    fn the_same_flows_grow_with_the_benchmark() {
        // 100 doubles; 50 more double with it the next day; 60 leave at the end of the third.
        let growth = [Some(1.0), Some(2.0), Some(4.0), Some(4.0)];
        assert_eq!(matched(100.0, &growth, &[7.0, 0.0, 50.0, -60.0]), Some(vec![100.0, 200.0, 500.0, 440.0]));
        assert_eq!(matched(100.0, &[Some(1.0), None], &[0.0, 0.0]), None);
        assert_eq!(matched(100.0, &growth, &[0.0]), None);
    }
}
