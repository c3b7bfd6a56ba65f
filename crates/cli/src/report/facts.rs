//! What the account tells of a time.

use std::time::Duration;

use classifier::Metrics;
use domain::Workload;
use domain::evidence::EvidenceSource;
use domain::judge::Counts;
use jiff::Timestamp;

use super::lines::{self, FunctionLine};
use super::series;
use crate::account::{
    Account, AlarmChange, Alarms, AnswerTimes, Groups, Latencies, Logs, ScalingActivity, Shifts,
    Unread, ZonalShift,
};
use crate::period::Period;

/// What one question to CloudWatch may cost, with its repetitions.
const WITHIN: Duration = Duration::from_secs(60);

/// What is known. What could not be read is none, and stands in `unread`.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) workload: Workload,
    pub(super) region: String,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// The changes of the workload's own alarms, the oldest first.
    pub(super) alarms: Option<Vec<AlarmChange>>,
    /// The shifts of its resources, the oldest first.
    pub(super) shifts: Option<Vec<ZonalShift>>,
    /// What its groups did, the oldest first.
    pub(super) activities: Option<Vec<ScalingActivity>>,
    /// What the functions logged of it, the oldest first.
    pub(super) lines: Option<Vec<FunctionLine>>,
    /// Its evidence, minute by minute from `from` on.
    pub(super) counts: Option<Counts>,
    /// How long its load balancer's targets took, in periods of [`series::latency_step`].
    pub(super) latencies: Option<Latencies>,
    /// What could not be read, as sentences with what to do about it.
    pub(super) unread: Vec<String>,
}

impl Facts {
    /// Reads everything at the same time. What cannot be read does not keep the rest from being told.
    pub(super) async fn read(
        account: &Account,
        workload: Workload,
        period: &Period,
        log_groups: &[String],
    ) -> Self {
        let reader = Reader {
            account,
            workload: &workload,
            from: period.from,
            to: period.to,
        };
        let (alarms, shifts, activities, lines, counts, latencies) = tokio::join!(
            reader.alarms(),
            reader.shifts(),
            reader.activities(),
            reader.lines(log_groups),
            reader.counts(period),
            reader.latencies(),
        );
        let mut unread = Vec::new();
        Self {
            alarms: known(alarms, &mut unread),
            shifts: known(shifts, &mut unread),
            activities: known(activities, &mut unread),
            lines: known(lines, &mut unread).flatten(),
            counts: known(counts, &mut unread).flatten(),
            latencies: known(latencies, &mut unread).flatten(),
            region: account.region().to_owned(),
            from: period.from,
            to: period.to,
            unread,
            workload,
        }
    }
}

fn known<T>(read: Result<T, Unread>, unread: &mut Vec<String>) -> Option<T> {
    read.map_err(|error| unread.push(error.to_string())).ok()
}

struct Reader<'a> {
    account: &'a Account,
    workload: &'a Workload,
    from: Timestamp,
    to: Timestamp,
}

impl Reader<'_> {
    async fn alarms(&self) -> Result<Vec<AlarmChange>, Unread> {
        let alarms = Alarms::of(self.account);
        let mut changes = Vec::new();
        for name in self.workload.alarm_names() {
            changes.extend(alarms.history(&name, self.from, self.to).await?);
        }
        changes.sort_by_key(|change| change.at);
        Ok(changes)
    }

    async fn shifts(&self) -> Result<Vec<ZonalShift>, Unread> {
        let shifts = Shifts::of(self.account);
        let mut all = Vec::new();
        for resource in &self.workload.resources {
            all.extend(shifts.between(resource, self.from, self.to).await?);
        }
        all.sort_by_key(|shift| shift.began);
        Ok(all)
    }

    async fn activities(&self) -> Result<Vec<ScalingActivity>, Unread> {
        let Some(selector) = &self.workload.groups else {
            return Ok(Vec::new());
        };
        let groups = Groups::of(self.account);
        let mut all = Vec::new();
        for group in groups.names(selector).await? {
            all.extend(groups.activities(&group, self.from, self.to).await?);
        }
        all.sort_by_key(|activity| activity.began);
        Ok(all)
    }

    /// None where it is not known which logs are the functions'.
    async fn lines(&self, groups: &[String]) -> Result<Option<Vec<FunctionLine>>, Unread> {
        if groups.is_empty() {
            return Ok(None);
        }
        let logs = Logs::of(self.account);
        let name = self.workload.name.as_str();
        let pattern = format!("{{ $.workload = \"{name}\" }}");
        let mut all = Vec::new();
        for group in groups {
            let function = group.rsplit('/').next().unwrap_or(group);
            let found = logs.lines(group, &pattern, self.from, self.to).await?;
            all.extend(
                found
                    .iter()
                    .filter_map(|line| lines::read(line, function, name)),
            );
        }
        all.sort_by_key(|line| line.at);
        Ok(Some(all))
    }

    /// None where the workload has no evidence, or there was none.
    async fn counts(&self, period: &Period) -> Result<Option<Counts>, Unread> {
        let Some(source) = &self.workload.evidence else {
            return Ok(None);
        };
        let metrics = Metrics::new(self.account.connections());
        let counts = metrics
            .read(source, &self.workload.zones, period.span(0), WITHIN)
            .await
            .map_err(|failure| Unread::new(failure, "cloudwatch:GetMetricData"))?;
        let any = counts.values().flatten().any(Option::is_some);
        Ok(any.then_some(counts))
    }

    /// None where the workload's evidence has no times to answer.
    async fn latencies(&self) -> Result<Option<Latencies>, Unread> {
        let Some(EvidenceSource::Alb(balancer)) = &self.workload.evidence else {
            return Ok(None);
        };
        let step_s = series::latency_step(self.from, self.to);
        let times = AnswerTimes::of(self.account);
        let zones = &self.workload.zones;
        let read = times.read(balancer, zones, (self.from, self.to), step_s);
        Ok(Some(read.await?))
    }
}
