//! `evac drill --live` against `evac region --evac`, executables on both sides: its shift is gone whatever
//! ends the drill.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

mod running;

use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use aws_sdk_cloudwatch::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_cloudwatch::types::StateValue;
use running::{Running, address, on_call};
use serde_json::Value;

const DRILL: [&str; 8] = [
    "drill",
    "--live",
    "--workload",
    "wildrydes",
    "--zone",
    "use1-az1",
    "--yes",
    "--for",
];
const OTHER_ALARM: &str = "use1-az2-wildrydes-isolated-impact-aggregate-alarm";

/// A Region in which Evac watches, a minute of it in a second.
struct Watched {
    _region: Running,
    endpoint: String,
}

impl Watched {
    fn start(more: &[&str]) -> Self {
        let mut region = Running::start(&[&["--evac", "--speed", "60"], more].concat());
        let address = address(&region.introduction());
        Self {
            _region: region,
            endpoint: format!("http://{address}"),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = on_call(&self.endpoint);
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn evac(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Begins a drill, and waits until its shift is in force.
    fn begin(&self, length: &str) -> Child {
        let drill = self
            .command(&[&DRILL[..], &[length, "--format", "json"]].concat())
            .spawn()
            .unwrap();
        self.until("the drill's shift", |status| !shifts(status).is_empty());
        drill
    }

    fn status(&self) -> Value {
        let status = self.evac(&["status", "--workload", "wildrydes", "--format", "json"]);
        let status: Value = serde_json::from_slice(&status.stdout).unwrap();
        status["workloads"][0].clone()
    }

    /// Waits until a status shows something.
    fn until(&self, what: &str, shows: impl Fn(&Value) -> bool) {
        for _ in 0..600 {
            if shows(&self.status()) {
                return;
            }
            sleep(Duration::from_millis(200));
        }
        panic!("{what} did not come about: {:#}", self.status());
    }

    /// That nothing of a drill is left, now.
    fn assert_clean(&self) {
        let status = self.status();
        assert!(is_clean(&status), "{status:#}");
    }

    fn aws(&self) -> aws_config::SdkConfig {
        aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "somebody", "embedded", None, None, "test",
            )))
            .endpoint_url(&self.endpoint)
            .build()
    }
}

fn shifts(status: &Value) -> &Vec<Value> {
    status["shifts"].as_array().unwrap()
}

fn is_clean(status: &Value) -> bool {
    let groups = status["groups"].as_array().unwrap();
    let whole = |group: &Value| {
        group["pruned"].is_null() && group["subnets"].as_array().unwrap().len() == 3
    };
    shifts(status).is_empty() && groups.iter().all(whole)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Whole minutes from one time to another.
fn minutes(from: &Value, to: &Value) -> i64 {
    let at = |time: &Value| -> jiff::Timestamp { time.as_str().unwrap().parse().unwrap() };
    at(to).duration_since(at(from)).as_mins()
}

fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(child.id().to_string())
        .status();
    assert!(kill.unwrap().success());
}

#[test]
fn a_drill_ends_by_itself_and_leaves_nothing() {
    let watched = Watched::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("drill.html");
    let report = ["3m", "--report", page.to_str().unwrap()];
    let output = watched.evac(&[&DRILL[..], &report].concat());
    let (told, errors) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{told}{errors}");
    for line in [
        "ended: its time is over",
        "left behind: nothing",
        "customers before: ",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    watched.assert_clean();
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("use1-az1"), "the page tells of the drill");
}

#[test]
fn a_drill_that_is_stopped_ends_at_once_and_leaves_nothing() {
    let watched = Watched::start(&[]);
    for (name, told_as) in [
        ("INT", "Ctrl-C"),
        ("TERM", "SIGTERM"),
        ("HUP", "the end of the terminal"),
    ] {
        let drill = watched.begin("2h");
        let shift = shifts(&watched.status())[0].clone();
        // A shift that nobody ends is gone soon after the drill, and not after the policy's hours.
        assert_eq!(
            minutes(&shift["began"], &shift["expires"]),
            125,
            "{shift:#}"
        );
        signal(&drill, name);
        let output = drill.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["schema"], "evac.live-drill/1");
        assert_eq!(told["because"], format!("stopped by {told_as}"), "{told:#}");
        assert_eq!(told["left"], Value::Array(vec![]), "{told:#}");
        // It was ended, and did not run out.
        assert!(minutes(&told["began"], &told["ended"]) < 60, "{told:#}");
        watched.assert_clean();
    }
}

#[test]
fn the_shift_of_a_drill_that_was_killed_expires_and_the_tick_puts_the_rest_back() {
    let watched = Watched::start(&[]);
    let mut drill = watched.begin("1m");
    drill.kill().unwrap();
    drill.wait().unwrap();
    watched.until("the end", is_clean);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_elsewhere_ends_the_drill() {
    let watched = Watched::start(&[]);
    let drill = watched.begin("2h");
    let alarms = aws_sdk_cloudwatch::Client::new(&watched.aws());
    let ring = alarms.set_alarm_state().alarm_name(OTHER_ALARM);
    let ring = ring
        .state_value(StateValue::Alarm)
        .state_reason("the test says so");
    ring.send().await.unwrap();
    let output = drill.wait_with_output().unwrap();
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains(&format!("the alarm {OTHER_ALARM} went off")),
        "{told}"
    );
    watched.assert_clean();
}

/// ARC refuses the first ends that are asked of it: the end is asked for again.
#[test]
fn an_api_that_fails_for_a_while_does_not_keep_the_drill_from_its_end() {
    let watched = Watched::start(&[
        "--fault",
        "unavailable:service=arc-zonal-shift,operation=CancelZonalShift,times=20",
    ]);
    let output = watched.evac(&[&DRILL[..], &["1m"]].concat());
    let (told, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(told.contains("left behind: nothing"), "{told}{errors}");
    watched.assert_clean();
}

/// ARC ends no shift for want of permission: a person is told what is left, what to run, and when it expires.
#[test]
fn an_api_that_fails_for_good_is_told_with_the_command_and_the_expiry() {
    let watched = Watched::start(&[
        "--fault",
        "accessDenied:service=arc-zonal-shift,operation=CancelZonalShift",
    ]);
    let output = watched.evac(&[&DRILL[..], &["1m"]].concat());
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for line in [
        "LEFT BEHIND: app/front/",
        "evac fail-back --workload wildrydes",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let status = watched.status();
    let expires: jiff::Timestamp = shifts(&status)[0]["expires"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let expires = format!(
        "expires by itself at {}",
        expires.strftime("%Y-%m-%d %H:%M:%S UTC")
    );
    assert!(told.contains(&expires), "{expires}: {told}");
    // Capacity is back all the same.
    assert!(status["groups"][0]["pruned"].is_null(), "{status:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_begun_where_anything_is_not_well() {
    let watched = Watched::start(&[]);
    let refused = |says: &str| {
        let output = watched.evac(&[&DRILL[..], &["1m"]].concat());
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains(says), "{says}: {errors}");
        assert!(errors.contains("nothing was begun"), "{errors}");
    };
    let lambda = aws_sdk_lambda::Client::new(&watched.aws());
    let stop = lambda
        .put_function_concurrency()
        .function_name("classifier");
    stop.reserved_concurrent_executions(0).send().await.unwrap();
    refused("Evac is stopped");
    let start = lambda
        .delete_function_concurrency()
        .function_name("classifier");
    start.send().await.unwrap();

    let arc = aws_sdk_arczonalshift::Client::new(&watched.aws());
    let shift = arc
        .start_zonal_shift()
        .resource_identifier("arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/front/50dc6c495c0c9188")
        .away_from("use1-az3")
        .expires_in("1h")
        .comment("by hand")
        .send()
        .await
        .unwrap();
    refused("is shifted away from use1-az3 already");
    let cancel = arc
        .cancel_zonal_shift()
        .zonal_shift_id(shift.zonal_shift_id());
    cancel.send().await.unwrap();

    let alarms = aws_sdk_cloudwatch::Client::new(&watched.aws());
    let alarm = alarms.delete_alarms().alarm_names(OTHER_ALARM);
    alarm.send().await.unwrap();
    refused(&format!("there is no alarm {OTHER_ALARM}"));
    watched.assert_clean();
}

#[test]
fn wrong_usage_names_the_flag_and_the_remedy() {
    let watched = Watched::start(&[]);
    let cases: [(&[&str], &str); 6] = [
        (&["drill", "--live"], "--workload"),
        (&["drill", "--for", "3m"], "--live"),
        (
            &[&DRILL[..], &["3h"]].concat(),
            "--for 3h: expected 1m to 2h",
        ),
        (
            &[&DRILL[..], &["soon"]].concat(),
            "\"soon\" is out of range",
        ),
        (
            &[&DRILL[..], &["3m", "--scenario", "healthy"]].concat(),
            "--scenario",
        ),
        (
            &[
                "drill",
                "--live",
                "--workload",
                "wildrydes",
                "--zone",
                "use1-az9",
                "--for",
                "3m",
            ],
            "--zone use1-az9: not a zone of wildrydes, expected one of use1-az1",
        ),
    ];
    for (arguments, wanted) in cases {
        let output = watched.evac(arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(wanted), "{arguments:?}: {errors}");
    }
    // With nobody at a terminal, nothing is begun without --yes.
    let asks = DRILL.iter().filter(|word| **word != "--yes").copied();
    let output = watched.evac(&asks.chain(["1m"]).collect::<Vec<&str>>());
    assert!(text(&output.stderr).contains("--yes: nobody can be asked"));
    watched.assert_clean();
}
