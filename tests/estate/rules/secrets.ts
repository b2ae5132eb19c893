import type { PlanView } from "../plan-view.ts";
import { each, type Rule } from "./rule.ts";

const rotationType = "aws:secretsmanager/secretRotation:SecretRotation";
const versionType = "aws:secretsmanager/secretVersion:SecretVersion";

interface Version {
  readonly secretId?: string;
  readonly secretString?: string;
}

export interface Cluster {
  readonly globalClusterIdentifier?: string;
  readonly manageMasterUserPassword?: boolean;
  readonly masterUsername?: string;
  readonly masterPassword?: string;
}

const isRotated = (plan: PlanView, secret: unknown): boolean =>
  plan.ofType<{ secretId?: string }>(rotationType).some(({ inputs }) => inputs.secretId === secret);

/** A cluster of a global database that is not the first one has the owner of that one. */
export const follows = ({ globalClusterIdentifier, masterUsername, masterPassword }: Cluster): boolean =>
  globalClusterIdentifier !== undefined && masterUsername === undefined && masterPassword === undefined;

const keeps = ({ secretString = "{}" }: Version, password: string | undefined): boolean =>
  password !== undefined && (JSON.parse(secretString) as { password?: unknown }).password === password;

const leavesAlone = (options: Readonly<Record<string, unknown>> | undefined, input: string): boolean =>
  ((options?.["ignoreChanges"] ?? []) as readonly string[]).includes(input);

/** Security Hub says so where nobody says otherwise. */
const rotationDaysMax = 90;

/** What nobody should know, where it is, and how long it counts. */
export const secretRules: readonly Rule[] = [
  {
    name: "owner-password-kept",
    shows: ["PCI 8.6.2"],
    says: "The password of the books' owner is RDS's, or in a secret that changes; in no file.",
    check: each<Cluster>("aws:rds/cluster:Cluster", (cluster, _, plan) => {
      if (cluster.manageMasterUserPassword || follows(cluster)) return false;
      const isKept = plan
        .ofType<Version>(versionType)
        .some(({ inputs }) => keeps(inputs, cluster.masterPassword) && isRotated(plan, inputs.secretId));
      return (
        !isKept &&
        "has an owner's password that no changing secret keeps: set manageMasterUserPassword, or rotate it"
      );
    }),
  },
  {
    name: "secrets-rotate",
    shows: ["PCI 8.6.3", "SecretsManager.1"],
    says: "A secret that AWS keeps for us changes by itself.",
    check: each(
      "aws:secretsmanager/secret:Secret",
      (_, { outputs }, plan) => !isRotated(plan, outputs?.["id"]) && "stays as it is: add a SecretRotation",
    ),
  },
  {
    name: "secrets-rotate-in-time",
    shows: ["PCI 8.6.3", "SecretsManager.4"],
    says: `A secret changes every ${rotationDaysMax} days at least.`,
    check: each<{ rotationRules?: { automaticallyAfterDays?: number } }>(
      rotationType,
      ({ rotationRules: { automaticallyAfterDays: days = Number.POSITIVE_INFINITY } = {} }) =>
        days > rotationDaysMax &&
        `changes after ${days} days: set automaticallyAfterDays to ${rotationDaysMax} or less`,
    ),
  },
  {
    name: "passwords-not-set-back",
    shows: ["PCI 8.6.3"],
    says: "A deployment leaves a password alone that has changed since.",
    check: (plan) => [
      ...each<Cluster>(
        "aws:rds/cluster:Cluster",
        ({ masterPassword }, { options }) =>
          masterPassword !== undefined &&
          !leavesAlone(options, "masterPassword") &&
          "gets its first password again by each deployment: ignore changes of masterPassword",
      )(plan),
      ...each<Version>(
        versionType,
        ({ secretId }, { options }) =>
          isRotated(plan, secretId) &&
          !leavesAlone(options, "secretString") &&
          "gets its first value again by each deployment: ignore changes of secretString",
      )(plan),
    ],
  },
];
