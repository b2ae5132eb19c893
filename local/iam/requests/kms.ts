import { type Input, inputOf, objectIn, textIn } from "../../door/call-input.ts";
import { keyIdIn } from "../../kms/blob.ts";
import type { AccessRequest, ConditionContext } from "../access-request.ts";
import type { EstateFacts } from "../estate.ts";
import type { AccessReader } from "./reader.ts";

const encryptionContextPrefix = "kms:EncryptionContext:";
const encrypting = new Set(["Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"]);
const authenticating = new Set(["GenerateMac", "VerifyMac"]);
const signing = new Set(["Sign", "Verify"]);
/** AWS knows no resource for them. */
const keyless = new Set(["CreateKey", "GenerateRandom", "ListAliases", "ListKeys"]);

/** A key is asked for by its ARN, whatever name the call gave it; Decrypt may leave it to the ciphertext to name it. */
export const kmsRequests: AccessReader = (call, estate) => {
  const input = inputOf(call);
  if (input === undefined) return undefined;
  const resource = keyless.has(call.action) ? "*" : keyArnOf(input, estate);
  if (resource === undefined) return undefined;
  const request: AccessRequest = {
    action: `kms:${call.action}`,
    resource,
    context: contextOf(call.action, input, estate),
  };
  return [request];
};

/** Undefined for no key, and for an alias and a ciphertext that belong to none: KMS has other errors for those. */
function keyArnOf(input: Input, { keyArns, region, account }: EstateFacts): string | undefined {
  const named =
    textIn(input, "KeyId") ?? keyIdIn(Buffer.from(textIn(input, "CiphertextBlob") ?? "", "base64"));
  if (named === undefined) return undefined;
  const known = keyArns.get(named);
  if (known !== undefined || named.includes("alias/")) return known;
  return named.startsWith("arn:") ? named : `arn:aws:kms:${region}:${account}:key/${named}`;
}

function contextOf(action: string, input: Input, { account }: EstateFacts): ConditionContext {
  const one = (value: string | undefined) => (value === undefined ? undefined : [value]);
  const encryption = encrypting.has(action) ? objectIn(input, "EncryptionContext") : {};
  return (key) => {
    if (key.startsWith(encryptionContextPrefix)) {
      return one(textIn(encryption, key.slice(encryptionContextPrefix.length)));
    }
    switch (key) {
      case "kms:EncryptionContextKeys":
        return Object.keys(encryption);
      case "kms:EncryptionAlgorithm":
        return encrypting.has(action)
          ? [textIn(input, "EncryptionAlgorithm") ?? "SYMMETRIC_DEFAULT"]
          : undefined;
      case "kms:MacAlgorithm":
        return authenticating.has(action) ? one(textIn(input, "MacAlgorithm")) : undefined;
      case "kms:SigningAlgorithm":
        return signing.has(action) ? one(textIn(input, "SigningAlgorithm")) : undefined;
      case "kms:MessageType":
        return signing.has(action) ? [textIn(input, "MessageType") ?? "RAW"] : undefined;
      case "kms:RequestAlias": {
        const named = textIn(input, "KeyId") ?? "";
        return named.includes("alias/") ? [named.slice(named.indexOf("alias/"))] : undefined;
      }
      case "kms:CallerAccount":
        return [account];
      // `kms:ViaService` is only there when a service asks: see the table keys of DynamoDB.
      default:
        return undefined;
    }
  };
}
