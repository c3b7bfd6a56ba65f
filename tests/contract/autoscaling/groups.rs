//! `DescribeAutoScalingGroups`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use aws_sdk_autoscaling::types::Filter;

use super::{described, in_service, sorted};
use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::{GroupSpec, Subject};

contracts!(
    "autoscaling",
    [region, moto],
    [
        a_group_shows_its_size_its_subnets_and_their_zones,
        a_name_that_no_group_has_is_left_out,
        a_filter_by_tag_key_lets_pass_the_groups_that_have_the_tag,
        a_filter_by_tag_and_value_matches_one_of_its_values_with_its_case,
        every_filter_has_to_match,
        names_and_filters_both_have_to_match,
        a_filter_that_is_not_documented_is_refused,
        pages_hold_at_most_max_records_and_lead_to_the_rest,
        a_page_of_more_than_a_hundred_is_refused,
        a_token_that_no_page_gave_is_refused,
        instances_are_shown_with_their_zones,
        instances_are_left_out_on_request,
    ]
);

async fn a_group_shows_its_size_its_subnets_and_their_zones(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::of(2)).await;
    let group = described(subject, &name).await?;
    let size = (group.min_size(), group.desired_capacity(), group.max_size());
    same("the size", &size, &(Some(0), Some(2), Some(9)))?;
    let subnets = subject.subnets().await;
    let identifier = group.vpc_zone_identifier().unwrap_or_default();
    same(
        "VPCZoneIdentifier",
        &sorted(identifier.split(',')),
        &sorted(subnets.iter().map(|subnet| subnet.id.as_str())),
    )?;
    let zones = group.availability_zones().iter().map(String::as_str);
    same(
        "AvailabilityZones",
        &sorted(zones),
        &sorted(subnets.iter().map(|subnet| subnet.zone.as_str())),
    )?;
    let arn = group.auto_scaling_group_arn().unwrap_or_default();
    ensure!(
        arn.ends_with(&format!(":autoScalingGroupName/{name}")),
        "AutoScalingGroupARN is {arn}"
    );
    Ok(())
}

async fn a_name_that_no_group_has_is_left_out(subject: &Subject) -> Outcome {
    let there = subject.group(GroupSpec::default()).await;
    let nobody = subject.name("nobody");
    let found = find(subject, [&nobody], []).await?;
    same("only a name that no group has", &found, &vec![])?;
    let found = find(subject, [&nobody, &there], []).await?;
    same("one name of two", &found, &vec![there])
}

async fn a_filter_by_tag_key_lets_pass_the_groups_that_have_the_tag(subject: &Subject) -> Outcome {
    let key = subject.name("key");
    let tagged = subject.group(GroupSpec::default().tagged(&key, "v")).await;
    subject.group(GroupSpec::default()).await;
    let found = find(subject, [], [filter("tag-key", [&key])]).await?;
    same("the filter tag-key", &found, &vec![tagged])
}

async fn a_filter_by_tag_and_value_matches_one_of_its_values_with_its_case(
    subject: &Subject,
) -> Outcome {
    let key = subject.name("key");
    let mut groups = BTreeMap::new();
    for value in ["a", "b", "A"] {
        let spec = GroupSpec::default().tagged(&key, value);
        groups.insert(value, subject.group(spec).await);
    }
    let by_tag = filter(&format!("tag:{key}"), ["a", "b"]);
    let mut found = find(subject, [], [by_tag]).await?;
    found.sort();
    let mut expected = vec![groups["a"].clone(), groups["b"].clone()];
    expected.sort();
    same("the filter tag:<key>", &found, &expected)
}

async fn every_filter_has_to_match(subject: &Subject) -> Outcome {
    let (one, other) = (subject.name("key"), subject.name("key"));
    let both = GroupSpec::default().tagged(&one, "v").tagged(&other, "w");
    let both = subject.group(both).await;
    subject.group(GroupSpec::default().tagged(&one, "v")).await;
    let filters = [filter("tag-key", [&one]), filter("tag-key", [&other])];
    let found = find(subject, [], filters).await?;
    same("two filters", &found, &vec![both])
}

async fn names_and_filters_both_have_to_match(subject: &Subject) -> Outcome {
    let key = subject.name("key");
    let tagged = subject.group(GroupSpec::default().tagged(&key, "v")).await;
    subject.group(GroupSpec::default().tagged(&key, "v")).await;
    let untagged = subject.group(GroupSpec::default()).await;
    let filters = [filter("tag-key", [&key])];
    let found = find(subject, [&tagged, &untagged], filters).await?;
    same("names and a filter", &found, &vec![tagged])
}

async fn a_filter_that_is_not_documented_is_refused(subject: &Subject) -> Outcome {
    let describe = subject.autoscaling().describe_auto_scaling_groups();
    let answer = describe.filters(filter("colour", ["red"])).send().await;
    refused("the filter colour", answer, "ValidationError", 400)
}

async fn pages_hold_at_most_max_records_and_lead_to_the_rest(subject: &Subject) -> Outcome {
    let mut names = Vec::new();
    for _ in 0..5 {
        names.push(subject.group(GroupSpec::default()).await);
    }
    let client = subject.autoscaling();
    let (mut found, mut sizes, mut token) = (Vec::new(), Vec::new(), None);
    loop {
        let describe = client.describe_auto_scaling_groups();
        let describe = describe.set_auto_scaling_group_names(Some(names.clone()));
        let page = describe.max_records(2).set_next_token(token).send().await;
        let page = accepted("a page", page)?;
        sizes.push(page.auto_scaling_groups().len());
        let groups = page.auto_scaling_groups().iter();
        found.extend(groups.filter_map(|group| group.auto_scaling_group_name().map(str::to_owned)));
        token = page.next_token().map(str::to_owned);
        if token.is_none() || sizes.len() > 5 {
            break;
        }
    }
    same("the sizes of the pages", &sizes, &vec![2, 2, 1])?;
    found.sort();
    names.sort();
    same("the groups of all pages", &found, &names)
}

async fn a_page_of_more_than_a_hundred_is_refused(subject: &Subject) -> Outcome {
    let describe = subject.autoscaling().describe_auto_scaling_groups();
    let answer = describe.max_records(101).send().await;
    refused("MaxRecords 101", answer, "ValidationError", 400)
}

async fn a_token_that_no_page_gave_is_refused(subject: &Subject) -> Outcome {
    let describe = subject.autoscaling().describe_auto_scaling_groups();
    let answer = describe.next_token("nowhere").send().await;
    refused("the token nowhere", answer, "InvalidNextToken", 400)
}

async fn instances_are_shown_with_their_zones(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::of(3)).await;
    let group = described(subject, &name).await?;
    let zones = group.availability_zones().iter();
    let shown: usize = zones.map(|zone| in_service(&group, zone)).sum();
    same("instances in service in the group's zones", &shown, &3)
}

async fn instances_are_left_out_on_request(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::of(2)).await;
    let describe = subject.autoscaling().describe_auto_scaling_groups();
    let describe = describe.auto_scaling_group_names(&name);
    let answer = describe.include_instances(false).send().await;
    let answer = accepted("IncludeInstances false", answer)?;
    let group = answer.auto_scaling_groups().first();
    let instances = group.context("the group is not there")?.instances().len();
    same("instances with IncludeInstances false", &instances, &0)
}

fn filter<'a>(name: &str, values: impl IntoIterator<Item = impl Into<String> + 'a>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder()
        .name(name)
        .set_values(Some(values))
        .build()
}

/// The names of the groups that DescribeAutoScalingGroups answers with.
async fn find<'a>(
    subject: &Subject,
    names: impl IntoIterator<Item = &'a String>,
    filters: impl IntoIterator<Item = Filter>,
) -> Result<Vec<String>> {
    let names: Vec<String> = names.into_iter().cloned().collect();
    let filters: Vec<Filter> = filters.into_iter().collect();
    let describe = subject.autoscaling().describe_auto_scaling_groups();
    let answer = describe
        .set_auto_scaling_group_names((!names.is_empty()).then_some(names))
        .set_filters((!filters.is_empty()).then_some(filters))
        .send()
        .await;
    let answer = accepted("DescribeAutoScalingGroups", answer)?;
    let groups = answer.auto_scaling_groups().iter();
    Ok(groups
        .filter_map(|group| group.auto_scaling_group_name().map(str::to_owned))
        .collect())
}
