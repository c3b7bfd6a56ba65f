//! Completions and manual pages, as a shell and a reader get them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod running;

use std::process::{Command, Stdio};

use running::executable;

const COMMANDS: [&str; 14] = [
    "backtest",
    "classify",
    "completions",
    "drill",
    "evacuate",
    "explain",
    "fail-back",
    "init",
    "man",
    "preflight",
    "reconcile",
    "region",
    "report",
    "status",
];

fn evac(arguments: &[&str]) -> std::process::Output {
    Command::new(executable("evac"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn bash_completes_commands_and_their_options() {
    let script = evac(&["completions", "bash"]);
    assert!(script.status.success());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("evac.bash");
    std::fs::write(&file, script.stdout).unwrap();
    let completes = |words: &str| -> Vec<String> {
        let count = words.split(' ').count() - 1;
        let ask = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD={count}; _evac evac \"${{COMP_WORDS[$COMP_CWORD]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            file.display()
        );
        let told = Command::new("bash").args(["-c", &ask]).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        told.lines().map(str::to_owned).collect()
    };
    assert_eq!(completes("evac pre"), ["preflight"]);
    assert_eq!(completes("evac evacuate --zo"), ["--zone"]);
    assert_eq!(completes("evac drill --li").len(), 2, "--live and --list");
    for shell in ["elvish", "fish", "powershell", "zsh"] {
        let script = evac(&["completions", shell]);
        assert!(
            String::from_utf8(script.stdout)
                .unwrap()
                .contains("preflight"),
            "{shell}"
        );
    }
}

#[test]
fn there_is_a_page_for_each_command() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    let written = evac(&["man", "--out", out]);
    assert!(
        written.status.success(),
        "{}",
        String::from_utf8_lossy(&written.stderr)
    );
    let read = |page: &str| std::fs::read_to_string(directory.path().join(page)).unwrap();
    let whole = read("evac.1");
    for command in COMMANDS {
        assert!(
            whole.contains(&format!("evac\\-{}(1)", command.replace('-', "\\-"))),
            "{command}: {whole}"
        );
        assert!(!read(&format!("evac-{command}.1")).is_empty());
    }
    assert!(read("evac-evacuate.1").contains("\\-\\-zone"));
}

#[test]
fn wrong_usage_names_the_flag_and_the_remedy() {
    for (arguments, wanted) in [
        (&["completions", "tcsh"][..], "bash"),
        (&["man"], "--out"),
        (
            &["man", "--out", "/nowhere/at/all"],
            "--out /nowhere/at/all: ",
        ),
    ] {
        let output = evac(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(wanted), "{errors}");
    }
}
