import { z } from "zod";
import { athenaPlanOf } from "../athena/workgroup-plan.ts";
import { type KeyPlan, namesOf } from "../kms/key.ts";
import { keyPlansOf } from "../kms/plan.ts";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";

const keyedBy = z.object({ name: z.string(), hashKey: z.string().optional() });
const tableInputs = z.object({
  name: z.string(),
  hashKey: z.string(),
  globalSecondaryIndexes: z.array(keyedBy).default([]),
  localSecondaryIndexes: z.array(keyedBy).default([]),
  serverSideEncryption: z.object({ kmsKeyArn: z.string().optional() }).optional(),
});

const encryptionTypes = [
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
];
const encryptionInputs = z.object({
  bucket: z.string(),
  rules: z.array(
    z.object({
      bucketKeyEnabled: z.boolean().default(false),
      applyServerSideEncryptionByDefault: z.object({ kmsMasterKeyId: z.string().optional() }).optional(),
    }),
  ),
});

const topicInputs = z.object({ name: z.string(), kmsMasterKeyId: z.string().optional() });

/** What IAM must know of a table. */
interface TableFacts {
  readonly hashKey: string;
  /** Partition keys of its indexes, by their names. */
  readonly indexHashKeys: ReadonlyMap<string, string>;
  /** The customer's key that it is encrypted under, if it is. */
  readonly keyArn: string | undefined;
}

/** The customer's key that a bucket encrypts its objects under. */
export interface BucketKey {
  readonly keyArn: string;
  /** S3 asks KMS for the bucket then, not for each object. */
  readonly isBucketKey: boolean;
}

/** What the plan says about the resources that calls name. */
export interface EstateFacts {
  readonly region: string;
  readonly account: string;
  readonly tables: ReadonlyMap<string, TableFacts>;
  /** By their names: buckets that have a key of their own. */
  readonly buckets: ReadonlyMap<string, BucketKey>;
  /** Keys of the customer's, by the ARNs of the topics that are encrypted under them. */
  readonly topicKeys: ReadonlyMap<string, string>;
  /** ARNs of keys by their ids, ARNs, aliases and alias ARNs. */
  readonly keyArns: ReadonlyMap<string, string>;
  /** Athena's, by their names. */
  readonly workgroups: readonly string[];
  /** Names of workgroups by the ids of the queries that are kept in them. */
  readonly namedQueries: ReadonlyMap<string, string>;
  /** ARNs of Redshift's workgroups by their names. */
  readonly warehouses: ReadonlyMap<string, string>;
  /** Keys of secrets that Redshift keeps, by the secrets' ARNs. */
  readonly secretKeys: ReadonlyMap<string, string>;
}

const workgroupInputs = z.object({ workgroupName: z.string() });
const workgroupOutputs = z.object({ arn: z.string().optional() });
const namespaceInputs = z.object({ adminPasswordSecretKmsKeyId: z.string().optional() });
const namespaceOutputs = z.object({ adminPasswordSecretArn: z.string().optional() });

function warehousesOf(plan: Plan): ReadonlyMap<string, string> {
  return new Map(
    resourcesOf(plan, "aws:redshiftserverless/workgroup:Workgroup").flatMap((resource) => {
      const { arn } = outputsOf(resource, workgroupOutputs);
      return arn === undefined ? [] : [[inputsOf(resource, workgroupInputs).workgroupName, arn] as const];
    }),
  );
}

function secretKeysOf(plan: Plan): ReadonlyMap<string, string> {
  return new Map(
    resourcesOf(plan, "aws:redshiftserverless/namespace:Namespace").flatMap((resource) => {
      const { adminPasswordSecretKmsKeyId: key } = inputsOf(resource, namespaceInputs);
      const { adminPasswordSecretArn: secret } = outputsOf(resource, namespaceOutputs);
      return key === undefined || secret === undefined ? [] : [[secret, key] as const];
    }),
  );
}

export function estateFactsOf(plan: Plan): EstateFacts {
  const { region, account } = plan;
  const tables = resourcesOf(plan, "aws:dynamodb/table:Table").map((resource) => {
    const table = inputsOf(resource, tableInputs);
    const indexes = [...table.globalSecondaryIndexes, ...table.localSecondaryIndexes];
    const facts: TableFacts = {
      hashKey: table.hashKey,
      indexHashKeys: new Map(indexes.map(({ name, hashKey }) => [name, hashKey ?? table.hashKey])),
      keyArn: table.serverSideEncryption?.kmsKeyArn,
    };
    return [table.name, facts] as const;
  });
  const keyArns = keyPlansOf(plan).flatMap((key: KeyPlan) =>
    namesOf(key).map((name) => [name, key.arn] as const),
  );
  const byName = new Map(keyArns);
  const { workgroups, namedQueries } = athenaPlanOf(plan);
  return {
    ...{ region, account, tables: new Map(tables), buckets: bucketKeysOf(plan, byName), keyArns: byName },
    workgroups: workgroups.map(({ name }) => name),
    namedQueries: new Map(namedQueries.map(({ id, workgroup }) => [id, workgroup])),
    ...{ warehouses: warehousesOf(plan), secretKeys: secretKeysOf(plan) },
    topicKeys: topicKeysOf(plan, byName),
  };
}

function topicKeysOf(plan: Plan, keyArns: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(
    resourcesOf(plan, "aws:sns/topic:Topic").flatMap((resource) => {
      const { name, kmsMasterKeyId = "" } = inputsOf(resource, topicInputs);
      const keyArn = keyArns.get(kmsMasterKeyId);
      return keyArn === undefined
        ? []
        : [[`arn:aws:sns:${plan.region}:${plan.account}:${name}`, keyArn] as const];
    }),
  );
}

/** A key of AWS's own (`aws/s3`) is open to whoever may read the bucket, and is not in the plan. */
function bucketKeysOf(plan: Plan, keyArns: ReadonlyMap<string, string>): ReadonlyMap<string, BucketKey> {
  const resources = encryptionTypes.flatMap((type) => resourcesOf(plan, type));
  return new Map(
    resources.flatMap((resource) => {
      const { bucket, rules } = inputsOf(resource, encryptionInputs);
      return rules.flatMap(
        ({ bucketKeyEnabled: isBucketKey, applyServerSideEncryptionByDefault: byDefault }) => {
          const keyArn = keyArns.get(byDefault?.kmsMasterKeyId ?? "");
          return keyArn === undefined ? [] : [[bucket, { keyArn, isBucketKey }] as const];
        },
      );
    }),
  );
}

/** `tallystick-local-payments`, of a table's name or ARN. */
export const tableNameOf = (nameOrArn: string): string => nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1);
