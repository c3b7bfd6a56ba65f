//! The door of a Region in a process of its own, under more clients than anybody has.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

mod running;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use running::{Running, address, executable};

const MIB: usize = 1024 * 1024;

/// A process's memory at its highest so far, in bytes.
fn highest_memory(id: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<usize>().unwrap() * 1024
}

fn head(service: &str, length: usize) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\ncontent-type: application/x-www-form-urlencoded\r\nauthorization: AWS4-HMAC-SHA256 Credential=me/20260115/us-east-1/{service}/aws4_request, Signature=0\r\n\r\n"
    )
}

/// Asks for the groups on a connection that is open already.
fn groups(mut stream: TcpStream) -> String {
    let form = "Action=DescribeAutoScalingGroups&Version=2011-01-01";
    let request = head("autoscaling", form.len()) + form;
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn is_served(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 200") && answer.contains("wildrydes-web")
}

#[test]
fn a_thousand_connections_at_once_are_all_answered() {
    let mut region = Running::start(&[]);
    let address = address(&region.introduction());
    let connections: Vec<TcpStream> = (0..1000)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    let served = connections
        .into_iter()
        .filter(|stream| is_served(&groups(stream.try_clone().unwrap())))
        .count();
    assert_eq!(served, 1000);
}

#[test]
fn a_thousand_large_requests_at_once_take_bounded_memory() {
    let mut region = Running::start(&[]);
    let id = region.child.id();
    let address = address(&region.introduction());
    let before = highest_memory(id);
    // Each sends nearly all of the largest body that any service takes, and none comes to its end:
    // 900 KiB from each of a thousand make 879 MiB.
    let part = vec![b'x'; 900 * 1024];
    let mut held = Vec::new();
    for _ in 0..1000 {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(head("sns", MIB).as_bytes()).unwrap();
        stream.write_all(&part).unwrap();
        held.push(stream);
    }
    assert!(is_served(&groups(TcpStream::connect(&address).unwrap())));
    // The bodies have 64 MiB; allocators round up, and every connection has a read buffer of 16 KiB
    // and its own state.
    let bound = 3 * 64 * MIB;
    let grown = highest_memory(id) - before;
    assert!(
        grown < bound,
        "grown by {} MiB, bound {} MiB",
        grown / MIB,
        bound / MIB
    );
    drop(held);
    region.signal("TERM");
    let (status, errors) = region.end();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""));
}

#[test]
fn a_region_without_file_descriptors_goes_on_when_there_are_some_again() {
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -n 40; exec \"$0\" region"])
        .arg(executable("evac"));
    let mut region = Running::spawn(command);
    let address = address(&region.introduction());
    let idle: Vec<TcpStream> = (0..100)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    // These have taken every descriptor, and most of them wait without one.
    let descriptors = format!("/proc/{}/fd", region.child.id());
    while std::fs::read_dir(&descriptors).unwrap().count() < 40 {
        std::thread::yield_now();
    }
    drop(idle);
    assert!(is_served(&groups(TcpStream::connect(&address).unwrap())));
    region.signal("TERM");
    let (status, errors) = region.end();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""));
}
