import { randomInt } from "node:crypto";
import { DescribeDBClustersCommand, ModifyDBClusterCommand, type RDSClient } from "@aws-sdk/client-rds";
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { z } from "zod";

/** What Secrets Manager calls the password that counts, and the one that will. */
const current = "AWSCURRENT";
const pending = "AWSPENDING";

/** As long as the first one (stacks/books-global.ts). RDS refuses some signs, and letters and digits are enough. */
const passwordLength = 48;
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** RDS begins to apply a password some seconds after it said yes: nobody looks before. */
const pollMs = 10_000;
/** Left for the last look. */
const reserveMs = 15_000;

const text = z.string().min(1);
export const rotationStep = z.object({
  Step: z.enum(["createSecret", "setSecret", "testSecret", "finishSecret"]),
  SecretId: text,
  /** Of the password's version, the same in all steps of a rotation. */
  ClientRequestToken: text,
});
type RotationStep = z.output<typeof rotationStep>;

/** A password as it is kept. What else is kept with it stays. */
const kept = z.looseObject({ username: text, password: text });
type Kept = z.output<typeof kept>;

interface Parts {
  readonly secrets: SecretsManagerClient;
  readonly rds: RDSClient;
  /** The cluster whose owner has the password, by its identifier. */
  readonly cluster: string;
  readonly pause: (ms: number) => Promise<unknown>;
}

/** A secret, and the version of it that is to be the next. */
interface Rotated {
  readonly secret: string;
  readonly version: string;
}

/**
 * The four steps by which Secrets Manager changes a secret: a password is drawn, RDS is told, RDS has applied it, it
 * counts. Any may come twice, and a rotation that failed anywhere is tried again. The old password is asked for nowhere:
 * should the secret and the database ever disagree, the next rotation mends it.
 */
export class Rotation {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * @param remainingMs how long it may take yet
   * @throws Error when the rotation is off, has not begun with this version, or RDS does not apply the password in time
   */
  async take(
    { Step: step, SecretId: secret, ClientRequestToken: version }: RotationStep,
    remainingMs: () => number,
  ): Promise<void> {
    const rotated = { secret, version };
    const { RotationEnabled: isOn, VersionIdsToStages: versions = {} } = await this.#parts.secrets.send(
      new DescribeSecretCommand({ SecretId: secret }),
    );
    if (isOn !== true) throw new Error(`the rotation of ${secret} is off: nothing of it is changed`);
    const stages = versions[version];
    if (stages?.includes(current)) return;
    if (!stages?.includes(pending))
      throw new Error(
        `${secret} waits for no version ${version}: it was not begun, or another took its place`,
      );
    switch (step) {
      case "createSecret":
        return this.#draw(rotated);
      case "setSecret":
        return this.#tellRds(rotated);
      case "testSecret":
        return this.#untilApplied(() => remainingMs() > pollMs + reserveMs);
      case "finishSecret":
        return this.#letCount(rotated, versions);
    }
  }

  /** Keeps a new password beside the one that counts, unless this version has one. */
  async #draw({ secret, version }: Rotated): Promise<void> {
    if ((await this.#read(secret, pending, version)) !== undefined) return;
    const before = await this.#read(secret, current);
    if (before === undefined) throw new Error(`${secret} has no ${current}, which says who the owner is`);
    const password = Array.from({ length: passwordLength }, () => letters[randomInt(letters.length)]).join(
      "",
    );
    try {
      await this.#parts.secrets.send(
        new PutSecretValueCommand({
          SecretId: secret,
          ClientRequestToken: version,
          SecretString: JSON.stringify({ ...before, password }),
          VersionStages: [pending],
        }),
      );
    } catch (error) {
      // The same step ran beside this one and was faster: its password is the one.
      if (!(error instanceof ResourceExistsException)) throw error;
    }
  }

  /** By RDS's own door: the function is not in the network, and never signs in. To tell it twice is to tell it once. */
  async #tellRds({ secret, version }: Rotated): Promise<void> {
    const next = await this.#read(secret, pending, version);
    if (next === undefined) throw new Error(`${secret} has no password in version ${version}`);
    await this.#parts.rds.send(
      new ModifyDBClusterCommand({
        DBClusterIdentifier: this.#parts.cluster,
        MasterUserPassword: next.password,
        ApplyImmediately: true,
      }),
    );
  }

  /**
   * Waits until RDS says that nothing of it is left to do. That somebody can sign in by the password it does not show:
   * for that it would have to be in the network.
   */
  async #untilApplied(mayWait: () => boolean): Promise<void> {
    for (;;) {
      await this.#parts.pause(pollMs);
      const { DBClusters: [found] = [] } = await this.#parts.rds.send(
        new DescribeDBClustersCommand({ DBClusterIdentifier: this.#parts.cluster }),
      );
      const isPending = found?.PendingModifiedValues?.MasterUserPassword !== undefined;
      if (found?.Status === "available" && !isPending) return;
      if (!mayWait())
        throw new Error(
          `RDS has not applied the new password of ${this.#parts.cluster}, which is ${found?.Status ?? "not there"}: the secret keeps the old one until it has`,
        );
    }
  }

  async #letCount(
    { secret, version }: Rotated,
    versions: Readonly<Record<string, readonly string[]>>,
  ): Promise<void> {
    const before = Object.keys(versions).find((each) => versions[each]?.includes(current));
    await this.#parts.secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: secret,
        VersionStage: current,
        MoveToVersionId: version,
        RemoveFromVersionId: before,
      }),
    );
  }

  /** @returns undefined when there is no such version, or nothing in it yet. */
  async #read(secret: string, stage: string, version?: string): Promise<Kept | undefined> {
    try {
      const { SecretString } = await this.#parts.secrets.send(
        new GetSecretValueCommand({ SecretId: secret, VersionStage: stage, VersionId: version }),
      );
      return parseKept(SecretString, `${secret} in ${stage}`);
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  }
}

/** What is wrong with it is not said: an error of JSON quotes what it could not read. */
function parseKept(value = "", where: string): Kept {
  try {
    return kept.parse(JSON.parse(value));
  } catch {
    throw new Error(
      `${where} is no username and password as JSON: put one in (docs/runbooks/books-owner.md)`,
    );
  }
}
