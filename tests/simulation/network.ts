import type { Exchange, Message, Question } from "#adapters/acquirers/channel.ts";
import type { AcquirerAuthorization } from "#core/proof/acquirers.ts";
import {
  type Operation,
  type OperationRequest,
  type Reply,
  SandboxAcquirer,
} from "#local/acquirers/acquirer.ts";
import { type Answer, refuse } from "#local/acquirers/http.ts";
import { answerOf, inquiry, parseOperation } from "#local/acquirers/operations-api.ts";
import { portalPage, takeEvidence } from "#local/acquirers/portal-api.ts";
import type { FaultKind } from "./faults.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

export const acquirerNames = ["alpha", "beta"] as const;

/** As adapters/acquirers/channel.ts: whatever the deadline of a request allows. */
const callMsMax = 20_000;
const skewMsMax = 5 * 60_000;
/** How long an authorization of the sandbox lives, and what is left of one that is short of time. */
const lifetimeMs = 7 * 24 * 3_600_000;
const shortLifetimesMs = [20, 800, 4_000, 20_000] as const;

/** What was heard of a capture, by those who asked for it. */
type CaptureWord = "asked" | Operation["result"];

/** Where the sandbox's pages would be. */
const pagesUrl = "https://acquirer.test";

/** Who made an authorization, and for which payment: all else is read where it stands. */
interface Made {
  readonly acquirer: SandboxAcquirer;
  readonly reference: string;
  readonly payment: string;
}

/** The network between the saga's acquirer client and the two sandbox acquirers, and what those hold. */
export class Network {
  readonly #world: World;
  readonly #acquirers = new Map<string, SandboxAcquirer>();
  readonly #made = new Map<string, Made>();
  /** By authorization, and by the key of the capture. */
  readonly #captures = new Map<string, Map<string, CaptureWord>>();
  /** What each process has inquired about, by key. */
  readonly #inquired = new WeakMap<Process, Set<string>>();
  /** Subtracted from the acquirers' clocks while an authorization is made that expires soon. */
  #agedMs = 0;
  #references = 0;

  constructor(world: World) {
    this.#world = world;
    const { scheduler, faults } = world;
    for (const name of acquirerNames) {
      const skewMs = faults.strikes("clock_skew")
        ? faults.of("clock_skew").between(-skewMsMax, skewMsMax)
        : 0;
      const acquirer = new SandboxAcquirer({
        name,
        clock: () => scheduler.now() + skewMs - this.#agedMs,
        newReference: () => {
          this.#references += 1;
          return `${name}-${this.#references}`;
        },
        digestKey: Buffer.alloc(32, 7),
      });
      this.#acquirers.set(name, acquirer);
    }
  }

  /** Every authorization that an acquirer ever approved, as it stands there. */
  get authorizations(): readonly AcquirerAuthorization[] {
    return [...this.#made.values()].flatMap(({ acquirer, reference, payment }) => {
      const stands = acquirer.authorizationOf(reference);
      if (stands === undefined || stands.state === "pending" || stands.state === "declined") return [];
      const { state, expiresAt } = stands;
      const [amount, captured, refunded] = [stands.amount, stands.captured, stands.refunded].map(BigInt);
      return [
        {
          acquirer: acquirer.name,
          reference,
          payment,
          state,
          amount: amount ?? 0n,
          captured: captured ?? 0n,
          refunded: refunded ?? 0n,
          expiresAt,
        },
      ];
    });
  }

  /** @throws Error for a name that is none. */
  acquirer(name: string): SandboxAcquirer {
    const acquirer = this.#acquirers.get(name);
    if (acquirer === undefined) throw new Error(`no acquirer answers to ${name}`);
    return acquirer;
  }

  /** The customer acts, at the acquirer's page. */
  complete(acquirer: string, reference: string, decision: "approved" | "declined"): void {
    this.#acquirers.get(acquirer)?.complete(reference, decision);
    this.#world.observer.committed();
  }

  /** One request of an acquirer's client. Never rejects, as the channel that it stands for. */
  async post(process: Process, message: Message): Promise<Exchange> {
    const acquirer = this.#acquirerOf(message);
    const key = message.headers["idempotency-key"] ?? "";
    if (isOfDispute(message)) return this.#postEvidence(process, acquirer, message, key);
    const request = parseOperation(message.path, key, message.body);
    if ("statusCode" in request) throw new Error(`${message.path} is none of the protocol`);
    const call = `${acquirer.name} ${request.operation}`;
    this.#observeExpiry(process, acquirer, request);
    this.#observeRepetition(process, request);
    return process.call(call, async () => {
      const exchange = await this.#exchange(process, { deadline: message.deadline, key }, () => {
        this.#observeAsking(process, acquirer, request);
        const execute = (): Exchange | undefined => {
          const reply = this.#execute(process, acquirer, request);
          return reply.kind === "silence" ? undefined : exchangeOf(answerOf(request, reply, pagesUrl));
        };
        return (fate, deliver) =>
          this.#carry({ thinksMs: acquirer.thinksMs(request), execute }, fate, deliver);
      });
      process.note(`${call}: ${wordOf(exchange)}`);
      this.#hear(acquirer, request.key, exchange);
      return exchange;
    });
  }

  /** One question of an acquirer's client: it changes nothing there. */
  async get(process: Process, question: Question): Promise<Exchange> {
    const acquirer = this.#acquirerOf(question);
    const key = decodeURIComponent(question.path.split("/").at(-1) ?? "");
    const ask = (): Answer | undefined =>
      isOfDispute(question)
        ? this.#atDesk(acquirer, () => portalPage(acquirer, question.path))
        : inquiry(acquirer, question.path, pagesUrl);
    const asked = this.#inquired.get(process) ?? new Set<string>();
    this.#inquired.set(process, asked.add(key));
    return process.call(`${acquirer.name} inquiry`, async () => {
      const exchange = await this.#exchange(
        process,
        { deadline: question.deadline, key },
        () => (fate, deliver) => {
          if (fate === "acquirer_request_lost" || fate === "acquirer_reply_lost") return;
          const { scheduler, delays, faults } = this.#world;
          const slow = fate === "acquirer_slow" ? faults.of(fate).between(2_000, 40_000) : 0;
          const isBroken = fate === "acquirer_server_error" || fate === "acquirer_proxy_error";
          scheduler.schedule(delays.between(0, 20) + slow, () =>
            deliver(isBroken ? bareRefusal : exchangeOf(ask() ?? refuse("unknown_route"))),
          );
        },
      );
      process.note(`${acquirer.name} inquiry of ${key.split(":")[1] ?? key}: ${wordOf(exchange)}`);
      this.#hear(acquirer, key, exchange);
      return exchange;
    });
  }

  #acquirerOf({ headers }: Question): SandboxAcquirer {
    return this.acquirer((headers["authorization"] ?? "").replace("Bearer sandbox-", ""));
  }

  /** Connects, and waits for the answer until the deadline. `send` is called when the request leaves the process. */
  async #exchange(
    process: Process,
    { deadline, key }: { readonly deadline: number; readonly key: string },
    send: () => (fate: FaultKind | undefined, deliver: (exchange: Exchange) => void) => void,
  ): Promise<Exchange> {
    const { scheduler, delays } = this.#world;
    const budgetMs = Math.min(deadline - process.now(), callMsMax);
    if (!(budgetMs > 0)) return { kind: "unsent", reason: "deadline_passed" };
    await scheduler.sleep(delays.between(0, 5));
    if (process.strikes("acquirer_refuses")) return { kind: "unsent", reason: "ECONNREFUSED" };
    if (process.strikes("acquirer_not_accepted")) return notAccepted(key);

    const carry = send();
    const fate = process.firstOf(
      "acquirer_request_lost",
      "acquirer_reply_lost",
      "acquirer_server_error",
      "acquirer_proxy_error",
      "acquirer_slow",
    );
    return new Promise((resolve) => {
      const giveUp = scheduler.schedule(budgetMs, () => resolve({ kind: "unanswered", reason: "deadline" }));
      carry(fate, (exchange) => {
        giveUp();
        resolve(exchange);
      });
    });
  }

  /** Evidence for a dispute, about which whoever brings it has asked first. */
  #postEvidence(
    process: Process,
    acquirer: SandboxAcquirer,
    message: Message,
    key: string,
  ): Promise<Exchange> {
    const [, reference = ""] = /^\/v1\/disputes\/([^/]+)\//.exec(message.path) ?? [];
    if (this.#inquired.get(process)?.has(decodeURIComponent(reference)) !== true)
      this.#world.observer.report(
        "inquire_first",
        process.errand.subject,
        `${key} comes, and nobody inquired`,
      );
    const call = `${acquirer.name} evidence`;
    return process.call(call, async () => {
      const exchange = await this.#exchange(
        process,
        { deadline: message.deadline, key },
        () => (fate, deliver) => {
          const take = (): Exchange => {
            const answer = this.#atDesk(acquirer, () =>
              takeEvidence(acquirer, message.path, key, message.body),
            );
            return exchangeOf(answer ?? refuse("unknown_route"));
          };
          this.#carry({ thinksMs: 0, execute: take }, fate, deliver);
        },
      );
      process.note(`${call}: ${wordOf(exchange)}`);
      return exchange;
    });
  }

  /** Whatever is asked at a desk may be what decides a dispute whose time has come. */
  #atDesk<T>(acquirer: SandboxAcquirer, ask: () => T): T {
    const answer = ask();
    this.#world.disputes.decided(acquirer);
    return answer;
  }

  /**
   * Takes the request there and the answer back. The acquirer goes on whether or not anyone still waits.
   * @param there what it does there; without an answer it stays silent
   */
  #carry(
    there: { readonly thinksMs: number; readonly execute: () => Exchange | undefined },
    fate: FaultKind | undefined,
    deliver: (exchange: Exchange) => void,
  ): void {
    const { scheduler, delays, faults } = this.#world;
    if (fate === "acquirer_request_lost") return;
    if (fate === "acquirer_proxy_error" && faults.of(fate).chance(0.5)) {
      scheduler.schedule(delays.between(0, 10), () => deliver(bareRefusal));
      return;
    }
    const slow = fate === "acquirer_slow" ? faults.of(fate).between(2_000, 40_000) : 0;
    const isSlowThere = slow > 0 && faults.of("acquirer_slow").chance(0.5);
    scheduler.schedule(delays.between(0, 10) + (isSlowThere ? slow : 0), () =>
      scheduler.schedule(there.thinksMs, () => {
        const answer = there.execute();
        if (fate === "acquirer_reply_lost" || answer === undefined) return;
        const exchange: Exchange =
          fate === "acquirer_server_error"
            ? { kind: "answered", statusCode: 500, body: "{}" }
            : fate === "acquirer_proxy_error"
              ? bareRefusal
              : answer;
        scheduler.schedule(delays.between(0, 10) + (isSlowThere ? 0 : slow), () => deliver(exchange));
      }),
    );
  }

  #execute(process: Process, acquirer: SandboxAcquirer, request: OperationRequest): Reply {
    const isNew = acquirer.inquire(request.key) === undefined;
    if (request.operation === "authorize" && this.#world.faults.strikes("authorization_short"))
      this.#agedMs = lifetimeMs - this.#world.faults.of("authorization_short").pick(shortLifetimesMs);
    const reply = acquirer.execute(request);
    this.#agedMs = 0;
    const operation = acquirer.inquire(request.key);
    if (isNew && operation !== undefined) this.#book(acquirer, request, operation);
    process.note(`  ${acquirer.name} executes ${request.operation}: ${operation?.result ?? reply.kind}`);
    if (reply.kind === "key_reused")
      this.#world.observer.report(
        "one_reference",
        process.errand.subject,
        `${request.key} names two requests`,
      );
    return reply;
  }

  #book(acquirer: SandboxAcquirer, request: OperationRequest, { reference }: Operation): void {
    if (request.operation === "authorize") {
      const payment = request.key.split(":")[0] ?? "";
      this.#made.set(`${acquirer.name}/${reference}`, { acquirer, reference, payment });
    }
    this.#world.observer.committed();
  }

  /** Nobody asks for a first capture past its authorization's end, by the clock of the process that asks. */
  #observeExpiry(process: Process, acquirer: SandboxAcquirer, request: OperationRequest): void {
    const { subject, attempt = 0 } = process.errand;
    if (request.operation !== "capture" || attempt > 0) return;
    const stands = acquirer.authorizationOf(request.reference);
    const lateMs = process.now() - (stands?.expiresAt ?? Infinity);
    if (lateMs >= 0)
      this.#world.observer.report(
        "expiry",
        subject,
        `a capture is asked for ${lateMs} ms after its authorization's end`,
      );
  }

  /** What may have been asked for before is asked about first, by whoever asks again. */
  #observeRepetition(process: Process, { operation, key }: OperationRequest): void {
    const { subject, attempt = 0 } = process.errand;
    const isFollowUp = operation === "capture" || operation === "void" || operation === "refund";
    if (!isFollowUp || attempt === 0 || this.#inquired.get(process)?.has(key)) return;
    this.#world.observer.report("inquire_first", subject, `${key} is asked for again, and nobody inquired`);
  }

  /** What must not be asked of an acquirer, whatever it would answer. */
  #observeAsking(process: Process, acquirer: SandboxAcquirer, request: OperationRequest): void {
    if (request.operation !== "capture" && request.operation !== "void") return;
    const { subject } = process.errand;
    const name = `${acquirer.name}/${request.reference}`;
    const captures = this.#captures.get(name) ?? new Map<string, CaptureWord>();
    this.#captures.set(name, captures);
    const { observer } = this.#world;
    if (request.operation === "void") {
      const open = [...captures.values()].find((word) => word !== "declined");
      // Two runs of one saga do not know of each other's captures: the acquirer settles which of the two it executes.
      if (open !== undefined && this.#world.sagas.isAlone(subject))
        observer.report("blind_void", subject, `${name} is voided, its capture was ${open}`);
      return;
    }
    if (!captures.has(request.key)) captures.set(request.key, "asked");
  }

  /** Only an answer that reaches whoever asked is a word. */
  #hear(acquirer: SandboxAcquirer, key: string, exchange: Exchange): void {
    const [payment, operation] = key.split(":");
    if (operation === "reversal" && exchange.kind === "answered" && exchange.statusCode < 300) {
      const { result } = JSON.parse(exchange.body) as Pick<Operation, "result">;
      const captured = `${payment}:capture:1`;
      // An acknowledged reversal is a word too: what it names was not executed, and never will be.
      if (result === "approved" && key.endsWith(":2"))
        for (const [name, captures] of this.#captures)
          if (name.startsWith(`${acquirer.name}/`) && captures.has(captured))
            captures.set(captured, "declined");
      return;
    }
    if (operation !== "capture" || exchange.kind !== "answered" || exchange.statusCode >= 300) return;
    const { reference, result } = JSON.parse(exchange.body) as Pick<Operation, "reference" | "result">;
    this.#captures.get(`${acquirer.name}/${reference}`)?.set(key, result);
  }
}

const isOfDispute = ({ path }: Question): boolean => path.startsWith("/v1/disputes/");

const bareRefusal: Exchange = { kind: "answered", statusCode: 503, body: "busy" };

const exchangeOf = ({ statusCode, body }: Answer): Exchange => ({
  kind: "answered",
  statusCode,
  body: JSON.stringify(body),
});

const notAccepted = (key: string): Exchange =>
  exchangeOf({ statusCode: 503, body: { error: "not_accepted", key } });

const wordOf = (exchange: Exchange): string =>
  exchange.kind === "answered"
    ? `${exchange.statusCode} ${exchange.body}`
    : `${exchange.kind} ${exchange.reason}`;
