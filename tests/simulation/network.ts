import type { Exchange, Message, Question } from "#adapters/acquirers/channel.ts";
import {
  type Operation,
  type OperationRequest,
  type Reply,
  SandboxAcquirer,
} from "#local/acquirers/acquirer.ts";
import { inquiry } from "#local/acquirers/operations-api.ts";
import { authorizationBody } from "#local/acquirers/protocol.ts";
import type { AcquirerAuthorization } from "#tests/support/acquirer-invariants.ts";
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

/** The network between the saga's acquirer client and the two sandbox acquirers, and what those hold. */
export class Network {
  readonly #world: World;
  readonly #acquirers = new Map<string, SandboxAcquirer>();
  readonly #authorizations = new Map<string, AcquirerAuthorization>();
  /** By authorization, and by the key of the capture. */
  readonly #captures = new Map<string, Map<string, CaptureWord>>();
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
    return [...this.#authorizations.values()];
  }

  /** One request of an acquirer's client. Never rejects, as the channel that it stands for. */
  async post(process: Process, message: Message): Promise<Exchange> {
    const acquirer = this.#acquirerOf(message);
    const { name } = acquirer;
    const request = requestOf(message);
    const call = `${name} ${request.operation}`;
    this.#observeExpiry(process, name, request);
    return process.call(call, async () => {
      const exchange = await this.#exchange(process, acquirer, request, message.deadline);
      process.note(`${call}: ${wordOf(exchange)}`);
      this.#hear(acquirer, request, exchange);
      return exchange;
    });
  }

  /** One inquiry. It changes nothing, and may be lost like everything else. */
  async get(process: Process, question: Question): Promise<Exchange> {
    const acquirer = this.#acquirerOf(question);
    const call = `${acquirer.name} inquire`;
    return process.call(call, async () => {
      const exchange = await this.#answer(process, acquirer, question);
      process.note(`${call}: ${wordOf(exchange)}`);
      return exchange;
    });
  }

  #acquirerOf({ headers }: Question): SandboxAcquirer {
    const name = (headers["authorization"] ?? "").replace("Bearer sandbox-", "");
    const acquirer = this.#acquirers.get(name);
    if (acquirer === undefined) throw new Error(`no acquirer answers to ${name}`);
    return acquirer;
  }

  async #answer(
    process: Process,
    acquirer: SandboxAcquirer,
    { path, deadline }: Question,
  ): Promise<Exchange> {
    const { scheduler, delays } = this.#world;
    const budgetMs = Math.min(deadline - process.now(), callMsMax);
    if (!(budgetMs > 0)) return { kind: "unsent", reason: "deadline_passed" };
    await scheduler.sleep(delays.between(0, 5));
    if (process.strikes("acquirer_refuses")) return { kind: "unsent", reason: "ECONNREFUSED" };
    if (process.firstOf("acquirer_request_lost", "acquirer_reply_lost") !== undefined) {
      await scheduler.sleep(budgetMs);
      return { kind: "unanswered", reason: "deadline" };
    }
    await scheduler.sleep(delays.between(0, 10));
    const { statusCode, body } = inquiry(acquirer, path, "https://sandbox.test");
    return { kind: "answered", statusCode, body: JSON.stringify(body) };
  }

  async #exchange(
    process: Process,
    acquirer: SandboxAcquirer,
    request: OperationRequest,
    deadline: number,
  ): Promise<Exchange> {
    const { scheduler, delays } = this.#world;
    const budgetMs = Math.min(deadline - process.now(), callMsMax);
    if (!(budgetMs > 0)) return { kind: "unsent", reason: "deadline_passed" };
    await scheduler.sleep(delays.between(0, 5));
    if (process.strikes("acquirer_refuses")) return { kind: "unsent", reason: "ECONNREFUSED" };
    if (process.strikes("acquirer_not_accepted")) return refusal(503, "not_accepted", request.key);

    this.#observeAsking(process, acquirer, request);
    const fate = process.firstOf(
      "acquirer_request_lost",
      "acquirer_reply_lost",
      "acquirer_server_error",
      "acquirer_proxy_error",
      "acquirer_slow",
    );
    return new Promise((resolve) => {
      const giveUp = scheduler.schedule(budgetMs, () => resolve({ kind: "unanswered", reason: "deadline" }));
      this.#carry(process, acquirer, request, fate, (exchange) => {
        giveUp();
        resolve(exchange);
      });
    });
  }

  /** Takes the request there and the answer back. The acquirer goes on whether or not anyone still waits. */
  #carry(
    process: Process,
    acquirer: SandboxAcquirer,
    request: OperationRequest,
    fate: FaultKind | undefined,
    deliver: (exchange: Exchange) => void,
  ): void {
    const { scheduler, delays, faults } = this.#world;
    const bare: Exchange = { kind: "answered", statusCode: 503, body: "busy" };
    if (fate === "acquirer_request_lost") return;
    if (fate === "acquirer_proxy_error" && faults.of(fate).chance(0.5)) {
      scheduler.schedule(delays.between(0, 10), () => deliver(bare));
      return;
    }
    const slow = fate === "acquirer_slow" ? faults.of(fate).between(2_000, 40_000) : 0;
    const isSlowThere = slow > 0 && faults.of("acquirer_slow").chance(0.5);
    scheduler.schedule(delays.between(0, 10) + (isSlowThere ? slow : 0), () =>
      scheduler.schedule(acquirer.thinksMs(request), () => {
        const reply = this.#execute(process, acquirer, request);
        if (fate === "acquirer_reply_lost" || reply.kind === "silence") return;
        const exchange: Exchange =
          fate === "acquirer_server_error"
            ? { kind: "answered", statusCode: 500, body: "{}" }
            : fate === "acquirer_proxy_error"
              ? bare
              : answerOf(request, reply);
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
    if (isNew && operation !== undefined) this.#book(acquirer.name, request, operation);
    process.note(`  ${acquirer.name} executes ${request.operation}: ${operation?.result ?? reply.kind}`);
    if (reply.kind === "key_reused")
      this.#world.observer.report(
        "one_reference",
        process.errand.subject,
        `${request.key} names two requests`,
      );
    return reply;
  }

  #book(acquirer: string, request: OperationRequest, operation: Operation): void {
    if (operation.result !== "approved") return;
    const { reference, expiresAt = 0 } = operation;
    const key = `${acquirer}/${reference}`;
    if (request.operation === "authorize") {
      const payment = request.key.split(":")[0] ?? "";
      const amount = BigInt(request.body.amount);
      this.#authorizations.set(key, {
        acquirer,
        reference,
        payment,
        state: "open",
        amount,
        captured: 0n,
        expiresAt,
      });
    } else if (request.operation === "capture" || request.operation === "void") {
      const held = this.#authorizations.get(key);
      if (held === undefined) throw new Error(`${acquirer} acted on ${reference}, which it does not hold`);
      const isCapture = request.operation === "capture";
      this.#authorizations.set(key, {
        ...held,
        state: isCapture ? "captured" : "voided",
        captured: isCapture ? BigInt(request.amount) : 0n,
      });
    }
    this.#world.observer.committed();
  }

  /** Nobody asks for a first capture past its authorization's end, by the clock of the process that asks. */
  #observeExpiry(process: Process, acquirer: string, request: OperationRequest): void {
    const { subject, attempt = 0 } = process.errand;
    if (request.operation !== "capture" || attempt > 0) return;
    const lateMs =
      process.now() - (this.#authorizations.get(`${acquirer}/${request.reference}`)?.expiresAt ?? Infinity);
    if (lateMs >= 0)
      this.#world.observer.report(
        "expiry",
        subject,
        `a capture is asked for ${lateMs} ms after its authorization's end`,
      );
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
      if (open !== undefined && this.#world.sagas.of(subject).length <= 1)
        observer.report("blind_void", subject, `${name} is voided, its capture was ${open}`);
      return;
    }
    if (!captures.has(request.key)) captures.set(request.key, "asked");
  }

  /** Only an answer that reaches whoever asked is a word. */
  #hear(acquirer: SandboxAcquirer, request: OperationRequest, exchange: Exchange): void {
    if (request.operation !== "capture" || exchange.kind !== "answered" || exchange.statusCode >= 300) return;
    const { result } = JSON.parse(exchange.body) as Pick<Operation, "result">;
    this.#captures.get(`${acquirer.name}/${request.reference}`)?.set(request.key, result);
  }
}

const followUpPath = /^\/v1\/authorizations\/([^/]+)\/(captures|voids)$/;

/** What local/acquirers/server.ts makes of the same message. */
function requestOf({ path, headers, body }: Message): OperationRequest {
  const key = headers["idempotency-key"] ?? "";
  const [, reference = "", operation] = followUpPath.exec(path) ?? [];
  if (operation === undefined)
    return { operation: "authorize", key, body: authorizationBody.parse(JSON.parse(body)) };
  if (operation === "voids") return { operation: "void", key, reference: decodeURIComponent(reference) };
  const { amount } = JSON.parse(body) as { amount: number };
  return { operation: "capture", key, reference: decodeURIComponent(reference), amount };
}

function answerOf(request: OperationRequest, reply: Exclude<Reply, { kind: "silence" }>): Exchange {
  switch (reply.kind) {
    case "answer": {
      const { key, reference, result, declineCode, expiresAt } = reply.operation;
      const body = JSON.stringify({
        key,
        reference,
        result,
        ...(declineCode === undefined ? {} : { decline_code: declineCode }),
        ...(expiresAt === undefined ? {} : { expires_at: new Date(expiresAt).toISOString() }),
      });
      return { kind: "answered", statusCode: request.operation === "authorize" ? 201 : 200, body };
    }
    case "server_error":
      return { kind: "answered", statusCode: 500, body: JSON.stringify({ error: "internal" }) };
    case "not_accepted":
      return refusal(503, reply.kind, request.key);
    case "key_reused":
      return refusal(422, reply.kind, request.key);
  }
}

const refusal = (statusCode: number, error: string, key: string): Exchange => ({
  kind: "answered",
  statusCode,
  body: JSON.stringify({ error, key }),
});

const wordOf = (exchange: Exchange): string =>
  exchange.kind === "answered"
    ? `${exchange.statusCode} ${exchange.body}`
    : `${exchange.kind} ${exchange.reason}`;
