//! Input transformers: understood, and filled from an event that passes the bus.

use std::collections::BTreeMap;

use domain::AccountId;
use jiff::SignedDuration;
use region::eventbridge::{
    EventBridge, EventPath, Input, Pattern, Rule, Target, Transformer, Trigger,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::now;

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    paths: BTreeMap<String, String>,
    template: String,
    #[serde(default)]
    event: Value,
}

pub(crate) fn run(bytes: &[u8]) {
    let Ok(written) = serde_json::from_slice::<Written>(bytes) else {
        return;
    };
    for path in written.paths.values() {
        if let Some(path) = EventPath::parse(path) {
            check_delivered(Input::Part(path), &written.event);
        }
    }
    if let Ok(transformer) = Transformer::new(&written.paths, &written.template) {
        check_delivered(Input::Transformed(transformer), &written.event);
    }
}

/// An event arrives, or it is noted that it could not be shaped.
fn check_delivered(input: Input, event: &Value) {
    let mut bus = EventBridge::new(AccountId::embedded(), "us-east-1");
    let rule = Rule {
        name: "every".to_owned(),
        trigger: Trigger::Pattern(Pattern::parse(&json!({ "source": ["fuzz"] })).unwrap()),
        enabled: true,
        targets: vec![Target {
            id: "1".to_owned(),
            function: "classifier".to_owned(),
            input,
        }],
    };
    bus.put_rule(rule, now()).unwrap();
    let event = json!({ "source": "fuzz", "detail": event });
    bus.accept(&event, now());
    let delivered = bus.due(now() + SignedDuration::from_mins(1));
    assert_eq!(delivered.len() + bus.failures().len(), 1);
}
