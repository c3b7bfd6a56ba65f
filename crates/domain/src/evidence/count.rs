//! From CloudWatch's answer to counts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::query::{Planned, Role, plan};
use super::{Answers, EvidenceSource, Series};
use crate::failure::{Class, Failure};
use crate::judge::{Counts, InstanceMinute, Minute, Minutes};
use crate::observation::Evidence;
use crate::workload::ZoneMap;

/// So long after a minute's end, what CloudWatch lacks of it is not under way any more.
pub const SETTLED: SignedDuration = SignedDuration::from_mins(2);

/// Minutes that the newest data may be behind. What is older tells of another situation.
pub const LATEST: usize = 2;

/// A search gives so many series at the most, and does not say that there were more.
pub const MOST_INSTANCES: usize = 500;

/// Settled minutes from which on it can be said what a zone usually sends.
const USUAL: usize = 3;

/// With fewer minutes than these there would be too few settled ones to tell.
const LEAST: usize = 5;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Which minutes are looked at, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The start of the first minute; a time within a minute stands for that minute.
    pub from: Timestamp,
    /// How many minutes.
    pub minutes: usize,
    /// When CloudWatch was asked: a minute that ended [`SETTLED`] before has all of its data.
    pub seen_at: Timestamp,
}

impl Span {
    /// The complete minutes that are looked at for a judgement with so many minutes of history.
    #[must_use]
    pub fn recent(history: usize, now: Timestamp) -> Self {
        let minutes = history.max(LEAST) + LATEST;
        Self {
            from: back(floor(now), minutes),
            minutes,
            seen_at: now,
        }
    }

    /// The start of each minute.
    pub fn starts(self) -> impl Iterator<Item = Timestamp> {
        let from = floor(self.from);
        (0..self.minutes).map(move |index| forth(from, index))
    }

    /// The end of the last minute.
    #[must_use]
    pub fn end(self) -> Timestamp {
        forth(floor(self.from), self.minutes)
    }

    fn is_settled(self, start: Timestamp) -> bool {
        start
            .checked_add(MINUTE + SETTLED)
            .is_ok_and(|settled| settled <= self.seen_at)
    }
}

/// The counts of each zone in each minute of a span. A minute of which CloudWatch does not tell
/// enough is `None`, by the rules of the [module](super).
#[must_use]
pub fn counts(source: &EvidenceSource, zones: &ZoneMap, span: Span, answers: &Answers) -> Counts {
    let plan = plan(source, zones);
    let of_targets = matches!(source, EvidenceSource::Alb(_));
    zones
        .ids()
        .into_iter()
        .map(|id| {
            let zone = Zone::new(
                plan.iter().filter(|planned| planned.zone == *id),
                answers,
                of_targets,
            );
            (id.clone(), zone.minutes(span))
        })
        .collect()
}

/// The evidence of the last minutes, for a judgement with so many minutes of history: the counts up to the
/// newest minute that any zone is known in, at most [`LATEST`] minutes behind.
#[must_use]
pub fn recent(
    source: &EvidenceSource,
    zones: &ZoneMap,
    history: usize,
    now: Timestamp,
    answers: &Answers,
) -> Evidence {
    let span = Span::recent(history, now);
    let mut counts = counts(source, zones, span, answers);
    let behind = (0..=LATEST).find(|behind| {
        let newest = |minutes: &Minutes| {
            minutes
                .iter()
                .rev()
                .nth(*behind)
                .is_some_and(Option::is_some)
        };
        counts.values().any(newest)
    });
    let Some(behind) = behind else {
        return Evidence::Unavailable(nothing(source, &counts, span));
    };
    for minutes in counts.values_mut() {
        minutes.truncate(span.minutes - behind);
        let older = minutes.len().saturating_sub(history);
        minutes.drain(..older);
    }
    Evidence::Counted {
        until: back(span.end(), behind),
        counts,
    }
}

/// Why there are no counts: they are late, or there have been none all the time. No call has failed,
/// which would have another class.
fn nothing(source: &EvidenceSource, counts: &Counts, span: Span) -> Failure {
    let ever = counts.values().flatten().any(Option::is_some);
    let message = if ever {
        format!(
            "evidence of {source} is late: no zone has counts in the last {} min",
            LATEST + 1
        )
    } else {
        format!(
            "evidence of {source}: no zone has counts in the last {} min; correct workload.evidence if there is traffic",
            span.minutes
        )
    };
    Failure::new(Class::OutOfTime, message)
}

/// What is known of a series in a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Known(f64),
    /// There is none, and the answer is complete.
    Absent,
    Unknown,
}

/// No count is larger: from here on a float leaves out whole numbers.
const LARGEST: f64 = 9_007_199_254_740_992.0;

impl Value {
    fn of(series: Option<&Series>, start: Timestamp) -> Self {
        let Some(series) = series else {
            return Self::Unknown;
        };
        Self::at(&series.points, start, series.complete)
    }

    fn at(points: &BTreeMap<Timestamp, f64>, start: Timestamp, complete: bool) -> Self {
        match points.get(&start) {
            Some(value) if (0.0..=LARGEST).contains(value) => Self::Known(*value),
            Some(_) => Self::Unknown,
            None if complete => Self::Absent,
            None => Self::Unknown,
        }
    }

    fn is_known(self) -> bool {
        matches!(self, Self::Known(_))
    }
}

/// The series of one zone.
struct Zone<'a> {
    series: Vec<(Role, Option<&'a Series>)>,
    /// The series of its instances, where the source has them.
    instances: Option<Vec<(Role, Option<&'a Series>)>>,
    /// Whether response times are those of targets, which 5xx have as well, and which a minute with
    /// requests does not lack.
    of_targets: bool,
}

/// One minute of a zone: each series with its value.
type Row = Vec<(Role, Value)>;

impl<'a> Zone<'a> {
    fn new(
        planned: impl Iterator<Item = &'a Planned>,
        answers: &'a Answers,
        of_targets: bool,
    ) -> Self {
        let (split, whole): (Vec<&Planned>, Vec<&Planned>) =
            planned.partition(|planned| planned.split);
        let series = |planned: Vec<&Planned>| {
            let answer = |planned: &Planned| (planned.role, answers.get(&planned.query.id));
            planned.into_iter().map(answer).collect()
        };
        Self {
            instances: (!split.is_empty()).then(|| series(split)),
            series: series(whole),
            of_targets,
        }
    }

    fn minutes(&self, span: Span) -> Minutes {
        let rows: Vec<(Timestamp, Row)> = span
            .starts()
            .map(|start| (start, self.row(start)))
            .collect();
        let settled = rows
            .iter()
            .filter(|(start, _)| span.is_settled(*start))
            .map(|(_, row)| row);
        let usual = usual(settled, self.series.len());
        rows.iter()
            .map(|(start, row)| {
                let settled = span.is_settled(*start);
                let known = is_told(row) && (settled || self.is_whole(row, &usual));
                let instances = self.instances(*start, row).filter(|_| known)?;
                Some(Minute {
                    instances,
                    ..self.minute(row, settled)
                })
            })
            .collect()
    }

    fn row(&self, start: Timestamp) -> Row {
        let value = |(role, series): &(Role, Option<&Series>)| (*role, Value::of(*series, start));
        self.series.iter().map(value).collect()
    }

    /// The counts of each instance; `None` where there should be some and are not known.
    fn instances(&self, start: Timestamp, of_zone: &Row) -> Option<Vec<InstanceMinute>> {
        let Some(series) = &self.instances else {
            return Some(Vec::new());
        };
        if series
            .iter()
            .any(|(_, series)| !series.is_some_and(|series| series.complete))
        {
            return None;
        }
        let found = |(_, series): &(Role, Option<&'a Series>)| {
            let instances = series.map(|series| series.instances.keys());
            instances.into_iter().flatten()
        };
        let ids: BTreeSet<&String> = series.iter().flat_map(found).collect();
        if ids.len() >= MOST_INSTANCES {
            return Some(Vec::new());
        }
        let mut instances = Vec::new();
        for id in ids {
            let value = |(role, series): &(Role, Option<&Series>)| {
                let points = series.and_then(|series| series.instances.get(id));
                let value = points.map(|points| Value::at(points, start, true));
                (*role, value.unwrap_or(Value::Absent))
            };
            let row: Row = series.iter().map(value).collect();
            if row.iter().any(|(_, value)| *value == Value::Unknown) {
                return None;
            }
            let minute = self.minute(&row, true);
            if minute.requests > 0 || minute.faults > 0 {
                instances.push(InstanceMinute {
                    id: id.clone(),
                    requests: minute.requests,
                    faults: minute.faults,
                    slow: minute.slow,
                });
            }
        }
        let expected = sum(of_zone, Role::Requests) > 0;
        (!instances.is_empty() || !expected).then_some(instances)
    }

    /// Whether a young minute lacks nothing that is to be expected.
    fn is_whole(&self, row: &Row, usual: &[bool]) -> bool {
        let requests = sum(row, Role::Requests);
        if !row
            .iter()
            .any(|(role, value)| *role == Role::Requests && value.is_known())
        {
            return false;
        }
        // Where the load balancer could not reach targets, there is nothing of targets to come.
        let explained = self.of_targets && own_faults(row).saturating_mul(2) >= requests.max(1);
        let of_targets =
            |role| matches!(role, Role::Faults | Role::Answers(_) | Role::SlowPercent(_));
        row.iter().zip(usual).all(|((role, value), usual)| {
            let response_times = matches!(role, Role::Answers(_) | Role::SlowPercent(_));
            let expected = *usual || (self.of_targets && response_times && requests > 0);
            value.is_known()
                || *role == Role::Hosts
                || !expected
                || (explained && of_targets(*role))
        })
    }

    fn minute(&self, row: &Row, settled: bool) -> Minute {
        let targets = sum(row, Role::Faults);
        let turned_away = sum(row, Role::TurnedAway);
        let faults = targets
            .saturating_add(own_faults(row))
            .saturating_add(turned_away);
        let mut slow = sum(row, Role::Slow).saturating_add(slow_answers(row));
        if self.of_targets {
            // As many of the slow answers as possible are taken for those that failed as well.
            slow = slow.saturating_sub(targets);
        }
        Minute {
            requests: sum(row, Role::Requests).saturating_add(turned_away),
            faults,
            slow,
            healthy_hosts: hosts(row, settled),
            instances: Vec::new(),
        }
    }
}

/// Which of a zone's series had a value in every settled minute with requests. None where there were
/// too few such minutes to tell.
fn usual<'a>(settled: impl Iterator<Item = &'a Row>, series: usize) -> Vec<bool> {
    let is_busy = |row: &&Row| sum(row, Role::Requests) > 0;
    let busy: Vec<&Row> = settled.filter(is_busy).collect();
    let always = |column: usize| busy.iter().all(|row| row[column].1.is_known());
    (0..series)
        .map(|column| busy.len() >= USUAL && always(column))
        .collect()
}

/// Whether a minute tells anything, and nothing that counts is unknown.
fn is_told(row: &Row) -> bool {
    let known = row.iter().any(|(_, value)| value.is_known());
    let unknown = row
        .iter()
        .any(|(role, value)| *role != Role::Hosts && *value == Value::Unknown);
    known && !unknown
}

fn sum(row: &Row, of: Role) -> u64 {
    row.iter()
        .filter(|(role, _)| *role == of)
        .map(|(_, value)| whole(*value))
        .fold(0, u64::saturating_add)
}

/// What a load balancer answered itself, by the larger of its two views.
fn own_faults(row: &Row) -> u64 {
    sum(row, Role::OwnFaults).max(sum(row, Role::Connections))
}

fn slow_answers(row: &Row) -> u64 {
    let percents: BTreeMap<usize, f64> = row
        .iter()
        .filter_map(|(role, value)| match (role, value) {
            (Role::SlowPercent(number), Value::Known(percent)) => Some((*number, *percent)),
            _ => None,
        })
        .collect();
    row.iter()
        .map(|(role, value)| match (role, value) {
            (Role::Answers(number), Value::Known(answers)) => {
                let percent = percents.get(number).copied().unwrap_or_default();
                whole(Value::Known(answers * percent.min(100.0) / 100.0))
            }
            _ => 0,
        })
        .fold(0, u64::saturating_add)
}

/// The healthy hosts of all target groups, where any is known and none is missing. A group without
/// targets in the zone is absent, but so is one in a young minute that is late.
fn hosts(row: &Row, settled: bool) -> Option<u64> {
    let mut hosts = None;
    for (_, value) in row.iter().filter(|(role, _)| *role == Role::Hosts) {
        match value {
            Value::Known(_) => hosts = Some(hosts.unwrap_or(0_u64).saturating_add(whole(*value))),
            Value::Absent if settled => {}
            Value::Absent | Value::Unknown => return None,
        }
    }
    hosts
}

/// A count to the nearest whole number; what is absent is none.
fn whole(value: Value) -> u64 {
    match value {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "known values are between zero and what a float holds exactly"
        )]
        Value::Known(value) => value.round() as u64,
        Value::Absent | Value::Unknown => 0,
    }
}

fn floor(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(Timestamp::MIN)
}

fn forth(time: Timestamp, minutes: usize) -> Timestamp {
    let minutes = i64::try_from(minutes)
        .unwrap_or(i64::MAX)
        .saturating_mul(60);
    time.checked_add(SignedDuration::from_secs(minutes))
        .unwrap_or(Timestamp::MAX)
}

fn back(time: Timestamp, minutes: usize) -> Timestamp {
    let minutes = i64::try_from(minutes)
        .unwrap_or(i64::MAX)
        .saturating_mul(60);
    time.checked_sub(SignedDuration::from_secs(minutes))
        .unwrap_or(Timestamp::MIN)
}
