//! `evac region` as its users start it and stop it. The executables are built by `make build`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

mod running;

use std::net::TcpStream;
use std::process::{Command, Stdio};

use running::{Running, address, executable};

#[test]
fn it_says_what_a_client_needs_and_stops_cleanly_at_either_signal() {
    for signal in ["INT", "TERM"] {
        let mut region = Running::start(&["--scenario", "zonal-errors"]);
        let introduction = region.introduction();
        for wanted in [
            "export AWS_REGION=us-east-1",
            "# account          000000000000",
            "#                  goes wrong from 2026-01-15T03:02:00Z",
            "# groups           wildrydes-web",
            "# functions        echo",
        ] {
            assert!(
                introduction.iter().any(|line| line == wanted),
                "{wanted} is missing: {introduction:#?}"
            );
        }
        let address = address(&introduction);
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        TcpStream::connect(&address).unwrap();
        region.signal(signal);
        let (status, errors) = region.end();
        assert_eq!(status.code(), Some(0), "{signal}: {errors}");
        assert_eq!(errors, "", "{signal}");
        TcpStream::connect(&address).unwrap_err();
    }
}

#[test]
fn a_port_in_use_is_an_error_that_says_what_to_do() {
    let mut first = Running::start(&[]);
    let address = address(&first.introduction());
    let port = address.rsplit(':').next().unwrap();
    let (status, errors) = Running::start(&["--port", port]).end();
    assert_eq!(status.code(), Some(1));
    assert!(
        errors.contains(&format!("--port {port}: another program listens")),
        "{errors}"
    );
    assert!(errors.contains("choose another port"), "{errors}");
}

#[test]
fn wrong_usage_has_a_status_of_its_own() {
    for (arguments, told) in [
        (["--scenario", "nonsense"], "expected one of zonal-latency"),
        (["--speed", "0"], "expected 1 to 100000"),
        (["--port", "70000"], "70000"),
    ] {
        let (status, errors) = Running::start(&arguments).end();
        assert_eq!(status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(told), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_reader_that_hangs_up_early_still_has_its_region() {
    // The pipe is closed before the Region has written a line.
    let mut child = Command::new(executable("evac"))
        .args(["region"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    // It is ready when it listens; which port that is, nobody has read.
    let id = child.id();
    let listening = format!("/proc/{id}/net/tcp");
    let inodes = || -> usize {
        let descriptors = std::fs::read_dir(format!("/proc/{id}/fd")).unwrap();
        let table = std::fs::read_to_string(&listening).unwrap();
        descriptors
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter_map(|link| {
                let link = link.to_str()?.strip_prefix("socket:[")?;
                Some(link.strip_suffix(']')?.to_owned())
            })
            .filter(|inode| table.contains(inode.as_str()))
            .count()
    };
    while inodes() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        std::thread::yield_now();
    }
    Command::new("kill")
        .args(["-s", "TERM", &id.to_string()])
        .status()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
