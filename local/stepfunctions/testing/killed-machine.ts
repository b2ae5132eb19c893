import type { StateMachineInput } from "../service.ts";

const call = (name: string, payload: unknown, more: object) => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Arguments: { FunctionName: name, Payload: payload },
  Output: "{% $states.result.Payload %}",
  ...more,
});

const states = {
  First: call("first", "{% $states.input.n %}", { Assign: { n: "{% $states.input.n %}" }, Next: "Pause" }),
  Pause: { Type: "Wait", Timestamp: "{% $fromMillis($millis() + 20) %}", Next: "Each" },
  Each: {
    Type: "Map",
    Items: [1, 2, 3],
    MaxConcurrency: 2,
    ItemProcessor: {
      StartAt: "Add",
      States: { Add: call("add", "{% $n + $states.input %}", { End: true }) },
    },
    Next: "Last",
  },
  Last: call("last", "{% $sum($states.input) %}", { End: true }),
};

/** A machine with something to interrupt at each moment; for n it gives 3n + 6. */
export const killedMachine: StateMachineInput = {
  name: "killed",
  arn: "arn:aws:states:eu-central-1:111111111111:stateMachine:killed",
  type: "STANDARD",
  definition: JSON.stringify({ QueryLanguage: "JSONata", StartAt: "First", States: states }),
  roleArn: "arn:aws:iam::111111111111:role/killed",
};
