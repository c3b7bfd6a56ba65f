//! On what the figures were measured.

use std::fs;
use std::process::Command;

/// The machine and the state of the project, in one sentence.
#[must_use]
pub fn describe() -> String {
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&model, "model name").unwrap_or("a processor without a name");
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory: u64 = field(&memory, "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = told("uname", &["-sr"]);
    let commit = told(
        "git",
        &["describe", "--always", "--dirty", "--exclude", "*"],
    );
    let compiler = told("rustc", &["--version"]);
    format!(
        "Measured at commit {commit} with {compiler}, on {cores} cores of {model} with {} GiB, {kernel}, {}; the machine's load was {load} at the beginning.",
        memory / (1024 * 1024),
        std::env::consts::ARCH,
    )
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

fn told(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.ok().filter(|output| output.status.success());
    let text = text.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|| "unknown".to_owned())
}
