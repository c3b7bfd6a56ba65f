//! What the operators' documents promise: an entry in the runbook for each alarm, message, finding,
//! reason to hold and class of failure, and for nothing else; and links that lead somewhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::failure::Class;
use domain::hold::HoldReason;
use domain::notice::Phase;
use domain::readiness::Unready;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const RUNBOOK: &str = "docs/RUNBOOK.md";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A document's lines that are in no block of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

/// The lines of a section of the runbook, up to the next one.
fn section<'a>(runbook: &'a str, title: &str) -> Vec<&'a str> {
    let mut lines = prose(runbook);
    let heading = format!("## {title}");
    assert!(
        lines.any(|line| line == heading),
        "{RUNBOOK} has no section \"{title}\""
    );
    lines.take_while(|line| !line.starts_with("## ")).collect()
}

/// What the entries of a section are about: the names in its headings.
fn entries(runbook: &str, title: &str) -> BTreeSet<String> {
    let lines = section(runbook, title).into_iter();
    each_once(lines.filter_map(|line| line.strip_prefix("### ")))
}

/// What the rows of a section's tables are about: the names in their first column.
fn rows(runbook: &str, title: &str) -> BTreeSet<String> {
    let lines = section(runbook, title).into_iter();
    let cells = lines.filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    each_once(cells.filter(|cell| cell.starts_with('`')))
}

/// What stands in backticks in these texts.
fn each_once<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for name in texts.flat_map(|text| text.split('`').skip(1).step_by(2)) {
        assert!(
            names.insert(name.to_owned()),
            "{name} stands twice in {RUNBOOK}"
        );
    }
    names
}

/// The codes that a type knows, as its reader tells whoever gives it another one.
fn codes<T: DeserializeOwned>(unknown: Value) -> BTreeSet<String> {
    let Err(error) = serde_json::from_value::<T>(unknown) else {
        panic!("a code that nobody knows was taken")
    };
    let error = error.to_string();
    let (_, known) = error.split_once("expected one of ").unwrap();
    known
        .split(", ")
        .map(|code| code.trim_matches('`').to_owned())
        .collect()
}

fn codes_of_reason<T: DeserializeOwned>() -> BTreeSet<String> {
    codes::<T>(json!({"code": "no such code"}))
}

/// The names of the alarms in a synthesized template.
fn alarms(template: &str) -> BTreeSet<String> {
    let template: Value = serde_json::from_str(&read(template)).unwrap();
    let resources = template["Resources"].as_object().unwrap().values();
    resources
        .filter(|resource| resource["Type"].as_str().unwrap().ends_with("Alarm"))
        .map(|resource| {
            let name = &resource["Properties"]["AlarmName"];
            name.as_str().unwrap().to_owned()
        })
        .collect()
}

/// The names that a pattern of the runbook stands for in a workload of these zones.
fn expand(pattern: &str, workload: &str, zones: &[&str]) -> Vec<String> {
    let functions = ["classifier", "zonal-shift", "asg-pruning"];
    let each = |names: Vec<String>, place: &str, values: &[&str]| -> Vec<String> {
        let all = names
            .iter()
            .flat_map(|name| values.iter().map(|value| name.replace(place, value)));
        all.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let names = each(vec![pattern.to_owned()], "<workload>", &[workload]);
    let names = each(names, "<zone>", zones);
    each(names, "<function>", &functions)
}

#[test]
fn the_runbook_has_each_alarm_that_is_synthesized_and_no_other() {
    let runbook = read(RUNBOOK);
    let mut patterns = entries(&runbook, "The alarms of a workload");
    patterns.extend(entries(&runbook, "The alarms on Evac itself"));
    let mut unused = patterns.clone();
    for (workload, zones) in [
        ("wildrydes", ["use1-az1", "use1-az2", "use1-az3"]),
        ("first-try", ["use1-az1", "use1-az2", "use1-az4"]),
    ] {
        let mut alarms = alarms(&format!("infra/synthesized/{workload}.template.json"));
        assert!(alarms.len() > 30, "{alarms:?}");
        for pattern in &patterns {
            let names = expand(pattern, workload, &zones);
            let there = names.iter().filter(|name| alarms.remove(*name)).count();
            // An optional alarm is there for each zone, or for none.
            assert!(
                there == 0 || there == names.len(),
                "{workload} has some of {names:?}, and {RUNBOOK} speaks of all"
            );
            if there > 0 {
                unused.remove(pattern);
            }
        }
        assert!(
            alarms.is_empty(),
            "{RUNBOOK} has no entry for {alarms:?} of {workload}"
        );
    }
    assert!(
        unused.is_empty(),
        "{RUNBOOK} has entries for alarms that no template has: {unused:?}"
    );
}

#[test]
fn the_runbook_has_each_message_and_no_other() {
    let phases = codes::<Phase>(json!("no such phase"));
    assert!(phases.len() > 10, "{phases:?}");
    assert_eq!(entries(&read(RUNBOOK), "The messages"), phases);
}

#[test]
fn the_runbook_has_each_finding_and_no_other() {
    let findings = codes_of_reason::<Unready>();
    assert!(findings.len() > 5, "{findings:?}");
    assert_eq!(entries(&read(RUNBOOK), "The findings"), findings);
}

#[test]
fn the_runbook_has_each_reason_to_hold_and_no_other() {
    let reasons = codes_of_reason::<HoldReason>();
    assert!(reasons.len() > 25, "{reasons:?}");
    assert_eq!(rows(&read(RUNBOOK), "Why it holds"), reasons);
}

#[test]
fn the_runbook_has_each_class_of_failure_and_no_other() {
    let classes = codes::<Class>(json!("no such class"));
    assert!(classes.len() > 10, "{classes:?}");
    assert_eq!(rows(&read(RUNBOOK), "The classes of failures"), classes);
}

/// The documents for people, from the project's directory.
fn documents() -> Vec<String> {
    let mut documents: Vec<String> = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]
        .map(str::to_owned)
        .into();
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            documents.push(format!("docs/{name}"));
        }
    }
    documents.sort();
    documents
}

/// What follows `](` up to the closing bracket, but for code in backticks.
fn links(line: &str) -> Vec<&str> {
    let text = line.split('`').step_by(2);
    text.flat_map(|text| {
        text.split("](")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once(')')?.0))
    })
    .collect()
}

/// The anchor that a heading gets on GitHub.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// What is wrong with a relative link of a document.
fn broken(document: &str, link: &str) -> Option<String> {
    let (path, wanted) = link
        .split_once('#')
        .map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let directory = Path::new(document).parent().unwrap();
    let target = match path {
        "" => Path::new(document).to_owned(),
        path => directory.join(path),
    };
    let file = root().join(&target);
    if !file.exists() {
        return Some(format!("{document}: {link}: no such file"));
    }
    let wanted = wanted?;
    let text = std::fs::read_to_string(&file).unwrap();
    let found = prose(&text).any(|line| line.starts_with('#') && anchor(line) == wanted);
    (!found).then(|| format!("{document}: {link}: no such heading"))
}

#[test]
fn every_relative_link_leads_to_a_file_and_to_a_heading_in_it() {
    let documents = documents();
    assert!(documents.len() > 15, "{documents:?}");
    let mut broken_links = Vec::new();
    let mut followed = 0;
    for document in &documents {
        let text = read(document);
        for link in prose(&text).flat_map(links) {
            if link.contains("://") {
                continue;
            }
            followed += 1;
            broken_links.extend(broken(document, link));
        }
    }
    assert!(followed > 40, "{followed} links");
    assert!(broken_links.is_empty(), "{}", broken_links.join("\n"));
}

#[test]
fn every_document_stands_in_the_index() {
    let index = read("docs/README.md");
    let listed: BTreeSet<&str> = prose(&index).flat_map(links).collect();
    for document in documents() {
        let Some(name) = document
            .strip_prefix("docs/")
            .filter(|name| *name != "README.md")
        else {
            continue;
        };
        assert!(listed.contains(name), "docs/README.md does not list {name}");
    }
}
