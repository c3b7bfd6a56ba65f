/**
 * The app: `Evac` for a load balancer that is there, and `EvacFirstTry`, a workload to try it on.
 *
 * What is yours comes from a JSON file: `--context config=<file>` for Evac, `--context firstTry=<file>` for the other.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { ExistingLoadBalancer, readSettings } from '../examples/existing-load-balancer.ts';
import { FirstTry, type FirstTrySettings } from '../examples/first-try.ts';

const app = new App();
const example = (name: string) => join(fileURLToPath(new URL('../examples', import.meta.url)), name);
const file = (key: string, fallback: string) => (app.node.tryGetContext(key) as string | undefined) ?? example(fallback);

const config = file('config', 'existing-load-balancer.json');
new ExistingLoadBalancer(app, 'Evac', readSettings(config));
new FirstTry(app, 'EvacFirstTry', readSettings<FirstTrySettings>(file('firstTry', 'first-try.json')));
