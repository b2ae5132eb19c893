import { err, ok, type Result } from "../kernel/result.ts";

/** A region's taking over, as it is written down. */
export interface Failover {
  /** In which the region writes from then on: 2 or more, for the first region began with 1. */
  readonly epoch: number;
  readonly state: "begun" | "open";
}

export type AdmitRefusal =
  /** This region has taken over already, or is the one that never left: there is nothing to take over from. */
  | { readonly code: "region_is_open"; readonly epoch: number }
  /** A later region has the books: what this one wrote would be fenced everywhere. */
  | { readonly code: "epoch_is_not_later"; readonly epoch: number; readonly books: number };

/** The epoch of the books before anybody took over. */
const firstEpoch = 1;

/**
 * May a region of this epoch take over? One that began and did not come to its end may go on.
 * @param latest what was written down of the last failover; undefined when there never was one.
 */
export function admit(
  epoch: number,
  latest: Failover | undefined,
): Result<"begins" | "goes_on", AdmitRefusal> {
  const books = latest?.epoch ?? firstEpoch;
  if (epoch < books) return err({ code: "epoch_is_not_later", epoch, books });
  if (epoch > books) return ok("begins");
  return latest?.state === "begun" ? ok("goes_on") : err({ code: "region_is_open", epoch });
}
