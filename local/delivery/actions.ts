/** What a sender needs of a target of each service. */
const actions: Readonly<Record<string, string>> = {
  events: "events:PutEvents",
  lambda: "lambda:InvokeFunction",
  sns: "sns:Publish",
  sqs: "sqs:SendMessage",
  states: "states:StartExecution",
};

/** The action that brings something to a target. Undefined for what nothing here delivers to. */
export const deliveryActionOf = (targetArn: string): string | undefined =>
  actions[targetArn.split(":")[2] ?? ""];
