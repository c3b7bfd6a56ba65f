//! Why a metric alarm is in its state: a sentence for people and a JSON document for programs.
//!
//! Both follow what CloudWatch writes, down to the order in the sentence (latest datapoint first) and
//! in `recentDatapoints` (oldest first). The document is a string within the event, not an object.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::grid::{Grid, instant};
use super::query::MetricStat;
use super::state::{LONGEST_REASON_DATA, StateValue, stamp};
use super::threshold::{Judgement, MissingData, Threshold};

/// What an evaluation came to.
pub(super) struct Finding<'a> {
    pub(super) threshold: &'a Threshold,
    pub(super) state: StateValue,
    pub(super) judgement: &'a Judgement,
    /// The evaluation range.
    pub(super) range: &'a [Option<f64>],
    pub(super) grid: Grid,
    pub(super) now: Timestamp,
    /// The metric, for an alarm on one metric, and how many samples each of its datapoints has.
    pub(super) metric: Option<(&'a MetricStat, &'a [Option<f64>])>,
}

impl Finding<'_> {
    /// The sentence.
    pub(super) fn sentence(&self) -> String {
        let periods = self.threshold.evaluation_periods;
        if self.state == StateValue::InsufficientData {
            return format!(
                "Insufficient Data: {} unknown.",
                many(periods, "datapoint", WAS)
            );
        }
        let treated = match self.threshold.missing_data() {
            MissingData::Breaching => Some("[Breaching]"),
            MissingData::NotBreaching => Some("[NonBreaching]"),
            MissingData::Ignore | MissingData::Missing => None,
        };
        if let Some(treated) = treated.filter(|_| self.judgement.filled > 0) {
            let received = match count(self.judgement.decided_by.len()) {
                0 => "no datapoints were".to_owned(),
                n => many(n, "datapoint", WAS),
            };
            let filled = many(self.judgement.filled, "missing datapoint", WAS);
            let periods = many(periods, "period", NOTHING);
            return format!(
                "Threshold Crossed: {received} received for {periods} and {filled} treated as {treated}."
            );
        }
        self.crossed()
    }

    fn crossed(&self) -> String {
        let alarm = self.state == StateValue::Alarm;
        let named: Vec<(usize, f64)> = self
            .decided()
            .filter(|(_, value)| {
                self.threshold.datapoints_to_alarm.is_none()
                    || self.threshold.is_breached_by(*value) == alarm
            })
            .collect();
        let list: Vec<String> = named
            .iter()
            .map(|(index, value)| {
                let time = instant(self.grid.at(*index)).strftime("%d/%m/%y %H:%M:%S");
                format!("{value:?} ({time})")
            })
            .collect();
        let list = list.join(", ");
        let were = if named.len() == 1 { "was" } else { "were" };
        let not = if alarm { "" } else { "not " };
        let phrase = self.threshold.comparison.phrase();
        let threshold = self.threshold.value;
        let relation = format!("[{list}] {were} {not}{phrase} the threshold ({threshold:?})");

        let n = count(named.len());
        let periods = self.threshold.evaluation_periods;
        let Some(enough) = self.threshold.datapoints_to_alarm else {
            return format!(
                "Threshold Crossed: {} {relation}.",
                many(n, "datapoint", NOTHING)
            );
        };
        let (least, transition) = if alarm {
            (enough, "OK -> ALARM")
        } else {
            (periods.saturating_sub(enough) + 1, "ALARM -> OK")
        };
        let least = many(least, "datapoint", NOTHING);
        format!(
            "Threshold Crossed: {n} out of the last {periods} datapoints {relation} (minimum {least} for {transition} transition)."
        )
    }

    /// The datapoints that decided, the latest first.
    fn decided(&self) -> impl DoubleEndedIterator<Item = (usize, f64)> {
        let places = self.judgement.decided_by.iter().copied();
        places.filter_map(|index| Some((index, self.range.get(index).copied().flatten()?)))
    }

    /// The document.
    pub(super) fn document(&self) -> String {
        let mut document = Map::new();
        document.insert("version".into(), json!("1.0"));
        document.insert("queryDate".into(), json!(stamp(self.now)));
        if let Some((oldest, _)) = self.decided().next_back() {
            let start = instant(self.grid.at(oldest));
            document.insert("startDate".into(), json!(stamp(start)));
        }
        if let Some((stat, _)) = self.metric {
            if let Some(unit) = &stat.unit {
                document.insert("unit".into(), json!(unit));
            }
            document.insert("statistic".into(), json!(stat.stat.as_str()));
        }
        document.insert("period".into(), json!(self.grid.period));
        let recent: Vec<f64> = self.decided().rev().map(|(_, value)| value).collect();
        document.insert("recentDatapoints".into(), json!(recent));
        document.insert("threshold".into(), json!(self.threshold.value));

        let without = Value::Object(document.clone()).to_string();
        document.insert("evaluatedDatapoints".into(), json!(self.evaluated()));
        let with = Value::Object(document).to_string();
        // An alarm over many periods has more datapoints than the document may hold.
        if with.chars().count() <= LONGEST_REASON_DATA {
            with
        } else {
            without
        }
    }

    /// The datapoints that decided and the places that were filled, the latest first.
    fn evaluated(&self) -> Vec<Value> {
        let missing = (0..self.range.len()).rev();
        let missing = missing.filter(|index| self.range[*index].is_none());
        let filled = missing.take(self.judgement.filled as usize);
        let mut places: Vec<usize> = filled
            .chain(self.decided().map(|(index, _)| index))
            .collect();
        places.sort_unstable_by(|a, b| b.cmp(a));
        places
            .into_iter()
            .map(|index| {
                let mut point = Map::new();
                point.insert(
                    "timestamp".into(),
                    json!(stamp(instant(self.grid.at(index)))),
                );
                if let Some(value) = self.range[index] {
                    let samples = self.metric.and_then(|(_, samples)| *samples.get(index)?);
                    if let Some(samples) = samples {
                        point.insert("sampleCount".into(), json!(samples));
                    }
                    point.insert("value".into(), json!(value));
                }
                Value::Object(point)
            })
            .collect()
    }
}

const NOTHING: (&str, &str) = ("", "");
const WAS: (&str, &str) = (" was", " were");

/// `1 datapoint was`, `3 datapoints were`.
fn many(n: u32, thing: &str, (one, more): (&str, &str)) -> String {
    if n == 1 {
        format!("1 {thing}{one}")
    } else {
        format!("{n} {thing}s{more}")
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::metric::MetricId;
    use super::super::threshold::Comparison;
    use super::*;

    fn threshold(enough: Option<u32>, missing_data: Option<MissingData>) -> Threshold {
        Threshold {
            comparison: Comparison::Greater,
            value: 1.0,
            evaluation_periods: 3,
            datapoints_to_alarm: enough,
            missing_data,
        }
    }

    /// 2026-01-02 10:00 and the four minutes after it.
    fn grid() -> Grid {
        let start: Timestamp = "2026-01-02T10:00:00Z".parse().unwrap();
        Grid {
            start: start.as_second(),
            period: 60,
            len: 5,
        }
    }

    fn sentence(threshold: Threshold, range: &[Option<f64>]) -> String {
        let judgement = threshold.judge(range);
        Finding {
            threshold: &threshold,
            state: judgement.state.unwrap(),
            judgement: &judgement,
            range,
            grid: grid(),
            now: instant(grid().start + 330),
            metric: None,
        }
        .sentence()
    }

    const SOME: [Option<f64>; 5] = [None, Some(0.5), Some(2.0), Some(12.5), None];

    #[test]
    fn a_sentence_names_the_datapoints_the_latest_first() {
        assert_eq!(
            sentence(threshold(Some(2), None), &SOME),
            "Threshold Crossed: 2 out of the last 3 datapoints [12.5 (02/01/26 10:03:00), 2.0 (02/01/26 10:02:00)] were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."
        );
        assert_eq!(
            sentence(threshold(Some(3), None), &SOME),
            "Threshold Crossed: 1 out of the last 3 datapoints [0.5 (02/01/26 10:01:00)] was not greater than the threshold (1.0) (minimum 1 datapoint for ALARM -> OK transition)."
        );
        assert_eq!(
            sentence(threshold(None, None), &[Some(2.0); 5]),
            "Threshold Crossed: 3 datapoints [2.0 (02/01/26 10:04:00), 2.0 (02/01/26 10:03:00), 2.0 (02/01/26 10:02:00)] were greater than the threshold (1.0)."
        );
    }

    #[test]
    fn a_sentence_says_how_missing_data_was_treated() {
        let one = [None, None, None, None, Some(2.0)];
        assert_eq!(
            sentence(threshold(None, Some(MissingData::Breaching)), &one),
            "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching]."
        );
        assert_eq!(
            sentence(threshold(None, Some(MissingData::NotBreaching)), &[None; 5]),
            "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [NonBreaching]."
        );
        assert_eq!(
            sentence(threshold(None, None), &[None; 5]),
            "Insufficient Data: 3 datapoints were unknown."
        );
    }

    #[test]
    fn the_document_has_the_documented_keys() {
        let threshold = threshold(Some(2), None);
        let range = [None, None, Some(2.0), None, Some(3.0)];
        let judgement = threshold.judge(&range);
        let stat = MetricStat {
            metric: MetricId::new("n", "m"),
            period: 60,
            stat: "Average".parse().unwrap(),
            unit: Some("Count".into()),
        };
        let samples = [None, None, Some(4.0), None, Some(5.0)];
        let mut finding = Finding {
            threshold: &threshold,
            state: StateValue::Alarm,
            judgement: &judgement,
            range: &range,
            grid: grid(),
            now: instant(grid().start + 330),
            metric: Some((&stat, &samples)),
        };
        let document: Value = serde_json::from_str(&finding.document()).unwrap();
        assert_eq!(
            document,
            json!({
                "version": "1.0",
                "queryDate": "2026-01-02T10:05:30.000+0000",
                "startDate": "2026-01-02T10:02:00.000+0000",
                "unit": "Count",
                "statistic": "Average",
                "period": 60,
                "recentDatapoints": [2.0, 3.0],
                "threshold": 1.0,
                "evaluatedDatapoints": [
                    {"timestamp": "2026-01-02T10:04:00.000+0000", "sampleCount": 5.0, "value": 3.0},
                    {"timestamp": "2026-01-02T10:03:00.000+0000"},
                    {"timestamp": "2026-01-02T10:02:00.000+0000", "sampleCount": 4.0, "value": 2.0},
                ],
            })
        );
        finding.metric = None;
        let document: Value = serde_json::from_str(&finding.document()).unwrap();
        assert_eq!(document.get("statistic"), None);
        assert_eq!(document["evaluatedDatapoints"][0].get("sampleCount"), None);
    }

    #[test]
    fn a_document_stays_within_its_limit() {
        let threshold = Threshold {
            evaluation_periods: 200,
            ..threshold(None, None)
        };
        let range = [Some(2.0); 202];
        let judgement = threshold.judge(&range);
        let document = Finding {
            threshold: &threshold,
            state: StateValue::Alarm,
            judgement: &judgement,
            range: &range,
            grid: Grid { len: 202, ..grid() },
            now: instant(grid().start + 330),
            metric: None,
        }
        .document();
        assert!(document.len() <= LONGEST_REASON_DATA, "{}", document.len());
        assert!(document.contains("recentDatapoints"));
    }
}
