import { either, type Violation, without } from "./violation.ts";

const cluster = (inputs: object) => ({
  type: "aws:rds/cluster:Cluster",
  inputs: { masterUsername: "keeper", ...inputs },
});
const version = (password: string) => ({
  type: "aws:secretsmanager/secretVersion:SecretVersion",
  inputs: { secretId: "it", secretString: JSON.stringify({ password }) },
});
const rotation = { type: "aws:secretsmanager/secretRotation:SecretRotation", inputs: { secretId: "it" } };
const drawn = cluster({ globalClusterIdentifier: "books", masterPassword: "drawn" });

export const secretViolations: readonly Violation[] = [
  // Kept, and for ever; or it is another one that changes.
  {
    rule: "owner-password-kept",
    broken: [drawn, version("another"), rotation],
    kept: [drawn, version("drawn"), rotation],
  },
  without("secrets-rotate", { type: "aws:secretsmanager/secret:Secret", inputs: {} }, rotation),
  either(
    "secrets-rotate-in-time",
    "aws:secretsmanager/secretRotation:SecretRotation",
    { rotationRules: { automaticallyAfterDays: 365 } },
    { rotationRules: { automaticallyAfterDays: 7 } },
  ),
  {
    rule: "passwords-not-set-back",
    broken: [drawn, version("drawn"), rotation],
    kept: [
      { ...drawn, options: { ignoreChanges: ["masterPassword"] } },
      { ...version("drawn"), options: { ignoreChanges: ["secretString"] } },
      rotation,
    ],
  },
];
