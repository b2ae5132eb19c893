import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KMSClient } from "@aws-sdk/client-kms";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { openDoor } from "#local/door/door.ts";
import { kmsEngine } from "#local/kms/engine.ts";
import type { KeyPlan } from "#local/kms/key.ts";
import { loadKeys } from "#local/kms/keys.ts";

const arnOf = (id: string) => `arn:aws:kms:eu-west-1:123456789012:key/${id}`;
export const keyArns = {
  vault: arnOf("vault"),
  otherVault: arnOf("other-vault"),
  disabled: arnOf("disabled"),
  fingerprint: arnOf("fingerprint"),
  returns: arnOf("returns"),
};

const roleOf = (caller: string) => `arn:aws:iam::123456789012:role/${caller}`;

const sealing = {
  description: "",
  usage: "ENCRYPT_DECRYPT",
  spec: "SYMMETRIC_DEFAULT",
  enabled: true,
  aliases: [],
} as const;
const macs = { usage: "GENERATE_VERIFY_MAC", spec: "HMAC_256" } as const;
const plans: readonly KeyPlan[] = [
  { ...sealing, arn: keyArns.vault },
  { ...sealing, arn: keyArns.otherVault },
  { ...sealing, arn: keyArns.disabled, enabled: false },
  { ...sealing, arn: keyArns.fingerprint, ...macs },
  { ...sealing, arn: keyArns.returns, ...macs },
];

export interface TestKeys {
  /** A client of its own for a caller, who stands by this name in the log. */
  clientOf(caller: string): KMSClient;
  /** What makes the clients that a function opens by itself call this KMS, in this caller's name. */
  environmentOf(caller: string): Readonly<Record<string, string>>;
  /** Actions in the order in which this caller asked for them. */
  callsOf(caller: string): readonly string[];
  stop(): Promise<void>;
}

/** A KMS of its own for one test file, in a folder that `stop` removes. */
export async function startKeys(): Promise<TestKeys> {
  const folder = mkdtempSync(join(tmpdir(), "tallystick-keys-"));
  const credentials = new CredentialRegistry();
  const log = new CallLog(1_000);
  const warnings: string[] = [];
  const door = await openDoor({ credentials, log, warn: (line) => warnings.push(line), port: 0 });
  door.serve(kmsEngine(loadKeys(join(folder, "kms.json"), plans, Date.now())));
  const clients: KMSClient[] = [];
  return {
    clientOf(caller) {
      const client = new KMSClient({
        endpoint: door.url,
        region: "eu-west-1",
        credentials: credentials.issue(caller, roleOf(caller)),
        maxAttempts: 1,
      });
      clients.push(client);
      return client;
    },
    environmentOf(caller) {
      const { accessKeyId, secretAccessKey } = credentials.issue(caller, roleOf(caller));
      return {
        AWS_ENDPOINT_URL_KMS: door.url,
        AWS_REGION: "eu-west-1",
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      };
    },
    callsOf: (caller) =>
      log
        .recent()
        .filter((call) => call.caller === caller)
        .map((call) => call.action),
    stop: async () => {
      for (const client of clients) client.destroy();
      await door.stop();
      rmSync(folder, { recursive: true, force: true });
      if (warnings.length > 0) throw new Error(`the door warned: ${warnings.join("; ")}`);
    },
  };
}
