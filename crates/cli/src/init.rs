//! `evac init`: the settings of a workload for the constructs in `infra`, read from its account.
//!
//! A load balancer is enough to begin with: its target groups tell the Auto Scaling groups, and their
//! subnets the zones. What no account tells stands there with its default and a comment.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use domain::{ResourceArn, SubnetId};
use runtime::settings::environment;
use serde_json::{Value, json};

use crate::account::{Account, GroupStanding, Groups, SubnetStanding};
use crate::arguments::{InitOptions, UsageError};
use crate::output::{Waiting, complain, tell};

/// What customers call slow, in milliseconds, until the owners say.
const SLOW_AFTER_MS: u32 = 1000;

/// What was found of a load balancer.
struct Found {
    target_groups: Vec<String>,
    groups: Vec<GroupStanding>,
    subnets: BTreeMap<SubnetId, SubnetStanding>,
}

/// Writes the settings; true where nothing is left to be filled in that could have been found.
pub(crate) fn command(options: &InitOptions) -> anyhow::Result<bool> {
    let balancer = &options.load_balancer;
    let account = Account::open(&environment(), None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let found = runtime.block_on(async {
        let _waiting = Waiting::for_what("the account is read");
        find(&account, balancer).await
    })?;
    for group in &found.groups {
        complain(&format!("evac: found the group {}", group.group));
    }
    let settings = settings(options, account.region(), &found);
    match &options.out {
        Some(file) => write(file, &settings)?,
        None => tell(settings.trim_end())?,
    }
    Ok(true)
}

async fn find(account: &Account, balancer: &ResourceArn) -> anyhow::Result<Found> {
    let target_groups: Vec<String> = (account.target_groups(balancer).await?.into_iter())
        .map(|group| group.arn)
        .collect();
    let groups = Groups::of(account).behind(&target_groups).await?;
    let mut subnets: Vec<SubnetId> = Vec::new();
    for subnet in groups.iter().flat_map(|group| &group.subnets) {
        let subnet: SubnetId = subnet.parse()?;
        if !subnets.contains(&subnet) {
            subnets.push(subnet);
        }
    }
    if subnets.is_empty() {
        let message = format!(
            "--load-balancer {balancer}: no Auto Scaling group is behind its target groups, so its zones and subnets are not known; write the settings by hand, from infra/examples/existing-load-balancer.json"
        );
        return Err(UsageError(message).into());
    }
    Ok(Found {
        target_groups,
        subnets: account.subnets(&subnets).await?,
        groups,
    })
}

/// The settings, as JSON with comments on lines of their own.
fn settings(options: &InitOptions, region: &str, found: &Found) -> String {
    let mut zones: BTreeMap<&str, (&str, Vec<&SubnetId>)> = BTreeMap::new();
    for (subnet, standing) in &found.subnets {
        let zone = zones
            .entry(&standing.zone)
            .or_insert_with(|| (&standing.name, Vec::new()));
        zone.1.push(subnet);
    }
    let zones: Vec<(String, Value)> = zones
        .into_iter()
        .map(|(id, (name, subnets))| (id.to_owned(), json!({"name": name, "subnets": subnets})))
        .collect();
    let names: Vec<&str> = found
        .groups
        .iter()
        .map(|group| group.group.as_str())
        .collect();
    let balancer = &options.load_balancer;
    let account = balancer.as_str().split(':').nth(4).unwrap_or_default();
    let mut text = String::from(
        "// Settings for `npx cdk deploy Evac --context config=<this file>` in infra; docs/CONFIGURATION.md.\n{\n",
    );
    let mut entry = |comment: &str, name: &str, value: &Value, last: bool| {
        for line in crate::output::wrapped(comment, 96) {
            let _ = writeln!(text, "  // {line}");
        }
        let comma = if last { "" } else { "," };
        let _ = writeln!(text, "  \"{name}\": {value}{comma}");
    };
    entry("Where it is deployed.", "account", &json!(account), false);
    entry("", "region", &json!(region), false);
    entry(
        "What people call it; rules, alarms and messages are named by it.",
        "workload",
        &json!(options.workload),
        false,
    );
    entry(
        "Every zone of the workload, with the subnets of its groups: what a prune takes out, and puts back.",
        "zones",
        &Value::Object(zones.into_iter().collect()),
        false,
    );
    entry(
        "What ARC shifts. Zonal shift has to be turned on for it.",
        "loadBalancer",
        &json!(balancer),
        false,
    );
    entry("", "targetGroups", &json!(found.target_groups), false);
    entry(
        "The groups behind it, by name; {\"tag\": {\"key\": ..., \"value\": ...}} takes new ones in by themselves.",
        "autoScalingGroups",
        &json!({"names": names}),
        false,
    );
    entry(
        "From how many milliseconds on an answer counts as bad. No account tells what your customers mind: set it.",
        "slowAfterMs",
        &json!(SLOW_AFTER_MS),
        false,
    );
    entry(
        "observe tells and moves nothing. Go on to shift, and then to evacuate: docs/ADOPTING.md.",
        "policy",
        &json!({"mode": "observe"}),
        options.mail.is_empty(),
    );
    if !options.mail.is_empty() {
        entry(
            "Who hears of it; each has to confirm.",
            "mail",
            &json!(options.mail),
            true,
        );
    }
    text.push_str("}\n");
    text
}

/// Writes a file that is not there yet: what somebody wrote is not lost.
fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let refused = |error: &dyn std::fmt::Display, remedy: &str| {
        UsageError(format!("--out {}: {error}; {remedy}", file.display()))
    };
    let mut new = std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(file)
        .map_err(|error| {
            refused(
                &error,
                "name a file that does not exist, in a directory that does",
            )
        })?;
    std::io::Write::write_all(&mut new, text.as_bytes())?;
    complain(&format!(
        "evac: wrote {}; read its comments, then make package and deploy it",
        file.display()
    ));
    Ok(())
}
