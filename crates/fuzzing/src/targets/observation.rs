//! The lines of `evac classify`: read, judged, and answered line by line.

use backtest::lines::{judge_lines, read};
use domain::judge::{Case, classify};
use serde_json::Value;

/// More lines than this make an input slow and tell nothing new.
const MOST_LINES: usize = 16;

pub(crate) fn run(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes
        .split(|byte| *byte == b'\n')
        .take(MOST_LINES)
        .collect();
    for line in &lines {
        if let Ok(line) = std::str::from_utf8(line) {
            check(line);
        }
    }
    let input = lines.join(&b'\n');
    let mut answers = Vec::new();
    let all_read = judge_lines(&input[..], &mut answers).unwrap();
    let answers = std::str::from_utf8(&answers).expect("answers are UTF-8");
    let answers: Vec<Value> = answers
        .lines()
        .map(|answer| serde_json::from_str(answer).expect("an answer is JSON"))
        .collect();
    // Only an empty line has no answer. The mark of UTF-8 before the first line belongs to no line.
    let mut asked = 0;
    for (index, line) in lines.iter().enumerate() {
        let line = line.trim_ascii_end();
        let line = match line.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) if index == 0 => rest,
            _ => line,
        };
        asked += usize::from(!line.trim_ascii().is_empty());
    }
    assert_eq!(answers.len(), asked, "one answer a line");
    let refused = |answer: &Value| answer.get("error").is_some();
    assert_eq!(all_read, !answers.iter().any(refused));
    for answer in answers {
        match answer.get("error") {
            Some(error) => assert!(error.as_str().is_some_and(|error| !error.is_empty())),
            None => assert!(answer["sentence"].is_string() && answer["zones"].is_object()),
        }
    }
}

fn check(line: &str) {
    let Ok((id, case)) = read(line) else {
        return;
    };
    // With a field that says nothing, a line is not in its plain form any more, and another reader
    // reads it: the same. Only a line that has the field already is refused with it.
    if let Some(rest) = line.trim_start().strip_prefix('{') {
        match read(&format!(r#"{{"regionalAlarm":null,{rest}"#)) {
            Ok((careful_id, careful)) => {
                assert_eq!(id, careful_id);
                assert_eq!(case, careful);
            }
            Err(error) => assert!(error.contains("duplicate field `regionalAlarm`"), "{error}"),
        }
    }
    judge(&case);
}

fn judge(case: &Case) {
    let ruling = classify(case);
    if let Ok(zone) = &ruling.verdict {
        assert!(
            case.counts.contains_key(zone),
            "{zone} is none of the zones"
        );
        let situation = &case.situation;
        assert!(!situation.regional_alarm, "{ruling}, in a regional alarm");
        let shifted = situation.shifted_away_from.as_ref();
        assert!(
            shifted.is_none_or(|shifted| shifted == zone),
            "{ruling}, of a second zone"
        );
        let left = case.counts.len() - 1;
        assert!(
            left >= case.min_zones.into(),
            "{ruling}, with {left} zones left"
        );
    }
    assert_eq!(ruling.zones.len(), case.counts.len());
    assert!(!ruling.to_string().contains("NaN"), "{ruling}");
}
