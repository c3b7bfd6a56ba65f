//! The physics of the Region: traffic, load balancers, faults, and what can be measured of them.
//!
//! The world is stepped one second at a time. In each second the customers send requests, the DNS
//! spreads them over the zones, the load balancers over the instances, and faults hurt some of them.
//! What the customers see of it is one thing ([`CustomerLog`]); what load balancers, canaries and
//! rules tell of it is another ([`Sample`], [`Contribution`]). A gray failure is the difference.
//!
//! # What is simplified, and why
//!
//! - Requests are counted, not simulated one by one: how many suffer is one draw for each instance
//!   and second. Nothing that Evac can see tells the two apart, and a day takes a second.
//! - The Region's traffic does not depend on what becomes of it. Customers do not retry and do not
//!   give up, so the same customers come with Evac and without, and two runs can be compared.
//! - Each draw is keyed by the second and by who asks. A load balancer, a zone's canary and a fault
//!   have the same weather in every run with the same seed, whatever weights and instances are
//!   elsewhere. What does differ are counts that a decision changes: a zone that takes over an
//!   evacuated zone's customers has more of them.
//! - An instance has no queue: what is too much in one second is slow or turned away in that second
//!   and forgotten in the next. Overload after an evacuation therefore ends as soon as there is
//!   capacity.
//! - Only what is gray happens here. Instances come and go by the Auto Scaling groups' decision, and
//!   the host counts say so.
//! - The canaries' probes are not in the load balancers' metrics. An evacuated zone is truly silent
//!   there, which is the harder case for whoever has to decide whether it is well again.
//!
//! # Cost
//!
//! A world of 3 zones with 2 instances each and 1 load balancer lives some 2,500 minutes in a second
//! of one core of a small virtual machine, metrics and contributors included, compiled with
//! `opt-level = 2`; the traffic does not matter, and a fault costs a tenth. Most of it is the seeding
//! of the generators, so a second costs as much as there are instances, load balancers and zones.

mod canary;
mod clients;
mod contributors;
mod customers;
mod fault;
mod instance;
mod latency;
mod layout;
mod metrics;
mod minutes;
mod spec;
#[cfg(test)]
mod tests;

use std::f64::consts::TAU;

use domain::arn::ResourceArn;
use domain::zone::ZoneId;
use jiff::Timestamp;
use rand::Rng;
use rand_pcg::Pcg64Mcg;

use crate::chance::{Chance, arrivals, successes};
use canary::{Probe, Weather};
use clients::Clients;
use fault::{Condition, Faults};
use instance::{Askers, Nature, Served};
use latency::Latencies;
use layout::Layout;
use metrics::Publisher;
use minutes::Minutes;

pub use canary::Visit;
pub use contributors::Contribution;
pub use customers::{Counts, CustomerLog};
pub use fault::{Effect, Fault, FaultError, Target};
pub use layout::{Infrastructure, InstanceRef};
pub use metrics::{CANARY_NAMESPACE, LOAD_BALANCER_NAMESPACE, Sample};
pub use spec::{BaselineSpec, ClientSpec, LoadBalancerSpec, SpecError, TrafficSpec, WorldSpec};

/// A workload's world.
#[derive(Debug, Clone)]
pub struct World {
    spec: WorldSpec,
    zones: Vec<ZoneId>,
    chance: Chance,
    nature: Nature,
    latencies: Latencies,
    /// Where in its swing the traffic begins, as a part of it.
    phase: f64,
    layout: Layout,
    /// The load balancers' nodes, by [`Layout::endpoint`].
    endpoints: Vec<Endpoint>,
    /// The clients of each load balancer, once the first second has come.
    clients: Vec<Clients>,
    faults: Faults,
    customers: CustomerLog,
    minutes: Minutes,
    canaries: Vec<String>,
    last: Option<i64>,
    /// Whether nobody asks anything of anybody.
    resting: bool,
    /// How often somebody asked.
    visits: i64,
}

/// A load balancer's node in a zone.
#[derive(Debug, Clone)]
struct Endpoint {
    zone: usize,
    /// What [`Infrastructure::weights`] calls it.
    key: (ResourceArn, ZoneId),
    /// Who asks for its part of the traffic, for its latencies, and for its instances' requests.
    name: String,
    latency: String,
    instances: Vec<Askers>,
    /// What a probe of each of its instances meets in this second.
    weather: Vec<Weather>,
}

/// The traffic swings once in so many seconds.
const SWING: f64 = 3600.0;

impl World {
    /// A world in which nothing has happened yet.
    ///
    /// # Errors
    ///
    /// Every value that describes no world.
    pub fn new(spec: WorldSpec, chance: Chance) -> Result<Self, SpecError> {
        spec.check()?;
        let zones: Vec<ZoneId> = spec.zones.iter().map(|(id, _)| id.clone()).collect();
        let mut endpoints = Vec::new();
        for balancer in &spec.load_balancers {
            for (zone, id) in zones.iter().enumerate() {
                let name = format!("{}/{id}", balancer.dimension);
                endpoints.push(Endpoint {
                    zone,
                    key: (balancer.arn.clone(), id.clone()),
                    latency: metrics::latency_asker(&name),
                    name,
                    instances: Vec::new(),
                    weather: Vec::new(),
                });
            }
        }
        let regional = "canary/regional".to_owned();
        let zonal = zones.iter().map(|id| format!("canary/{id}"));
        Ok(Self {
            nature: Nature::of(&spec),
            latencies: Latencies::of(&spec),
            phase: chance.generator("traffic", 0).random(),
            layout: Layout::of(&spec),
            clients: Vec::new(),
            faults: Faults::default(),
            customers: CustomerLog::of(zones.clone()),
            minutes: Minutes::of(endpoints.len(), zones.len() + 1),
            canaries: zonal.chain([regional]).collect(),
            last: None,
            resting: false,
            visits: 0,
            spec,
            zones,
            chance,
            endpoints,
        })
    }

    /// What the world is made of.
    #[must_use]
    pub fn spec(&self) -> &WorldSpec {
        &self.spec
    }

    /// Lets a fault happen.
    ///
    /// # Errors
    ///
    /// A fault that cannot happen in this world.
    pub fn inject(&mut self, fault: Fault) -> Result<(), FaultError> {
        fault.check(&self.zones)?;
        self.faults.add(fault);
        Ok(())
    }

    /// Ends every fault now, and takes back those that were still to come.
    pub fn clear_faults(&mut self, now: Timestamp) {
        self.faults.end(now);
    }

    /// Sends the customers and the canaries home, for good: no request is made any more, so nothing is
    /// counted either, and whoever wants metrics has to put them. It is for tests of what does not
    /// depend on traffic: hours of a Region at rest pass from event to event, and cost next to nothing.
    pub fn rest(&mut self) {
        self.resting = true;
    }

    /// Whether nobody asks anything of anybody.
    #[must_use]
    pub fn is_resting(&self) -> bool {
        self.resting
    }

    /// Sends only the canaries home, for good: somebody else asks the endpoints, with [`World::visit`].
    pub fn without_canaries(&mut self) {
        self.canaries.clear();
        self.minutes.without_canaries();
    }

    /// What somebody meets who asks a zone's own endpoint in this second, or the regional one: `None`
    /// where there is no such zone. It weighs on no instance, and is in no metric.
    pub fn visit(&mut self, zone: Option<&ZoneId>) -> Option<Visit> {
        let zone = match zone {
            Some(id) => Some(self.zones.iter().position(|known| known == id)?),
            None => None,
        };
        self.visits += 1;
        let mut generator = self.chance.generator("visit", self.visits);
        Some(Visit::of(self.ask(zone, self.visits, &mut generator)))
    }

    /// Lives the second that starts now. Seconds only go forward: one that has been lived is not
    /// lived again.
    pub fn step(&mut self, now: Timestamp, infrastructure: &Infrastructure) {
        let second = now.as_second();
        if self.last.is_some_and(|last| second <= last) {
            return;
        }
        self.last = Some(second);
        self.layout.follow(&self.spec, &infrastructure.instances);
        self.faults.advance(now, &self.layout);
        let mut counts = vec![Counts::default(); self.zones.len()];
        for balancer in 0..self.spec.load_balancers.len() {
            let first = self.layout.endpoint(balancer, 0);
            self.resolve(balancer, second, infrastructure);
            let requests = self.arrivals(balancer, second);
            for (zone, requests) in requests.into_iter().enumerate() {
                counts[zone] += self.serve(first + zone, requests, now);
            }
        }
        self.customers.push(second, &counts);
        self.probe(second);
    }

    /// What the customers saw.
    #[must_use]
    pub fn customers(&self) -> &CustomerLog {
        &self.customers
    }

    /// What CloudWatch is told of a minute, when it has ended; nothing of a minute that has not been
    /// lived or is long over.
    #[must_use]
    pub fn minute(&self, minute_start: Timestamp) -> Vec<Sample> {
        let Some(minute) = self.minutes.get(minute_start.as_second()) else {
            return Vec::new();
        };
        let askers: Vec<&str> = self
            .endpoints
            .iter()
            .map(|node| node.latency.as_str())
            .collect();
        let publisher = Publisher {
            spec: &self.spec,
            latencies: &self.latencies,
            chance: &self.chance,
            at: Timestamp::from_second(minute.start).unwrap_or(minute_start),
            samples: Vec::new(),
        };
        publisher.publish(minute, &askers)
    }

    /// Which instances contributed to which zone's trouble in a minute, when it has ended; see
    /// [`Contribution`] for what it means if there are none.
    #[must_use]
    pub fn contributors(&self, minute_start: Timestamp) -> Vec<Contribution> {
        let minute = self.minutes.get(minute_start.as_second());
        minute.map_or_else(Vec::new, |minute| {
            contributors::contributions(&self.spec, minute)
        })
    }

    /// Lets the clients of a load balancer follow what the DNS says.
    fn resolve(&mut self, balancer: usize, second: i64, infrastructure: &Infrastructure) {
        let first = self.layout.endpoint(balancer, 0);
        let zone = |endpoint: usize| clients::Zone {
            share: self.spec.share(&self.endpoints[endpoint].key.1),
            weight: *infrastructure
                .weights
                .get(&self.endpoints[endpoint].key)
                .unwrap_or(&1.0),
            targets: self.layout.count(endpoint),
        };
        let zones: Vec<clients::Zone> = (first..first + self.zones.len()).map(zone).collect();
        let answer = clients::answer(&zones);
        match self.clients.get_mut(balancer) {
            Some(clients) => clients.follow(second, &answer),
            None => self
                .clients
                .push(Clients::settled(&self.spec.clients, second, &answer)),
        }
    }

    /// The requests of this second to each zone of a load balancer. The requests of all zones are
    /// drawn first and then spread, so that a shift moves requests and makes none.
    fn arrivals(&self, balancer: usize, second: i64) -> Vec<u64> {
        let first = self.layout.endpoint(balancer, 0);
        let spec = &self.spec.load_balancers[balancer];
        let swing = (TAU * (second as f64 / SWING + self.phase)).sin();
        let mean = self.spec.traffic.requests_per_second / self.spec.load_balancers.len() as f64
            * (1.0 + self.spec.traffic.drift * swing);
        let mut left = arrivals(&mut self.chance.generator(&spec.dimension, second), mean);
        let spread = self.clients[balancer].spread();
        let mut requests = Vec::with_capacity(spread.len());
        for (zone, share) in spread.iter().enumerate() {
            // What is left is summed anew, so that the last zone in use gets exactly the rest.
            let share_left: f64 = spread[zone..].iter().sum();
            let here = if *share > 0.0 {
                let mut generator = self
                    .chance
                    .generator(&self.endpoints[first + zone].name, second);
                successes(&mut generator, left, share / share_left)
            } else {
                0
            };
            left -= here;
            requests.push(here);
        }
        requests
    }

    /// Sends requests to the targets of an endpoint in turn, and says what the customers saw.
    fn serve(&mut self, endpoint: usize, requests: u64, now: Timestamp) -> Counts {
        let second = now.as_second();
        let minute = self.minutes.at(second);
        let node = &mut self.endpoints[endpoint];
        let count = self.layout.count(endpoint);
        minute.endpoints[endpoint].targets = count;
        node.weather.clear();
        if count == 0 {
            // The load balancer answers with a 503. It counts no request, because it chose no target.
            minute.endpoints[endpoint].balancer_5xx += requests;
            return Counts {
                requests,
                failed: requests,
                slow: 0,
            };
        }
        while node.instances.len() < count {
            node.instances
                .push(Askers::of(&node.name, node.instances.len()));
        }
        let faulty = self.faults.any(now);
        let mut counts = Counts::default();
        for (place, id) in self.layout.targets(endpoint).enumerate() {
            let condition = if faulty {
                self.faults.condition(now, &self.zones[node.zone], id)
            } else {
                Condition::CALM
            };
            let served = Served::draw(
                turn(requests, place, count, second),
                &self.nature,
                &condition,
                &self.chance,
                &node.instances[place],
                second,
            );
            counts += served.counts();
            minute.endpoints[endpoint].count(&served, self.latencies.waiting);
            minute.count_instance(id, node.zone, &served);
            node.weather.push(Weather {
                condition,
                overload: served.overload(),
            });
        }
        counts
    }

    /// Lets the canaries ask every endpoint once.
    fn probe(&mut self, second: i64) {
        for (canary, asker) in self.canaries.iter().enumerate() {
            let mut generator = self.chance.generator(asker, second);
            let zone = (canary < self.zones.len()).then_some(canary);
            let probe = self.ask(zone, second, &mut generator);
            let probe = probe.unwrap_or(Probe::WITHOUT_TARGET);
            self.minutes.at(second).canaries[canary].count(probe);
        }
    }

    /// A request to a zone's endpoint, or to the one that the DNS names; load balancers and targets
    /// take turns. `None` where there is no target.
    fn ask(&self, zone: Option<usize>, turn: i64, generator: &mut Pcg64Mcg) -> Option<Probe> {
        let balancers = self.spec.load_balancers.len();
        let turn = usize::try_from(turn.unsigned_abs()).unwrap_or(0);
        let (balancer, turn) = (turn % balancers, turn / balancers);
        let answer = self.clients.get(balancer).map_or(&[][..], Clients::answer);
        let zone = zone.unwrap_or_else(|| resolved(generator.random(), answer));
        let weather = &self.endpoints[self.layout.endpoint(balancer, zone)].weather;
        let weather = weather.get(turn.checked_rem(weather.len())?)?;
        let (nature, latencies) = (&self.nature, &self.latencies);
        Some(Probe::draw(generator, weather, nature, latencies))
    }
}

/// How many of the requests to an endpoint the target at this place gets: all the same number, and
/// the odd ones in turn.
fn turn(requests: u64, place: usize, count: usize, second: i64) -> u64 {
    let (place, count) = (place as u64, count as u64);
    let turn = (place + second.unsigned_abs()) % count;
    requests / count + u64::from(turn < requests % count)
}

/// The zone that an answer of the DNS leads to, for a client at this point between 0 and 1.
fn resolved(point: f64, answer: &[f64]) -> usize {
    let mut left = point;
    for (zone, share) in answer.iter().enumerate() {
        left -= share;
        if left < 0.0 {
            return zone;
        }
    }
    answer.iter().rposition(|share| *share > 0.0).unwrap_or(0)
}
