import { absurd } from "../kernel/invariant.ts";
import type { AcquirerOutcome } from "./outcome.ts";
import type { HealthView } from "./routing.ts";

/** Failures in a row, none more than `failureWindowMs` after the one before, that open a circuit. */
export const failuresMax = 5;
export const failureWindowMs = 30_000;
/** How long a circuit stays open: the first time the minimum, doubled after every failed probe up to the maximum. */
export const openMsMin = 5_000;
export const openMsMax = 60_000;
/** A probe whose end was never reported (its process died) is forgotten after this long. */
export const probeMsMax = 30_000;

/**
 * One acquirer's health as one process sees it. Times are epoch milliseconds.
 *
 * - `closed` → `open` after `failuresMax` failures in a row
 * - `open` → `half_open` when a request is attempted after `until`
 * - `half_open` → `closed` when the probe succeeds, `open` when it fails
 *
 * Losing it does no harm: `initialCircuit` asks an unhealthy acquirer a few times more than it should have been.
 */
export type Circuit =
  | { readonly phase: "closed"; readonly failures: number; readonly lastFailureAt: number }
  | { readonly phase: "open"; readonly until: number; readonly openMs: number }
  /** One probe is under way; others wait for it, at most to `until`. */
  | { readonly phase: "half_open"; readonly until: number; readonly openMs: number };

/** `attempted` comes before the request is sent, and one of the others after it. */
export type CircuitEvent = "attempted" | "succeeded" | "failed";

export const initialCircuit: Circuit = { phase: "closed", failures: 0, lastFailureAt: 0 };

/** Whether a request may be sent now. An open circuit whose time has passed admits one probe. */
export const admits = (circuit: Circuit, now: number): boolean =>
  circuit.phase === "closed" || now >= circuit.until;

export function evolve(circuit: Circuit, event: CircuitEvent, now: number): Circuit {
  switch (circuit.phase) {
    case "closed":
      return evolveClosed(circuit, event, now);
    case "open":
      // What ends now was sent before the circuit opened, and says nothing about the present.
      if (event !== "attempted" || now < circuit.until) return circuit;
      return { phase: "half_open", until: now + probeMsMax, openMs: circuit.openMs };
    case "half_open":
      return evolveHalfOpen(circuit, event, now);
    default:
      return absurd(circuit);
  }
}

function evolveClosed(
  circuit: Extract<Circuit, { phase: "closed" }>,
  event: CircuitEvent,
  now: number,
): Circuit {
  switch (event) {
    case "attempted":
      return circuit;
    case "succeeded":
      return initialCircuit;
    case "failed": {
      const inARow = now - circuit.lastFailureAt <= failureWindowMs ? circuit.failures + 1 : 1;
      if (inARow < failuresMax) return { phase: "closed", failures: inARow, lastFailureAt: now };
      return { phase: "open", until: now + openMsMin, openMs: openMsMin };
    }
    default:
      return absurd(event);
  }
}

function evolveHalfOpen(
  circuit: Extract<Circuit, { phase: "half_open" }>,
  event: CircuitEvent,
  now: number,
): Circuit {
  switch (event) {
    case "attempted":
      return now < circuit.until ? circuit : { ...circuit, until: now + probeMsMax };
    case "succeeded":
      return initialCircuit;
    case "failed": {
      const openMs = Math.min(circuit.openMs * 2, openMsMax);
      return { phase: "open", until: now + openMs, openMs };
    }
    default:
      return absurd(event);
  }
}

/** A decline is an answer: the acquirer is well, whatever the issuer says. */
export function circuitEventOf(outcome: AcquirerOutcome): Exclude<CircuitEvent, "attempted"> {
  switch (outcome.kind) {
    case "approved":
    case "pending":
    case "declined":
      return "succeeded";
    case "not_attempted":
    case "unknown":
      return "failed";
    default:
      return absurd(outcome);
  }
}

/** What routing asks. An acquirer that nothing is known about is healthy. */
export const healthAt = (circuits: ReadonlyMap<string, Circuit>, now: number): HealthView => ({
  admits: (acquirer) => admits(circuits.get(acquirer) ?? initialCircuit, now),
});
