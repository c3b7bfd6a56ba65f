//! What the functions' log lines say.
//!
//! A line is JSON with the fields of its event beside the message; see `runtime::telemetry`. What a line
//! does not have is not there, and a line that is no such JSON is passed over: the log has others, such as
//! Lambda's own.

use domain::judge::Judgement;
use jiff::Timestamp;
use serde::Deserialize;

use crate::account::LogLine;

/// What begins the message of a line about a message to people.
const TOLD: &str = "told: ";

/// A line of a function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FunctionLine {
    /// When, by the function's clock where the line tells it.
    pub(super) at: Timestamp,
    /// The function's name.
    pub(super) function: String,
    /// What it says.
    pub(super) what: Said,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// The classifier decided.
    Verdict(Verdict),
    /// People were told.
    Told {
        /// Of what phase.
        phase: String,
        /// With which subject.
        subject: String,
    },
    /// A zonal shift was begun, extended or ended.
    Shift {
        /// `shift`, `extend` or `cancel`.
        action: String,
        /// The resource's ARN.
        resource: String,
    },
    /// A group was changed.
    Group {
        /// `prune` or `restore`.
        action: String,
        /// The zone, where the line tells it.
        zone: Option<String>,
        /// The group's name.
        group: String,
    },
    /// Something went wrong, or is to be minded.
    Trouble {
        /// Its class, where it has one.
        class: Option<String>,
        /// What.
        message: String,
    },
}

/// A verdict.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    /// `evacuate`, `hold` or `fail-back`.
    pub(super) verdict: String,
    /// The zone, if it is about one.
    pub(super) zone: Option<String>,
    /// The code of its reason.
    pub(super) code: String,
    /// What made the classifier look.
    pub(super) trigger: String,
    /// How far the policy let it go.
    pub(super) mode: String,
    /// The verdict as a sentence.
    pub(super) sentence: String,
    /// The numbers that it rests on.
    pub(super) judgement: Option<Judgement>,
}

impl Verdict {
    /// The reason, without the verdict and the zone in front of it.
    pub(super) fn reason(&self) -> &str {
        let Self {
            verdict, sentence, ..
        } = self;
        let of_zone = self.zone.iter().map(|zone| format!("{verdict} {zone}: "));
        let mut beginnings = of_zone.chain([format!("{verdict}: ")]);
        beginnings
            .find_map(|beginning| sentence.strip_prefix(&beginning))
            .unwrap_or(sentence)
    }
}

/// The fields that are looked at.
#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    level: String,
    #[serde(default)]
    message: String,
    at: Option<String>,
    workload: Option<String>,
    zone: Option<String>,
    verdict: Option<String>,
    code: Option<String>,
    trigger: Option<String>,
    mode: Option<String>,
    judgement: Option<String>,
    phase: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    group: Option<String>,
    class: Option<String>,
}

/// What a line of a function says of a workload, if anything.
pub(super) fn read(line: &LogLine, function: &str, workload: &str) -> Option<FunctionLine> {
    let fields: Fields = serde_json::from_str(&line.text).ok()?;
    if fields.workload.as_deref() != Some(workload) {
        return None;
    }
    let at = fields.at.as_deref().and_then(|at| at.parse().ok());
    Some(FunctionLine {
        at: at.unwrap_or(line.at),
        function: function.to_owned(),
        what: said(fields)?,
    })
}

fn said(fields: Fields) -> Option<Said> {
    if let (Some(verdict), Some(code)) = (fields.verdict, fields.code) {
        let judgement = fields.judgement.as_deref();
        return Some(Said::Verdict(Verdict {
            verdict,
            zone: fields.zone,
            code,
            trigger: fields.trigger.unwrap_or_default(),
            mode: fields.mode.unwrap_or_default(),
            sentence: fields.message,
            judgement: judgement.and_then(|json| serde_json::from_str(json).ok()),
        }));
    }
    if let (Some(phase), Some(subject)) = (fields.phase, fields.message.strip_prefix(TOLD)) {
        let subject = subject.to_owned();
        return Some(Said::Told { phase, subject });
    }
    match (fields.level.as_str(), fields.action) {
        ("WARN" | "ERROR", _) => Some(Said::Trouble {
            class: fields.class,
            message: fields.message,
        }),
        ("INFO", Some(action)) => match (fields.resource, fields.group) {
            (Some(resource), _) => Some(Said::Shift { action, resource }),
            (None, Some(group)) => Some(Said::Group {
                action,
                zone: fields.zone,
                group,
            }),
            (None, None) => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn line(text: &Value) -> Option<FunctionLine> {
        let line = LogLine {
            at: "2026-11-24T09:20:01Z".parse().unwrap(),
            text: text.to_string(),
        };
        read(&line, "evac-classifier", "wildrydes")
    }

    #[test]
    fn a_verdict_is_read_with_its_reason_and_its_own_time() {
        let read = line(&json!({
            "timestamp": "2026-11-24T09:20:00.5Z", "level": "INFO", "at": "2026-11-24T09:20:00.25Z",
            "workload": "wildrydes", "zone": "use1-az1", "verdict": "evacuate", "code": "impaired",
            "trigger": "zonalAlarm", "mode": "evacuate", "message": "evacuate use1-az1: 60% were slow",
        }));
        let read = read.unwrap();
        assert_eq!(read.at.to_string(), "2026-11-24T09:20:00.25Z");
        let Said::Verdict(verdict) = read.what else {
            panic!("{read:?}");
        };
        assert_eq!(verdict.reason(), "60% were slow");
        assert_eq!(verdict.trigger, "zonalAlarm");
    }

    #[test]
    fn what_was_changed_and_told_and_went_wrong_is_read() {
        let of = |text: Value| line(&text).map(|line| line.what);
        assert_eq!(
            of(
                json!({"level": "INFO", "workload": "wildrydes", "phase": "shifted", "message": "told: gone"})
            ),
            Some(Said::Told {
                phase: "shifted".to_owned(),
                subject: "gone".to_owned()
            })
        );
        assert_eq!(
            of(
                json!({"level": "INFO", "workload": "wildrydes", "zone": "use1-az1", "group": "web", "action": "prune", "message": "group changed"})
            ),
            Some(Said::Group {
                action: "prune".to_owned(),
                zone: Some("use1-az1".to_owned()),
                group: "web".to_owned()
            })
        );
        assert_eq!(
            of(
                json!({"level": "INFO", "workload": "wildrydes", "resource": "arn:x", "action": "cancel", "message": "zonal shift changed"})
            ),
            Some(Said::Shift {
                action: "cancel".to_owned(),
                resource: "arn:x".to_owned()
            })
        );
        assert_eq!(
            of(
                json!({"level": "ERROR", "workload": "wildrydes", "class": "throttled", "message": "no"})
            ),
            Some(Said::Trouble {
                class: Some("throttled".to_owned()),
                message: "no".to_owned()
            })
        );
    }

    #[test]
    fn another_workloads_line_and_what_is_no_line_of_ours_are_passed_over() {
        for text in [
            json!({"level": "ERROR", "workload": "unicorn", "message": "no"}),
            json!({"level": "ERROR", "message": "no"}),
            json!({"level": "INFO", "workload": "wildrydes", "message": "something new"}),
            json!("START RequestId: 1"),
            json!({"workload": 7}),
        ] {
            assert_eq!(line(&text), None, "{text}");
        }
    }
}
