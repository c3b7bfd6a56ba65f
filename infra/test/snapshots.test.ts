/**
 * The synthesized templates stand in `synthesized/`: a change of them is seen in review, cfn-lint reads them, and the
 * tests of the functions and of the embedded Region play them. `UPDATE=1 npm test` writes them anew.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { STACKS } from './stacks.ts';

describe('synthesized templates are current', () => {
  it.each(Object.keys(STACKS))('%s', (name) => {
    const directory = fileURLToPath(new URL('../synthesized', import.meta.url));
    const file = `${directory}/${name}.template.json`;
    const current = `${JSON.stringify(Template.fromStack(STACKS[name]!()).toJSON(), null, 1)}\n`;
    if (process.env.UPDATE === '1') {
      mkdirSync(directory, { recursive: true });
      writeFileSync(file, current);
    }
    expect(readFileSync(file, 'utf8') === current, `${file} is not current: run UPDATE=1 npm test, and look at what changed`).toBe(true);
  });
});

describe('the example with the alarms of cdk-multi-az-observability', () => {
  it('makes no alarm of a zone, and listens to theirs by name', () => {
    const template = Template.fromStack(STACKS['multi-az-observability']!());
    template.resourceCountIs('AWS::CloudWatch::CompositeAlarm', 0);
    const [rule] = Object.values(template.findResources('AWS::Events::Rule')).filter(({ Properties }) => Properties.EventPattern);
    expect(rule?.Properties.EventPattern.$or[0].detail.alarmName).toContain('use1-az1-front-end-isolated-impact-aggregate-alarm');
  });
});
