//! What the service tells: groups and activities, page by page.
//!
//! A page begins after the last item of the one before, by the item's own order. So what is added or
//! removed between two pages makes no other item be missed or told twice. Only an activity that ends
//! between two pages may be told on both, because those in progress come first.

use std::collections::BTreeMap;

use super::group::{Activity, GroupView};
use super::{AutoScaling, constraint, no_such_group, validation};
use crate::error::ServiceError;

const DEFAULT_RECORDS: i32 = 50;
const MOST_RECORDS: i32 = 100;
const MOST_NAMES: usize = 50;

/// Which page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paging {
    /// `MaxRecords`.
    pub max_records: Option<i32>,
    /// `NextToken`.
    pub next_token: Option<String>,
}

/// A page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The token of the next page, if there is more.
    pub next_token: Option<String>,
}

/// A filter. One of its values has to match, with its case; without values none does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

impl Filter {
    pub(super) fn unknown(&self, allowed: &str) -> ServiceError {
        validation(format!(
            "Filter type {} is not correct. Allowed Filter types are: {allowed}",
            self.name
        ))
    }

    /// What this filter asks of a group.
    fn of_groups(&self) -> Result<GroupFilter<'_>, ServiceError> {
        match (self.name.as_str(), self.name.strip_prefix("tag:")) {
            ("tag-key", _) => Ok(GroupFilter::Key(&self.values)),
            ("tag-value", _) => Ok(GroupFilter::Value(&self.values)),
            (_, Some(key)) => Ok(GroupFilter::ValueOf(key, &self.values)),
            _ => Err(self.unknown("tag-key tag-value tag:<key>")),
        }
    }
}

enum GroupFilter<'a> {
    Key(&'a [String]),
    Value(&'a [String]),
    ValueOf(&'a str, &'a [String]),
}

impl GroupFilter<'_> {
    fn lets_pass(&self, tags: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Key(allowed) => tags.keys().any(|key| allowed.contains(key)),
            Self::Value(allowed) => tags.values().any(|value| allowed.contains(value)),
            Self::ValueOf(key, allowed) => {
                tags.get(*key).is_some_and(|value| allowed.contains(value))
            }
        }
    }
}

/// What DescribeAutoScalingGroups is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescribeGroups {
    /// `AutoScalingGroupNames`; empty for every group.
    pub names: Vec<String>,
    /// The filters, each of which has to match.
    pub filters: Vec<Filter>,
    /// `IncludeInstances`, true where it is left out.
    pub include_instances: Option<bool>,
    /// `IncludeManagedResources`, true where it is left out.
    pub include_managed: Option<bool>,
    /// Which page.
    pub paging: Paging,
}

/// What DescribeTags is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescribeTags {
    /// The filters, each of which has to match.
    pub filters: Vec<Filter>,
    /// Which page.
    pub paging: Paging,
}

/// What DescribeScalingActivities is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescribeActivities {
    /// `AutoScalingGroupName`; `None` for every group.
    pub group: Option<String>,
    /// `ActivityIds`; empty for every activity.
    pub ids: Vec<String>,
    /// Which page.
    pub paging: Paging,
}

impl AutoScaling {
    /// DescribeAutoScalingGroups, ordered by name. A name that no group has is left out.
    ///
    /// # Errors
    /// `ValidationError` and `InvalidNextToken`.
    pub fn describe_auto_scaling_groups(
        &self,
        describe: &DescribeGroups,
    ) -> Result<Page<GroupView<'_>>, ServiceError> {
        let most_names = describe.paging.limit()?.max(MOST_NAMES);
        if describe.names.len() > most_names {
            return Err(constraint(
                format_args!("{} names", describe.names.len()),
                "autoScalingGroupNames",
                &format!("length less than or equal to {most_names}"),
            ));
        }
        let filters = describe.filters.iter().map(Filter::of_groups);
        let filters: Vec<GroupFilter<'_>> = filters.collect::<Result<_, _>>()?;
        let groups = self.groups.values().filter(|group| {
            (describe.names.is_empty() || describe.names.contains(&group.name))
                && (describe.include_managed.unwrap_or(true) || group.operator.is_none())
                && filters.iter().all(|filter| filter.lets_pass(&group.tags))
        });
        let groups = groups.map(|group| (group.name.clone(), group));
        let groups = page("DescribeAutoScalingGroups", groups, &describe.paging)?;
        let with_instances = describe.include_instances.unwrap_or(true);
        Ok(groups.map(|group| group.view(with_instances)))
    }

    /// DescribeScalingActivities: those in progress first, and the newest of them first, then the
    /// others in the same order.
    ///
    /// # Errors
    /// `ValidationError` and `InvalidNextToken`.
    pub fn describe_scaling_activities(
        &self,
        describe: &DescribeActivities,
    ) -> Result<Page<&Activity>, ServiceError> {
        if let Some(group) = &describe.group
            && !self.groups.contains_key(group)
        {
            return Err(no_such_group());
        }
        let is_asked_for = |activity: &Activity| {
            describe
                .group
                .as_ref()
                .is_none_or(|group| *group == activity.group)
                && (describe.ids.is_empty() || describe.ids.contains(&activity.id))
        };
        let mut activities: Vec<(String, &Activity)> = self
            .activities
            .all()
            .filter(|(_, activity)| is_asked_for(activity))
            .map(|(number, activity)| {
                let from_the_newest = usize::MAX - number.0;
                let order = u8::from(activity.ended.is_some());
                (format!("{order} {from_the_newest:020}"), activity)
            })
            .collect();
        activities.sort_by(|(a, _), (b, _)| a.cmp(b));
        page(
            "DescribeScalingActivities",
            activities.into_iter(),
            &describe.paging.or_most(),
        )
    }
}

impl Paging {
    fn limit(&self) -> Result<usize, ServiceError> {
        let records = self.max_records.unwrap_or(DEFAULT_RECORDS);
        if records > MOST_RECORDS {
            return Err(constraint(
                records,
                "maxRecords",
                "value less than or equal to 100",
            ));
        }
        let limit = usize::try_from(records).ok().filter(|limit| *limit > 0);
        limit.ok_or_else(|| constraint(records, "maxRecords", "value greater than or equal to 1"))
    }

    /// The same page, as large as it may be where its size is not said.
    fn or_most(&self) -> Self {
        Self {
            max_records: self.max_records.or(Some(MOST_RECORDS)),
            next_token: self.next_token.clone(),
        }
    }
}

impl<T> Page<T> {
    fn map<U>(self, change: impl Fn(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            next_token: self.next_token,
        }
    }
}

/// A page of what is ordered by these keys. Its token says after which key the next one begins.
pub(super) fn page<T>(
    operation: &str,
    items: impl Iterator<Item = (String, T)>,
    paging: &Paging,
) -> Result<Page<T>, ServiceError> {
    let limit = paging.limit()?;
    let after = match &paging.next_token {
        Some(token) => Some(read_token(operation, token)?),
        None => None,
    };
    let mut items = items.filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let page: Vec<(String, T)> = items.by_ref().take(limit).collect();
    let next_token = match page.last() {
        Some((key, _)) if items.next().is_some() => Some(write_token(operation, key)),
        _ => None,
    };
    Ok(Page {
        items: page.into_iter().map(|(_, item)| item).collect(),
        next_token,
    })
}

fn write_token(operation: &str, key: &str) -> String {
    let text = format!("{operation} {key}");
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The key in a token. A token of another operation is none.
fn read_token(operation: &str, token: &str) -> Result<String, ServiceError> {
    let digits = token.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> = digits
        .map(|pair| match pair {
            [high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()
            }
            _ => None,
        })
        .collect();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let key = text.and_then(|text| {
        text.strip_prefix(operation)?
            .strip_prefix(' ')
            .map(str::to_owned)
    });
    key.ok_or_else(|| {
        ServiceError::new(
            400,
            "InvalidNextToken",
            format!("The token '{token}' is invalid."),
        )
    })
}
