import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildClient, CommitmentPolicy, KmsKeyringNode } from "@aws-crypto/client-node";
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  KMS,
  KMSClient,
  type KMSClientConfig,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import { kmsEngine } from "#local/kms/engine.ts";
import type { KeyPlan } from "#local/kms/key.ts";
import { loadKeys } from "#local/kms/keys.ts";

type ClientProvider = NonNullable<ConstructorParameters<typeof KmsKeyringNode>[0]>["clientProvider"] & {};

const arnOf = (id: string) => `arn:aws:kms:eu-west-1:123456789012:key/${id}`;
const keyPlan = (id: string, fields: Partial<KeyPlan> = {}): KeyPlan => ({
  arn: arnOf(id),
  description: "",
  usage: "ENCRYPT_DECRYPT",
  spec: "SYMMETRIC_DEFAULT",
  enabled: true,
  aliases: [],
  ...fields,
});
const plans: readonly KeyPlan[] = [
  keyPlan("vault", { aliases: ["alias/vault"] }),
  keyPlan("other"),
  keyPlan("disabled", { enabled: false }),
  keyPlan("fingerprint", { usage: "GENERATE_VERIFY_MAC", spec: "HMAC_256" }),
];
const vault = arnOf("vault");
const fingerprint = arnOf("fingerprint");
const context = { merchant: "mer_demo", epoch: "1" };
const card = Buffer.from("4242424242424242");

let directory: string;
let keyFile: string;
let door: Door;
let kms: KMSClient;
let clientConfig: KMSClientConfig;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-kms-"));
  keyFile = join(directory, "kms.json");
  const credentials = new CredentialRegistry();
  door = await openDoor({ credentials, log: new CallLog(100), warn: (line) => expect.fail(line), port: 0 });
  door.serve(kmsEngine(loadKeys(keyFile, plans, Date.now())));
  clientConfig = {
    endpoint: door.url,
    region: "eu-west-1",
    credentials: credentials.issue("card-tokens", "arn:aws:iam::123456789012:role/card-tokens"),
    maxAttempts: 1,
  };
  kms = new KMSClient(clientConfig);
});

afterEach(async () => {
  kms.destroy();
  await door.stop();
  rmSync(directory, { recursive: true });
});

const refusalOf = (call: Promise<unknown>) =>
  call.then(
    () => "no refusal",
    (thrown: Error) => thrown.name,
  );

describe("the AWS Encryption SDK's KMS keyring runs unchanged", () => {
  const sdk = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const keyring = (generatorKeyId = vault, keyIds: string[] = []) =>
    // The cast: the SDK's types were not written for exactOptionalPropertyTypes.
    new KmsKeyringNode({
      generatorKeyId,
      keyIds,
      clientProvider: (() => new KMS(clientConfig)) as ClientProvider,
    });

  test("what it encrypts it decrypts, under the same context", async () => {
    const { result } = await sdk.encrypt(keyring(), card, { encryptionContext: context });
    expect(result.includes(card)).toBe(false);
    const { plaintext, messageHeader } = await sdk.decrypt(keyring(), result);
    expect(plaintext.toString()).toBe(card.toString());
    expect(messageHeader.encryptionContext).toMatchObject(context);
  });

  test("an additional key can decrypt as well", async () => {
    const { result } = await sdk.encrypt(keyring(vault, [arnOf("other")]), card, {
      encryptionContext: context,
    });
    const { plaintext } = await sdk.decrypt(keyring(arnOf("other")), result);
    expect(plaintext.toString()).toBe(card.toString());
  });

  test("another key cannot", async () => {
    const { result } = await sdk.encrypt(keyring(), card, { encryptionContext: context });
    await expect(sdk.decrypt(keyring(arnOf("other")), result)).rejects.toThrow();
  });
});

describe("data keys", () => {
  test("decrypt to what they were, and name their key", async () => {
    const made = await kms.send(
      new GenerateDataKeyCommand({ KeyId: "alias/vault", KeySpec: "AES_256", EncryptionContext: context }),
    );
    expect(made.KeyId).toBe(vault);
    expect(made.Plaintext).toHaveLength(32);
    const opened = await kms.send(
      new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: context }),
    );
    expect(opened).toMatchObject({ KeyId: vault, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" });
    expect(opened.Plaintext).toEqual(made.Plaintext);
  });

  test("can be made without showing them", async () => {
    const made = await kms.send(
      new GenerateDataKeyWithoutPlaintextCommand({ KeyId: "vault", NumberOfBytes: 64 }),
    );
    expect(made).not.toHaveProperty("Plaintext");
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }));
    expect(opened.Plaintext).toHaveLength(64);
  });

  test("need a size, and only one", async () => {
    expect(await refusalOf(kms.send(new GenerateDataKeyCommand({ KeyId: vault })))).toBe(
      "ValidationException",
    );
    const both = new GenerateDataKeyCommand({ KeyId: vault, KeySpec: "AES_256", NumberOfBytes: 32 });
    expect(await refusalOf(kms.send(both))).toBe("ValidationException");
  });
});

describe("ciphertext", () => {
  const encrypt = () =>
    kms.send(new EncryptCommand({ KeyId: vault, Plaintext: card, EncryptionContext: context }));

  test("opens whatever the order of its context's pairs", async () => {
    const { CiphertextBlob } = await encrypt();
    const reordered = { epoch: "1", merchant: "mer_demo" };
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: reordered }));
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe(card.toString());
  });

  test.each([
    ["another merchant's context", { merchant: "mer_other", epoch: "1" }],
    ["part of its context", { merchant: "mer_demo" }],
    ["no context", undefined],
  ])("does not open with %s", async (_what, other) => {
    const { CiphertextBlob } = await encrypt();
    const decrypt = new DecryptCommand({ CiphertextBlob, ...(other && { EncryptionContext: other }) });
    expect(await refusalOf(kms.send(decrypt))).toBe("InvalidCiphertextException");
  });

  test("does not open when any one of its bytes was changed", async () => {
    const { CiphertextBlob = new Uint8Array() } = await encrypt();
    for (let at = 0; at < CiphertextBlob.length; at += 1) {
      const changed = Uint8Array.from(CiphertextBlob);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const decrypt = new DecryptCommand({ CiphertextBlob: changed, EncryptionContext: context });
      expect(await refusalOf(kms.send(decrypt)), `byte ${at}`).toBe("InvalidCiphertextException");
    }
  });

  test("does not open when it was cut short", async () => {
    const { CiphertextBlob = new Uint8Array() } = await encrypt();
    const decrypt = new DecryptCommand({
      CiphertextBlob: CiphertextBlob.slice(0, 20),
      EncryptionContext: context,
    });
    expect(await refusalOf(kms.send(decrypt))).toBe("InvalidCiphertextException");
  });

  test("does not open with another key than its own", async () => {
    const { CiphertextBlob } = await encrypt();
    const decrypt = new DecryptCommand({ CiphertextBlob, KeyId: arnOf("other"), EncryptionContext: context });
    expect(await refusalOf(kms.send(decrypt))).toBe("IncorrectKeyException");
  });

  test("opens after a restart, from key material that only its owner can read", async () => {
    const { CiphertextBlob } = await encrypt();
    door.serve(kmsEngine(loadKeys(keyFile, plans, Date.now())));
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }));
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe(card.toString());
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  });
});

describe("MACs", () => {
  const macOf = async (Message: Uint8Array) =>
    (await kms.send(new GenerateMacCommand({ KeyId: fingerprint, Message, MacAlgorithm: "HMAC_SHA_256" })))
      .Mac;
  const verify = (Message: Uint8Array, Mac: Uint8Array | undefined) =>
    kms.send(new VerifyMacCommand({ KeyId: fingerprint, Message, Mac, MacAlgorithm: "HMAC_SHA_256" }));

  test("of one message are equal, of two messages differ", async () => {
    expect(await macOf(card)).toEqual(await macOf(card));
    expect(await macOf(card)).not.toEqual(await macOf(Buffer.from("4000000000000002")));
  });

  test("verify for their message only", async () => {
    const mac = await macOf(card);
    expect(await verify(card, mac)).toMatchObject({ MacValid: true, KeyId: fingerprint });
    expect(await refusalOf(verify(Buffer.from("another"), mac))).toBe("KMSInvalidMacException");
    expect(await refusalOf(verify(card, mac?.slice(1)))).toBe("KMSInvalidMacException");
  });

  test("need the algorithm of their key", async () => {
    const mac = new GenerateMacCommand({ KeyId: fingerprint, Message: card, MacAlgorithm: "HMAC_SHA_512" });
    expect(await refusalOf(kms.send(mac))).toBe("InvalidKeyUsageException");
  });
});

describe("keys", () => {
  test.each([
    ["its id", "vault"],
    ["its ARN", vault],
    ["its alias", "alias/vault"],
    ["its alias ARN", "arn:aws:kms:eu-west-1:123456789012:alias/vault"],
  ])("a key is found by %s", async (_what, KeyId) => {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject({
      Arn: vault,
      AWSAccountId: "123456789012",
      KeyUsage: "ENCRYPT_DECRYPT",
      KeySpec: "SYMMETRIC_DEFAULT",
      KeyState: "Enabled",
    });
    expect(KeyMetadata?.CreationDate?.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  test("a key that the plan lacks is not found", async () => {
    const encrypt = new EncryptCommand({ KeyId: arnOf("absent"), Plaintext: card });
    expect(await refusalOf(kms.send(encrypt))).toBe("NotFoundException");
  });

  test("a key does only what it is for", async () => {
    const mac = new GenerateMacCommand({ KeyId: vault, Message: card, MacAlgorithm: "HMAC_SHA_256" });
    expect(await refusalOf(kms.send(mac))).toBe("InvalidKeyUsageException");
    const encrypt = new EncryptCommand({ KeyId: fingerprint, Plaintext: card });
    expect(await refusalOf(kms.send(encrypt))).toBe("InvalidKeyUsageException");
  });

  test("a disabled key does nothing", async () => {
    const encrypt = new EncryptCommand({ KeyId: arnOf("disabled"), Plaintext: card });
    expect(await refusalOf(kms.send(encrypt))).toBe("DisabledException");
  });

  test("a damaged key file stops the start with one line that says what to do", () => {
    writeFileSync(keyFile, "{");
    expect(() => loadKeys(keyFile, plans, 0)).toThrow(
      `${keyFile} is damaged: mend it, or wipe all local state with "npm start -- --fresh"`,
    );
  });
});

test("random bytes are as many as asked for, each time others", async () => {
  const random = async () => (await kms.send(new GenerateRandomCommand({ NumberOfBytes: 16 }))).Plaintext;
  const first = await random();
  expect(first).toHaveLength(16);
  expect(await random()).not.toEqual(first);
});

test("what the engine does not have is refused, not overlooked", async () => {
  const dry = new EncryptCommand({ KeyId: vault, Plaintext: card, DryRun: true });
  expect(await refusalOf(kms.send(dry))).toBe("ValidationException");
});
