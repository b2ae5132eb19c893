import { describe, expect, it } from "vitest";
import { committed, production as home, type RoleInputs } from "./committed-plan.ts";
import type { Resource } from "./plan-view.ts";

/** Files and archived events of two regions that are one production (ADR 45). */
const standby = committed("production-standby");
const arnOf = ({ outputs }: Resource<unknown>): string => String(outputs?.["arn"]);

describe("files and archived events", () => {
  interface Rule {
    readonly status: string;
    readonly destination: {
      readonly bucket: string;
      readonly encryptionConfiguration: { readonly replicaKmsKeyId: string };
      readonly replicationTime: { readonly status: string };
      readonly metrics: { readonly status: string };
    };
  }
  const copies = [
    { what: "Inbound", config: "InboundCopy", key: "InboundKeyReplica", alarm: "FileCopiesFailAlarm" },
    { what: "Archive", config: "ArchiveCopy", key: "ArchiveReplicaKey", alarm: "ReplicaCopiesFailAlarm" },
  ];

  it.each(copies)(
    "$what: each is copied into the other region, under a key of that region",
    ({ what, config, key }) => {
      const replica = home.resource<{ readonly region: string }>(`${what}ReplicaBucket`);
      expect(replica.inputs.region).toBe(standby.region);
      const { rules } = home.resource<{ readonly rules: readonly Rule[] }>(config).inputs;
      const rule = rules.find(({ destination }) => destination.bucket === arnOf(replica));
      expect(rule).toMatchObject({
        status: "Enabled",
        destination: {
          encryptionConfiguration: { replicaKmsKeyId: arnOf(home.resource(key)) },
          replicationTime: { status: "Enabled" },
          metrics: { status: "Enabled" },
        },
      });
      expect(arnOf(home.resource(key))).toContain(`:${standby.region}:`);
    },
  );

  it.each(copies)(
    "$what: whoever copies may use the key there, through S3 there",
    ({ config, what, key }) => {
      const { inlinePolicies } = home.resource<RoleInputs>(`${config}Role`).inputs;
      const statement = inlinePolicies
        .flatMap(({ policy }) => policy.Statement)
        .find(({ Resource }) => Resource === arnOf(home.resource(key)));
      expect(statement?.Condition?.["StringEquals"]).toEqual({
        "kms:ViaService": `s3.${standby.region}.amazonaws.com`,
        "kms:EncryptionContext:aws:s3:arn": arnOf(home.resource(`${what}ReplicaBucket`)),
      });
    },
  );

  it.each(copies)("$what: a copy that fails is alarmed", ({ what, alarm }) => {
    const { bucket } = home.resource<{ readonly bucket: string }>(`${what}ReplicaBucket`).inputs;
    expect(home.resource(alarm).inputs).toMatchObject({
      metricName: "OperationsFailedReplication",
      dimensions: { DestinationBucket: bucket },
    });
  });

  it("are guarded there as they are here, the archive under a lock", () => {
    for (const name of ["InboundReplica", "ArchiveReplica"])
      for (const guard of ["PublicAccess", "Policy", "Versioning", "Encryption", "Lifecycle"])
        expect(home.resource(`${name}Bucket${guard}`).inputs, name + guard).toMatchObject({
          region: standby.region,
        });
    const lock = home.resource<{ readonly rule: object }>("ArchiveBucketLock").inputs;
    expect(home.resource("ArchiveReplicaBucketLock").inputs).toMatchObject({
      region: standby.region,
      rule: lock.rule,
    });
  });

  it("of acquirers are the standby's own once it is open: it makes no bucket for them", () => {
    const made = standby.ofType<{ readonly bucket: string }>("aws:s3/bucket:Bucket").map(({ name }) => name);
    expect(made).toContain("ArchiveBucket");
    expect(made).not.toContain("InboundBucket");
  });
});

it("how far the tables are behind is alarmed after a minute, for each of them", () => {
  const { metricQueries, threshold } = home.resource<{
    readonly threshold: number;
    readonly metricQueries: readonly {
      readonly metric?: {
        readonly metricName: string;
        readonly dimensions: Readonly<Record<string, string>>;
      };
    }[];
  }>("ReplicasBehindAlarm").inputs;
  const watched = metricQueries.flatMap(({ metric }) => metric ?? []);
  expect(new Set(watched.map(({ dimensions }) => dimensions["TableName"]))).toEqual(
    new Set(
      home.ofType<{ readonly name: string }>("aws:dynamodb/table:Table").map(({ inputs }) => inputs.name),
    ),
  );
  for (const { metricName, dimensions } of watched) {
    expect(metricName).toBe("ReplicationLatency");
    expect(dimensions["ReceivingRegion"]).toBe(standby.region);
  }
  expect(threshold).toBe(60_000);
});
