import { physicalName } from "./naming.ts";
import { type Parts, type SagaName, sagaTypes } from "./parts.ts";

/** Ends of a Standard execution that a person has to see. Express ones say it to whoever waits for them. */
const failures = ["FAILED", "TIMED_OUT", "ABORTED"];

/** Standard executions that fail become dead letters: with their input, to be redriven or started anew. */
export function createFailureCollection({ queues, sagas }: Parts): void {
  const standard = (Object.keys(sagaTypes) as SagaName[]).filter((name) => sagaTypes[name] === "STANDARD");
  const arns = standard.map((name) => sagas?.[name].arn ?? "");
  const rule = new aws.cloudwatch.EventRule("FailedExecutions", {
    name: physicalName("FailedExecutions"),
    eventPattern: $jsonStringify({
      source: ["aws.states"],
      "detail-type": ["Step Functions Execution Status Change"],
      detail: { status: failures, stateMachineArn: arns },
    }),
  });
  new aws.cloudwatch.EventTarget("FailedExecutionsTarget", { rule: rule.name, arn: queues.deadLetters.arn });
  new aws.sqs.QueuePolicy("DeadLettersPolicy", {
    queueUrl: queues.deadLetters.url,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "events.amazonaws.com" },
          Action: "sqs:SendMessage",
          Resource: queues.deadLetters.arn,
          Condition: { ArnEquals: { "aws:SourceArn": rule.arn } },
        },
      ],
    }),
  });
}
