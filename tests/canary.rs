//! The canary's executable, as Lambda runs it, and what CloudWatch makes of what it prints.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

mod running;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use region::lambda::sandbox::{Executable, LogSink};
use region::lambda::{FunctionFailure, Invoked};
use running::executable;
use serde_json::{Value, json};

/// An endpoint that answers every request with a status; its port.
fn endpoint(status: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut request: Vec<u8> = Vec::new();
                let mut buffer = [0; 1024];
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(read) if read > 0 => request.extend(&buffer[..read]),
                        _ => return,
                    }
                }
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n"
                );
            });
        }
    });
    port
}

/// The lines that an executable prints.
type Log = Arc<Mutex<Vec<Value>>>;

/// Invokes the executable once; its answer, and the lines that it prints.
async fn invoked(variables: &[(&str, &str)]) -> (Result<Value, FunctionFailure>, Log) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let handler = Executable {
        name: "canary".to_owned(),
        path: executable("canary"),
        variables: variables.collect::<BTreeMap<_, _>>(),
        log: LogSink::new(move |_, line| {
            if let Ok(line) = serde_json::from_str(line) {
                kept.lock().unwrap().push(line);
            }
        }),
    }
    .handler();
    let now: Timestamp = "2026-01-15T03:00:30Z".parse().unwrap();
    let answer = handler(Invoked {
        now,
        remaining: Duration::from_secs(59),
        request_id: "00000000-0000-4000-8000-000000000001".to_owned(),
        function_arn: "arn:aws:lambda:us-east-1:000000000000:function:canary".to_owned(),
        payload: json!({}),
    })
    .await;
    (answer, lines)
}

/// The metrics in a log, as soon as there are so many: lines come on a way of their own, and an answer can
/// overtake them.
async fn metrics(log: &Log, wanted: usize) -> Vec<Value> {
    for _ in 0..600 {
        let lines = log.lock().unwrap().clone();
        let metrics = lines.into_iter().filter(|line| line.get("_aws").is_some());
        let metrics: Vec<Value> = metrics.collect();
        if metrics.len() >= wanted {
            return metrics;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:#?}", log.lock().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_executable_counts_zone_by_zone_at_the_regions_time() {
    let (good, bad) = (endpoint(200), endpoint(503));
    let plan = json!({
        "workload": "wildrydes",
        "url": format!("http://127.0.0.1:{good}/health"),
        "zones": {"use1-az1": format!("127.0.0.1:{good}"), "use1-az2": format!("127.0.0.1:{bad}")},
        "requests": 4,
        "spreadSeconds": 0,
        "slowAfterMs": 20_000,
        "timeoutMs": 20_000,
    });
    let (answer, log) = invoked(&[
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("EVAC_CANARY", &plan.to_string()),
    ])
    .await;
    let answer = answer.unwrap();
    assert_eq!(answer["use1-az1"]["faults"], 0);
    assert_eq!(answer["use1-az2"]["reasons"], json!({"status 503": 4}));
    assert_eq!(answer["regional"]["requests"], 4);
    let metrics = metrics(&log, 3).await;
    assert_eq!(metrics.len(), 3, "{metrics:#?}");
    for line in metrics {
        let place = line
            .get("ZoneId")
            .or(line.get("Endpoint"))
            .unwrap()
            .as_str()
            .unwrap();
        assert_eq!(line["Workload"], "wildrydes");
        assert_eq!(line["Requests"], 4.0);
        assert_eq!(
            line["Faults"],
            if place == "use1-az2" { 4.0 } else { 0.0 },
            "{place}"
        );
        // Not the wall clock's.
        assert_eq!(
            line["_aws"]["Timestamp"].as_i64().unwrap() / 60_000,
            1_768_446_030_000 / 60_000
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_plan_it_says_what_is_missing_and_asks_nobody() {
    let (answer, _) = invoked(&[
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ])
    .await;
    // It ends before it takes any work, and its log says why.
    assert_eq!(answer.unwrap_err().error_type, "Runtime.ExitError");
}
