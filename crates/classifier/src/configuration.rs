//! What only the classifier needs to know.

use domain::policy::Mode;
use domain::signal::BareDefaults;
use runtime::settings::Reader;

/// The classifier's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// The function that talks to ARC: `EVAC_ZONAL_SHIFT_FUNCTION`, a name or an ARN.
    pub zonal_shift: String,
    /// The function that talks to Auto Scaling: `EVAC_ASG_PRUNING_FUNCTION`, a name or an ARN.
    pub asg_pruning: String,
    /// Where people are told: `EVAC_TOPIC_ARN`.
    pub topic: String,
    /// Where people are told in a chat channel, too: `EVAC_CHAT_TOPIC_ARN`, if there is one.
    pub chat_topic: Option<String>,
    /// What holds for alarms that come without a workload: `EVAC_DEFAULT_MODE` (default `observe`)
    /// and `EVAC_DEFAULT_EXPIRES_IN`.
    pub bare: BareDefaults,
}

impl Configuration {
    /// Reads the settings.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let zonal_shift = reader.required(
            "EVAC_ZONAL_SHIFT_FUNCTION",
            "the name of the function zonal-shift",
        );
        let asg_pruning = reader.required(
            "EVAC_ASG_PRUNING_FUNCTION",
            "the name of the function asg-pruning",
        );
        let topic = reader.required("EVAC_TOPIC_ARN", "the ARN of the SNS topic for messages");
        check_topic("EVAC_TOPIC_ARN", &topic, reader);
        let chat_topic = reader.optional("EVAC_CHAT_TOPIC_ARN").map(str::to_owned);
        if let Some(chat_topic) = &chat_topic {
            check_topic("EVAC_CHAT_TOPIC_ARN", chat_topic, reader);
            if *chat_topic == topic {
                reader.refuse("EVAC_CHAT_TOPIC_ARN", "is the topic of EVAC_TOPIC_ARN, expected one of its own: a chat channel shows only messages in its own format, and mail should not have them");
            }
        }
        let bare = bare_defaults(reader);
        Self {
            zonal_shift,
            asg_pruning,
            topic,
            chat_topic,
            bare,
        }
    }
}

/// Reads what holds for alarms that come without a workload.
pub fn bare_defaults(reader: &mut Reader<'_>) -> BareDefaults {
    let mode = match reader.optional("EVAC_DEFAULT_MODE") {
        None | Some("observe") => Mode::Observe,
        Some("shift") => Mode::Shift,
        Some("evacuate") => {
            reader.refuse("EVAC_DEFAULT_MODE", "evacuate is not possible for a bare alarm, expected observe or shift: the alarm does not tell which groups to prune");
            Mode::Observe
        }
        Some(other) => {
            reader.refuse(
                "EVAC_DEFAULT_MODE",
                format!("\"{other}\" is not known, expected observe or shift"),
            );
            Mode::Observe
        }
    };
    let expires_in = reader.parsed("EVAC_DEFAULT_EXPIRES_IN");
    if mode == Mode::Shift && reader.optional("EVAC_DEFAULT_EXPIRES_IN").is_none() {
        reader.refuse(
            "EVAC_DEFAULT_EXPIRES_IN",
            "is not set, expected how long a shift lasts, such as 6h: EVAC_DEFAULT_MODE is shift",
        );
    }
    BareDefaults { mode, expires_in }
}

fn check_topic(variable: &str, topic: &str, reader: &mut Reader<'_>) {
    if !topic.is_empty() && !is_topic(topic) {
        reader.refuse(variable, format!("\"{topic}\" is not the ARN of an SNS topic, expected arn:aws:sns:<region>:<account>:<name>"));
    }
}

fn is_topic(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(parts[..], ["arn", partition, "sns", region, account, name]
        if partition.starts_with("aws") && !region.is_empty() && account.parse::<domain::AccountId>().is_ok() && !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::settings::Variables;

    fn read(changes: &[(&str, &str)]) -> Result<Configuration, String> {
        let mut variables = Variables::from([
            (
                "EVAC_ZONAL_SHIFT_FUNCTION".to_owned(),
                "evac-zonal-shift".to_owned(),
            ),
            (
                "EVAC_ASG_PRUNING_FUNCTION".to_owned(),
                "evac-asg-pruning".to_owned(),
            ),
            (
                "EVAC_TOPIC_ARN".to_owned(),
                "arn:aws:sns:us-east-1:111122223333:evac".to_owned(),
            ),
        ]);
        variables.extend(
            changes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let mut reader = Reader::new(&variables);
        let configuration = Configuration::read(&mut reader);
        reader
            .finish(configuration)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn an_alarm_without_a_workload_is_only_observed_unless_somebody_says_otherwise() {
        assert_eq!(
            read(&[]).map(|configuration| configuration.bare.mode),
            Ok(Mode::Observe)
        );
        let shift = read(&[
            ("EVAC_DEFAULT_MODE", "shift"),
            ("EVAC_DEFAULT_EXPIRES_IN", "2h"),
        ]);
        assert_eq!(
            shift.map(|configuration| configuration.bare.mode),
            Ok(Mode::Shift)
        );
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let error = read(&[
            ("EVAC_ZONAL_SHIFT_FUNCTION", ""),
            ("EVAC_TOPIC_ARN", "evac"),
            ("EVAC_DEFAULT_MODE", "evacuate"),
            ("EVAC_DEFAULT_EXPIRES_IN", "90d"),
        ]);
        insta::assert_snapshot!(error.unwrap_err().replace("; ", "\n"), @r#"
        environment variable EVAC_ZONAL_SHIFT_FUNCTION: is not set, expected the name of the function zonal-shift
        environment variable EVAC_TOPIC_ARN: "evac" is not the ARN of an SNS topic, expected arn:aws:sns:<region>:<account>:<name>
        environment variable EVAC_DEFAULT_MODE: evacuate is not possible for a bare alarm, expected observe or shift: the alarm does not tell which groups to prune
        environment variable EVAC_DEFAULT_EXPIRES_IN: "90d" is out of range, expected 1m to 72h in whole minutes or hours, such as 6h
        "#);
    }

    #[test]
    fn a_chat_channel_has_a_topic_of_its_own() {
        let arn = "arn:aws:sns:us-east-1:111122223333:evac-chat";
        assert_eq!(read(&[]).map(|read| read.chat_topic), Ok(None));
        let both = read(&[("EVAC_CHAT_TOPIC_ARN", arn)]);
        assert_eq!(both.unwrap().chat_topic.as_deref(), Some(arn));
        for (value, said) in [
            ("chat", "\"chat\" is not the ARN of an SNS topic"),
            (
                "arn:aws:sns:us-east-1:111122223333:evac",
                "expected one of its own",
            ),
        ] {
            let error = read(&[("EVAC_CHAT_TOPIC_ARN", value)]).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_default_shift_needs_its_length() {
        assert!(
            read(&[("EVAC_DEFAULT_MODE", "shift")])
                .unwrap_err()
                .contains("EVAC_DEFAULT_EXPIRES_IN: is not set")
        );
    }
}
