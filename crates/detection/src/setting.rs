//! The workloads that incidents happen to.

/// How traffic is spread over the zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spread {
    /// Every zone is given as much.
    Even,
    /// The busiest zone is given twice as much as the quietest.
    Twice,
    /// Four times as much.
    FourTimes,
    /// Ten times as much.
    TenTimes,
}

impl Spread {
    /// All of them, from even to the most uneven.
    pub const ALL: [Self; 4] = [Self::Even, Self::Twice, Self::FourTimes, Self::TenTimes];

    /// How many times the traffic of the quietest zone the busiest is given.
    #[must_use]
    pub fn ratio(self) -> f64 {
        match self {
            Self::Even => 1.0,
            Self::Twice => 2.0,
            Self::FourTimes => 4.0,
            Self::TenTimes => 10.0,
        }
    }

    /// As it stands in a table.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Twice => "1:2",
            Self::FourTimes => "1:4",
            Self::TenTimes => "1:10",
        }
    }

    /// Each zone's traffic as a multiple of the mean, from the quietest zone to the busiest: a
    /// geometric series.
    #[must_use]
    pub fn weights(self, zones: usize) -> Vec<f64> {
        let steps = zones.saturating_sub(1).max(1) as f64;
        let raw: Vec<f64> = (0..zones)
            .map(|index| self.ratio().powf(index as f64 / steps))
            .collect();
        let mean = raw.iter().sum::<f64>() / zones.max(1) as f64;
        raw.into_iter().map(|weight| weight / mean).collect()
    }
}

/// What a workload is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Zones, all of which serve.
    pub zones: usize,
    /// Requests a minute and zone, in the mean over the zones.
    pub requests: u32,
    /// How they are spread.
    pub spread: Spread,
    /// The bad share of the requests where nothing is wrong, 0 to 1.
    pub base: f64,
    /// The correlation of requests of one zone and minute in whether they are bad, 0 to 1: a minute of
    /// `n` requests scatters as if there were `n / (1 + (n - 1) correlation)`.
    pub correlation: f64,
}

impl Setting {
    /// Zones that workloads have.
    pub const ZONES: [usize; 4] = [2, 3, 4, 6];
    /// Requests a minute and zone.
    pub const REQUESTS: [u32; 6] = [20, 60, 200, 600, 2_000, 20_000];
    /// Bad shares where nothing is wrong.
    pub const BASES: [f64; 3] = [0.0, 0.001, 0.005];
    /// From binomial counts to bursty ones.
    pub const CORRELATIONS: [f64; 3] = [0.0, 0.000_5, 0.002];

    /// The requests a minute of the quietest zone.
    #[must_use]
    pub fn quietest(&self) -> f64 {
        let least = self.spread.weights(self.zones).first().copied();
        f64::from(self.requests) * least.unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_keep_the_mean_and_the_ratio() {
        for spread in Spread::ALL {
            for zones in Setting::ZONES {
                let weights = spread.weights(zones);
                let mean = weights.iter().sum::<f64>() / zones as f64;
                assert!((mean - 1.0).abs() < 1e-12);
                let ratio = weights[zones - 1] / weights[0];
                assert!((ratio - spread.ratio()).abs() < 1e-9, "{ratio}");
            }
        }
    }

    #[test]
    fn the_quietest_zone_of_two_has_two_elevenths_of_twice_the_mean() {
        let setting = Setting {
            zones: 2,
            requests: 2_200,
            spread: Spread::TenTimes,
            base: 0.0,
            correlation: 0.0,
        };
        assert!((setting.quietest() - 400.0).abs() < 1e-9);
    }
}
