//! Where the clients of a load balancer are while its zones leave the DNS and come back.
//!
//! Nobody moves traffic; clients move, when they ask the DNS again. Clients have resolved the name
//! at moments spread evenly over the last TTL, so the traffic of a second follows the *average* of
//! what the DNS has said during one TTL: after a change it moves linearly, and a second change in
//! the middle of the first needs no rule of its own. A few clients hold on to their connections
//! and leave exponentially, with the time for which they hold one on average; they are the tail
//! that an evacuated zone keeps for minutes.
//!
//! The DNS itself knows no delay here: what the load balancer decides, it says at once.

use std::collections::VecDeque;

use super::spec::ClientSpec;

/// How the clients of one load balancer are spread over its zones.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    ttl: i64,
    holding_share: f64,
    holding_seconds: f64,
    /// What the DNS said, and since which second; the first entry reaches back a TTL or more.
    answers: VecDeque<(i64, Vec<f64>)>,
    /// Where those are who hold on to their connections.
    holding: Vec<f64>,
    spread: Vec<f64>,
    last: i64,
}

/// Below this share of the traffic a zone has lost its last client.
const NOBODY: f64 = 1e-9;

impl Clients {
    /// Clients that have long followed this answer of the DNS.
    pub(super) fn settled(spec: &ClientSpec, second: i64, answer: &[f64]) -> Self {
        Self {
            ttl: spec.dns_ttl_seconds,
            holding_share: spec.holding_share,
            holding_seconds: spec.holding_seconds,
            answers: VecDeque::from([(second - spec.dns_ttl_seconds, answer.to_vec())]),
            holding: answer.to_vec(),
            spread: answer.to_vec(),
            last: second,
        }
    }

    /// Lets the clients do what they do until this second, in which the DNS says this.
    pub(super) fn follow(&mut self, second: i64, answer: &[f64]) {
        if self.answers.back().is_none_or(|(_, known)| known != answer) {
            self.answers.push_back((second, answer.to_vec()));
        }
        let oldest = second - self.ttl;
        while self
            .answers
            .get(1)
            .is_some_and(|(since, _)| *since <= oldest)
        {
            self.answers.pop_front();
        }
        let following = self.following(second, answer);
        let leaving = 1.0 - (-((second - self.last) as f64) / self.holding_seconds).exp();
        for (zone, follows) in following.iter().enumerate() {
            let holds = &mut self.holding[zone];
            *holds += (follows - *holds) * leaving;
            if *holds < NOBODY {
                *holds = 0.0;
            }
            self.spread[zone] = follows * (1.0 - self.holding_share) + *holds * self.holding_share;
        }
        self.last = second;
    }

    /// The share of the traffic that goes to each zone; the shares sum up to 1.
    pub(super) fn spread(&self) -> &[f64] {
        &self.spread
    }

    /// What the DNS says in this second.
    pub(super) fn answer(&self) -> &[f64] {
        self.answers.back().map_or(&[], |(_, answer)| answer)
    }

    /// Where the clients are who believe the DNS for one TTL.
    fn following(&self, second: i64, answer: &[f64]) -> Vec<f64> {
        if self.answers.len() == 1 || self.ttl == 0 {
            return answer.to_vec();
        }
        let mut following = vec![0.0; answer.len()];
        let mut until = second;
        for (since, said) in self.answers.iter().rev() {
            let since = (*since).max(second - self.ttl);
            let believed = (until - since) as f64 / self.ttl as f64;
            for (zone, share) in said.iter().enumerate() {
                following[zone] += share * believed;
            }
            until = since;
        }
        following
    }
}

/// What the DNS says, as shares that sum up to 1: the zones by their weights, without those that
/// have no target in service. If that leaves no zone at all, the load balancer fails open: it
/// answers with every zone, and a zonal shift that is accepted moves nothing.
pub(super) fn answer(zones: &[Zone]) -> Vec<f64> {
    let in_use = |zone: &Zone| {
        if zone.targets == 0 {
            0.0
        } else {
            zone.share * zone.weight
        }
    };
    normalised(zones.iter().map(in_use))
        .or_else(|| normalised(zones.iter().map(|zone| zone.share)))
        .unwrap_or_default()
}

/// A zone of a load balancer as far as the DNS cares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Zone {
    pub(super) share: f64,
    pub(super) weight: f64,
    pub(super) targets: usize,
}

fn normalised(amounts: impl Iterator<Item = f64>) -> Option<Vec<f64>> {
    let amounts: Vec<f64> = amounts.map(|amount| amount.max(0.0)).collect();
    let sum: f64 = amounts.iter().sum();
    (sum > 0.0).then(|| amounts.iter().map(|amount| amount / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: [f64; 2] = [0.5, 0.5];
    const AWAY: [f64; 2] = [0.0, 1.0];

    /// The share of the first zone in each second, while the DNS says this.
    fn seconds(clients: &mut Clients, from: i64, to: i64, answer: &[f64]) -> Vec<f64> {
        (from..to)
            .map(|second| {
                clients.follow(second, answer);
                clients.spread()[0]
            })
            .collect()
    }

    fn without_holders() -> Clients {
        let spec = ClientSpec {
            holding_share: 0.0,
            ..ClientSpec::default()
        };
        Clients::settled(&spec, 0, &EVEN)
    }

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn clients_leave_linearly_over_the_ttl_and_come_back_the_same_way() {
        let mut clients = without_holders();
        let leaving = seconds(&mut clients, 100, 161, &AWAY);
        for (elapsed, share) in leaving.iter().enumerate() {
            assert!(
                close(*share, 0.5 * (1.0 - elapsed as f64 / 60.0)),
                "{elapsed}: {share}"
            );
        }
        let back = seconds(&mut clients, 200, 261, &EVEN);
        for (elapsed, share) in back.iter().enumerate() {
            assert!(
                close(*share, 0.5 * elapsed as f64 / 60.0),
                "{elapsed}: {share}"
            );
        }
    }

    #[test]
    fn a_second_change_in_the_middle_of_the_first_takes_back_what_had_moved() {
        let mut clients = without_holders();
        seconds(&mut clients, 100, 130, &AWAY);
        let back = seconds(&mut clients, 130, 190, &EVEN);
        assert!(close(back[0], 0.25), "half of the zone had left");
        assert!(close(back[30], 0.25), "as many come back as still leave");
        assert!(
            close(back[59], 0.5 - 0.5 / 60.0),
            "the last ones come back one TTL after they left"
        );
    }

    #[test]
    fn those_who_hold_on_leave_exponentially() {
        let mut clients = Clients::settled(&ClientSpec::default(), 0, &EVEN);
        let shares = seconds(&mut clients, 0, 3600, &AWAY);
        let (early, later) = (shares[120], shares[300]);
        assert!(
            early > 0.0 && early < 0.5 * 0.02,
            "only they are left: {early}"
        );
        assert!(close(later / early, (-1.0_f64).exp()), "{}", later / early);
        assert!(close(clients.spread().iter().sum(), 1.0));
    }

    #[test]
    fn the_last_client_leaves() {
        let mut clients = Clients::settled(&ClientSpec::default(), 0, &EVEN);
        seconds(&mut clients, 0, 3 * 3600, &AWAY);
        assert_eq!(clients.spread()[0].to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn clients_who_were_not_watched_have_moved_all_the_same() {
        let mut watched = Clients::settled(&ClientSpec::default(), 0, &EVEN);
        seconds(&mut watched, 1, 31, &EVEN);
        let mut unwatched = watched.clone();
        seconds(&mut watched, 31, 500, &EVEN);
        unwatched.follow(499, &EVEN);
        assert!(close(watched.spread()[0], unwatched.spread()[0]));
    }

    fn says(zones: &[(f64, f64, usize)]) -> Vec<f64> {
        let zones: Vec<Zone> = zones
            .iter()
            .map(|&(share, weight, targets)| Zone {
                share,
                weight,
                targets,
            })
            .collect();
        answer(&zones)
    }

    #[test]
    fn the_dns_names_zones_by_weight_that_have_targets() {
        assert_eq!(
            says(&[(1.0, 1.0, 2), (1.0, 0.0, 2), (1.0, 1.0, 2)]),
            [0.5, 0.0, 0.5]
        );
        assert_eq!(says(&[(1.0, 1.0, 2), (1.0, 1.0, 0)]), [1.0, 0.0]);
        assert_eq!(says(&[(3.0, 1.0, 1), (1.0, 1.0, 1)]), [0.75, 0.25]);
    }

    #[test]
    fn a_load_balancer_that_has_no_zone_left_fails_open() {
        assert_eq!(says(&[(1.0, 0.0, 2), (1.0, 1.0, 0)]), [0.5, 0.5]);
        assert_eq!(says(&[(1.0, 1.0, 0), (1.0, 1.0, 0)]), [0.5, 0.5]);
    }
}
