//! Where an axis has its labels.

use std::ops::Range;

use jiff::Timestamp;

/// The distances between two labels of the time axis, in seconds.
const STEPS: [i64; 14] = [
    10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
];

/// Labels of a time axis: round times, as many as there is room for.
pub(crate) fn of_time(time: &Range<i64>, room: i32) -> Vec<i64> {
    let room = i64::from(room.max(2));
    let length = time.end - time.start;
    let fits = |step: &&i64| length / **step <= room;
    let step = *STEPS.iter().find(fits).unwrap_or(&86_400);
    let first = time.start.div_euclid(step) * step;
    (0..)
        .map(|number| first + number * step)
        .skip_while(|at| *at < time.start)
        .take_while(|at| *at <= time.end)
        .collect()
}

/// A time of day, to the minute; to the second where it is none.
pub(crate) fn clock(second: i64) -> String {
    let Ok(at) = Timestamp::from_second(second) else {
        return String::new();
    };
    let format = if second % 60 == 0 {
        "%H:%M"
    } else {
        "%H:%M:%S"
    };
    at.strftime(format).to_string()
}

/// A round number that is not less.
pub(crate) fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let magnitude = 10_f64.powf(value.log10().floor());
    [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|digit| digit * magnitude)
        .find(|round| *round >= value * (1.0 - 1e-9))
        .unwrap_or(10.0 * magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_round_times_within_the_axis() {
        assert_eq!(of_time(&(100..400), 5), [120, 180, 240, 300, 360]);
        assert_eq!(of_time(&(0..1800), 3), [0, 600, 1200, 1800]);
        assert_eq!(of_time(&(0..21_600), 6).len(), 7);
    }

    #[test]
    fn a_round_number_is_the_next_one_up() {
        for (value, round) in [
            (0.0, 1.0),
            (1.0, 1.0),
            (1100.0, 1500.0),
            (4.2, 5.0),
            (99.0, 100.0),
        ] {
            assert!((round_up(value) - round).abs() < 1e-9, "{value}");
        }
    }
}
