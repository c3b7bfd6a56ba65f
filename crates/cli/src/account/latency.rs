//! CloudWatch: how long a load balancer's targets took to answer, zone by zone.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use domain::ZoneId;
use domain::evidence::LoadBalancer;
use domain::workload::ZoneMap;
use jiff::Timestamp;
use runtime::clients::next_page;
use runtime::failure::of_call;

use super::{Account, MOST_PAGES, Unread, cloudwatch, date, endless, timestamp};

/// The statistics that are asked for: half of the answers, and all but one in a hundred.
pub(crate) const STATISTICS: [&str; 2] = ["p50", "p99"];

/// Seconds by when their period began, for each zone and each of [`STATISTICS`].
pub(crate) type Latencies = BTreeMap<ZoneId, [BTreeMap<Timestamp, f64>; 2]>;

/// The times to answer of an account's load balancers.
#[derive(Debug, Clone)]
pub(crate) struct AnswerTimes {
    client: Client,
}

impl AnswerTimes {
    /// Those of this account.
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            client: cloudwatch(account),
        }
    }

    /// The times to answer of an Application Load Balancer, in periods of so many seconds.
    ///
    /// # Errors
    /// Where `GetMetricData` fails.
    pub(crate) async fn read(
        &self,
        balancer: &LoadBalancer,
        zones: &ZoneMap,
        (from, to): (Timestamp, Timestamp),
        period_s: u32,
    ) -> Result<Latencies, Unread> {
        let call = format!("GetMetricData of alb {}", balancer.dimension);
        let unread = |failure| Unread::new(failure, "cloudwatch:GetMetricData");
        let mut places = BTreeMap::new();
        let mut queries = Vec::new();
        for (zone, named) in zones.iter() {
            for (which, statistic) in STATISTICS.into_iter().enumerate() {
                let id = format!("q{}", queries.len());
                queries.push(query(
                    &id,
                    balancer,
                    named.name.as_str(),
                    statistic,
                    period_s,
                ));
                places.insert(id, (zone, which));
            }
        }
        let mut found = Latencies::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let asked = self
                .client
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(date(from))
                .end_time(date(to))
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(token);
            let page = (asked.send().await).map_err(|error| unread(of_call(&call, &error)))?;
            for result in page.metric_data_results() {
                let Some((zone, which)) = result.id().and_then(|id| places.get(id)) else {
                    continue;
                };
                let points = result.timestamps().iter().zip(result.values());
                let points = points.filter_map(|(start, value)| Some((timestamp(start)?, *value)));
                let zone = found.entry((*zone).clone()).or_default();
                zone[*which].extend(points);
            }
            token = next_page(page.next_token());
            if token.is_none() {
                return Ok(found);
            }
        }
        Err(unread(endless(&call)))
    }
}

fn query(
    id: &str,
    balancer: &LoadBalancer,
    zone: &str,
    statistic: &str,
    period_s: u32,
) -> MetricDataQuery {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace("AWS/ApplicationELB")
        .metric_name("TargetResponseTime")
        .dimensions(dimension("LoadBalancer", &balancer.dimension))
        .dimensions(dimension("AvailabilityZone", zone))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(i32::try_from(period_s).unwrap_or(60))
        .stat(statistic)
        .build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}
