import { z } from "zod";
import type { BooksAddress } from "#adapters/books/connection.ts";
import { type Epoch, parseEpoch } from "#adapters/dynamodb/fence.ts";
import type { WarehouseAddress } from "#adapters/warehouse/data-api.ts";

const port = z.coerce.number().int().min(1).max(65_535);
const booksVariables = z.object({
  AWS_REGION: z.string().min(1),
  BOOKS_HOST: z.string().min(1),
  BOOKS_PORT: port.default(5_432),
  BOOKS_DATABASE: z.string().min(1),
  BOOKS_USER: z.string().min(1),
  BOOKS_PASSWORD: z.string().min(1).optional(),
});
const variables = booksVariables.extend({
  JOURNAL_FILES_QUEUE_URL: z.url(),
  INBOUND_FILES_QUEUE_URL: z.url(),
  PAYMENTS_TABLE: z.string().min(1),
  LEDGER_TABLE: z.string().min(1),
  MERCHANTS_TABLE: z.string().min(1),
  EPOCH: z.string().min(1),
  LEASE_SECONDS: z.coerce.number().int().min(5).max(43_200),
  PROOFS_BUCKET: z.string().min(1),
  PROOFS_KEY: z.string().startsWith("arn:"),
  WAREHOUSE_WORKGROUP: z.string().min(1).optional(),
  WAREHOUSE_DATABASE: z.string().min(1).default("warehouse"),
  HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(8_080),
});

export interface ReconcilerSettings {
  readonly region: string;
  readonly journalFilesQueueUrl: string;
  readonly inboundFilesQueueUrl: string;
  /** From where proofs get into the archive. */
  readonly proofsBucket: string;
  /** ARN of the key that signs them. */
  readonly proofsKey: string;
  readonly books: BooksAddress;
  readonly tables: { readonly payments: string; readonly ledger: string; readonly merchants: string };
  /** What the books are held against; undefined where there is none. */
  readonly warehouse: WarehouseAddress | undefined;
  readonly epoch: Epoch;
  /** What a killed process has begun, others take up after this many seconds. */
  readonly leaseSeconds: number;
  readonly healthPort: number;
}

/**
 * What the process is told by its environment.
 * @throws Error that names each variable that is missing or wrong.
 */
export function readSettings(environment: NodeJS.ProcessEnv): ReconcilerSettings {
  const told = read(variables, environment);
  return {
    region: told.AWS_REGION,
    journalFilesQueueUrl: told.JOURNAL_FILES_QUEUE_URL,
    inboundFilesQueueUrl: told.INBOUND_FILES_QUEUE_URL,
    proofsBucket: told.PROOFS_BUCKET,
    proofsKey: told.PROOFS_KEY,
    books: addressIn(told),
    tables: { payments: told.PAYMENTS_TABLE, ledger: told.LEDGER_TABLE, merchants: told.MERCHANTS_TABLE },
    warehouse:
      told.WAREHOUSE_WORKGROUP === undefined
        ? undefined
        : { workgroup: told.WAREHOUSE_WORKGROUP, database: told.WAREHOUSE_DATABASE },
    epoch: parseEpoch(told.EPOCH),
    leaseSeconds: told.LEASE_SECONDS,
    healthPort: told.HEALTH_PORT,
  };
}

/** What the migration is told by its environment: where the books are, and as whom to come in. @throws Error as above. */
export function readBooksSettings(
  environment: NodeJS.ProcessEnv,
): Pick<ReconcilerSettings, "region" | "books"> {
  const told = read(booksVariables, environment);
  return { region: told.AWS_REGION, books: addressIn(told) };
}

function read<Schema extends z.ZodType>(schema: Schema, environment: NodeJS.ProcessEnv): z.output<Schema> {
  const { success, data, error } = schema.safeParse(environment);
  if (success) return data;
  const wrong = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new Error(`the environment is not complete: ${wrong.join("; ")}`);
}

const addressIn = (told: z.output<typeof booksVariables>): BooksAddress => ({
  ...{ host: told.BOOKS_HOST, port: told.BOOKS_PORT, database: told.BOOKS_DATABASE },
  ...{ user: told.BOOKS_USER, password: told.BOOKS_PASSWORD },
});
