import { setTimeout as sleep } from "node:timers/promises";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Pool } from "pg";
import { BooksComparing } from "#adapters/books/comparing.ts";
import { LedgerFolds } from "#adapters/dynamodb/ledger-folds.ts";
import { createRedshiftData, DataApi } from "#adapters/warehouse/data-api.ts";
import { WarehouseBalances } from "#adapters/warehouse/warehouse-balances.ts";
import { tracedClient } from "#adapters/xray/aws-calls.ts";
import { type Comparing, type Comparison, compare } from "./compare.ts";
import type { ProofMade } from "./prove.ts";
import type { ReconcilerSettings } from "./settings.ts";

export interface ProofsOptions {
  readonly compare: (signal: AbortSignal) => Promise<Comparison>;
  readonly prove: (comparison: Comparison) => Promise<readonly ProofMade[]>;
}

/** Makes proofs when somebody asks for one: first it compares, and that may take as long as the books need to come. */
export class Proofs {
  readonly #options: ProofsOptions;
  readonly #brokenOff = new AbortController();
  #isComparing = false;

  constructor(options: ProofsOptions) {
    this.#options = options;
  }

  /**
   * @returns the proofs that got into the archive. None where one is under way that has not begun to name files: what came
   * before this call is in that one, and whoever asked for it asks again should it fail.
   */
  async ask(): Promise<readonly ProofMade[]> {
    if (this.#isComparing) return [];
    this.#isComparing = true;
    let comparison: Comparison;
    try {
      comparison = await this.#options.compare(this.#brokenOff.signal);
    } finally {
      this.#isComparing = false;
    }
    return this.#options.prove(comparison);
  }

  /** Whoever waits for the books waits no longer: his call throws. */
  breakOff(): void {
    this.#brokenOff.abort();
  }
}

/** Holds ledger, books and warehouse against each other, as the settings say where they are. */
export function comparisonsOf(
  settings: ReconcilerSettings,
  pool: Pool,
  dynamoDb: DynamoDBClient,
): (signal: AbortSignal) => Promise<Comparison> {
  const books = new BooksComparing(pool);
  const ledger = new LedgerFolds(dynamoDb, settings.tables);
  const { warehouse } = settings;
  const balances =
    warehouse && new WarehouseBalances(new DataApi(tracedClient(createRedshiftData()), warehouse));
  return (signal) => {
    const comparing: Comparing = {
      ledger: { ledger, books, clock: Date.now, sleep: (ms) => sleep(ms, undefined, { signal }) },
      warehouse: balances && { books, warehouse: balances },
    };
    return compare(comparing, () => signal.aborted);
  };
}
