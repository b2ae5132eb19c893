import type { AccountId, Book } from "#core/ledger/account.ts";
import type { NetBalance } from "#core/proof/ledgers.ts";
import { type DataApi, StatementFailed } from "./data-api.ts";
import { reports } from "./warehouse.ts";

/** What the warehouse says of accounts, for whoever compares. It reads what finance reads. */
export class WarehouseBalances {
  readonly #api: DataApi;

  constructor(api: DataApi) {
    this.#api = api;
  }

  /**
   * Up to when (epoch milliseconds) the stream was taken over; undefined where it never was.
   * @throws StatementFailed
   */
  async loadedUntil(): Promise<number | undefined> {
    try {
      const { rows } = await this.#api.ask(
        "SELECT to_char(max(refreshed_at), 'YYYY-MM-DD HH24:MI:SS') FROM finance.loads",
      );
      const at = rows[0]?.[0];
      return typeof at === "string" ? Date.parse(`${at.replace(" ", "T")}Z`) : undefined;
    } catch (thrown) {
      // Its first load makes it.
      if (thrown instanceof StatementFailed && /does not exist/.test(thrown.message)) return undefined;
      throw thrown;
    }
  }

  /**
   * What was recorded from one moment on and before another one (epoch milliseconds) moved, account by account.
   * @throws StatementFailed
   */
  async movedBetween(since: number, until: number): Promise<readonly NetBalance[]> {
    const report = reports().find(({ name }) => name === "balances");
    if (report === undefined) throw new Error("there is no report of balances");
    const { columns, rows } = await this.#api.ask(report.sql, { since: timeOf(since), until: timeOf(until) });
    return rows.map((row): NetBalance => {
      const of = (name: string): string => String(row[columns.indexOf(name)] ?? "0");
      return {
        ...{ book: of("merchant") as Book, account: of("account") as AccountId, currency: of("currency") },
        ...{ posted: BigInt(of("balance")), held: BigInt(of("held")) },
      };
    });
  }
}

/** As reports have time: UTC, without a zone. */
const timeOf = (at: number): string => new Date(at).toISOString().replace("T", " ").replace("Z", "");
