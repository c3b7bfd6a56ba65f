//! Periods: where on the clock a datapoint lies.

use jiff::Timestamp;

/// A run of consecutive periods, each named by the second at which it begins.
///
/// Series are vectors over a grid, one place per period, so that metric math is arithmetic on equal
/// indices and a missing datapoint is an empty place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    /// The second at which the first period begins.
    pub(super) start: i64,
    /// The length of a period in seconds, at least 1.
    pub(super) period: i64,
    /// How many periods.
    pub(super) len: usize,
}

/// The values of the periods of a grid. A period without a datapoint is `None`.
pub(super) type Series = Vec<Option<f64>>;

impl Grid {
    /// The last `len` periods before the second `end`.
    pub(super) fn ending(end: i64, period: u32, len: u32) -> Self {
        let period = i64::from(period.max(1));
        Self {
            start: end - i64::from(len) * period,
            period,
            len: len as usize,
        }
    }

    /// The aligned periods that begin before `end`, from the one in which `start` lies.
    pub(super) fn covering(start: i64, end: i64, period: u32) -> Self {
        let period = i64::from(period.max(1));
        let start = floor(start, period);
        let seconds = (end - start).max(0);
        let len = (seconds + period - 1) / period;
        Self {
            start,
            period,
            len: usize::try_from(len).unwrap_or(0),
        }
    }

    /// The second at which each period begins.
    pub(super) fn starts(self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator {
        (0..self.len).map(move |index| self.at(index))
    }

    /// The second at which one period begins.
    pub(super) fn at(self, index: usize) -> i64 {
        let offset = i64::try_from(index).unwrap_or(i64::MAX);
        self.start
            .saturating_add(offset.saturating_mul(self.period))
    }
}

/// The latest multiple of `period` that is not after `second`.
pub(super) fn floor(second: i64, period: i64) -> i64 {
    second - second.rem_euclid(period)
}

/// The instant of a second, at the end of time where no instant has that number.
pub(super) fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_covers_the_period_in_which_its_start_lies() {
        let grid = Grid::covering(125, 240, 60);
        assert_eq!(grid.starts().collect::<Vec<_>>(), [120, 180]);
        assert_eq!(Grid::covering(120, 241, 60).len, 3);
        assert_eq!(Grid::covering(120, 60, 60).len, 0);
    }

    #[test]
    fn a_grid_ends_with_the_last_whole_period() {
        assert_eq!(
            Grid::ending(600, 60, 3).starts().collect::<Vec<_>>(),
            [420, 480, 540]
        );
    }

    #[test]
    fn seconds_before_1970_are_aligned_downwards() {
        assert_eq!(floor(-1, 60), -60);
    }
}
