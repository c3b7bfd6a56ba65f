//! `evac report` as people run it, against a Region in which the real functions have acted. The
//! executables are built by `make build`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

mod running;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use pipeline_tests::scenario_named;
use region::clock::{Speed, run_until};
use region::lambda::Handler;
use region::lambda::sandbox::{Executable, LogSink};
use region::stage::{ASG_PRUNING, CLASSIFIER, Handlers, REGION, Stage, ZONAL_SHIFT};
use region::transport::http::{Listening, listen};
use running::executable;
use serde_json::{Value, json};

/// The key of whoever reports; the Region tells its callers apart by it.
const READER: &str = "reader";

/// What a browser must never take for markup.
const HOSTILE: &str =
    "</title><script>document.title='taken'</script><img src=x onerror=1>'\"&amp;";

/// A workload whose account can be read, in a Region that listens.
struct Account {
    stage: Stage,
    listening: Listening,
}

impl Account {
    /// Where nothing happened yet.
    async fn new(scenario: &str) -> Self {
        let stage = Stage::set(&scenario_named(scenario), 1).unwrap();
        let listening = listen(&stage.region, 0).await.unwrap();
        let account = Self { stage, listening };
        let variables = [
            ("EVAC_ZONAL_SHIFT_FUNCTION", ZONAL_SHIFT),
            ("EVAC_ASG_PRUNING_FUNCTION", ASG_PRUNING),
            ("EVAC_TOPIC_ARN", account.stage.topic.as_str()),
        ];
        let handlers = Handlers {
            classifier: account.function(CLASSIFIER, &variables),
            zonal_shift: account.function(ZONAL_SHIFT, &[]),
            asg_pruning: account.function(ASG_PRUNING, &[]),
        };
        account.stage.connect(handlers).unwrap();
        account
    }

    /// Where a scenario was played to its end.
    async fn after(scenario: &str) -> Self {
        let account = Self::new(scenario).await;
        let speed = Speed::try_from(600.0).unwrap();
        let end = account.stage.end;
        run_until(&account.stage.region, end, speed).await.unwrap();
        account
    }

    fn function(&self, name: &str, own: &[(&str, &str)]) -> Handler {
        let endpoint = self.listening.endpoint();
        let common = [
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", name),
            ("AWS_SECRET_ACCESS_KEY", "embedded"),
        ];
        let variables = common.iter().chain(own);
        let executable = Executable {
            name: name.to_owned(),
            path: executable(name),
            variables: variables
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            log: LogSink::into(&self.stage.region, |_, _| ()),
        };
        executable.handler()
    }

    /// What the settings are that `evac region` tells.
    fn settings(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("AWS_ENDPOINT_URL", self.listening.endpoint()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", READER.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "embedded".to_owned()),
        ])
    }

    async fn run(&self, arguments: &[&str], settings: BTreeMap<&'static str, String>) -> Output {
        let mut command = Command::new(executable("evac"));
        command.arg("report").args(arguments);
        command.env_clear().envs(settings);
        // The Region answers meanwhile.
        let ran = tokio::task::spawn_blocking(move || command.output());
        ran.await.unwrap().unwrap()
    }

    /// The report of the whole scenario.
    async fn report(&self, more: &[&str]) -> Output {
        let (from, to) = (self.stage.begin.to_string(), self.stage.end.to_string());
        let arguments = ["--workload", "wildrydes", "--from", &from, "--to", &to];
        self.run(&[&arguments, more].concat(), self.settings())
            .await
    }

    async fn document(&self, more: &[&str]) -> Value {
        let output = self.report(&[&["--format", "json"], more].concat()).await;
        assert_eq!(text(&output.stderr), "");
        assert_eq!(output.status.code(), Some(0));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn texts<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    let items = list.as_array().unwrap().iter();
    items.map(|item| item[member].as_str().unwrap()).collect()
}

fn valid(document: &Value) {
    let schema = include_str!("../docs/schema/incident.json");
    let schema = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems = validator.iter_errors(document);
    let problems: Vec<String> = problems.map(|problem| problem.to_string()).collect();
    assert_eq!(problems, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_cycle_is_told_from_what_the_account_has_of_it() {
    let account = Account::after("full-cycle").await;
    let document = account.document(&[]).await;
    valid(&document);
    let told = format!("{document:#}");
    assert_eq!(document["source"], "account");
    assert_eq!(document["outcome"], "evacuate", "{told}");
    assert_eq!(document["zone"], "use1-az2");
    let mut kinds = texts(&document["moments"], "kind");
    kinds.retain(|kind| *kind != "verdict");
    assert_eq!(
        kinds,
        ["alarm", "shift", "prune", "restore", "end"],
        "{told}"
    );
    assert!(texts(&document["moments"], "kind").contains(&"verdict"));

    let verdicts = &document["verdicts"];
    let evacuate = texts(verdicts, "verdict")
        .iter()
        .position(|verdict| *verdict == "evacuate")
        .unwrap();
    let evacuate = &verdicts[evacuate];
    assert_eq!(evacuate["code"], "impaired", "{evacuate}");
    assert_eq!(texts(&evacuate["numbers"], "zone").len(), 3, "{evacuate}");
    assert_eq!(
        texts(&document["messages"], "phase"),
        ["shifted", "pruned", "restored", "failed-back"]
    );
    let mut calls = texts(&document["mutatingCalls"], "operation");
    calls.retain(|call| !["Publish", "UpdateZonalShift"].contains(call));
    assert_eq!(
        calls,
        [
            "StartZonalShift",
            "UpdateAutoScalingGroup",
            "UpdateAutoScalingGroup",
            "CancelZonalShift"
        ]
    );
    let timeline = texts(&document["timeline"], "what").join("\n");
    for line in [
        "Launching a new EC2 instance",
        "use1-az2-wildrydes-isolated-impact-aggregate-alarm: OK -> ALARM",
        "evacuate use1-az2: ",
    ] {
        assert!(timeline.contains(line), "{line}: {timeline}");
    }

    // What is measured is the same as in the drill's own report, to a minute of metrics.
    let seconds = |field: &str| document[field].as_f64().unwrap();
    assert!(seconds("shiftRequestedAfterMs") < 10_000.0, "{told}");
    assert!(
        (0.0..240.0).contains(&seconds("customersWellAfterS")),
        "{told}"
    );
    let map = texts(&document["map"], "name");
    assert_eq!(
        map,
        [
            "Before",
            "While it hurt",
            "After the shift",
            "After traffic returned"
        ]
    );
    assert_eq!(document["map"][2]["zones"][1]["shifted"], true, "{told}");
    assert!(document["customerErrors"]["withEvac"].as_u64() > Some(0));

    // What an account does not tell is not made up.
    assert_eq!(document["customerErrors"]["withoutEvac"], Value::Null);
    assert_eq!(document["customers"]["withoutEvac"], Value::Null);
    assert_eq!(document["detectedAfterS"], Value::Null);
    assert_eq!(document["invariants"], json!([]));
    let whose = texts(&document["spent"], "whose");
    assert_eq!(whose, ["evac", "evac", "dnsAndClients"]);
    let unknown = document["unknown"].to_string();
    for what in ["without Evac", "When the fault began", "CloudTrail"] {
        assert!(unknown.contains(what), "{unknown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_what_the_document_has_and_a_report_changes_nothing() {
    let account = Account::after("zonal-latency").await;
    let document = account.document(&[]).await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("incident.html");
    let output = account.report(&["--out", file.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
    let page = std::fs::read_to_string(&file).unwrap();
    for sentence in document["summary"].as_array().unwrap() {
        assert!(page.contains(sentence.as_str().unwrap()), "{sentence}");
    }
    assert!(page.contains("What is not known"));
    assert!(!page.contains("<script"));

    let state = account.stage.region.state();
    let calls = state.calls.iter().filter(|call| call.caller == READER);
    let calls: Vec<_> = calls.collect();
    assert!(calls.len() > 10, "{calls:?}");
    let changing = calls.iter().find(|call| call.operation.mutates);
    assert_eq!(changing, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_logged_is_text_whatever_it_is() {
    let account = Account::new("healthy").await;
    {
        let mut state = account.stage.region.state();
        let now = state.now();
        let line = |fields: Value| {
            let mut line = json!({"workload": "wildrydes", "message": HOSTILE});
            line.as_object_mut()
                .unwrap()
                .extend(fields.as_object().unwrap().clone());
            line.to_string()
        };
        for fields in [
            json!({"level": "ERROR", "class": HOSTILE}),
            json!({"level": "INFO", "verdict": HOSTILE, "code": HOSTILE, "zone": HOSTILE}),
            json!({"level": "INFO", "phase": HOSTILE, "message": format!("told: {HOSTILE}")}),
            json!({"level": "INFO", "group": HOSTILE, "action": "prune", "zone": HOSTILE}),
        ] {
            state.logs.write(CLASSIFIER, &line(fields), now);
        }
        // What is no line of ours is no harm either.
        state.logs.write(ZONAL_SHIFT, HOSTILE, now);
        state.logs.write(ASG_PRUNING, "{", now);
    }
    let output = account.report(&[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = text(&output.stdout);
    assert!(page.matches("&lt;script&gt;").count() >= 4, "{page}");
    for forbidden in ["<script", "<img", "</title><img"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_told_and_the_rest_is_reported() {
    let account = Account::after("zonal-latency").await;
    let denied = "accessDenied:service=logs".parse().unwrap();
    account.stage.region.begin_fault(&denied, None);
    let output = account.report(&["--format", "json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains("FilterLogEvents of /aws/lambda/classifier: AccessDeniedException")
            && told.contains("allow the caller logs:FilterLogEvents"),
        "{told}"
    );
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    valid(&document);
    assert_eq!(document["outcome"], "shift", "what ARC tells is known");
    assert_eq!(document["verdicts"], json!([]));
    let unknown = document["unknown"].to_string();
    assert!(unknown.contains("logs:FilterLogEvents"), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_of_a_file_needs_no_rule() {
    let account = Account::after("observe-mode").await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("wildrydes.json");
    std::fs::write(&file, account.stage.workload.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let without_log = account.document(&["--definition", file]).await;
    assert_eq!(without_log["outcome"], "unknown");
    assert!(without_log["unknown"].to_string().contains("--log-group"));
    let with_log = [
        "--definition",
        file,
        "--log-group",
        "/aws/lambda/classifier",
    ];
    let document = account.document(&with_log).await;
    assert_eq!(document["outcome"], "observe");
    let calls = account.stage.region.state().calls.clone();
    let mut names = calls.iter().map(|call| call.operation.name);
    assert!(names.all(|name| name != "ListRules"));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_has_status_2_and_names_flag_and_remedy() {
    let account = Account::new("healthy").await;
    let of = |workload, from, to| ["--workload", workload, "--from", from, "--to", to];
    let (from, to) = ("2026-01-15T03:00:00Z", "2026-01-15T04:00:00Z");
    let other = [&of("unicorn", from, to)[..], &["--definition", "-"]].concat();
    for (arguments, told) in [
        (
            of("wildrydes", to, from).to_vec(),
            "--to 2026-01-15T03:00:00Z: not a minute after --from 2026-01-15T04:00:00Z",
        ),
        (
            of("wildrydes", "2026-01-13T03:00:00Z", to).to_vec(),
            "more than 24 hours before --to 2026-01-15T04:00:00Z, expected 24 hours at the most",
        ),
        (
            of("wildrydes", "3h", to).to_vec(),
            "the embedded Region has a clock of its own",
        ),
        (
            of("unicorn", from, to).to_vec(),
            "--workload unicorn: no EventBridge rule in us-east-1 is this workload's (there are wildrydes); check the name",
        ),
        (of("a/b", from, to).to_vec(), "is not a workload name"),
        (vec!["--from", from], "--workload <NAME>"),
        (
            [&of("wildrydes", from, to)[..], &["--format", "pdf"]].concat(),
            "possible values: html, json",
        ),
        (
            [
                &of("wildrydes", from, to)[..],
                &["--out", "/nowhere/a.html"],
            ]
            .concat(),
            "--out /nowhere/a.html: No such file or directory (os error 2); name a file in a directory that exists",
        ),
        (
            [
                &of("wildrydes", from, to)[..],
                &["--definition", "/nowhere.json"],
            ]
            .concat(),
            "--definition /nowhere.json: cannot be read",
        ),
        (other, "--definition -: refused: workload: not JSON"),
    ] {
        let output = account.run(&arguments, account.settings()).await;
        let complaint = text(&output.stderr);
        assert!(complaint.contains(told), "{arguments:?}: {complaint}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let mut settings = account.settings();
    settings.remove("AWS_ACCESS_KEY_ID");
    let output = account.run(&of("wildrydes", from, to), settings).await;
    let complaint = text(&output.stderr);
    assert!(
        complaint.contains("environment variable AWS_ACCESS_KEY_ID: is not set, expected credentials; aws configure export-credentials"),
        "{complaint}"
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_help_has_examples() {
    let output = Command::new(executable("evac"))
        .args(["report", "--help"])
        .output()
        .unwrap();
    let help = text(&output.stdout);
    for part in ["Examples:", "--out incident.html", "logs:FilterLogEvents"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/REPORT.md");
    assert!(guide.is_file(), "the help names docs/REPORT.md");
}
