//! `evac classify`: one verdict for each observation.

mod wire;

use std::io::{self, BufRead, Write};

use domain::judge::classify;

/// Reads observations as JSON lines from standard input, and writes a verdict a line; whether every
/// line was an observation.
pub(crate) fn command() -> anyhow::Result<bool> {
    let out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    Ok(run(io::stdin().lock(), out)?)
}

/// The same between any reader and writer. Empty lines are passed over and counted.
fn run(input: impl BufRead, mut out: impl Write) -> io::Result<bool> {
    let mut well_formed = true;
    for (index, line) in input.split(b'\n').enumerate() {
        let line = line?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match wire::read(&line) {
            Ok((id, case)) => {
                let ruling = classify(&case);
                let verdict = wire::verdict(&id, &ruling);
                serde_json::to_writer(&mut out, &verdict)?;
            }
            Err(error) => {
                well_formed = false;
                let refusal = wire::Refusal {
                    line: index + 1,
                    error,
                };
                serde_json::to_writer(&mut out, &refusal)?;
            }
        }
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(well_formed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(input: &str) -> (bool, Vec<serde_json::Value>) {
        let mut out = Vec::new();
        let well_formed = run(input.as_bytes(), &mut out).unwrap();
        let lines = out
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        let values = lines.map(|line| serde_json::from_slice(line).unwrap());
        (well_formed, values.collect())
    }

    fn observation(id: &str, faults: u64, rest: &str) -> String {
        let zone = |faults: u64| {
            let minute = format!(r#"{{"requests":1000,"faults":{faults},"slow":0}}"#);
            format!(r#"{{"name":"us-east-1a","minutes":[{minute},null,{minute},{minute}]}}"#)
        };
        let (bad, well) = (zone(faults), zone(1));
        format!(
            r#"{{"id":"{id}","zones":{{"use1-az1":{bad},"use1-az2":{well},"use1-az3":{well}}}{rest}}}"#
        )
    }

    #[test]
    fn a_malformed_line_is_told_by_its_number_and_the_rest_is_judged() {
        let input = format!(
            "{}\n{{\n\n{}\n",
            observation("a", 100, ""),
            observation("b", 1, "")
        );
        let (well_formed, lines) = classified(&input);
        assert!(!well_formed);
        assert_eq!(lines[0]["verdict"], "evacuate");
        assert_eq!(lines[0]["zone"], "use1-az1");
        assert_eq!(lines[1]["line"], 2);
        assert_eq!(
            (&lines[2]["id"], &lines[2]["reason"]),
            (&"b".into(), &"well".into())
        );
    }

    #[test]
    fn alarms_and_shifts_hold() {
        for (rest, reason) in [
            (r#","regionalAlarm":"ALARM""#, "regionalAlarm"),
            (r#","shiftedAwayFrom":"use1-az2""#, "otherZoneShifted"),
            (
                r#","zonalAlarms":{"use1-az1":"ALARM","use1-az2":"ALARM"}"#,
                "severalAlarms",
            ),
            (r#","policy":{"minZones":3}"#, "tooFewZones"),
            (r#","policy":{"criteria":{"tolerated":0.2}}"#, "well"),
        ] {
            let (well_formed, lines) = classified(&observation("a", 100, rest));
            assert!(well_formed);
            assert_eq!(lines[0]["reason"], reason, "{rest}");
        }
    }

    #[test]
    fn what_is_not_known_or_out_of_range_is_refused_with_its_field() {
        for (rest, words) in [
            (
                r#","policy":{"criteria":{"faktor":3}}"#,
                "unknown field `faktor`, expected one of",
            ),
            (
                r#","policy":{"criteria":{"factor":0.5}}"#,
                "policy.criteria.factor: 0.5 is out of range",
            ),
            (r#","shiftedAwayFrom":"us-east-1a""#, "expected an AZ ID"),
            (r#","regionalAlarm":"FINE""#, "regionalAlarm"),
        ] {
            let (well_formed, lines) = classified(&observation("a", 100, rest));
            assert!(!well_formed);
            let error = lines[0]["error"].as_str().unwrap();
            assert!(error.contains(words), "{error}");
        }
    }
}
