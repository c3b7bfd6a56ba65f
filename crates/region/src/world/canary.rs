//! Canaries: what somebody outside the zones sees who asks every endpoint once a second.
//!
//! A zonal probe goes to a zone's own endpoint, which answers also while traffic is shifted away
//! from the zone; so it is the only witness of a zone that has no customers. A regional probe asks
//! the DNS each time, and lands where the DNS points in that very second. With several load
//! balancers the probes take turns between them, and between the instances behind them.
//!
//! Probes are not in the load balancers' metrics, nor do they weigh on the instances. In AWS they are
//! a request per second among thousands.

use rand::Rng;
use rand_pcg::Pcg64Mcg;

use super::fault::Condition;
use super::instance::Nature;
use super::latency::Latencies;

/// What happened to a probe.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Probe {
    /// No answer, or a 5xx.
    pub(super) fault: bool,
    /// A good answer that came late.
    pub(super) slow: bool,
    /// When an answer came, if one came.
    pub(super) milliseconds: Option<u64>,
}

/// What a request from outside meets at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// An answer of this status, after so many milliseconds.
    Answered {
        /// The HTTP status.
        status: u16,
        /// How long it takes.
        milliseconds: u64,
    },
    /// No answer ever comes.
    Lost,
}

impl Visit {
    /// What a probe met; `None` where there was no target, and the load balancer answers itself.
    pub(super) fn of(probe: Option<Probe>) -> Self {
        let Some(probe) = probe else {
            return Self::Answered {
                status: 503,
                milliseconds: 0,
            };
        };
        match probe.milliseconds {
            Some(milliseconds) => Self::Answered {
                status: if probe.fault { 503 } else { 200 },
                milliseconds,
            },
            None => Self::Lost,
        }
    }
}

/// What a probe meets at an instance in one second.
#[derive(Debug, Clone)]
pub(super) struct Weather {
    /// What faults do there.
    pub(super) condition: Condition,
    /// The shares of the customers' requests that it turned away and kept waiting.
    pub(super) overload: (f64, f64),
}

impl Probe {
    /// A probe of an endpoint without targets: the load balancer answers with a 503.
    pub(super) const WITHOUT_TARGET: Self = Self {
        fault: true,
        slow: false,
        milliseconds: None,
    };

    /// A probe of an instance: what happens to it, it shares with the customers of that second.
    pub(super) fn draw(
        generator: &mut Pcg64Mcg,
        weather: &Weather,
        nature: &Nature,
        latencies: &Latencies,
    ) -> Self {
        let mut meets = |share: f64| share > 0.0 && generator.random::<f64>() < share;
        let condition = &weather.condition;
        let (turned_away, waiting) = weather.overload;
        if meets(condition.loss) {
            return Self {
                fault: true,
                ..Self::default()
            };
        }
        let fault = meets(turned_away) || meets(nature.fault_rate()) || meets(condition.errors);
        let milliseconds = if fault {
            None
        } else if meets(waiting) {
            Some(latencies.waiting)
        } else if meets(nature.slow_rate()) {
            Some(latencies.tail.pick(generator))
        } else {
            let slowed = condition.slow.iter().find(|(share, _)| meets(*share));
            slowed.map(|(_, to_ms)| *to_ms)
        };
        let milliseconds = milliseconds.unwrap_or_else(|| latencies.normal.pick(generator));
        Self {
            fault,
            slow: !fault && nature.is_slow(milliseconds),
            milliseconds: Some(milliseconds),
        }
    }
}
