import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  admits,
  type Circuit,
  type CircuitEvent,
  circuitEventOf,
  evolve,
  failuresMax,
  failureWindowMs,
  healthAt,
  initialCircuit,
  openMsMax,
  openMsMin,
  probeMsMax,
} from "./circuit-breaker.ts";
import type { AcquirerOutcome } from "./outcome.ts";

const start = 1_700_000_000_000;

/** A circuit after these events, all at `at`. */
const circuitAfter = (events: readonly CircuitEvent[], at = start, from: Circuit = initialCircuit): Circuit =>
  events.reduce((circuit, event) => evolve(circuit, event, at), from);

const opened = circuitAfter(Array<CircuitEvent>(failuresMax).fill("failed"));
const probing = evolve(opened, "attempted", start + openMsMin);

describe("a closed circuit", () => {
  it("opens at the last of the failures in a row that it tolerates", () => {
    const almost = circuitAfter(Array<CircuitEvent>(failuresMax - 1).fill("failed"));
    expect(almost.phase).toBe("closed");
    expect(evolve(almost, "failed", start)).toEqual({
      phase: "open",
      until: start + openMsMin,
      openMs: openMsMin,
    });
  });

  it("starts to count again after a success", () => {
    const almost = circuitAfter(Array<CircuitEvent>(failuresMax - 1).fill("failed"));
    expect(circuitAfter(["succeeded", "failed"], start, almost)).toEqual({
      phase: "closed",
      failures: 1,
      lastFailureAt: start,
    });
  });

  it("does not add up failures that are far apart", () => {
    let circuit: Circuit = initialCircuit;
    for (let n = 0; n < failuresMax * 3; n++) {
      circuit = evolve(circuit, "failed", start + n * (failureWindowMs + 1));
    }
    expect(circuit.phase).toBe("closed");
  });
});

describe("an open circuit", () => {
  it("admits nothing until its time has passed, and then a probe", () => {
    expect(admits(opened, start)).toBe(false);
    expect(admits(opened, start + openMsMin - 1)).toBe(false);
    expect(admits(opened, start + openMsMin)).toBe(true);
  });

  it.each<CircuitEvent>(["succeeded", "failed", "attempted"])(
    "is not moved by %s of a request from before it opened",
    (event) => {
      expect(evolve(opened, event, start + 1)).toBe(opened);
    },
  );
});

describe("a half-open circuit", () => {
  it("admits one probe only", () => {
    expect(probing.phase).toBe("half_open");
    expect(admits(probing, start + openMsMin)).toBe(false);
  });

  it("closes when the probe succeeds", () => {
    expect(evolve(probing, "succeeded", start + openMsMin + 100)).toEqual(initialCircuit);
  });

  it("opens for twice as long when the probe fails, up to the maximum", () => {
    let now = start + openMsMin;
    let circuit = probing;
    const waits: number[] = [];
    for (let n = 0; n < 6; n++) {
      circuit = evolve(circuit, "failed", now);
      if (circuit.phase !== "open") throw new Error(`expected open, got ${circuit.phase}`);
      waits.push(circuit.until - now);
      now = circuit.until;
      circuit = evolve(circuit, "attempted", now);
    }
    expect(waits).toEqual([10_000, 20_000, 40_000, openMsMax, openMsMax, openMsMax]);
  });

  it("admits another probe when the first one's end was never reported", () => {
    const lost = start + openMsMin + probeMsMax;
    expect(admits(probing, lost - 1)).toBe(false);
    expect(admits(probing, lost)).toBe(true);
    expect(admits(evolve(probing, "attempted", lost), lost)).toBe(false);
  });
});

describe("any history", () => {
  const histories = fc.array(
    fc.tuple(fc.constantFrom<CircuitEvent>("attempted", "succeeded", "failed"), fc.nat({ max: 40_000 })),
    { maxLength: 60 },
  );
  const replay = (history: readonly (readonly [CircuitEvent, number])[]) =>
    history.reduce(
      ({ circuit, now }, [event, waitMs]) => ({
        circuit: evolve(circuit, event, now + waitMs),
        now: now + waitMs,
      }),
      { circuit: initialCircuit, now: start },
    );

  it("admits a request again soon after its last event", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { circuit, now } = replay(history);
        expect(admits(circuit, now + Math.max(openMsMax, probeMsMax))).toBe(true);
      }),
    );
  });

  it("refuses nothing while every request succeeds", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { circuit, now } = replay(history.filter(([event]) => event !== "failed"));
        expect(admits(circuit, now)).toBe(true);
      }),
    );
  });

  it("closes from anywhere once requests succeed", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { circuit, now } = replay(history);
        const later = now + Math.max(openMsMax, probeMsMax);
        expect(circuitAfter(["attempted", "succeeded"], later, circuit)).toEqual(initialCircuit);
      }),
    );
  });
});

describe("what routing sees", () => {
  it("admits an acquirer that nothing is known about, and refuses an open one", () => {
    const health = healthAt(new Map([["alpha", opened]]), start);
    expect([health.admits("alpha"), health.admits("beta")]).toEqual([false, true]);
  });

  it.each<[AcquirerOutcome, string]>([
    [{ kind: "approved", reference: "a" }, "succeeded"],
    [{ kind: "pending", reference: "a" }, "succeeded"],
    [{ kind: "declined", code: "insufficient_funds" }, "succeeded"],
    [{ kind: "not_attempted", reason: "no_connection:ECONNREFUSED" }, "failed"],
    [{ kind: "unknown", reason: "no_answer:deadline" }, "failed"],
  ])("counts %o as %s", (outcome, event) => {
    expect(circuitEventOf(outcome)).toBe(event);
  });
});
