import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DisableKeyCommand,
  KMSClient,
  type KMSClientConfig,
} from "@aws-sdk/client-kms";
import { expect } from "vitest";
import { kmsEngine } from "#local/kms/engine.ts";
import type { KeyPlan } from "#local/kms/key.ts";
import { loadKeys } from "#local/kms/keys.ts";
import { clientOptions as there } from "#local/remote/access.ts";
import type { Subject } from "./contract.ts";
import { openEngineDoor } from "./engine-door.ts";

const account = "123456789012";
const region = "eu-west-1";
const arnOf = (id: string) => `arn:aws:kms:${region}:${account}:key/${id}`;
const keyPlan = (id: string, fields: Partial<KeyPlan> = {}): KeyPlan => ({
  arn: arnOf(id),
  description: "",
  usage: "ENCRYPT_DECRYPT",
  spec: "SYMMETRIC_DEFAULT",
  enabled: true,
  aliases: [],
  ...fields,
});
export const keyPlans: readonly KeyPlan[] = [
  keyPlan("vault", { aliases: ["alias/vault"] }),
  keyPlan("other"),
  keyPlan("disabled", { enabled: false }),
  keyPlan("fingerprint", { usage: "GENERATE_VERIFY_MAC", spec: "HMAC_256" }),
  keyPlan("proofs", { usage: "SIGN_VERIFY", spec: "ECC_NIST_P256" }),
];

/** Five keys, by their ARNs, and a client that may use them. */
export interface TestKeys {
  readonly kms: KMSClient;
  readonly config: KMSClientConfig;
  /** Of `vault`. */
  readonly alias: string;
  readonly vault: string;
  readonly other: string;
  readonly disabled: string;
  readonly fingerprint: string;
  /** Signs. */
  readonly proofs: string;
  /** Where our engine keeps its secrets. */
  readonly keyFile: string;
  /** Of our engine: secrets stay. */
  restart(): void;
  stop(): Promise<void>;
}

/** Keys of a plan with our engine; in another emulator, which names keys itself, new ones. */
export const openKeys = ({ endpoint }: Subject): Promise<TestKeys> =>
  endpoint === undefined ? openOurs() : openThere(endpoint);

async function openOurs(): Promise<TestKeys> {
  const directory = mkdtempSync(join(tmpdir(), "tallystick-kms-"));
  const keyFile = join(directory, "kms.json");
  const engine = () => kmsEngine(loadKeys(keyFile, keyPlans, Date.now()));
  const { door, client: config, warnings, stop } = await openEngineDoor(engine());
  const kms = new KMSClient(config);
  return {
    kms,
    config,
    keyFile,
    alias: "alias/vault",
    vault: arnOf("vault"),
    other: arnOf("other"),
    disabled: arnOf("disabled"),
    fingerprint: arnOf("fingerprint"),
    proofs: arnOf("proofs"),
    restart: () => door.serve(engine()),
    stop: async () => {
      kms.destroy();
      await stop();
      rmSync(directory, { recursive: true });
      expect(warnings).toEqual([]);
    },
  };
}

async function openThere(endpoint: string): Promise<TestKeys> {
  const config = there({ endpoint, region, credentials: { accessKeyId: account, secretAccessKey: "test" } });
  const kms = new KMSClient(config);
  const make = async (input: CreateKeyCommandInput = {}): Promise<string> => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand(input));
    return KeyMetadata?.Arn ?? expect.fail("the key has no ARN");
  };
  const [vault, disabled, alias] = [await make(), await make(), `alias/contract-${randomUUID()}`];
  await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: vault }));
  await kms.send(new DisableKeyCommand({ KeyId: disabled.split("/")[1] }));
  return {
    kms,
    config,
    alias,
    vault,
    disabled,
    other: await make(),
    fingerprint: await make({ KeyUsage: "GENERATE_VERIFY_MAC", KeySpec: "HMAC_256" }),
    proofs: await make({ KeyUsage: "SIGN_VERIFY", KeySpec: "ECC_NIST_P256" }),
    keyFile: "",
    restart: () => expect.fail("it is not ours to restart"),
    stop: async () => kms.destroy(),
  };
}
