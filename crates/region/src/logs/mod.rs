//! CloudWatch Logs of the embedded Region: groups, streams, and the lines in them.
//!
//! What a function writes to its standard streams is in the group `/aws/lambda/<function>`, as in AWS,
//! with the Region's time. Clients can put lines of their own.
//!
//! Simplifications: no retention, no queries of Logs Insights, no subscriptions, and filter patterns of
//! two kinds only ([`Filter`]). A group keeps its last lines, and forgets those before.

mod filter;
#[cfg(test)]
mod tests;
pub(crate) mod wire;

use std::collections::{BTreeMap, VecDeque};

use domain::AccountId;
use jiff::{SignedDuration, Timestamp};

use crate::error::ServiceError;

pub use filter::Filter;

/// Lines that a group keeps at least.
const KEPT_EVENTS: usize = 100_000;

/// How many lines a call of `FilterLogEvents` looks at; where more are left it gives a token, also with
/// nothing found. AWS documents that a page may be empty, and not after how many lines.
const LOOKED_AT: usize = 10_000;

/// Limits of a batch of `PutLogEvents`. Source: API reference.
const MOST_IN_BATCH: usize = 10_000;
const LARGEST_BATCH: usize = 1_048_576;
const BYTES_PER_EVENT: usize = 26;
const LONGEST_BATCH: SignedDuration = SignedDuration::from_hours(24);
const OLDEST: SignedDuration = SignedDuration::from_hours(14 * 24);
const NEWEST: SignedDuration = SignedDuration::from_hours(2);

/// A line in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// When it was written, to the millisecond.
    pub at: Timestamp,
    /// When the group got it.
    pub ingested: Timestamp,
    /// The stream.
    pub stream: String,
    /// Its number among all lines of the Region, from 1.
    pub number: u64,
    /// The line.
    pub message: String,
}

/// A group of streams.
#[derive(Debug, Clone)]
pub struct Group {
    /// When it was created.
    pub created: Timestamp,
    /// The streams, with the times of their creation.
    pub streams: BTreeMap<String, Timestamp>,
    /// The lines, by time and number.
    events: VecDeque<LogEvent>,
}

/// What `FilterLogEvents` looks for.
#[derive(Debug, Clone, Default)]
pub struct FilterEvents {
    /// The group, by name or ARN.
    pub group: String,
    /// Only these streams.
    pub streams: Option<Vec<String>>,
    /// Only streams whose name begins so.
    pub stream_prefix: Option<String>,
    /// From this time on.
    pub start: Option<Timestamp>,
    /// Up to this time, itself included.
    pub end: Option<Timestamp>,
    /// Only lines that match.
    pub filter: Filter,
    /// How many lines at the most.
    pub limit: usize,
    /// Where the page before ended.
    pub token: Option<String>,
}

/// A page of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The lines, the oldest first.
    pub events: Vec<LogEvent>,
    /// What to ask for the next page with; the last page has none.
    pub next_token: Option<String>,
}

/// Which lines of a batch were not taken, by their place in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rejected {
    /// Those before this place are too old.
    pub too_old_end: Option<usize>,
    /// Those from this place on are too far ahead.
    pub too_new_start: Option<usize>,
}

/// The service.
#[derive(Debug, Clone)]
pub struct Logs {
    account: AccountId,
    region: String,
    groups: BTreeMap<String, Group>,
    events: u64,
}

impl Logs {
    /// Logs without a group.
    #[must_use]
    pub fn new(account: AccountId, region: &str) -> Self {
        Self {
            account,
            region: region.to_owned(),
            groups: BTreeMap::new(),
            events: 0,
        }
    }

    /// Takes a line that a function wrote; its group is there from the first one on.
    pub fn write(&mut self, function: &str, line: &str, now: Timestamp) {
        let group = self
            .groups
            .entry(format!("/aws/lambda/{function}"))
            .or_insert_with(|| Group::new(now));
        let stream = "embedded".to_owned();
        group.streams.entry(stream.clone()).or_insert(now);
        self.events += 1;
        group.insert(LogEvent {
            at: whole_millisecond(now),
            ingested: whole_millisecond(now),
            stream,
            number: self.events,
            message: line.to_owned(),
        });
    }

    /// Creates a group.
    ///
    /// # Errors
    /// `InvalidParameterException` for its name, `ResourceAlreadyExistsException` where it exists.
    pub fn create_group(&mut self, name: &str, now: Timestamp) -> Result<(), ServiceError> {
        if !is_group_name(name) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+, with 1 to 512 characters"
            )));
        }
        if self.groups.contains_key(name) {
            return Err(exists("The specified log group already exists"));
        }
        self.groups.insert(name.to_owned(), Group::new(now));
        Ok(())
    }

    /// Creates a stream.
    ///
    /// # Errors
    /// `ResourceNotFoundException` without its group, `InvalidParameterException` for its name,
    /// `ResourceAlreadyExistsException` where it exists.
    pub fn create_stream(
        &mut self,
        group: &str,
        stream: &str,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        if stream.is_empty() || stream.chars().count() > 512 || stream.contains([':', '*']) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{stream}' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*, with 1 to 512 characters"
            )));
        }
        let group = self.groups.get_mut(group).ok_or_else(no_group)?;
        if group.streams.contains_key(stream) {
            return Err(exists("The specified log stream already exists"));
        }
        group.streams.insert(stream.to_owned(), now);
        Ok(())
    }

    /// Takes a batch of lines, each with the time at which it was written.
    ///
    /// # Errors
    /// `ResourceNotFoundException` without group or stream, `InvalidParameterException` for a batch that
    /// is empty, too large, too long or not in the order of time.
    pub fn put(
        &mut self,
        group: &str,
        stream: &str,
        lines: Vec<(Timestamp, String)>,
        now: Timestamp,
    ) -> Result<Rejected, ServiceError> {
        check_batch(&lines)?;
        let kept = self.groups.get_mut(group).ok_or_else(no_group)?;
        if !kept.streams.contains_key(stream) {
            return Err(not_found("The specified log stream does not exist."));
        }
        let oldest = now.saturating_sub(OLDEST).unwrap_or(Timestamp::MIN);
        let newest = now.saturating_add(NEWEST).unwrap_or(Timestamp::MAX);
        let too_old = lines.iter().take_while(|(at, _)| *at < oldest).count();
        let too_new = lines.iter().position(|(at, _)| *at > newest);
        let end = too_new.unwrap_or(lines.len());
        let taken = lines.into_iter().take(end).skip(too_old);
        for (at, message) in taken {
            self.events += 1;
            kept.insert(LogEvent {
                at: whole_millisecond(at),
                ingested: whole_millisecond(now),
                stream: stream.to_owned(),
                number: self.events,
                message,
            });
        }
        Ok(Rejected {
            too_old_end: (too_old > 0).then_some(too_old),
            too_new_start: too_new,
        })
    }

    /// The groups with their names, in order.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &Group)> {
        let groups = self.groups.iter();
        groups.map(|(name, group)| (name.as_str(), group))
    }

    /// The ARN of a group.
    #[must_use]
    pub fn arn(&self, group: &str) -> String {
        let Self {
            account, region, ..
        } = self;
        format!("arn:aws:logs:{region}:{account}:log-group:{group}")
    }

    /// The lines of a group that match, a page of them.
    ///
    /// # Errors
    /// `ResourceNotFoundException` without the group, `InvalidParameterException` for a token that no
    /// page gave.
    pub fn filter(&self, wanted: &FilterEvents) -> Result<EventPage, ServiceError> {
        let own = self.arn("");
        let name = wanted.group.strip_prefix(own.as_str());
        let name = name.unwrap_or(&wanted.group).trim_end_matches(":*");
        let group = self.groups.get(name).ok_or_else(no_group)?;
        let after = wanted.token.as_deref().map(place).transpose()?;
        let rest = group
            .events
            .iter()
            .skip_while(|event| after.is_some_and(|after| event.place() <= after))
            .skip_while(|event| wanted.start.is_some_and(|start| event.at < start))
            .take_while(|event| wanted.end.is_none_or(|end| event.at <= end));
        let mut found = Vec::new();
        let mut last = None;
        for (looked_at, event) in rest.enumerate() {
            if looked_at == LOOKED_AT || found.len() == wanted.limit {
                return Ok(EventPage {
                    events: found,
                    next_token: last,
                });
            }
            if wanted.is_met_by(event) {
                found.push(event.clone());
            }
            let (at, number) = event.place();
            last = Some(format!("{at}/{number}"));
        }
        Ok(EventPage {
            events: found,
            next_token: None,
        })
    }
}

impl Group {
    fn new(now: Timestamp) -> Self {
        Self {
            created: now,
            streams: BTreeMap::new(),
            events: VecDeque::new(),
        }
    }

    /// How many bytes its lines have.
    #[must_use]
    pub fn stored_bytes(&self) -> usize {
        let bytes = |event: &LogEvent| event.message.len() + BYTES_PER_EVENT;
        self.events.iter().map(bytes).sum()
    }

    fn insert(&mut self, event: LogEvent) {
        let place = (self.events).partition_point(|other| other.place() < event.place());
        self.events.insert(place, event);
        if self.events.len() > KEPT_EVENTS {
            self.events.pop_front();
        }
    }
}

impl LogEvent {
    /// Its place among the lines of its group.
    fn place(&self) -> (i64, u64) {
        (self.at.as_millisecond(), self.number)
    }
}

impl FilterEvents {
    fn is_met_by(&self, event: &LogEvent) -> bool {
        let named = (self.streams.as_ref()).is_none_or(|names| names.contains(&event.stream));
        let prefix = self.stream_prefix.as_deref().unwrap_or_default();
        named && event.stream.starts_with(prefix) && self.filter.matches(&event.message)
    }
}

fn check_batch(lines: &[(Timestamp, String)]) -> Result<(), ServiceError> {
    let (Some((first, _)), Some((last, _))) = (lines.first(), lines.last()) else {
        return Err(invalid("Log events must not be empty".to_owned()));
    };
    if lines.len() > MOST_IN_BATCH {
        return Err(invalid(format!(
            "Log events in a single PutLogEvents request must not be more than {MOST_IN_BATCH}"
        )));
    }
    if lines.iter().any(|(_, line)| line.is_empty()) {
        return Err(invalid("Log event message must not be empty".to_owned()));
    }
    let bytes: usize = lines
        .iter()
        .map(|(_, line)| line.len() + BYTES_PER_EVENT)
        .sum();
    if bytes > LARGEST_BATCH {
        return Err(invalid(format!("Upload too large: {bytes} bytes")));
    }
    if !lines.is_sorted_by_key(|(at, _)| *at) {
        return Err(invalid(
            "Log events in a single PutLogEvents request must be in chronological order."
                .to_owned(),
        ));
    }
    if last.duration_since(*first) > LONGEST_BATCH {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
                .to_owned(),
        ));
    }
    Ok(())
}

/// The place that a token names.
fn place(token: &str) -> Result<(i64, u64), ServiceError> {
    let parts = token.split_once('/');
    let place = parts.and_then(|(at, number)| Some((at.parse().ok()?, number.parse().ok()?)));
    place.ok_or_else(|| invalid("The specified nextToken is invalid.".to_owned()))
}

fn is_group_name(name: &str) -> bool {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || b"._-/#".contains(&letter);
    (1..=512).contains(&name.len()) && name.bytes().all(fits)
}

/// Logs knows no finer times.
fn whole_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

fn no_group() -> ServiceError {
    not_found("The specified log group does not exist.")
}

fn not_found(message: &str) -> ServiceError {
    ServiceError::new(400, "ResourceNotFoundException", message)
}

fn exists(message: &str) -> ServiceError {
    ServiceError::new(400, "ResourceAlreadyExistsException", message)
}

fn invalid(message: String) -> ServiceError {
    ServiceError::new(400, "InvalidParameterException", message)
}
