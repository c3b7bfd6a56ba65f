//! Publishing messages. The classifier alone does.

use std::time::Duration;

use aws_sdk_sns::Client;
use aws_sdk_sns::config::{self, Config};
use aws_sdk_sns::types::MessageAttributeValue;
use domain::failure::{Class, Failure};
use domain::notice::Notice;
use runtime::clients::{Connections, limits, retries};
use runtime::failure::of_call;

#[derive(Debug, Clone)]
pub(crate) struct Messages {
    client: Client,
    topic: String,
}

impl Messages {
    pub(crate) fn new(connections: &Connections, topic: &str) -> Self {
        let config = config::Builder::from(&connections.to("SNS"));
        Self {
            client: Client::from_conf(config.retry_partition(retries()).build()),
            topic: topic.to_owned(),
        }
    }

    /// Publishes a message with its attributes, within so long.
    pub(crate) async fn publish(&self, notice: &Notice, within: Duration) -> Result<(), Failure> {
        let mut call = self
            .client
            .publish()
            .topic_arn(&self.topic)
            .subject(&notice.subject)
            .message(&notice.message);
        for (name, value) in &notice.attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build();
            let value = value.map_err(|error| {
                Failure::new(
                    Class::BadInput,
                    format!("message attribute {name}: {error}"),
                )
            })?;
            call = call.message_attributes(name, value);
        }
        call.customize()
            .config_override(Config::builder().timeout_config(limits(within)))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| of_call("Publish", &error))
    }
}
