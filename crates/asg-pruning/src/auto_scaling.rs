//! Auto Scaling's API as plain values. This is the only place in Evac that names its SDK.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::config;
use aws_sdk_autoscaling::types::{
    AutoScalingGroup, Filter, Instance, InstanceRefreshStatus, LifecycleState, Tag,
};
use domain::failure::Failure;
use domain::prune::GroupState;
use domain::workload::GroupSelector;
use runtime::clients::{Connections, next_page, retries};
use runtime::failure::of_call;
use runtime::turn::{Outside, Turn};

/// DescribeAutoScalingGroups takes so many names.
const MOST_NAMES: usize = 50;
/// DescribeAutoScalingGroups gives so many groups a page.
const MOST_RECORDS: i32 = 100;

#[derive(Debug, Clone)]
pub(crate) struct AutoScaling {
    client: Client,
}

impl AutoScaling {
    pub(crate) fn new(connections: &Connections) -> Self {
        let config = config::Builder::from(&connections.to("AUTO_SCALING"));
        let config = config.retry_partition(retries()).retry_classifier(Outside);
        Self {
            client: Client::from_conf(config.build()),
        }
    }

    /// The groups of a selector, a page at a time.
    pub(crate) fn pages(&self, selector: &GroupSelector, with_instances: bool) -> Pages {
        let questions = match selector {
            GroupSelector::Tag { key, value } => vec![Question::Tag {
                key: key.clone(),
                value: value.clone(),
            }],
            GroupSelector::Names(names) => {
                let names: Vec<String> = names.iter().cloned().collect();
                names
                    .chunks(MOST_NAMES)
                    .map(|chunk| Question::Names(chunk.to_vec()))
                    .collect()
            }
        };
        Pages {
            client: self.client.clone(),
            with_instances,
            questions: questions.into_iter().rev().collect(),
            token: None,
            seen: BTreeSet::new(),
        }
    }

    /// Groups by their names, up to [`MOST_NAMES`] of them, with their instances; one that does not exist
    /// is missing from the answer.
    pub(crate) async fn groups(
        &self,
        names: &[String],
        turn: &Turn,
    ) -> Result<BTreeMap<String, GroupState>, Failure> {
        let call = format!("DescribeAutoScalingGroups of {}", names.join(", "));
        let mut groups = BTreeMap::new();
        let mut token: Option<String> = None;
        loop {
            let page = turn.take(|| async {
                let asked = self
                    .client
                    .describe_auto_scaling_groups()
                    .set_auto_scaling_group_names(Some(names.to_vec()))
                    .set_next_token(token.clone());
                asked.send().await.map_err(|error| of_call(&call, &error))
            });
            let page = page.await?;
            let found = page.auto_scaling_groups().iter().map(state);
            let asked_for = found.filter(|group| names.contains(&group.name));
            groups.extend(asked_for.map(|group| (group.name.clone(), group)));
            token = next_page(page.next_token());
            if token.is_none() {
                return Ok(groups);
            }
        }
    }

    /// The status of the group's instance refresh, if one is in progress.
    pub(crate) async fn refresh_in_progress(
        &self,
        name: &str,
        turn: &Turn,
    ) -> Result<Option<String>, Failure> {
        // The newest come first, and at most one is in progress.
        let answer = turn.take(|| async {
            let asked = self.client.describe_instance_refreshes();
            let asked = asked.auto_scaling_group_name(name).send();
            asked
                .await
                .map_err(|error| of_call(&format!("DescribeInstanceRefreshes of {name}"), &error))
        });
        let answer = answer.await?;
        let statuses = answer
            .instance_refreshes()
            .iter()
            .filter_map(|refresh| refresh.status());
        Ok(statuses
            .filter(|status| is_in_progress(status))
            .map(|status| status.as_str().to_owned())
            .next())
    }

    /// Gives the group these subnets and changes nothing else.
    pub(crate) async fn update_subnets(
        &self,
        name: &str,
        subnets: &[String],
        turn: &Turn,
    ) -> Result<(), Failure> {
        let call = self
            .client
            .update_auto_scaling_group()
            .auto_scaling_group_name(name)
            .vpc_zone_identifier(subnets.join(","));
        let updated = turn.take(|| async {
            let updated = call.clone().send().await;
            updated.map_err(|error| of_call(&format!("UpdateAutoScalingGroup of {name}"), &error))
        });
        updated.await.map(|_| ())
    }

    /// Writes tags, all in one call. They are not passed on to instances.
    pub(crate) async fn write_tags(
        &self,
        name: &str,
        tags: &BTreeMap<String, String>,
        turn: &Turn,
    ) -> Result<(), Failure> {
        let mut call = self.client.create_or_update_tags();
        for (key, value) in tags {
            call = call.tags(
                tag(name, key)
                    .value(value)
                    .propagate_at_launch(false)
                    .build(),
            );
        }
        let written = turn.take(|| async {
            let written = call.clone().send().await;
            written.map_err(|error| of_call(&format!("CreateOrUpdateTags of {name}"), &error))
        });
        written.await.map(|_| ())
    }

    /// Deletes tags, whatever their values, all in one call.
    pub(crate) async fn delete_tags(
        &self,
        name: &str,
        keys: &BTreeSet<String>,
        turn: &Turn,
    ) -> Result<(), Failure> {
        let mut call = self.client.delete_tags();
        for key in keys {
            call = call.tags(tag(name, key).build());
        }
        let deleted = turn.take(|| async {
            let deleted = call.clone().send().await;
            deleted.map_err(|error| of_call(&format!("DeleteTags of {name}"), &error))
        });
        deleted.await.map(|_| ())
    }
}

fn tag(group: &str, key: &str) -> aws_sdk_autoscaling::types::builders::TagBuilder {
    Tag::builder()
        .resource_id(group)
        .resource_type("auto-scaling-group")
        .key(key)
}

/// What a refresh that is over is in, is known; every other status, also one that AWS adds later,
/// counts as in progress.
fn is_in_progress(status: &InstanceRefreshStatus) -> bool {
    !matches!(
        status,
        InstanceRefreshStatus::Successful
            | InstanceRefreshStatus::Failed
            | InstanceRefreshStatus::Cancelled
            | InstanceRefreshStatus::RollbackFailed
            | InstanceRefreshStatus::RollbackSuccessful
    )
}

enum Question {
    Tag { key: String, value: String },
    Names(Vec<String>),
}

/// The groups of a selector, a page at a time.
pub(crate) struct Pages {
    client: Client,
    with_instances: bool,
    /// What is still to be asked, the next one last.
    questions: Vec<Question>,
    /// Where the next page of the question begins.
    token: Option<String>,
    seen: BTreeSet<String>,
}

impl Pages {
    /// The next page; `None` after the last.
    pub(crate) async fn next(&mut self, turn: &Turn) -> Result<Option<Vec<GroupState>>, Failure> {
        let Some(question) = self.questions.last() else {
            return Ok(None);
        };
        let call = self
            .client
            .describe_auto_scaling_groups()
            .include_instances(self.with_instances)
            .max_records(MOST_RECORDS)
            .set_next_token(self.token.take());
        let call = match question {
            Question::Tag { key, value } => call.filters(
                Filter::builder()
                    .name(format!("tag:{key}"))
                    .values(value)
                    .build(),
            ),
            Question::Names(names) => call.set_auto_scaling_group_names(Some(names.clone())),
        };
        let answer = turn.take(|| async {
            let answer = call.clone().send().await;
            answer.map_err(|error| of_call("DescribeAutoScalingGroups", &error))
        });
        let answer = answer.await?;
        // What was not asked for is not touched, even if it is answered.
        let asked_for = |group: &GroupState| match question {
            Question::Tag { key, value } => group.tags.get(key) == Some(value),
            Question::Names(names) => names.contains(&group.name),
        };
        let groups: Vec<GroupState> = answer
            .auto_scaling_groups()
            .iter()
            .map(state)
            .filter(asked_for)
            .collect();
        self.seen
            .extend(groups.iter().map(|group| group.name.clone()));
        self.token = next_page(answer.next_token());
        if self.token.is_none() {
            self.questions.pop();
        }
        Ok(Some(groups))
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.questions.is_empty()
    }

    /// The names of the groups so far.
    pub(crate) fn seen(&self) -> &BTreeSet<String> {
        &self.seen
    }
}

/// How much of its group's desired capacity an instance is: a group with weights counts these.
fn weight(instance: &Instance) -> u32 {
    let weight = instance.weighted_capacity();
    weight.and_then(|weight| weight.parse().ok()).unwrap_or(1)
}

fn state(group: &AutoScalingGroup) -> GroupState {
    let mut in_service: BTreeMap<String, u32> = BTreeMap::new();
    for instance in group.instances() {
        if instance.lifecycle_state() == Some(&LifecycleState::InService) {
            *in_service
                .entry(instance.availability_zone().unwrap_or_default().to_owned())
                .or_default() += weight(instance);
        }
    }
    let subnets = group.vpc_zone_identifier().unwrap_or_default().split(',');
    GroupState {
        name: group
            .auto_scaling_group_name()
            .unwrap_or_default()
            .to_owned(),
        subnets: subnets
            .map(str::trim)
            .filter(|subnet| !subnet.is_empty())
            .map(str::to_owned)
            .collect(),
        // Set only while the group is being deleted.
        deleting: group.status().is_some_and(|status| !status.is_empty()),
        operator: group
            .operator()
            .and_then(|operator| operator.principal())
            .map(str::to_owned),
        native_zonal_shift: group
            .availability_zone_impairment_policy()
            .and_then(
                aws_sdk_autoscaling::types::AvailabilityZoneImpairmentPolicy::zonal_shift_enabled,
            )
            .unwrap_or(false),
        tags: group
            .tags()
            .iter()
            .filter_map(|tag| {
                Some((
                    tag.key()?.to_owned(),
                    tag.value().unwrap_or_default().to_owned(),
                ))
            })
            .collect(),
        refresh: None,
        desired: group
            .desired_capacity()
            .and_then(|desired| u32::try_from(desired).ok())
            .unwrap_or_default(),
        in_service,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_counts_as_much_as_it_weighs() {
        let of = |weight_of: Option<&str>| {
            let instance = Instance::builder().set_weighted_capacity(weight_of.map(str::to_owned));
            weight(&instance.build())
        };
        assert_eq!([of(None), of(Some("4")), of(Some("many"))], [1, 4, 1]);
    }

    #[test]
    fn a_refresh_is_in_progress_unless_it_is_known_to_be_over() {
        for (status, in_progress) in [
            ("Pending", true),
            ("InProgress", true),
            ("Baking", true),
            ("Cancelling", true),
            ("RollbackInProgress", true),
            ("Pondering", true),
            ("Successful", false),
            ("Failed", false),
            ("Cancelled", false),
            ("RollbackFailed", false),
            ("RollbackSuccessful", false),
        ] {
            let status = InstanceRefreshStatus::from(status);
            assert_eq!(is_in_progress(&status), in_progress, "{status}");
        }
    }
}
