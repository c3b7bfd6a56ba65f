//! The health of targets, and what a zonal shift makes of them.

use super::{Service, validation};
use crate::autoscaling::{InstanceView, Lifecycle};
use crate::error::ServiceError;

/// The port of every target.
pub(super) const PORT: &str = "80";

/// A state with its reason code and its text for people.
type Told = (&'static str, Option<(&'static str, &'static str)>);

const HEALTHY: Told = ("healthy", None);
const DRAINING: Told = (
    "draining",
    Some((
        "Target.DeregistrationInProgress",
        "Target deregistration is in progress",
    )),
);
const NOT_IN_USE: Told = (
    "unused",
    Some((
        "Target.NotInUse",
        "Target group is not configured to receive traffic from the load balancer",
    )),
);
const NOT_REGISTERED: Told = (
    "unused",
    Some((
        "Target.NotRegistered",
        "Target is not registered to the target group",
    )),
);

/// A target, as DescribeTargetHealth tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TargetHealth {
    pub(super) id: String,
    pub(super) port: String,
    pub(super) health: Told,
    /// Whether the load balancer is shifted away from the target's zone; `None` for what is no
    /// target.
    pub(super) shifted: Option<bool>,
}

/// A target that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) port: Option<String>,
}

impl Service<'_> {
    /// DescribeTargetHealth: of every target, or of those that are asked for.
    pub(super) fn describe_target_health(
        &self,
        target_group: &str,
        asked: &[Asked],
    ) -> Result<Vec<TargetHealth>, ServiceError> {
        let group = self.known_target_group(target_group)?;
        let registered: Vec<TargetHealth> = self
            .auto_scaling
            .instances()
            .filter(|instance| self.registers_with(instance, &group.arn))
            .filter_map(|instance| self.target_health(&instance, group.load_balancer.as_deref()))
            .collect();
        if asked.is_empty() {
            return Ok(registered);
        }
        let find = |target: &Asked| {
            if !target.id.starts_with("i-") {
                let message = format!("'{}' is not an instance", target.id);
                return Err(ServiceError::new(400, "InvalidTarget", message));
            }
            let port = target.port.as_deref().unwrap_or(PORT);
            if port.parse::<u16>().is_err() {
                return Err(validation(format!("'{port}' is not a valid port")));
            }
            let is_it = |one: &&TargetHealth| one.id == target.id && one.port == port;
            Ok(registered
                .iter()
                .find(is_it)
                .cloned()
                .unwrap_or(TargetHealth {
                    id: target.id.clone(),
                    port: port.to_owned(),
                    health: NOT_REGISTERED,
                    shifted: None,
                }))
        };
        asked.iter().map(find).collect()
    }

    fn registers_with(&self, instance: &InstanceView<'_>, target_group: &str) -> bool {
        let group = self.auto_scaling.group(instance.group);
        group.is_some_and(|group| group.target_groups.iter().any(|arn| arn == target_group))
    }

    /// An instance is registered when it goes into service, and drains when it is on its way out.
    fn target_health(
        &self,
        instance: &InstanceView<'_>,
        load_balancer: Option<&str>,
    ) -> Option<TargetHealth> {
        let health = match (instance.lifecycle, load_balancer) {
            (Lifecycle::Pending, _) => return None,
            (_, None) => NOT_IN_USE,
            (Lifecycle::InService, _) => HEALTHY,
            (Lifecycle::Terminating, _) => DRAINING,
        };
        let away = load_balancer.and_then(|arn| self.arc.resource(arn).ok()?.applied);
        Some(TargetHealth {
            id: instance.id.to_owned(),
            port: PORT.to_owned(),
            health,
            shifted: Some(away == Some(instance.zone_id)),
        })
    }
}
