import { keptForGood } from "./keys.ts";
import { createMailTopic } from "./mail-topic.ts";
import { physicalName } from "./naming.ts";

/** Whom the account's own events are told. */
export type Operators = aws.sns.Topic;

/**
 * Mails whoever is on call. EventBridge says nothing of where it calls from when it publishes to a topic or uses a topic's
 * key: under any condition it would be refused, and nobody would hear of that either.
 */
export const createOperators = (): Operators =>
  createMailTopic(
    "Operators",
    "Encrypts what is told to operators",
    { service: "events.amazonaws.com" },
    keptForGood,
  );

/** Tells operators each event of a pattern. */
export function tell(operators: Operators, name: string, pattern: object): void {
  const rule = new aws.cloudwatch.EventRule(name, {
    name: physicalName(name),
    eventPattern: $jsonStringify(pattern),
  });
  new aws.cloudwatch.EventTarget(`${name}Target`, { rule: rule.name, arn: operators.arn });
}
