import type { Compared, LeftOut } from "#core/proof/archive-proof.ts";
import type { Finding } from "#core/proof/finding.ts";
import { compareLedger, type LedgerComparing } from "./compare-ledger.ts";
import { compareWarehouse, type WarehouseComparing } from "./compare-warehouse.ts";

/** What a proof says of the halves that must match, and what of them does not, in words. */
export interface Comparison {
  readonly compared: Compared;
  readonly findings: readonly string[];
}

export interface Comparing {
  readonly ledger: LedgerComparing;
  /** Undefined where there is no warehouse. */
  readonly warehouse: WarehouseComparing | undefined;
}

/**
 * Holds the ledger against the books, and the books against the warehouse. What could not be read is said in words, and is a
 * finding: a night of which nobody knows is none of which all is right, and files are proven all the same.
 * @throws what `sleep` throws when it is broken off
 */
export async function compare(
  { ledger, warehouse }: Comparing,
  isBrokenOff: () => boolean,
): Promise<Comparison> {
  const halves = async <Half>(
    name: string,
    work: () => Promise<{ readonly half: Half; readonly findings: readonly Finding[] }>,
  ): Promise<{ readonly half: Half | LeftOut; readonly findings: readonly string[] }> => {
    try {
      const { half, findings } = await work();
      return { half, findings: findings.map(({ subject, what }) => `${subject}: ${what}`) };
    } catch (thrown) {
      if (isBrokenOff()) throw thrown;
      const why = `${(thrown as Error).name}: ${(thrown as Error).message}`;
      return { half: { left_out: why }, findings: [`${name} were not compared: ${why}`] };
    }
  };
  const first = await halves("ledger and books", () => compareLedger(ledger));
  const second = await halves("books and warehouse", () => compareWarehouse(warehouse));
  return {
    compared: { ledger: first.half, warehouse: second.half },
    findings: [...first.findings, ...second.findings],
  };
}
