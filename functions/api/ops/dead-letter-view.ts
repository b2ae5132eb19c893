import { type DeadLetter, type DeadLetterOrigin, isOpen } from "#core/operations/dead-letter.ts";

/** A dead letter in a list: what an operator needs to choose one. */
export const deadLetterSummary = (letter: DeadLetter) => ({
  id: letter.id,
  object: "dead_letter",
  kind: letter.origin.kind,
  state: isOpen(letter) ? "open" : "replayed",
  from: sourceOf(letter.origin),
  reason: letter.reason,
  payment: letter.payment ?? null,
  received_at: new Date(letter.receivedAt).toISOString(),
  replays: letter.replays.map(({ at, by, done }) => ({ at: new Date(at).toISOString(), by, done })),
});

/** The same, with what was given up. */
export const deadLetterView = (letter: DeadLetter) => ({
  ...deadLetterSummary(letter),
  content: contentOf(letter.origin),
});

/** Whose it was, for people: of an ARN the last part says it. */
function sourceOf(origin: DeadLetterOrigin): string {
  switch (origin.kind) {
    case "message":
      return nameIn(origin.queueArn);
    case "record":
    case "lost_records":
      return nameIn(origin.functionArn);
    case "execution":
      return nameIn(origin.stateMachineArn);
    case "notification":
      return `acquirer ${origin.acquirer}`;
    case "finding":
      return "failover";
  }
}

const nameIn = (arn: string): string => arn.slice(arn.lastIndexOf(":") + 1);

function contentOf(origin: DeadLetterOrigin): unknown {
  switch (origin.kind) {
    case "message":
      return { queue: origin.queueArn, body: parsed(origin.body) };
    case "record":
      return { function: origin.functionArn, stream: origin.streamArn, record: parsed(origin.record) };
    case "lost_records": {
      const { functionArn, streamArn, first, last, count } = origin;
      return { function: functionArn, stream: streamArn, first, last, count };
    }
    case "execution":
      return {
        execution: origin.executionArn,
        state_machine: origin.stateMachineArn,
        input: parsed(origin.input),
      };
    case "notification":
      return { acquirer: origin.acquirer, signature: origin.signature, body: parsed(origin.body) };
    case "finding":
      return { execution: origin.executionArn, subject: origin.subject };
  }
}

/** Bodies are JSON nearly always; one that is not is shown as the text that it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
