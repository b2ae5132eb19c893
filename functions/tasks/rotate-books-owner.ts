import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Logger } from "@aws-lambda-powertools/logger";
import { DescribeDBClustersCommand, ModifyDBClusterCommand, RDSClient } from "@aws-sdk/client-rds";
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { z } from "zod";
import { requiredVariable } from "#functions/environment.ts";

/** What Secrets Manager calls the password that counts, and the one that will. */
const current = "AWSCURRENT";
const pending = "AWSPENDING";

const attemptsMax = 6;
const secrets = new SecretsManagerClient({ maxAttempts: attemptsMax });
const rds = new RDSClient({ maxAttempts: attemptsMax });
const cluster = requiredVariable("BOOKS_CLUSTER");
const logger = new Logger({ serviceName: "rotation" });

/** As long as the first one (stacks/books-global.ts). RDS refuses some signs, and letters and digits are enough. */
const passwordLength = 48;
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** RDS begins to apply a password some seconds after it said yes: nobody looks before. */
const pollMs = 10_000;
/** Left for the last look. */
const reserveMs = 15_000;

const text = z.string().min(1);
const stepInput = z.object({
  Step: z.enum(["createSecret", "setSecret", "testSecret", "finishSecret"]),
  SecretId: text,
  /** Of the password's version, the same in all steps of a rotation. */
  ClientRequestToken: text,
});

/** A password as it is kept. What else is kept with it stays. */
const kept = z.looseObject({ username: text, password: text });

/** A secret, and the version of it that is to be the next. */
interface Rotated {
  readonly secret: string;
  readonly version: string;
}

/**
 * The four steps by which Secrets Manager changes a secret: a password is drawn, RDS is told, RDS has applied it, it
 * counts. Any may come twice, and a rotation that failed anywhere is tried again from its beginning with the same
 * version. The old password is asked for nowhere: should the secret and the database ever disagree, the next rotation
 * mends it.
 */
export const handler = middy<unknown, void>({ timeoutEarlyInMillis: 0 }).handler(
  async (event: unknown, context: Context): Promise<void> => {
    const { Step: step, SecretId: secret, ClientRequestToken: version } = stepInput.parse(event);
    const rotated = { secret, version };
    const { RotationEnabled: isOn, VersionIdsToStages: versions = {} } = await secrets.send(
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
        await draw(rotated);
        break;
      case "setSecret":
        await tellRds(rotated);
        break;
      case "testSecret":
        await untilApplied(() => context.getRemainingTimeInMillis() > pollMs + reserveMs);
        break;
      case "finishSecret":
        await letCount(rotated, versions);
        break;
    }
    logger.info("a step of the rotation was taken", { step, secret, version });
  },
);

/** Keeps a new password beside the one that counts, unless this version has one. */
async function draw({ secret, version }: Rotated): Promise<void> {
  if ((await read(secret, pending, version)) !== undefined) return;
  const before = await read(secret, current);
  if (before === undefined) throw new Error(`${secret} has no ${current}, which says who the owner is`);
  const password = Array.from({ length: passwordLength }, () => letters[randomInt(letters.length)]).join("");
  try {
    await secrets.send(
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
async function tellRds({ secret, version }: Rotated): Promise<void> {
  const next = await read(secret, pending, version);
  if (next === undefined) throw new Error(`${secret} has no password in version ${version}`);
  await rds.send(
    new ModifyDBClusterCommand({
      DBClusterIdentifier: cluster,
      MasterUserPassword: next.password,
      ApplyImmediately: true,
    }),
  );
}

/**
 * Waits until RDS says that nothing of it is left to do. That somebody can sign in by the password it does not show:
 * for that it would have to be in the network.
 */
async function untilApplied(mayWait: () => boolean): Promise<void> {
  for (;;) {
    await sleep(pollMs);
    const { DBClusters: [found] = [] } = await rds.send(
      new DescribeDBClustersCommand({ DBClusterIdentifier: cluster }),
    );
    const isPending = found?.PendingModifiedValues?.MasterUserPassword !== undefined;
    if (found?.Status === "available" && !isPending) return;
    if (!mayWait())
      throw new Error(
        `RDS has not applied the new password of ${cluster}, which is ${found?.Status ?? "not there"}: the secret keeps the old one until it has`,
      );
  }
}

async function letCount(
  { secret, version }: Rotated,
  versions: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const before = Object.keys(versions).find((each) => versions[each]?.includes(current));
  await secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId: secret,
      VersionStage: current,
      MoveToVersionId: version,
      RemoveFromVersionId: before,
    }),
  );
}

/** @returns undefined when there is no such version, or nothing in it yet. */
async function read(
  secret: string,
  stage: string,
  version?: string,
): Promise<z.output<typeof kept> | undefined> {
  try {
    const { SecretString } = await secrets.send(
      new GetSecretValueCommand({ SecretId: secret, VersionStage: stage, VersionId: version }),
    );
    return parseKept(SecretString, `${secret} in ${stage}`);
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** What is wrong with it is not said: an error of JSON quotes what it could not read. */
function parseKept(value = "", where: string): z.output<typeof kept> {
  try {
    return kept.parse(JSON.parse(value));
  } catch {
    throw new Error(
      `${where} is no username and password as JSON: put one in (docs/runbooks/books-owner.md)`,
    );
  }
}
