//! EC2 and Elastic Load Balancing: free addresses, and whether a load balancer sends traffic across zones.

use std::collections::BTreeMap;

use domain::{ResourceArn, SubnetId};
use serde::Deserialize;

use super::question::{Asked, Members};
use super::{Account, Unread};

const EC2: Asked = Asked {
    name: "ec2",
    variable: "EC2",
    version: "2016-11-15",
};
const ELB: Asked = Asked {
    name: "elasticloadbalancing",
    variable: "ELASTIC_LOAD_BALANCING_V2",
    version: "2015-12-01",
};
/// The attribute of load balancers and of target groups.
const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";

/// How a subnet stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubnetStanding {
    /// The AZ ID that it is in.
    pub(crate) zone: String,
    /// What the account calls the zone.
    pub(crate) name: String,
    /// IPv4 addresses that are free.
    pub(crate) free: u32,
}

/// A target group of a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetGroupStanding {
    /// Its ARN.
    pub(crate) arn: String,
    /// Whether it gets requests from other zones, with what its load balancer says where it has no word
    /// of its own.
    pub(crate) cross_zone: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    attributes: Members<Attribute>,
}

impl Attributes {
    fn cross_zone(&self) -> Option<&str> {
        let mut all = self.attributes.member.iter();
        all.find(|attribute| attribute.key == CROSS_ZONE)
            .map(|attribute| attribute.value.as_str())
    }
}

impl Account {
    /// How subnets stand; one that does not exist is missing from the answer of its own accord only where
    /// EC2 knows none of them.
    ///
    /// # Errors
    /// Where `DescribeSubnets` fails, also for a subnet that does not exist.
    pub(crate) async fn subnets(
        &self,
        subnets: &[SubnetId],
    ) -> Result<BTreeMap<SubnetId, SubnetStanding>, Unread> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "subnetSet")]
            set: Set,
        }
        #[derive(Deserialize)]
        struct Set {
            #[serde(default)]
            item: Vec<Item>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Item {
            subnet_id: SubnetId,
            availability_zone: String,
            availability_zone_id: String,
            available_ip_address_count: u32,
        }
        let parameters: Vec<(String, String)> = (1..)
            .zip(subnets)
            .map(|(number, subnet)| (format!("SubnetId.{number}"), subnet.to_string()))
            .collect();
        let answer: Answer = self
            .ask_query(EC2, "DescribeSubnets", &parameters, "ec2:DescribeSubnets")
            .await?;
        let standing = answer.set.item.into_iter().map(|item| {
            let standing = SubnetStanding {
                zone: item.availability_zone_id,
                name: item.availability_zone,
                free: item.available_ip_address_count,
            };
            (item.subnet_id, standing)
        });
        Ok(standing.collect())
    }

    /// The target groups of a load balancer.
    ///
    /// # Errors
    /// Where Elastic Load Balancing cannot be asked for them, or for an attribute.
    pub(crate) async fn target_groups(
        &self,
        balancer: &ResourceArn,
    ) -> Result<Vec<TargetGroupStanding>, Unread> {
        #[derive(Deserialize)]
        struct OfBalancer {
            #[serde(rename = "DescribeLoadBalancerAttributesResult")]
            result: Attributes,
        }
        #[derive(Deserialize)]
        struct OfGroup {
            #[serde(rename = "DescribeTargetGroupAttributesResult")]
            result: Attributes,
        }
        #[derive(Deserialize)]
        struct Groups {
            #[serde(rename = "DescribeTargetGroupsResult")]
            result: TargetGroups,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct TargetGroups {
            target_groups: Members<Group>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Group {
            target_group_arn: String,
        }
        let of_balancer = [("LoadBalancerArn".to_owned(), balancer.to_string())];
        let whole: OfBalancer = self
            .ask_query(
                ELB,
                "DescribeLoadBalancerAttributes",
                &of_balancer,
                "elasticloadbalancing:DescribeLoadBalancerAttributes",
            )
            .await?;
        let whole = whole.result.cross_zone() == Some("true");
        let groups: Groups = self
            .ask_query(
                ELB,
                "DescribeTargetGroups",
                &of_balancer,
                "elasticloadbalancing:DescribeTargetGroups",
            )
            .await?;
        let mut standing = Vec::new();
        for group in groups.result.target_groups.member {
            let arn = group.target_group_arn;
            let of_group = [("TargetGroupArn".to_owned(), arn.clone())];
            let own: OfGroup = self
                .ask_query(
                    ELB,
                    "DescribeTargetGroupAttributes",
                    &of_group,
                    "elasticloadbalancing:DescribeTargetGroupAttributes",
                )
                .await?;
            let cross_zone = match own.result.cross_zone() {
                Some("true") => true,
                Some("false") => false,
                _ => whole,
            };
            standing.push(TargetGroupStanding { arn, cross_zone });
        }
        Ok(standing)
    }
}
