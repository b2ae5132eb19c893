import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { answersKeptSeconds } from "#functions/kept-answers.ts";
import { production, projectRoot } from "./committed-plan.ts";

/** The page that says what is kept of people is held against production's plan. */

const page = readFileSync(join(projectRoot, "docs/retention.md"), "utf8");

/** Stores by name, and for how long the page says that they keep. */
const rows = new Map(
  page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const [, name = "", , kept = ""] = line.split("|").map((cell) => cell.trim());
      return [name.replaceAll("`", ""), kept] as const;
    }),
);

const storeTypes = [
  "aws:dynamodb/table:Table",
  "aws:s3/bucket:Bucket",
  "aws:kinesis/stream:Stream",
  "aws:rds/cluster:Cluster",
  "aws:redshiftserverless/namespace:Namespace",
  "aws:elasticache/serverlessCache:ServerlessCache",
  "aws:backup/vault:Vault",
];

/** For how long a lifecycle leaves what a bucket holds, in days. */
function daysIn(bucket: string): number | undefined {
  const { rules } = production.resource<{
    rules: readonly { id: string; expiration?: { days: number } }[];
  }>(`${bucket}Lifecycle`).inputs;
  return rules.find(({ id }) => id === "keep")?.expiration?.days;
}

describe("what is kept of people", () => {
  it("is said of each store of the plan, and of nothing else", () => {
    const stores = storeTypes.flatMap((type) => production.ofType(type).map(({ name }) => name));
    expect([...rows.keys()].toSorted()).toEqual(stores.toSorted());
  });

  it("is deleted from buckets when the page says so", () => {
    for (const { name } of production.ofType("aws:s3/bucket:Bucket"))
      expect([name, rows.get(name)]).toEqual([name, expect.stringContaining(`${daysIn(name)} days`)]);
  });

  it("is locked in the archives for as long as the page says", () => {
    for (const name of ["ArchiveBucket", "ArchiveReplicaBucket"]) {
      const { rule } = production.resource<{ rule: { defaultRetention: { days: number } } }>(
        `${name}Lock`,
      ).inputs;
      expect(rows.get(name)).toContain(`locked ${rule.defaultRetention.days} days`);
    }
  });

  it("goes from tables by time where the page says so, and stays in all others", () => {
    type Ttl = { readonly attributeName: string; readonly enabled: boolean };
    for (const { name, inputs } of production.ofType<{ ttl?: Ttl }>("aws:dynamodb/table:Table")) {
      const { ttl } = inputs;
      const expected = ttl?.enabled ? `(\`${ttl.attributeName}\`)` : "for ever";
      expect([name, rows.get(name)]).toEqual([name, expect.stringContaining(expected)]);
    }
    expect(rows.get("IdempotencyTable")).toContain(`${answersKeptSeconds / 3_600} hours`);
    expect(rows.get("EventsTable")).toContain("30 days");
  });

  it("goes from the stream and from backups when the page says so", () => {
    const { retentionPeriod } = production.resource<{ retentionPeriod: number }>("PaymentEvents").inputs;
    expect(rows.get("PaymentEvents")).toBe(`${retentionPeriod} hours`);
    const { rules } = production.resource<{
      rules: readonly { ruleName: string; lifecycle: { deleteAfter: number } }[];
    }>("BackupPlan").inputs;
    const [daily, monthly] = ["daily", "monthly"].map(
      (name) => rules.find(({ ruleName }) => ruleName === name)?.lifecycle.deleteAfter,
    );
    for (const vault of ["Backups", "BackupCopies"])
      expect(rows.get(vault)).toBe(`${daily} days, of a month's first day ${monthly} days`);
    for (const days of [daily, monthly]) expect(page).toContain(`| ${days} days | `);
    const { backupRetentionPeriod } = production.resource<{ backupRetentionPeriod: number }>("Books").inputs;
    expect(rows.get("Books")).toContain(`its backups ${backupRetentionPeriod} days`);
  });
});
