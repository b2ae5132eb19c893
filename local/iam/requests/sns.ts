import type { AccessRequest } from "../access-request.ts";
import type { EstateFacts } from "../estate.ts";
import type { AccessReader } from "./reader.ts";

/** SNS has no permission for batches: they are many of one. */
const permissions: Readonly<Record<string, string>> = { PublishBatch: "Publish" };
/** AWS knows no resource for them: a subscription is none. */
const aboutAll = new Set([
  "GetSubscriptionAttributes",
  "ListSubscriptions",
  "ListTopics",
  "SetSubscriptionAttributes",
  "Unsubscribe",
]);

/** SNS takes a form, and asks about the topic that is in it. A message to a phone or a device is about all there is. */
export const snsRequests: AccessReader = ({ action, body }, estate) => {
  const parameters = new URLSearchParams(body.toString());
  const named = parameters.get("TopicArn") ?? parameters.get("TargetArn") ?? parameters.get("ResourceArn");
  const values: Readonly<Record<string, string | null>> = {
    "sns:Endpoint": parameters.get("Endpoint"),
    "sns:Protocol": parameters.get("Protocol"),
  };
  return [
    {
      action: `sns:${permissions[action] ?? action}`,
      resource: aboutAll.has(action) ? "*" : (named ?? "*"),
      context: (key) => (values[key] == null ? undefined : [values[key]]),
    },
    ...(action.startsWith("Publish") ? keyRequests(named ?? "", estate) : []),
  ];
};

/** SNS encrypts what is published in its publisher's name. */
function keyRequests(
  topicArn: string,
  { topicKeys, region, account }: EstateFacts,
): readonly AccessRequest[] {
  const keyArn = topicKeys.get(topicArn);
  if (keyArn === undefined) return [];
  const values: Readonly<Record<string, string>> = {
    "kms:ViaService": `sns.${region}.amazonaws.com`,
    "kms:CallerAccount": account,
    "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    "kms:EncryptionContext:aws:sns:topicArn": topicArn,
    "kms:EncryptionContextKeys": "aws:sns:topicArn",
  };
  return ["GenerateDataKey", "Decrypt"].map((use) => ({
    action: `kms:${use}`,
    resource: keyArn,
    via: "sns",
    context: (name) => (values[name] === undefined ? undefined : [values[name]]),
  }));
}
