import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { errorAnswer, jsonAnswer } from "../door/answers.ts";
import type { AwsAnswer, Engine } from "../door/engine.ts";
import { keyIdIn, seal, unseal } from "./blob.ts";
import { KmsException } from "./exception.ts";
import type { Key, KeyUsage } from "./key.ts";
import type { Keyring } from "./keys.ts";
import { isSignedWith, publicHalfOf, signingAlgorithm, signWith } from "./signatures.ts";

const plaintextBytesMax = 4_096;
const messageBytesMax = 4_096;
const ciphertextBytesMax = 6_144;
const signatureBytesMax = 6_144;
const randomBytesMax = 1_024;

const keyName = z.string().min(1).max(2_048);
const bytes = (max: number) =>
  z
    .base64()
    .transform((text) => Buffer.from(text, "base64"))
    .refine(({ length }) => length >= 1 && length <= max, `between 1 and ${max} bytes`);
const context = z.record(z.string(), z.string()).default({});
const encryptionAlgorithm = z.literal("SYMMETRIC_DEFAULT").default("SYMMETRIC_DEFAULT");
const macAlgorithm = z.string();
/** Parameters that change what an action does and that this engine does not have are refused, not overlooked. */
const common = { DryRun: z.literal(false).optional(), Recipient: z.never().optional() };
const dataKey = {
  ...common,
  KeyId: keyName,
  EncryptionContext: context,
  KeySpec: z.enum(["AES_128", "AES_256"]).optional(),
  NumberOfBytes: z.int().min(1).max(randomBytesMax).optional(),
};
const signing = {
  ...common,
  KeyId: keyName,
  Message: bytes(messageBytesMax),
  // OpenSSL by Node signs no digest that somebody else has made.
  MessageType: z.literal("RAW", "The local KMS signs messages, and no digests.").default("RAW"),
  SigningAlgorithm: z.string(),
};

const inputs = {
  dataKey: z
    .object(dataKey)
    .refine(
      ({ KeySpec, NumberOfBytes }) => (KeySpec === undefined) !== (NumberOfBytes === undefined),
      "Please specify either number of bytes or key spec.",
    ),
  encrypt: z.object({
    ...common,
    KeyId: keyName,
    Plaintext: bytes(plaintextBytesMax),
    EncryptionContext: context,
    EncryptionAlgorithm: encryptionAlgorithm,
  }),
  decrypt: z.object({
    ...common,
    KeyId: keyName.optional(),
    CiphertextBlob: bytes(ciphertextBytesMax),
    EncryptionContext: context,
    EncryptionAlgorithm: encryptionAlgorithm,
  }),
  mac: z.object({ ...common, KeyId: keyName, Message: bytes(messageBytesMax), MacAlgorithm: macAlgorithm }),
  verifyMac: z.object({
    ...common,
    KeyId: keyName,
    Message: bytes(messageBytesMax),
    MacAlgorithm: macAlgorithm,
    Mac: bytes(messageBytesMax),
  }),
  sign: z.object(signing),
  verify: z.object({ ...signing, Signature: bytes(signatureBytesMax) }),
  describe: z.object({ KeyId: keyName }),
  random: z.object({ ...common, NumberOfBytes: z.int().min(1).max(randomBytesMax) }),
};

/**
 * AWS KMS over node:crypto, for the keys of the plan: symmetric encryption with its encryption context bound, HMACs, and
 * signatures on P-256. Keys come from the plan only, so no action here makes, changes or deletes one.
 */
export function kmsEngine(keys: Keyring): Engine {
  const actions: Readonly<Record<string, (input: unknown) => unknown>> = {
    GenerateDataKey: (input) => {
      const { key, plaintext, ...answer } = makeDataKey(keys, parse(inputs.dataKey, input));
      return { ...answer, KeyId: key.arn, Plaintext: plaintext.toString("base64") };
    },
    GenerateDataKeyWithoutPlaintext: (input) => {
      const { key, CiphertextBlob } = makeDataKey(keys, parse(inputs.dataKey, input));
      return { CiphertextBlob, KeyId: key.arn };
    },
    Encrypt: (input) => encrypt(keys, parse(inputs.encrypt, input)),
    Decrypt: (input) => decrypt(keys, parse(inputs.decrypt, input)),
    GenerateMac: (input) => {
      const { KeyId, Message, MacAlgorithm } = parse(inputs.mac, input);
      const key = usable(keys, KeyId, "GENERATE_VERIFY_MAC");
      return { KeyId: key.arn, Mac: mac(key, MacAlgorithm, Message).toString("base64"), MacAlgorithm };
    },
    VerifyMac: (input) => {
      const { KeyId, Message, MacAlgorithm, Mac } = parse(inputs.verifyMac, input);
      const key = usable(keys, KeyId, "GENERATE_VERIFY_MAC");
      const expected = mac(key, MacAlgorithm, Message);
      if (expected.length !== Mac.length || !timingSafeEqual(expected, Mac)) {
        throw new KmsException("KMSInvalidMacException");
      }
      return { KeyId: key.arn, MacAlgorithm, MacValid: true };
    },
    Sign: (input) => {
      const { KeyId, Message, SigningAlgorithm } = parse(inputs.sign, input);
      const key = usable(keys, KeyId, "SIGN_VERIFY");
      const signature = signWith(key, SigningAlgorithm, Message);
      return { KeyId: key.arn, Signature: signature.toString("base64"), SigningAlgorithm };
    },
    Verify: (input) => {
      const { KeyId, Message, SigningAlgorithm, Signature } = parse(inputs.verify, input);
      const key = usable(keys, KeyId, "SIGN_VERIFY");
      if (!isSignedWith(key, SigningAlgorithm, Message, Signature))
        throw new KmsException("KMSInvalidSignatureException");
      return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm };
    },
    GetPublicKey: (input) => publicKey(named(keys, parse(inputs.describe, input).KeyId)),
    DescribeKey: (input) => ({ KeyMetadata: metadata(named(keys, parse(inputs.describe, input).KeyId)) }),
    GenerateRandom: (input) => ({
      Plaintext: randomBytes(parse(inputs.random, input).NumberOfBytes).toString("base64"),
    }),
  };

  return {
    service: "kms",
    async handle({ action, body }): Promise<AwsAnswer> {
      const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
      if (act === undefined) {
        return errorAnswer("UnsupportedOperationException", `The local KMS has no ${action}.`);
      }
      try {
        return jsonAnswer(act(JSON.parse(body.toString() || "{}")));
      } catch (thrown) {
        if (thrown instanceof KmsException) return errorAnswer(thrown.code, thrown.message);
        if (thrown instanceof SyntaxError)
          return errorAnswer("SerializationException", "The body is not JSON.");
        throw thrown;
      }
    },
  };
}

function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (!result.success) throw new KmsException("ValidationException", z.prettifyError(result.error));
  return result.data;
}

function named(keys: Keyring, name: string): Key {
  const key = keys.find(name);
  if (key !== undefined) return key;
  throw new KmsException("NotFoundException", `Key '${name}' does not exist in the plan`);
}

function usable(keys: Keyring, name: string, usage: KeyUsage): Key {
  const key = named(keys, name);
  if (!key.enabled) throw new KmsException("DisabledException", `${key.arn} is disabled.`);
  if (key.usage !== usage) {
    throw new KmsException(
      "InvalidKeyUsageException",
      `${key.arn} key usage is ${key.usage} which is not valid for this operation.`,
    );
  }
  return key;
}

function makeDataKey(keys: Keyring, input: z.output<typeof inputs.dataKey>) {
  const key = usable(keys, input.KeyId, "ENCRYPT_DECRYPT");
  const plaintext = randomBytes(input.NumberOfBytes ?? (input.KeySpec === "AES_128" ? 16 : 32));
  return { key, plaintext, CiphertextBlob: seal(key, plaintext, input.EncryptionContext).toString("base64") };
}

function encrypt(keys: Keyring, input: z.output<typeof inputs.encrypt>) {
  const key = usable(keys, input.KeyId, "ENCRYPT_DECRYPT");
  return {
    CiphertextBlob: seal(key, input.Plaintext, input.EncryptionContext).toString("base64"),
    EncryptionAlgorithm: input.EncryptionAlgorithm,
    KeyId: key.arn,
  };
}

function decrypt(keys: Keyring, input: z.output<typeof inputs.decrypt>) {
  const sealedWith = keyIdIn(input.CiphertextBlob);
  if (sealedWith === undefined || keys.find(sealedWith) === undefined) {
    throw new KmsException("InvalidCiphertextException");
  }
  const key = usable(keys, input.KeyId ?? sealedWith, "ENCRYPT_DECRYPT");
  if (key.keyId !== sealedWith) {
    throw new KmsException(
      "IncorrectKeyException",
      "The key ID in the request does not identify a CMK that can perform this operation.",
    );
  }
  const plaintext = unseal(key, input.CiphertextBlob, input.EncryptionContext);
  if (plaintext === undefined) throw new KmsException("InvalidCiphertextException");
  return {
    EncryptionAlgorithm: input.EncryptionAlgorithm,
    KeyId: key.arn,
    Plaintext: plaintext.toString("base64"),
  };
}

/** `HMAC_SHA_256` works with an `HMAC_256` key only, and so on. */
function mac(key: Key, algorithm: string, message: Buffer): Buffer {
  const bits = key.spec.slice("HMAC_".length);
  if (algorithm !== `HMAC_SHA_${bits}`) {
    throw new KmsException(
      "InvalidKeyUsageException",
      `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`,
    );
  }
  return createHmac(`sha${bits}`, key.material).update(message).digest();
}

function publicKey(key: Key) {
  if (!key.enabled) throw new KmsException("DisabledException", `${key.arn} is disabled.`);
  if (key.usage !== "SIGN_VERIFY")
    throw new KmsException("UnsupportedOperationException", `${key.arn} has no public half.`);
  return {
    ...{ KeyId: key.arn, PublicKey: publicHalfOf(key).toString("base64") },
    ...{ CustomerMasterKeySpec: key.spec, KeySpec: key.spec, KeyUsage: key.usage },
    SigningAlgorithms: [signingAlgorithm],
  };
}

/** What a key can do, by the name that KMS has for it. */
function algorithmsOf({ usage, spec }: Key): object {
  switch (usage) {
    case "ENCRYPT_DECRYPT":
      return { EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"] };
    case "GENERATE_VERIFY_MAC":
      return { MacAlgorithms: [spec.replace("HMAC_", "HMAC_SHA_")] };
    case "SIGN_VERIFY":
      return { SigningAlgorithms: [signingAlgorithm] };
  }
}

function metadata(key: Key) {
  return {
    AWSAccountId: key.arn.split(":")[4],
    Arn: key.arn,
    KeyId: key.keyId,
    CreationDate: key.createdAt / 1_000,
    CustomerMasterKeySpec: key.spec,
    Description: key.description,
    Enabled: key.enabled,
    ...algorithmsOf(key),
    KeyManager: "CUSTOMER",
    KeySpec: key.spec,
    KeyState: key.enabled ? "Enabled" : "Disabled",
    KeyUsage: key.usage,
    MultiRegion: false,
    Origin: "AWS_KMS",
  };
}
