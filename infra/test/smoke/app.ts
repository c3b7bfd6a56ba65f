/**
 * The app as `make smoke` deploys it into an emulator: the pipeline and the workload of the embedded Region, unchanged
 * but for two things. The functions call the embedded Region for what the emulator does not have, and alarms on metric
 * math are left out, because the emulator refuses them.
 */
import { App, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { EvacPipeline, EvacWorkload } from '../../lib/index.ts';
import { regionalAlarmName, zonalAlarmName } from '../../lib/zonal-impact-alarms.ts';
import { ACCOUNT, LOAD_BALANCER, zones } from '../synth.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run make smoke`);
  return value;
}

const app = new App({ analyticsReporting: false });
const stack = new Stack(app, 'EvacSmoke', { env: { account: ACCOUNT, region: 'us-east-1' } });
const workload = 'wildrydes';
const of = zones(3);
const pipeline = new EvacPipeline(stack, 'Pipeline', { zips: setting('SMOKE_ZIPS') });
new EvacWorkload(stack, 'Workload', {
  pipeline,
  workload,
  zones: of,
  resources: [LOAD_BALANCER],
  autoScalingGroups: { tag: { key: 'evac:workload', value: workload } },
  alarms: { zonal: Object.fromEntries(Object.keys(of).map((id) => [id, zonalAlarmName(workload, id)])), regional: [regionalAlarmName(workload)] },
  evidence: { source: 'alb', loadBalancer: 'app/front/50dc6c495c0c9188', slowAfterMs: 350, targetGroups: ['targetgroup/web/0123456789abcdef'], crossZone: 'off' },
  policy: { mode: 'evacuate', expiresIn: '6h' },
});
for (const each of [pipeline.classifier, pipeline.zonalShift, pipeline.asgPruning]) {
  for (const service of ['ARC_ZONAL_SHIFT', 'AUTO_SCALING', 'CLOUDWATCH']) each.addEnvironment(`AWS_ENDPOINT_URL_${service}`, setting('SMOKE_REGION'));
  for (const service of ['LAMBDA', 'SNS']) each.addEnvironment(`AWS_ENDPOINT_URL_${service}`, setting('SMOKE_EMULATOR'));
  each.addEnvironment('EVAC_CLOCK', 'wall');
}
for (const each of stack.node.findAll()) {
  if (each instanceof cloudwatch.CfnAlarm && each.metrics !== undefined) each.node.scope?.node.tryRemoveChild(each.node.id);
}
