//! What is said of many measurements of the same.

use std::time::Duration;

/// Measurements, in the order of their size.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample(Vec<f64>);

impl Sample {
    /// A sample of durations, in milliseconds.
    #[must_use]
    pub fn of(durations: impl IntoIterator<Item = Duration>) -> Self {
        let mut all: Vec<f64> = durations
            .into_iter()
            .map(|duration| duration.as_secs_f64() * 1000.0)
            .collect();
        all.sort_by(f64::total_cmp);
        Self(all)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The value that half of them do not exceed.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The smallest value that this share of them does not exceed; not a number where there is none.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank among some hundreds of measurements"
    )]
    pub fn quantile(&self, share: f64) -> f64 {
        let rank = (share * self.0.len() as f64).ceil().max(1.0) as usize - 1;
        self.0.get(rank).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_measured_values() {
        let sample = Sample::of((1..=100).rev().map(Duration::from_millis));
        assert_eq!(sample.count(), 100);
        assert_eq!([sample.median(), sample.quantile(0.99)], [50.0, 99.0]);
        assert_eq!(sample.quantile(1.0), 100.0);
        let few = Sample::of([3, 1, 2].map(Duration::from_millis));
        assert_eq!([few.median(), few.quantile(0.99)], [2.0, 3.0]);
        assert!(Sample::default().median().is_nan());
    }
}
