//! docs/REGION.md says what the suite knows.

use std::collections::BTreeSet;

use crate::contracts;
use crate::differences::{self, Difference};
use crate::subject::Kind;

const DOCUMENT: &str = include_str!("../../docs/REGION.md");
const KINDS: [(Kind, &str); 3] = [
    (Kind::Region, "### The embedded Region"),
    (Kind::Moto, "### moto"),
    (Kind::Ministack, "### ministack"),
];

fn row(difference: &Difference) -> String {
    let Difference {
        service,
        contract,
        reason,
        source,
        ..
    } = difference;
    format!("| {service} | `{contract}` | {reason} | {source} |")
}

/// The rows of the table below a heading, without its head.
fn rows(heading: &str) -> Vec<&'static str> {
    let section = DOCUMENT.split_once(&format!("\n{heading}\n"));
    let (_, section) = section.unwrap_or_else(|| panic!("docs/REGION.md has no {heading}"));
    let section = section.split("\n#").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with('|'));
    rows.skip(2).collect()
}

#[test]
fn the_document_lists_every_difference_and_no_other() {
    for (kind, heading) in KINDS {
        let known: Vec<String> = differences::of(kind).iter().map(row).collect();
        let written = rows(heading);
        assert_eq!(
            written.join("\n"),
            known.join("\n"),
            "{heading} of docs/REGION.md and the differences of {kind}"
        );
    }
}

#[test]
fn every_difference_is_of_a_contract_that_its_subject_has() {
    for (kind, _) in KINDS {
        let mut seen = BTreeSet::new();
        for Difference {
            service, contract, ..
        } in differences::of(kind)
        {
            let found = contracts().into_iter().any(|known| {
                known.service == *service
                    && known.name == *contract
                    && known.subjects.contains(&kind)
            });
            assert!(found, "{kind} has no contract {service}: {contract}");
            assert!(seen.insert((service, contract)), "{contract} twice");
        }
    }
}

#[test]
fn no_two_contracts_of_a_service_have_one_name() {
    let mut seen = BTreeSet::new();
    for contract in contracts() {
        assert!(seen.insert((contract.service, contract.name)), "{contract}");
    }
}
