//! `evac init`: what it writes of the Region's account, and that it is what the workload really is.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod running;

use std::process::Output;

use running::{Running, address, on_call};
use serde_json::{Value, json};

const BALANCER: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/front/50dc6c495c0c9188";

fn evac(endpoint: &str, arguments: &[&str]) -> Output {
    on_call(endpoint).args(arguments).output().unwrap()
}

#[test]
fn the_settings_are_those_of_the_workload_and_what_is_there_is_not_overwritten() {
    let mut region = Running::start(&[]);
    let endpoint = format!("http://{}", address(&region.introduction()));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mine.json");
    let out = file.to_str().unwrap();
    let init = [
        "init",
        "--workload",
        "wildrydes",
        "--load-balancer",
        BALANCER,
        "--mail",
        "on-call@example.com",
        "--out",
        out,
    ];
    let output = evac(&endpoint, &init);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.lines()
            .all(|line| !line.trim_start().starts_with("//") || line.len() <= 100),
        "{text}"
    );
    let json: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let settings: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        settings["autoScalingGroups"],
        json!({"names": ["wildrydes-web"]})
    );
    assert_eq!(settings["loadBalancer"], BALANCER);
    assert_eq!(settings["account"], "000000000000");
    assert_eq!(settings["zones"]["use1-az1"]["name"], "us-east-1c");
    assert_eq!(settings["zones"].as_object().unwrap().len(), 3);
    assert_eq!(
        settings["zones"]["use1-az1"]["subnets"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(settings["policy"], json!({"mode": "observe"}));
    assert_eq!(settings["mail"], json!(["on-call@example.com"]));

    let again = evac(&endpoint, &init);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--out "));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn wrong_usage_names_the_flag_and_the_remedy() {
    let mut region = Running::start(&[]);
    let endpoint = format!("http://{}", address(&region.introduction()));
    let other = BALANCER.replace("app/front", "app/other");
    let group = BALANCER.replace("loadbalancer/app/front", "targetgroup/web");
    for (arguments, status, wanted) in [
        (
            &["init", "--workload", "wildrydes"][..],
            2,
            "--load-balancer",
        ),
        (
            &[
                "init",
                "--workload",
                "wildrydes",
                "--load-balancer",
                "front",
            ],
            2,
            "front",
        ),
        (
            &["init", "--workload", "wildrydes", "--load-balancer", &group],
            2,
            "is not an Application or Network Load Balancer",
        ),
        (
            &["init", "--workload", "wildrydes", "--load-balancer", &other],
            1,
            "LoadBalancerNotFound",
        ),
    ] {
        let output = evac(&endpoint, arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{errors}");
        assert!(errors.contains(wanted), "{wanted}: {errors}");
    }
}
