//! What a request asks for, known before anything is done about it.

use std::fmt;

use serde::Deserialize;

/// A service, named as in the AWS CLI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Service {
    /// ARC zonal shift.
    #[serde(rename = "arc-zonal-shift")]
    ArcZonalShift,
    /// EC2 Auto Scaling.
    #[serde(rename = "autoscaling")]
    AutoScaling,
    /// CloudWatch metrics and alarms.
    #[serde(rename = "cloudwatch")]
    CloudWatch,
    /// CloudWatch Logs.
    #[serde(rename = "logs")]
    CloudWatchLogs,
    /// EC2.
    #[serde(rename = "ec2")]
    Ec2,
    /// Elastic Load Balancing, version 2.
    #[serde(rename = "elbv2")]
    ElasticLoadBalancing,
    /// EventBridge.
    #[serde(rename = "events")]
    EventBridge,
    /// IAM.
    #[serde(rename = "iam")]
    Iam,
    /// Lambda.
    #[serde(rename = "lambda")]
    Lambda,
    /// SNS.
    #[serde(rename = "sns")]
    Sns,
    /// SQS.
    #[serde(rename = "sqs")]
    Sqs,
}

impl Service {
    /// The name in the AWS CLI.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ArcZonalShift => "arc-zonal-shift",
            Self::AutoScaling => "autoscaling",
            Self::CloudWatch => "cloudwatch",
            Self::CloudWatchLogs => "logs",
            Self::Ec2 => "ec2",
            Self::ElasticLoadBalancing => "elbv2",
            Self::EventBridge => "events",
            Self::Iam => "iam",
            Self::Lambda => "lambda",
            Self::Sns => "sns",
            Self::Sqs => "sqs",
        }
    }

    /// The service that a SigV4 credential scope names.
    #[must_use]
    pub fn from_signing_name(name: &str) -> Option<Self> {
        match name {
            "arc-zonal-shift" => Some(Self::ArcZonalShift),
            "autoscaling" => Some(Self::AutoScaling),
            "monitoring" => Some(Self::CloudWatch),
            "ec2" => Some(Self::Ec2),
            "elasticloadbalancing" => Some(Self::ElasticLoadBalancing),
            "events" => Some(Self::EventBridge),
            "iam" => Some(Self::Iam),
            "lambda" => Some(Self::Lambda),
            "logs" => Some(Self::CloudWatchLogs),
            "sns" => Some(Self::Sns),
            "sqs" => Some(Self::Sqs),
            _ => None,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An operation of a service, as its API model spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Its name, such as `StartZonalShift`.
    pub name: &'static str,
    /// Whether it changes what the service holds.
    pub mutates: bool,
}

impl Operation {
    /// An operation that changes nothing.
    #[must_use]
    pub const fn read(name: &'static str) -> Self {
        Self {
            name,
            mutates: false,
        }
    }

    /// An operation that changes what the service holds.
    #[must_use]
    pub const fn write(name: &'static str) -> Self {
        Self {
            name,
            mutates: true,
        }
    }
}
