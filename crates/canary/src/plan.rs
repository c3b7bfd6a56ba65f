//! What the canary asks: the variable `EVAC_CANARY`, a JSON object.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{WorkloadName, ZoneId};
use http::Uri;
use runtime::settings::Reader;
use serde::Deserialize;

/// The variable's name.
const VARIABLE: &str = "EVAC_CANARY";
/// Requests to each endpoint in an invocation.
const DEFAULT_REQUESTS: u32 = 20;
const MOST_REQUESTS: u32 = 120;
const DEFAULT_TIMEOUT_MS: u32 = 5_000;
const LONGEST_TIMEOUT_MS: u32 = 20_000;
/// Over this long the requests of an invocation are spread, so that a blip of a second hits few.
const DEFAULT_SPREAD_SECONDS: u32 = 30;
const LONGEST_SPREAD_SECONDS: u32 = 50;

/// What is asked, and how often.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whose metrics these are.
    pub(crate) workload: WorkloadName,
    /// What is asked for.
    pub(crate) target: Target,
    /// Each zone's own endpoint: a host, with a port if it is not the target's.
    pub(crate) zones: BTreeMap<ZoneId, (String, u16)>,
    /// To each endpoint.
    pub(crate) requests: u32,
    /// From then on an answer is slow.
    pub(crate) slow_after: Duration,
    /// From then on there is no answer.
    pub(crate) timeout: Duration,
    /// From the first request to the last.
    pub(crate) spread: Duration,
}

/// A page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Path and query.
    pub(crate) path: String,
    /// Host and port as a client names them in its request.
    pub(crate) authority: String,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object with workload, url, zones and slowAfterMs"
)]
struct Definition {
    workload: WorkloadName,
    url: String,
    zones: BTreeMap<ZoneId, String>,
    requests: Option<u32>,
    slow_after_ms: u32,
    timeout_ms: Option<u32>,
    spread_seconds: Option<u32>,
}

impl Plan {
    /// Reads the plan; `None` only where a problem was noted.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.required(
            VARIABLE,
            "a JSON object with workload, url, zones and slowAfterMs, as ZonalCanary writes it",
        );
        if text.is_empty() {
            return None;
        }
        let json = &mut serde_json::Deserializer::from_str(&text);
        let definition: Definition = match serde_path_to_error::deserialize(json) {
            Ok(definition) => definition,
            Err(error) => {
                reader.refuse(VARIABLE, error);
                return None;
            }
        };
        let mut problems = Vec::new();
        let plan = check(definition, &mut problems);
        for problem in problems {
            reader.refuse(VARIABLE, problem);
        }
        plan
    }

    /// Every endpoint: each zone's, and at last the regional one.
    pub(crate) fn endpoints(&self) -> Vec<(Option<&ZoneId>, &str, u16)> {
        let zonal =
            (self.zones.iter()).map(|(zone, (host, port))| (Some(zone), host.as_str(), *port));
        let regional = (None, self.target.host.as_str(), self.target.port);
        zonal.chain([regional]).collect()
    }
}

fn check(definition: Definition, problems: &mut Vec<String>) -> Option<Plan> {
    let target = target(&definition.url);
    if target.is_none() {
        problems.push(format!(
            "url: \"{}\" is not a page, expected http://<host>/<path> or https://<host>/<path>",
            definition.url
        ));
    }
    let target = target.unwrap_or_default();
    if definition.zones.is_empty() {
        problems.push("zones: none, expected each zone's own endpoint by AZ ID, such as {\"use1-az1\": \"us-east-1a.front-123.us-east-1.elb.amazonaws.com\"}".to_owned());
    }
    let mut zones = BTreeMap::new();
    for (zone, endpoint) in definition.zones {
        match host_and_port(&endpoint, target.port) {
            Some(found) => {
                zones.insert(zone, found);
            }
            None => problems.push(format!(
                "zones.{zone}: \"{endpoint}\" is not an endpoint, expected a host name, with a port if it is not the page's"
            )),
        }
    }
    let mut within = |field: &str, value: u32, low: u32, high: u32| {
        if !(low..=high).contains(&value) {
            problems.push(format!(
                "{field}: {value} is out of range, expected {low} to {high}"
            ));
        }
        value
    };
    let requests = definition.requests.unwrap_or(DEFAULT_REQUESTS);
    let requests = within("requests", requests, 1, MOST_REQUESTS);
    let slow_after = within(
        "slowAfterMs",
        definition.slow_after_ms,
        1,
        LONGEST_TIMEOUT_MS,
    );
    let timeout = definition.timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS);
    let timeout = within("timeoutMs", timeout, slow_after.max(1), LONGEST_TIMEOUT_MS);
    let spread = definition.spread_seconds.unwrap_or(DEFAULT_SPREAD_SECONDS);
    let spread = within("spreadSeconds", spread, 0, LONGEST_SPREAD_SECONDS);
    problems.is_empty().then(|| Plan {
        workload: definition.workload,
        target,
        zones,
        requests,
        slow_after: Duration::from_millis(slow_after.into()),
        timeout: Duration::from_millis(timeout.into()),
        spread: Duration::from_secs(spread.into()),
    })
}

fn target(url: &str) -> Option<Target> {
    let uri: Uri = url.parse().ok()?;
    let tls = match uri.scheme_str()? {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let authority = uri.authority().filter(|all| !all.as_str().contains('@'))?;
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    (!host.is_empty()).then(|| Target {
        tls,
        host,
        port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
        path: path.to_owned(),
        authority: authority.to_string(),
    })
}

fn host_and_port(endpoint: &str, usual: u16) -> Option<(String, u16)> {
    let (host, port) = match endpoint.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (endpoint, usual),
    };
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!host.is_empty() && host.chars().all(name)).then(|| (host.to_owned(), port))
}
