//! `SEARCH`: the metrics of one schema whose name and dimensions are these.
//!
//! Supported is the form that names everything exactly, and it stands alone in its query:
//! `SEARCH('{Namespace,"Dimension"} MetricName="Name" "Dimension"="value"', 'Sum', 60)`. Terms without
//! quotation marks, which AWS matches by tokens, and `AND`, `OR` and `NOT` are refused.

use std::collections::BTreeSet;

use super::grammar::{self, Input, Parsed, SyntaxError, eat, fail, keyword, quoted, require, word};
use super::metric::MetricId;

/// A search gives so many series. Source: user guide, search expression syntax.
pub(super) const MOST_FOUND: usize = 500;

/// What a name or a dimension must be.
type Terms = Vec<(String, String)>;

/// A parsed search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    /// The statistic, as text.
    pub(super) stat: String,
    /// The length of a period in seconds.
    pub(super) period: u32,
    namespace: String,
    dimensions: BTreeSet<String>,
    terms: Terms,
}

impl Search {
    /// Whether an expression is one.
    pub(super) fn is(text: &str) -> bool {
        text.trim_start().starts_with("SEARCH")
    }

    /// Parses an expression that is one.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (query, stat, period) = grammar::parse(text, call)?;
        let (schema, terms) = grammar::parse(&query, query_text)?;
        let mut schema = schema.into_iter();
        Ok(Self {
            stat,
            period,
            namespace: schema.next().unwrap_or_default(),
            dimensions: schema.collect(),
            terms,
        })
    }

    /// Whether it finds a metric: the schema is all of its dimensions.
    pub(super) fn finds(&self, metric: &MetricId) -> bool {
        let is_of_schema = metric.namespace == self.namespace
            && metric.dimensions.keys().eq(self.dimensions.iter());
        is_of_schema
            && self.terms.iter().all(|(key, value)| match key.as_str() {
                "MetricName" => metric.name == *value,
                dimension => metric.dimensions.get(dimension) == Some(value),
            })
    }
}

fn call(input: &mut Input<'_>) -> Parsed<(String, String, u32)> {
    if !keyword(input, "SEARCH")? {
        return fail(input, "SEARCH by itself");
    }
    require(input, "(", "an opening parenthesis")?;
    let query = text(input)?;
    require(input, ",", "a comma")?;
    let stat = text(input)?;
    require(input, ",", "a comma, and the period")?;
    let Some(Ok(period)) = word(input)?.map(str::parse) else {
        return fail(input, "a period in seconds");
    };
    require(input, ")", "a closing parenthesis")?;
    Ok((query, stat, period))
}

fn query_text(input: &mut Input<'_>) -> Parsed<(Vec<String>, Terms)> {
    require(input, "{", "a schema in braces")?;
    let mut schema = vec![name(input)?];
    while eat(input, ",")? {
        schema.push(name(input)?);
    }
    require(input, "}", "a comma or a closing brace")?;
    let mut terms = Vec::new();
    while grammar::look(input)?.is_some() {
        let key = name(input)?;
        require(
            input,
            "=",
            "an equals sign (the embedded Region searches for nothing else)",
        )?;
        terms.push((key, text(input)?));
    }
    Ok((schema, terms))
}

fn text(input: &mut Input<'_>) -> Parsed<String> {
    match quoted(input)? {
        Some(text) => Ok(text.to_owned()),
        None => fail(input, "a text in quotation marks"),
    }
}

fn name(input: &mut Input<'_>) -> Parsed<String> {
    if let Some(text) = quoted(input)? {
        return Ok(text.to_owned());
    }
    match word(input)? {
        Some(word) => Ok(word.to_owned()),
        None => fail(input, "a name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric() -> MetricId {
        MetricId::new("front-end/metrics", "Requests")
            .with("AZ-ID", "use1-az1")
            .with("InstanceId", "i-1")
    }

    fn search(query: &str) -> Search {
        Search::parse(&format!("SEARCH('{query}', 'Sum', 60)")).unwrap()
    }

    const SCHEMA: &str = r#"{"front-end/metrics","AZ-ID",InstanceId}"#;

    #[test]
    fn it_finds_metrics_of_its_schema_with_the_values_that_it_names() {
        let all = search(&format!(
            r#"{SCHEMA} MetricName="Requests" "AZ-ID"="use1-az1""#
        ));
        assert_eq!((all.stat.as_str(), all.period), ("Sum", 60));
        assert!(all.finds(&metric()));
        for other in [
            MetricId::new("front-end/metrics", "Faults").with("AZ-ID", "use1-az1"),
            metric().with("AZ-ID", "use1-az2"),
            metric().with("Operation", "ride"),
            MetricId {
                namespace: "back-end/metrics".to_owned(),
                ..metric()
            },
        ] {
            assert!(!all.finds(&other), "{other:?}");
        }
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        for (text, expected) in [
            ("SEARCH(m1)", "a text in quotation marks"),
            ("SEARCH('{A} x', 'Sum')", "a comma, and the period"),
            ("SEARCH('{A} x', 'Sum', 60) + 1", "an operator or the end"),
            ("SEARCH('{A} Requests', 'Sum', 60)", "an equals sign"),
            (
                "SEARCH('{A} MetricName=x', 'Sum', 60)",
                "a text in quotation marks",
            ),
        ] {
            let error = Search::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
