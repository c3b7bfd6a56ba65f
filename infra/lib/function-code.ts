/** The functions' executables as assets: the zips that `make package` builds, or a placeholder for a look at templates. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Node } from 'constructs';

/** The functions of Evac, by the name of their zip. */
export type FunctionName = 'classifier' | 'zonal-shift' | 'asg-pruning' | 'canary';

/** The context key that lets an app be synthesized without the zips: `make synth` and the tests set it. */
export const WITHOUT_FUNCTIONS = 'evac:withoutFunctions';

const INFRA = dirname(dirname(fileURLToPath(import.meta.url)));
const ZIPS = join(dirname(INFRA), 'dist', 'lambda');

/** A function's code and the processors that it was built for. */
export interface FunctionCode {
  readonly code: lambda.Code;
  readonly architecture: lambda.Architecture;
}

/**
 * The code of a function.
 *
 * A template with the placeholder must not be deployed: it fails each invocation and says why. So without the zips
 * synth, and with it deploy, is an error, unless the context says that only the template is wanted.
 *
 * @param directory where the zips are; `dist/lambda` of the project where it is left out
 * @throws Error that names `make package`, where there is no zip
 */
export function functionCode(node: Node, name: FunctionName, directory: string = ZIPS): FunctionCode {
  if (node.tryGetContext(WITHOUT_FUNCTIONS)) {
    return { code: lambda.Code.fromAsset(join(INFRA, 'placeholder')), architecture: lambda.Architecture.ARM_64 };
  }
  const zip = join(directory, `${name}.zip`);
  const built = join(directory, 'architecture');
  if (!existsSync(zip) || !existsSync(built)) {
    throw new Error(`${zip} does not exist: run make package first; to look at the template without the functions, add --context ${WITHOUT_FUNCTIONS}=true`);
  }
  const architecture = readFileSync(built, 'utf8').trim();
  if (architecture !== 'arm64' && architecture !== 'x86_64') {
    throw new Error(`${built}: "${architecture}" is not known, expected arm64 or x86_64: run make package again`);
  }
  return {
    code: lambda.Code.fromAsset(zip),
    architecture: architecture === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
  };
}
