/** Exceptions from the rules of cdk-nag, each with its reason where the exception is made. */
import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Notes why rules do not hold for a construct: by the rule's id, the reason. */
export function acknowledge(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(construct).acknowledge({ id, reason });
}
