//! Topics to publish to.

use super::Subject;

impl Subject {
    /// Makes a topic; its ARN.
    pub(crate) async fn topic(&self) -> String {
        let name = self.name("topic");
        if let Some(embedded) = &self.embedded {
            return embedded.region().state().sns.create_topic(&name);
        }
        let created = self.sns().create_topic().name(name).send().await.unwrap();
        created.topic_arn().unwrap().to_owned()
    }
}
