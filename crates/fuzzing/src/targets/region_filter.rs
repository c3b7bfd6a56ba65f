//! SNS's filter policies: set, and applied to a message.

use std::collections::BTreeMap;

use domain::AccountId;
use region::sns::{Publish, Sns, Subscribe};
use serde::Deserialize;

use super::now;

#[derive(Deserialize)]
struct Written {
    /// The policy, as the text that it is in a request.
    policy: String,
    scope: Option<String>,
    /// The message's attributes: type and value of each.
    #[serde(default)]
    attributes: BTreeMap<String, (String, String)>,
    #[serde(default)]
    message: String,
}

pub(crate) fn run(bytes: &[u8]) {
    let Ok(written) = serde_json::from_slice::<Written>(bytes) else {
        return;
    };
    let mut sns = Sns::new(AccountId::embedded(), "us-east-1");
    let topic = sns.create_topic("evac");
    let mut subscribe = |endpoint: &str, policy: &str| {
        let scope = written.scope.clone();
        let attributes = scope.map(|scope| ("FilterPolicyScope".to_owned(), scope));
        let policy = ("FilterPolicy".to_owned(), policy.to_owned());
        let request = Subscribe {
            topic: topic.clone(),
            protocol: "sqs".to_owned(),
            endpoint: format!("arn:aws:sqs:us-east-1:000000000000:{endpoint}"),
            attributes: attributes.into_iter().chain([policy]).collect(),
        };
        sns.subscribe(request, now())
    };
    let Ok(filtered) = subscribe("filtered", &written.policy) else {
        return;
    };
    let all = subscribe("all", "").unwrap();
    let publish = Publish {
        topic: topic.clone(),
        message: written.message,
        attributes: written.attributes,
        ..Publish::default()
    };
    let published = sns.publish(publish, now());
    let got = |arn: &str| sns.subscription(arn).unwrap().deliveries().len();
    assert_eq!(got(&all), usize::from(published.is_ok()));
    assert!(got(&filtered) <= got(&all));
}
