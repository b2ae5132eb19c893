import { type FunctionName, functions } from "./functions.ts";
import { countLines } from "./log-metrics.ts";
import { physicalName } from "./naming.ts";
import type { Parts } from "./parts.ts";
import { environmentOf, permissionsOf, unscoped, writeLogs } from "./permissions.ts";
import { trustOnly } from "./roles.ts";

/** Creates a declared function: its role and environment hold what `functions.ts` says, SST's additions taken out. */
export function createFunction(name: FunctionName, parts: Parts): sst.aws.Function {
  const declaration = functions[name];
  const functionName = physicalName(name);
  const variables = environmentOf(declaration, parts);
  const fn = new sst.aws.Function(name, {
    name: functionName,
    handler: declaration.handler,
    description: declaration.purpose,
    runtime: "nodejs24.x",
    architecture: "arm64",
    memory: `${declaration.memoryMb} MB`,
    timeout: `${declaration.timeoutSeconds} seconds`,
    environment: variables,
    ...(declaration.carries !== undefined && {
      copyFiles: declaration.carries.map((from) => ({ from })),
    }),
    permissions: [
      ...permissionsOf(declaration, parts),
      writeLogs(`/aws/lambda/${functionName}`, parts.settings),
      unscoped("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
    ],
    logging: { format: "json", retention: "1 year" },
    transform: {
      role: (role) => {
        role.name = functionName;
        role.assumeRolePolicy = trustOnly("lambda.amazonaws.com");
        // SST attaches AWS's basic execution policy, which writes to every log group of the account.
        role.managedPolicyArns = [];
        return undefined;
      },
      function: (args) => {
        // SST adds variables for its `Resource` object, which nothing here reads.
        args.environment = { variables };
        args.tracingConfig = { mode: "Active" };
        return undefined;
      },
    },
  });
  countLines(name, fn, parts.settings);
  return fn;
}
