/** The stacks whose templates are kept and checked. */
import { fileURLToPath } from 'node:url';
import type { Stack } from 'aws-cdk-lib';
import { ExistingLoadBalancer, readSettings } from '../examples/existing-load-balancer.ts';
import { FirstTry, type FirstTrySettings } from '../examples/first-try.ts';
import { newApp, newStack, wildrydes } from './synth.ts';

const example = (name: string) => fileURLToPath(new URL(`../examples/${name}.json`, import.meta.url));

/** Everything that is synthesized, by the name of its file. */
export const STACKS: Record<string, () => Stack> = {
  wildrydes: () => {
    const stack = newStack();
    wildrydes(stack);
    return stack;
  },
  'existing-load-balancer': () => new ExistingLoadBalancer(newApp(), 'Evac', readSettings(example('existing-load-balancer'))),
  'multi-az-observability': () => new ExistingLoadBalancer(newApp(), 'Evac', readSettings(example('multi-az-observability'))),
  'first-try': () => new FirstTry(newApp(), 'EvacFirstTry', readSettings<FirstTrySettings>(example('first-try'))),
};
