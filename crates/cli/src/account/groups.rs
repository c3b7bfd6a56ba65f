//! Auto Scaling: a workload's groups, and what they launched and terminated.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::config;
use aws_sdk_autoscaling::types::{Activity, AutoScalingGroup, Filter, LifecycleState};
use domain::prune::{Record, RecordError};
use domain::workload::GroupSelector;
use jiff::Timestamp;
use runtime::clients::{next_page, retries};
use runtime::failure::of_call;

use super::{Account, MOST_PAGES, Unread, endless, patience, timestamp};

/// `DescribeAutoScalingGroups` takes so many names.
const MOST_NAMES: usize = 50;

/// The Auto Scaling groups of an account.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    client: Client,
}

/// How a group stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupStanding {
    /// The group.
    pub(crate) group: String,
    /// Its subnets, in their order.
    pub(crate) subnets: Vec<String>,
    /// What Evac removed from it, as its tags say; an error where they cannot be read.
    pub(crate) record: Result<Option<Record>, RecordError>,
    /// Instances that it wants.
    pub(crate) desired: u32,
    /// Instances that it may have.
    pub(crate) max: u32,
    /// Its instances in service, by AZ name.
    pub(crate) in_service: BTreeMap<String, u32>,
    /// The ARNs of the target groups that it registers with.
    pub(crate) target_groups: Vec<String>,
    /// Processes that somebody has suspended, such as `AZRebalance`.
    pub(crate) suspended: Vec<String>,
}

/// Something that a group did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScalingActivity {
    /// The group.
    pub(crate) group: String,
    /// When it began.
    pub(crate) began: Timestamp,
    /// What, in Auto Scaling's words, such as `Launching a new EC2 instance: i-0a`.
    pub(crate) what: String,
    /// Why, in Auto Scaling's words.
    pub(crate) cause: String,
    /// How it stands, such as `Successful`.
    pub(crate) status: String,
}

impl Groups {
    /// The groups of this account.
    pub(crate) fn of(account: &Account) -> Self {
        let config = config::Builder::from(&account.connections().to("AUTO_SCALING"));
        let config = config.timeout_config(patience()).retry_partition(retries());
        Self {
            client: Client::from_conf(config.build()),
        }
    }

    /// The names of a workload's groups, as they are now.
    ///
    /// # Errors
    /// Where `DescribeAutoScalingGroups` fails.
    pub(crate) async fn names(&self, selector: &GroupSelector) -> Result<Vec<String>, Unread> {
        let standing = self.standing(selector).await?;
        Ok(standing.into_iter().map(|group| group.group).collect())
    }

    /// How a workload's groups stand now.
    ///
    /// # Errors
    /// Where `DescribeAutoScalingGroups` fails.
    pub(crate) async fn standing(
        &self,
        selector: &GroupSelector,
    ) -> Result<Vec<GroupStanding>, Unread> {
        match selector {
            GroupSelector::Names(names) => {
                let names: Vec<String> = names.iter().cloned().collect();
                let mut found = Vec::new();
                for names in names.chunks(MOST_NAMES) {
                    found.extend(self.described(Some(names.to_vec()), None).await?);
                }
                Ok(found)
            }
            GroupSelector::Tag { key, value } => {
                let filter = Filter::builder().name(format!("tag:{key}")).values(value);
                self.described(None, Some(vec![filter.build()])).await
            }
        }
    }

    /// The groups that register with any of these target groups.
    ///
    /// # Errors
    /// Where `DescribeAutoScalingGroups` fails.
    pub(crate) async fn behind(
        &self,
        target_groups: &[String],
    ) -> Result<Vec<GroupStanding>, Unread> {
        let mut groups = self.described(None, None).await?;
        groups.retain(|group| {
            let mut own = group.target_groups.iter();
            own.any(|arn| target_groups.contains(arn))
        });
        Ok(groups)
    }

    async fn described(
        &self,
        names: Option<Vec<String>>,
        filters: Option<Vec<Filter>>,
    ) -> Result<Vec<GroupStanding>, Unread> {
        let call = "DescribeAutoScalingGroups";
        let unread = |failure| Unread::new(failure, "autoscaling:DescribeAutoScalingGroups");
        let mut groups = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let asked = self
                .client
                .describe_auto_scaling_groups()
                .set_auto_scaling_group_names(names.clone())
                .set_filters(filters.clone())
                .set_next_token(token);
            let page = (asked.send().await).map_err(|error| unread(of_call(call, &error)))?;
            groups.extend(page.auto_scaling_groups().iter().filter_map(standing));
            token = next_page(page.next_token());
            if token.is_none() {
                return Ok(groups);
            }
        }
        Err(unread(endless(call)))
    }

    /// What a group began between two moments, the oldest first. Auto Scaling keeps it for six weeks.
    ///
    /// # Errors
    /// Where `DescribeScalingActivities` fails.
    pub(crate) async fn activities(
        &self,
        group: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<ScalingActivity>, Unread> {
        let call = format!("DescribeScalingActivities of {group}");
        let unread = |failure| Unread::new(failure, "autoscaling:DescribeScalingActivities");
        let mut activities: Vec<ScalingActivity> = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let asked = self
                .client
                .describe_scaling_activities()
                .auto_scaling_group_name(group)
                .set_next_token(token);
            let page = (asked.send().await).map_err(|error| unread(of_call(&call, &error)))?;
            let page_of = page
                .activities()
                .iter()
                .filter_map(|one| activity(group, one));
            let page_of: Vec<ScalingActivity> = page_of.collect();
            // The newest come first, so what follows a page of older ones is older still.
            let older = !page_of.is_empty() && page_of.iter().all(|one| one.began < from);
            activities.extend(page_of);
            token = next_page(page.next_token()).filter(|_| !older);
            if token.is_none() {
                activities.retain(|one| (from..=to).contains(&one.began));
                activities.sort_by_key(|one| one.began);
                return Ok(activities);
            }
        }
        Err(unread(endless(&call)))
    }
}

fn standing(group: &AutoScalingGroup) -> Option<GroupStanding> {
    let tags = group.tags().iter();
    let tags = tags.filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    let subnets = group.vpc_zone_identifier().unwrap_or_default().split(',');
    let mut in_service: BTreeMap<String, u32> = BTreeMap::new();
    for instance in group.instances() {
        if instance.lifecycle_state() == Some(&LifecycleState::InService) {
            let zone = instance.availability_zone().unwrap_or_default();
            *in_service.entry(zone.to_owned()).or_default() += 1;
        }
    }
    let count = |number: Option<i32>| number.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    Some(GroupStanding {
        group: group.auto_scaling_group_name()?.to_owned(),
        subnets: subnets
            .map(|subnet| subnet.trim().to_owned())
            .filter(|subnet| !subnet.is_empty())
            .collect(),
        record: Record::read(&tags.collect()),
        desired: count(group.desired_capacity()),
        max: count(group.max_size()),
        in_service,
        target_groups: group.target_group_arns().to_vec(),
        suspended: group
            .suspended_processes()
            .iter()
            .filter_map(|process| process.process_name().map(str::to_owned))
            .collect(),
    })
}

fn activity(group: &str, activity: &Activity) -> Option<ScalingActivity> {
    let status = activity.status_code();
    Some(ScalingActivity {
        group: group.to_owned(),
        began: timestamp(activity.start_time()?)?,
        what: activity.description().unwrap_or_default().to_owned(),
        cause: activity.cause().unwrap_or_default().to_owned(),
        status: status.map_or_else(String::new, |status| status.as_str().to_owned()),
    })
}
