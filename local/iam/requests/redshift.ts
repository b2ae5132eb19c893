import { inputOf, textIn } from "../../door/call-input.ts";
import type { AccessRequest } from "../access-request.ts";
import type { AccessReader } from "./reader.ts";

const starting = new Set(["ExecuteStatement", "BatchExecuteStatement"]);

/**
 * Whoever starts a statement also reads the secret of whom he says it is of, or gets credentials in his own name: the Data API
 * does both for him. What was started is looked at by its id, and has no resource.
 */
export const redshiftDataRequests: AccessReader = (call, { region, warehouses, secretKeys }) => {
  const input = inputOf(call);
  if (input === undefined) return undefined;
  const action = `redshift-data:${call.action}`;
  if (!starting.has(call.action)) return [{ action, resource: "*", context: () => undefined }];
  const resource = warehouses.get(textIn(input, "WorkgroupName") ?? "") ?? "*";
  const started: AccessRequest = { action, resource, context: () => undefined };
  const secret = textIn(input, "SecretArn");
  const via = "redshift-data";
  if (secret === undefined)
    return [
      started,
      { action: "redshift-serverless:GetCredentials", resource, via, context: () => undefined },
    ];
  const keyArn = secretKeys.get(secret);
  const throughSecrets = (key: string): readonly string[] | undefined =>
    key === "kms:ViaService" ? [`secretsmanager.${region}.amazonaws.com`] : undefined;
  return [
    started,
    { action: "secretsmanager:GetSecretValue", resource: secret, via, context: () => undefined },
    ...(keyArn === undefined
      ? []
      : [{ action: "kms:Decrypt", resource: keyArn, via: "secretsmanager", context: throughSecrets }]),
  ];
};
