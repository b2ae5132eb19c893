import { z } from "zod";
import { functionsOf, parseFunctionReference } from "../lambda/function-definition.ts";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";

const mappingInputs = z.object({ eventSourceArn: z.string(), functionName: z.string() });

/** What Lambda asks a function's role to be allowed before it makes a mapping, and how it refuses. */
interface SourceAccess {
  readonly actions: readonly string[];
  /** In AWS's words. `action` is the first that is missing. */
  readonly refusal: (action: string, sourceArn: string) => string;
}

const access: Readonly<Record<string, SourceAccess>> = {
  sqs: {
    actions: ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"],
    refusal: (action) => `The provided execution role does not have permissions to call ${action} on SQS`,
  },
  dynamodb: {
    actions: ["GetRecords", "GetShardIterator", "DescribeStream", "ListStreams"],
    refusal: (_action, arn) =>
      `Cannot access stream ${arn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM.`,
  },
  // AWS's words name ListStreams too, which its pollers need no more.
  kinesis: {
    actions: ["GetRecords", "GetShardIterator", "DescribeStream", "ListShards"],
    refusal: (_action, arn) =>
      `Cannot access stream ${arn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM.`,
  },
};

/** Says whether a role may do something. */
export type Permits = (roleArn: string, action: string, resource: string) => boolean;

/** The event source mappings that Lambda would refuse to make, since their functions' roles cannot read; one line each. */
export function unreadableSourcesIn(plan: Plan, permits: Permits): readonly string[] {
  const roles = new Map(functionsOf(plan).map(({ name, roleArn }) => [name, roleArn]));
  return resourcesOf(plan, "aws:lambda/eventSourceMapping:EventSourceMapping").flatMap((resource) => {
    const { eventSourceArn: arn, functionName } = inputsOf(resource, mappingInputs);
    const service = arn.split(":")[2] ?? "";
    const roleArn = roles.get(parseFunctionReference(functionName)?.name ?? "");
    const needed = access[service];
    // A mapping of an unknown function, or from a source without a poller, is refused where mappings are made.
    if (roleArn === undefined || needed === undefined) return [];
    const missing = needed.actions.filter((action) => !permits(roleArn, `${service}:${action}`, arn));
    const [first] = missing;
    if (first === undefined) return [];
    const grant = missing.map((action) => `${service}:${action}`).join(", ");
    return [
      `the event source mapping ${resource.name}: ${needed.refusal(first, arn)} (grant ${roleArn} ${grant} on ${arn})`,
    ];
  });
}
