//! Lines, and what becomes of them.

use std::io::{self, Write};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Whether every line was an observation, and the answers.
fn judged(input: impl AsRef<[u8]>) -> (bool, Vec<Value>) {
    let mut out = Vec::new();
    let well_formed = judge_lines(input.as_ref(), &mut out).unwrap();
    assert!(out.is_empty() || out.ends_with(b"\n"));
    let text = String::from_utf8(out).unwrap();
    let values = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (well_formed, values.collect())
}

/// The answer to a line that is no observation.
fn refusal(line: &str) -> String {
    let (well_formed, answers) = judged(line);
    assert!(!well_formed, "{line} is judged: {answers:?}");
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers[0]["error"].as_str().unwrap().to_owned()
}

fn zone(name: &str, faults: u64) -> Value {
    let minute = json!({ "requests": 1_000, "faults": faults, "slow": 0 });
    json!({ "name": name, "minutes": [minute, null, minute, minute] })
}

/// An observation of three zones, with this many faults a minute in the first.
fn observation(id: &str, faults: u64) -> Value {
    json!({ "id": id, "zones": {
        "use1-az1": zone("us-east-1a", faults),
        "use1-az2": zone("us-east-1b", 1),
        "use1-az3": zone("us-east-1c", 1),
    }})
}

/// The same with one field more.
fn with(field: &str, value: Value) -> String {
    let mut observation = observation("a", 100);
    observation[field] = value;
    observation.to_string()
}

/// The same with another value in the first zone's first minute.
fn with_minute(field: &str, value: &str) -> String {
    let mut observation = observation("a", 100);
    observation["zones"]["use1-az1"]["minutes"][0][field] = "HERE".into();
    observation.to_string().replace("\"HERE\"", value)
}

#[test]
fn a_malformed_line_is_told_by_its_number_and_the_rest_is_judged() {
    let (bad, well) = (observation("a", 100), observation("b", 1));
    let (well_formed, answers) = judged(format!("{bad}\n{{\n\n{well}\n"));
    assert!(!well_formed);
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["verdict"], "evacuate");
    assert_eq!(answers[0]["zone"], "use1-az1");
    assert_eq!(answers[1]["line"], 2);
    assert_eq!(
        answers[1]["error"],
        "EOF while parsing an object (column 1)"
    );
    assert_eq!(answers[2]["id"], "b");
    assert_eq!(answers[2]["reason"], "well");
}

#[test]
fn a_line_number_counts_empty_lines_too() {
    let (_, answers) = judged("\n  \n\r\nnonsense\n");
    assert_eq!(answers[0]["line"], 4);
}

#[test]
fn nothing_is_no_observation_and_nothing_wrong() {
    for input in ["", "\n", "\n\n\n", " \r\n\t", "\u{feff}", "\u{feff}\n"] {
        assert_eq!(judged(input), (true, vec![]), "{input:?}");
    }
}

#[test]
fn marks_and_line_ends_of_other_systems_and_a_last_line_without_one_are_read() {
    let one = observation("a", 100);
    for input in [
        format!("\u{feff}{one}\r\n{one}\r\n"),
        format!("{one}\n{one}"),
        format!("  {one}  \n\t{one}"),
    ] {
        let (well_formed, answers) = judged(&input);
        assert!(well_formed, "{answers:?}");
        assert_eq!(answers.len(), 2);
    }
}

#[test]
fn a_mark_that_is_not_at_the_beginning_is_refused() {
    let one = observation("a", 100);
    let (well_formed, answers) = judged(format!("{one}\n\u{feff}{one}\n"));
    assert!(!well_formed);
    assert_eq!(answers[1]["line"], 2);
}

#[test]
fn what_is_not_utf_8_is_refused_with_its_column() {
    let mut input = observation("a", 100).to_string().into_bytes();
    input[7] = 0xff;
    input.extend_from_slice(b"\n");
    input.extend_from_slice(observation("b", 1).to_string().as_bytes());
    let (well_formed, answers) = judged(input);
    assert!(!well_formed);
    let error = "not UTF-8 (column 8), expected JSON in UTF-8";
    assert_eq!(answers[0]["error"], error);
    assert_eq!(answers[1]["id"], "b");
}

#[test]
fn a_line_that_is_too_long_is_refused_whatever_it_is_and_the_next_one_judged() {
    let good = observation("b", 1).to_string();
    for byte in ["x", " "] {
        let long = byte.repeat(good.len() * 3);
        let mut out = Vec::new();
        let input = format!("{long}\n{good}\n{long}");
        assert!(!judge_lines_up_to(good.len(), input.as_bytes(), &mut out).unwrap());
        let answers: Vec<Value> = serde_json::Deserializer::from_slice(&out)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let error = format!(
            "longer than {} bytes, expected one observation a line",
            good.len()
        );
        assert_eq!(answers[0], json!({ "line": 1, "error": error }));
        assert_eq!(answers[1]["id"], "b");
        assert_eq!(answers[2], json!({ "line": 3, "error": error }));
    }
}

#[test]
fn alarms_shifts_and_policies_are_heeded() {
    for (field, value, reason) in [
        ("regionalAlarm", json!("ALARM"), "regionalAlarm"),
        ("regionalAlarm", json!("OK"), "impaired"),
        ("regionalAlarm", Value::Null, "impaired"),
        ("shiftedAwayFrom", json!("use1-az2"), "otherZoneShifted"),
        ("shiftedAwayFrom", json!("use1-az1"), "impaired"),
        (
            "zonalAlarms",
            json!({ "use1-az1": "ALARM", "use1-az2": "ALARM" }),
            "severalAlarms",
        ),
        (
            "zonalAlarms",
            json!({ "use1-az1": "INSUFFICIENT_DATA" }),
            "noZonalAlarm",
        ),
        ("zonalAlarms", json!({}), "noZonalAlarm"),
        ("policy", json!({ "minZones": 3 }), "tooFewZones"),
        ("policy", json!({ "minZones": 2 }), "impaired"),
        (
            "policy",
            json!({ "criteria": { "tolerated": 0.2 } }),
            "well",
        ),
        ("policy", json!({ "maxGrowth": 1 }), "tooLittleCapacity"),
        (
            "policy",
            json!({ "maxGrowth": 1, "withoutCapacity": "act" }),
            "impaired",
        ),
        ("policy", json!({}), "impaired"),
    ] {
        let line = with(field, value);
        let (well_formed, answers) = judged(&line);
        assert!(well_formed, "{answers:?}");
        assert_eq!(answers[0]["reason"], reason, "{line}");
    }
}

#[test]
fn a_policy_that_acts_without_capacity_warns() {
    let policy = json!({ "maxGrowth": 1, "withoutCapacity": "act" });
    let (_, answers) = judged(with("policy", policy));
    assert_eq!(answers[0]["warning"], "tooMuchGrowth");
    let (_, answers) = judged(observation("a", 100).to_string());
    assert_eq!(answers[0].get("warning"), None);
}

#[test]
fn a_policy_can_let_an_alarm_act_alone() {
    let mut line = observation("a", 100);
    line["zones"]["use1-az1"]["minutes"] = json!([null, null, null, null]);
    line["zonalAlarms"] = json!({ "use1-az1": "ALARM" });
    for (policy, verdict) in [
        (json!({ "withoutEvidence": "act" }), "evacuate"),
        (json!({ "withoutEvidence": "hold" }), "hold"),
        (json!({}), "hold"),
    ] {
        line["policy"] = policy;
        let (_, answers) = judged(line.to_string());
        assert_eq!(answers[0]["verdict"], verdict, "{line}");
    }
}

#[test]
fn a_workloads_policy_can_stand_there_as_it_is() {
    let policy = json!({
        "mode": "evacuate", "expiresIn": "6h", "minZones": 2, "failBack": "automatic",
        "stableFor": "15m", "withoutEvidence": "hold", "withoutAlarms": "hold",
        "staleAfter": "15m", "nothingToShift": false, "criteria": {},
    });
    let (well_formed, answers) = judged(with("policy", policy));
    assert!(well_formed, "{answers:?}");
}

#[test]
fn every_field_of_a_workloads_policy_is_known() {
    let definition = json!({ "name": "a", "policy": { "nonsense": 1 } });
    let problems = domain::definition::read("workload", &definition).unwrap_err();
    let problems = problems.to_string();
    let workloads = super::schema::known_fields(&problems);
    assert!(workloads.contains(&"minZones"), "{problems}");
    let refused = refusal(&with("policy", json!({ "nonsense": 1 })));
    let ours = super::schema::known_fields(&refused);
    for field in workloads {
        assert!(ours.contains(&field), "policy.{field} is not known here");
    }
}

#[test]
fn what_does_not_fit_is_refused_with_its_field_and_what_was_expected() {
    let count = "expected a count: a whole number, 0 or more";
    for (line, field, words) in [
        (
            with_minute("faults", "-5"),
            "zones.use1-az1.minutes[0].faults",
            count,
        ),
        (
            with_minute("slow", "1.5"),
            "zones.use1-az1.minutes[0].slow",
            count,
        ),
        (
            with_minute("requests", "18446744073709551616"),
            "zones.use1-az1.minutes[0].requests",
            count,
        ),
        (
            with_minute("requests", "\"12\""),
            "zones.use1-az1.minutes[0].requests",
            count,
        ),
        (
            with_minute("requests", "null"),
            "zones.use1-az1.minutes[0].requests",
            count,
        ),
        (
            with_minute("healthyHosts", "-1"),
            "zones.use1-az1.minutes[0].healthyHosts",
            count,
        ),
        (
            with_minute("falts", "1"),
            "zones.use1-az1.minutes[0].falts",
            "unknown field `falts`, expected one of `requests`",
        ),
        (
            with_minute("requests", "1e400"),
            "zones.use1-az1.minutes[0].requests",
            "number out of range",
        ),
        (
            with("policy", json!({ "criteria": { "faktor": 3 } })),
            "policy.criteria.faktor",
            "unknown field `faktor`, expected one of",
        ),
        (
            with("policy", json!({ "criteria": { "factor": 0.5 } })),
            "policy.criteria.factor",
            "0.5 is out of range",
        ),
        (
            with("policy", json!({ "minZone": 1 })),
            "policy.minZone",
            "unknown field `minZone`",
        ),
        (
            with("policy", json!({ "minZones": 0 })),
            "policy.minZones",
            "0 is out of range, expected 1 to 20",
        ),
        (
            with("policy", json!({ "minZones": 300 })),
            "policy.minZones",
            "300 is out of range, expected 1 to 20",
        ),
        (
            with("policy", json!({ "withoutEvidence": "maybe" })),
            "policy.withoutEvidence",
            "expected `act` or `hold`",
        ),
        (
            with("shiftedAwayFrom", json!("us-east-1a")),
            "shiftedAwayFrom",
            "expected an AZ ID",
        ),
        (
            with("shiftedAwayFrom", json!("use1-az9")),
            "shiftedAwayFrom",
            "use1-az9 is not one of the zones, expected one of use1-az1, use1-az2, use1-az3",
        ),
        (
            with("zonalAlarms", json!({ "use1-az9": "OK" })),
            "zonalAlarms.use1-az9",
            "expected one of use1-az1, use1-az2, use1-az3",
        ),
        (
            with("zonalAlarms", json!({ "use1-az1": "FINE" })),
            "zonalAlarms.use1-az1",
            "expected one of `OK`, `ALARM`, `INSUFFICIENT_DATA`",
        ),
        (
            with("regionalAlarm", json!("FINE")),
            "regionalAlarm",
            "expected `OK` or `ALARM`",
        ),
        (
            with("regionalAlarms", json!("OK")),
            "regionalAlarms",
            "unknown field `regionalAlarms`",
        ),
        (
            with("zones", json!({})),
            "zones",
            "no zones, expected the minutes of each zone by AZ ID",
        ),
        (
            with("zones", json!({ "us-east-1a": zone("us-east-1a", 1) })),
            "zones.us-east-1a",
            "expected an AZ ID such as use1-az1",
        ),
        (
            with("zones", json!({ "use1-az1": zone("use1-az1", 1) })),
            "zones.use1-az1.name",
            "expected an AZ name",
        ),
        (
            with("zones", json!({ "use1-az1": { "minutes": [] } })),
            "zones.use1-az1",
            "missing field `name`",
        ),
        (with("id", json!(7)), "id", "expected a string"),
    ] {
        let error = refusal(&line);
        assert!(error.starts_with(&format!("{field}: ")), "{line}: {error}");
        assert!(error.contains(words), "{line}: {error}");
        assert!(!error.contains(" line "), "a line has one line: {error}");
    }
}

#[test]
fn everything_out_of_range_is_told_at_once() {
    let mut line = observation("a", 100);
    line["policy"] = json!({ "minZones": 0, "criteria": { "factor": 0.5, "outage": 2 } });
    line["shiftedAwayFrom"] = "use1-az9".into();
    let error = refusal(&line.to_string());
    for field in [
        "minZones",
        "criteria.factor",
        "criteria.outage",
        "shiftedAwayFrom",
    ] {
        assert!(error.contains(field), "{error}");
    }
}

#[test]
fn a_refusal_has_the_lines_id_where_it_can_be_made_out() {
    let (_, answers) = judged(with("zones", json!({})));
    assert_eq!(answers[0]["id"], "a");
    let (_, answers) = judged("{\"id\":\"a\"");
    assert_eq!(answers[0].get("id"), None);
}

#[test]
fn a_zone_a_name_or_a_field_that_stands_twice_is_refused() {
    let one = zone("us-east-1a", 1).to_string();
    let other = zone("us-east-1b", 1).to_string();
    for (line, words) in [
        (
            format!(r#"{{"id":"a","zones":{{"use1-az1":{one},"use1-az1":{other}}}}}"#),
            "zones: use1-az1 stands there twice, expected each zone once",
        ),
        (
            format!(r#"{{"id":"a","zones":{{"use1-az1":{one},"use1-az2":{one}}}}}"#),
            "zones: us-east-1a is the name of two zones, expected a name of its own for use1-az2",
        ),
        (
            format!(r#"{{"id":"a","zones":{{"use1-az1":{one}}},"zonalAlarms":{{"use1-az1":"OK","use1-az1":"ALARM"}}}}"#),
            "zonalAlarms: use1-az1 stands there twice, expected each zone once",
        ),
        (
            format!(r#"{{"id":"a","id":"b","zones":{{"use1-az1":{one}}}}}"#),
            "duplicate field `id`",
        ),
        (
            r#"{"id":"a","zones":{"use1-az1":{"name":"us-east-1a","minutes":[{"requests":1,"faults":0,"slow":0,"slow":1}]}}}"#.to_owned(),
            "zones.use1-az1.minutes[0]: duplicate field `slow`",
        ),
    ] {
        let error = refusal(&line);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn other_json_than_an_observation_is_refused() {
    for (line, words) in [
        ("null", "expected an observation with id and zones"),
        ("42", "expected an observation with id and zones"),
        ("{}", "missing field `id`"),
        (r#"{"id":"a"}"#, "missing field `zones`"),
        (r#"{"id":"a","zones":[]}"#, "expected an object by AZ ID"),
    ] {
        let error = refusal(line);
        assert!(error.contains(words), "{line}: {error}");
    }
    let twice = format!("{} {}", observation("a", 1), observation("b", 1));
    assert!(refusal(&twice).contains("trailing characters"));
}

#[test]
fn nested_without_end_is_refused_and_does_not_end_the_program() {
    let deep = "[".repeat(200_000);
    for line in [
        deep.clone(),
        format!(r#"{{"id":"a","policy":{{"mode":{deep}"#),
        format!(r#"{{"id":"a","zones":{{"use1-az1":{deep}"#),
    ] {
        refusal(&line);
    }
}

#[test]
fn whole_numbers_may_be_written_as_cloudwatch_writes_them() {
    let line = observation("a", 100).to_string();
    let floats = line.replace("1000,", "1000.0,").replace("100,", "1e2,");
    assert_ne!(line, floats);
    assert_eq!(judged(line), judged(floats));
}

#[test]
fn zones_may_have_different_numbers_of_minutes_and_end_together() {
    let mut line = observation("a", 1);
    let (well, bad) = (
        json!({ "requests": 1_000, "faults": 1, "slow": 0 }),
        json!({ "requests": 1_000, "faults": 100, "slow": 0 }),
    );
    line["zones"]["use1-az1"]["minutes"] = json!([bad, bad]);
    line["zones"]["use1-az2"]["minutes"] = json!([well, well, well, well, well, well, well]);
    let (_, answers) = judged(line.to_string());
    assert_eq!(answers[0]["zone"], "use1-az1");
    assert_eq!(answers[0]["zones"]["use1-az1"]["requests"], 2_000);
}

#[test]
fn one_zone_alone_has_nothing_to_be_compared_with() {
    let line = with("zones", json!({ "use1-az1": zone("us-east-1a", 500) }));
    let (well_formed, answers) = judged(line);
    assert!(well_formed);
    assert_eq!(answers[0]["verdict"], "hold");
    let numbers = &answers[0]["zones"]["use1-az1"];
    assert_eq!(numbers.get("elsewhere"), None);
    assert_eq!(numbers["requestsElsewhere"], 0);
}

#[test]
fn a_zone_without_minutes_is_a_zone_without_data() {
    let mut line = observation("a", 1);
    line["zones"]["use1-az1"]["minutes"] = json!([]);
    let (_, answers) = judged(line.to_string());
    assert_eq!(answers[0]["zones"]["use1-az1"]["knowledge"], "noData");
    assert_eq!(answers[0]["reason"], "missingData");
}

#[test]
fn more_faults_than_requests_are_that_many_requests() {
    let mut line = observation("a", 1);
    line["zones"]["use1-az1"]["minutes"] = json!([{ "requests": 0, "faults": 900, "slow": 0 }, { "requests": 0, "faults": 900, "slow": 0 }]);
    let (_, answers) = judged(line.to_string());
    assert_eq!(answers[0]["zone"], "use1-az1");
    let requests = answers[0]["zones"]["use1-az1"]["requests"]
        .as_u64()
        .unwrap();
    assert!(requests >= 900, "{}", answers[0]);
}

#[test]
fn counts_are_whole_numbers_and_hosts_and_instances_are_told_where_known() {
    let instance =
        |id: &str, faults: u64| json!({ "id": id, "requests": 500, "faults": faults, "slow": 0 });
    let minute = json!({
        "requests": 1_000, "faults": 200, "slow": 50, "healthyHosts": 2,
        "instances": [instance("i-0a", 100), instance("i-0b", 100)],
    });
    let mut line = observation("a", 1);
    line["zones"]["use1-az1"]["minutes"] = json!([minute, minute, minute]);
    let (_, answers) = judged(line.to_string());
    let numbers = &answers[0]["zones"]["use1-az1"];
    assert_eq!(numbers["instances"], json!({ "affected": 2, "of": 2 }));
    assert_eq!(numbers["healthyHosts"], 2);
    for field in ["requests", "bad", "slow", "minutes", "requestsElsewhere"] {
        assert!(numbers[field].is_u64(), "{field}: {numbers}");
    }
    let other = &answers[0]["zones"]["use1-az2"];
    assert_eq!(other.get("healthyHosts"), None);
    assert_eq!(other.get("instances"), None);
}

#[test]
fn counts_beyond_measure_are_judged_and_give_numbers() {
    let most = u64::MAX.to_string();
    let line =
        with_minute("requests", &most).replace("\"faults\":1,", &format!("\"faults\":{most},"));
    let (well_formed, answers) = judged(&line);
    assert!(well_formed, "{answers:?}");
    assert!(!answers[0].to_string().contains("null"), "{}", answers[0]);
}

/// A reader that gives a line at a time, and notes how much was written by then.
struct Slowly<'a> {
    lines: Vec<Vec<u8>>,
    written: &'a std::cell::Cell<usize>,
    seen: &'a std::cell::RefCell<Vec<usize>>,
}

impl Read for Slowly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.seen.borrow_mut().push(self.written.get());
        let Some(line) = self.lines.pop() else {
            return Ok(0);
        };
        buffer[..line.len()].copy_from_slice(&line);
        Ok(line.len())
    }
}

struct Counting<'a>(&'a std::cell::Cell<usize>);

impl Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .set(self.0.get() + bytes.iter().filter(|byte| **byte == b'\n').count());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_growing_file_is_answered_as_it_grows() {
    let line = format!("{}\n", observation("a", 100)).into_bytes();
    let (written, seen) = Default::default();
    let input = Slowly {
        lines: vec![line; 3],
        written: &written,
        seen: &seen,
    };
    judge_lines(input, Counting(&written)).unwrap();
    assert_eq!(seen.into_inner()[..4], [0, 1, 2, 3]);
}

#[test]
fn nobody_who_listens_is_an_error_that_says_so() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let line = observation("a", 100).to_string();
    let error = judge_lines(line.as_bytes(), Closed).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

/// What a reader makes of a line; nothing where it does not take it.
fn told(observation: Option<observation::Observation<'_>>) -> Option<String> {
    let (id, case) = observation::check(observation?).ok()?;
    Some(format!("{id} {case:?}"))
}

#[test]
fn what_programs_write_is_read_in_its_plain_form() {
    let hosts = with_minute("healthyHosts", "4");
    let pretty = serde_json::to_string_pretty(&observation("é", 100)).unwrap();
    for line in [observation("a", 100).to_string(), hosts, pretty] {
        let plain = told(plain::read(&line));
        assert!(plain.is_some(), "{line}");
        assert_eq!(plain, told(observation::parse(&line).ok()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    /// With something cut out, put in or replaced, a line is read by the plain reader as by the careful
    /// one, or not at all.
    #[test]
    fn the_plain_reader_takes_nothing_that_the_careful_one_reads_otherwise(
        at in any::<prop::sample::Index>(),
        cut in 0..12_usize,
        put in prop::sample::select(vec![
            "", "\"", ",", ":", "{", "}", "[", "]", "0", "7", "-", "1.0", "1e2", "01", "+1", ".5", "NaN",
            "null", "true", "\\u0061", "\\ud800", "\\", "\u{0}", "\u{7f}", "\n", "\t", " ", "\u{a0}", "é",
            "/**/", "'", "18446744073709551615", "18446744073709551616", "\"slow\":1,",
            "\"healthyHosts\":3,", "\"healthyHosts\":null,", "\"instances\":[],", "\"name\":\"us-east-1b\",",
            "\"id\":\"b\",", "\"regionalAlarm\":\"ALARM\",", "{},", "null,",
        ]),
    ) {
        let minute = json!({ "requests": 10, "faults": 0, "slow": 0 });
        let line = json!({ "id": "a", "zones": {
            "use1-az1": { "name": "us-east-1a", "minutes": [minute, null] },
            "use1-az2": { "name": "us-east-1b", "minutes": [minute] },
        }}).to_string();
        let start = at.index(line.len());
        let end = (start + cut).min(line.len());
        let changed = format!("{}{put}{}", &line[..start], &line[end..]);
        let plain = told(plain::read(&changed));
        if plain.is_some() {
            prop_assert_eq!(plain, told(observation::parse(&changed).ok()), "{}", changed);
        }
    }
}

/// Compares a file in docs with what it should be, or writes it.
fn in_docs(file: &str, expected: &str) {
    let path = format!("{}/../../docs/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/{file} is out of date: make schemas"
    );
}

#[test]
fn the_samples_in_docs_are_answered_as_they_stand_there() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    let input = std::fs::read(format!("{docs}/classify/observations.jsonl")).unwrap();
    let (_, answers) = judged(&input);
    let mut output = Vec::new();
    judge_lines(input.as_slice(), &mut output).unwrap();
    in_docs(
        "classify/verdicts.jsonl",
        std::str::from_utf8(&output).unwrap(),
    );

    let page = std::fs::read_to_string(format!("{docs}/CLASSIFY.md")).unwrap();
    let (before, rest) = page.split_once("jq -r '\"\\(.id): ").unwrap();
    let (command, _) = rest.split_once('\n').unwrap();
    let (_, after) = rest
        .split_once("```\n<!-- End of what is written. -->")
        .unwrap();
    let told = |answer: &Value| {
        let id = answer["id"].as_str().unwrap();
        let told = answer["sentence"].as_str().or(answer["error"].as_str());
        format!("{id}: {}\n", told.unwrap())
    };
    let lines: String = answers.iter().map(told).collect();
    in_docs(
        "CLASSIFY.md",
        &format!(
            "{before}jq -r '\"\\(.id): {command}\n{lines}```\n<!-- End of what is written. -->{after}"
        ),
    );
}
