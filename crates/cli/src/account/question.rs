//! Services that are asked a question or two: in their protocol, and without a crate of theirs.
//!
//! EC2's SDK alone takes more memory to compile than a build machine has, and those of IAM and Elastic
//! Load Balancing take minutes, for one operation each. So the request is made here; what signs it and
//! what carries it are the SDK's own.

use std::convert::Infallible;
use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use domain::failure::{Class, Failure};
use runtime::failure::class_of_code;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Account, Unread, patience};

/// A service, and how it is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// The name in the scope of a signature and in the host, such as `ec2`.
    pub(super) name: &'static str,
    /// The name in `AWS_ENDPOINT_URL_<SERVICE>`, such as `EC2`.
    pub(super) variable: &'static str,
    /// The version of its API, such as `2016-11-15`.
    pub(super) version: &'static str,
}

/// A list in an answer of awsQuery.
#[derive(Deserialize)]
pub(super) struct Members<T> {
    /// Its items; an empty element has none.
    #[serde(default = "Vec::new")]
    pub(super) member: Vec<T>,
}

/// A request that is not signed yet.
struct Unsigned {
    body: String,
    headers: Vec<(&'static str, String)>,
}

impl Account {
    /// Asks in the protocols awsQuery and ec2Query: a form, answered in XML.
    ///
    /// # Errors
    /// What went wrong with the call.
    pub(super) async fn ask_query<Answer: DeserializeOwned>(
        &self,
        service: Asked,
        action: &str,
        parameters: &[(String, String)],
        permission: &'static str,
    ) -> Result<Answer, Unread> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action);
        form.append_pair("Version", service.version);
        form.extend_pairs(parameters);
        let unsigned = Unsigned {
            body: form.finish(),
            headers: vec![(
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            )],
        };
        let asked = self.send(service, action, unsigned).await;
        let (status, text) = asked.map_err(|failure| Unread::new(failure, permission))?;
        let answer = if status < 300 {
            quick_xml::de::from_str(&text)
                .map_err(|error| Failure::new(Class::BadAnswer, format!("{action}: {error}")))
        } else {
            let (code, message) = refusal_in_xml(&text);
            Err(refused(action, status, &code, &message))
        };
        answer.map_err(|failure| Unread::new(failure, permission))
    }

    /// Asks in the protocol awsJson 1.0.
    ///
    /// # Errors
    /// What went wrong with the call.
    pub(super) async fn ask_json(
        &self,
        service: Asked,
        target: &str,
        body: &Value,
        permission: &'static str,
    ) -> Result<Value, Unread> {
        let action = target.rsplit('.').next().unwrap_or(target);
        let unsigned = Unsigned {
            body: body.to_string(),
            headers: vec![
                ("content-type", "application/x-amz-json-1.0".to_owned()),
                ("x-amz-target", target.to_owned()),
            ],
        };
        let asked = self.send(service, action, unsigned).await;
        let (status, text) = asked.map_err(|failure| Unread::new(failure, permission))?;
        let answer: Result<Value, _> = serde_json::from_str(&text);
        let answer = match answer {
            Ok(answer) if status < 300 => Ok(answer),
            Ok(answer) => {
                let text = |member: &str| answer[member].as_str().unwrap_or_default();
                let code = text("__type").rsplit('#').next().unwrap_or_default();
                Err(refused(action, status, code, text("message")))
            }
            Err(error) => Err(Failure::new(
                Class::BadAnswer,
                format!("{action}: {error} (HTTP {status})"),
            )),
        };
        answer.map_err(|failure| Unread::new(failure, permission))
    }

    /// Signs and sends a request; the status and the text of its answer.
    async fn send(
        &self,
        service: Asked,
        action: &str,
        unsigned: Unsigned,
    ) -> Result<(u16, String), Failure> {
        let request = self.sign(service, &unsigned).await.map_err(|error| {
            let message = format!("{action}: the request could not be signed: {error}");
            Failure::new(Class::BadConfiguration, message)
        })?;
        let (http, _) = self.connections().parts();
        let operation = Operation::builder()
            .service_name(service.name)
            .operation_name(action.to_owned())
            .http_client(http)
            .endpoint_url(&self.endpoint(service))
            .no_auth()
            .no_retry()
            .timeout_config(patience())
            .serializer(move |request: http::Request<String>| {
                let request = request.map(SdkBody::from);
                Ok(HttpRequest::try_from(request)?)
            })
            .deserializer(|response: &HttpResponse| {
                let bytes = response.body().bytes().unwrap_or_default();
                let text = String::from_utf8_lossy(bytes).into_owned();
                Ok::<_, OrchestratorError<Infallible>>((response.status().as_u16(), text))
            })
            .build();
        operation.invoke(request).await.map_err(|error| {
            let (class, text) = match &error {
                SdkError::TimeoutError(_) => (Class::Timeout, "no answer in time".to_owned()),
                SdkError::DispatchFailure(dispatch) if dispatch.is_timeout() => {
                    (Class::Timeout, "no answer in time".to_owned())
                }
                SdkError::DispatchFailure(_) => (
                    Class::Unavailable,
                    "the request could not be sent".to_owned(),
                ),
                other => (Class::BadAnswer, other.to_string()),
            };
            Failure::new(class, format!("{action}: {text}"))
        })
    }

    async fn sign(
        &self,
        service: Asked,
        unsigned: &Unsigned,
    ) -> Result<http::Request<String>, BoxError> {
        let (_, credentials) = self.connections().parts();
        let identity = credentials.provide_credentials().await?.into();
        let region = if service.name == "iam" {
            "us-east-1"
        } else {
            self.region()
        };
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service.name)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let endpoint = format!("{}/", self.endpoint(service).trim_end_matches('/'));
        let headers = unsigned.headers.iter();
        let headers = headers.map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(unsigned.body.as_bytes());
        let signable = SignableRequest::new("POST", endpoint.as_str(), headers, body)?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let mut request = http::Request::builder().method("POST").uri("/");
        for (name, value) in &unsigned.headers {
            request = request.header(*name, value);
        }
        let mut request = request.body(unsigned.body.clone())?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }

    /// Where a service is.
    fn endpoint(&self, service: Asked) -> String {
        let settings = &self.settings;
        let own = settings.endpoints.get(service.variable);
        own.or(settings.endpoint.as_ref())
            .cloned()
            .unwrap_or_else(|| {
                let region = self.region();
                let suffix = if region.starts_with("cn-") {
                    "amazonaws.com.cn"
                } else {
                    "amazonaws.com"
                };
                match service.name {
                    "iam" => format!("https://iam.{suffix}"),
                    name => format!("https://{name}.{region}.{suffix}"),
                }
            })
    }
}

fn refused(action: &str, status: u16, code: &str, message: &str) -> Failure {
    Failure::new(
        class_of_code(code, status),
        format!("{action}: {code}: {message} (HTTP {status})"),
    )
}

/// The code and the message of a refusal: in `Error`, which EC2 puts into `Errors`.
fn refusal_in_xml(text: &str) -> (String, String) {
    #[derive(Deserialize, Default)]
    struct Refusal {
        #[serde(rename = "Error", alias = "Errors")]
        error: Option<Inner>,
    }
    #[derive(Deserialize, Default)]
    struct Inner {
        #[serde(rename = "Code", default)]
        code: String,
        #[serde(rename = "Message", default)]
        message: String,
        #[serde(rename = "Error")]
        error: Option<Box<Inner>>,
    }
    let refusal: Refusal = quick_xml::de::from_str(text).unwrap_or_default();
    let mut inner = refusal.error.unwrap_or_default();
    while let Some(next) = inner.error.take() {
        inner = *next;
    }
    (inner.code, inner.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_from_both_kinds_of_xml() {
        let query = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>";
        let ec2 = "<Response><Errors><Error><Code>AccessDenied</Code><Message>no</Message></Error></Errors><RequestID>1</RequestID></Response>";
        let wanted = ("AccessDenied".to_owned(), "no".to_owned());
        assert_eq!(refusal_in_xml(query), wanted);
        assert_eq!(refusal_in_xml(ec2), wanted);
        assert_eq!(refusal_in_xml("<html>"), Default::default());
    }
}
