//! What keeps Evac going and heard: what its functions may do, who hears its messages, what lies in its
//! queues.

use serde::Deserialize;
use serde_json::json;

use super::question::{Asked, Members};
use super::{Account, MOST_PAGES, Unread, endless};

const IAM: Asked = Asked {
    name: "iam",
    variable: "IAM",
    version: "2010-05-08",
};
const SNS: Asked = Asked {
    name: "sns",
    variable: "SNS",
    version: "2010-03-31",
};
const SQS: Asked = Asked {
    name: "sqs",
    variable: "SQS",
    version: "2012-11-05",
};
/// What SNS gives in the place of an ARN until whoever was subscribed has agreed.
const PENDING: &str = "PendingConfirmation";

/// A subscription to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscriber {
    /// Where messages go, such as an address.
    pub(crate) endpoint: String,
    /// Whether whoever is there has agreed.
    pub(crate) confirmed: bool,
}

impl Account {
    /// Which of these actions a role may not do, on this resource or on any.
    ///
    /// # Errors
    /// Where `SimulatePrincipalPolicy` fails.
    pub(crate) async fn denied(
        &self,
        role: &str,
        actions: &[&str],
        resource: &str,
    ) -> Result<Vec<String>, Unread> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "SimulatePrincipalPolicyResult")]
            result: Simulated,
        }
        #[derive(Deserialize)]
        struct Simulated {
            #[serde(rename = "EvaluationResults")]
            results: Members<Evaluated>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Evaluated {
            eval_action_name: String,
            eval_decision: String,
        }
        let mut parameters = vec![
            ("PolicySourceArn".to_owned(), role.to_owned()),
            ("ResourceArns.member.1".to_owned(), resource.to_owned()),
        ];
        for (number, action) in (1..).zip(actions) {
            parameters.push((format!("ActionNames.member.{number}"), (*action).to_owned()));
        }
        let answer: Answer = self
            .ask_query(
                IAM,
                "SimulatePrincipalPolicy",
                &parameters,
                "iam:SimulatePrincipalPolicy",
            )
            .await?;
        let results = answer.result.results.member.into_iter();
        let denied = results.filter(|one| one.eval_decision != "allowed");
        Ok(denied.map(|one| one.eval_action_name).collect())
    }

    /// Who is subscribed to a topic.
    ///
    /// # Errors
    /// Where `ListSubscriptionsByTopic` fails.
    pub(crate) async fn subscribers(&self, topic: &str) -> Result<Vec<Subscriber>, Unread> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "ListSubscriptionsByTopicResult")]
            result: Listed,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Listed {
            subscriptions: Members<One>,
            next_token: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct One {
            #[serde(default)]
            endpoint: String,
            subscription_arn: String,
        }
        const PERMISSION: &str = "sns:ListSubscriptionsByTopic";
        let mut subscribers = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let mut parameters = vec![("TopicArn".to_owned(), topic.to_owned())];
            parameters.extend(token.map(|token| ("NextToken".to_owned(), token)));
            let page: Answer = self
                .ask_query(SNS, "ListSubscriptionsByTopic", &parameters, PERMISSION)
                .await?;
            let page = page.result;
            subscribers.extend(page.subscriptions.member.into_iter().map(|one| Subscriber {
                confirmed: one.subscription_arn != PENDING,
                endpoint: one.endpoint,
            }));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(subscribers);
            }
        }
        Err(Unread::new(endless("ListSubscriptionsByTopic"), PERMISSION))
    }

    /// About how many messages wait in a queue.
    ///
    /// # Errors
    /// Where SQS cannot be asked for the queue of this ARN.
    pub(crate) async fn messages_in(&self, queue: &str) -> Result<u64, Unread> {
        let mut parts = queue.rsplit(':');
        let (name, owner) = (parts.next().unwrap_or(queue), parts.next());
        let asked = json!({"QueueName": name, "QueueOwnerAWSAccountId": owner});
        let found = self
            .ask_json(SQS, "AmazonSQS.GetQueueUrl", &asked, "sqs:GetQueueUrl")
            .await?;
        const COUNT: &str = "ApproximateNumberOfMessages";
        let asked = json!({"QueueUrl": found["QueueUrl"], "AttributeNames": [COUNT]});
        let target = "AmazonSQS.GetQueueAttributes";
        let answer = self
            .ask_json(SQS, target, &asked, "sqs:GetQueueAttributes")
            .await?;
        let count = answer["Attributes"][COUNT].as_str();
        Ok(count
            .and_then(|count| count.parse().ok())
            .unwrap_or_default())
    }
}
