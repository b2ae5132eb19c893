import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

/** From the call to an established connection, the wait for a free socket included. */
const connectMsMaxDefault = 3_000;
/** From the call to the last byte of the answer, whatever the deadline of the request allows. */
const callMsMaxDefault = 20_000;
const socketsMaxDefault = 32;
const socketsFreeMax = 8;
/** Requests under way, those that wait for a socket included. */
const inFlightMax = 256;
/**
 * Servers drop idle sockets, many after five seconds; a request that meets such a drop has an unknown outcome.
 * So this side drops them first: by the clock, because a frozen Lambda environment runs no timers.
 */
const socketIdleMsMax = 4_000;
const answerBytesMax = 64 * 1024;

/**
 * What is certain after a request was handed to the network.
 *
 * - `unsent`: no byte of it left this process.
 * - `unanswered`: it may have arrived, and no whole answer came back.
 * - `answered`: a whole HTTP answer came back. It may still be nonsense.
 */
export type Exchange =
  | { readonly kind: "unsent"; readonly reason: string }
  | { readonly kind: "unanswered"; readonly reason: string }
  | { readonly kind: "answered"; readonly statusCode: number; readonly body: string };

export interface Message {
  /** Below the channel's base URL, with its slash in front. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Epoch milliseconds: when to give up. */
  readonly deadline: number;
}

export type Question = Omit<Message, "body">;

export interface ChannelOptions {
  readonly baseUrl: URL;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly connectMsMax?: number;
  readonly callMsMax?: number;
  readonly socketsMax?: number;
}

/** Talks over kept-alive sockets. It sends each message at most once, and follows no redirect. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #agent: HttpAgent;
  readonly #request: typeof httpRequest;
  /** Sockets that carry bytes to the peer. What a request writes to any other socket stays in this process. */
  readonly #established = new WeakSet<object>();
  readonly #idleSince = new WeakMap<object, number>();
  #inFlight = 0;

  constructor(options: ChannelOptions) {
    this.#options = options;
    const isTls = options.baseUrl.protocol === "https:";
    const pool = {
      keepAlive: true,
      maxSockets: options.socketsMax ?? socketsMaxDefault,
      maxFreeSockets: socketsFreeMax,
      // Of the free sockets Node passes over dead ones at the head of the list only, where `fifo` takes from.
      scheduling: "fifo",
    } as const;
    this.#agent = isTls ? new HttpsAgent(pool) : new HttpAgent(pool);
    this.#request = isTls ? httpsRequest : httpRequest;
    this.#watchConnections(isTls ? "secureConnect" : "connect");
  }

  /** Never rejects for what the network does. */
  post(message: Message): Promise<Exchange> {
    return this.#send(message);
  }

  /** Asks, and changes nothing. Never rejects for what the network does. */
  get(question: Question): Promise<Exchange> {
    return this.#send(question);
  }

  async #send(message: Message | Question): Promise<Exchange> {
    const { clock, callMsMax = callMsMaxDefault } = this.#options;
    const budgetMs = Math.min(message.deadline - clock(), callMsMax);
    if (!(budgetMs > 0)) return { kind: "unsent", reason: "deadline_passed" };
    if (this.#inFlight >= inFlightMax) return { kind: "unsent", reason: "too_many_in_flight" };
    this.#dropIdleSockets();
    this.#inFlight += 1;
    try {
      return await this.#exchange(message, budgetMs);
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** Cuts every connection. Requests under way end as after a reset. */
  close(): void {
    this.#agent.destroy();
  }

  /**
   * Watches each socket from its birth. A request's own events do not tell: one that waited for a socket gets an
   * established one without `reusedSocket` being set.
   */
  #watchConnections(established: "connect" | "secureConnect"): void {
    const agent = this.#agent;
    const connect = agent.createConnection.bind(agent);
    agent.createConnection = (options, callback) => {
      const socket = connect(options, callback);
      socket?.once(established, () => this.#established.add(socket));
      return socket;
    };
  }

  #dropIdleSockets(): void {
    const now = this.#options.clock();
    for (const sockets of Object.values(this.#agent.freeSockets)) {
      for (const socket of sockets ?? []) {
        if (now - (this.#idleSince.get(socket) ?? 0) > socketIdleMsMax) socket.destroy();
      }
    }
  }

  #exchange(message: Message | Question, budgetMs: number): Promise<Exchange> {
    return new Promise((resolve) => {
      const outgoing = this.#open(message);
      const isSent = () => outgoing.socket !== null && this.#established.has(outgoing.socket);
      let isOver = false;
      let hasAnswer = false;
      const end = (exchange: Exchange) => {
        isOver = true;
        clearTimeout(deadline);
        clearTimeout(patience);
        resolve(exchange);
      };
      const fail = (reason: string) => {
        // The socket of a request that is over may already serve another.
        if (isOver) return;
        end({ kind: isSent() ? "unanswered" : "unsent", reason });
        outgoing.destroy();
      };
      const deadline = setTimeout(fail, budgetMs, "deadline");
      const patience = setTimeout(() => {
        if (!isSent()) fail("connect_timeout");
      }, this.#options.connectMsMax ?? connectMsMaxDefault);

      outgoing.on("error", (error) => fail(codeOf(error)));
      // Once an answer has begun, its own end counts: the socket may close first.
      outgoing.on("close", () => {
        if (!hasAnswer) fail("connection_closed");
      });
      outgoing.on("response", () => {
        hasAnswer = true;
      });
      collectAnswer(outgoing, fail, (answer) => {
        if (outgoing.socket !== null) this.#idleSince.set(outgoing.socket, this.#options.clock());
        end(answer);
      });
      outgoing.end(bodyOf(message));
    });
  }

  #open(message: Message | Question): ClientRequest {
    const { baseUrl } = this.#options;
    const body = bodyOf(message);
    return this.#request({
      agent: this.#agent,
      method: body === undefined ? "GET" : "POST",
      protocol: baseUrl.protocol,
      // Brackets belong to the URL, not to the address.
      hostname: baseUrl.hostname.replace(/^\[|\]$/g, ""),
      port: baseUrl.port,
      path: `${baseUrl.pathname.replace(/\/$/, "")}${message.path}`,
      headers: {
        ...message.headers,
        accept: "application/json",
        ...(body !== undefined && {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
        }),
      },
    });
  }
}

const bodyOf = (message: Message | Question): string | undefined =>
  "body" in message ? message.body : undefined;

function collectAnswer(
  outgoing: ClientRequest,
  fail: (reason: string) => void,
  deliver: (answer: Extract<Exchange, { kind: "answered" }>) => void,
): void {
  outgoing.on("response", (incoming) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > answerBytesMax) fail("answer_too_large");
      else chunks.push(chunk);
    });
    incoming.on("error", (error) => fail(codeOf(error)));
    incoming.on("close", () => fail("answer_cut_short"));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      deliver({ kind: "answered", statusCode: incoming.statusCode ?? 0, body });
    });
  });
}

/** Node's code of an error and never its message: a message may quote what was sent. */
function codeOf(error: Error): string {
  const code = "code" in error ? String(error.code) : "";
  return /^[A-Z][A-Z0-9_]{1,59}$/.test(code) ? code : "connection_failed";
}
