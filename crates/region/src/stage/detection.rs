//! The alarms of the workload *wildrydes*, as the AWS workshop builds them by hand.
//!
//! A zone's alarm means *isolated impact*: its customers are hurt (rate), it has most of all that
//! hurts (share), and not because of one instance. Each of the three is asked of faults and of slow
//! requests, over two of three minutes. Without traffic there is no rate, so the alarm is OK then;
//! that is known, and why an alarm that is OK proves nothing in an evacuated zone.
//!
//! The share counts from 45 %, the value that cdk-multi-az-observability uses for slow requests: with
//! two bad zones of three, each has about half. So a zone's alarm alone does not tell one bad zone
//! from two, and the classifier has to.
//!
//! The regional alarm means that the customers of two zones or more are hurt, and that the regional
//! canary is, too.

use domain::{AccountId, ZoneId, ZoneName};
use jiff::Timestamp;

use super::{DIMENSION, REGION, StageError, WORKLOAD};
use crate::cloudwatch::{
    Actions, CloudWatch, Comparison, CompositeAlarmConfig, MetricAlarmConfig, MetricId, MetricStat,
    MissingData, Query, Source, Statistic, Threshold, Watch,
};

/// The regional alarm.
pub const REGIONAL_ALARM: &str = "wildrydes-regional-impact-alarm";

/// The alarm of a zone.
#[must_use]
pub fn zonal_alarm(zone: &ZoneId) -> String {
    format!("{zone}-{WORKLOAD}-isolated-impact-aggregate-alarm")
}

const MINUTE: u32 = 60;
/// Percent of the requests.
const FAULT_RATE: f64 = 1.0;
const SLOW_RATE: f64 = 5.0;
/// Percent of all that hurts.
const SHARE: f64 = 45.0;
/// With fewer bad requests a minute in all zones together, the share of one is chance: what alarms go
/// by where the scenario says nothing else.
pub(super) const ENOUGH: f64 = 100.0;
/// Percent of the canary's requests.
const CANARY_RATE: f64 = 5.0;

/// A CloudWatch with the workload's alarms.
pub(super) fn cloudwatch(
    account: &AccountId,
    zones: &[(ZoneId, ZoneName)],
    enough: f64,
    now: Timestamp,
) -> Result<CloudWatch, StageError> {
    let mut cloudwatch = CloudWatch::new(account.clone(), REGION);
    let mut metric_alarm = |name: String, threshold: f64, queries: Vec<Query>| {
        let alarm = MetricAlarmConfig {
            name,
            description: None,
            actions: Actions::default(),
            watch: Watch::Math(queries),
            threshold: Threshold {
                comparison: Comparison::Greater,
                value: threshold,
                evaluation_periods: 3,
                datapoints_to_alarm: Some(2),
                missing_data: Some(MissingData::NotBreaching),
            },
        };
        cloudwatch
            .put_metric_alarm(alarm, now)
            .map_err(StageError::of)
    };
    let hurts = [Hurt::Faults, Hurt::Slow];
    for (zone, name) in zones {
        for hurt in hurts {
            metric_alarm(part(zone, hurt, "rate"), hurt.rate(), rate(hurt, name)?)?;
            metric_alarm(
                part(zone, hurt, "share"),
                SHARE,
                share(hurt, name, zones, enough)?,
            )?;
            metric_alarm(part(zone, hurt, "instances"), 1.0, instances(hurt, zone))?;
        }
        metric_alarm(
            format!("{zone}-{WORKLOAD}-canary"),
            CANARY_RATE,
            canary(("ZoneId", zone.as_str()))?,
        )?;
    }
    metric_alarm(
        format!("{WORKLOAD}-canary"),
        CANARY_RATE,
        canary(("Endpoint", "regional"))?,
    )?;

    let mut composite = |name: String, rule: String| {
        let alarm = CompositeAlarmConfig {
            name,
            description: None,
            actions: Actions::default(),
            rule,
            suppressor: None,
        };
        cloudwatch
            .put_composite_alarm(alarm, now)
            .map_err(StageError::of)
    };
    let mut impacts = Vec::new();
    for (zone, _) in zones {
        let isolated = hurts.map(|hurt| {
            let parts = ["rate", "share", "instances"]
                .map(|what| format!("ALARM(\"{}\")", part(zone, hurt, what)));
            format!("({})", parts.join(" AND "))
        });
        composite(zonal_alarm(zone), isolated.join(" OR "))?;
        let impact = hurts.map(|hurt| format!("ALARM(\"{}\")", part(zone, hurt, "rate")));
        impacts.push(format!("({})", impact.join(" OR ")));
    }
    let two = pairs(&impacts)
        .map(|(one, other)| format!("({one} AND {other})"))
        .collect::<Vec<_>>()
        .join(" OR ");
    composite(
        REGIONAL_ALARM.to_owned(),
        format!("ALARM(\"{WORKLOAD}-canary\") AND ({two})"),
    )?;
    Ok(cloudwatch)
}

/// Each pair of items, once.
fn pairs(items: &[String]) -> impl Iterator<Item = (&String, &String)> {
    items
        .iter()
        .enumerate()
        .flat_map(|(index, one)| items[index + 1..].iter().map(move |other| (one, other)))
}

/// What hurts customers.
#[derive(Debug, Clone, Copy)]
enum Hurt {
    Faults,
    Slow,
}

impl Hurt {
    fn name(self) -> &'static str {
        match self {
            Self::Faults => "fault",
            Self::Slow => "slow",
        }
    }

    fn rate(self) -> f64 {
        match self {
            Self::Faults => FAULT_RATE,
            Self::Slow => SLOW_RATE,
        }
    }

    /// The rule that counts the instances with it.
    fn rule(self, zone: &ZoneId) -> String {
        match self {
            Self::Faults => format!("{zone}-{WORKLOAD}-instances-with-faults"),
            Self::Slow => format!("{zone}-{WORKLOAD}-instances-with-slow-requests"),
        }
    }

    /// Queries whose sum, as an expression, is how many requests of a zone it hurt. `prefix` keeps
    /// the ids of several zones apart.
    fn count(self, prefix: &str, zone: &ZoneName) -> Result<(Vec<Query>, String), StageError> {
        let sum =
            |id: &str, metric: &str| stat(&format!("{prefix}{id}"), of_zone(metric, zone), "Sum");
        match self {
            Self::Faults => {
                let queries = vec![
                    sum("target", "HTTPCode_Target_5XX_Count")?,
                    sum("balancer", "HTTPCode_ELB_5XX_Count")?,
                ];
                Ok((
                    queries,
                    format!("(FILL({prefix}target, 0) + FILL({prefix}balancer, 0))"),
                ))
            }
            Self::Slow => {
                // The count of requests above the limit: a trimmed count, as the workshop uses it.
                let query = stat(
                    &format!("{prefix}slow"),
                    of_zone("TargetResponseTime", zone),
                    "TC(0.35:)",
                )?;
                Ok((vec![query], format!("FILL({prefix}slow, 0)")))
            }
        }
    }
}

/// The name of a part of a zone's alarm.
fn part(zone: &ZoneId, hurt: Hurt, what: &str) -> String {
    format!("{zone}-{WORKLOAD}-{}-{what}", hurt.name())
}

/// How many percent of a zone's requests are hurt.
fn rate(hurt: Hurt, zone: &ZoneName) -> Result<Vec<Query>, StageError> {
    let (mut queries, count) = hurt.count("", zone)?;
    queries.push(stat("requests", of_zone("RequestCount", zone), "Sum")?);
    queries.push(answer(format!("100 * {count} / requests")));
    Ok(queries)
}

/// How many percent of all that hurts is in the zone.
fn share(
    hurt: Hurt,
    zone: &ZoneName,
    zones: &[(ZoneId, ZoneName)],
    enough: f64,
) -> Result<Vec<Query>, StageError> {
    let mut queries = Vec::new();
    let mut counts = Vec::new();
    let mut own = String::new();
    for (index, (_, name)) in zones.iter().enumerate() {
        let (of_zone, count) = hurt.count(&format!("z{index}_"), name)?;
        queries.extend(of_zone);
        if name == zone {
            own.clone_from(&count);
        }
        counts.push(count);
    }
    let all = counts.join(" + ");
    queries.push(answer(format!(
        "IF({all} >= {enough}, 100 * {own} / ({all}), 0)"
    )));
    Ok(queries)
}

/// How many instances of a zone it comes from.
fn instances(hurt: Hurt, zone: &ZoneId) -> Vec<Query> {
    let expression = format!(
        "INSIGHT_RULE_METRIC(\"{}\", \"UniqueContributors\")",
        hurt.rule(zone)
    );
    vec![Query {
        id: "instances".to_owned(),
        source: Source::Expression {
            text: expression,
            period: Some(MINUTE),
        },
        label: None,
        return_data: true,
    }]
}

/// How many percent of a canary's requests fail or are slow.
fn canary((dimension, value): (&str, &str)) -> Result<Vec<Query>, StageError> {
    let metric = |name: &str| {
        MetricId::new("Evac/Canary", name)
            .with("Workload", WORKLOAD)
            .with(dimension, value)
    };
    Ok(vec![
        stat("requests", metric("Requests"), "Sum")?,
        stat("faults", metric("Faults"), "Sum")?,
        stat("slow", metric("Slow"), "Sum")?,
        answer("100 * (faults + slow) / requests".to_owned()),
    ])
}

/// A load balancer's metric in a zone. These speak AZ names.
fn of_zone(metric: &str, zone: &ZoneName) -> MetricId {
    MetricId::new("AWS/ApplicationELB", metric)
        .with("LoadBalancer", DIMENSION)
        .with("AvailabilityZone", zone.as_str())
}

fn stat(id: &str, metric: MetricId, statistic: &str) -> Result<Query, StageError> {
    let stat: Statistic = statistic.parse().map_err(StageError::of)?;
    Ok(Query {
        id: id.to_owned(),
        source: Source::Metric(MetricStat {
            metric,
            period: MINUTE,
            stat,
            unit: None,
        }),
        label: None,
        return_data: false,
    })
}

fn answer(expression: String) -> Query {
    Query {
        id: "answer".to_owned(),
        source: Source::Expression {
            text: expression,
            period: None,
        },
        label: None,
        return_data: true,
    }
}
