//! Sums over incidents, in whole numbers: a table is the same wherever it is printed.

use crate::run::{Came, Scored};

/// What came of some incidents for one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Incidents.
    pub incidents: usize,
    /// Those in which a zone was evacuated wrongly: the wrong one, before the fault, or where none
    /// was to be left.
    pub wrong: usize,
    /// Those in which nothing was evacuated.
    pub held: usize,
    /// Minutes of data after which the right zone was evacuated, in ascending order.
    minutes: Vec<usize>,
}

impl Sum {
    /// Of incidents, for the subject of this number.
    pub fn of<'a>(incidents: impl IntoIterator<Item = &'a Scored>, subject: usize) -> Self {
        let mut sum = Self::default();
        for scored in incidents {
            sum.add(scored.came[subject]);
        }
        sum.minutes.sort_unstable();
        sum
    }

    fn add(&mut self, came: Came) {
        self.incidents += 1;
        match came {
            Came::Acted(minutes) => self.minutes.push(minutes),
            Came::Held => self.held += 1,
            Came::TooEarly | Came::Wrong => self.wrong += 1,
        }
    }

    /// Incidents in which the right zone was evacuated.
    #[must_use]
    pub fn acted(&self) -> usize {
        self.minutes.len()
    }

    /// The minutes of data within which so many percent of all incidents were acted on; `None` where
    /// fewer were acted on at all.
    #[must_use]
    pub fn within(&self, percent: usize) -> Option<usize> {
        let rank = (self.incidents * percent).div_ceil(100).max(1);
        self.minutes.get(rank - 1).copied()
    }

    /// Minutes to act, as median and 95th percentile: `2 / 4`; a dash where it is never.
    #[must_use]
    pub fn times(&self) -> String {
        let time = |percent| {
            self.within(percent)
                .map_or_else(|| "–".to_owned(), |minutes| minutes.to_string())
        };
        format!("{} / {}", time(50), time(95))
    }
}

/// A part of a whole in percent, rounded down to a tenth. Only nothing is 0 %, and only all is 100 %.
#[must_use]
pub fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = part * 1_000 / whole;
    match (part, tenths) {
        (0, _) => "0 %".to_owned(),
        (_, 0) => "< 0.1 %".to_owned(),
        (_, 1_000) => "100 %".to_owned(),
        _ => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(came: &[Came]) -> Sum {
        let mut sum = Sum::default();
        for &came in came {
            sum.add(came);
        }
        sum.minutes.sort_unstable();
        sum
    }

    #[test]
    fn what_was_missed_counts_as_later_than_everything() {
        let half = sum(&[Came::Acted(4), Came::Acted(2), Came::Held, Came::Held]);
        assert_eq!((half.within(50), half.within(95)), (Some(4), None));
        assert_eq!(half.times(), "4 / –");
        assert_eq!((half.acted(), half.held, half.wrong), (2, 2, 0));
    }

    #[test]
    fn acting_early_and_acting_wrongly_are_wrong() {
        let sum = sum(&[Came::TooEarly, Came::Wrong, Came::Acted(1)]);
        assert_eq!((sum.wrong, sum.acted(), sum.incidents), (2, 1, 3));
    }

    #[test]
    fn nothing_has_no_quantiles() {
        assert_eq!(sum(&[]).times(), "– / –");
    }

    #[test]
    fn percentages_do_not_flatter() {
        assert_eq!(percent(0, 7), "0 %");
        assert_eq!(percent(7, 7), "100 %");
        assert_eq!(percent(1, 5_000), "< 0.1 %");
        assert_eq!(percent(4_999, 5_000), "99.9 %");
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(0, 0), "–");
    }
}
