/** Exceptions from the rules of cdk-nag, each with its reason where the exception is made. */
import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Notes why rules do not hold for a construct: by the rule's id, the reason. */
export function acknowledge(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(construct).acknowledge({ id, reason });
}

/** The id of the finding that a resource of a policy has a star in it. */
export function starIn(construct: IConstruct, arn: string): string {
  const resolved: unknown = Stack.of(construct).resolve(arn);
  if (typeof resolved === 'string') return `AwsSolutions-IAM5[Resource::${resolved}]`;
  const parts = (resolved as { 'Fn::Join': [string, (string | { Ref?: string })[]] })['Fn::Join'][1];
  return `AwsSolutions-IAM5[Resource::${parts.map((part) => (typeof part === 'string' ? part : `<${part.Ref}>`)).join('')}]`;
}
