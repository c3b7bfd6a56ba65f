//! What Evac writes on resources and reads there again, and the texts that its types parse.
//!
//! Each line is a text for every type; a line with `=` is a tag of a group as well.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use domain::duration::{ShiftDuration, Span};
use domain::incident::Marker;
use domain::prune::Record;
use domain::{AccountId, IncidentId, ResourceArn, SubnetId, WorkloadName, ZoneId, ZoneName};
use jiff::SignedDuration;

/// The longest value of a tag, in characters. Source: Auto Scaling API reference, `Tag`.
const LONGEST_TAG: usize = 256;
/// The longest comment of a zonal shift, in characters. Source: ARC API reference, `StartZonalShift`.
const LONGEST_COMMENT: usize = 128;

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut tags = BTreeMap::new();
    for line in text.lines() {
        check_texts(line);
        if let Some((key, value)) = line.split_once('=') {
            tags.insert(key.to_owned(), value.to_owned());
        }
    }
    check_record(&tags);
}

fn check_record(tags: &BTreeMap<String, String>) {
    let record = match Record::read(tags) {
        Ok(None) => {
            assert!(
                Record::keys_in(tags).is_empty(),
                "a record that is passed over"
            );
            return;
        }
        Ok(Some(record)) => record,
        Err(error) => {
            assert!(
                tags.contains_key(&error.key),
                "no tag of the group: {error}"
            );
            return;
        }
    };
    let written = record.to_tags();
    assert!(written.values().all(|value| !value.is_empty()));
    assert!(
        written
            .values()
            .all(|value| value.chars().count() <= LONGEST_TAG)
    );
    assert_eq!(Record::keys_in(&written).len(), written.len());
    assert_eq!(Record::read(&written), Ok(Some(record)));
}

/// A text that a type takes is the one that it shows.
fn kept<T: FromStr + Display>(text: &str) -> Option<T> {
    let value: T = text.parse().ok()?;
    assert_eq!(value.to_string(), text);
    Some(value)
}

fn check_texts(text: &str) {
    let _: Option<AccountId> = kept(text);
    let _: Option<IncidentId> = kept(text);
    let _: Option<SubnetId> = kept(text);
    let _: Option<WorkloadName> = kept(text);
    if let Some(arn) = kept::<ResourceArn>(text) {
        assert_eq!(arn.account().as_str().len(), 12);
        assert!(!arn.region().is_empty() && !arn.short().is_empty());
    }
    let id: Option<ZoneId> = kept(text);
    let name: Option<ZoneName> = kept(text);
    assert!(
        id.is_none() || name.is_none(),
        "{text} is an AZ ID and an AZ name"
    );
    if let Some(name) = name {
        assert!(text.starts_with(name.region()) && !name.region().is_empty());
    }
    if let Some(duration) = kept::<ShiftDuration>(text) {
        let range = SignedDuration::from_mins(1)..=SignedDuration::from_hours(72);
        assert!(range.contains(&duration.length()), "{text}");
    }
    if let Some(span) = kept::<Span>(text) {
        let range = SignedDuration::from_secs(1)..=SignedDuration::from_hours(168);
        assert!(range.contains(&span.length()), "{text}");
    }
    if let Some(marker) = Marker::from_comment(text) {
        assert_eq!(marker.to_comment(), text);
        assert!(
            text.chars().count() <= LONGEST_COMMENT,
            "ARC keeps no such comment"
        );
    }
}
