//! Event patterns: the first line is the pattern, the rest are events.

use region::eventbridge::Pattern;
use serde_json::{Value, json};

pub(crate) fn run(bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n').take(8);
    let mut value = || {
        lines
            .next()
            .and_then(|line| serde_json::from_slice::<Value>(line).ok())
    };
    let Some(written) = value() else {
        return;
    };
    let Ok(pattern) = Pattern::parse(&written) else {
        return;
    };
    // As one of two alternatives it may be too deep, but it matches the same.
    let twice = Pattern::parse(&json!({ "$or": [written, written] }));
    while let Some(event) = value() {
        let matches = pattern.matches(&event);
        assert_eq!(matches, pattern.matches(&event));
        if let Ok(twice) = &twice {
            assert_eq!(matches, twice.matches(&event), "{written} on {event}");
        }
    }
}
