/** cdk-nag: AwsSolutions and Serverless hold for everything, but for exceptions that give their reason where they are made. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Validations, type App, type Stack } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { newApp, newStack } from './synth.ts';
import { STACKS } from './stacks.ts';

/** What the rules find in an app: nothing where every rule holds or is excepted. */
function findings(app: App): string {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  const told: string[] = [];
  const error = console.error;
  console.error = (...text: unknown[]) => void told.push(text.join(' '));
  try {
    const assembly = app.synth();
    const report = readdirSync(assembly.directory).find((file) => file === 'validation-report.json');
    if (report === undefined) return 'no validation report';
    const { pluginReports } = JSON.parse(readFileSync(join(assembly.directory, report), 'utf8')) as {
      pluginReports: { conclusion?: string; summary?: { status?: string }; violations: { ruleName: string; violatingConstructs?: { constructPath?: string }[]; violatingResources?: unknown[] }[] }[];
    };
    return pluginReports
      .flatMap(({ violations }) => violations)
      .map((each) => `${each.ruleName} ${JSON.stringify(each.violatingConstructs ?? each.violatingResources)}`)
      .join('\n');
  } catch (failed) {
    return `${(failed as Error).message}\n${told.join('\n')}`;
  } finally {
    console.error = error;
  }
}

describe('cdk-nag finds nothing in', () => {
  it.each(Object.keys(STACKS))('%s', (name) => {
    const stack: Stack = STACKS[name]!();
    expect(findings(stack.node.root as App)).toBe('');
  });

  it('and would find something', () => {
    const app = newApp();
    new sqs.Queue(newStack(app), 'Queue');
    expect(findings(app)).toMatch(/AwsSolutions-SQS/);
  });
});

