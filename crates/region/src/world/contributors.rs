//! Which instances contribute to a zone's trouble: two rules for each zone, as Contributor Insights
//! would have them over the load balancers' access logs.
//!
//! The rules answer one question: is it one instance or the zone? An instance with the usual few
//! faults contributes nothing to that answer, or every instance of a busy zone would be a
//! contributor in every minute. So an instance counts from a share and a number of bad requests on
//! that noise does not reach.
//!
//! The logs are the load balancers', so a connection to an instance that failed is the instance's
//! fault, and a request that vanished on the way is nobody's.

use super::minutes::{InstanceMinute, Minute};
use super::spec::WorldSpec;

/// What one contributor added to one rule in one minute.
///
/// A rule whose zone was sent requests, of which no instance had more bad ones than noise explains,
/// has one contribution with an empty contributor and an `n` of 0: *no contributor*. A rule whose
/// zone was sent none has no contribution at all: *no data*.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// The rule's name.
    pub rule: String,
    /// The instance's id.
    pub contributor: String,
    /// How many bad requests.
    pub n: f64,
}

/// An instance counts above this share of bad requests,
const NOISE: f64 = 0.02;
/// and from this many on.
const FEW: u64 = 3;

type Bad = fn(&InstanceMinute) -> u64;

const RULES: [(&str, Bad); 2] = [
    ("instances-with-faults", |instance| instance.faults),
    ("instances-with-slow-requests", |instance| instance.slow),
];

pub(super) fn contributions(spec: &WorldSpec, minute: &Minute) -> Vec<Contribution> {
    let mut contributions = Vec::new();
    for (zone, (id, _)) in spec.zones.iter().enumerate() {
        let instances = || {
            minute
                .instances
                .iter()
                .filter(move |(_, instance)| instance.zone == zone)
        };
        if instances().next().is_none() {
            continue;
        }
        for (suffix, bad) in RULES {
            let rule = format!("{id}-{}-{suffix}", spec.workload);
            let known = contributions.len();
            for (instance, minute) in instances() {
                let bad = bad(minute);
                if bad >= FEW && bad as f64 > NOISE * minute.requests as f64 {
                    contributions.push(Contribution {
                        rule: rule.clone(),
                        contributor: instance.clone(),
                        n: bad as f64,
                    });
                }
            }
            if contributions.len() == known {
                contributions.push(Contribution {
                    rule,
                    contributor: String::new(),
                    n: 0.0,
                });
            }
        }
    }
    contributions
}
