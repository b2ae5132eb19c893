import {
  createPrivateKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { z } from "zod";
import { Refusal } from "../process/refusal.ts";
import { StateFile } from "../process/state-file.ts";
import { type Key, type KeyPlan, type KeySpec, keyIdOf, materialBytesOf, namesOf } from "./key.ts";

const keyFile = z.object({
  keys: z.record(z.string(), z.object({ material: z.base64(), created_at: z.number() })),
});

/** The keys of the plan, found by any of their names. */
export class Keyring {
  readonly #byName = new Map<string, Key>();

  constructor(keys: readonly Key[]) {
    for (const key of keys) for (const name of namesOf(key)) this.#byName.set(name, key);
  }

  find(name: string): Key | undefined {
    return this.#byName.get(name);
  }

  all(): readonly Key[] {
    return [...new Set(this.#byName.values())];
  }
}

/**
 * The keys of the plan with their secrets from `.local/kms.json`; a new key's secret is made and written there.
 * A key that left the plan keeps its secret: what it sealed may come back with it.
 * @throws Refusal when the file cannot be read as what this wrote, or holds a secret of another length.
 */
export function loadKeys(path: string, plans: readonly KeyPlan[], now: number): Keyring {
  const file = new StateFile(path, keyFile);
  const stored = { ...file.read()?.keys };
  let grew = false;
  const keys = plans.map((plan): Key => {
    let entry = stored[plan.arn];
    if (entry === undefined) {
      entry = { material: makeMaterial(plan.spec).toString("base64"), created_at: now };
      stored[plan.arn] = entry;
      grew = true;
    }
    const material = openMaterial(plan.spec, Buffer.from(entry.material, "base64"));
    if (material === undefined) {
      throw new Refusal(
        `${path} holds another kind of key for ${plan.arn}: start with --fresh, which also wipes the data that it sealed`,
      );
    }
    return { ...plan, keyId: keyIdOf(plan.arn), material, createdAt: entry.created_at };
  });
  if (grew) file.write({ keys: stored });
  return new Keyring(keys);
}

/** Elliptic curves are named by SEC's names in OpenSSL: this is NIST's P-256. */
const curve = "prime256v1";
const privateForm = { format: "der", type: "pkcs8" } as const;

function makeMaterial(spec: KeySpec): Buffer {
  const bytes = materialBytesOf(spec);
  return bytes === undefined
    ? generateKeyPairSync("ec", { namedCurve: curve }).privateKey.export(privateForm)
    : randomBytes(bytes);
}

/** @returns undefined for what is no secret of a key of this kind. */
function openMaterial(spec: KeySpec, material: Buffer): KeyObject | undefined {
  const bytes = materialBytesOf(spec);
  if (bytes !== undefined) return material.length === bytes ? createSecretKey(material) : undefined;
  try {
    const key = createPrivateKey({ key: material, ...privateForm });
    return key.asymmetricKeyDetails?.namedCurve === curve ? key : undefined;
  } catch {
    return undefined;
  }
}
