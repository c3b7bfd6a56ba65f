//! `CreateOrUpdateTags`, `DeleteTags` and `DescribeTags`.

use anyhow::{Result, ensure};
use aws_sdk_autoscaling::types::{Filter, Tag};

use super::described;
use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::{GroupSpec, Subject};

contracts!(
    "autoscaling",
    [region, moto],
    [
        a_tag_is_created_overwritten_and_deleted,
        tags_of_one_group_are_not_those_of_another,
        deleting_a_tag_that_is_not_there_is_no_error,
        a_group_has_at_most_fifty_tags,
        a_value_has_at_most_256_characters,
        a_key_has_at_most_128_characters,
        a_key_that_begins_with_aws_is_refused,
        a_tag_of_a_group_that_does_not_exist_is_refused,
        tags_are_found_by_key_and_by_value,
        a_filter_of_tags_that_is_not_documented_is_refused,
        pages_of_tags_lead_to_the_rest,
    ]
);

async fn a_tag_is_created_overwritten_and_deleted(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let client = subject.autoscaling();
    for value in ["one", "two"] {
        let create = client.create_or_update_tags().tags(tag(&name, "k", value));
        accepted("CreateOrUpdateTags", create.send().await)?;
        let expected = vec![("k".to_owned(), value.to_owned())];
        same("DescribeTags", &tags(subject, &name).await?, &expected)?;
        let group = described(subject, &name).await?;
        let [shown] = group.tags() else {
            anyhow::bail!("the group shows the tags {:?}", group.tags());
        };
        same("the group's own tag", &shown.value(), &Some(value))?;
    }
    let delete = client.delete_tags().tags(tag(&name, "k", "two"));
    accepted("DeleteTags", delete.send().await)?;
    same("tags afterwards", &tags(subject, &name).await?, &vec![])
}

async fn tags_of_one_group_are_not_those_of_another(subject: &Subject) -> Outcome {
    let (one, other) = (
        subject.group(GroupSpec::default()).await,
        subject.group(GroupSpec::default()).await,
    );
    let create = subject.autoscaling().create_or_update_tags();
    let create = create.tags(tag(&one, "k", "1")).tags(tag(&other, "l", "2"));
    accepted("tags of two groups", create.send().await)?;
    let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    same("tags of one", &tags(subject, &one).await?, &pair("k", "1"))?;
    same(
        "tags of the other",
        &tags(subject, &other).await?,
        &pair("l", "2"),
    )
}

async fn deleting_a_tag_that_is_not_there_is_no_error(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default().tagged("k", "v")).await;
    let delete = subject.autoscaling().delete_tags();
    accepted(
        "DeleteTags",
        delete.tags(tag(&name, "other", "v")).send().await,
    )?;
    let expected = vec![("k".to_owned(), "v".to_owned())];
    same("tags afterwards", &tags(subject, &name).await?, &expected)
}

/// Source: Auto Scaling user guide, "Tag Auto Scaling groups and instances"; `LimitExceeded` is the
/// only error of the operation for a limit.
async fn a_group_has_at_most_fifty_tags(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let client = subject.autoscaling();
    for batch in 0..2 {
        let tags = (0..25).map(|n| tag(&name, &format!("k{batch}-{n}"), "v"));
        let create = client.create_or_update_tags();
        let answer = create.set_tags(Some(tags.collect())).send().await;
        accepted("25 tags", answer)?;
    }
    let again = client.create_or_update_tags().tags(tag(&name, "k0-0", "w"));
    accepted("a new value of one of 50 tags", again.send().await)?;
    let create = client.create_or_update_tags().tags(tag(&name, "more", "v"));
    refused("a tag beyond 50", create.send().await, "LimitExceeded", 400)
}

async fn a_value_has_at_most_256_characters(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let client = subject.autoscaling();
    let longest = client.create_or_update_tags();
    let longest = longest.tags(tag(&name, "k", &"é".repeat(256)));
    accepted("a value of 256 characters", longest.send().await)?;
    let longer = client.create_or_update_tags();
    let longer = longer.tags(tag(&name, "k", &"v".repeat(257)));
    refused(
        "a value of 257 characters",
        longer.send().await,
        "ValidationError",
        400,
    )
}

async fn a_key_has_at_most_128_characters(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let create = subject.autoscaling().create_or_update_tags();
    let create = create.tags(tag(&name, &"k".repeat(129), "v"));
    refused(
        "a key of 129 characters",
        create.send().await,
        "ValidationError",
        400,
    )
}

async fn a_key_that_begins_with_aws_is_refused(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let create = subject.autoscaling().create_or_update_tags();
    let create = create.tags(tag(&name, "aws:mine", "v"));
    refused(
        "the key aws:mine",
        create.send().await,
        "ValidationError",
        400,
    )
}

async fn a_tag_of_a_group_that_does_not_exist_is_refused(subject: &Subject) -> Outcome {
    let nobody = subject.name("nobody");
    let create = subject.autoscaling().create_or_update_tags();
    let create = create.tags(tag(&nobody, "k", "v"));
    refused(
        "an unknown group",
        create.send().await,
        "ValidationError",
        400,
    )
}

async fn tags_are_found_by_key_and_by_value(subject: &Subject) -> Outcome {
    let (key, value) = (subject.name("key"), subject.name("value"));
    let spec = GroupSpec::default()
        .tagged(&key, &value)
        .tagged(&key.replace("key", "l"), "v");
    subject.group(spec).await;
    for (filter, of) in [("key", &key), ("value", &value)] {
        let describe = subject.autoscaling().describe_tags();
        let filter = Filter::builder().name(filter).values(of).build();
        let answer = describe.filters(filter.clone()).send().await;
        let answer = accepted("DescribeTags", answer)?;
        let [found] = answer.tags() else {
            anyhow::bail!("{filter:?} finds {:?}", answer.tags());
        };
        let found = (found.key(), found.value());
        same(
            "the tag",
            &found,
            &(Some(key.as_str()), Some(value.as_str())),
        )?;
    }
    Ok(())
}

async fn a_filter_of_tags_that_is_not_documented_is_refused(subject: &Subject) -> Outcome {
    let describe = subject.autoscaling().describe_tags();
    let filter = Filter::builder().name("colour").values("red").build();
    let answer = describe.filters(filter).send().await;
    refused("the filter colour", answer, "ValidationError", 400)
}

async fn pages_of_tags_lead_to_the_rest(subject: &Subject) -> Outcome {
    let spec = GroupSpec::default()
        .tagged("a", "1")
        .tagged("b", "2")
        .tagged("c", "3");
    let name = subject.group(spec).await;
    let of_group = Filter::builder()
        .name("auto-scaling-group")
        .values(&name)
        .build();
    let client = subject.autoscaling();
    let describe = client
        .describe_tags()
        .filters(of_group.clone())
        .max_records(2);
    let first = accepted("the first page", describe.send().await)?;
    same("tags on the first page", &first.tags().len(), &2)?;
    ensure!(first.next_token().is_some(), "the first page has no token");
    let describe = client.describe_tags().filters(of_group).max_records(2);
    let second = describe.set_next_token(first.next_token().map(str::to_owned));
    let second = accepted("the second page", second.send().await)?;
    same("tags on the second page", &second.tags().len(), &1)?;
    same("the token of the last page", &second.next_token(), &None)
}

fn tag(group: &str, key: &str, value: &str) -> Tag {
    Tag::builder()
        .resource_id(group)
        .resource_type("auto-scaling-group")
        .key(key)
        .value(value)
        .propagate_at_launch(false)
        .build()
}

/// The tags of a group, by DescribeTags.
async fn tags(subject: &Subject, group: &str) -> Result<Vec<(String, String)>> {
    let filter = Filter::builder()
        .name("auto-scaling-group")
        .values(group)
        .build();
    let describe = subject.autoscaling().describe_tags().filters(filter);
    let answer = accepted("DescribeTags", describe.send().await)?;
    let pair = |tag: &aws_sdk_autoscaling::types::TagDescription| {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        (text(tag.key()), text(tag.value()))
    };
    Ok(answer.tags().iter().map(pair).collect())
}
