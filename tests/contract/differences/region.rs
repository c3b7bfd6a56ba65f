//! Where the embedded Region differs, and why it does.

use super::Difference;

pub(super) const DIFFERENCES: &[Difference] = &[Difference {
    service: "cloudwatch",
    contract: "two_composite_alarms_may_depend_on_each_other",
    shows: "a rule that closes a circle: was refused with ValidationError",
    reason: "refuses the rule that closes the circle: AWS stops evaluating such alarms, and a workload whose alarms are never evaluated again is not worth rehearsing",
    source: "PutCompositeAlarm",
}];
