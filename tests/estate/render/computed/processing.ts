import { named, type Rules, text, uuidOf } from "./forms.ts";

/** Lambda, Step Functions, their roles and logs. */
export const processing: Rules = {
  "aws:cloudwatch/logGroup:LogGroup": (made) => named(made, "logs", "log-group:"),
  "aws:cloudwatch/logStream:LogStream": (made) => {
    const { id, arn } = named(made, "logs", `log-group:${text(made.inputs["logGroupName"])}:log-stream:`);
    return { id, arn };
  },
  "aws:iam/role:Role": ({ inputs, account }) => {
    const id = text(inputs["name"]);
    return { id, arn: `arn:aws:iam::${account}:role/${id}` };
  },
  "aws:lambda/eventSourceMapping:EventSourceMapping": ({ name }) => ({ id: uuidOf(name) }),
  "aws:lambda/function:Function": (made) => {
    const { id, arn } = named(made, "lambda", "function:");
    const invokeArn = `arn:aws:apigateway:${made.region}:lambda:path/2015-03-31/functions/${arn}/invocations`;
    return { id, arn, invokeArn };
  },
  "aws:lambda/permission:Permission": ({ name }) => ({ id: name }),
  "aws:sfn/stateMachine:StateMachine": (made) => {
    const { arn } = named(made, "states", "stateMachine:");
    return { id: arn, arn };
  },
  "random:index/randomBytes:RandomBytes": ({ inputs }) => ({
    id: "random",
    base64: Buffer.alloc(Number(inputs["length"])).toString("base64"),
  }),
};
