//! What everybody is measured on: the workload *wildrydes* with a zone that its alarm and its counts say
//! is impaired, the functions as processes, and their events.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use domain::AccountId;
use jiff::SignedDuration;
use pipeline_tests::{Pipeline, handlers};
use region::cloudwatch::StateValue;
use region::lambda::Invoked;
use region::scenario::built_in;
use region::stage::{ASG_PRUNING, CLASSIFIER, REGION, Stage, ZONAL_SHIFT};
use serde_json::{Value, json};

use crate::front::{Front, HEALTH};
use crate::process::Program;

/// The function that asks from outside.
pub const CANARY: &str = "canary";
/// Every function that is deployed.
pub const FUNCTIONS: [&str; 4] = [CLASSIFIER, ZONAL_SHIFT, ASG_PRUNING, CANARY];
/// The Python function beside them.
pub const PEER: &str = "python";

/// The zone that is impaired.
const ZONE: &str = "use1-az1";
const SCENARIO: &str = "zonal-latency";
/// From the beginning of the scenario until the counts show it.
const SHOWN: SignedDuration = SignedDuration::from_secs(4 * 60 + 28);
const INCIDENT: &str = "wildrydes/use1-az1/20261124T092000Z";
const SEED: u64 = 1;

/// A Region in which the zone's alarm has just gone off, with the functions in this process.
///
/// # Errors
/// Where the Region cannot be set up.
pub async fn alarm_goes_off() -> anyhow::Result<Pipeline> {
    let scenario = built_in()?
        .into_iter()
        .find(|scenario| scenario.name == SCENARIO)
        .with_context(|| format!("there is no scenario {SCENARIO}"))?;
    let mut stage = Stage::set(&scenario, SEED)?;
    stage.workload["policy"]["mode"] = json!("evacuate");
    stage.region.advance(SHOWN).await;
    let pipeline = Pipeline { stage };
    let alarm = pipeline.stage.workload["alarms"]["zonal"][ZONE]
        .as_str()
        .context("the zone has an alarm")?;
    pipeline.set_alarm(alarm, StateValue::Alarm);
    // A classifier that is measured alone rehearses with these: they come after the alarm, whose event
    // therefore wakes nobody here.
    let stage = &pipeline.stage;
    stage.connect(handlers(&stage.region, &stage.topic))?;
    Ok(pipeline)
}

/// The event of the zone's alarm, as the workload's rule hands it to the classifier.
#[must_use]
pub fn alarm_event(pipeline: &Pipeline) -> Value {
    pipeline.alarm_event(ZONE)
}

/// What a function is given to be measured: the classifier decides and tells without acting, the two that
/// act do so, the canary asks once.
#[must_use]
pub fn event(function: &str, pipeline: &Pipeline) -> Value {
    let workload = &pipeline.stage.workload;
    match function {
        CLASSIFIER => {
            let mut event = pipeline.alarm_event(ZONE);
            event["workload"]["policy"]["mode"] = json!("observe");
            event
        }
        ZONAL_SHIFT => json!({
            "schema": "evac.zonal-shift.request/1",
            "workload": workload["name"],
            "resources": workload["resources"],
            "action": "shift",
            "incident": INCIDENT,
            "expiresIn": "6h",
        }),
        ASG_PRUNING => json!({
            "schema": "evac.asg-pruning.request/1",
            "workload": workload["name"],
            "zones": workload["zones"],
            "groups": workload["autoScalingGroups"],
            "minZones": 2,
            "action": "prune",
            "incident": INCIDENT,
        }),
        PEER => {
            let mut event = pipeline.alarm_event(ZONE)["event"].clone();
            let description =
                json!({"loadBalancer": workload["resources"][0], "az-id": ZONE}).to_string();
            event["detail"]["configuration"]["description"] = json!(description);
            event
        }
        _ => json!({}),
    }
}

/// An invocation of a function with a payload.
#[must_use]
pub fn invoked(function: &str, payload: Value, pipeline: &Pipeline) -> Invoked {
    Invoked {
        request_id: "00000000-0000-4000-8000-000000000001".to_owned(),
        function_arn: format!(
            "arn:aws:lambda:{REGION}:{}:function:{function}",
            AccountId::embedded()
        ),
        payload,
        now: pipeline.stage.region.now(),
        remaining: Duration::from_secs(60),
    }
}

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The directory with the functions' executables.
    pub functions: PathBuf,
    /// A Python interpreter that has boto3.
    pub python: PathBuf,
}

impl Programs {
    /// A function, against the Region behind this door.
    #[must_use]
    pub fn program(&self, function: &str, front: &Front) -> Program {
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let roots = front.roots.display().to_string();
        let mut variables: BTreeMap<String, String> = [
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL", &front.endpoint),
            ("AWS_ACCESS_KEY_ID", function),
            ("AWS_SECRET_ACCESS_KEY", "embedded"),
        ]
        .map(pair)
        .into();
        let more: Vec<(&str, String)> = match function {
            PEER => vec![
                ("AWS_DEFAULT_REGION", REGION.to_owned()),
                ("AWS_CA_BUNDLE", roots),
                ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ],
            CLASSIFIER => vec![
                ("SSL_CERT_FILE", roots),
                ("EVAC_ZONAL_SHIFT_FUNCTION", ZONAL_SHIFT.to_owned()),
                ("EVAC_ASG_PRUNING_FUNCTION", ASG_PRUNING.to_owned()),
                (
                    "EVAC_TOPIC_ARN",
                    format!("arn:aws:sns:{REGION}:{}:evac", AccountId::embedded()),
                ),
            ],
            CANARY => vec![
                ("SSL_CERT_FILE", roots),
                ("EVAC_CANARY", canary_plan(&front.endpoint).to_string()),
            ],
            _ => vec![("SSL_CERT_FILE", roots)],
        };
        variables.extend(
            more.into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        let command = match function {
            PEER => {
                let bootstrap = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/bootstrap.py");
                vec![self.python.clone().into(), bootstrap.into()]
            }
            _ => vec![self.functions.join(function).into()],
        };
        Program {
            name: function.to_owned(),
            command,
            variables,
        }
    }
}

/// One request to one zone.
fn canary_plan(endpoint: &str) -> Value {
    let host = endpoint.trim_start_matches("https://");
    json!({
        "workload": "wildrydes",
        "url": format!("{endpoint}{HEALTH}"),
        "zones": {ZONE: host},
        "requests": 1,
        "spreadSeconds": 0,
        "slowAfterMs": 350,
    })
}
