//! Auto Scaling groups to try contracts on.
//!
//! Groups and subnets are not what the suite is about, so each subject makes them in its own way.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::Tag;

use super::{Kind, Subject, emulator};

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subnet {
    /// Its id.
    pub(crate) id: String,
    /// The name of its zone.
    pub(crate) zone: String,
}

/// A group to make.
#[derive(Debug, Clone)]
pub(crate) struct GroupSpec {
    /// The minimum size.
    pub(crate) min: u16,
    /// The maximum size.
    pub(crate) max: u16,
    /// The desired capacity.
    pub(crate) desired: u16,
    /// The tags.
    pub(crate) tags: Vec<(String, String)>,
}

impl Default for GroupSpec {
    fn default() -> Self {
        Self {
            min: 0,
            max: 9,
            desired: 0,
            tags: Vec::new(),
        }
    }
}

impl GroupSpec {
    /// A group of so many instances.
    pub(crate) fn of(desired: u16) -> Self {
        Self {
            desired,
            ..Self::default()
        }
    }

    /// The same with one tag more.
    pub(crate) fn tagged(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }
}

impl Subject {
    /// Three subnets, each in a zone of its own.
    pub(crate) async fn subnets(&self) -> Vec<Subnet> {
        let mut subnets: Vec<Subnet> = match &self.embedded {
            Some(embedded) => {
                let zones = &embedded.workload()["zones"];
                let zones = zones.as_object().unwrap().values();
                zones
                    .map(|zone| Subnet {
                        id: zone["subnets"][0].as_str().unwrap().to_owned(),
                        zone: zone["name"].as_str().unwrap().to_owned(),
                    })
                    .collect()
            }
            None => self.default_subnets().await,
        };
        subnets.sort_by(|a, b| a.zone.cmp(&b.zone));
        subnets.truncate(3);
        subnets
    }

    /// The subnets of an emulator's default VPC.
    async fn default_subnets(&self) -> Vec<Subnet> {
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let body = "Action=DescribeSubnets&Version=2016-11-15";
        let answer = emulator::post(&self.endpoint, "ec2", form, body).await;
        let subnets = answer.split("<subnetId>").skip(1);
        subnets
            .map(|subnet| Subnet {
                id: subnet.split('<').next().unwrap().to_owned(),
                zone: between(subnet, "<availabilityZone>", "<").to_owned(),
            })
            .collect()
    }

    /// Makes a group in the three subnets; its name.
    pub(crate) async fn group(&self, spec: GroupSpec) -> String {
        let name = self.name("group");
        let subnets = self.subnets().await;
        let Some(embedded) = &self.embedded else {
            self.create_group(&name, &spec, &subnets).await;
            return name;
        };
        let spec = region::autoscaling::GroupSpec {
            name: name.clone(),
            min: spec.min.into(),
            max: spec.max.into(),
            desired: spec.desired.into(),
            subnets: subnets
                .iter()
                .map(|subnet| subnet.id.parse().unwrap())
                .collect(),
            tags: BTreeMap::from_iter(spec.tags),
            ..Default::default()
        };
        let mut state = embedded.region().state();
        let now = state.now();
        state.auto_scaling.put_group(spec, now).unwrap();
        name
    }

    async fn create_group(&self, name: &str, spec: &GroupSpec, subnets: &[Subnet]) {
        assert_eq!(self.kind, Kind::Moto, "only moto is asked for groups");
        let client = self.autoscaling();
        client
            .create_launch_configuration()
            .launch_configuration_name(name)
            .image_id("ami-12c6146b")
            .instance_type("t3.micro")
            .send()
            .await
            .unwrap();
        let tags = spec.tags.iter().map(|(key, value)| {
            Tag::builder()
                .key(key)
                .value(value)
                .resource_id(name)
                .resource_type("auto-scaling-group")
                .propagate_at_launch(false)
                .build()
        });
        let ids: Vec<&str> = subnets.iter().map(|subnet| subnet.id.as_str()).collect();
        client
            .create_auto_scaling_group()
            .auto_scaling_group_name(name)
            .launch_configuration_name(name)
            .vpc_zone_identifier(ids.join(","))
            .min_size(spec.min.into())
            .max_size(spec.max.into())
            .desired_capacity(spec.desired.into())
            .set_tags(Some(tags.collect()))
            .send()
            .await
            .unwrap();
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let text = text.split(before).nth(1).unwrap();
    text.split(after).next().unwrap()
}
