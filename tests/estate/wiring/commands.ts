import type { Bundled } from "../render/esbuild.ts";

/** AWS's name of a service in its SDK, and in IAM where it has another there. */
const iamPrefixes: Readonly<Record<string, string>> = {
  sfn: "states",
  "dynamodb-streams": "dynamodb",
  "cognito-identity-provider": "cognito-idp",
  "secrets-manager": "secretsmanager",
  eventbridge: "events",
};

/** Commands that IAM knows under other names. A transaction is granted by what is in it. */
const iamActions: Readonly<Record<string, readonly string[]>> = {
  TransactWriteItems: ["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"],
  TransactGetItems: ["GetItem"],
  SendMessageBatch: ["SendMessage"],
  Invoke: ["InvokeFunction"],
};

const commandFile = /@aws-sdk\/client-([\w-]+)\/dist-es\/commands\/(\w+)Command\.js$/;

/**
 * The IAM actions that a bundle can ask for: esbuild leaves out the commands of the SDK that nothing names. All that a
 * handler does is among them. Not all of them are done: a class brings what its other methods need.
 */
export function actionsWithin({ inputs }: Bundled): ReadonlySet<string> {
  return new Set(
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => {
      const [, service = "", command = ""] = commandFile.exec(file) ?? [];
      if (command === "" || bytesInOutput === 0) return [];
      const prefix = iamPrefixes[service] ?? service;
      return (iamActions[command] ?? [command]).map((action) => `${prefix}:${action}`);
    }),
  );
}
