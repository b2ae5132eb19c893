import { z } from "zod";
import { type KeyPlan, namesOf } from "../kms/key.ts";
import { keyPlansOf } from "../kms/plan.ts";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";

const keyedBy = z.object({ name: z.string(), hashKey: z.string().optional() });
const tableInputs = z.object({
  name: z.string(),
  hashKey: z.string(),
  globalSecondaryIndexes: z.array(keyedBy).default([]),
  localSecondaryIndexes: z.array(keyedBy).default([]),
  serverSideEncryption: z.object({ kmsKeyArn: z.string().optional() }).optional(),
});

/** What IAM must know of a table. */
interface TableFacts {
  readonly hashKey: string;
  /** Partition keys of its indexes, by their names. */
  readonly indexHashKeys: ReadonlyMap<string, string>;
  /** The customer's key that it is encrypted under, if it is. */
  readonly keyArn: string | undefined;
}

/** What the plan says about the resources that calls name. */
export interface EstateFacts {
  readonly region: string;
  readonly account: string;
  readonly tables: ReadonlyMap<string, TableFacts>;
  /** ARNs of keys by their ids, ARNs, aliases and alias ARNs. */
  readonly keyArns: ReadonlyMap<string, string>;
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
  return { region, account, tables: new Map(tables), keyArns: new Map(keyArns) };
}

/** `tallystick-local-payments`, of a table's name or ARN. */
export const tableNameOf = (nameOrArn: string): string => nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1);
