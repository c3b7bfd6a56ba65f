//! What a chat channel shows.

use serde_json::Value;

use super::*;

fn chat(report: &Report, phase: Phase) -> Value {
    serde_json::from_str(&write(report, phase).chat).unwrap()
}

/// Title, next step and description, as a channel shows them.
fn shown_in_chat(report: &Report, phase: Phase) -> String {
    let chat = chat(report, phase);
    let content = &chat["content"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    format!(
        "{}\n\n{}\n\nNext steps\n- {}",
        text(&content["title"]),
        text(&content["description"]),
        text(&content["nextSteps"][0])
    )
}

#[test]
fn a_chat_channel_shows_the_same_as_mail() {
    insta::assert_snapshot!(shown_in_chat(&report(), Phase::Shifted));
}

#[test]
fn a_drill_says_so_in_chat() {
    let drill = Report {
        drill: true,
        ..report()
    };
    let chat = chat(&drill, Phase::Shifted);
    assert!(
        chat["content"]["title"]
            .as_str()
            .unwrap()
            .starts_with("[evac DRILL] ")
    );
    assert!(
        chat["content"]["description"]
            .as_str()
            .unwrap()
            .starts_with("THIS IS A DRILL.\n")
    );
}

#[test]
fn the_messages_of_an_incident_are_one_thread_and_others_stand_alone() {
    for phase in [
        Phase::Shifted,
        Phase::Pruned,
        Phase::FailedBack,
        Phase::Failed,
    ] {
        assert_eq!(
            chat(&report(), phase)["metadata"]["threadId"],
            incident().to_string()
        );
    }
    let held = Report {
        plan: Plan::Nothing,
        ..report()
    };
    let metadata = &chat(&held, Phase::Held)["metadata"];
    assert_eq!(metadata.get("threadId"), None, "{metadata}");
    assert_eq!(metadata["additionalContext"]["phase"], "held");
}

/// Names and errors are others' words: they may not call a channel, nor end a block of code.
#[test]
fn what_others_wrote_is_no_mark_in_chat() {
    let hostile = "<!channel> ```<@U012> *bold* ~gone~ [x](http://x)";
    let report = Report {
        failures: vec![StepFailure {
            step: "shift".to_owned(),
            failure: Failure::new(Class::AccessDenied, hostile),
        }],
        ..report()
    };
    let chat = chat(&report, Phase::Failed);
    let description = chat["content"]["description"].as_str().unwrap();
    assert!(description.contains("‹!channel›"), "{description}");
    assert!(!description.contains(['<', '>', '*', '~']), "{description}");
    // One block, Evac's own.
    assert_eq!(description.matches('`').count(), 6, "{description}");
    assert!(!description.contains("]("), "{description}");
}

/// Amazon Q shows nothing of a message that is too long.
#[test]
fn a_workload_of_any_size_fits_into_a_chat_message() {
    let failure = StepFailure {
        step: "prune".to_owned(),
        failure: Failure::new(Class::Throttled, "é".repeat(5_000)),
    };
    let report = Report {
        failures: vec![failure; 2_000],
        ..report()
    };
    let chat = chat(&report, Phase::Failed);
    let content = &chat["content"];
    let description = content["description"].as_str().unwrap();
    assert!(description.chars().count() <= 8_000);
    // What there is to paste is whole.
    assert!(
        description.contains("cancel-zonal-shift --zonal-shift-id 9ac9ec1e"),
        "{description}"
    );
    assert!(content["title"].as_str().unwrap().chars().count() <= 250);
    assert!(content["nextSteps"][0].as_str().unwrap().chars().count() <= 350);
    assert_eq!(
        (chat["version"].as_str(), chat["source"].as_str()),
        (Some("1.0"), Some("custom"))
    );
}
