import { createPublicKey, verify as isSignature } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { buildClient, CommitmentPolicy, KmsKeyringNode } from "@aws-crypto/client-node";
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetPublicKeyCommand,
  KMS,
  SignCommand,
  VerifyCommand,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { expect } from "vitest";
import { loadKeys } from "#local/kms/keys.ts";
import { contract } from "#tests/support/contract.ts";
import { keyPlans, openKeys } from "#tests/support/test-keys.ts";

type ClientProvider = NonNullable<ConstructorParameters<typeof KmsKeyringNode>[0]>["clientProvider"] & {};

const context = { merchant: "mer_demo", epoch: "1" };
const card = Buffer.from("4242424242424242");

const idOf = (arn: string): string => arn.slice(arn.indexOf("/") + 1);
const refusalOf = (call: Promise<unknown>) =>
  call.then(
    () => "no refusal",
    (thrown: Error) => thrown.name,
  );

await contract({ service: "KMS", open: openKeys }, ({ use, group, behaviour, ours }) => {
  group("the AWS Encryption SDK's KMS keyring runs unchanged", () => {
    const sdk = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
    const keyring = (generatorKeyId = use().vault, keyIds: string[] = []) =>
      // The cast: the SDK's types were not written for exactOptionalPropertyTypes.
      new KmsKeyringNode({
        generatorKeyId,
        keyIds,
        clientProvider: (() => new KMS(use().config)) as ClientProvider,
      });

    behaviour("what it encrypts it decrypts, under the same context", async () => {
      const { result } = await sdk.encrypt(keyring(), card, { encryptionContext: context });
      expect(result.includes(card)).toBe(false);
      const { plaintext, messageHeader } = await sdk.decrypt(keyring(), result);
      expect(plaintext.toString()).toBe(card.toString());
      expect(messageHeader.encryptionContext).toMatchObject(context);
    });

    behaviour("an additional key can decrypt as well", async () => {
      const { result } = await sdk.encrypt(keyring(use().vault, [use().other]), card, {
        encryptionContext: context,
      });
      const { plaintext } = await sdk.decrypt(keyring(use().other), result);
      expect(plaintext.toString()).toBe(card.toString());
    });

    behaviour("another key cannot", async () => {
      const { result } = await sdk.encrypt(keyring(), card, { encryptionContext: context });
      await expect(sdk.decrypt(keyring(use().other), result)).rejects.toThrow();
    });
  });

  group("data keys", () => {
    behaviour("decrypt to what they were, and name their key", async () => {
      const made = await use().kms.send(
        new GenerateDataKeyCommand({ KeyId: use().alias, KeySpec: "AES_256", EncryptionContext: context }),
      );
      expect(made.KeyId).toBe(use().vault);
      expect(made.Plaintext).toHaveLength(32);
      const opened = await use().kms.send(
        new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: context }),
      );
      expect(opened).toMatchObject({ KeyId: use().vault, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" });
      expect(opened.Plaintext).toEqual(made.Plaintext);
    });

    behaviour("can be made without showing them", async () => {
      const made = await use().kms.send(
        new GenerateDataKeyWithoutPlaintextCommand({ KeyId: idOf(use().vault), NumberOfBytes: 64 }),
      );
      expect(made).not.toHaveProperty("Plaintext");
      const opened = await use().kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }));
      expect(opened.Plaintext).toHaveLength(64);
    });

    behaviour("need a size, and only one", async () => {
      expect(await refusalOf(use().kms.send(new GenerateDataKeyCommand({ KeyId: use().vault })))).toBe(
        "ValidationException",
      );
      const both = new GenerateDataKeyCommand({ KeyId: use().vault, KeySpec: "AES_256", NumberOfBytes: 32 });
      expect(await refusalOf(use().kms.send(both))).toBe("ValidationException");
    });
  });

  group("ciphertext", () => {
    const encrypt = () =>
      use().kms.send(new EncryptCommand({ KeyId: use().vault, Plaintext: card, EncryptionContext: context }));

    behaviour("opens whatever the order of its context's pairs", async () => {
      const { CiphertextBlob } = await encrypt();
      const reordered = { epoch: "1", merchant: "mer_demo" };
      const opened = await use().kms.send(
        new DecryptCommand({ CiphertextBlob, EncryptionContext: reordered }),
      );
      expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe(card.toString());
    });

    const otherContexts: readonly [string, Record<string, string> | undefined][] = [
      ["another merchant's context", { merchant: "mer_other", epoch: "1" }],
      ["part of its context", { merchant: "mer_demo" }],
      ["no context", undefined],
    ];
    for (const [what, other] of otherContexts) {
      behaviour(`does not open with ${what}`, async () => {
        const { CiphertextBlob } = await encrypt();
        const decrypt = new DecryptCommand({ CiphertextBlob, ...(other && { EncryptionContext: other }) });
        expect(await refusalOf(use().kms.send(decrypt))).toBe("InvalidCiphertextException");
      });
    }

    behaviour("does not open when any one of its bytes was changed", async () => {
      const { CiphertextBlob = new Uint8Array() } = await encrypt();
      for (let at = 0; at < CiphertextBlob.length; at += 1) {
        const changed = Uint8Array.from(CiphertextBlob);
        changed[at] = (changed[at] ?? 0) ^ 1;
        const decrypt = new DecryptCommand({ CiphertextBlob: changed, EncryptionContext: context });
        expect(await refusalOf(use().kms.send(decrypt)), `byte ${at}`).toBe("InvalidCiphertextException");
      }
    });

    behaviour("does not open when it was cut short", async () => {
      const { CiphertextBlob = new Uint8Array() } = await encrypt();
      const decrypt = new DecryptCommand({
        CiphertextBlob: CiphertextBlob.slice(0, 20),
        EncryptionContext: context,
      });
      expect(await refusalOf(use().kms.send(decrypt))).toBe("InvalidCiphertextException");
    });

    behaviour("does not open with another key than its own", async () => {
      const { CiphertextBlob } = await encrypt();
      const decrypt = new DecryptCommand({ CiphertextBlob, KeyId: use().other, EncryptionContext: context });
      expect(await refusalOf(use().kms.send(decrypt))).toBe("IncorrectKeyException");
    });

    ours("opens after a restart, from key material that only its owner can read", async () => {
      const { CiphertextBlob } = await encrypt();
      use().restart();
      const opened = await use().kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }));
      expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe(card.toString());
      expect(statSync(use().keyFile).mode & 0o777).toBe(0o600);
    });
  });

  group("MACs", () => {
    const macOf = async (Message: Uint8Array) =>
      (
        await use().kms.send(
          new GenerateMacCommand({ KeyId: use().fingerprint, Message, MacAlgorithm: "HMAC_SHA_256" }),
        )
      ).Mac;
    const verify = (Message: Uint8Array, Mac: Uint8Array | undefined) =>
      use().kms.send(
        new VerifyMacCommand({ KeyId: use().fingerprint, Message, Mac, MacAlgorithm: "HMAC_SHA_256" }),
      );

    behaviour("of one message are equal, of two messages differ", async () => {
      expect(await macOf(card)).toEqual(await macOf(card));
      expect(await macOf(card)).not.toEqual(await macOf(Buffer.from("4000000000000002")));
    });

    behaviour("verify for their message only", async () => {
      const mac = await macOf(card);
      expect(await verify(card, mac)).toMatchObject({ MacValid: true, KeyId: use().fingerprint });
      expect(await refusalOf(verify(Buffer.from("another"), mac))).toBe("KMSInvalidMacException");
      expect(await refusalOf(verify(card, mac?.slice(1)))).toBe("KMSInvalidMacException");
    });

    behaviour("need the algorithm of their key", async () => {
      const mac = new GenerateMacCommand({
        KeyId: use().fingerprint,
        Message: card,
        MacAlgorithm: "HMAC_SHA_512",
      });
      expect(await refusalOf(use().kms.send(mac))).toBe("InvalidKeyUsageException");
    });
  });

  group("signatures", () => {
    const SigningAlgorithm = "ECDSA_SHA_256";
    const sign = async (Message: Uint8Array = card) =>
      (await use().kms.send(new SignCommand({ KeyId: use().proofs, Message, SigningAlgorithm }))).Signature;
    const verify = (Message: Uint8Array, Signature: Uint8Array | undefined) =>
      use().kms.send(new VerifyCommand({ KeyId: use().proofs, Message, Signature, SigningAlgorithm }));
    const publicKey = async () =>
      (await use().kms.send(new GetPublicKeyCommand({ KeyId: use().proofs }))).PublicKey ?? new Uint8Array();

    behaviour("verify for their message only", async () => {
      const signature = await sign();
      expect(await verify(card, signature)).toMatchObject({
        ...{ SignatureValid: true, KeyId: use().proofs, SigningAlgorithm },
      });
      expect(await refusalOf(verify(Buffer.from("another"), signature))).toBe("KMSInvalidSignatureException");
      expect(await refusalOf(verify(card, signature?.slice(0, -1)))).toBe("KMSInvalidSignatureException");
    });

    behaviour("are checked by whoever has the public half, without asking again", async () => {
      const key = createPublicKey({ key: Buffer.from(await publicKey()), format: "der", type: "spki" });
      expect(key.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
      const signature = (await sign()) ?? new Uint8Array();
      expect(isSignature("sha256", card, key, signature)).toBe(true);
      expect(isSignature("sha256", Buffer.from("another"), key, signature)).toBe(false);
    });

    behaviour("the public half says what it is for", async () => {
      expect(await use().kms.send(new GetPublicKeyCommand({ KeyId: use().proofs }))).toMatchObject({
        ...{ KeyId: use().proofs, KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" },
        SigningAlgorithms: [SigningAlgorithm],
      });
    });

    behaviour("need the algorithm of their key, and a key that signs", async () => {
      const other = { Message: card, SigningAlgorithm: "ECDSA_SHA_384" } as const;
      expect(await refusalOf(use().kms.send(new SignCommand({ KeyId: use().proofs, ...other })))).toBe(
        "InvalidKeyUsageException",
      );
      const sealing = new SignCommand({ KeyId: use().vault, Message: card, SigningAlgorithm });
      expect(await refusalOf(use().kms.send(sealing))).toBe("InvalidKeyUsageException");
    });

    behaviour("a key that seals has no public half", async () => {
      const half = new GetPublicKeyCommand({ KeyId: use().vault });
      expect(await refusalOf(use().kms.send(half))).toBe("UnsupportedOperationException");
    });

    ours("are of the same key after a restart", async () => {
      const [before, signature] = [await publicKey(), await sign()];
      use().restart();
      expect(await publicKey()).toEqual(before);
      expect(await verify(card, signature)).toMatchObject({ SignatureValid: true });
    });

    ours("of a digest are refused, and not made of something else", async () => {
      const digest = { Message: Buffer.alloc(32), MessageType: "DIGEST" } as const;
      const asked = new SignCommand({ KeyId: use().proofs, ...digest, SigningAlgorithm });
      expect(await refusalOf(use().kms.send(asked))).toBe("ValidationException");
    });

    ours("a secret of another kind of key stops the start with one line", () => {
      const { keyFile, proofs } = use();
      const stored = JSON.parse(readFileSync(keyFile, "utf8"));
      stored.keys[proofs].material = Buffer.alloc(32, 1).toString("base64");
      writeFileSync(keyFile, JSON.stringify(stored));
      expect(() => loadKeys(keyFile, keyPlans, 0)).toThrow(
        `${keyFile} holds another kind of key for ${proofs}`,
      );
    });
  });

  group("keys", () => {
    const names: readonly [string, () => string][] = [
      ["its id", () => idOf(use().vault)],
      ["its ARN", () => use().vault],
      ["its alias", () => use().alias],
      ["its alias ARN", () => use().vault.replace(/key.*$/, use().alias)],
    ];
    for (const [what, nameOf] of names) {
      behaviour(`a key is found by ${what}`, async () => {
        const { KeyMetadata } = await use().kms.send(new DescribeKeyCommand({ KeyId: nameOf() }));
        expect(KeyMetadata).toMatchObject({
          Arn: use().vault,
          AWSAccountId: use().vault.split(":")[4],
          KeyUsage: "ENCRYPT_DECRYPT",
          KeySpec: "SYMMETRIC_DEFAULT",
          KeyState: "Enabled",
        });
        expect(KeyMetadata?.CreationDate?.getTime()).toBeGreaterThan(Date.now() - 60_000);
      });
    }

    behaviour("a key that the plan lacks is not found", async () => {
      const encrypt = new EncryptCommand({
        KeyId: use().vault.replace(/\/.*$/, "/00000000-0000-0000-0000-000000000000"),
        Plaintext: card,
      });
      expect(await refusalOf(use().kms.send(encrypt))).toBe("NotFoundException");
    });

    behaviour("a key does only what it is for", async () => {
      const mac = new GenerateMacCommand({ KeyId: use().vault, Message: card, MacAlgorithm: "HMAC_SHA_256" });
      expect(await refusalOf(use().kms.send(mac))).toBe("InvalidKeyUsageException");
      const encrypt = new EncryptCommand({ KeyId: use().fingerprint, Plaintext: card });
      expect(await refusalOf(use().kms.send(encrypt))).toBe("InvalidKeyUsageException");
    });

    behaviour("a disabled key does nothing", async () => {
      const encrypt = new EncryptCommand({ KeyId: use().disabled, Plaintext: card });
      expect(await refusalOf(use().kms.send(encrypt))).toBe("DisabledException");
    });

    ours("a damaged key file stops the start with one line that says what to do", () => {
      const { keyFile } = use();
      writeFileSync(keyFile, "{");
      expect(() => loadKeys(keyFile, keyPlans, 0)).toThrow(
        `${keyFile} is damaged: mend it, or wipe all local state with "npm start -- --fresh"`,
      );
    });
  });

  behaviour("random bytes are as many as asked for, each time others", async () => {
    const random = async () =>
      (await use().kms.send(new GenerateRandomCommand({ NumberOfBytes: 16 }))).Plaintext;
    const first = await random();
    expect(first).toHaveLength(16);
    expect(await random()).not.toEqual(first);
  });

  ours("what the engine does not have is refused, not overlooked", async () => {
    const dry = new EncryptCommand({ KeyId: use().vault, Plaintext: card, DryRun: true });
    expect(await refusalOf(use().kms.send(dry))).toBe("ValidationException");
  });
});
