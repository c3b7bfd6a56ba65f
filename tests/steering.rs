//! `evac status`, `evacuate`, `fail-back`, `reconcile` and `explain` as a person on call uses them, against
//! `evac region --evac`: executables on both sides.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

mod running;

use std::process::{Command, Output};
use std::thread::sleep;
use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::{BehaviorVersion, Config, Credentials, Region};
use running::{Running, address, executable, on_call};
use serde_json::Value;

/// A Region in which Evac watches.
struct Watched {
    _region: Running,
    endpoint: String,
}

impl Watched {
    fn start() -> Self {
        let mut region = Running::start(&["--evac", "--speed", "60"]);
        let address = address(&region.introduction());
        Self {
            _region: region,
            endpoint: format!("http://{address}"),
        }
    }

    fn evac(&self, arguments: &[&str]) -> Output {
        on_call(&self.endpoint).args(arguments).output().unwrap()
    }

    /// Runs it, and has it succeed.
    fn told(&self, arguments: &[&str]) -> String {
        let output = self.evac(arguments);
        let told = text(&output.stdout);
        let errors = text(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {told}{errors}"
        );
        assert!(
            told.lines().all(|line| line.chars().count() <= 100),
            "{told}"
        );
        told
    }

    fn status(&self) -> Value {
        let status = self.evac(&["status", "--workload", "wildrydes", "--format", "json"]);
        let status: Value = serde_json::from_slice(&status.stdout).unwrap();
        assert_eq!(status["schema"], "evac.status/1");
        status["workloads"][0].clone()
    }

    fn lambda(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("on-call", "embedded", None, None, "test"))
            .endpoint_url(&self.endpoint)
            .build();
        Client::from_conf(config)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const EVACUATE: [&str; 7] = [
    "evacuate",
    "--workload",
    "wildrydes",
    "--zone",
    "use1-az1",
    "--reason",
    "I see errors",
];

#[test]
fn a_person_evacuates_a_zone_sees_it_and_ends_it() {
    let watched = Watched::start();
    let before = watched.told(&["status"]);
    for line in [
        "Evac          runs",
        "next tick     hold: ",
        "shifts        none",
        "not pruned",
    ] {
        assert!(before.contains(line), "{line}: {before}");
    }

    let dry = watched.told(&[&EVACUATE[..], &["--dry-run"]].concat());
    assert!(dry.contains("nothing was changed"), "{dry}");
    assert_eq!(watched.status()["shifts"], Value::Array(vec![]));

    let done = watched.told(&[&EVACUATE[..], &["--yes"]].concat());
    assert!(
        done.contains("Traffic of wildrydes is away from use1-az1."),
        "{done}"
    );
    assert!(done.contains("1 subnet taken out, 2 left"), "{done}");

    let status = watched.status();
    assert_eq!(status["shifts"][0]["zone"], "use1-az1");
    let incident = &status["shifts"][0]["incident"];
    assert_eq!(incident, &status["groups"][0]["pruned"]["incident"]);
    assert_eq!(status["nextTick"]["verdict"], "evacuate");
    let seen = watched.told(&["status", "--workload", "wildrydes"]);
    let seen = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(seen.contains("Evac's (wildrydes/use1-az1/"), "{seen}");
    assert!(
        seen.contains("pruned by Evac for wildrydes/use1-az1/"),
        "{seen}"
    );

    let fail_back = [
        "fail-back",
        "--workload",
        "wildrydes",
        "--reason",
        "it is well",
        "--yes",
    ];
    let ends = watched.told(&fail_back);
    assert!(ends.contains("use1-az1"), "{ends}");
    // Capacity returns first, in the Region's time; the tick ends it, or whoever asks for a look.
    let reconcile = [
        "reconcile",
        "--workload",
        "wildrydes",
        "--reason",
        "look now",
        "--yes",
    ];
    for _ in 0..60 {
        if watched.status()["shifts"] == Value::Array(vec![]) {
            break;
        }
        sleep(Duration::from_millis(500));
        watched.told(&reconcile);
    }
    let after = watched.status();
    assert_eq!(after["shifts"], Value::Array(vec![]), "{after:#}");
    assert_eq!(after["groups"][0]["pruned"], Value::Null, "{after:#}");
    assert_eq!(after["groups"][0]["subnets"].as_array().unwrap().len(), 3);
}

#[test]
fn what_would_be_decided_is_explained_and_changes_nothing() {
    let watched = Watched::start();
    let told = watched.told(&["explain", "--workload", "wildrydes"]);
    assert!(
        told.starts_with("wildrydes: hold: no zone's alarm is in ALARM"),
        "{told}"
    );
    assert_eq!(watched.status()["shifts"], Value::Array(vec![]));
}

/// The one action that stops Evac: nothing of the classifier may run.
#[tokio::test]
async fn evac_that_is_stopped_says_so_and_does_nothing() {
    let watched = Watched::start();
    let lambda = watched.lambda();
    let stop = lambda
        .put_function_concurrency()
        .function_name("classifier");
    stop.reserved_concurrent_executions(0).send().await.unwrap();
    let status = watched.told(&["status"]);
    assert!(
        status.contains("STOPPED: the reserved concurrency of classifier is 0"),
        "{status}"
    );
    assert!(!status.contains("next tick"), "{status}");
    let refused = watched.evac(&[&EVACUATE[..], &["--yes"]].concat());
    assert_eq!(refused.status.code(), Some(1));
    let errors = text(&refused.stderr);
    assert!(errors.contains("Rate Exceeded"), "{errors}");
    let start = lambda
        .delete_function_concurrency()
        .function_name("classifier");
    start.send().await.unwrap();
    assert!(watched.told(&["status"]).contains("Evac          runs"));
}

#[test]
fn wrong_usage_names_the_flag_and_the_remedy() {
    let watched = Watched::start();
    let cases: [(&[&str], &str); 6] = [
        (&EVACUATE, "--yes: nobody can be asked"),
        (
            &[
                "evacuate",
                "--workload",
                "wildrydes",
                "--zone",
                "use1-az9",
                "--reason",
                "x",
                "--yes",
            ],
            "--zone use1-az9: not a zone of wildrydes, expected one of use1-az1, use1-az2, use1-az3",
        ),
        (
            &[
                "evacuate",
                "--workload",
                "wildrydes",
                "--zone",
                "us-east-1a",
                "--reason",
                "x",
            ],
            "us-east-1a",
        ),
        (
            &["status", "--workload", "unicorn"],
            "--workload unicorn: no EventBridge rule",
        ),
        (&["fail-back", "--workload", "wildrydes"], "--reason"),
        (&["explain"], "--input"),
    ];
    for (arguments, wanted) in cases {
        let output = watched.evac(arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(wanted), "{arguments:?}: {errors}");
    }
    assert_eq!(watched.status()["shifts"], Value::Array(vec![]));
    // Without a Region, nothing is guessed.
    let nowhere = Command::new(executable("evac"))
        .arg("status")
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(text(&nowhere.stderr).contains("AWS_REGION"));
}
