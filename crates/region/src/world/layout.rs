//! Where the instances stand: what the Auto Scaling groups have in service, sorted by the load
//! balancers and zones that send them requests.

use std::collections::BTreeMap;

use domain::arn::ResourceArn;
use domain::zone::ZoneId;

use super::spec::WorldSpec;

/// What the Region's other parts decide about the workload, as it stands in one second.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Infrastructure {
    /// The weight of each zone of each load balancer: 0 where traffic is shifted away. A weight
    /// that is missing is 1.
    pub weights: BTreeMap<(ResourceArn, ZoneId), f64>,
    /// The instances in service; no others take requests.
    pub instances: Vec<InstanceRef>,
}

/// An instance in service, as a target of one load balancer. One that is a target of two stands here
/// twice, and serves each of them as if it had nothing else to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceRef {
    /// Its id.
    pub id: String,
    /// The load balancer that it is a target of.
    pub load_balancer: ResourceArn,
    /// Its zone.
    pub zone: ZoneId,
}

/// The instances by endpoint. It is kept from second to second, because the instances rarely change
/// and sorting them is what a second would be spent on.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    instances: Vec<InstanceRef>,
    /// Places in `instances`, by [`Layout::endpoint`].
    endpoints: Vec<Vec<usize>>,
    zones: usize,
}

impl Layout {
    pub(super) fn of(spec: &WorldSpec) -> Self {
        let zones = spec.zones.len();
        Self {
            instances: Vec::new(),
            endpoints: vec![Vec::new(); zones * spec.load_balancers.len()],
            zones,
        }
    }

    /// The index of a load balancer's node in a zone.
    pub(super) fn endpoint(&self, balancer: usize, zone: usize) -> usize {
        balancer * self.zones + zone
    }

    /// Sorts the instances anew where they have changed. Targets of load balancers and zones that
    /// are none of this world's take no part in it.
    pub(super) fn follow(&mut self, spec: &WorldSpec, instances: &[InstanceRef]) {
        if self.instances == instances {
            return;
        }
        self.instances = instances.to_vec();
        self.endpoints.iter_mut().for_each(Vec::clear);
        for (place, instance) in instances.iter().enumerate() {
            let balancer = spec
                .load_balancers
                .iter()
                .position(|balancer| balancer.arn == instance.load_balancer);
            let zone = spec.zones.iter().position(|(id, _)| *id == instance.zone);
            if let (Some(balancer), Some(zone)) = (balancer, zone) {
                let endpoint = self.endpoint(balancer, zone);
                self.endpoints[endpoint].push(place);
            }
        }
    }

    /// The ids of the targets of an endpoint.
    pub(super) fn targets(&self, endpoint: usize) -> impl ExactSizeIterator<Item = &str> {
        self.endpoints[endpoint]
            .iter()
            .map(|place| self.instances[*place].id.as_str())
    }

    pub(super) fn count(&self, endpoint: usize) -> usize {
        self.endpoints[endpoint].len()
    }

    /// The id of the instance at a place of a zone, in the order of the infrastructure.
    pub(super) fn at_place(&self, zone: &ZoneId, place: usize) -> Option<&str> {
        self.instances
            .iter()
            .filter(|instance| instance.zone == *zone)
            .nth(place)
            .map(|instance| instance.id.as_str())
    }
}
