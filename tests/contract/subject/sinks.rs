//! Where messages and events can be seen to arrive.
//!
//! The embedded Region has no queues: what it sends to one is read from the subscription, and events
//! go to a function. Emulators are given queues, which the suite reads without an SDK.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Behaviour, Subject, emulator};

/// A place where things arrive.
pub(crate) struct Sink {
    arn: String,
    /// The queue's address, where there is a queue.
    url: Option<String>,
    /// What was read from the queue.
    seen: Mutex<Vec<String>>,
}

impl Sink {
    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    fn new(arn: String, url: Option<String>) -> Self {
        Self {
            arn,
            url,
            seen: Mutex::new(Vec::new()),
        }
    }
}

impl Subject {
    /// A queue, as an endpoint of a subscription.
    pub(crate) async fn queue(&self) -> Sink {
        let name = self.name("queue");
        if self.embedded.is_some() {
            return Sink::new(format!("arn:aws:sqs:us-east-1:000000000000:{name}"), None);
        }
        let created = self.sqs("CreateQueue", &json!({"QueueName": name})).await;
        let url = created["QueueUrl"].as_str().unwrap().to_owned();
        let get = json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]});
        let got = self.sqs("GetQueueAttributes", &get).await;
        let arn = got["Attributes"]["QueueArn"].as_str().unwrap().to_owned();
        Sink::new(arn, Some(url))
    }

    /// A target of rules: a function in the embedded Region, a queue elsewhere.
    pub(crate) async fn target(&self) -> Sink {
        if self.embedded.is_none() {
            return self.queue().await;
        }
        let name = self.function(Behaviour::Echo).await;
        let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
        Sink::new(arn, None)
    }

    /// Everything that has arrived so far.
    pub(crate) async fn received(&self, sink: &Sink) -> Vec<String> {
        let Some(url) = &sink.url else {
            return self.embedded_received(&sink.arn);
        };
        let receive = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600});
        let got = self.sqs("ReceiveMessage", &receive).await;
        let bodies = got["Messages"].as_array().into_iter().flatten();
        let mut seen = sink.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(bodies.filter_map(|message| Some(message["Body"].as_str()?.to_owned())));
        seen.clone()
    }

    fn embedded_received(&self, arn: &str) -> Vec<String> {
        let state = self.embedded.as_ref().unwrap().region().state();
        if let Some((_, function)) = arn.split_once(":function:") {
            let invocations = state.lambda.invocations();
            let own = invocations.filter(|invocation| invocation.function == function);
            return own
                .map(|invocation| invocation.payload.to_string())
                .collect();
        }
        let subscriptions = state.sns.subscriptions();
        let own = subscriptions
            .iter()
            .filter(|subscription| subscription.endpoint == arn);
        let deliveries = own.flat_map(region::sns::Subscription::deliveries);
        deliveries.map(|delivery| delivery.body.clone()).collect()
    }

    async fn sqs(&self, operation: &str, input: &Value) -> Value {
        let headers = format!(
            "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.{operation}\r\n"
        );
        let answer = emulator::post(&self.endpoint, "sqs", &headers, &input.to_string()).await;
        serde_json::from_str(&answer).unwrap()
    }
}
