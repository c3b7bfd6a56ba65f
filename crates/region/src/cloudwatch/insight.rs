//! Contributor Insights: how many contributors are behind a number.
//!
//! A rule such as "server errors in use1-az1, by instance" tells a zone that fails from one instance
//! that fails. In AWS a rule reads log events; here whoever simulates the instances contributes to
//! it directly, under the rule's name. A period in which nobody contributed is missing data, and so
//! is every period of a rule that nobody has contributed to yet.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;

use super::grid::{Grid, Series, floor};
use super::metric::RETENTION;

/// What `INSIGHT_RULE_METRIC` asks of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InsightMetric {
    /// How many contributors there were.
    UniqueContributors,
    /// The contribution of the greatest contributor.
    MaxContributorValue,
    /// The contributions of all of them.
    Sum,
}

impl FromStr for InsightMetric {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "UniqueContributors" => Ok(Self::UniqueContributors),
            "MaxContributorValue" => Ok(Self::MaxContributorValue),
            "Sum" => Ok(Self::Sum),
            _ => Err(()),
        }
    }
}

/// One contribution within a minute.
#[derive(Debug, Clone)]
struct Contribution {
    contributor: String,
    n: f64,
    visible_at: Timestamp,
}

/// All rules, by name, with their contributions by minute.
#[derive(Debug, Clone, Default)]
pub(super) struct InsightStore {
    rules: BTreeMap<String, BTreeMap<i64, Vec<Contribution>>>,
}

impl InsightStore {
    /// Adds `n` to a contributor's count of the minute. Nothing contributed is no contribution.
    pub(super) fn contribute(
        &mut self,
        rule: &str,
        at: Timestamp,
        contributor: &str,
        n: f64,
        visible_at: Timestamp,
    ) {
        if !(n.is_finite() && n > 0.0) {
            return;
        }
        let minute = floor(at.as_second(), 60);
        let contribution = Contribution {
            contributor: contributor.to_owned(),
            n,
            visible_at,
        };
        match self.rules.get_mut(rule) {
            Some(minutes) => minutes.entry(minute).or_default().push(contribution),
            None => {
                let minutes = BTreeMap::from([(minute, vec![contribution])]);
                self.rules.insert(rule.to_owned(), minutes);
            }
        }
    }

    /// Forgets what is older than the retention of metrics.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let oldest = now.as_second() - RETENTION.as_secs();
        self.rules.retain(|_, minutes| {
            *minutes = minutes.split_off(&oldest);
            !minutes.is_empty()
        });
    }

    /// A metric of a rule, as it can be seen at `now`.
    pub(super) fn series(
        &self,
        rule: &str,
        metric: InsightMetric,
        grid: Grid,
        now: Timestamp,
    ) -> Series {
        let Some(minutes) = self.rules.get(rule) else {
            return vec![None; grid.len];
        };
        grid.starts()
            .map(|start| {
                let mut totals: BTreeMap<&str, f64> = BTreeMap::new();
                let contributions = minutes.range(start..start + grid.period);
                for contribution in contributions.flat_map(|(_, minute)| minute) {
                    if contribution.visible_at <= now {
                        *totals.entry(&contribution.contributor).or_default() += contribution.n;
                    }
                }
                value(metric, &totals)
            })
            .collect()
    }
}

fn value(metric: InsightMetric, totals: &BTreeMap<&str, f64>) -> Option<f64> {
    if totals.is_empty() {
        return None;
    }
    Some(match metric {
        // Counting up to the exact integers of a double.
        InsightMetric::UniqueContributors => totals.values().map(|_| 1.0).sum(),
        InsightMetric::MaxContributorValue => totals.values().copied().fold(0.0, f64::max),
        InsightMetric::Sum => totals.values().sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn read(store: &InsightStore, metric: InsightMetric, now: i64) -> Series {
        let grid = Grid {
            start: 0,
            period: 60,
            len: 2,
        };
        store.series("errors", metric, grid, second(now))
    }

    fn store() -> InsightStore {
        let mut store = InsightStore::default();
        store.contribute("errors", second(1), "i-1", 5.0, second(60));
        store.contribute("errors", second(2), "i-2", 1.0, second(60));
        store.contribute("errors", second(59), "i-1", 2.0, second(60));
        store
    }

    #[test]
    fn a_contributor_counts_once_a_period() {
        let store = store();
        assert_eq!(
            read(&store, InsightMetric::UniqueContributors, 60),
            [Some(2.0), None]
        );
        assert_eq!(
            read(&store, InsightMetric::MaxContributorValue, 60)[0],
            Some(7.0)
        );
        assert_eq!(read(&store, InsightMetric::Sum, 60)[0], Some(8.0));
    }

    #[test]
    fn a_contribution_cannot_be_seen_before_its_time() {
        assert_eq!(
            read(&store(), InsightMetric::UniqueContributors, 59),
            [None, None]
        );
    }

    #[test]
    fn nothing_contributed_is_missing_data_and_not_zero() {
        let mut store = InsightStore::default();
        store.contribute("errors", second(1), "i-1", 0.0, second(1));
        assert_eq!(
            read(&store, InsightMetric::UniqueContributors, 60),
            [None, None]
        );
    }
}
