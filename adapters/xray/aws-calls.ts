import type { S3Client } from "@aws-sdk/client-s3";
import { type Attributes, context } from "@opentelemetry/api";
import { budgetIn } from "./budget.ts";
import { traceHeaderName, traceHeaderOf } from "./ids.ts";
import { told } from "./segment-document.ts";
import { step } from "./spans.ts";

/** Any client of the AWS SDK. */
interface AwsClient {
  // biome-ignore lint/suspicious/noExplicitAny: each client has types of its own, and this looks at none of them.
  readonly middlewareStack: { use(plugin: { applyToStack(stack: any): void }): void };
}
type Stack = S3Client["middlewareStack"];

/** What of a call's input is told, where it is text: names of resources. */
const namesTold = ["Bucket", "Key", "KeyId", "QueueUrl"] as const;

/** A client whose calls are steps of the work under way, and carry its trace header. */
export function tracedClient<Client extends AwsClient>(client: Client): Client {
  client.middlewareStack.use({
    applyToStack: (stack: Stack) =>
      // Once for all tries of a call, and before it is signed.
      stack.add(
        (next, { clientName = "", commandName = "" }) =>
          (args) => {
            const service = clientName.replace(/Client$/, "");
            const operation = commandName.replace(/Command$/, "");
            return step(`${service}.${operation}`, factsOf(service, operation, args.input), async (span) => {
              const { headers } = args.request as { headers: Record<string, string> };
              // What is asked outside of works is of no trace.
              if (budgetIn(context.active()) !== undefined)
                headers[traceHeaderName] = traceHeaderOf(span.spanContext());
              try {
                const answer = await next(args);
                span.setAttributes(outcomeOf(answer.output));
                return answer;
              } catch (thrown) {
                span.setAttributes(outcomeOf(thrown));
                throw thrown;
              }
            });
          },
        { step: "build", name: "tallystickTrace" },
      ),
  });
  return client;
}

function factsOf(service: string, operation: string, input: object): Attributes {
  const { TableName: table, ...rest } = input as Record<string, unknown>;
  const names = namesTold.flatMap((name) => {
    const value = rest[name];
    return typeof value === "string" ? [[name, value]] : [];
  });
  return {
    ...{ [told.service]: service, [told.operation]: operation },
    ...(typeof table === "string" && { [told.table]: table }),
    ...Object.fromEntries(names),
  };
}

/** Of an answer, or of what was thrown in its place. */
function outcomeOf(outcome: unknown): Attributes {
  const { $metadata } = outcome as {
    $metadata?: { requestId?: string; attempts?: number; httpStatusCode?: number };
  };
  const { requestId, attempts = 1, httpStatusCode } = $metadata ?? {};
  return {
    [told.retries]: attempts - 1,
    ...(requestId !== undefined && { [told.requestId]: requestId }),
    ...(httpStatusCode !== undefined && { [told.status]: httpStatusCode }),
  };
}
