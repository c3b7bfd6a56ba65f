//! An observation as it stands on a line, and the case that it is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::marker::PhantomData;

use domain::capacity::Limits;
use domain::event::AlarmState;
use domain::judge::{
    Case, Counts, Criteria, CriteriaDefinition, InstanceMinute, Minute, Situation,
};
use domain::policy::Without;
use domain::problem::{Problem, Problems};
use domain::{ZoneId, ZoneName};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::plain;

/// The counts of a workload's zones over some minutes, and what was known beside them.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an observation with id and zones"
)]
pub(super) struct Observation<'a> {
    /// What the verdict is called: it stands on the verdict's line.
    #[serde(borrow)]
    id: Cow<'a, str>,
    /// The policy to judge by; what it leaves out is as usual.
    policy: Option<PolicyPart>,
    /// The zones by AZ ID, such as use1-az1.
    #[cfg_attr(test, schemars(schema_with = "super::schema::zones"))]
    zones: Zones,
    /// Whether an alarm that stands for the whole Region was in ALARM; OK if left out.
    regional_alarm: Option<RegionalState>,
    /// The states of the zones' alarms by AZ ID. If left out, the counts decide alone.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "super::schema::zonal_alarms"))]
    zonal_alarms: Option<ByZone<ZonalState>>,
    /// The AZ ID of the zone that traffic was shifted away from.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "super::schema::zone_id_or_null"))]
    shifted_away_from: Option<ZoneId>,
}

/// One zone.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a zone with name and minutes")]
pub(super) struct ZonePart {
    /// The AZ name, such as us-east-1a.
    #[cfg_attr(test, schemars(schema_with = "super::schema::zone_name"))]
    name: ZoneName,
    /// Its minutes, the oldest first, null where nothing is known. All zones end with the same minute;
    /// one with fewer minutes lacks the oldest.
    #[cfg_attr(test, schemars(with = "Vec<Option<MinutePart>>"))]
    minutes: Minutes,
}

/// One minute of one zone.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a minute with requests, faults and slow, or null"
)]
pub(super) struct MinutePart {
    /// Requests that the zone was given. Where there are more faults, they were as many as the faults.
    requests: Count,
    /// Requests that failed: answers 5xx, and connections that broke.
    faults: Count,
    /// Requests that were answered later than the workload tolerates.
    slow: Count,
    /// Hosts that the health checks called healthy.
    healthy_hosts: Option<Count>,
    /// The same counts by instance. An instance that stands twice in a minute is added up.
    instances: Option<Vec<InstancePart>>,
}

/// One minute of one instance.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "an instance with id, requests, faults and slow"
)]
pub(super) struct InstancePart {
    /// Any name that is the same in each minute.
    id: String,
    /// Requests that it was given.
    requests: Count,
    /// Requests that failed.
    faults: Count,
    /// Requests that were answered late.
    slow: Count,
}

/// The parts of a workload's policy that judge. A whole policy may stand here: its other fields are
/// known and not looked at.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a policy"
)]
#[allow(
    dead_code,
    reason = "fields that are known so that a workload's policy can stand here as it is"
)]
struct PolicyPart {
    /// Serving zones that must be left, 1 to 20. The default is 1, because an observation may be of two
    /// zones; a workload's is 2.
    #[cfg_attr(test, schemars(schema_with = "super::schema::min_zones"))]
    min_zones: Option<Count>,
    /// Whether to act on a zone's alarm alone where the counts cannot tell; hold if left out.
    #[cfg_attr(test, schemars(schema_with = "super::schema::without"))]
    without_evidence: Option<Without>,
    /// Whether to act where the zones that stay cannot be expected to carry the traffic; hold if left out.
    #[cfg_attr(test, schemars(schema_with = "super::schema::without"))]
    without_capacity: Option<Without>,
    /// Requests that one healthy host can take in a minute, where that is known.
    #[cfg_attr(test, schemars(range(min = 1)))]
    host_requests_per_minute: Option<Count>,
    /// How many times their present traffic the zones that stay may get; 3 if left out.
    #[cfg_attr(test, schemars(range(min = 1, max = 1000)))]
    max_growth: Option<f64>,
    /// The numbers of the judgement.
    #[cfg_attr(test, schemars(schema_with = "super::schema::criteria"))]
    criteria: Option<CriteriaDefinition>,
    /// Known, and not looked at.
    mode: Option<String>,
    /// Known, and not looked at.
    expires_in: Option<String>,
    /// Known, and not looked at.
    fail_back: Option<String>,
    /// Known, and not looked at.
    stable_for: Option<String>,
    /// Known, and not looked at.
    flap_window: Option<String>,
    /// Known, and not looked at.
    max_flaps: Option<u16>,
    /// Known, and not looked at.
    without_alarms: Option<String>,
    /// Known, and not looked at.
    stale_after: Option<String>,
    /// Known, and not looked at.
    nothing_to_shift: Option<bool>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum RegionalState {
    Ok,
    Alarm,
}

#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ZonalState {
    Ok,
    Alarm,
    InsufficientData,
}

impl From<ZonalState> for AlarmState {
    fn from(state: ZonalState) -> Self {
        match state {
            ZonalState::Ok => Self::Ok,
            ZonalState::Alarm => Self::Alarm,
            ZonalState::InsufficientData => Self::InsufficientData,
        }
    }
}

/// A whole number. CloudWatch writes its sums as `12.0`, which is one.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline))]
pub(super) struct Count(u64);

/// Up to here every whole number is a floating-point number.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counts;

        impl Visitor<'_> for Counts {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count: a whole number, 0 or more")
            }

            fn visit_u64<E: Error>(self, count: u64) -> Result<Count, E> {
                Ok(Count(count))
            }

            fn visit_f64<E: Error>(self, count: f64) -> Result<Count, E> {
                if count.fract() == 0.0 && (0.0..=EXACT).contains(&count) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "whole and within range"
                    )]
                    return Ok(Count(count as u64));
                }
                Err(E::invalid_value(serde::de::Unexpected::Float(count), &self))
            }
        }

        deserializer.deserialize_u64(Counts)
    }
}

/// Minutes, read into what is judged: a line has few strings and many minutes, and their way decides
/// how fast lines are read.
struct Minutes(Vec<Option<Minute>>);

/// Room for the minutes of an ordinary observation.
pub(super) const ORDINARY_MINUTES: usize = 10;

impl<'de> Deserialize<'de> for Minutes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Minutes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of minutes, the oldest first")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Minutes, A::Error> {
                let mut minutes = Vec::with_capacity(ORDINARY_MINUTES);
                while let Some(part) = seq.next_element::<Option<MinutePart>>()? {
                    minutes.push(part.map(Minute::from));
                }
                Ok(Minutes(minutes))
            }
        }

        deserializer.deserialize_seq(Each)
    }
}

/// A map whose zones stand once each: what comes later does not replace what came before.
pub(super) struct ByZone<T>(BTreeMap<ZoneId, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByZone<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut zones = BTreeMap::new();
        deserializer.deserialize_map(EachZone::new(|zone, value| once(&mut zones, zone, value)))?;
        Ok(Self(zones))
    }
}

/// The zones' counts; each zone stands once, and so does each name.
pub(super) struct Zones(Counts);

impl<'de> Deserialize<'de> for Zones {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut counts = Counts::new();
        let mut names: Vec<ZoneName> = Vec::new();
        deserializer.deserialize_map(EachZone::new(|zone, part: ZonePart| {
            if names.contains(&part.name) {
                let name = part.name;
                return Err(format!(
                    "{name} is the name of two zones, expected a name of its own for {zone}"
                ));
            }
            names.push(part.name);
            once(&mut counts, zone, part.minutes.0)
        }))?;
        Ok(Self(counts))
    }
}

fn once<T>(zones: &mut BTreeMap<ZoneId, T>, zone: ZoneId, value: T) -> Result<(), String> {
    match zones.entry(zone) {
        Entry::Vacant(entry) => {
            entry.insert(value);
            Ok(())
        }
        Entry::Occupied(entry) => Err(format!(
            "{} stands there twice, expected each zone once",
            entry.key()
        )),
    }
}

/// Takes the entries of a map by zone one by one.
struct EachZone<F, T> {
    take: F,
    of: PhantomData<T>,
}

impl<F, T> EachZone<F, T> {
    fn new(take: F) -> Self {
        Self {
            take,
            of: PhantomData,
        }
    }
}

impl<'de, T, F> Visitor<'de> for EachZone<F, T>
where
    T: Deserialize<'de>,
    F: FnMut(ZoneId, T) -> Result<(), String>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object by AZ ID")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(zone) = map.next_key()? {
            let value = map.next_value()?;
            (self.take)(zone, value).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

impl From<MinutePart> for Minute {
    fn from(part: MinutePart) -> Self {
        let instance = |part: InstancePart| InstanceMinute {
            id: part.id,
            requests: part.requests.0,
            faults: part.faults.0,
            slow: part.slow.0,
        };
        Self {
            requests: part.requests.0,
            faults: part.faults.0,
            slow: part.slow.0,
            healthy_hosts: part.healthy_hosts.map(|hosts| hosts.0),
            instances: part
                .instances
                .map_or_else(Vec::new, |all| all.into_iter().map(instance).collect()),
        }
    }
}

/// Serving zones that must be left where the policy does not say: an observation may be of two zones.
const MIN_ZONES: u8 = 1;

/// Reads an observation: its id, and what is to be classified.
///
/// # Errors
/// Everything that is wrong with it, by field; but where the JSON has another shape than an
/// observation, only the first place that does not fit.
pub fn read(line: &str) -> Result<(Cow<'_, str>, Case), String> {
    let observation = match plain::read(line) {
        Some(observation) => observation,
        None => parse(line)?,
    };
    check(observation).map_err(|problems| problems.to_string())
}

impl<'a> Observation<'a> {
    /// One with nothing beside its counts.
    pub(super) fn plain(id: Cow<'a, str>, zones: Counts) -> Self {
        Self {
            id,
            policy: None,
            zones: Zones(zones),
            regional_alarm: None,
            zonal_alarms: None,
            shifted_away_from: None,
        }
    }
}

/// Reads any line, or says what is the first thing that does not fit, and where.
pub(super) fn parse(line: &str) -> Result<Observation<'_>, String> {
    serde_json::from_str(line).or_else(|_| find_misfit(line))
}

/// Reads a line with the path to each place, which costs more than the judgement.
fn find_misfit(line: &str) -> Result<Observation<'_>, String> {
    let mut deserializer = serde_json::Deserializer::from_str(line);
    let parsed = serde_path_to_error::deserialize(&mut deserializer);
    let (path, error) = match parsed {
        Ok(observation) => match deserializer.end() {
            Ok(()) => return Ok(observation),
            Err(error) => (".".to_owned(), error),
        },
        Err(error) => (error.path().to_string(), error.into_inner()),
    };
    // A line has one line: its number is ours to tell.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = error.to_string();
    let message = message.strip_suffix(&place).unwrap_or(&message);
    let column = error.column();
    Err(match path.as_str() {
        "." | "?" => format!("{message} (column {column})"),
        path => format!("{path}: {message} (column {column})"),
    })
}

/// The id of a line that is no observation, where it can be made out.
pub(super) fn id(line: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_str(line).ok().map(|Named { id }| id)
}

pub(super) fn check(observation: Observation<'_>) -> Result<(Cow<'_, str>, Case), Problems> {
    let mut problems = Vec::new();
    let mut refuse = |field: String, message: String| problems.push(Problem { field, message });
    let Zones(counts) = observation.zones;
    if counts.is_empty() {
        let message = "no zones, expected the minutes of each zone by AZ ID, such as use1-az1";
        refuse("zones".to_owned(), message.to_owned());
    }
    let strange = |zone: &ZoneId| {
        let known: Vec<&str> = counts.keys().map(ZoneId::as_str).collect();
        let known = known.join(", ");
        let is_strange = !counts.is_empty() && !counts.contains_key(zone);
        is_strange.then(|| format!("{zone} is not one of the zones, expected one of {known}"))
    };
    let zonal_alarms = observation.zonal_alarms.map(|ByZone(alarms)| alarms);
    for zone in zonal_alarms.iter().flat_map(BTreeMap::keys) {
        if let Some(message) = strange(zone) {
            refuse(format!("zonalAlarms.{zone}"), message);
        }
    }
    if let Some(message) = observation.shifted_away_from.as_ref().and_then(strange) {
        refuse("shiftedAwayFrom".to_owned(), message);
    }
    let policy = observation.policy.unwrap_or_default();
    let min_zones = match policy
        .min_zones
        .map(|Count(zones)| (zones, u8::try_from(zones)))
    {
        None => MIN_ZONES,
        Some((_, Ok(zones @ 1..=20))) => zones,
        Some((zones, _)) => {
            let message = format!("{zones} is out of range, expected 1 to 20");
            refuse("policy.minZones".to_owned(), message);
            MIN_ZONES
        }
    };
    let criteria = match policy.criteria {
        None => Criteria::default(),
        Some(definition) => definition.check("policy.criteria").unwrap_or_else(|wrong| {
            problems.extend(wrong.iter().cloned());
            Criteria::default()
        }),
    };
    let capacity = Limits::check(
        "policy",
        policy
            .host_requests_per_minute
            .map(|Count(requests)| requests),
        policy.max_growth,
        policy.without_capacity.unwrap_or_default(),
    )
    .unwrap_or_else(|wrong| {
        problems.extend(wrong.iter().cloned());
        Limits::default()
    });
    if let Some(problems) = Problems::all(problems) {
        return Err(problems);
    }
    let case = Case {
        counts,
        situation: Situation {
            regional_alarm: observation.regional_alarm == Some(RegionalState::Alarm),
            zonal_alarms: zonal_alarms.map(|alarms| {
                let state = |(zone, state): (ZoneId, ZonalState)| (zone, state.into());
                alarms.into_iter().map(state).collect()
            }),
            shifted_away_from: observation.shifted_away_from,
        },
        criteria,
        min_zones,
        without_evidence: policy.without_evidence.unwrap_or_default(),
        capacity,
    };
    Ok((observation.id, case))
}
