//! Which holdings move together: a correlation matrix as a tree.

use super::Symmetric;

/// One step of the clustering: two clusters become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Merge {
    /// The clusters that join, the smaller name first: below n a column, from n on the merge of that place less n.
    pub clusters: (usize, usize),
    /// The mean of the distances √((1 − ρ)/2) between their columns: zero where all move as one, one where all move against.
    pub distance: f64,
    /// How many columns are joined.
    pub size: usize,
}

/// The merges of n columns, n − 1 of them, by ascending distance.
#[derive(Clone, Debug, PartialEq)]
pub struct Dendrogram {
    columns: usize,
    merges: Vec<Merge>,
}

/// Joins the columns of a correlation matrix by average linkage (Sokal and Michener 1958) of the distance √((1 − ρ)/2) (Mantegna 1999, scaled
/// as in López de Prado 2016). Of equal distances the pair that stands first joins first.
///
/// `None` where a correlation is not between −1 and 1.
pub fn clusters(correlation: &Symmetric) -> Option<Dendrogram> {
    let columns = correlation.size();
    let mut working = Working::of(correlation)?;
    let merges = (1..columns).filter_map(|step| working.join(columns + step - 1)).collect();
    Some(Dendrogram { columns, merges })
}

/// Clusters that are left, each in the place of its first column.
struct Working {
    /// Mean distances between the clusters, both halves.
    distances: Vec<Vec<f64>>,
    /// Name and size of the cluster in each place; none where it has joined another.
    left: Vec<Option<(usize, usize)>>,
    /// The nearest later place of each.
    nearest: Vec<Option<usize>>,
}

impl Working {
    fn of(correlation: &Symmetric) -> Option<Self> {
        let distance = |value: &f64| (-1.0..=1.0).contains(value).then(|| ((1.0 - value) / 2.0).sqrt());
        let distances: Vec<Vec<f64>> =
            correlation.rows().map(|row| row.iter().map(distance).collect()).collect::<Option<_>>()?;
        let size = distances.len();
        let mut working =
            Self { distances, left: (0..size).map(|at| Some((at, 1))).collect(), nearest: vec![None; size] };
        (0..size).for_each(|at| working.look(at));
        Some(working)
    }

    /// Finds the nearest of the places after one.
    fn look(&mut self, at: usize) {
        let row = &self.distances[at];
        let later = (at + 1..row.len()).filter(|other| self.left[*other].is_some());
        self.nearest[at] = later.min_by(|x, y| row[*x].total_cmp(&row[*y]));
    }

    fn join(&mut self, name: usize) -> Option<Merge> {
        let places = (0..self.left.len()).filter(|at| self.left[*at].is_some());
        let pairs = places.filter_map(|at| Some((at, self.nearest[at]?)));
        let (kept, gone) = pairs.min_by(|x, y| self.distances[x.0][x.1].total_cmp(&self.distances[y.0][y.1]))?;
        let ((first, own), (second, other)) = (self.left[kept]?, self.left[gone]?);
        let merge = Merge {
            clusters: (first.min(second), first.max(second)),
            distance: self.distances[kept][gone],
            size: own + other,
        };
        self.left[kept] = Some((name, merge.size));
        self.left[gone] = None;
        // The mean over the pairs of both: each counts by its size (Lance and Williams 1967).
        for at in 0..self.left.len() {
            let mean =
                (self.distances[kept][at] * own as f64 + self.distances[gone][at] * other as f64) / merge.size as f64;
            self.distances[kept][at] = mean;
            self.distances[at][kept] = mean;
        }
        // Whose nearest was one of the two looks again; to all others before, the joined cluster may be nearer now.
        for at in 0..self.left.len() {
            let touched = at == kept || self.nearest[at] == Some(kept) || self.nearest[at] == Some(gone);
            if self.left[at].is_some() && touched {
                self.look(at);
            } else if at < kept
                && let Some(nearest) = self.nearest[at]
                && self.distances[at][kept] < self.distances[at][nearest]
            {
                self.nearest[at] = Some(kept);
            }
        }
        Some(merge)
    }
}

impl Dendrogram {
    /// The merges, by ascending distance.
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// The columns in the order that draws the tree without crossings: neighbours are alike.
    pub fn order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.columns);
        let mut open: Vec<usize> = (self.columns + self.merges.len()).checked_sub(1).into_iter().collect();
        while let Some(cluster) = open.pop() {
            match cluster.checked_sub(self.columns).and_then(|at| self.merges.get(at)) {
                Some(merge) => open.extend([merge.clusters.1, merge.clusters.0]),
                None => order.push(cluster),
            }
        }
        order
    }

    /// The cluster of each column where only those at most so far apart are joined, named from zero by their first column.
    pub fn cut(&self, distance: f64) -> Vec<usize> {
        self.labels(self.merges.iter().take_while(|merge| merge.distance <= distance).count())
    }

    /// The cluster of each column where `count` are left: at least one, at most one a column.
    pub fn cut_into(&self, count: usize) -> Vec<usize> {
        self.labels(self.columns.saturating_sub(count.max(1)))
    }

    /// After so many merges.
    fn labels(&self, merges: usize) -> Vec<usize> {
        // From the last merge to the first, each hands its own root to its two parts.
        let mut roots: Vec<usize> = (0..self.columns + self.merges.len()).collect();
        for (at, merge) in self.merges.iter().enumerate().take(merges).rev() {
            let root = roots[self.columns + at];
            roots[merge.clusters.0] = root;
            roots[merge.clusters.1] = root;
        }
        let mut names: Vec<usize> = Vec::new();
        let mut name = |root: usize| {
            names.iter().position(|known| *known == root).unwrap_or_else(|| {
                names.push(root);
                names.len() - 1
            })
        };
        (0..self.columns).map(|column| name(roots[column])).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matrix(size: usize, lower: impl Fn(usize, usize) -> f64) -> Symmetric {
        Symmetric::from_lower(size, |row, column| if row == column { 1.0 } else { lower(row, column) })
    }

    #[test]
    fn the_tree_is_that_of_another_implementation() {
        let rows: [&[f64]; 5] = [&[], &[0.8], &[0.1, 0.15], &[0.2, 0.25, 0.7], &[-0.3, -0.2, 0.0, 0.05]];
        let tree = clusters(&matrix(5, |row, column| rows[row][column])).unwrap();
        // scipy.cluster.hierarchy.linkage(…, "average").
        let expected = [
            ((0, 1), 0.316_227_766_016_837_9, 2),
            ((2, 3), 0.387_298_334_620_741_7, 2),
            ((5, 6), 0.641_892_150_374_918, 4),
            ((4, 7), 0.744_282_915_715_599_2, 5),
        ];
        for (merge, (clusters, distance, size)) in tree.merges().iter().zip(expected) {
            assert_eq!((merge.clusters, merge.size), (clusters, size));
            assert!((merge.distance - distance).abs() < 1e-12, "{merge:?}");
        }
        assert_eq!(tree.order(), [4, 0, 1, 2, 3]);
        assert_eq!(tree.cut(0.5), [0, 0, 1, 1, 2]);
        assert_eq!((tree.cut(0.0), tree.cut(1.0)), (vec![0, 1, 2, 3, 4], vec![0; 5]));
        assert_eq!(
            (tree.cut_into(2), tree.cut_into(0), tree.cut_into(9)),
            (vec![0, 0, 0, 0, 1], vec![0; 5], tree.cut(0.0))
        );
    }

    #[test]
    fn few_columns_and_no_correlations() {
        assert_eq!(clusters(&matrix(0, |_, _| 0.0)).unwrap().order(), [] as [usize; 0]);
        assert_eq!(clusters(&matrix(1, |_, _| 0.0)).unwrap().order(), [0]);
        assert_eq!(clusters(&matrix(2, |_, _| f64::NAN)), None);
        assert_eq!(clusters(&matrix(2, |_, _| 1.1)), None);
    }

    proptest! {
        #[test]
        fn each_merge_joins_the_nearest_two(values in prop::collection::vec(-1.0..1.0, 66)) {
            let tree = clusters(&matrix(12, |row, column| values[row * (row - 1) / 2 + column])).unwrap();
            let distance = |x: usize, y: usize| {
                let (row, column) = (x.max(y), x.min(y));
                ((1.0 - values[row * (row - 1) / 2 + column]) / 2.0).sqrt()
            };
            prop_assert_eq!(tree.merges().len(), 11);
            for (at, merge) in tree.merges().iter().enumerate() {
                // Of all clusters before it, no two stand nearer.
                let labels = tree.labels(at);
                let members = |name: usize| (0..12).filter(|column| labels[*column] == name).collect::<Vec<_>>();
                let mut least = f64::INFINITY;
                for name in 0..12 - at {
                    for other in 0..name {
                        let (own, others) = (members(name), members(other));
                        let sum: f64 = own.iter().flat_map(|x| others.iter().map(|y| distance(*x, *y))).sum();
                        least = least.min(sum / (own.len() * others.len()) as f64);
                    }
                }
                prop_assert!((merge.distance - least).abs() < 1e-12);
            }
            let mut order = tree.order();
            order.sort_unstable();
            prop_assert_eq!(order, (0..12).collect::<Vec<_>>());
        }
    }
}
