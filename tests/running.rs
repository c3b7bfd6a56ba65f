//! The executables of this build, which `make build` builds, and `evac region` as a child process.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// An executable of this build.
pub(crate) fn executable(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    let path = path.join(name);
    assert!(
        path.is_file(),
        "{} does not exist; make test builds it first",
        path.display()
    );
    path
}

/// The program `evac` as a shell runs it that has a Region's settings, with nobody at the terminal.
pub(crate) fn on_call(endpoint: &str) -> Command {
    let mut command = Command::new(executable("evac"));
    command
        .env_clear()
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "on-call")
        .env("AWS_SECRET_ACCESS_KEY", "embedded")
        .stdin(Stdio::null());
    command
}

/// A Region that runs; it is killed where a test fails before it stops it.
pub(crate) struct Running {
    pub(crate) child: Child,
    output: BufReader<ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(executable("evac"));
        command.arg("region").args(arguments);
        Self::spawn(command)
    }

    /// Runs a command that becomes `evac region`.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Every line up to the one that says that the Region is ready.
    pub(crate) fn introduction(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            assert!(
                !line.is_empty(),
                "no line says that it is ready: {lines:#?}"
            );
            let ready = line.starts_with("# Ready:");
            lines.push(line);
            if ready {
                return lines;
            }
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        let mut errors = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut errors).unwrap();
        (status, errors)
    }
}

pub(crate) fn address(introduction: &[String]) -> String {
    let setting = introduction
        .iter()
        .find_map(|line| line.strip_prefix("export AWS_ENDPOINT_URL=http://"));
    setting.unwrap().to_owned()
}
