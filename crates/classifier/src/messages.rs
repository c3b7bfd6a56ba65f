//! Publishing messages. The classifier alone does.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use domain::failure::{Class, Failure};
use domain::notice::Notice;
use runtime::clients::Connections;
use runtime::failure::of_call;

#[derive(Debug, Clone)]
pub(crate) struct Messages {
    client: Client,
    topic: String,
}

impl Messages {
    pub(crate) fn new(connections: &Connections, topic: &str) -> Self {
        Self {
            client: Client::new(&connections.to("SNS")),
            topic: topic.to_owned(),
        }
    }

    /// Publishes a message with its attributes.
    pub(crate) async fn publish(&self, notice: &Notice) -> Result<(), Failure> {
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
        call.send()
            .await
            .map(|_| ())
            .map_err(|error| of_call("Publish", &error))
    }
}
