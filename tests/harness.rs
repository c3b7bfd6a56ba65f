//! The pipeline in one process: the real handlers and the real SDK clients against the embedded
//! Region, with a clock that moves only when told to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is the tests' own code, and a test may panic"
)]

use std::future::Future;
use std::sync::Arc;

use asg_pruning::AsgPruning;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use classifier::{Classifier, Configuration};
use domain::AccountId;
use domain::policy::Mode;
use domain::report::Report;
use domain::signal::BareDefaults;
use jiff::{SignedDuration, Timestamp};
use region::autoscaling::{GroupSpec, TagParameter, UpdateGroup};
use region::cloudwatch::{Actions, CompositeAlarmConfig, StateValue};
use region::lambda::{Answer, FunctionFailure, Handler, Invoked};
use region::operation::Service;
use region::region::Region;
use region::scenario::{Scenario, built_in};
use region::stage::{ASG_PRUNING, CLASSIFIER, GROUP, Handlers, REGION, Stage, ZONAL_SHIFT};
use region::transport::in_process;
use runtime::clients::Connections;
use runtime::failure::FunctionError;
use runtime::invocation::Invocation;
use runtime::settings::{Habitat, Settings};
use runtime::telemetry::Meter;
use serde::Serialize;
use serde_json::{Value, json};
use zonal_shift::ZonalShift;

/// The pipeline on a stage.
pub struct Pipeline {
    /// The Region and the workload.
    pub stage: Stage,
}

impl Pipeline {
    /// The pipeline in a built-in scenario.
    #[must_use]
    pub fn on(scenario: &str) -> Self {
        Self::in_scenario(&scenario_named(scenario))
    }

    /// The pipeline in peacetime: nothing goes wrong by itself, and only alarms speak.
    #[must_use]
    pub fn at_peace() -> Self {
        Self::at_peace_with(|_| {})
    }

    /// The pipeline in peacetime, on a stage that is changed before Evac watches it. Alarms are set
    /// by hand here and no count would bear them out, so the workload has no evidence.
    #[must_use]
    pub fn at_peace_with(change: impl FnOnce(&mut Stage)) -> Self {
        Self::watching(&scenario_named("healthy"), 1, |stage| {
            let workload = stage.workload.as_object_mut().expect("a definition");
            workload.remove("evidence");
            change(stage);
        })
    }

    /// The pipeline in a scenario.
    #[must_use]
    pub fn in_scenario(scenario: &Scenario) -> Self {
        Self::seeded(scenario, 1)
    }

    /// The pipeline in a scenario, with everything that chance decides drawn from this seed.
    #[must_use]
    pub fn seeded(scenario: &Scenario, seed: u64) -> Self {
        Self::watching(scenario, seed, |_| {})
    }

    /// The pipeline in a scenario, on a stage that is changed before Evac watches it.
    #[must_use]
    pub fn changed(scenario: &Scenario, change: impl FnOnce(&mut Stage)) -> Self {
        Self::watching(scenario, 1, change)
    }

    fn watching(scenario: &Scenario, seed: u64, change: impl FnOnce(&mut Stage)) -> Self {
        // The SDK draws its waits from this generator.
        fastrand::seed(seed);
        let mut stage = Stage::set(scenario, seed).expect("a stage");
        change(&mut stage);
        stage
            .connect(handlers(&stage.region, &stage.topic))
            .expect("rules");
        Self { stage }
    }

    /// The Region.
    #[must_use]
    pub fn region(&self) -> &Arc<Region> {
        &self.stage.region
    }

    /// Lets so many minutes pass.
    pub async fn minutes(&self, minutes: i64) {
        self.region()
            .advance(SignedDuration::from_mins(minutes))
            .await;
    }

    /// Lets the whole scenario pass.
    pub async fn play(&self) {
        let rest = self.stage.end.duration_since(self.region().now());
        self.region().advance(rest).await;
    }

    /// The workload's definition, with the policy changed.
    #[must_use]
    pub fn workload(&self, policy: &Value) -> Value {
        let mut workload = self.stage.workload.clone();
        for (field, value) in policy.as_object().into_iter().flatten() {
            workload["policy"][field] = value.clone();
        }
        workload
    }

    /// Gives the classifier a command.
    ///
    /// # Errors
    /// How the classifier failed.
    pub async fn command(&self, command: Value) -> Result<Report, FunctionFailure> {
        self.classify(json!({"workload": self.stage.workload, "command": command}))
            .await
    }

    /// Gives the classifier a payload.
    ///
    /// # Errors
    /// How the classifier failed.
    pub async fn classify(&self, payload: Value) -> Result<Report, FunctionFailure> {
        let answer = self.region().invoke_function(CLASSIFIER, payload).await?;
        Ok(serde_json::from_value(answer).expect("a report"))
    }

    /// The event of a zone's alarm, as EventBridge would deliver it now.
    #[must_use]
    pub fn alarm_event(&self, zone: &str) -> Value {
        let now = self.region().now();
        let alarm = self.stage.workload["alarms"]["zonal"][zone]
            .as_str()
            .expect("a zone's alarm")
            .to_owned();
        json!({"workload": self.stage.workload, "event": {
            "version": "0",
            "id": "00000000-0000-4000-8000-000000000001",
            "detail-type": "CloudWatch Alarm State Change",
            "source": "aws.cloudwatch",
            "account": "000000000000",
            "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": REGION,
            "resources": [],
            "detail": {
                "alarmName": alarm,
                "state": {"value": "ALARM", "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()},
                "previousState": {"value": "OK"},
                "configuration": {"alarmRule": "TRUE"},
            },
        }})
    }

    /// Puts a composite alarm into a state, and takes it off its metrics, so that it stays there.
    /// EventBridge is told, as of every change.
    pub fn set_alarm(&self, alarm: &str, state: StateValue) {
        let mut region = self.region().state();
        let now = region.now();
        let detached = CompositeAlarmConfig {
            name: alarm.to_owned(),
            description: None,
            actions: Actions::default(),
            rule: "FALSE".to_owned(),
            suppressor: None,
        };
        region
            .cloudwatch
            .put_composite_alarm(detached, now)
            .expect("an alarm");
        region
            .cloudwatch
            .set_alarm_state(alarm, state, "a test says so", None, now)
            .expect("an alarm");
    }

    /// A person shifts traffic away from a zone.
    pub fn shift_as_person(&self, zone: &str) {
        let resource = self.stage.workload["resources"][0]
            .as_str()
            .expect("a resource")
            .to_owned();
        let mut region = self.region().state();
        let now = region.now();
        let input = region::arc::StartInput {
            resource: &resource,
            away_from: zone,
            expires_in: "2h",
            comment: "Jane, by hand",
        };
        region.arc.start(&input, now).expect("a shift");
    }

    /// A person ends every shift that is active.
    pub fn cancel_as_person(&self) {
        self.cancel_as_person_if(|_| true);
    }

    /// A person ends the active shifts of these resources, by ARN.
    pub fn cancel_as_person_if(&self, concerned: impl Fn(&str) -> bool) {
        let mut region = self.region().state();
        let now = region.now();
        let shifts = region.arc.shifts().iter().filter(|shift| {
            shift.status == region::arc::Status::Active && concerned(shift.resource.as_str())
        });
        let active: Vec<String> = shifts.map(|shift| shift.id.clone()).collect();
        for id in active {
            region.arc.cancel(&id, now).expect("an active shift");
        }
    }

    /// A person takes a zone's subnet out of the group.
    pub fn leave_zone_as_person(&self, zone: &str) {
        let subnet = self.stage.workload["zones"][zone]["subnets"][0]
            .as_str()
            .expect("a subnet")
            .to_owned();
        let rest: Vec<String> = self
            .subnets()
            .into_iter()
            .filter(|has| *has != subnet)
            .collect();
        let mut region = self.region().state();
        let now = region.now();
        let update = UpdateGroup {
            group: GROUP.to_owned(),
            subnets: Some(rest.join(",")),
            ..UpdateGroup::default()
        };
        region
            .auto_scaling
            .update_auto_scaling_group(&update, now)
            .expect("an update");
    }

    /// A person deletes the tags of Evac's record.
    pub fn delete_record_as_person(&self) {
        let tags = self.record_tags(None);
        let mut region = self.region().state();
        region.auto_scaling.delete_tags(&tags).expect("tags");
    }

    /// Somebody writes this into the tags of Evac's record.
    pub fn write_record_as_person(&self, value: &str) {
        let tags = self.record_tags(Some(value));
        let mut region = self.region().state();
        region
            .auto_scaling
            .create_or_update_tags(&tags)
            .expect("tags");
    }

    fn record_tags(&self, value: Option<&str>) -> Vec<TagParameter> {
        let tag = |(key, _)| TagParameter {
            group: Some(GROUP.to_owned()),
            resource_type: Some("auto-scaling-group".to_owned()),
            key,
            value: value.map(str::to_owned),
            ..TagParameter::default()
        };
        self.record().into_iter().map(tag).collect()
    }

    /// The calls to a service so far, by operation.
    #[must_use]
    pub fn calls(&self, service: Service) -> Vec<&'static str> {
        let state = self.region().state();
        state
            .calls
            .iter()
            .filter(|call| call.service == service)
            .map(|call| call.operation.name)
            .collect()
    }

    /// The mutating calls to ARC and Auto Scaling so far, by operation.
    #[must_use]
    pub fn mutating(&self) -> Vec<&'static str> {
        let state = self.region().state();
        let touching = state
            .calls
            .iter()
            .filter(|call| matches!(call.service, Service::ArcZonalShift | Service::AutoScaling));
        touching
            .filter(|call| call.operation.mutates)
            .map(|call| call.operation.name)
            .collect()
    }

    /// The zones that traffic is away from now.
    #[must_use]
    pub fn shifted(&self) -> Vec<String> {
        let state = self.region().state();
        let shifts = state
            .arc
            .shifts()
            .iter()
            .filter(|shift| shift.status == region::arc::Status::Active);
        shifts.map(|shift| shift.away_from.to_string()).collect()
    }

    /// The subnets of the group now, sorted.
    #[must_use]
    pub fn subnets(&self) -> Vec<String> {
        self.subnets_of(GROUP)
    }

    /// The subnets of any group now, sorted.
    #[must_use]
    pub fn subnets_of(&self, group: &str) -> Vec<String> {
        let state = self.region().state();
        let group = state.auto_scaling.group(group).expect("the group");
        let mut subnets: Vec<String> = group.subnets.iter().map(ToString::to_string).collect();
        subnets.sort();
        subnets
    }

    /// The group's tags of Evac's own now.
    #[must_use]
    pub fn record(&self) -> Vec<(String, String)> {
        let state = self.region().state();
        let group = state.auto_scaling.group(GROUP).expect("the group");
        let own = group
            .tags
            .iter()
            .filter(|(key, _)| key.starts_with("evac:pruned") || key.starts_with("evac:removed"));
        own.map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The subjects of the messages so far.
    #[must_use]
    pub fn subjects(&self) -> Vec<String> {
        let state = self.region().state();
        state
            .sns
            .inbox()
            .iter()
            .map(|message| message.published.subject.clone().unwrap_or_default())
            .collect()
    }

    /// The same, without what every subject about the workload begins with.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        let subjects = self.subjects().into_iter();
        let of_workload = |subject: String| subject.replace("[evac] wildrydes: ", "");
        subjects.map(of_workload).collect()
    }
}

/// Moves the Region's clock to a moment and begins what becomes due, without waiting for its end.
pub fn step(region: &Arc<Region>, now: Timestamp) {
    for due in region.step_until(now) {
        let region = Arc::clone(region);
        tokio::spawn(async move { region.run_due(due).await });
    }
}

/// Adds groups of the workload to a stage, without instances; their names.
pub fn add_groups(stage: &mut Stage, count: usize) -> Vec<String> {
    let mut state = stage.region.state();
    let now = state.now();
    let (subnets, tags) = {
        let group = state.auto_scaling.group(GROUP).expect("the group");
        (group.subnets.to_vec(), group.tags.clone())
    };
    let names: Vec<String> = (0..count)
        .map(|number| format!("worker-{number:03}"))
        .collect();
    for name in &names {
        let spec = GroupSpec {
            name: name.clone(),
            min: 0,
            max: 3,
            desired: 0,
            subnets: subnets.clone(),
            tags: tags.clone(),
            ..GroupSpec::default()
        };
        state.auto_scaling.put_group(spec, now).expect("a group");
    }
    names
}

/// Adds a resource of the workload to a stage, behind the lead; its ARN.
pub fn add_resource(stage: &mut Stage, name: &str) -> String {
    let arn = format!(
        "arn:aws:elasticloadbalancing:{REGION}:{}:loadbalancer/app/{name}/50dc6c495c0c9199",
        AccountId::embedded()
    );
    let zones = stage.workload["zones"].as_object().expect("zones");
    let resource = region::arc::ManagedResource {
        arn: arn.parse().expect("an ARN"),
        name: name.to_owned(),
        zones: zones
            .keys()
            .map(|zone| zone.parse().expect("an AZ ID"))
            .collect(),
        autoshift: false,
    };
    stage.region.state().arc.manage(resource);
    let resources = stage.workload["resources"].as_array_mut();
    resources.expect("resources").push(json!(arn));
    arn
}

/// A built-in scenario.
#[must_use]
pub fn scenario_named(name: &str) -> Scenario {
    let scenarios = built_in().expect("the built-in scenarios");
    scenarios
        .into_iter()
        .find(|scenario| scenario.name == name)
        .expect("a built-in scenario")
}

/// The library handlers behind the Region's Lambda.
#[must_use]
pub fn handlers(region: &Arc<Region>, topic: &str) -> Handlers {
    let zonal_shift = ZonalShift::new(&connections(region, ZONAL_SHIFT));
    let asg_pruning = AsgPruning::new(&connections(region, ASG_PRUNING));
    let configuration = Configuration {
        zonal_shift: ZONAL_SHIFT.to_owned(),
        asg_pruning: ASG_PRUNING.to_owned(),
        topic: topic.to_owned(),
        chat_topic: None,
        bare: BareDefaults {
            mode: Mode::Observe,
            expires_in: None,
        },
    };
    let classifier = Classifier::new(
        &connections(region, CLASSIFIER),
        configuration,
        Meter::keeping().0,
    );
    Handlers {
        classifier: handler(move |invocation, payload| {
            let function = classifier.clone();
            async move { function.handle(invocation, payload).await }
        }),
        zonal_shift: handler(move |invocation, payload| {
            let function = zonal_shift.clone();
            async move { function.handle(invocation, payload).await }
        }),
        asg_pruning: handler(move |invocation, payload| {
            let function = asg_pruning.clone();
            async move { function.handle(invocation, payload).await }
        }),
    }
}

/// The connections of a caller to the Region.
#[must_use]
pub fn connections(region: &Arc<Region>, caller: &str) -> Connections {
    let settings = Settings {
        region: REGION.to_owned(),
        habitat: Habitat::Embedded,
        endpoint: Some("http://127.0.0.1".to_owned()),
        endpoints: Default::default(),
        wall_clock: false,
    };
    let credentials = Credentials::new(caller, "embedded", None, None, "embedded");
    Connections::over(
        &settings,
        in_process::client(region),
        SharedCredentialsProvider::new(credentials),
    )
}

fn handler<F, Fut, Out>(function: F) -> Handler
where
    F: Fn(Invocation, Value) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Out, FunctionError>> + Send + 'static,
    Out: Serialize,
{
    let function = Arc::new(function);
    Arc::new(move |invoked: Invoked| -> Answer {
        let function = Arc::clone(&function);
        Box::pin(async move {
            let invocation =
                Invocation::begin(AccountId::embedded(), invoked.now, invoked.remaining);
            match function(invocation, invoked.payload).await {
                Ok(answer) => Ok(serde_json::to_value(answer).expect("an answer in JSON")),
                Err(error) => Err(FunctionFailure {
                    error_type: error.failure.class.name().to_owned(),
                    error_message: error.failure.message,
                }),
            }
        })
    })
}
