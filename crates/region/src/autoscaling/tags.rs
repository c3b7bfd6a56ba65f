//! The tags of groups.
//!
//! A call is refused whole or takes effect whole. A tag that is there already is overwritten without
//! a word, and deleting one that is not there is no error: nobody finds out from the answer that
//! somebody else wrote the tag meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use super::describe::{DescribeTags, Filter, Page, page};
use super::group::Group;
use super::{AutoScaling, constraint, validation};
use crate::error::ServiceError;

const MOST_TAGS_OF_A_GROUP: usize = 50;
const MOST_TAGS_OF_A_CALL: usize = 25;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;
const RESERVED: &str = "aws:";
const RESOURCE_TYPE: &str = "auto-scaling-group";

/// A tag in a request to create or delete it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagParameter {
    /// `ResourceId`: the name of the group.
    pub group: Option<String>,
    /// `ResourceType`: always `auto-scaling-group`.
    pub resource_type: Option<String>,
    /// The key.
    pub key: String,
    /// The value. A tag that is created without one has an empty value.
    pub value: Option<String>,
    /// Whether the tag is passed on to the instances of the group.
    pub propagate: bool,
}

/// A tag of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagDescription<'a> {
    /// The name of the group.
    pub group: &'a str,
    /// The key.
    pub key: &'a str,
    /// The value.
    pub value: &'a str,
    /// Whether the tag is passed on to the instances of the group.
    pub propagate: bool,
}

impl AutoScaling {
    /// CreateOrUpdateTags.
    ///
    /// # Errors
    /// `ValidationError`, `LimitExceeded` for more than 50 tags of a group, `AccessDenied` for a group
    /// that an AWS service manages, and `ResourceContention`.
    pub fn create_or_update_tags(&mut self, tags: &[TagParameter]) -> Result<(), ServiceError> {
        let groups = self.check_tags(tags)?;
        for (group, keys) in &groups {
            let present = self.groups.get(*group).map(|group| &group.tags);
            let present = present.into_iter().flatten().map(|(key, _)| key.as_str());
            // What AWS itself tagged does not count.
            let counted = present.filter(|key| !key.starts_with(RESERVED));
            if counted
                .chain(keys.iter().copied())
                .collect::<BTreeSet<_>>()
                .len()
                > MOST_TAGS_OF_A_GROUP
            {
                return Err(ServiceError::new(
                    400,
                    "LimitExceeded",
                    format!(
                        "The AutoScaling group {group} would have more than {MOST_TAGS_OF_A_GROUP} tags"
                    ),
                ));
            }
        }
        self.each_tag(tags, |group, tag| {
            let value = tag.value.clone().unwrap_or_default();
            group.tags.insert(tag.key.clone(), value);
            if tag.propagate {
                group.propagated.insert(tag.key.clone());
            } else {
                group.propagated.remove(&tag.key);
            }
        });
        Ok(())
    }

    /// DeleteTags, whatever the values of the tags are.
    ///
    /// # Errors
    /// `ValidationError`, `AccessDenied` for a group that an AWS service manages, and
    /// `ResourceContention`.
    pub fn delete_tags(&mut self, tags: &[TagParameter]) -> Result<(), ServiceError> {
        self.check_tags(tags)?;
        self.each_tag(tags, |group, tag| {
            group.tags.remove(&tag.key);
            group.propagated.remove(&tag.key);
        });
        Ok(())
    }

    /// DescribeTags, ordered by group and key.
    ///
    /// # Errors
    /// `ValidationError` and `InvalidNextToken`.
    pub fn describe_tags(
        &self,
        describe: &DescribeTags,
    ) -> Result<Page<TagDescription<'_>>, ServiceError> {
        for filter in &describe.filters {
            if !["auto-scaling-group", "key", "value", "propagate-at-launch"]
                .contains(&filter.name.as_str())
            {
                return Err(filter.unknown("auto-scaling-group key value propagate-at-launch"));
            }
        }
        let tags = self.groups.values().flat_map(Group::tag_descriptions);
        let tags = tags.filter(|tag| describe.filters.iter().all(|filter| tag.passes(filter)));
        // No name and no key has this character, so the order stays that of groups and keys.
        let tags = tags.map(|tag| (format!("{}\0{}", tag.group, tag.key), tag));
        page("DescribeTags", tags, &describe.paging)
    }

    /// Checks a call; the groups and keys that it is about.
    fn check_tags<'a>(
        &self,
        tags: &'a [TagParameter],
    ) -> Result<BTreeMap<&'a str, BTreeSet<&'a str>>, ServiceError> {
        if tags.is_empty() {
            return Err(validation("At least one tag is required"));
        }
        if tags.len() > MOST_TAGS_OF_A_CALL {
            return Err(constraint(
                format_args!("{} tags", tags.len()),
                "tags",
                "length less than or equal to 25",
            ));
        }
        let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (index, tag) in tags.iter().enumerate() {
            let name = tag.check(index + 1)?;
            let group = self.groups.get(name);
            let group = group.ok_or_else(|| {
                validation(format!(
                    "AutoScalingGroup not found - AutoScaling Group {name} not found"
                ))
            })?;
            group.check_caller()?;
            group.check_contention()?;
            groups.entry(name).or_default().insert(&tag.key);
        }
        Ok(groups)
    }

    fn each_tag(&mut self, tags: &[TagParameter], change: impl Fn(&mut Group, &TagParameter)) {
        for tag in tags {
            let group = tag
                .group
                .as_ref()
                .and_then(|group| self.groups.get_mut(group));
            if let Some(group) = group {
                change(group, tag);
            }
        }
    }
}

impl TagParameter {
    /// Checks the tag with this number in its call; the name of its group.
    fn check(&self, number: usize) -> Result<&str, ServiceError> {
        let key = format!("tags.{number}.member.key");
        let length = self.key.chars().count();
        if length == 0 {
            return Err(constraint(
                &self.key,
                &key,
                "length greater than or equal to 1",
            ));
        }
        if length > LONGEST_KEY {
            return Err(constraint(
                &self.key,
                &key,
                "length less than or equal to 128",
            ));
        }
        let value = self.value.as_deref().unwrap_or_default();
        if value.chars().count() > LONGEST_VALUE {
            let parameter = format!("tags.{number}.member.value");
            return Err(constraint(
                value,
                &parameter,
                "length less than or equal to 256",
            ));
        }
        let (Some(group), Some(RESOURCE_TYPE)) = (&self.group, self.resource_type.as_deref())
        else {
            return Err(validation(format!(
                "Incomplete tags information for these tags. Tag - 'Key:{},ResourceId:{},ResourceType:{}'",
                self.key,
                self.group.as_deref().unwrap_or("null"),
                self.resource_type.as_deref().unwrap_or("null"),
            )));
        };
        if self.key.starts_with(RESERVED) {
            return Err(validation(format!(
                "The tag key {} begins with {RESERVED}, which is reserved for AWS",
                self.key
            )));
        }
        Ok(group)
    }
}

impl Group {
    fn tag_descriptions(&self) -> impl Iterator<Item = TagDescription<'_>> {
        self.tags.iter().map(|(key, value)| TagDescription {
            group: &self.name,
            key,
            value,
            propagate: self.propagated.contains(key),
        })
    }
}

impl TagDescription<'_> {
    fn passes(&self, filter: &Filter) -> bool {
        let propagate = self.propagate.to_string();
        let value = match filter.name.as_str() {
            "auto-scaling-group" => self.group,
            "key" => self.key,
            "value" => self.value,
            _ => &propagate,
        };
        filter.values.iter().any(|allowed| allowed == value)
    }
}
