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
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Rotation, rotationStep } from "./rotating.ts";

const secret = "arn:aws:secretsmanager:eu-west-1:1:secret:books-owner-abcdef";
const old = { username: "books_owner", password: "old", note: "kept with it" };

/** A secret as Secrets Manager keeps it, and a cluster as RDS does: what the steps leave is what the next ones find. */
let isOn: boolean;
let stages: Record<string, string[]>;
let values: Record<string, string>;
/** What RDS was told, and how often somebody must look until it is applied. */
let told: string[];
let looks: number;
let status: string;
let isPending: boolean;
let remainingMs: number;
/** Passwords that were to be kept. */
let puts: number;

const rotation = new Rotation({
  secrets: new SecretsManagerClient({ region: "eu-west-1" }),
  rds: new RDSClient({ region: "eu-west-1" }),
  cluster: "books",
  pause: async () => undefined,
});
const take = async (Step: string, version = "next") =>
  rotation.take(
    rotationStep.parse({ Step, SecretId: secret, ClientRequestToken: version, RotationToken: "of no use" }),
    () => remainingMs,
  );
const inStage = (stage: string) => Object.keys(stages).filter((version) => stages[version]?.includes(stage));
const passwordOf = (version: string): string => JSON.parse(values[version] ?? "{}").password;
const $metadata = {};

beforeEach(() => {
  isOn = true;
  stages = { first: ["AWSCURRENT"], next: ["AWSPENDING"] };
  values = { first: JSON.stringify(old) };
  [told, puts, looks, remainingMs] = [[], 0, 2, 300_000];
  [status, isPending] = ["resetting-master-credentials", true];
  vi.spyOn(SecretsManagerClient.prototype, "send").mockImplementation(async (command: unknown) =>
    secretsManager(command),
  );
  vi.spyOn(RDSClient.prototype, "send").mockImplementation(async (command: unknown) => database(command));
});
afterEach(() => vi.restoreAllMocks());

function secretsManager(command: unknown): object {
  if (command instanceof DescribeSecretCommand) return { RotationEnabled: isOn, VersionIdsToStages: stages };
  if (command instanceof GetSecretValueCommand) {
    const { VersionId, VersionStage = "" } = command.input;
    const version = VersionId ?? inStage(VersionStage)[0] ?? "";
    if (values[version] === undefined || !stages[version]?.includes(VersionStage))
      throw new ResourceNotFoundException({ message: "can't find the specified secret value", $metadata });
    return { SecretString: values[version] };
  }
  if (command instanceof PutSecretValueCommand) {
    const { ClientRequestToken: version = "", SecretString = "", VersionStages } = command.input;
    puts += 1;
    if (values[version] !== undefined)
      throw new ResourceExistsException({ message: "it has another value", $metadata });
    expect(VersionStages).toEqual(["AWSPENDING"]);
    values[version] = SecretString;
    return {};
  }
  if (command instanceof UpdateSecretVersionStageCommand) {
    const { VersionStage = "", MoveToVersionId = "", RemoveFromVersionId = "" } = command.input;
    expect(inStage(VersionStage)).toEqual([RemoveFromVersionId]);
    stages[RemoveFromVersionId] = ["AWSPREVIOUS"];
    stages[MoveToVersionId] = [...(stages[MoveToVersionId] ?? []), VersionStage];
    return {};
  }
  throw new Error("Secrets Manager was asked for something else");
}

function database(command: unknown): object {
  if (command instanceof ModifyDBClusterCommand) {
    const { MasterUserPassword = "", ...rest } = command.input;
    // Nothing else of the cluster is touched, though the grant would let it.
    expect(rest).toEqual({ DBClusterIdentifier: "books", ApplyImmediately: true });
    told.push(MasterUserPassword);
    return {};
  }
  if (command instanceof DescribeDBClustersCommand) {
    looks -= 1;
    const isApplied = looks <= 0;
    return {
      DBClusters: [
        {
          Status: isApplied ? "available" : status,
          PendingModifiedValues: isPending && !isApplied ? { MasterUserPassword: "****" } : {},
        },
      ],
    };
  }
  throw new Error("RDS was asked for something else");
}

const steps = ["createSecret", "setSecret", "testSecret", "finishSecret"];

describe("a rotation", () => {
  test("draws a password, tells RDS, waits until it is applied, and lets it count", async () => {
    for (const step of steps) await take(step);
    expect(inStage("AWSCURRENT")).toEqual(["next"]);
    expect(passwordOf("next")).toMatch(/^[A-Za-z0-9]{48}$/);
    expect(told).toEqual([passwordOf("next")]);
    expect(JSON.parse(values["next"] ?? "{}")).toMatchObject({ username: old.username, note: old.note });
  });

  test("comes to the same when each step is taken twice", async () => {
    for (const step of steps) {
      await take(step);
      await take(step);
    }
    expect(puts).toBe(1);
    expect(new Set(told)).toEqual(new Set([passwordOf("next")]));
    expect(inStage("AWSCURRENT")).toEqual(["next"]);
  });

  test("draws another password each time", async () => {
    await take("createSecret");
    stages["later"] = ["AWSPENDING"];
    await take("createSecret", "later");
    expect(passwordOf("later")).not.toBe(passwordOf("next"));
  });

  test("mends a secret that the database does not know: the old password is asked for nowhere", async () => {
    values["first"] = JSON.stringify({ ...old, password: "a deployment's" });
    for (const step of steps) await take(step);
    expect(told).toEqual([passwordOf("next")]);
  });

  test("that is over changes nothing, whichever step comes late", async () => {
    for (const step of steps) await take(step);
    const [kept, before] = [{ ...values }, told.length];
    for (const step of steps) await take(step);
    expect([values, told.length]).toEqual([kept, before]);
  });
});

describe("a step", () => {
  test("takes the password of the one that was faster beside it", async () => {
    const send = vi.mocked(SecretsManagerClient.prototype.send);
    send.mockImplementation(async (command: unknown) => {
      if (command instanceof PutSecretValueCommand)
        values["next"] ??= JSON.stringify({ ...old, password: "its" });
      return secretsManager(command);
    });
    await take("createSecret");
    expect(passwordOf("next")).toBe("its");
  });

  test.each(steps)("%s changes nothing while the rotation is off", async (step) => {
    isOn = false;
    await expect(take(step)).rejects.toThrow(`the rotation of ${secret} is off`);
    expect([values, told]).toEqual([{ first: JSON.stringify(old) }, []]);
  });

  test.each(steps)("%s refuses a version that Secrets Manager did not begin", async (step) => {
    await expect(take(step, "unknown")).rejects.toThrow("waits for no version unknown");
  });

  test("that is none of the four is refused", async () => {
    await expect(take("deleteSecret")).rejects.toThrow("Step");
  });

  test("setSecret without a drawn password says so, and RDS is told nothing", async () => {
    await expect(take("setSecret")).rejects.toThrow("has no password in version next");
    expect(told).toEqual([]);
  });

  test("createSecret says what is wrong with a secret that a person spoilt, and not what is in it", async () => {
    values["first"] = 'password: "hunter2"';
    const thrown = await take("createSecret").catch((error: unknown) => error as Error);
    expect(String(thrown)).toContain("is no username and password as JSON");
    expect(JSON.stringify(thrown, Object.getOwnPropertyNames(thrown))).not.toContain("hunter2");
  });

  test("testSecret gives up while RDS still works on it, and the old password stays the one that counts", async () => {
    await take("createSecret");
    await take("setSecret");
    [looks, remainingMs] = [1_000, 20_000];
    await expect(take("testSecret")).rejects.toThrow(
      "has not applied the new password of books, which is resetting-master-credentials",
    );
    expect(inStage("AWSCURRENT")).toEqual(["first"]);
  });

  test("testSecret is not content with a cluster that is available while the password waits", async () => {
    [status, looks, remainingMs] = ["available", 2, 20_000];
    await expect(take("testSecret")).rejects.toThrow("which is available");
  });

  test("testSecret is not content with a cluster that is not available, though nothing waits", async () => {
    [status, isPending, looks, remainingMs] = ["failing-over", false, 2, 20_000];
    await expect(take("testSecret")).rejects.toThrow("which is failing-over");
  });

  test("throws what RDS refuses, as of a cluster that follows another region's", async () => {
    await take("createSecret");
    vi.mocked(RDSClient.prototype.send).mockImplementation(async () => {
      throw new Error("the password of a secondary cluster cannot be modified");
    });
    await expect(take("setSecret")).rejects.toThrow("secondary cluster");
    expect(inStage("AWSCURRENT")).toEqual(["first"]);
  });
});
