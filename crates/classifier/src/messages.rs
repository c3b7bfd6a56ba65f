//! Publishing messages. The classifier alone does.

use std::time::Duration;

use aws_sdk_sns::Client;
use aws_sdk_sns::config::{self, Config};
use aws_sdk_sns::operation::publish::builders::PublishFluentBuilder;
use aws_sdk_sns::types::MessageAttributeValue;
use domain::failure::{Class, Failure};
use domain::notice::Notice;
use runtime::clients::{Connections, limits, retries};
use runtime::failure::of_call;

use crate::configuration::Configuration;

#[derive(Debug, Clone)]
pub(crate) struct Messages {
    client: Client,
    topic: String,
    chat_topic: Option<String>,
}

impl Messages {
    pub(crate) fn new(connections: &Connections, configuration: &Configuration) -> Self {
        let config = config::Builder::from(&connections.to("SNS"));
        Self {
            client: Client::from_conf(config.retry_partition(retries()).build()),
            topic: configuration.topic.clone(),
            chat_topic: configuration.chat_topic.clone(),
        }
    }

    /// Publishes a message with its attributes to each topic, within so long. Each topic gets its own,
    /// whatever becomes of the other.
    pub(crate) async fn publish(&self, notice: &Notice, within: Duration) -> Result<(), Failure> {
        let mail = self
            .call(notice, &self.topic, &notice.message)?
            .subject(&notice.subject);
        let chat = match &self.chat_topic {
            Some(topic) => Some(self.call(notice, topic, &notice.chat)?),
            None => None,
        };
        let chat = async {
            match chat {
                Some(call) => send(call, "Publish to the chat topic", within).await,
                None => Ok(()),
            }
        };
        let (mail, chat) = tokio::join!(send(mail, "Publish", within), chat);
        mail.and(chat)
    }

    fn call(
        &self,
        notice: &Notice,
        topic: &str,
        message: &str,
    ) -> Result<PublishFluentBuilder, Failure> {
        let mut call = self.client.publish().topic_arn(topic).message(message);
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
        Ok(call)
    }
}

async fn send(
    call: PublishFluentBuilder,
    what: &'static str,
    within: Duration,
) -> Result<(), Failure> {
    call.customize()
        .config_override(Config::builder().timeout_config(limits(within)))
        .send()
        .await
        .map(|_| ())
        .map_err(|error| of_call(what, &error))
}
