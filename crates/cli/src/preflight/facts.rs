//! What an account tells of a workload and of what watches over it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use classifier::Metrics;
use domain::SubnetId;
use domain::observation::Evidence;
use domain::policy::Mode;
use domain::report::Report;
use serde_json::json;

use crate::account::definition::Found;
use crate::account::{
    Account, AlarmStanding, Alarms, Configured, Events, Functions, GroupStanding, Groups,
    RuleStanding, SubnetStanding, Subscriber, TargetGroupStanding, Unread, name_of,
};
use crate::steer::ask;

/// What one question to CloudWatch may cost.
const WITHIN: Duration = Duration::from_secs(60);

/// What was read, or why it could not be.
pub(super) type Read<T> = Result<T, String>;

/// What a function of Evac's needs, and where.
#[derive(Debug, Clone)]
pub(super) struct Permissions {
    /// The function.
    pub(super) function: String,
    /// Actions that its role may not do.
    pub(super) denied: Read<Vec<String>>,
}

/// Everything that is judged.
#[derive(Debug)]
pub(super) struct Facts {
    /// The workload, and where its definition was found.
    pub(super) found: Found,
    /// The functions that are stopped.
    pub(super) stopped: Read<Vec<String>>,
    /// The rule that takes the alarms' events, by its name.
    pub(super) alarm_rule: (String, Read<RuleStanding>),
    /// The rule of the tick, by its name.
    pub(super) tick_rule: (String, Read<RuleStanding>),
    /// What the next tick would do, and what it finds wanting.
    pub(super) next_tick: Read<Report>,
    /// The alarms of the definition.
    pub(super) alarms: Read<Vec<AlarmStanding>>,
    /// The groups of the workload; none where it names none.
    pub(super) groups: Read<Vec<GroupStanding>>,
    /// The counts of the last minutes, where the definition says where they are.
    pub(super) counts: Evidence,
    /// The subnets of the definition.
    pub(super) subnets: Read<BTreeMap<SubnetId, SubnetStanding>>,
    /// The target groups of the load balancers among the resources, by its short name.
    pub(super) target_groups: Vec<(String, Read<Vec<TargetGroupStanding>>)>,
    /// Who hears of the messages, by topic.
    pub(super) subscribers: Vec<(String, Read<Vec<Subscriber>>)>,
    /// What waits in the queues of what failed, by the queue's ARN.
    pub(super) queues: Vec<(String, Read<u64>)>,
    /// What the functions may not do.
    pub(super) permissions: Vec<Permissions>,
}

/// What the classifier calls, beside the functions and the topics.
const CLASSIFIER: [&str; 2] = ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"];
/// What zonal-shift calls.
const READ_SHIFTS: [&str; 2] = [
    "arc-zonal-shift:GetManagedResource",
    "arc-zonal-shift:ListZonalShifts",
];
const WRITE_SHIFTS: [&str; 3] = [
    "arc-zonal-shift:StartZonalShift",
    "arc-zonal-shift:UpdateZonalShift",
    "arc-zonal-shift:CancelZonalShift",
];
/// What asg-pruning calls.
const READ_GROUPS: [&str; 2] = [
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeInstanceRefreshes",
];
/// What the classifier's environment calls its topics and the other functions.
const TOPICS: [&str; 2] = ["EVAC_TOPIC_ARN", "EVAC_CHAT_TOPIC_ARN"];
const ZONAL_SHIFT: &str = "EVAC_ZONAL_SHIFT_FUNCTION";
const ASG_PRUNING: &str = "EVAC_ASG_PRUNING_FUNCTION";

impl Facts {
    /// Reads everything that can be read.
    pub(super) async fn read(account: &Account, found: Found) -> Self {
        let workload = &found.workload;
        let events = Events::of(account);
        let functions = Functions::of(account);
        let base = found.rule.strip_suffix("-tick").unwrap_or(&found.rule);
        let (alarm, tick) = (base.to_owned(), format!("{base}-tick"));
        let names = workload.alarm_names();
        let subnets: Vec<SubnetId> = workload
            .zones
            .iter()
            .flat_map(|(_, zone)| zone.subnets.iter().cloned())
            .collect();
        let (alarm_rule, tick_rule, alarms, configured) = tokio::join!(
            async { told(events.rule(&alarm).await) },
            async { told(events.rule(&tick).await) },
            async { told(Alarms::of(account).standing(&names).await) },
            async { told(functions.configured(&found.classifier).await) },
        );
        let groups = match &workload.groups {
            Some(selector) => told(Groups::of(account).standing(selector).await),
            None => Ok(Vec::new()),
        };
        let free = match subnets.is_empty() {
            true => Ok(BTreeMap::new()),
            false => told(account.subnets(&subnets).await),
        };
        let mut target_groups = Vec::new();
        for resource in &workload.resources {
            if resource.as_str().contains(":loadbalancer/") {
                let standing = told(account.target_groups(resource).await);
                target_groups.push((resource.short().to_owned(), standing));
            }
        }
        let stopped = stopped(&functions, &found.classifier, &configured).await;
        let next_tick = match stopped.as_ref().ok().and_then(|stopped| stopped.first()) {
            Some(function) => Err(format!(
                "{function} is stopped, so the classifier was not asked"
            )),
            None => {
                let command =
                    json!({"action": "reconcile", "reason": "evac preflight", "dryRun": true});
                let asked = ask(account, &found, command).await;
                asked.map_err(|failure| failure.message)
            }
        };
        let counts = match (&workload.evidence, &next_tick) {
            (Some(source), Ok(report)) => {
                let history = workload.policy.criteria.history();
                let metrics = Metrics::new(account.connections());
                metrics
                    .recent(source, &workload.zones, history, report.at, WITHIN)
                    .await
            }
            _ => Evidence::NotConfigured,
        };
        let mut facts = Self {
            counts,
            stopped,
            alarm_rule: (alarm, alarm_rule),
            tick_rule: (tick, tick_rule),
            next_tick,
            alarms,
            groups,
            subnets: free,
            target_groups,
            subscribers: Vec::new(),
            queues: Vec::new(),
            permissions: Vec::new(),
            found,
        };
        facts.read_functions(account, &functions, configured).await;
        facts
    }

    /// What hangs on how the functions are configured.
    async fn read_functions(
        &mut self,
        account: &Account,
        functions: &Functions,
        classifier: Read<Configured>,
    ) {
        let arn = self.found.classifier.clone();
        let variables = match &classifier {
            Ok(configured) => configured.variables.clone(),
            Err(_) => Default::default(),
        };
        let mut all = vec![(arn, classifier)];
        for variable in [ZONAL_SHIFT, ASG_PRUNING] {
            if let Some(function) = variables.get(variable) {
                let configured = told(functions.configured(function).await);
                all.push((function.clone(), configured));
            }
        }
        let mut queues: Vec<String> = Vec::new();
        for (function, configured) in &all {
            let of_function = Permissions {
                function: function.clone(),
                denied: self.denied(account, function, configured, &variables).await,
            };
            self.permissions.push(of_function);
            let destination = configured.iter().filter_map(|one| one.on_failure.clone());
            queues.extend(destination.filter(|arn| arn.contains(":sqs:")));
        }
        queues.sort();
        queues.dedup();
        for queue in queues {
            let waiting = told(account.messages_in(&queue).await);
            self.queues.push((queue, waiting));
        }
        for topic in topics(&variables) {
            let subscribers = told(account.subscribers(topic).await);
            self.subscribers.push((topic.clone(), subscribers));
        }
    }

    /// What a function may not do of what it has to.
    async fn denied(
        &self,
        account: &Account,
        function: &str,
        configured: &Read<Configured>,
        variables: &HashMap<String, String>,
    ) -> Read<Vec<String>> {
        let configured = configured.as_ref().map_err(Clone::clone)?;
        let Some(role) = &configured.role else {
            return Err(format!(
                "GetFunctionConfiguration of {function} names no role"
            ));
        };
        let workload = &self.found.workload;
        let mode = workload.policy.mode;
        let is = |variable: &str| {
            variables
                .get(variable)
                .is_some_and(|named| named == function)
        };
        // Each resource with the actions on it; `*` where IAM knows no resource.
        let mut asked: Vec<(String, Vec<&str>)> = Vec::new();
        if is(ZONAL_SHIFT) {
            for resource in &workload.resources {
                asked.push((resource.to_string(), READ_SHIFTS[..1].to_vec()));
                if mode != Mode::Observe {
                    asked.push((resource.to_string(), WRITE_SHIFTS.to_vec()));
                }
            }
            asked.push(("*".to_owned(), READ_SHIFTS[1..].to_vec()));
        } else if is(ASG_PRUNING) {
            asked.push(("*".to_owned(), READ_GROUPS.to_vec()));
        } else {
            asked.push(("*".to_owned(), CLASSIFIER.to_vec()));
            for variable in [ZONAL_SHIFT, ASG_PRUNING] {
                if let Some(function) = variables.get(variable) {
                    asked.push((function.clone(), vec!["lambda:InvokeFunction"]));
                }
            }
            for topic in topics(variables) {
                asked.push((topic.clone(), vec!["sns:Publish"]));
            }
        }
        let mut denied = Vec::new();
        for (resource, actions) in asked {
            let of_resource = told(account.denied(role, &actions, &resource).await)?;
            let named = of_resource
                .into_iter()
                .map(|action| match resource.as_str() {
                    "*" => action,
                    resource => format!("{action} on {resource}"),
                });
            denied.extend(named);
        }
        Ok(denied)
    }
}

/// The names of those functions that are stopped, as far as the classifier's environment names them.
async fn stopped(
    functions: &Functions,
    classifier: &str,
    configured: &Read<Configured>,
) -> Read<Vec<String>> {
    let variables = configured.as_ref().map(|configured| &configured.variables);
    let others = [ZONAL_SHIFT, ASG_PRUNING].into_iter();
    let others = others.filter_map(|name| variables.ok()?.get(name).map(String::as_str));
    let mut stopped = Vec::new();
    for function in [classifier].into_iter().chain(others) {
        if told(functions.is_stopped(function).await)? {
            stopped.push(name_of(function).to_owned());
        }
    }
    Ok(stopped)
}

/// The topics that the classifier's environment names.
fn topics(variables: &HashMap<String, String>) -> impl Iterator<Item = &String> {
    let named = |variable: &&str| variables.get(*variable);
    TOPICS.iter().filter_map(named)
}

fn told<T>(read: Result<T, Unread>) -> Read<T> {
    read.map_err(|unread| unread.to_string())
}
