//! What was removed from a group, written on the group itself.
//!
//! The record is written before the subnets are removed and deleted after they are back, so that
//! whatever dies in between, the group says what is missing from it. It lives in tags because that
//! is where operators look, and because nothing else has to be up to read it.
//!
//! A tag's value holds 256 characters, nine subnet ids; so the subnets are spread over numbered tags.
//! The first tag names the incident:
//!
//! ```text
//! evac:pruned    = wildrydes/use1-az1/20261124T092000Z
//! evac:removed:1 = subnet-0a1b2c3d4e5f60718@0,subnet-…@1
//! evac:removed:2 = …
//! ```
//!
//! The number behind a subnet is its place in the group's list, counted from 0: Auto Scaling does not
//! heed the order, but tools that compare lists do, and what was never changed shall not look changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::incident::IncidentId;
use crate::subnet::SubnetId;

const PRUNED: &str = "evac:pruned";
const REMOVED: &str = "evac:removed:";
const DRILL: &str = " drill";

/// Auto Scaling's limit for a tag's value, in characters.
const LONGEST_VALUE: usize = 256;

/// Of more subnets the places are not written down: one call takes 25 tags.
const MOST_PLACES: usize = 100;

/// What Evac removed from a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The incident that it was removed for.
    pub incident: IncidentId,
    /// Whether that was a rehearsal.
    pub drill: bool,
    /// What was removed.
    pub removed: BTreeSet<SubnetId>,
    /// The places of what was removed in the group's list of subnets, counted from 0, where they are
    /// known.
    pub places: BTreeMap<SubnetId, u16>,
}

/// Tags that look like a record and cannot be read as one. Nothing is guessed from them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "tag {key} of the group holds \"{value}\", expected {expected}; put the zone's subnets back by hand if they are missing, then delete the tags that start with evac:"
)]
pub struct RecordError {
    /// The tag's key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What it should hold.
    pub expected: &'static str,
}

impl Record {
    /// Reads the record from a group's tags; `None` where there is none.
    ///
    /// # Errors
    /// Tags of a record that cannot be read.
    pub fn read(tags: &BTreeMap<String, String>) -> Result<Option<Self>, RecordError> {
        let removed_tags = || tags.iter().filter(|(key, _)| key.starts_with(REMOVED));
        let Some(value) = tags.get(PRUNED) else {
            return match removed_tags().next() {
                None => Ok(None),
                Some((key, value)) => Err(RecordError {
                    key: key.clone(),
                    value: value.clone(),
                    expected: "a tag evac:pruned beside it, which names the incident",
                }),
            };
        };
        let (incident, drill) = match value.strip_suffix(DRILL) {
            Some(incident) => (incident, true),
            None => (value.as_str(), false),
        };
        let incident = incident.parse().map_err(|_| RecordError {
            key: PRUNED.to_owned(),
            value: value.clone(),
            expected: "an incident's id",
        })?;
        let mut removed = BTreeSet::new();
        let mut places = BTreeMap::new();
        for (key, value) in removed_tags() {
            for entry in value.split(',') {
                let (subnet, place) = read_entry(entry).ok_or_else(|| RecordError {
                    key: key.clone(),
                    value: value.clone(),
                    expected: "subnet ids with their places, joined by commas",
                })?;
                places.extend(place.map(|place| (subnet.clone(), place)));
                removed.insert(subnet);
            }
        }
        // A prune that removes nothing writes no record: what this one named is gone.
        if removed.is_empty() {
            return Err(RecordError {
                key: PRUNED.to_owned(),
                value: value.clone(),
                expected: "tags evac:removed:1 and so on beside it, which name what was removed",
            });
        }
        Ok(Some(Self {
            incident,
            drill,
            removed,
            places,
        }))
    }

    /// The tags of the record.
    #[must_use]
    pub fn to_tags(&self) -> BTreeMap<String, String> {
        let drill = if self.drill { DRILL } else { "" };
        let mut tags = BTreeMap::from([(PRUNED.to_owned(), format!("{}{drill}", self.incident))]);
        let mut chunk = String::new();
        let mut number = 1;
        for subnet in &self.removed {
            let entry = match self.places.get(subnet) {
                Some(place) if self.removed.len() <= MOST_PLACES => format!("{subnet}@{place}"),
                _ => subnet.to_string(),
            };
            if !chunk.is_empty() && chunk.len() + 1 + entry.len() > LONGEST_VALUE {
                tags.insert(format!("{REMOVED}{number}"), std::mem::take(&mut chunk));
                number += 1;
            }
            if !chunk.is_empty() {
                chunk.push(',');
            }
            chunk.push_str(&entry);
        }
        if !chunk.is_empty() {
            tags.insert(format!("{REMOVED}{number}"), chunk);
        }
        tags
    }

    /// A group's list of subnets with those of the record that it lacks, each in its old place as far
    /// as that is known and still there.
    #[must_use]
    pub fn restored(&self, subnets: &[String]) -> Vec<String> {
        let mut missing: Vec<&SubnetId> = self
            .removed
            .iter()
            .filter(|removed| !subnets.iter().any(|has| has == removed.as_str()))
            .collect();
        let place = |subnet: &SubnetId| self.places.get(subnet).copied().unwrap_or(u16::MAX);
        missing.sort_by_key(|subnet| place(subnet));
        missing
            .into_iter()
            .fold(subnets.to_vec(), |mut list, subnet| {
                let at = usize::from(place(subnet)).min(list.len());
                list.insert(at, subnet.to_string());
                list
            })
    }

    /// The keys of the tags, among a group's, that belong to a record, readable or not.
    #[must_use]
    pub fn keys_in(tags: &BTreeMap<String, String>) -> BTreeSet<String> {
        tags.keys()
            .filter(|key| *key == PRUNED || key.starts_with(REMOVED))
            .cloned()
            .collect()
    }
}

/// A subnet and its place; a record of an earlier version has no places.
fn read_entry(entry: &str) -> Option<(SubnetId, Option<u16>)> {
    match entry.split_once('@') {
        Some((subnet, place)) => Some((subnet.parse().ok()?, Some(place.parse().ok()?))),
        None => Some((entry.parse().ok()?, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(subnets: usize) -> Record {
        Record {
            incident: "wildrydes/use1-az1/20261124T092000Z".parse().unwrap(),
            drill: false,
            removed: (0..subnets)
                .map(|n| format!("subnet-{n:017x}").parse().unwrap())
                .collect(),
            places: BTreeMap::new(),
        }
    }

    fn placed(subnets: u16) -> Record {
        let mut record = record(subnets.into());
        record.places = record.removed.iter().cloned().zip(0..).collect();
        record
    }

    #[test]
    fn places_are_read_back_as_far_as_one_call_can_write_them() {
        for subnets in [1, 9, 10, 100] {
            let tags = placed(subnets).to_tags();
            assert!(tags.len() <= 25, "{}", tags.len());
            assert!(tags.values().all(|value| value.len() <= LONGEST_VALUE));
            assert_eq!(Record::read(&tags), Ok(Some(placed(subnets))));
        }
        assert_eq!(Record::read(&placed(101).to_tags()), Ok(Some(record(101))));
    }

    #[test]
    fn what_is_restored_gets_its_old_place() {
        let list = |ids: &[&str]| -> Vec<String> {
            ids.iter().map(|id| format!("subnet-0000000{id}")).collect()
        };
        let record = Record {
            removed: ["subnet-00000001", "subnet-00000003"]
                .map(|id| id.parse().unwrap())
                .into(),
            places: [("subnet-00000001", 3), ("subnet-00000003", 1)]
                .map(|(id, place)| (id.parse().unwrap(), place))
                .into(),
            ..record(0)
        };
        assert_eq!(
            record.restored(&list(&["2", "4"])),
            list(&["2", "3", "4", "1"])
        );
        assert_eq!(record.restored(&list(&[])), list(&["3", "1"]));
        // What is there already stays where it is.
        assert_eq!(
            record.restored(&list(&["1", "2", "4"])),
            list(&["1", "3", "2", "4"])
        );
        let unplaced = Record {
            places: BTreeMap::new(),
            ..record
        };
        assert_eq!(
            unplaced.restored(&list(&["2", "4"])),
            list(&["2", "4", "1", "3"])
        );
    }

    #[test]
    fn a_record_of_any_size_is_read_back_from_tags_that_fit() {
        for subnets in [1, 10, 11, 200] {
            for drill in [false, true] {
                let record = Record {
                    drill,
                    ..record(subnets)
                };
                let tags = record.to_tags();
                assert!(
                    tags.values()
                        .all(|value| !value.is_empty() && value.len() <= LONGEST_VALUE)
                );
                assert!(
                    tags.len() <= 25,
                    "one CreateOrUpdateTags call takes 25 tags"
                );
                assert_eq!(Record::read(&tags), Ok(Some(record)));
            }
        }
    }

    #[test]
    fn other_tags_do_not_matter() {
        let mut tags = BTreeMap::from([
            ("Name".to_owned(), "web".to_owned()),
            ("evac:workload".to_owned(), "wildrydes".to_owned()),
        ]);
        assert_eq!(Record::read(&tags), Ok(None));
        tags.append(&mut record(1).to_tags());
        assert_eq!(Record::read(&tags), Ok(Some(record(1))));
        assert_eq!(
            Record::keys_in(&tags),
            BTreeSet::from(["evac:pruned".to_owned(), "evac:removed:1".to_owned()])
        );
    }

    #[test]
    fn a_damaged_record_is_an_error_and_never_a_guess() {
        let mut no_incident = record(1).to_tags();
        no_incident.remove(PRUNED);
        // Somebody deleted the tags that name the subnets, and the group would lack them for ever.
        let nothing_removed = record(0).to_tags();
        let mut bad_incident = record(1).to_tags();
        bad_incident.insert(PRUNED.to_owned(), "yesterday".to_owned());
        let mut bad_subnet = record(1).to_tags();
        bad_subnet.insert("evac:removed:1".to_owned(), "subnet-1,,".to_owned());
        let mut bad_place = record(1).to_tags();
        bad_place.insert(
            "evac:removed:1".to_owned(),
            "subnet-00000001@first".to_owned(),
        );
        for tags in [
            no_incident,
            nothing_removed,
            bad_incident,
            bad_subnet,
            bad_place,
        ] {
            let error = Record::read(&tags).unwrap_err().to_string();
            assert!(error.contains("by hand"), "{error}");
        }
    }
}
