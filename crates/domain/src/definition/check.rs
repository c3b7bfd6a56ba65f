//! The check of a definition: field by field, then what the fields promise each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::{AlarmsDefinition, Definition, PolicyDefinition, SelectorDefinition, ZoneDefinition};
use crate::arn::ResourceArn;
use crate::capacity::Limits;
use crate::duration::{ShiftDuration, Span};
use crate::evidence;
use crate::name::WorkloadName;
use crate::policy::{
    DEFAULT_FLAP_HOURS, DEFAULT_MAX_FLAPS, DEFAULT_MIN_ZONES, DEFAULT_STABLE_MINUTES,
    DEFAULT_STALE_MINUTES, FailBackMode, Mode, Policy, Without,
};
use crate::problem::{Problem, Problems};
use crate::subnet::SubnetId;
use crate::workload::{Alarms, GroupSelector, Origin, Workload, Zone, ZoneMap};
use crate::zone::{ZoneId, ZoneName};

/// Makes a workload of a definition, or tells everything that is wrong with it.
pub(super) fn check(at: &str, definition: Definition) -> Result<Workload, Problems> {
    let mut check = Check::default();
    let workload = check.workload(at, definition);
    match (workload, Problems::all(check.problems)) {
        (_, Some(problems)) => Err(problems),
        (Some(workload), None) => Ok(workload),
        (None, None) => Err(Problems::one(at, "not a workload definition")),
    }
}

/// What a definition gives at all, right or wrong: what is given and wrong is not missing as well.
#[derive(Clone, Copy)]
struct Given {
    resources: bool,
    groups: bool,
}

/// Collects problems instead of stopping at the first.
#[derive(Default)]
struct Check {
    problems: Vec<Problem>,
}

impl Check {
    fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem {
            field: field.into(),
            message: message.into(),
        });
    }

    /// What was checked elsewhere, or its problems among the others.
    fn keep<T>(&mut self, checked: Result<T, Problems>) -> Option<T> {
        checked
            .map_err(|problems| self.problems.extend(problems.iter().cloned()))
            .ok()
    }

    fn parse<T>(&mut self, field: impl Into<String>, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        text.parse()
            .map_err(|error: T::Err| self.refuse(field, error.to_string()))
            .ok()
    }

    /// `None` only where a problem was noted.
    fn workload(&mut self, at: &str, definition: Definition) -> Option<Workload> {
        let given = Given {
            resources: !definition.resources.is_empty(),
            groups: definition.auto_scaling_groups.is_some(),
        };
        let name = self.parse::<WorkloadName>(format!("{at}.name"), &definition.name);
        let zones = self.zones(&format!("{at}.zones"), &definition.zones);
        let resources = self.resources(&format!("{at}.resources"), &definition.resources);
        let groups = definition
            .auto_scaling_groups
            .and_then(|groups| self.groups(&format!("{at}.autoScalingGroups"), groups));
        let alarms = self.alarms(
            &format!("{at}.alarms"),
            &definition.alarms,
            &definition.zones,
        );
        let evidence = definition.evidence.and_then(|settings| {
            self.keep(evidence::read(&format!("{at}.evidence"), settings, &zones))
        });
        let canary = definition.canary.and_then(|settings| {
            self.keep(evidence::read(&format!("{at}.canary"), settings, &zones))
        });
        let policy = self.policy(&format!("{at}.policy"), &definition.policy);
        let workload = Workload {
            name: name?,
            origin: Origin::Definition,
            zones,
            resources,
            groups,
            alarms,
            evidence,
            canary,
            policy: policy?,
        };
        self.consistency(at, &workload, given);
        Some(workload)
    }

    fn zones(&mut self, at: &str, definition: &BTreeMap<String, ZoneDefinition>) -> ZoneMap {
        if definition.is_empty() {
            self.refuse(at, "no zones, expected each zone of the workload by AZ ID, such as {\"use1-az1\": {\"name\": \"us-east-1a\", \"subnets\": […]}}");
        }
        let mut zones = BTreeMap::new();
        let mut zone_of_name: BTreeMap<ZoneName, String> = BTreeMap::new();
        let mut zone_of_subnet: BTreeMap<SubnetId, String> = BTreeMap::new();
        for (key, zone) in definition {
            let id = self.parse::<ZoneId>(format!("{at}.{key}"), key);
            let name = self.parse::<ZoneName>(format!("{at}.{key}.name"), &zone.name);
            if let Some(name) = &name
                && let Some(other) = zone_of_name.insert(name.clone(), key.clone())
            {
                self.refuse(format!("{at}.{key}.name"), format!("{name} is the name of {other} already, expected another AZ name: one account has one name for a zone"));
            }
            let mut subnets = BTreeSet::new();
            for (index, subnet) in zone.subnets.iter().enumerate() {
                let field = format!("{at}.{key}.subnets[{index}]");
                let Some(subnet) = self.parse::<SubnetId>(&field, subnet) else {
                    continue;
                };
                match zone_of_subnet.insert(subnet.clone(), key.clone()) {
                    Some(other) if other != *key => self.refuse(field, format!("{subnet} is listed in {other} too, expected it in one zone only: a subnet lies in one zone")),
                    _ => {
                        subnets.insert(subnet);
                    }
                }
            }
            if let (Some(id), Some(name)) = (id, name) {
                zones.insert(id, Zone { name, subnets });
            }
        }
        ZoneMap::new(zones)
    }

    fn resources(&mut self, at: &str, definition: &[String]) -> Vec<ResourceArn> {
        let mut resources: Vec<ResourceArn> = Vec::new();
        for (index, text) in definition.iter().enumerate() {
            let field = format!("{at}[{index}]");
            let Some(resource) = self.parse::<ResourceArn>(&field, text) else {
                continue;
            };
            if resources.contains(&resource) {
                self.refuse(field, format!("{resource} is listed twice, expected once"));
            } else {
                resources.push(resource);
            }
        }
        resources
    }

    fn groups(&mut self, at: &str, definition: SelectorDefinition) -> Option<GroupSelector> {
        match (definition.tag, definition.names) {
            (Some(tag), None) => {
                if tag.key.is_empty() || tag.key.len() > 128 {
                    self.refuse(
                        format!("{at}.tag.key"),
                        format!(
                            "\"{}\" is not a tag key, expected 1 to 128 characters",
                            tag.key
                        ),
                    );
                }
                Some(GroupSelector::Tag {
                    key: tag.key,
                    value: tag.value,
                })
            }
            (None, Some(names)) => {
                if names.is_empty() || names.iter().any(|name| name.is_empty() || name.len() > 255)
                {
                    self.refuse(
                        format!("{at}.names"),
                        "expected at least one group name, each of 1 to 255 characters",
                    );
                }
                Some(GroupSelector::Names(names.into_iter().collect()))
            }
            (Some(_), Some(_)) | (None, None) => {
                self.refuse(
                    at,
                    "expected either {\"tag\": {\"key\": …, \"value\": …}} or {\"names\": […]}",
                );
                None
            }
        }
    }

    fn alarms(
        &mut self,
        at: &str,
        definition: &AlarmsDefinition,
        zones: &BTreeMap<String, ZoneDefinition>,
    ) -> Alarms {
        let mut alarms = Alarms::default();
        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        for (key, alarm) in &definition.zonal {
            let field = format!("{at}.zonal.{key}");
            let zone = self.parse::<ZoneId>(&field, key);
            if zone.is_some() && !zones.is_empty() && !zones.contains_key(key) {
                self.refuse(
                    &field,
                    format!(
                        "{key} is not a zone of the workload, expected one of {}",
                        joined(zones.keys())
                    ),
                );
            }
            self.alarm_name(&field, alarm);
            if let Some(other) = seen.insert(alarm, field.clone()) {
                self.refuse(&field, format!("alarm \"{alarm}\" stands at {other} too, expected an alarm of its own for each zone"));
            }
            if let Some(zone) = zone {
                alarms.zonal.insert(zone, alarm.clone());
            }
        }
        for (index, alarm) in definition.regional.iter().enumerate() {
            let field = format!("{at}.regional[{index}]");
            self.alarm_name(&field, alarm);
            if let Some(other) = seen.insert(alarm, field.clone()) {
                self.refuse(
                    &field,
                    format!("alarm \"{alarm}\" stands at {other} too, expected it once"),
                );
            }
            alarms.regional.insert(alarm.clone());
        }
        alarms
    }

    fn alarm_name(&mut self, field: &str, alarm: &str) {
        if alarm.is_empty() || alarm.chars().count() > 255 {
            self.refuse(
                field,
                format!("\"{alarm}\" is not an alarm name, expected 1 to 255 characters"),
            );
        } else if alarm.starts_with("arn:") {
            self.refuse(
                field,
                format!(
                    "\"{alarm}\" is an ARN, expected the alarm's name: the part behind :alarm:"
                ),
            );
        }
    }

    fn policy(&mut self, at: &str, definition: &PolicyDefinition) -> Option<Policy> {
        let mode = self.word(
            at,
            "mode",
            definition.mode.as_deref(),
            &[
                ("observe", Mode::Observe),
                ("shift", Mode::Shift),
                ("evacuate", Mode::Evacuate),
            ],
        );
        let fail_back = self.word(
            at,
            "failBack",
            definition.fail_back.as_deref(),
            &[
                ("manual", FailBackMode::Manual),
                ("automatic", FailBackMode::Automatic),
            ],
        );
        let act_or_hold = [("act", Without::Act), ("hold", Without::Hold)];
        let mut without = |field: &str, found: &Option<String>| {
            self.word(at, field, found.as_deref(), &act_or_hold)
        };
        let without_evidence = without("withoutEvidence", &definition.without_evidence);
        let without_alarms = without("withoutAlarms", &definition.without_alarms);
        let without_capacity = without("withoutCapacity", &definition.without_capacity);
        let capacity = self.keep(Limits::check(
            at,
            definition.host_requests_per_minute,
            definition.max_growth,
            without_capacity.unwrap_or_default(),
        ));
        let expires_in = definition
            .expires_in
            .as_deref()
            .and_then(|text| self.parse::<ShiftDuration>(format!("{at}.expiresIn"), text));
        let stable_for = self.span(
            at,
            "stableFor",
            definition.stable_for.as_deref(),
            Span::minutes(DEFAULT_STABLE_MINUTES),
        );
        let flap_window = self.span(
            at,
            "flapWindow",
            definition.flap_window.as_deref(),
            Span::hours(DEFAULT_FLAP_HOURS),
        );
        let stale_after = self.span(
            at,
            "staleAfter",
            definition.stale_after.as_deref(),
            Span::minutes(DEFAULT_STALE_MINUTES),
        );
        let min_zones = definition.min_zones.unwrap_or(DEFAULT_MIN_ZONES.into());
        let min_zones = u8::try_from(min_zones)
            .ok()
            .filter(|zones| (1..=20).contains(zones));
        if min_zones.is_none() {
            self.refuse(
                format!("{at}.minZones"),
                format!(
                    "{} is out of range, expected 1 to 20",
                    definition.min_zones.unwrap_or_default()
                ),
            );
        }
        let criteria = self.keep(definition.criteria.check(&format!("{at}.criteria")));
        let mode = mode?;
        if mode != Mode::Observe && definition.expires_in.is_none() && !definition.nothing_to_shift
        {
            self.refuse(format!("{at}.expiresIn"), format!("missing, expected how long a shift lasts, such as 6h: mode {} starts shifts, and nothing that moves traffic has a default", mode.name()));
        }
        Some(Policy {
            mode,
            expires_in,
            min_zones: min_zones?,
            fail_back: fail_back?,
            stable_for: stable_for?,
            flap_window: flap_window?,
            max_flaps: definition.max_flaps.unwrap_or(DEFAULT_MAX_FLAPS),
            without_evidence: without_evidence?,
            without_alarms: without_alarms?,
            stale_after: stale_after?,
            nothing_to_shift: definition.nothing_to_shift,
            criteria: criteria?,
            capacity: capacity?,
        })
    }

    fn word<T: Copy + Default>(
        &mut self,
        at: &str,
        field: &str,
        found: Option<&str>,
        words: &[(&str, T)],
    ) -> Option<T> {
        let Some(found) = found else {
            return Some(T::default());
        };
        let known = words
            .iter()
            .find(|(word, _)| *word == found)
            .map(|(_, value)| *value);
        if known.is_none() {
            let expected = words
                .iter()
                .map(|(word, _)| *word)
                .collect::<Vec<_>>()
                .join(" or ");
            self.refuse(
                format!("{at}.{field}"),
                format!("\"{found}\" is not known, expected {expected}"),
            );
        }
        known
    }

    fn span(&mut self, at: &str, field: &str, found: Option<&str>, default: Span) -> Option<Span> {
        match found {
            Some(text) => self.parse(format!("{at}.{field}"), text),
            None => Some(default),
        }
    }

    /// What the fields promise each other.
    fn consistency(&mut self, at: &str, workload: &Workload, given: Given) {
        let mode = workload.policy.mode;
        if mode != Mode::Observe && !given.resources && !workload.policy.nothing_to_shift {
            self.refuse(format!("{at}.resources"), format!("no resources, expected the ARN of at least one load balancer: mode {} moves traffic; a workload without one says policy.nothingToShift", mode.name()));
        }
        if workload.policy.nothing_to_shift && given.resources {
            self.refuse(format!("{at}.policy.nothingToShift"), "true beside resources, expected one or the other: what can be shifted is shifted before groups are pruned");
        }
        if mode == Mode::Shift && workload.policy.nothing_to_shift {
            self.refuse(format!("{at}.policy.mode"), "shift with nothingToShift, expected observe or evacuate: there is nothing that mode shift could do");
        }
        if mode == Mode::Evacuate && !given.groups {
            self.refuse(format!("{at}.autoScalingGroups"), "missing, expected {\"tag\": {\"key\": …, \"value\": …}} or {\"names\": […]}: mode evacuate prunes groups; mode shift does not");
        }
        if workload.policy.fail_back == FailBackMode::Automatic
            && workload.canary.is_none()
            && workload.evidence.is_none()
        {
            self.refuse(format!("{at}.canary"), "missing, expected where a canary's counts are: failBack automatic needs proof that the zone is well, and a zone without customers proves nothing by its silence");
        }
        if mode != Mode::Observe {
            for id in workload.zones.ids() {
                if !workload.alarms.zonal.contains_key(id) {
                    self.refuse(format!("{at}.alarms.zonal"), format!("no alarm for {id}, expected one for each zone: whether one zone or several are impaired must be known before traffic moves"));
                }
            }
        }
        let Some(region) = workload.resources.first().map(ResourceArn::region) else {
            return;
        };
        for (index, resource) in workload.resources.iter().enumerate() {
            if resource.region() != region {
                self.refuse(format!("{at}.resources[{index}]"), format!("{resource} is in {}, expected {region} as the first resource: a workload lies in one Region", resource.region()));
            }
        }
        for (id, zone) in workload.zones.iter() {
            if zone.name.region() != region {
                self.refuse(
                    format!("{at}.zones.{id}.name"),
                    format!(
                        "{} lies in {}, expected a zone of {region} where the resources are",
                        zone.name,
                        zone.name.region()
                    ),
                );
            }
        }
    }
}

fn joined<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    texts.map(String::as_str).collect::<Vec<_>>().join(", ")
}
