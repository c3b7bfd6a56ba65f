//! What one service sends to another: notifications and invocation records to what their ARN names.

use serde_json::Value;

use crate::lambda::{Condition, InvocationRecord};
use crate::sns::Publish;
use crate::state::State;

/// The limit of a message of SNS, in bytes. A larger record arrives without its payloads. (Lambda
/// developer guide, "Capturing records of Lambda asynchronous invocations".)
const LONGEST_MESSAGE: usize = 262_144;

impl State {
    /// Takes on what the services have sent since the last time. What names nothing that the Region
    /// has (a queue, a bucket, a function that does not exist) arrives nowhere.
    pub(crate) fn route(&mut self) {
        for record in self.lambda.take_records() {
            self.route_record(record);
        }
        for delivery in self.sns.take_function_deliveries() {
            self.invoke_asynchronously(&delivery.function, delivery.payload);
        }
    }

    fn route_record(&mut self, record: InvocationRecord) {
        let now = self.now();
        let destination = record.destination;
        match destination.split(':').nth(2) {
            Some("lambda") => self.invoke_asynchronously(&destination, record.record),
            Some("events") => {
                let detail_type = match record.condition {
                    Condition::Success => "Lambda Function Invocation Result - Success",
                    Condition::RetriesExhausted | Condition::EventAgeExceeded => {
                        "Lambda Function Invocation Result - Failure"
                    }
                };
                let function = format!("{}:$LATEST", self.lambda.arn(&record.function));
                let resources = [destination, function];
                self.events
                    .accept_from("lambda", detail_type, &resources, &record.record, now);
            }
            Some("sns") => {
                let mut record = record.record;
                if record.to_string().len() > LONGEST_MESSAGE
                    && let Value::Object(members) = &mut record
                {
                    members.remove("requestPayload");
                    members.remove("responsePayload");
                }
                // A topic that does not exist loses the record; in AWS that is a count in a metric.
                let _ = self.sns.publish(
                    Publish {
                        topic: destination,
                        message: record.to_string(),
                        ..Publish::default()
                    },
                    now,
                );
            }
            _ => {}
        }
    }

    fn invoke_asynchronously(&mut self, arn: &str, payload: Value) {
        let now = self.now();
        if let Ok(function) = self.lambda.resolve(arn, None) {
            self.lambda.enqueue(&function.name, payload, now);
        }
    }
}
