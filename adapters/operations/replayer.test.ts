import { ExecutionNotRedrivable, RedriveExecutionCommand, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { expect, test } from "vitest";
import type { DeadLetter, DeadLetterId } from "#core/operations/dead-letter.ts";
import { type ReplayClients, Replayer } from "./replayer.ts";

const machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:recovery";
const letter = (reason: string): DeadLetter => ({
  id: "dl_1" as DeadLetterId,
  origin: {
    kind: "execution",
    executionArn: "arn:aws:states:eu-west-1:123456789012:execution:recovery:pay_1-2",
    stateMachineArn: machine,
    input: '{"book":"mer_demo","payment":"pay_1"}',
  },
  reason,
  receivedAt: 0,
  replays: [],
});

/** Step Functions' answers to a redrive and to a start, and what it was asked. */
function executions(onRedrive: () => void = () => undefined) {
  const asked: string[] = [];
  const send = async (command: object) => {
    if (command instanceof RedriveExecutionCommand) {
      asked.push("redrive");
      onRedrive();
    } else if (command instanceof StartExecutionCommand) {
      const { name, input, stateMachineArn } = command.input;
      expect(stateMachineArn).toBe(machine);
      asked.push(`start ${name} ${input}`);
    }
    return {};
  };
  return { asked, replayer: new Replayer({ executions: { send } } as unknown as ReplayClients, []) };
}

const started = 'start pay_1-2-replay-1 {"book":"mer_demo","payment":"pay_1"}';

test.each([
  { what: "failed on something is redriven", reason: "FAILED: States.Timeout", asked: ["redrive"] },
  {
    what: "gave up looks again from its first look on",
    reason: "FAILED: Unresolved: pay_1: no answer",
    asked: [started],
  },
])("an execution that $what", async ({ reason, asked: expected }) => {
  const { replayer, asked } = executions();
  expect(await replayer.replay(letter(reason))).toMatchObject({ ok: true });
  expect(asked).toEqual(expected);
});

test("one that is too old to be redriven is started anew, under a name of its own", async () => {
  const { replayer, asked } = executions(() => {
    throw new ExecutionNotRedrivable({ message: "too old", $metadata: {} });
  });
  expect(await replayer.replay(letter("FAILED: States.Timeout"))).toEqual({
    ok: true,
    value: "started anew as pay_1-2-replay-1",
  });
  expect(asked).toEqual(["redrive", started]);
});
