/**
 * A complete workload for a first try: network, load balancer, group, detection, canary and Evac, and an experiment of
 * AWS FIS for the game day that slows the instances of one zone down while every health check stays green.
 *
 * It costs money while it is there, most of it for NAT gateways; `cdk destroy` removes it.
 */
import { Duration, Stack, Tags, type App } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as fis from 'aws-cdk-lib/aws-fis';
import * as iam from 'aws-cdk-lib/aws-iam';
import { EvacPipeline, EvacWorkload, ZonalCanary, ZonalImpactAlarms, albEvidence, zonesOf } from '../lib/index.ts';
import { acknowledge, starIn } from '../lib/nag.ts';

/** What the JSON file holds. */
export interface FirstTrySettings {
  readonly account: string;
  readonly region: string;
  /** By AZ ID, your account's AZ names: `aws ec2 describe-availability-zones`. */
  readonly zones: { readonly [id: string]: string };
  readonly mail?: readonly string[];
}

const WORKLOAD = 'first-try';
const SLOW_AFTER_MS = 350;

/** The stack. */
export class FirstTry extends Stack {
  /** As the settings say; otherwise synth would ask AWS. */
  override get availabilityZones(): string[] {
    return Object.values(this.settings.zones);
  }

  constructor(app: App, id: string, private readonly settings: FirstTrySettings) {
    super(app, id, { env: { account: settings.account, region: settings.region }, description: 'A workload to try Evac on' });
    const names = Object.values(settings.zones);
    const vpc = new ec2.Vpc(this, 'Vpc', { availabilityZones: names });
    // Server, load balancer and group: the load balancer keeps to its zone, and ARC may shift it.
    const group = new autoscaling.AutoScalingGroup(this, 'Servers', {
      vpc,
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO),
      machineImage: ec2.MachineImage.latestAmazonLinux2023({ cpuType: ec2.AmazonLinuxCpuType.ARM_64 }),
      minCapacity: 2 * names.length,
      maxCapacity: 4 * names.length,
      ssmSessionPermissions: true,
      requireImdsv2: true,
      healthChecks: autoscaling.HealthChecks.withAdditionalChecks({ additionalTypes: [autoscaling.AdditionalHealthCheckType.ELB], gracePeriod: Duration.minutes(2) }),
      blockDevices: [{ deviceName: '/dev/xvda', volume: autoscaling.BlockDeviceVolume.ebs(8, { encrypted: true }) }],
    });
    group.addUserData('mkdir -p /srv/page && echo well > /srv/page/index.html', 'cd /srv/page && nohup python3 -m http.server 8080 &');
    const loadBalancer = new elbv2.ApplicationLoadBalancer(this, 'LoadBalancer', { vpc, internetFacing: true });
    loadBalancer.setAttribute('zonal_shift.config.enabled', 'true');
    const listener = loadBalancer.addListener('Http', { port: 80, protocol: elbv2.ApplicationProtocol.HTTP });
    const targets = listener.addTargets('Servers', { port: 8080, protocol: elbv2.ApplicationProtocol.HTTP, targets: [group], deregistrationDelay: Duration.seconds(30) });
    targets.setAttribute('load_balancing.cross_zone.enabled', 'false');

    const pipeline = new EvacPipeline(this, 'Evac', { ...(settings.mail && { mail: settings.mail }) });
    const alarms = new ZonalImpactAlarms(this, 'Alarms', {
      workload: WORKLOAD,
      zones: settings.zones,
      loadBalancerArn: loadBalancer.loadBalancerArn,
      loadBalancerFullName: loadBalancer.loadBalancerFullName,
      slowAfterMs: SLOW_AFTER_MS,
    });
    const canary = new ZonalCanary(this, 'Canary', {
      pipeline,
      workload: WORKLOAD,
      zones: settings.zones,
      url: `http://${loadBalancer.loadBalancerDnsName}/`,
      loadBalancerDnsName: loadBalancer.loadBalancerDnsName,
      slowAfterMs: SLOW_AFTER_MS,
    });
    new EvacWorkload(this, 'Workload', {
      pipeline,
      workload: WORKLOAD,
      zones: zonesOf(vpc, settings.zones, { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }),
      resources: [loadBalancer],
      autoScalingGroups: { groups: [group] },
      alarms,
      evidence: albEvidence(loadBalancer, [targets], SLOW_AFTER_MS),
      canary,
      policy: { mode: 'observe' },
    });
    this.gameDay(settings, alarms.regional[0] ?? '');

    const aTry = 'It is a workload to try Evac on, and holds nothing.';
    acknowledge(vpc, { 'AwsSolutions-VPC7': aTry, 'CloudFormation-Validate::W3010': 'Which zone is which is what this is about.' });
    acknowledge(group, { 'AwsSolutions-AS3': aTry, 'AwsSolutions-EC26': aTry, 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonSSMManagedInstanceCore]': 'The experiment reaches the instances by Systems Manager, and this is what that needs.', 'AwsSolutions-IAM5[Resource::*]': 'Session Manager, by which the experiment reaches the instances, knows no resources.' });
    acknowledge(loadBalancer, { 'AwsSolutions-ELB2': aTry, 'AwsSolutions-EC23': 'Its page is for everybody.' });
  }

  /** The experiment: answers of one zone are late by 400 ms for ten minutes, unless the Region's customers suffer. */
  private gameDay(settings: FirstTrySettings, regionalAlarm: string): void {
    const [id, name] = Object.entries(settings.zones)[0] ?? ['', ''];
    const role = new iam.Role(this, 'GameDayRole', { assumedBy: new iam.ServicePrincipal('fis.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': this.account } } }) });
    const document = this.formatArn({ service: 'ssm', account: '', resource: 'document', resourceName: 'AWSFIS-Run-Network-Latency' });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['ec2:DescribeInstances', 'ssm:ListCommands', 'ssm:CancelCommand'], resources: ['*'] }));
    role.addToPolicy(new iam.PolicyStatement({ actions: ['ssm:SendCommand'], resources: [document] }));
    const instances = this.formatArn({ service: 'ec2', resource: 'instance', resourceName: '*' });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['ssm:SendCommand'],
        resources: [instances],
        conditions: { StringEquals: { 'ssm:resourceTag/evac:workload': WORKLOAD } },
      }),
    );
    acknowledge(role, { [starIn(this, instances)]: 'Instances come and go; the tag says which.', 'AwsSolutions-IAM5[Resource::*]': 'The actions know no resources.' });
    const experiment = new fis.CfnExperimentTemplate(this, 'GameDay', {
      description: `Slows ${WORKLOAD} in ${id} (${name}) down by 400 ms for ten minutes`,
      roleArn: role.roleArn,
      targets: {
        zone: {
          resourceType: 'aws:ec2:instance',
          resourceTags: { 'evac:workload': WORKLOAD },
          filters: [{ path: 'Placement.AvailabilityZone', values: [name] }, { path: 'State.Name', values: ['running'] }],
          selectionMode: 'ALL',
        },
      },
      actions: {
        slow: {
          actionId: 'aws:ssm:send-command',
          parameters: {
            documentArn: document,
            documentParameters: JSON.stringify({ DurationSeconds: '600', DelayMilliseconds: '400', InstallDependencies: 'True' }),
            duration: 'PT11M',
          },
          targets: { Instances: 'zone' },
        },
      },
      stopConditions: [{ source: 'aws:cloudwatch:alarm', value: this.formatArn({ service: 'cloudwatch', resource: `alarm:${regionalAlarm}` }) }],
      tags: { Name: `${WORKLOAD}-slow-zone` },
    });
    Tags.of(experiment).add('evac:workload', WORKLOAD);
  }
}
