//! The source of evidence as people write it, and the check that makes an [`EvidenceSource`] of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::query::{MOST_QUERIES, MetricQuery, queries};
use super::{Custom, EvidenceSource, LatencyUnit, LoadBalancer, Slow, ZoneDimension, ZoneNaming};
use crate::problem::{Problem, Problems, field_at};
use crate::workload::ZoneMap;

/// An answer that takes longer than ten minutes is not waited for.
const LONGEST_SLOW_MS: u32 = 600_000;

/// CloudWatch's limits.
const LONGEST_SEARCH: usize = 1024;
const MOST_DIMENSIONS: usize = 30;

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a load balancer's evidence"
)]
struct BalancerDefinition {
    #[serde(rename = "source")]
    _source: String,
    load_balancer: Option<String>,
    slow_after_ms: Option<u32>,
    #[serde(default)]
    target_groups: Vec<String>,
    cross_zone: Option<String>,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "custom evidence"
)]
struct CustomDefinition {
    #[serde(rename = "source")]
    _source: String,
    namespace: Option<String>,
    requests: Option<Metrics>,
    faults: Option<Metrics>,
    slow: Option<Metrics>,
    latency: Option<LatencyDefinition>,
    slow_after_ms: Option<u32>,
    zone: Option<ZoneDefinition>,
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
    instance: Option<InstanceDefinition>,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "the instance's dimension"
)]
struct InstanceDefinition {
    dimension: String,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a metric's name, or a list of names to sum"
)]
enum Metrics {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "latency metrics with metrics and unit"
)]
struct LatencyDefinition {
    metrics: Metrics,
    unit: String,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "the zone's dimension, with dimension and as"
)]
struct ZoneDefinition {
    dimension: String,
    #[serde(rename = "as")]
    holds: String,
}

/// Reads a source of evidence for a workload in these zones.
pub(crate) fn read(
    at: &str,
    settings: Map<String, Value>,
    zones: &ZoneMap,
) -> Result<EvidenceSource, Problems> {
    let source = match settings.get("source") {
        Some(Value::String(source)) => source.clone(),
        Some(other) => {
            let message = format!("{other} is not known, expected alb, nlb or custom");
            return Err(Problems::one(format!("{at}.source"), message));
        }
        None => {
            let message = "missing, expected alb, nlb or custom";
            return Err(Problems::one(format!("{at}.source"), message));
        }
    };
    let mut check = Check {
        at,
        problems: Vec::new(),
    };
    let source = match source.as_str() {
        "alb" => check
            .balancer(parse(at, settings)?, Kind::Application)
            .map(EvidenceSource::Alb),
        "nlb" => check
            .balancer(parse(at, settings)?, Kind::Network)
            .map(EvidenceSource::Nlb),
        "custom" => check
            .custom(parse(at, settings)?)
            .map(EvidenceSource::Custom),
        other => {
            let message = format!("\"{other}\" is not known, expected alb, nlb or custom");
            check.refuse("source", message);
            None
        }
    };
    if let Some(source) = &source {
        check.size(source, zones);
    }
    match (source, Problems::all(check.problems)) {
        (_, Some(problems)) => Err(problems),
        (Some(source), None) => Ok(source),
        (None, None) => Err(Problems::one(at, "not a source of evidence")),
    }
}

fn parse<T: for<'de> Deserialize<'de>>(
    at: &str,
    settings: Map<String, Value>,
) -> Result<T, Problems> {
    serde_path_to_error::deserialize(Value::Object(settings)).map_err(|error| {
        let field = field_at(at, error.path());
        Problems::one(field, error.into_inner().to_string())
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Application,
    Network,
}

impl Kind {
    /// How CloudWatch's names of load balancers of the kind begin.
    fn prefix(self) -> &'static str {
        match self {
            Self::Application => "app",
            Self::Network => "net",
        }
    }
}

struct Check<'a> {
    at: &'a str,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            field: format!("{}.{field}", self.at),
            message: message.into(),
        });
    }

    fn required<T>(&mut self, field: &str, found: Option<T>, expected: &str) -> Option<T> {
        if found.is_none() {
            self.refuse(field, format!("missing, expected {expected}"));
        }
        found
    }

    fn balancer(&mut self, definition: BalancerDefinition, kind: Kind) -> Option<LoadBalancer> {
        let prefix = kind.prefix();
        let expected = format!("{prefix}/<name>/<id>, the end of the load balancer's ARN");
        let found = self.required("loadBalancer", definition.load_balancer, &expected)?;
        if let Some((_, name)) = found.split_once(":loadbalancer/") {
            self.refuse("loadBalancer", format!("\"{found}\" is an ARN, expected the part behind :loadbalancer/, as CloudWatch names it: {name}"));
        } else if !is_path(&found, prefix) {
            self.refuse("loadBalancer", format!("\"{found}\" is not a load balancer of this source, expected {expected}, behind :loadbalancer/"));
        }
        let mut groups = BTreeSet::new();
        for (index, group) in definition.target_groups.into_iter().enumerate() {
            if !is_path(&group, "targetgroup") {
                self.refuse(&format!("targetGroups[{index}]"), format!("\"{group}\" is not a target group, expected targetgroup/<name>/<id>: the end of its ARN"));
            }
            groups.insert(group);
        }
        match definition.cross_zone.as_deref() {
            None | Some("off") => {}
            Some("on") => self.refuse("crossZone", "on, expected off: with cross-zone load balancing every node sends to targets in all zones, and its metrics do not tell which zone is bad. Turn it off for the target groups, or use source custom with metrics that know the zone of the server, or of a canary"),
            Some(other) => self.refuse("crossZone", format!("\"{other}\" is not known, expected off")),
        }
        if kind == Kind::Network && definition.slow_after_ms.is_some() {
            self.refuse("slowAfterMs", "not possible with source nlb: a Network Load Balancer knows no latency. Leave it out, or use source custom");
        } else {
            self.slow_after(definition.slow_after_ms);
        }
        Some(LoadBalancer {
            dimension: found,
            slow_after_ms: definition.slow_after_ms,
            target_groups: groups,
        })
    }

    fn custom(&mut self, definition: CustomDefinition) -> Option<Custom> {
        let sum = "a metric's name, or a list of names to sum";
        let namespace = self.required("namespace", definition.namespace, "the metrics' namespace");
        let requests = self.required("requests", definition.requests, sum);
        let faults = self.required("faults", definition.faults, sum);
        let zone = self.required(
            "zone",
            definition.zone,
            "the zone's dimension, such as {\"dimension\": \"AZ-ID\", \"as\": \"id\"}",
        );
        let (namespace, requests, faults, zone) = (namespace?, requests?, faults?, zone?);
        let length = namespace.chars().count();
        if length == 0 || length > 255 {
            self.refuse(
                "namespace",
                format!("{length} characters, expected 1 to 255"),
            );
        }
        let requests = self.metrics("requests", requests);
        let faults = self.metrics("faults", faults);
        let counted = definition.slow.map(|slow| self.metrics("slow", slow));
        let latency = definition.latency.map(|latency| {
            let metrics = self.metrics("latency.metrics", latency.metrics);
            let unit = match latency.unit.as_str() {
                "s" => Some(LatencyUnit::Seconds),
                "ms" => Some(LatencyUnit::Milliseconds),
                other => {
                    self.refuse("latency.unit", format!("\"{other}\" is not known, expected s or ms: the unit that the metric is published in"));
                    None
                }
            };
            (metrics, unit)
        });
        self.slow_after(definition.slow_after_ms);
        let slow = match (counted, latency, definition.slow_after_ms) {
            (None, None, None) => Some(Slow::NotCounted),
            (Some(metrics), None, None) => Some(Slow::Counted(metrics)),
            (None, Some((metrics, unit)), Some(after_ms)) => unit.map(|unit| Slow::Latency {
                metrics,
                unit,
                after_ms,
            }),
            (Some(_), Some(_), _) => {
                self.refuse("latency", "stands beside slow, expected one of the two: metrics that count slow requests, or the latency to count them from");
                None
            }
            (None, Some(_), None) => {
                self.refuse("slowAfterMs", "missing beside latency, expected from how many milliseconds on a request is slow, such as 350");
                None
            }
            (_, None, Some(_)) => {
                self.refuse("slowAfterMs", "stands without latency, expected latency with metrics and unit beside it: metrics of slow requests have their own limit");
                None
            }
        };
        let zone = self.zone(zone);
        let dimensions = definition.dimensions;
        if dimensions.contains_key(&zone.as_ref()?.dimension) {
            let name = &zone.as_ref()?.dimension;
            self.refuse(&format!("dimensions.{name}"), "is the zone's dimension already, expected only dimensions that are the same in every zone");
        }
        if dimensions.len() >= MOST_DIMENSIONS {
            let n = dimensions.len();
            self.refuse(
                "dimensions",
                format!(
                    "{n} dimensions, expected at most {}, beside the zone's",
                    MOST_DIMENSIONS - 1
                ),
            );
        }
        for (name, value) in &dimensions {
            if !is_text(name) || !is_text(value) {
                self.refuse(&format!("dimensions.{name}"), format!("\"{value}\" is not a dimension's value, expected name and value of 1 to 255 characters"));
            }
        }
        let instance = definition.instance.map(|instance| instance.dimension);
        if let Some(name) = &instance {
            let is_zone = zone.as_ref().is_some_and(|zone| zone.dimension == *name);
            if !is_text(name) || is_zone || dimensions.contains_key(name) {
                self.refuse("instance.dimension", format!("\"{name}\" is not a dimension of its own, expected the one that tells instances apart, such as InstanceId"));
            }
            // They stand between quotation marks in the search for instances.
            let mut texts = [&namespace, name]
                .into_iter()
                .chain(zone.as_ref().map(|zone| &zone.dimension))
                .chain(requests.iter().chain(&faults))
                .chain(dimensions.iter().flat_map(|(name, value)| [name, value]));
            if let Some(text) = texts.find(|text| text.contains(['"', '\''])) {
                self.refuse("instance", format!("stands beside {text}, expected names and values without quotation marks: CloudWatch could not search for them"));
            }
        }
        Some(Custom {
            namespace,
            requests,
            faults,
            slow: slow?,
            zone: zone?,
            dimensions,
            instance,
        })
    }

    fn zone(&mut self, definition: ZoneDefinition) -> Option<ZoneDimension> {
        if !is_text(&definition.dimension) {
            self.refuse(
                "zone.dimension",
                format!(
                    "\"{}\" is not a dimension, expected 1 to 255 characters, such as AZ-ID",
                    definition.dimension
                ),
            );
        }
        let holds = match definition.holds.as_str() {
            "id" => ZoneNaming::Id,
            "name" => ZoneNaming::Name,
            other => {
                self.refuse("zone.as", format!("\"{other}\" is not known, expected id where the dimension holds AZ IDs such as use1-az1, or name where it holds AZ names such as us-east-1a"));
                return None;
            }
        };
        Some(ZoneDimension {
            dimension: definition.dimension,
            holds,
        })
    }

    fn metrics(&mut self, field: &str, metrics: Metrics) -> Vec<String> {
        let names = match metrics {
            Metrics::One(name) => vec![name],
            Metrics::Several(names) => names,
        };
        if names.is_empty() {
            self.refuse(
                field,
                "no metrics, expected a metric's name, or a list of names to sum",
            );
        }
        let mut seen = BTreeSet::new();
        for name in &names {
            if !is_text(name) {
                self.refuse(
                    field,
                    format!("\"{name}\" is not a metric's name, expected 1 to 255 characters"),
                );
            }
            if !seen.insert(name) {
                self.refuse(
                    field,
                    format!("{name} is listed twice, expected once: the metrics are summed"),
                );
            }
        }
        names
    }

    fn slow_after(&mut self, milliseconds: Option<u32>) {
        if let Some(found) = milliseconds
            && !(1..=LONGEST_SLOW_MS).contains(&found)
        {
            self.refuse(
                "slowAfterMs",
                format!("{found} is out of range, expected 1 to {LONGEST_SLOW_MS} milliseconds"),
            );
        }
    }

    fn size(&mut self, source: &EvidenceSource, zones: &ZoneMap) {
        let queries = queries(source, zones);
        let longest = queries
            .iter()
            .filter_map(MetricQuery::search)
            .map(|search| search.len());
        if let Some(length) = longest.max().filter(|length| *length > LONGEST_SEARCH) {
            self.refuse("instance", format!("needs a search of {length} characters, expected at most {LONGEST_SEARCH}: shorten names, or leave out dimensions"));
        }
        let n = queries.len();
        if n <= MOST_QUERIES {
            return;
        }
        let field = match source {
            EvidenceSource::Alb(_) | EvidenceSource::Nlb(_) => "targetGroups",
            EvidenceSource::Custom(_) => "requests",
        };
        self.refuse(field, format!("{n} queries of CloudWatch in {} zones, expected at most {MOST_QUERIES}: name fewer", zones.len()));
    }
}

/// `app/front/50dc6c495c0c9188`: three parts, none empty, the first of them given.
fn is_path(text: &str, first: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let plain = |part: &&str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    parts.len() == 3 && parts[0] == first && parts.iter().all(plain)
}

fn is_text(text: &str) -> bool {
    (1..=255).contains(&text.chars().count())
}
