//! `SuspendProcesses` and `ResumeProcesses`.

use anyhow::Result;

use super::{described, sorted};
use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::{GroupSpec, Subject};

contracts!(
    "autoscaling",
    [region, moto],
    [
        a_suspended_process_is_shown_until_it_is_resumed,
        without_names_every_process_is_meant,
        a_process_that_does_not_exist_is_refused,
        processes_of_a_group_that_does_not_exist_are_refused,
    ]
);

/// Source: Auto Scaling user guide, "Suspend and resume Amazon EC2 Auto Scaling processes".
const EVERY_PROCESS: [&str; 9] = [
    "AZRebalance",
    "AddToLoadBalancer",
    "AlarmNotification",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
];

async fn a_suspended_process_is_shown_until_it_is_resumed(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let client = subject.autoscaling();
    let suspend = client.suspend_processes().auto_scaling_group_name(&name);
    let suspend = suspend.scaling_processes("AZRebalance");
    accepted(
        "SuspendProcesses",
        suspend.scaling_processes("Launch").send().await,
    )?;
    let suspended = suspended(subject, &name).await?;
    same(
        "suspended",
        &suspended,
        &vec!["AZRebalance".into(), "Launch".into()],
    )?;
    let resume = client.resume_processes().auto_scaling_group_name(&name);
    let resume = resume.scaling_processes("Launch");
    accepted("ResumeProcesses", resume.send().await)?;
    let suspended = self::suspended(subject, &name).await?;
    same("still suspended", &suspended, &vec!["AZRebalance".into()])
}

async fn without_names_every_process_is_meant(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let client = subject.autoscaling();
    let suspend = client.suspend_processes().auto_scaling_group_name(&name);
    accepted("SuspendProcesses", suspend.send().await)?;
    let expected: Vec<String> = EVERY_PROCESS.map(str::to_owned).to_vec();
    same("suspended", &suspended(subject, &name).await?, &expected)?;
    let resume = client.resume_processes().auto_scaling_group_name(&name);
    accepted("ResumeProcesses", resume.send().await)?;
    same(
        "still suspended",
        &suspended(subject, &name).await?,
        &vec![],
    )
}

async fn a_process_that_does_not_exist_is_refused(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let suspend = subject.autoscaling().suspend_processes();
    let suspend = suspend.auto_scaling_group_name(&name);
    let answer = suspend.scaling_processes("Daydreaming").send().await;
    refused("an unknown process", answer, "ValidationError", 400)
}

async fn processes_of_a_group_that_does_not_exist_are_refused(subject: &Subject) -> Outcome {
    let suspend = subject.autoscaling().suspend_processes();
    let suspend = suspend.auto_scaling_group_name(subject.name("nobody"));
    let answer = suspend.scaling_processes("Launch").send().await;
    refused("an unknown group", answer, "ValidationError", 400)
}

async fn suspended(subject: &Subject, group: &str) -> Result<Vec<String>> {
    let group = described(subject, group).await?;
    let processes = group.suspended_processes().iter();
    let names = sorted(processes.filter_map(|process| process.process_name()));
    Ok(names.into_iter().map(str::to_owned).collect())
}
