//! Auto Scaling groups that ARC shifts themselves.
//!
//! A group whose `AvailabilityZoneImpairmentPolicy` enables zonal shift is a managed resource of ARC,
//! and launches nothing in the zone that ARC has applied a shift away from. Disabling zonal shift
//! takes it from ARC, and with that from its shift.

use domain::ResourceArn;

use crate::arc::ManagedResource;
use crate::state::State;

impl State {
    /// Tells ARC which groups it may shift, and the groups what ARC has shifted.
    pub(crate) fn let_groups_follow_arc(&mut self) {
        let groups: Vec<_> = self.auto_scaling.shiftable().collect();
        for group in groups {
            // A name with spaces makes an ARN that ARC does not take.
            let Ok(arn) = group.arn.parse::<ResourceArn>() else {
                continue;
            };
            if group.enabled && !group.managed {
                self.arc.manage(ManagedResource {
                    arn: arn.clone(),
                    name: group.name.clone(),
                    zones: group.zones.clone(),
                    autoshift: false,
                });
            } else if group.managed && !group.enabled {
                self.arc.release(&arn);
            }
            let mut zones = group.zones.into_iter();
            let applied = zones.find(|zone| self.arc.weight(&arn, zone) == 0.0);
            let applied = applied.filter(|_| group.enabled);
            if (group.enabled, &applied) != (group.managed, &group.shifted) {
                self.auto_scaling
                    .follow_arc(&group.name, group.enabled, applied);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use crate::arc::StartInput;
    use crate::autoscaling::UpdateGroup;
    use crate::region::Region;
    use crate::scenario::healthy;
    use crate::stage::{GROUP, Stage};

    fn enable(region: &Region, enabled: bool) {
        let mut state = region.state();
        let now = state.now();
        let update = UpdateGroup {
            group: GROUP.to_owned(),
            zonal_shift: Some(enabled),
            ..UpdateGroup::default()
        };
        (state.auto_scaling)
            .update_auto_scaling_group(&update, now)
            .unwrap();
        state.note_changes(None);
    }

    fn arn(region: &Region) -> String {
        let state = region.state();
        let group = state.auto_scaling.group(GROUP).unwrap();
        group.arn.to_owned()
    }

    /// Where the group is told to launch nothing.
    fn shifted(region: &Region) -> Option<String> {
        let state = region.state();
        let group = state.auto_scaling.shiftable().next();
        group
            .and_then(|group| group.shifted)
            .map(|zone| zone.to_string())
    }

    #[tokio::test]
    async fn a_group_follows_its_shift_from_its_start_to_its_expiry() {
        let region = Stage::set(&healthy().unwrap(), 1).unwrap().region;
        let arn = arn(&region);
        assert!(region.state().arc.resource(&arn).is_err());
        enable(&region, true);
        assert!(region.state().arc.resource(&arn).is_ok());
        {
            let mut state = region.state();
            let now = state.now();
            let input = StartInput {
                resource: &arn,
                away_from: "use1-az1",
                expires_in: "1m",
                comment: "",
            };
            state.arc.start(&input, now).unwrap();
            state.note_changes(None);
        }
        assert_eq!(shifted(&region).as_deref(), Some("use1-az1"));
        region.advance(SignedDuration::from_secs(59)).await;
        assert_eq!(shifted(&region).as_deref(), Some("use1-az1"));
        region.advance(SignedDuration::from_secs(2)).await;
        assert_eq!(shifted(&region), None);
    }

    #[test]
    fn a_group_that_may_not_be_shifted_any_more_is_released() {
        let region = Stage::set(&healthy().unwrap(), 1).unwrap().region;
        let arn = arn(&region);
        enable(&region, true);
        enable(&region, false);
        assert!(region.state().arc.resource(&arn).is_err());
        assert_eq!(region.state().auto_scaling.shiftable().count(), 0);
    }
}
