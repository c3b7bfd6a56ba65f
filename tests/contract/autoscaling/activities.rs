//! `DescribeScalingActivities`.

use anyhow::ensure;

use crate::contract::Outcome;
use crate::refusal::{accepted, same};
use crate::subject::{GroupSpec, Subject};

contracts!(
    "autoscaling",
    [region, moto],
    [a_launch_is_an_activity_of_its_group]
);

async fn a_launch_is_an_activity_of_its_group(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::of(1)).await;
    let client = subject.autoscaling();
    let update = client.update_auto_scaling_group();
    let update = update.auto_scaling_group_name(&name).desired_capacity(2);
    accepted("a higher desired capacity", update.send().await)?;
    let look = || async {
        let describe = client.describe_scaling_activities();
        let answer = describe.auto_scaling_group_name(&name).send().await;
        let answer = accepted("DescribeScalingActivities", answer)?;
        let Some(activity) = answer.activities().first() else {
            anyhow::bail!("there is no activity");
        };
        same(
            "its group",
            &activity.auto_scaling_group_name(),
            &Some(name.as_str()),
        )?;
        let description = activity.description().unwrap_or_default();
        ensure!(
            description.starts_with("Launching a new EC2 instance"),
            "its description is {description:?}"
        );
        Ok(())
    };
    subject.eventually(look).await
}
