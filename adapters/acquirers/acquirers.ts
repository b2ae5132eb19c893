import {
  type Circuit,
  type CircuitEvent,
  circuitEventOf,
  evolve,
  healthAt,
  initialCircuit,
} from "#core/acquiring/circuit-breaker.ts";
import type { DisputeDesk, DisputeDesks } from "#core/acquiring/disputes.ts";
import type { AcquirerOutcome, Inquiry } from "#core/acquiring/outcome.ts";
import type { Acquirer, Acquirers } from "#core/acquiring/port.ts";
import { route } from "#core/acquiring/routing.ts";
import { invariant } from "#core/kernel/invariant.ts";
import { HttpAcquirer } from "./http-acquirer.ts";
import { apiKeysOf } from "./secrets.ts";
import { parseAcquirerSettings } from "./settings.ts";

/** One per process: it holds the acquirers' sockets and what is known of their health. */
export interface HttpAcquirers extends Acquirers, DisputeDesks {
  /** Cuts every connection. */
  close(): void;
}

export interface AcquirersOptions {
  /** Epoch milliseconds. */
  readonly clock?: () => number;
  /** The ACQUIRER_API_KEYS variable, see `apiKeysOf`. */
  readonly apiKeys?: string | undefined;
  /** Is told each request that an acquirer did not decide. */
  readonly onSilence?: (silence: Silence) => void;
}

/** A request to an acquirer that ended without its word. */
export interface Silence {
  readonly acquirer: string;
  /** As the outcome or the inquiry says it: `no_answer:deadline`, `answer:http_500`. */
  readonly reason: string;
}

/**
 * @param settings the ACQUIRERS variable, see `parseAcquirerSettings`.
 * @throws AcquirerSettingsInvalid
 */
export function createAcquirers(settings: string, options: AcquirersOptions = {}): HttpAcquirers {
  const { clock = Date.now, onSilence } = options;
  const profiles = parseAcquirerSettings(settings);
  const apiKeys = apiKeysOf(profiles, options.apiKeys);
  const circuits = new Map<string, Circuit>();
  const clients = profiles.map(({ name, url }) => {
    const apiKey = apiKeys.get(name);
    invariant(apiKey !== undefined, `${name} has its key`);
    return new HttpAcquirer({ name, url, clock, apiKey });
  });
  const watched = new Map(clients.map((client) => [client.name, watch(client, circuits, clock, onSilence)]));
  const desks = new Map(clients.map((client) => [client.name, heard(client, onSilence)]));
  return {
    route: (request) => route(profiles, request, healthAt(circuits, clock())),
    names: profiles.map(({ name }) => name),
    named: (name) => {
      const acquirer = watched.get(name);
      invariant(acquirer !== undefined, `the acquirer ${name} is in the settings`);
      return acquirer;
    },
    desk: (name) => {
      const desk = desks.get(name);
      invariant(desk !== undefined, `the acquirer ${name} is in the settings`);
      return desk;
    },
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

/** Asks as `acquirer` does, and remembers how it went. */
function watch(
  acquirer: Acquirer,
  circuits: Map<string, Circuit>,
  clock: () => number,
  onSilence: AcquirersOptions["onSilence"],
): Acquirer {
  const { name } = acquirer;
  const note = (event: CircuitEvent) =>
    circuits.set(name, evolve(circuits.get(name) ?? initialCircuit, event, clock()));
  const watched = async <Answer extends AcquirerOutcome | Inquiry>(
    ask: () => Promise<Answer>,
    eventOf: (answer: Answer) => CircuitEvent,
  ): Promise<Answer> => {
    note("attempted");
    const answer = await ask();
    const event = eventOf(answer);
    note(event);
    if (event === "failed" && "reason" in answer) onSilence?.({ acquirer: name, reason: answer.reason });
    return answer;
  };
  const asked = (ask: () => Promise<AcquirerOutcome>) => watched(ask, circuitEventOf);
  return {
    name,
    authorize: (request) => asked(() => acquirer.authorize(request)),
    capture: (request) => asked(() => acquirer.capture(request)),
    void: (request) => asked(() => acquirer.void(request)),
    refund: (request) => asked(() => acquirer.refund(request)),
    reverse: (request) => asked(() => acquirer.reverse(request)),
    // An acquirer that knows nothing of a key is as well as one that does.
    inquire: (request) =>
      watched(
        () => acquirer.inquire(request),
        ({ kind }) => (kind === "unavailable" ? "failed" : "succeeded"),
      ),
  };
}

/** Its silence about disputes is told as well, and says nothing of how well it authorizes. */
function heard(
  acquirer: DisputeDesk & { readonly name: string },
  onSilence: AcquirersOptions["onSilence"],
): DisputeDesk {
  const told = <Answer extends { readonly kind: string }>(answer: Answer): Answer => {
    if ("reason" in answer) onSilence?.({ acquirer: acquirer.name, reason: String(answer.reason) });
    return answer;
  };
  return {
    submitEvidence: async (request) => told(await acquirer.submitEvidence(request)),
    inquireDispute: async (request) => told(await acquirer.inquireDispute(request)),
  };
}
